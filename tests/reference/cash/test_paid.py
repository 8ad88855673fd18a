"""What a trade of a cash account is paid with, by hand. docs/cash.md, "What was paid with what".

A lot at price 1 is 100 of cash.
"""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, CashRule, CashViolation, EventKind, InstrumentState, RiskType

from tests.reference import commands as ask
from tests.reference.cash.dealing import BOTH, DEALER, Dealer, owing, violations
from tests.reference.commands import Command
from tests.reference.desk import Desk


def test_proceeds_are_no_funds_until_they_settle(market: Any) -> None:
    dealer = Dealer(market, 500)
    dealer.sell(10, 3)
    assert (dealer.funds(), dealer.proceeds()) == (500, {"_today": 3000})
    dealer.settle(3)
    assert (dealer.funds(), dealer.proceeds()) == (500, {"3": 3000})
    dealer.sell(10, 1)
    dealer.settle(2)
    assert dealer.proceeds() == {"2": 4000}
    dealer.settle()
    dealer.sell(10, 2)
    dealer.settle(0)  # at once
    assert (dealer.funds(), dealer.proceeds()) == (500 + 4000 + 2000, {})


def test_before_the_first_settlement_all_is_settled(market: Any) -> None:
    desk = Desk(market).open(10_000, accounts=1)
    desk.do(ask.account(1, flags=BOTH), ask.shares(0, 0, 5), ask.account_risk(0, RiskType.CASH, rule=CashRule.COUNT))
    desk.do(ask.sell(0, 1, 10, 5), ask.buy(1, 1, 10, 5))
    assert desk.cash(0).funds == desk.account(0).cash == 15_000


def test_settled_money_pays_first_then_the_earliest_proceeds(market: Any) -> None:
    dealer = Dealer(market, 2500)
    dealer.sell(10, 3)
    dealer.settle()
    dealer.sell(15, 3)
    assert (dealer.funds(), dealer.proceeds()) == (2500, {"1": 3000, "_today": 4500})
    dealer.buy(10, 10)
    # 10,000 in all: 2 lots by 2,500, up to the 5th by 3,000 more, the others by 4,500.
    assert dealer.unpaid() == {"1": (3, 3000), "_today": (5, 4500)}
    assert (dealer.funds(), dealer.proceeds()) == (0, {})
    assert dealer.desk.account(0).withdrawable == 0


