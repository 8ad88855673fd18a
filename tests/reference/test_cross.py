"""Auctions held: who trades with whom, what is said of it, what becomes of the rest. docs/auctions.md."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AuctionKind,
    BookKind,
    CancelReason,
    DataFlag,
    EventFlag,
    EventKind,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Place,
    Side,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.both import said
from tests.reference.desk import Desk

CLOSED, OPEN, HALTED, CALL = InstrumentState
OPENING, CLOSING, HALT, VOLATILITY = AuctionKind
DAY, GTC, AT_OPEN, AT_CLOSE, AUCTION = (TimeInForce[n] for n in ("DAY", "GTC", "AT_OPEN", "AT_CLOSE", "AUCTION"))
MARKET: dict[str, Any] = {"order_type": OrderType.MARKET}
TO_LIMIT: dict[str, Any] = {"order_type": OrderType.MARKET_TO_LIMIT}
HIDDEN: dict[str, Any] = {"flags": OrderFlag.HIDDEN}
IMBALANCE: dict[str, Any] = {"modes": ModeFlag.IMBALANCE_ONLY}
BUY = Side.BUY
SECOND = 1_000_000_000


@pytest.fixture
def desk(market: Any) -> Desk:
    fields = {"flags": AccountFlag.SHORT_ALLOWED, "reference_price": 100, "collar_bps": 2000}
    return Desk(market).open(accounts=4, **fields)


def pairs(events: list[Any]) -> list[tuple[int, int, int]]:
    """Buyer's and seller's client order id, lots."""
    fills = [event for event in events if event.kind == EventKind.FILL]
    assert all(event.flags == EventFlag.CROSS for event in fills)
    return [
        (one.client_order_id, two.client_order_id, one.qty) for one, two in zip(fills[::2], fills[1::2], strict=True)
    ]


def ended(events: list[Any]) -> list[tuple[int, int]]:
    """Client order id and reason of what was cancelled."""
    return [(event.client_order_id, event.reason) for event in events if event.kind == EventKind.CANCELED]


def left(desk: Desk) -> list[tuple[int, int, int, int]]:
    """Client order id, place, price and lots of what is live."""
    return [(row.client_order_id, row.place, row.price, row.leaves) for row in desk.orders()]


def test_an_auction_event_by_event(desk: Desk) -> None:
    desk.do(
        ask.buy(0, 1, 99, 5),
        ask.call(0, HALT),
        ask.buy(0, 2, 102, 10),
        ask.sell(1, 3, 100, 4),
        ask.sell(1, 4, 101, 3),
        ask.sell(2, 5, 103, 9),
    )
    # 101: D 10, S 7; 102: D 10, S 7; 100: D 10, S 4. Buyers are more: 102.
    events = desk.do(ask.run_auction(0, request=77))
    assert [
        (e.kind, e.account, e.side, e.flags, e.qty, e.price, e.leaves, e.filled, e.trade_id, e.reason) for e in events
    ] == [
        (EventKind.FILL, 0, 0, EventFlag.CROSS, 4, 102, 6, 4, 1, 0),
        (EventKind.FILL, 1, 1, EventFlag.CROSS, 4, 102, 0, 4, 1, 0),
        (EventKind.FILL, 0, 0, EventFlag.CROSS, 3, 102, 3, 7, 2, 0),
        (EventKind.FILL, 1, 1, EventFlag.CROSS, 3, 102, 0, 3, 2, 0),
        (EventKind.AUCTION, 0, 0, 0, 7, 102, 3, 0, 0, HALT),
        (EventKind.INSTRUMENT_STATE, 0, 0, 0, 77, 0, 0, 0, 0, OPEN),
    ]
    assert [
        (BookKind(r.kind).name, r.side, r.price, r.qty, r.leaves, r.level_qty, r.level_orders, r.trade_no, r.state)
        for r in desk.market_data[:-1]
    ] == [
        ("CROSS", 0, 102, 7, 0, 7, 2, 2, HALT),
        ("STATUS", 0, 102, 0, 0, 0, 0, 0, OPEN),
        ("ADD", 0, 102, 3, 3, 3, 1, 0, 0),
        ("ADD", 1, 103, 9, 9, 9, 1, 0, 0),
    ]
    top = desk.market_data[-1]
    assert (top.kind, top.state, top.bid_price, top.bid_qty, top.ask_price) == (BookKind.TOP, OPEN, 102, 3, 103)
    assert left(desk) == [(2, 0, 102, 3), (1, 0, 99, 5), (5, 0, 103, 9)]
    row = desk.instrument()
    assert (row.state, row.reference_price, row.trades, row.volume) == (OPEN, 102, 2, 7)
    assert (desk.account(0).cash, desk.account(1).cash) == (10**15 - 71_400, 10**15 + 71_400)
    assert desk.account(0).hold == (3 * 102 + 5 * 99) * 100
    assert (desk.position(0).qty, desk.position(0).cost, desk.position(1).qty) == (7, 71_400, -7)


def test_displayed_orders_execute_at_their_own_price_and_place(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 100, 5), ask.buy(1, 2, 100, 5), ask.sell(2, 3, 102, 4))
    desk.do(ask.call(0), ask.sell(2, 4, 98, 7), ask.buy(3, 5, 100, 1), ask.buy(3, 6, 103, 2))
    # D(100) 13, S 7; D(98) 13: sells short of it, buyers pay the most at which all 7 trade: 100. (101, 102: D 2.)
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(6, 4, 2), (1, 4, 5)]
    assert [event.price for event in events if event.kind == EventKind.FILL] == [100] * 4
    executed = [record for record in desk.market_data if record.kind == BookKind.EXECUTE]
    assert [(r.side, r.flags, r.price, r.qty, r.leaves, r.level_qty, r.level_orders, r.trade_no) for r in executed] == [
        (0, DataFlag.CROSS, 100, 5, 0, 5, 1, 2)
    ]
    assert left(desk) == [(2, 0, 100, 5), (5, 0, 100, 1), (3, 0, 102, 4)]


def test_market_orders_first_then_price_then_book_then_rank(desk: Desk) -> None:
    desk.do(ask.special(0, 1, 0, 3, price=100, **HIDDEN), ask.buy(0, 2, 100, 3), ask.buy(0, 3, 101, 3))
    desk.do(
        ask.call(0),
        ask.buy(1, 4, 101, 3),
        ask.order(1, 5, 0, 0, 3, **TO_LIMIT),
        ask.buy(1, 6, 102, 3),
        ask.order(1, 7, 0, 0, 3, **MARKET),
        ask.sell(2, 8, 99, 100),
    )
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(number, 8, 3) for number in (5, 7, 6, 3, 4, 2, 1)]
    (auction,) = [event for event in events if event.kind == EventKind.AUCTION]
    assert (auction.qty, auction.price, auction.leaves, auction.side) == (21, 99, 79, 1)
    kinds = [(BookKind(record.kind).name, record.price) for record in desk.market_data[:-1]]
    assert kinds == [("EXECUTE", 101), ("EXECUTE", 100), ("CROSS", 99), ("STATUS", 99), ("ADD", 99)]


def test_imbalance_only_orders_take_what_is_left_and_no_part_in_the_price(desk: Desk) -> None:
    desk.do(
        ask.call(0, CLOSING, then=CLOSED),
        ask.sell(0, 1, 100, 9),
        ask.buy(1, 2, 102, 4),
        ask.special(2, 3, 0, 3, price=100, tif=AT_CLOSE, **IMBALANCE),
        ask.special(2, 4, 0, 1, price=101, tif=AT_CLOSE, **IMBALANCE),
        ask.special(2, 5, 0, 9, price=99, tif=AT_CLOSE, **IMBALANCE),
        ask.special(3, 6, 1, 9, price=90, tif=AT_CLOSE, **IMBALANCE),
    )
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(2, 1, 4), (4, 1, 1), (3, 1, 3)]
    (auction,) = [event for event in events if event.kind == EventKind.AUCTION]
    assert (auction.qty, auction.price, auction.leaves, auction.side) == (8, 100, 5, 1)
    assert ended(events) == [(5, CancelReason.AUCTION_END), (6, CancelReason.AUCTION_END)]
    assert left(desk) == [(1, Place.CALL, 100, 1)]


def test_imbalance_only_orders_alone_are_no_auction(desk: Desk) -> None:
    desk.do(
        ask.call(0, CLOSING, then=CLOSED),
        ask.sell(0, 1, 100, 9),
        ask.special(2, 2, 0, 9, price=100, tif=AT_CLOSE, **IMBALANCE),
    )
    events = desk.do(ask.run_auction())
    assert [(event.kind, event.price, event.qty, event.leaves) for event in events[:1]] == [
        (EventKind.AUCTION, 0, 0, 0)
    ]


def test_who_takes_no_part(desk: Desk) -> None:
    """Pegs, minimum quantities, stops, and those who wait for another auction."""
    desk.do(
        ask.buy(0, 1, 98, 1),
        ask.special(0, 2, 0, 5, order_type=OrderType.PEGGED, peg=wire.Peg.PRIMARY),
        ask.special(0, 3, 0, 5, price=101, min_qty=2, **HIDDEN),
        ask.special(0, 4, 0, 5, price=101, flags=OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE),
        ask.special(0, 5, 0, 5, order_type=OrderType.STOP, stop_price=103),
        ask.order(0, 6, 0, 101, 5, tif=AT_CLOSE),
        ask.call(0, OPENING, then=HALTED),
        ask.order(0, 7, 0, 101, 5, tif=AT_OPEN),
        ask.sell(1, 8, 98, 3),
    )
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(7, 8, 3)]
    assert ended(events) == [(7, CancelReason.AUCTION_END)]
    assert [row[0] for row in left(desk)] == [1, 2, 3, 4, 5, 6]


def test_an_iceberg_takes_part_whole_and_shows_what_it_showed(desk: Desk) -> None:
    desk.do(ask.special(0, 1, 0, 20, price=100, display_qty=4), ask.buy(1, 2, 100, 5), ask.call(0))
    desk.do(ask.sell(2, 3, 100, 3), ask.sell(2, 4, 100, 15), ask.sell(3, 5, 100, 4))
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(1, 3, 3), (1, 4, 15), (1, 5, 2), (2, 5, 2)]
    executed = [record for record in desk.market_data if record.kind == BookKind.EXECUTE]
    assert [(r.order_id & 0xFFFF, r.qty, r.leaves, r.level_qty, r.trade_no) for r in executed] == [
        (1, 2, 2, 7, 2),
        (1, 2, 0, 5, 3),
        (2, 2, 3, 3, 4),
    ]
    assert left(desk) == [(2, 0, 100, 3)]


def test_an_iceberg_with_reserve_left_tells_nothing(desk: Desk) -> None:
    desk.do(ask.special(0, 1, 0, 20, price=100, display_qty=4), ask.sell(2, 2, 100, 1))
    assert [row.shown for row in desk.orders()] == [3]
    desk.do(ask.call(0), ask.sell(2, 3, 100, 6))
    events = desk.do(ask.run_auction())
    assert pairs(events) == [(1, 3, 6)]
    assert [BookKind(record.kind).name for record in desk.market_data] == ["CROSS", "STATUS"]
    assert [(row.leaves, row.shown, row.filled) for row in desk.orders()] == [(13, 3, 7)]


def test_icebergs_and_hidden_orders_that_waited_come_to_their_places(desk: Desk) -> None:
    desk.do(ask.call(0), ask.special(0, 1, 0, 9, price=99, display_qty=4), ask.special(0, 2, 0, 5, price=98, **HIDDEN))
    assert [(row.place, row.shown) for row in desk.orders()] == [(Place.CALL, 0)] * 2
    desk.do(ask.run_auction())
    assert [(row.place, row.leaves, row.shown) for row in desk.orders()] == [(Place.BOOK, 9, 4), (Place.DARK, 5, 0)]


def test_an_account_trades_with_itself(desk: Desk) -> None:
    """No self-trade prevention, no reduce-only; the buyer's side is booked first."""
    desk.do(ask.shares(0, 0, 5, 5_000), ask.special(0, 1, 1, 5, price=100, flags=OrderFlag.REDUCE_ONLY))
    desk.do(ask.call(0), ask.buy(0, 2, 100, 5, self_trade=wire.SelfTrade.CANCEL_BOTH))
    assert pairs(desk.do(ask.run_auction())) == [(2, 1, 5)]
    # 5 lots at 5,000 and 5 at 10,000; then 5 of these 10 sold at 10,000: 50,000 - 37,500.
    assert (desk.position(0).qty, desk.position(0).cost, desk.account(0).realized_pnl) == (5, 37_500, 12_500)


