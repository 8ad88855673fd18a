"""Every check of an order: what it refuses, with limit, value and headroom, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AccountState,
    Check,
    CommandKind,
    EventKind,
    InstrumentState,
    OrderFlag,
    OrderType,
    Rule,
    TimeInForce,
)

from tests.ext.market import BUY, CASH, DAY, FOK, GTC, IOC, SELL, A, B, Market
from tests.reference.checks import ORDER_FLAGS

ORDER: dict[str, Any] = {"account": A, "side": BUY, "price": 1000, "qty": 10, "tif": GTC, "client_order_id": 7}
POST = OrderFlag.POST_ONLY


def block(m: Market) -> None:
    m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.BLOCKED)


def halt(m: Market) -> None:
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.HALTED)


def used_id(m: Market) -> None:
    m.buy(A, 500, 3, client_order_id=7)


def rate(m: Market) -> None:
    m.limits(A, -1, -1, -1, -1, 1)
    m.buy(A, 500, 1, client_order_id=1)


def open_orders(m: Market) -> None:
    m.limits(A, -1, -1, -1, 1)
    m.buy(A, 500, 1, client_order_id=1)


def collar(m: Market) -> None:
    m.instrument(0, -1, -1, 900, 1000)


def offer(m: Market) -> None:
    m.sell(B, 995, 5)


def shares(m: Market) -> None:
    m.admin(CommandKind.DEPOSIT_SHARES, 15, 1, account=A, instrument=0)
    m.sell(A, 5000, 9, client_order_id=1)


def position(m: Market) -> None:
    m.limits(A, -1, -1, 30)
    m.buy(A, 500, 21, client_order_id=1)


def hold(m: Market) -> None:
    m.admin(CommandKind.DEPOSIT, 999_999 - CASH, account=A)


NOTHING = lambda m: None  # noqa: E731
CASES: list[tuple[Any, dict[str, Any], Check, int, int, int]] = [
    (NOTHING, {"account": 0}, Check.ACCOUNT, 0, 0, 0),
    (NOTHING, {"account": 99}, Check.ACCOUNT, 0, 99, 0),
    (NOTHING, {"client_order_id": 0}, Check.CLIENT_ORDER_ID, 1, 0, 0),
    (used_id, {}, Check.DUPLICATE_ID, 0, 7, 0),
    (NOTHING, {"instrument": 9}, Check.INSTRUMENT, 0, 9, 0),
    (NOTHING, {"side": 2}, Check.SIDE, 1, 2, 0),
    (NOTHING, {"order_type": 7}, Check.ORDER_TYPE, 6, 7, 0),
    (NOTHING, {"order_type": OrderType.STOP}, Check.COMBINATION, Rule.STOP_PRICE, 0, 0),
    (NOTHING, {"tif": 8}, Check.TIME_IN_FORCE, 7, 8, 0),
    (NOTHING, {"tif": TimeInForce.GTD}, Check.COMBINATION, Rule.EXPIRE, 0, 0),
    (NOTHING, {"self_trade": 5}, Check.SELF_TRADE_MODE, 4, 5, 0),
    (NOTHING, {"flags": 3}, Check.FLAGS, ORDER_FLAGS, 3, 0),
    (NOTHING, {"flags": POST, "tif": IOC}, Check.TIME_IN_FORCE, 1, 2, 0),
    (NOTHING, {"flags": POST, "tif": FOK}, Check.TIME_IN_FORCE, 1, 3, 0),
    (NOTHING, {"flags": POST, "order_type": OrderType.MARKET, "tif": DAY}, Check.TIME_IN_FORCE, 1, 0, 0),
    (block, {}, Check.ACCOUNT_STATE, 0, 1, 0),
    (NOTHING, {"instrument": 1}, Check.INSTRUMENT_STATE, 1, 0, 0),
    (halt, {}, Check.INSTRUMENT_STATE, 1, 2, 0),
    (rate, {}, Check.MESSAGE_RATE, 1, 2, 0),
    (NOTHING, {"qty": 0}, Check.QTY, 1, 0, 0),
    (NOTHING, {"qty": wire.MAX_QTY + 1}, Check.ORDER_QTY, wire.MAX_QTY, wire.MAX_QTY + 1, wire.MAX_QTY),
    (lambda m: m.limits(A, 9), {}, Check.ORDER_QTY, 9, 10, 9),
    (lambda m: m.instrument(0, -1, -1, -1, -1, 8), {}, Check.ORDER_QTY, 8, 10, 8),
    (NOTHING, {"price": 0}, Check.PRICE, wire.MAX_PRICE, 0, 0),
    (NOTHING, {"price": -5}, Check.PRICE, wire.MAX_PRICE, -5, 0),
    (NOTHING, {"price": wire.MAX_PRICE + 1}, Check.PRICE, wire.MAX_PRICE, wire.MAX_PRICE + 1, 0),
    (NOTHING, {"price": 1001}, Check.TICK_SIZE, 5, 1001, 0),
    (collar, {}, Check.PRICE_COLLAR, 990, 1000, 0),
    (collar, {"side": SELL, "price": 805}, Check.PRICE_COLLAR, 810, 805, 0),
    (lambda m: m.limits(A, -1, 999_999), {}, Check.ORDER_NOTIONAL, 999_999, 1_000_000, 999_999),
    (lambda m: m.instrument(0, -1, -1, -1, -1, -1, 77), {}, Check.ORDER_NOTIONAL, 77, 1_000_000, 77),
    (open_orders, {}, Check.OPEN_ORDERS, 1, 2, 0),
    (position, {}, Check.POSITION_LIMIT, 30, 31, 9),
    (shares, {"side": SELL}, Check.SHORT_SALE, 6, 10, 6),
    (NOTHING, {"side": SELL}, Check.SHORT_SALE, 0, 10, 0),
    (hold, {}, Check.BUYING_POWER, 999_999, 1_000_000, 999_999),
    (offer, {"flags": POST}, Check.POST_ONLY, 995, 1000, 0),
]


@pytest.mark.parametrize(("before", "fields", "check", "limit", "value", "headroom"), CASES)
def test_refused(before: Any, fields: dict[str, Any], check: Check, limit: int, value: int, headroom: int) -> None:
    m = Market()
    before(m)
    rows = (m.core.positions(), m.core.instruments(), m.orders())
    accounts = {row.account: row for row in (m.account(A), m.account(B))}
    [reject] = m.new(**(ORDER | fields))
    assert (reject.kind, Check(reject.check)) == (EventKind.REJECTED, check)
    assert (reject.limit, reject.value, reject.headroom) == (limit, value, headroom)
    sent = ORDER | fields
    assert [reject.account, reject.side, reject.qty] == [sent["account"], sent["side"], sent["qty"]]
    assert reject.client_order_id == sent["client_order_id"]
    assert (m.core.positions(), m.core.instruments(), m.orders()) == rows
    known = sent["account"] == A
    assert reject.account_seq == (accounts[A].account_seq + 1 if known else 0)
    accounts[A].account_seq += known
    assert [m.account(A), m.account(B)] == [accounts[A], accounts[B]]


def test_limits_allow_what_reaches_them() -> None:
    m = Market()
    m.limits(A, 10, 1_000_000, 30, 2, 2)
    m.instrument(0, -1, -1, 1000, 1000, 10, 1_000_000)
    m.admin(CommandKind.DEPOSIT, 2_000_000 - CASH, account=A)
    assert [event.kind for event in m.buy(A, 1000, 10)] == [EventKind.ACCEPTED]
    assert [event.kind for event in m.buy(A, 1000, 10)] == [EventKind.ACCEPTED]
    assert m.account(A).hold == 2_000_000


def test_rate_window_starts_anew_after_a_second() -> None:
    m = Market()
    m.limits(A, -1, -1, -1, -1, 2)
    for expected in (EventKind.ACCEPTED, EventKind.ACCEPTED, EventKind.REJECTED, EventKind.REJECTED):
        assert m.buy(A, 500, 1)[0].kind == expected
    m.ts_ns += 999_999_999
    assert m.buy(A, 500, 1)[0].kind == EventKind.REJECTED
    m.ts_ns += 1
    assert m.buy(A, 500, 1)[0].kind == EventKind.ACCEPTED


def test_the_first_rate_window_ends_with_the_first_second_of_time() -> None:
    m = Market(ts_ns=0)
    m.limits(A, -1, -1, -1, -1, 1)
    for ts_ns, expected in ((5, "ACCEPTED"), (999_999_999, "REJECTED"), (1_000_000_000, "ACCEPTED")):
        m.ts_ns = ts_ns
        assert m.buy(A, 500, 1)[0].kind == EventKind[expected]
    m.ts_ns = 2**63 - 1
    assert m.buy(A, 500, 1)[0].kind == EventKind.ACCEPTED
    assert m.buy(A, 500, 1)[0].kind == EventKind.REJECTED


def test_rejects_that_reach_the_rate_check_count_and_cancels_do_not() -> None:
    m = Market()
    m.limits(A, -1, -1, -1, -1, 2)
    [accepted] = m.buy(A, 500, 1)
    assert m.buy(A, 501, 1)[0].check == Check.TICK_SIZE
    assert m.cancel(A, accepted.order_id)[0].kind == EventKind.CANCELED
    assert m.buy(A, 500, 1)[0].check == Check.MESSAGE_RATE


@pytest.mark.parametrize(
    ("side", "reference", "collar_bps", "price"),
    [
        (BUY, 1003, 1000, 1100),  # 1103 down to a tick
        (SELL, 1003, 1000, 905),  # 903 up to a tick
        (BUY, 0, 1000, wire.MAX_PRICE // 5 * 5),
        (SELL, 0, 0, 5),
        (BUY, 3, 1000, 5),  # below one tick: one tick
    ],
)
def test_market_order_goes_to_the_collar(side: int, reference: int, collar_bps: int, price: int) -> None:
    m = Market()
    m.instrument(0, -1, -1, reference, collar_bps)
    accepted, canceled = m.new(B, side, 0, 1, order_type=OrderType.MARKET, tif=DAY)
    assert (accepted.kind, accepted.price) == (EventKind.ACCEPTED, price)
    assert (canceled.kind, canceled.reason, canceled.qty) == (EventKind.CANCELED, wire.CancelReason.IOC, 1)


def test_credit_goes_below_zero_as_far_as_cash_goes() -> None:
    m = Market()
    m.limits(A, flags=AccountFlag.CREDIT_UNLIMITED)
    m.sell(B, 1000, 100)
    m.admin(CommandKind.DEPOSIT, -CASH - 5, account=A)
    assert [event.kind for event in m.buy(A, 1000, 100)] == [EventKind.ACCEPTED, EventKind.FILL, EventKind.FILL]
    assert m.account(A).cash == -5 - 10_000_000
    m.admin(CommandKind.DEPOSIT, -wire.MAX_CASH + 5 + 10_000_000 + 99, account=A)
    [reject] = m.buy(A, 5, 1)
    assert (reject.check, reject.limit, reject.value) == (Check.BUYING_POWER, 99, 500)


def test_credit_of_the_largest_account_is_counted_without_overflow() -> None:
    m = Market()
    m.limits(A, flags=AccountFlag.CREDIT_UNLIMITED)
    m.admin(CommandKind.DEPOSIT, wire.MAX_CASH - CASH, account=A)
    assert m.buy(A, 1000, 1)[0].kind == EventKind.ACCEPTED


def test_notional_beyond_64_bits_is_refused_at_its_largest() -> None:
    m = Market()
    m.instrument(1, -1, 1 << 20)
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=1, state=InstrumentState.OPEN)
    [reject] = m.buy(A, wire.MAX_PRICE, wire.MAX_QTY, instrument=1)
    assert (reject.check, reject.limit, reject.value) == (Check.ORDER_NOTIONAL, wire.MAX_NOTIONAL, 2**63 - 1)
