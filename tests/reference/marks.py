"""Prices that positions count at, and how they are taken: so many with each TICK. docs/risk.md, "Marks"."""

from __future__ import annotations

from openbell.wire import InstrumentState, MarkBy

from tests.reference.accounts import Position
from tests.reference.books import BUY, SELL, Instrument
from tests.reference.state import State


def price(instrument: Instrument) -> int:
    """What it is to be marked by now; 0: nothing yet."""
    last, mark_by = instrument.reference_price, instrument.margin.mark_by
    if mark_by == MarkBy.MID and instrument.state == InstrumentState.OPEN:
        bid, ask = instrument.book.best(BUY), instrument.book.best(SELL)
        return last if bid is None or ask is None else (bid + ask) // 2
    if mark_by == MarkBy.CLOSE:
        return instrument.close or last
    return last


def sweep(state: State) -> None:
    """The last act of a TICK."""
    risk, left = state.risk, state.risk.marks
    looks = max(state.instruments, default=-1) + 1
    while left > 0:
        if risk.walk is not None:
            risk.walk.mark = state.instruments[risk.walk.instrument].mark
            risk.walk = following(state, risk.walk)
        elif looks > 0:
            looks -= 1
            look(state)
        else:
            break
        left -= 1
    risk.is_sweeping = risk.marks > 0 and left == 0


def look(state: State) -> None:
    """At the next instrument: has its price moved?"""
    risk = state.risk
    risk.looked_at = risk.looked_at + 1 if risk.looked_at < max(state.instruments) else 0
    instrument = state.instruments.get(risk.looked_at)
    if instrument is None or price(instrument) in (0, instrument.mark):
        return
    instrument.mark = price(instrument)
    risk.walk = next((each for each in state.positions if each.instrument == instrument.number), None)


def following(state: State, position: Position) -> Position | None:
    """The next one of the same instrument, in the order in which they were created."""
    own = [each for each in state.positions if each.instrument == position.instrument]
    later = own[next(place for place, each in enumerate(own) if each is position) + 1 :]
    return later[0] if later else None
