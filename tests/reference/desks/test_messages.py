"""Messages of a second and the same order again, of accounts and desks. docs/desks.md, checks 13a and REPEATS."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import EventKind, Limit, OrderFlag, RiskType, Role, Side

from tests.reference import commands as ask
from tests.reference.desk import AnyMarket, Desk
from tests.reference.desks.worked import AT, LOT, NUMBERS, TEN, limited, told, with_desks

SECOND = 1_000_000_000


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return with_desks(market)


# Messages


@AT
def test_messages_of_a_second(desk: Desk, distance: int, holder: Any) -> None:
    """Orders and replaces, of all that are below; what is refused later counts as well."""
    number = NUMBERS[distance]
    desk.do(limited(holder, Limit.MESSAGES, 3, 2))
    events = desk.do(ask.buy(0, 1, TEN, 1), ask.buy(0, 2, 0, 1))
    assert told(events) == ["ACCEPTED 0", "PRICE 0: 4398046511103 0 0"]
    events = desk.do(ask.replace(0, 1, TEN, 2))
    assert told(events) == [f"warned MESSAGES {distance}: 2 3 of {number}", "REPLACED 0"]
    assert (events[0].instrument, events[0].client_order_id) == (0, 1)
    assert told(desk.do(ask.buy(0, 3, TEN, 1))) == [f"LIMIT_MESSAGES {distance}: 3 4 0"]
    assert told(desk.do(ask.replace(0, 1, TEN, 3))) == [f"LIMIT_MESSAGES {distance}: 3 4 0"]
    assert told(desk.do(ask.cancel(0, 1))) == ["CANCELED 0"]
    assert told(desk.do(ask.buy(0, 4, TEN, 1), after_ns=SECOND - 1)) == [f"LIMIT_MESSAGES {distance}: 3 4 0"]
    assert told(desk.do(ask.buy(0, 5, TEN, 1), after_ns=1)) == ["ACCEPTED 0"]


def test_a_desk_counts_all_below_it(desk: Desk) -> None:
    desk.do(ask.desk_limit(1, Limit.MESSAGES, 3))
    assert told(desk.do(*(ask.buy(number, 1, TEN, 1) for number in (0, 1, 2)))) == [f"ACCEPTED {n}" for n in (0, 1, 2)]
    assert [desk.desk(number).messages for number in range(1, 6)] == [3, 2, 2, 1, 1]
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["LIMIT_MESSAGES 4: 3 4 0"]
    assert [desk.desk(number).messages for number in range(1, 6)] == [3, 2, 2, 1, 1]
    assert told(desk.do(ask.buy(3, 1, TEN, 1))) == ["ACCEPTED 3"]


def test_windows_of_desks_are_their_own(desk: Desk) -> None:
    """Account 1 begins that of desk 3; account 0's own begins half a second later."""
    desk.do(ask.desk_limit(3, Limit.MESSAGES, 2), ask.limit(0, Limit.MESSAGES, 2))
    desk.do(ask.buy(1, 1, TEN, 1))
    desk.do(ask.buy(0, 1, TEN, 1), after_ns=SECOND // 2)
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["LIMIT_MESSAGES 2: 2 3 0"]
    assert told(desk.do(ask.buy(0, 3, TEN, 1), after_ns=SECOND // 2)) == ["ACCEPTED 0"]
    assert told(desk.do(ask.buy(0, 4, TEN, 1))) == ["LIMIT_MESSAGES 0: 2 3 0"]
    assert desk.desk(3).messages == 1


def test_a_window_is_looked_at_in_its_turn(desk: Desk) -> None:
    """Where the account's limit refuses, the desks' windows are as they were."""
    desk.do(ask.buy(1, 1, TEN, 1), ask.buy(0, 1, TEN, 1))
    desk.do(ask.buy(0, 2, TEN, 1), after_ns=2 * SECOND - 1)
    desk.do(ask.limit(0, Limit.MESSAGES, 1))
    assert [desk.desk(number).messages for number in (4, 5)] == [1, 0]
    assert told(desk.do(ask.buy(0, 3, TEN, 1), after_ns=1)) == ["LIMIT_MESSAGES 0: 1 2 0"]
    assert desk.desk(3).messages == 1
    desk.do(ask.desk_limit(3, Limit.MESSAGES, 1))
    assert told(desk.do(ask.buy(1, 2, TEN, 1))) == ["LIMIT_MESSAGES 1: 1 2 0"]


def test_the_rate_of_the_account_comes_first(desk: Desk) -> None:
    desk.do(ask.account(0, max_messages=1, flags=1), ask.desk_limit(1, Limit.MESSAGES, 1), ask.buy(0, 1, TEN, 1))
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["MESSAGE_RATE 0: 1 2 0"]


def test_a_warning_comes_though_the_order_is_refused(desk: Desk) -> None:
    desk.do(ask.desk_limit(1, Limit.MESSAGES, 0, 1), ask.desk_limit(4, Limit.MESSAGES, 0, 1), ask.buy(0, 1, TEN, 1))
    events = desk.do(ask.buy(0, 2, TEN, 0, instrument=1))
    assert told(events) == ["warned MESSAGES 1: 1 2 of 4", "warned MESSAGES 4: 1 2 of 1", "QTY 0: 1 0 0"]
    assert [(event.instrument, event.client_order_id) for event in events] == [(1, 2)] * 3


def test_a_warning_is_of_the_command_that_passes(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.MESSAGES, 0, 1), ask.desk_limit(1, Limit.MESSAGES, 1), ask.buy(0, 1, TEN, 1))
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["LIMIT_MESSAGES 4: 1 2 0"]
    desk.do(ask.desk_limit(1, Limit.MESSAGES, 2))
    assert told(desk.do(ask.buy(0, 3, TEN, 1))) == ["warned MESSAGES 0: 1 2 of 0", "ACCEPTED 0"]


# The same again


@AT
def test_the_same_order_again(desk: Desk, distance: int, holder: Any) -> None:
    number = NUMBERS[distance]
    desk.do(limited(holder, Limit.REPEATS, 3, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == ["ACCEPTED 0"]
    warned = f"warned REPEATS {distance}: 1 2 of {number}"
    assert told(desk.do(ask.buy(0, 2, TEN, 1))) == ["ACCEPTED 0", warned]
    others = (
        ask.buy(0, 3, TEN, 2),
        ask.buy(0, 4, TEN - 100, 1),
        ask.buy(0, 5, TEN, 1, instrument=1),
    )
    assert told(desk.do(*others)) == ["ACCEPTED 0"] * 3
    assert told(desk.do(ask.buy(0, 6, TEN, 1))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.buy(0, 7, TEN, 1), after_ns=SECOND - 1)) == [f"LIMIT_REPEATS {distance}: 3 4 0"]
    assert told(desk.do(ask.buy(0, 8, TEN, 1), after_ns=1)) == ["ACCEPTED 0"]


def test_side_and_type_count_and_nothing_else(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.REPEATS, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.sell(0, 2, TEN, 1, flags=OrderFlag.DO_NOT_ROUTE)))[0] == "ACCEPTED 0"
    stop = ask.special(0, 3, Side.BUY, 1, price=TEN + 500, order_type=3, stop_price=TEN + 400)
    assert told(desk.do(stop)) == ["ACCEPTED 0"]
    assert told(desk.do(ask.special(0, 4, Side.BUY, 1, price=TEN, group=5, session=2))) == ["LIMIT_REPEATS 0: 1 2 0"]


def test_what_is_refused_by_it_does_not_count(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.REPEATS, 1), ask.buy(0, 1, TEN, 1))
    for number in (2, 3):
        assert told(desk.do(ask.buy(0, number, TEN, 1))) == ["LIMIT_REPEATS 0: 1 2 0"]
    desk.do(ask.limit(0, Limit.REPEATS, 2))
    assert told(desk.do(ask.buy(0, 4, TEN, 1), ask.buy(0, 5, TEN, 1))) == ["ACCEPTED 0", "LIMIT_REPEATS 0: 2 3 0"]


def test_what_a_later_holder_refuses_does_not_count_and_what_a_later_check_refuses_does(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.REPEATS, 1), ask.desk_limit(1, Limit.GROSS, 1))
    assert told(desk.do(ask.buy(0, 1, TEN, 1)))[0].startswith("LIMIT_GROSS 4")
    desk.do(ask.desk_limit(1, Limit.GROSS), ask.sell(5, 1, TEN, 1))
    assert told(desk.do(ask.buy(0, 2, TEN, 1, flags=OrderFlag.POST_ONLY))) == [f"POST_ONLY 0: {TEN} {TEN} 0"]
    assert told(desk.do(ask.buy(0, 3, TEN, 1))) == ["LIMIT_REPEATS 0: 1 2 0"]