def test_a_seller_with_too_much_cash(market: Any) -> None:
    desk = Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, reference_price=100, accounts=3, cash=10**9)
    desk.do(ask.deposit(1, wire.MAX_CASH - wire.MAX_NOTIONAL - 10**9 + 1), ask.call(0))
    desk.do(ask.sell(1, 1, 99, 5), ask.sell(2, 2, 100, 5), ask.buy(0, 3, 100, 9), ask.sell(1, 4, 101, 5))
    events = desk.do(ask.run_auction())
    assert [(event.kind, event.client_order_id) for event in events] == [
        (EventKind.CANCELED, 1),
        (EventKind.FILL, 3),
        (EventKind.FILL, 2),
        (EventKind.AUCTION, 0),
        (EventKind.INSTRUMENT_STATE, 0),
    ]
    assert ended(events) == [(1, CancelReason.CASH_LIMIT)]
    assert (events[3].qty, events[3].price, events[3].leaves, events[3].side) == (5, 100, 1, 1)


def test_an_auction_without_sellers_left_has_no_price(market: Any) -> None:
    desk = Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, reference_price=90, accounts=3, cash=10**9)
    desk.do(ask.sell(2, 8, 90, 1), ask.buy(0, 9, 90, 1))  # trade 1, before
    desk.do(ask.deposit(1, wire.MAX_CASH - wire.MAX_NOTIONAL - 10**9 + 1), ask.call(0))
    desk.do(ask.sell(1, 1, 99, 5), ask.buy(0, 2, 100, 9))
    events = desk.do(ask.run_auction())
    assert ended(events) == [(1, CancelReason.CASH_LIMIT)]
    assert [(e.qty, e.price, e.leaves, e.side) for e in events if e.kind == EventKind.AUCTION] == [(0, 0, 0, 0)]
    (cross,) = [record for record in desk.market_data if record.kind == BookKind.CROSS]
    assert (cross.price, cross.level_qty, cross.level_orders, cross.trade_no) == (0, 0, 0, 0)
    assert desk.instrument().reference_price == 90


