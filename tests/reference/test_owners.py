"""Who counts as the same owner, and what DECREMENT takes of both. docs/orders.md, "Who is the same owner"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import SelfTrade, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

FOK = TimeInForce.FOK
DECREMENT = {"self_trade": SelfTrade.DECREMENT}


@pytest.fixture
def desk(market: Any) -> Desk:
    return opened(market)


def grouped(account: int, number: int, side: int, price: int, qty: int, group: int, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, price=price, self_trade_group=group, **fields)


@pytest.mark.parametrize(
    ("groups", "prevented"), [((7, 7), True), ((7, 8), False), ((0, 0), False), ((7, 0), False), ((0, 7), False)]
)
def test_accounts_of_a_group_are_one_owner(desk: Desk, groups: tuple[int, int], prevented: bool) -> None:
    desk.do(grouped(0, 1, 1, 10, 5, groups[0]))
    events = desk.do(grouped(1, 1, 0, 10, 5, groups[1], self_trade=SelfTrade.CANCEL_OLDEST))
    assert fills(events) == ([] if prevented else ["0>1 5@10"])
    if prevented:
        assert said(events) == ["CANCELED 0 5@10 left 0 SELF_TRADE"]


def test_one_account_is_one_owner_whatever_the_groups(desk: Desk) -> None:
    desk.do(grouped(0, 1, 1, 10, 5, 7))
    events = desk.do(grouped(0, 2, 0, 10, 5, 8, self_trade=SelfTrade.CANCEL_NEWEST))
    assert said(events) == ["CANCELED 0 5@10 left 0 SELF_TRADE"]
    assert [row.side for row in desk.orders()] == [1]


def test_the_incoming_orders_mode_rules(desk: Desk) -> None:
    desk.do(grouped(0, 1, 1, 10, 5, 7, self_trade=SelfTrade.CANCEL_BOTH))
    assert fills(desk.do(grouped(1, 1, 0, 10, 5, 7))) == ["0>1 5@10"]


def test_the_larger_one_rests_on(desk: Desk) -> None:
    """8 against 5: 5 go of both, no trade."""
    desk.do(ask.sell(0, 1, 10, 8))
    events = desk.do(ask.buy(0, 2, 10, 5, **DECREMENT))
    assert said(events) == ["RESTATED 0 3@10 left 3 SELF_TRADE", "CANCELED 0 5@10 left 0 SELF_TRADE"]
    assert data(desk) == ["REDUCE 5@10 left 3 of 3"]
    assert (desk.instrument().trades, desk.position(0).open_sell, desk.account(0).hold) == (0, 3, 0)


def test_the_larger_one_comes_and_goes_on(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 5), ask.sell(1, 1, 10, 2))
    events = desk.do(ask.buy(0, 2, 10, 8, **DECREMENT))
    assert said(events) == [
        "CANCELED 0 5@10 left 0 SELF_TRADE",
        "RESTATED 0 3@10 left 3 SELF_TRADE",
        "FILL 1 2@10 left 0",
        "FILL 0 2@10 left 1",
    ]
    assert data(desk) == ["DELETE 5@10 left 0 of 2", "EXECUTE 2@10 left 0 of 0", "ADD 1@10 left 1 of 1"]
    assert desk.account(0).hold == 1 * 10 * 100


def test_equal_ones_both_end(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 5), ask.sell(1, 1, 10, 2))
    events = desk.do(ask.buy(0, 2, 10, 5, **DECREMENT))
    assert said(events) == ["CANCELED 0 5@10 left 0 SELF_TRADE", "CANCELED 0 5@10 left 0 SELF_TRADE"]
    assert [row.account for row in desk.orders()] == [1]


def test_restated_counts_what_was_filled(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 8), ask.buy(1, 1, 10, 2))
    [restated, _] = [event for event in desk.do(ask.buy(0, 2, 10, 5, **DECREMENT)) if event.leaves != 5]
    assert (restated.qty, restated.leaves, restated.filled, restated.price) == (3, 1, 2, 10)


def test_an_iceberg_loses_of_its_reserve_first(desk: Desk) -> None:
    desk.do(ask.special(0, 1, 1, 12, price=10, display_qty=5), ask.sell(1, 1, 10, 1))
    assert said(desk.do(ask.buy(0, 2, 10, 6, **DECREMENT)))[0] == "RESTATED 0 6@10 left 6 SELF_TRADE"
    assert data(desk) == []
    desk.do(ask.buy(0, 3, 10, 3, **DECREMENT))
    assert data(desk) == ["REDUCE 2@10 left 3 of 4"]
    assert [(row.account, row.leaves, row.shown) for row in desk.orders()] == [(0, 3, 3), (1, 1, 1)]


@pytest.mark.parametrize(("qty", "filled"), [(3, 0), (2, 2)])
def test_fill_or_kill_counts_nothing_that_was_taken_off(desk: Desk, qty: int, filled: int) -> None:
    """2 of others, then 4 of its own, then others again: 3 cannot be traded, for 1 would be taken off."""
    desk.do(ask.sell(1, 1, 9, 2), ask.sell(0, 1, 10, 4), ask.sell(1, 2, 11, 9))
    events = desk.do(ask.buy(0, 2, 11, qty, tif=FOK, **DECREMENT))
    assert fills(events) == ([f"1>0 {filled}@9"] if filled else [])
    assert len(desk.orders()) == (2 if filled else 3)
