"""What a scenario says of lots that are lent, of interest and fees by the day, of dividends and splits."""

from __future__ import annotations

from typing import Any

import numpy as np
from openbell import wire
from openbell.wire import Borrow, HouseAccount

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.records import as_i64
from tests.scenarios.money import cash_of, told_cash, whole

PARTS = 10**4  # of a percent, in 1e-6


def borrow(words: list[str]) -> Command:
    """SET_BORROW: easy|hard|none [30% a year] [lend 100 lots]."""
    lots = int(words[words.index("lend") + 1]) if "lend" in words else 0
    fees = [whole(word.rstrip("%"), PARTS) for word in words if word.endswith("%")]
    return ask.borrow(0, Borrow[words[0].upper()], fees[0] if fees else 0, lots)


def rates(words: list[str]) -> Command:
    """SET_RATES of all who have no currency: what is owed, what is had [, days a year]."""
    debit, credit = (whole(word.rstrip("%"), PARTS) for word in words[:2])
    return ask.rates(0, debit, credit, int(words[2]) if words[2:] else 360)


def accrue(words: list[str]) -> Command:
    """2026-11-30 [x3]"""
    return ask.accrue(int(words[0].replace("-", "")), int(words[1].removeprefix("x")) if words[1:] else 1)


def split(words: list[str]) -> Command:
    """new:old [at 12.69, what a share of before is worth]"""
    new, old = map(int, words[0].split(":"))
    return ask.split(0, new, old, whole(words[2], wire.PRICE_SCALE) if words[1:] else 0)


VERBS = {
    "borrow": borrow,
    "rates": rates,
    "accrue": accrue,
    "split": split,
    "dividend": lambda words: ask.dividend(0, cash_of(words[0])),
    "distribute": lambda words: ask.pay_dividend(0),
}


def of_account(verb: str, account: int, words: list[str]) -> Command:
    """What is located for one, or charged to one."""
    if verb == "locate":
        return ask.locate(account, 0, int(words[0]))
    return ask.charge(account, cash_of(words[0]))


def told_charge(name: str, event: Any) -> str:
    return f"charge {name} {HouseAccount(event.reason).name} {told_cash(event.price)}"


def told_located(name: str, event: Any) -> str:
    return f"located {name} {event.price} now {as_i64(event.trade_id)}"


def told_due(name: str, event: Any) -> str:
    return f"due {name} {told_cash(event.price)}"


def told_shares(name: str, event: Any) -> str:
    return f"shares {name} {event.price} now {as_i64(event.trade_id)}"


def told_position(name: str, rows: Any, account: int) -> str:
    """A line of a PositionRow."""
    (row,) = (row for row in np.frombuffer(rows, wire.POSITION_ROW) if row["account"] == account)
    sums = f"cost {told_cash(int(row['cost']))} profit {told_cash(int(row['realized_pnl']))}"
    return f"holds {name} {row['qty']} {sums}"