def test_four_are_remembered(desk: Desk) -> None:
    """The place of the one that was longest not sent is taken, by one that is refused, too."""
    desk.do(ask.desk_limit(4, Limit.REPEATS, 1))
    assert told(desk.do(*(ask.buy(0, qty, TEN, qty) for qty in (1, 2, 3, 4)))) == ["ACCEPTED 0"] * 4
    assert told(desk.do(ask.buy(0, 5, TEN, 1))) == ["LIMIT_REPEATS 1: 1 2 0"]  # sent last now
    assert told(desk.do(ask.buy(0, 6, TEN, 6))) == ["ACCEPTED 0"]  # in the place of 2
    assert told(desk.do(ask.buy(0, 7, TEN, 1))) == ["LIMIT_REPEATS 1: 1 2 0"]
    assert told(desk.do(ask.buy(0, 8, TEN, 2))) == ["ACCEPTED 0"]  # in the place of 3
    assert told(desk.do(ask.buy(0, 9, TEN, 4))) == ["LIMIT_REPEATS 1: 1 2 0"]
    assert told(desk.do(ask.buy(0, 10, TEN, 3))) == ["ACCEPTED 0"]


def test_it_is_looked_up_where_the_first_such_limit_is(desk: Desk) -> None:
    """Desk 4 refuses for its GROSS before REPEATS of desk 3 is come to: nothing is remembered."""
    desk.do(ask.desk_limit(4, Limit.GROSS, 1), ask.desk_limit(3, Limit.REPEATS, 1))
    desk.do(ask.buy(0, 1, TEN, 1))
    desk.do(ask.desk_limit(4, Limit.GROSS))
    assert told(desk.do(ask.buy(0, 2, TEN, 1), after_ns=SECOND - 1)) == ["ACCEPTED 0"]
    assert told(desk.do(ask.buy(0, 3, TEN, 1), after_ns=SECOND - 1)) == ["LIMIT_REPEATS 2: 1 2 0"]


