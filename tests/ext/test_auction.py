"""Auctions by hand from docs/auctions.md, and their price against a search over every tick."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from openbell import wire
from openbell.wire import (
    ANY,
    AuctionKind,
    BookKind,
    CancelReason,
    CommandKind,
    DataFlag,
    EventFlag,
    EventKind,
    InstrumentState,
    ModeFlag,
    OrderType,
    Place,
    TimeInForce,
)

from tests.ext.market import BUY, CASH, DAY, SELL, B, C, Market

CLOSED, OPEN, HALTED, CALL = InstrumentState
OPENING, CLOSING, HALT, VOLATILITY = AuctionKind
AT_OPEN, AT_CLOSE, AUCTION = TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION
MARKET, TO_LIMIT = OrderType.MARKET, OrderType.MARKET_TO_LIMIT
NOW_NS = 1_000_000_000
OFFSET = {"modes": ModeFlag.IMBALANCE_ONLY}
SECOND_NS = 1_000_000_000


def in_call(kind: int = OPENING, time_ns: int = 0, after: int = OPEN, **capacity: int) -> Market:
    m = Market(NOW_NS, **capacity)
    m.state(CALL, kind, time_ns, after)
    return m


def fills(events: list[Any]) -> list[tuple[int, int]]:
    """Client order ids of the buyers and sellers of an auction's trades, with their lots."""
    found = [event for event in events if event.kind == EventKind.FILL and event.flags == EventFlag.CROSS]
    return [(event.client_order_id, event.qty) for event in found]


def auction_of(events: list[Any]) -> SimpleNamespace:
    return next(event for event in events if event.kind == EventKind.AUCTION)


def test_all_that_an_auction_says() -> None:
    m = Market(NOW_NS)
    bid, offer = m.buy(B, 500, 3)[0], m.sell(C, 505, 4)[0]
    m.state(CALL, HALT, 0, OPEN)
    m.buy(B, 505, 2, client_order_id=11)
    m.sell(C, 500, 4, client_order_id=12)
    m.sell(C, 0, 1, order_type=MARKET, client_order_id=13)
    m.want_data = True
    events = m.auction(request=77)
    # D is 5 and S is 5 at 500; at 505 D is 2. The market order is the first of the sells.
    trades = events[:6]
    told = [
        (event.client_order_id, event.side, event.qty, event.price, event.leaves, event.trade_id) for event in trades
    ]
    assert {(event.kind, event.flags) for event in trades} == {(EventKind.FILL, EventFlag.CROSS)}
    assert told == [
        (11, BUY, 1, 500, 1, 1),
        (13, SELL, 1, 500, 0, 1),
        (11, BUY, 1, 500, 0, 2),
        (12, SELL, 1, 500, 3, 2),
        (1, BUY, 3, 500, 0, 3),
        (12, SELL, 3, 500, 0, 3),
    ]
    auction, state = events[6:]
    assert (auction.kind, auction.reason, auction.qty, auction.price) == (EventKind.AUCTION, HALT, 5, 500)
    assert (auction.leaves, auction.side, auction.account_seq, auction.instrument) == (0, 0, 0, 0)
    assert (state.kind, state.reason, state.side, state.price, state.qty) == (
        EventKind.INSTRUMENT_STATE,
        OPEN,
        0,
        0,
        77,
    )
    execute, crossed, status, top = m.data
    assert (execute.kind, execute.flags, execute.order_id) == (BookKind.EXECUTE, DataFlag.CROSS, bid.order_id)
    assert (execute.side, execute.price, execute.qty, execute.leaves, execute.trade_no) == (BUY, 500, 3, 0, 3)
    assert (execute.level_qty, execute.level_orders) == (0, 0)
    assert (crossed.kind, crossed.price, crossed.qty, crossed.level_qty) == (BookKind.CROSS, 500, 5, 5)
    assert (crossed.level_orders, crossed.trade_no, crossed.state, crossed.side) == (3, 3, HALT, 0)
    assert (status.kind, status.state, status.flags, status.price) == (BookKind.STATUS, OPEN, 0, 500)
    assert (top.kind, top.bid_price, top.ask_price) == (BookKind.TOP, 0, 505)
    assert [row.order_id for row in m.orders()] == [offer.order_id]
    buyer, seller = m.account(B), m.account(C)
    assert (buyer.cash, buyer.hold, buyer.open_orders) == (CASH - 5 * 500 * 100, 0, 0)
    assert (seller.cash, seller.hold, seller.open_orders) == (CASH + 5 * 500 * 100, 0, 1)
    assert (m.position(B).qty, m.position(C).qty, m.position(C).open_sell) == (5, -5, 4)


