"""A desk before a market in which one account has a rule of cash accounts, for examples by hand. docs/cash.md.

A lot at price 1 is 100 of cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openbell.wire import AccountFlag, CashRule, EventKind, InstrumentState, RiskType

from tests.reference import commands as ask
from tests.reference.desk import Desk

MONDAY = 20_240_603
DEALER = 9
BOTH = int(AccountFlag.SHORT_ALLOWED | AccountFlag.CREDIT_UNLIMITED)
STEPS = ("1", "2", "3", "4", "_today", "_owed")


class Dealer:
    """Account 0 has a rule; the dealer takes the other side of all that it does."""

    def __init__(self, market: Any, cash: int = 0, rule: int = CashRule.COUNT) -> None:
        self.desk = desk = Desk(market)
        desk.do(ask.configure(accounts=16, orders=64), ask.ledger(4), ask.account(0), ask.account(DEALER, flags=BOTH))
        for number in (0, 1):
            made = ask.instrument(number, reference_price=10)
            desk.do(made, ask.instrument_state(number, InstrumentState.OPEN), ask.shares(DEALER, number, 1 << 30))
        desk.do(ask.shares(0, 0, 1000), ask.settle(MONDAY))
        if cash:
            desk.do(ask.deposit(0, cash))
        desk.do(ask.account_risk(0, RiskType.CASH, rule=rule))
        self.number, self.day = 0, MONDAY

    def trade(self, buyer: int, seller: int, price: int, qty: int, instrument: int = 0) -> list[Any]:
        """The buyer's order rests, the seller's takes it."""
        self.number += 1
        said = {"instrument": instrument}
        bought = ask.buy(buyer, self.number, price, qty, **said)
        return self.desk.do(bought, ask.sell(seller, self.number, price, qty, **said))

    def buy(self, price: int, qty: int, instrument: int = 1) -> list[Any]:
        return self.trade(0, DEALER, price, qty, instrument)

    def sell(self, price: int, qty: int, instrument: int = 0) -> list[Any]:
        return self.trade(DEALER, 0, price, qty, instrument)

    def settle(self, days: int = 1) -> list[Any]:
        self.day += 1
        return self.desk.do(ask.settle(self.day, days))

    def proceeds(self) -> dict[str, int]:
        """By step, those that are not 0."""
        row = self.desk.cash(0)
        return {step: value for step in STEPS[:5] if (value := getattr(row, f"unused{step}"))}

    def unpaid(self, instrument: int = 1) -> dict[str, tuple[int, int]]:
        """Lots and money by step, where there are any."""
        row = self.desk.unpaid(0, instrument)
        if row is None:
            return {}
        pairs = {step: (getattr(row, f"lots{step}"), getattr(row, f"money{step}")) for step in STEPS}
        return {step: pair for step, pair in pairs.items() if any(pair)}

    def funds(self) -> int:
        return int(self.desk.cash(0).funds)


def violations(events: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Kind, lots and what they cost."""
    return [(each.reason, each.qty, each.price) for each in events if each.kind == EventKind.CASH_VIOLATION]


def owing(market: Any) -> Dealer:
    """Had cash for 5 lots as it ordered, and none when they came: all of it was charged."""
    dealer = Dealer(market, 5000)
    desk = dealer.desk
    desk.do(ask.buy(0, 77, 10, 5, instrument=1), ask.charge(0, 5000), ask.sell(DEALER, 77, 10, 5, instrument=1))
    assert dealer.unpaid() == {"_owed": (5, 5000)}
    assert dealer.funds() == -5000
    return dealer
