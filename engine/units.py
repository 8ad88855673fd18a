"""Decimal numbers of a configuration as the integers of the wire, each with its places and bounds."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation, Overflow
from typing import TypeVar

from openbell import wire
from openbell.fees import plain_number


class Price(int):
    """A price in 1e-4 of the currency. In a file: 184.25, or "184.25"."""

    places, least, most = 4, 0, wire.MAX_PRICE


class Cash(int):
    """Cash in 1e-6 of the currency. In a file: 1000000, or "1000000.00"."""

    places, least, most = 6, 0, wire.MAX_CASH


class Percent(int):
    """A percentage in basis points, at most 100 %. In a file: 5, or 2.5."""

    places, least, most = 2, 0, 10_000


class MarginPercent(int):
    """A part of a position's value, 1e-4, at most 1,000 %. In a file percent: 25, or 33.34."""

    places, least, most = 2, 0, 100_000


class AlertPercent(int):
    """A part of what an account must keep, 1e-4, at most 10,000 %. In a file percent: 120."""

    places, least, most = 2, 0, 1_000_000


class FeePerShare(int):
    """1e-9 of the currency for a share. In a file: 0.005, or "-0.002"."""

    places, least, most = 9, -(10**12), 10**12


class FeePercent(int):
    """A part of the notional, 1e-9. In a file percent: 0.00278."""

    places, least, most = 7, -(10**9), 10**9


class FeeShare(int):
    """As FeePercent, of 0 or more."""

    places, least, most = 7, 0, 10**9


class FeeFixed(int):
    """Cash of 1e-6, below 0 or above."""

    places, least, most = 6, -(10**12), 10**12


class FeeCash(int):
    """Cash of 1e-6."""

    places, least, most = 6, 0, 10**12


class FeeStep(int):
    """Cash of 1e-6 that a fee is a multiple of."""

    places, least, most = 6, 0, 10**9


class YearlyPercent(int):
    """1e-6 of a value a year, at most 1,000 %. In a file percent: 3, or 0.25."""

    places, least, most = 4, 0, 10_000_000


class FeeReserve(int):
    """A part of the notional, 1e-6. In a file percent."""

    places, least, most = 4, 0, 10**6


NumberT = TypeVar(
    "NumberT",
    bound=Price
    | Cash
    | Percent
    | MarginPercent
    | AlertPercent
    | FeePerShare
    | FeePercent
    | FeeShare
    | FeeFixed
    | FeeCash
    | FeeStep
    | FeeReserve
    | YearlyPercent,
)


def convert(kind: type[NumberT], value: object) -> NumberT:
    """For msgspec: a decimal number to units. Raises ValueError."""
    if isinstance(value, kind):
        return value
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"Expected a decimal number, got {value!r}")
    try:
        units = Decimal(value).scaleb(kind.places)
    except (InvalidOperation, Overflow):
        units = Decimal("NaN")
    if not units.is_finite():
        raise ValueError(f'Expected a decimal number such as "184.25", got {value!r}')
    if not kind.least <= units <= kind.most:  # first: beyond it an int may have a million digits
        least, most = (plain_number(bound, kind.places) for bound in (kind.least, kind.most))
        raise ValueError(f"Expected {least} to {most}, got {value}")
    if units != int(units):
        raise ValueError(f"Expected at most {kind.places} decimal places, got {value}")
    return kind(int(units))