def test_who_trades_first() -> None:
    m = Market()
    for price, client_order_id in ((500, 1), (505, 2), (505, 3)):
        m.buy(B, price, 1, client_order_id=client_order_id)
    m.state(CALL, OPENING, 0, OPEN)
    m.buy(B, 505, 1, client_order_id=4)
    m.buy(B, 510, 1, client_order_id=5)
    m.buy(B, 0, 1, order_type=TO_LIMIT, client_order_id=6)
    m.buy(B, 0, 1, order_type=MARKET, client_order_id=7)
    m.buy(B, 505, 1, client_order_id=8)
    m.replace(B, m.orders(account=B)[4].order_id, 505, 2)  # number 4: behind 8 now
    m.sell(C, 500, 7, client_order_id=9)
    buyers = [number for number, _ in fills(m.auction())[::2]]
    assert buyers == [6, 7, 5, 2, 3, 8, 4]


def test_a_market_order_does_not_trade_beyond_its_price() -> None:
    m = Market()
    m.instrument(0, -1, -1, 1000, 1000)
    m.state(CALL, OPENING, 0, CLOSED)
    m.buy(B, 0, 3, order_type=MARKET, client_order_id=1)  # up to 1100
    m.instrument(0, -1, -1, 1000, 0)
    m.buy(B, 1200, 2, client_order_id=2)
    m.sell(C, 1200, 3, client_order_id=3)
    events = m.auction()
    assert (fills(events), auction_of(events).price) == ([(2, 2), (3, 2)], 1200)
    assert (auction_of(events).leaves, auction_of(events).side) == (1, SELL)


def test_orders_that_only_offset_an_imbalance() -> None:
    m = in_call()
    m.buy(B, 505, 5, client_order_id=1)
    m.sell(C, 495, 2, client_order_id=2)
    m.special(C, SELL, 2, price=505, tif=AT_OPEN, client_order_id=3, **OFFSET)
    m.special(C, SELL, 9, price=510, tif=AT_OPEN, client_order_id=4, **OFFSET)  # its price does not allow 505
    m.special(C, SELL, 9, price=500, tif=AT_CLOSE, client_order_id=5, **OFFSET)  # of another auction
    m.special(C, SELL, 2, price=500, tif=AT_OPEN, client_order_id=6, **OFFSET)
    m.special(B, BUY, 9, price=505, tif=AT_OPEN, client_order_id=7, **OFFSET)  # on the side that has more
    events = m.auction()
    assert fills(events) == [(1, 2), (2, 2), (1, 2), (6, 2), (1, 1), (3, 1)]
    auction = auction_of(events)
    assert (auction.price, auction.qty, auction.leaves, auction.side) == (505, 5, 3, BUY)
    assert [row.client_order_id for row in m.orders()] == [5]


def test_such_orders_do_not_trade_with_each_other() -> None:
    m = in_call()
    m.special(B, BUY, 3, price=505, tif=AT_OPEN, **OFFSET)
    m.special(C, SELL, 3, price=500, tif=AT_OPEN, **OFFSET)
    assert auction_of(m.auction()).qty == 0
    m.state(CALL, OPENING, 0, OPEN)
    m.buy(B, 500, 2)
    m.sell(C, 500, 2)
    m.special(B, BUY, 3, price=505, tif=AT_OPEN, **OFFSET)
    m.special(C, SELL, 3, price=500, tif=AT_OPEN, **OFFSET)
    assert auction_of(m.auction()).qty == 2


