"""Orders that may only make a position smaller. docs/orders.md, checks 24a and "Reduce only"."""

from __future__ import annotations

import pytest
from openbell.wire import OrderFlag, OrderType

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.desk import AnyMarket, Desk

REDUCE = {"flags": OrderFlag.REDUCE_ONLY}


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    """Account 0 is long 10, account 1 short 10."""
    desk = opened(market)
    desk.do(ask.buy(0, 90, 10, 10), ask.sell(1, 90, 10, 10))
    return desk


def test_it_asks_for_room(desk: Desk) -> None:
    assert said(desk.do(ask.sell(0, 1, 12, 11, **REDUCE))) == ["REJECTED 0 REDUCE_ONLY 10 11"]
    assert said(desk.do(ask.buy(1, 1, 8, 11, **REDUCE))) == ["REJECTED 1 REDUCE_ONLY 10 11"]
    assert said(desk.do(ask.buy(0, 1, 8, 1, **REDUCE))) == ["REJECTED 0 REDUCE_ONLY 0 1"]
    assert said(desk.do(ask.sell(1, 1, 12, 1, **REDUCE))) == ["REJECTED 1 REDUCE_ONLY 0 1"]
    assert said(desk.do(ask.sell(2, 1, 12, 1, **REDUCE))) == ["REJECTED 2 REDUCE_ONLY 0 1"]
    event = desk.do(ask.sell(0, 1, 12, 6), ask.sell(0, 2, 12, 5, **REDUCE))[-1]
    assert (event.limit, event.value, event.headroom) == (4, 5, 4)
    assert said(desk.do(ask.sell(0, 2, 12, 4, **REDUCE))) == []


def test_replace_asks_with_its_own_lots_taken_out(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 12, 6, **REDUCE), ask.sell(0, 2, 12, 2))
    assert said(desk.do(ask.replace(0, 1, 12, 9))) == ["REPLACE_REJECTED 0 REDUCE_ONLY 8 9"]
    assert said(desk.do(ask.replace(0, 1, 12, 8))) == ["REPLACED 0 8@12 left 8"]
    assert said(desk.do(ask.replace(0, 2, 12, 20))) == ["REPLACED 0 20@12 left 20"]


def test_a_resting_one_falls_to_what_is_left_of_the_position(desk: Desk) -> None:
    """10 to sell rest; 7 are sold elsewhere meanwhile: 3 are left of them."""
    desk.do(ask.sell(0, 1, 12, 10, **REDUCE), ask.buy(2, 1, 9, 7), ask.sell(0, 2, 9, 7))
    assert desk.position(0).qty == 3
    events = desk.do(ask.buy(3, 1, 12, 2))
    assert said(events) == ["RESTATED 0 3@12 left 3 REDUCE_ONLY", "FILL 0 2@12 left 1", "FILL 3 2@12 left 0"]
    assert data(desk) == ["REDUCE 7@12 left 3 of 3", "EXECUTE 2@12 left 1 of 1"]
    assert [(row.leaves, row.filled) for row in desk.orders()] == [(1, 2)]


def test_a_resting_one_without_a_position_is_cancelled_and_matching_goes_on(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 12, 10, **REDUCE), ask.buy(2, 1, 9, 10), ask.sell(0, 2, 9, 10), ask.sell(2, 2, 12, 1))
    events = desk.do(ask.buy(3, 1, 12, 2))
    assert said(events) == [
        "CANCELED 0 10@12 left 0 REDUCE_ONLY",
        "FILL 2 1@12 left 0",
        "FILL 3 1@12 left 1",
    ]


def test_a_stop_that_comes_falls_or_ends(desk: Desk) -> None:
    """A stop to sell 10 of the position; 8 are sold before it is met."""
    stop = {"order_type": OrderType.STOP, "stop_price": 8, **REDUCE}
    desk.do(ask.special(0, 1, 1, 10, **stop), ask.buy(2, 1, 9, 8), ask.sell(0, 2, 9, 8))
    desk.do(ask.buy(2, 2, 8, 1), ask.buy(2, 3, 7, 50))
    events = desk.do(ask.sell(3, 1, 8, 1))
    assert said(events)[2:] == [
        "TRIGGERED 0 10@1 left 10",
        "RESTATED 0 2@1 left 2 REDUCE_ONLY",
        "FILL 2 2@7 left 48",
        "FILL 0 2@7 left 0",
    ]


def test_an_incoming_one_whose_position_is_gone_ends(desk: Desk) -> None:
    stop = {"order_type": OrderType.STOP, "stop_price": 8, **REDUCE}
    desk.do(ask.special(0, 1, 1, 10, **stop), ask.buy(2, 1, 9, 10), ask.sell(0, 2, 9, 10))
    desk.do(ask.buy(2, 2, 8, 1), ask.buy(2, 3, 7, 50))
    events = desk.do(ask.sell(3, 1, 8, 1))
    assert said(events)[2:] == ["TRIGGERED 0 10@1 left 10", "CANCELED 0 10@1 left 0 REDUCE_ONLY"]
    assert fills(events) == ["2>3 1@8"]


def test_two_of_them_meet(desk: Desk) -> None:
    """The resting one falls to 2 of 10, the incoming one to 3 of 10; they trade 2."""
    desk.do(ask.buy(1, 1, 6, 10, **REDUCE), ask.sell(2, 1, 9, 8), ask.buy(1, 2, 9, 8))
    desk.do(ask.special(0, 1, 1, 10, order_type=OrderType.STOP, stop_price=8, **REDUCE))
    desk.do(ask.buy(2, 2, 9, 7), ask.sell(0, 2, 9, 7), ask.buy(2, 3, 8, 1))
    assert (desk.position(0).qty, desk.position(1).qty) == (3, -2)
    events = desk.do(ask.sell(3, 1, 8, 1))
    assert said(events)[3:] == [
        "RESTATED 1 2@6 left 2 REDUCE_ONLY",
        "RESTATED 0 3@1 left 3 REDUCE_ONLY",
        "FILL 1 2@6 left 0",
        "FILL 0 2@6 left 1",
        "CANCELED 0 1@1 left 0 IOC",
    ]