# After


@pytest.mark.parametrize("then", [OPEN, CLOSED, HALTED])
@pytest.mark.parametrize("kind", list(AuctionKind))
def test_what_ends_with_an_auction(desk: Desk, kind: int, then: int) -> None:
    desk.do(
        ask.call(0, OPENING),
        ask.order(0, 1, 0, 95, 1, tif=AT_OPEN),
        ask.order(0, 2, 0, 95, 1, tif=AT_CLOSE),
        ask.order(0, 3, 0, 95, 1, tif=AUCTION),
        ask.order(0, 4, 0, 95, 1, tif=DAY),
        ask.order(0, 5, 1, 0, 1, **MARKET),
        ask.order(0, 6, 1, 0, 1, **MARKET, tif=AT_CLOSE),
        ask.order(0, 7, 1, 0, 1, **TO_LIMIT),
        ask.order(0, 8, 1, 0, 1, **TO_LIMIT, tif=AUCTION),
        ask.mass_cancel(0, side=1),
        ask.order(0, 9, 0, 0, 1, **MARKET),
        ask.order(0, 10, 0, 0, 1, **MARKET, tif=AT_CLOSE),
        ask.order(0, 11, 0, 0, 1, **TO_LIMIT),
        ask.order(0, 12, 0, 0, 1, **TO_LIMIT, tif=AUCTION),
        ask.call(0, kind, then=then),
    )
    events = desk.do(ask.run_auction())
    over = {1, 3, 9, 11, 12} | ({2, 10} if kind == CLOSING else set())
    assert ended(events) == [(number, CancelReason.AUCTION_END) for number in sorted(over)]
    places = {row[0]: row[1] for row in left(desk)}
    assert places == dict.fromkeys({2, 10} - over, Place.CALL) | {4: Place.BOOK if then == OPEN else Place.CALL}
    assert desk.instrument().state == then


