"""Orders that are tied to others: docs/linked.md, each rule by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    InstrumentState,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    Role,
    Rule,
    Side,
    TimeInForce,
)

from tests.ext.market import REJECTS, A, B, C, Market

PEER, CHILD, PARENT = Role.PEER, Role.CHILD, Role.PARENT
STOP, STOP_LIMIT, TRAIL = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
WHY: dict[int, Any] = {EventKind.CANCELED: CancelReason, EventKind.RESTATED: RestateReason}


def say(event: SimpleNamespace) -> str:
    """Kind, account, client order id, lots, lots left; why, where there is a reason."""
    kind = EventKind(event.kind)
    if kind in REJECTS:
        return f"{kind.name} {event.client_order_id} {Check(event.check).name} {event.limit} {event.value}"
    why = " " + WHY[kind](event.reason).name if kind in WHY else ""
    return f"{kind.name} {event.account}/{event.client_order_id} {event.qty} left {event.leaves}{why}"


def said(events: list[SimpleNamespace]) -> list[str]:
    return [say(event) for event in events if event.kind != EventKind.ACCEPTED]


def market(shares: int = 100) -> Market:
    """A has shares of instrument 0 and may not sell short; the last trade was at 500."""
    m = Market()
    m.admin(CommandKind.DEPOSIT_SHARES, shares, account=A, instrument=0)
    m.sell(B, 500, 1)
    m.buy(C, 500, 1)
    return m


def places(m: Market) -> dict[int, tuple[Place, int]]:
    """By client order id: where A's live orders are, and their leaves."""
    check(m)
    return {row.client_order_id: (Place(row.place), row.leaves) for row in m.orders(account=A)}


def check(m: Market) -> None:
    """Rings count once among open lots, and the state survives a snapshot."""
    again = type(m.core).restore(m.core.snapshot())
    assert again.snapshot() == m.core.snapshot()
    assert again.orders() == m.core.orders()


def open_sell(m: Market) -> int:
    return int(m.position(A).open_sell)


def oco(m: Market, qty: int = 100) -> None:
    """A's sell limit 1 at 550 and sell stop 2 at 450, of which one cancels the other."""
    assert said(m.sell(A, 550, qty)) == []
    assert said(m.sell(A, 0, qty, order_type=STOP, stop_price=450, role=PEER, link_id=1)) == []


# One cancels the other


def test_a_ring_counts_once_among_open_lots() -> None:
    m = market()
    oco(m)
    assert open_sell(m) == 100
    assert places(m) == {1: (Place.BOOK, 100), 2: (Place.STOP, 100)}
    assert said(m.sell(A, 550, 1)) == ["REJECTED 3 SHORT_SALE 0 1"]


def test_each_order_of_a_ring_holds_its_cash() -> None:
    m = market()
    m.buy(A, 400, 10)
    m.buy(A, 0, 10, order_type=STOP, stop_price=600, role=PEER, link_id=1)
    assert m.account(A).hold == (400 + 600) * 10 * 100
    assert m.position(A).open_buy == 10


def test_a_partial_fill_takes_as_much_from_the_other() -> None:
    m = market()
    oco(m)
    assert said(m.buy(B, 550, 30)) == [
        "FILL 1/1 30 left 70", "FILL 2/2 30 left 0", "RESTATED 1/2 70 left 70 LINKED",
    ]  # fmt: skip
    assert places(m) == {1: (Place.BOOK, 70), 2: (Place.STOP, 70)}
    assert open_sell(m) == 70


