"""What is to be different: an order more, an order less, or an order with other terms; read from text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput, near
from openbell.prices import checked_int, price_units
from openbell.terms import OrderTerms, choice, resolve
from openbell.wire import CommandKind, SelfTrade, Side, TimeInForce

from engine.journal.commands import Records
from engine.travel.view import View
from engine.travel.which import Named, entering

EXAMPLE: Final = '"alice buy 10 NOVA 412.50 tif=gtc"'
_WORDS: Final = ("post_only", "market_to_limit", "hidden", "all_or_none", "reduce_only", "slide", "do_not_route",
                 "imbalance_only")  # fmt: skip
_COUNTS: Final = ("display_qty", "min_qty", "group", "self_trade_group")
_TERMS: Final = (*_WORDS, *_COUNTS, "tif", "self_trade", "stop", "trail", "trail_percent", "peg", "peg_offset",
                 "discretion")  # fmt: skip
# What --change takes: the field of the command, and whether a NEW_ORDER has it.
_FIELDS: Final = {
    "price": ("price", True), "qty": ("qty", True), "side": ("side", True), "tif": ("tif", True),
    "stop": ("stop_price", False), "display_qty": ("display_qty", False), "min_qty": ("min_qty", False),
    "discretion": ("discretion", False),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Insert:
    """`command` comes right after the command `after_seq`, at its own ts_ns. Its client_order_id is given later."""

    command: Any
    after_seq: int

    @property
    def first_seq(self) -> int:
        """The first command as recorded that is not as it was."""
        return self.after_seq + 1


@dataclass(frozen=True, slots=True)
class Remove:
    """The order, its retries, cancels and replaces from `first_seq` on are left out."""

    order: Named
    first_seq: int


@dataclass(frozen=True, slots=True)
class Alter:
    """The command that enters it, and its retries, from `first_seq` on have these values instead."""

    order: Named
    first_seq: int
    values: Mapping[str, int]

    def apply(self, run: Records) -> Records:
        """A run of commands with them. Raises InvalidInput where the order's command has no such field."""
        mask = entering(run, self.order.account, self.order.client_order_id) & (run["seq"] >= self.first_seq)
        if not mask.any():
            return run
        made = run.copy()
        for name, value in self.values.items():
            field, is_plain = _FIELDS[name]
            if not is_plain and run.dtype == wire.ORDER_COMMAND:
                raise InvalidInput(f"{name}: this is a NEW_ORDER, which has no {field}", field=name, value=value)
            made[field][mask] = value
        return made


Change = Insert | Remove | Alter


def altered(words: Iterable[str]) -> dict[str, int]:
    """`price=412.50 qty=20` as values of a command. Raises InvalidInput."""
    values: dict[str, int] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in _FIELDS:
            text = f"change: {word!r} is none of name=value with a name of {', '.join(_FIELDS)}{near(name, _FIELDS)}"
            raise InvalidInput(text, field="change", limit=", ".join(_FIELDS), value=word)
        values[name] = _value(name, value)
    if not values:
        raise InvalidInput("change: say what changes: price=412.50, qty=20", field="change")
    return values


def _value(name: str, value: str) -> int:
    if name == "side":
        return int(choice(value, Side, "side"))
    if name == "tif":
        return int(choice(value, TimeInForce, "tif"))
    if name in ("price", "stop", "discretion"):
        return price_units(value, field=name)
    return checked_int(_whole(value, name), name, 0, wire.MAX_QTY)


def inserted(text: str, view: View) -> Any:
    """`ACCOUNT buy|sell LOTS SYM [PRICE] [name=value ...]` as a command, without its number, time and client id.

    Names are those of the SDK's orders (docs/sdk.md). view: the market before it. Raises InvalidInput.
    """
    words = text.split()
    plain = [word for word in words if "=" not in word and word.lower() not in _WORDS]
    if not 4 <= len(plain) <= 5 or words[: len(plain)] != plain:
        raise InvalidInput(
            f"insert: {text!r} is not ACCOUNT buy|sell LOTS SYM [PRICE] [name=value ...], such as {EXAMPLE}",
            field="insert", value=text,
        )  # fmt: skip
    account, side, lots, symbol = plain[:4]
    price = plain[4] if len(plain) > 4 else None
    given = _given(words[len(plain) :])
    row = view.instrument(symbol)
    qty = checked_int(_whole(lots, "qty"), "qty", 1, wire.MAX_QTY)
    self_trade = choice(given.pop("self_trade", SelfTrade.ALLOW), SelfTrade, "self_trade")
    tif, post_only = given.pop("tif", None), bool(given.pop("post_only", False))
    found = resolve(given, qty, price, tif, post_only, row.tick_size)
    command = np.zeros((), wire.ORDER_COMMAND if found.further is None else wire.SPECIAL_COMMAND)
    values: dict[str, int] = {
        "kind": CommandKind.NEW_ORDER if found.further is None else CommandKind.NEW_SPECIAL,
        "account": view.account_id(account), "instrument": row.instrument, "side": choice(side, Side, "side"),
        "qty": qty,
        "price": found.price, "order_type": found.order_type, "tif": found.tif, "flags": found.flags,
        "self_trade": self_trade,
    }  # fmt: skip
    if found.further is not None:
        values |= found.further._asdict()
    for name, value in values.items():
        command[name] = value
    return command


def _given(words: Iterable[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.lower()
        if name not in _TERMS or bool(equals) == (name in _WORDS):
            known = ", ".join(OrderTerms.__annotations__)
            raise InvalidInput(
                f"insert: {word!r} is no term of an order{near(name, _TERMS)}", field="insert", limit=known, value=word
            )
        given[name] = True if name in _WORDS else _whole(value, name) if name in _COUNTS else value
    return given


def _whole(text: str, field: str) -> int:
    plain = text.replace(",", "").replace("_", "")
    if not plain.isdecimal():
        raise InvalidInput(f"{field}: {text!r} is no whole number", field=field, value=text)
    return int(plain)
