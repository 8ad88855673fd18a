"""Rings, children and parents, each rule by hand. docs/linked.md."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import MAX_LEGS, EventKind, OrderFlag, OrderType, Place, Role, Rule, SelfTrade, TimeInForce

from tests.reference import commands as ask
from tests.reference.both import opened, said
from tests.reference.desk import Desk

PEER, CHILD, PARENT = Role.PEER, Role.CHILD, Role.PARENT
STOP: dict[str, Any] = {"order_type": OrderType.STOP}
LIMIT: dict[str, Any] = {"order_type": OrderType.LIMIT, "stop_price": 0, "price": 111}
TRAIL: dict[str, Any] = {"order_type": OrderType.TRAILING_STOP}


@pytest.fixture
def desk(market: Any) -> Desk:
    """The last trade was at 100; account 0 is long 20 lots."""
    desk = opened(market, reference_price=100)
    desk.do(ask.shares(0, 0, 20, 1))
    return desk


def oco(desk: Desk) -> None:
    """Account 0 sells 10 at 110, or at the market from 90 down."""
    desk.do(ask.sell(0, 1, 110, 10), ask.special(0, 2, 1, 10, stop_price=90, role=PEER, link_id=1, **STOP))


def bracket(desk: Desk, price: int = 100, **fields: Any) -> None:
    """Account 1 buys 10, then would sell at 110 or from 90 down."""
    desk.do(
        ask.special(1, 1, 1, 10, price=110, role=CHILD),
        ask.special(1, 2, 1, 10, stop_price=90, role=CHILD, link_id=1, **STOP),
        ask.special(1, 3, 0, 10, price=price, role=PARENT, link_id=1, **fields),
    )


def live(desk: Desk, account: int) -> dict[int, tuple[int, int]]:
    """Place and lots by client order id."""
    return {row.client_order_id: (row.place, row.leaves) for row in desk.orders() if row.account == account}


def test_one_cancels_the_other(desk: Desk) -> None:
    oco(desk)
    assert (desk.position(0).open_sell, desk.account(0).open_orders) == (10, 2)
    assert said(desk.do(ask.buy(2, 1, 110, 4))) == [
        "FILL 0 4@110 left 6",
        "FILL 2 4@110 left 0",
        "RESTATED 0 6@90 left 6 LINKED",
    ]
    assert live(desk, 0) == {1: (Place.BOOK, 6), 2: (Place.STOP, 6)}
    assert said(desk.do(ask.buy(2, 2, 110, 6)))[2:] == ["CANCELED 0 6@90 left 0 LINKED"]
    assert live(desk, 0) == {}


def test_a_stop_of_a_ring_is_alone_when_it_is_served(desk: Desk) -> None:
    oco(desk)
    desk.do(ask.buy(2, 1, 90, 4))
    assert said(desk.do(ask.sell(3, 1, 90, 3)))[2:] == [
        "TRIGGERED 0 10@1 left 10",
        "CANCELED 0 10@110 left 0 LINKED",
        "FILL 2 1@90 left 0",
        "FILL 0 1@90 left 9",
        "CANCELED 0 9@1 left 0 IOC",
    ]


def test_who_ends_takes_the_others_along(desk: Desk) -> None:
    oco(desk)
    assert said(desk.do(ask.cancel(0, 2))) == ["CANCELED 0 10@90 left 0 USER", "CANCELED 0 10@110 left 0 LINKED"]


def test_all_are_cancelled_once(desk: Desk) -> None:
    oco(desk)
    events = desk.do(ask.mass_cancel(0))
    assert said(events)[:2] == ["CANCELED 0 10@90 left 0 MASS", "CANCELED 0 10@110 left 0 MASS"]
    assert events[-1].qty == 2


def test_a_ring_is_a_circle(desk: Desk) -> None:
    """Who joins comes before the one that he names."""
    desk.do(ask.sell(0, 1, 110, 10))
    for number, price, other in ((2, 90, 1), (3, 80, 1), (4, 70, 2)):
        desk.do(ask.special(0, number, 1, 10, stop_price=price, role=PEER, link_id=other, **STOP))
    # 4 2 3 1, then 4 again: each goes on after the one that moved.
    events = desk.do(ask.buy(2, 1, 110, 1))
    assert [event.client_order_id for event in events if event.kind == EventKind.RESTATED] == [4, 2, 3]
    assert [event.client_order_id for event in desk.do(ask.cancel(0, 2))] == [2, 3, 1, 4]


def test_a_peer_of_an_order_that_was_filled_in_part(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 110, 10), ask.buy(2, 1, 110, 4))
    events = desk.do(ask.special(0, 2, 1, 10, stop_price=90, role=PEER, link_id=1, **STOP))
    assert (events[0].leaves, said(events)) == (10, ["RESTATED 0 6@90 left 6 LINKED"])


def test_self_trade_prevention_takes_lots_of_a_ring(desk: Desk) -> None:
    oco(desk)
    assert said(desk.do(ask.buy(0, 3, 110, 4, self_trade=SelfTrade.DECREMENT))) == [
        "RESTATED 0 6@110 left 6 SELF_TRADE",
        "RESTATED 0 6@90 left 6 LINKED",
        "CANCELED 0 4@110 left 0 SELF_TRADE",
    ]


def test_the_lots_of_a_ring_stay(desk: Desk) -> None:
    oco(desk)
    assert said(desk.do(ask.replace(0, 1, 111, 9))) == [f"REPLACE_REJECTED 0 COMBINATION {Rule.LINK} 9"]
    assert said(desk.do(ask.replace(0, 1, 111, 10))) == ["REPLACED 0 10@111 left 10"]
    assert said(desk.do(ask.replace(0, 2, 85, 10, flags=OrderFlag.QTY_IS_LEAVES))) == ["REPLACED 0 10@85 left 10"]


# Children


def test_children_wait_for_all_of_their_parent(desk: Desk) -> None:
    bracket(desk)
    assert live(desk, 1) == {1: (Place.WAIT, 10), 2: (Place.WAIT, 10), 3: (Place.BOOK, 10)}
    row = desk.account(1)
    assert (row.open_orders, row.hold, desk.position(1).open_sell) == (3, 10 * 100 * 100, 0)
    assert said(desk.do(ask.sell(2, 1, 100, 4))) == ["FILL 1 4@100 left 6", "FILL 2 4@100 left 0"]
    assert said(desk.do(ask.sell(2, 2, 100, 6)))[2:] == [
        "RESTATED 1 10@110 left 10 ACTIVE",
        "RESTATED 1 10@90 left 10 ACTIVE",
    ]
    assert live(desk, 1) == {1: (Place.BOOK, 10), 2: (Place.STOP, 10)}
    assert desk.position(1).open_sell == 10


def test_children_get_what_their_parent_has_traded(desk: Desk) -> None:
    bracket(desk)
    desk.do(ask.sell(2, 1, 100, 4))
    assert said(desk.do(ask.cancel(1, 3))) == [
        "CANCELED 1 6@100 left 0 USER",
        "RESTATED 1 4@110 left 4 ACTIVE",
        "RESTATED 1 4@90 left 4 ACTIVE",
    ]


def test_children_end_with_a_parent_that_has_not_traded(desk: Desk) -> None:
    bracket(desk)
    assert said(desk.do(ask.cancel(1, 3)))[1:] == ["CANCELED 1 10@110 left 0 LINKED", "CANCELED 1 10@90 left 0 LINKED"]


def test_children_end_alone(desk: Desk) -> None:
    """Their parent stays; it can be a peer's now."""
    bracket(desk)
    assert said(desk.do(ask.cancel(1, 1))) == ["CANCELED 1 10@110 left 0 USER", "CANCELED 1 10@90 left 0 LINKED"]
    assert live(desk, 1) == {3: (Place.BOOK, 10)}
    assert said(desk.do(ask.special(1, 4, 0, 10, stop_price=120, role=PEER, link_id=3, **STOP))) == []


