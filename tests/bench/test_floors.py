"""The floors do what they time: answers come back, records arrive, bytes reach the file. No figure is judged here."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.floor import disk, echo, oneway
from bench.harness.child import Child
from bench.harness.rounds import interleave, median_ratio, percentile


@pytest.mark.parametrize("spinning", [False, True])
def test_echo_gives_a_time_for_each_round_trip(spinning: bool) -> None:
    times = echo.round_trips(50, spinning)
    assert len(times) == 50
    assert min(times) > 0


def test_oneway_counts_what_was_sent() -> None:
    assert oneway.records_per_second(6400, 32) > 0


def test_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    assert len(disk.write_and_sync(5, tmp_path)) == 5
    assert list(tmp_path.iterdir()) == []


def test_child_that_fails_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(RuntimeError, match="before it was ready"), Child("bench.floor.no_such_module"):
        pytest.fail("it cannot be ready")


def test_percentile_is_a_value_that_was_seen() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert [percentile(values, p) for p in (0, 20, 50, 99, 100)] == [1.0, 1.0, 3.0, 5.0, 5.0]


def test_contenders_take_turns() -> None:
    order: list[str] = []

    def contender(name: str, figure: float) -> float:
        order.append(name)
        return figure

    figures = interleave({"a": lambda: contender("a", 2.0), "b": lambda: contender("b", 1.0)}, rounds=3)
    assert order == ["a", "b"] * 3
    assert median_ratio(figures["a"], figures["b"]) == 2.0
