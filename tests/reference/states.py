"""States of instruments: set by operators, ended by auctions, and what time does to a call. docs/auctions.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import AuctionKind, Check, EventKind, HaltReason, InstrumentState

from tests.reference import bands, cross, extensions
from tests.reference.books import Instrument
from tests.reference.refusals import Refused, bad_value, in_range, instrument_of
from tests.reference.state import State

INDICATIVE_NS = 1_000_000_000
DETAILS = {  # what value0 may be, by state
    InstrumentState.HALTED: (0, max(HaltReason)),
    InstrumentState.CALL: (min(AuctionKind), max(AuctionKind)),
}


def set_instrument_state(state: State, command: Any) -> None:
    every = command.instrument == wire.ANY
    chosen = state.instruments_ascending() if every else [instrument_of(state, command)]
    in_range(0, command.state, 0, InstrumentState.CALL)
    is_call = command.state == InstrumentState.CALL
    in_range(1, command.value0, *DETAILS.get(command.state, (0, 0)))
    if command.value1 and (not is_call or command.value1 <= command.ts_ns):
        raise bad_value(2, command.ts_ns if is_call else 0, command.value1)
    if command.value2 and not (is_call and 0 <= command.value2 <= InstrumentState.HALTED):
        raise bad_value(3, InstrumentState.HALTED if is_call else 0, command.value2)
    for instrument in chosen:
        instrument.state = command.state
        instrument.auction_kind = command.value0 if is_call else 0
        instrument.auction_ns, instrument.auction_then = command.value1, command.value2
        instrument.next_indicative_ns = 0
        extensions.begin(instrument)
        state.output.event(
            EventKind.INSTRUMENT_STATE,
            instrument=instrument.number,
            reason=command.state,
            side=command.value0,
            price=command.value1,
            qty=command.request,
        )
        instrument.detail = command.value0
        state.output.status(instrument)
        bands.leave_open(state, instrument)
        if command.state == InstrumentState.OPEN:
            state.note_moved(instrument)
            cross.open_without(state, instrument)


def in_call(state: State) -> list[Instrument]:
    return [each for each in state.instruments_ascending() if each.state == InstrumentState.CALL]


def run_auction(state: State, command: Any) -> None:
    if command.instrument == wire.ANY:
        chosen = in_call(state)
    else:
        chosen = [instrument_of(state, command)]
        if chosen[0].state != InstrumentState.CALL:
            raise Refused(Check.INSTRUMENT_STATE, InstrumentState.CALL, chosen[0].state)
    for instrument in chosen:
        cross.hold(state, instrument, command.request)


def tick(state: State, ts_ns: int) -> None:
    """Auctions whose time has come; indications of those that go on."""
    for instrument in in_call(state):
        if 0 < instrument.ends_ns <= ts_ns and not extensions.extend(state, instrument, ts_ns):
            cross.hold(state, instrument)
    for instrument in in_call(state):
        if ts_ns >= instrument.next_indicative_ns:
            state.output.indicative(instrument, cross.indicative(instrument))
            instrument.next_indicative_ns = ts_ns + INDICATIVE_NS
