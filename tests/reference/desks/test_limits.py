"""Limits of accounts and of desks above them, hard and soft. docs/desks.md, "Limits", check 24d."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AdminFlag, Check, EventKind, Limit, OrderFlag, OrderType, RiskType, Role, Side

from tests.reference import commands as ask
from tests.reference.desk import AnyMarket, Desk
from tests.reference.desks.worked import AT, LOT, NUMBERS, TEN, limited, told, trade, with_desks

STOP = {"order_type": OrderType.STOP}


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return with_desks(market)


# Setting them


def test_a_limit_is_set_and_told(desk: Desk) -> None:
    event = desk.one(ask.limit(0, Limit.GROSS, 50, 40, request=7))
    assert (event.kind, event.account, event.account_seq) == (EventKind.LIMIT_SET, 0, 0)
    assert (event.reason, event.flags, event.price, event.order_id, event.qty) == (Limit.GROSS, 0, 50, 40, 7)
    event = desk.one(ask.desk_limit(1, Limit.OPEN_ORDERS, 0, 9))
    assert (event.account, event.flags, event.price, event.order_id) == (1, AdminFlag.OF_DESK, 0, 9)
    desk.do(ask.desk_limit(1, Limit.POSITION, 5), ask.limit(0, Limit.GROSS, 60), ask.limit(1, Limit.NET))
    rows = [(row.holder, row.flags, row.limit, row.hard, row.soft) for row in desk.limits()]
    assert rows == [(0, 0, Limit.GROSS, 60, 0), (1, 2, Limit.POSITION, 5, 0), (1, 2, Limit.OPEN_ORDERS, 0, 9)]
    desk.do(ask.desk_limit(1, Limit.POSITION), ask.desk_limit(1, Limit.OPEN_ORDERS))
    assert [row.holder for row in desk.limits()] == [0]


@pytest.mark.parametrize(
    ("command", "index", "refused"),
    [
        (ask.limit(7, Limit.GROSS, 1), 0, "ACCOUNT 0: 0 7 0"),
        (ask.desk_limit(6, Limit.GROSS, 1), 0, "ACCOUNT 0: 0 6 0"),
        (ask.desk_limit(0, 0, 1), 0, "ACCOUNT 0: 0 0 0"),
        (ask.limit(0, 0, -1), 2, "VALUE 0: 10 0 0"),
        (ask.limit(0, 11, -1), 2, "VALUE 0: 10 11 0"),
        (ask.limit(0, Limit.GROSS, -1, -1), 0, "VALUE 0: 0 -1 0"),
        (ask.limit(0, Limit.GROSS, 5, -1), 1, "VALUE 0: 0 -1 0"),
        (ask.limit(0, Limit.GROSS, wire.MAX_CASH + 1), 0, f"VALUE 0: {wire.MAX_CASH} {wire.MAX_CASH + 1} 0"),
        (ask.limit(0, Limit.OPEN_ORDERS, 1 << 31), 0, f"VALUE 0: {(1 << 31) - 1} {1 << 31} 0"),
        (ask.limit(0, Limit.ORDER_VOLUME, 0, 1_000_001), 1, "VALUE 0: 1000000 1000001 0"),
        (ask.limit(0, Limit.MESSAGES, 5, 6), 1, "VALUE 0: 5 6 0"),
    ],
)
def test_what_no_limit_can_be(desk: Desk, command: ask.Command, index: int, refused: str) -> None:
    (event,) = events = desk.do(command)
    assert (told(events), event.client_order_id) == ([refused], index)
    assert desk.limits() == []


def test_accounts_with_limits_have_places(market: AnyMarket) -> None:
    """One keeps its place; desks need none; what sets nothing needs none."""
    desk = Desk(market)
    desk.do(ask.configure(), ask.account(0), ask.account(1), ask.risk(desks=1, limited=1), ask.desk(1))
    desk.do(ask.limit(0, Limit.NET))
    assert told(desk.do(ask.limit(1, Limit.GROSS, 0, 5))) == ["LIMIT_SET 1"]
    assert told(desk.do(ask.limit(0, Limit.GROSS, 5))) == ["CAPACITY 0: 1 2 0"]
    assert told(desk.do(ask.limit(0, Limit.GROSS), ask.limit(1, Limit.GROSS))) == ["LIMIT_SET 0", "LIMIT_SET 1"]
    assert told(desk.do(ask.limit(0, Limit.GROSS, 5))) == ["CAPACITY 0: 1 2 0"]
    assert told(desk.do(ask.limit(1, Limit.NET, 5), ask.desk_limit(1, Limit.NET, 5))) == ["LIMIT_SET 1"] * 2
    assert told(desk.do(ask.risk(desks=1, limited=2), ask.limit(0, Limit.GROSS, 5))) == ["RISK_SET 0", "LIMIT_SET 0"]


# Each kind, wherever it is


def measures(desk: Desk) -> None:
    """Account 0: 6 long in 0, with 2 more to buy and 3 to sell; 4 short in 1. Account 1: 1 long in 0."""
    trade(desk, 0, 5, 6)
    desk.do(ask.buy(5, 100, TEN, 4, instrument=1), ask.sell(0, 100, TEN, 4, instrument=1))
    trade(desk, 1, 5, 1, number=9001)
    desk.do(ask.buy(0, 101, TEN - 100, 2), ask.sell(0, 102, TEN + 100, 3))


@AT
@pytest.mark.parametrize(
    ("kind", "own", "others"),
    [
        # What it is with 5 more lots bought, and without; of account 0 alone, and what account 1 adds.
        (Limit.POSITION, (13, 8), (0, 0)),
        (Limit.GROSS, (17, 12), (1, 0)),
        (Limit.NET, (9, 4), (1, 0)),
        (Limit.OPEN_NOTIONAL, (10, 5), (0, 0)),
    ],
)
def test_lots_count_at_the_marks(
    desk: Desk, distance: int, holder: Any, kind: int, own: tuple[int, int], others: tuple[int, int]
) -> None:
    measures(desk)
    more = others[0] if distance >= 2 else 0
    after, before = own[0] + more, own[1] + more
    desk.do(limited(holder, kind, after * LOT))
    order = ask.buy(0, 1, TEN - 100, 5)
    assert told(desk.do(order)) == ["ACCEPTED 0"]
    desk.do(ask.cancel(0, 1), limited(holder, kind, after * LOT - 1))
    name = f"LIMIT_{Limit(kind).name}"
    hard = after * LOT - 1
    assert told(desk.do(ask.buy(0, 2, TEN - 100, 5))) == [
        f"{name} {distance}: {hard} {after * LOT} {hard - before * LOT}"
    ]
    desk.do(limited(holder, kind, 0, after * LOT - 1))
    warned = f"warned {Limit(kind).name} {distance}: {after * LOT - 1} {after * LOT} of {NUMBERS[distance]}"
    assert told(desk.do(ask.buy(0, 3, TEN - 100, 5))) == ["ACCEPTED 0", warned]
    assert told(desk.do(ask.buy(0, 4, TEN - 100, 1))) == ["ACCEPTED 0"]


@AT
def test_open_orders(desk: Desk, distance: int, holder: Any) -> None:
    measures(desk)
    desk.do(ask.buy(1, 1, TEN - 100, 1))
    count = 3 if distance >= 2 else 2
    desk.do(limited(holder, Limit.OPEN_ORDERS, count + 1, count))
    number = NUMBERS[distance]
    assert told(desk.do(ask.sell(0, 1, TEN + 100, 1))) == [
        "ACCEPTED 0",
        f"warned OPEN_ORDERS {distance}: {count} {count + 1} of {number}",
    ]
    assert told(desk.do(ask.sell(0, 2, TEN + 100, 1))) == [f"LIMIT_OPEN_ORDERS {distance}: {count + 1} {count + 2} 0"]
    assert told(desk.do(ask.replace(0, 1, TEN + 100, 2))) == ["REPLACED 0"]


@AT
def test_one_order(desk: Desk, distance: int, holder: Any) -> None:
    number = NUMBERS[distance]
    desk.do(limited(holder, Limit.ORDER_NOTIONAL, 7 * LOT, 5 * LOT))
    assert told(desk.do(ask.buy(0, 1, TEN, 5))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.buy(0, 2, TEN, 7))) == [
        "ACCEPTED 0",
        f"warned ORDER_NOTIONAL {distance}: {5 * LOT} {7 * LOT} of {number}",
    ]
    assert told(desk.do(ask.buy(0, 3, TEN, 8))) == [f"LIMIT_ORDER_NOTIONAL {distance}: {7 * LOT} {8 * LOT} {7 * LOT}"]
    assert told(desk.do(ask.replace(0, 1, TEN, 8))) == [
        f"LIMIT_ORDER_NOTIONAL {distance}: {7 * LOT} {8 * LOT} {7 * LOT}"
    ]


@AT
def test_part_of_the_average_volume(desk: Desk, distance: int, holder: Any) -> None:
    """2 percent of 300 lots; unknown: no limit."""
    number = NUMBERS[distance]
    desk.do(limited(holder, Limit.ORDER_VOLUME, 200, 150), ask.buy(0, 1, TEN, 999))
    desk.do(ask.margin(0, 5000, 2500, 5000, 3000, average_volume=300), ask.cancel(0, 1))
    assert told(desk.do(ask.buy(0, 2, TEN, 4))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.buy(0, 3, TEN, 5))) == [
        "ACCEPTED 0",
        f"warned ORDER_VOLUME {distance}: 150 166 of {number}",
    ]
    assert told(desk.do(ask.buy(0, 4, TEN, 7))) == [f"LIMIT_ORDER_VOLUME {distance}: 200 233 200"]
    assert told(desk.do(ask.buy(0, 5, TEN, 999, instrument=1))) == ["ACCEPTED 0"]


@AT
def test_restricted_comes_first_and_has_no_distance(desk: Desk, distance: int, holder: Any) -> None:
    desk.do(limited(holder, Limit.GROSS, 1), ask.margin(0, 5000, 2500, 5000, 3000, lists=0b1110))
    desk.do(ask.account_risk(0, RiskType.CASH, 0b0111))
    assert desk.risk(0).lists == 0b0111 and desk.margin(0).lists == 0b1110
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == ["RESTRICTED 0: 0 6 0"]
    assert told(desk.do(ask.buy(0, 2, TEN, 1, instrument=1))) == [f"LIMIT_GROSS {distance}: 1 {LOT} 1"]


def test_restricted_lets_positions_become_smaller(desk: Desk) -> None:
    trade(desk, 0, 5, 6)
    desk.do(ask.margin(0, 5000, 2500, 5000, 3000, lists=4), ask.account_risk(0, RiskType.CASH, 4))
    assert told(desk.do(ask.sell(0, 1, TEN, 6), ask.sell(0, 2, TEN, 1))) == ["ACCEPTED 0", "RESTRICTED 0: 0 4 0"]
    desk.do(ask.account_risk(0, RiskType.CASH))
    assert told(desk.do(ask.sell(0, 3, TEN, 1))) == ["ACCEPTED 0"]


def test_lists_have_bounds(desk: Desk) -> None:
    most = 1 << 53
    for command, index in (
        (ask.account_risk(0, 1, most + 1), 2),
        (ask.margin(0, average_volume=most + 1), 7),
        (ask.margin(0, lists=most + 1), 8),
    ):
        event = desk.one(command)
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, index, most, most + 1)
    desk.do(ask.account_risk(0, 1, most), ask.margin(0, average_volume=most, lists=most))
    row = desk.margin(0)
    assert (desk.risk(0).lists, row.average_volume, row.lists) == (most, most, most)


# Which orders have them


def test_an_order_that_makes_no_position_larger_has_two(desk: Desk) -> None:
    trade(desk, 0, 5, 6)
    for kind in (Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL, Limit.ORDER_NOTIONAL):
        desk.do(ask.limit(0, kind, 1, 1))
    desk.do(ask.desk_limit(1, Limit.ORDER_VOLUME, 1), ask.margin(0, 5000, 2500, 5000, 3000, average_volume=1))
    assert told(desk.do(ask.sell(0, 1, TEN, 6))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.sell(0, 2, TEN, 1))) == [f"LIMIT_NET 0: 1 {LOT} 1"]  # POSITION and GROSS are no larger
    desk.do(ask.limit(0, Limit.OPEN_ORDERS, 1), ask.cancel(0, 1), ask.sell(0, 3, TEN, 3))
    assert told(desk.do(ask.sell(0, 4, TEN, 3))) == ["LIMIT_OPEN_ORDERS 0: 1 2 0"]


def test_what_is_beyond_already_may_become_smaller(desk: Desk) -> None:
    """Long 6, the limit comes later: what makes the measure no larger is taken. 7 sold would be 1 short: GROSS is not
    larger than before."""
    trade(desk, 0, 5, 6)
    desk.do(ask.limit(0, Limit.GROSS, 2 * LOT))
    assert told(desk.do(ask.sell(0, 1, TEN, 7))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.sell(0, 2, TEN, 6))) == [f"LIMIT_GROSS 0: {2 * LOT} {7 * LOT} 0"]
    assert told(desk.do(ask.buy(0, 3, TEN - 100, 1))) == [f"LIMIT_GROSS 0: {2 * LOT} {7 * LOT} 0"]


def test_net_has_the_open_orders_of_its_own_side(desk: Desk) -> None:
    trade(desk, 0, 5, 6)
    desk.do(ask.sell(0, 1, TEN + 100, 50, instrument=1), ask.limit(0, Limit.NET, 8 * LOT))
    assert told(desk.do(ask.buy(0, 2, TEN - 100, 3))) == [f"LIMIT_NET 0: {8 * LOT} {9 * LOT} {2 * LOT}"]
    # With 50 to sell it is 44 short already: one more is farther.
    assert told(desk.do(ask.sell(0, 3, TEN + 100, 1, instrument=1))) == [f"LIMIT_NET 0: {8 * LOT} {45 * LOT} 0"]


def test_replace_has_its_own_lots_before_and_its_new_ones_after(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, TEN - 100, 5), ask.limit(0, Limit.GROSS, 3 * LOT, 2 * LOT))
    assert told(desk.do(ask.replace(0, 1, TEN - 100, 4))) == ["REPLACED 0"]
    assert told(desk.do(ask.replace(0, 1, TEN - 100, 5))) == [f"LIMIT_GROSS 0: {3 * LOT} {5 * LOT} 0"]
    desk.do(ask.replace(0, 1, TEN - 100, 2))
    events = desk.do(ask.replace(0, 1, TEN - 200, 3))
    assert told(events) == ["REPLACED 0", f"warned GROSS 0: {2 * LOT} {3 * LOT} of 0"]
    assert (events[1].instrument, events[1].client_order_id, events[1].account_seq > 0) == (0, 1, True)


def test_holders_in_turn_each_with_all_of_its_own(desk: Desk) -> None:
    desk.do(ask.desk_limit(4, Limit.GROSS, 1), ask.limit(0, Limit.ORDER_NOTIONAL, 1), ask.limit(0, Limit.NET, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == [f"LIMIT_NET 0: 1 {LOT} 1"]
    desk.do(ask.limit(0, Limit.NET))
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == [f"LIMIT_ORDER_NOTIONAL 0: 1 {LOT} 1"]
    desk.do(ask.limit(0, Limit.ORDER_NOTIONAL), ask.desk_limit(4, Limit.POSITION, 1))
    assert told(desk.do(ask.buy(0, 3, TEN, 1))) == [f"LIMIT_POSITION 1: 1 {LOT} 1"]


def test_warnings_come_after_it_was_taken_and_before_its_fills(desk: Desk) -> None:
    desk.do(ask.sell(5, 1, TEN, 3), ask.desk_limit(1, Limit.GROSS, 0, 1), ask.limit(0, Limit.NET, 0, 1))
    desk.do(ask.limit(0, Limit.POSITION, 0, 2))
    assert told(desk.do(ask.buy(0, 1, TEN, 3))) == [
        "ACCEPTED 0",
        f"warned POSITION 0: 2 {3 * LOT} of 0",
        f"warned NET 0: 1 {3 * LOT} of 0",
        f"warned GROSS 4: 1 {3 * LOT} of 1",
        "FILL 5",
        "FILL 0",
    ]


def test_an_order_that_a_later_check_refuses_warns_of_nothing(desk: Desk) -> None:
    desk.do(ask.sell(5, 1, TEN, 3), ask.limit(0, Limit.GROSS, 0, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 3, flags=OrderFlag.POST_ONLY))) == [f"POST_ONLY 0: {TEN} {TEN} 0"]
    assert told(desk.do(ask.buy(0, 2, TEN - 100, 3, flags=OrderFlag.POST_ONLY))) == [
        "ACCEPTED 0",
        f"warned GROSS 0: 1 {3 * LOT} of 0",
    ]


def test_a_peer_adds_no_lots(desk: Desk) -> None:
    """But is one order more, and of its own size."""
    desk.do(ask.sell(0, 1, TEN + 100, 7), ask.limit(0, Limit.GROSS, 1), ask.desk_limit(1, Limit.OPEN_NOTIONAL, 1))
    peer = {"stop_price": TEN - 1000, "role": Role.PEER, **STOP}
    assert told(desk.do(ask.special(0, 2, Side.SELL, 7, link_id=1, **peer))) == ["ACCEPTED 0"]
    desk.do(ask.limit(0, Limit.OPEN_ORDERS, 2))
    assert told(desk.do(ask.special(0, 3, Side.SELL, 7, link_id=1, **peer))) == ["LIMIT_OPEN_ORDERS 0: 2 3 0"]


def test_a_child_that_comes_adds_no_lots_and_counts(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.GROSS, 1), ask.desk_limit(1, Limit.ORDER_NOTIONAL, 0, 4 * LOT))
    child = {"price": TEN, "role": Role.CHILD}
    assert told(desk.do(ask.special(0, 1, Side.BUY, 5, **child))) == [
        "ACCEPTED 0",
        f"warned ORDER_NOTIONAL 4: {4 * LOT} {5 * LOT} of 1",
    ]
    desk.do(ask.limit(0, Limit.OPEN_ORDERS, 1))
    assert told(desk.do(ask.special(0, 2, Side.BUY, 5, **child)))[0] == "LIMIT_OPEN_ORDERS 0: 1 2 0"
    desk.do(ask.account_risk(1, 1, 1), ask.margin(0, 5000, 2500, 5000, 3000, lists=1))
    assert told(desk.do(ask.special(1, 3, Side.BUY, 5, **child))) == ["RESTRICTED 0: 0 1 0"]


@pytest.mark.parametrize("kind", [Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL])
@AT
def test_a_child_that_wakes_has_those_of_lots(desk: Desk, distance: int, holder: Any, kind: int) -> None:
    """It would buy 5 more than the 5 that its parent bought."""
    child = {"price": TEN - 100, "role": Role.CHILD}
    parent = {"price": TEN, "role": Role.PARENT, "link_id": 1}
    desk.do(ask.special(0, 1, Side.BUY, 5, **child), ask.special(0, 2, Side.BUY, 5, **parent))
    desk.do(limited(holder, kind, 4 * LOT if kind == Limit.OPEN_NOTIONAL else 9 * LOT, 1))
    events = desk.do(ask.sell(5, 1, TEN, 5))
    assert told(events)[-2:] == ["RESTATED 0", "CANCELED 0"]
    assert events[-1].reason == wire.CancelReason.EXPOSURE
    assert not any(event.kind == EventKind.LIMIT_WARNING for event in events)


def test_a_child_that_wakes_may_trade_no_list(desk: Desk) -> None:
    child = {"price": TEN - 100, "role": Role.CHILD}
    desk.do(ask.special(0, 1, Side.BUY, 5, **child))
    desk.do(ask.special(0, 2, Side.BUY, 5, price=TEN, role=Role.PARENT, link_id=1))
    desk.do(ask.account_risk(0, 1, 1), ask.margin(0, 5000, 2500, 5000, 3000, lists=1))
    assert told(desk.do(ask.sell(5, 1, TEN, 5)))[-2:] == ["RESTATED 0", "CANCELED 0"]


def test_a_child_that_closes_wakes_whatever_the_limits(desk: Desk) -> None:
    child = {"price": TEN + 100, "role": Role.CHILD}
    desk.do(ask.special(0, 1, Side.SELL, 5, **child))
    desk.do(ask.special(0, 2, Side.BUY, 5, price=TEN, role=Role.PARENT, link_id=1))
    for kind in (Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL, Limit.DAY_LOSS):
        desk.do(ask.limit(0, kind, 1))
    assert told(desk.do(ask.sell(5, 1, TEN, 5)))[-1] == "RESTATED 0"
    assert len(desk.orders(0)) == 1


def test_who_is_not_watched_has_none(desk: Desk) -> None:
    for kind in ACCOUNT_LIMITS:
        desk.do(ask.limit(0, kind, 1, 1), ask.desk_limit(1, kind, 1, 1))
    desk.do(ask.account_risk(0, RiskType.NONE))
    for number in range(1, 5):
        assert told(desk.do(ask.buy(0, number, TEN, 5))) == ["ACCEPTED 0"]
    assert (desk.desk(1).gross, desk.desk(1).open_orders, desk.desk(1).messages) == (0, 0, 0)
    assert [row.measure for row in desk.limits() if not row.flags] == [0] * 10
    assert told(desk.do(ask.account_risk(0, RiskType.CASH))) == ["ACCOUNT_RISK 0"]
    assert desk.desk(1).gross == 20 * LOT


def test_limits_say_what_is_measured(desk: Desk) -> None:
    measures(desk)
    for kind in ACCOUNT_LIMITS:
        desk.do(ask.limit(0, kind, 0, 10**6), ask.desk_limit(1, kind, 0, 10**6))
    rows = {(row.flags, row.limit): row.measure for row in desk.limits()}
    account = [rows[0, kind] for kind in ACCOUNT_LIMITS]
    firm = [rows[2, kind] for kind in ACCOUNT_LIMITS]
    # NET: 6 + 2 - 4 to buy, 6 - 3 - 4 to sell.
    assert account == [0, 12 * LOT, 4 * LOT, 5 * LOT, 2, 0, 0, 0, 0, 4]
    assert firm == [0, 13 * LOT, 5 * LOT, 5 * LOT, 2, 0, 0, 0, 0, 5]


def test_margin_comes_before(market: AnyMarket) -> None:
    desk = with_desks(market, risk_type=RiskType.MARGIN)
    desk.do(ask.charge(0, 10**13), ask.limit(0, Limit.GROSS, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 2))) == [f"MARGIN 0: 0 {LOT} 0"]
    desk.do(ask.deposit(0, LOT))
    assert told(desk.do(ask.buy(0, 2, TEN, 2))) == [f"LIMIT_GROSS 0: 1 {2 * LOT} 1"]
