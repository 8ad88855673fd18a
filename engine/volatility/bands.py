"""Price bands of the Limit Up-Limit Down Plan: how far from a reference price an instrument may trade.

The Plan to Address Extraordinary Market Volatility, filed under Rule 608 of Regulation NMS (17 CFR 242.608); sections
are named as there. All prices are integers of 1e-4, as everywhere in the market.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from openbell import wire

CENT: Final = 100
THREE: Final = 3_0000
THREE_QUARTERS: Final = 7500
SMALL_AMOUNT: Final = 1500  # 0.15
HUNDREDTHS: Final = 100


class Tier(IntEnum):
    """Appendix A: tier 1 are the stocks of the S&P 500 and the Russell 1000 and some exchange-traded products."""

    ONE = 1
    TWO = 2


class Bands(NamedTuple):
    """No trade below lower or above upper. All 0: none are in force."""

    lower: int
    upper: int
    reference: int


NONE: Final = Bands(0, 0, 0)


def percent(tier: Tier, previous_close: int) -> int:
    """The percentage parameter of a day, by the close of the day before (Appendix A, I(A) and II(A)).

    Below 0.75 it is 75, or 0.15 of the currency where that is less: see `width`.
    """
    if previous_close < THREE_QUARTERS:
        return 75
    if previous_close <= THREE:
        return 20
    return 5 if tier == Tier.ONE else 10


def doubles(tier: Tier, reference: int) -> bool:
    """Whether bands are twice as wide in the last 25 minutes of regular hours: of tier 1, and of tier 2 up to 3.00.

    As the Plan reads since Amendment 18; before it they were doubled after the open, and of all stocks, too.
    """
    return tier == Tier.ONE or reference <= THREE


def width(reference: int, tier: Tier, previous_close: int, *, doubled: bool) -> int:
    """How far bands are from the reference price, before they are rounded; rounded to the nearest unit."""
    times = 2 if doubled else 1
    share = _nearest(reference * percent(tier, previous_close), HUNDREDTHS)
    return times * (min(share, SMALL_AMOUNT) if previous_close < THREE_QUARTERS else share)


def bands(reference: int, tier: Tier, previous_close: int, tick_size: int, *, doubled: bool = False) -> Bands:
    """The bands around a reference price, each rounded to the nearest cent (section V(A)(1)), or tick if that is more.

    lower is at least one such step, as a price of 0 is none; upper is a price.
    """
    step = max(CENT, tick_size)
    away = width(reference, tier, previous_close, doubled=doubled)
    lower = max(step, step * _nearest(reference - away, step))
    upper = min(step * _nearest(reference + away, step), wire.MAX_PRICE // step * step)
    return Bands(lower, max(lower, upper), reference)


def bounds(found: Bands, ticks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The lowest and the highest valid price within bands. ticks: (price from which on, tick), ascending from 0, each
    price a multiple of both neighbours' ticks."""
    tick = next(tick for begin, tick in reversed(ticks) if begin <= found.lower)
    lower = -(-found.lower // tick) * tick
    tick = next(tick for begin, tick in reversed(ticks) if begin <= found.upper)
    return lower, found.upper // tick * tick


def _nearest(value: int, step: int) -> int:
    """value / step to the nearest integer, halves up."""
    return (2 * value + step) // (2 * step)
