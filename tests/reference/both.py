"""Worked examples of special orders: the markets that they run on, and what those say in few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openbell.wire import BookKind, CancelReason, Check, EventKind, RestateReason

from ext.core import Core
from tests.reference.desk import AnyMarket, Desk
from tests.reference.market import Market
from tests.reference.records import REJECTS

MARKETS: list[Callable[[], AnyMarket]] = [Market, Core]
NAMED_BY = {EventKind.CANCELED: CancelReason, EventKind.RESTATED: RestateReason}


def opened(market: AnyMarket, accounts: int = 4, flags: int = 1, **fields: int) -> Desk:
    """A desk before an open market whose accounts may sell short."""
    return Desk(market).open(accounts=accounts, flags=flags, **fields)


def said(events: Sequence[Any]) -> list[str]:
    """Events, but ACCEPTED: kind, account, lots @ price, lots left; or the check that failed, its limit and value."""
    found = []
    for event in events:
        kind = EventKind(event.kind)
        if kind in REJECTS:
            found.append(f"{kind.name} {event.account} {Check(event.check).name} {event.limit} {event.value}")
        elif kind != EventKind.ACCEPTED:
            why = " " + NAMED_BY[kind](event.reason).name if kind in NAMED_BY else ""
            found.append(f"{kind.name} {event.account} {event.qty}@{event.price} left {event.leaves}{why}")
    return found


def fills(events: Sequence[Any]) -> list[str]:
    """Trades: maker>taker lots @ price."""
    sides = [event for event in events if event.kind == EventKind.FILL]
    pairs = zip(sides[::2], sides[1::2], strict=True)
    return [f"{maker.account}>{taker.account} {maker.qty}@{maker.price}" for maker, taker in pairs]


def data(desk: Desk) -> list[str]:
    """Market data of the last command, but Tops: kind, lots @ price, what of the order shows, of its level."""
    return [
        f"{BookKind(record.kind).name} {record.qty}@{record.price} left {record.leaves} of {record.level_qty}"
        for record in desk.market_data
        if record.kind != BookKind.TOP
    ]
