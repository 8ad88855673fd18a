"""Cancel on disconnect and dead-man timers, worked through by hand. docs/disconnect.md."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import ArmFlag, CancelReason, Check, EventKind, InstrumentState, OrderFlag, OrderType, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import opened, said
from tests.reference.desk import START_NS, Desk
from tests.reference.records import TIMER_ROW

SECOND_NS = 1_000_000_000
OF_ACCOUNT, ON_DISCONNECT = ArmFlag.OF_ACCOUNT, ArmFlag.ON_DISCONNECT


@pytest.fixture
def desk(market: Any) -> Desk:
    desk = opened(market)
    desk.do(ask.timers(3))
    return desk


def guards(desk: Desk) -> list[tuple[int, int, int, int]]:
    """Account, session, flags, time left (ns; 0: no timer)."""
    rows = TIMER_ROW.rows(desk.market.timers())
    return [(r.account, r.session, r.flags, r.deadline_ns and r.deadline_ns - desk.ts_ns) for r in rows]


def place(desk: Desk, account: int, number: int, session: int = 1, **fields: Any) -> None:
    desk.do(ask.buy(account, number, 100 - number, 1, session=session, **fields))


def test_what_is_armed_is_answered_and_listed(desk: Desk) -> None:
    event = desk.one(ask.arm(1, 2 * SECOND_NS, OF_ACCOUNT, session=7, client_order_id=99), after_ns=5)
    assert (event.kind, event.account, event.reason, event.qty) == (EventKind.ARMED, 1, OF_ACCOUNT, 0)
    assert (event.client_order_id, event.price) == (99, desk.ts_ns + 2 * SECOND_NS)
    assert event.account_seq == 3
    event = desk.one(ask.arm(1, 0, ON_DISCONNECT, session=7))
    assert (event.reason, event.qty, event.price) == (ON_DISCONNECT, 7, 0)
    assert guards(desk) == [(1, 0, OF_ACCOUNT, 2 * SECOND_NS), (1, 7, ON_DISCONNECT, 0)]
    assert desk.market.timer_ns == desk.ts_ns + 2 * SECOND_NS
    event = desk.one(ask.arm(1, 0, OF_ACCOUNT, session=8), after_ns=1)
    assert (event.kind, event.price) == (EventKind.ARMED, 0)
    assert guards(desk) == [(1, 7, ON_DISCONNECT, 0)]
    assert desk.market.timer_ns == 0


def test_a_timer_fires_with_the_tick_of_its_time(desk: Desk) -> None:
    place(desk, 1, 1)
    place(desk, 1, 2, session=2)
    place(desk, 2, 1)
    desk.do(ask.arm(1, SECOND_NS, OF_ACCOUNT))
    assert desk.do(ask.tick(), after_ns=SECOND_NS - 1) == []
    events = desk.do(ask.tick(), after_ns=1)
    assert said(events) == [
        "CANCELED 1 1@98 left 0 DEAD_MAN",
        "CANCELED 1 1@99 left 0 DEAD_MAN",
        f"MASS_CANCELED 1 2@{desk.ts_ns} left 0",
    ]
    mass = events[-1]
    assert (mass.reason, mass.side, mass.instrument) == (CancelReason.DEAD_MAN, wire.SIDE_BOTH, wire.ANY)
    assert guards(desk) == []
    assert [order.account for order in desk.orders()] == [2]


def test_only_a_tick_looks_at_the_time_and_renewing_counts_until_then(desk: Desk) -> None:
    place(desk, 1, 1)
    desk.do(ask.arm(1, SECOND_NS))
    desk.do(ask.arm(1, SECOND_NS), after_ns=3 * SECOND_NS)
    assert desk.do(ask.tick(), after_ns=SECOND_NS - 1) == []
    assert len(desk.do(ask.tick(), after_ns=1)) == 2


def test_of_several_the_order_is_time_account_session(desk: Desk) -> None:
    desk.do(ask.arm(2, 2 * SECOND_NS, session=5), ask.arm(1, SECOND_NS, session=9), ask.arm(2, SECOND_NS, session=4))
    events = desk.do(ask.tick(), after_ns=3 * SECOND_NS)
    assert [(event.account, event.leaves) for event in events] == [(1, 9), (2, 4), (2, 5)]


def test_of_a_session_only_what_it_entered(desk: Desk) -> None:
    place(desk, 1, 1, session=1)
    place(desk, 1, 2, session=2)
    desk.do(ask.arm(1, SECOND_NS, session=2))
    assert said(desk.do(ask.tick(), after_ns=SECOND_NS))[0] == "CANCELED 1 1@98 left 0 DEAD_MAN"
    assert [order.session for order in desk.orders()] == [1]


def test_a_session_that_ends(desk: Desk) -> None:
    place(desk, 1, 1, session=1)
    place(desk, 1, 2, session=2)
    place(desk, 2, 1, session=1)
    desk.do(ask.arm(1, 0, ON_DISCONNECT, session=1))
    assert desk.do(ask.disconnect(1, 2), ask.disconnect(2, 1), ask.disconnect(9, 1)) == []
    events = desk.do(ask.disconnect(1, 1))
    assert said(events) == ["CANCELED 1 1@99 left 0 DISCONNECT", "MASS_CANCELED 1 1@0 left 1"]
    assert events[-1].reason == CancelReason.DISCONNECT
    assert guards(desk) == []
    assert desk.do(ask.disconnect(1, 1)) == []


def test_a_timer_of_a_session_acts_when_that_ends(desk: Desk) -> None:
    place(desk, 1, 1)
    desk.do(ask.arm(1, 5 * SECOND_NS))
    assert [event.reason for event in desk.do(ask.disconnect(1))] == [CancelReason.DISCONNECT] * 2
    assert desk.do(ask.tick(), after_ns=9 * SECOND_NS) == []


def test_a_timer_of_an_account_outlives_its_session(desk: Desk) -> None:
    place(desk, 1, 1)
    desk.do(ask.arm(1, 5 * SECOND_NS, OF_ACCOUNT))
    assert desk.do(ask.disconnect(1)) == []
    assert guards(desk) == [(1, 0, OF_ACCOUNT, 5 * SECOND_NS)]


def test_with_both_a_lapse_leaves_the_rest(desk: Desk) -> None:
    place(desk, 1, 1)
    desk.do(ask.arm(1, SECOND_NS, ON_DISCONNECT))
    assert len(desk.do(ask.tick(), after_ns=SECOND_NS)) == 2
    assert guards(desk) == [(1, 1, ON_DISCONNECT, 0)]
    place(desk, 1, 2)
    assert said(desk.do(ask.disconnect(1)))[0] == "CANCELED 1 1@98 left 0 DISCONNECT"


def test_what_is_spared(desk: Desk) -> None:
    """One order of each time in force, the auction's in a call; and one in each place."""
    desk.do(ask.timers(9))
    desk.do(ask.call())
    for number, tif in enumerate((TimeInForce.DAY, TimeInForce.GTC, TimeInForce.AT_OPEN, TimeInForce.AUCTION), 1):
        place(desk, 1, number, tif=tif)
    place(desk, 1, 5, instrument=0, tif=TimeInForce.AT_CLOSE)
    desk.do(ask.special(1, 6, 0, 1, price=94, tif=TimeInForce.GTD, expire_ns=START_NS * 2, session=1))
    desk.do(ask.arm(1, 0, ON_DISCONNECT | ArmFlag.KEEP_GTC | ArmFlag.KEEP_AUCTION))
    events = desk.do(ask.disconnect(1))
    assert [event.client_order_id for event in events] == [1, 0]
    desk.do(ask.arm(1, 0, ON_DISCONNECT | ArmFlag.KEEP_GTC))
    assert [event.client_order_id for event in desk.do(ask.disconnect(1))] == [5, 4, 3, 0]
    desk.do(ask.arm(1, 0, ON_DISCONNECT | ArmFlag.KEEP_AUCTION))
    assert [event.client_order_id for event in desk.do(ask.disconnect(1))] == [6, 2, 0]
    assert desk.orders() == []


