"""Commands of operators: what they set, what they refuse and how."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, AccountState, Check, EventKind, InstrumentState

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk

SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
MOST = wire.MAX_CASH
SHARES = 1 << 40
VALUE = Check.VALUE


def values(first: Command, **changed: int) -> Command:
    """The command with other values."""
    return Command(first.fields | changed)


CONFIGURED = ask.configure()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (values(CONFIGURED, value0=0), (0, 1, 0)),
        (values(CONFIGURED, value0=(1 << 24) + 1), (0, 1 << 24, (1 << 24) + 1)),
        (values(CONFIGURED, value1=-1), (1, 1, -1)),
        (values(CONFIGURED, value2=1 << 31), (2, (1 << 31) - 1, 1 << 31)),
        (values(CONFIGURED, value3=(1 << 25) + 1), (3, 1 << 25, (1 << 25) + 1)),
        (values(CONFIGURED, value4=1 << 31), (4, (1 << 31) - 1, 1 << 31)),
        (values(CONFIGURED, value5=(1 << 28) + 1), (5, 1 << 28, (1 << 28) + 1)),
        (values(CONFIGURED, value6=1), (6, 2, 1)),
        (values(CONFIGURED, value6=8192), (6, 4096, 8192)),
        (values(CONFIGURED, value6=3), (6, 4096, 3)),
    ],
)
def test_capacities_out_of_range(desk: Desk, command: Command, expected: tuple[int, int, int]) -> None:
    refused = desk.one(command)
    assert (refused.kind, refused.check) == (EventKind.ADMIN_REJECTED, VALUE)
    assert (refused.client_order_id, refused.limit, refused.value) == expected
    assert (refused.headroom, refused.account_seq, refused.qty) == (0, 0, 1)
    with pytest.raises(ValueError):  # nothing else is taken yet
        desk.do(ask.note())
    desk.seq -= 1
    assert desk.one(CONFIGURED).kind == EventKind.CONFIGURED


def test_capacities_only_grow(desk: Desk) -> None:
    desk.do(CONFIGURED)
    present = [CONFIGURED.fields[f"value{index}"] for index in range(7)]
    for index in range(5):
        refused = desk.one(values(CONFIGURED, **{f"value{index}": present[index] - 1}))
        assert (refused.client_order_id, refused.limit, refused.value) == (index, present[index], present[index] - 1)
    for index in (5, 6):
        refused = desk.one(values(CONFIGURED, **{f"value{index}": present[index] * 2}))
        assert (refused.client_order_id, refused.limit, refused.value) == (index, present[index], present[index] * 2)
    assert desk.one(ask.account(present[0])).check == Check.CAPACITY
    assert desk.one(values(CONFIGURED, value0=present[0] + 1)).kind == EventKind.CONFIGURED
    assert desk.one(ask.account(present[0])).kind == EventKind.ACCOUNT_SET


FRESH = ask.instrument(1)
KNOWN = ask.instrument(0, -1, -1, -1, -1, -1, -1, -1, name=b"")
ACCOUNT = ask.account(2)
KNOWN_ACCOUNT = ask.account(0, -1, -1, -1, -1, -1, flags=255, name=b"")

# What was done before, the command, then check, index, limit, value, headroom. Account 0 has 10,000 in cash.
REFUSED: list[tuple[str, list[Command], Command, tuple[int, int, int, int, int]]] = [
    ("instrument id", [], ask.instrument(4, tick_size=0), (Check.CAPACITY, 0, 4, 4, 0)),
    ("instrument any", [], ask.instrument(wire.ANY), (Check.CAPACITY, 0, 4, wire.ANY, 0)),
    ("tick 0", [], values(FRESH, value0=0), (VALUE, 0, 1, 0, 0)),
    ("tick keep", [], values(FRESH, value0=-1), (VALUE, 0, 1, -1, 0)),
    ("tick most", [], values(FRESH, value0=(1 << 20) + 1), (VALUE, 0, 1 << 20, (1 << 20) + 1, 0)),
    ("lot", [], values(FRESH, value1=(1 << 20) + 1), (VALUE, 1, 1 << 20, (1 << 20) + 1, 0)),
    ("reference", [], values(FRESH, value2=1 << 42), (VALUE, 2, wire.MAX_PRICE, 1 << 42, 0)),
    ("reference keep", [], values(FRESH, value2=-1), (VALUE, 2, 0, -1, 0)),
    ("collar", [], values(FRESH, value3=10_001), (VALUE, 3, 10_000, 10_001, 0)),
    ("order qty", [], values(FRESH, value4=1 << 31), (VALUE, 4, wire.MAX_QTY, 1 << 31, 0)),
    ("notional", [], values(FRESH, value5=wire.MAX_NOTIONAL + 1), (VALUE, 5, 1 << 53, (1 << 53) + 1, 0)),
    ("first value first", [], values(FRESH, value1=0, value3=-2, name=b""), (VALUE, 1, 1, 0, 0)),
    ("known, below keep", [], values(KNOWN, value2=-2), (VALUE, 2, 0, -2, 0)),
    ("no symbol", [], values(FRESH, name=b""), (Check.NAME, 0, 0, 1, 0)),
    ("symbol in use", [ask.instrument(2)], values(FRESH, name=b"SYM2"), (Check.NAME, 0, 2, 1, 0)),
    ("new symbol in use", [ask.instrument(2)], values(KNOWN, name=b"SYM2"), (Check.NAME, 0, 2, 0, 0)),
    ("tick with orders", [ask.buy(0, 1, 1, 1)], values(KNOWN, value0=2), (VALUE, 0, 1, 2, 0)),
    ("lot with orders", [ask.buy(0, 1, 1, 1)], values(KNOWN, value1=2), (VALUE, 1, 1, 2, 0)),
    ("tick after trades", [ask.buy(0, 1, 1, 1), ask.sell(1, 1, 1, 1)], values(KNOWN, value0=2), (VALUE, 0, 1, 2, 0)),
    ("state of no instrument", [], ask.instrument_state(3, 9), (Check.INSTRUMENT, 0, 0, 3, 0)),
    ("instrument state", [], ask.instrument_state(0, 4), (VALUE, 0, 3, 4, 0)),
    ("account id", [], ask.account(8), (Check.CAPACITY, 0, 8, 8, 0)),
    ("account order qty", [], values(ACCOUNT, value0=-1), (VALUE, 0, 0, -1, 0)),
    ("account notional", [], values(ACCOUNT, value1=1 << 54), (VALUE, 1, 1 << 53, 1 << 54, 0)),
    ("position", [], values(ACCOUNT, value2=SHARES + 1), (VALUE, 2, SHARES, SHARES + 1, 0)),
    ("open orders", [], values(KNOWN_ACCOUNT, value3=1 << 31), (VALUE, 3, (1 << 31) - 1, 1 << 31, 0)),
    ("messages", [], values(KNOWN_ACCOUNT, value4=1 << 31), (VALUE, 4, (1 << 31) - 1, 1 << 31, 0)),
    ("flags", [], values(KNOWN_ACCOUNT, flags=4), (VALUE, 8, 3, 4, 0)),
    ("flags keep", [], values(ACCOUNT, flags=255), (VALUE, 8, 3, 255, 0)),
    ("no name", [], values(ACCOUNT, name=b""), (Check.NAME, 0, 0, 2, 0)),
    ("name in use", [], values(ACCOUNT, name=b"account 1"), (Check.NAME, 0, 1, 2, 0)),
    ("state of no account", [], ask.account_state(5, 0), (Check.ACCOUNT, 0, 0, 5, 0)),
    ("account state", [], ask.account_state(0, 4), (VALUE, 0, 3, 4, 0)),
    ("deposit to no account", [], ask.deposit(5, 0), (Check.ACCOUNT, 0, 0, 5, 0)),
    ("deposit of nothing", [], ask.deposit(0, 0), (VALUE, 0, 1, 0, 0)),
    ("deposit too large", [], ask.deposit(0, MOST + 1), (VALUE, 0, MOST, MOST + 1, 0)),
    ("withdrawal too large", [], ask.deposit(0, -MOST - 1), (VALUE, 0, -MOST, -MOST - 1, 0)),
    ("deposit", [], ask.deposit(0, MOST - 9_999), (Check.CASH_RANGE, 0, MOST, MOST - 9_999, MOST - 10_000)),
    ("withdrawal", [ask.buy(0, 1, 60, 1)], ask.deposit(0, -4_001), (Check.CASH_RANGE, 0, 4_000, 4_001, 4_000)),
    (
        "withdrawal on credit",
        [ask.account(0, flags=CREDIT), ask.deposit(0, -MOST), ask.buy(0, 1, 60, 1)],
        ask.deposit(0, -4_001),
        (Check.CASH_RANGE, 0, MOST, -4_001, 4_000),
    ),
    ("shares of no account", [], ask.shares(5, 3, 0), (Check.ACCOUNT, 0, 0, 5, 0)),
    ("shares of no instrument", [], ask.shares(0, 3, 0), (Check.INSTRUMENT, 0, 0, 3, 0)),
    ("no shares", [], ask.shares(0, 0, 0, -1), (VALUE, 0, 1, 0, 0)),
    ("too many shares", [], ask.shares(0, 0, SHARES + 1), (VALUE, 0, SHARES, SHARES + 1, 0)),
    ("too few shares", [], ask.shares(0, 0, -SHARES - 1), (VALUE, 0, -SHARES, -SHARES - 1, 0)),
    ("negative cost", [], ask.shares(0, 0, 1, -1), (VALUE, 1, 0, -1, 0)),
    ("product", [], ask.shares(0, 0, 3, MOST // 3 + 1), (VALUE, 1, MOST, MOST // 3 + 1, 0)),
    ("cost so far", [ask.shares(0, 0, 1, MOST)], ask.shares(0, 0, 1, 1), (VALUE, 1, MOST, 1, 0)),
    ("takes what is not there", [], ask.shares(0, 0, -1), (VALUE, 0, 0, -1, 0)),
    ("takes what is for sale", [ask.shares(0, 0, 5), ask.sell(0, 1, 1, 2)], ask.shares(0, 0, -4), (VALUE, 0, 3, -4, 0)),
    (
        "takes what was oversold",
        [ask.shares(1, 0, 5), ask.sell(1, 1, 1, 9)],
        ask.shares(1, 0, -4),
        (VALUE, 0, 0, -4, 0),
    ),
    ("adds to a short", [ask.buy(0, 1, 1, 1), ask.sell(1, 1, 1, 1)], ask.shares(1, 0, 2), (VALUE, 0, 0, 2, 0)),
    ("schedule of the past", [], ask.schedule(1), (VALUE, 0, 1_700_000_000_000_000_000, 1, 0)),
    ("cancel of no account", [], ask.operator_cancel(5, 3), (Check.ACCOUNT, 0, 0, 5, 0)),
    ("cancel of no instrument", [], ask.operator_cancel(0, 3), (Check.INSTRUMENT, 0, 0, 3, 0)),
]


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_command_is_refused(
    desk: Desk, before: list[Command], command: Command, expected: tuple[int, int, int, int, int]
) -> None:
    desk.do(CONFIGURED, ask.instrument(0), ask.instrument_state(0, InstrumentState.OPEN))
    desk.do(ask.account(0), ask.deposit(0, 10_000), ask.account(1, flags=SHORT), ask.deposit(1, 10_000), *before)
    rows = (desk.market.accounts(), desk.market.positions(), desk.market.instruments(), desk.market.orders())
    refused = desk.one(Command(command.fields | {"request": 4711}))
    assert refused.kind == EventKind.ADMIN_REJECTED
    assert (refused.check, refused.client_order_id, refused.limit, refused.value, refused.headroom) == expected
    assert (refused.qty, refused.account_seq, refused.order_id, refused.side) == (4711, 0, 0, 0)
    assert refused.account == command.fields.get("account", 0)
    assert refused.instrument == command.fields.get("instrument", 0)
    assert rows == (desk.market.accounts(), desk.market.positions(), desk.market.instruments(), desk.market.orders())
    assert desk.market_data == []


def test_instruments_are_set_and_changed(desk: Desk) -> None:
    desk.do(CONFIGURED)
    event = desk.one(ask.instrument(2, 5, 10, 700, 100, 50, 60_000, name=b"ACME", request=8))
    assert (event.kind, event.instrument, event.qty, event.account_seq) == (EventKind.INSTRUMENT_SET, 2, 8, 0)
    row = desk.instrument(2)
    assert (row.state, row.tick_size, row.lot_size, row.reference_price) == (InstrumentState.CLOSED, 5, 10, 700)
    assert (row.collar_bps, row.max_order_qty, row.max_order_notional) == (100, 50, 60_000)
    assert (row.symbol.rstrip(b"\0"), row.currency.rstrip(b"\0")) == (b"ACME", b"USD")
    desk.do(values(KNOWN, instrument=2, value0=7))
    assert desk.instrument(2) == row._replace(tick_size=7)
    desk.do(values(KNOWN, instrument=2, value6=int.from_bytes(b"EUR", "little"), name=b"NEW"))
    row = desk.instrument(2)
    assert (row.symbol.rstrip(b"\0"), row.currency.rstrip(b"\0"), row.tick_size) == (b"NEW", b"EUR", 7)
    assert desk.one(values(KNOWN, instrument=2, name=b"NEW")).kind == EventKind.INSTRUMENT_SET  # its own name


def test_states_of_instruments_and_what_the_market_hears(desk: Desk) -> None:
    desk.do(CONFIGURED, ask.instrument(1, reference_price=77))
    for state in (1, 2, 2, 0):
        event = desk.one(ask.instrument_state(1, state, request=6))
        assert (event.kind, event.reason, event.instrument, event.qty) == (EventKind.INSTRUMENT_STATE, state, 1, 6)
        (record,) = desk.market_data
        assert (record.kind, record.state, record.instrument, record.price) == (wire.BookKind.STATUS, state, 1, 77)
        assert desk.instrument(1).state == state


def test_accounts_are_set_and_changed(desk: Desk) -> None:
    desk.do(CONFIGURED)
    event = desk.one(ask.account(3, 1, 2, 3, 4, 5, flags=SHORT, request=8))
    assert (event.kind, event.account, event.account_seq, event.qty) == (EventKind.ACCOUNT_SET, 3, 1, 8)
    row = desk.account(3)
    assert (row.state, row.flags, row.name.rstrip(b"\0")) == (AccountState.ACTIVE, SHORT, b"account 3")
    assert (row.max_order_qty, row.max_order_notional, row.max_position) == (1, 2, 3)
    assert (row.max_open_orders, row.max_messages) == (4, 5)
    assert desk.one(values(KNOWN_ACCOUNT, account=3, value2=0)).account_seq == 2
    assert desk.account(3) == row._replace(max_position=0, account_seq=2)
    desk.do(values(KNOWN_ACCOUNT, account=3, flags=CREDIT, name=b"x" * 32))
    assert (desk.account(3).flags, desk.account(3).name) == (CREDIT, b"x" * 32)


def test_deposits(desk: Desk) -> None:
    desk.do(CONFIGURED, ask.account(0), ask.instrument(0))
    event = desk.one(ask.deposit(0, 500, request=3))
    assert (event.kind, event.account, event.account_seq) == (EventKind.CASH, 0, 2)
    assert (event.price, event.trade_id, event.qty) == (500, 500, 3)
    event = desk.one(ask.deposit(0, -200))
    assert (event.price, event.trade_id, desk.account(0).cash) == (-200, 300, 300)
    event = desk.one(ask.shares(0, 0, 70, 9, request=4))
    assert (event.kind, event.account, event.instrument, event.account_seq) == (EventKind.SHARES, 0, 0, 4)
    assert (event.price, event.trade_id, event.qty) == (70, 70, 4)
    assert desk.position(0)[2:] == (70, 630, 0, 0, 0, 0)
    desk.do(ask.account(0, flags=CREDIT))
    assert desk.one(ask.deposit(0, -500)).trade_id == (1 << 64) - 200


def test_notes_and_schedules(desk: Desk) -> None:
    desk.do(CONFIGURED)
    event = desk.one(ask.note(request=9, operator=b"ops", reason=b"lunch"))
    assert (event.kind, event.qty, event.account_seq) == (EventKind.NOTED, 9, 0)
    event = desk.one(ask.schedule(desk.ts_ns + 1, request=2))
    assert (event.kind, event.price, event.qty) == (EventKind.SCHEDULE_SET, desk.ts_ns + 1, 2)


@pytest.mark.parametrize(
    "commands",
    [
        [ask.note().encode(1, 1)],
        [CONFIGURED.encode(2, 1)],
        [CONFIGURED.encode(1, 1), ask.note().encode(3, 1)],
        [CONFIGURED.encode(1, 1), ask.note().encode(1, 1)],
        [CONFIGURED.encode(1, 5), ask.note().encode(2, 4)],
        [CONFIGURED.encode(1, 1), ask.command(8).encode(2, 1)],
        [CONFIGURED.encode(1, 1), ask.command(0).encode(2, 1)],
        [CONFIGURED.encode(1, 1), ask.command(max(wire.CommandKind) + 1).encode(2, 1)],
        [CONFIGURED.encode(1, 1), ask.note().encode(2, 1)[:-1]],
        [CONFIGURED.encode(1, 1), ask.tick().encode(2, 1)[:10]],
    ],
)
def test_what_a_caller_gets_wrong_is_an_error_and_changes_nothing(market: Any, commands: list[bytes]) -> None:
    with pytest.raises(ValueError):
        market.apply(b"".join(commands), True)
    assert (market.seq, market.ts_ns, market.take_events()) == (0, 0, b"")
    assert market.apply(CONFIGURED.encode(1, 1)) == 1
    assert (market.seq, market.ts_ns) == (1, 1)