def test_a_child_meets_the_market_when_it_wakes(desk: Desk) -> None:
    """What it trades, the one after it does not get."""
    desk.do(ask.buy(3, 1, 110, 3))
    bracket(desk, 111)
    assert said(desk.do(ask.sell(2, 1, 111, 10)))[2:] == [
        "RESTATED 1 10@110 left 10 ACTIVE",
        "FILL 3 3@110 left 0",
        "FILL 1 3@110 left 7",
        "RESTATED 1 7@90 left 7 LINKED",
        "RESTATED 1 7@90 left 7 ACTIVE",
    ]


def test_a_stop_that_is_met_already_when_it_wakes(desk: Desk) -> None:
    desk.do(
        ask.special(1, 1, 1, 5, stop_price=105, role=CHILD, **STOP),
        ask.special(1, 2, 0, 5, price=100, role=PARENT, link_id=1),
    )
    assert said(desk.do(ask.sell(2, 1, 100, 5)))[2:] == [
        "RESTATED 1 5@105 left 5 ACTIVE",
        "TRIGGERED 1 5@1 left 5",
        "CANCELED 1 5@1 left 0 IOC",
    ]


def test_a_trailing_child_follows_from_when_it_wakes(desk: Desk) -> None:
    desk.do(
        ask.special(1, 1, 1, 5, offset=3, role=CHILD, **TRAIL),
        ask.special(1, 2, 0, 5, price=120, role=PARENT, link_id=1),
        ask.sell(2, 1, 120, 5),
    )
    assert [row.price for row in desk.orders(1)] == [117]


