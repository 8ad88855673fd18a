"""Price bands, short sales, ticks by price, as operators set them. docs/bands.md, "In the core"."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import BookKind, CancelReason, Check, EventKind, InstrumentState, OrderType, Place

from tests.reference import matching
from tests.reference.books import BUY, Instrument, Order
from tests.reference.refusals import Refused, bad_value, in_range, instrument_of
from tests.reference.state import State

LARGEST_TICK = 1 << 20
STEPS = 4


def set_bands(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    lower, upper = command.value0, command.value1
    if lower or upper:
        if instrument.state != InstrumentState.OPEN:
            raise Refused(Check.INSTRUMENT_STATE, InstrumentState.OPEN, instrument.state)
        in_range(0, lower, 1, wire.MAX_PRICE)
        in_range(1, upper, lower, wire.MAX_PRICE)
    in_range(2, command.value2, 0, wire.MAX_PRICE)
    instrument.lower, instrument.upper = lower, upper
    state.output.event(
        EventKind.BANDS_SET,
        instrument=instrument.number,
        qty=command.request,
        price=lower,
        order_id=upper,
        client_order_id=command.value2,
    )
    tell(state, instrument, command.value2)
    for order in instrument.book.orders() + instrument.unseen:
        if is_beyond(order):
            matching.cancel(state, order, CancelReason.PRICE_BAND)
    state.note_moved(instrument)  # pegs may have other prices now


def is_beyond(order: Order) -> bool:
    """A limit order that rests where it may not trade any more."""
    worst = order.price + order.discretion if order.side == BUY else order.price - order.discretion
    rests = order.order_type == OrderType.LIMIT and order.place in (Place.BOOK, Place.DARK)
    return rests and order.instrument.is_beyond_band(order.side, worst)


def tell(state: State, instrument: Instrument, reference: int = 0) -> None:
    state.output.of_instrument(
        BookKind.BANDS, instrument, price=instrument.lower, order_id=instrument.upper, level_qty=reference
    )


def leave_open(state: State, instrument: Instrument) -> None:
    """After a new state: out of OPEN there are no bands."""
    if instrument.state != InstrumentState.OPEN and instrument.upper:
        instrument.lower = instrument.upper = 0
        tell(state, instrument)


def set_short_sale(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    in_range(0, command.value0, 0, 1)
    instrument.is_short_restricted = bool(command.value0)
    state.output.event(
        EventKind.SHORT_SALE_SET, instrument=instrument.number, qty=command.request, reason=command.value0
    )
    state.output.status(instrument)


def set_ticks(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    instrument.steps = steps_of(instrument, [getattr(command, f"value{index}") for index in range(2 * STEPS)])
    state.output.event(
        EventKind.TICKS_SET, instrument=instrument.number, qty=command.request, price=len(instrument.steps)
    )
    state.output.status(instrument)


def steps_of(instrument: Instrument, values: list[int]) -> tuple[tuple[int, int], ...]:
    """(price from which on, tick), checked one step after the other."""
    steps: list[tuple[int, int]] = []
    pairs = list(zip(values[::2], values[1::2], strict=True))
    while pairs and pairs[-1] == (0, 0):
        pairs.pop()
    for place, (begin, tick) in enumerate(pairs):
        in_range(2 * place, begin, steps[-1][0] + 1 if steps else 0, wire.MAX_PRICE if steps else 0)
        in_range(2 * place + 1, tick, instrument.tick_size, LARGEST_TICK)
        if tick % instrument.tick_size:
            raise bad_value(2 * place + 1, instrument.tick_size, tick)
        for neighbour in (steps[-1][1] if steps else tick, tick):
            if begin % neighbour:
                raise bad_value(2 * place, neighbour, begin)
        steps.append((begin, tick))
    return tuple(steps)
