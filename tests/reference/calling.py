"""What a swarm does about auctions: operators who call and hold them, orders that wait, time just at the time."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell import wire
from openbell.wire import (
    AuctionKind,
    CommandKind,
    HaltReason,
    InstrumentState,
    ModeFlag,
    OrderType,
    Place,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.books import FOR_AUCTIONS, Instrument
from tests.reference.commands import Command
from tests.reference.market import Market

USUAL = {"call": 0.8, "halt": 0.4, "run_auction": 0.8, "extension": 0.5}
AFTER = (
    InstrumentState.OPEN,
    InstrumentState.OPEN,
    InstrumentState.OPEN,
    InstrumentState.CLOSED,
    InstrumentState.HALTED,
)
DAY_NS = 86_400_000_000_000


def in_call(model: Market) -> list[Instrument]:
    return [each for each in model.state.instruments.values() if each.state == InstrumentState.CALL]


def to_limit(model: Market) -> bool:
    """Whether a MARKET_TO_LIMIT order waits that its auction makes a limit order of, where it leaves some."""
    waiting = [order for each in in_call(model) for order in each.unseen if order.place == Place.CALL]
    return any(one.order_type == OrderType.MARKET_TO_LIMIT and one.tif not in FOR_AUCTIONS for one in waiting)


def lots(instrument: Instrument, side: int) -> int:
    """That a side has for an auction now, more or less; 0 where there is none."""
    if instrument.state != InstrumentState.CALL:
        return 0
    return sum(one.leaves for one in instrument.book.orders() + instrument.unseen if one.side == side)


def bounds(model: Market) -> list[int]:
    """Times at which something happens to those in CALL; 0 has no meaning."""
    return [ts_ns for each in in_call(model) for ts_ns in (each.auction_ns, each.ends_ns, each.next_indicative_ns)]


def call(random: Random, number: int, now_ns: int, bad: bool, **fields: Any) -> Command:
    """A call of any kind, often with a time; an operator's mistake when `bad`."""
    values = [
        random.choice(list(AuctionKind)),
        random.choice((0, now_ns + random.choice((1, 1000, 10**8, 10**9, 3 * 10**9, DAY_NS)))),
        random.choice(AFTER),
    ]
    state: int = InstrumentState.CALL
    if bad:
        place, value = random.choice(((0, 0), (0, 5), (0, -1), (1, now_ns), (1, 1), (1, -1), (2, 3), (2, 4), (2, -1)))
        values[place] = value
        state = random.choice((state, state, 0, 1, 2, 4))
    return ask.instrument_state(number, state, *values, **fields)


def extension(random: Random, number: int, known: Instrument | None, bad: bool, **fields: Any) -> Command:
    """When auctions of a kind are put off, mostly of the one that is called now: most of what an operator may ask for
    bites; or never any more."""
    flags = random.choice((0, 0, 1, 2, 3))
    price_bps = random.choice((0, 1, 20, 100))
    values = [
        random.choice((1, 10**8, 10**9, 3 * 10**9)),
        random.choice((1, 1, 2, 3, 100)),
        random.choice((0, 0, 1, 10, 1 << 40)),
        random.choice((0, 0, 1, 2000, 10_000)),
        price_bps,
        random.choice((0, 5, 100)) if price_bps else 0,
    ]
    if random.random() < 0.15:
        flags, values = 0, [0] * 6
    elif not (flags & 1 or any(values[2:5])):
        flags, values[2] = random.choice(((1, 0), (flags, 1)))
    random_ns = random.choice((0, 0, 1, 10**9, 10**10))
    values += [random_ns, random.randrange(1 << 63) if random_ns else 0]
    kind: int = random.choice(list(AuctionKind))
    if known is not None and known.auction_kind and random.random() < 0.7:
        kind = known.auction_kind
    if bad:
        place = random.randrange(10)
        if place < 8:
            values[place] = random.choice((-1, 1, 1 << 41, 1 << 62))
        else:
            flags, kind = random.choice(((4, kind), (255, kind), (flags, 0), (flags, 5), (flags, 255)))
        if random.random() < 0.2:
            values[0] = 0
    return ask.command(CommandKind.SET_EXTENSION, *values, instrument=number, state=kind, flags=int(flags), **fields)


def halt(random: Random, number: int, bad: bool, **fields: Any) -> Command:
    """Trading stops, for a reason or for the day."""
    if random.random() < 0.3:
        return ask.instrument_state(number, InstrumentState.CLOSED, int(bad), **fields)
    reason = random.choice((6, -1, 1 << 40)) if bad else random.choice(list(HaltReason))
    return ask.instrument_state(number, InstrumentState.HALTED, reason, **fields)


def waiting(random: Random, instrument: Instrument | None) -> dict[str, int]:
    """Type, time in force and mode of an order that waits for an auction."""
    at_open = instrument is not None and instrument.auction_kind == AuctionKind.OPENING
    order_type = random.choice((OrderType.LIMIT, OrderType.MARKET))
    fields = {"order_type": order_type, "tif": random.choice(FOR_AUCTIONS), "modes": 0}
    if at_open and random.random() < 0.7:
        fields["tif"] = TimeInForce.AT_OPEN
    if random.random() < 0.25:
        fields |= {"order_type": OrderType.LIMIT, "modes": ModeFlag.IMBALANCE_ONLY}
        fields["tif"] = TimeInForce.AT_OPEN if at_open else TimeInForce.AT_CLOSE
    elif random.random() < 0.15:
        tif = random.choice((TimeInForce.AUCTION, TimeInForce.AUCTION, TimeInForce.DAY, TimeInForce.GTC))
        fields |= {"order_type": OrderType.MARKET_TO_LIMIT, "tif": tif}
    if random.random() < 0.05:
        name, value = random.choice((("order_type", 2), ("order_type", 5), ("modes", 3), ("modes", 2), ("tif", 8)))
        fields[name] = value
    return fields


def every_or(random: Random, number: int) -> int:
    """The instrument, now and then all of them."""
    return wire.ANY if random.random() < 0.1 else number
