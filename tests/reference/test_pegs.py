"""Pegged orders: what they follow, their caps, and whom they meet when prices move. docs/orders.md, "Pegs"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import Check, EventFlag, OrderFlag, OrderType, Peg, Place, Rule, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import data, fills, opened, said
from tests.reference.commands import Command
from tests.reference.desk import Desk

BUY, SELL = 0, 1
PRIMARY, MARKET, MIDPOINT = Peg.PRIMARY, Peg.MARKET, Peg.MIDPOINT
HIDDEN = {"flags": OrderFlag.HIDDEN}
IOC = {"tif": TimeInForce.IOC}


@pytest.fixture
def desk(market: Any) -> Desk:
    """Account 0 bids 100 for 20, account 1 offers 20 at 110; a buy without a cap is at most at 157."""
    desk = opened(market, accounts=6, reference_price=105, collar_bps=5000)
    desk.do(ask.buy(0, 1, 100, 20), ask.sell(1, 1, 110, 20))
    return desk


def peg(account: int, number: int, side: int, qty: int, kind: int, offset: int = 0, **fields: Any) -> Command:
    return ask.special(account, number, side, qty, order_type=OrderType.PEGGED, peg=kind, offset=offset, **fields)


def dark(desk: Desk) -> list[tuple[int, int]]:
    return [(row.account, row.leaves) for row in desk.orders() if row.place == Place.DARK]


@pytest.mark.parametrize(
    ("kind", "offset", "price"),
    [
        (PRIMARY, 0, 100),
        (PRIMARY, -3, 97),
        (MARKET, -1, 109),
        (MARKET, -10, 100),
        (MIDPOINT, 0, 105),
        (MIDPOINT, -2, 103),
    ],
)
def test_what_a_buy_follows(desk: Desk, kind: Peg, offset: int, price: int) -> None:
    """Displayed ones come before it; that their level goes with that does not move it yet."""
    desk.do(peg(2, 1, BUY, 5, kind, offset))
    displayed = ["0>3 20@100"] if price <= 100 else []
    assert fills(desk.do(ask.sell(3, 1, price, 25, **IOC))) == [*displayed, f"2>3 5@{price}"]


@pytest.mark.parametrize(
    ("kind", "offset", "price"),
    [
        (PRIMARY, 0, 110),
        (PRIMARY, 3, 113),
        (MARKET, 1, 101),
        (MARKET, 10, 110),
        (MIDPOINT, 0, 105),
        (MIDPOINT, 2, 107),
    ],
)
def test_what_a_sell_follows(desk: Desk, kind: Peg, offset: int, price: int) -> None:
    desk.do(peg(2, 1, SELL, 5, kind, offset))
    displayed = ["1>3 20@110"] if price >= 110 else []
    assert fills(desk.do(ask.buy(3, 1, price, 25, **IOC))) == [*displayed, f"2>3 5@{price}"]


def test_it_has_moved_when_the_next_order_comes(desk: Desk) -> None:
    """The bid goes down to 99, and it with that; without a bid it has no price."""
    desk.do(peg(2, 1, BUY, 5, PRIMARY), ask.buy(0, 2, 99, 1))
    assert fills(desk.do(ask.sell(3, 1, 100, 22))) == ["0>3 20@100", "2>3 2@100"]
    assert fills(desk.do(ask.sell(3, 2, 100, 1, **IOC))) == []
    assert fills(desk.do(ask.sell(3, 3, 99, 2, **IOC))) == ["0>3 1@99", "2>3 1@99"]
    assert fills(desk.do(ask.sell(3, 4, 90, 2, **IOC))) == []
    assert dark(desk) == [(2, 2)]


def test_a_dry_run_has_them_stand_still_too(desk: Desk) -> None:
    desk.do(peg(2, 1, BUY, 5, PRIMARY, -1))
    fok = {"tif": TimeInForce.FOK}
    assert said(desk.do(ask.sell(3, 1, 99, 26, **fok))) == ["CANCELED 3 26@99 left 0 FOK"]
    assert fills(desk.do(ask.sell(3, 2, 99, 25, **fok))) == ["0>3 20@100", "2>3 5@99"]


@pytest.mark.parametrize(("side", "price"), [(BUY, 105), (SELL, 106)])
def test_the_middle_is_rounded_away_from_a_trade(desk: Desk, side: int, price: int) -> None:
    desk.do(ask.sell(1, 2, 111, 1), ask.cancel(1, 1), peg(2, 1, side, 5, MIDPOINT))
    other = ask.sell(3, 1, 101, 1) if side == BUY else ask.buy(3, 1, 110, 1)
    assert fills(desk.do(other)) == [f"2>3 1@{price}"]


def test_two_in_the_middle_meet_when_their_prices_do(desk: Desk) -> None:
    """With 100 to 111 the buy is at 105, the sell at 106; with 100 to 110 both are at 105."""
    desk.do(ask.sell(1, 2, 111, 1), ask.cancel(1, 1), peg(2, 1, BUY, 5, MIDPOINT))
    assert fills(desk.do(peg(3, 1, SELL, 3, MIDPOINT))) == []
    assert fills(desk.do(ask.sell(1, 3, 110, 1))) == ["2>3 3@105"]
    assert data(desk) == ["ADD 1@110 left 1 of 1", "HIDDEN_TRADE 3@105 left 0 of 0"]


@pytest.mark.parametrize(("cap", "price"), [(0, 105), (106, 105), (105, 105), (104, 104), (90, 90)])
def test_the_cap_of_a_buy(desk: Desk, cap: int, price: int) -> None:
    desk.do(peg(2, 1, BUY, 5, MIDPOINT, price=cap))
    displayed = ["0>3 20@100"] if price < 100 else []
    assert fills(desk.do(ask.sell(3, 1, price, 21, **IOC)))[: 1 + len(displayed)] == [
        *displayed,
        f"2>3 {1 if displayed else 5}@{price}",
    ]


def test_a_cap_binds_and_ceases_to(desk: Desk) -> None:
    """An offer of 105 takes it down to its cap, 108; when that is gone it is at 110 again."""
    desk.do(peg(2, 1, SELL, 9, PRIMARY, price=108), ask.sell(1, 2, 105, 1))
    assert fills(desk.do(ask.buy(3, 1, 107, 1, **IOC))) == ["1>3 1@105"]
    assert fills(desk.do(ask.buy(3, 2, 109, 1, **IOC))) == []
    desk.do(ask.sell(1, 3, 106, 1))
    assert fills(desk.do(ask.buy(3, 3, 108, 3, **IOC))) == ["1>3 1@106", "2>3 2@108"]


def test_it_holds_cash_at_its_cap_or_at_the_price_of_a_market_order(desk: Desk) -> None:
    desk.do(peg(2, 1, BUY, 5, PRIMARY, price=102))
    assert desk.account(2).hold == 102 * 5 * 100
    [accepted] = desk.do(peg(2, 2, BUY, 5, PRIMARY))
    assert (accepted.price, desk.account(2).hold) == (157, (102 + 157) * 5 * 100)
    rows = desk.orders(account=2)
    assert [(row.price, row.peg, row.place, row.shown) for row in rows] == [
        (157, PRIMARY, Place.DARK, 0),
        (102, PRIMARY, Place.DARK, 0),
    ]


def test_without_a_reference_it_waits(desk: Desk) -> None:
    desk.do(ask.cancel(0, 1), peg(2, 1, BUY, 5, PRIMARY), peg(3, 1, BUY, 5, MIDPOINT))
    assert fills(desk.do(ask.special(4, 1, SELL, 2, price=95, **HIDDEN))) == []
    assert fills(desk.do(ask.buy(0, 2, 92, 1))) == ["3>4 2@101"], "between 92 and 110, and it came first"


def test_below_one_it_has_no_price(desk: Desk) -> None:
    desk.do(peg(2, 1, BUY, 5, PRIMARY, -100), peg(3, 1, BUY, 5, PRIMARY, -99))
    events = desk.do(ask.sell(4, 1, 60, 1, **IOC), ask.instrument(0, 1, 1, -1, 0), ask.sell(4, 2, 1, 30, **IOC))
    assert fills(events) == ["0>4 1@100", "0>4 19@100", "3>4 5@1"]
    assert dark(desk) == [(2, 5)]


def test_it_keeps_its_rank_while_it_follows(desk: Desk) -> None:
    desk.do(peg(2, 1, BUY, 5, PRIMARY, price=105), ask.special(3, 1, BUY, 5, price=101, **HIDDEN))
    desk.do(ask.buy(0, 2, 101, 1))
    assert fills(desk.do(ask.sell(4, 1, 101, 8))) == ["0>4 1@101", "2>4 5@101", "3>4 2@101"]


@pytest.mark.parametrize(("peg_first", "trade"), [(False, "3>2 8@103"), (True, "2>3 8@104")])
def test_a_bid_brings_it_to_a_dark_order(desk: Desk, peg_first: bool, trade: str) -> None:
    """A hidden sell of 5 or more at 103 lets a bid of 1 at 104 pass; the peg follows that and meets it."""
    sell, buy = ask.special(3, 1, SELL, 8, price=103, min_qty=5, **HIDDEN), peg(2, 1, BUY, 9, PRIMARY, price=108)
    desk.do(*((buy, sell) if peg_first else (sell, buy)))
    assert fills(desk.do(ask.buy(0, 2, 104, 1))) == [trade]
    assert data(desk) == ["ADD 1@104 left 1 of 1", f"HIDDEN_TRADE {trade[4:]} left 0 of 0"]


def test_a_cancel_moves_it_too(desk: Desk) -> None:
    """A sell 4 above the bid comes down with that, to a hidden buy."""
    desk.do(ask.buy(0, 2, 98, 1), peg(2, 1, SELL, 9, MARKET, 4), ask.special(3, 1, BUY, 2, price=103, **HIDDEN))
    events = desk.do(ask.cancel(0, 1))
    assert (said(events)[0], fills(events)) == ("CANCELED 0 20@100 left 0 USER", ["2>3 2@102"])


def test_a_trade_of_the_recheck_meets_a_stop_which_is_served_after_it(desk: Desk) -> None:
    stop = ask.special(5, 1, SELL, 1, order_type=OrderType.STOP, stop_price=103)
    desk.do(stop, ask.buy(0, 2, 98, 1), peg(2, 1, SELL, 9, MARKET, 4))
    desk.do(ask.special(3, 1, BUY, 2, price=103, **HIDDEN), ask.special(4, 1, BUY, 2, price=102, **HIDDEN))
    assert fills(desk.do(ask.cancel(0, 1))) == ["2>3 2@102", "2>4 2@102", "0>5 1@98"]


def test_what_a_served_stop_moves_is_looked_at(desk: Desk) -> None:
    """The stop is too small for the hidden buy and takes the bid of 100; the sell 4 above the bid comes down to 102."""
    desk.do(ask.special(5, 1, SELL, 20, order_type=OrderType.STOP, stop_price=104), ask.buy(0, 2, 98, 1))
    desk.do(peg(2, 1, SELL, 30, MARKET, 4), ask.special(3, 1, BUY, 30, price=103, min_qty=25, **HIDDEN))
    assert fills(desk.do(ask.buy(4, 1, 104, 1))) == ["2>4 1@104", "0>5 20@100", "2>3 29@102"]


def test_replace_of_the_cap(desk: Desk) -> None:
    desk.do(peg(2, 1, BUY, 9, MIDPOINT, price=103))
    [event] = desk.do(ask.replace(2, 1, 103, 8))
    assert (event.flags, event.leaves, event.price) == (EventFlag.PRIORITY_KEPT, 8, 103)
    [event] = desk.do(ask.replace(2, 1, 0, 8))
    assert (event.flags, event.price, desk.account(2).hold) == (0, 157, 157 * 8 * 100)
    assert fills(desk.do(ask.sell(3, 1, 101, 1))) == ["2>3 1@105"]
    desk.do(ask.replace(2, 1, 104, 8))
    assert fills(desk.do(ask.sell(3, 2, 101, 1))) == ["2>3 1@104"]


def test_it_meets_dark_orders_when_it_comes(desk: Desk) -> None:
    desk.do(ask.special(3, 1, SELL, 4, price=104, **HIDDEN))
    assert fills(desk.do(peg(2, 1, BUY, 9, MIDPOINT))) == ["3>2 4@104"]
    assert dark(desk) == [(2, 5)]


@pytest.mark.parametrize(
    ("fields", "rule", "value"),
    [
        ({"peg": 0}, Rule.PEG_KIND, 0),
        ({"order_type": OrderType.LIMIT}, Rule.PEG_KIND, 1),
        ({"offset": 1}, Rule.OFFSET, 1),
        ({"peg": MARKET, "offset": 0}, Rule.OFFSET, 0),
        ({"side": SELL, "offset": -1}, Rule.OFFSET, -1),
        ({"tif": TimeInForce.IOC}, Rule.TIF, TimeInForce.IOC),
        ({"flags": OrderFlag.HIDDEN}, Rule.DARK, OrderFlag.HIDDEN),
        ({"flags": OrderFlag.POST_ONLY}, Rule.POST, OrderFlag.POST_ONLY),
        ({"min_qty": 1}, Rule.MIN_QTY, 1),
        ({"display_qty": 1}, Rule.DISPLAY, 1),
        ({"discretion": 1}, Rule.DISCRETION, 1),
    ],
)
def test_combinations(desk: Desk, fields: dict[str, int], rule: Rule, value: int) -> None:
    asked = {"side": BUY, "qty": 5, "order_type": OrderType.PEGGED, "peg": PRIMARY, "price": 105} | fields
    event = desk.one(ask.special(2, 1, **asked))
    assert (event.check, event.limit, event.value & 0xFFFF) == (Check.COMBINATION, rule, value & 0xFFFF)


def test_its_steps(desk: Desk) -> None:
    desk.do(ask.instrument(1, 5, 1), ask.instrument_state(1, 1))
    at = {"instrument": 1}
    assert said(desk.do(peg(2, 1, SELL, 1, PRIMARY, 3, **at))) == ["REJECTED 2 TICK_SIZE 5 3"]
    assert said(desk.do(peg(2, 1, SELL, 1, MIDPOINT, 3, price=7, **at))) == ["REJECTED 2 TICK_SIZE 5 7"]
    assert said(desk.do(peg(2, 1, SELL, 1, MIDPOINT, 3, **at))) == []
    assert said(desk.do(peg(2, 2, BUY, 1, PRIMARY, price=200))) == ["REJECTED 2 PRICE_COLLAR 157 200"]
