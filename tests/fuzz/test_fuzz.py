"""Fuzzing itself: what it finds, and that what it once found is found no more."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import build, running
from tests.fuzz.targets import PLANTED, TARGETS

SECONDS = 2


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Corpus and findings of a run that leaves nothing."""
    monkeypatch.setattr(running, "WORK", tmp_path)
    yield tmp_path


@pytest.fixture(scope="session")
def lib() -> Path:
    """The instrumented core; the first of the tests that need it compiles it."""
    try:
        return build.instrumented(print)
    except build.NotThere as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_that_found_something_once_find_nothing(name: str) -> None:
    one = TARGETS[name].start()
    kept = sorted((running.KEPT / name).glob("*"))
    for data in [*TARGETS[name].seeds(), *(path.read_bytes() for path in kept)]:
        one(data)


def test_all_that_is_kept_is_of_a_target() -> None:
    assert {path.name for path in running.KEPT.iterdir()} <= set(TARGETS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "what"), [("crash", "a crash"), ("hang", "a hang"), ("growth", "growth")])
def test_a_planted_bug_is_found(name: str, what: str, lib: Path, work: Path) -> None:
    outcome = running.fuzz(PLANTED[name], lib, 60 if name != "growth" else SECONDS)
    assert outcome.found.startswith(what)
    assert outcome.executions > 0
    if name == "crash":
        path = outcome.input  # as it was found, where that is as small as it goes
        assert path.read_bytes()[:2] == b"OB"
        assert len(path.read_bytes()) == 3
        assert any("ZeroDivisionError: planted" in line for line in outcome.trace)
        assert f"--target crash --input {path}" in outcome.command
        assert running.run_input(PLANTED[name], path, lib) != 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_found_is_made_smaller(lib: Path, work: Path) -> None:
    found = work / "crash-of-many-bytes"
    found.write_bytes(b"OB\xff" + bytes(range(200)))
    path = running.smaller(PLANTED["crash"], found, lib)
    assert path == work / "small-crash-of-many-bytes"
    assert path.read_bytes()[:2] == b"OB"
    assert len(path.read_bytes()) == 3
    assert running.smaller(PLANTED["crash"], path, lib) == path


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["records", "intake", "head", "answers"])
def test_some_seconds_find_nothing(name: str, lib: Path, work: Path) -> None:
    outcome = running.fuzz(TARGETS[name], lib, SECONDS)
    assert (outcome.found, outcome.trace) == ("", [])
    assert outcome.executions > 1000
    assert outcome.edges > 10, "the decoder is not instrumented"
