"""Price bands, short sales, ticks by price. docs/bands.md, "In the core"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AuctionKind,
    BookKind,
    CancelReason,
    Check,
    DataFlag,
    EventKind,
    HaltReason,
    InstrumentState,
    OrderFlag,
    OrderType,
    Peg,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.desk import Desk

CLOSED, OPEN, HALTED, CALL = InstrumentState
MARKET: dict[str, Any] = {"order_type": OrderType.MARKET}
TO_LIMIT: dict[str, Any] = {"order_type": OrderType.MARKET_TO_LIMIT}
HIDDEN: dict[str, Any] = {"flags": OrderFlag.HIDDEN}
AT_CLOSE: dict[str, Any] = {"tif": TimeInForce.AT_CLOSE}
PEGGED: dict[str, Any] = {"order_type": OrderType.PEGGED}


def opened(market: Any, **fields: int) -> Desk:
    return Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, accounts=3, **({"reference_price": 1000} | fields))


@pytest.fixture
def desk(market: Any) -> Desk:
    return opened(market)


def refusal(desk: Desk, command: ask.Command) -> tuple[int, int, int]:
    """Check, limit and value of the reject that a command gives."""
    event = desk.one(command)
    assert event.kind in (EventKind.REJECTED, EventKind.REPLACE_REJECTED, EventKind.ADMIN_REJECTED)
    return event.check, event.limit, event.value


def taken(desk: Desk, command: ask.Command) -> bool:
    return desk.do(command)[0].kind in (EventKind.ACCEPTED, EventKind.REPLACED)


# Bands


def test_bands_are_told(desk: Desk) -> None:
    event = desk.one(ask.bands(950, 1050, 1000, request=7))
    assert (event.kind, event.qty, event.price, event.order_id, event.client_order_id, event.account_seq) == (
        EventKind.BANDS_SET,
        7,
        950,
        1050,
        1000,
        0,
    )
    (record,) = desk.market_data
    assert (record.kind, record.price, record.order_id, record.level_qty) == (BookKind.BANDS, 950, 1050, 1000)
    event = desk.one(ask.bands(0, 0, 9))
    assert (event.price, event.order_id, event.client_order_id) == (0, 0, 9)
    assert [(r.kind, r.price, r.order_id, r.level_qty) for r in desk.market_data] == [(BookKind.BANDS, 0, 0, 9)]


@pytest.mark.parametrize(
    ("values", "index", "limit"),
    [
        ((0, 5), 0, 1),
        ((-1, 5), 0, 1),
        ((wire.MAX_PRICE + 1, 5), 0, wire.MAX_PRICE),
        ((5, 4), 1, 5),
        ((5, 0), 1, 5),
        ((5, wire.MAX_PRICE + 1), 1, wire.MAX_PRICE),
        ((5, 6, -1), 2, 0),
        ((0, 0, wire.MAX_PRICE + 1), 2, wire.MAX_PRICE),
    ],
)
def test_mistakes_about_bands(desk: Desk, values: tuple[int, ...], index: int, limit: int) -> None:
    event = desk.one(ask.bands(*values))
    assert (event.kind, event.check, event.client_order_id, event.limit) == (
        EventKind.ADMIN_REJECTED,
        Check.VALUE,
        index,
        limit,
    )
    assert event.value == values[index]


def test_bands_are_of_continuous_trading(desk: Desk) -> None:
    assert refusal(desk, ask.bands(1, 2, instrument=3)) == (Check.INSTRUMENT, 0, 3)
    for state, values in ((CLOSED, ()), (HALTED, (HaltReason.NEWS,)), (CALL, (AuctionKind.HALT,))):
        desk.do(ask.instrument_state(0, OPEN), ask.bands(950, 1050))
        desk.do(ask.instrument_state(0, state, *values))
        kinds = [(record.kind, record.price) for record in desk.market_data]
        assert kinds == [(BookKind.STATUS, 1000), (BookKind.BANDS, 0)]
        assert refusal(desk, ask.bands(950, 1050)) == (Check.INSTRUMENT_STATE, OPEN, state)
        assert desk.one(ask.bands(0, 0)).kind == EventKind.BANDS_SET
        desk.do(ask.instrument_state(0, state))
        assert [record.kind for record in desk.market_data] == [BookKind.STATUS] * bool(state != CALL)


def test_orders_beyond_the_bands(desk: Desk) -> None:
    desk.do(ask.bands(950, 1050))
    assert refusal(desk, ask.buy(0, 1, 1051, 1)) == (Check.PRICE_BAND, 1050, 1051)
    assert refusal(desk, ask.sell(0, 1, 949, 1)) == (Check.PRICE_BAND, 950, 949)
    assert refusal(desk, ask.special(0, 1, 0, 1, price=1040, discretion=11)) == (Check.PRICE_BAND, 1050, 1051)
    assert refusal(desk, ask.special(0, 1, 1, 1, price=951, discretion=2)) == (Check.PRICE_BAND, 950, 949)
    assert refusal(desk, ask.special(0, 1, 0, 1, price=1051, peg=Peg.MIDPOINT, **PEGGED)) == (
        Check.PRICE_BAND,
        1050,
        1051,
    )
    for number, command in enumerate(
        (
            ask.buy(0, 1, 1050, 1, tif=TimeInForce.IOC),
            ask.sell(0, 2, 2000, 1),  # far from the market is allowed
            ask.buy(0, 3, 1, 1),
            ask.special(0, 4, 0, 1, price=1040, discretion=10),
            ask.order(0, 5, 0, 1051, 1, **AT_CLOSE),
            ask.special(0, 6, 0, 1, price=1200, stop_price=1100, order_type=OrderType.STOP_LIMIT),
        ),
        1,
    ):
        assert taken(desk, command), number
    assert refusal(desk, ask.replace(0, 3, 1051, 1)) == (Check.PRICE_BAND, 1050, 1051)
    assert refusal(desk, ask.replace(0, 4, 1041, 1)) == (Check.PRICE_BAND, 1050, 1051)
    assert taken(desk, ask.replace(0, 5, 1060, 1))
    assert taken(desk, ask.replace(0, 6, 1300, 1))


def test_the_collar_is_named_first(market: Any) -> None:
    desk = opened(market, collar_bps=1000)
    desk.do(ask.bands(950, 1050))
    assert refusal(desk, ask.buy(0, 1, 1101, 1)) == (Check.PRICE_COLLAR, 1100, 1101)
    assert refusal(desk, ask.buy(0, 1, 1100, 1)) == (Check.PRICE_BAND, 1050, 1100)


def test_bounds_are_ticks(market: Any) -> None:
    desk = opened(market, tick_size=20)
    desk.do(ask.bands(950, 1050))
    assert refusal(desk, ask.buy(0, 1, 1060, 1)) == (Check.PRICE_BAND, 1040, 1060)
    assert refusal(desk, ask.sell(0, 1, 940, 1)) == (Check.PRICE_BAND, 960, 940)
    assert desk.do(ask.order(0, 1, 0, 0, 1, **MARKET))[0].price == 1040
    assert desk.do(ask.order(0, 2, 1, 0, 1, **MARKET))[0].price == 960


def test_what_rests_beyond_new_bands_ends(desk: Desk) -> None:
    desk.do(
        ask.sell(0, 1, 1100, 1),
        ask.sell(0, 2, 1010, 1),
        ask.buy(0, 3, 990, 1),
        ask.buy(0, 4, 995, 1),
        ask.special(0, 5, 0, 1, price=985, discretion=8),
        ask.special(0, 6, 0, 1, price=996, **HIDDEN),
        ask.special(0, 7, 0, 1, price=999, peg=Peg.PRIMARY, **PEGGED),
        ask.order(0, 8, 0, 999, 1, **AT_CLOSE),
        ask.special(0, 9, 0, 1, stop_price=1020, order_type=OrderType.STOP),
        ask.special(0, 10, 1, 1, price=1011, **HIDDEN),
    )
    events = desk.do(ask.bands(1015, 1015))
    assert [(event.client_order_id, event.reason) for event in events if event.kind == EventKind.CANCELED] == [
        (2, CancelReason.PRICE_BAND),
        (10, CancelReason.PRICE_BAND),
    ]
    events = desk.do(ask.bands(992, 992))
    cancelled = [event.client_order_id for event in events if event.kind == EventKind.CANCELED]
    assert cancelled == [4, 5, 6]
    assert [row.client_order_id for row in desk.orders()] == [3, 1, 7, 8, 9]


def test_market_orders_stay_within(market: Any) -> None:
    desk = opened(market, collar_bps=1000)
    desk.do(ask.bands(950, 1050), ask.sell(1, 1, 1050, 1), ask.sell(1, 2, 1060, 5))
    events = desk.do(ask.order(0, 1, 0, 0, 3, **MARKET))
    assert [(event.kind, event.price, event.qty) for event in events] == [
        (EventKind.ACCEPTED, 1050, 3),
        (EventKind.FILL, 1050, 1),
        (EventKind.FILL, 1050, 1),
        (EventKind.CANCELED, 1050, 2),
    ]
    assert desk.one(ask.order(0, 2, 0, 0, 1, **MARKET, **AT_CLOSE)).price == 1155  # the collar around 1050
    assert desk.one(ask.order(0, 3, 0, 0, 1, **TO_LIMIT, tif=TimeInForce.AUCTION)).price == 1155
    assert desk.do(ask.special(0, 4, 0, 1, peg=Peg.MIDPOINT, **PEGGED))[0].price == 1050
    assert refusal(desk, ask.order(0, 5, 0, 0, 1, **TO_LIMIT)) == (Check.NO_PRICE, 0, 0)  # the offer is at 1060


def test_no_price_within_the_bands(market: Any) -> None:
    desk = opened(market, tick_size=20)
    desk.do(ask.buy(1, 1, 20, 1), ask.bands(1, 19))
    assert refusal(desk, ask.order(0, 1, 0, 0, 1, **MARKET)) == (Check.NO_PRICE, 0, 0)
    assert refusal(desk, ask.special(0, 1, 0, 1, peg=Peg.MIDPOINT, **PEGGED)) == (Check.NO_PRICE, 0, 0)
    assert refusal(desk, ask.buy(0, 1, 20, 1)) == (Check.PRICE_BAND, 0, 20)
    assert desk.do(ask.order(0, 1, 1, 0, 1, **MARKET))[0].price == 20
    assert taken(desk, ask.order(0, 2, 0, 0, 1, **TO_LIMIT, tif=TimeInForce.AUCTION))
    desk.do(ask.bands(wire.MAX_PRICE, wire.MAX_PRICE))
    assert refusal(desk, ask.order(0, 3, 1, 0, 1, **MARKET)) == (Check.NO_PRICE, 0, 0)


def test_a_stop_that_is_served_beyond_the_bands(market: Any) -> None:
    desk = opened(market, collar_bps=2000)
    desk.do(
        ask.special(0, 1, 0, 1, price=1100, stop_price=1010, order_type=OrderType.STOP_LIMIT),
        ask.special(0, 2, 0, 1, price=1300, stop_price=1011, order_type=OrderType.STOP_LIMIT),
        ask.special(0, 3, 0, 1, stop_price=1012, order_type=OrderType.STOP),
        ask.bands(950, 1050),
        ask.buy(1, 4, 1020, 1),
    )
    events = desk.do(ask.sell(2, 5, 1020, 1))
    assert [(event.kind, event.client_order_id, event.reason or event.price) for event in events[3:]] == [
        (EventKind.TRIGGERED, 1, 1100),
        (EventKind.CANCELED, 1, CancelReason.PRICE_BAND),
        (EventKind.TRIGGERED, 2, 1300),
        (EventKind.CANCELED, 2, CancelReason.PRICE_COLLAR),
        (EventKind.TRIGGERED, 3, 1050),
        (EventKind.CANCELED, 3, CancelReason.IOC),
    ]


def test_a_peg_beyond_the_bands_has_no_price(desk: Desk) -> None:
    """It follows an offer above them; when they widen it has a price again, and trades."""
    desk.do(
        ask.sell(1, 1, 1100, 1),
        ask.special(0, 2, 0, 2, peg=Peg.MARKET, offset=-10, **PEGGED),
        ask.bands(950, 1050),
        ask.special(1, 3, 1, 2, price=1080, **HIDDEN),
    )
    assert [row.leaves for row in desk.orders()] == [1, 2, 2]
    events = desk.do(ask.bands(950, 1095))
    fills = [(event.client_order_id, event.price, event.qty) for event in events if event.kind == EventKind.FILL]
    assert fills == [(2, 1090, 2), (3, 1090, 2)]


def test_auctions_know_no_bands(desk: Desk) -> None:
    desk.do(ask.bands(950, 1050), ask.call(0), ask.buy(0, 1, 1200, 1), ask.sell(1, 2, 1200, 1))
    events = desk.do(ask.run_auction())
    assert [event.price for event in events if event.kind == EventKind.AUCTION] == [1200]
    assert taken(desk, ask.buy(0, 3, 5000, 1))


# Short sales


@pytest.fixture
def restricted(desk: Desk) -> Desk:
    """A bid at 990, short sales restricted; account 1 has 5 lots."""
    desk.do(ask.buy(0, 1, 990, 50), ask.shares(1, 0, 5, 1), ask.short_sale(1))
    return desk


def test_a_restriction_is_told_with_every_status(desk: Desk) -> None:
    desk.do(ask.instrument_state(0, HALTED, HaltReason.NEWS))
    event = desk.one(ask.short_sale(1, request=7))
    assert (event.kind, event.qty, event.reason) == (EventKind.SHORT_SALE_SET, 7, 1)
    flag = DataFlag.SHORT_RESTRICTED
    for command, state, flags in (
        (ask.short_sale(1), HALTED, HaltReason.NEWS | flag),
        (ask.call(0, AuctionKind.HALT), CALL, AuctionKind.HALT | flag),
        (ask.run_auction(), OPEN, flag),
        (ask.short_sale(0), OPEN, 0),
        (ask.instrument_state(0, OPEN), OPEN, 0),
    ):
        desk.do(command)
        (record,) = [record for record in desk.market_data if record.kind == BookKind.STATUS]
        assert (record.state, record.flags) == (state, flags)
    for value, limit in ((2, 1), (-1, 0)):
        assert refusal(desk, ask.short_sale(value)) == (Check.VALUE, limit, value)
    assert refusal(desk, ask.short_sale(1, instrument=9)) == (Check.INSTRUMENT, 0, 9)


def test_a_short_sale_is_above_the_bid(restricted: Desk) -> None:
    desk = restricted
    assert refusal(desk, ask.sell(2, 1, 990, 1)) == (Check.SHORT_PRICE, 991, 990)
    assert refusal(desk, ask.sell(1, 1, 980, 6)) == (Check.SHORT_PRICE, 991, 980)
    assert refusal(desk, ask.special(2, 1, 1, 1, price=995, discretion=5)) == (Check.SHORT_PRICE, 991, 990)
    assert refusal(desk, ask.special(2, 1, 1, 1, price=990, **HIDDEN)) == (Check.SHORT_PRICE, 991, 990)
    assert refusal(desk, ask.order(2, 1, 1, 0, 1, **MARKET)) == (Check.SHORT_PRICE, 0, 1)
    assert refusal(desk, ask.order(2, 1, 1, 0, 1, **TO_LIMIT)) == (Check.SHORT_PRICE, 0, 990)
    stop = {"order_type": OrderType.STOP, "stop_price": 980}
    assert refusal(desk, ask.special(2, 1, 1, 1, **stop)) == (Check.SHORT_PRICE, 0, 980)
    assert refusal(desk, ask.special(2, 1, 1, 1, peg=Peg.PRIMARY, **PEGGED)) == (Check.SHORT_PRICE, 0, Peg.PRIMARY)
    assert taken(desk, ask.special(2, 1, 1, 1, peg=Peg.MIDPOINT, **PEGGED))
    assert taken(desk, ask.sell(2, 2, 991, 1))
    slide = {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE}
    assert desk.do(ask.special(2, 3, 1, 1, price=990, **slide))[0].price == 991
    assert refusal(desk, ask.replace(2, 2, 990, 1)) == (Check.SHORT_PRICE, 991, 990)
    assert taken(desk, ask.sell(1, 2, 990, 3))  # it has 5
    assert taken(desk, ask.sell(1, 3, 995, 2))
    assert taken(desk, ask.replace(1, 3, 990, 2))
    assert refusal(desk, ask.sell(1, 4, 990, 1)) == (Check.SHORT_PRICE, 991, 990)
    assert taken(desk, ask.buy(2, 9, 990, 1))


def test_where_a_short_sale_is_not_looked_at(restricted: Desk) -> None:
    desk = restricted
    assert taken(desk, ask.order(2, 1, 1, 980, 1, **AT_CLOSE))
    assert refusal(desk, ask.order(2, 2, 1, 0, 1, **MARKET, **AT_CLOSE)) == (Check.SHORT_PRICE, 0, 1)
    desk.do(ask.cancel(0, 1))
    assert refusal(desk, ask.order(2, 2, 1, 0, 1, **MARKET, **AT_CLOSE)) == (Check.SHORT_PRICE, 0, 1)
    assert taken(desk, ask.order(2, 2, 1, 0, 1, **MARKET))  # nobody bids
    desk.do(ask.buy(0, 3, 990, 1), ask.call(0))
    assert taken(desk, ask.sell(2, 3, 980, 1))
    assert taken(desk, ask.special(2, 4, 1, 1, order_type=OrderType.STOP, stop_price=980))
    assert refusal(desk, ask.order(2, 5, 1, 0, 1, **TO_LIMIT)) == (Check.SHORT_PRICE, 0, 1)
    desk.do(ask.short_sale(0))
    assert taken(desk, ask.order(2, 5, 1, 0, 1, **TO_LIMIT))


# Ticks


@pytest.mark.parametrize(
    ("steps", "index", "limit"),
    [
        ((1, 5), 0, 0),
        ((0, 5, 0, 5), 2, 1),
        ((0, 5, 100, 10, 90, 10), 4, 101),
        ((0, 5, wire.MAX_PRICE + 1, 5), 2, wire.MAX_PRICE),
        ((0, 0, 100, 5), 1, 5),
        ((0, 5, 100, 10, 0, 0, 200, 10), 4, 101),
        ((0, 7), 1, 5),
        ((0, 1 << 21), 1, 1 << 20),
        ((0, 10, 105, 5), 2, 10),
        ((0, 5, 105, 10), 2, 10),
    ],
)
def test_mistakes_about_ticks(market: Any, steps: tuple[int, ...], index: int, limit: int) -> None:
    desk = opened(market, tick_size=5)
    event = desk.one(ask.ticks(*steps))
    assert (event.kind, event.check, event.client_order_id, event.limit, event.value) == (
        EventKind.ADMIN_REJECTED,
        Check.VALUE,
        index,
        limit,
        steps[index],
    )


def test_ticks_by_price(market: Any) -> None:
    desk = opened(market, tick_size=5)
    desk.do(ask.buy(0, 1, 1005, 5), ask.sell(1, 1, 1010, 5))
    event = desk.one(ask.ticks(0, 5, 1000, 20, request=7))
    assert (event.kind, event.qty, event.price) == (EventKind.TICKS_SET, 7, 2)
    assert [(one.kind, one.state) for one in desk.market_data] == [(BookKind.STATUS, InstrumentState.OPEN)]
    assert refusal(desk, ask.buy(0, 2, 1005, 1)) == (Check.TICK_SIZE, 20, 1005)
    assert refusal(desk, ask.buy(0, 2, 996, 1)) == (Check.TICK_SIZE, 5, 996)
    stop = {"order_type": OrderType.STOP, "stop_price": 1030}
    assert refusal(desk, ask.special(0, 2, 0, 1, **stop)) == (Check.TICK_SIZE, 20, 1030)
    assert taken(desk, ask.special(0, 2, 0, 1, peg=Peg.PRIMARY, offset=-5, **PEGGED))
    assert refusal(desk, ask.special(0, 3, 0, 1, peg=Peg.PRIMARY, offset=-4, **PEGGED)) == (Check.TICK_SIZE, 5, -4)
    assert taken(desk, ask.buy(0, 3, 1000, 1))
    assert taken(desk, ask.buy(0, 4, 995, 1))
    assert taken(desk, ask.replace(0, 1, 1005, 4))  # it stays where it is, with fewer lots
    assert refusal(desk, ask.replace(0, 1, 1010, 4)) == (Check.TICK_SIZE, 20, 1010)
    slide = {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE}
    assert desk.do(ask.special(2, 1, 1, 1, price=1000, **slide))[0].price == 1020
    assert desk.do(ask.special(2, 2, 0, 1, price=1020, **slide))[0].price == 1000
    assert desk.do(ask.order(2, 3, 0, 0, 1, **TO_LIMIT))[0].price == 1010
    assert desk.one(ask.ticks()).price == 0
    assert taken(desk, ask.replace(0, 1, 1010, 4))


def test_a_new_tick_size_takes_the_table_away(market: Any) -> None:
    desk = opened(market, tick_size=5)
    desk.do(ask.ticks(0, 50), ask.instrument(0, 5, reference_price=1000))
    assert refusal(desk, ask.buy(0, 1, 1005, 1)) == (Check.TICK_SIZE, 50, 1005)
    desk.do(ask.instrument(0, 1, reference_price=1000))
    assert taken(desk, ask.buy(0, 1, 1001, 1))


def test_the_price_of_an_auction_is_valid(desk: Desk) -> None:
    desk.do(ask.call(0), ask.buy(0, 1, 1004, 5), ask.sell(1, 2, 1001, 3), ask.sell(1, 3, 999, 3))
    desk.do(ask.ticks(0, 1, 1000, 10))
    events = desk.do(ask.run_auction())
    assert [(e.price, e.qty, e.leaves) for e in events if e.kind == EventKind.AUCTION] == [(1000, 3, 2)]
    # What is left at prices that are not valid meets when it comes to the book.
    fills = [(e.client_order_id, e.price, e.qty) for e in events if e.kind == EventKind.FILL and e.trade_id == 2]
    assert fills == [(1, 1004, 2), (2, 1004, 2)]
