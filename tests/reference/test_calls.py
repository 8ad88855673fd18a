"""States, how they are set, and which orders each of them takes. docs/auctions.md."""

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
    EventKind,
    HaltReason,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Peg,
    Place,
    Rule,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.desk import START_NS, Desk

CLOSED, OPEN, HALTED, CALL = InstrumentState
OPENING, CLOSING, HALT = AuctionKind.OPENING, AuctionKind.CLOSING, AuctionKind.HALT
DAY, GTC, GTD = TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD
IOC, FOK, AT_OPEN, AT_CLOSE, AUCTION = (TimeInForce[n] for n in ("IOC", "FOK", "AT_OPEN", "AT_CLOSE", "AUCTION"))
LIMIT, MARKET, TO_LIMIT = OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT


@pytest.fixture
def desk(market: Any) -> Desk:
    desk = Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, accounts=3, reference_price=100, collar_bps=2000)
    desk.do(ask.sell(0, 1, 101, 5), ask.buy(0, 2, 99, 5))
    return desk


# States


@pytest.mark.parametrize(
    ("state", "values", "said"),
    [
        (CLOSED, (), (CLOSED, 0, 0)),
        (HALTED, (), (HALTED, 0, 0)),
        (HALTED, (HaltReason.NEWS,), (HALTED, HaltReason.NEWS, 0)),
        (CALL, (HALT, 0, OPEN), (CALL, HALT, 0)),
        (CALL, (CLOSING, START_NS + 1, CLOSED), (CALL, CLOSING, START_NS + 1)),
    ],
)
def test_a_state_and_what_it_is_for(desk: Desk, state: int, values: tuple[int, ...], said: tuple[int, ...]) -> None:
    event = desk.one(ask.instrument_state(0, state, *values, request=7))
    assert (event.kind, event.qty, event.account_seq) == (EventKind.INSTRUMENT_STATE, 7, 0)
    assert (event.reason, event.side, event.price) == said
    (record,) = desk.market_data
    assert (record.kind, record.state, record.flags, record.price) == (BookKind.STATUS, state, said[1], 100)
    assert desk.instrument().state == state
    assert [row.leaves for row in desk.orders()] == [5, 5]


@pytest.mark.parametrize(
    ("state", "values", "index", "limit"),
    [
        (4, (), 0, 3),
        (OPEN, (1,), 1, 0),
        (CLOSED, (-1,), 1, 0),
        (HALTED, (6,), 1, 5),
        (HALTED, (-1,), 1, 0),
        (CALL, (0, 0, OPEN), 1, 1),
        (CALL, (5, 0, OPEN), 1, 4),
        (OPEN, (0, START_NS + 9), 2, 0),
        (HALTED, (1, 1), 2, 0),
        (CALL, (OPENING, START_NS, OPEN), 2, START_NS),
        (CALL, (OPENING, -1, OPEN), 2, START_NS),
        (CALL, (OPENING, 0, CALL), 3, 2),
        (CALL, (OPENING, 0, -1), 3, 2),
        (OPEN, (0, 0, 1), 3, 0),
        (4, (9, 9, 9), 0, 3),
        (CALL, (9, 9, 9), 1, 4),
    ],
)
def test_an_operators_mistake_changes_nothing(
    desk: Desk, state: int, values: tuple[int, ...], index: int, limit: int
) -> None:
    event = desk.one(ask.instrument_state(0, state, *values, request=7))
    assert (event.kind, event.check, event.qty) == (EventKind.ADMIN_REJECTED, Check.VALUE, 7)
    assert (event.client_order_id, event.limit, event.value) == (index, limit, (state, *values)[index])
    assert desk.instrument().state == OPEN
    assert desk.market_data == []