def test_orders_to_a_limit_have_it_now(desk: Desk) -> None:
    """A buy's limit is the price of the auction, or its own where that is less; what it held more is free."""
    desk.do(
        ask.call(0, HALT, then=HALTED),
        ask.sell(1, 1, 100, 5),
        ask.order(0, 2, 0, 0, 4, **TO_LIMIT),
        ask.order(0, 3, 0, 0, 4, **TO_LIMIT, tif=DAY),
    )
    assert desk.account(0).hold == 8 * 120 * 100
    events = desk.do(ask.run_auction())
    assert (pairs(events), ended(events)) == ([(2, 1, 4), (3, 1, 1)], [])
    (row,) = desk.orders()
    assert (row.place, row.order_type, row.price, row.leaves, row.tif) == (Place.CALL, OrderType.LIMIT, 100, 3, DAY)
    assert desk.account(0).hold == 3 * 100 * 100
    assert said(events)[-2:] == ["INSTRUMENT_STATE 0 0@0 left 0", "RESTATED 0 4@100 left 3 PRICED"]
    assert (events[-1].filled, events[-1].side, events[-1].client_order_id) == (1, 0, 3)


def test_orders_to_a_limit_enter_after_all_have_been_told(desk: Desk) -> None:
    """In the pass that ends what was for the auction; a sell that the auction would have made cheaper stays where it
    was."""
    desk.do(
        ask.call(0, HALT, then=OPEN),
        ask.order(0, 1, 1, 0, 5, **TO_LIMIT),
        ask.order(0, 2, 1, 0, 2, **MARKET),
        ask.buy(1, 3, 110, 4),
        ask.order(2, 4, 1, 0, 7, **TO_LIMIT),
    )
    events = desk.do(ask.run_auction())
    assert (pairs(events), ended(events)) == ([(3, 1, 4)], [(2, CancelReason.AUCTION_END)])
    assert said(events)[-3:] == [
        "RESTATED 0 5@100 left 1 PRICED",
        "CANCELED 0 2@80 left 0 AUCTION_END",
        "RESTATED 2 7@100 left 7 PRICED",
    ]
    assert [(row.client_order_id, row.place, row.price) for row in desk.orders()] == [
        (1, Place.BOOK, 100),
        (4, Place.BOOK, 100),
    ]


