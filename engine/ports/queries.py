"""What clients of the order port may ask for by QUERY: rows of applied state, of their own accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from openbell import wire
from openbell.wire import FrameType

from engine.market import Market
from engine.ports.frames import FrameError, json_frame
from engine.ports.logins import Query
from engine.ports.preview import preview_of
from engine.ports.rows import table_of

Rows = np.ndarray[Any, Any]


class Found(NamedTuple):
    """Rows of an answer, and what is to be known beside them."""

    rows: Rows
    more: dict[str, Any]


def _fees(market: Market, query: Query, account: int) -> Found:
    plan = int(market.account(account)["plan"][0])
    return Found(market.fees(plan), {"plan": plan, "name": market.plan_names().get(plan, "")})


def _of(data: bytes, dtype: np.dtype[Any], account: int) -> Rows:
    rows: Rows = np.frombuffer(data, dtype)
    of_it: Rows = rows[rows["account"] == account]
    return of_it


def _preview(market: Market, query: Query, account: int, key: int) -> Found:
    """What an order would do: no rows."""
    if query.command is None:
        raise FrameError("bad_query", "preview needs command: the order, as base64", field="command")
    return Found(np.empty(0, wire.RISK_ROW), preview_of(market, query.command, account, key))


# Of everybody, and of one account of the login.
_OF_ALL: Final[dict[str, Callable[[Market], Rows]]] = {
    "instruments": Market.instruments,
    "margins": Market.margins,
    "borrows": lambda market: np.frombuffer(market.core.borrows(), wire.BORROW_ROW),
    "amendments": lambda market: np.frombuffer(market.core.amendments(), wire.AMENDMENT_ROW),
}
_OF_ACCOUNT: Final[dict[str, Callable[[Market, Query, int], Found]]] = {
    "account": lambda market, query, account: Found(market.account(account), {}),
    "orders": lambda market, query, account: Found(market.orders(account=account), {}),
    "positions": lambda market, query, account: Found(market.positions(account), {}),
    "withdrawals": lambda market, query, account: Found(market.withdrawals(account), {}),
    "fees": _fees,
    "risk": lambda market, query, account: Found(market.risk(account), {}),
    "lots": lambda market, query, account: Found(market.gains.lots(account), {}),
    "gains": lambda market, query, account: Found(market.gains.gains(account), {}),
    "exposures": lambda market, query, account: Found(market.exposures(account), {}),
    "desks": lambda market, query, account: Found(market.desks_above(account), {}),
    "locates": lambda market, query, account: Found(_of(market.core.locates(), wire.LOCATE_ROW, account), {}),
    "dues": lambda market, query, account: Found(_of(market.core.dues(), wire.DUE_ROW, account), {}),
    "cash": lambda market, query, account: Found(_of(market.core.cash(), wire.CASH_ROW, account), {}),
    "unpaid": lambda market, query, account: Found(_of(market.core.unpaid(), wire.UNPAID_ROW, account), {}),
    "day_trades": lambda market, query, account: Found(_of(market.core.day_traders(), wire.DAY_TRADE_ROW, account), {}),
    "violations": lambda market, query, account: Found(_of(market.core.violations(), wire.VIOLATION_ROW, account), {}),
}
# The same, where it matters with which key the login came: its number in the core.
_OF_KEY: Final[dict[str, Callable[[Market, Query, int, int], Found]]] = {
    "limits": lambda market, query, account, key: Found(market.limits_of(account, key), {}),
    "preview": _preview,
}
FILLS: Final = "fills"  # of what was sent: whoever has the streams answers
KINDS: Final = tuple(sorted((*_OF_ALL, *_OF_ACCOUNT, *_OF_KEY, FILLS)))


def find(market: Market, query: Query, account_of: Callable[[], int], key: int = 0) -> Found:
    """The rows of a query that is not of fills. account_of: the account that it is about; key: of the login. Raises
    FrameError."""
    if query.what in _OF_ALL:
        return Found(_OF_ALL[query.what](market), {})
    if query.what in _OF_ACCOUNT:
        return _OF_ACCOUNT[query.what](market, query, account_of())
    if query.what in _OF_KEY:
        return _OF_KEY[query.what](market, query, account_of(), key)
    text = f"what is one of {', '.join(KINDS)}; not {query.what!r}"
    raise FrameError("bad_query", text, field="what", value=query.what)


def reply_frame(number: int, query: Query, rows: Rows, seq: int, more: Mapping[str, Any] | None = None) -> bytes:
    """The REPLY to a query: the page of the rows that it asks for, and what is to be known beside them."""
    if query.instrument is not None and "instrument" in (rows.dtype.names or ()):
        rows = rows[rows["instrument"] == query.instrument]
    shown = table_of(rows[query.offset : query.offset + query.limit])
    return json_frame(FrameType.REPLY, number, {"seq": seq, "total": len(rows), "rows": shown, **(more or {})})
