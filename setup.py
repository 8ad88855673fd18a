"""Compile the deterministic core: every ext/**/*.pyx becomes the module of the same dotted name, in place.

    python setup.py build_ext --inplace        # what the launcher runs

Environment:
    OPENBELL_MARCH      what to hand to -march (default: native; "none" leaves it out)
    OPENBELL_ANNOTATE   1: also write an annotated .html beside each .pyx (cython -a)
    OPENBELL_INCLUDE    more include directories, separated by ":" (the launcher passes borrowed Python headers)
    OPENBELL_JOBS       parallel compilations (default: the number of cores)
"""

import multiprocessing
import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
EXT = ROOT / "ext"

# The modules that apply commands: their headers are inlined whole, or their calls would be a tenth of an order's time.
HOT = {
    EXT / "batch.pyx",
    EXT / "orders.pyx",
    EXT / "margin" / "check.pyx",
    EXT / "margin" / "exposure.pyx",
    EXT / "desks" / "check.pyx",
    EXT / "desks" / "measure.pyx",
}
INLINE_ALL = ("CYTHON_INLINE", "inline __attribute__((always_inline))")
# Fields that lie side by side are written one by one: gathering them in vector registers first takes longer (gcc 12).
# Nothing there overflows a signed integer without asking, so sums of indexes need no care for it.
HOT_FLAGS = ["-fno-tree-vectorize", "-fno-tree-slp-vectorize", "-fno-wrapv"]

# Set once, here: no .pyx carries directives of its own that change these.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
    "binding": False,  # methods are plain C methods: a call costs a third less
}


def compile_flags() -> list[str]:
    march = os.environ.get("OPENBELL_MARCH", "native")
    flags = ["-O3", "-std=c11", "-fno-strict-aliasing", "-Wno-unused-function", "-Wno-unused-variable"]
    if march != "none":
        flags.append(f"-march={march}")
    return flags


def extensions() -> list[Extension]:
    # Any header may be included by any module: a change in one rebuilds all. It costs seconds and is never wrong.
    headers = sorted(str(path.relative_to(ROOT)) for path in EXT.rglob("*") if path.suffix in {".h", ".pxd", ".pxi"})
    include_dirs = [str(EXT), *filter(None, os.environ.get("OPENBELL_INCLUDE", "").split(":"))]
    if any("cimport numpy" in path.read_text("utf-8") for path in EXT.rglob("*.p[yx][xd]")):
        import numpy

        include_dirs.append(numpy.get_include())
    return [
        Extension(
            ".".join(path.relative_to(ROOT).with_suffix("").parts),
            [str(path.relative_to(ROOT))],
            include_dirs=include_dirs,
            depends=headers,
            define_macros=[INLINE_ALL] if path in HOT else [],
            extra_compile_args=compile_flags() + (HOT_FLAGS if path in HOT else []),
            language="c",
        )
        for path in sorted(EXT.rglob("*.pyx"))
    ]


def translators(jobs: int) -> int:
    """How many processes translate Cython to C; 0 (in this process) where the machine cannot have more."""
    try:
        multiprocessing.Lock()  # needs a writable /dev/shm, which a bare container may lack
    except OSError:
        return 0
    return jobs if jobs > 1 else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    jobs = int(os.environ.get("OPENBELL_JOBS", "0")) or os.cpu_count() or 1
    setup(
        ext_modules=cythonize(
            extensions(),
            compiler_directives=DIRECTIVES,
            annotate=os.environ.get("OPENBELL_ANNOTATE") == "1",
            nthreads=translators(jobs),
        ),
        options={"build_ext": {"parallel": jobs}},
    )