def test_a_cross_counts_for_stops_where_trading_goes_on(desk: Desk) -> None:
    stop = {"order_type": OrderType.STOP, "stop_price": 103}
    trail = {"order_type": OrderType.TRAILING_STOP, "offset": 5}
    desk.do(ask.special(0, 1, 0, 2, **stop), ask.special(0, 2, 1, 2, **trail))
    for then, triggered in ((HALTED, False), (OPEN, True)):
        desk.do(ask.call(0, HALT, then=then), ask.buy(1, 10 + then, 105, 1), ask.sell(2, 20 + then, 105, 1))
        events = desk.do(ask.run_auction())
        assert desk.instrument().reference_price == 105
        stops = {row.client_order_id: row.stop_price for row in desk.orders() if row.place == Place.STOP}
        assert stops == ({2: 100} if triggered else {1: 103, 2: 95})
        assert [event.kind for event in events if event.client_order_id == 1] == (
            [EventKind.TRIGGERED, EventKind.CANCELED] if triggered else []
        )


def test_a_stop_is_served_after_all_have_entered(desk: Desk) -> None:
    """It meets an offer that only came to the book after the auction."""
    desk.do(ask.special(0, 1, 0, 2, order_type=OrderType.STOP, stop_price=103), ask.call(0))
    desk.do(ask.buy(1, 2, 104, 1), ask.sell(2, 3, 104, 1), ask.sell(2, 4, 106, 9))
    events = desk.do(ask.run_auction())
    kinds = [(EventKind(event.kind).name, event.client_order_id) for event in events]
    assert kinds == [
        ("FILL", 2),
        ("FILL", 3),
        ("AUCTION", 0),
        ("INSTRUMENT_STATE", 0),
        ("TRIGGERED", 1),
        ("FILL", 4),
        ("FILL", 1),
    ]
    assert [event.flags for event in events][-2:] == [EventFlag.MAKER, 0]


def test_no_page_is_left_for_what_waited(market: Any) -> None:
    desk = Desk(market)
    desk.do(ask.configure(pages=1), ask.instrument(0), ask.call(0), ask.account(0), ask.deposit(0, 10**12))
    desk.do(ask.buy(0, 1, 100, 1), ask.buy(0, 2, 500, 1), ask.buy(0, 3, 101, 1))
    events = desk.do(ask.run_auction())
    assert ended(events) == [(2, CancelReason.LEVEL_CAPACITY)]
    assert [row[0] for row in left(desk)] == [3, 1]


# Time