def test_orders_go_wherever_they_rest(desk: Desk) -> None:
    stop = {"order_type": OrderType.STOP, "stop_price": 500, "session": 1}
    desk.do(ask.special(1, 1, 0, 1, **stop))
    desk.do(ask.special(1, 2, 0, 1, price=90, flags=OrderFlag.HIDDEN, session=1))
    desk.do(ask.instrument_state(0, InstrumentState.HALTED))
    desk.do(ask.account_state(1, wire.AccountState.BLOCKED))
    desk.do(ask.arm(1, SECOND_NS))
    assert [event.reason for event in desk.do(ask.tick(), after_ns=SECOND_NS)] == [CancelReason.DEAD_MAN] * 3


def test_it_goes_before_expiry_and_the_end_of_the_day(desk: Desk) -> None:
    desk.do(ask.schedule(desk.ts_ns + SECOND_NS), ask.arm(1, SECOND_NS))
    desk.do(ask.special(2, 1, 0, 1, price=90, tif=TimeInForce.GTD, expire_ns=desk.ts_ns + SECOND_NS))
    place(desk, 1, 1, tif=TimeInForce.DAY)
    place(desk, 2, 2, tif=TimeInForce.DAY)
    events = desk.do(ask.tick(), after_ns=SECOND_NS)
    reasons = [event.reason for event in events if event.kind == EventKind.CANCELED]
    assert reasons == [CancelReason.DEAD_MAN, CancelReason.EXPIRED, CancelReason.DAY_END]


