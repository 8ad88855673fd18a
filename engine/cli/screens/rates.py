"""Rates from counters that are read now and then."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

KEPT_S = 120.0


class Rates:
    """What counters gained a second, over the last reading and over the last minutes."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, Mapping[str, float]]] = deque()

    def add(self, time_s: float, counters: Mapping[str, float]) -> None:
        """Take a reading. time_s: of the one who counts, ascending; a smaller counter than before starts anew."""
        if self._readings:
            then_s, last = self._readings[-1]
            if time_s <= then_s or any(value < last.get(name, 0) for name, value in counters.items()):
                if time_s > then_s:
                    self._readings.clear()
                else:
                    return
        self._readings.append((time_s, counters))
        while time_s - self._readings[0][0] > KEPT_S:
            self._readings.popleft()

    def per_s(self, name: str, over_s: float = 2.0) -> float:
        """Gain a second over the last over_s seconds or so; 0.0 before the second reading."""
        if len(self._readings) < 2:
            return 0.0
        now_s, now = self._readings[-1]
        then_s, then = self._readings[-2]
        for earlier_s, earlier in reversed(self._readings):
            then_s, then = earlier_s, earlier
            if now_s - earlier_s >= over_s:
                break
        return (now.get(name, 0) - then.get(name, 0)) / (now_s - then_s)

    def series(self, name: str) -> list[float]:
        """Gain a second between each two readings, oldest first."""
        made = []
        previous: tuple[float, Mapping[str, float]] | None = None
        for time_s, counters in self._readings:
            if previous is not None:
                then_s, then = previous
                made.append((counters.get(name, 0) - then.get(name, 0)) / (time_s - then_s))
            previous = (time_s, counters)
        return made
