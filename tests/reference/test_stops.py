"""Stops: when they are met, in which order, what they become. docs/orders.md, "Stops"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import EventFlag, ModeFlag, OrderFlag, OrderType, Place, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

BUY, SELL = 0, 1


@pytest.fixture
def desk(market: Any) -> Desk:
    """The last trade was at 100; a market order goes from 50 to 150."""
    return opened(market, accounts=6, reference_price=100, collar_bps=5000)


def stop(account: int, number: int, side: int, stop_price: int, qty: int, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, **{"order_type": OrderType.STOP, "stop_price": stop_price} | fields)


def trail(account: int, number: int, side: int, offset: int, qty: int, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, order_type=OrderType.TRAILING_STOP, offset=offset, **fields)


def last(desk: Desk, price: int, number: int) -> list[Any]:
    """A trade of one lot at this price between accounts 4 and 5."""
    return desk.do(ask.sell(4, number, price, 1), ask.buy(5, number, price, 1))


def waits(desk: Desk) -> list[tuple[int, int]]:
    return [(row.account, row.stop_price) for row in desk.orders() if row.place == Place.STOP]


@pytest.mark.parametrize(("side", "stop_price", "misses", "meets"), [(BUY, 105, 104, 105), (SELL, 95, 96, 94)])
def test_it_waits_for_a_trade_at_its_price_or_beyond(
    desk: Desk, side: int, stop_price: int, misses: int, meets: int
) -> None:
    desk.do(stop(0, 1, side, stop_price, 3))
    assert (waits(desk), desk.market_data) == ([(0, stop_price)], [])
    assert said(last(desk, misses, 1))[2:] == []
    desk.do(ask.sell(1, 1, 120, 9), ask.buy(1, 2, 80, 9))
    at = 120 if side == BUY else 80
    events = said(last(desk, meets, 2))[2:]
    assert events[0].startswith("TRIGGERED 0 3@")
    assert events[1:] == [f"FILL 1 3@{at} left 6", f"FILL 0 3@{at} left 0"]
    assert waits(desk) == []


def test_what_a_met_one_is_priced_at(desk: Desk) -> None:
    """The reference is then the trade's 105: half of it more is 157, and the rest is cancelled."""
    desk.do(stop(0, 1, BUY, 105, 3))
    assert said(last(desk, 105, 1))[2:] == ["TRIGGERED 0 3@157 left 3", "CANCELED 0 3@157 left 0 IOC"]


@pytest.mark.parametrize(("side", "stop_price"), [(BUY, 100), (BUY, 99), (SELL, 100), (SELL, 101)])
def test_it_is_refused_where_it_is_met_already(desk: Desk, side: int, stop_price: int) -> None:
    assert said(desk.do(stop(0, 1, side, stop_price, 3))) == [f"REJECTED 0 STOP_SIDE 100 {stop_price}"]


def test_one_with_a_limit_rests_there(desk: Desk) -> None:
    desk.do(stop(0, 1, BUY, 105, 3, order_type=OrderType.STOP_LIMIT, price=103))
    assert desk.account(0).hold == 103 * 3 * 100
    assert said(last(desk, 106, 1))[2:] == ["TRIGGERED 0 3@103 left 3"]
    [row] = desk.orders()
    assert (row.place, row.price, row.order_type, row.leaves) == (Place.BOOK, 103, OrderType.LIMIT, 3)


def test_a_limit_beyond_the_collar_ends_it(desk: Desk) -> None:
    desk.do(stop(0, 1, BUY, 105, 3, order_type=OrderType.STOP_LIMIT, price=158))
    assert said(last(desk, 105, 1))[2:] == ["TRIGGERED 0 3@158 left 3", "CANCELED 0 3@158 left 0 PRICE_COLLAR"]


def test_a_buy_must_be_able_to_pay_then(desk: Desk) -> None:
    """Held: 105 a lot; at 157 it is too dear."""
    desk.do(ask.account(6), ask.deposit(6, 105 * 3 * 100), stop(6, 1, BUY, 105, 3))
    assert said(last(desk, 105, 1))[2:] == ["TRIGGERED 6 3@157 left 3", "CANCELED 6 3@157 left 0 BUYING_POWER"]


