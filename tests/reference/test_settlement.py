"""What settles when, what may be taken out, withdrawals in two phases, by hand. docs/ledger.md.

A lot at price 1 is 100 of cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, AccountState, Check, EventKind, FeeBits, HouseAccount

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import START_NS, Desk
from tests.reference.records import HOUSE_ROW, WITHDRAWAL_ROW, as_i64, balance_of

CASH = 1_000_000
SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
MONDAY = 20_240_603  # of a week without a holiday


@pytest.fixture
def desk(market: Any) -> Desk:
    """Accounts 0 and 1, both with cash and shares; nothing was settled yet."""
    desk = Desk(market).open(CASH, accounts=3)
    desk.do(ask.ledger(4), ask.shares(0, 0, 1000, 1), ask.shares(1, 0, 1000, 1))
    return desk


class Deals:
    """Trades between accounts 0 and 1, numbered."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.number = 0

    def sell(self, cash: int) -> None:
        """Account 0 sells for so much."""
        self.between(0, 1, cash)

    def buy(self, cash: int) -> None:
        self.between(1, 0, cash)

    def between(self, seller: int, buyer: int, cash: int) -> None:
        self.number += 1
        lots = cash // 100
        self.desk.do(ask.sell(seller, self.number, 1, lots), ask.buy(buyer, self.number, 1, lots))


