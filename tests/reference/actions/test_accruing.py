"""Interest and fees for borrowing by the day, by hand. docs/borrow.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, Borrow, Check, EventKind, HouseAccount, RiskType

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import HOUSE_ROW, RATE_ROW, balance_of

SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
USD, EUR = ask.currency("USD"), ask.currency("EUR")
UNIT = 10**6  # a dollar
MONDAY = 20_261_130
MOST = 10**7


@pytest.fixture
def desk(market: Any) -> Desk:
    """Accounts 0 to 3 without cash, in dollars; lots of 100 shares at 50.00."""
    desk = Desk(market)
    desk.do(ask.configure(), ask.instrument(0, 1, 100, 500_000), ask.instrument_state(0, 1))
    for number in range(4):
        desk.do(ask.account(number, currency=USD, flags=SHORT))
    return desk


def refusal(desk: Desk, command: Command) -> tuple[int, int, int, int]:
    """Check, index, limit and value."""
    event = desk.one(command)
    assert (event.kind, event.account_seq, event.headroom) == (EventKind.ADMIN_REJECTED, 0, 0)
    return event.check, event.client_order_id, event.limit, event.value


def charged(events: Sequence[Any]) -> list[tuple[int, int, int, int]]:
    """Account, instrument, what for, how much; the last event says how many of them there are."""
    *own, last = events
    own = [event for event in own if event.kind == EventKind.CHARGED]
    assert (last.kind, last.leaves, last.account_seq) == (EventKind.ACCRUED, len(own), 0)
    assert all(event.side == wire.SIDE_BOTH and event.trade_id == last.price for event in own)
    return [(event.account, event.instrument, event.reason, event.price) for event in own]


def house(desk: Desk) -> dict[int, int]:
    return {row.house: balance_of(row) for row in HOUSE_ROW.rows(desk.market.house())}


def owe(desk: Desk, account: int, amount: int) -> None:
    desk.do(ask.charge(account, amount))


# Rates


def test_what_is_set_is_told(desk: Desk) -> None:
    event = desk.one(ask.rates(USD, 60_000, 15_000, 365, request=3))
    assert (event.kind, event.account_seq, event.qty) == (EventKind.RATES_SET, 0, 3)
    assert (event.price, event.order_id, event.client_order_id, event.leaves) == (60_000, 15_000, USD, 365)
    desk.do(ask.rates(0, 1, 2, 360))
    rows = RATE_ROW.rows(desk.market.rates())
    assert [(row.currency, row.debit, row.credit, row.days) for row in rows] == [
        (0, 1, 2, 360),
        (USD, 60_000, 15_000, 365),
    ]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (ask.rates(EUR, -1, -1, 0), (Check.VALUE, 0, 0, EUR)),
        (ask.rates(-1), (Check.VALUE, 0, 0, -1)),
        (ask.rates(USD, -1, -1, 0), (Check.VALUE, 1, 0, -1)),
        (ask.rates(USD, MOST + 1, -1, 0), (Check.VALUE, 1, MOST, MOST + 1)),
        (ask.rates(USD, MOST, -1, 0), (Check.VALUE, 2, 0, -1)),
        (ask.rates(USD, 0, MOST + 1, 0), (Check.VALUE, 2, MOST, MOST + 1)),
        (ask.rates(USD, 0, MOST, 0), (Check.VALUE, 3, 360, 0)),
        (ask.rates(USD, 0, 0, 364), (Check.VALUE, 3, 360, 364)),
        (ask.rates(USD, 0, 0, 366), (Check.VALUE, 3, 365, 366)),
        (ask.accrue(0, 0), (Check.VALUE, 0, 1, 0)),
        (ask.accrue(99_991_232, 0), (Check.VALUE, 0, 99_991_231, 99_991_232)),
        (ask.accrue(MONDAY, 0), (Check.VALUE, 1, 1, 0)),
        (ask.accrue(MONDAY, 32), (Check.VALUE, 1, 31, 32)),
    ],
)
def test_refusals(desk: Desk, command: Command, said: tuple[int, ...]) -> None:
    assert refusal(desk, command) == said
    assert (desk.market.rates(), desk.market.accrue_date) == (b"", 0)


def test_days_come_once(desk: Desk) -> None:
    (event,) = desk.do(ask.accrue(MONDAY, 3, request=9))
    assert (event.kind, event.price, event.leaves) == (EventKind.ACCRUED, MONDAY, 0)
    assert (event.client_order_id, event.qty) == (3, 9)
    assert desk.market.accrue_date == MONDAY
    assert refusal(desk, ask.accrue(MONDAY)) == (Check.VALUE, 0, MONDAY + 1, MONDAY)


# Interest


def test_a_loan_of_thirty_thousand_at_six_percent_costs_fifty_in_ten_days(desk: Desk) -> None:
    """Investopedia, How is margin interest calculated (2007): 30,000 x 6 % / 360 x 10."""
    owe(desk, 0, 30_000 * UNIT)
    desk.do(ask.rates(USD, 60_000))
    assert charged(desk.do(ask.accrue(MONDAY, 10))) == [(0, 0, HouseAccount.INTEREST, 50 * UNIT)]
    assert desk.account(0).cash == -30_050 * UNIT
    assert house(desk)[HouseAccount.INTEREST] == 50 * UNIT
    assert desk.account(0).fees == 0


def test_what_is_owed_is_rounded_up_what_is_given_down(desk: Desk) -> None:
    owe(desk, 0, 1)
    desk.do(ask.deposit(1, 359), ask.deposit(2, 360 * UNIT), ask.rates(USD, 1, 10**6))
    assert charged(desk.do(ask.accrue(MONDAY))) == [
        (0, 0, HouseAccount.INTEREST, 1),  # 1e-6 / 360 of 1
        (2, 0, HouseAccount.INTEREST, -UNIT),  # 359 / 360 is nothing
    ]
    desk.do(ask.rates(USD, 0, 10**6, 365))
    assert charged(desk.do(ask.accrue(MONDAY + 1))) == [(2, 0, HouseAccount.INTEREST, -989_041)]  # 361 / 365


def test_by_the_rates_of_its_currency_and_not_of_who_has_credit(desk: Desk) -> None:
    desk.do(ask.account(4, currency=EUR), ask.account(5), ask.account(6, currency=USD, flags=CREDIT))
    desk.do(*(ask.deposit(number, 360 * UNIT) for number in (0, 4, 5, 6)))
    desk.do(ask.rates(USD, 0, 10_000), ask.rates(0, 0, 30_000))
    assert [(who, amount) for who, _, _, amount in charged(desk.do(ask.accrue(MONDAY)))] == [(0, -10_000), (5, -30_000)]


def test_short_proceeds_and_what_did_not_settle_earn_nothing(desk: Desk) -> None:
    desk.do(ask.deposit(0, 1000 * UNIT), ask.deposit(1, 10_000 * UNIT), ask.settle(MONDAY - 1))
    desk.do(ask.buy(1, 1, 500_000, 1), ask.sell(0, 1, 500_000, 1))
    assert desk.account(0).cash == 6000 * UNIT  # of which 5000 were not settled, and are proceeds
    desk.do(ask.rates(USD, 36_000, 36_000))
    # settled 1000 - 5000 of proceeds, which did not settle yet; who bought did not pay yet
    expected = [(0, 400_000), (1, -1_000_000)]
    assert [(who, amount) for who, _, _, amount in charged(desk.do(ask.accrue(MONDAY)))] == expected
    desk.do(ask.settle(MONDAY), ask.settle(MONDAY + 1))
    told = [(who, amount) for who, _, _, amount in charged(desk.do(ask.accrue(MONDAY + 1)))]
    assert told == [(0, -99_960), (1, -500_100)]


# Fees


def short_by(desk: Desk, account: int, lots: int) -> None:
    """It sells short to account 3, which can pay."""
    desk.do(ask.deposit(3, 10**6 * UNIT), ask.sell(account, 1, 500_000, lots), ask.buy(3, account + 1, 500_000, lots))


def test_three_hundred_shares_at_thirty_percent(desk: Desk) -> None:
    """15,000.00 x 30 % / 360 = 12.50 a day; a Friday's fee stands for three."""
    short_by(desk, 0, 3)
    desk.do(ask.borrow(0, Borrow.EASY, 300_000, 0))
    assert charged(desk.do(ask.accrue(MONDAY))) == [(0, 0, HouseAccount.BORROW, 12_500_000)]
    assert charged(desk.do(ask.accrue(MONDAY + 4, 3))) == [(0, 0, HouseAccount.BORROW, 37_500_000)]
    assert house(desk)[HouseAccount.BORROW] == 50 * UNIT
    desk.do(ask.borrow(0, Borrow.EASY, 1, 0), ask.rates(USD, 0, 0, 365))
    # 15,000 x 1e-6 / 360, rounded up: days of a loan of shares are 360 whatever the currency
    assert charged(desk.do(ask.accrue(MONDAY + 5))) == [(0, 0, HouseAccount.BORROW, 42)]