@pytest.mark.parametrize(
    ("kind", "traded", "left"),
    [(OPENING, [1, 2, 4], [3]), (CLOSING, [2, 3, 4], [1]), (HALT, [2, 4], [3])],
)
def test_who_takes_part_in_which(kind: int, traded: list[int], left: list[int]) -> None:
    m = in_call()
    m.buy(B, 500, 1, tif=AT_OPEN, client_order_id=1)
    m.state(CALL, kind, 0, CLOSED)
    m.buy(B, 500, 1, tif=AUCTION, client_order_id=2)
    m.buy(B, 500, 1, tif=AT_CLOSE, client_order_id=3)
    m.sell(C, 500, 2 + (kind != HALT) - 1, tif=AUCTION, client_order_id=4)
    events = m.auction()
    assert {number for number, _ in fills(events)} <= set(traded)
    assert sum(qty for number, qty in fills(events) if number == 4) == 1 + (kind != HALT)
    ended = [event.client_order_id for event in events if event.kind == EventKind.CANCELED]
    assert all(event.reason == CancelReason.AUCTION_END for event in events if event.kind == EventKind.CANCELED)
    assert (ended, [row.client_order_id for row in m.orders()]) == {
        OPENING: ([], [3]),
        CLOSING: ([1], []),
        HALT: ([1], [3]),
    }[AuctionKind(kind)]


def test_what_is_left_of_orders_for_the_close() -> None:
    for kind, left in ((OPENING, [1, 2]), (CLOSING, [])):
        m = in_call(kind, after=CLOSED)
        m.buy(B, 500, 1, tif=AT_CLOSE, client_order_id=1)
        m.sell(C, 0, 3, tif=AT_CLOSE, order_type=MARKET, client_order_id=2)
        m.buy(B, 500, 1, tif=AUCTION, client_order_id=3)
        ended = [event.client_order_id for event in m.auction() if event.kind == EventKind.CANCELED]
        assert (ended, [row.client_order_id for row in m.orders()]) == ({OPENING: [3], CLOSING: [2]}[kind], left)


def test_an_auction_without_a_price() -> None:
    m = in_call(after=HALTED)
    m.want_data = True
    m.buy(B, 500, 3, client_order_id=1)
    m.sell(C, 505, 3, client_order_id=2)
    m.sell(C, 0, 3, order_type=TO_LIMIT, tif=AUCTION, client_order_id=3)
    m.sell(C, 0, 3, order_type=TO_LIMIT, client_order_id=4)
    m.cancel(B, client_order_id=1)
    events = m.auction()
    assert [(event.kind, event.client_order_id) for event in events] == [
        (EventKind.AUCTION, 0),
        (EventKind.INSTRUMENT_STATE, 0),
        (EventKind.CANCELED, 3),
        (EventKind.CANCELED, 4),
    ]
    assert (events[0].price, events[0].qty, events[0].leaves, events[0].side) == (0, 0, 0, 0)
    cross = m.data[0]
    assert (cross.kind, cross.price, cross.qty, cross.trade_no, cross.level_orders) == (BookKind.CROSS, 0, 0, 0, 0)
    assert [(row.client_order_id, row.place) for row in m.orders()] == [(2, Place.CALL)]


def test_sellers_with_too_much_cash() -> None:
    m = in_call(after=CLOSED)
    m.admin(CommandKind.DEPOSIT, wire.MAX_CASH - wire.MAX_NOTIONAL - CASH + 1, account=C)
    m.buy(B, 500, 3, client_order_id=1)
    m.sell(C, 495, 2, client_order_id=2)
    m.special(C, SELL, 2, price=495, tif=AT_OPEN, client_order_id=3, **OFFSET)
    m.special(C, SELL, 2, price=505, tif=AT_OPEN, client_order_id=4, **OFFSET)
    events = m.auction()
    assert [(event.kind, event.client_order_id, event.reason) for event in events] == [
        (EventKind.CANCELED, 2, CancelReason.CASH_LIMIT),
        (EventKind.CANCELED, 3, CancelReason.CASH_LIMIT),
        (EventKind.AUCTION, 0, OPENING),
        (EventKind.INSTRUMENT_STATE, 0, CLOSED),
        (EventKind.CANCELED, 4, CancelReason.AUCTION_END),
    ]
    assert (events[2].price, events[2].leaves) == (0, 0)


