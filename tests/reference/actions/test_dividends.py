"""Dividends, due and paid, by hand. docs/actions.md, "Dividends"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, Check, EventKind, HouseAccount, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import HOUSE_ROW, as_i64, balance_of

SHORT = AccountFlag.SHORT_ALLOWED
UNIT = 10**6
CASH = 10**6 * UNIT
LAST = (1 << 63) - 1


@pytest.fixture
def desk(market: Any) -> Desk:
    """Account 0 holds 300 shares, 1 is 200 short, 2 was once in it, 3 never; lots of 100, at 500.00."""
    desk = Desk(market).open(CASH, accounts=4, flags=SHORT, lot_size=100, reference_price=5_000_000)
    desk.do(ask.buy(2, 1, 5_000_000, 1), ask.sell(1, 1, 5_000_000, 1))
    desk.do(ask.buy(0, 1, 5_000_000, 2), ask.sell(2, 2, 5_000_000, 1), ask.sell(1, 2, 5_000_000, 1))
    desk.do(ask.shares(0, 0, 1))
    return desk


def refusal(desk: Desk, command: Command) -> tuple[int, int, int, int]:
    """Check, index, limit and value."""
    event = desk.one(command)
    assert (event.kind, event.account_seq, event.headroom) == (EventKind.ADMIN_REJECTED, 0, 0)
    return event.check, event.client_order_id, event.limit, event.value


def due(desk: Desk) -> list[tuple[int, int, int]]:
    return [(row.account, row.instrument, row.due) for row in desk.dues()]


def paid(events: Sequence[Any]) -> list[tuple[int, int]]:
    """Account and what it pays; the last event says how many of them there are."""
    *own, last = events
    own = [event for event in own if event.kind == EventKind.CHARGED]
    assert (last.kind, last.leaves) == (EventKind.DIVIDEND_PAID, len(own))
    return [(event.account, event.price) for event in own]


def test_who_has_shares_has_a_claim_and_who_owes_them_owes(desk: Desk) -> None:
    """0.82 a share, as Apple declared on 2020-07-30."""
    *own, last = desk.do(ask.dividend(0, 820_000, 77, request=6))
    told = [(event.account, event.instrument, event.price, as_i64(event.trade_id), event.qty) for event in own]
    assert told == [(1, 0, -164 * UNIT, -164 * UNIT, 6), (0, 0, 246 * UNIT, 246 * UNIT, 6)]
    assert all(event.kind == EventKind.DIVIDEND_DUE and event.account_seq for event in own)
    assert (last.kind, last.account_seq, last.instrument) == (EventKind.DIVIDEND_SET, 0, 0)
    assert (last.price, last.leaves, last.client_order_id, last.qty) == (820_000, 2, 77, 6)
    assert due(desk) == [(1, 0, -164 * UNIT), (0, 0, 246 * UNIT)]  # in the order in which positions came
    assert desk.account(0).cash == CASH - 100_000 * UNIT  # no cash yet


def test_cash_comes_with_the_payment(desk: Desk) -> None:
    desk.do(ask.dividend(0, 820_000))
    before = {number: desk.account(number) for number in range(4)}
    *own, last = desk.do(ask.pay_dividend(0, 88, request=7))
    assert [(event.kind, event.account, event.instrument, event.price) for event in own] == [
        (EventKind.CHARGED, 1, 0, 164 * UNIT),
        (EventKind.CHARGED, 0, 0, -246 * UNIT),
    ]
    for event in own:
        assert (event.side, event.reason, event.qty) == (wire.SIDE_BOTH, HouseAccount.DIVIDEND, 7)
        assert (event.trade_id, event.order_id, event.account_seq > 0) == (88, 0, True)
    assert (last.kind, last.instrument, last.leaves, last.client_order_id, last.qty) == (
        EventKind.DIVIDEND_PAID, 0, 2, 88, 7
    )  # fmt: skip
    after = {number: desk.account(number) for number in range(4)}
    assert [after[number].cash - before[number].cash for number in range(4)] == [246 * UNIT, -164 * UNIT, 0, 0]
    assert [after[number].settled - before[number].settled for number in range(4)] == [246 * UNIT, -164 * UNIT, 0, 0]
    (row,) = (row for row in HOUSE_ROW.rows(desk.market.house()) if row.house == HouseAccount.DIVIDEND)
    assert balance_of(row) == -82 * UNIT
    assert due(desk) == []
    assert paid(desk.do(ask.pay_dividend(0))) == []


def test_the_claim_stays_with_who_had_the_shares(desk: Desk) -> None:
    desk.do(ask.dividend(0, 820_000), ask.buy(3, 1, 5_000_000, 3), ask.sell(0, 2, 5_000_000, 3))
    desk.do(ask.dividend(0, 10_000))
    assert due(desk) == [(1, 0, -166 * UNIT), (0, 0, 246 * UNIT), (3, 0, 3 * UNIT)]
    assert paid(desk.do(ask.pay_dividend(0))) == [(1, 166 * UNIT), (0, -246 * UNIT), (3, -3 * UNIT)]


def test_it_counts_in_equity_and_not_in_cash(desk: Desk) -> None:
    desk.do(ask.risk(10, desks=1, limited=1), ask.account_risk(0, RiskType.CASH), ask.account_risk(1, RiskType.MARGIN))
    before = [desk.risk(number) for number in (0, 1)]
    cash = [desk.account(number) for number in (0, 1)]
    desk.do(ask.dividend(0, 10 * UNIT))
    after = [desk.risk(number) for number in (0, 1)]
    assert [new.equity - old.equity for new, old in zip(after, before, strict=True)] == [3000 * UNIT, -2000 * UNIT]
    assert [new.base - old.base for new, old in zip(after, before, strict=True)] == [0, 0]
    assert desk.account(0).withdrawable == cash[0].withdrawable
    assert desk.account(1).withdrawable == cash[1].withdrawable - 2000 * UNIT  # a MARGIN account's is of its equity
    desk.do(ask.pay_dividend(0))
    assert [desk.risk(number).equity for number in (0, 1)] == [row.equity for row in after]
    assert desk.account(0).withdrawable == cash[0].withdrawable + 3000 * UNIT


def test_nobody_has_a_claim(market: Any) -> None:
    desk = Desk(market).open()
    event = desk.one(ask.dividend(0, 1))
    assert (event.kind, event.leaves) == (EventKind.DIVIDEND_SET, 0)
    assert paid(desk.do(ask.pay_dividend(0))) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (ask.dividend(9, 0, -1), (Check.INSTRUMENT, 0, 0, 9)),
        (ask.dividend(0, 0, -1), (Check.VALUE, 0, 1, 0)),
        (ask.dividend(0, 10**12 + 1, -1), (Check.VALUE, 0, 10**12, 10**12 + 1)),
        (ask.dividend(0, 1, -1), (Check.VALUE, 1, 0, -1)),
        (ask.pay_dividend(9, -1), (Check.INSTRUMENT, 0, 0, 9)),
        (ask.pay_dividend(0, -1), (Check.VALUE, 1, 0, -1)),
    ],
)
def test_refusals(desk: Desk, command: Command, said: tuple[int, ...]) -> None:
    assert refusal(desk, command) == said
    assert due(desk) == []


@pytest.mark.parametrize("lots", [1 << 40, 1 << 30])
def test_no_claim_is_beyond_its_bound(market: Any, lots: int) -> None:
    """Nobody has one then. What it would be is told within an i64."""
    desk = Desk(market).open(0, accounts=2, lot_size=1 << 10)
    desk.do(ask.shares(0, 0, 5), ask.shares(1, 0, lots), ask.dividend(0, 3))
    would_be = min(LAST, (lots << 10) * (10**12 + 3))
    assert refusal(desk, ask.dividend(0, 10**12)) == (Check.VALUE, 2, 1 << 61, would_be)
    assert due(desk) == [(0, 0, 15 << 10), (1, 0, (3 * lots) << 10)]


def test_what_there_is_no_room_for_stays_due(market: Any) -> None:
    desk = Desk(market).open(0, accounts=2, flags=SHORT, lot_size=100)
    desk.do(ask.sell(1, 1, 1, 1), ask.deposit(0, wire.MAX_CASH), ask.buy(0, 1, 1, 1))  # 1 is 100 shares short
    desk.do(ask.charge(1, wire.MAX_CASH), ask.dividend(0, 300))
    assert (desk.account(0).cash, desk.account(1).cash) == (wire.MAX_CASH - 10_000, -wire.MAX_CASH + 10_000)
    assert paid(desk.do(ask.pay_dividend(0))) == [(1, 10_000), (0, -10_000)]
    assert due(desk) == [(1, 0, -20_000), (0, 0, 20_000)]
    assert paid(desk.do(ask.pay_dividend(0))) == []
    desk.do(ask.charge(0, 50_000), ask.deposit(1, 1))
    assert paid(desk.do(ask.pay_dividend(0))) == [(1, 1), (0, -20_000)]
    assert due(desk) == [(1, 0, -19_999)]
