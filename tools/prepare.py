"""Make .venv and compile the core, each part only when what it is made from has changed.

.venv/openbell/ holds what is remembered between starts: state.json (hashes of what each part was made from), glance
(what the launcher compares), lock, the logs of the last steps and borrowed packages. A part is remembered only after
it succeeded, so a start that was cut off is taken up again by the next. Only the standard library.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import toolchain
from tools.borrow import Borrower
from tools.steps import Step, Trouble, run_logged

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
HOME = VENV / "openbell"
PYTHON = VENV / "bin" / "python"
NETWORK = (
    "Check the network, the proxy and pip's configuration, then start again. Behind a proxy that signs certificates "
    "itself, name its authorities: PIP_CERT=/path/to/bundle.pem"
)


class Preparation:
    """One run of the launcher's work, under the lock."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        try:
            self.state = json.loads((HOME / "state.json").read_text("utf-8"))
        except (OSError, ValueError):
            pass  # first use, or a file cut off: make everything again
        self.borrower = Borrower(HOME / "borrowed", HOME / "apt.log")

    def remember(self, part: str, value: Any) -> None:
        self.state[part] = value
        text = json.dumps(self.state, indent=1)
        new = HOME / "state.json.new"
        new.write_text(text, "utf-8")
        new.replace(HOME / "state.json")

    def environment(self) -> None:
        """The virtualenv: made again when the interpreter behind it is gone or another one."""
        if PYTHON.exists() and self.state.get("python") == os.path.realpath(PYTHON):
            return
        with Step("making .venv"):
            for child in VENV.iterdir():
                if child != HOME:
                    shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
            self.state = {}
            try:
                import venv
            except ImportError as error:
                raise Trouble(
                    str(error), "Install the full python3 (not python3-minimal), then start again."
                ) from error
            venv.EnvBuilder(symlinks=True, with_pip=False).create(VENV)
        self.remember("python", os.path.realpath(PYTHON))

    def links(self) -> None:
        """engine, ext, gateway and the SDK importable from anywhere in .venv; rewritten when the clone has moved."""
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        for site in VENV.glob("lib/python3*/site-packages"):
            path = site / "openbell-clone.pth"
            text = f"{ROOT}\n{ROOT / 'client'}\n"
            if not path.exists() or path.read_text("utf-8") != text:
                path.write_text(text, "utf-8")
            return
        raise Trouble(f"{VENV}/lib/{version}/site-packages is missing", f"Delete {VENV} and start again.")

    def packages(self, lock: str) -> None:
        """The locked requirements of one lock file."""
        digest = hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
        if self.state.get(lock) == digest:
            return
        count = sum("==" in line for line in (ROOT / lock).read_text("utf-8").splitlines())
        with Step(f"installing the {count} packages of {lock}"):
            env = {
                key: value for key, value in os.environ.items() if key not in {"PIP_TARGET", "PIP_PREFIX", "PYTHONHOME"}
            }
            env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
            command = [*self.borrower.pip(PYTHON), "install", "--no-input", "--progress-bar", "off"]
            command += ["--no-warn-script-location", "--require-hashes", "-r", ROOT / lock]
            run_logged(command, HOME / "pip.log", env, ROOT, NETWORK)
        self.remember(lock, digest)

    def compiled(self) -> None:
        """The extension modules of ext/, in place."""
        sources = [path for path in (ROOT / "ext").rglob("*") if path.suffix in {".pyx", ".pxd", ".pxi", ".h", ".c"}]
        modules = [path for path in sources if path.suffix == ".pyx"]
        sources = [path for path in sources if path.suffix != ".c" or path.with_suffix(".pyx") not in modules]
        if not modules:
            return
        content = hashlib.sha256()
        for path in sorted([*sources, ROOT / "setup.py"]):
            content.update(f"{path.relative_to(ROOT)}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
        # All but the sources: when one of these changes, timestamps do not tell, and everything is compiled again.
        names = ("OPENBELL_CC", "OPENBELL_MARCH", "OPENBELL_ANNOTATE")
        manner = [*(os.environ.get(name, "") for name in names), processor(), self.state["requirements.lock"]]
        complete = all(any(path.parent.glob(f"{path.stem}.*.so")) for path in modules)
        built = self.state.get("build", {})
        if complete and built == {"content": content.hexdigest(), "manner": manner}:
            return
        compiler = toolchain.of_machine()
        if compiler is None:
            self.packages("requirements-compiler.lock")
            compiler = f"{shlex.quote(str(PYTHON))} -m ziglang cc"
        include = self.borrower.python_headers()
        with Step(
            f"compiling the {len(modules)} modules of ext/ with {'ziglang' if 'ziglang' in compiler else compiler}"
        ):
            command: list[str | Path] = [PYTHON, ROOT / "setup.py", "-q", "build_ext", "--inplace"]
            if built.get("manner") != manner:
                command.append("--force")
            remedy = (
                "If the compiler is at fault: OPENBELL_CC=ziglang takes the one from PyPI, OPENBELL_CC=... any other."
            )
            run_logged(
                command, HOME / "build.log", toolchain.environment(compiler, HOME / "cache", include), ROOT, remedy
            )
        self.remember("build", {"content": content.hexdigest(), "manner": manner})


def processor() -> str:
    """What -march=native depends on."""
    try:
        lines = Path("/proc/cpuinfo").read_text("ascii", "replace").splitlines()
    except OSError:
        return ""
    return hashlib.sha256(
        "".join([line for line in lines if line.startswith(("flags", "Features"))][:1]).encode()
    ).hexdigest()


def inputs(glanced: str) -> list[str]:
    """The lines of a glance that the preparation itself does not change."""
    return [line for line in glanced.splitlines()[2:] if not line.startswith("uncompiled ")]


def locked() -> Any:
    """The lock of this clone, waited for when another launcher holds it."""
    try:
        HOME.mkdir(parents=True, exist_ok=True)
        lock = (HOME / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        remedy = f"Run it as the owner of {ROOT}, or make a clone of your own."
        raise Trouble(f"cannot write {error.filename or HOME}: {error.strerror}", remedy) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        print(
            f"openbell: another openbell is preparing .venv (process {lock.read().strip() or '?'}), waiting ...",
            file=sys.stderr,
        )
        fcntl.flock(lock, fcntl.LOCK_EX)
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def main(verb: str, glance: Callable[[str], str]) -> int:
    """Prepare what `verb` needs; 0, or 1 after saying what went wrong. `glance` is the launcher's."""
    began_s = time.monotonic()
    try:
        with locked():
            seen = glance(str(PYTHON))
            work = Preparation()
            before = json.dumps(work.state)
            work.environment()
            work.links()
            work.packages("requirements.lock")
            if verb in {"test", "check", "prove"}:
                work.packages("requirements-dev.lock")
            if verb in {"test", "fuzz"}:
                work.packages("requirements-fuzz.lock")
            if verb != "check":
                work.compiled()
                work.borrower.tidy()
                done = glance(str(PYTHON))
                # Where a source changed during the work, nothing is noted and the next start looks again.
                if inputs(done) == inputs(seen):
                    (HOME / "glance").write_text(done, "utf-8")
            if json.dumps(work.state) != before:
                print(f"openbell: ready after {time.monotonic() - began_s:.1f} s", file=sys.stderr)
        return 0
    except Trouble as trouble:
        print(f"openbell: {trouble}\nWhat to do: {trouble.remedy}", file=sys.stderr)
    except OSError as error:
        print(f"openbell: {error}\nWhat to do: make room or give access, then start again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nopenbell: stopped; the next start goes on from here", file=sys.stderr)
    return 1
