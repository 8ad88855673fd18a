"""Which C compiler builds the core: the caller's choice, the machine's, or the one that PyPI carries."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

# Enough to know that a compiler has its libc headers and its linker: Debian's gcc comes without libc6-dev, too.
PROBE = "#include <stdint.h>\n#include <string.h>\nint64_t probe(const char *text) { return (int64_t)strlen(text); }\n"


def works(command: str) -> bool:
    """Whether `command` turns C into a shared library here."""
    with tempfile.TemporaryDirectory(prefix="openbell-cc-") as folder:
        source = Path(folder, "probe.c")
        source.write_text(PROBE, "utf-8")
        line = [*shlex.split(command), "-shared", "-fPIC", "-o", f"{folder}/probe.so", str(source)]
        try:
            return subprocess.run(line, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def of_machine() -> str | None:
    """The compiler of this machine: OPENBELL_CC (taken as it is), CC, cc, gcc or clang, the first that works.

    `OPENBELL_CC=ziglang` stands for the compiler from PyPI. None: there is none, take that one.
    """
    chosen = os.environ.get("OPENBELL_CC")
    if chosen:
        return None if chosen == "ziglang" else chosen
    for command in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if command and shutil.which(shlex.split(command)[0]) and works(command):
            return command
    return None


def environment(compiler: str, cache: Path, include: list[Path]) -> dict[str, str]:
    """The environment in which setup.py compiles with `compiler`; `cache` is for compilers that keep one."""
    env = dict(os.environ)
    env["CC"] = compiler
    # Debian's Python names its own architecture's gcc for linking, whatever CC says.
    env["LDSHARED"] = f"{compiler} -shared"
    env["OPENBELL_INCLUDE"] = ":".join(map(str, include))
    if "ziglang" in compiler:
        env["ZIG_GLOBAL_CACHE_DIR"] = str(cache / "zig")
        env["ZIG_LOCAL_CACHE_DIR"] = str(cache / "zig")
    return env