def test_all_at_once(desk: Desk) -> None:
    desk.do(ask.instrument(2), ask.instrument(1))
    events = desk.do(ask.call(wire.ANY, HALT, START_NS + 5, request=3))
    assert [(event.kind, event.instrument, event.price) for event in events] == [
        (EventKind.INSTRUMENT_STATE, number, START_NS + 5) for number in (0, 1, 2)
    ]
    assert desk.one(ask.call(wire.ANY, 9)).check == Check.VALUE
    assert desk.one(ask.call(3)).check == Check.INSTRUMENT
    events = desk.do(ask.run_auction(wire.ANY, request=4))
    kinds = [EventKind.AUCTION, EventKind.INSTRUMENT_STATE] * 3
    assert [(event.kind, event.instrument) for event in events] == list(zip(kinds, (0, 0, 1, 1, 2, 2), strict=True))
    assert [event.qty for event in events] == [0, 4] * 3
    assert desk.do(ask.run_auction(wire.ANY)) == []


@pytest.mark.parametrize("state", [CLOSED, OPEN, HALTED])
def test_an_auction_needs_a_call(desk: Desk, state: int) -> None:
    desk.do(ask.instrument_state(0, state))
    event = desk.one(ask.run_auction(0, request=5))
    assert (event.kind, event.check, event.limit, event.value, event.qty) == (
        EventKind.ADMIN_REJECTED,
        Check.INSTRUMENT_STATE,
        CALL,
        state,
        5,
    )
    assert desk.one(ask.run_auction(9)).check == Check.INSTRUMENT


def test_orders_stay_when_a_call_ends_without_an_auction(desk: Desk) -> None:
    desk.do(ask.call(0, OPENING), ask.buy(1, 1, 102, 5), ask.order(1, 2, 1, 0, 5, order_type=MARKET))
    for command in (ask.call(0, HALT, START_NS + 9), ask.instrument_state(0, HALTED), ask.instrument_state(0, CLOSED)):
        desk.one(command)
        assert [(row.account, row.place) for row in desk.orders()] == [(0, 0), (0, 0), (1, Place.CALL), (1, Place.CALL)]
    assert desk.do(ask.tick(), after_ns=10) == []  # the time of a call that is over
    assert len(desk.orders()) == 4


def test_opening_without_an_auction(desk: Desk) -> None:
    """What wanted this auction is cancelled as it came; what waits for another stays; the others enter and meet."""
    desk.do(
        ask.call(0, OPENING),
        ask.order(1, 1, 0, 101, 2, tif=AT_OPEN),
        ask.order(1, 2, 0, 0, 3, order_type=MARKET),
        ask.order(1, 3, 0, 101, 1, tif=AUCTION),
        ask.order(1, 4, 0, 0, 4, order_type=TO_LIMIT),
        ask.order(1, 5, 0, 101, 1, tif=AT_CLOSE),
        ask.order(1, 6, 0, 0, 1, order_type=MARKET, tif=AT_CLOSE),
        ask.order(1, 7, 0, 0, 1, order_type=TO_LIMIT, tif=AUCTION),
        ask.order(1, 8, 0, 101, 7, tif=DAY),
        ask.order(2, 9, 0, 100, 6),
    )
    events = desk.do(ask.instrument_state(0, OPEN))
    assert [(event.kind, event.client_order_id, event.reason or event.qty) for event in events] == [
        (EventKind.INSTRUMENT_STATE, 0, OPEN),
        (EventKind.CANCELED, 1, CancelReason.AUCTION_END),
        (EventKind.CANCELED, 2, CancelReason.AUCTION_END),
        (EventKind.CANCELED, 4, CancelReason.AUCTION_END),
        (EventKind.FILL, 1, 5),
        (EventKind.FILL, 8, 5),
    ]
    assert [(row.client_order_id, row.place, row.leaves) for row in desk.orders()] == [
        (8, Place.BOOK, 2),
        (9, Place.BOOK, 6),
        (2, Place.BOOK, 5),
        (3, Place.CALL, 1),
        (5, Place.CALL, 1),
        (6, Place.CALL, 1),
        (7, Place.CALL, 1),
    ]
    kinds = [BookKind(record.kind).name for record in desk.market_data]
    assert kinds == ["STATUS", "EXECUTE", "ADD", "ADD", "TOP"]


# Which orders are taken when

