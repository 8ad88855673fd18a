"""`./openbell check` and `./openbell test`, on a small tree of their own: what is wrong is shown and counts."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree in which everything is right."""
    for name in ("engine", "ext", "schema", "tests", "tools"):
        (tmp_path / name).mkdir()
    for name in ("pyproject.toml", "tools/__init__.py", "tools/checks.py"):
        shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / "engine" / "__init__.py").touch()
    (tmp_path / "engine" / "clock.py").write_text('"""A clock."""\n\nTICK_NS: int = 1\n')
    (tmp_path / "ext" / "tiny.pyx").write_text("cdef int answer() noexcept nogil:\n    return 42\n")
    (tmp_path / "schema" / "generate.py").write_text('"""Nothing to make."""\n')
    (tmp_path / "tests" / "test_clock.py").write_text(
        "from engine.clock import TICK_NS\n\n\ndef test_tick() -> None:\n    assert TICK_NS == 1\n"
    )
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.checks", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_a_right_tree_passes_and_pytest_speaks_last(tree: Path) -> None:
    done = run(tree, "test")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.rstrip().splitlines()
    titles = [line.split(":")[0] for line in lines if line.rstrip().endswith(" s") and ": ok," in line]
    assert titles == ["ruff format", "ruff check", "mypy --strict", "cython-lint", "generated files"]
    assert " 1 passed in " in lines[-1]


@pytest.mark.parametrize(
    ("file", "text", "check", "shown"),
    [
        ("engine/clock.py", "TICK_NS : int=1\n", "ruff format", "engine/clock.py"),
        ("engine/clock.py", "import os\n\nTICK_NS: int = 1\n", "ruff check", "F401"),
        ("engine/clock.py", 'TICK_NS: int = "1"\n', "mypy --strict", "Incompatible types in assignment"),
        (
            "ext/tiny.pyx",
            "from libc.stdint cimport int64_t\n",
            "cython-lint",
            "'int64_t' imported but unused",
        ),
        (
            "schema/generate.py",
            'raise SystemExit("docs/wire.md is out of date")\n',
            "generated files",
            "is out of date",
        ),
    ],
)
def test_each_check_finds_what_is_wrong(tree: Path, file: str, text: str, check: str, shown: str) -> None:
    (tree / file).write_text(text)
    done = run(tree, "check")
    assert done.returncode == 1
    assert f"{check}: FAILED" in done.stdout
    assert shown in done.stdout
    assert done.stderr == f"openbell: failed: {check}\n"


def test_a_failing_test_and_a_failing_check_both_count(tree: Path) -> None:
    (tree / "tests" / "test_clock.py").write_text("def test_tick() -> None:\n    assert False\n")
    assert run(tree, "test").returncode == 1
    (tree / "tests" / "test_clock.py").write_text("import os\n\n\ndef test_tick() -> None:\n    assert 1 + 1 == 2\n")
    done = run(tree, "test")
    assert done.returncode == 1
    assert "failed before the tests: ruff check" in done.stdout
    assert " 1 passed in " in done.stdout.rstrip().splitlines()[-1]


def test_arguments_go_to_pytest(tree: Path) -> None:
    done = run(tree, "test", "-k", "nothing")
    assert done.returncode == 5
    assert "1 deselected" in done.stdout.rstrip().splitlines()[-1]
