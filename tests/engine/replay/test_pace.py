"""The pace of a replay, against a clock of the test's own."""

from __future__ import annotations

import numpy as np
import pytest

from engine.replay import pace
from engine.replay.pace import Pace
from ext.itch.scan import STEP_DTYPE


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def steps_at(*times_s: float) -> np.ndarray:
    steps = np.zeros(len(times_s), STEP_DTYPE)
    steps["ts_ns"] = [int(t * 1e9) for t in times_s]
    return steps


def test_as_fast_as_it_goes_never_waits(clock: Clock) -> None:
    steps = steps_at(1, 5, 3600)
    assert [len(part) for part in Pace(None).parts(steps)] == [3]
    Pace(None).wait(10**15)
    assert clock.now_s == 100.0


def test_recorded_time_passes_n_times_as_fast(clock: Clock) -> None:
    due = []
    for part in Pace(2.0).parts(steps_at(1000, 1000.5, 1000.501, 1010)):
        due.append((round(clock.now_s, 3), len(part)))
    assert due == [(100.0, 1), (100.25, 2), (105.0, 1)]


def test_a_late_replay_catches_up_and_does_not_wait(clock: Clock) -> None:
    speed = Pace(1.0)
    speed.wait(0)
    clock.now_s += 30
    speed.wait(20 * 10**9)
    assert clock.now_s == 130.0
    speed.wait(31 * 10**9)
    assert clock.now_s == pytest.approx(131.0)


@pytest.mark.parametrize("speed", [0, -1, 1e10, float("nan")])
def test_speeds_that_are_none_are_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed must be above 0 and at most 1e9"):
        Pace(speed)