def test_a_child_that_cash_does_not_reach_for(desk: Desk) -> None:
    desk.do(
        ask.account(1, flags=1, max_position=12),
        ask.special(1, 1, 0, 20, price=90, role=CHILD),
        ask.special(1, 2, 0, 20, stop_price=130, role=CHILD, link_id=1, **STOP),
        ask.special(1, 3, 1, 12, price=100, role=PARENT, link_id=1),
        ask.shares(1, 0, 12, 1),
    )
    assert said(desk.do(ask.buy(2, 1, 100, 12)))[2:] == [
        "RESTATED 1 12@90 left 12 ACTIVE",
        "RESTATED 1 12@130 left 12 ACTIVE",
    ]
    desk.do(ask.mass_cancel(1), ask.account(1, flags=1, max_position=3))
    desk.do(
        ask.special(1, 4, 0, 4, price=90, role=CHILD),
        ask.special(1, 5, 0, 4, stop_price=130, role=CHILD, link_id=4, **STOP),
        ask.special(1, 6, 0, 1, price=100, role=PARENT, link_id=5, tif=TimeInForce.GTC),
        ask.account(1, flags=1, max_position=1),
    )
    events = desk.do(ask.sell(2, 2, 100, 1))
    assert said(events)[2:] == [
        "RESTATED 1 1@130 left 1 ACTIVE",
        "CANCELED 1 1@130 left 0 EXPOSURE",
        "CANCELED 1 1@90 left 0 LINKED",
    ]


# Checks


@pytest.mark.parametrize(
    ("fields", "reject"),
    [
        ({"role": 4}, "ROLE 3 4"),
        ({"link_id": 1}, f"COMBINATION {Rule.LINK} 1"),
        ({"role": PEER}, f"COMBINATION {Rule.LINK} 0"),
        ({"role": PARENT}, f"COMBINATION {Rule.LINK} 0"),
        ({"role": PEER, "link_id": 1, "flags": OrderFlag.REDUCE_ONLY} | LIMIT, f"COMBINATION {Rule.LINK} 1"),
        ({"role": CHILD, "tif": TimeInForce.IOC} | LIMIT, f"COMBINATION {Rule.LINK} 0"),
        ({"role": CHILD, "display_qty": 1} | LIMIT, f"COMBINATION {Rule.LINK} 0"),
        ({"role": PEER, "link_id": 9}, "LINK 0 9"),
        ({"role": CHILD, "link_id": 1}, "LINK 0 1"),
        ({"role": PARENT, "link_id": 1}, "LINK 0 1"),
        ({"role": PEER, "link_id": 3}, "LINK 0 3"),
        ({"role": PEER, "link_id": 1, "side": 0, "stop_price": 105}, "LINK 0 1"),
        ({"role": PEER, "link_id": 1, "qty": 9}, f"COMBINATION {Rule.LINK} 9"),
        ({"role": PEER, "link_id": 1} | LIMIT, f"COMBINATION {Rule.LINK} 0"),
        ({"role": PEER, "link_id": 2}, f"COMBINATION {Rule.LINK} 2"),
    ],
)
def test_what_cannot_be_tied(desk: Desk, fields: dict[str, int], reject: str) -> None:
    """1 rests at 110, 2 may only reduce, 3 waits as a child: all sell 10."""
    desk.do(
        ask.account(0, flags=1),
        ask.sell(0, 1, 110, 10),
        ask.special(0, 2, 1, 10, price=111, flags=OrderFlag.REDUCE_ONLY),
        ask.special(0, 3, 1, 10, price=112, role=CHILD),
    )
    given = {"side": 1, "qty": 10, "stop_price": 90} | STOP | fields
    event = desk.one(ask.special(0, 4, given.pop("side"), given.pop("qty"), **given))
    assert said([event]) == [f"REJECTED 0 {reject}"]
    assert len(live(desk, 0)) == 3


