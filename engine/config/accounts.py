"""[[account]], [[operator]]: who trades, and who governs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from openbell import wire

from engine.config.desks import Limits, Lists, no_limits
from engine.config.table import (
    CURRENCY_BYTES,
    MAX_POSITION,
    NAME_BYTES,
    Count,
    Id,
    Name,
    Position,
    Qty,
    Secret,
    Section,
)
from engine.units import Cash


class Account(Section, frozen=True):
    """An [[account]]. cash and positions (symbol to lots) are paid in when it is created. A limit of 0 means none.
    currency: empty: it trades in all. fee_plan: the name of one. risk: how it is watched (docs/risk.md); cash_rule:
    what becomes of sales of what is not paid for (docs/cash.md); day_trades: of a margin account, the rule of day
    trades (docs/daytrading.md), None: that of [risk]; desk, limits,
    restricted: while it is watched, and what lists of securities it may not trade (docs/desks.md)."""

    name: Name
    id: Id | None = None
    cash: Cash = Cash(0)
    positions: dict[str, Annotated[int, Meta(ge=1, le=MAX_POSITION)]] = msgspec.field(default_factory=dict)
    short_allowed: bool = False
    credit_unlimited: bool = False
    max_order_qty: Qty = 0
    max_order_notional: Cash = Cash(0)
    max_position: Position = 0
    max_open_orders: Count = 0
    max_messages: Count = 0
    currency: Annotated[str, Meta(max_length=CURRENCY_BYTES)] = ""
    fee_plan: str | None = None
    risk: Literal["none", "cash", "margin"] = "none"
    cash_rule: Literal["none", "count", "refuse"] = "none"
    day_trades: Literal["intraday", "pattern"] | None = None
    desk: str | None = None
    limits: Limits = msgspec.field(default_factory=Limits)
    restricted: Lists = msgspec.field(default_factory=list)
    api_key: Secret | None = None


class Operator(Section, frozen=True):
    """An [[operator]]. role "viewer": may look, not act."""

    name: Name
    token: Secret | None = None
    role: Literal["admin", "viewer"] = "admin"


def no_account(where: str, one: Account) -> str | None:
    """What is wrong with one beyond single fields."""
    if len(one.name.encode()) > NAME_BYTES:
        return f"{where}.name: expected at most {NAME_BYTES} bytes, got {len(one.name.encode())}"
    if one.max_order_notional > wire.MAX_NOTIONAL:
        return f"{where}.max_order_notional: expected at most {wire.MAX_NOTIONAL // wire.CASH_SCALE}"
    if len(one.currency.encode()) > CURRENCY_BYTES:
        return f"{where}.currency: expected at most {CURRENCY_BYTES} bytes, got {len(one.currency.encode())}"
    if one.risk == "margin" and one.credit_unlimited:
        return (
            f'{where}.risk: "margin" and credit_unlimited exclude each other: credit is as much as its equity carries'
        )
    if one.cash_rule != "none" and (one.risk != "cash" or one.short_allowed or one.credit_unlimited):
        return (
            f'{where}.cash_rule: "{one.cash_rule}" needs risk = "cash", and neither short_allowed nor credit_unlimited'
        )
    if one.day_trades == "pattern" and one.risk != "margin":
        return f'{where}.day_trades: "pattern" needs risk = "margin": it is a rule of margin accounts'
    return no_limits(where, one.limits)