@pytest.mark.parametrize("of", ["account", "instrument"])
def test_a_buy_must_be_within_the_limit_of_an_order_then(desk: Desk, of: str) -> None:
    """3 lots are 31,500 at its stop price, 47,100 at 157; cash is there. A sell goes to a lower price: it passes."""
    limit = 32_000
    desk.do(ask.account(0, flags=1, max_order_notional=limit) if of == "account" else ask.instrument(
        0, -1, -1, 100, 5000, -1, limit))  # fmt: skip
    desk.do(stop(0, 1, BUY, 105, 3), stop(0, 2, SELL, 95, 3))
    assert said(last(desk, 105, 1))[2:] == ["TRIGGERED 0 3@157 left 3", "CANCELED 0 3@157 left 0 ORDER_NOTIONAL"]
    assert said(last(desk, 95, 2))[2:] == ["TRIGGERED 0 3@48 left 3", "CANCELED 0 3@48 left 0 IOC"]
    assert desk.account(0).hold == 0


def test_no_buy_trades_beyond_the_largest_notional(market: Any) -> None:
    """Credit without end, and a seller who asks for more than he said: a peg, whose own price is far below. What a
    seller gets in one trade is what is left of the range of cash for it (docs/core.md, Matching)."""
    desk = opened(market, accounts=4, reference_price=100, collar_bps=5000, lot_size=1 << 20)
    desk.do(ask.account(0, flags=3))
    peg = {"order_type": OrderType.PEGGED, "peg": wire.Peg.PRIMARY, "price": 51}
    qty = 700_000
    assert 105 * qty * 100 << 20 < wire.MAX_NOTIONAL < 150 * qty * 100 << 20
    desk.do(ask.special(1, 1, SELL, qty, **peg), ask.sell(2, 1, 150, 1), stop(0, 1, BUY, 105, qty))
    events = desk.do(ask.sell(3, 1, 106, 1), ask.buy(3, 2, 106, 1))
    assert said(events)[-2:] == [f"TRIGGERED 0 {qty}@159 left {qty}", f"CANCELED 0 {qty}@159 left 0 ORDER_NOTIONAL"]
    assert desk.account(1).cash == 10**15


def test_they_are_served_buys_first_by_price_then_by_rank(desk: Desk) -> None:
    """One trade at 110 meets all buys; the nearest one first, of two equal ones the earlier."""
    for account, price in ((0, 108), (1, 105), (2, 105), (3, 110)):
        desk.do(stop(account, 1, BUY, price, 1))
    served = [line for line in said(last(desk, 110, 1)) if line.startswith("TRIGGERED")]
    assert [line.split()[1] for line in served] == ["1", "2", "0", "3"]


def test_what_one_trades_meets_others(desk: Desk) -> None:
    """95 meets the first, which sells at 90, which meets the second; that sells at 85."""
    desk.do(stop(0, 1, SELL, 95, 1), stop(1, 1, SELL, 90, 1), stop(2, 1, SELL, 84, 1))
    desk.do(ask.buy(3, 1, 90, 1), ask.buy(3, 2, 85, 1))
    assert fills(last(desk, 95, 1)) == ["4>5 1@95", "3>0 1@90", "3>1 1@85"]
    assert waits(desk) == [(2, 84)]


def test_replace_of_a_stop(desk: Desk) -> None:
    desk.do(stop(0, 1, BUY, 105, 3), stop(1, 1, BUY, 105, 3))
    [event] = desk.do(ask.replace(0, 1, 105, 2))
    assert (event.flags, waits(desk)) == (EventFlag.PRIORITY_KEPT, [(0, 105), (1, 105)])
    [event] = desk.do(ask.replace(0, 1, 105, 4))
    assert (event.flags, waits(desk), desk.account(0).hold) == (0, [(1, 105), (0, 105)], 105 * 4 * 100)
    [event] = desk.do(ask.replace(1, 1, 107, 3))
    assert (event.price, waits(desk)) == (107, [(0, 105), (1, 107)])
    assert said(desk.do(ask.replace(1, 1, 100, 3))) == ["REPLACE_REJECTED 1 STOP_SIDE 100 100"]
    assert said(desk.do(ask.replace(1, 1, 0, 3))) == [f"REPLACE_REJECTED 1 PRICE {wire.MAX_PRICE} 0"]
    assert said(last(desk, 105, 1))[2] == "TRIGGERED 0 4@157 left 4"


# Trailing


def test_a_trailing_sell_goes_up_with_the_market_and_never_down(desk: Desk) -> None:
    [accepted] = desk.do(trail(0, 1, SELL, 5, 1))
    assert (accepted.price, waits(desk)) == (95, [(0, 95)])
    last(desk, 104, 1)
    assert waits(desk) == [(0, 99)]
    last(desk, 100, 2)
    assert waits(desk) == [(0, 99)]
    assert said(last(desk, 99, 3))[2].startswith("TRIGGERED 0 1@")


