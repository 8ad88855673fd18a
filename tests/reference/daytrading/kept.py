"""What is kept of an account with a DayTradeRule, and of its positions. docs/daytrading.md."""

from __future__ import annotations

from dataclasses import dataclass, field

DAYS = 8  # today and those before it
KEPT_DAYS = 3  # that a deposit may stay: that on which it came, and two more
MOST = (1 << 16) - 1  # day trades, or trades, of a day


def no_days() -> list[int]:
    return [0] * DAYS


@dataclass
class DayTrader:
    """Of an account. Lists begin with today."""

    rule: int  # DayTradeRule
    is_pattern: bool = False
    day_trades: list[int] = field(default_factory=no_days)
    trades: list[int] = field(default_factory=no_days)
    kept: list[int] = field(default_factory=lambda: [0] * KEPT_DAYS)  # cash paid in that stays


@dataclass
class Opened:
    """Of a position, since the last SETTLE."""

    lots: int = 0  # opened since then, and still open
    run: int | None = None  # side of the day trade that goes on with each fill of that side
    last: int = 0  # order id of the last fill
