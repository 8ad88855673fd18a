"""Desks in trees: who is above and who is below, and which state is in force. docs/desks.md, "Desks"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from openbell.wire import AccountState

from tests.reference.accounts import Account, Bounds, MessageRate

if TYPE_CHECKING:
    from tests.reference.state import State

MOST_ABOVE = 4  # desks above an account
STRICTEST_FIRST = (AccountState.BLOCKED, AccountState.CLOSE_ONLY, AccountState.REDUCE_ONLY, AccountState.ACTIVE)


@dataclass
class Desk:
    """A set of accounts and of other desks; both say themselves what they are in."""

    number: int
    name: bytes = b""
    parent: int = 0  # 0: it is a firm
    state: int = AccountState.ACTIVE
    limits: dict[int, Bounds] = field(default_factory=dict)  # by Limit
    rate: MessageRate = field(default_factory=MessageRate)
    is_losing: bool = False  # more than its soft limit says, after the last command


def from_on(state: State, number: int) -> list[Desk]:
    """The desk of this number and all above it, up to the firm. 0: none."""
    found = []
    while number:
        found.append(state.desks[number])
        number = found[-1].parent
    return found


def above(state: State, account: Account) -> list[Desk]:
    return from_on(state, account.desk)


def below(state: State, desk: Desk) -> list[Account]:
    """All accounts below a desk, by id."""
    return [account for account in state.accounts_ascending() if desk in above(state, account)]


def height(state: State, number: int) -> int:
    """Desks from this one down to the lowest below it, itself counted. Its number may be one to come."""
    return 1 + max((height(state, each.number) for each in state.desks.values() if each.parent == number), default=0)


def in_force(state: State, account: Account) -> int:
    """The strictest of its own state and of those above it."""
    states = {account.state, *(desk.state for desk in above(state, account))}
    return next(each for each in STRICTEST_FIRST if each in states)


def all_in_force(state: State) -> dict[int, int]:
    """Of every account, by id."""
    return {account.number: in_force(state, account) for account in state.accounts_ascending()}
