"""Accounts that may only make their positions smaller. docs/risk.md, "States of accounts"."""

from __future__ import annotations

from openbell.wire import AccountState, CancelReason, Place

from tests.reference import matching
from tests.reference.accounts import Account
from tests.reference.books import SELL, Order
from tests.reference.desks import tree
from tests.reference.state import State


def only_reduces(state: State, account: Account) -> bool:
    return tree.in_force(state, account) in (AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY)


def may_ask(state: State, account: Account, is_child: bool) -> bool:
    """Whether check 11 lets an order or a REPLACE through."""
    if only_reduces(state, account):
        return not is_child
    return tree.in_force(state, account) == AccountState.ACTIVE


def could_open(order: Order) -> bool:
    """Whether an order that is live may make its account's position larger, or open one."""
    if order.place == Place.WAIT:
        return True
    number = order.instrument.number
    held = order.account.positions[number].qty
    others = order.account.open_qty(number, order.side) - order.leaves
    return order.leaves > (held if order.side == SELL else -held) - others


def cancel_what_could_open(state: State, account: Account) -> int:
    """Newest accepted first, each as it is at its turn; their number."""
    number = 0
    for order in reversed(list(account.orders)):
        if could_open(order):
            matching.cancel(state, order, CancelReason.ACCOUNT_BLOCKED)
            number += 1
    return number
