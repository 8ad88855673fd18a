"""Percentiles of durations over the last seconds, at the price of one addition a value."""

from __future__ import annotations

import math
from typing import Final

_STEPS: Final = 16  # buckets between two powers of two: values are exact to 1/16
_BUCKETS: Final = 64 * _STEPS


def _upper(bucket: int) -> int:
    """The largest value of a bucket."""
    if bucket < _STEPS:
        return bucket
    shift = bucket // _STEPS - 1
    return ((bucket % _STEPS + _STEPS + 1) << shift) - 1


class Histogram:
    """Counts of values >= 0; `turn` forgets what is older than the turn before."""

    def __init__(self) -> None:
        self._now = [0] * _BUCKETS
        self._before = [0] * _BUCKETS

    def add(self, value: int, count: int = 1) -> None:
        """Count a value."""
        if value < _STEPS:
            self._now[value if value > 0 else 0] += count
            return
        shift = value.bit_length() - 5
        self._now[(shift + 1) * _STEPS + (value >> shift) - _STEPS] += count

    def turn(self) -> None:
        """Begin a new period; percentiles are of this and the last one."""
        self._before, self._now = self._now, [0] * _BUCKETS

    def percentiles(self, *wanted: float) -> tuple[int, list[int]]:
        """How many values there are, and the value below which each wanted part (0 to 1) of them lies; 0 of none."""
        counts = [now + before for now, before in zip(self._now, self._before, strict=True)]
        total = sum(counts)
        found = []
        for part in wanted:
            left = max(1, math.ceil(part * total))
            value = 0
            for bucket, count in enumerate(counts):
                left -= count
                if count and left <= 0:
                    value = _upper(bucket)
                    break
            found.append(value)
        return total, found