def test_what_comes_after_it_into_open() -> None:
    m = Market()
    m.instrument(0, -1, -1, 500, 5000)
    m.special(B, BUY, 1, order_type=OrderType.STOP, stop_price=505, client_order_id=1)
    m.state(CALL, OPENING, 0, OPEN)
    m.buy(B, 0, 4, order_type=TO_LIMIT, tif=DAY, client_order_id=2)
    m.buy(B, 505, 1, client_order_id=3)
    m.sell(C, 500, 3, client_order_id=4)
    m.sell(C, 510, 2, client_order_id=5)
    m.buy(B, 0, 1, order_type=MARKET, tif=AT_OPEN, client_order_id=6)
    m.want_data = True
    events = m.auction()
    # D is 6 up to 505 and then 5; S is 3 up to 505 and then 5: the price is 510.
    assert (auction_of(events).price, fills(events)) == (510, [(2, 3), (4, 3), (2, 1), (5, 1), (6, 1), (5, 1)])
    rest = events[8:]
    assert [(event.kind, event.client_order_id) for event in rest] == [
        (EventKind.TRIGGERED, 1),
        (EventKind.CANCELED, 1),  # nobody sells any more
    ]
    assert [(row.client_order_id, row.place, row.price) for row in m.orders()] == [(3, Place.BOOK, 505)]


def test_market_to_limit_becomes_a_limit_at_the_price() -> None:
    m = in_call(after=OPEN)
    m.instrument(0, -1, -1, 500, 5000)
    m.sell(C, 500, 2, client_order_id=1)
    m.buy(B, 0, 5, order_type=TO_LIMIT, tif=DAY, client_order_id=2)
    m.buy(B, 495, 1, client_order_id=3)
    m.want_data = True
    events = m.auction()
    assert (auction_of(events).price, fills(events)) == (500, [(2, 2), (1, 2)])
    first, second = m.orders()
    assert (first.client_order_id, first.price, first.leaves, first.order_type) == (2, 500, 3, OrderType.LIMIT)
    assert (first.tif, first.place, second.client_order_id) == (DAY, Place.BOOK, 3)
    assert m.account(B).hold == (500 * 3 + 495) * 100
    assert [d.kind for d in m.data] == [
        BookKind.CROSS,
        BookKind.STATUS,
        BookKind.ADD,
        BookKind.ADD,
        BookKind.TOP,
    ]
    m.state(CALL, CLOSING, 0, CLOSED)
    m.sell(C, 0, 1, order_type=TO_LIMIT, tif=DAY, client_order_id=4)
    m.sell(C, 0, 9, order_type=TO_LIMIT, client_order_id=5)
    assert auction_of(m.auction()).price == 495
    last = m.orders()[-1]
    assert (last.client_order_id, last.place, last.price, last.order_type) == (5, Place.CALL, 495, OrderType.LIMIT)


def test_orders_enter_in_rank_order_and_trade() -> None:
    m = in_call()
    m.buy(B, 500, 2, client_order_id=1)
    m.sell(C, 500, 2, client_order_id=2)
    m.buy(B, 490, 1, client_order_id=3)
    m.sell(C, 505, 1, client_order_id=4)
    m.buy(B, 495, 1, client_order_id=5)
    m.replace(B, m.orders(account=B)[1].order_id, 495, 1)  # number 3, behind 5 now
    m.auction()
    assert [row.client_order_id for row in m.orders()] == [5, 3, 4]
    assert [row.level_qty_ahead for row in m.orders()] == [0, 1, 0]


def test_an_auction_at_its_time() -> None:
    m = Market(NOW_NS)
    m.state(CALL, OPENING, NOW_NS + 5, OPEN, instrument=ANY, request=4)
    assert m.tick(NOW_NS + 4) == []
    events = m.tick(NOW_NS + 5)
    assert [(event.kind, event.instrument, event.qty) for event in events] == [
        (EventKind.AUCTION, 0, 0),
        (EventKind.INSTRUMENT_STATE, 0, 0),
        (EventKind.AUCTION, 1, 0),
        (EventKind.INSTRUMENT_STATE, 1, 0),
    ]
    assert m.tick(NOW_NS + 6) == []


