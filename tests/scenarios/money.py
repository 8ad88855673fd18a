"""What a scenario says of cash: plans of fees, business days that end, cash that comes and goes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from openbell import wire
from openbell.wire import FeeBits, HouseAccount

from tests.reference import commands as ask
from tests.reference.commands import Command

BILLIONTHS = 10**9
BITS = {
    "buy": FeeBits.BUY,
    "sell": FeeBits.SELL,
    "maker": FeeBits.MAKER,
    "taker": FeeBits.TAKER,
    "auction": FeeBits.AUCTION,
    "fill": FeeBits.PER_FILL,
    "up": FeeBits.UP,
    "down": FeeBits.DOWN,
}
SIDES = int(FeeBits.BUY | FeeBits.SELL)
KINDS = int(FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION)


def whole(text: str, scale: int) -> int:
    units = Decimal(text) * scale
    assert units == int(units), text
    return int(units)


def cash_of(text: str) -> int:
    return whole(text, wire.CASH_SCALE)


def told_cash(amount: int) -> str:
    """At least two decimals."""
    whole_units, parts = divmod(abs(amount), wire.CASH_SCALE)
    decimals = f"{parts:06}".rstrip("0")
    return f"{'-' if amount < 0 else ''}{whole_units}.{decimals:0<2}"


def component(plan: int, number: int, house: str, words: list[str]) -> Command:
    """SET_FEE of the words of a line; both sides and all kinds of fills where it names none."""
    rates: dict[str, Any] = {}
    bits, given = 0, iter(words)
    for word in given:
        amount, _, unit = word.partition("/")
        if unit == "share":
            rates["per_share"] = whole(amount, BILLIONTHS)
        elif unit == "million":
            rates["of_notional"] = whole(amount, BILLIONTHS // 10**6)
        elif unit == "order":
            rates["per_order"] = cash_of(amount)
        elif word == "min":
            rates["minimum"] = cash_of(next(given))
        elif word == "max":
            rates["maximum"] = cash_of(next(given))
        elif word == "cap":
            rates["most_of_notional"] = whole(next(given).rstrip("%"), BILLIONTHS // 100)
        elif word == "cent":
            rates["rounding"] = wire.CASH_SCALE // 100
        else:
            bits |= int(BITS[word])
    bits |= 0 if bits & SIDES else SIDES
    bits |= 0 if bits & KINDS else KINDS
    return ask.fee(plan, number, bits, house=HouseAccount[house.upper()], **rates)


def on_plan(account: int, plan: int) -> Command:
    """All else stays."""
    return ask.account(account, *(wire.KEEP,) * 6, plan, flags=255, name=b"")


def day_over(words: list[str]) -> Command:
    """2024-06-03 [T+2]"""
    days = int(words[1].removeprefix("T+")) if words[1:] else 1
    return ask.settle(int(words[0].replace("-", "")), days)
