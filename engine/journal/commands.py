"""Commands back to back, as the reader gives them: apart, and one by one in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import numpy as np
from openbell import wire
from openbell.events import currency_text
from openbell.prices import format_cash, format_price

from engine.journal import desks, lending, money, risk

Records = np.ndarray[Any, Any]
_SLOT = wire.ORDER_COMMAND.itemsize
_SLOTS_OF_SPECIAL = wire.SPECIAL_COMMAND.itemsize // _SLOT
_SLOTS_OF_ADMIN = wire.ADMIN_COMMAND.itemsize // _SLOT
SIDES = ("buy", "sell")
WORDS_OF = (money.WORDS, risk.WORDS, desks.WORDS, lending.WORDS)
AMENDING = frozenset((wire.CommandKind.BUST_TRADE, wire.CommandKind.CORRECT_TRADE))


def split(commands: bytes) -> Iterator[Records]:
    """Runs of ORDER_COMMAND and SPECIAL_COMMAND records, single ADMIN_COMMAND and AMEND_COMMAND records, in order."""
    # A SpecialCommand is as long as two OrderCommands, an AdminCommand as four: kinds can be looked for in steps of
    # one. What is found in their further parts is none.
    slots = np.frombuffer(commands, wire.ORDER_COMMAND)
    kinds = slots["kind"]
    places = np.flatnonzero(kinds >= wire.SPECIAL_KIND)
    begin = specials = 0  # where what is not given yet begins, and how many SpecialCommands do there
    for place, kind in zip(places.tolist(), kinds[places].tolist(), strict=True):
        at = begin + specials * _SLOTS_OF_SPECIAL
        if place < at:
            continue
        is_special = kind < wire.ADMIN_KIND
        if specials and (at < place or not is_special):
            yield np.frombuffer(commands, wire.SPECIAL_COMMAND, specials, begin * _SLOT)
            begin, specials = at, 0
        if at < place:
            yield slots[at:place]
        if is_special:
            begin, specials = place if not specials else begin, specials + 1
        else:
            dtype = wire.AMEND_COMMAND if kind in AMENDING else wire.ADMIN_COMMAND
            yield np.frombuffer(commands, dtype, 1, place * _SLOT)
            begin = place + _SLOTS_OF_ADMIN
    if specials:
        yield np.frombuffer(commands, wire.SPECIAL_COMMAND, specials, begin * _SLOT)
        begin += specials * _SLOTS_OF_SPECIAL
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
    return {name: value for name, value in row.items() if not name.startswith("reserved")}


def clock(ts_ns: int) -> str:
    """A time as text, UTC, to the nanosecond."""
    seconds, rest = divmod(ts_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09}"


def words(command: Any, names: Names) -> str:
    """One command as a line of text."""
    seq, when = int(command["seq"]), clock(int(command["ts_ns"]))
    return f"{seq:>12,}  {when}  {kind_name(int(command['kind'])):<20}  {what(command, names)}".rstrip()


def what(command: Any, names: Names) -> str:
    """What a command asks for and of whom, without its number, time and kind."""
    kind = int(command["kind"])
    say = _order_words if kind < wire.ADMIN_KIND else _amend_words if kind in AMENDING else _admin_words
    return say(command, names)


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
    if kind == wire.CommandKind.MASS_CANCEL:
        return f"{account}: all {_mass_words(command)} in {instrument}, number {client_id}"
    if kind == wire.CommandKind.ARM:
        return f"{account}: {_arm_words(command)}, number {client_id}"
    if kind == wire.CommandKind.DISCONNECT:
        return f"{account}: session {int(command['session'])} has ended"
    flags = _flag_words(wire.OrderFlag, int(command["flags"]))
    order = f"order {int(command['order_id'])}" if command["order_id"] else f"order with client id {client_id}"
    if kind == wire.CommandKind.CANCEL:
        return f"{account}: {order}"
    if kind == wire.CommandKind.REPLACE:
        return f"{account}: {order} to {qty:,} at {price}{flags}"
    side_words = SIDES[side] if side < len(SIDES) else f"side {side}"
    at = _type_words(int(command["order_type"]), price)
    tif = _enum(wire.TimeInForce, int(command["tif"]))
    self_trade = int(command["self_trade"])
    prevention = f" {_enum(wire.SelfTrade, self_trade)}" if self_trade else ""
    further = _further_words(command) if kind >= wire.SPECIAL_KIND else ""
    return f"{account}: {side_words} {qty:,} {instrument} {at} {tif}{flags}{prevention}{further}, client id {client_id}"


def _type_words(order_type: int, price: str) -> str:
    """An order's type and price."""
    if order_type == wire.OrderType.LIMIT:
        return f"at {price}"
    if order_type == wire.OrderType.MARKET:
        return "at market"
    name = _enum(wire.OrderType, order_type)
    if order_type in (wire.OrderType.STOP_LIMIT, wire.OrderType.PEGGED):
        return f"{name} at {price}" if price != format_price(0) else name
    return name


