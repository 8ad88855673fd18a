"""POST_ONLY orders that move to where they do not trade. docs/orders.md, "Slide" and check 25."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import Check, OrderFlag, Rule, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, opened, said
from tests.reference.desk import AnyMarket, Desk

SLIDE = {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE}
TICK = 5


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return opened(market, tick_size=TICK)


@pytest.mark.parametrize(("price", "goes_to"), [(100, 95), (200, 95), (95, 95), (90, 90)])
def test_a_buy_goes_below_the_best_offer(desk: Desk, price: int, goes_to: int) -> None:
    desk.do(ask.sell(0, 1, 100, 5))
    [accepted] = desk.do(ask.buy(1, 1, price, 4, **SLIDE))
    assert (accepted.price, desk.account(1).hold) == (goes_to, goes_to * 4 * 100)
    assert data(desk) == [f"ADD 4@{goes_to} left 4 of 4"]


@pytest.mark.parametrize(("price", "goes_to"), [(100, 105), (5, 105), (105, 105), (110, 110)])
def test_a_sell_goes_above_the_best_bid(desk: Desk, price: int, goes_to: int) -> None:
    desk.do(ask.buy(0, 1, 100, 5))
    [accepted] = desk.do(ask.sell(1, 1, price, 4, **SLIDE))
    assert accepted.price == goes_to


def test_without_a_tick_to_slide_to_it_is_refused(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, TICK, 5))
    assert said(desk.do(ask.buy(1, 1, 20, 4, **SLIDE))) == [f"REJECTED 1 POST_ONLY {TICK} 20"]
    highest = wire.MAX_PRICE // TICK * TICK
    desk.do(ask.cancel(0, 1), ask.buy(0, 2, highest, 1))
    assert said(desk.do(ask.sell(1, 2, 20, 4, **SLIDE))) == [f"REJECTED 1 POST_ONLY {highest} 20"]


def test_a_table_of_ticks_may_leave_no_tick_to_slide_to(desk: Desk) -> None:
    """The instrument's own tick would, and 0 is a multiple of any: `prove` with seed 2026 found an order at 0."""
    desk.do(ask.instrument(0, 1), ask.ticks(0, 2), ask.sell(0, 1, 2, 5))
    assert said(desk.do(ask.buy(1, 1, 6, 4, **SLIDE))) == ["REJECTED 1 POST_ONLY 2 6"]
    highest = wire.MAX_PRICE - 1
    desk.do(ask.cancel(0, 1), ask.buy(0, 2, highest, 1))
    assert said(desk.do(ask.sell(1, 2, 6, 4, **SLIDE))) == [f"REJECTED 1 POST_ONLY {highest} 6"]


def test_its_limits_are_asked_where_it_slid_to(desk: Desk) -> None:
    """9 of the price that it goes to can be paid, not 9 of its own price."""
    desk.do(ask.account(4), ask.deposit(4, 95 * 9 * 100), ask.sell(0, 1, 100, 5))
    assert said(desk.do(ask.buy(4, 1, 100, 10, **SLIDE))) == ["REJECTED 4 BUYING_POWER 85500 95000"]
    assert said(desk.do(ask.buy(4, 1, 100, 9, **SLIDE))) == []


def test_the_collar_is_asked_of_the_price_sent(desk: Desk) -> None:
    desk.do(ask.instrument(0, TICK, 1, 100, 1000), ask.sell(0, 1, 100, 5))
    assert said(desk.do(ask.buy(1, 1, 115, 4, **SLIDE))) == ["REJECTED 1 PRICE_COLLAR 110 115"]


def test_replace_does_not_slide(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 100, 5), ask.buy(1, 1, 100, 4, **SLIDE))
    assert said(desk.do(ask.replace(1, 1, 100, 4))) == ["REPLACE_REJECTED 1 POST_ONLY 100 100"]


@pytest.mark.parametrize("flags", [OrderFlag.SLIDE, OrderFlag.SLIDE | OrderFlag.DO_NOT_ROUTE])
def test_it_needs_post_only(desk: Desk, flags: int) -> None:
    event = desk.one(ask.buy(1, 1, 100, 4, flags=flags))
    assert (event.check, event.limit, event.value) == (Check.COMBINATION, Rule.POST, flags)


def test_post_only_takes_no_order_that_trades_at_once(desk: Desk) -> None:
    event = desk.one(ask.buy(1, 1, 100, 4, tif=TimeInForce.IOC, **SLIDE))
    assert (event.check, event.limit, event.value) == (Check.TIME_IN_FORCE, TimeInForce.GTC, TimeInForce.IOC)