def test_a_refusal_takes_along_what_it_named(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 110, 10))
    met = {"stop_price": 100, "role": PEER, "link_id": 1} | STOP
    assert said(desk.do(ask.special(0, 3, 1, 10, **met))) == [
        "REJECTED 0 STOP_SIDE 100 100",
        "CANCELED 0 10@110 left 0 LINKED",
    ]
    bracket(desk)
    desk.do(ask.mass_cancel(1))
    desk.do(ask.special(1, 4, 1, 10, price=110, role=CHILD))
    assert said(desk.do(ask.special(1, 5, 0, 10, price=0, role=PARENT, link_id=4))) == [
        "REJECTED 1 PRICE 4398046511103 0",
        "CANCELED 1 10@110 left 0 LINKED",
    ]


def test_a_late_refusal_leaves_alone_what_works_already(desk: Desk) -> None:
    """A third leg, of an OCO and of a live bracket."""
    oco(desk)
    bracket(desk)
    peer = {"stop_price": 100, "role": PEER, "link_id": 2} | STOP
    assert said(desk.do(ask.special(0, 3, 1, 10, **peer))) == ["REJECTED 0 STOP_SIDE 100 100"]
    child = {"stop_price": 90, "price": 0, "role": CHILD, "link_id": 1, "order_type": OrderType.STOP_LIMIT}
    assert said(desk.do(ask.special(1, 4, 1, 10, **child))) == ["REJECTED 1 PRICE 4398046511103 0"]
    assert live(desk, 0) == {1: (Place.BOOK, 10), 2: (Place.STOP, 10)}
    assert live(desk, 1) == {1: (Place.WAIT, 10), 2: (Place.WAIT, 10), 3: (Place.BOOK, 10)}


def test_a_late_refusal_ends_children_that_have_no_parent(desk: Desk) -> None:
    """All of their ring, whatever the check."""
    desk.do(
        ask.special(1, 1, 1, 10, price=110, role=CHILD),
        ask.special(1, 2, 1, 10, stop_price=90, role=CHILD, link_id=1, **STOP),
    )
    wrong = {"order_type": OrderType.STOP_LIMIT, "stop_price": 90, "price": 0}
    assert said(desk.do(ask.special(1, 3, 1, 10, role=CHILD, link_id=2, **wrong))) == [
        "REJECTED 1 PRICE 4398046511103 0",
        "CANCELED 1 10@90 left 0 LINKED",
        "CANCELED 1 10@110 left 0 LINKED",
    ]


@pytest.mark.parametrize("role", [PEER, CHILD])
def test_a_ring_has_no_more_orders_than_one_may(desk: Desk, role: Role) -> None:
    """Whoever comes then is refused; it leaves a ring that works, and ends children without a parent."""
    first = ask.sell(0, 1, 110, 10) if role == PEER else ask.special(0, 1, 1, 10, price=110, role=role)
    full = MAX_LEGS
    desk.do(first, *(ask.special(0, k, 1, 10, stop_price=90, role=role, link_id=1, **STOP) for k in range(2, full + 1)))
    assert len(live(desk, 0)) == full
    events = desk.do(ask.special(0, full + 1, 1, 10, stop_price=90, role=role, link_id=full, **STOP))
    assert said(events)[0] == f"REJECTED 0 RING_SIZE {full} {full + 1}"
    assert len(live(desk, 0)) == (full if role == PEER else 0)
    assert len(events) == (1 if role == PEER else 1 + full)


def test_a_full_ring_with_a_parent_stays(desk: Desk) -> None:
    bracket(desk)
    desk.do(
        *(ask.special(1, k, 1, 10, stop_price=90, role=CHILD, link_id=1, **STOP) for k in range(4, MAX_LEGS + 2)),
    )
    events = desk.do(ask.special(1, 99, 1, 10, stop_price=90, role=CHILD, link_id=1, **STOP))
    assert said(events) == [f"REJECTED 1 RING_SIZE {MAX_LEGS} {MAX_LEGS + 1}"]
    assert len(live(desk, 1)) == MAX_LEGS + 1


def test_the_lots_of_a_ring_count_once(desk: Desk) -> None:
    """Account 0 has 20 lots and may not sell short."""
    desk.do(ask.account(0, flags=0), ask.sell(0, 1, 110, 20))
    assert said(desk.do(ask.special(0, 2, 1, 20, stop_price=90, role=PEER, link_id=1, **STOP))) == []
    assert said(desk.do(ask.special(0, 3, 1, 1, stop_price=90, **STOP))) == ["REJECTED 0 SHORT_SALE 0 1"]
    assert said(desk.do(ask.special(0, 3, 1, 50, price=90, role=CHILD))) == []  # it is looked at when it wakes


