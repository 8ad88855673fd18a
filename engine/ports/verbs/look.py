"""Verbs that look."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta
from openbell.wire import Side

from engine.market import names_of
from engine.ports.rows import rows_of, table_of
from engine.ports.verbs.verb import U32, Act, AnyAccount, AnyInstrument, Arguments, Desk, Row, Verb, Where
from engine.world import here

MAX_LEVELS = 10_000
MAX_ROWS = 10_000


class BookArguments(Arguments):
    instrument: U32
    levels: Annotated[int, Meta(ge=1, le=MAX_LEVELS)] = 10


class OrdersArguments(Where):
    limit: Annotated[int, Meta(ge=0, le=MAX_ROWS)] = 1000


def _status(desk: Desk, act: Act) -> dict[str, Any]:
    return desk.process.status()


def instrument_rows(desk: Desk, instrument: int) -> list[dict[str, Any]]:
    """The row of one instrument, with its table of ticks. Raises FrameError."""
    rows = rows_of(desk.instrument(instrument))
    return [{**row, "ticks": desk.market.core.ticks(instrument)} for row in rows]


def _book(desk: Desk, act: Act) -> dict[str, Any]:
    (row,) = instrument_rows(desk, act.arguments.instrument)
    depth = desk.market.depth(act.arguments.instrument, act.arguments.levels)
    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        levels = depth[depth["side"] == side]
        row[name] = [
            list(level)
            for level in zip(
                levels["price"].tolist(), levels["level_qty"].tolist(), levels["level_orders"].tolist(), strict=True
            )
        ]
    return row


def named(desk: Desk, rows: Row) -> list[msgspec.Struct]:
    """Rows with symbol and account_name."""
    symbols = names_of(desk.market.instruments(), "instrument", "symbol")
    names = names_of(desk.market.accounts(), "account", "name")
    return table_of(
        rows,
        symbol=[symbols[number] for number in rows["instrument"].tolist()],
        account_name=[names[number] for number in rows["account"].tolist()],
    )


def _check(desk: Desk, where: Where) -> None:
    """That they are set up, where they are given. Raises FrameError."""
    if where.account is not None:
        desk.account(where.account)
    if where.instrument is not None:
        desk.instrument(where.instrument)


def _orders(desk: Desk, act: Act) -> dict[str, Any]:
    _check(desk, act.arguments)
    found = desk.market.orders(act.arguments.account, act.arguments.instrument)
    return {"rows": named(desk, found[: act.arguments.limit]), "total": len(found)}


def _positions(desk: Desk, act: Act) -> dict[str, Any]:
    _check(desk, act.arguments)
    found = desk.market.positions(act.arguments.account)
    if act.arguments.instrument is not None:
        found = found[found["instrument"] == act.arguments.instrument]
    return {"rows": named(desk, found)}


def _lots(desk: Desk, act: Act) -> dict[str, Any]:
    _check(desk, act.arguments)
    found = desk.market.gains.lots(act.arguments.account, act.arguments.instrument)
    return {"rows": named(desk, found[: act.arguments.limit]), "total": len(found)}


def _gains(desk: Desk, act: Act) -> dict[str, Any]:
    _check(desk, act.arguments)
    return {"rows": named(desk, desk.market.gains.gains(act.arguments.account, act.arguments.instrument))}


def _accounts(desk: Desk, act: Act) -> dict[str, Any]:
    account = act.arguments.account
    return {"rows": table_of(desk.market.accounts() if account is None else desk.account(account))}


def _instruments(desk: Desk, act: Act) -> dict[str, Any]:
    instrument = act.arguments.instrument
    rows = desk.market.instruments() if instrument is None else desk.instrument(instrument)
    return {"rows": table_of(rows, ticks=list(map(desk.market.core.ticks, rows["instrument"].tolist())))}


def _sessions(desk: Desk, act: Act) -> dict[str, Any]:
    """Who is logged in, and the guards of orders."""
    timers = desk.market.timers()
    names = names_of(desk.market.accounts(), "account", "name")
    return {
        "ts_ns": here.clock.time_ns(),
        "sessions": desk.process.sessions(),
        "timers": table_of(timers, account_name=[names[number] for number in timers["account"].tolist()]),
    }


LOOKING = (
    Verb("status", Arguments, _status, changes=False, at_once=True),
    Verb("book", BookArguments, _book, changes=False),
    Verb("orders", OrdersArguments, _orders, changes=False),
    Verb("positions", Where, _positions, changes=False),
    Verb("lots", OrdersArguments, _lots, changes=False),
    Verb("gains", Where, _gains, changes=False),
    Verb("accounts", AnyAccount, _accounts, changes=False),
    Verb("sessions", Arguments, _sessions, changes=False),
    Verb("instruments", AnyInstrument, _instruments, changes=False),
)
