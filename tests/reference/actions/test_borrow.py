"""Lists, locates, check 23b, the end of a day, by hand. docs/borrow.md. A lot at price 1 is 100 of cash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    Borrow,
    CancelReason,
    Check,
    EventKind,
    OrderType,
    Role,
    Side,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import as_i64

SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
CASH = 10**9
MOST = 1 << 40


@pytest.fixture
def desk(market: Any) -> Desk:
    """Of an instrument that is hard to borrow: account 0 holds 10 lots, 1 and 2 none; 100 lots can be lent."""
    desk = Desk(market).open(CASH, accounts=4, flags=SHORT, reference_price=1000)
    desk.do(ask.shares(0, 0, 10, 1), ask.borrow(0, Borrow.HARD, 300_000, 100))
    return desk


def refusal(events: Sequence[Any]) -> tuple[int, int, int, int, int]:
    """Check, index, limit, value and headroom of a refused AdminCommand."""
    (event,) = events
    assert (event.kind, event.account_seq) == (EventKind.ADMIN_REJECTED, 0)
    return event.check, event.client_order_id, event.limit, event.value, event.headroom


def order_refusal(events: Sequence[Any]) -> tuple[int, int, int, int]:
    """Check, limit, value and headroom of a refused order, or REPLACE."""
    (event,) = events
    assert (event.kind in (EventKind.REJECTED, EventKind.REPLACE_REJECTED), event.flags) == (True, 0)
    return event.check, event.limit, event.value, event.headroom


def is_taken(events: Sequence[Any]) -> bool:
    return events[0].kind in (EventKind.ACCEPTED, EventKind.REPLACED)


def located(desk: Desk) -> list[tuple[int, int, int, int]]:
    """Account, instrument, located, short."""
    return [(row.account, row.instrument, row.located, row.short) for row in desk.locates()]


# Lists


def test_it_is_easy_to_borrow_at_first(market: Any) -> None:
    desk = Desk(market).open(flags=SHORT)
    row = desk.borrow()
    assert (row.instrument, row.borrow, row.fee, row.inventory, row.lent) == (0, Borrow.EASY, 0, 0, 0)
    assert is_taken(desk.do(ask.sell(0, 1, 10, 5)))
    assert located(desk) == []


def test_what_is_set_is_told(desk: Desk) -> None:
    event = desk.one(ask.borrow(0, Borrow.NONE, 10**7, MOST, request=7))
    assert (event.kind, event.account_seq, event.account, event.instrument) == (EventKind.BORROW_SET, 0, 0, 0)
    assert (event.reason, event.price, event.order_id, event.qty) == (Borrow.NONE, 10**7, MOST, 7)
    row = desk.borrow()
    assert (row.borrow, row.fee, row.inventory, row.lent) == (Borrow.NONE, 10**7, MOST, 0)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (ask.borrow(9, 9, -1, -1), (Check.INSTRUMENT, 0, 0, 9, 0)),
        (ask.borrow(0, 3, -1, -1), (Check.VALUE, 0, Borrow.NONE, 3, 0)),
        (ask.borrow(0, 0, -1, -1), (Check.VALUE, 1, 0, -1, 0)),
        (ask.borrow(0, 0, 10**7 + 1, -1), (Check.VALUE, 1, 10**7, 10**7 + 1, 0)),
        (ask.borrow(0, 0, 0, -1), (Check.VALUE, 2, 0, -1, 0)),
        (ask.borrow(0, 0, 0, MOST + 1), (Check.VALUE, 2, MOST, MOST + 1, 0)),
        (ask.locate(9, 9, 0), (Check.ACCOUNT, 0, 0, 9, 0)),
        (ask.locate(1, 9, 0), (Check.INSTRUMENT, 0, 0, 9, 0)),
        (ask.locate(1, 0, 0), (Check.VALUE, 0, 1, 0, 0)),
        (ask.locate(1, 0, MOST + 1), (Check.VALUE, 0, MOST, MOST + 1, 0)),
        (ask.locate(1, 0, -MOST - 1), (Check.VALUE, 0, -MOST, -MOST - 1, 0)),
        (ask.locate(1, 0, -1), (Check.VALUE, 0, 0, -1, 0)),
        (ask.locate(1, 0, 101), (Check.LOCATE, 0, 100, 101, 100)),
    ],
)
def test_refusals(desk: Desk, command: Command, said: tuple[int, ...]) -> None:
    assert refusal(desk.do(command)) == said
    assert located(desk) == []


# Locates


def test_lots_are_located_and_given_back(desk: Desk) -> None:
    event = desk.one(ask.locate(1, 0, 30, request=5))
    assert (event.kind, event.account, event.account_seq, event.instrument) == (EventKind.LOCATED, 1, 3, 0)
    assert (event.price, event.trade_id, event.qty) == (30, 30, 5)
    assert located(desk) == [(1, 0, 30, 0)]  # of a position that was made for it
    assert desk.position(1).qty == 0
    assert desk.borrow().lent == 30
    assert refusal(desk.do(ask.locate(2, 0, 71))) == (Check.LOCATE, 0, 70, 71, 70)
    assert refusal(desk.do(ask.locate(1, 0, -31))) == (Check.VALUE, 0, -30, -31, 0)
    event = desk.one(ask.locate(1, 0, -12))
    assert (event.kind, event.price, event.trade_id) == (EventKind.LOCATED, -12, 18)
    assert desk.borrow().lent == 18


def test_a_position_is_made_only_where_one_can_be(market: Any) -> None:
    desk = Desk(market)
    usd, eur = ask.currency("USD"), ask.currency("EUR")
    desk.do(ask.configure(positions=1), ask.instrument(0), ask.borrow(0, Borrow.HARD, 0, 100))
    desk.do(ask.account(0, currency=eur), ask.account(1, currency=usd), ask.account(2))
    assert refusal(desk.do(ask.locate(0, 0, 101)))[0] == Check.LOCATE
    assert refusal(desk.do(ask.locate(0, 0, 100))) == (Check.CURRENCY, 0, eur, usd, 0)
    assert desk.one(ask.locate(1, 0, 50)).kind == EventKind.LOCATED
    assert refusal(desk.do(ask.locate(2, 0, 50))) == (Check.POSITION_CAPACITY, 0, 1, 2, 0)
    assert desk.one(ask.locate(1, 0, 50)).trade_id == 100


def test_less_than_is_lent_is_a_recall(desk: Desk) -> None:
    desk.do(ask.locate(1, 0, 30), ask.sell(1, 1, 1000, 20), ask.borrow(0, Borrow.HARD, 0, 10))
    row = desk.borrow()
    assert (row.inventory, row.lent) == (10, 30)
    assert located(desk) == [(1, 0, 30, 20)]  # stays, and what rests does
    assert len(desk.orders()) == 1
    assert refusal(desk.do(ask.locate(2, 0, 1))) == (Check.LOCATE, 0, 0, 1, 0)
    assert desk.one(ask.locate(1, 0, -10)).trade_id == 20


# Check 23b


def test_nobody_sells_short_without_a_locate(desk: Desk) -> None:
    assert order_refusal(desk.do(ask.sell(1, 1, 1000, 5))) == (Check.LOCATE, 0, 5, 0)
    assert order_refusal(desk.do(ask.sell(0, 1, 1000, 11))) == (Check.LOCATE, 0, 1, 0)
    assert is_taken(desk.do(ask.sell(0, 2, 1000, 10)))  # what it has
    assert order_refusal(desk.do(ask.sell(0, 3, 1000, 1))) == (Check.LOCATE, 0, 1, 0)
    desk.do(ask.locate(1, 0, 5))
    assert order_refusal(desk.do(ask.sell(1, 2, 1000, 6))) == (Check.LOCATE, 5, 6, 5)
    assert is_taken(desk.do(ask.sell(1, 3, 1000, 5)))


def test_several_orders_share_what_was_located(desk: Desk) -> None:
    desk.do(ask.locate(0, 0, 8), ask.sell(0, 1, 1000, 6))  # 10 held: 4 are left, and 8 located
    assert order_refusal(desk.do(ask.sell(0, 2, 1000, 13))) == (Check.LOCATE, 8, 9, 8)
    assert is_taken(desk.do(ask.sell(0, 3, 1000, 7)))  # 3 of them short
    assert located(desk) == [(0, 0, 8, 3)]
    assert order_refusal(desk.do(ask.sell(0, 4, 1000, 6))) == (Check.LOCATE, 8, 9, 5)
    assert is_taken(desk.do(ask.sell(0, 5, 1000, 5)))
    assert refusal(desk.do(ask.locate(0, 0, -1))) == (Check.VALUE, 0, 0, -1, 0)


def test_what_was_sold_short_stays_located(desk: Desk) -> None:
    desk.do(ask.locate(1, 0, 5), ask.buy(2, 1, 1000, 5), ask.sell(1, 1, 1000, 5))
    assert desk.position(1).qty == -5
    assert located(desk) == [(1, 0, 5, 5)]
    assert order_refusal(desk.do(ask.sell(1, 2, 1000, 1))) == (Check.LOCATE, 5, 6, 0)
    desk.do(ask.sell(2, 2, 1000, 3), ask.buy(1, 3, 1000, 3))  # bought back: they may be sold again
    assert located(desk) == [(1, 0, 5, 2)]
    assert is_taken(desk.do(ask.sell(1, 4, 1000, 3)))


def test_of_none_nobody_sells_short(desk: Desk) -> None:
    desk.do(ask.locate(0, 0, 8), ask.borrow(0, Borrow.NONE, 0, 100))
    assert order_refusal(desk.do(ask.sell(0, 1, 1000, 12))) == (Check.LOCATE, 0, 2, 0)
    assert is_taken(desk.do(ask.sell(0, 2, 1000, 10)))


def test_it_comes_after_23_and_before_24d_and_holds_for_all(desk: Desk) -> None:
    desk.do(ask.account(3, flags=CREDIT), ask.command(wire.CommandKind.SET_SHORT_SALE, 1, instrument=0))
    assert order_refusal(desk.do(ask.sell(3, 1, 1000, 5)))[0] == Check.SHORT_SALE
    desk.do(ask.buy(2, 1, 900, 5), ask.account(3, flags=CREDIT | SHORT))
    assert order_refusal(desk.do(ask.sell(3, 2, 900, 5)))[0] == Check.SHORT_PRICE
    assert order_refusal(desk.do(ask.sell(3, 3, 901, 5)))[0] == Check.LOCATE
    desk.do(ask.locate(3, 0, 5), ask.account_risk(1, wire.RiskType.MARGIN), ask.account_risk(2, wire.RiskType.CASH))
    assert is_taken(desk.do(ask.sell(3, 4, 901, 5)))
    assert order_refusal(desk.do(ask.sell(1, 4, 10**6, 500)))[0] == Check.LOCATE


def test_a_replace_has_its_own_lots_out(desk: Desk) -> None:
    desk.do(ask.locate(1, 0, 5), ask.sell(1, 1, 1000, 5))
    assert order_refusal(desk.do(ask.replace(1, 1, 1000, 6))) == (Check.LOCATE, 5, 6, 5)
    assert is_taken(desk.do(ask.replace(1, 1, 990, 5)))
    desk.do(ask.borrow(0, Borrow.NONE, 0, 100))
    assert order_refusal(desk.do(ask.replace(1, 1, 990, 4))) == (Check.LOCATE, 0, 4, 0)  # it may be cancelled
    assert desk.one(ask.cancel(1, 1)).kind == EventKind.CANCELED


def test_a_peer_is_not_looked_at_again(desk: Desk) -> None:
    desk.do(ask.locate(1, 0, 5), ask.sell(1, 1, 1000, 5), ask.borrow(0, Borrow.NONE, 0, 100))
    stop = {"order_type": OrderType.STOP, "stop_price": 900, "role": Role.PEER, "link_id": 1}
    assert is_taken(desk.do(ask.special(1, 2, Side.SELL, 5, **stop)))
    assert located(desk) == [(1, 0, 5, 5)]  # the lots of a ring count once


@pytest.mark.parametrize(("lots", "ends"), [(10, False), (9, True)])
def test_a_child_is_looked_at_when_it_wakes(desk: Desk, lots: int, ends: bool) -> None:
    """The parent sells 5, then the child is to."""
    desk.do(ask.locate(1, 0, 10))
    desk.do(ask.special(1, 1, Side.SELL, 5, price=1100, role=Role.CHILD))
    desk.do(ask.special(1, 2, Side.SELL, 5, price=1000, role=Role.PARENT, link_id=1))
    assert located(desk) == [(1, 0, 10, 5)]  # who waits owes nothing yet
    if lots < 10:
        desk.do(ask.locate(1, 0, lots - 10))
    events = desk.do(ask.buy(2, 1, 1000, 5))
    ended = [event.reason for event in events if event.kind == EventKind.CANCELED]
    assert ended == ([CancelReason.EXPOSURE] if ends else [])
    assert located(desk) == [(1, 0, lots, 5 if ends else 10)]


def test_a_child_that_comes_is_not_looked_at(desk: Desk) -> None:
    assert is_taken(desk.do(ask.special(1, 1, Side.SELL, 5, price=1100, role=Role.CHILD)))
    assert is_taken(desk.do(ask.replace(1, 1, 1200, 5)))


# The end of the day


def test_what_is_free_goes_back_with_the_day(desk: Desk) -> None:
    desk.do(ask.locate(2, 0, 7), ask.locate(1, 0, 20), ask.locate(0, 0, 9))
    desk.do(ask.buy(2, 1, 1000, 5), ask.sell(1, 1, 1000, 5))  # 1 owes 5
    desk.do(ask.sell(1, 2, 1100, 4), ask.sell(1, 3, 1200, 3, tif=TimeInForce.DAY))
    desk.do(ask.sell(0, 1, 1100, 12), ask.schedule(desk.ts_ns + 10))
    events = desk.do(ask.tick(), after_ns=10)
    assert [event.kind for event in events] == [EventKind.CANCELED, *[EventKind.LOCATED] * 3, EventKind.DAY_ENDED]
    told = [(event.account, event.instrument, event.price, event.trade_id, event.qty) for event in events[1:4]]
    assert [(who, as_i64(price % (1 << 64)), after) for who, _, price, after, _ in told] == [
        (0, -7, 2),  # in the order in which positions came
        (2, -7, 0),
        (1, -11, 9),  # 5 that it owes, 4 that it offers without an end
    ]
    assert all((number, qty) == (0, 0) for _, number, _, _, qty in told)
    assert located(desk) == [(0, 0, 2, 2), (1, 0, 9, 9)]
    assert desk.borrow().lent == 11
    desk.do(ask.sell(2, 2, 1000, 5), ask.buy(1, 4, 1000, 5))  # bought back: it is free, and goes with the next end
    events = desk.do(ask.tick(), after_ns=86_400 * 10**9)
    assert [(event.account, event.price) for event in events if event.kind == EventKind.LOCATED] == [(1, -5)]