@pytest.mark.parametrize(
    ("fields", "said_of"),
    [
        ({"instrument": 9}, "INSTRUMENT 0 9"),
        ({"tif": TimeInForce.FOK, "role": CHILD}, f"COMBINATION {Rule.LINK} 1"),
        ({"order_type": 9}, "ORDER_TYPE 6 9"),
        ({"qty": 9, "role": CHILD}, f"COMBINATION {Rule.LINK} 9"),
        ({"expire_ns": 5}, f"COMBINATION {Rule.EXPIRE} 5"),
        ({"side": 0, "role": CHILD}, "LINK 0 1"),
    ],
)
def test_of_a_bracket_there_is_all_or_nothing(desk: Desk, fields: dict[str, Any], said_of: str) -> None:
    """What is refused by its form takes the children along that have no parent yet."""
    desk.do(ask.special(1, 1, 1, 10, price=110, role=CHILD))
    order = ask.special(1, 2, **{"side": 1, "qty": 10, "price": 100, "role": PARENT, "link_id": 1} | fields)
    assert said(desk.do(order)) == [f"REJECTED 1 {said_of}", "CANCELED 1 10@110 left 0 LINKED"]
    assert live(desk, 1) == {}


def test_what_is_refused_by_its_form_leaves_others_alone(desk: Desk) -> None:
    """A live bracket, its legs, an order that a peer named; a retry under an id that is known."""
    bracket(desk)
    for role, named in ((CHILD, 2), (PARENT, 2), (PEER, 3), (CHILD, 99), (PARENT, 0), (9, 1)):
        events = desk.do(ask.special(1, 4, 1, 10, price=100, role=role, link_id=named, expire_ns=5))
        assert [event.kind for event in events] == [EventKind.REJECTED]
    desk.do(ask.special(1, 5, 1, 10, price=110, role=CHILD))
    events = desk.do(ask.special(1, 5, 1, 10, price=111, role=CHILD, link_id=5))
    assert said(events) == ["REJECTED 1 DUPLICATE_ID 0 5"]
    assert live(desk, 1).keys() == {1, 2, 3, 5}


def test_a_child_must_be_within_the_limit_of_an_order_when_it_wakes(desk: Desk) -> None:
    """A trailing buy of 10: 20 above the market are 120 when it comes, 170 when it wakes."""
    desk.do(
        ask.account(1, flags=1, max_order_notional=10 * 160 * 100),
        ask.special(1, 1, 0, 10, offset=20, role=CHILD, **TRAIL),
        ask.special(1, 2, 1, 10, price=150, role=PARENT, link_id=1),
    )
    assert said(desk.do(ask.buy(2, 1, 150, 10))) == [
        "FILL 1 10@150 left 0",
        "FILL 2 10@150 left 0",
        "RESTATED 1 10@170 left 10 ACTIVE",
        "CANCELED 1 10@170 left 0 EXPOSURE",
    ]


@pytest.mark.parametrize(("reference", "offset"), [(0, 3), (2, 3), (3, 3)])
def test_a_trailing_child_without_a_price(desk: Desk, reference: int, offset: int) -> None:
    """The reference price fell, or there is none any more."""
    price = reference - offset if reference else 0
    desk.do(
        ask.special(1, 1, 1, 5, offset=offset, role=CHILD, **TRAIL),
        ask.special(1, 2, 0, 5, price=reference or 1, role=PARENT, link_id=1),
        ask.sell(2, 1, reference or 1, 2),
        ask.instrument(0, -1, -1, reference),
    )
    assert said(desk.do(ask.cancel(1, 2))) == [
        f"CANCELED 1 3@{reference or 1} left 0 USER",
        f"RESTATED 1 2@{price} left 2 ACTIVE",
        f"CANCELED 1 2@{price} left 0 EXPOSURE",
    ]


def test_who_is_to_end_comes_out_of_a_call_first(desk: Desk) -> None:
    """The other one ended with the day, before the auction; this one enters with the rest, and then it is its turn."""
    end_ns = desk.ts_ns + 9
    desk.do(
        ask.call(0),
        ask.special(0, 1, 1, 10, price=110),
        ask.special(0, 2, 1, 10, stop_price=90, tif=TimeInForce.DAY, role=PEER, link_id=1, **STOP),
        ask.schedule(end_ns),
        ask.call(0, at_ns=end_ns),
    )
    events = [event for event in desk.do(ask.tick(), after_ns=9) if event.account_seq]
    assert said(events) == ["CANCELED 0 10@90 left 0 DAY_END", "CANCELED 0 10@110 left 0 LINKED"]
    assert desk.orders() == []
