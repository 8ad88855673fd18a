"""Events and market data as short lines, so that a test says on one line what each order came to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell.wire import BookKind, CancelReason, Check, EventFlag, EventKind, Place, RestateReason

from tests.ext.market import REJECTS, A, B, C, Market

NAMED_BY: dict[int, Any] = {EventKind.CANCELED: CancelReason, EventKind.RESTATED: RestateReason}
NAMES = {A: "A", B: "B", C: "C"}  # events of the market have none


def say(event: SimpleNamespace) -> str:
    """Kind, account, lots @ price, lots left; + for the maker; why, where there is a reason."""
    kind, who = EventKind(event.kind).name, NAMES.get(event.account, "-")
    if event.kind in REJECTS:
        return f"{kind} {who} {Check(event.check).name} limit {event.limit} value {event.value}"
    why = " " + NAMED_BY[event.kind](event.reason).name if event.kind in NAMED_BY else ""
    maker = "+" if event.kind == EventKind.FILL and event.flags & EventFlag.MAKER else ""
    return f"{kind} {who}{maker} {event.qty}@{event.price} left {event.leaves}{why}"


def said(events: list[SimpleNamespace]) -> list[str]:
    """What came of a command, but that it was accepted."""
    return [say(event) for event in events if event.kind != EventKind.ACCEPTED]


def shown(m: Market) -> list[str]:
    """The market data of the last command but Tops: kind, side, lots @ price."""
    return [f"{BookKind(d.kind).name} {'BS'[d.side]} {d.qty}@{d.price}" for d in m.data if d.kind != BookKind.TOP]


def resting(m: Market, **which: int) -> list[str]:
    """The live orders: place, account, side, lots @ price."""
    rows = m.orders(**which)
    return [f"{Place(r.place).name} {NAMES[r.account]} {'BS'[r.side]} {r.leaves}@{r.price}" for r in rows]
