"""What is kept of an account with a CashRule, and of its positions. docs/cash.md, "What was paid with what"."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

TODAY, OWED = 5, 6  # 1 to 4: with the so manieth next SETTLE
OF_PROCEEDS = (1, 2, 3, 4, TODAY)  # from the earliest on
STEPS = (*OF_PROCEEDS, OWED)
LATEST_FIRST = STEPS[::-1]


@dataclass
class Violation:
    """One that counts."""

    number: int
    instrument: int
    kind: int  # CashViolation
    date: int = 0  # YYYYMMDD; 0: none until the next SETTLE


@dataclass
class Ruled:
    """Of an account."""

    rule: int
    proceeds: Counter[int] = field(default_factory=Counter)  # by step: of sales, not settled, paid for nothing yet
    violations: list[Violation] = field(default_factory=list)  # those that count, oldest first
    numbers: int = 0  # violations so far
    is_restricted: bool = False
    since: int = 0  # restricted, YYYYMMDD; 0: no date yet

    def pending(self) -> int:
        """All proceeds."""
        return sum(self.proceeds.values())


@dataclass
class Unpaid:
    """Of a position: lots that are not paid for, and what they cost, by step."""

    lots: Counter[int] = field(default_factory=Counter)
    money: Counter[int] = field(default_factory=Counter)
    told: set[int] = field(default_factory=set)  # kinds of violations, since the last SETTLE

    def all_lots(self) -> int:
        return sum(self.lots.values())

    def pay(self, step: int) -> None:
        """All lots of a step are paid for."""
        self.lots[step] = self.money[step] = 0

    def take(self, step: int, lots: int) -> int:
        """So many lots leave a step; the money that goes with them."""
        if lots == 0:
            return 0
        gone = self.money[step] * lots // self.lots[step]
        self.money[step] -= gone
        self.lots[step] -= lots
        return gone
