"""Prices, quantities and cash: decimal text to the integers of the wire, and back.

On the wire a price counts units of 1e-4 of the currency, cash units of 1e-6. A caller gives a price as decimal text
("101.25"), a Decimal, or an int that counts wire units (1012500). Floats are refused: 0.1 is not a decimal number.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from openbell import wire
from openbell.errors import InvalidInput

PriceLike = str | int | Decimal
_LONGEST = 40  # digits; far beyond all limits of the market
_FLOAT = 'a float is not exact: write it as text, such as "101.25"'


@lru_cache(maxsize=8192)
def _units_of_text(text: str, places: int, field: str) -> int:
    """Decimal text to an integer of 10**-places. Raises InvalidInput."""
    body = text.strip()
    negative = body.startswith("-")
    whole, point, fraction = body.lstrip("+-").partition(".")
    digits = whole + fraction
    if (
        not (digits.isascii() and digits.isdigit())
        or len(body) - len(body.lstrip("+-")) > 1
        or (point and not fraction)
    ):
        raise InvalidInput(f'{field} "{text}" is not a decimal number such as "101.25"', field=field, value=text)
    if len(whole) > _LONGEST:
        raise InvalidInput(f"{field} has {len(whole)} digits, more than {_LONGEST}", field=field, limit=_LONGEST)
    if len(fraction.rstrip("0")) > places:
        raise InvalidInput(
            f'{field} "{text}" has more than {places} decimal places', field=field, limit=places, value=text
        )
    units = int(whole + fraction[:places].ljust(places, "0"))
    return -units if negative else units


def _units(value: object, places: int, field: str) -> int:
    if isinstance(value, str):
        return _units_of_text(value, places, field)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return _units_of_text(format(value, "f"), places, field)
    if hasattr(value, "__index__") and not isinstance(value, bool):  # NumPy integers
        return int(value)
    why = _FLOAT if isinstance(value, float) else f"{type(value).__name__} is no price: give text, Decimal or int"
    raise InvalidInput(f"{field} {value!r}: {why}", field=field, value=value)


def price_units(value: PriceLike, *, tick_size: int = 1, field: str = "price") -> int:
    """A price in wire units of 1e-4. Raises InvalidInput when it is no price, out of range or off the tick."""
    units = _units(value, 4, field)
    if not 1 <= units <= wire.MAX_PRICE:
        raise InvalidInput(
            f"{field} {value!r} is out of range: 0.0001 to {format_price(wire.MAX_PRICE)}",
            field=field,
            limit=wire.MAX_PRICE,
            value=units,
        )
    if units % tick_size:
        hint = f" (an int counts units of 0.0001: {units} is {format_price(units)})" if type(value) is int else ""
        low = units - units % tick_size
        near = f"{format_price(low)} or {format_price(low + tick_size)}" if low else format_price(tick_size)
        raise InvalidInput(
            f"{field} {format_price(units)} is off the tick of {format_price(tick_size)}: use {near}{hint}",
            field=field,
            limit=tick_size,
            value=units,
        )
    return units


def signed_price_units(value: PriceLike, *, field: str) -> int:
    """A distance in wire units of 1e-4, below or above 0. Raises InvalidInput."""
    units = _units(value, 4, field)
    if abs(units) > wire.MAX_PRICE:
        raise InvalidInput(
            f"{field} {value!r} is beyond {format_price(wire.MAX_PRICE)}",
            field=field,
            limit=wire.MAX_PRICE,
            value=units,
        )
    return units


def basis_points(percent: PriceLike, *, field: str) -> int:
    """Percent as basis points; an int counts percent. Raises InvalidInput when it is not within 0.01 to 99.99."""
    units = _units(str(percent) if isinstance(percent, int) and not isinstance(percent, bool) else percent, 2, field)
    if not 1 <= units <= 9999:
        raise InvalidInput(
            f"{field} {percent!r} is out of range: 0.01 to 99.99", field=field, limit="99.99", value=percent
        )
    return units


def percent_units(percent: PriceLike, *, field: str, most: int, places: int = 2) -> int:
    """Percent, to two decimals, as units of 1e-4 of the whole (25 is 2,500); an int counts percent. places: decimals,
    where there are others: with 4 units are of 1e-6. Raises InvalidInput when it is not within 0 to `most` of these."""
    plain = isinstance(percent, int) and not isinstance(percent, bool)
    units = _units(str(percent) if plain else percent, places, field)
    if not 0 <= units <= most:
        limit = most // 10**places
        raise InvalidInput(f"{field} {percent!r} is out of range: 0 to {limit:,} percent", field=field, limit=limit,
                           value=percent)  # fmt: skip
    return units


def cash_units(value: PriceLike, *, field: str = "amount") -> int:
    """An amount of cash in wire units of 1e-6; an int counts those. Raises InvalidInput."""
    units = _units(value, 6, field)
    if abs(units) > wire.MAX_CASH:
        raise InvalidInput(
            f"{field} {value!r} is beyond {format_cash(wire.MAX_CASH)}", field=field, limit=wire.MAX_CASH, value=units
        )
    return units


def checked_int(value: object, field: str, low: int, high: int) -> int:
    """`value` when it is an int within low..high. Raises InvalidInput, naming the field and the limit."""
    if type(value) is int:
        if low <= value <= high:
            return value
    elif hasattr(value, "__index__") and not isinstance(value, bool):  # NumPy integers, IntEnum members
        return checked_int(int(value), field, low, high)
    else:
        raise InvalidInput(f"{field} {value!r} is not a whole number", field=field, value=value)
    limit = low if value < low else high
    raise InvalidInput(f"{field} {value} is out of range: {low:,} to {high:,}", field=field, limit=limit, value=value)


def _format(units: int, places: int, least: int, separator: str) -> str:
    whole, fraction = divmod(abs(units), 10**places)
    digits = f"{fraction:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{'-' if units < 0 else ''}{whole:{separator}}.{digits}"


def format_price(units: int) -> str:
    """A wire price as text with at least two places: 1012500 -> "101.25"."""
    return _format(units, 4, 2, "")


def format_cash(units: int) -> str:
    """Wire cash as text with at least two places and thousands separated: 12000000000 -> "12,000.00"."""
    return _format(units, 6, 2, ",")


def to_decimal(units: int, scale: int = wire.PRICE_SCALE) -> Decimal:
    """A wire price (or, with scale CASH_SCALE, cash) as an exact Decimal."""
    return Decimal(units) / scale
