"""Pace of a replay: as fast as it goes, or N times as fast as it was recorded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

SLICE_S = 0.01  # wall time that is sent at once


class Pace:
    """Cuts steps into slices and waits before each until its time has come. `speed` None: no waiting at all."""

    def __init__(self, speed: float | None) -> None:
        if speed is not None and not 0 < speed <= 1e9:
            raise ValueError(f"speed must be above 0 and at most 1e9, got {speed}")
        self.speed = speed
        self._origin_ns: int | None = None
        self._start_s = 0.0

    def wait(self, ts_ns: int) -> None:
        """Return when the recorded time `ts_ns` has come."""
        if self.speed is None:
            return
        if self._origin_ns is None:
            self._origin_ns, self._start_s = ts_ns, time.monotonic()
        due_s = self._start_s + (ts_ns - self._origin_ns) / 1e9 / self.speed
        while (left_s := due_s - time.monotonic()) > 0:
            time.sleep(min(left_s, 0.5))

    def parts(self, steps: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
        """Yield the steps in slices of at most SLICE_S of wall time, each when its time has come."""
        if self.speed is None or not len(steps):
            yield steps
            return
        times, at = steps["ts_ns"], 0
        slice_ns = int(SLICE_S * self.speed * 1e9) + 1
        while at < len(steps):
            self.wait(int(times[at]))
            end = max(at + 1, int(np.searchsorted(times, times[at] + np.uint64(slice_ns), side="left")))
            yield steps[at:end]
            at = end