def test_by_the_mark_of_the_position(desk: Desk) -> None:
    short_by(desk, 0, 1)
    keep = wire.KEEP
    desk.do(
        ask.borrow(0, Borrow.EASY, 360_000, 0), ask.instrument(0, keep, keep, 900_000, keep, keep, keep, keep, keep)
    )
    assert charged(desk.do(ask.accrue(MONDAY)))[-1][3] == 5 * UNIT
    desk.do(ask.risk(10), ask.tick())
    assert charged(desk.do(ask.accrue(MONDAY + 1)))[-1][3] == 9 * UNIT


def test_interest_comes_first_by_id_then_fees_in_the_order_of_positions(desk: Desk) -> None:
    for account in (1, 0):
        short_by(desk, account, 1)
        desk.do(ask.deposit(account, 10 * UNIT))
    desk.do(ask.account(2, currency=USD, flags=CREDIT | SHORT))
    short_by(desk, 2, 1)
    desk.do(ask.borrow(0, Borrow.EASY, 360_000, 0), ask.rates(USD, 0, 360_000))
    told = charged(desk.do(ask.accrue(MONDAY)))
    interest, fee = HouseAccount.INTEREST, HouseAccount.BORROW
    assert [(who, why) for who, _, why, _ in told] == [(0, interest), (1, interest), (3, interest), (1, fee), (0, fee)]


