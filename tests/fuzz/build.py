"""The core with instrumentation, below .venv: made when a source has changed, which takes a minute or three."""

from __future__ import annotations

import fcntl
import hashlib
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from tools import toolchain
from tools.borrow import Borrower

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venv" / "openbell" / "fuzz"
COMPILER = "ziglang"
LOCK = "requirements-fuzz.lock"


class NotThere(Exception):
    """What is needed is not installed, or the build failed; the message says what to do."""


def sanitizer() -> Path:
    """AddressSanitizer with libFuzzer in it, as atheris brings it. Raises NotThere."""
    found = Path(sysconfig.get_path("platlib"), "asan_with_fuzzer.so")
    for name, there in (("atheris", found.exists()), (COMPILER, find_spec(COMPILER) is not None)):
        if not there:
            raise NotThere(f"{name} is not installed: `./openbell fuzz` installs it, as {LOCK} has it")
    return found


def digest() -> str:
    """Of all that the build is made from."""
    made = hashlib.sha256(sys.version.encode())
    sources = [path for path in (ROOT / "ext").rglob("*") if path.suffix in {".pyx", ".pxd", ".h", ".py"}]
    for path in sorted([*sources, ROOT / "setup.py", ROOT / LOCK, Path(__file__).with_name("compile.py")]):
        made.update(f"{path.relative_to(ROOT)}\0".encode())
        made.update(hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()


def instrumented(say: Callable[[str], None]) -> Path:
    """The folder to put first on the path of modules. Raises NotThere."""
    sanitizer()
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, note = digest(), HOME / "digest"
        if not note.exists() or note.read_text("utf-8") != wanted:
            say("compiling the core with instrumentation")
            note.unlink(missing_ok=True)
            _compile()
            note.write_text(wanted, "utf-8")
    return HOME / "lib"


def _compile() -> None:
    shutil.rmtree(HOME / "lib", ignore_errors=True)
    shutil.rmtree(HOME / "work", ignore_errors=True)
    prepared = HOME.parent
    include = Borrower(prepared / "borrowed", prepared / "apt.log").python_headers()
    env = toolchain.environment(f"{shlex.quote(sys.executable)} -m {COMPILER} cc", HOME / "cache", include)
    command = [sys.executable, "-m", "tests.fuzz.compile", str(HOME / "lib"), str(HOME / "work")]
    log = HOME / "build.log"
    with log.open("wb") as out:
        done = subprocess.run(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
    shutil.rmtree(HOME / "work", ignore_errors=True)
    if done.returncode:
        raise NotThere(f"the core could not be compiled with instrumentation, see {log}")
