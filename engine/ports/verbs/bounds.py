"""Verbs that set what orders are checked against by price: bands, restricted short sales, ticks. The rules are in
docs/bands.md."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta
from openbell.wire import CommandKind

from engine.ports.frames import FrameError
from engine.ports.verbs.look import instrument_rows
from engine.ports.verbs.verb import I64, U32, Act, Arguments, Desk, Verb
from engine.volatility.checks import TICK_STEPS


class BandsArguments(Arguments):
    instrument: U32
    lower: I64 = 0
    upper: I64 = 0
    reference: I64 = 0


class ShortSalesArguments(Arguments):
    instrument: U32
    restricted: bool


class TicksArguments(Arguments):
    instrument: U32
    steps: Annotated[tuple[tuple[I64, I64], ...], Meta(max_length=TICK_STEPS)] = ()


def _bands(desk: Desk, act: Act) -> dict[str, Any]:
    """Not of an instrument whose bands follow the market: they would be others at once."""
    given: BandsArguments = act.arguments
    symbol = desk.instrument(given.instrument)["symbol"][0].decode()
    for one in desk.market.config.instrument:
        if one.symbol == symbol and one.luld is not None:
            text = f'the bands of {symbol} follow the market: luld = "{one.luld}" in the configuration'
            raise FrameError("rejected", text, field="luld", value=one.luld)
    desk.change(
        CommandKind.SET_BANDS, act, instrument=given.instrument, values=(given.lower, given.upper, given.reference)
    )
    return instrument_rows(desk, given.instrument)[0]


def _short_sales(desk: Desk, act: Act) -> dict[str, Any]:
    given: ShortSalesArguments = act.arguments
    desk.change(CommandKind.SET_SHORT_SALE, act, instrument=given.instrument, values=(int(given.restricted),))
    return instrument_rows(desk, given.instrument)[0]


def _ticks(desk: Desk, act: Act) -> dict[str, Any]:
    given: TicksArguments = act.arguments
    values = [value for step in given.steps for value in step]
    desk.change(CommandKind.SET_TICKS, act, instrument=given.instrument, values=values)
    return instrument_rows(desk, given.instrument)[0]


BOUNDS = (
    Verb("bands", BandsArguments, _bands, when_full=True),
    Verb("short-sales", ShortSalesArguments, _short_sales, when_full=True),
    Verb("ticks", TicksArguments, _ticks),
)
