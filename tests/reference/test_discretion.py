"""Discretionary orders, as they come and as they rest. docs/orders.md, "Matching"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import Check, OrderFlag, OrderType, Rule, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

BUY, SELL = 0, 1
IOC, FOK = {"tif": TimeInForce.IOC}, {"tif": TimeInForce.FOK}


@pytest.fixture
def desk(market: Any) -> Desk:
    return opened(market, accounts=6)


def give(account: int, number: int, side: int, price: int, qty: int, discretion: int, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, price=price, discretion=discretion, **fields)


def test_it_comes_with_its_discretion_and_rests_at_its_price(desk: Desk) -> None:
    desk.do(ask.sell(1, 1, 103, 2), ask.sell(1, 2, 105, 2), ask.sell(1, 3, 106, 2))
    assert fills(desk.do(give(0, 1, BUY, 100, 9, 5))) == ["1>0 2@103", "1>0 2@105"]
    assert data(desk)[-1] == "ADD 5@100 left 5 of 5"
    assert desk.account(0).hold == 105 * 5 * 100


def test_a_sell_gives_downward(desk: Desk) -> None:
    desk.do(ask.buy(1, 1, 97, 2), ask.buy(1, 2, 94, 2))
    assert fills(desk.do(give(0, 1, SELL, 100, 9, 5))) == ["1>0 2@97"]
    assert fills(desk.do(ask.buy(2, 1, 95, 9), ask.cancel(2, 1))) == ["0>2 7@95"]


def test_its_discretion_is_cash_that_it_must_have(desk: Desk) -> None:
    desk.do(ask.account(6), ask.deposit(6, 105 * 9 * 100))
    assert said(desk.do(give(6, 1, BUY, 101, 9, 5))) == ["REJECTED 6 BUYING_POWER 94500 95400"]
    assert said(desk.do(give(6, 1, BUY, 100, 9, 5))) == []
    assert said(desk.do(ask.replace(6, 1, 101, 9))) == ["REPLACE_REJECTED 6 BUYING_POWER 94500 95400"]


def test_resting_it_trades_at_the_price_of_who_comes(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 5, 5))
    assert fills(desk.do(ask.sell(1, 1, 106, 1), ask.sell(1, 2, 104, 3))) == ["0>1 3@104"]
    assert data(desk) == ["ADD 1@106 left 1 of 1", "REDUCE 3@100 left 2 of 2", "HIDDEN_TRADE 3@104 left 0 of 0"]
    assert desk.account(0).hold == 105 * 2 * 100
    assert fills(desk.do(ask.sell(1, 3, 105, 9))) == ["0>1 2@105"]
    assert data(desk) == ["DELETE 2@100 left 0 of 0", "HIDDEN_TRADE 2@105 left 0 of 0", "ADD 7@105 left 7 of 7"]


def test_at_its_own_price_it_is_as_any_other(desk: Desk) -> None:
    desk.do(ask.buy(2, 1, 100, 1), give(0, 1, BUY, 100, 5, 5))
    assert fills(desk.do(ask.sell(1, 1, 100, 3))) == ["2>1 1@100", "0>1 2@100"]
    assert data(desk) == ["EXECUTE 1@100 left 0 of 5", "EXECUTE 2@100 left 3 of 3"]


def test_it_comes_after_all_others_the_most_generous_first_then_by_rank(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 2, 5), give(3, 1, BUY, 98, 2, 8), give(4, 1, BUY, 99, 2, 6))
    desk.do(ask.buy(2, 1, 102, 1), ask.special(2, 2, BUY, 1, price=101, flags=OrderFlag.HIDDEN))
    assert fills(desk.do(ask.sell(1, 1, 101, 20, **IOC))) == [
        "2>1 1@102",
        "2>1 1@101",
        "3>1 2@101",
        "0>1 2@101",
        "4>1 2@101",
    ]


def test_a_replace_that_takes_its_place_takes_its_rank(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 3, 5), give(4, 1, BUY, 99, 2, 6))
    desk.do(ask.replace(0, 1, 100, 2))
    assert fills(desk.do(ask.sell(1, 1, 105, 1))) == ["0>1 1@105"]
    desk.do(ask.replace(0, 1, 100, 2, flags=OrderFlag.REQUEUE))
    assert fills(desk.do(ask.sell(1, 2, 105, 1))) == ["4>1 1@105"]


def test_two_discretions_meet_at_the_limit_of_who_comes(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 5, 5))
    assert fills(desk.do(give(1, 1, SELL, 110, 3, 6))) == ["0>1 3@104"]


def test_a_market_order_meets_it_at_its_effective_price(desk: Desk) -> None:
    desk.do(ask.instrument(0, 1, 1, 100, 300), give(0, 1, BUY, 95, 5, 1), give(2, 1, BUY, 95, 5, 2))
    assert fills(desk.do(ask.sell(1, 1, 0, 9, order_type=OrderType.MARKET))) == ["2>1 5@97"]


def test_fill_or_kill_counts_it(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 5, 5), ask.buy(2, 1, 104, 1))
    assert said(desk.do(ask.sell(1, 1, 104, 7, **FOK))) == ["CANCELED 1 7@104 left 0 FOK"]
    assert fills(desk.do(ask.sell(1, 2, 104, 6, **FOK))) == ["2>1 1@104", "0>1 5@104"]


def test_post_only_and_the_recheck_do_not_look_at_it(desk: Desk) -> None:
    desk.do(give(0, 1, BUY, 100, 5, 5))
    assert said(desk.do(ask.sell(1, 1, 104, 7, flags=OrderFlag.POST_ONLY))) == []
    assert fills(desk.do(ask.sell(1, 2, 103, 7, flags=OrderFlag.POST_ONLY), ask.cancel(1, 2))) == []


@pytest.mark.parametrize(("price", "fits"), [(6, True), (5, False)])
def test_a_new_price_takes_it_along(desk: Desk, price: int, fits: bool) -> None:
    desk.do(give(0, 1, SELL, 100, 9, 5))
    [event] = desk.do(ask.replace(0, 1, price, 9))
    if fits:
        assert fills(desk.do(ask.buy(1, 1, 1, 4))) == ["0>1 4@1"]
    else:
        assert (event.check, event.limit, event.value) == (Check.COMBINATION, Rule.DISCRETION, 5)


@pytest.mark.parametrize(
    "fields",
    [
        {"discretion": -1},
        {"discretion": 5, "price": 5},
        {"discretion": 5, "price": -(1 << 63)},
        {"tif": TimeInForce.IOC},
        {"flags": OrderFlag.HIDDEN},
        {"flags": OrderFlag.POST_ONLY},
        {"order_type": OrderType.MARKET},
    ],
)
def test_combinations(desk: Desk, fields: dict[str, int]) -> None:
    asked = {"side": SELL, "qty": 5, "price": 100, "discretion": 5} | fields
    event = desk.one(ask.special(2, 1, **asked))
    assert (event.check, event.limit) == (Check.COMBINATION, Rule.DISCRETION)


def test_its_steps(desk: Desk) -> None:
    desk.do(ask.instrument(1, 5, 1), ask.instrument_state(1, 1))
    assert said(desk.do(give(2, 1, SELL, 100, 1, 3, instrument=1))) == ["REJECTED 2 TICK_SIZE 5 3"]
