"""`python -m tests.fuzz.child TARGET FLAGS... FOLDERS...`: libFuzzer over one target, in this process until it ends.

Modules of Python are instrumented as they are imported, by atheris; those of ext/ are when the instrumented build is
first on the path (tests/fuzz/running.py sees to that, and to AddressSanitizer).
Without libFuzzer: `TARGET --grow PASSES FOLDER` runs the inputs of a folder over and over, and prints the memory of
this process after each pass; `TARGET --smaller SECONDS FROM TO` makes an input smaller that ends the process.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import atheris

from tests.fuzz.smaller import smaller
from tests.fuzz.targets import PLANTED, TARGETS, One, Target


def resident_kib() -> int:
    """Memory of this process that is not of files."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def find(name: str) -> Target:
    """The target of that name, planted ones included."""
    return TARGETS.get(name) or PLANTED[name]


def started(target: Target) -> One:
    """Its function, with the modules instrumented that it watches."""
    if not target.watched:
        return target.start()
    with atheris.instrument_imports(include=list(target.watched), enable_loader_override=False):
        return target.start()


def grow(name: str, passes: int, folder: Path) -> None:
    """Print the memory after each pass: it must not go up, as the inputs are the same each time."""
    one = find(name).start()
    inputs = [path.read_bytes() for path in sorted(folder.iterdir())]
    for _ in range(passes):
        for data in inputs:
            one(data)
        gc.collect()
        print(resident_kib(), flush=True)


def main(arguments: list[str]) -> None:
    name, *rest = arguments
    if rest[0] == "--grow":
        grow(name, int(rest[1]), Path(rest[2]))
        return
    if rest[0] == "--smaller":
        Path(rest[3]).write_bytes(smaller(find(name).start(), Path(rest[2]).read_bytes(), float(rest[1])))
        return
    one = started(find(name))
    atheris.Setup([sys.argv[0], *rest], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
