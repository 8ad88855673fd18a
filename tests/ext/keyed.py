"""What the tests of keys share: keys by keyword, and what they have in the market counted anew from rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import AdminFlag, Check, CommandKind, EventKind, Limit

from ext.core import Core
from tests.ext.market import Market, plain

KEY, SECOND = 7, 200  # numbers; 9 is never set up


def set_key(m: Market, key: int, name: bytes = b"") -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_KEY, account=key, name=name, request=5)


def limit_key(m: Market, key: int, which: int, hard: int, soft: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_LIMIT, hard, soft, account=key, state=which, flags=AdminFlag.OF_KEY, request=6)


def market(**capacity: int) -> Market:
    """Keys 7 and 200 without limits; accounts that are not watched."""
    m = Market(**capacity)
    set_key(m, KEY, b"algo-7")
    set_key(m, SECOND, b"algo-200")
    return m


def row_of(m: Market, key: int = KEY) -> SimpleNamespace:
    return next(row for row in plain(m.core.keys(), wire.KEY_ROW) if row.key == key)


def open_of(m: Market, key: int = KEY) -> tuple[int, int]:
    """Live orders and what they count."""
    row = row_of(m, key)
    return row.open_orders, row.open_notional


def limits_of(m: Market, key: int = KEY) -> dict[str, tuple[int, int, int]]:
    """By name: hard, soft, measure."""
    rows = plain(m.core.limits(), wire.LIMIT_ROW)
    return {
        Limit(row.limit).name: (row.hard, row.soft, row.measure)
        for row in rows
        if row.flags == AdminFlag.OF_KEY and row.holder == key
    }


def refused(events: list[Any]) -> tuple[str, int, int, int, int]:
    """Of the one reject: its check, limit, value, headroom, and whose limit it is."""
    (reject,) = [event for event in events if hasattr(event, "check")]
    return Check(reject.check).name, reject.limit, reject.value, reject.headroom, reject.flags


def warned(events: list[Any]) -> list[tuple[str, int, int, int, int, int]]:
    """Of each LIMIT_WARNING: limit, account, whose, soft limit, measure, key."""
    return [
        (Limit(e.reason).name, e.account, e.flags, e.price, e.order_id, e.trade_id)
        for e in events
        if e.kind == EventKind.LIMIT_WARNING
    ]


def same(m: Market) -> None:
    """A snapshot goes on as the market does, and says the same of keys."""
    other = Core.restore(m.core.snapshot())
    assert other.keys() == m.core.keys()
    assert other.limits() == m.core.limits()
    assert other.state_hash() == m.core.state_hash()
