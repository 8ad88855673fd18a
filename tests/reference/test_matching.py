"""Price, then time; times in force; self-trade prevention; sellers whose cash is at its end."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, CancelReason, EventFlag, EventKind, OrderType, SelfTrade, TimeInForce

from tests.reference import commands as ask
from tests.reference.desk import Desk

SHORT = AccountFlag.SHORT_ALLOWED
IOC, FOK, DAY = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.DAY
MARKET = {"order_type": OrderType.MARKET}


@pytest.fixture
def desk(market: Any) -> Desk:
    return Desk(market).open(flags=SHORT, accounts=3)


def told(events: list[Any]) -> list[tuple[Any, ...]]:
    """Kind, account, quantity, leaves; the price of a fill, the reason of a cancel."""
    found: list[tuple[Any, ...]] = []
    for event in events:
        more = {EventKind.FILL: ("price",), EventKind.CANCELED: ("reason",)}.get(event.kind, ())
        found.append(
            (EventKind(event.kind).name, event.account, event.qty, event.leaves, *(getattr(event, n) for n in more))
        )
    return found


def test_better_prices_first_then_earlier_orders(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 12, 5), ask.sell(0, 2, 11, 5), ask.sell(1, 3, 11, 5), ask.sell(1, 4, 13, 5))
    events = desk.do(ask.buy(2, 1, 12, 13))
    assert told(events) == [
        ("ACCEPTED", 2, 13, 13),
        ("FILL", 0, 5, 0, 11),
        ("FILL", 2, 5, 8, 11),
        ("FILL", 1, 5, 0, 11),
        ("FILL", 2, 5, 3, 11),
        ("FILL", 0, 3, 2, 12),
        ("FILL", 2, 3, 0, 12),
    ]
    assert [event.trade_id for event in events] == [0, 1, 1, 2, 2, 3, 3]
    assert [event.flags for event in events] == [0, EventFlag.MAKER, 0, EventFlag.MAKER, 0, EventFlag.MAKER, 0]
    assert [event.filled for event in events if event.account == 2] == [0, 5, 10, 13]
    assert [event.side for event in events] == [0, 1, 0, 1, 0, 1, 0]
    assert [(row.price, row.leaves, row.filled) for row in desk.orders()] == [(12, 2, 3), (13, 5, 0)]


@pytest.mark.parametrize("tif", [DAY, TimeInForce.GTC])
def test_the_rest_of_a_limit_order_rests(desk: Desk, tif: int) -> None:
    desk.do(ask.buy(0, 1, 10, 5))
    desk.do(ask.sell(1, 1, 10, 8, tif=tif), ask.sell(2, 1, 10, 1))
    rows = desk.orders(instrument=0)
    assert [(row.account, row.leaves, row.filled, row.level_qty_ahead, row.tif) for row in rows] == [
        (1, 3, 5, 0, tif),
        (2, 1, 0, 3, 1),
    ]


def test_the_rest_of_ioc_and_market_orders_is_cancelled(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 5), ask.buy(0, 2, 9, 5))
    assert told(desk.do(ask.sell(1, 1, 10, 8, tif=IOC)))[-1] == ("CANCELED", 1, 3, 0, CancelReason.IOC)
    events = desk.do(ask.sell(1, 2, -7, 8, tif=DAY, **MARKET))
    assert told(events) == [
        ("ACCEPTED", 1, 8, 8),
        ("FILL", 0, 5, 0, 9),
        ("FILL", 1, 5, 3, 9),
        ("CANCELED", 1, 3, 0, CancelReason.IOC),
    ]
    assert (events[0].price, events[-1].price, events[-1].filled) == (1, 1, 5)
    assert told(desk.do(ask.buy(1, 3, 0, 1, **MARKET, tif=FOK))) == [
        ("ACCEPTED", 1, 1, 1),
        ("CANCELED", 1, 1, 0, CancelReason.FOK),
    ]


@pytest.mark.parametrize(
    ("setup", "buy", "sell"),
    [
        ({"tick_size": 7, "reference_price": 1000, "collar_bps": 1000}, 1099, 903),
        ({"tick_size": 7, "reference_price": 1000}, wire.MAX_PRICE // 7 * 7, 7),
        ({"tick_size": 7, "collar_bps": 1000}, wire.MAX_PRICE // 7 * 7, 7),
        ({"tick_size": 100, "reference_price": 50, "collar_bps": 1}, 100, 100),
        ({"tick_size": 100, "reference_price": wire.MAX_PRICE}, wire.MAX_PRICE // 100 * 100, 100),
        (
            {"tick_size": 100, "reference_price": wire.MAX_PRICE, "collar_bps": 1},
            wire.MAX_PRICE // 100 * 100,
            -(-(wire.MAX_PRICE - wire.MAX_PRICE // 10_000) // 100) * 100,
        ),
        (
            {"tick_size": 1 << 20, "reference_price": wire.MAX_PRICE - 1, "collar_bps": 0},
            wire.MAX_PRICE >> 20 << 20,
            1 << 20,
        ),
    ],
)
def test_effective_price_of_market_orders(market: Any, setup: dict[str, int], buy: int, sell: int) -> None:
    desk = Desk(market).open(flags=SHORT, cash=wire.MAX_CASH, **setup)
    assert desk.do(ask.buy(0, 1, 0, 1, **MARKET))[0].price == buy
    assert desk.do(ask.sell(0, 2, 0, 1, **MARKET))[0].price == sell


def test_fill_or_kill(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 5), ask.sell(0, 2, 11, 5))
    assert told(desk.do(ask.buy(1, 1, 11, 11, tif=FOK)))[1:] == [("CANCELED", 1, 11, 0, CancelReason.FOK)]
    assert told(desk.do(ask.buy(1, 2, 10, 6, tif=FOK)))[1:] == [("CANCELED", 1, 6, 0, CancelReason.FOK)]
    assert [row.leaves for row in desk.orders()] == [5, 5]
    assert told(desk.do(ask.buy(1, 3, 11, 10, tif=FOK)))[-1] == ("FILL", 1, 5, 0, 11)


def own_between_others(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 5), ask.sell(1, 1, 10, 4), ask.sell(0, 2, 11, 3))


@pytest.mark.parametrize(
    ("mode", "expected", "left"),
    [
        (SelfTrade.ALLOW, [("FILL", 1, 4, 0, 10), ("FILL", 1, 4, 2, 10), ("FILL", 0, 2, 1, 11)], [1]),
        (SelfTrade.CANCEL_NEWEST, [("CANCELED", 1, 6, 0, CancelReason.SELF_TRADE)], [4, 3]),
        (
            SelfTrade.CANCEL_OLDEST,
            [("CANCELED", 1, 4, 0, CancelReason.SELF_TRADE), ("FILL", 0, 3, 0, 11), ("FILL", 1, 3, 3, 11)],
            [3],
        ),
        (
            SelfTrade.CANCEL_BOTH,
            [("CANCELED", 1, 4, 0, CancelReason.SELF_TRADE), ("CANCELED", 1, 6, 0, CancelReason.SELF_TRADE)],
            [3],
        ),
    ],
)
def test_self_trade_prevention(desk: Desk, mode: int, expected: list[Any], left: list[int]) -> None:
    own_between_others(desk)
    events = told(desk.do(ask.buy(1, 2, 11, 11, self_trade=mode)))
    assert events[:3] == [("ACCEPTED", 1, 11, 11), ("FILL", 0, 5, 0, 10), ("FILL", 1, 5, 6, 10)]
    assert events[3:6] == expected
    assert [row.leaves for row in desk.orders()] == left


@pytest.mark.parametrize(
    ("mode", "most"),
    [(SelfTrade.ALLOW, 12), (SelfTrade.CANCEL_NEWEST, 5), (SelfTrade.CANCEL_OLDEST, 8), (SelfTrade.CANCEL_BOTH, 5)],
)
def test_fill_or_kill_counts_self_trade_prevention(desk: Desk, mode: int, most: int) -> None:
    own_between_others(desk)
    events = told(desk.do(ask.buy(1, 2, 11, most + 1, tif=FOK, self_trade=mode)))
    assert events[1:] == [("CANCELED", 1, most + 1, 0, CancelReason.FOK)]
    assert len(desk.orders()) == 3
    events = told(desk.do(ask.buy(1, 3, 11, most, tif=FOK, self_trade=mode)))
    assert sum(event[2] for event in events if event[0] == "FILL") == 2 * most


def test_a_maker_at_the_end_of_its_cash_is_cancelled(market: Any) -> None:
    desk = Desk(market).open(flags=SHORT, accounts=3, cash=10**9)
    desk.do(ask.sell(0, 1, 10, 5), ask.sell(1, 1, 10, 5))
    desk.do(ask.deposit(0, wire.MAX_CASH - wire.MAX_NOTIONAL - 10**9 + 1))
    assert told(desk.do(ask.buy(2, 1, 10, 6)))[1:] == [
        ("CANCELED", 0, 5, 0, CancelReason.CASH_LIMIT),
        ("FILL", 1, 5, 0, 10),
        ("FILL", 2, 5, 1, 10),
    ]
    assert desk.orders(2)[0].leaves == 1


def test_a_taker_at_the_end_of_its_cash_stops(market: Any) -> None:
    desk = Desk(market).open(flags=SHORT, accounts=3, cash=10**9)
    desk.do(ask.buy(1, 1, 10, 5), ask.buy(1, 2, 10, 5), ask.buy(1, 3, 10, 5))
    desk.do(ask.deposit(0, wire.MAX_CASH - wire.MAX_NOTIONAL - 10**9))
    assert told(desk.do(ask.sell(0, 1, 10, 6)))[1:] == [
        ("FILL", 1, 5, 0, 10),
        ("FILL", 0, 5, 1, 10),
        ("CANCELED", 0, 1, 0, CancelReason.CASH_LIMIT),
    ]


def test_mass_cancels_take_the_newest_first(desk: Desk) -> None:
    desk.do(ask.instrument(1), ask.instrument_state(1, 1))
    desk.do(ask.buy(0, 1, 9, 1), ask.buy(0, 2, 11, 2, instrument=1), ask.sell(0, 3, 20, 3), ask.buy(1, 4, 9, 4))
    desk.do(ask.replace(0, 1, 10, 5))  # keeps its place among the account's orders
    events = desk.do(ask.mass_cancel(0, client_order_id=70))
    assert [(event.kind, event.reason, event.qty) for event in events] == [
        (EventKind.CANCELED, CancelReason.MASS, 3),
        (EventKind.CANCELED, CancelReason.MASS, 2),
        (EventKind.CANCELED, CancelReason.MASS, 5),
        (EventKind.MASS_CANCELED, 0, 3),
    ]
    answer = events[-1]
    assert (answer.account, answer.instrument, answer.side, answer.client_order_id) == (0, wire.ANY, 2, 70)
    assert answer.account_seq == desk.account(0).account_seq
    desk.do(ask.buy(0, 5, 9, 1), ask.buy(0, 6, 9, 2, instrument=1), ask.sell(0, 7, 20, 3))
    assert [event.qty for event in desk.do(ask.mass_cancel(0, instrument=0, side=1))] == [3, 1]
    assert [event.qty for event in desk.do(ask.mass_cancel(0, side=0))] == [2, 1, 2]


def test_an_operator_cancels_the_whole_market_book_by_book(desk: Desk) -> None:
    desk.do(ask.instrument(1), ask.instrument_state(1, 1))
    desk.do(
        ask.sell(0, 1, 21, 1, instrument=1), ask.sell(0, 2, 20, 2, instrument=1), ask.buy(0, 3, 10, 3, instrument=1)
    )
    desk.do(ask.buy(0, 4, 9, 4), ask.buy(1, 5, 10, 5), ask.buy(0, 6, 10, 6), ask.sell(0, 7, 30, 7))
    events = desk.do(ask.operator_cancel(request=77))
    assert [event.qty for event in events] == [5, 6, 4, 7, 3, 2, 1, 7]
    assert {event.reason for event in events[:-1]} == {CancelReason.OPERATOR}
    answer = events[-1]
    assert (answer.kind, answer.account_seq, answer.account, answer.instrument, answer.side, answer.leaves) == (
        EventKind.MASS_CANCELED,
        0,
        wire.ANY,
        wire.ANY,
        2,
        77,
    )
    desk.do(ask.buy(0, 8, 9, 8), ask.buy(1, 9, 9, 9), ask.buy(0, 10, 9, 10, instrument=1))
    assert [event.qty for event in desk.do(ask.operator_cancel(instrument=1))] == [10, 1]
    desk.do(ask.sell(0, 11, 30, 11))
    assert [event.qty for event in desk.do(ask.operator_cancel(0))] == [11, 8, 2]


def test_day_orders_end_with_the_day(desk: Desk) -> None:
    day = 86_400_000_000_000
    end = desk.ts_ns + 5
    assert desk.one(ask.schedule(end, request=3)).price == end
    desk.do(
        ask.buy(0, 1, 9, 1, tif=DAY), ask.buy(0, 2, 9, 2), ask.buy(1, 3, 10, 3, tif=DAY), ask.sell(1, 4, 20, 4, tif=DAY)
    )
    assert desk.do(ask.tick(), after_ns=4) == []
    assert desk.one(ask.buy(0, 5, 1, 5, tif=DAY), after_ns=1).kind == EventKind.ACCEPTED  # only TICK looks at the time
    events = desk.do(ask.tick())
    assert [(event.reason, event.qty) for event in events] == [(6, 3), (6, 1), (6, 5), (6, 4), (0, 4)]
    assert (events[-1].kind, events[-1].price, events[-1].account_seq) == (EventKind.DAY_ENDED, end + day, 0)
    events = desk.do(ask.tick(), after_ns=3 * day)
    assert [(event.qty, event.price) for event in events] == [(0, end + 4 * day)]
    desk.do(ask.schedule(0))
    assert desk.do(ask.tick(), after_ns=9 * day) == []


def test_a_blocked_account_loses_its_orders_when_asked(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 9, 1), ask.buy(0, 2, 9, 2), ask.buy(1, 1, 9, 3))
    assert [event.kind for event in desk.do(ask.account_state(0, 1))] == [EventKind.ACCOUNT_STATE]
    events = desk.do(ask.account_state(0, 1, flags=1, request=12))
    assert [(event.kind, event.reason, event.qty, event.leaves) for event in events] == [
        (EventKind.ACCOUNT_STATE, 1, 12, 0),
        (EventKind.CANCELED, CancelReason.ACCOUNT_BLOCKED, 2, 0),
        (EventKind.CANCELED, CancelReason.ACCOUNT_BLOCKED, 1, 0),
        (EventKind.MASS_CANCELED, 0, 2, 12),
    ]
    assert (events[-1].account, events[-1].instrument, events[-1].account_seq) == (0, wire.ANY, 0)
    assert [row.account for row in desk.orders()] == [1]
