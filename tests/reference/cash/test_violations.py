"""Violations, restrictions and what is refused, by hand. docs/cash.md, "Violations", "Checks", "Who is held to it"."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, CashRule, CashViolation, Check, EventKind, OrderType, RiskType, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference.cash import violations as model
from tests.reference.cash.dealing import DEALER, MONDAY, Dealer, owing, violations
from tests.reference.commands import Command
from tests.reference.desk import Desk

RULES = (CashRule.COUNT, CashRule.REFUSE)
BELOW_ALL = -(1 << 63)


def settings(desk: Desk, most: int, days: int, restriction: int) -> None:
    event = desk.one(ask.risk(cash=(most, days, restriction)))
    assert event.kind == EventKind.RISK_SET
    assert tuple(desk.market.cash_settings) == (most, days, restriction)


def violate(dealer: Dealer, instrument: int = 1) -> list[Any]:
    """Sells one lot, buys another with that alone, sells it: what the last order gave."""
    if dealer.funds() > 0:
        dealer.desk.do(ask.charge(0, dealer.funds()))
    dealer.sell(10, 1)
    dealer.buy(10, 1, instrument)
    return dealer.sell(10, 1, instrument)


def of_account(events: list[Any]) -> list[Any]:
    return [event for event in events if event.account_seq]


def standing(dealer: Dealer) -> tuple[int, int, int]:
    """Violations that count, whether it is restricted, since when."""
    row = dealer.desk.cash(0)
    return row.violations, row.restricted, row.since


def kept(dealer: Dealer) -> list[tuple[int, int]]:
    """Numbers and dates."""
    return [(row.number, row.date) for row in dealer.desk.violations(0)]


def test_what_is_said_of_a_violation(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 1, 0, 90)
    *fills, violation, restricted = violate(dealer)[-4:]
    assert [event.kind for event in fills] == [EventKind.FILL, EventKind.FILL]
    assert violation.kind == EventKind.CASH_VIOLATION
    assert (violation.account, violation.instrument, violation.side) == (0, 1, Side.SELL)
    assert (violation.reason, violation.qty, violation.price) == (CashViolation.GOOD_FAITH, 1, 1000)
    assert (violation.leaves, violation.trade_id, violation.flags, violation.filled) == (1, 1, 0, 0)
    assert (violation.order_id, violation.client_order_id) == (fills[1].order_id, dealer.number)
    assert restricted.kind == EventKind.CASH_RESTRICTED
    assert (restricted.account, restricted.reason, restricted.trade_id, restricted.qty) == (0, 1, 1, 0)
    assert (restricted.instrument, restricted.side, restricted.price) == (0, 0, 0)
    assert restricted.account_seq == violation.account_seq + 1
    assert standing(dealer) == (1, 1, 0)
    (row,) = dealer.desk.violations(0)
    assert (row.account, row.number, row.instrument, row.kind, row.date) == (0, 1, 1, CashViolation.GOOD_FAITH, 0)


def test_once_for_a_position_and_day(market: Any) -> None:
    dealer = Dealer(market)
    assert len(violations(violate(dealer))) == 1
    assert violations(violate(dealer)) == []
    dealer.settle()
    assert len(violations(violate(dealer))) == 1
    assert kept(dealer) == [(1, dealer.day), (2, 0)]


def test_the_number_restricts(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 3, 0, 90)
    for number in (1, 2):
        violate(dealer)
        assert standing(dealer) == (number, 0, 0)
        dealer.settle()
    violate(dealer)
    assert standing(dealer) == (3, 1, 0)


def test_free_riding_restricts_at_once(market: Any) -> None:
    dealer = owing(market)
    settings(dealer.desk, 0, 0, 90)
    dealer.sell(10, 5, 1)
    assert standing(dealer) == (1, 1, 0)


@pytest.mark.parametrize(("most", "days"), [(0, 90), (1, 0)], ids=["never by number", "no days"])
def test_no_restriction(market: Any, most: int, days: int) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, most, 0, days)
    violate(dealer)
    assert standing(dealer) == (1, 0, 0)


def test_a_restriction_ends_with_the_day_that_is_so_many_days_later(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 1, 0, 90)
    violate(dealer)
    desk = dealer.desk
    desk.do(ask.settle(20_240_604))
    assert standing(dealer) == (1, 1, 20_240_604)
    desk.do(ask.settle(20_240_901))
    assert standing(dealer) == (1, 1, 20_240_604)
    events = of_account(desk.do(ask.settle(20_240_902)))
    assert [(event.kind, event.reason, event.trade_id) for event in events] == [(EventKind.CASH_RESTRICTED, 0, 0)]
    assert standing(dealer) == (1, 0, 0)


def test_a_further_violation_begins_it_anew(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 1, 0, 5)
    dealer.sell(10, 2)
    dealer.buy(10, 2)
    dealer.sell(10, 1, 1)
    dealer.settle(3)
    assert standing(dealer) == (1, 1, dealer.day)
    dealer.settle()
    events = dealer.sell(10, 1, 1)  # of what is not paid for yet
    assert [(each.reason, each.trade_id) for each in events if each.kind == EventKind.CASH_RESTRICTED] == [(1, 2)]
    assert standing(dealer) == (2, 1, 0)
    dealer.settle()
    assert standing(dealer) == (2, 1, dealer.day)


def test_violations_age(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 0, 2, 0)
    violate(dealer)
    dealer.settle()
    violate(dealer)
    dealer.settle()
    assert kept(dealer) == [(1, MONDAY + 1), (2, MONDAY + 2)]
    dealer.settle()
    assert kept(dealer) == [(2, MONDAY + 2)]


def test_the_last_eight_are_kept(market: Any) -> None:
    dealer = Dealer(market)
    for _ in range(9):
        told = violate(dealer)[-1]
        dealer.settle()
    assert (told.leaves, told.trade_id) == (8, 9)
    assert [number for number, _ in kept(dealer)] == [*range(2, 10)]


def test_lifting(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 2, 0, 90)
    violate(dealer)
    dealer.settle()
    violate(dealer)
    event = dealer.desk.one(ask.lift_cash(0, 1, request=7))
    assert (event.kind, event.account, event.trade_id, event.leaves, event.qty) == (EventKind.CASH_LIFTED, 0, 1, 1, 7)
    assert standing(dealer) == (1, 1, 0)  # the restriction stays
    event = dealer.desk.one(ask.lift_cash(0, request=8))
    assert (event.kind, event.reason, event.trade_id, event.qty) == (EventKind.CASH_RESTRICTED, 0, 0, 8)
    assert standing(dealer) == (1, 0, 0)
    assert kept(dealer) == [(2, 0)]


@pytest.mark.parametrize(("number", "limit"), [(0, 1), (1, 0), (-1, 0), (BELOW_ALL, 0)])
def test_nothing_to_lift(market: Any, number: int, limit: int) -> None:
    for account in (0, DEALER):
        event = Dealer(market if account == 0 else type(market)()).desk.one(ask.lift_cash(account, number))
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 0, limit, number)


def test_nobody_to_lift_from(market: Any) -> None:
    event = Dealer(market).desk.one(ask.lift_cash(5))
    assert (event.kind, event.check) == (EventKind.ADMIN_REJECTED, Check.ACCOUNT)


@pytest.mark.parametrize("first", ["2024-02-26", "2024-12-29", "2023-02-26", "2000-02-26", "1900-02-26", "2100-02-26"])
def test_days_follow_each_other(first: str) -> None:
    day = date.fromisoformat(first)
    numbers = [int((day + timedelta(place)).strftime("%Y%m%d")) for place in range(800)]
    assert [model.days(each) - model.days(numbers[0]) for each in numbers] == [*range(800)]


# Checks


def refused(events: list[Any]) -> tuple[int, int, int, int]:
    """Check, limit, value and headroom of the only reject."""
    (event,) = [each for each in events if each.kind in (EventKind.REJECTED, EventKind.REPLACE_REJECTED)]
    return event.check, event.limit, event.value, event.headroom


def half_paid(market: Any, rule: int = CashRule.REFUSE) -> Dealer:
    """Holds 7 lots of instrument 1, 4 of them not paid for."""
    dealer = Dealer(market, 3000, rule)
    dealer.sell(10, 4)
    dealer.buy(10, 7)
    assert dealer.unpaid() == {"_today": (4, 4000)}
    return dealer


def test_what_is_not_paid_for_may_not_be_sold(market: Any) -> None:
    dealer = half_paid(market)
    said = {"instrument": 1}
    assert refused(dealer.desk.do(ask.sell(0, 50, 20, 4, **said))) == (Check.GOOD_FAITH, 3, 4, 3)
    assert dealer.desk.one(ask.sell(0, 51, 20, 2, **said)).kind == EventKind.ACCEPTED
    assert refused(dealer.desk.do(ask.sell(0, 52, 20, 2, **said))) == (Check.GOOD_FAITH, 1, 2, 1)
    assert refused(dealer.desk.do(ask.replace(0, 51, 20, 4))) == (Check.GOOD_FAITH, 3, 4, 3)
    assert dealer.desk.one(ask.replace(0, 51, 21, 3)).kind == EventKind.REPLACED
    dealer.settle(0)
    assert dealer.desk.one(ask.sell(0, 53, 20, 4, **said)).kind == EventKind.ACCEPTED


def test_an_order_that_rested_when_the_rule_came_need_not_grow(market: Any) -> None:
    dealer = half_paid(market, CashRule.COUNT)
    desk = dealer.desk
    desk.do(ask.sell(0, 50, 20, 6, instrument=1), ask.account_risk(0, RiskType.CASH, rule=CashRule.REFUSE))
    assert desk.one(ask.replace(0, 50, 21, 6)).kind == EventKind.REPLACED
    assert refused(desk.do(ask.replace(0, 50, 21, 7))) == (Check.GOOD_FAITH, 3, 7, 3)
    bought = desk.do(ask.buy(DEALER, 60, 21, 6, instrument=1))
    assert violations(bought) == [(CashViolation.GOOD_FAITH, 3, 3000)]


def test_a_stop_is_served_and_counted(market: Any) -> None:
    dealer = Dealer(market, 3000, CashRule.REFUSE)
    desk = dealer.desk
    dealer.buy(10, 3)
    stop = {"order_type": OrderType.STOP, "stop_price": 9, "instrument": 1, "tif": TimeInForce.GTC}
    desk.do(ask.special(0, 50, Side.SELL, 3, **stop))
    dealer.sell(10, 2)
    dealer.buy(10, 2)
    desk.do(ask.shares(0, 1, -2))  # what is paid for goes first
    desk.do(ask.buy(DEALER, 60, 9, 9, instrument=1), ask.account(5, flags=3), ask.sell(5, 1, 9, 1, instrument=1))
    assert dealer.unpaid() == {}
    assert dealer.desk.violations(0)[-1].kind == CashViolation.GOOD_FAITH


def test_who_is_restricted_buys_with_settled_cash(market: Any) -> None:
    dealer = Dealer(market)
    settings(dealer.desk, 1, 0, 90)
    violate(dealer)
    dealer.desk.do(ask.deposit(0, 2500))
    dealer.sell(10, 1)
    row = dealer.desk.cash(0)
    settled = 2500
    assert (row.restricted, dealer.desk.account(0).cash, row.funds) == (1, 2500 + 2000, settled)
    said = {"instrument": 1}
    assert refused(dealer.desk.do(ask.buy(0, 50, 10, 3, **said))) == (Check.SETTLED_CASH, 2500, 3000, 2500)
    assert dealer.desk.one(ask.buy(0, 51, 10, 2, **said)).kind == EventKind.ACCEPTED
    assert refused(dealer.desk.do(ask.buy(0, 52, 10, 1, **said))) == (Check.SETTLED_CASH, 500, 1000, 500)
    assert refused(dealer.desk.do(ask.replace(0, 51, 10, 3))) == (Check.SETTLED_CASH, 2500, 3000, 2500)
    assert refused(dealer.desk.do(ask.buy(0, 53, 10, 3, **said))) == (Check.BUYING_POWER, 2500, 3000, 2500)
    dealer.settle(0)
    assert dealer.desk.one(ask.buy(0, 54, 10, 2, **said)).kind == EventKind.ACCEPTED


# Who is held to it

RISK = {"account": 0, "state": RiskType.CASH}


@pytest.mark.parametrize(
    ("flags", "fields", "index", "limit", "value"),
    [
        (0, RISK | {"value1": -1}, 3, 0, -1),
        (0, RISK | {"value1": 3}, 3, CashRule.REFUSE, 3),
        (0, RISK | {"value1": 1, "state": RiskType.NONE}, 3, CashRule.NONE, 1),
        (0, RISK | {"value1": 2, "state": RiskType.MARGIN}, 3, CashRule.NONE, 2),
        (0, RISK | {"value1": 3, "value0": -1}, 2, 0, -1),
        (1, RISK | {"value1": 1}, 4, 0, 1),
        (3, RISK | {"value1": 2}, 4, 0, 3),
        (2, RISK | {"value1": 1, "state": RiskType.NONE}, 3, CashRule.NONE, 1),
    ],
)
def test_rules_that_are_refused(
    market: Any, flags: int, fields: dict[str, int], index: int, limit: int, value: int
) -> None:
    desk = Desk(market).open(accounts=1, flags=flags)
    event = desk.one(ask.command(wire.CommandKind.SET_ACCOUNT_RISK, **fields))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, index, limit, value)
    assert desk.cash(0) is None


@pytest.mark.parametrize("rule", RULES)
def test_who_has_a_rule_has_no_credit_and_does_not_sell_short(market: Any, rule: CashRule) -> None:
    desk = Dealer(market, rule=rule).desk
    assert desk.cash(0).rule == rule
    for flags in (AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED, 3):
        event = desk.one(ask.account(0, flags=flags))
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 8, 0, flags)
    assert desk.one(ask.account(0, flags=4)).limit == 3
    assert desk.one(ask.account(0)).kind == EventKind.ACCOUNT_SET


def test_an_account_says_its_rule(market: Any) -> None:
    desk = Desk(market).open(accounts=1)
    for rule in (*RULES, CashRule.NONE):
        event = desk.one(ask.account_risk(0, RiskType.CASH, rule=rule, request=4))
        assert (event.kind, event.reason, event.flags, event.qty) == (EventKind.ACCOUNT_RISK, RiskType.CASH, rule, 4)


@pytest.mark.parametrize(("place", "most"), [(0, 8), (1, 3660), (2, 3660)])
def test_settings_that_are_refused(market: Any, place: int, most: int) -> None:
    desk = Desk(market).open(accounts=1)
    settings(desk, *(5, 6, 7))
    for value, limit in ((-1, 0), (most + 1, most), (BELOW_ALL, 0)):
        values = [1, 1, 1]
        values[place] = value
        refused_one: Command = ask.risk(cash=(values[0], values[1], values[2]))
        event = desk.one(refused_one)
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 5 + place, limit, value)
    assert tuple(desk.market.cash_settings) == (5, 6, 7)
