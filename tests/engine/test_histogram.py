"""Percentiles against the sorted values."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from engine.histogram import Histogram

values = st.integers(0, 2**50)


@given(st.lists(values, min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_percentiles_are_exact_to_a_sixteenth(given: list[int], part: float) -> None:
    histogram = Histogram()
    for value in given:
        histogram.add(value)
    count, (found,) = histogram.percentiles(part)
    exact = sorted(given)[math.ceil(part * len(given)) - 1]
    assert count == len(given)
    assert exact <= found <= exact + exact / 16


def test_an_empty_one() -> None:
    assert Histogram().percentiles(0.5, 0.99) == (0, [0, 0])


def test_what_is_older_than_the_last_period_is_forgotten() -> None:
    histogram = Histogram()
    histogram.add(5, 10)
    histogram.turn()
    histogram.add(7)
    assert histogram.percentiles(0.5, 1.0) == (11, [5, 7])
    histogram.turn()
    assert histogram.percentiles(0.5) == (1, [7])
    histogram.turn()
    assert histogram.percentiles(0.5) == (0, [0])
