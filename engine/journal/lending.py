"""Commands of borrowing, interest, dividends and splits in words (docs/borrow.md, docs/actions.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from openbell.events import currency_text
from openbell.fees import plain_number
from openbell.prices import format_cash, format_price
from openbell.wire import Borrow, CommandKind

from engine.journal.money import date_text


def yearly(rate: int) -> str:
    """A rate of 1e-6 a year, in percent."""
    return f"{plain_number(rate, 4)} % a year"


def _lots(count: int) -> str:
    return f"{count:,} lot{'' if abs(count) == 1 else 's'}"


def _reference(number: int) -> str:
    return f", reference {number}" if number else ""


def _borrow(command: Any, account: str, instrument: str) -> str:
    state, fee, inventory = (int(command[name]) for name in ("state", "value0", "value1"))
    name = Borrow(state).name if state in Borrow._value2member_map_ else str(state)
    return f"{instrument}: {name} to borrow, {yearly(fee)}, {_lots(inventory)} to lend"


def _locate(command: Any, account: str, instrument: str) -> str:
    lots = int(command["value0"])
    return f"{account}: {_lots(abs(lots))} of {instrument} {'given back' if lots < 0 else 'located'}"


def _rates(command: Any, account: str, instrument: str) -> str:
    currency, debit, credit, days = (int(command[f"value{index}"]) for index in range(4))
    of = currency_text(currency) or "no currency"
    return f"{of}: debit {yearly(debit)}, credit {yearly(credit)}, of {days} days"


def _accrue(command: Any, account: str, instrument: str) -> str:
    days = int(command["value1"])
    return f"interest and fees of {date_text(int(command['value0']))}, for {days} day{'' if days == 1 else 's'}"


def _dividend(command: Any, account: str, instrument: str) -> str:
    return f"{instrument}: {format_cash(int(command['value0']))} a share{_reference(int(command['value1']))}"


def _pay(command: Any, account: str, instrument: str) -> str:
    return f"{instrument}: what is due{_reference(int(command['value1']))}"


def _split(command: Any, account: str, instrument: str) -> str:
    new, old, price = (int(command[f"value{index}"]) for index in range(3))
    return f"{instrument}: {new:,} for {old:,}, fractions at {format_price(price)}"


WORDS: Final[dict[int, Callable[[Any, str, str], str]]] = {
    CommandKind.SET_BORROW: _borrow,
    CommandKind.LOCATE: _locate,
    CommandKind.SET_RATES: _rates,
    CommandKind.ACCRUE: _accrue,
    CommandKind.DIVIDEND: _dividend,
    CommandKind.PAY_DIVIDEND: _pay,
    CommandKind.SPLIT: _split,
}
