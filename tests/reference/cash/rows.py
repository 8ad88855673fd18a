"""CashRow, UnpaidRow, ViolationRow. docs/cash.md, "Rows"."""

from __future__ import annotations

from tests.reference.cash import trades
from tests.reference.cash.kept import OF_PROCEEDS, OWED, STEPS, TODAY
from tests.reference.records import CASH_ROW, UNPAID_ROW, VIOLATION_ROW
from tests.reference.state import State

NAMES = {TODAY: "_today", OWED: "_owed"}


def name(what: str, step: int) -> str:
    return what + NAMES.get(step, str(step))


def cash(state: State) -> bytes:
    """Of each account with a rule, by id."""
    return b"".join(
        CASH_ROW.pack(
            account=account.number,
            rule=ruled.rule,
            restricted=ruled.is_restricted,
            violations=len(ruled.violations),
            since=ruled.since,
            funds=trades.funds(account),
            **{name("unused", step): ruled.proceeds[step] for step in OF_PROCEEDS},
        )
        for account in state.accounts_ascending()
        if (ruled := account.ruled) is not None
    )


def unpaid(state: State) -> bytes:
    """Of each position with unpaid lots, in the order in which they were created."""
    return b"".join(
        UNPAID_ROW.pack(
            account=position.account,
            instrument=position.instrument,
            **{name("lots", step): position.unpaid.lots[step] for step in STEPS},
            **{name("money", step): position.unpaid.money[step] for step in STEPS},
        )
        for position in state.positions
        if position.unpaid.all_lots()
    )


def violations(state: State) -> bytes:
    """By account, oldest first."""
    return b"".join(
        VIOLATION_ROW.pack(
            account=account.number,
            number=violation.number,
            instrument=violation.instrument,
            date=violation.date,
            kind=violation.kind,
        )
        for account in state.accounts_ascending()
        if account.ruled is not None
        for violation in account.ruled.violations
    )
