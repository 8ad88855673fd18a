"""Verbs that change the states of instruments, and hold auctions. The rules are in docs/auctions.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta
from openbell import wire
from openbell.wire import AuctionKind, CommandKind, EventKind, ExtensionFlag, HaltReason, InstrumentState

from engine.extensions import SECOND_NS, SEED_BITS, outlasts
from engine.market import names_of
from engine.ports.frames import FrameError
from engine.ports.rows import rows_of
from engine.ports.verbs.verb import I64, Act, AnyInstrument, Desk, Verb
from engine.world import here

CLOSED, OPEN, HALTED, CALL = InstrumentState
_EVENT = {name: place for place, name in enumerate(wire.EVENT.names or ())}


HaltReasonNumber = Annotated[int, Meta(ge=int(min(HaltReason)), le=int(max(HaltReason)))]
AuctionKindNumber = Annotated[int, Meta(ge=int(min(AuctionKind)), le=int(max(AuctionKind)))]
StateAfter = Annotated[int, Meta(ge=int(CLOSED), le=int(HALTED))]


class HaltArguments(AnyInstrument):
    halt_reason: HaltReasonNumber = int(HaltReason.NONE)


class CallArguments(AnyInstrument, kw_only=True):
    kind: AuctionKindNumber
    at_ts_ns: I64 = 0
    then: StateAfter | None = None


def _call_values(given: CallArguments) -> tuple[int, int, int]:
    """Of SET_INSTRUMENT_STATE. After a closing auction nobody trades, unless that is said."""
    then = given.then
    if then is None:
        then = int(CLOSED if given.kind == AuctionKind.CLOSING else OPEN)
    return given.kind, given.at_ts_ns, then


def _set_state(
    state: InstrumentState,
    all_of: tuple[InstrumentState, ...],
    values_of: Callable[[Any], tuple[int, ...]] = lambda given: (),
) -> Callable[[Desk, Act], dict[str, Any]]:
    """To `state`: the instrument named, or all that are in one of the states `all_of`. Of all, none is opened whose
    session does not trade now: who wants that names it."""

    def do(desk: Desk, act: Act) -> dict[str, Any]:
        instrument, values = act.arguments.instrument, values_of(act.arguments)
        if instrument is not None:
            ids = [instrument]
        else:
            left = desk.market.asleep() if state == OPEN else ()
            rows = rows_of(desk.market.instruments())
            ids = [row["instrument"] for row in rows if row["state"] in all_of and row["instrument"] not in left]
        desk.change_each(CommandKind.SET_INSTRUMENT_STATE, act, ids, state=state, values=values)
        return {"instruments": ids}

    return do


class ExtensionArguments(AnyInstrument, kw_only=True):
    kind: AuctionKindNumber
    market_orders: bool = False
    imbalance: I64 = 0
    imbalance_bps: I64 = 0
    price_bps: I64 = 0
    widen_bps: I64 = 0
    from_last: bool = False
    extension_ns: I64 = 0
    max_extensions: I64 = 0
    random_ns: I64 = 0


def _check_the_day(desk: Desk, given: ExtensionArguments, ids: list[int]) -> None:
    """That no closing auction is later than the end of its day. Raises FrameError: as a configuration is refused."""
    config, names = desk.market.config, names_of(desk.market.instruments(), "instrument", "symbol")
    symbols = {names.get(instrument) for instrument in ids}
    longest_ns = given.extension_ns * given.max_extensions + given.random_ns
    for one in config.instrument:
        session = config.sessions.get(one.session or "")
        if session is not None and one.symbol in symbols and outlasts(session, longest_ns):
            text = (
                f"the closing auction of {one.symbol} could come {longest_ns / SECOND_NS:g} s after the close, and the "
                f"day of sessions.{one.session} ends {session.post_s} s after it: expected less"
            )
            raise FrameError("rejected", text, field="extension_ns", limit=session.post_s * SECOND_NS, value=longest_ns)


def _extensions(desk: Desk, act: Act) -> dict[str, Any]:
    """Of the instrument named, or of all: when their auctions of a kind are put off. The core checks what goes together
    before it does anything, so that of several either all change or none."""
    given: ExtensionArguments = act.arguments
    ids = [given.instrument] if given.instrument is not None else desk.market.instruments()["instrument"].tolist()
    if given.kind == AuctionKind.CLOSING:
        _check_the_day(desk, given, ids)
    flags = ExtensionFlag.MARKET_ORDERS * given.market_orders | ExtensionFlag.FROM_LAST * given.from_last
    values = (
        given.extension_ns, given.max_extensions, given.imbalance, given.imbalance_bps, given.price_bps,
        given.widen_bps, given.random_ns, here.secrets.randbits(SEED_BITS) if given.random_ns else 0,
    )  # fmt: skip
    desk.change_each(CommandKind.SET_EXTENSION, act, ids, state=given.kind, flags=int(flags), values=values)
    return {"instruments": ids}


def _run_auction(desk: Desk, act: Act) -> dict[str, Any]:
    instrument = act.arguments.instrument
    states = desk.market.instruments()["state"] if instrument is None else desk.instrument(instrument)["state"]
    if not (states == CALL).any():
        if instrument is None:
            return {"auctions": []}
        state = InstrumentState(int(states[0]))
        text = f"INSTRUMENT_STATE: the instrument is {state.name}, not in a call"
        raise FrameError("rejected", text, field="INSTRUMENT_STATE", limit=int(CALL), value=int(state))
    events = desk.change(CommandKind.RUN_AUCTION, act, instrument=wire.ANY if instrument is None else instrument)
    held = []
    for event in events:
        if event[_EVENT["kind"]] == EventKind.AUCTION:
            number, price, qty, imbalance, side = (
                int(event[_EVENT[name]]) for name in ("instrument", "price", "qty", "leaves", "side")
            )
            held.append({"instrument": number, "price": price, "qty": qty, "imbalance": imbalance, "side": side})
    return {"auctions": held}


STATES = (
    Verb("halt", HaltArguments, _set_state(HALTED, (OPEN, CALL), lambda given: (given.halt_reason,)), when_full=True),
    Verb("resume", AnyInstrument, _set_state(OPEN, (HALTED, CLOSED))),
    Verb("close", AnyInstrument, _set_state(CLOSED, (OPEN, HALTED, CALL)), when_full=True),
    Verb("call", CallArguments, _set_state(CALL, (OPEN, HALTED, CLOSED), _call_values)),
    Verb("run-auction", AnyInstrument, _run_auction),
    Verb("extensions", ExtensionArguments, _extensions),
)
