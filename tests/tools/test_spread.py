"""A run that is spread over processes: on a small tree of its own, with the real tests/conftest.py and spread.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import spread
from tools import checks

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
TEST = """
import os, time
from pathlib import Path

def test_{name}(seed):
    here = Path("{log}.here")
    here.mkdir(exist_ok=True)
    (here / str(os.getpid())).touch()
    while len(list(here.iterdir())) < {processes}:  # the first tests of all processes begin together
        time.sleep(0.01)
    time.sleep(0.05)
    with Path("{log}").open("a") as file:
        file.write(f"{name} {{os.getpid()}} {{seed}}\\n")
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "tests/conftest.py", "tests/spread.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def runs(tree: Path, files: dict[str, list[str]], *arguments: str) -> list[tuple[str, int, int]]:
    """The tests in the order of their ends: name, process, seed."""
    log = tree / "log"
    for path, names in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        tests = (TEST.format(name=name, log=log, processes=PROCESSES) for name in names)
        (tree / path).write_text("".join(tests))
    command = [sys.executable, "-m", "pytest", "-n", str(PROCESSES), *arguments]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed in " in done.stdout.rstrip().splitlines()[-1]
    lines = [line.split() for line in log.read_text().splitlines()]
    log.unlink()
    shutil.rmtree(f"{log}.here")
    return [(name, int(process), int(seed)) for name, process, seed in lines]


def test_all_processes_have_one_seed(tree: Path) -> None:
    files = {f"tests/test_{place}.py": [f"of_{place}"] for place in range(6)}
    made = runs(tree, files)
    assert len({process for _, process, _ in made}) == PROCESSES
    assert len({seed for _, _, seed in made}) == 1
    assert {seed for _, _, seed in runs(tree, files, "--seed", "77")} == {77}


def test_what_waits_comes_first_and_a_file_stays_in_one_process(tree: Path) -> None:
    many = ["a", "b", "c", "d"]
    files = {
        "tests/bench/test_last.py": [f"last_{name}" for name in many],
        "tests/engine/process/test_second.py": [f"second_{name}" for name in many],
        "tests/launcher/test_first.py": [f"first_{name}" for name in many],
        "tests/reference/test_computing.py": [f"computing_{name}" for name in many],
    }
    made = runs(tree, files)
    processes: dict[str, set[int]] = {}
    for name, process, _ in made:
        processes.setdefault(name.rpartition("_")[0], set()).add(process)
    assert [len(of) for of in processes.values()] == [1, 1, 1, 1]
    ends = [name for name, _, _ in made]
    begins = {process: name for name, process, _ in reversed(made)}  # the first one of each process
    assert sorted(begins.values()) == ["first_a", "second_a"]
    assert ends.index("first_d") < ends.index("last_d")
    assert ends.index("second_d") < ends.index("computing_d")


def test_the_lists_name_what_is_there() -> None:
    for path in (*spread.WAITING, *spread.COMPUTING):
        assert (ROOT / path).exists(), path
    for path, _, test in (cut.partition("::") for cut in spread.CUT):
        text = (ROOT / path).read_text("utf-8")
        assert f"def {test}(" in text or not test
        assert 'scope="module"' not in text, f"{path} shares what it sets up: it cannot be cut"


@pytest.mark.parametrize(
    ("arguments", "spreads"),
    [
        ([], True),
        (["-m", "not slow"], True),
        (["--durations=20", "-v"], True),
        (["tests/wire"], False),
        (["tests/wire/test_golden.py::test_no_number_has_changed"], False),
        (["-k", "golden"], False),
        (["-n", "3"], False),
        (["-s"], False),
        (["--collect-only"], False),
    ],
)
def test_when_tests_are_spread(arguments: list[str], spreads: bool) -> None:
    given = checks.workers(arguments)
    assert bool(given) == spreads
    if spreads:
        assert given[0] == "-n"
        assert 2 <= int(given[1]) <= checks.MOST_WORKERS
