"""What the tests of borrowing, interest, dividends and splits share: their commands by keyword, rows by key."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from openbell import wire
from openbell.wire import Check, CommandKind, EventKind, HouseAccount

from ext.core import Core
from tests.ext.market import Market, plain

DAY = 20261130


def set_borrow(m: Market, borrow: int, fee: int = 0, inventory: int = 0, instrument: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_BORROW, fee, inventory, state=borrow, instrument=instrument)


def locate(m: Market, account: int, lots: int, instrument: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.LOCATE, lots, account=account, instrument=instrument, request=7)


def set_rates(m: Market, debit: int, credit: int, days: int = 360, currency: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SET_RATES, currency, debit, credit, days)


def accrue(m: Market, date: int = DAY, days: int = 1) -> list[SimpleNamespace]:
    return m.admin(CommandKind.ACCRUE, date, days, request=9)


def dividend(m: Market, amount: int, reference: int = 0, instrument: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.DIVIDEND, amount, reference, instrument=instrument, request=11)


def pay(m: Market, reference: int = 0, instrument: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.PAY_DIVIDEND, 0, reference, instrument=instrument, request=12)


def split(m: Market, new: int, old: int, price: int = 0, instrument: int = 0) -> list[SimpleNamespace]:
    return m.admin(CommandKind.SPLIT, new, old, price, instrument=instrument, request=13)


def refused(events: list[Any]) -> tuple[str, int, int, int, int]:
    """Of the one reject: its check, limit, value, headroom, and the index of the value."""
    (reject,) = [event for event in events if hasattr(event, "check")]
    index = reject.client_order_id if reject.kind == EventKind.ADMIN_REJECTED else 0
    return Check(reject.check).name, reject.limit, reject.value, reject.headroom, index


def charged(events: list[Any]) -> list[tuple[int, int, str, int, int]]:
    """Account, instrument, house account, amount and reference of each CHARGED."""
    return [
        (e.account, e.instrument, HouseAccount(e.reason).name, e.price, e.trade_id)
        for e in events
        if e.kind == EventKind.CHARGED
    ]


def located(m: Market) -> dict[tuple[int, int], tuple[int, int]]:
    """By account and instrument: lots that are located, and short."""
    return {(r.account, r.instrument): (r.located, r.short) for r in plain(m.core.locates(), wire.LOCATE_ROW)}


def borrow_of(m: Market, instrument: int = 0) -> tuple[int, int, int, int]:
    """Borrow, fee, inventory, lent."""
    row = next(r for r in plain(m.core.borrows(), wire.BORROW_ROW) if r.instrument == instrument)
    return row.borrow, row.fee, row.inventory, row.lent


def dues(core: Core) -> dict[tuple[int, int], int]:
    return {(row.account, row.instrument): row.due for row in plain(core.dues(), wire.DUE_ROW)}


def house(m: Market) -> dict[str, int]:
    rows = plain(m.core.house(), wire.HOUSE_ROW)
    return {HouseAccount(row.house).name: (row.balance_high << 64) + row.balance for row in rows}


def cash(m: Market, account: int) -> int:
    return next(row.cash for row in plain(m.core.accounts(), wire.ACCOUNT_ROW) if row.account == account)


def position(m: Market, account: int, instrument: int = 0) -> SimpleNamespace:
    rows = plain(m.core.positions(account), wire.POSITION_ROW)
    return next(row for row in rows if row.instrument == instrument)


def instrument_row(m: Market, instrument: int = 0) -> SimpleNamespace:
    return next(r for r in plain(m.core.instruments(), wire.INSTRUMENT_ROW) if r.instrument == instrument)


def check_snapshot(core: Core) -> None:
    """What was saved goes on as what it was saved from, and says the same of all of this."""
    again = Core.restore(core.snapshot())
    assert again.state_hash() == core.state_hash()
    for rows in ("borrows", "locates", "rates", "dues", "risk", "desks", "limits"):
        assert getattr(again, rows)() == getattr(core, rows)(), rows
    assert again.accrue_date == core.accrue_date
