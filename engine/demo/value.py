"""What an instrument is worth, as the demo's participants see it: a pure function of seed, instrument and time.

Octaves of interpolated noise are summed, each twice as slow as the one before and sqrt(2) as wide, so that the sum
moves like a random walk over seconds and minutes but stays within a few per cent over days. All processes compute the
same value without talking to each other, and after a restart it goes on where the clock is.
"""

from __future__ import annotations

from math import exp, sqrt

FASTEST_S = 0.5
OCTAVES = 15  # the slowest takes FASTEST_S * 2**14 = 8,192 s
_MASK = (1 << 64) - 1


def _mix(number: int) -> int:
    """A well mixed 64-bit number of another (the finalizer of splitmix64, Steele, Lea and Flood 2014)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


class Value:
    """The value of one instrument over time."""

    def __init__(self, seed: int, name: str, base: float, volatility: float) -> None:
        """base: what it fluctuates around; volatility: standard deviation of a second's relative change."""
        number = seed & _MASK
        for byte in name.encode():
            number = _mix(number ^ byte)
        self.base = base
        self._keys = [_mix(number + octave) for octave in range(OCTAVES)]
        self._periods_s = [FASTEST_S * 2**octave for octave in range(OCTAVES)]
        self._widths = [volatility * sqrt(period_s) for period_s in self._periods_s]
        self._points: list[tuple[int, float, float]] = [(-1, 0.0, 0.0)] * OCTAVES  # index, noise at it and at the next

    def at(self, time_s: float) -> float:
        """The value at a time, seconds since 1970."""
        total = 0.0
        for octave, period_s in enumerate(self._periods_s):
            position = time_s / period_s
            index = int(position)
            known, low, high = self._points[octave]
            if known != index:
                low, high = self._noise(octave, index), self._noise(octave, index + 1)
                self._points[octave] = (index, low, high)
            part = position - index
            total += self._widths[octave] * (low + (high - low) * part * part * (3.0 - 2.0 * part))
        return self.base * exp(total)

    def _noise(self, octave: int, index: int) -> float:
        """Noise of a lattice point, uniform in -1..1."""
        return _mix(self._keys[octave] ^ (index & _MASK)) / 2**63 - 1.0
