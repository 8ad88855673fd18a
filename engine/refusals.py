"""What the core refuses of an AdminCommand, in words: which value, what is allowed, in the units of people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from openbell import wire
from openbell.prices import format_cash, format_price
from openbell.wire import Check, CommandKind, InstrumentState

from engine.sequencer import Rejected

Unit = Callable[[int], str]


def _lots(value: int) -> str:
    return f"{value:,} lot{'' if value == 1 else 's'}"


def _number(value: int) -> str:
    return f"{value:,}"


def _clock(value: int) -> str:
    return f"{datetime.fromtimestamp(value / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC" if value else "none"


def _seconds(value: int) -> str:
    return f"{value / 1e9:g} s"


def _percent(value: int) -> str:
    return f"{value / 100:g} %"


_LIMITS: Final[dict[str, Unit]] = {
    "max_order_qty": _lots,
    "max_order_notional": format_cash,
    "max_position": _lots,
    "max_open_orders": _number,
    "max_messages": _number,
}
_TRADE: Final[dict[str, Unit]] = {  # docs/busts.md
    "trade_id": _number,
    "price": format_price,
    "qty": _lots,
    "new price": format_price,
    "new qty": _lots,
}
_AMENDING: Final = (CommandKind.BUST_TRADE, CommandKind.CORRECT_TRADE)
# The values of each kind of command, in their order (docs/core.md), with their units.
_VALUES: Final[dict[CommandKind, dict[str, Unit]]] = {
    CommandKind.SET_INSTRUMENT: {
        "tick_size": format_price,
        "lot_size": _number,
        "reference_price": format_price,
        "collar_bps": _number,
        "max_order_qty": _lots,
        "max_order_notional": format_cash,
        "currency": _number,
        "round_lot": _lots,
    },
    CommandKind.SET_ACCOUNT: {**_LIMITS, "flags": _number},
    CommandKind.SET_INSTRUMENT_STATE: {"state": _number, "reason or kind": _number, "time": _clock, "then": _number},
    CommandKind.SET_EXTENSION: {
        "extension": _seconds,
        "extensions": _number,
        "imbalance": _lots,
        "imbalance of what trades": _percent,
        "price": _percent,
        "widening": _percent,
        "random end": _seconds,
        "seed": _number,
        "flags": _number,
        "kind": _number,
    },
    CommandKind.SET_BANDS: {"lower": format_price, "upper": format_price, "reference": format_price},
    CommandKind.SET_SHORT_SALE: {"restricted": _number},
    CommandKind.SET_TICKS: {
        f"{what} of step {step}": format_price for step in range(1, 5) for what in ("price", "tick")
    },
    CommandKind.DEPOSIT: {"amount": format_cash},
    CommandKind.DEPOSIT_SHARES: {"qty": _lots, "cost": format_cash},
    CommandKind.BUST_TRADE: _TRADE,
    CommandKind.CORRECT_TRADE: _TRADE,
}
_BUYER_INDEX: Final = 6  # docs/busts.md
_FLAGS_INDEX: Final = 8  # docs/core.md, SET_ACCOUNT
_FIXED_ONCE_TRADED: Final = ("tick_size", "lot_size")
_MAX_FIXED: Final = 1 << 20  # of those


def in_words(kind: CommandKind, refused: Rejected) -> str:
    """The check's name and what it found, for example "CASH_RANGE: takes 500.00, free to take are 100.00"."""
    check, limit, value = refused.check, refused.limit, refused.value
    if kind in _AMENDING and (saying := _trade_in_words(refused)):
        said = saying
    elif check is Check.VALUE:
        said = _value_in_words(kind, refused)
    elif check is Check.CASH_RANGE:
        if abs(limit) == wire.MAX_CASH:
            said = f"with {format_cash(value)} the balance would be beyond {format_cash(limit)}"
        else:
            said = f"takes {format_cash(value)}, free to take are {format_cash(limit)}"
    elif check is Check.NAME:
        what = "account" if kind is CommandKind.SET_ACCOUNT else "instrument"
        said = f"the name is that of {what} {limit} already" if limit else "the name is empty, or in use already"
    elif check is Check.CAPACITY:
        said = f"id {value:,} is beyond the capacity of {limit:,}"
    elif check in (Check.ACCOUNT, Check.INSTRUMENT):
        said = f"{check.name.lower()} {value} is not set up"
    elif check is Check.INSTRUMENT_STATE:
        names = {int(state): state.name for state in InstrumentState}
        said = f"the instrument is {names.get(value, value)}, not {names.get(limit, limit)}"
    elif check is Check.POSITION_CAPACITY:
        said = f"all {limit:,} positions of the market are in use: raise capacity.positions"
    else:
        said = f"{value:,} is given, the limit is {limit:,}"
    return f"{check.name}: {said}"


def _trade_in_words(refused: Rejected) -> str | None:
    """What is said of a bust or correction in words of its own; None where it is not."""
    check, limit, value = refused.check, refused.limit, refused.value
    if check is Check.BUSTED:
        return f"trade {value:,} was busted before, and that is final"
    if check is Check.TRADE:
        return f"the instrument has no such trade {value:,} of these accounts, its last one is {limit:,}"
    if check is Check.CAPACITY:
        return f"{limit:,} trades were busted or corrected, and no more may be: raise capacity.amendments"
    if check is Check.ORDER_NOTIONAL:
        return f"{format_cash(value)} is the value of it, the limit is {format_cash(limit)}"
    if check is Check.CASH_RANGE:
        whose = "buyer" if refused.index == _BUYER_INDEX else "seller"
        return f"the {whose}'s cash would be beyond {format_cash(limit)}, moved by {format_cash(value)}"
    return None


def _value_in_words(kind: CommandKind, refused: Rejected) -> str:
    limit, value, index = refused.limit, refused.value, refused.index
    values = _VALUES.get(kind, {})
    name = "flags" if index == _FLAGS_INDEX else next(iter(list(values)[index : index + 1]), f"value {index}")
    unit = values.get(name, _number)
    if kind is CommandKind.DEPOSIT_SHARES and name == "qty" and value < 0 and limit >= 0:
        return f"takes {_lots(-value)}, free to take are {_lots(limit)}"
    if value == 0 and kind in (CommandKind.DEPOSIT, CommandKind.DEPOSIT_SHARES) and index == 0:
        return f"{name} is 0: nothing would move"
    if name in _FIXED_ONCE_TRADED and 1 <= value <= _MAX_FIXED:
        return f"{name} {unit(value)}: it stays {unit(limit)} once there was a trade, and while orders rest"
    if kind is CommandKind.SET_TICKS and 0 < limit < min(value, _MAX_FIXED) and value % limit:
        return f"{name} is {unit(value)}, and no multiple of {unit(limit)}"
    return f"{name} is {unit(value)}, the {'least' if value < limit else 'most'} is {unit(limit)}"