def settled(events: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Account, what settled, settled cash after it; the last event says how many of them there are."""
    *own, last = events
    assert last.kind == EventKind.SETTLEMENT
    assert last.leaves == len(own)
    assert all(event.kind == EventKind.SETTLED for event in own)
    return [(event.account, event.price, as_i64(event.trade_id)) for event in own]


def standing(desk: Desk, account: int = 0) -> tuple[int, int, int, int]:
    """cash, settled, unsettled, withdrawable."""
    row = desk.account(account)
    return row.cash, row.settled, row.unsettled, row.withdrawable


def refusal(desk: Desk, command: Command) -> tuple[int, int, int, int, int]:
    """Check, index, limit, value and headroom."""
    event = desk.one(command)
    assert (event.kind, event.account_seq) == (EventKind.ADMIN_REJECTED, 0)
    return event.check, event.client_order_id, event.limit, event.value, event.headroom


# Settlement


def test_before_the_first_settlement_all_cash_is_settled(desk: Desk) -> None:
    Deals(desk).sell(5_000)
    assert standing(desk) == (CASH + 5_000, CASH + 5_000, 0, CASH + 5_000)
    # So the first one has nothing to say, however many days there are to settle.
    (event,) = desk.do(ask.settle(MONDAY, 4, request=8))
    assert (event.kind, event.account_seq, event.qty, event.price) == (EventKind.SETTLEMENT, 0, 8, MONDAY)
    assert (event.leaves, event.client_order_id, event.order_id) == (0, 4, 0)
    assert standing(desk) == (CASH + 5_000, CASH + 5_000, 0, CASH + 5_000)


def test_a_day_after_the_trade(desk: Desk) -> None:
    deals = Deals(desk)
    desk.do(ask.settle(MONDAY))
    deals.sell(5_000)
    assert standing(desk) == (CASH + 5_000, CASH, 5_000, CASH)
    assert standing(desk, 1) == (CASH - 5_000, CASH, -5_000, CASH - 5_000)  # what is owed cannot be taken out
    assert settled(desk.do(ask.settle(MONDAY + 1))) == []
    deals.sell(300)
    assert standing(desk) == (CASH + 5_300, CASH, 5_300, CASH)
    events = desk.do(ask.settle(MONDAY + 2, request=3))
    assert settled(events) == [(0, 5_000, CASH + 5_000), (1, -5_000, CASH - 5_000)]
    assert [event.account_seq for event in events[:2]] == [8, 8]
    assert standing(desk) == (CASH + 5_300, CASH + 5_000, 300, CASH + 5_000)
    assert settled(desk.do(ask.settle(MONDAY + 3))) == [(0, 300, CASH + 5_300), (1, -300, CASH - 5_300)]
    assert settled(desk.do(ask.settle(MONDAY + 4))) == []


@pytest.mark.parametrize("days", range(5))
def test_so_many_days_later(desk: Desk, days: int) -> None:
    desk.do(ask.settle(MONDAY))
    Deals(desk).sell(700)
    told = [settled(desk.do(ask.settle(MONDAY + 1 + place, days))) for place in range(6)]
    assert [bool(each) for each in told] == [place == days for place in range(6)]
    assert told[days] == [(0, 700, CASH + 700), (1, -700, CASH - 700)]


def test_days_that_differ_meet_in_one_settlement(desk: Desk) -> None:
    """What was to come in three days, in two, in one and at once."""
    deals = Deals(desk)
    desk.do(ask.settle(20_240_501))
    for place, (cash, days) in enumerate([(1_000, 3), (200, 2), (30_000, 1)]):
        deals.sell(cash)
        assert settled(desk.do(ask.settle(20_240_502 + place, days))) == []
    deals.buy(400)
    assert standing(desk) == (CASH + 30_800, CASH, 30_800, CASH - 400)
    assert settled(desk.do(ask.settle(20_240_505, 0))) == [(0, 30_800, CASH + 30_800), (1, -30_800, CASH - 30_800)]


def test_what_comes_to_nothing_is_not_told(desk: Desk) -> None:
    deals = Deals(desk)
    desk.do(ask.settle(MONDAY))
    deals.sell(500)
    desk.do(ask.settle(MONDAY + 1, 1))
    deals.buy(500)
    assert standing(desk) == (CASH, CASH, 0, CASH - 500)
    assert settled(desk.do(ask.settle(MONDAY + 2, 0))) == []
    assert standing(desk) == (CASH, CASH, 0, CASH)


def test_each_days_debt_counts_by_itself(desk: Desk) -> None:
    """Bought for 600 on one day, sold for 1,000 on the next: 600 are owed before the 1,000 come."""
    deals = Deals(desk)
    desk.do(ask.settle(MONDAY))
    deals.buy(600)
    desk.do(ask.settle(MONDAY + 1, 2))
    deals.sell(1_000)
    assert standing(desk) == (CASH + 400, CASH, 400, CASH - 600)
    desk.do(ask.settle(MONDAY + 2, 4))
    assert standing(desk) == (CASH + 400, CASH, 400, CASH - 600)
    assert settled(desk.do(ask.settle(MONDAY + 3, 0))) == [(0, -600, CASH - 600), (1, 600, CASH + 600)]
    assert standing(desk) == (CASH + 400, CASH - 600, 1_000, CASH - 600)
    deals.buy(300)
    deals.sell(100)  # of one day it is the sum
    assert standing(desk) == (CASH + 200, CASH - 600, 800, CASH - 800)


def test_deposits_and_charges_are_settled_at_once_and_fees_with_their_trade(desk: Desk) -> None:
    sells = int(FeeBits.SELL | FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION)
    plan = ask.account(0, *(wire.KEEP,) * 6, 1, flags=255, name=b"")
    desk.do(ask.settle(MONDAY), ask.fee(1, 0, sells, per_order=25), plan)
    Deals(desk).sell(5_000)
    assert standing(desk) == (CASH + 4_975, CASH, 4_975, CASH)
    desk.do(ask.deposit(0, 300), ask.charge(0, 7), ask.charge(0, -2))
    assert standing(desk) == (CASH + 5_270, CASH + 295, 4_975, CASH + 295)
    desk.do(ask.settle(MONDAY + 1))
    assert settled(desk.do(ask.settle(MONDAY + 2))) == [(0, 4_975, CASH + 5_270), (1, -5_000, CASH - 5_000)]


def test_a_bust_is_of_the_day_on_which_it_is_made(desk: Desk) -> None:
    desk.do(ask.settle(MONDAY))
    Deals(desk).sell(5_000)
    desk.do(ask.settle(MONDAY + 1, 1), ask.correct(1, 1, 0, 1, 50, new_qty=40))
    assert standing(desk) == (CASH + 4_000, CASH, 4_000, CASH - 1_000)
    desk.do(ask.settle(MONDAY + 2, 1))
    assert standing(desk) == (CASH + 4_000, CASH + 5_000, -1_000, CASH + 4_000)
    assert settled(desk.do(ask.settle(MONDAY + 3, 1))) == [(0, -1_000, CASH + 4_000), (1, 1_000, CASH - 4_000)]


@pytest.mark.parametrize(
    ("day", "days", "index", "limit", "value"),
    [
        (0, 1, 0, 1, 0),
        (-5, 9, 0, 1, -5),
        (MONDAY, 1, 0, MONDAY + 1, MONDAY),
        (1, 1, 0, MONDAY + 1, 1),
        (99_991_232, 1, 0, 99_991_231, 99_991_232),
        (MONDAY + 1, -1, 1, 0, -1),
        (MONDAY + 1, 5, 1, 4, 5),
    ],
)
def test_what_settle_refuses(desk: Desk, day: int, days: int, index: int, limit: int, value: int) -> None:
    desk.do(ask.settle(MONDAY))
    Deals(desk).sell(5_000)
    assert refusal(desk, ask.settle(day, days)) == (Check.VALUE, index, limit, value, 0)
    assert standing(desk)[1:3] == (CASH, 5_000)


def test_the_first_day_may_be_any_and_no_calendar_is_asked(desk: Desk) -> None:
    assert refusal(desk, ask.settle(0)) == (Check.VALUE, 0, 1, 0, 0)
    assert desk.one(ask.settle(1)).price == 1
    assert desk.one(ask.settle(20_240_231)).kind == EventKind.SETTLEMENT  # 31 February
    assert desk.one(ask.settle(99_991_231)).kind == EventKind.SETTLEMENT
    assert refusal(desk, ask.settle(99_991_231))[2] == 99_991_232


# What may be taken out


def test_proceeds_cannot_be_taken_out_before_they_settle(desk: Desk) -> None:
    desk.do(ask.settle(MONDAY), ask.deposit(0, -CASH))
    deals = Deals(desk)
    deals.sell(5_000)
    assert refusal(desk, ask.deposit(0, -1)) == (Check.CASH_RANGE, 0, 0, 1, 0)
    deals.buy(2_000)  # but they buy
    desk.do(ask.settle(MONDAY + 1))
    assert refusal(desk, ask.deposit(0, -1)) == (Check.CASH_RANGE, 0, 0, 1, 0)
    desk.do(ask.settle(MONDAY + 2))
    assert refusal(desk, ask.deposit(0, -3_001)) == (Check.CASH_RANGE, 0, 3_000, 3_001, 3_000)
    assert desk.one(ask.deposit(0, -3_000)).kind == EventKind.CASH
    assert standing(desk) == (0, 0, 0, 0)


def test_orders_and_short_positions_bind_what_is_settled(market: Any) -> None:
    desk = Desk(market).open(CASH, SHORT)
    desk.do(ask.settle(MONDAY), ask.buy(0, 1, 10, 100), ask.sell(0, 2, 20, 30), ask.buy(1, 1, 20, 30))
    # 100,000 are held; the 60,000 that the short sale brought are locked, and not settled.
    assert standing(desk) == (CASH + 60_000, CASH, 60_000, CASH - 100_000)
    desk.do(ask.settle(MONDAY + 1, 0))
    assert standing(desk) == (CASH + 60_000, CASH + 60_000, 0, CASH - 100_000)


def test_unlimited_credit_is_bound_by_what_is_settled_alone(market: Any) -> None:
    desk = Desk(market).open(CASH, CREDIT | SHORT)
    desk.do(ask.ledger(2), ask.settle(MONDAY), ask.buy(0, 1, 10, 5_000))
    assert standing(desk)[3] == CASH  # 5,000,000 are held
    desk.do(ask.sell(0, 2, 20, 30), ask.buy(1, 1, 20, 30))
    assert standing(desk)[3] == CASH
    assert refusal(desk, ask.hold_cash(0, CASH + 1, 1))[2:] == (CASH, CASH + 1, CASH)
    desk.do(ask.hold_cash(0, CASH, 1))
    assert standing(desk)[3] == 0
    # A deposit of a negative amount knows no such bound, as before there were settlements.
    assert desk.one(ask.deposit(0, -50 * CASH)).kind == EventKind.CASH
    assert standing(desk) == (-49 * CASH + 60_000, -49 * CASH, 60_000, 0)


def test_unlimited_credit_ends_at_the_most_that_may_be_owed(market: Any) -> None:
    desk = Desk(market).open(CASH, CREDIT | SHORT)
    desk.do(ask.ledger(2), ask.buy(0, 1, 10, 20), ask.deposit(0, -CASH), ask.deposit(0, 20_700 - wire.MAX_CASH))
    row = desk.account(0)
    assert (row.cash - row.hold, row.withdrawable) == (700 - wire.MAX_CASH, 0)
    desk.do(ask.charge(0, 700))
    assert refusal(desk, ask.charge(0, 1)) == (Check.CASH_RANGE, 0, wire.MAX_CASH, -1, 0)


# Withdrawals


def withdrawals(desk: Desk) -> list[tuple[int, int, int, int]]:
    """Account, number, amount, nanoseconds since the desk opened."""
    rows = WITHDRAWAL_ROW.rows(desk.market.withdrawals())
    return [(row.account, row.number, row.amount, row.ts_ns - START_NS) for row in rows]


def test_a_withdrawal_is_held_then_posted(desk: Desk) -> None:
    (event,) = desk.do(ask.hold_cash(0, 300_000, 77, request=5), after_ns=9)
    assert (event.kind, event.account, event.account_seq) == (EventKind.CASH_HELD, 0, 4)
    assert (event.price, event.order_id, event.trade_id, event.qty) == (300_000, 77, 300_000, 5)
    row = desk.account(0)
    assert (row.cash, row.hold, row.withdrawals, row.withdrawable) == (CASH, 300_000, 300_000, 700_000)
    assert withdrawals(desk) == [(0, 77, 300_000, 9)]
    assert desk.one(ask.buy(0, 1, 1, 7_001)).check == Check.BUYING_POWER
    (event,) = desk.do(ask.post_cash(0, 77, request=6))
    assert (event.kind, event.price, as_i64(event.trade_id)) == (EventKind.CASH, -300_000, 700_000)
    assert (event.order_id, event.qty, event.account_seq) == (77, 6, 6)
    row = desk.account(0)
    assert (row.cash, row.hold, row.withdrawals, row.settled, row.withdrawable) == (700_000, 0, 0, 700_000, 700_000)
    assert withdrawals(desk) == []
    (bank,) = HOUSE_ROW.rows(desk.market.house())
    assert (bank.house, balance_of(bank)) == (HouseAccount.BANK, -3 * CASH + 300_000)


def test_a_withdrawal_is_held_then_released(desk: Desk) -> None:
    desk.do(ask.hold_cash(0, 300_000, 1), ask.hold_cash(0, 200_000, 2))
    event = desk.one(ask.release_cash(0, 1, request=4))
    assert (event.kind, event.price, event.order_id) == (EventKind.CASH_RELEASED, 300_000, 1)
    assert (event.trade_id, event.qty) == (200_000, 4)
    assert (desk.account(0).hold, standing(desk)) == (200_000, (CASH, CASH, 0, CASH - 200_000))
    assert desk.one(ask.hold_cash(0, 800_000, 1)).kind == EventKind.CASH_HELD  # its number is free again


def test_rows_are_by_account_and_number(desk: Desk) -> None:
    most = (1 << 63) - 1
    desk.do(ask.hold_cash(1, 5, most), ask.hold_cash(1, 6, 3), ask.hold_cash(0, 7, 9), after_ns=1)
    assert withdrawals(desk) == [(0, 9, 7, 3), (1, 3, 6, 2), (1, most, 5, 1)]


def test_a_deposit_cannot_take_what_is_held(desk: Desk) -> None:
    desk.do(ask.hold_cash(0, 300_000, 1))
    assert refusal(desk, ask.deposit(0, -700_001)) == (Check.CASH_RANGE, 0, 700_000, 700_001, 700_000)
    assert desk.one(ask.deposit(0, -700_000)).kind == EventKind.CASH


def test_what_is_charged_meanwhile_does_not_stop_a_withdrawal(desk: Desk) -> None:
    desk.do(ask.hold_cash(0, CASH, 1), ask.charge(0, 400))
    assert standing(desk) == (CASH - 400, CASH - 400, 0, 0)
    assert desk.one(ask.post_cash(0, 1)).price == -CASH
    assert (standing(desk), desk.account(0).hold) == ((-400, -400, 0, 0), 0)


def test_a_blocked_account_may_be_paid_out(desk: Desk) -> None:
    desk.do(ask.account_state(0, AccountState.BLOCKED))
    events = desk.do(ask.hold_cash(0, 5, 1), ask.post_cash(0, 1), ask.hold_cash(0, 5, 1), ask.release_cash(0, 1))
    kinds = [EventKind(event.kind).name for event in events]
    assert kinds == ["CASH_HELD", "CASH", "CASH_HELD", "CASH_RELEASED"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (ask.hold_cash(7, 0, 0), (Check.ACCOUNT, 0, 0, 7, 0)),
        (ask.hold_cash(0, 0, 0), (Check.VALUE, 0, 1, 0, 0)),
        (ask.hold_cash(0, -1, 1), (Check.VALUE, 0, 1, -1, 0)),
        (ask.hold_cash(0, wire.MAX_CASH + 1, 1), (Check.VALUE, 0, wire.MAX_CASH, wire.MAX_CASH + 1, 0)),
        (ask.hold_cash(0, 5, 0), (Check.VALUE, 1, 1, 0, 0)),
        (ask.hold_cash(0, 5, -1), (Check.VALUE, 1, 1, -1, 0)),
        (ask.hold_cash(0, 2 * CASH, 1), (Check.VALUE, 1, 0, 1, 0)),  # there is one of that number
        (ask.hold_cash(0, CASH - 99, 2), (Check.CASH_RANGE, 0, CASH - 100, CASH - 99, CASH - 100)),
        (ask.hold_cash(0, wire.MAX_CASH, 2), (Check.CASH_RANGE, 0, CASH - 100, wire.MAX_CASH, CASH - 100)),
        (ask.hold_cash(0, CASH - 100, 2), (Check.CAPACITY, 0, 1, 2, 0)),
        (ask.hold_cash(1, 1, 1), (Check.CAPACITY, 0, 1, 2, 0)),
        (ask.post_cash(7, 0), (Check.ACCOUNT, 0, 0, 7, 0)),
        (ask.post_cash(0, 0), (Check.VALUE, 1, 1, 0, 0)),
        (ask.post_cash(0, 2), (Check.VALUE, 1, 0, 2, 0)),
        (ask.post_cash(1, 1), (Check.VALUE, 1, 0, 1, 0)),  # it is another account's
        (ask.release_cash(7, 1), (Check.ACCOUNT, 0, 0, 7, 0)),
        (ask.release_cash(0, -3), (Check.VALUE, 1, 1, -3, 0)),
        (ask.release_cash(0, 2), (Check.VALUE, 1, 0, 2, 0)),
    ],
)
def test_what_withdrawals_are_refused_for(market: Any, command: Command, said: tuple[int, ...]) -> None:
    desk = Desk(market).open(CASH)
    desk.do(ask.ledger(1), ask.hold_cash(0, 100, 1))
    before = desk.market.accounts()
    assert refusal(desk, command) == said
    assert (desk.market.accounts(), withdrawals(desk)) == (before, [(0, 1, 100, 0)])


def test_posting_and_releasing_do_not_look_at_an_amount(desk: Desk) -> None:
    desk.do(ask.hold_cash(0, 100, 1), ask.hold_cash(0, 100, 2))
    post = Command(ask.post_cash(0, 1).fields | {"value0": -(1 << 63)})
    release = Command(ask.release_cash(0, 2).fields | {"value0": wire.MAX_CASH + 1})
    assert [event.price for event in desk.do(post, release)] == [-100, 100]


def test_there_is_no_room_before_there_is_some(market: Any) -> None:
    desk = Desk(market).open(CASH)
    assert refusal(desk, ask.hold_cash(0, 1, 1)) == (Check.CAPACITY, 0, 0, 1, 0)
    event = desk.one(ask.ledger(2, request=8))
    assert (event.kind, event.price, event.qty, event.account_seq) == (EventKind.LEDGER_SET, 2, 8, 0)
    desk.do(ask.hold_cash(0, 1, 1), ask.hold_cash(1, 1, 1))
    assert refusal(desk, ask.hold_cash(0, 1, 2)) == (Check.CAPACITY, 0, 2, 3, 0)
    for size, limit in ((1, 2), (-1, 0), (65_537, 65_536), (0, 2)):
        assert refusal(desk, ask.ledger(size)) == (Check.VALUE, 0, limit, size, 0)
    assert [desk.one(ask.ledger(size)).price for size in (2, 3, 65_536)] == [2, 3, 65_536]
    assert desk.one(ask.hold_cash(0, 1, 2)).kind == EventKind.CASH_HELD