def test_a_fill_cancels_the_other() -> None:
    m = market()
    oco(m)
    assert said(m.buy(B, 550, 100)) == [
        "FILL 1/1 100 left 0", "FILL 2/2 100 left 0", "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip
    assert places(m) == {}
    assert open_sell(m) == 0


def test_a_served_stop_cancels_the_other() -> None:
    m = market()
    oco(m)
    m.buy(C, 430, 100)
    m.buy(C, 440, 1)
    assert said(m.sell(B, 440, 1)) == [
        "FILL 3/3 1 left 0", "FILL 2/2 1 left 0", "TRIGGERED 1/2 100 left 100", "CANCELED 1/1 100 left 0 LINKED",
        "FILL 3/2 100 left 0", "FILL 1/2 100 left 0",
    ]  # fmt: skip
    assert places(m) == {}
    assert open_sell(m) == 0


@pytest.mark.parametrize("first", [1, 2])
def test_a_cancel_takes_the_other_along(first: int) -> None:
    m = market()
    oco(m)
    assert said(m.cancel(A, client_order_id=first)) == [
        f"CANCELED 1/{first} 100 left 0 USER", f"CANCELED 1/{3 - first} 100 left 0 LINKED",
    ]  # fmt: skip
    assert places(m) == {}
    assert open_sell(m) == 0
    assert said(m.sell(A, 550, 100)) == []


def test_a_reject_takes_the_ring_along() -> None:
    m = market()
    m.sell(A, 550, 100)
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=505, role=PEER, link_id=1)) == [
        "REJECTED 2 STOP_SIDE 500 505", "CANCELED 1/1 100 left 0 LINKED",
    ]  # fmt: skip
    assert places(m) == {}


def test_a_fill_of_one_lot_tells_of_no_more_than_a_full_ring() -> None:
    """What one client can have the core write is bounded: a further leg is refused and changes nothing."""
    m = market()
    m.sell(A, 550, 100)
    for _ in range(wire.MAX_LEGS - 1):
        assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=1)) == []
    late = wire.MAX_LEGS + 1
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=late - 1)) == [
        f"REJECTED {late} RING_SIZE 16 17"
    ]
    assert len(places(m)) == wire.MAX_LEGS == 16
    assert len(m.buy(B, 550, 1, tif=TimeInForce.IOC)) == 3 + wire.MAX_LEGS - 1  # ACCEPTED, two FILLs, RESTATED


def test_a_leg_too_many_leaves_a_live_bracket_as_it_is() -> None:
    m = market(0)
    bracket(m)
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=451, role=CHILD, link_id=1)) == [
        "REJECTED 4 TICK_SIZE 5 451"
    ]
    assert places(m) == {1: (Place.WAIT, 100), 2: (Place.WAIT, 100), 3: (Place.BOOK, 100)}
    assert said(m.sell(B, 500, 100))[2:] == ["RESTATED 1/1 100 left 100 ACTIVE", "RESTATED 1/2 100 left 100 ACTIVE"]
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=451, role=PEER, link_id=1)) == [
        "REJECTED 5 TICK_SIZE 5 451"
    ]
    assert places(m) == {1: (Place.BOOK, 100), 2: (Place.STOP, 100)}


def test_the_end_of_one_that_is_no_longer_there_refuses_the_other() -> None:
    m = market()
    m.sell(A, 550, 100)
    m.buy(B, 550, 100)
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=1)) == ["REJECTED 2 LINK 0 1"]


def test_a_peer_of_a_partly_filled_order_has_what_that_has() -> None:
    m = market()
    m.sell(A, 550, 100)
    m.buy(B, 550, 40)
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=1)) == [
        "RESTATED 1/2 60 left 60 LINKED"
    ]
    assert places(m) == {1: (Place.BOOK, 60), 2: (Place.STOP, 60)}


def test_a_limit_that_trades_as_it_comes_takes_from_the_stop() -> None:
    m = market()
    m.sell(A, 0, 100, order_type=STOP, stop_price=450)
    m.buy(C, 520, 30)
    assert said(m.sell(A, 510, 100, role=PEER, link_id=1)) == [
        "FILL 3/2 30 left 0", "FILL 1/2 30 left 70", "RESTATED 1/1 70 left 70 LINKED",
    ]  # fmt: skip
    assert places(m) == {2: (Place.BOOK, 70), 1: (Place.STOP, 70)}
    assert open_sell(m) == 70


