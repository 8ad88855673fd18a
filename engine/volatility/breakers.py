"""Breakers of the whole market: NYSE Rule 7.12 and Nasdaq Equity 4, Rule 4121. Sans I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from engine.volatility.luld import ALWAYS, Hours
from engine.volatility.reference import SECOND_NS

FALLS: Final = (7, 13, 20)  # percent below the close of the day before: levels 1, 2 and 3
HALT_NS: Final = 15 * 60 * SECOND_NS
QUIET_NS: Final = 35 * 60 * SECOND_NS  # before the close levels 1 and 2 halt no more: 15:25 of a day that ends at 16:00
NEAR: Final = 0.001  # so much nearer than a level a fall is worked out exactly


@dataclass(frozen=True, slots=True)
class Halt:
    """Halt all instruments. until_ns 0: for the rest of the day."""

    level: int
    until_ns: int


def is_near(prices: Mapping[int, int], closes: Mapping[int, int]) -> bool:
    """Whether `fall` may be that of a level. Cheap."""
    known = [one for one in closes if closes[one] > 0 and prices.get(one, 0) > 0]
    return bool(known) and sum(prices[one] / closes[one] for one in known) / len(known) < 1 - FALLS[0] / 100 + NEAR


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


class Breakers(msgspec.Struct, array_like=True):
    """Of one day: each level halts once, level 3 at any time of regular hours, the others until 35 minutes before the
    close (on early closes, too: Rule 7.12(b)(i) has 12:25 there for a close at 13:00).

    reached: the highest level so far. level: of the halt that is on, 0: none; until_ns: its end, 0: with the day.
    halted: the instruments that it holds. since_ns: when it began, 0: someone has taken an instrument out of it.
    """

    reached: int = 0
    level: int = 0
    until_ns: int = 0
    halted: set[int] = set()
    since_ns: int = 0

    def day_ended(self) -> None:
        """A new day begins."""
        self.reached = 0

    def look(self, ts_ns: int, part: int, whole: int, hours: Hours = ALWAYS) -> Halt | None:
        """The halt that a fall of part / whole asks for now."""
        if not hours.has(ts_ns):
            return None
        level = sum(100 * part >= percent * whole for percent in FALLS)
        if level <= self.reached:
            return None
        is_quiet = hours.close_ns and ts_ns > hours.close_ns - QUIET_NS
        if level < len(FALLS) and is_quiet:
            return None
        return Halt(level, 0 if level == len(FALLS) else ts_ns + HALT_NS)

    def begin(self, ts_ns: int, halt: Halt) -> None:
        """That halt is on."""
        self.reached = self.level = halt.level
        self.until_ns, self.halted, self.since_ns = halt.until_ns, set(), ts_ns

    def beginning(self, ts_ns: int) -> Halt | None:
        """The halt that began at this very moment: it is for all instruments, also where a crash or an operator who
        halted one of them himself came first."""
        return Halt(self.level, self.until_ns) if self.level and self.since_ns == ts_ns else None

    @property
    def is_over_with_day(self) -> bool:
        """Whether a halt for the rest of a day is still on after it."""
        return self.level != 0 and not self.until_ns and not self.reached

    def holds(self, instrument: int) -> None:
        """It halted this one."""
        self.halted.add(instrument)

    def lets_go(self, instrument: int) -> None:
        """That one is in another state now."""
        if instrument in self.halted:
            self.halted.discard(instrument)
            self.since_ns = 0
        if not self.halted:
            self.level = self.until_ns = 0
