"""Breakers of the whole market: NYSE Rule 7.12 and Nasdaq Equity 4, Rule 4121. Sans I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.volatility.luld import Hours
from engine.volatility.reference import SECOND_NS

FALLS: Final = (7, 13, 20)  # percent below the close of the day before: levels 1, 2 and 3
HALT_NS: Final = 15 * 60 * SECOND_NS
QUIET_NS: Final = 35 * 60 * SECOND_NS  # before the close levels 1 and 2 halt no more: 15:25 of a day that ends at 16:00


@dataclass(frozen=True, slots=True)
class Halt:
    """Halt all instruments. until_ns 0: for the rest of the day."""

    level: int
    until_ns: int


def fall(prices: Mapping[int, int], closes: Mapping[int, int]) -> tuple[int, int]:
    """How far an index of equal weights has fallen since the close, as a fraction: (part, whole); (0, 1) where not.

    prices, closes: last trade and close of the day before, by instrument; those without both do not count.
    """
    known = [one for one in closes if closes[one] > 0 and prices.get(one, 0) > 0]
    if not known:
        return 0, 1
    # mean of price / close = sum(price x product of the other closes) / (n x product of closes), in whole numbers
    whole = 1
    for one in known:
        whole *= closes[one]
    now = sum(prices[one] * (whole // closes[one]) for one in known)
    return max(0, len(known) * whole - now), len(known) * whole


class Breakers:
    """Of one day: each level halts once, level 3 at any time of regular hours, the others until 35 minutes before the
    close (on early closes, too: Rule 7.12(b)(i) has 12:25 there for a close at 13:00)."""

    def __init__(self) -> None:
        self.reached = 0  # the highest level so far
        self.hours = Hours(0, 0)

    def begin(self, hours: Hours) -> None:
        """A new day."""
        self.reached, self.hours = 0, hours

    def look(self, ts_ns: int, part: int, whole: int) -> Halt | None:
        """The halt that a fall of part / whole asks for now."""
        open_ns, close_ns = self.hours
        if ts_ns < open_ns or (close_ns and ts_ns >= close_ns):
            return None
        level = sum(100 * part >= percent * whole for percent in FALLS)
        if level <= self.reached:
            return None
        quiet = close_ns and ts_ns >= close_ns - QUIET_NS
        if level < len(FALLS) and quiet:
            return None
        self.reached = level
        return Halt(level, 0 if level == len(FALLS) else ts_ns + HALT_NS)