def test_three_in_a_ring() -> None:
    m = market()
    oco(m)
    m.sell(A, 0, 100, order_type=TRAIL, offset=100, role=PEER, link_id=2)
    assert open_sell(m) == 100
    assert said(m.cancel(A, client_order_id=2)) == [
        "CANCELED 1/2 100 left 0 USER", "CANCELED 1/1 100 left 0 LINKED", "CANCELED 1/3 100 left 0 LINKED",
    ]  # fmt: skip
    assert open_sell(m) == 0


def test_the_end_of_the_day_ends_a_ring_whole() -> None:
    m = market()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + 1000)
    m.sell(A, 550, 100, tif=TimeInForce.DAY)
    m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=1)
    assert said(m.tick(m.ts_ns + 1000))[:3] == [
        "CANCELED 1/1 100 left 0 DAY_END", "DAY_ENDED 0/0 1 left 0", "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip


def test_a_price_may_change_and_the_lots_may_not() -> None:
    m = market()
    oco(m)
    rows = {row.client_order_id: row for row in m.orders(account=A)}
    assert said(m.replace(A, rows[1].order_id, 560, 90)) == [f"REPLACE_REJECTED 1 COMBINATION {Rule.LINK} 90"]
    assert said(m.replace(A, rows[1].order_id, 560, 100)) == ["REPLACED 1/1 100 left 100"]
    assert said(m.replace(A, rows[2].order_id, 440, 100)) == ["REPLACED 1/2 100 left 100"]
    assert open_sell(m) == 100
    assert places(m) == {1: (Place.BOOK, 100), 2: (Place.STOP, 100)}


# What is refused


@pytest.mark.parametrize(
    ("fields", "reject"),
    [
        ({"role": 4}, "REJECTED 2 ROLE 3 4"),
        ({"role": PEER}, f"REJECTED 2 COMBINATION {Rule.LINK} 0"),
        ({"link_id": 1}, f"REJECTED 2 COMBINATION {Rule.LINK} 1"),
        ({"role": PARENT}, f"REJECTED 2 COMBINATION {Rule.LINK} 0"),
        ({"role": PEER, "link_id": 7}, "REJECTED 2 LINK 0 7"),
        ({"role": CHILD, "link_id": 1}, "REJECTED 2 LINK 0 1"),
        ({"role": PARENT, "link_id": 1}, "REJECTED 2 LINK 0 1"),
        ({"role": PEER, "link_id": 1, "qty": 9}, f"REJECTED 2 COMBINATION {Rule.LINK} 9"),
        ({"role": PEER, "link_id": 1}, f"REJECTED 2 COMBINATION {Rule.LINK} 0"),
        ({"role": PEER, "link_id": 1, "side": Side.BUY}, "REJECTED 2 LINK 0 1"),
        ({"role": PEER, "link_id": 1, "tif": TimeInForce.IOC}, f"REJECTED 2 COMBINATION {Rule.LINK} 1"),
        ({"role": PEER, "link_id": 1, "flags": OrderFlag.REDUCE_ONLY}, f"REJECTED 2 COMBINATION {Rule.LINK} 1"),
        ({"role": CHILD, "display_qty": 5}, f"REJECTED 2 COMBINATION {Rule.LINK} 0"),
    ],
)
def test_what_is_refused(fields: dict[str, int], reject: str) -> None:
    m = market()
    m.sell(A, 550, 10)
    named = {"side": Side.SELL, "price": 560, "qty": 10} | fields
    assert said(m.new(A, **named)) == [reject]
    assert places(m) == {1: (Place.BOOK, 10)}


# Children


def bracket(m: Market, **parent: Any) -> list[SimpleNamespace]:
    """A's sells 1 at 550 and 2 with stop 450, for what its buy 3 of 100 gets."""
    assert said(m.sell(A, 550, 100, role=CHILD)) == []
    assert said(m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=CHILD, link_id=1)) == []
    return m.buy(A, 500, 100, role=PARENT, link_id=1, **parent)


