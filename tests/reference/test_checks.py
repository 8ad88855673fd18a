"""Every check with its limit, value and headroom, and that they come in their order."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AccountState,
    Check,
    EventKind,
    InstrumentState,
    OrderFlag,
    OrderType,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.checks import ORDER_FLAGS
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import REJECTS

SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
BIG = (1 << 63) - 1
MARKET = {"order_type": OrderType.MARKET}


def limits(**fields: Any) -> Command:
    """Account 0 with other limits."""
    return ask.account(0, **fields)


def collar(**fields: Any) -> Command:
    """Instrument 0 around a reference price of 1000 with 10 percent, ticks of 5, unless said otherwise."""
    said = {"tick_size": 5, "reference_price": 1000, "collar_bps": 1000} | fields
    return ask.instrument(0, **said)


# What was done before, the order, then check, limit, value, headroom. A lot at price 1 costs 100; account 0 has 10,000.
ORDERS: list[tuple[str, list[Command], Command, tuple[int, int, int, int]]] = [
    ("1", [], ask.buy(5, 1, 1, 1), (Check.ACCOUNT, 0, 5, 0)),
    ("1 any", [], ask.buy(wire.ANY, 1, 1, 1), (Check.ACCOUNT, 0, wire.ANY, 0)),
    ("2", [], ask.buy(0, 0, 1, 1), (Check.CLIENT_ORDER_ID, 1, 0, 0)),
    ("4", [], ask.buy(0, 1, 1, 1, instrument=3), (Check.INSTRUMENT, 0, 3, 0)),
    ("5", [], ask.order(0, 1, 2, 1, 1), (Check.SIDE, 1, 2, 0)),
    ("6", [], ask.buy(0, 1, 1, 1, order_type=7), (Check.ORDER_TYPE, 6, 7, 0)),
    ("7", [], ask.buy(0, 1, 1, 1, tif=8), (Check.TIME_IN_FORCE, 7, 8, 0)),
    ("8", [], ask.buy(0, 1, 1, 1, self_trade=5), (Check.SELF_TRADE_MODE, 4, 5, 0)),
    ("9", [], ask.buy(0, 1, 1, 1, flags=3), (Check.FLAGS, ORDER_FLAGS, 3, 0)),
    ("9 unknown bit", [], ask.buy(0, 1, 1, 1, flags=4), (Check.FLAGS, ORDER_FLAGS, 4, 0)),
    ("10 ioc", [], ask.buy(0, 1, 1, 1, flags=1, tif=2), (Check.TIME_IN_FORCE, 1, 2, 0)),
    ("10 fok", [], ask.buy(0, 1, 1, 1, flags=1, tif=3), (Check.TIME_IN_FORCE, 1, 3, 0)),
    ("10 market", [], ask.buy(0, 1, 1, 1, flags=1, tif=0, **MARKET), (Check.TIME_IN_FORCE, 1, 0, 0)),
    ("11", [ask.account_state(0, AccountState.BLOCKED)], ask.buy(0, 1, 1, 1), (Check.ACCOUNT_STATE, 0, 1, 0)),
    ("12", [ask.instrument_state(0, InstrumentState.HALTED)], ask.buy(0, 1, 1, 1), (Check.INSTRUMENT_STATE, 1, 2, 0)),
    ("12 closed", [ask.instrument(1)], ask.buy(0, 1, 1, 1, instrument=1), (Check.INSTRUMENT_STATE, 1, 0, 0)),
    ("14", [], ask.buy(0, 1, 1, 0), (Check.QTY, 1, 0, 0)),
    ("15 account", [limits(max_order_qty=7)], ask.buy(0, 1, 1, 8), (Check.ORDER_QTY, 7, 8, 7)),
    (
        "15 instrument",
        [limits(max_order_qty=9), ask.instrument(0, max_order_qty=7)],
        ask.buy(0, 1, 1, 8),
        (Check.ORDER_QTY, 7, 8, 7),
    ),
    ("15 most", [], ask.buy(0, 1, 1, 1 << 31), (Check.ORDER_QTY, wire.MAX_QTY, 1 << 31, wire.MAX_QTY)),
    ("16 zero", [], ask.buy(0, 1, 0, 1), (Check.PRICE, wire.MAX_PRICE, 0, 0)),
    ("16 negative", [], ask.sell(0, 1, -5, 1), (Check.PRICE, wire.MAX_PRICE, -5, 0)),
    ("16 most", [], ask.buy(0, 1, wire.MAX_PRICE + 1, 1), (Check.PRICE, wire.MAX_PRICE, wire.MAX_PRICE + 1, 0)),
    ("17", [collar()], ask.buy(0, 1, 1001, 1), (Check.TICK_SIZE, 5, 1001, 0)),
    ("18 buy", [collar()], ask.buy(0, 1, 1105, 1), (Check.PRICE_COLLAR, 1100, 1105, 0)),
    ("18 sell", [collar()], ask.sell(0, 1, 895, 1), (Check.PRICE_COLLAR, 900, 895, 0)),
    ("18 truncates", [collar(reference_price=1009)], ask.sell(0, 1, 905, 1), (Check.PRICE_COLLAR, 909, 905, 0)),
    ("18 is 1 at least", [collar(collar_bps=10_000)], ask.buy(0, 1, 2005, 1), (Check.PRICE_COLLAR, 2000, 2005, 0)),
    ("19 account", [limits(max_order_notional=1000)], ask.buy(0, 1, 4, 3), (Check.ORDER_NOTIONAL, 1000, 1200, 1000)),
    (
        "19 instrument",
        [limits(max_order_notional=2000), ask.instrument(0, max_order_notional=999)],
        ask.sell(0, 1, 5, 2),
        (Check.ORDER_NOTIONAL, 999, 1000, 999),
    ),
    (
        "19 most",
        [],
        ask.buy(0, 1, wire.MAX_PRICE, 21),
        (Check.ORDER_NOTIONAL, wire.MAX_NOTIONAL, wire.MAX_PRICE * 2100, wire.MAX_NOTIONAL),
    ),
    (
        "19 beyond 64 bits",
        [ask.instrument(0, lot_size=1 << 20)],
        ask.buy(0, 1, wire.MAX_PRICE, wire.MAX_QTY),
        (Check.ORDER_NOTIONAL, wire.MAX_NOTIONAL, BIG, wire.MAX_NOTIONAL),
    ),
    (
        "19 market",
        [collar(), limits(max_order_notional=200_000)],
        ask.buy(0, 1, 1, 2, **MARKET),
        (Check.ORDER_NOTIONAL, 200_000, 220_000, 200_000),
    ),
    (
        "20",
        [limits(max_open_orders=2), ask.buy(0, 1, 1, 1), ask.buy(0, 2, 1, 1)],
        ask.buy(0, 3, 1, 1, tif=TimeInForce.IOC),
        (Check.OPEN_ORDERS, 2, 3, 0),
    ),
    (
        "22 buy",
        [limits(max_position=20), ask.shares(0, 0, 5), ask.buy(0, 1, 1, 8)],
        ask.buy(0, 2, 1, 8),
        (Check.POSITION_LIMIT, 20, 21, 7),
    ),
    (
        "22 sell",
        [limits(max_position=20, flags=SHORT), ask.shares(0, 0, 5), ask.sell(0, 1, 1, 8)],
        ask.sell(0, 2, 1, 18),
        (Check.POSITION_LIMIT, 20, 21, 17),
    ),
    (
        "22 beyond already",
        [ask.shares(0, 0, 50), limits(max_position=20)],
        ask.buy(0, 2, 1, 8),
        (Check.POSITION_LIMIT, 20, 58, 0),
    ),
    ("23", [ask.shares(0, 0, 5), ask.sell(0, 1, 1, 3)], ask.sell(0, 2, 1, 3), (Check.SHORT_SALE, 2, 3, 2)),
    (
        "23 oversold already",
        [limits(flags=SHORT), ask.sell(0, 1, 1, 3), limits(flags=0)],
        ask.sell(0, 2, 1, 1),
        (Check.SHORT_SALE, 0, 1, 0),
    ),
    ("24", [ask.buy(0, 1, 60, 1)], ask.buy(0, 2, 41, 1), (Check.BUYING_POWER, 4000, 4100, 4000)),
    ("24 market", [collar()], ask.buy(0, 1, 1, 1, **MARKET), (Check.BUYING_POWER, 10_000, 110_000, 10_000)),
    ("25 at the best", [ask.sell(1, 1, 50, 1)], ask.buy(0, 1, 50, 1, flags=1), (Check.POST_ONLY, 50, 50, 0)),
    ("25 buy", [ask.sell(1, 1, 50, 1)], ask.buy(0, 1, 52, 1, flags=1), (Check.POST_ONLY, 50, 52, 0)),
    (
        "25 sell",
        [limits(flags=SHORT), ask.buy(1, 1, 50, 1)],
        ask.sell(0, 1, 50, 1, flags=1),
        (Check.POST_ONLY, 50, 50, 0),
    ),
]


def prepared(desk: Desk, before: list[Command]) -> Desk:
    """Accounts 0 (10,000 in cash) and 1, which may sell short; instrument 0 is open."""
    desk.do(ask.configure(), ask.instrument(0), ask.instrument_state(0, InstrumentState.OPEN))
    desk.do(ask.account(0), ask.deposit(0, 10_000), ask.account(1, flags=SHORT), ask.deposit(1, 10_000))
    for command in before:
        assert desk.one(command).kind not in REJECTS
    return desk


@pytest.mark.parametrize(("before", "command", "expected"), [row[1:] for row in ORDERS], ids=[row[0] for row in ORDERS])
def test_order_is_refused(
    desk: Desk, before: list[Command], command: Command, expected: tuple[int, int, int, int]
) -> None:
    prepared(desk, before)
    accounts, positions, orders = desk.market.accounts(), desk.market.positions(), desk.market.orders()
    refused = desk.one(command)
    assert refused.kind == EventKind.REJECTED
    assert (refused.check, refused.limit, refused.value, refused.headroom) == expected
    for name in ("account", "instrument", "side", "qty", "order_id", "client_order_id"):
        assert getattr(refused, name) == command.fields.get(name, 0), name
    assert desk.market_data == []
    assert (desk.market.positions(), desk.market.orders()) == (positions, orders)
    if refused.check == Check.ACCOUNT:
        assert (refused.account_seq, desk.market.accounts()) == (0, accounts)
    else:
        assert refused.account_seq == desk.account(0).account_seq > 0


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ([limits(max_order_qty=7)], ask.buy(0, 1, 1, 7)),
        ([collar()], ask.buy(0, 1, 5, 1)),
        ([collar(), limits(flags=SHORT)], ask.sell(0, 1, 5000, 1)),
        ([collar(), limits(flags=SHORT)], ask.sell(0, 1, 900, 1)),
        ([limits(max_order_notional=1200)], ask.buy(0, 1, 4, 3)),
        ([ask.buy(0, 1, 60, 1)], ask.buy(0, 2, 40, 1)),
        ([ask.shares(0, 0, 5), ask.sell(0, 1, 1, 3)], ask.sell(0, 2, 1, 2)),
        ([limits(max_position=20), ask.shares(0, 0, 5), ask.buy(0, 1, 1, 8)], ask.buy(0, 2, 1, 7)),
        ([ask.sell(1, 1, 50, 1)], ask.buy(0, 1, 49, 1, flags=OrderFlag.POST_ONLY)),
        ([limits(flags=CREDIT)], ask.buy(0, 1, 1 << 40, 80)),
    ],
)
def test_order_at_the_limit_is_taken(desk: Desk, before: list[Command], command: Command) -> None:
    prepared(desk, before)
    assert desk.do(command)[0].kind == EventKind.ACCEPTED


def test_the_collar_follows_the_trades(desk: Desk) -> None:
    prepared(desk, [ask.instrument(0, reference_price=1000, collar_bps=1000), limits(flags=CREDIT)])
    assert desk.one(ask.buy(0, 1, 1101, 1)).limit == 1100
    desk.do(ask.sell(1, 1, 1100, 1), ask.buy(0, 2, 1100, 1))
    assert desk.one(ask.buy(0, 3, 1211, 1)).limit == 1210
    assert desk.one(ask.sell(1, 2, 989, 1)).limit == 990


def test_credit_reaches_down_to_the_least_cash(desk: Desk) -> None:
    prepared(desk, [limits(flags=CREDIT), ask.deposit(0, -wire.MAX_CASH)])
    refused = desk.one(ask.buy(0, 1, 101, 1))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (
        Check.BUYING_POWER,
        10_000,
        10_100,
        10_000,
    )


def test_orders_and_replaces_of_a_second_are_counted(desk: Desk) -> None:
    prepared(desk, [limits(max_messages=3)])
    second = 1_000_000_000
    assert desk.one(ask.buy(0, 1, 1, 5), after_ns=second).kind == EventKind.ACCEPTED
    assert desk.one(ask.buy(0, 2, 0, 5), after_ns=1).check == Check.PRICE  # counts
    assert desk.one(ask.order(0, 2, 9, 1, 5)).check == Check.SIDE  # does not get that far
    assert desk.one(ask.replace(0, 1, 1, 4), after_ns=1).kind == EventKind.REPLACED
    refused = desk.one(ask.buy(0, 2, 1, 5), after_ns=second - 3)
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.MESSAGE_RATE, 3, 4, 0)
    refused = desk.one(ask.replace(0, 1, 1, 3))
    assert (refused.kind, refused.check) == (EventKind.REPLACE_REJECTED, Check.MESSAGE_RATE)
    assert desk.one(ask.cancel(0, 9)).check == Check.UNKNOWN_ORDER  # cancels are not counted
    assert desk.one(ask.buy(0, 2, 1, 5), after_ns=1).kind == EventKind.ACCEPTED


def test_messages_are_counted_without_a_limit_too(desk: Desk) -> None:
    prepared(desk, [])
    desk.do(ask.buy(0, 1, 1, 1), ask.buy(0, 2, 1, 1), limits(max_messages=2))
    assert desk.one(ask.buy(0, 3, 1, 1)).value == 3


def small(desk: Desk, **capacity: int) -> Desk:
    desk.do(ask.configure(**capacity))
    for number in (0, 1):
        desk.do(ask.instrument(number), ask.instrument_state(number, InstrumentState.OPEN))
        desk.do(ask.account(number, flags=SHORT), ask.deposit(number, 10**12))
    return desk


def test_positions_run_out(desk: Desk) -> None:
    small(desk, positions=2)
    desk.do(ask.buy(0, 1, 5, 1), ask.shares(1, 1, 5))
    for command in (ask.buy(1, 1, 5, 1), ask.buy(0, 2, 5, 1, instrument=1), ask.shares(1, 0, 1, request=9)):
        refused = desk.one(command)
        assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.POSITION_CAPACITY, 2, 3, 0)
    assert desk.one(ask.sell(1, 1, 5, 1, instrument=1)).kind == EventKind.ACCEPTED
    desk.do(ask.configure(positions=3))
    assert desk.one(ask.buy(0, 2, 4, 1, instrument=1)).kind == EventKind.ACCEPTED


def test_order_slots_run_out(desk: Desk) -> None:
    small(desk, orders=2)
    desk.do(ask.buy(0, 1, 5, 1), ask.buy(0, 2, 5, 1))
    refused = desk.one(ask.sell(1, 1, 5, 1, tif=TimeInForce.IOC))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.ORDER_CAPACITY, 2, 3, 0)
    desk.do(ask.cancel(0, 1))
    assert desk.do(ask.sell(1, 1, 5, 1))[0].kind == EventKind.ACCEPTED


def test_pages_run_out(desk: Desk) -> None:
    small(desk, pages=3)
    assert desk.one(ask.buy(0, 1, 63, 1)).kind == EventKind.ACCEPTED
    assert desk.one(ask.buy(0, 2, 1, 1)).kind == EventKind.ACCEPTED  # the same page
    assert desk.one(ask.buy(0, 3, 64, 1)).kind == EventKind.ACCEPTED  # the next page
    assert desk.one(ask.sell(1, 1, 127, 1)).kind == EventKind.ACCEPTED  # the same page, the other side
    assert desk.one(ask.sell(1, 2, 128, 1)).kind == EventKind.ACCEPTED
    for command in (
        ask.buy(0, 4, 5, 1),
        ask.buy(0, 5, 64, 1, instrument=1),
        ask.sell(1, 4, 1, 1, tif=TimeInForce.IOC),
        ask.replace(0, 1, 63, 1),
    ):
        refused = desk.one(command)
        assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.LEVEL_CAPACITY, 3, 4, 0)
    desk.do(ask.cancel(0, 1))
    assert desk.one(ask.buy(0, 4, 5, 1)).check == Check.LEVEL_CAPACITY  # order 2 keeps the page
    desk.do(ask.cancel(0, 2))
    assert desk.one(ask.buy(0, 4, 65, 1)).kind == EventKind.ACCEPTED
