"""What a scenario says of margin: what positions need, marks, levels."""

from __future__ import annotations

from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import CommandKind, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.scenarios.money import told_cash, whole

MARKS = 1000  # a TICK: more than any scenario has


def needs(words: list[str]) -> Command:
    """SET_MARGIN."""
    rates = [whole(word.rstrip("%"), 100) for word in words[:4]]
    leasts = [whole(word, wire.PRICE_SCALE) for word in words[4:]]
    return ask.command(CommandKind.SET_MARGIN, *rates, *leasts, instrument=0)


def levels(words: list[str]) -> Command:
    """SET_RISK."""
    return ask.command(CommandKind.SET_RISK, MARKS, *(whole(word.rstrip("%"), 100) for word in words))


def price(words: list[str]) -> Command:
    """Another reference price, as an operator sets it."""
    keep = [wire.KEEP] * 8
    keep[2] = whole(words[0], wire.PRICE_SCALE)
    return ask.command(CommandKind.SET_INSTRUMENT, *keep, instrument=0)


def watch(account: int, risk_type: str) -> Command:
    """SET_ACCOUNT_RISK."""
    return ask.command(CommandKind.SET_ACCOUNT_RISK, account=account, state=int(RiskType[risk_type.upper()]))


def told_risk(name: str, rows: Any, account: int) -> str:
    """A line of a RiskRow."""
    (row,) = (row for row in np.frombuffer(rows, wire.RISK_ROW) if row["account"] == account)
    sums = " ".join(f"{key} {told_cash(int(row[key]))}" for key in ("equity", "maintenance", "initial", "excess"))
    return f"risk {name} {sums}"


VERBS = {"margin": needs, "levels": levels, "price": price}
