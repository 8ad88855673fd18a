"""Hidden orders, minimum quantities, all or none. docs/orders.md, "Matching" and "Recheck"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import Check, InstrumentState, OrderFlag, OrderType, Place, Rule, SelfTrade, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

BUY, SELL = 0, 1
HIDDEN, ALL = OrderFlag.HIDDEN, OrderFlag.ALL_OR_NONE
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


@pytest.fixture
def desk(market: Any) -> Desk:
    return opened(market, accounts=6)


def hidden(account: int, number: int, side: int, price: int, qty: int, flags: int = 0, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, price=price, flags=HIDDEN | flags, **fields)


def dark(desk: Desk) -> list[tuple[int, int, int]]:
    """Account, price, leaves of what rests unseen."""
    return [(row.account, row.price, row.leaves) for row in desk.orders() if row.place == Place.DARK]


def test_nobody_sees_it(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5))
    assert (desk.market_data, dark(desk)) == ([], [(0, 10, 5)])
    [row] = desk.orders()
    assert (row.shown, row.level_qty_ahead, row.flags) == (0, 0, HIDDEN)
    assert (desk.instrument().ask_price, desk.instrument().orders) == (0, 0)
    desk.do(hidden(1, 1, BUY, 9, 4))
    assert (desk.account(1).hold, desk.account(1).open_orders, desk.position(1).open_buy) == (3600, 1, 4)


def test_it_comes_after_displayed_ones_of_its_price_and_before_worse_ones(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5), ask.sell(1, 1, 10, 4), hidden(2, 1, SELL, 10, 3), ask.sell(3, 1, 11, 9))
    assert fills(desk.do(ask.buy(4, 1, 11, 13))) == ["1>4 4@10", "0>4 5@10", "2>4 3@10", "3>4 1@11"]
    assert data(desk) == [
        "EXECUTE 4@10 left 0 of 0",
        "HIDDEN_TRADE 5@10 left 0 of 0",
        "HIDDEN_TRADE 3@10 left 0 of 0",
        "EXECUTE 1@11 left 8 of 8",
    ]


def test_record_of_a_dark_trade(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5))
    desk.do(ask.buy(4, 1, 11, 2))
    [record] = desk.market_data
    assert (record.side, record.price, record.qty, record.trade_no) == (SELL, 10, 2, 1)
    assert (record.order_id, record.leaves, record.level_qty, record.level_orders) == (0, 0, 0, 0)
    assert dark(desk) == [(0, 10, 3)]


def test_an_incoming_one_takes_displayed_ones_with_an_execute(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 10, 5))
    assert fills(desk.do(hidden(1, 1, BUY, 11, 8))) == ["0>1 5@10"]
    assert data(desk) == ["EXECUTE 5@10 left 0 of 0"]
    assert dark(desk) == [(1, 11, 3)]


def test_post_only_looks_at_dark_orders(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5, min_qty=5), ask.sell(0, 2, 12, 1))
    post = {"flags": OrderFlag.POST_ONLY}
    assert said(desk.do(ask.buy(1, 1, 11, 2, **post))) == ["REJECTED 1 POST_ONLY 10 11"]
    [accepted] = desk.do(ask.buy(1, 1, 11, 2, flags=OrderFlag.POST_ONLY | OrderFlag.SLIDE))
    assert accepted.price == 9


def test_replace_of_a_hidden_order(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5), hidden(1, 1, SELL, 10, 5))
    [event] = desk.do(ask.replace(0, 1, 10, 3))
    assert (event.flags, event.leaves, desk.market_data) == (4, 3, [])
    [event] = desk.do(ask.replace(0, 1, 10, 4))
    assert (event.flags, dark(desk)) == (0, [(1, 10, 5), (0, 10, 4)])
    assert fills(desk.do(ask.buy(4, 1, 10, 6))) == ["1>4 5@10", "0>4 1@10"]
    desk.do(ask.buy(4, 2, 8, 2))
    assert fills(desk.do(ask.replace(0, 1, 8, 4))) == ["4>0 2@8"]


# Minimum quantity


def test_a_minimum_passes_over_what_is_too_small(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 9, min_qty=4), hidden(1, 1, SELL, 10, 9))
    assert fills(desk.do(ask.buy(2, 1, 10, 3))) == ["1>2 3@10"]
    assert fills(desk.do(ask.buy(2, 2, 10, 4))) == ["0>2 4@10"]
    desk.do(ask.buy(2, 3, 10, 4))
    assert dark(desk) == [(0, 10, 1), (1, 10, 6)]
    assert fills(desk.do(ask.buy(2, 4, 10, 1))) == ["0>2 1@10"], "what is left is less than its minimum"


def test_what_an_incoming_order_has_left_counts(desk: Desk) -> None:
    """5 come, 3 go to the displayed one, 2 are too few."""
    desk.do(hidden(0, 1, SELL, 10, 9, min_qty=4), ask.sell(1, 1, 10, 3))
    assert fills(desk.do(ask.buy(2, 1, 10, 5))) == ["1>2 3@10"]
    assert [(row.price, row.leaves) for row in desk.orders() if row.place == Place.BOOK] == [(10, 2)]


def test_all_or_none_takes_only_all(desk: Desk) -> None:
    desk.do(hidden(0, 1, SELL, 10, 5, ALL))
    assert fills(desk.do(ask.buy(2, 1, 10, 4, tif=IOC))) == []
    assert fills(desk.do(ask.buy(2, 2, 10, 6, tif=IOC))) == ["0>2 5@10"]


@pytest.mark.parametrize("fields", [{"min_qty": 6}, {"flags": ALL}])
def test_at_once_with_a_minimum_trades_enough_or_nothing(desk: Desk, fields: dict[str, int]) -> None:
    desk.do(ask.sell(0, 1, 10, 3), ask.sell(1, 1, 11, 2))
    at_once = {"price": 11, "tif": IOC, **fields}
    assert said(desk.do(ask.special(2, 1, BUY, 6, **at_once))) == ["CANCELED 2 6@11 left 0 MIN_QTY"]
    desk.do(ask.sell(0, 2, 11, 1))
    assert fills(desk.do(ask.special(2, 2, BUY, 6, **at_once))) == ["0>2 3@10", "1>2 2@11", "0>2 1@11"]


def test_a_market_order_may_have_a_minimum_whatever_its_tif(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 3))
    market = {"order_type": OrderType.MARKET, "tif": TimeInForce.DAY, "min_qty": 4}
    assert said(desk.do(ask.special(2, 1, SELL, 9, **market))) == ["CANCELED 2 9@1 left 0 MIN_QTY"]
    desk.do(hidden(1, 1, BUY, 9, 1))
    assert fills(desk.do(ask.special(2, 2, SELL, 9, **market))) == ["0>2 3@10", "1>2 1@9"]


def test_hidden_with_a_minimum_that_cannot_be_met_rests_at_once(desk: Desk) -> None:
    """It lies across a displayed order that is too small for it; one that is not meets it."""
    desk.do(ask.sell(0, 1, 10, 3))
    assert fills(desk.do(hidden(1, 1, BUY, 11, 8, min_qty=5))) == []
    assert dark(desk) == [(1, 11, 8)]
    assert fills(desk.do(ask.sell(2, 1, 9, 4))) == []
    assert fills(desk.do(ask.sell(2, 2, 9, 6))) == ["1>2 6@11"]


def test_a_dry_run_looks_at_both(desk: Desk) -> None:
    """Fill or kill: 3 displayed, 5 dark that want 4 at least: of 6 they trade none, of 7 four."""
    desk.do(ask.sell(0, 1, 10, 3), hidden(1, 1, SELL, 10, 5, min_qty=4))
    assert said(desk.do(ask.buy(2, 1, 10, 6, tif=FOK)))[-1].endswith("FOK")
    assert fills(desk.do(ask.buy(2, 2, 10, 7, tif=FOK))) == ["0>2 3@10", "1>2 4@10"]


def test_own_orders_and_a_minimum(desk: Desk) -> None:
    """Its own 3 are skipped: 4 are left."""
    desk.do(ask.sell(0, 1, 10, 3), ask.sell(1, 1, 10, 4))
    oldest = {"price": 10, "tif": IOC, "self_trade": SelfTrade.CANCEL_OLDEST}
    assert said(desk.do(ask.special(0, 2, BUY, 9, min_qty=5, **oldest))) == ["CANCELED 0 9@10 left 0 MIN_QTY"]
    assert said(desk.do(ask.special(0, 3, BUY, 9, min_qty=4, **oldest)))[0] == "CANCELED 0 3@10 left 0 SELF_TRADE"


def test_reduce_only_takes_lots_before_a_minimum_is_looked_at(desk: Desk) -> None:
    """A stop of 10 may reduce by 2 only: then it is too few for the hidden order, and meets the next one."""
    desk.do(ask.sell(1, 1, 20, 10), ask.buy(0, 1, 20, 10))
    reduce = {"order_type": OrderType.STOP, "stop_price": 12, "flags": OrderFlag.REDUCE_ONLY}
    desk.do(ask.special(0, 2, SELL, 10, **reduce), ask.buy(1, 2, 19, 8), ask.sell(0, 3, 19, 8))
    desk.do(hidden(2, 1, BUY, 7, 9, min_qty=5), ask.buy(3, 1, 6, 9))
    events = desk.do(ask.sell(4, 1, 12, 1), ask.buy(5, 1, 12, 1))
    assert "RESTATED 0 2@1 left 2 REDUCE_ONLY" in said(events)
    assert fills(events) == ["4>5 1@12", "3>0 2@6"]


# Recheck


def test_two_dark_orders_with_minima_meet_when_the_way_is_free(desk: Desk) -> None:
    """The hidden sell asks for more than the buy has, until its own lots become fewer."""
    desk.do(hidden(0, 1, BUY, 11, 4), hidden(1, 1, SELL, 10, 9, min_qty=5))
    assert dark(desk) == [(0, 11, 4), (1, 10, 9)]
    assert fills(desk.do(ask.replace(1, 1, 10, 4))) == [], "in place: nothing became dark, no price moved"
    assert fills(desk.do(ask.buy(2, 1, 5, 1))) == ["0>1 4@11"], "a price moved; the lower rank rests"


def test_the_displayed_one_rests_and_gives_the_price(desk: Desk) -> None:
    desk.do(hidden(1, 1, BUY, 11, 8, min_qty=5), ask.sell(0, 1, 10, 3))
    assert dark(desk) == [(1, 11, 8)]
    desk.do(ask.replace(1, 1, 11, 3))
    events = desk.do(ask.buy(2, 1, 5, 1))
    assert fills(events) == ["0>1 3@10"]
    assert data(desk) == ["ADD 1@5 left 1 of 1", "EXECUTE 3@10 left 0 of 0"]


def test_a_minimum_passes_over_displayed_orders_too(desk: Desk) -> None:
    """2 and 4 are offered, it wants 7 at least, until it is but 4 itself: then it takes those behind the 2."""
    desk.do(ask.sell(0, 1, 10, 2), ask.sell(1, 1, 10, 4), hidden(2, 1, BUY, 10, 12, min_qty=7))
    assert fills(desk.do(ask.replace(2, 1, 10, 4), ask.sell(4, 1, 12, 1))) == [], "no best price moved"
    assert fills(desk.do(ask.buy(4, 2, 5, 1))) == ["1>2 4@10"]
    assert data(desk) == ["ADD 1@5 left 1 of 1", "EXECUTE 4@10 left 0 of 2"]


def test_what_became_dark_is_looked_at(desk: Desk) -> None:
    """On its way in it would have met its own order first; resting it passes over that, which is too small."""
    desk.do(ask.sell(0, 1, 10, 1), ask.sell(1, 1, 10, 9))
    newest = {"min_qty": 5, "self_trade": SelfTrade.CANCEL_NEWEST}
    assert fills(desk.do(hidden(0, 2, BUY, 10, 9, **newest))) == ["1>0 9@10"]
    assert data(desk) == ["EXECUTE 9@10 left 0 of 1"]


def test_it_stops_where_the_instrument_is_not_open(desk: Desk) -> None:
    desk.do(hidden(0, 1, BUY, 11, 4), hidden(1, 1, SELL, 10, 9, min_qty=5))
    desk.do(ask.replace(1, 1, 10, 4), ask.sell(2, 1, 20, 1))
    assert dark(desk) == [], "they met"
    desk.do(hidden(0, 2, BUY, 11, 4), hidden(1, 2, SELL, 10, 9, min_qty=5), ask.replace(1, 2, 10, 4))
    desk.do(ask.instrument_state(0, InstrumentState.HALTED))
    assert fills(desk.do(ask.cancel(2, 1))) == []
    assert fills(desk.do(ask.instrument_state(0, InstrumentState.OPEN))) == ["0>1 4@11"]


# What does not go together


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"flags": HIDDEN | OrderFlag.POST_ONLY}, Rule.DARK),
        ({"flags": HIDDEN, "tif": IOC}, Rule.DARK),
        ({"flags": HIDDEN, "order_type": OrderType.STOP, "stop_price": 5}, Rule.DARK),
        ({"flags": ALL}, Rule.DARK),
        ({"flags": ALL, "tif": FOK}, Rule.DARK),
        ({"flags": HIDDEN, "min_qty": 6}, Rule.MIN_QTY),
        ({"flags": HIDDEN | ALL, "min_qty": 5}, Rule.MIN_QTY),
        ({"min_qty": 1}, Rule.MIN_QTY),
        ({"min_qty": 1, "tif": FOK}, Rule.MIN_QTY),
    ],
)
def test_combinations(desk: Desk, fields: dict[str, int], rule: Rule) -> None:
    event = desk.one(ask.special(0, 1, BUY, 5, price=10, **fields))
    value = fields["min_qty"] if rule == Rule.MIN_QTY else fields["flags"]
    assert (event.check, event.limit, event.value) == (Check.COMBINATION, rule, value)
