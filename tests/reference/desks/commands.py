"""What operators do with desks: make and move them, put accounts into them, stop all below one. docs/desks.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import AccountState, AdminFlag, CancelReason, Check, EventKind

from tests.reference import closing
from tests.reference.desks import tree
from tests.reference.desks.tree import Desk
from tests.reference.orders import cancel_of_account, mass_canceled
from tests.reference.refusals import Refused, account_of, bad_value, checked_name, desk_of, in_range
from tests.reference.state import State

PARENT, CHAIN = 0, 1  # indices in refusals


def set_desk(state: State, command: Any) -> None:
    number, parent = command.account, command.value0
    if not 1 <= number <= state.desk_capacity:
        raise Refused(Check.CAPACITY, state.desk_capacity, number)
    if parent and parent not in state.desks:
        raise bad_value(PARENT, 0, parent)
    uppers = tree.from_on(state, parent)
    if parent == number or any(desk.number == number for desk in uppers):
        raise bad_value(PARENT, 0, parent)
    chain = len(uppers) + tree.height(state, number)
    if chain > tree.MOST_ABOVE:
        raise bad_value(CHAIN, tree.MOST_ABOVE, chain)
    present = state.desks.get(number)
    names = {desk.number: desk.name for desk in state.desks.values()}
    name = checked_name(command, number, present.name if present else None, names)
    before = tree.all_in_force(state)
    desk = state.desks.setdefault(number, Desk(number))
    desk.name, desk.parent = name, parent
    state.output.event(EventKind.DESK_SET, account=number, price=parent, qty=command.request)
    tell_states(state, before, command)


def set_member(state: State, command: Any) -> None:
    account, number = account_of(state, command), command.value0
    if number and number not in state.desks:
        raise bad_value(0, 0, number)
    before = tree.all_in_force(state)
    account.desk = number
    state.output.event(EventKind.MEMBER_SET, account, price=number, qty=command.request)
    tell_states(state, before, command)


def set_desk_state(state: State, command: Any) -> None:
    desk = desk_of(state, command)
    in_range(0, command.state, 0, AccountState.CLOSE_ONLY)
    before = tree.all_in_force(state)
    desk.state = command.state
    state.output.event(EventKind.DESK_STATE, account=desk.number, reason=desk.state, qty=command.request)
    tell_states(state, before, command)
    members = tree.below(state, desk)
    if command.flags & AdminFlag.CANCEL_ORDERS:
        reason = CancelReason.ACCOUNT_BLOCKED
        number = sum(cancel_of_account(state, each, wire.ANY, wire.SIDE_BOTH, reason) for each in members)
    elif command.state == AccountState.CLOSE_ONLY:
        number = sum(closing.cancel_what_could_open(state, each) for each in members)
    else:
        return
    mass_canceled(state, command, wire.ANY, wire.ANY, number)


def tell_states(state: State, before: dict[int, int], command: Any) -> None:
    """Of accounts for which another state is in force than before, by id."""
    for account in state.accounts_ascending():
        now = tree.in_force(state, account)
        if now != before[account.number]:
            state.output.event(EventKind.ACCOUNT_STATE, account, reason=account.state, flags=now, qty=command.request)
