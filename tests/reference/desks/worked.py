"""The market that worked examples of desks run on, and what it says in few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import Check, EventKind, Limit

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import AnyMarket, Desk
from tests.reference.records import REJECTS, as_i64

DOLLAR = 1_000_000  # cash
TEN = 100_000  # price: 10 dollars
LOT = 10 * DOLLAR  # a share at that price


def with_desks(market: AnyMarket, accounts: int = 6, risk_type: int = wire.RiskType.CASH) -> Desk:
    """Instruments 0 and 1 at 10 dollars; accounts that are watched and may sell short; desks 1 to 4, each in the one
    before it, 5 beside 2; account 0 in desk 4, 1 in 3, 2 in 5, the others in none."""
    desk = Desk(market)
    desk.do(ask.configure())
    for number in (0, 1):
        desk.do(ask.instrument(number, reference_price=TEN), ask.instrument_state(number, 1))
        desk.do(ask.margin(number, 5000, 2500, 5000, 3000))
    for number in range(accounts):
        desk.do(ask.account(number, flags=1), ask.deposit(number, 10**13), ask.account_risk(number, risk_type))
    desk.do(ask.risk(1000, desks=8, limited=8))
    desk.do(ask.desk(1), ask.desk(2, 1), ask.desk(3, 2), ask.desk(4, 3), ask.desk(5, 1))
    desk.do(ask.member(0, 4), ask.member(1, 3), ask.member(2, 5))
    return desk


def told(events: Sequence[Any]) -> list[str]:
    """Refusals: check, distance, limit, value, headroom; warnings: limit, distance, soft, measure, desk; other events
    by kind and account."""
    found = []
    for event in events:
        if event.kind in REJECTS:
            name = Check(event.check).name
            found.append(f"{name} {event.flags}: {event.limit} {event.value} {event.headroom}")
        elif event.kind == EventKind.LIMIT_WARNING:
            name, measure = Limit(event.reason).name, as_i64(event.order_id)
            found.append(f"warned {name} {event.flags}: {event.price} {measure} of {event.trade_id}")
        else:
            found.append(f"{EventKind(event.kind).name} {event.account}")
    return found


def trade(desk: Desk, buyer: int, seller: int, qty: int, price: int = TEN, number: int = 9000) -> list[Any]:
    """The buyer's order comes first."""
    return desk.do(ask.buy(buyer, number, price, qty), ask.sell(seller, number, price, qty))


def moves_to(desk: Desk, price: int, number: int = 0) -> list[Any]:
    """The price of an instrument is another one, and a TICK marks."""
    keep = wire.KEEP
    desk.do(ask.instrument(number, keep, keep, price, keep, keep, keep, keep, keep, name=b""))
    return desk.do(ask.tick())


NUMBERS = (0, 4, 3, 2, 1)  # of the holders of account 0, by distance; 0: of no desk
HOLDERS = [(place, (ask.desk_limit if place else ask.limit, number)) for place, number in enumerate(NUMBERS)]
# Whoever holds a limit of account 0: his distance, and what sets it (for `limited`).
AT = pytest.mark.parametrize(("distance", "holder"), HOLDERS, ids=["account", "1", "2", "3", "4"])


def limited(holder: Any, kind: int, hard: int = 0, soft: int = 0) -> Command:
    make, number = holder
    made: Command = make(number, kind, hard, soft)
    return made