ANYTHING: dict[str, Any] = {"price": 100}
TAKEN = {  # fields: what OPEN, a call of the opening, another call say; a Rule, a Check, or the place that it comes to
    "limit": ({"tif": DAY}, Place.BOOK, Place.CALL, Place.CALL),
    "dated": ({"tif": GTD, "expire_ns": START_NS * 2}, Place.BOOK, Place.CALL, Place.CALL),
    "market": ({"order_type": MARKET, "tif": GTC}, None, Place.CALL, Place.CALL),
    "to a limit": ({"order_type": TO_LIMIT, "tif": GTC}, None, Place.CALL, Place.CALL),
    "IOC": ({"tif": IOC}, None, Rule.TIF, Rule.TIF),
    "FOK": ({"tif": FOK}, None, Rule.TIF, Rule.TIF),
    "market IOC": ({"order_type": MARKET, "tif": IOC}, None, Rule.TIF, Rule.TIF),
    "at the open": ({"tif": AT_OPEN}, Check.INSTRUMENT_STATE, Place.CALL, Check.INSTRUMENT_STATE),
    "market at the open": (
        {"order_type": MARKET, "tif": AT_OPEN},
        Check.INSTRUMENT_STATE,
        Place.CALL,
        Check.INSTRUMENT_STATE,
    ),
    "at the close": ({"tif": AT_CLOSE}, Place.CALL, Place.CALL, Place.CALL),
    "market at the close": ({"order_type": MARKET, "tif": AT_CLOSE}, Place.CALL, Place.CALL, Place.CALL),
    "imbalance": ({"tif": AT_CLOSE, "modes": ModeFlag.IMBALANCE_ONLY}, Place.CALL, Place.CALL, Place.CALL),
    "auction": ({"tif": AUCTION}, Place.CALL, Place.CALL, Place.CALL),
    "to a limit, auction": ({"order_type": TO_LIMIT, "tif": AUCTION}, Place.CALL, Place.CALL, Place.CALL),
    "stop": ({"order_type": OrderType.STOP, "stop_price": 103}, Place.STOP, Place.STOP, Place.STOP),
    "stop limit": ({"order_type": OrderType.STOP_LIMIT, "stop_price": 103}, Place.STOP, Place.STOP, Place.STOP),
    "trail": ({"order_type": OrderType.TRAILING_STOP, "offset": 2}, Place.STOP, Place.STOP, Place.STOP),
    "peg": ({"order_type": OrderType.PEGGED, "peg": Peg.PRIMARY}, Place.DARK, Rule.PEG_KIND, Rule.PEG_KIND),
    "post only": ({"flags": OrderFlag.POST_ONLY}, Place.BOOK, Rule.POST, Rule.POST),
    "hidden": ({"flags": OrderFlag.HIDDEN}, Place.DARK, Place.CALL, Place.CALL),
    "iceberg": ({"display_qty": 1}, Place.BOOK, Place.CALL, Place.CALL),
    "all or none": ({"flags": OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE}, Place.DARK, Rule.DARK, Rule.DARK),
    "minimum": ({"flags": OrderFlag.HIDDEN, "min_qty": 2}, Place.DARK, Rule.MIN_QTY, Rule.MIN_QTY),
    "discretion": ({"discretion": 1}, None, Rule.DISCRETION, Rule.DISCRETION),
    "reduce": ({"flags": OrderFlag.REDUCE_ONLY}, Place.BOOK, Rule.POST, Rule.POST),
    "lowest rule": (
        {"flags": OrderFlag.HIDDEN | OrderFlag.REDUCE_ONLY, "min_qty": 2},
        Place.DARK,
        Rule.POST,
        Rule.POST,
    ),
    # wrong in every state
    "stop at the close": ({"order_type": OrderType.STOP, "stop_price": 103, "tif": AT_CLOSE}, *[Rule.TIF] * 3),
    "to a limit at the open": ({"order_type": TO_LIMIT, "tif": AT_OPEN}, *[Rule.TIF] * 3),
    "hidden at the close": ({"tif": AT_CLOSE, "flags": OrderFlag.HIDDEN}, *[Rule.TIF] * 3),
    "iceberg at the open": ({"tif": AT_OPEN, "display_qty": 1}, *[Rule.TIF] * 3),
    "imbalance any time": ({"modes": ModeFlag.IMBALANCE_ONLY, "tif": DAY}, *[Rule.MODE] * 3),
    "market for imbalance": (
        {"modes": ModeFlag.IMBALANCE_ONLY, "order_type": MARKET, "tif": AT_CLOSE},
        *[Rule.MODE] * 3,
    ),
}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("case", [0, 1, 2, 3, 4], ids=["open", "opening", "halt", "closed", "halted"])
def test_which_orders_are_taken_when(desk: Desk, name: str, case: int) -> None:
    fields, *expected = TAKEN[name]
    desk.do(ask.shares(1, 0, 5, 1) if fields.get("flags", 0) & OrderFlag.REDUCE_ONLY else ask.note())
    desk.do([ask.note(), ask.call(0, OPENING), ask.call(0, HALT), *map(ask.instrument_state, (0, 0), (0, 2))][case])
    is_sell = bool(fields.get("flags", 0) & OrderFlag.REDUCE_ONLY)
    first, *_ = desk.do(ask.special(1, 1, int(is_sell), 2, **ANYTHING | fields))
    want = expected[min(case, 2)] if case < 3 or isinstance(expected[0], Rule) else Check.INSTRUMENT_STATE
    if isinstance(want, Rule):
        assert (first.kind, first.check, first.limit) == (EventKind.REJECTED, Check.COMBINATION, want)
        field = {Rule.TIF: "tif", Rule.PEG_KIND: "peg", Rule.MIN_QTY: "min_qty", Rule.DISCRETION: "discretion"}
        assert first.value == fields[field.get(want, "modes" if want == Rule.MODE else "flags")]
    elif isinstance(want, Check):
        state = (OPEN, CALL, CALL, CLOSED, HALTED)[case]
        assert (first.kind, first.check, first.limit, first.value) == (EventKind.REJECTED, want, OPEN, state)
    else:
        assert first.kind == EventKind.ACCEPTED
        rows = [row for row in desk.orders() if row.account == 1]
        assert want is None or [(row.place, row.leaves, row.tif) for row in rows] == [(want, 2, fields.get("tif", GTC))]


