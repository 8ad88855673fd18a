"""What a command sets going once it is done itself: dark orders that can trade now, and stops that were met.
docs/orders.md, "Recheck" and "Stops".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from openbell.wire import InstrumentState, Place

from tests.reference import dark, matching, stops
from tests.reference.books import BUY, SELL, Instrument, Order
from tests.reference.state import State


class Pair(NamedTuple):
    """Two orders that can trade, and the resting one's price."""

    resting: Order
    incoming: Order
    price: int


def settle(state: State) -> None:
    """At the end of a command."""
    recheck(state)
    while state.queue:
        stops.serve_first(state)
        recheck(state)


def recheck(state: State) -> None:
    """Have dark orders trade, where prices moved or one came."""
    while state.moved:
        instrument = state.moved[0]
        while instrument.state == InstrumentState.OPEN and (pair := next(pairs(instrument), None)):
            trade(state, pair)
        state.moved.remove(instrument)


def pairs(instrument: Instrument) -> Iterator[Pair]:
    """All pairs that can trade, in their order."""
    for buy in dark.in_turn(instrument, BUY):
        for sell in dark.in_turn(instrument, SELL):
            if buy.price >= sell.price and may_meet(buy.order, sell.order):
                yield pair_of(buy, sell)


def may_meet(order: Order, other: Order) -> bool:
    """Whether one of them is dark at least, and both have enough for the other."""
    is_dark = Place.DARK in (order.place, other.place)
    return is_dark and order.leaves >= other.least() and other.leaves >= order.least()


def pair_of(buy: dark.Met, sell: dark.Met) -> Pair:
    """The displayed one rests; of two dark ones the one with the lower rank."""
    rests = buy
    if buy.order.place == Place.DARK and (sell.order.place == Place.BOOK or sell.order.rank < buy.order.rank):
        rests = sell
    comes = sell if rests is buy else buy
    return Pair(rests.order, comes.order, rests.price)


def trade(state: State, pair: Pair) -> None:
    stopped = matching.meet(state, pair.resting, pair.incoming, pair.price)
    if stopped is not None:
        matching.cancel(state, pair.incoming, stopped)
    elif pair.incoming.leaves == 0:
        state.forget(pair.incoming)
