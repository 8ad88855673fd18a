"""Commands back to back, as the reader gives them: apart, and one by one in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import numpy as np
from openbell import wire
from openbell.prices import format_cash, format_price

Records = np.ndarray[Any, Any]
_SLOT = wire.ORDER_COMMAND.itemsize
_SLOTS_OF_ADMIN = wire.ADMIN_COMMAND.itemsize // _SLOT
SIDES = ("buy", "sell")


def split(commands: bytes) -> Iterator[Records]:
    """Runs of ORDER_COMMAND records, and single ADMIN_COMMAND records, in order."""
    # An AdminCommand is as long as four OrderCommands: kinds can be looked for in steps of one. What is found in the
    # second to fourth part of an AdminCommand is none.
    slots = np.frombuffer(commands, wire.ORDER_COMMAND)
    begin = 0
    for place in np.flatnonzero(slots["kind"] >= wire.ADMIN_KIND).tolist():
        if place < begin:
            continue
        if begin < place:
            yield slots[begin:place]
        yield np.frombuffer(commands, wire.ADMIN_COMMAND, 1, place * _SLOT)
        begin = place + _SLOTS_OF_ADMIN
    if begin < len(slots):
        yield slots[begin:]


class Names:
    """Names of accounts and symbols of instruments, as far as they are known."""

    def __init__(self) -> None:
        self.accounts: dict[int, str] = {}
        self.instruments: dict[int, str] = {}

    def learn(self, command: Any) -> None:
        """Take the name out of an AdminCommand that sets one."""
        text = command["name"].decode("utf-8", "replace")
        if text and command["kind"] == wire.CommandKind.SET_ACCOUNT:
            self.accounts[int(command["account"])] = text
        if text and command["kind"] == wire.CommandKind.SET_INSTRUMENT:
            self.instruments[int(command["instrument"])] = text

    def account(self, number: int) -> str:
        """An account in words."""
        if number == wire.ANY:
            return "any account"
        return f"account {number}" + (f" ({self.accounts[number]})" if number in self.accounts else "")

    def instrument(self, number: int) -> str:
        """An instrument in words."""
        return "any instrument" if number == wire.ANY else self.instruments.get(number, f"instrument {number}")


def kind_name(kind: int) -> str:
    """The name of a CommandKind."""
    return _enum(wire.CommandKind, kind)


def as_dict(command: Any) -> dict[str, Any]:
    """A command as JSON: the field names of the wire, the kind as its name, text as text."""
    row: dict[str, Any] = {}
    for name in command.dtype.names:
        value = command[name].item()
        row[name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    row["kind"] = kind_name(row["kind"])
    row.pop("reserved", None)
    return row


def clock(ts_ns: int) -> str:
    """A time as text, UTC, to the nanosecond."""
    seconds, rest = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09}"


def words(command: Any, names: Names) -> str:
    """One command as a line of text."""
    what = _order_words if command["kind"] < wire.ADMIN_KIND else _admin_words
    seq, when = int(command["seq"]), clock(int(command["ts_ns"]))
    return f"{seq:>12,}  {when}  {kind_name(int(command['kind'])):<20}  {what(command, names)}".rstrip()


def _enum(kind: type[IntEnum], value: int) -> str:
    try:
        return kind(value).name
    except ValueError:
        return f"{kind.__name__} {value}"


def _flag_words(kind: Any, value: int) -> str:
    return "" if not value else f" {kind(value).name or kind(value)}"


def _order_words(command: Any, names: Names) -> str:
    kind, side = int(command["kind"]), int(command["side"])
    if kind == wire.CommandKind.TICK:
        return ""
    account, instrument = names.account(int(command["account"])), names.instrument(int(command["instrument"]))
    qty, price = int(command["qty"]), format_price(int(command["price"]))
    client_id = int(command["client_order_id"])
    flags = _flag_words(wire.OrderFlag, int(command["flags"]))
    if kind == wire.CommandKind.MASS_CANCEL:
        sides = SIDES[side] + " orders" if side < len(SIDES) else "orders"
        return f"{account}: all {sides} in {instrument}, number {client_id}"
    order = f"order {int(command['order_id'])}" if command["order_id"] else f"order with client id {client_id}"
    if kind == wire.CommandKind.CANCEL:
        return f"{account}: {order}"
    if kind == wire.CommandKind.REPLACE:
        return f"{account}: {order} to {qty:,} at {price}{flags}"
    side_words = SIDES[side] if side < len(SIDES) else f"side {side}"
    at = "at market" if command["order_type"] == wire.OrderType.MARKET else f"at {price}"
    tif = _enum(wire.TimeInForce, int(command["tif"]))
    self_trade = int(command["self_trade"])
    prevention = f" {_enum(wire.SelfTrade, self_trade)}" if self_trade else ""
    return f"{account}: {side_words} {qty:,} {instrument} {at} {tif}{flags}{prevention}, client id {client_id}"


def _admin_words(command: Any, names: Names) -> str:
    kind = int(command["kind"])
    account, instrument = names.account(int(command["account"])), names.instrument(int(command["instrument"]))
    values = [int(command[f"value{index}"]) for index in range(8)]
    name = command["name"].decode("utf-8", "replace")
    text = ""
    if kind == wire.CommandKind.CONFIGURE:
        keys = "accounts instruments orders pages positions id_window window_pages".split()
        text = ", ".join(f"{key} {value:,}" for key, value in zip(keys, values, strict=False))
    elif kind == wire.CommandKind.SET_INSTRUMENT:
        keys = ["tick size", "lot size", "reference price", "collar (bps)", "max order qty", "max order notional"]
        shown = [_price(values[0]), _number(values[1]), _price(values[2]), *map(_number, values[3:5]), _cash(values[5])]
        text = f"instrument {int(command['instrument'])} {name}: " + _pairs(keys, shown)
    elif kind == wire.CommandKind.SET_INSTRUMENT_STATE:
        text = f"{instrument}: {_enum(wire.InstrumentState, int(command['state']))}"
    elif kind == wire.CommandKind.SET_ACCOUNT:
        keys = ["max order qty", "max order notional", "max position", "max open orders", "max messages/s"]
        shown = [_number(values[0]), _cash(values[1]), *map(_number, values[2:5])]
        bits = int(command["flags"])
        kept = "" if bits == 255 else _flag_words(wire.AccountFlag, bits) or " no flags"
        text = f"account {int(command['account'])} {name}:{kept} {_pairs(keys, shown)}".rstrip()
    elif kind == wire.CommandKind.SET_ACCOUNT_STATE:
        flags = _flag_words(wire.AdminFlag, int(command["flags"]))
        text = f"{account}: {_enum(wire.AccountState, int(command['state']))}{flags}"
    elif kind == wire.CommandKind.DEPOSIT:
        text = f"{account}: {format_cash(values[0])}"
    elif kind == wire.CommandKind.DEPOSIT_SHARES:
        text = f"{account}: {values[0]:,} {instrument} at a cost of {format_cash(values[1])} a lot"
    elif kind == wire.CommandKind.SET_SCHEDULE:
        text = f"day ends {clock(values[0])}" if values[0] else "DAY orders never end"
    elif kind == wire.CommandKind.OPERATOR_CANCEL:
        text = f"{account}, {instrument}"
    operator, reason = (command[field].decode("utf-8", "replace") for field in ("operator", "reason"))
    by = f"by {operator}" if operator else ""
    return "; ".join(part for part in (text, f"{by}: {reason}" if reason else by) if part)


def _number(value: int) -> str:
    return "kept" if value == wire.KEEP else f"{value:,}"


def _price(value: int) -> str:
    return "kept" if value == wire.KEEP else format_price(value)


def _cash(value: int) -> str:
    return "kept" if value == wire.KEEP else format_cash(value)


def _pairs(keys: list[str], values: list[str]) -> str:
    """What is set; limits of 0 are none and not named."""
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values, strict=True) if value not in ("0", "0.00"))