def test_a_lot_that_two_steps_pay_is_of_the_later(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(4, 1)
    dealer.settle()
    dealer.sell(6, 1)
    dealer.buy(10, 1)
    assert dealer.unpaid() == {"_today": (1, 1000)}


def test_what_settled_money_began_to_pay_is_not_carried(market: Any) -> None:
    dealer = Dealer(market, 400)
    dealer.sell(16, 1)
    dealer.buy(10, 2)
    assert dealer.unpaid() == {"_today": (2, 1600)}


def test_lots_that_are_paid_for_go_first(market: Any) -> None:
    dealer = Dealer(market, 3000)
    dealer.buy(10, 3)
    dealer.sell(10, 2)
    dealer.buy(10, 2)
    assert dealer.unpaid() == {"_today": (2, 2000)}
    assert violations(dealer.sell(10, 3, 1)) == []
    assert violations(dealer.sell(10, 1, 1)) == [(CashViolation.GOOD_FAITH, 1, 1000)]
    assert dealer.unpaid() == {"_today": (1, 1000)}
    assert dealer.proceeds() == {"_today": 4000}


def test_the_earliest_step_leaves_first_with_its_part_of_the_money(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(5, 4)
    dealer.settle()
    dealer.sell(10, 7)
    dealer.buy(9, 10)
    assert dealer.unpaid() == {"1": (2, 2000), "_today": (8, 7000)}
    assert violations(dealer.sell(9, 5, 1)) == [(CashViolation.GOOD_FAITH, 5, 2000 + 2625)]
    assert dealer.unpaid() == {"_today": (5, 4375)}


def test_a_settlement_pays(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 5)
    dealer.buy(10, 5)
    dealer.settle(2)
    assert dealer.unpaid() == {"2": (5, 5000)}
    dealer.settle()
    assert dealer.unpaid() == {"1": (5, 5000)}
    dealer.settle()
    assert dealer.unpaid() == {}
    assert violations(dealer.sell(10, 5, 1)) == []


def test_a_deposit_pays_the_earliest_and_frees_its_proceeds(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 3)
    dealer.settle()
    dealer.sell(10, 5)
    dealer.buy(10, 8)
    assert dealer.unpaid() == {"1": (3, 3000), "_today": (5, 5000)}
    dealer.desk.do(ask.deposit(0, 1100))
    # 1,900 of 3,000 is left: 1.9 lots, that is 2.
    assert dealer.unpaid() == {"1": (2, 1900), "_today": (5, 5000)}
    assert (dealer.funds(), dealer.proceeds()) == (0, {"1": 1100})
    dealer.desk.do(ask.deposit(0, 10_000))
    assert dealer.unpaid() == {}
    assert (dealer.funds(), dealer.proceeds()) == (10_000 - 6900, {"1": 3000, "_today": 5000})


def test_who_sells_what_he_owes_for_rides_free(market: Any) -> None:
    dealer = owing(market)
    assert violations(dealer.sell(10, 4, 1)) == [(CashViolation.FREE_RIDING, 4, 4000)]
    assert violations(dealer.sell(10, 1, 1)) == []  # once a day
    dealer.settle()
    assert dealer.unpaid() == {}


def test_who_pays_in_first_does_not(market: Any) -> None:
    dealer = owing(market)
    dealer.desk.do(ask.deposit(0, 4999))
    assert dealer.unpaid() == {"_owed": (5, 5000)}
    dealer.desk.do(ask.deposit(0, 1))
    assert dealer.unpaid() == {}
    assert violations(dealer.sell(10, 5, 1)) == []


def test_owed_lots_stay_owed_over_a_settlement_until_nothing_is_owed(market: Any) -> None:
    dealer = owing(market)
    dealer.settle()
    assert dealer.unpaid() == {"_owed": (5, 5000)}
    dealer.desk.do(ask.charge(0, -5000))
    assert dealer.unpaid() == {"_owed": (5, 5000)}  # a charge pays nothing by itself
    dealer.settle()
    assert dealer.unpaid() == {}


def test_both_kinds_at_once(market: Any) -> None:
    dealer = owing(market)
    dealer.desk.do(ask.charge(0, -5000))
    dealer.sell(10, 2)
    dealer.buy(10, 2)
    assert dealer.unpaid() == {"_today": (2, 2000), "_owed": (5, 5000)}
    kinds = [(CashViolation.GOOD_FAITH, 2, 2000), (CashViolation.FREE_RIDING, 5, 5000)]
    assert violations(dealer.sell(10, 7, 1)) == kinds


def test_shares_that_are_delivered_are_sold_for_nothing(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 3)
    dealer.buy(10, 3)
    events = dealer.desk.do(ask.shares(0, 1, -2))
    assert [event.kind for event in events] == [EventKind.SHARES, EventKind.CASH_VIOLATION]
    assert violations(events) == [(CashViolation.GOOD_FAITH, 2, 2000)]
    assert (events[1].order_id, events[1].client_order_id) == (0, 0)
    assert dealer.proceeds() == {}
    assert dealer.unpaid() == {"_today": (1, 1000)}


# Amendments and splits


def last_trade(dealer: Dealer, instrument: int) -> int:
    return int(dealer.desk.instrument(instrument).trades)


def test_a_purchase_that_is_undone_gives_back_what_paid_for_it(market: Any) -> None:
    dealer = Dealer(market, 1000)
    dealer.sell(10, 3)
    dealer.settle()
    dealer.sell(10, 2)
    dealer.buy(10, 6)
    assert dealer.unpaid() == {"1": (3, 3000), "_today": (2, 2000)}
    dealer.desk.do(ask.bust(last_trade(dealer, 1), 0, DEALER, 10, 6, instrument=1))
    assert dealer.unpaid() == {}
    assert (dealer.funds(), dealer.proceeds()) == (1000, {"1": 3000, "_today": 2000})


def test_the_latest_step_leaves_first_when_a_purchase_is_undone(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 3)
    dealer.settle()
    dealer.sell(10, 3)
    dealer.buy(10, 4)
    dealer.buy(10, 2)
    assert dealer.unpaid() == {"1": (3, 3000), "_today": (3, 3000)}
    dealer.desk.do(ask.bust(last_trade(dealer, 1) - 1, 0, DEALER, 10, 4, instrument=1))
    assert dealer.unpaid() == {"1": (2, 2000)}
    assert dealer.proceeds() == {"1": 1000, "_today": 3000}


def test_of_what_was_owed_nothing_comes_back(market: Any) -> None:
    dealer = owing(market)
    dealer.desk.do(ask.bust(last_trade(dealer, 1), 0, DEALER, 10, 5, instrument=1))
    assert (dealer.unpaid(), dealer.funds(), dealer.proceeds()) == ({}, 0, {})


def test_what_was_owed_uses_up_nothing_of_what_comes_back(market: Any) -> None:
    """The latest lots leave, whichever trade it was: they had cost more than it."""
    dealer = Dealer(market)
    desk = dealer.desk
    dealer.sell(10, 4)
    dealer.buy(10, 4)
    desk.do(ask.charge(0, -4000))
    desk.do(ask.buy(0, 77, 20, 2, instrument=1), ask.charge(0, 4000), ask.sell(DEALER, 77, 20, 2, instrument=1))
    assert dealer.unpaid() == {"_today": (4, 4000), "_owed": (2, 4000)}
    desk.do(ask.bust(last_trade(dealer, 1) - 1, 0, DEALER, 10, 4, instrument=1))
    assert dealer.unpaid() == {"_today": (2, 2000)}
    assert (dealer.funds(), dealer.proceeds()) == (-2000, {"_today": 2000})


def test_a_sale_that_is_undone_takes_its_proceeds(market: Any) -> None:
    dealer = Dealer(market, 500)
    dealer.sell(10, 3)
    dealer.settle()
    dealer.sell(10, 5)
    dealer.desk.do(ask.bust(last_trade(dealer, 0), DEALER, 0, 10, 5))
    assert (dealer.funds(), dealer.proceeds()) == (500, {"1": 3000})
    dealer.desk.do(ask.bust(last_trade(dealer, 0) - 1, DEALER, 0, 10, 3))
    assert (dealer.funds(), dealer.proceeds()) == (500, {})


def test_a_correction_is_a_purchase_or_a_sale_without_violation(market: Any) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 6)
    dealer.buy(10, 4)
    events = dealer.desk.do(ask.correct(last_trade(dealer, 1), 0, DEALER, 10, 4, instrument=1, new_price=12, new_qty=5))
    assert violations(events) == []
    assert dealer.unpaid() == {"_today": (5, 6000)}
    assert dealer.proceeds() == {}
    dealer.settle()
    dealer.sell(10, 1, 1)
    events = dealer.desk.do(ask.correct(last_trade(dealer, 1), DEALER, 0, 10, 1, instrument=1, new_price=10, new_qty=4))
    assert violations(events) == []
    assert dealer.proceeds() == {"_today": 4000}
    # The one that was sold was not paid for; it came back as paid for, and goes before three that are not.
    assert dealer.unpaid() == {"1": (1, 1200)}


@pytest.mark.parametrize(
    ("new", "old", "left"), [(3, 1, (15, 5000)), (1, 2, (2, 5000)), (1, 6, None)], ids=["more", "fewer", "none"]
)
def test_lots_that_are_split(market: Any, new: int, old: int, left: tuple[int, int] | None) -> None:
    dealer = Dealer(market)
    dealer.sell(10, 5)
    dealer.buy(10, 5)
    closed = ask.instrument_state(1, InstrumentState.CLOSED)
    events = dealer.desk.do(closed, ask.split(1, new, old, 10))
    assert violations(events) == []
    assert dealer.unpaid() == ({"_today": left} if left else {})


# Who was not held to a rule


def test_a_rule_that_comes_takes_what_is_to_settle_for_proceeds(market: Any) -> None:
    dealer = Dealer(market, 500, CashRule.NONE)
    assert dealer.desk.cash(0) is None
    dealer.sell(10, 3)
    dealer.settle(2)
    dealer.sell(10, 1)
    dealer.desk.do(ask.account_risk(0, RiskType.CASH, rule=CashRule.REFUSE))
    assert (dealer.funds(), dealer.proceeds()) == (500, {"2": 3000, "_today": 1000})
    dealer.buy(10, 2)
    assert dealer.unpaid() == {"2": (2, 1500)}
    dealer.desk.do(ask.account_risk(0, RiskType.CASH, rule=CashRule.COUNT))
    assert dealer.unpaid() == {"2": (2, 1500)}  # all of it stays
    dealer.desk.do(ask.account_risk(0, RiskType.CASH))
    assert (dealer.desk.cash(0), dealer.unpaid()) == (None, {})
    dealer.desk.do(ask.account_risk(0, RiskType.CASH, rule=CashRule.COUNT))
    assert dealer.unpaid() == {}
    # 2,000 of what settles today is gone: what it bought with it is taken out of no other day.
    assert dealer.proceeds() == {"2": 3000}


def test_who_was_short_covers_without_notes(market: Any) -> None:
    dealer = Dealer(market, 10_000, CashRule.NONE)
    desk = dealer.desk
    desk.do(ask.account(0, flags=AccountFlag.SHORT_ALLOWED))
    dealer.sell(10, 2, 1)
    desk.do(ask.account(0), ask.account_risk(0, RiskType.CASH, rule=CashRule.COUNT))
    desk.do(ask.charge(0, 10_000))
    assert dealer.proceeds() == {"_today": 2000}
    dealer.desk.do(ask.charge(0, -1000))
    dealer.buy(10, 1)
    assert (dealer.unpaid(), dealer.proceeds()) == ({}, {"_today": 2000})


def test_a_trade_with_itself_is_nothing(market: Any) -> None:
    dealer = Dealer(market, 5000)
    dealer.sell(10, 3)
    dealer.buy(10, 4)
    before = dealer.unpaid(), dealer.funds(), dealer.proceeds()
    desk = dealer.desk
    events = desk.do(ask.buy(0, 50, 10, 1, instrument=1), ask.sell(0, 51, 10, 1, instrument=1))
    assert [event.kind for event in events].count(EventKind.FILL) == 2
    assert (dealer.unpaid(), dealer.funds(), dealer.proceeds()) == before


def test_nothing_that_paid_can_be_taken_out(market: Any) -> None:
    dealer = Dealer(market, 3000)
    dealer.sell(10, 3)
    dealer.buy(10, 4)
    assert (dealer.funds(), dealer.proceeds()) == (0, {"_today": 2000})
    refused: Command = ask.hold_cash(0, 1, 7)
    event = dealer.desk.one(refused)
    assert (event.kind, event.check, event.limit) == (EventKind.ADMIN_REJECTED, wire.Check.CASH_RANGE, 0)