def test_children_wait_and_hold_nothing() -> None:
    m = market(0)
    assert said(bracket(m)) == []
    assert places(m) == {1: (Place.WAIT, 100), 2: (Place.WAIT, 100), 3: (Place.BOOK, 100)}
    assert open_sell(m) == 0
    assert m.account(A).open_orders == 3
    assert m.account(A).hold == 500 * 100 * 100


def test_a_fill_of_the_parent_wakes_its_children() -> None:
    m = market(0)
    bracket(m)
    assert said(m.sell(B, 500, 30)) == ["FILL 1/3 30 left 70", "FILL 2/2 30 left 0"]
    assert places(m)[1] == (Place.WAIT, 100)
    assert said(m.sell(B, 500, 70)) == [
        "FILL 1/3 70 left 0", "FILL 2/3 70 left 0",
        "RESTATED 1/1 100 left 100 ACTIVE", "RESTATED 1/2 100 left 100 ACTIVE",
    ]  # fmt: skip
    assert places(m) == {1: (Place.BOOK, 100), 2: (Place.STOP, 100)}
    assert open_sell(m) == 100
    assert said(m.buy(B, 550, 100))[2:] == ["CANCELED 1/2 100 left 0 LINKED"]


def test_children_of_a_parent_that_ended_in_part_have_its_lots() -> None:
    m = market(0)
    bracket(m)
    m.sell(B, 500, 30)
    assert said(m.cancel(A, client_order_id=3)) == [
        "CANCELED 1/3 70 left 0 USER", "RESTATED 1/1 30 left 30 ACTIVE", "RESTATED 1/2 30 left 30 ACTIVE",
    ]  # fmt: skip
    assert places(m) == {1: (Place.BOOK, 30), 2: (Place.STOP, 30)}


