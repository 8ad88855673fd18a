"""What a scenario says of day trades: who has the rule, what makes a pattern of them, what is told."""

from __future__ import annotations

from typing import Any

from openbell.wire import DayTradeRule, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.scenarios.money import cash_of, whole


def counted(account: int) -> Command:
    """SET_ACCOUNT_RISK of a margin account with the rule."""
    return ask.account_risk(account, RiskType.MARGIN, day_trades=DayTradeRule.PATTERN)


def pattern(words: list[str]) -> Command:
    """SET_DAY_TRADES: 4 in 5 above 6% least 25000.00."""
    most, _, days, _, share, _, equity = words
    return ask.day_trades(int(most), int(days), whole(share.rstrip("%"), 100), cash_of(equity))


def told(name: str, event: Any) -> str:
    """name: of the order."""
    return f"day trade {name} {event.qty} of {event.leaves}{' pattern' if event.flags else ''}"
