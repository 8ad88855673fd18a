"""Double entry: what accounts and the house have, currencies, charges. docs/ledger.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import Check, EventKind, HouseAccount

from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.output import Failure
from tests.reference.records import HOUSE_ROW, as_u64
from tests.reference.refusals import Refused, account_of, bad_value, in_range, instrument_of
from tests.reference.state import State

MOST_CURRENCIES = 8
TWO_64 = 1 << 64
CURRENCY_BYTES = wire.HOUSE_ROW["currency"].itemsize
LEAST_I64, LARGEST_I64 = -(1 << 63), (1 << 63) - 1


# Postings


def post(state: State, account: Account, house: int, amount: int) -> None:
    """The house's side of a posting of the account."""
    state.house[account.currency, house] += amount


def traded(state: State, account: Account, amount: int) -> None:
    """Cash of a trade, or of what belongs to it: it settles later, once there are settlements."""
    account.cash += amount
    if state.settled_day:
        account.today += amount


def moved(state: State, account: Account, house: int, amount: int) -> None:
    """Cash that is settled at once, against the house."""
    account.cash += amount
    post(state, account, house, -amount)


def check_range(account: Account, amount: int) -> None:
    """That an account's cash can take this (negative: give it)."""
    room = wire.MAX_CASH - account.cash if amount > 0 else account.cash - account.hold() + wire.MAX_CASH
    if abs(amount) > room:
        raise Refused(Check.CASH_RANGE, wire.MAX_CASH, amount, max(0, room))


def charge(state: State, command: Any) -> None:
    account, amount, house = account_of(state, command), command.value0, command.value1
    number = instrument_of(state, command).number if command.instrument != wire.ANY else 0
    if amount == 0:
        raise bad_value(0, 1, 0)
    in_range(0, amount, -wire.MAX_CASH, wire.MAX_CASH)
    in_range(1, house, HouseAccount.COMMISSION, max(HouseAccount))
    if command.value2 < 0:
        raise bad_value(2, 0, command.value2)
    check_range(account, -amount)
    moved(state, account, house, -amount)
    state.output.event(
        EventKind.CHARGED,
        account,
        instrument=number,
        side=wire.SIDE_BOTH,
        reason=house,
        qty=command.request,
        price=amount,
        trade_id=as_u64(command.value2),
    )


# Currencies


def check_room(state: State, currency: int) -> None:
    """That one more currency can be taken."""
    if currency not in state.currencies and len(state.currencies) >= MOST_CURRENCIES:
        raise Refused(Check.CAPACITY, MOST_CURRENCIES, MOST_CURRENCIES + 1)


def take(state: State, currency: int) -> None:
    if currency not in state.currencies:
        state.currencies.append(currency)


def other_currency(account: Account, instrument: Instrument) -> Failure | None:
    """Check CURRENCY."""
    if account.currency and account.currency != instrument.currency:
        return Failure(Check.CURRENCY, account.currency, instrument.currency)
    return None


# Rows


def text(currency: int) -> bytes:
    return currency.to_bytes(CURRENCY_BYTES, "little", signed=True)


def within_i64(amount: int) -> int:
    return max(LEAST_I64, min(LARGEST_I64, amount))


def rows(state: State) -> bytes:
    """HouseRow of each balance that is not 0, by the currency's place in the list, then by house account."""
    return b"".join(
        HOUSE_ROW.pack(currency=text(currency), house=house, balance=balance % TWO_64, balance_high=balance // TWO_64)
        for currency in state.currencies
        for house in HouseAccount
        if (balance := state.house[currency, house])
    )
