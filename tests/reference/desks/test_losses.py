"""What is lost since the day last ended, its limits and warnings. docs/desks.md, "base"."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import EventKind, FeeBits, Limit, RiskType, Role, Side

from tests.reference import commands as ask
from tests.reference.desk import AnyMarket, Desk
from tests.reference.desks.worked import AT, DOLLAR, LOT, TEN, limited, moves_to, told, trade, with_desks

CASH = 10**13


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    return with_desks(market)


def lost(desk: Desk, number: int = 0) -> int:
    row = desk.risk(number)
    return int(row.base - row.equity)


def ends_day(desk: Desk) -> list[Any]:
    desk.do(ask.schedule(desk.ts_ns + 1))
    return desk.do(ask.tick(), after_ns=1)


def test_prices_and_trades_lose(desk: Desk) -> None:
    trade(desk, 0, 5, 10)
    moves_to(desk, TEN - 10_000)
    assert (lost(desk), lost(desk, 5)) == (10 * DOLLAR, -10 * DOLLAR)
    trade(desk, 0, 5, 10, TEN, 9001)  # at 10 dollars, and marked at 9
    assert lost(desk) == 20 * DOLLAR
    assert desk.desk(1).loss == 20 * DOLLAR


def test_what_is_brought_or_taken_is_neither(desk: Desk) -> None:
    trade(desk, 0, 5, 10)
    moves_to(desk, TEN - 10_000)
    desk.do(ask.ledger(4))
    commands = (
        ask.deposit(0, 777),
        ask.deposit(0, -1000),
        ask.shares(0, 0, 5, 3),
        ask.shares(0, 0, -2),
        ask.charge(0, 55),
        ask.charge(0, -66),
        ask.hold_cash(0, 100, 1),
        ask.hold_cash(0, 200, 2),
        ask.post_cash(0, 1),
        ask.release_cash(0, 2),
    )
    changes = []
    for command in commands:
        before = desk.risk(0).base
        assert len(desk.do(command)) == 1
        assert lost(desk) == 10 * DOLLAR
        changes.append(desk.risk(0).base - before)
    assert changes == [777, -1000, 45 * DOLLAR, -18 * DOLLAR, -55, 66, -100, -200, 0, 200]


def test_fees_of_trades_are_lost_and_a_bust_gives_back(desk: Desk) -> None:
    taker = FeeBits.BUY | FeeBits.PER_FILL | FeeBits.MAKER
    desk.do(ask.fee(1, 0, taker, per_order=5), ask.account(0, *(wire.KEEP,) * 6, 1, flags=255, name=b""))
    trade(desk, 0, 5, 10, TEN + 10_000)
    assert lost(desk) == 10 * DOLLAR + 5
    desk.do(ask.bust(1, 0, 5, TEN + 10_000, 10))
    assert lost(desk) == 5


def test_a_day_begins_with_what_there_is(desk: Desk) -> None:
    """Day after day: the loss of each is its own. What is marked with the same TICK is of the new day."""
    trade(desk, 0, 5, 10)
    for price, loss in ((TEN - 10_000, 10), (TEN - 30_000, 20), (TEN + 20_000, -50)):
        moves_to(desk, price)
        assert lost(desk) == loss * DOLLAR
        keep = wire.KEEP
        desk.do(ask.instrument(0, keep, keep, price - 5_000, keep, keep, keep, keep, keep, name=b""))
        events = ends_day(desk)
        assert [event.kind for event in events] == [EventKind.DAY_ENDED]
        assert lost(desk) == 5 * DOLLAR


def test_who_comes_to_be_watched_has_lost_nothing(desk: Desk) -> None:
    trade(desk, 0, 5, 10)
    moves_to(desk, TEN - 10_000)
    desk.do(ask.account_risk(0, RiskType.MARGIN))
    assert lost(desk) == 10 * DOLLAR
    desk.do(ask.account_risk(0, RiskType.NONE))
    assert desk.desk(1).loss == 0
    desk.do(ask.account_risk(0, RiskType.CASH))
    assert lost(desk) == 0


@AT
def test_a_loss_beyond_the_limit_refuses_what_opens(desk: Desk, distance: int, holder: Any) -> None:
    """Account 1 has gained 1 dollar a share on 3, below desk 3 and what is above it."""
    trade(desk, 0, 5, 10)
    desk.do(ask.sell(1, 1, TEN, 3), ask.buy(5, 1, TEN, 3))
    moves_to(desk, TEN - 10_000)
    loss = (7 if distance >= 2 else 10) * DOLLAR
    desk.do(limited(holder, Limit.DAY_LOSS, loss))
    assert told(desk.do(ask.buy(0, 1, 90_000, 1))) == ["ACCEPTED 0"]
    desk.do(limited(holder, Limit.DAY_LOSS, loss - 1))
    assert told(desk.do(ask.buy(0, 2, 90_000, 1))) == [f"LIMIT_DAY_LOSS {distance}: {loss - 1} {loss} 0"]
    assert told(desk.do(ask.replace(0, 1, 90_000, 2))) == [f"LIMIT_DAY_LOSS {distance}: {loss - 1} {loss} 0"]
    child = ask.special(0, 4, Side.BUY, 1, price=90_000, role=Role.CHILD)
    assert told(desk.do(child)) == [f"LIMIT_DAY_LOSS {distance}: {loss - 1} {loss} 0"]
    assert told(desk.do(ask.sell(0, 3, 90_000, 10)))[0] == "ACCEPTED 0"
    ends_day(desk)
    assert told(desk.do(ask.buy(0, 5, 80_000, 1))) == ["ACCEPTED 0"]


def test_a_gain_is_no_loss(desk: Desk) -> None:
    trade(desk, 0, 5, 10)
    moves_to(desk, TEN + 10_000)
    desk.do(ask.limit(0, Limit.DAY_LOSS, 1, 1), ask.desk_limit(1, Limit.DAY_LOSS, 1, 1))
    assert [row.measure for row in desk.limits()] == [0, 0]
    assert desk.desk(1).loss == -10 * DOLLAR
    assert told(desk.do(ask.buy(0, 1, TEN, 1))) == ["ACCEPTED 0"]


def test_soft_limits_are_told_once_until_it_is_less(desk: Desk) -> None:
    """Of accounts, by id, then of desks, by id; each time the loss comes beyond the limit."""
    trade(desk, 0, 5, 10)
    trade(desk, 1, 5, 10, number=9001)
    for number in (1, 0):
        desk.do(ask.limit(number, Limit.DAY_LOSS, 0, 9 * DOLLAR))
    for number in (3, 1):
        desk.do(ask.desk_limit(number, Limit.DAY_LOSS, 0, 19 * DOLLAR))
    nine, nineteen = 9 * DOLLAR, 19 * DOLLAR
    events = moves_to(desk, TEN - 10_000)
    assert told(events) == [
        f"warned DAY_LOSS 0: {nine} {10 * DOLLAR} of 0",
        f"warned DAY_LOSS 0: {nine} {10 * DOLLAR} of 0",
        f"warned DAY_LOSS 1: {nineteen} {20 * DOLLAR} of 1",
        f"warned DAY_LOSS 1: {nineteen} {20 * DOLLAR} of 3",
    ]
    assert [event.account for event in events] == [0, 1, 0, 0]
    assert [event.account_seq > 0 for event in events] == [True, True, False, False]
    assert {(event.instrument, event.client_order_id, event.order_id > 0) for event in events} == {(0, 0, True)}
    assert moves_to(desk, TEN - 20_000) == []
    assert moves_to(desk, TEN - 9_000) == []  # 9 is not beyond 9, and 18 not beyond 19
    assert len(moves_to(desk, TEN - 10_000)) == 4
    assert told(ends_day(desk)) == ["DAY_ENDED 0"]
    assert len(moves_to(desk, TEN - 20_000)) == 4


def test_a_limit_that_is_raised_and_lowered_is_told_again(desk: Desk) -> None:
    trade(desk, 0, 5, 10)
    moves_to(desk, TEN - 10_000)
    warned = f"warned DAY_LOSS 0: 5 {10 * DOLLAR} of 0"
    assert told(desk.do(ask.limit(0, Limit.DAY_LOSS, 0, 5))) == ["LIMIT_SET 0", warned]
    assert told(desk.do(ask.limit(0, Limit.DAY_LOSS, 0, 5))) == ["LIMIT_SET 0"]
    assert told(desk.do(ask.limit(0, Limit.DAY_LOSS, 0, 10 * DOLLAR))) == ["LIMIT_SET 0"]
    assert told(desk.do(ask.limit(0, Limit.DAY_LOSS, 0, 5))) == ["LIMIT_SET 0", warned]
    assert told(desk.do(ask.account_risk(0, RiskType.NONE))) == ["ACCOUNT_RISK 0"]


def test_a_desk_that_gets_a_member_may_have_lost(desk: Desk) -> None:
    trade(desk, 4, 5, 10)
    moves_to(desk, TEN - 10_000)
    desk.do(ask.desk_limit(5, Limit.DAY_LOSS, 0, 5))
    assert told(desk.do(ask.member(4, 5))) == ["MEMBER_SET 4", f"warned DAY_LOSS 1: 5 {10 * DOLLAR} of 5"]


def test_warnings_of_losses_come_before_levels(market: AnyMarket) -> None:
    desk = with_desks(market, risk_type=RiskType.MARGIN)
    desk.do(ask.charge(0, CASH - 6 * LOT), ask.limit(0, Limit.DAY_LOSS, 0, 1))
    trade(desk, 0, 5, 10)
    kinds = [event.kind for event in moves_to(desk, TEN - 50_000) if event.account == 0]
    assert kinds == [EventKind.LIMIT_WARNING, EventKind.RISK_LEVEL]
