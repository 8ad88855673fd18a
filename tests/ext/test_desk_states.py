"""How all of a desk is stopped: states of desks, which of them is in force, and what they cancel."""

from __future__ import annotations

from openbell import wire
from openbell.wire import AccountState, AdminFlag, CancelReason, CommandKind, EventKind, RiskType

from tests.ext.desked import DESK, FIRM, OTHER, join, kinds, market, put, refused, set_desk, states
from tests.ext.market import A, B, C, plain
from tests.ext.risky import DOLLAR, watch


def test_a_desk_that_is_blocked_blocks_all_below_it_and_cancels_in_one_command() -> None:
    m = market()
    for account in (A, B, C):
        m.buy(account, 90 * DOLLAR, 1)
        m.buy(account, 89 * DOLLAR, 1)
    watch(m, B, RiskType.NONE)  # who is not watched is stopped, too
    events = put(m, FIRM, AccountState.BLOCKED, AdminFlag.CANCEL_ORDERS)
    assert kinds(events) == [EventKind.DESK_STATE, *[EventKind.ACCOUNT_STATE] * 2, *[EventKind.CANCELED] * 4,
                             EventKind.MASS_CANCELED]  # fmt: skip
    assert (events[0].account, events[0].reason, events[0].account_seq) == (FIRM, AccountState.BLOCKED, 0)
    assert states(events) == [(A, 0, AccountState.BLOCKED), (B, 0, AccountState.BLOCKED)]
    canceled = events[3:7]
    assert [(e.account, e.price, e.reason) for e in canceled] == [
        (account, price * DOLLAR, CancelReason.ACCOUNT_BLOCKED) for account in (A, B) for price in (89, 90)
    ]
    last = events[-1]
    assert (last.account, last.instrument, last.side, last.qty, last.account_seq) == (wire.ANY, wire.ANY, 2, 4, 0)
    assert refused(m.buy(A, 90 * DOLLAR, 1)) == ("ACCOUNT_STATE", 0, AccountState.BLOCKED, 0, 0)
    assert m.buy(C, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert m.account(A).state == AccountState.ACTIVE
    (event,) = m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.ACTIVE)
    assert (event.reason, event.flags) == (AccountState.ACTIVE, AccountState.BLOCKED)
    assert refused(m.buy(A, 90 * DOLLAR, 1))[0] == "ACCOUNT_STATE"
    events = put(m, FIRM, AccountState.ACTIVE)
    assert states(events) == [(A, 0, 0), (B, 0, 0)]
    assert m.buy(A, 90 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert refused(put(m, OTHER, 0)) == ("ACCOUNT", 0, OTHER, 0, 0)
    assert refused(put(m, FIRM, 4))[:3] == ("VALUE", AccountState.CLOSE_ONLY, 4)


def test_the_strictest_state_is_in_force() -> None:
    m = market()
    set_desk(m, OTHER, b"other")
    put(m, FIRM, AccountState.REDUCE_ONLY)
    assert states(put(m, DESK, AccountState.CLOSE_ONLY)) == [(A, 0, 3), (B, 0, 3)]
    m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.BLOCKED)
    assert states(put(m, FIRM, AccountState.BLOCKED)) == [(B, 0, 1)]
    assert states(set_desk(m, DESK, b"", OTHER)) == [(B, 0, 3)]
    assert states(join(m, B, 0)) == [(B, 0, 0)]
    assert states(join(m, B, FIRM)) == [(B, 0, 1)]
    assert states(join(m, A, FIRM)) == []
    assert [(d.desk, d.state, d.in_force) for d in plain(m.core.desks(), wire.DESK_ROW)] == [
        (FIRM, 1, 1), (DESK, 3, 3), (OTHER, 0, 0),
    ]  # fmt: skip


def test_close_only_cancels_what_could_open() -> None:
    m = market()
    m.sell(C, 100 * DOLLAR, 10)
    m.buy(A, 100 * DOLLAR, 10)
    m.sell(A, 120 * DOLLAR, 10)
    m.buy(A, 90 * DOLLAR, 1)
    events = put(m, FIRM, AccountState.CLOSE_ONLY)
    assert [(e.account, e.price) for e in events if e.kind == EventKind.CANCELED] == [(A, 90 * DOLLAR)]
    assert (events[-1].kind, events[-1].qty) == (EventKind.MASS_CANCELED, 1)
    events = put(m, FIRM, AccountState.CLOSE_ONLY)
    assert kinds(events) == [EventKind.DESK_STATE, EventKind.MASS_CANCELED]
    assert kinds(put(m, FIRM, AccountState.REDUCE_ONLY)) == [EventKind.DESK_STATE, *[EventKind.ACCOUNT_STATE] * 2]
