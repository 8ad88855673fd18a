"""From the configuration to keys and their limits: what is new or changed in the files becomes commands.

A part of engine/setup.py, with its rules: a field is changed where the file says something else than it did when it was
last applied. A key that is in no file any more stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openbell.limits import KEY_LIMITS
from openbell.wire import AdminFlag, CommandKind

from engine.config import ConfigError
from engine.config.keys import MOST_KEYS, Key, key_limit_fields
from engine.desk_setup import changed_limits, limits_by_holder
from engine.keys import Keys as Secrets
from engine.keys import KeysError
from engine.market import Market

Do = Callable[..., Any]


def kept_keys(keys: Sequence[Key]) -> dict[str, Any]:
    """What is remembered of keys."""
    return {one.name: {"limits": key_limit_fields(one.limits)} for one in keys}


def set_keys(market: Market, do: Do, keys: Sequence[Key], before: Mapping[str, Any]) -> None:
    """Have the core know keys that have limits, and these. do: as Setup does one command; before: what was remembered
    of keys, by name. Raises ConfigError."""
    for index, one in enumerate(keys):
        where, reason = f"key[{index}] ({one.name})", f"key {one.name} of the configuration"
        wanted, was = key_limit_fields(one.limits), before.get(one.name, {}).get("limits", {})
        number = market.key_numbers().get(one.name)
        if wanted == was or (number is None and not wanted):
            continue
        if number is None:
            number = market.new_key_number()
            if number is None:
                raise ConfigError(f"{where}.limits: {MOST_KEYS} keys have limits already, no more may")
            do(where, reason, CommandKind.SET_KEY, account=number, name=one.name)
        present = limits_by_holder(market).get((number, int(AdminFlag.OF_KEY)), {})
        for which, limit, values in changed_limits({one.name.lower(): one for one in KEY_LIMITS}, wanted, was, present):
            do(
                f"{where}.limits.{which}", f"limits of {reason}"[:90], CommandKind.SET_LIMIT, ("", "soft"),
                account=number, state=int(limit), flags=int(AdminFlag.OF_KEY), values=values,
            )  # fmt: skip


def make_keys(secrets: Secrets, keys: Sequence[Key], accounts: Mapping[str, int]) -> list[str]:
    """Make what is missing of the keys of the files; the names of those that are none's. accounts: ids by name. Raises
    KeysError, OSError."""
    for one in keys:
        secret = one.api_key
        for name in one.accounts:
            if secret is None and secrets.may_use(one.name, accounts[name]):
                continue
            known = secrets.name_of(secret) if secret is not None else None
            if known not in (None, one.name):
                text = f"key {one.name} of the configuration: its api_key is that of the key {known!r} already"
                raise KeysError(text)
            secret, _ = secrets.add_account(accounts[name], name, secret or secrets.secret_of(one.name), one.name)
    return [one.name for one in keys if one.name not in secrets.names()]