def test_a_trailing_buy_goes_down_and_holds_what_it_came_with(desk: Desk) -> None:
    desk.do(trail(0, 1, BUY, 1000, 2, modes=ModeFlag.TRAIL_PERCENT))
    assert (waits(desk), desk.account(0).hold) == ([(0, 110)], 110 * 2 * 100)
    last(desk, 91, 1)
    assert (waits(desk), desk.account(0).hold) == ([(0, 100)], 110 * 2 * 100)
    last(desk, 99, 2)
    assert waits(desk) == [(0, 100)]


def test_a_part_of_a_tick_is_at_least_one(desk: Desk) -> None:
    [accepted] = desk.do(trail(0, 1, SELL, 1, 1, modes=ModeFlag.TRAIL_PERCENT))
    assert accepted.price == 99


def test_replace_of_a_trailing_one_does_not_look_at_price(desk: Desk) -> None:
    desk.do(trail(0, 1, SELL, 5, 3))
    [event] = desk.do(ask.replace(0, 1, -7, 2))
    assert (event.flags, event.price, event.leaves) == (EventFlag.PRIORITY_KEPT, 95, 2)


def test_it_needs_a_reference(desk: Desk) -> None:
    desk.do(ask.instrument(1, 1, 1), ask.instrument_state(1, 1))
    assert said(desk.do(trail(0, 1, SELL, 5, 3, instrument=1))) == ["REJECTED 0 STOP_SIDE 1 0"]
    assert said(desk.do(trail(0, 1, SELL, 100, 3))) == ["REJECTED 0 STOP_SIDE 1 0"]
    assert said(desk.do(trail(0, 1, BUY, wire.MAX_PRICE, 3))) == [
        f"REJECTED 0 STOP_SIDE {wire.MAX_PRICE} {wire.MAX_PRICE + 100}"
    ]


# Dates, groups, to a limit


def test_a_market_to_limit_order_goes_no_further_than_the_best_price(desk: Desk) -> None:
    to_limit = {"order_type": OrderType.MARKET_TO_LIMIT}
    assert said(desk.do(ask.special(0, 1, BUY, 5, **to_limit))) == ["REJECTED 0 NO_PRICE 0 0"]
    desk.do(ask.sell(1, 1, 101, 2), ask.sell(1, 2, 102, 2))
    assert fills(desk.do(ask.special(0, 2, BUY, 5, **to_limit))) == ["1>0 2@101"]
    assert [(row.price, row.leaves, row.order_type) for row in desk.orders(account=0)] == [(101, 3, OrderType.LIMIT)]


def test_dated_orders_end_in_the_order_of_their_dates(desk: Desk) -> None:
    dated = {"tif": TimeInForce.GTD}
    desk.do(ask.special(0, 1, BUY, 1, price=90, expire_ns=desk.ts_ns + 9, **dated))
    desk.do(stop(1, 1, BUY, 105, 1, expire_ns=desk.ts_ns + 5, **dated))
    desk.do(ask.special(2, 1, BUY, 1, price=90, expire_ns=desk.ts_ns + 5, **dated))
    assert said(desk.do(ask.tick(), after_ns=4)) == []
    assert [line.split()[1] for line in said(desk.do(ask.tick(), after_ns=6))] == ["1", "2", "0"]


def test_mass_cancel_by_group_and_session(desk: Desk) -> None:
    desk.do(ask.special(0, 1, BUY, 1, price=90, group=7, session=1), stop(0, 2, BUY, 105, 1, group=7, session=2))
    desk.do(ask.special(0, 3, BUY, 1, price=91, group=8, session=1, flags=OrderFlag.DO_NOT_ROUTE))
    by_group, by_session = {"flags": 2, "qty": 7}, {"flags": 1, "session": 1}
    assert len(said(desk.do(ask.mass_cancel(0, flags=3, qty=7, session=3)))) == 1
    assert said(desk.do(ask.mass_cancel(0, **by_group)))[:2] == [
        "CANCELED 0 1@105 left 0 MASS",
        "CANCELED 0 1@90 left 0 MASS",
    ]
    assert said(desk.do(ask.mass_cancel(0, **by_session)))[0] == "CANCELED 0 1@91 left 0 MASS"
    assert said(desk.do(ask.mass_cancel(0, flags=4))) == ["CANCEL_REJECTED 0 FLAGS 3 4"]