def _mass_words(command: Any) -> str:
    """Which orders a MASS_CANCEL is of."""
    side, flags = int(command["side"]), int(command["flags"])
    words_ = (SIDES[side] + " " if side < len(SIDES) else "") + "orders"
    if flags & wire.MassFlag.BY_SESSION:
        words_ += f" of session {int(command['session'])}"
    if flags & wire.MassFlag.BY_GROUP:
        words_ += f" of group {int(command['qty'])}"
    return words_


def _arm_words(command: Any) -> str:
    """What an ARM guards, and how."""
    flags, timeout_s = int(command["flags"]), int(command["price"]) / 1e9
    whose = "all orders" if flags & wire.ArmFlag.OF_ACCOUNT else f"orders of session {int(command['session'])}"
    if not timeout_s and not flags & wire.ArmFlag.ON_DISCONNECT:
        return f"{whose}: disarmed"
    timer = f" for {timeout_s:g} s" if timeout_s else ""
    return f"{whose}: armed{timer}{_flag_words(wire.ArmFlag, flags & ~wire.ArmFlag.OF_ACCOUNT)}"


def _further_words(command: Any) -> str:
    """The fields that only a SpecialCommand has."""
    given = {name: int(command[name]) for name in command.dtype.names}
    basis_points = given["modes"] & wire.ModeFlag.TRAIL_PERCENT
    parts = [
        f"stop {format_price(given['stop_price'])}" if given["stop_price"] else "",
        f"peg {_enum(wire.Peg, given['peg'])}" if given["peg"] else "",
        f"offset {given['offset']} bps" if basis_points else f"offset {format_price(given['offset'])}",
        f"expires {clock(given['expire_ns'])}" if given["expire_ns"] else "",
        f"discretion {format_price(given['discretion'])}" if given["discretion"] else "",
        f"shows {given['display_qty']:,}" if given["display_qty"] else "",
        f"min {given['min_qty']:,}" if given["min_qty"] else "",
        f"group {given['group']}" if given["group"] else "",
        f"self-trade group {given['self_trade_group']}" if given["self_trade_group"] else "",
        _enum(wire.Role, given["role"]) if given["role"] else "",
        f"tied to client id {given['link_id']}" if given["link_id"] else "",
        _flag_words(wire.ModeFlag, given["modes"] & ~wire.ModeFlag.TRAIL_PERCENT).strip(),
    ]
    if not given["offset"]:
        del parts[2]
    return "".join(f", {part}" for part in parts if part)


def _admin_words(command: Any, names: Names) -> str:
    kind = int(command["kind"])
    account, instrument = names.account(int(command["account"])), names.instrument(int(command["instrument"]))
    values = [int(command[f"value{index}"]) for index in range(8)]
    name = command["name"].decode("utf-8", "replace")
    text = ""
    if kind == wire.CommandKind.CONFIGURE:
        keys = "accounts instruments orders pages positions id_window window_pages amendments".split()
        text = ", ".join(f"{key} {value:,}" for key, value in zip(keys, values, strict=False))
    elif kind == wire.CommandKind.SET_INSTRUMENT:
        keys = ["tick size", "lot size", "reference price", "collar (bps)", "max order qty", "max order notional"]
        shown = [_price(values[0]), _number(values[1]), _price(values[2]), *map(_number, values[3:5]), _cash(values[5])]
        text = f"instrument {int(command['instrument'])} {name}: " + _pairs(keys, shown)
    elif kind == wire.CommandKind.SET_INSTRUMENT_STATE:
        text = f"{instrument}: {_state_words(int(command['state']), values)}"
    elif kind == wire.CommandKind.SET_BANDS:
        bands = f"bands {format_price(values[0])} to {format_price(values[1])} around {format_price(values[2])}"
        text = f"{instrument}: {bands if values[0] or values[1] else 'no bands'}"
    elif kind == wire.CommandKind.SET_SHORT_SALE:
        text = f"{instrument}: short sales {'restricted' if values[0] else 'free'}"
    elif kind == wire.CommandKind.SET_TICKS:
        steps = [
            f"{format_price(tick)} from {format_price(price)} on"
            for price, tick in zip(values[::2], values[1::2], strict=True)
            if tick
        ]
        text = f"{instrument}: {'ticks of ' + ', '.join(steps) if steps else 'no table of ticks'}"
    elif kind == wire.CommandKind.SET_ACCOUNT:
        keys = ["max order qty", "max order notional", "max position", "max open orders", "max messages/s"]
        shown = [_number(values[0]), _cash(values[1]), *map(_number, values[2:5])]
        if values[5]:
            keys, shown = [*keys, "currency"], [*shown, _currency(values[5])]
        is_known = wire.KEEP in values[:6]  # of a new one 0 is not worth a word
        keys, shown = [*keys, "fee plan"], [*shown, "none" if is_known and not values[6] else _number(values[6])]
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
    elif kind == wire.CommandKind.SET_TIMERS:
        text = f"{values[0]:,} guards of orders"
    elif kind == wire.CommandKind.OPERATOR_CANCEL:
        text = f"{account}, {instrument}"
    elif kind == wire.CommandKind.NOTE:  # 0: of no account, as a rule
        text = f"{name}: {account}" if name and command["account"] else name
    elif kind == wire.CommandKind.RUN_AUCTION:
        text = instrument
    elif kind == wire.CommandKind.SET_EXTENSION:
        text = f"{instrument}: {_extension_words(command, values)}"
    elif words_of := next((found for of in WORDS_OF if (found := of.get(kind)) is not None), None):
        text = words_of(command, account, instrument)
    return _with_author(text, command)


