"""Splits at the bounds of prices and lots. docs/actions.md, "Splits"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import Borrow, InstrumentState

from tests.reference import commands as ask
from tests.reference.actions import borrow, splits
from tests.reference.books import Instrument
from tests.reference.commands import Command
from tests.reference.seldom.choosing import KEEP, Due, steps, trading

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

THIRD = 3  # MAX_PRICE is a multiple of it


def priced(instrument: Instrument, price: int) -> Command:
    """SET_INSTRUMENT of another reference price: all else stays."""
    return ask.instrument(instrument.number, KEEP, KEEP, price, *[KEEP] * 5, name=b"")


def closed(number: int, *commands: Command) -> Due:
    """While it is closed."""
    before, after = (ask.instrument_state(number, each) for each in (InstrumentState.CLOSED, InstrumentState.OPEN))
    return steps(before, *commands, after)


def to_the_largest_price(swarm: Swarm) -> Due:
    """Three lots of each, and one of three again."""
    instruments = trading(swarm)
    if not instruments:
        return []
    instrument = swarm.random.choice(instruments)
    number, price = instrument.number, instrument.reference_price
    apart, together = ask.split(number, THIRD, 1), ask.split(number, 1, THIRD)
    return closed(number, priced(instrument, wire.MAX_PRICE), apart, together, priced(instrument, price))


def beyond_all_lots(swarm: Swarm) -> Due:
    """More would be there to be lent than a number of lots may be."""
    instruments = trading(swarm)
    if not instruments:
        return []
    instrument = swarm.random.choice(instruments)
    number, lending = instrument.number, (instrument.borrow, instrument.borrow_fee, instrument.inventory)
    apart, together = ask.split(number, splits.MOST, 1), ask.split(number, 1, splits.MOST)
    all_lots = ask.borrow(number, Borrow.EASY, 0, borrow.MOST_LOTS)
    return closed(number, all_lots, apart, apart, together, ask.borrow(number, *lending))
