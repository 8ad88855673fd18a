"""What settles when a business day is over, and withdrawals that are on their way. docs/ledger.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import Check, EventKind, HouseAccount

from tests.reference import ledger, margin
from tests.reference.accounts import Account, Withdrawal
from tests.reference.cash import rules
from tests.reference.daytrading import counting
from tests.reference.records import WITHDRAWAL_ROW, as_u64
from tests.reference.refusals import Refused, account_of, bad_value, in_range
from tests.reference.state import State

LAST_DAY = 99_991_231
MOST_DAYS = 4
MOST_WITHDRAWALS = 1 << 16


def settle(state: State, command: Any) -> None:
    day, days = command.value0, command.value1
    in_range(0, day, 1, LAST_DAY)
    if day <= state.settled_day:
        raise bad_value(0, state.settled_day + 1, day)
    in_range(1, days, 0, MOST_DAYS)
    state.settled_day = day
    told = 0
    for account in state.accounts_ascending():
        settled = end_day(account, days)
        if settled:
            told += 1
            state.output.amount_event(EventKind.SETTLED, account, settled, ledger.within_i64(account.settled()))
        rules.account_settled(state, account, day, days)
    rules.positions_settled(state, days)
    counting.day_over(state)
    state.output.event(EventKind.SETTLEMENT, qty=command.request, price=day, leaves=told, client_order_id=days)


def end_day(account: Account, days: int) -> int:
    """What settles now; what was traded today settles `days` later."""
    now, *later = account.due
    account.due = [*later, 0]
    if days == 0:
        now += account.today
    else:
        account.due[days - 1] += account.today
    account.today = 0
    return now


# Withdrawals


def set_ledger(state: State, command: Any) -> None:
    in_range(0, command.value0, 0, MOST_WITHDRAWALS)
    if command.value0 < state.withdrawal_capacity:
        raise bad_value(0, state.withdrawal_capacity, command.value0)
    state.withdrawal_capacity = command.value0
    state.output.event(EventKind.LEDGER_SET, qty=command.request, price=command.value0)


def hold_cash(state: State, command: Any) -> None:
    account, amount, number = account_of(state, command), command.value0, command.value1
    in_range(0, amount, 1, wire.MAX_CASH)
    check_number(number)
    if number in account.withdrawals:
        raise bad_value(1, 0, number)
    most = margin.withdrawable(state, account)
    if amount > most:
        raise Refused(Check.CASH_RANGE, most, amount, most)
    if sum(len(each.withdrawals) for each in state.accounts.values()) >= state.withdrawal_capacity:
        raise Refused(Check.CAPACITY, state.withdrawal_capacity, state.withdrawal_capacity + 1)
    account.withdrawals[number] = Withdrawal(amount, state.output.ts_ns)
    say(state, EventKind.CASH_HELD, account, amount, account.hold(), command)


def post_cash(state: State, command: Any) -> None:
    account, amount = taken_out(state, command)
    ledger.moved(state, account, HouseAccount.BANK, -amount)
    say(state, EventKind.CASH, account, -amount, account.cash, command)


def release_cash(state: State, command: Any) -> None:
    account, amount = taken_out(state, command)
    say(state, EventKind.CASH_RELEASED, account, amount, account.hold(), command)


def check_number(number: int) -> None:
    if number < 1:
        raise bad_value(1, 1, number)


def taken_out(state: State, command: Any) -> tuple[Account, int]:
    """The account and the amount of a withdrawal that holds nothing from now on."""
    account, number = account_of(state, command), command.value1
    check_number(number)
    if number not in account.withdrawals:
        raise bad_value(1, 0, number)
    return account, account.withdrawals.pop(number).amount


def say(state: State, kind: int, account: Account, amount: int, after: int, command: Any) -> None:
    state.output.amount_event(kind, account, amount, after, qty=command.request, order_id=as_u64(command.value1))


def rows(state: State) -> bytes:
    """WithdrawalRow of each, by account and number."""
    return b"".join(
        WITHDRAWAL_ROW.pack(account=account.number, number=number, amount=one.amount, ts_ns=one.ts_ns)
        for account in state.accounts_ascending()
        for number, one in sorted(account.withdrawals.items())
    )