def _amend_words(command: Any, names: Names) -> str:
    """A bust or correction of a trade."""
    kind, qty, new_qty = (int(command[field]) for field in ("kind", "qty", "new_qty"))
    price, new_price = (format_price(int(command[field])) for field in ("price", "new_price"))
    buyer, seller = (names.account(int(command[field])) for field in ("account", "seller"))
    text = f"trade {int(command['trade_id'])} of {names.instrument(int(command['instrument']))}, {qty:,} at {price}, "
    text += f"bought by {buyer} of {seller}"
    if kind == wire.CommandKind.CORRECT_TRADE:
        text += f": {new_qty:,} at {new_price} instead"
    return _with_author(text, command)


def _with_author(text: str, command: Any) -> str:
    operator, reason = (command[field].decode("utf-8", "replace") for field in ("operator", "reason"))
    by = f"by {operator}" if operator else ""
    return "; ".join(part for part in (text, f"{by}: {reason}" if reason else by) if part)


def _state_words(state: int, values: list[int]) -> str:
    """A state with what SET_INSTRUMENT_STATE says of it."""
    text = _enum(wire.InstrumentState, state)
    if state == wire.InstrumentState.HALTED and values[0]:
        text += f", {_enum(wire.HaltReason, values[0])}"
    elif state == wire.InstrumentState.CALL:
        when = f" at {clock(values[1])}" if values[1] else ""
        text += f" for {_enum(wire.AuctionKind, values[0])}{when}, then {_enum(wire.InstrumentState, values[2])}"
    return text


def _extension_words(command: Any, values: list[int]) -> str:
    """What SET_EXTENSION says of auctions; the seed of a random end is not shown."""
    extension_ns, most, lots, lots_bps, price_bps, widen_bps, random_ns, _ = values
    parts = [f"by {extension_ns / 1e9:g} s at most {most} times"] if extension_ns else ["never extended"]
    parts += [f"imbalance above {lots:,} lots"] if lots else []
    parts += [f"imbalance above {lots_bps} bps"] if lots_bps else []
    parts += [f"price {price_bps} bps away"] if price_bps else []
    parts += [f"{widen_bps} bps more each time"] if widen_bps else []
    parts += [f"random end within {random_ns / 1e9:g} s"] if random_ns else []
    flags = _flag_words(wire.ExtensionFlag, int(command["flags"]))
    return f"{_enum(wire.AuctionKind, int(command['state']))} {', '.join(parts)}{flags}"


def _number(value: int) -> str:
    return "kept" if value == wire.KEEP else f"{value:,}"


def _price(value: int) -> str:
    return "kept" if value == wire.KEEP else format_price(value)


def _cash(value: int) -> str:
    return "kept" if value == wire.KEEP else format_cash(value)


def _currency(value: int) -> str:
    return "kept" if value == wire.KEEP else currency_text(value)


def _pairs(keys: list[str], values: list[str]) -> str:
    """What is set; limits of 0 are none and not named."""
    return ", ".join(f"{key} {value}" for key, value in zip(keys, values, strict=True) if value not in ("0", "0.00"))