def test_the_price_of_what_waits(market: Any) -> None:
    """Market orders wait at the collar: that is what a buy holds. A limit that is beyond it is refused."""
    desk = Desk(market).open(flags=AccountFlag.SHORT_ALLOWED, reference_price=1000, collar_bps=1000)
    desk.do(ask.call(0))
    for number, (side, fields, price) in enumerate(
        [
            (0, {"order_type": MARKET, "price": 5}, 1100),
            (1, {"order_type": MARKET, "tif": AUCTION}, 900),
            (0, {"order_type": TO_LIMIT}, 1100),
            (1, {"order_type": TO_LIMIT, "tif": AUCTION}, 900),
            (0, {"price": 1100}, 1100),
        ],
        1,
    ):
        assert desk.one(ask.special(0, number, side, 3, **fields)).price == price
    assert [row.hold for row in desk.orders()] == [330_000, 0, 330_000, 0, 330_000]
    assert desk.account(0).hold == 990_000
    assert desk.one(ask.buy(0, 6, 1101, 1)).check == Check.PRICE_COLLAR


def test_nothing_meets_while_orders_are_collected(desk: Desk) -> None:
    desk.do(ask.call(0))
    for number, price in ((1, 105), (2, 100)):
        assert desk.one(ask.buy(1, number, price, 5)).kind == EventKind.ACCEPTED
    assert desk.one(ask.sell(2, 1, 99, 5)).kind == EventKind.ACCEPTED
    assert desk.market_data == []
    assert [(row.client_order_id, row.place, row.level_qty_ahead) for row in desk.orders()][2:] == [
        (1, Place.CALL, 0),
        (2, Place.CALL, 0),
        (1, Place.CALL, 0),
    ]


