"""A small clone: the real launcher, tools/ and setup.py, with a tiny ext/ and the two locked packages that it needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYX = """
cdef extern from "answer.h":
    int ANSWER

def answer():
    return ANSWER
"""
CLI = """
import sys, os
import ext.tiny, openbell
print("answer", ext.tiny.answer(), "arguments", sys.argv[1:], "in", os.getcwd())
"""


def locked(names: set[str]) -> str:
    """The entries of these packages in requirements.lock, hashes included."""
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text("utf-8"))
    return "\n".join(entry for entry in entries if entry.split("==")[0] in names) + "\n"


@dataclass(frozen=True)
class Clone:
    """A clone to launch, with an environment as bare as the machine's pip configuration allows."""

    root: Path
    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        python = Path(getattr(sys, "_base_executable", sys.executable)).parent
        return {"HOME": str(self.home), "PATH": f"{python}:/usr/bin:/bin", **pip, **more}

    def launch(
        self, *arguments: str, cwd: Path | None = None, timeout_s: float = 170, **more: str
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.root / "openbell"), *arguments]
        env = self.environment(**more)
        return subprocess.run(
            command, env=env, cwd=cwd or self.home, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        command = [str(self.root / "openbell"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=self.environment(**more), cwd=self.home, stdout=pipe, stderr=pipe, text=True
        )


def small_clone(root: Path) -> Clone:
    """Lay out a small clone in `root`, not prepared."""
    for name in ("tools", "ext", "client/openbell", "engine/cli"):
        (root / name).mkdir(parents=True)
    for name in ("openbell", "setup.py"):
        shutil.copy2(ROOT / name, root / name)
    for path in (ROOT / "tools").glob("*.py"):
        shutil.copy2(path, root / "tools" / path.name)
    shutil.copy2(ROOT / "requirements-compiler.lock", root / "requirements-compiler.lock")
    (root / "requirements.lock").write_text(locked({"cython", "setuptools"}))
    (root / "ext" / "__init__.py").touch()
    (root / "ext" / "tiny.pyx").write_text(PYX)
    (root / "ext" / "answer.h").write_text("#define ANSWER 42\n")
    (root / "client" / "openbell" / "__init__.py").touch()
    (root / "engine" / "__init__.py").touch()
    (root / "engine" / "cli" / "__init__.py").touch()
    (root / "engine" / "cli" / "__main__.py").write_text(CLI)
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    return Clone(root, home)
