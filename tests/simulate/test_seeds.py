"""Many seeds: nothing is violated, and the same seed is the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.simulate import running
from engine.simulate.claims import CAUSE, DAMAGE, DURABLE, GAPLESS, ONCE, PRIMARY, REPLAY, STATE
from engine.simulate.planted import PAIR
from engine.simulate.running import Wanted
from engine.simulate.schedule import KINDS, PAIR_KINDS, schedule

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 20  # seeds a test, so that several processes share them
FIRST = range(1000, 1120, BLOCK)


@pytest.mark.parametrize("first", FIRST)
def test_nothing_is_violated(first: int) -> None:
    checked: Counter[str] = Counter()
    wanted, alone, pairs = Wanted(), 0, 0  # runs of one machine, and of a primary and its standby
    for seed in range(first, first + BLOCK):
        outcome = running.run(seed, wanted)
        assert outcome.violations == [], f"openbell simulate --seed {seed} --seeds 1"
        alone += wanted.run_of(seed) == ""
        pairs += wanted.run_of(seed) == PAIR
        checked.update(outcome.figures["checked"])
    assert checked[CAUSE] > 5_000
    assert checked[REPLAY] > 20 * alone
    assert checked[DURABLE] > 2 * alone
    assert checked[GAPLESS] == 7 * alone + 2 * pairs
    assert checked[ONCE] == alone
    assert checked[DAMAGE] >= alone
    assert checked[PRIMARY] > 20
    assert checked[STATE] > 5 * pairs


def test_schedules_have_faults_of_all_kinds() -> None:
    for kinds in (KINDS, PAIR_KINDS):
        assert {fault.kind for seed in range(200) for fault in schedule(seed, of=kinds)} == set(kinds)


def digest_in_another_process(seed: int, hash_seed: str) -> str:
    code = "import sys; from engine.simulate.running import Wanted, run; print(run(int(sys.argv[1]), Wanted()).digest)"
    environment = {
        **os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")])
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code, str(seed)], capture_output=True, text=True, env=environment, cwd=ROOT, check=True
    )
    return done.stdout.strip()


def test_a_seed_is_the_same_run_wherever_it_runs() -> None:
    ours = running.run(7, Wanted()).digest
    assert running.run(7, Wanted()).digest == ours
    assert digest_in_another_process(7, "1") == ours
    assert digest_in_another_process(7, "2") == ours
    assert running.run(8, Wanted()).digest != ours
    pair = running.run(3, Wanted()).digest
    assert running.run(3, Wanted()).digest == pair
    assert digest_in_another_process(3, "1") == pair


def test_a_fault_that_is_left_out_leaves_the_others_as_they_are() -> None:
    whole = schedule(11)
    assert [one for one in whole if one.number != 2] == schedule(11, [one.number for one in whole if one.number != 2])
