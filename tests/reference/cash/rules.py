"""Who is held to which rule, and what a SETTLE changes. docs/cash.md, "Who is held to it", "SETTLE"."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import CashRule, RiskType

from tests.reference.accounts import Account
from tests.reference.cash import trades, violations
from tests.reference.cash.kept import OWED, TODAY, Ruled, Unpaid
from tests.reference.refusals import bad_value, in_range
from tests.reference.state import CashSettings, State

RULE, FLAGS = 3, 4  # indices in refusals of SET_ACCOUNT_RISK
MOST_VIOLATIONS = 8
MOST_DAYS = 3660
SETTINGS = ((5, MOST_VIOLATIONS), (6, MOST_DAYS), (7, MOST_DAYS))  # index and most of SET_RISK


def settings(command: Any) -> CashSettings:
    """Of a SET_RISK, checked."""
    values = [getattr(command, f"value{index}") for index, _ in SETTINGS]
    for value, (index, most) in zip(values, SETTINGS, strict=True):
        in_range(index, value, 0, most)
    return CashSettings(*values)


def check(account: Account, command: Any) -> None:
    """SET_ACCOUNT_RISK value1."""
    rule = command.value1
    in_range(RULE, rule, CashRule.NONE, max(CashRule))
    if rule != CashRule.NONE and command.state != RiskType.CASH:
        raise bad_value(RULE, CashRule.NONE, rule)
    if rule != CashRule.NONE and account.flags:
        raise bad_value(FLAGS, 0, account.flags)


def change(state: State, account: Account, rule: int) -> None:
    if rule == CashRule.NONE:
        account.ruled = None
        for position in account.positions.values():
            position.unpaid = Unpaid()
    elif account.ruled is not None:
        account.ruled.rule = rule
    else:
        account.ruled = Ruled(rule)
        for step, amount in (*enumerate(account.due, 1), (TODAY, account.today)):
            trades.add_proceeds(account, step, max(0, amount))


def account_settled(state: State, account: Account, today: int, days: int) -> None:
    """After its SETTLED."""
    if account.ruled is None:
        return
    account.ruled.proceeds = nearer(account.ruled.proceeds, days, wire.MAX_CASH)
    violations.date(state, account, today)


def nearer(amounts: Any, days: int, most: int) -> Any:
    """By step, a SETTLE later: what was of today is of `days`."""
    moved = type(amounts)({step: amounts[step + 1] for step in range(1, TODAY - 1)})
    if days:
        moved[days] = min(most, moved[days] + amounts[TODAY])
    moved[OWED] = amounts[OWED]
    return moved


def positions_settled(state: State, days: int) -> None:
    """When all accounts are done."""
    for position in state.positions:
        account, unpaid = state.accounts[position.account], position.unpaid
        if account.ruled is None:
            continue
        unpaid.lots = nearer(unpaid.lots, days, 1 << 64)
        unpaid.money = nearer(unpaid.money, days, wire.MAX_CASH)
        unpaid.told = set()
        if trades.funds(account) >= 0:
            unpaid.pay(OWED)
