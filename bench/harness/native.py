"""Compile the C++ bounds in bench/floor/, once for a state of sources, compiler and processor, and run them."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from bench.harness import Missing
from bench.harness.machine import processor

FLOOR = Path(__file__).resolve().parent.parent / "floor"
FLAGS = ("-O3", "-march=native", "-std=c++17")


@cache
def compiler() -> tuple[str, ...]:
    """The command of a C++ compiler: CXX, the machine's, or the one that PyPI's ziglang carries."""
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and shutil.which(shlex.split(name)[0]):
            return tuple(shlex.split(name))
    if importlib.util.find_spec("ziglang"):
        return (sys.executable, "-m", "ziglang", "c++")
    raise Missing("no C++ compiler: set CXX, install g++, or `pip install ziglang` into .venv")


def build(name: str, cache_folder: Path) -> Path:
    """The compiled bench/floor/NAME.cpp. Raises Missing, or RuntimeError with the compiler's words."""
    command = compiler()
    content = hashlib.sha256("\0".join((*command, *FLAGS, processor())).encode())
    for path in sorted([FLOOR / f"{name}.cpp", *FLOOR.glob("*.hpp")]):
        content.update(path.read_bytes())
    binary = cache_folder / f"{name}-{content.hexdigest()[:16]}"
    if not binary.exists():
        cache_folder.mkdir(parents=True, exist_ok=True)
        part = binary.with_suffix(f".{os.getpid()}")
        line = [*command, *FLAGS, "-o", str(part), str(FLOOR / f"{name}.cpp")]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{shlex.join(line)} failed:\n{done.stderr[-2000:]}")
        part.rename(binary)
    return binary


def run(binary: Path, flow: Path, passes: int, skip: int = 0) -> dict[str, Any]:
    """What a bound prints for a flow: its totals and ns_per_event. The first `skip` events are not timed."""
    line = [str(binary), str(flow), "--passes", str(passes), "--skip", str(skip)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(line)} failed: {done.stderr.strip()}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
