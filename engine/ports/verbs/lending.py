"""Verbs of borrowing and interest, dividends and splits. The rules are in docs/borrow.md and docs/actions.md."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from openbell import wire
from openbell.wire import Borrow, CommandKind, EventKind

from engine.market import names_of
from engine.ports.rows import Array, rows_of, table_of
from engine.ports.verbs.govern import currency_value
from engine.ports.verbs.verb import I64, U32, Act, AnyAccount, AnyInstrument, Arguments, Desk, Verb, value_of

BorrowNumber = Annotated[int, Meta(ge=0, le=int(max(Borrow)))]


class BorrowArguments(Arguments):
    instrument: U32
    borrow: BorrowNumber | None = None
    fee: I64 | None = None
    inventory: I64 | None = None


class LocateArguments(Arguments):
    account: U32
    instrument: U32
    lots: I64


class RatesArguments(Arguments):
    currency: str
    debit: I64 | None = None
    credit: I64 | None = None
    days: I64 | None = None


class AccrueArguments(Arguments):
    date: I64
    days: I64 = 1


class DividendArguments(Arguments):
    instrument: U32
    amount: I64
    reference: I64 = 0


class PayArguments(Arguments):
    instrument: U32
    reference: I64 = 0


class SplitArguments(Arguments):
    instrument: U32
    new: I64
    old: I64
    price: I64 | None = None


# ------------------------------------------------------------ looking


def _named(desk: Desk, rows: Array) -> dict[str, Any]:
    """Rows with the names of their accounts and instruments."""
    names: dict[str, list[str]] = {}
    for field, name, all_rows in (
        ("account", "account_name", desk.market.accounts()),
        ("instrument", "symbol", desk.market.instruments()),
    ):
        if field in (rows.dtype.names or ()):
            known = names_of(all_rows, field, "name" if field == "account" else "symbol")
            names[name] = [known[number] for number in rows[field].tolist()]
    return {"rows": table_of(rows, **names)}


def _borrows(desk: Desk, act: Act) -> dict[str, Any]:
    instrument = act.arguments.instrument
    rows = np.frombuffer(desk.market.core.borrows(), wire.BORROW_ROW)
    if instrument is not None:
        desk.instrument(instrument)
        rows = rows[rows["instrument"] == instrument]
    return _named(desk, rows)


def rows_of_account(desk: Desk, rows: Array, account: int | None) -> dict[str, Any]:
    """Those of one account, or of all, with names. Raises FrameError."""
    if account is not None:
        desk.account(account)
        rows = rows[rows["account"] == account]
    return _named(desk, rows)


def _locates(desk: Desk, act: Act) -> dict[str, Any]:
    return rows_of_account(desk, np.frombuffer(desk.market.core.locates(), wire.LOCATE_ROW), act.arguments.account)


def _dues(desk: Desk, act: Act) -> dict[str, Any]:
    return rows_of_account(desk, np.frombuffer(desk.market.core.dues(), wire.DUE_ROW), act.arguments.account)


def _rates(desk: Desk, act: Act) -> dict[str, Any]:
    rows = rows_of(np.frombuffer(desk.market.core.rates(), wire.RATE_ROW))
    for row in rows:
        row["currency"] = int(row["currency"]).to_bytes(8, "little").rstrip(b"\0").decode("utf-8", "replace")
    return {"rows": rows, "accrue_date": desk.market.core.accrue_date}


# ------------------------------------------------------------ changing


def _borrow(desk: Desk, act: Act) -> dict[str, Any]:
    """What is not given stays."""
    given: BorrowArguments = act.arguments
    desk.instrument(given.instrument)

    def row() -> Any:
        rows = np.frombuffer(desk.market.core.borrows(), wire.BORROW_ROW)
        return rows[rows["instrument"] == given.instrument][:1]

    borrow, fee, inventory = (
        int(row()[name][0]) if (new := getattr(given, name)) is None else new for name in ("borrow", "fee", "inventory")
    )
    desk.change(CommandKind.SET_BORROW, act, instrument=given.instrument, state=borrow, values=(fee, inventory))
    return _named(desk, row())


def _locate(desk: Desk, act: Act) -> dict[str, Any]:
    given: LocateArguments = act.arguments
    events = desk.change(
        CommandKind.LOCATE, act, account=given.account, instrument=given.instrument, values=(given.lots,)
    )
    return {"located": value_of(events, EventKind.LOCATED, "trade_id")}


def _set_rates(desk: Desk, act: Act) -> dict[str, Any]:
    """What is not given stays."""
    given: RatesArguments = act.arguments
    rows = np.frombuffer(desk.market.core.rates(), wire.RATE_ROW)
    number = currency_value(given.currency) if given.currency else 0  # that of accounts without one
    of_it = rows[rows["currency"].astype(np.int64) == number]
    now = [int(of_it[name][0]) for name in ("debit", "credit", "days")] if len(of_it) else [0, 0, 360]
    wanted = (given.debit, given.credit, given.days)
    values = [was if new is None else new for was, new in zip(now, wanted, strict=True)]
    desk.change(CommandKind.SET_RATES, act, values=(number, *values))
    return {"currency": given.currency, "debit": values[0], "credit": values[1], "days": values[2]}


def _accrue(desk: Desk, act: Act) -> dict[str, Any]:
    given: AccrueArguments = act.arguments
    events = desk.change(CommandKind.ACCRUE, act, values=(given.date, given.days))
    return {"date": given.date, "days": given.days, "charges": value_of(events, EventKind.ACCRUED, "leaves")}


def _dividend(desk: Desk, act: Act) -> dict[str, Any]:
    given: DividendArguments = act.arguments
    values = (given.amount, given.reference)
    events = desk.change(CommandKind.DIVIDEND, act, instrument=given.instrument, values=values)
    return {"positions": value_of(events, EventKind.DIVIDEND_SET, "leaves")}


def _pay_dividend(desk: Desk, act: Act) -> dict[str, Any]:
    given: PayArguments = act.arguments
    events = desk.change(CommandKind.PAY_DIVIDEND, act, instrument=given.instrument, values=(0, given.reference))
    return {"positions": value_of(events, EventKind.DIVIDEND_PAID, "leaves")}


def _split(desk: Desk, act: Act) -> dict[str, Any]:
    """Fractions at the reference price, unless a price is given."""
    given: SplitArguments = act.arguments
    price = int(desk.instrument(given.instrument)["reference_price"][0]) if given.price is None else given.price
    values = (given.new, given.old, price)
    events = desk.change(CommandKind.SPLIT, act, instrument=given.instrument, values=values)
    return {
        "positions": value_of(events, EventKind.SPLIT_DONE, "leaves"),
        "orders": value_of(events, EventKind.SPLIT_DONE, "client_order_id"),
        "price": price,
    }


LENDING = (
    Verb("borrows", AnyInstrument, _borrows, changes=False),
    Verb("locates", AnyAccount, _locates, changes=False),
    Verb("dues", AnyAccount, _dues, changes=False),
    Verb("rates", Arguments, _rates, changes=False),
    Verb("borrow", BorrowArguments, _borrow),
    Verb("locate", LocateArguments, _locate),
    Verb("set-rates", RatesArguments, _set_rates),
    Verb("accrue", AccrueArguments, _accrue),
    Verb("dividend", DividendArguments, _dividend),
    Verb("pay-dividend", PayArguments, _pay_dividend),
    Verb("split", SplitArguments, _split),
)