def test_children_of_a_parent_that_never_traded_end() -> None:
    m = market(0)
    bracket(m)
    assert said(m.cancel(A, client_order_id=3)) == [
        "CANCELED 1/3 100 left 0 USER", "CANCELED 1/1 100 left 0 LINKED", "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip
    assert places(m) == {}


def test_a_parent_that_is_rejected_takes_its_children_along() -> None:
    m = market(0)
    assert said(bracket(m, instrument=1)) == [
        "REJECTED 3 INSTRUMENT_STATE 1 0", "CANCELED 1/1 100 left 0 LINKED", "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip


def test_a_parent_that_trades_at_once() -> None:
    m = market(0)
    m.sell(B, 500, 100)
    assert said(bracket(m))[2:] == ["RESTATED 1/1 100 left 100 ACTIVE", "RESTATED 1/2 100 left 100 ACTIVE"]


def test_a_child_that_the_market_meets_trades_at_once_and_ends_the_other() -> None:
    m = market(0)
    m.sell(A, 480, 100, role=CHILD)
    m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=CHILD, link_id=1)
    m.buy(C, 490, 40)
    m.buy(A, 500, 100, role=PARENT, link_id=1)
    assert said(m.sell(B, 500, 100))[2:] == [
        "RESTATED 1/1 100 left 100 ACTIVE", "FILL 3/2 40 left 0", "FILL 1/1 40 left 60",
        "RESTATED 1/2 60 left 60 LINKED", "RESTATED 1/2 60 left 60 ACTIVE",
    ]  # fmt: skip
    assert places(m) == {1: (Place.BOOK, 60), 2: (Place.STOP, 60)}


def test_a_stop_that_is_met_as_it_wakes_is_served() -> None:
    m = market(0)
    m.buy(C, 400, 100)
    m.sell(A, 0, 100, order_type=STOP, stop_price=520, role=CHILD)
    m.buy(A, 500, 100, role=PARENT, link_id=1)
    assert said(m.sell(B, 500, 100))[2:] == [
        "RESTATED 1/1 100 left 100 ACTIVE", "TRIGGERED 1/1 100 left 100", "FILL 3/2 100 left 0", "FILL 1/1 100 left 0",
    ]  # fmt: skip


def test_a_child_whose_shares_are_gone_ends_its_ring() -> None:
    m = market(0)
    m.limits(A, flags=0)
    bracket(m)
    m.sell(B, 500, 60)
    m.sell(A, 600, 60)  # what it has got, offered elsewhere
    assert said(m.sell(B, 500, 40))[2:] == [
        "RESTATED 1/1 100 left 100 ACTIVE", "CANCELED 1/1 100 left 0 EXPOSURE", "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip
    assert open_sell(m) == 60


def test_the_end_of_a_child_ends_the_others_and_leaves_the_parent() -> None:
    m = market(0)
    bracket(m)
    assert said(m.cancel(A, client_order_id=1)) == ["CANCELED 1/1 100 left 0 USER", "CANCELED 1/2 100 left 0 LINKED"]
    assert places(m) == {3: (Place.BOOK, 100)}
    assert said(m.sell(B, 500, 100)) == ["FILL 1/3 100 left 0", "FILL 2/2 100 left 0"]


def test_the_price_of_a_child_may_change_while_it_waits() -> None:
    m = market(0)
    bracket(m)
    ids = {row.client_order_id: row.order_id for row in m.orders(account=A)}
    assert said(m.replace(A, ids[1], 600, 100)) == ["REPLACED 1/1 100 left 100"]
    assert said(m.replace(A, ids[2], 510, 100)) == ["REPLACED 1/2 100 left 100"]  # a stop's side counts as it wakes
    assert said(m.replace(A, ids[1], 600, 50)) == [f"REPLACE_REJECTED 1 COMBINATION {Rule.LINK} 50"]
    assert said(m.replace(A, ids[1], 601, 100)) == ["REPLACE_REJECTED 1 TICK_SIZE 5 601"]
    assert places(m)[1] == (Place.WAIT, 100)


def test_children_wake_in_a_halt_and_limits_wait_for_the_auction() -> None:
    m = market(0)
    bracket(m)
    m.sell(B, 500, 50)
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.HALTED)
    assert said(m.cancel(A, client_order_id=3))[1:] == [
        "RESTATED 1/1 50 left 50 ACTIVE", "RESTATED 1/2 50 left 50 ACTIVE",
    ]  # fmt: skip
    assert {row.client_order_id: row.place for row in m.orders(account=A)} == {1: Place.CALL, 2: Place.STOP}


def test_orders_that_are_to_end_stay_a_ring_until_they_do() -> None:
    """A day's end takes one of three; the auction of the same TICK trades another before the queue is served."""
    m = market()
    m.sell(A, 550, 100)
    m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=PEER, link_id=1, tif=TimeInForce.DAY)
    m.sell(A, 0, 100, order_type=STOP, stop_price=400, role=PEER, link_id=1)
    end_ns = m.ts_ns + 1000
    m.admin(CommandKind.SET_SCHEDULE, end_ns)
    m.admin(
        CommandKind.SET_INSTRUMENT_STATE,
        wire.AuctionKind.HALT,
        end_ns,
        InstrumentState.OPEN,
        instrument=0,
        state=InstrumentState.CALL,
    )
    m.buy(B, 550, 30)
    assert [line for line in said(m.tick(end_ns)) if " 1/" in line] == [
        "CANCELED 1/2 100 left 0 DAY_END",
        "FILL 1/1 30 left 70",
        "RESTATED 1/3 70 left 70 LINKED",
        "CANCELED 1/3 70 left 0 LINKED",
        "CANCELED 1/1 70 left 0 LINKED",
    ]
    assert open_sell(m) == 0
    assert places(m) == {}


def test_a_mass_cancel_counts_what_it_cancels() -> None:
    m = market(0)
    bracket(m)
    events = m.mass_cancel(A, side=Side.BUY)
    assert said(events) == [
        "CANCELED 1/3 100 left 0 MASS", "MASS_CANCELED 1/0 1 left 0", "CANCELED 1/1 100 left 0 LINKED",
        "CANCELED 1/2 100 left 0 LINKED",
    ]  # fmt: skip