def test_what_is_remembered_goes_with_the_watch(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.REPEATS, 1), ask.buy(0, 1, TEN, 1), ask.limit(0, Limit.REPEATS))
    desk.do(ask.buy(0, 2, TEN, 1), ask.limit(0, Limit.REPEATS, 1))
    assert told(desk.do(ask.buy(0, 3, TEN, 1))) == ["LIMIT_REPEATS 0: 1 2 0"]
    desk.do(ask.account_risk(0, RiskType.NONE), ask.account_risk(0, RiskType.CASH))
    assert told(desk.do(ask.buy(0, 4, TEN, 1))) == ["ACCEPTED 0"]


def test_orders_that_only_reduce_and_children_have_it(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 10), ask.limit(0, Limit.REPEATS, 1), ask.sell(0, 1, TEN, 5))
    assert told(desk.do(ask.sell(0, 2, TEN, 5))) == ["LIMIT_REPEATS 0: 1 2 0"]
    child = {"price": TEN, "role": Role.CHILD}
    assert told(desk.do(ask.special(0, 3, Side.BUY, 5, **child))) == ["ACCEPTED 0"]
    assert told(desk.do(ask.special(0, 4, Side.BUY, 5, **child))) == ["LIMIT_REPEATS 0: 1 2 0"]


def test_a_retry_is_none(desk: Desk) -> None:
    desk.do(ask.limit(0, Limit.REPEATS, 1), ask.buy(0, 1, TEN, 1))
    again = desk.one(ask.buy(0, 1, TEN, 1))
    assert (again.kind, again.flags) == (EventKind.ACCEPTED, 1)
    assert desk.account(0).cash == 10**13 and desk.desk(1).gross == LOT