def test_what_an_auction_would_be_now() -> None:
    m = in_call(VOLATILITY, NOW_NS + 3 * SECOND_NS)
    m.want_data = True

    def told(after_ns: int) -> list[tuple[int, ...]]:
        m.tick(NOW_NS + after_ns)
        assert m.data[0].kind == BookKind.TIME
        names = ("kind", "price", "qty", "leaves", "side", "state", "level_qty", "instrument")
        return [tuple(getattr(record, name) for name in names) for record in m.data[1:]]

    nothing = (BookKind.INDICATIVE, 0, 0, 0, 0, VOLATILITY, 0, 0)
    assert told(1) == [nothing]
    m.buy(B, 500, 3)
    m.sell(C, 495, 5)
    assert told(SECOND_NS) == []
    assert told(1 + SECOND_NS) == [(BookKind.INDICATIVE, 495, 3, 2, SELL, VOLATILITY, 3, 0)]
    assert told(2 + SECOND_NS) == []
    m.state(CALL, OPENING, NOW_NS + 3 * SECOND_NS, OPEN)
    assert told(2 + SECOND_NS) == [(BookKind.INDICATIVE, 495, 3, 2, SELL, OPENING, 3, 0)]
    m.tick(NOW_NS + 3 * SECOND_NS)
    assert BookKind.INDICATIVE not in [record.kind for record in m.data]


# The price, against a search over every tick

MOST = 60


def searched(
    buys: list[tuple[int, int]], sells: list[tuple[int, int]], limits: list[int], tick: int, reference: int
) -> tuple[int, int, int, int]:
    """Price, lots, imbalance and its side: every candidate, and one rule of docs/auctions.md after the other."""
    prices = set(range(min(limits), max(limits) + 1, tick)) if limits else set()
    if reference >= tick:
        prices.add(reference // tick * tick)

    def demand(price: int) -> int:
        return sum(qty for limit, qty in buys if limit >= price)

    def supply(price: int) -> int:
        return sum(qty for limit, qty in sells if limit <= price)

    most = max((min(demand(price), supply(price)) for price in prices), default=0)
    if most == 0:
        return 0, 0, 0, 0
    prices = {price for price in prices if min(demand(price), supply(price)) == most}
    least = min(abs(demand(price) - supply(price)) for price in prices)
    prices = {price for price in prices if abs(demand(price) - supply(price)) == least}
    if all(demand(price) > supply(price) for price in prices):
        chosen = max(prices)
    elif all(demand(price) < supply(price) for price in prices):
        chosen = min(prices)
    else:
        target = reference or (min(prices) + max(prices)) // 2
        chosen = min(prices, key=lambda price: (abs(price - target), -price))
    return chosen, most, least, SELL if supply(chosen) > demand(chosen) else BUY


orders = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 6)), max_size=6)


