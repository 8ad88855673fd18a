"""What owing, or having, cash and owing shares costs by the day. docs/borrow.md, "Interest and fees by the day"."""

from __future__ import annotations

from typing import Any

from openbell.wire import EventKind, HouseAccount

from tests.reference.accounts import Account, Position, divide
from tests.reference.actions.charging import charge
from tests.reference.records import RATE_ROW, as_u64
from tests.reference.refusals import bad_value, in_range
from tests.reference.state import Rates, State

MILLION = 10**6  # rates are parts of it
MOST_RATE = 10**7
LAST_DAY = 99_991_231
MOST_DAYS = 31
DAYS_OF_A_LOAN = 360  # a year, whatever the currency
DEBIT, CREDIT, YEAR = 1, 2, 3  # indices in refusals


def set_rates(state: State, command: Any) -> None:
    currency, debit, credit, days = command.value0, command.value1, command.value2, command.value3
    if currency not in state.currencies:
        raise bad_value(0, 0, currency)
    in_range(DEBIT, debit, 0, MOST_RATE)
    in_range(CREDIT, credit, 0, MOST_RATE)
    if days not in (360, 365):
        raise bad_value(YEAR, 360 if days < 365 else 365, days)
    state.rates[currency] = Rates(debit, credit, days)
    state.output.event(
        EventKind.RATES_SET,
        price=debit,
        order_id=credit,
        client_order_id=as_u64(currency),
        leaves=days,
        qty=command.request,
    )


def accrue(state: State, command: Any) -> None:
    day, days = command.value0, command.value1
    in_range(0, day, 1, LAST_DAY)
    if day <= state.accrue_date:
        raise bad_value(0, state.accrue_date + 1, day)
    in_range(1, days, 1, MOST_DAYS)
    state.accrue_date = day
    charged = 0
    said = {"reference": day, "request": command.request}
    for account in state.accounts_ascending():
        if not account.has_credit():
            amount = interest(state, account, days)
            charged += bool(charge(state, account, HouseAccount.INTEREST, amount, instrument=0, **said))
    for position in state.positions:
        account = state.accounts[position.account]
        if position.qty < 0 and not account.has_credit():
            amount = fee(state, position, days)
            number = position.instrument
            charged += bool(charge(state, account, HouseAccount.BORROW, amount, instrument=number, **said))
    state.output.event(EventKind.ACCRUED, price=day, leaves=charged, client_order_id=days, qty=command.request)


def rounded_up(dividend: int, divisor: int) -> int:
    return -(-dividend // divisor)


def interest(state: State, account: Account, days: int) -> int:
    """What it pays; negative: gets. Short proceeds stand behind what was borrowed."""
    rates = state.rates.get(account.currency, Rates())
    base = account.settled() - account.short_proceeds()
    if base < 0:
        return rounded_up(-base * rates.debit * days, MILLION * rates.days)
    return -divide(base * rates.credit * days, MILLION * rates.days)


def fee(state: State, position: Position, days: int) -> int:
    """For lots that it owes, at its mark."""
    instrument = state.instruments[position.instrument]
    value = instrument.notional(position.mark, abs(position.qty))
    return rounded_up(value * instrument.borrow_fee * days, MILLION * DAYS_OF_A_LOAN)


def rows(state: State) -> bytes:
    """RateRow of each currency whose rates were set, by its place in the list."""
    return b"".join(
        RATE_ROW.pack(
            currency=as_u64(currency),
            debit=state.rates[currency].debit,
            credit=state.rates[currency].credit,
            days=state.rates[currency].days,
        )
        for currency in state.currencies
        if currency in state.rates
    )
