"""Guards of orders: cancel on disconnect, dead-man timers (docs/disconnect.md)."""

from __future__ import annotations

from typing import Any, NamedTuple

from openbell import wire
from openbell.wire import ArmFlag, CancelReason, Check, EventKind, TimeInForce

from tests.reference.matching import cancel
from tests.reference.output import Failure
from tests.reference.records import TIMER_ROW
from tests.reference.refusals import bad_value, in_range, refuse
from tests.reference.state import State

SECOND_NS = 1_000_000_000
LEAST_NS, MOST_NS = SECOND_NS, 3600 * SECOND_NS
MOST_GUARDS = 1 << 20
LAST_NS = (1 << 63) - 1
ALL_FLAGS = 15
KEPT = {
    ArmFlag.KEEP_GTC: (TimeInForce.GTC, TimeInForce.GTD),
    ArmFlag.KEEP_AUCTION: (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION),
}


class Guard(NamedTuple):
    """What was armed; deadline_ns 0: no timer."""

    flags: int
    deadline_ns: int


def arm(state: State, command: Any) -> None:
    whole = command.flags & ArmFlag.OF_ACCOUNT
    key = (command.account, 0 if whole else command.session)
    allowed = ALL_FLAGS - (ArmFlag.ON_DISCONNECT if whole else 0)
    guards = command.price != 0 or command.flags & ArmFlag.ON_DISCONNECT
    full = len(state.guards) >= state.guard_capacity
    failure = None
    if command.account not in state.accounts:
        failure = Failure(Check.ACCOUNT, 0, command.account)
    elif command.flags & ~allowed:
        failure = Failure(Check.FLAGS, allowed, command.flags)
    elif command.price != 0 and not LEAST_NS <= command.price <= MOST_NS:
        failure = Failure(Check.TIMEOUT, LEAST_NS if command.price < LEAST_NS else MOST_NS, command.price)
    elif guards and key not in state.guards and full:
        failure = Failure(Check.TIMER_CAPACITY, state.guard_capacity, state.guard_capacity + 1)
    if failure is not None:
        refuse(state, EventKind.ARM_REJECTED, failure, command)
        return
    deadline_ns = min(LAST_NS, state.output.ts_ns + command.price) if command.price else 0
    state.guards.pop(key, None)
    if guards:
        state.guards[key] = Guard(command.flags, deadline_ns)
    state.output.event(
        EventKind.ARMED,
        state.accounts[command.account],
        reason=command.flags,
        qty=key[1],
        client_order_id=command.client_order_id,
        price=deadline_ns,
    )


def disconnect(state: State, command: Any) -> None:
    key = (command.account, command.session)
    guard = state.guards.pop(key, None)
    if guard is not None:
        act(state, key, guard._replace(deadline_ns=0), CancelReason.DISCONNECT)


def lapse(state: State, ts_ns: int) -> None:
    """Of a TICK."""
    due = [(guard.deadline_ns, key) for key, guard in state.guards.items() if 0 < guard.deadline_ns <= ts_ns]
    for _, key in sorted(due):
        guard = state.guards.pop(key)
        if guard.flags & ArmFlag.ON_DISCONNECT:
            state.guards[key] = guard._replace(deadline_ns=0)
        act(state, key, guard, CancelReason.DEAD_MAN)


def act(state: State, key: tuple[int, int], guard: Guard, reason: CancelReason) -> None:
    """Cancel its orders, and say how many they were."""
    account, session = state.accounts[key[0]], key[1]
    kept = [tif for flag, tifs in KEPT.items() if guard.flags & flag for tif in tifs]
    chosen = [
        order
        for order in reversed(account.orders)
        if (guard.flags & ArmFlag.OF_ACCOUNT or order.session == session) and order.tif not in kept
    ]
    for order in chosen:
        cancel(state, order, reason)
    state.output.event(
        EventKind.MASS_CANCELED,
        account,
        side=wire.SIDE_BOTH,
        reason=reason,
        instrument=wire.ANY,
        qty=len(chosen),
        price=guard.deadline_ns,
        leaves=session,
    )


def set_timers(state: State, command: Any) -> None:
    in_range(0, command.value0, 0, MOST_GUARDS)
    if command.value0 < state.guard_capacity:
        raise bad_value(0, state.guard_capacity, command.value0)
    state.guard_capacity = command.value0
    state.output.event(EventKind.TIMERS_SET, qty=command.request, price=command.value0)


def rows(state: State) -> bytes:
    """TimerRow of each guard, by account and session."""
    return b"".join(
        TIMER_ROW.pack(deadline_ns=guard.deadline_ns, account=account, session=session, flags=guard.flags)
        for (account, session), guard in sorted(state.guards.items())
    )