def test_replace_in_a_call(desk: Desk) -> None:
    """In place with fewer lots at the same price; else last of the list. From the book it comes to the call."""
    desk.do(ask.call(0), ask.buy(1, 1, 100, 5), ask.order(1, 2, 0, 0, 5, order_type=MARKET), ask.buy(1, 3, 98, 5))

    def waiting() -> list[tuple[int, int, int]]:
        return [(row.client_order_id, row.price, row.leaves) for row in desk.orders() if row.place == Place.CALL]

    before = waiting()
    effective = before[1][1]
    assert desk.one(ask.replace(1, 1, 100, 4)).flags == wire.EventFlag.PRIORITY_KEPT
    assert desk.one(ask.replace(1, 2, -7, 4)).flags == wire.EventFlag.PRIORITY_KEPT  # its price is not looked at
    assert waiting() == [(1, 100, 4), (2, effective, 4), (3, 98, 5)]
    for command, last in (
        (ask.replace(1, 1, 101, 4), (1, 101, 4)),
        (ask.replace(1, 2, 0, 6), (2, effective, 6)),
        (ask.replace(1, 3, 98, 5, flags=OrderFlag.REQUEUE), (3, 98, 5)),
        (ask.replace(0, 2, 102, 5), (2, 102, 5)),
    ):
        event = desk.one(command)
        assert (event.kind, event.flags, event.price, event.leaves) == (EventKind.REPLACED, 0, last[1], last[2])
        assert waiting()[-1] == last
    assert [BookKind(record.kind).name for record in desk.market_data] == ["DELETE", "TOP"]
    assert [row.client_order_id for row in desk.orders() if row.place == Place.BOOK] == [1]
    assert desk.one(ask.replace(0, 1, 101, 3)).flags == wire.EventFlag.PRIORITY_KEPT  # in the book, in place
    assert desk.one(ask.replace(1, 1, 101, 2, flags=OrderFlag.POST_ONLY)).check == Check.FLAGS
    desk.do(ask.instrument_state(0, HALTED))
    event = desk.one(ask.replace(1, 1, 100, 1))
    assert (event.check, event.limit, event.value) == (Check.INSTRUMENT_STATE, OPEN, HALTED)
    assert desk.one(ask.cancel(1, 1)).kind == EventKind.CANCELED


@pytest.mark.parametrize(
    ("fields", "rule", "value"),
    [
        ({"flags": OrderFlag.POST_ONLY}, Rule.POST, OrderFlag.POST_ONLY),
        ({"order_type": OrderType.PEGGED, "peg": Peg.MARKET, "offset": -3}, Rule.PEG_KIND, Peg.MARKET),
        ({"discretion": 1}, Rule.DISCRETION, 1),
        ({"flags": OrderFlag.HIDDEN, "min_qty": 2}, Rule.MIN_QTY, 2),
        ({"flags": OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE}, Rule.DARK, OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE),
    ],
)
def test_what_a_call_does_not_take_is_not_replaced_there(
    desk: Desk, fields: dict[str, int], rule: Rule, value: int
) -> None:
    desk.do(ask.special(1, 1, 0, 5, **{"price": 98} | fields), ask.call(0))
    event = desk.one(ask.replace(1, 1, 98, 1))
    assert (event.kind, event.check, event.limit, event.value) == (
        EventKind.REPLACE_REJECTED,
        Check.COMBINATION,
        rule,
        value,
    )


def test_a_call_order_is_replaced_in_the_open_without_meeting_anything(desk: Desk) -> None:
    desk.do(ask.order(1, 1, 0, 100, 5, tif=AT_CLOSE), ask.order(1, 2, 0, 100, 5, tif=AUCTION))
    event = desk.one(ask.replace(1, 1, 105, 9))
    assert (event.kind, event.price, event.leaves) == (EventKind.REPLACED, 105, 9)
    assert [row.client_order_id for row in desk.orders() if row.place == Place.CALL] == [2, 1]
