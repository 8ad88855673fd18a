"""The rules of the house: which way the arrows point, what the core may not touch, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"bench", "engine", "ext", "gateway", "openbell", "schema", "tests", "tools"}
LONGEST_LINES = 600
WATCHED_LINES = 500
# Who may import whom, of our own packages; the longest matching prefix rules.
MAY_IMPORT = {
    "client/openbell": {"openbell"},
    "ext": {"ext"},
    "engine": {"engine", "ext", "openbell"},
    "engine/cli": {"bench", "engine", "ext", "openbell"},
    "engine/demo": {"engine", "ext", "openbell"},
    "engine/replay": {"engine", "ext", "openbell"},
    "gateway": {"gateway", "openbell"},
    "bench": {"bench", "engine", "ext", "openbell", "tools"},
    "tests": OURS,
    "tools": {"tools"},
    "schema": {"schema"},
}
# The core has no clock, no I/O and no randomness: state = f(journal).
NOT_IN_THE_CORE = set(
    "aiohttp asyncio asyncpg concurrent datetime io logging multiprocessing os pathlib queue random secrets select "
    "selectors signal socket ssl subprocess tempfile threading time uuid uvloop zmq".split()
)
C_HEADERS_OF_THE_CORE = set(
    "assert.h limits.h stdbool.h stddef.h stdint.h stdlib.h string.h Python.h "
    "arm_acle.h immintrin.h nmmintrin.h smmintrin.h x86intrin.h".split()
)
# What the core may cimport of the C library.
CIMPORTS_OF_THE_CORE = {
    "cython",
    "cpython",
    "libc.stdint",
    "libc.stddef",
    "libc.string",
    "libc.stdlib",
    "libc.limits",
    "numpy",
}


def tracked() -> list[Path]:
    """Every file of the repository that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix in {".py", ".pyi"}]
CYTHON = [path for path in FILES if path.suffix in {".pyx", ".pxd", ".pxi"}]
CORE = {ROOT / "ext", ROOT / "ext" / "margin"}
HEADERS = [path for path in FILES if path.suffix in {".h", ".c"} and path.is_relative_to(ROOT / "ext")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def python_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a Python file imports, relative imports made absolute."""
    package = list(path.relative_to(ROOT / "client" if name(path).startswith("client/") else ROOT).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield node.lineno, ".".join([*base, *filter(None, [node.module])])


IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+c?import\b|c?import\s+([\w.]+(?:\s*,\s*[\w.]+)*))")


def cython_imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a Cython file imports or cimports."""
    package = list(path.relative_to(ROOT).parts[:-1])
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        match = IMPORT.match(line)
        if match:
            for module in (match[1] or match[2]).split(","):
                dots = len(module.strip()) - len(module.strip().lstrip("."))
                base = package[: len(package) - dots + 1] if dots else []
                yield number, ".".join([*base, *filter(None, [module.strip().lstrip(".")])])


def room(path: Path) -> set[str] | None:
    """What of ours the file may import; None for a file outside of the rooms (setup.py)."""
    fitting = [prefix for prefix in MAY_IMPORT if name(path).startswith(f"{prefix}/")]
    return MAY_IMPORT[max(fitting, key=len)] if fitting else None


@pytest.mark.parametrize("path", PYTHON + CYTHON, ids=name)
def test_arrows_point_one_way(path: Path) -> None:
    allowed = room(path)
    if allowed is None:
        return
    imports = python_imports(path) if path in PYTHON else cython_imports(path)
    wrong = [f"{name(path)}:{line}: {module}" for line, module in imports if module.split(".")[0] in OURS - allowed]
    assert wrong == []


@pytest.mark.parametrize("path", [path for path in PYTHON + CYTHON if name(path).startswith("ext/")], ids=name)
def test_the_core_does_no_io(path: Path) -> None:
    imports = list(python_imports(path) if path in PYTHON else cython_imports(path))
    wrong = [f"{name(path)}:{line}: {module}" for line, module in imports if module.split(".")[0] in NOT_IN_THE_CORE]
    libc = [(line, module) for line, module in imports if module.split(".")[0] in {"libc", "posix", "libcpp"}]
    wrong += [f"{name(path)}:{line}: {module}" for line, module in libc if module not in CIMPORTS_OF_THE_CORE]
    for line, text in enumerate(path.read_text("utf-8").splitlines(), 1):
        match = re.match(r'\s*cdef extern from\s+"<?([\w./]+)>?"', text)
        if match and match[1] not in C_HEADERS_OF_THE_CORE and not any(header.name == match[1] for header in HEADERS):
            wrong.append(f"{name(path)}:{line}: {match[1]}")
    assert wrong == []


@pytest.mark.parametrize("path", HEADERS, ids=name)
def test_c_headers_of_the_core_include_no_io(path: Path) -> None:
    included = re.findall(r"^\s*#\s*include\s*<([^>]+)>", path.read_text("utf-8"), flags=re.MULTILINE)
    assert [header for header in included if header not in C_HEADERS_OF_THE_CORE] == []


# The books and the core itself; ext/itch/ generates and reads files of flow beside them.
@pytest.mark.parametrize("path", [path for path in CYTHON if path.parent in CORE], ids=name)
def test_the_core_has_no_floating_point(path: Path) -> None:
    code = re.sub(r'"""[\s\S]*?"""|"[^"\n]*"|#.*', lambda match: "\n" * match[0].count("\n"), path.read_text("utf-8"))
    wrong = [number for number, line in enumerate(code.splitlines(), 1) if re.search(r"\b(double|float)\b", line)]
    assert wrong == [], f"floating point in {name(path)}, lines {wrong}"


@pytest.mark.parametrize("module", ["prepare", "steps", "borrow", "toolchain", "__init__"])
def test_what_runs_before_the_installation_needs_only_the_standard_library(module: str) -> None:
    imports = [name for _, name in python_imports(ROOT / "tools" / f"{module}.py")]
    assert [name for name in imports if name.split(".")[0] not in sys.stdlib_module_names | {"tools"}] == []


def test_no_file_is_too_long() -> None:
    lengths = {}
    for path in PYTHON + CYTHON + HEADERS:
        lines = path.read_text("utf-8").splitlines()
        if "generate.py" not in " ".join(lines[:10]):  # what is made from a definition is as long as that makes it
            lengths[name(path)] = len(lines)
    watched = {path: length for path, length in sorted(lengths.items()) if length > WATCHED_LINES}
    print("to be split soon:", watched)
    assert {path: length for path, length in watched.items() if length > LONGEST_LINES} == {}


def test_no_path_of_one_machine_is_named() -> None:
    private = re.compile("|".join(("/" + "work/", "/" + "root/", "/tmp/" + "ob/", r"\." + "library/")))
    wrong = []
    for path in FILES:
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # recorded data and pictures
        wrong += [f"{name(path)}: {match[0]}" for match in private.finditer(text)]
    assert wrong == []