def test_its_time_comes_with_a_tick(desk: Desk) -> None:
    desk.do(ask.instrument(1), ask.instrument(2))
    for number, after in ((2, 5), (0, 9), (1, 10)):
        desk.do(ask.call(number, HALT, desk.ts_ns + after))
    desk.do(ask.tick(), after_ns=4)
    assert [desk.instrument(number).state for number in range(3)] == [CALL] * 3
    events = desk.do(ask.note(), ask.tick(), after_ns=3)  # only a TICK looks at the time
    assert [(event.kind, event.instrument, event.qty) for event in events[1:]] == [
        (kind, number, 0) for number in (0, 1, 2) for kind in (EventKind.AUCTION, EventKind.INSTRUMENT_STATE)
    ]


def test_dates_and_the_day_end_before_an_auction(desk: Desk) -> None:
    end = desk.ts_ns + 100
    desk.do(
        ask.schedule(end),
        ask.call(0, CLOSING, end, CLOSED),
        ask.special(0, 1, 0, 1, price=100, tif=TimeInForce.GTD, expire_ns=end),
        ask.order(0, 2, 0, 100, 1, tif=AT_CLOSE),
        ask.order(0, 3, 0, 100, 1, tif=GTC),
        ask.order(1, 4, 1, 100, 3, tif=GTC),
    )
    events = desk.do(ask.tick(), after_ns=100)
    assert [(event.kind, event.client_order_id, event.reason) for event in events] == [
        (EventKind.CANCELED, 1, CancelReason.EXPIRED),
        (EventKind.CANCELED, 2, CancelReason.DAY_END),
        (EventKind.DAY_ENDED, 0, 0),
        (EventKind.FILL, 3, 0),
        (EventKind.FILL, 4, 0),
        (EventKind.AUCTION, 0, CLOSING),
        (EventKind.INSTRUMENT_STATE, 0, CLOSED),
    ]
    assert left(desk) == [(4, Place.CALL, 100, 2)]


def indications(desk: Desk) -> list[tuple[int, ...]]:
    return [
        (r.instrument, r.price, r.qty, r.leaves, r.side, r.state, r.level_qty)
        for r in desk.market_data
        if r.kind == BookKind.INDICATIVE
    ]


def test_indications_each_second(desk: Desk) -> None:
    desk.do(ask.instrument(1, reference_price=50), ask.call(1, HALT), ask.call(0, CLOSING, desk.ts_ns + 3 * SECOND))
    desk.do(ask.tick())
    assert indications(desk) == [(0, 0, 0, 0, 0, CLOSING, 0), (1, 0, 0, 0, 0, HALT, 0)]
    desk.do(ask.sell(0, 1, 100, 9), ask.buy(1, 2, 102, 4), ask.tick(), after_ns=(SECOND - 1) // 3)
    assert indications(desk) == []
    desk.do(ask.tick(), after_ns=1)
    assert indications(desk) == [(0, 100, 4, 5, 1, CLOSING, 4), (1, 0, 0, 0, 0, HALT, 0)]
    desk.do(ask.call(0, VOLATILITY, desk.ts_ns + SECOND), ask.tick(), after_ns=1)  # called again: it begins anew
    assert indications(desk) == [(0, 100, 4, 5, 1, VOLATILITY, 4)]
    desk.do(ask.tick(), after_ns=SECOND)
    assert indications(desk) == [(1, 0, 0, 0, 0, HALT, 0)]  # the other one has had its auction
    assert desk.instrument(0).reference_price == 100


def test_tops_come_in_the_order_in_which_books_were_changed(desk: Desk) -> None:
    """Trades of orders that nobody sees change no book. Found by a proof of ten million events."""
    desk.do(
        ask.instrument(1, reference_price=100, collar_bps=2000),
        ask.special(2, 1, BUY, 7, order_type=OrderType.STOP_LIMIT, stop_price=102, price=101),
        *(ask.call(number, HALT, at_ns=desk.ts_ns + SECOND) for number in (0, 1)),
        ask.buy(0, 2, 102, 5, tif=AUCTION),
        ask.sell(1, 3, 102, 5, tif=AUCTION),
        ask.buy(0, 4, 102, 5, instrument=1),
        ask.sell(1, 5, 102, 3, instrument=1, tif=AUCTION),
    )
    desk.do(ask.tick(), after_ns=SECOND)
    crosses = [row.instrument for row in desk.market_data if row.kind == BookKind.CROSS]
    changes = [row.instrument for row in desk.market_data if row.kind in (BookKind.ADD, BookKind.EXECUTE)]
    tops = [row.instrument for row in desk.market_data if row.kind == BookKind.TOP]
    assert (crosses, changes, tops) == ([0, 1], [1, 0], [1, 0])
