"""`openbell prove` as a whole: several processes, what it says, its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.prove import pool, report
from tests.prove.__main__ import main
from tests.prove.documented import GROUPS, everything, name
from tests.prove.pool import Total, prove
from tests.prove.session import Difference, Result, Session

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 300_000
SECONDS = 300.0  # some 40 on two processors that are free


def short(seed: int, number: int) -> Result:
    """Nothing but a few numbers."""
    return Result(number, "plain", commands=10, events=100)


def meets(seed: int, number: int) -> Result:
    """Nothing until the sixth session, and then all."""
    return Result(number, "plain", commands=10, events=100, met=Counter(everything() if number == 5 else ()))


def parts(seed: int, number: int) -> Result:
    difference = Difference(number, "plain", 7, "they differ") if number == 3 else None
    return Result(number, "plain", 10, 100, difference=difference)


def test_sessions_until_there_are_enough_events() -> None:
    heard: list[int] = []
    total = prove(1, 1000, None, 2, lambda total: heard.append(total.sessions), run=short)
    assert 1000 <= total.events <= 1100
    assert total.sessions == total.events // 100 == len(heard)
    assert not total.differences


def test_sessions_until_everything_is_met() -> None:
    assert prove(1, 100, None, 1, run=meets, until_met=True).sessions == 6


def test_a_difference_ends_it() -> None:
    total = prove(1, 10**9, None, 2, run=parts)
    assert [difference.session for difference in total.differences] == [3]
    assert total.sessions <= 6


def _beat(number: int, given: int) -> None:
    pool._beats[number % pool.BEATS] = given


def dies(seed: int, number: int) -> Result:
    """A session whose process ends with its 50th command."""
    return Session(seed, number).run(lambda given: os._exit(9) if given == 50 else _beat(number, given))


def swells(seed: int, number: int) -> Result:
    """Takes more memory than any session may."""
    return short(seed, len(bytearray(pool.MEMORY_BYTES)))


def test_a_process_that_dies_is_a_difference_and_its_last_command_is_told() -> None:
    (difference,) = prove(1, 10**9, None, 1, run=dies).differences
    assert (difference.text, difference.command) == ("its process died", 49)
    session = Session(1, 0)
    session.run(stop=49)
    assert [repr(step) for step in difference.steps] == [repr(session.steps[48])]


def test_a_process_may_not_take_all_memory() -> None:
    with pytest.raises(MemoryError):
        prove(1, 10**9, None, 1, run=swells)


def test_little_flow_leaves_much_unmet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1", "--events", "100", "--jobs", "1"]) == 1
    said = capsys.readouterr().out
    assert "NOT MET: " in said
    assert "differences: 0" in said
    assert "seed 1\n" in said


def test_one_session_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "9", "--session", "11"]) == 0
    assert f"of {Session(9, 11).run().commands:,} commands, 1 sessions" in capsys.readouterr().out


def test_bad_arguments_are_refused() -> None:
    for wrong in (["--events", "-5"], ["--events", "many"], ["--sesion", "5"]):
        with pytest.raises(SystemExit) as error:
            main(wrong)
        assert error.value.code == 2


def test_the_launcher_knows_it() -> None:
    said = subprocess.run(
        [sys.executable, "-P", "-m", "engine.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "\n  prove " in said.stdout


def test_everything_has_a_name_of_its_own_and_its_group() -> None:
    names = [name(key) for key in everything()]
    assert len(set(names)) == len(names)
    assert {key[0] for key in everything()} == set(GROUPS)
    assert not any(part.isdigit() for text in names if "value refused" not in text for part in text.split())


def test_the_table_has_what_was_not_met_with_zeros() -> None:
    total = Total()
    total.met["event", 2] = 1234567
    lines = report.table(total).splitlines()
    assert any(line.split() == ["FILL", "1,234,567"] for line in lines)
    assert any(line.split() == ["ACCEPTED", "0"] for line in lines)
    missed = report.closing(total)
    assert f"met 1 of {len(everything())}" in missed
    assert "    event: ACCEPTED\n" in missed


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_core_and_model_agree_and_everything_is_met(seed: int) -> None:
    total = prove(seed, EVENTS, SECONDS, os.cpu_count() or 1, until_met=True)
    assert [report.told(difference, seed) for difference in total.differences] == []
    assert sorted(map(name, total.uncovered())) == []
    print(report.speed(total))
