"""Auctions that are put off: the rule from tables, on the model and on the core. docs/auctions.md, "Extensions"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from openbell.wire import (
    AccountFlag,
    AuctionKind,
    BookKind,
    Check,
    EventKind,
    ExtensionFlag,
    ExtensionReason,
    InstrumentState,
    ModeFlag,
    OrderType,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import START_NS, AnyMarket, Desk
from tests.reference.extensions import mixed

CLOSED, OPEN, HALTED, CALL = InstrumentState
OPENING, CLOSING, HALT, VOLATILITY = AuctionKind
MARKET_ORDERS, FROM_LAST = ExtensionFlag
SECOND = 1_000_000_000
DAY = 86_400 * SECOND
AT_NS = START_NS + 60 * SECOND
EXTENSION = 30 * SECOND
MARKET: dict[str, Any] = {"order_type": OrderType.MARKET}
TO_LIMIT: dict[str, Any] = {"order_type": OrderType.MARKET_TO_LIMIT}
CLOSES: dict[str, Any] = {"tif": TimeInForce.AT_CLOSE}
OFFSET: dict[str, Any] = CLOSES | {"modes": ModeFlag.IMBALANCE_ONLY}


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    fields = {"flags": AccountFlag.SHORT_ALLOWED, "reference_price": 100, "collar_bps": 2000}
    return Desk(market).open(accounts=4, **fields)


def extension(
    kind: int = CLOSING,
    most: int = 2,
    lots: int = 0,
    lots_bps: int = 0,
    price_bps: int = 0,
    widen_bps: int = 0,
    random_ns: int = 0,
    seed: int = 0,
    flags: int = 0,
    extension_ns: int = EXTENSION,
    **fields: Any,
) -> Command:
    values = (extension_ns, most, lots, lots_bps, price_bps, widen_bps, random_ns, seed)
    return ask.extension(0, kind, *values, flags=flags, **fields)


def call(kind: int = CLOSING, at_ns: int = AT_NS, then: int = CLOSED) -> Command:
    return ask.call(0, kind, at_ns, then)


def at(desk: Desk, ts_ns: int) -> list[Any]:
    """What a TICK of that time gives."""
    return desk.do(ask.tick(), after_ns=ts_ns - desk.ts_ns)


def extensions_of(events: list[Any]) -> list[Any]:
    return [event for event in events if event.kind == EventKind.AUCTION_EXTENDED]


def was_held(events: list[Any]) -> bool:
    return any(event.kind == EventKind.AUCTION for event in events)


@dataclass(frozen=True)
class Row:
    """Orders of a closing call, what is asked of its extension, and what comes of it."""

    about: str
    orders: tuple[Command, ...]
    asked: dict[str, Any]
    reason: ExtensionReason | None = None
    price: int = 0
    left: int = 0


FLAG = {"flags": MARKET_ORDERS}
TABLE = (
    Row("no orders at all", (), FLAG | {"lots": 1, "lots_bps": 1, "price_bps": 1}),
    Row("all market orders trade", (ask.buy(0, 1, 0, 5, **MARKET), ask.sell(1, 2, 100, 5)), FLAG),
    Row(
        "some of a market order is left",
        (ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5)),
        FLAG,
        ExtensionReason.MARKET_ORDERS,
        100,
        3,
    ),
    Row(
        "a market order to a limit counts",
        (ask.sell(0, 1, 0, 8, **TO_LIMIT), ask.buy(1, 2, 100, 5)),
        FLAG,
        ExtensionReason.MARKET_ORDERS,
        100,
        3,
    ),
    Row(
        "market orders are first: limits are left",
        (ask.buy(0, 1, 0, 5, **MARKET), ask.buy(0, 2, 100, 9), ask.sell(1, 3, 100, 6)),
        FLAG,
    ),
    Row(
        "without a price all market orders are left",
        (ask.buy(0, 1, 0, 8, **MARKET), ask.buy(1, 2, 100, 5)),
        FLAG,
        ExtensionReason.MARKET_ORDERS,
        0,
        8,
    ),
    Row(
        "market orders of both sides, neither can pay what the other asks",
        (ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 0, 3, **MARKET)),
        FLAG,
        ExtensionReason.MARKET_ORDERS,
        100,
        5,
    ),
    Row(
        "market orders for another auction do not count",
        (ask.buy(0, 1, 0, 8, **MARKET, tif=TimeInForce.AT_CLOSE), ask.sell(1, 2, 100, 5)),
        FLAG | {"kind": HALT},
    ),
    Row(
        "what offsets an imbalance serves market orders, too",
        (ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5), ask.special(2, 3, 1, 3, price=100, **OFFSET)),
        FLAG,
    ),
    Row(
        "but not at a worse price than it asks",
        (ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5), ask.special(2, 3, 1, 3, price=101, **OFFSET)),
        FLAG,
        ExtensionReason.MARKET_ORDERS,
        100,
        3,
    ),
    Row("the flag is not set", (ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5)), {"lots": 3}),
    Row("as many lots as are allowed are left", (ask.buy(0, 1, 100, 8), ask.sell(1, 2, 100, 5)), {"lots": 3}),
    Row(
        "one more is left",
        (ask.buy(0, 1, 100, 9), ask.sell(1, 2, 100, 5)),
        {"lots": 3},
        ExtensionReason.IMBALANCE,
        100,
        4,
    ),
    Row(
        "an imbalance that others offset in part",
        (ask.buy(0, 1, 100, 9), ask.sell(1, 2, 100, 5), ask.special(2, 3, 1, 1, price=100, **OFFSET)),
        {"lots": 3},
    ),
    Row(
        "a fifth of the lots that trade may be left",
        (ask.buy(0, 1, 100, 12), ask.sell(1, 2, 100, 10)),
        {"lots_bps": 2000},
    ),
    Row(
        "a fifth, rounded down: nothing",
        (ask.buy(0, 1, 100, 5), ask.sell(1, 2, 100, 4)),
        {"lots_bps": 2000},
        ExtensionReason.IMBALANCE,
        100,
        1,
    ),
    Row("an imbalance without a price is none", (ask.buy(0, 1, 100, 50),), {"lots": 3, "lots_bps": 1}),
    Row("as far as is allowed", (ask.buy(0, 1, 105, 5), ask.sell(1, 2, 105, 5)), {"price_bps": 500}),
    Row(
        "one tick further up",
        (ask.buy(0, 1, 106, 5), ask.sell(1, 2, 106, 5)),
        {"price_bps": 500},
        ExtensionReason.PRICE,
        106,
    ),
    Row(
        "one tick further down",
        (ask.buy(0, 1, 94, 5), ask.sell(1, 2, 94, 5)),
        {"price_bps": 599},
        ExtensionReason.PRICE,
        94,
    ),
    Row(
        "of several reasons the first",
        (ask.buy(0, 1, 0, 9, **MARKET), ask.sell(1, 2, 110, 5)),
        FLAG | {"lots": 1, "price_bps": 1},
        ExtensionReason.MARKET_ORDERS,
        110,
        4,
    ),
    Row(
        "an imbalance before the price",
        (ask.buy(0, 1, 110, 9), ask.sell(1, 2, 110, 5)),
        FLAG | {"lots": 1, "price_bps": 1},
        ExtensionReason.IMBALANCE,
        110,
        4,
    ),
    Row("what is asked for another kind", (ask.buy(0, 1, 0, 8, **MARKET),), FLAG | {"kind": OPENING}),
)


@pytest.mark.parametrize("row", TABLE, ids=[row.about for row in TABLE])
def test_when_an_auction_is_put_off(desk: Desk, row: Row) -> None:
    kind = HALT if row.asked.get("kind") == HALT else CLOSING
    desk.do(extension(**row.asked), call(kind), *row.orders)
    events = at(desk, AT_NS)
    if row.reason is None:
        assert was_held(events) and not extensions_of(events)
        return
    (event,) = events
    assert (event.kind, event.side, event.reason) == (EventKind.AUCTION_EXTENDED, CLOSING, row.reason)
    assert (event.qty, event.price, event.leaves, event.instrument) == (1, row.price, row.left, 0)
    assert (event.trade_id, event.account_seq) == (AT_NS + EXTENSION, 0)
    status = next(record for record in desk.market_data if record.kind == BookKind.STATUS)
    assert (status.state, status.flags, status.level_qty) == (CALL, CLOSING, AT_NS + EXTENSION)
    assert (status.level_orders, status.trade_no) == (1, row.reason)
    assert desk.instrument().state == CALL


def test_the_command(desk: Desk) -> None:
    event = desk.one(extension(HALT, lots=5, request=77))
    assert (event.kind, event.instrument, event.qty) == (EventKind.EXTENSION_SET, 0, 77)
    assert (event.reason, event.price) == (HALT, EXTENSION)
    assert not desk.market_data


LARGEST = (1 << 63) - 1
REFUSED = (
    ({"kind": 0, "lots": 1}, 9, 1, 0),
    ({"kind": 5, "lots": 1}, 9, 4, 5),
    ({"flags": 4}, 8, 3, 4),
    ({"flags": 2, "extension_ns": 0, "most": 0}, 8, 0, 2),
    ({}, 0, 0, EXTENSION),
    ({"lots": 1, "extension_ns": -1}, 0, 0, -1),
    ({"lots": 1, "extension_ns": DAY + 1}, 0, DAY, DAY + 1),
    ({"lots": 1, "most": 0}, 1, 1, 0),
    ({"lots": 1, "most": 101}, 1, 100, 101),
    ({"extension_ns": 0}, 1, 0, 2),
    ({"lots": -1}, 2, 0, -1),
    ({"lots": (1 << 40) + 1}, 2, 1 << 40, (1 << 40) + 1),
    ({"lots": 1, "extension_ns": 0, "most": 0}, 2, 0, 1),
    ({"lots_bps": -1}, 3, 0, -1),
    ({"lots_bps": 10_001}, 3, 10_000, 10_001),
    ({"price_bps": 10_001}, 4, 10_000, 10_001),
    ({"price_bps": 1, "widen_bps": 10_001}, 5, 10_000, 10_001),
    ({"lots": 1, "widen_bps": 1}, 5, 0, 1),
    ({"lots": 1, "random_ns": -1}, 6, 0, -1),
    ({"lots": 1, "random_ns": DAY + 1}, 6, DAY, DAY + 1),
    ({"lots": 1, "seed": 1}, 7, 0, 1),
    ({"lots": 1, "random_ns": 1, "seed": -1}, 7, 0, -1),
)


@pytest.mark.parametrize(("asked", "index", "limit", "value"), REFUSED)
def test_what_the_command_refuses(desk: Desk, asked: dict[str, int], index: int, limit: int, value: int) -> None:
    desk.do(extension(flags=MARKET_ORDERS, most=1), call(), ask.buy(0, 1, 0, 8, **MARKET))
    reject = desk.one(extension(**asked))
    assert (reject.kind, reject.check) == (EventKind.ADMIN_REJECTED, Check.VALUE)
    assert (reject.client_order_id, reject.limit, reject.value) == (index, limit, value)
    assert extensions_of(at(desk, AT_NS)), "what was said before holds"


def test_an_instrument_that_is_none(desk: Desk) -> None:
    reject = desk.one(ask.extension(3, CLOSING, EXTENSION, 1, 5))
    assert (reject.check, reject.value) == (Check.INSTRUMENT, 3)


def test_as_often_as_is_allowed_and_then_it_is_held(desk: Desk) -> None:
    desk.do(extension(**FLAG, most=2), call(), ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5))
    for number in (1, 2):
        (event,) = at(desk, AT_NS + (number - 1) * EXTENSION)
        assert (event.qty, event.trade_id) == (number, AT_NS + number * EXTENSION)
        assert at(desk, AT_NS + number * EXTENSION - 1) == []
    events = at(desk, AT_NS + 2 * EXTENSION)
    assert was_held(events) and desk.instrument().state == CLOSED
    status = next(record for record in desk.market_data if record.kind == BookKind.STATUS)
    assert (status.level_qty, status.level_orders, status.trade_no) == (0, 0, 0)


def test_it_is_held_as_soon_as_nothing_is_left(desk: Desk) -> None:
    desk.do(extension(**FLAG, most=9), call(), ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5))
    assert extensions_of(at(desk, AT_NS))
    desk.do(ask.sell(2, 3, 100, 3))
    assert at(desk, AT_NS + EXTENSION - 1) == []
    assert was_held(at(desk, AT_NS + EXTENSION))


def test_collars_widen_with_each_extension(desk: Desk) -> None:
    # 5 %, 10 %, 15 % around 100, as the auction collars of NYSE Arca Rule 7.35-E(e)(7) do.
    desk.do(extension(price_bps=500, widen_bps=500, most=9), call(), ask.buy(0, 1, 112, 5), ask.sell(1, 2, 112, 5))
    assert [bool(extensions_of(at(desk, AT_NS + number * EXTENSION))) for number in range(3)] == [True, True, False]


@pytest.mark.parametrize("flags", [0, FROM_LAST])
def test_a_price_that_stays_is_accepted_where_the_last_one_is_the_reference(desk: Desk, flags: int) -> None:
    desk.do(extension(price_bps=500, most=3, flags=flags), call(), ask.buy(0, 1, 110, 5), ask.sell(1, 2, 110, 5))
    assert extensions_of(at(desk, AT_NS))
    assert was_held(at(desk, AT_NS + EXTENSION)) == bool(flags)


def test_an_extension_without_a_price_leaves_the_reference_as_it_was(desk: Desk) -> None:
    asked = {"price_bps": 500, "flags": MARKET_ORDERS | FROM_LAST, "most": 9}
    desk.do(extension(**asked), call(), ask.buy(0, 1, 110, 5), ask.sell(1, 2, 110, 5))
    assert extensions_of(at(desk, AT_NS))[0].price == 110
    desk.do(ask.cancel(1, 2), ask.buy(2, 3, 0, 1, **MARKET))
    assert extensions_of(at(desk, AT_NS + EXTENSION))[0].price == 0
    desk.do(ask.sell(1, 4, 112, 5), ask.buy(0, 5, 112, 9))
    assert was_held(at(desk, AT_NS + 2 * EXTENSION)), "112 is within 5 % of 110"


def test_without_a_reference_no_price_is_too_far(desk: Desk) -> None:
    desk.do(ask.instrument(0, reference_price=0), extension(price_bps=1), call())
    desk.do(ask.buy(0, 1, 110, 5), ask.sell(1, 2, 110, 5))
    assert was_held(at(desk, AT_NS))


def test_a_tick_that_comes_late_leaves_a_whole_extension(desk: Desk) -> None:
    desk.do(extension(**FLAG), call(), ask.buy(0, 1, 0, 8, **MARKET))
    assert at(desk, AT_NS + EXTENSION - 1)[0].trade_id == AT_NS + EXTENSION
    late_ns = AT_NS + 3 * EXTENSION
    assert at(desk, late_ns)[0].trade_id == late_ns + EXTENSION


def test_operators_are_not_held_up(desk: Desk) -> None:
    desk.do(extension(**FLAG, most=1), call(), ask.buy(0, 1, 0, 8, **MARKET))
    assert was_held(desk.do(ask.run_auction(0)))
    desk.do(call(), ask.buy(0, 2, 0, 8, **MARKET))
    assert extensions_of(at(desk, AT_NS))
    desk.do(call(at_ns=AT_NS + 3 * EXTENSION))  # called again: counted anew
    assert extensions_of(at(desk, AT_NS + 3 * EXTENSION))[0].qty == 1
    assert was_held(at(desk, AT_NS + 4 * EXTENSION))


def test_a_call_without_a_time_is_not_looked_at(desk: Desk) -> None:
    desk.do(extension(**FLAG), call(at_ns=0), ask.buy(0, 1, 0, 8, **MARKET))
    assert at(desk, AT_NS + DAY) == []


def test_what_is_set_in_a_call_counts_from_its_next_look_on(desk: Desk) -> None:
    desk.do(extension(**FLAG, most=9), call(), ask.buy(0, 1, 0, 8, **MARKET))
    assert extensions_of(at(desk, AT_NS))
    desk.do(extension(extension_ns=0, most=0))
    assert was_held(at(desk, AT_NS + EXTENSION))


def test_indications_go_on(desk: Desk) -> None:
    desk.do(extension(**FLAG), call(), ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5))
    at(desk, AT_NS - SECOND)
    at(desk, AT_NS)
    kinds = [record.kind for record in desk.market_data if record.kind != BookKind.TIME]
    assert kinds == [BookKind.STATUS, BookKind.INDICATIVE]
    assert desk.orders()[0].leaves == 8


def drawn(seed: int, auction_ns: int, instrument: int, random_ns: int) -> int:
    """As docs/auctions.md has it, "Random end"."""
    word = seed + auction_ns * 0x9E3779B97F4A7C15 + instrument * 0xBF58476D1CE4E5B9
    return mixed(word % (1 << 64)) % (random_ns + 1)


def test_the_mix_is_that_of_splitmix64() -> None:
    # The first two numbers of its generator from seed 1234567, as published with it.
    state = [(1234567 + number * 0x9E3779B97F4A7C15) % (1 << 64) for number in (1, 2)]
    assert [mixed(one) for one in state] == [6457827717110365317, 3203168211198807973]


def test_a_random_end_is_drawn_from_the_seed_and_told_to_nobody(desk: Desk) -> None:
    seed, random_ns = 0x1234_5678_9ABC_DEF0, 30 * SECOND
    desk.do(extension(random_ns=random_ns, seed=seed, **FLAG, most=1))
    (event,) = desk.do(call())
    first = AT_NS + drawn(seed, AT_NS, 0, random_ns)
    assert AT_NS < first < AT_NS + random_ns
    assert event.price == AT_NS and all(record.level_qty in (0, AT_NS) for record in desk.market_data)
    desk.do(ask.buy(0, 1, 0, 8, **MARKET), ask.sell(1, 2, 100, 5))
    assert at(desk, first - 1) == []
    (event,) = at(desk, first)
    assert event.trade_id == AT_NS + EXTENSION
    second = AT_NS + EXTENSION + drawn(seed, AT_NS + EXTENSION, 0, random_ns)
    assert not was_held(at(desk, second - 1))
    assert was_held(at(desk, second))


def test_a_random_end_needs_no_extension(desk: Desk) -> None:
    desk.do(extension(extension_ns=0, most=0, random_ns=SECOND, seed=5), call())
    end_ns = AT_NS + drawn(5, AT_NS, 0, SECOND)
    assert not was_held(at(desk, end_ns - 1))
    assert was_held(at(desk, end_ns))
