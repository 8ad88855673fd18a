"""[[key]]: API keys by name, and what all sessions of one may do together (docs/session-limits.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from openbell.limits import KEY_LIMITS

from engine.config.desks import limit_fields, no_limits
from engine.config.table import NAME_BYTES, Count, Name, Qty, Secret, Section
from engine.units import AlertPercent, Cash

MOST_KEYS: Final = 255


class KeyLimits(Section, frozen=True):
    """Hard limits, and soft ones that only warn. 0: none. order_volume: percent of an instrument's average volume."""

    open_notional: Cash = Cash(0)
    open_notional_soft: Cash = Cash(0)
    open_orders: Count = 0
    open_orders_soft: Count = 0
    order_notional: Cash = Cash(0)
    order_notional_soft: Cash = Cash(0)
    order_volume: AlertPercent = AlertPercent(0)
    order_volume_soft: AlertPercent = AlertPercent(0)
    repeats: Count = 0
    repeats_soft: Count = 0
    messages: Count = 0
    messages_soft: Count = 0
    order_qty: Qty = 0
    order_qty_soft: Qty = 0


class Key(Section, frozen=True):
    """A [[key]]. accounts: names of those that it may use; none: it is a key that there is already, by its name (that
    of an account, where nothing else was said)."""

    name: Name
    accounts: list[str] = msgspec.field(default_factory=list)
    api_key: Secret | None = None
    limits: KeyLimits = msgspec.field(default_factory=KeyLimits)


def key_limit_fields(limits: KeyLimits) -> dict[str, list[int]]:
    """What is applied of limits: hard and soft by name, of those that have either."""
    return limit_fields(limits, KEY_LIMITS)


def no_keys(keys: Sequence[Key]) -> str | None:
    """What is wrong with keys of one file beyond single fields."""
    for index, one in enumerate(keys):
        where = f"key[{index}] ({one.name})"
        if len(one.name.encode()) > NAME_BYTES:
            return f"{where}.name: expected at most {NAME_BYTES} bytes, got {len(one.name.encode())}"
        if one.api_key is not None and not one.accounts:
            return f"{where}.api_key: it needs accounts, those that it may use"
        if found := no_limits(where, one.limits, KEY_LIMITS):
            return found
    return None


def no_key_accounts(keys: Sequence[Key], accounts: Sequence[Any]) -> str | None:
    """A key of an account that there is in none of the files."""
    names = {one.name for one in accounts}
    for index, one in enumerate(keys):
        for name in one.accounts:
            if name not in names:
                return f"key[{index}] ({one.name}).accounts: there is no [[account]] named {name!r}"
    return None
