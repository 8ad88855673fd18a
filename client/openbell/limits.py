"""Limits and lists of securities in words: their names, and their values in their units.

What they are: docs/desks.md, docs/session-limits.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from openbell.prices import checked_int, format_cash
from openbell.wire import BY_KEY, Limit

COUNTED: Final = frozenset((Limit.OPEN_ORDERS, Limit.REPEATS, Limit.MESSAGES, Limit.ORDER_QTY))
ACCOUNT_LIMITS: Final = tuple(one for one in Limit if one is not Limit.ORDER_QTY)  # of accounts and desks
KEY_LIMITS: Final = (
    Limit.OPEN_NOTIONAL, Limit.OPEN_ORDERS, Limit.ORDER_NOTIONAL, Limit.ORDER_VOLUME, Limit.REPEATS, Limit.MESSAGES,
    Limit.ORDER_QTY,
)  # fmt: skip
MOST_LISTS: Final = 53


def holder_text(distance: int) -> str:
    """Whose limit it is: 0: the account's, 1: its desk's, 2: of the desk above that; wire.BY_KEY: the API key's."""
    if distance == BY_KEY:
        return "of the API key"
    if distance == 0:
        return "of the account"
    return "of its desk" if distance == 1 else f"of the desk {distance} above it"


def limit_name(limit: int) -> str:
    """A Limit in small letters: "day loss"."""
    known = limit in Limit._value2member_map_
    return Limit(limit).name.lower().replace("_", " ") if known else f"limit {limit}"


def lists_of(bits: int) -> list[int]:
    """Numbers of lists of securities, 1 to 53, of the bits of the wire."""
    return [number for number in range(1, MOST_LISTS + 1) if bits >> (number - 1) & 1]


def list_bits(lists: Iterable[int], field: str) -> int:
    """And back. Raises InvalidInput."""
    return sum(1 << (checked_int(number, field, 1, MOST_LISTS) - 1) for number in set(lists))


def lists_text(bits: int) -> str:
    """Lists in words: "lists 1, 3"."""
    numbers = lists_of(bits)
    return ("list " if len(numbers) == 1 else "lists ") + ", ".join(map(str, numbers)) if numbers else "no list"


def limit_text(limit: int, value: int) -> str:
    """A value of a Limit in its unit: cash, a number, lots, or percent."""
    if limit in COUNTED:
        return f"{value:,} lots" if limit == Limit.ORDER_QTY else f"{value:,}"
    return f"{value / 100:,g} %" if limit == Limit.ORDER_VOLUME else format_cash(value)