@pytest.mark.parametrize(
    ("fields", "check", "limit", "value"),
    [
        ({"account": 9, "timeout_ns": 1}, Check.ACCOUNT, 0, 9),
        ({"flags": 16, "timeout_ns": 1}, Check.FLAGS, 15, 16),
        ({"flags": 3}, Check.FLAGS, 13, 3),
        ({"timeout_ns": SECOND_NS - 1}, Check.TIMEOUT, SECOND_NS, SECOND_NS - 1),
        ({"timeout_ns": -1}, Check.TIMEOUT, SECOND_NS, -1),
        ({"timeout_ns": 3600 * SECOND_NS + 1}, Check.TIMEOUT, 3600 * SECOND_NS, 3600 * SECOND_NS + 1),
    ],
)
def test_refusals(desk: Desk, fields: dict[str, Any], check: Check, limit: int, value: int) -> None:
    desk.do(ask.arm(1, 5 * SECOND_NS))
    before = guards(desk)
    event = desk.one(ask.arm(**{"account": 1, "client_order_id": 4} | fields))
    assert (event.kind, event.check, event.limit, event.value) == (EventKind.ARM_REJECTED, check, limit, value)
    assert (event.client_order_id, event.headroom) == (4, 0)
    assert bool(event.account_seq) == (check != Check.ACCOUNT)
    assert guards(desk) == before


def test_a_full_table_refuses_new_ones_alone(desk: Desk) -> None:
    for session in (1, 2, 3):
        desk.do(ask.arm(1, SECOND_NS, session=session))
    event = desk.one(ask.arm(2, SECOND_NS, session=4))
    assert (event.check, event.limit, event.value) == (Check.TIMER_CAPACITY, 3, 4)
    assert desk.one(ask.arm(2, 0, session=4)).kind == EventKind.ARMED
    assert desk.one(ask.arm(1, 9 * SECOND_NS, session=2)).kind == EventKind.ARMED
    desk.do(ask.disconnect(1, 1))
    assert desk.one(ask.arm(2, SECOND_NS, session=4)).kind == EventKind.ARMED


def test_room_can_be_raised_and_not_lowered(desk: Desk) -> None:
    event = desk.one(ask.timers(2))
    assert (event.kind, event.check, event.limit, event.value) == (EventKind.ADMIN_REJECTED, Check.VALUE, 3, 2)
    assert desk.one(ask.timers((1 << 20) + 1)).limit == 1 << 20
    event = desk.one(ask.timers(4))
    assert (event.kind, event.price, event.qty) == (EventKind.TIMERS_SET, 4, 1)


def test_none_before_there_is_room(market: Any) -> None:
    event = opened(market).one(ask.arm(1, SECOND_NS))
    assert (event.check, event.limit, event.value) == (Check.TIMER_CAPACITY, 0, 1)


def test_time_does_not_run_over(market: Any) -> None:
    desk = Desk(market, ts_ns=(1 << 63) - 2 * SECOND_NS).open()
    desk.do(ask.timers(1))
    assert desk.one(ask.arm(1, 3600 * SECOND_NS)).price == (1 << 63) - 1
