"""The reference price of an instrument's bands: section V of the Limit Up-Limit Down Plan. Sans I/O."""

from __future__ import annotations

from collections import deque
from typing import Final

SECOND_NS: Final = 10**9
SPAN_S: Final = 300  # five minutes of trades count
HOLDS_NS: Final = 30 * SECOND_NS  # so long each reference price stays at least
LEAST_MOVE: Final = 100  # one hundredth


class Reference:
    """The mean of the last five minutes' trades, in force when it has moved by 1 % or more (section V(A)).

    Trades come in lumps (time, sum of prices, number): the mean is that of trades, whatever their size. They are kept
    by seconds: those of the running one and of the 299 before it count.
    """

    def __init__(self) -> None:
        self.price = 0  # in force; 0: none
        self.since_ns = 0
        self._lumps: deque[tuple[int, int, int]] = deque()  # second, sum, number
        self._sum = self._count = 0

    def lumps(self, ts_ns: int) -> list[tuple[int, int, int]]:
        """The trades that count: second, sum of prices, number."""
        self._forget(ts_ns)
        return list(self._lumps)

    @property
    def is_moving(self) -> bool:
        """Whether there are trades whose mean may become the reference price."""
        return self._count > 0

    def begin(self, ts_ns: int, price: int) -> None:
        """Trading begins, or begins anew after a pause, at this price (sections V(B) and V(C)); 0: none is known."""
        self.price, self.since_ns = price, ts_ns
        self._lumps.clear()
        self._sum = self._count = 0

    def take(self, ts_ns: int, price: int) -> None:
        """It is the reference price from now on."""
        if price != self.price:
            self.price, self.since_ns = price, ts_ns

    def add(self, ts_ns: int, price_sum: int, count: int) -> None:
        """Trades of one moment, no earlier than those before."""
        second = ts_ns // SECOND_NS
        if self._lumps and self._lumps[-1][0] == second:
            _, sum_before, count_before = self._lumps.pop()
            self._lumps.append((second, sum_before + price_sum, count_before + count))
        else:
            self._lumps.append((second, price_sum, count))
        self._sum += price_sum
        self._count += count

    def mean(self, ts_ns: int) -> int:
        """The pro-forma reference price, of the trades of the last five minutes; 0: there are none."""
        self._forget(ts_ns)
        return (2 * self._sum + self._count) // (2 * self._count) if self._count else 0

    def _forget(self, ts_ns: int) -> None:
        """What does not count any more."""
        first = ts_ns // SECOND_NS - SPAN_S + 1
        while self._lumps and self._lumps[0][0] < first:
            _, price_sum, count = self._lumps.popleft()
            self._sum -= price_sum
            self._count -= count

    def due(self, ts_ns: int, *, at_once: bool = False) -> int:
        """The reference price that should be in force: the mean where it has moved enough and the present one has
        stayed long enough (section V(A)(2)), or at_once; else the present one."""
        found = self.mean(ts_ns)
        if not found or at_once:
            return found or self.price
        if self.price and ts_ns - self.since_ns < HOLDS_NS:
            return self.price
        return self.price if LEAST_MOVE * abs(found - self.price) < self.price else found