# Bounds


def test_nobody_owes_more_than_may_be(desk: Desk) -> None:
    """As far as there is room, interest first; of nothing there is no event."""
    short_by(desk, 0, 1)
    for amount in (wire.MAX_CASH, desk.account(0).cash - 1000):
        owe(desk, 0, amount)
    assert desk.account(0).cash == -wire.MAX_CASH + 1000
    desk.do(ask.borrow(0, Borrow.EASY, MOST, 0))
    assert charged(desk.do(ask.accrue(MONDAY, 31))) == [(0, 0, HouseAccount.BORROW, 1000)]
    assert charged(desk.do(ask.accrue(MONDAY + 1, 31))) == []
    desk.do(ask.deposit(0, 7), ask.rates(USD, MOST))
    assert charged(desk.do(ask.accrue(MONDAY + 2, 31))) == [(0, 0, HouseAccount.INTEREST, 7)]


def test_nobody_gets_more_than_may_be(desk: Desk) -> None:
    desk.do(ask.deposit(0, wire.MAX_CASH), ask.charge(0, 500), ask.rates(USD, 0, MOST))
    assert charged(desk.do(ask.accrue(MONDAY, 31))) == [(0, 0, HouseAccount.INTEREST, -500)]
    assert charged(desk.do(ask.accrue(MONDAY + 1, 31))) == []
    assert desk.account(0).cash == wire.MAX_CASH


def test_a_loss_of_the_day_counts_them(desk: Desk) -> None:
    desk.do(ask.account_risk(0, RiskType.CASH), ask.deposit(0, 3600 * UNIT))
    desk.do(ask.rates(USD, 0, 10_000), ask.accrue(MONDAY))
    row = desk.risk(0)
    assert (row.base, row.equity) == (3600 * UNIT, 3600 * UNIT + 100_000)
