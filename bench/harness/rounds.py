"""Figures that survive a noisy machine: contenders take turns, and the median of their rounds counts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence


def interleave(contenders: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Run all contenders once a round, so a slow minute hits each of them; the figures of each."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, measure in contenders.items():
            figures[name].append(measure())
    return figures


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median_ratio(figures: Sequence[float], floors: Sequence[float]) -> float:
    """The median of figure/floor over the rounds: both of a round met the same weather."""
    return statistics.median(figure / floor for figure, floor in zip(figures, floors, strict=True))
