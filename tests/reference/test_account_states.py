"""Accounts that may only make their positions smaller, or have to. docs/risk.md, "States of accounts"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountState, AdminFlag, Check, EventKind, OrderFlag, OrderType, Role, Side

from tests.reference import commands as ask
from tests.reference.both import opened, said
from tests.reference.desk import AnyMarket, Desk

REDUCE_ONLY, CLOSE_ONLY = AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY
STOP = {"order_type": OrderType.STOP}
BOTH = pytest.mark.parametrize("state", [REDUCE_ONLY, CLOSE_ONLY])


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    """Account 0 is long 10, account 1 short 10, at 10; 2 and 3 have no position."""
    desk = opened(market)
    desk.do(ask.buy(0, 90, 10, 10), ask.sell(1, 90, 10, 10))
    return desk


def in_short(events: Sequence[Any]) -> list[tuple[str, int, int]]:
    """Kind, client order id and lots."""
    return [(EventKind(event.kind).name, event.client_order_id, event.qty) for event in events]


@BOTH
def test_only_what_makes_the_position_smaller_is_taken(desk: Desk, state: AccountState) -> None:
    desk.do(*(ask.account_state(number, state) for number in (0, 1, 2)))
    assert said(desk.do(ask.buy(0, 1, 8, 1))) == ["REJECTED 0 ACCOUNT_STATE 0 1"]
    assert said(desk.do(ask.sell(1, 1, 12, 1))) == ["REJECTED 1 ACCOUNT_STATE 0 1"]
    assert said(desk.do(ask.sell(2, 1, 12, 1))) == ["REJECTED 2 ACCOUNT_STATE 0 1"]
    event = desk.one(ask.sell(0, 1, 12, 11))
    assert (event.check, event.limit, event.value, event.headroom) == (Check.ACCOUNT_STATE, 10, 11, 10)
    assert said(desk.do(ask.sell(0, 1, 12, 7), ask.sell(0, 2, 12, 3))) == []
    assert said(desk.do(ask.sell(0, 3, 12, 1))) == ["REJECTED 0 ACCOUNT_STATE 0 1"]
    assert said(desk.do(ask.buy(1, 1, 8, 10))) == []
    assert said(desk.do(ask.buy(1, 2, 8, 1))) == ["REJECTED 1 ACCOUNT_STATE 0 1"]


@BOTH
def test_its_own_reduce_only_comes_after(desk: Desk, state: AccountState) -> None:
    desk.do(ask.account_state(0, state))
    flags = {"flags": OrderFlag.REDUCE_ONLY}
    assert said(desk.do(ask.sell(0, 1, 12, 11, **flags))) == ["REJECTED 0 ACCOUNT_STATE 10 11"]
    assert said(desk.do(ask.sell(0, 1, 12, 10, **flags))) == []


@BOTH
def test_other_checks_come_first(desk: Desk, state: AccountState) -> None:
    desk.do(ask.account(2, flags=0), ask.account_state(2, state), ask.account(3, flags=1), ask.account_state(3, state))
    assert said(desk.do(ask.sell(2, 1, 12, 1))) == ["REJECTED 2 SHORT_SALE 0 1"]
    assert said(desk.do(ask.buy(3, 1, 0, 1))) == [f"REJECTED 3 PRICE {wire.MAX_PRICE} 0"]
    # POST_ONLY comes after it.
    desk.do(ask.sell(1, 1, 12, 1))
    assert said(desk.do(ask.buy(3, 1, 12, 1, flags=OrderFlag.POST_ONLY))) == ["REJECTED 3 ACCOUNT_STATE 0 1"]


@BOTH
def test_replace_has_it_with_its_own_lots_taken_out(desk: Desk, state: AccountState) -> None:
    desk.do(ask.sell(0, 1, 12, 6), ask.sell(0, 2, 13, 2), ask.account_state(0, state))
    assert said(desk.do(ask.replace(0, 1, 12, 9))) == ["REPLACE_REJECTED 0 ACCOUNT_STATE 8 9"]
    assert said(desk.do(ask.replace(0, 1, 11, 8))) == ["REPLACED 0 8@11 left 8"]
    desk.do(ask.account_state(0, AccountState.BLOCKED))
    assert said(desk.do(ask.replace(0, 1, 11, 1))) == ["REPLACE_REJECTED 0 ACCOUNT_STATE 0 1"]


def test_replace_of_what_is_too_much_is_refused_even_where_it_is_less_than_before(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 8, 5), ask.account_state(0, REDUCE_ONLY))
    assert said(desk.do(ask.replace(0, 1, 8, 4))) == ["REPLACE_REJECTED 0 ACCOUNT_STATE 0 4"]


@BOTH
def test_children_are_refused_as_in_blocked(desk: Desk, state: AccountState) -> None:
    child = {"price": 12, "role": Role.CHILD}
    desk.do(ask.special(0, 1, Side.SELL, 5, **child), ask.account_state(0, REDUCE_ONLY))
    desk.do(ask.account_state(0, state))
    refused = desk.one(ask.special(0, 2, Side.SELL, 5, **child))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.ACCOUNT_STATE, 0, state, 0)


def test_a_parent_and_a_peer_are_orders_like_others(desk: Desk) -> None:
    desk.do(ask.special(0, 1, Side.BUY, 5, price=8, role=Role.CHILD), ask.sell(0, 2, 12, 5))
    desk.do(ask.account_state(0, REDUCE_ONLY))
    peer = {"stop_price": 7, "role": Role.PEER, "link_id": 2, **STOP}
    assert said(desk.do(ask.special(0, 3, Side.SELL, 5, **peer))) == []
    assert said(desk.do(ask.special(0, 4, Side.SELL, 5, price=13, role=Role.PARENT, link_id=1))) == []
    assert said(desk.do(ask.sell(0, 5, 13, 1))) == ["REJECTED 0 ACCOUNT_STATE 0 1"]


def test_a_child_that_waits_may_have_another_price(desk: Desk) -> None:
    desk.do(ask.special(2, 1, Side.BUY, 5, price=8, role=Role.CHILD), ask.account_state(2, REDUCE_ONLY))
    assert said(desk.do(ask.replace(2, 1, 7, 5))) == ["REPLACED 2 5@7 left 5"]


def test_reduce_only_leaves_what_rests(desk: Desk) -> None:
    """Orders that open, stops and children: they do what they do."""
    stop = {"order_type": OrderType.STOP_LIMIT, "stop_price": 12, "price": 12}
    desk.do(ask.buy(2, 1, 9, 3), ask.special(2, 2, Side.BUY, 4, **stop))
    child = {"price": 7, "role": Role.CHILD}
    parent = {"price": 8, "role": Role.PARENT, "link_id": 3}
    desk.do(ask.special(2, 3, Side.BUY, 2, **child), ask.special(2, 4, Side.BUY, 2, **parent))
    assert in_short(desk.do(ask.account_state(2, REDUCE_ONLY))) == [("ACCOUNT_STATE", 0, 0)]
    assert len(desk.orders(2)) == 4
    desk.do(ask.sell(3, 1, 8, 5))  # the parent, too: its child wakes
    assert desk.position(2).qty == 5
    desk.do(ask.sell(3, 2, 12, 9), ask.buy(1, 1, 12, 1))  # the stop is met
    assert desk.position(2).qty == 9
    assert [(row.client_order_id, row.place) for row in desk.orders(2)] == [(3, wire.Place.BOOK)]


def test_close_only_cancels_what_could_open(desk: Desk) -> None:
    """Long 10. Newest first, each as it is at its turn: 4 buys; 7 of 10 are less than 3 others leave; then 3 and 6."""
    desk.do(ask.sell(0, 1, 12, 6), ask.sell(0, 2, 13, 3), ask.sell(0, 3, 14, 7), ask.buy(0, 4, 8, 4))
    events = desk.do(ask.account_state(0, CLOSE_ONLY, request=77))
    assert in_short(events) == [
        ("ACCOUNT_STATE", 0, 77),
        ("CANCELED", 4, 4),
        ("CANCELED", 3, 7),
        ("MASS_CANCELED", 0, 2),
    ]
    assert [event.reason for event in events[1:3]] == [wire.CancelReason.ACCOUNT_BLOCKED] * 2
    last = events[3]
    assert (last.account, last.account_seq, last.instrument, last.side, last.leaves) == (0, 0, wire.ANY, 2, 77)
    assert [row.client_order_id for row in desk.orders(0)] == [2, 1]


def test_close_only_tells_that_there_was_nothing_to_cancel(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 12, 10))
    assert in_short(desk.do(ask.account_state(0, CLOSE_ONLY))) == [("ACCOUNT_STATE", 0, 0), ("MASS_CANCELED", 0, 0)]
    assert in_short(desk.do(ask.account_state(0, REDUCE_ONLY))) == [("ACCOUNT_STATE", 0, 0)]


@pytest.mark.parametrize("state", list(AccountState))
def test_with_cancel_orders_all_of_them_go(desk: Desk, state: AccountState) -> None:
    desk.do(ask.sell(0, 1, 12, 6), ask.buy(0, 2, 8, 4))
    events = desk.do(ask.account_state(0, state, flags=AdminFlag.CANCEL_ORDERS))
    assert in_short(events)[1:] == [("CANCELED", 2, 4), ("CANCELED", 1, 6), ("MASS_CANCELED", 0, 2)]


def test_close_only_counts_lots_that_do_not_show_and_those_of_stops(desk: Desk) -> None:
    desk.do(ask.special(0, 1, Side.SELL, 8, price=12, display_qty=2))
    desk.do(ask.special(0, 2, Side.SELL, 3, stop_price=7, **STOP))
    assert in_short(desk.do(ask.account_state(0, CLOSE_ONLY)))[1:] == [("CANCELED", 2, 3), ("MASS_CANCELED", 0, 1)]
    desk.do(ask.account_state(0, 0), ask.special(0, 3, Side.SELL, 3, stop_price=7, **STOP))
    desk.do(ask.replace(0, 1, 12, 11))
    assert in_short(desk.do(ask.account_state(0, CLOSE_ONLY)))[1:] == [
        ("CANCELED", 3, 3),
        ("CANCELED", 1, 11),
        ("MASS_CANCELED", 0, 2),
    ]


def test_close_only_takes_each_of_a_ring_with_the_lots_of_all(desk: Desk) -> None:
    """10 long. A ring of 7 counts once: 3 others leave room for it. With 4 others it goes, from its newest one on;
    the others of the ring follow as they do when one is cancelled."""
    desk.do(ask.sell(0, 1, 12, 7), ask.special(0, 2, Side.SELL, 7, stop_price=7, role=Role.PEER, link_id=1, **STOP))
    desk.do(ask.sell(0, 3, 13, 3))
    assert in_short(desk.do(ask.account_state(0, CLOSE_ONLY)))[1:] == [("MASS_CANCELED", 0, 0)]
    desk.do(ask.account_state(0, 0), ask.sell(0, 4, 13, 1))
    assert in_short(desk.do(ask.account_state(0, CLOSE_ONLY)))[1:] == [("CANCELED", 4, 1), ("MASS_CANCELED", 0, 1)]
    desk.do(ask.account_state(0, 0), ask.replace(0, 3, 13, 4))
    events = desk.do(ask.account_state(0, CLOSE_ONLY))
    assert in_short(events)[1:] == [("CANCELED", 3, 4), ("MASS_CANCELED", 0, 1)]


def test_close_only_of_a_ring_that_is_too_much(desk: Desk) -> None:
    """8 long are left for 7 that are tied and 4 that are older."""
    desk.do(ask.sell(0, 1, 13, 4), ask.sell(0, 2, 12, 7))
    desk.do(ask.special(0, 3, Side.SELL, 7, stop_price=7, role=Role.PEER, link_id=2, **STOP))
    events = desk.do(ask.account_state(0, CLOSE_ONLY))
    assert in_short(events)[1:] == [("CANCELED", 3, 7), ("CANCELED", 2, 7), ("MASS_CANCELED", 0, 2)]
    assert [row.client_order_id for row in desk.orders(0)] == [1]


def test_close_only_cancels_children_that_wait(desk: Desk) -> None:
    """A parent that closes stays; its children go, whatever they would do. One without a parent goes, too."""
    child = {"role": Role.CHILD, "price": 9}
    parent = {"role": Role.PARENT, "price": 12, "link_id": 1}
    desk.do(ask.special(0, 1, Side.SELL, 2, **child), ask.special(0, 2, Side.SELL, 2, **parent))
    desk.do(ask.special(0, 3, Side.SELL, 2, **child))
    events = desk.do(ask.account_state(0, CLOSE_ONLY))
    assert in_short(events)[1:] == [("CANCELED", 3, 2), ("CANCELED", 1, 2), ("MASS_CANCELED", 0, 2)]
    assert [(row.client_order_id, row.role) for row in desk.orders(0)] == [(2, Role.NONE)]


def test_what_may_be_done_in_every_state(desk: Desk) -> None:
    desk.do(ask.sell(0, 1, 12, 1), ask.sell(0, 2, 12, 1), ask.account_state(0, CLOSE_ONLY))
    assert said(desk.do(ask.cancel(0, 1))) == ["CANCELED 0 1@12 left 0 USER"]
    assert said(desk.do(ask.mass_cancel(0))) == ["CANCELED 0 1@12 left 0 MASS", "MASS_CANCELED 0 1@0 left 0"]


def test_there_is_no_further_state(desk: Desk) -> None:
    refused = desk.one(ask.account_state(0, 4))
    assert (refused.check, refused.client_order_id, refused.limit, refused.value) == (Check.VALUE, 0, 3, 4)
