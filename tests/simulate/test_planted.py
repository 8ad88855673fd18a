"""A simulator that finds nothing has to prove that it would: each planted bug is found, named, and repeated."""

from __future__ import annotations

import shlex

import pytest

from engine.cli.__main__ import main
from engine.simulate import running
from engine.simulate.outcome import Outcome
from engine.simulate.planted import PLANTS
from engine.simulate.running import Wanted

MOST_SEEDS = 60


def first_failure(name: str, first: int = 1) -> Outcome:
    for seed in range(first, first + MOST_SEEDS):
        outcome = running.run(seed, Wanted(kinds=PLANTS[name].kinds, plant=name))
        if outcome.violations:
            return outcome
    raise AssertionError(f"{name} was not found by {MOST_SEEDS} seeds from {first} on")


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_bug_is_found_and_named(name: str) -> None:
    outcome = first_failure(name)
    assert outcome.violations[0].claim in PLANTS[name].breaks, outcome.violations[0]
    without = Wanted(kinds=PLANTS[name].kinds, of=PLANTS[name].of)
    assert running.run(outcome.seed, without).violations == []


def test_the_least_faults_are_found_and_the_command_repeats_them(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = first_failure("folder-not-synced")
    wanted = Wanted(plant="folder-not-synced")
    failure = running.shrink(outcome.seed, wanted, outcome)
    assert len(failure.faults) <= 2 < failure.planned
    assert failure.violation.claim == outcome.violations[0].claim
    words = shlex.split(failure.command)
    assert words[:2] == ["openbell", "simulate"]
    assert main([*words[1:], "--jobs", "1"]) == 1
    printed = capsys.readouterr().out
    assert f"seed {outcome.seed}: {failure.violation}" in printed
    assert failure.command in printed


def test_the_command_line_says_what_is_wrong_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["--seeds", "0"], "must be above 0"),
        (["--kinds", "rain"], "there is no 'rain'"),
        (["--faults", "1"], "--faults are of one seed"),
        (["--seed", "1", "--seeds", "1", "--faults", "99"], "there is no fault 99"),
    ):
        assert main(["simulate", *arguments]) == 2
        assert words in capsys.readouterr().err
