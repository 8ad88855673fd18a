"""What was decided, as AdminCommands with who had it decided and why: for the journal, and for those who read it."""

from __future__ import annotations

from typing import Final, NamedTuple

from openbell.prices import format_price
from openbell.wire import AuctionKind, CommandKind, HaltReason, InstrumentState

from engine.sequencer import admin_command
from engine.sessions.plan import Boundary, Phase
from engine.volatility.breakers import HALT_NS, Halt
from engine.volatility.luld import Decision, SetBands
from engine.volatility.reference import SECOND_NS

LULD: Final = "luld"
BREAKERS: Final = "breakers"
RULE201: Final = "rule201"
OPEN, CLOSED = InstrumentState.OPEN, InstrumentState.CLOSED


class Order(NamedTuple):
    """A command about an instrument."""

    instrument: int
    command: bytes


def of_luld(instrument: int, decision: Decision, after_close: InstrumentState) -> Order:
    """Bands, or a pause. after_close: the state after a pause that lasts to the close."""
    if isinstance(decision, SetBands):
        return _order(CommandKind.SET_BANDS, LULD, decision.why, instrument, values=decision.bands)
    kind, then = (AuctionKind.CLOSING, after_close) if decision.to_close else (AuctionKind.VOLATILITY, OPEN)
    return _call(LULD, decision.why, instrument, kind, decision.until_ns, then)


def halt(instrument: int, found: Halt, part: int, whole: int) -> Order:
    """A breaker halts the market: the index has fallen by part / whole."""
    hundredths = 10_000 * part // whole
    why = f"level {found.level}: the index is {hundredths // 100}.{hundredths % 100:02} % below the close"
    values = (HaltReason.MARKET_WIDE,)
    state = InstrumentState.HALTED
    return _order(CommandKind.SET_INSTRUMENT_STATE, BREAKERS, why, instrument, state=state, values=values)


def reopen(
    instrument: int, level: int, ts_ns: int, call_s: int, phase: Boundary | None, *, trades: bool, post_trading: bool
) -> Order:
    """The halt is over. phase: what the instrument's session is in, None: it has no phases; trades: whether there is
    continuous trading in it."""
    why = f"level {level}: the halt of {HALT_NS // SECOND_NS // 60} minutes is over"
    if level == 3:
        why = "level 3: the day is over"
    if trades:
        return _call(BREAKERS, why, instrument, AuctionKind.HALT, ts_ns + call_s * SECOND_NS, OPEN)
    assert phase is not None
    if phase.phase is Phase.PRE_OPEN:
        return _call(BREAKERS, why, instrument, AuctionKind.OPENING, phase.until_ns, OPEN)
    if phase.phase is Phase.CLOSING:
        then = OPEN if post_trading else CLOSED
        return _call(BREAKERS, why, instrument, AuctionKind.CLOSING, phase.until_ns, then)
    return _order(CommandKind.SET_INSTRUMENT_STATE, BREAKERS, why, instrument, state=CLOSED)


def short_sale(instrument: int, close: int, *, restricted: bool) -> Order:
    """Short sales are restricted, or free again. close: of the day before."""
    why = f"a trade 10 % or more below the close, {format_price(close)}" if restricted else "the day after is over"
    return _order(CommandKind.SET_SHORT_SALE, RULE201, why, instrument, values=(int(restricted),))


def _call(
    operator: str, why: str, instrument: int, kind: AuctionKind, until_ns: int, then: InstrumentState
) -> Order:  # fmt: skip
    values, state = (kind, until_ns, then), InstrumentState.CALL
    return _order(CommandKind.SET_INSTRUMENT_STATE, operator, why, instrument, state=state, values=values)


def _order(
    kind: CommandKind, operator: str, why: str, instrument: int, *, state: int = 0, values: tuple[int, ...] = ()
) -> Order:
    command = admin_command(kind, operator=operator, reason=why, instrument=instrument, state=state, values=values)
    return Order(instrument, command)
