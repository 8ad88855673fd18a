"""Market data record by record, and the book, depth and rows that must agree with it."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import AccountFlag, BookKind, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference.desk import Desk
from tests.reference.records import DEPTH, MARKET_DATA

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def desk(market: Any) -> Desk:
    return Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, accounts=3)


def book(desk: Desk) -> list[tuple[Any, ...]]:
    """Kind, side, price, qty, leaves, level_qty, level_orders of the records that are no Top."""
    return [
        (BookKind(r.kind).name, r.side, r.price, r.qty, r.leaves, r.level_qty, r.level_orders)
        for r in desk.market_data
        if r.kind != BookKind.TOP
    ]


def tops(desk: Desk) -> list[tuple[int, ...]]:
    """Instrument, then price, lots, orders of bid and offer."""
    return [
        (r.instrument, r.bid_price, r.bid_qty, r.bid_orders, r.ask_price, r.ask_qty, r.ask_orders)
        for r in desk.market_data
        if r.kind == BookKind.TOP
    ]


def test_orders_that_rest_are_added_with_their_levels_totals(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 5))
    assert (book(desk), tops(desk)) == ([("ADD", BUY, 10, 5, 5, 5, 1)], [(0, 10, 5, 1, 0, 0, 0)])
    desk.do(ask.buy(1, 1, 10, 3))
    assert (book(desk), tops(desk)) == ([("ADD", BUY, 10, 3, 3, 8, 2)], [(0, 10, 8, 2, 0, 0, 0)])
    desk.do(ask.buy(1, 2, 9, 3))
    assert (book(desk), tops(desk)) == ([("ADD", BUY, 9, 3, 3, 3, 1)], [])
    first = desk.market_data[0]
    assert (first.seq, first.ts_ns, first.instrument, first.order_id) == (desk.seq, desk.ts_ns, 0, 1 << 32 | 3)


def test_trades_and_rests(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 20, 5), ask.sell(1, 1, 20, 6), ask.sell(0, 2, 21, 7))
    desk.do(ask.buy(2, 1, 21, 25))
    assert book(desk) == [
        ("EXECUTE", SELL, 20, 5, 0, 6, 1),
        ("EXECUTE", SELL, 20, 6, 0, 0, 0),
        ("EXECUTE", SELL, 21, 7, 0, 0, 0),
        ("ADD", BUY, 21, 7, 7, 7, 1),
    ]
    assert [record.trade_no for record in desk.market_data[:4]] == [1, 2, 3, 0]
    assert tops(desk) == [(0, 21, 7, 1, 0, 0, 0)]
    assert desk.market_data[-1].state == 1
    desk.do(ask.sell(0, 3, 21, 3))
    assert (book(desk), tops(desk)) == ([("EXECUTE", BUY, 21, 3, 4, 4, 1)], [(0, 21, 4, 1, 0, 0, 0)])


def test_a_taker_that_leaves_no_trace_gives_no_record(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 5, tif=TimeInForce.IOC))
    assert desk.market_data == []


def test_orders_that_shrink_and_leave(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 5), ask.buy(1, 1, 10, 3))
    desk.do(ask.replace(0, 1, 10, 2))
    assert (book(desk), tops(desk)) == ([("REDUCE", BUY, 10, 3, 2, 5, 2)], [(0, 10, 5, 2, 0, 0, 0)])
    desk.do(ask.replace(0, 1, 10, 2))
    assert desk.market_data == []
    desk.do(ask.cancel(1, 1))
    assert (book(desk), tops(desk)) == ([("DELETE", BUY, 10, 3, 0, 2, 1)], [(0, 10, 2, 1, 0, 0, 0)])
    desk.do(ask.cancel(0, 1))
    assert (book(desk), tops(desk)) == ([("DELETE", BUY, 10, 2, 0, 0, 0)], [(0, 0, 0, 0, 0, 0, 0)])


def test_a_top_that_comes_back_within_a_command_is_not_told(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 10, 5), ask.buy(1, 1, 9, 3))
    desk.do(ask.replace(0, 1, 10, 5, flags=4))
    assert (book(desk), tops(desk)) == ([("DELETE", BUY, 10, 5, 0, 0, 0), ("ADD", BUY, 10, 5, 5, 5, 1)], [])


def test_tops_come_in_the_order_of_the_first_touch(desk: Desk) -> None:
    for number in (1, 2):
        desk.do(ask.instrument(number), ask.instrument_state(number, 1))
    desk.do(*(ask.buy(0, 1 + number, 10, 1, instrument=place) for number, place in enumerate((1, 0, 2, 1))))
    desk.do(ask.buy(1, 1, 11, 4))
    desk.do(ask.mass_cancel(0))
    assert [record.instrument for record in desk.market_data] == [1, 2, 0, 1, 1, 2]  # below the best of 0: no Top
    assert [top[0] for top in tops(desk)] == [1, 2]


def test_market_data_only_when_asked(market: Any) -> None:
    desk = Desk(market).open()
    market.apply(ask.buy(0, 1, 10, 5).encode(desk.seq + 1, desk.ts_ns))
    assert market.take_market_data() == b""
    market.apply(ask.buy(0, 2, 10, 5).encode(desk.seq + 2, desk.ts_ns), True)
    assert len(market.take_market_data()) == 128
    market.apply(ask.cancel(0, 1).encode(desk.seq + 3, desk.ts_ns))
    market.apply(ask.buy(0, 3, 9, 5).encode(desk.seq + 4, desk.ts_ns), True)
    assert len(market.take_market_data()) == 64  # the Top changed in a command that was not to be told


def test_depth_and_book(desk: Desk) -> None:
    desk.do(
        ask.buy(0, 1, 10, 5), ask.buy(1, 2, 10, 3), ask.buy(0, 3, 9, 2), ask.sell(1, 4, 12, 4), ask.sell(1, 5, 11, 1)
    )
    rows = DEPTH.rows(desk.market.depth(0, 10))
    assert [(r.side, r.price, r.level_qty, r.level_orders) for r in rows] == [
        (BUY, 10, 8, 2),
        (BUY, 9, 2, 1),
        (SELL, 11, 1, 1),
        (SELL, 12, 4, 1),
    ]
    assert {(r.seq, r.ts_ns, r.instrument) for r in rows} == {(desk.seq, desk.ts_ns, 0)}
    assert [(r.side, r.price) for r in DEPTH.rows(desk.market.depth(0, 1))] == [(BUY, 10), (SELL, 11)]
    rows = MARKET_DATA.rows(desk.market.book(0))
    assert [(r.kind, r.side, r.price, r.qty, r.leaves, r.level_qty, r.level_orders) for r in rows] == [
        (BookKind.ADD, BUY, 10, 5, 5, 5, 1),
        (BookKind.ADD, BUY, 10, 3, 3, 8, 2),
        (BookKind.ADD, BUY, 9, 2, 2, 2, 1),
        (BookKind.ADD, SELL, 11, 1, 1, 1, 1),
        (BookKind.ADD, SELL, 12, 4, 4, 4, 1),
    ]
    assert {(r.seq, r.ts_ns, r.instrument, r.trade_no) for r in rows} == {(desk.seq, desk.ts_ns, 0, 0)}
    assert [r.order_id for r in rows] == [row.order_id for row in desk.orders(instrument=0)]


def test_rows_of_orders(desk: Desk) -> None:
    desk.do(ask.instrument(1), ask.instrument_state(1, 1))
    desk.do(ask.buy(0, 1, 10, 1, instrument=1), ask.buy(0, 2, 10, 2), ask.buy(1, 3, 10, 3), ask.sell(0, 4, 20, 4))
    assert [row.leaves for row in desk.orders()] == [2, 3, 4, 1]
    assert [row.leaves for row in desk.orders(0)] == [4, 2, 1]
    assert [row.leaves for row in desk.orders(0, 0)] == [4, 2]
    assert [row.leaves for row in desk.orders(None, 0)] == [2, 3, 4]


@pytest.mark.parametrize("read", ["orders", "positions", "depth", "book"])
def test_rows_of_what_is_not_set_up(desk: Desk, read: str) -> None:
    with pytest.raises(ValueError, match="7"):
        getattr(desk.market, read)(7, *[1] * (read == "depth"))
    with pytest.raises(ValueError, match="7"):
        desk.orders(None, 7)
