"""A desk before a market in which one account has the rule of day trades, for examples by hand. docs/daytrading.md.

A lot at price 10 is 1,000 of cash; both instruments are marked at 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from openbell.wire import AccountFlag, DayTradeRule, EventKind, InstrumentState, RiskType, Side

from tests.reference import commands as ask
from tests.reference.desk import Desk

TRADER, OTHER, DEALER = 0, 1, 9
PRICE, LOT = 10, 1_000
CASH = 1_000_000
MONDAY = 20_240_603
BOTH = int(AccountFlag.SHORT_ALLOWED | AccountFlag.CREDIT_UNLIMITED)
PATTERN = (4, 5, 600, 25_000)  # SET_DAY_TRADES: the figures of the rule, in cash units here


class Dealer:
    """TRADER and OTHER have the rule; the dealer takes the other side of all that they do."""

    def __init__(self, market: Any, *settings: int) -> None:
        self.desk = desk = Desk(market)
        desk.do(ask.configure(accounts=16, orders=64), ask.ledger(4), ask.account(DEALER, flags=BOTH))
        for number in (0, 1):
            desk.do(ask.instrument(number, reference_price=PRICE), ask.instrument_state(number, InstrumentState.OPEN))
        for account in (TRADER, OTHER):
            desk.do(ask.account(account, flags=int(AccountFlag.SHORT_ALLOWED)), ask.deposit(account, CASH))
            desk.do(ask.account_risk(account, RiskType.MARGIN, day_trades=DayTradeRule.PATTERN))
        desk.do(ask.day_trades(*(settings or PATTERN)))
        self.number, self.day = 0, MONDAY

    def trade(
        self, side: int, qty: int, account: int = TRADER, instrument: int = 0, with_whom: int = DEALER
    ) -> list[Any]:
        """The other one's order rests, the account's takes it."""
        self.number += 1
        said = {"instrument": instrument}
        self.desk.do(ask.order(with_whom, 1000 + self.number, 1 - side, PRICE, qty, **said))
        return self.desk.do(ask.order(account, self.number, side, PRICE, qty, **said))

    def buy(self, qty: int, **fields: int) -> list[tuple[int, int, int]]:
        return day_trades(self.trade(Side.BUY, qty, **fields))

    def sell(self, qty: int, **fields: int) -> list[tuple[int, int, int]]:
        return day_trades(self.trade(Side.SELL, qty, **fields))

    def round_trip(self) -> list[tuple[int, int, int]]:
        return self.buy(1) + self.sell(1)

    def settle(self, times: int = 1) -> None:
        for _ in range(times):
            self.day += 1
            self.desk.one(ask.settle(self.day))

    def row(self, account: int = TRADER) -> Any:
        return self.desk.day_trader(account)

    def days(self, name: str, number: int = 8) -> list[int]:
        """day_trades, trades or kept of the row, today first."""
        return [getattr(self.row(), f"{name}_{day}") for day in range(number)]

    def make_pattern(self) -> None:
        """With the least equity that is in force."""
        _, days, share, equity = self.desk.market.day_trade_settings
        self.desk.do(ask.day_trades(1, days, 0, 0))
        self.round_trip()
        self.desk.do(ask.day_trades(1, days, share, equity))
        assert self.row().is_pattern


def day_trades(events: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Of DAY_TRADEs: day trades and trades that count, and flags."""
    return [(each.qty, each.leaves, each.flags) for each in events if each.kind == EventKind.DAY_TRADE]
