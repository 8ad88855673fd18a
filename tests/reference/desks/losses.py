"""What is lost since the day last ended, and warnings of it. docs/desks.md, "base" and "Soft limits"."""

from __future__ import annotations

from typing import Any

from openbell.wire import CommandKind, Limit

from tests.reference import worth
from tests.reference.accounts import Account, Bounds
from tests.reference.desks import limits, measures
from tests.reference.desks.tree import Desk
from tests.reference.state import State, Warned

# What these change an account's equity by was neither lost nor gained.
BROUGHT_BY = frozenset(
    (
        CommandKind.DEPOSIT,
        CommandKind.DEPOSIT_SHARES,
        CommandKind.CHARGE,
        CommandKind.HOLD_CASH,
        CommandKind.POST_CASH,
        CommandKind.RELEASE_CASH,
    )
)


def equity(state: State, account: Account) -> int:
    return worth.held(state, account)[0]


def begin(state: State, account: Account) -> None:
    """From now on."""
    account.base = equity(state, account)


def equity_before(state: State, command: Any) -> int:
    """Of the account of an AdminCommand that may bring or take something."""
    account = state.accounts.get(command.account) if command.kind in BROUGHT_BY else None
    return equity(state, account) if account else 0


def bring(state: State, command: Any, before: int) -> None:
    """After the command."""
    account = state.accounts.get(command.account) if command.kind in BROUGHT_BY else None
    if account is not None:
        account.base += equity(state, account) - before


def end_day(state: State) -> None:
    for account in state.accounts.values():
        begin(state, account)


def tell(state: State) -> None:
    """At the end of each command: of accounts, then of desks, that lost more than before and than a soft limit says."""
    desks = [state.desks[number] for number in sorted(state.desks)]
    for holder in (*state.accounts_ascending(), *desks):
        soft = holder.limits.get(Limit.DAY_LOSS, Bounds()).soft
        lost = max(0, measures.loss(state, holder)) if soft else 0
        before, holder.is_losing = holder.is_losing, soft > 0 and lost > soft
        if holder.is_losing and not before:
            is_desk = isinstance(holder, Desk)
            warned = Warned(Limit.DAY_LOSS, int(is_desk), soft, lost, limits.number_of(holder))
            limits.warn(state, None if isinstance(holder, Desk) else holder, warned)
