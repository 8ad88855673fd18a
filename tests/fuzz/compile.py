"""`python -m tests.fuzz.compile OUT WORK`: the modules of ext/ as setup.py makes them, but instrumented, below OUT.

The flags are of clang: counters of edges and the operands of comparisons for libFuzzer, and checks of every access to
memory by AddressSanitizer, whose functions are found at run time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import setup

import setup as recipe

INSTRUMENT = [
    "-O1",
    "-g1",
    "-fno-omit-frame-pointer",
    "-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp",
    "-fsanitize=address",
    "-fno-sanitize=undefined",  # Python's own headers are not free of it
]


def main(out: str, work: str) -> None:
    os.chdir(recipe.ROOT)
    modules = recipe.extensions()
    for module in modules:
        module.extra_compile_args += INSTRUMENT
    jobs = int(os.environ.get("OPENBELL_JOBS", "0")) or os.cpu_count() or 1
    setup(
        ext_modules=cythonize(
            modules, compiler_directives=recipe.DIRECTIVES, nthreads=recipe.translators(jobs), quiet=True
        ),
        script_args=["-q", "build_ext", "--build-lib", out, "--build-temp", work, "--force"],
        options={"build_ext": {"parallel": jobs}},
    )
    for path in sorted(recipe.EXT.rglob("*.py")):
        copy = Path(out) / path.relative_to(recipe.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
