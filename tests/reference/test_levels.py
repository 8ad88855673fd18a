"""Levels of MARGIN accounts, and when they are told. docs/risk.md, "Levels"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, EventKind, RiskLevel, RiskType

from tests.reference import commands as ask
from tests.reference.desk import AnyMarket, Desk
from tests.reference.records import as_i64

DOLLAR = 1_000_000  # cash
TEN = 100_000  # price
DAY_NS = 86_400_000_000_000
NORMAL, ALERT, CALL, LIQUIDATION = RiskLevel
KEEP = wire.KEEP


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    """Accounts 0 and 2, each with 700 dollars at first, are long 100 shares of 10 dollars: 25 percent are to be kept.

    At a price of p they have 100 p - 300, and must keep 25 p: there is an alert below 30 p (p < 4.29), a call below
    25 p (p < 4), and the end below 12.5 p (p < 3.43).
    """
    desk = Desk(market)
    desk.do(ask.configure(), ask.instrument(0, reference_price=TEN), ask.instrument_state(0, 1))
    for number in range(4):
        desk.do(ask.account(number, flags=AccountFlag.SHORT_ALLOWED))
    for number, buyer in ((1, 0), (3, 2)):
        desk.do(ask.deposit(number, 10**15), ask.deposit(buyer, 700 * DOLLAR), ask.account_risk(buyer))
        desk.do(ask.margin(0, 5000, 2500, 5000, 3000))
        desk.do(ask.sell(number, 1, TEN, 100), ask.buy(buyer, 1, TEN, 100))
    desk.do(ask.risk(100, 12_000, 5_000))
    return desk


def moves_to(desk: Desk, price: int) -> list[Any]:
    """The price is another one, and a TICK marks; the levels that changed."""
    desk.do(ask.instrument(0, KEEP, KEEP, price, KEEP, KEEP, KEEP, KEEP, KEEP, name=b""))
    return levels(desk.do(ask.tick()))


def levels(events: Sequence[Any]) -> list[tuple[int, int, int, float, float]]:
    """Account, level before and now, equity and maintenance (dollars)."""
    return [
        (event.account, event.flags, event.reason, event.price / DOLLAR, as_i64(event.trade_id) / DOLLAR)
        for event in events
        if event.kind == EventKind.RISK_LEVEL
    ]


def test_prices_fall_and_rise(desk: Desk) -> None:
    assert moves_to(desk, 43_000) == []
    assert moves_to(desk, 42_000) == [(0, NORMAL, ALERT, 120, 105), (2, NORMAL, ALERT, 120, 105)]
    assert moves_to(desk, 40_000) == []  # 100 of 100
    assert moves_to(desk, 39_000) == [(0, ALERT, CALL, 90, 97.5), (2, ALERT, CALL, 90, 97.5)]
    assert (desk.risk(0).level, desk.risk(2).level) == (CALL, CALL)
    assert moves_to(desk, 35_000) == []
    assert moves_to(desk, 34_000) == [(0, CALL, LIQUIDATION, 40, 85), (2, CALL, LIQUIDATION, 40, 85)]
    assert moves_to(desk, 20_000) == []
    assert moves_to(desk, 100_000) == [(0, LIQUIDATION, NORMAL, 700, 250), (2, LIQUIDATION, NORMAL, 700, 250)]
    assert moves_to(desk, 10_000) == [(0, NORMAL, LIQUIDATION, -200, 25), (2, NORMAL, LIQUIDATION, -200, 25)]


def test_just_enough_is_enough(desk: Desk) -> None:
    moves_to(desk, 39_000)
    desk.do(ask.deposit(2, 10**9))
    assert levels(desk.do(ask.deposit(0, 7_499_999))) == []
    assert levels(desk.do(ask.deposit(0, 1))) == [(0, CALL, ALERT, 97.5, 97.5)]
    assert levels(desk.do(ask.deposit(0, 19_499_999))) == []
    assert levels(desk.do(ask.deposit(0, 1))) == [(0, ALERT, NORMAL, 117, 97.5)]  # 120 percent
    assert levels(desk.do(ask.charge(0, 68_250_000))) == [(0, NORMAL, CALL, 48.75, 97.5)]  # half
    assert levels(desk.do(ask.charge(0, 1))) == [(0, CALL, LIQUIDATION, 48.749999, 97.5)]


def test_an_account_has_its_event_and_its_number(desk: Desk) -> None:
    before = desk.account(0).account_seq
    moves_to(desk, 39_000)
    assert desk.account(0).account_seq == before + 1
    (charged, told) = desk.do(ask.charge(0, 80 * DOLLAR))
    assert [(event.kind, event.account_seq) for event in (charged, told)] == [
        (EventKind.CHARGED, before + 2),
        (EventKind.RISK_LEVEL, before + 3),
    ]
    assert (told.account, told.instrument, told.qty, told.order_id, told.leaves, told.side) == (0, 0, 0, 0, 0, 0)


def test_levels_are_the_last_that_a_command_says(desk: Desk) -> None:
    desk.do(ask.schedule(desk.ts_ns + DAY_NS), ask.buy(0, 2, 9_000, 1, tif=wire.TimeInForce.DAY))
    desk.do(ask.instrument(0, KEEP, KEEP, 39_000, KEEP, KEEP, KEEP, KEEP, KEEP, name=b""))
    events = desk.do(ask.tick(), after_ns=DAY_NS)
    assert [event.kind for event in events] == [
        EventKind.CANCELED,
        EventKind.DAY_ENDED,
        EventKind.RISK_LEVEL,
        EventKind.RISK_LEVEL,
    ]


def test_a_trade_changes_levels_after_its_fills(desk: Desk) -> None:
    """100 shares at 3.90 are sold for 1.90: 200 dollars are gone, and nothing has to be kept any more."""
    moves_to(desk, 39_000)
    desk.do(ask.buy(3, 2, 19_000, 100))
    events = desk.do(ask.sell(0, 2, 19_000, 100))
    assert [event.kind for event in events][1:] == [EventKind.FILL, EventKind.FILL, EventKind.RISK_LEVEL]
    assert levels(events) == [(0, CALL, LIQUIDATION, -110, 0)]
    assert levels(desk.do(ask.deposit(0, 110 * DOLLAR))) == [(0, LIQUIDATION, NORMAL, 0, 0)]


def test_open_orders_count_for_no_level(desk: Desk) -> None:
    events = desk.do(ask.buy(0, 2, 1, 40))
    row = desk.risk(0)
    assert (row.equity, row.initial, row.excess, row.level) == (700 * DOLLAR, 700 * DOLLAR, 0, NORMAL)
    assert levels(events) == []


def test_marks_that_are_taken_one_by_one_tell_one_by_one(desk: Desk) -> None:
    """The positions are of 1, 0, 3 and 2."""
    desk.do(ask.risk(3, 12_000, 5_000))
    assert moves_to(desk, 39_000) == [(0, NORMAL, CALL, 90, 97.5)]
    assert levels(desk.do(ask.tick())) == [(2, NORMAL, CALL, 90, 97.5)]
    assert levels(desk.do(ask.tick())) == []


def test_what_is_to_be_kept_changes(desk: Desk) -> None:
    events = desk.do(ask.margin(0, 5000, 7001, 5000, 3000))
    assert [event.kind for event in events] == [EventKind.MARGIN_SET, EventKind.RISK_LEVEL, EventKind.RISK_LEVEL]
    assert levels(events) == [(0, NORMAL, CALL, 700, 700.1), (2, NORMAL, CALL, 700, 700.1)]
    assert levels(desk.do(ask.margin(0, 5000, 7000, 5000, 3000))) == [
        (0, CALL, ALERT, 700, 700),
        (2, CALL, ALERT, 700, 700),
    ]


def test_where_levels_begin_changes(desk: Desk) -> None:
    moves_to(desk, 42_000)
    events = desk.do(ask.risk(100, 0, 5_000))
    assert [event.kind for event in events] == [EventKind.RISK_SET, EventKind.RISK_LEVEL, EventKind.RISK_LEVEL]
    assert levels(events) == [(0, ALERT, NORMAL, 120, 105), (2, ALERT, NORMAL, 120, 105)]
    moves_to(desk, 34_000)
    assert levels(desk.do(ask.risk(100, 0, 0))) == [
        (0, LIQUIDATION, CALL, 40, 85),
        (2, LIQUIDATION, CALL, 40, 85),
    ]
    assert levels(desk.do(ask.risk(100, 1_000_000, 10_000))) == [
        (0, CALL, LIQUIDATION, 40, 85),
        (2, CALL, LIQUIDATION, 40, 85),
    ]


def test_who_is_watched_changes(desk: Desk) -> None:
    moves_to(desk, 39_000)
    events = desk.do(ask.account_risk(0, RiskType.CASH))
    assert [event.kind for event in events] == [EventKind.ACCOUNT_RISK, EventKind.RISK_LEVEL]
    assert levels(events) == [(0, CALL, NORMAL, 90, 97.5)]
    assert desk.risk(0).level == NORMAL
    assert levels(desk.do(ask.account_risk(0, RiskType.NONE))) == []
    assert levels(desk.do(ask.account_risk(0, RiskType.MARGIN))) == [(0, NORMAL, CALL, 90, 97.5)]
    assert levels(desk.do(ask.account_risk(0, RiskType.MARGIN))) == []
    assert levels(desk.do(ask.account_risk(0, RiskType.NONE))) == [(0, CALL, NORMAL, 90, 97.5)]


def test_withdrawals_that_are_on_their_way_are_gone(desk: Desk) -> None:
    desk.do(ask.ledger(2), ask.hold_cash(0, 200 * DOLLAR, 1))
    assert moves_to(desk, 60_000) == [(0, NORMAL, CALL, 100, 150)]
    assert levels(desk.do(ask.post_cash(0, 1))) == []
    assert desk.risk(0).equity == 100 * DOLLAR


def test_a_bust_changes_levels(desk: Desk) -> None:
    """The trade of 100 shares at 10 is void: 700 dollars, and no position."""
    moves_to(desk, 39_000)
    facts = {"buyer_order_id": 1, "seller_order_id": 2}
    events = desk.do(ask.bust(1, 0, 1, TEN, 100, **facts))
    assert [event.kind for event in events] == [
        EventKind.TRADE_BUSTED,
        EventKind.TRADE_BUSTED,
        EventKind.RISK_LEVEL,
    ]
    assert levels(events) == [(0, CALL, NORMAL, 700, 0)]
