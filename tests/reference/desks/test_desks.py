"""Desks in trees, members, states in force, kill switches. docs/desks.md, "Desks"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountState, AdminFlag, CancelReason, Check, EventKind, Role, Side

from tests.reference import commands as ask
from tests.reference.desk import AnyMarket, Desk
from tests.reference.desks.worked import TEN, told, with_desks

ACTIVE, BLOCKED, REDUCE_ONLY, CLOSE_ONLY = AccountState


def name_of(row: Any) -> bytes:
    name: bytes = row.name.rstrip(b"\0")
    return name


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return with_desks(market)


def test_a_desk_is_made_and_moves(desk: Desk) -> None:
    event = desk.one(ask.desk(7, 5, request=77))
    assert (event.kind, event.account, event.price, event.qty) == (EventKind.DESK_SET, 7, 5, 77)
    assert event.account_seq == 0
    row = desk.desk(7)
    assert (row.parent, row.state, row.in_force, row.accounts, name_of(row)) == (5, ACTIVE, ACTIVE, 0, b"desk 7")
    desk.do(ask.desk(7, name=b""))
    assert (desk.desk(7).parent, name_of(desk.desk(7))) == (0, b"desk 7")
    desk.do(ask.desk(7, 1, name=b"other"))
    assert (desk.desk(7).parent, name_of(desk.desk(7))) == (1, b"other")


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (ask.desk(0), "CAPACITY 0: 8 0 0"),
        (ask.desk(9), "CAPACITY 0: 8 9 0"),
        (ask.desk(6, 7), "VALUE 0: 0 7 0"),
        (ask.desk(6, -1), "VALUE 0: 0 -1 0"),
        (ask.desk(6, (1 << 32) + 1), f"VALUE 0: 0 {(1 << 32) + 1} 0"),
        (ask.desk(2, 2), "VALUE 0: 0 2 0"),
        (ask.desk(2, 4), "VALUE 0: 0 4 0"),
        (ask.desk(6, 4), "VALUE 0: 4 5 0"),
        (ask.desk(6, name=b""), "NAME 0: 0 6 0"),
        (ask.desk(6, name=b"desk 3"), "NAME 0: 3 6 0"),
        (ask.desk(5, name=b"desk 3"), "NAME 0: 3 5 0"),
    ],
)
def test_what_no_desk_can_be(desk: Desk, command: ask.Command, refused: str) -> None:
    before = desk.market.desks()
    assert told(desk.do(command)) == [refused]
    assert desk.market.desks() == before


def test_a_chain_is_counted_above_and_below(desk: Desk) -> None:
    """6 with 7 below it: under 3 it would be 1, 2, 3, 6, 7."""
    desk.do(ask.desk(6), ask.desk(7, 6))
    event = desk.one(ask.desk(6, 3))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 1, 4, 5)
    assert told(desk.do(ask.desk(6, 2))) == ["DESK_SET 6"]


def test_names_of_desks_are_none_of_accounts(desk: Desk) -> None:
    assert told(desk.do(ask.desk(6, name=b"account 0"))) == ["DESK_SET 6"]


def test_members(desk: Desk) -> None:
    event = desk.one(ask.member(3, 5, request=9))
    assert (event.kind, event.account, event.price, event.qty) == (EventKind.MEMBER_SET, 3, 5, 9)
    assert event.account_seq > 0
    assert [(row.account, row.desk) for row in desk.members()] == [(0, 4), (1, 3), (2, 5), (3, 5)]
    desk.do(ask.member(0, 0))
    assert [row.account for row in desk.members()] == [1, 2, 3]
    assert told(desk.do(ask.member(7, 1))) == ["ACCOUNT 0: 0 7 0"]
    assert told(desk.do(ask.member(0, 6))) == ["VALUE 0: 0 6 0"]
    assert told(desk.do(ask.member(0, -1))) == ["VALUE 0: 0 -1 0"]


def test_what_a_member_is_counts_above_it(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, TEN, 5), ask.sell(3, 1, TEN, 2))
    desk.do(ask.member(3, 5))
    rows = map(desk.desk, range(1, 6))
    assert [(row.gross, row.open_orders, row.watched, row.accounts) for row in rows] == [
        (70_000_000, 1, 4, 0),
        (50_000_000, 1, 2, 0),
        (50_000_000, 1, 2, 1),
        (50_000_000, 1, 1, 1),
        (20_000_000, 0, 2, 2),
    ]
    firm = desk.desk(1)
    assert (firm.net_buy, firm.net_sell, firm.open_notional) == (30_000_000, 0, 30_000_000)
    assert (firm.equity, firm.loss) == (4 * 10**13, 0)
    desk.do(ask.desk(5))
    assert desk.desk(1).gross == 50_000_000
    desk.do(ask.account_risk(0, wire.RiskType.NONE))
    assert (desk.desk(1).gross, desk.desk(1).watched, desk.desk(4).accounts) == (0, 1, 1)


def in_force(desk: Desk) -> list[int]:
    """Of accounts 0 to 2."""
    return [row.in_force for row in desk.members()]


def test_the_strictest_state_is_in_force(desk: Desk) -> None:
    desk.do(ask.account_state(0, REDUCE_ONLY), ask.desk_state(3, CLOSE_ONLY))
    assert in_force(desk) == [CLOSE_ONLY, CLOSE_ONLY, ACTIVE]
    desk.do(ask.desk_state(1, BLOCKED))
    assert in_force(desk) == [BLOCKED] * 3
    assert desk.desk(4).in_force == BLOCKED and desk.desk(4).state == ACTIVE
    assert desk.account(0).state == REDUCE_ONLY
    desk.do(ask.desk_state(1, ACTIVE), ask.desk_state(3, ACTIVE))
    assert in_force(desk) == [REDUCE_ONLY, ACTIVE, ACTIVE]


def test_states_that_change_are_told(desk: Desk) -> None:
    """Of accounts whose state in force is another one, by id, right after the event of the desk."""
    desk.do(ask.account_state(1, BLOCKED))
    events = desk.do(ask.desk_state(2, BLOCKED, request=7))
    assert told(events) == ["DESK_STATE 2", "ACCOUNT_STATE 0"]
    assert (events[0].reason, events[0].qty, events[0].account_seq) == (BLOCKED, 7, 0)
    assert (events[1].reason, events[1].flags, events[1].qty) == (ACTIVE, BLOCKED, 7)
    events = desk.do(ask.desk(5, 2, request=8))
    assert told(events) == ["DESK_SET 5", "ACCOUNT_STATE 2"]
    assert (events[1].reason, events[1].flags, events[1].qty) == (ACTIVE, BLOCKED, 8)
    events = desk.do(ask.member(0, 0, request=9))
    assert told(events) == ["MEMBER_SET 0", "ACCOUNT_STATE 0"]
    assert (events[1].reason, events[1].flags, events[1].qty) == (ACTIVE, ACTIVE, 9)
    assert told(desk.do(ask.member(1, 0))) == ["MEMBER_SET 1"]


def test_an_account_says_both_states(desk: Desk) -> None:
    desk.do(ask.desk_state(4, BLOCKED))
    event = desk.one(ask.account_state(0, ACTIVE))
    assert (event.reason, event.flags) == (ACTIVE, BLOCKED)
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == ["ACCOUNT_STATE 0: 0 1 0"]
    event = desk.do(ask.account_state(0, CLOSE_ONLY))[0]
    assert (event.reason, event.flags) == (CLOSE_ONLY, BLOCKED)


def test_checks_know_the_state_in_force(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), ask.sell(0, 1, TEN, 2), ask.desk_state(1, REDUCE_ONLY))
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["ACCOUNT_STATE 0: 0 1 0"]
    assert told(desk.do(ask.sell(0, 3, TEN, 3))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.replace(0, 1, TEN, 3))) == ["ACCOUNT_STATE 0: 2 3 2"]
    child = ask.special(0, 4, Side.SELL, 1, price=TEN, role=Role.CHILD)
    assert told(desk.do(child)) == ["ACCOUNT_STATE 0: 0 2 0"]
    desk.do(ask.account_state(0, BLOCKED))
    assert told(desk.do(ask.sell(0, 5, TEN, 1))) == ["ACCOUNT_STATE 0: 0 1 0"]


def test_a_kill_switch_cancels_all_below(desk: Desk) -> None:
    """Accounts by id, of each the newest first; then how many."""
    desk.do(ask.buy(1, 1, TEN - 1, 5), ask.buy(0, 1, TEN - 1, 6), ask.sell(0, 2, TEN, 7), ask.buy(2, 1, TEN - 1, 8))
    events = desk.do(ask.desk_state(2, BLOCKED, flags=AdminFlag.CANCEL_ORDERS, request=5))
    kinds = [(event.kind, event.account, event.client_order_id, event.qty) for event in events]
    assert kinds == [
        (EventKind.DESK_STATE, 2, 0, 5),
        (EventKind.ACCOUNT_STATE, 0, 0, 5),
        (EventKind.ACCOUNT_STATE, 1, 0, 5),
        (EventKind.CANCELED, 0, 2, 7),
        (EventKind.CANCELED, 0, 1, 6),
        (EventKind.CANCELED, 1, 1, 5),
        (EventKind.MASS_CANCELED, wire.ANY, 0, 3),
    ]
    last = events[-1]
    assert (last.instrument, last.side, last.leaves, last.account_seq) == (wire.ANY, 2, 5, 0)
    assert {event.reason for event in events[3:6]} == {CancelReason.ACCOUNT_BLOCKED}
    assert [row.account for row in desk.orders()] == [2]


def test_close_only_cancels_what_could_open(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 10), ask.sell(0, 1, TEN, 6), ask.sell(0, 2, TEN, 7), ask.buy(1, 1, TEN - 1, 5))
    events = desk.do(ask.desk_state(1, CLOSE_ONLY))
    assert [(e.account, e.client_order_id) for e in events if e.kind == EventKind.CANCELED] == [(0, 2), (1, 1)]
    assert (events[-1].kind, events[-1].qty) == (EventKind.MASS_CANCELED, 2)
    again = desk.do(ask.desk_state(1, CLOSE_ONLY))
    assert [(event.kind, event.qty) for event in again[1:]] == [(EventKind.MASS_CANCELED, 0)]


def test_other_states_cancel_nothing(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, TEN, 5))
    for state in (BLOCKED, REDUCE_ONLY, ACTIVE):
        kinds = {event.kind for event in desk.do(ask.desk_state(1, state, flags=2))}
        assert kinds == {EventKind.DESK_STATE, EventKind.ACCOUNT_STATE}
    assert len(desk.orders()) == 1


def test_a_desk_that_there_is_not_and_a_state_that_there_is_not(desk: Desk) -> None:
    assert told(desk.do(ask.desk_state(6, 0))) == ["ACCOUNT 0: 0 6 0"]
    assert told(desk.do(ask.desk_state(1, 4))) == ["VALUE 0: 3 4 0"]


def test_there_are_never_fewer_desks_than_before(desk: Desk) -> None:
    for value, limit in ((7, 8), (-1, 0), (65_536, 65_535)):
        event = desk.one(ask.risk(1000, desks=value, limited=8))
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 3, limit, value)
    for value, limit in ((7, 8), (-1, 0), ((1 << 24) + 1, 1 << 24)):
        event = desk.one(ask.risk(1000, desks=8, limited=value))
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 4, limit, value)
    assert told(desk.do(ask.risk(desks=65_535, limited=1 << 24), ask.desk(65_535))) == ["RISK_SET 0", "DESK_SET 65535"]