@given(
    tick=st.sampled_from([1, 2, 5]),
    in_calls=st.tuples(orders, orders),
    markets=st.tuples(*[st.lists(st.integers(1, 6), max_size=2)] * 2),
    collared=st.booleans(),
    references=st.tuples(st.integers(0, 70), st.integers(0, 70)),
    offsets=st.tuples(orders, orders),
    split=st.integers(0, 12),
)
@example(1, ([], [(3, 5)]), ([5], []), False, (0, 0), ([], []), 0)
# As much trades, and as much is left, on both sides of the price: 1 to 3 leave buys, 4 and 5 sells.
@example(1, ([(3, 2), (5, 4)], [(1, 4), (4, 2)]), ([], []), False, (0, 2), ([], []), 0)
@example(1, ([(3, 2), (5, 4)], [(1, 4), (4, 2)]), ([], []), False, (0, 0), ([], []), 0)
@example(1, ([(3, 2), (5, 4)], [(1, 4), (4, 2)]), ([], []), False, (0, 9), ([], []), 0)
@example(2, ([(2, 5)], [(1, 5)]), ([], []), False, (0, 3), ([], []), 0)  # 2 and 4 are as near
@example(5, ([], []), ([5], [5]), False, (0, 52), ([], []), 0)
@example(5, ([(4, 5)], [(4, 4), (9, 1)]), ([], []), False, (0, 23), ([], []), 4)
def test_the_price_is_the_best_of_all(
    tick: int, in_calls: Any, markets: Any, collared: bool, references: tuple[int, int], offsets: Any, split: int
) -> None:
    """Bids up to the split and offers above it come before the call, so they are in the book."""
    m = Market(NOW_NS, orders=128)
    m.admin(CommandKind.DEPOSIT, 10**17, account=B)
    taken: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    limits = []
    accounts = (B, C)

    def enter(displayed: bool) -> None:
        for side in (BUY, SELL):
            for ticks, qty in in_calls[side]:
                if ((ticks <= split) == (side == BUY)) == displayed:
                    assert m.new(accounts[side], side, ticks * tick, qty)[0].kind == EventKind.ACCEPTED
                    taken[side].append((ticks * tick, qty))
                    limits.append(ticks * tick)

    m.instrument(0, tick, -1, 0, 0)
    enter(displayed=True)
    m.instrument(0, -1, -1, references[0], 2000 if collared else 0)
    m.state(CALL, OPENING, 0, CLOSED)
    for side in (BUY, SELL):
        for qty in markets[side]:
            accepted = m.new(accounts[side], side, 0, qty, order_type=MARKET)[0]
            taken[side].append((accepted.price, qty))
    m.instrument(0, -1, -1, references[1], 0)
    enter(displayed=False)
    for side in (BUY, SELL):
        for ticks, qty in offsets[side]:
            m.special(accounts[side], side, qty, price=ticks * tick, tif=AT_OPEN, **OFFSET)
            m.special(accounts[side], side, qty, price=ticks * tick, tif=AT_CLOSE)
    m.want_data = True
    m.tick(NOW_NS)
    found = next(record for record in m.data if record.kind == BookKind.INDICATIVE)
    expected = searched(*taken, limits, tick, references[1])
    assert (found.price, found.qty, found.leaves, found.side) == expected
    auction = auction_of(m.auction())
    assert (auction.price, auction.leaves, auction.side) == (expected[0], expected[2], expected[3])
    assert auction.qty >= expected[1]


def test_an_iceberg_takes_part_with_all_its_lots() -> None:
    m = Market(NOW_NS)
    m.special(B, BUY, 10, price=500, display_qty=2, client_order_id=1)
    m.buy(B, 500, 4, client_order_id=2)
    m.state(CALL, HALT, 0, OPEN)
    m.special(C, SELL, 7, price=500, display_qty=3, client_order_id=3)
    m.want_data = True
    events = m.auction()
    assert (fills(events), auction_of(events).leaves) == ([(1, 7), (3, 7)], 7)
    assert [event.leaves for event in events[:2]] == [3, 0]
    assert [d.kind for d in m.data] == [BookKind.CROSS, BookKind.STATUS]  # it shows what it did
    assert [(row.client_order_id, row.leaves, row.shown) for row in m.orders()] == [(1, 3, 2), (2, 4, 4)]
    m.state(CALL, HALT, 0, OPEN)
    m.special(C, SELL, 9, price=500, display_qty=4, client_order_id=4)
    events = m.auction()
    assert fills(events) == [(1, 3), (4, 3), (2, 4), (4, 4)]
    assert [(d.kind, d.qty, d.leaves, d.level_qty) for d in m.data[:2]] == [
        (BookKind.EXECUTE, 2, 0, 4),
        (BookKind.EXECUTE, 4, 0, 0),
    ]
    added = next(record for record in m.data if record.kind == BookKind.ADD)
    assert (added.side, added.qty, m.orders()[0].shown, m.orders()[0].leaves) == (SELL, 2, 2, 2)
    assert (m.account(B).hold, m.position(C).open_sell) == (0, 2)
