"""States of instruments, which orders they take, and orders that wait for an auction: docs/auctions.md, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    ANY,
    AuctionKind,
    BookKind,
    CancelReason,
    Check,
    CommandKind,
    EventFlag,
    EventKind,
    HaltReason,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Place,
    Rule,
    TimeInForce,
)

from ext.core import Core
from tests.ext.market import BUY, DAY, FOK, GTC, IOC, SELL, B, C, Market

CLOSED, OPEN, HALTED, CALL = InstrumentState
OPENING, CLOSING, HALT, VOLATILITY = AuctionKind
AT_OPEN, AT_CLOSE, AUCTION = TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION
LIMIT, MARKET = OrderType.LIMIT, OrderType.MARKET
NOW_NS = 1_000_000_000
MOST = wire.MAX_PRICE - wire.MAX_PRICE % 5


def places(m: Market) -> list[tuple[int, int, int]]:
    return [(row.place, row.price, row.leaves) for row in m.orders()]


@pytest.mark.parametrize(
    ("state", "values", "index", "limit", "value"),
    [
        (4, (), 0, 3, 4),
        (CLOSED, (1,), 1, 0, 1),
        (OPEN, (-1,), 1, 0, -1),
        (HALTED, (6,), 1, 5, 6),
        (HALTED, (-1,), 1, 0, -1),
        (CALL, (0,), 1, 1, 0),
        (CALL, (5,), 1, 4, 5),
        (CALL, (OPENING, NOW_NS, OPEN), 2, NOW_NS, NOW_NS),
        (CALL, (OPENING, -1, OPEN), 2, NOW_NS, -1),
        (HALTED, (1, NOW_NS + 1), 2, 0, NOW_NS + 1),
        (CALL, (OPENING, 0, CALL), 3, 2, 3),
        (CALL, (OPENING, 0, -1), 3, 2, -1),
        (OPEN, (0, 0, 1), 3, 0, 1),
        (CALL, (0, 1, 9), 1, 1, 0),  # the first that fails
    ],
)
def test_a_state_with_wrong_values(state: int, values: tuple[int, ...], index: int, limit: int, value: int) -> None:
    m = Market(NOW_NS)
    [reject] = m.state(state, *values, request=5)
    assert (reject.kind, reject.check, reject.client_order_id) == (EventKind.ADMIN_REJECTED, Check.VALUE, index)
    assert (reject.limit, reject.value, reject.qty, m.orders()) == (limit, value, 5, [])
    assert m.buy(B, 500, 1)[0].kind == EventKind.ACCEPTED  # it is as open as it was


def test_what_is_told_of_a_state() -> None:
    m = Market(NOW_NS)
    m.want_data = True
    for state, values in ((CALL, (VOLATILITY, NOW_NS + 7, HALTED)), (HALTED, (HaltReason.NEWS,)), (CLOSED, ())):
        [event] = m.state(state, *values, request=9)
        detail, time_ns = (*values, 0, 0)[:2]
        assert (event.kind, event.reason, event.side, event.price) == (
            EventKind.INSTRUMENT_STATE,
            state,
            detail,
            time_ns,
        )
        assert (event.qty, event.account_seq) == (9, 0)
        [status] = m.data
        assert (status.kind, status.state, status.flags) == (BookKind.STATUS, state, detail)


def test_a_state_of_all_that_are_set_up() -> None:
    m = Market()
    events = m.state(CALL, HALT, 0, OPEN, instrument=ANY)
    assert [(event.kind, event.instrument, event.reason) for event in events] == [
        (EventKind.INSTRUMENT_STATE, number, CALL) for number in (0, 1)
    ]
    assert [event.kind for event in m.auction(ANY, request=3)] == 2 * [EventKind.AUCTION, EventKind.INSTRUMENT_STATE]
    assert m.auction(ANY) == []
    [reject] = m.auction(0, request=3)
    assert (reject.check, reject.limit, reject.value, reject.qty) == (Check.INSTRUMENT_STATE, CALL, OPEN, 3)
    [reject] = m.auction(7)
    assert (reject.check, reject.value) == (Check.INSTRUMENT, 7)


LATER = NOW_NS + 50
TAKEN = None
REFUSED = (Check.INSTRUMENT_STATE, OPEN)  # and the state
BROKEN = Check.COMBINATION


@pytest.mark.parametrize(
    ("fields", "in_open", "in_opening", "in_halt"),
    [
        ({"price": 500}, TAKEN, TAKEN, TAKEN),
        ({"price": 500, "tif": DAY}, TAKEN, TAKEN, TAKEN),
        ({"price": 500, "tif": TimeInForce.GTD, "expire_ns": LATER}, TAKEN, TAKEN, TAKEN),
        ({"order_type": MARKET}, TAKEN, TAKEN, TAKEN),
        ({"order_type": OrderType.MARKET_TO_LIMIT}, TAKEN, TAKEN, TAKEN),
        ({"price": 500, "tif": IOC}, TAKEN, (BROKEN, Rule.TIF, IOC), (BROKEN, Rule.TIF, IOC)),
        ({"order_type": MARKET, "tif": FOK}, TAKEN, (BROKEN, Rule.TIF, FOK), (BROKEN, Rule.TIF, FOK)),
        ({"price": 500, "tif": AT_OPEN}, (*REFUSED, OPEN), TAKEN, (*REFUSED, CALL)),
        ({"order_type": MARKET, "tif": AT_OPEN}, (*REFUSED, OPEN), TAKEN, (*REFUSED, CALL)),
        ({"price": 500, "tif": AT_CLOSE}, TAKEN, TAKEN, TAKEN),
        ({"order_type": MARKET, "tif": AUCTION}, TAKEN, TAKEN, TAKEN),
        ({"order_type": OrderType.MARKET_TO_LIMIT, "tif": AUCTION}, TAKEN, TAKEN, TAKEN),
        ({"order_type": OrderType.STOP, "stop_price": 900}, TAKEN, TAKEN, TAKEN),
        ({"price": 500, "flags": OrderFlag.POST_ONLY}, TAKEN, (BROKEN, Rule.POST, 1), (BROKEN, Rule.POST, 1)),
    ],
)
def test_which_orders_are_taken_when(fields: dict[str, Any], in_open: Any, in_opening: Any, in_halt: Any) -> None:
    states = (
        ((OPEN,), in_open),
        ((CALL, OPENING, 0, OPEN), in_opening),
        ((CALL, HALT, 0, OPEN), in_halt),
        ((CLOSED,), (*REFUSED, CLOSED)),
        ((HALTED, HaltReason.NEWS), (*REFUSED, HALTED)),
    )
    for state, expected in states:
        m = Market(NOW_NS)
        m.sell(C, 700, 1)
        m.state(*state)
        event = m.special(B, BUY, 1, **fields)[0]
        said = (event.check, event.limit, event.value) if event.kind == EventKind.REJECTED else None
        assert said == expected, state


@pytest.mark.parametrize(
    ("fields", "rule", "value"),
    [
        ({"order_type": OrderType.MARKET_TO_LIMIT, "tif": AT_CLOSE}, Rule.TIF, AT_CLOSE),
        ({"order_type": OrderType.STOP, "stop_price": 900, "tif": AUCTION}, Rule.TIF, AUCTION),
        ({"price": 500, "tif": AUCTION, "flags": OrderFlag.POST_ONLY}, Rule.TIF, AUCTION),
        ({"price": 500, "tif": AUCTION, "modes": ModeFlag.IMBALANCE_ONLY}, Rule.MODE, 2),
        ({"order_type": MARKET, "tif": AT_CLOSE, "modes": ModeFlag.IMBALANCE_ONLY}, Rule.MODE, 2),
    ],
)
def test_what_does_not_go_with_an_auction(fields: dict[str, Any], rule: int, value: int) -> None:
    for state in ((OPEN,), (CALL, CLOSING, 0, CLOSED)):
        m = Market()
        m.state(*state)
        [reject] = m.special(B, BUY, 1, **fields)
        assert (reject.check, reject.limit, reject.value) == (BROKEN, rule, value)


def test_orders_in_a_call_wait_and_nothing_trades() -> None:
    m = Market()
    m.buy(B, 500, 3)
    m.state(CALL, OPENING, 0, OPEN)
    m.want_data = True
    crossing = m.sell(C, 490, 5)
    assert ([event.kind for event in crossing], m.data) == ([EventKind.ACCEPTED], [])
    m.buy(B, 0, 2, order_type=MARKET)
    m.sell(C, 0, 2, order_type=OrderType.MARKET_TO_LIMIT)
    assert m.data == []
    assert places(m) == [
        (Place.BOOK, 500, 3),
        (Place.CALL, 490, 5),
        (Place.CALL, MOST, 2),
        (Place.CALL, 5, 2),
    ]
    assert m.account(B).hold == (500 * 3 + MOST * 2) * 100
    assert (m.account(B).open_orders, m.position(C).open_sell) == (2, 7)
    assert [(row.tif, row.order_type) for row in m.orders()][2:] == [(GTC, MARKET), (GTC, OrderType.MARKET_TO_LIMIT)]
    [gone] = m.cancel(B, client_order_id=2)
    assert (gone.kind, gone.reason, gone.price, gone.qty, m.data) == (
        EventKind.CANCELED,
        CancelReason.USER,
        MOST,
        2,
        [],
    )
    assert m.account(B).hold == 500 * 3 * 100


def test_orders_for_the_close_wait_in_open_and_keep_their_price() -> None:
    m = Market()
    m.instrument(0, -1, -1, 1000, 1000)  # a tenth up and down
    m.sell(C, 950, 5)
    assert [event.kind for event in m.buy(B, 0, 2, order_type=MARKET, tif=AT_CLOSE)] == [EventKind.ACCEPTED]
    assert [event.kind for event in m.buy(B, 1000, 2, tif=AUCTION)] == [EventKind.ACCEPTED]
    assert places(m) == [(Place.BOOK, 950, 5), (Place.CALL, 1100, 2), (Place.CALL, 1000, 2)]
    m.instrument(0, -1, -1, 2000, 1000)
    [replaced] = m.replace(B, m.orders(account=B)[1].order_id, 7, 1)
    assert (replaced.kind, replaced.price, replaced.flags) == (EventKind.REPLACED, 1100, EventFlag.PRIORITY_KEPT)


def test_replace_in_a_call() -> None:
    m = Market()
    first, second = m.buy(B, 500, 3)[0], m.buy(B, 505, 3, flags=OrderFlag.POST_ONLY)[0]
    m.state(CALL, CLOSING, 0, CLOSED)
    third, fourth = m.buy(B, 510, 3)[0], m.buy(B, 515, 3)[0]
    m.want_data = True
    [event] = m.replace(B, third.order_id, 510, 2)  # in place
    assert (event.kind, event.flags, event.leaves, m.data) == (EventKind.REPLACED, EventFlag.PRIORITY_KEPT, 2, [])
    assert [row.price for row in m.orders()][2:] == [510, 515]
    [event] = m.replace(B, third.order_id, 510, 4)  # more lots: the last of the list
    assert (event.flags, event.price, event.leaves) == (0, 510, 4)
    assert [row.price for row in m.orders()][2:] == [515, 510]
    m.replace(B, fourth.order_id, 520, 3)
    assert [row.price for row in m.orders()][2:] == [510, 520]
    [event] = m.replace(B, first.order_id, 500, 1)  # the book's, in place
    assert (event.flags, [d.kind for d in m.data]) == (EventFlag.PRIORITY_KEPT, [BookKind.REDUCE])
    m.want_data = False
    m.sell(C, 900, 1)
    m.want_data = True
    [event] = m.replace(B, first.order_id, 900, 2)  # out of the book, and nothing trades
    assert (event.flags, event.price, [d.kind for d in m.data]) == (0, 900, [BookKind.DELETE])
    assert places(m) == [
        (Place.BOOK, 505, 3),
        (Place.CALL, 510, 4),
        (Place.CALL, 520, 3),
        (Place.CALL, 900, 1),
        (Place.CALL, 900, 2),
    ]
    assert m.account(B).hold == (505 * 3 + 510 * 4 + 520 * 3 + 900 * 2) * 100
    [reject] = m.replace(B, second.order_id, 505, 1)
    assert (reject.kind, reject.check, reject.limit, reject.value) == (EventKind.REPLACE_REJECTED, BROKEN, Rule.POST, 1)
    m.state(HALTED)
    [reject] = m.replace(B, third.order_id, 510, 1)
    assert (reject.check, reject.value) == (Check.INSTRUMENT_STATE, HALTED)


def test_leaving_a_call_without_an_auction_leaves_orders_where_they_are() -> None:
    m = Market()
    for state in (CLOSED, HALTED, CALL):
        m.state(CALL, OPENING, 0, OPEN)
        m.buy(B, 500, 1, tif=AT_OPEN)
        before = places(m)
        assert [event.kind for event in m.state(state, *((HALT, 0, OPEN) if state == CALL else ()))] == [
            EventKind.INSTRUMENT_STATE
        ]
        assert places(m) == before


def test_opening_without_an_auction() -> None:
    m = Market()
    m.state(CALL, OPENING, 0, OPEN)
    at_open = m.buy(B, 500, 1, tif=AT_OPEN)[0]
    market = m.sell(C, 0, 1, order_type=MARKET)[0]
    to_limit = m.buy(B, 0, 1, order_type=OrderType.MARKET_TO_LIMIT)[0]
    late = m.sell(C, 490, 1, tif=AUCTION)[0]
    close = m.sell(C, 0, 2, order_type=MARKET, tif=AT_CLOSE)[0]
    low, high, sell = m.buy(B, 500, 2)[0], m.buy(B, 505, 2, tif=DAY)[0], m.sell(C, 500, 3)[0]
    m.want_data = True
    events = m.state(OPEN)
    assert [(event.kind, event.order_id, event.reason) for event in events[:4]] == [
        (EventKind.INSTRUMENT_STATE, 0, OPEN),
        *((EventKind.CANCELED, order.order_id, CancelReason.AUCTION_END) for order in (at_open, market, to_limit)),
    ]
    fills = [(event.order_id, event.price, event.qty, event.flags) for event in events[4:]]
    assert fills == [
        (high.order_id, 505, 2, EventFlag.MAKER),
        (sell.order_id, 505, 2, 0),
        (low.order_id, 500, 1, EventFlag.MAKER),
        (sell.order_id, 500, 1, 0),
    ]
    assert [d.kind for d in m.data] == [
        BookKind.STATUS,
        BookKind.ADD,
        BookKind.ADD,
        BookKind.EXECUTE,
        BookKind.EXECUTE,
        BookKind.TOP,
    ]
    assert places(m) == [(Place.BOOK, 500, 1), (Place.CALL, 490, 1), (Place.CALL, 5, 2)]
    assert [row.order_id for row in m.orders()] == [low.order_id, late.order_id, close.order_id]
    assert m.account(B).hold == 500 * 100


def test_orders_that_find_no_page_when_they_come_out_of_a_call() -> None:
    m = Market(pages=1)
    m.state(CALL, OPENING, 0, OPEN)
    m.buy(B, 500, 1)
    other = m.buy(B, 50_000, 2)[0]
    [_, gone] = m.state(OPEN)
    assert (gone.order_id, gone.reason, gone.qty) == (other.order_id, CancelReason.LEVEL_CAPACITY, 2)
    assert (places(m), m.account(B).hold) == ([(Place.BOOK, 500, 1)], 500 * 100)


def test_the_end_of_the_day_in_a_call() -> None:
    m = Market(NOW_NS)
    m.admin(CommandKind.SET_SCHEDULE, NOW_NS + 10)
    m.state(CALL, OPENING, NOW_NS + 10, OPEN)
    m.buy(B, 500, 1)
    m.buy(B, 505, 1, tif=DAY)
    m.buy(B, 510, 1, tif=AUCTION)
    m.sell(C, 505, 2)
    events = m.tick(NOW_NS + 10)
    # The day ends first, then the auction is held: nobody buys at 505 any more.
    assert [event.kind for event in events] == [
        EventKind.CANCELED,
        EventKind.CANCELED,
        EventKind.DAY_ENDED,
        EventKind.AUCTION,
        EventKind.INSTRUMENT_STATE,
    ]
    assert [event.reason for event in events[:2]] == [CancelReason.DAY_END] * 2
    assert (events[3].price, places(m)) == (0, [(Place.BOOK, 500, 1), (Place.BOOK, 505, 2)])


def test_a_snapshot_in_a_call_goes_on_alike() -> None:
    m = Market(NOW_NS)
    m.buy(B, 500, 3)
    m.state(CALL, CLOSING, NOW_NS + 20, HALTED)
    m.tick(NOW_NS + 1)
    m.sell(C, 490, 5)
    m.buy(B, 0, 2, order_type=MARKET)
    m.buy(B, 0, 1, order_type=OrderType.MARKET_TO_LIMIT)
    m.special(C, SELL, 4, price=500, tif=AT_CLOSE, modes=ModeFlag.IMBALANCE_ONLY)
    m.special(B, BUY, 1, order_type=OrderType.TRAILING_STOP, offset=3)
    twin = Core.restore(m.core.snapshot())
    assert twin.state_hash() == m.core.state_hash()
    for ts_ns in (NOW_NS + 10, NOW_NS + 20):
        command = m.command(CommandKind.TICK, ts_ns=ts_ns)
        answers = []
        for core in (m.core, twin):
            core.apply(command, True)
            answers.append((core.take_events(), core.take_market_data(), core.state_hash(), core.orders()))
        assert answers[0] == answers[1]
    assert len(answers[0][0]) > 5 * 80
