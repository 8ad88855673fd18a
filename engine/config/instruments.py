"""[[instrument]]: what is traded."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from openbell import wire

from engine.config.desks import MOST_VOLUME, Lists
from engine.config.lending import Borrow
from engine.config.risk import Margin, no_margin
from engine.config.table import CURRENCY_BYTES, SYMBOL_BYTES, Id, Name, Qty, Section
from engine.units import Cash, Price
from engine.volatility.checks import MAX_TICK_SIZE, TICK_STEPS, no_ticks


class TickStep(Section, frozen=True, kw_only=True):
    """A step of an instrument's `ticks`: from this price on prices are multiples of tick."""

    from_price: Price = msgspec.field(default=Price(0), name="from")
    tick: Price


class Instrument(Section, frozen=True):
    """An [[instrument]]. id: given by the engine where it is left out. Quantities in lots, round_lot in shares;
    0: no limit, no round lot.

    session: of [sessions]; without one it is not opened and closed by a schedule. luld: which bands of Limit Up-Limit
    Down it has. ticks: coarser ticks than tick_size, by price. margin: what positions must have behind them.
    average_volume: shares a day, 0: not known; lists: of securities, by number (docs/desks.md). borrow: whether it may
    be sold short.
    """

    symbol: Name
    id: Id | None = None
    tick_size: Price = Price(100)
    lot_size: Annotated[int, Meta(ge=1, le=MAX_TICK_SIZE)] = 1
    reference_price: Price = Price(0)
    collar_bps: Annotated[int, Meta(ge=0, le=10_000)] = 0
    max_order_qty: Qty = 0
    max_order_notional: Cash = Cash(0)
    currency: Annotated[str, Meta(min_length=1, max_length=CURRENCY_BYTES)] = "USD"
    round_lot: Qty = 100
    state: Literal["open", "closed", "halted"] = "open"
    session: str | None = None
    luld: Literal["tier1", "tier2"] | None = None
    ticks: Annotated[list[TickStep], Meta(max_length=TICK_STEPS)] = msgspec.field(default_factory=list)
    margin: Margin = Margin()
    borrow: Borrow = Borrow()
    average_volume: Annotated[int, Meta(ge=0, le=MOST_VOLUME)] = 0
    lists: Lists = msgspec.field(default_factory=list)


def no_instrument(where: str, one: Instrument) -> str | None:
    """What is wrong with one beyond single fields."""
    if not 1 <= one.tick_size <= MAX_TICK_SIZE:
        limit = Decimal(MAX_TICK_SIZE).scaleb(-4)
        return f"{where}.tick_size: expected 0.0001 to {limit}, got {Decimal(one.tick_size).scaleb(-4)}"
    if one.max_order_notional > wire.MAX_NOTIONAL:
        return f"{where}.max_order_notional: expected at most {wire.MAX_NOTIONAL // wire.CASH_SCALE}"
    found = no_ticks(where, one) or no_margin(where, one.margin)
    if found:
        return found
    if len(one.symbol.encode()) > SYMBOL_BYTES or len(one.currency.encode()) > CURRENCY_BYTES:
        return f"{where}: symbol and currency may have {SYMBOL_BYTES} and {CURRENCY_BYTES} bytes"
    return None
