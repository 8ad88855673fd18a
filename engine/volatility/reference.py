"""The reference price of an instrument's bands: section V of the Limit Up-Limit Down Plan. Sans I/O."""

from __future__ import annotations

from collections import deque
from typing import Final

SECOND_NS: Final = 10**9
SPAN_NS: Final = 300 * SECOND_NS  # five minutes of trades count
HOLDS_NS: Final = 30 * SECOND_NS  # so long each reference price stays at least
LEAST_MOVE: Final = 100  # one hundredth


class Reference:
    """The mean of the last five minutes' trades, taken over when it has moved by 1 % or more (section V(A)).

    Trades come in lumps (time, sum of prices, number): the mean is that of trades, whatever their size.
    """

    def __init__(self) -> None:
        self.price = 0  # in force; 0: none
        self.since_ns = 0
        self._lumps: deque[tuple[int, int, int]] = deque()
        self._sum = self._count = 0

    def begin(self, ts_ns: int, price: int) -> None:
        """Trading begins, or begins anew after a pause, at this price (sections V(B) and VII(B)); 0: none is known."""
        self.price, self.since_ns = price, ts_ns
        self._lumps.clear()
        self._sum = self._count = 0

    def add(self, ts_ns: int, price_sum: int, count: int) -> None:
        """Trades of one moment, no earlier than those before."""
        self._lumps.append((ts_ns, price_sum, count))
        self._sum += price_sum
        self._count += count

    def mean(self, ts_ns: int) -> int:
        """The pro-forma reference price: of trades later than five minutes ago; 0: there are none."""
        while self._lumps and self._lumps[0][0] <= ts_ns - SPAN_NS:
            _, price_sum, count = self._lumps.popleft()
            self._sum -= price_sum
            self._count -= count
        return (2 * self._sum + self._count) // (2 * self._count) if self._count else 0

    def follow(self, ts_ns: int) -> bool:
        """Take the mean over where that is due; whether it was."""
        found = self.mean(ts_ns)
        if not found or (ts_ns - self.since_ns < HOLDS_NS and self.price):
            return False
        if LEAST_MOVE * abs(found - self.price) < self.price:
            return False
        self.price, self.since_ns = found, ts_ns
        return True

    def state(self) -> list[object]:
        """All of it, for a snapshot."""
        return [self.price, self.since_ns, [list(lump) for lump in self._lumps]]

    def load(self, state: list[object]) -> None:
        """What `state` gave."""
        price, since_ns, lumps = state
        assert isinstance(price, int) and isinstance(since_ns, int) and isinstance(lumps, list)
        self.begin(since_ns, price)
        for ts_ns, price_sum, count in lumps:
            self.add(ts_ns, price_sum, count)
