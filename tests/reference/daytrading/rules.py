"""Who is held to the rule, what it says, and cash that stays. docs/daytrading.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import DayTradeRule, EventKind, RiskType

from tests.reference import worth
from tests.reference.accounts import Account
from tests.reference.daytrading import counting
from tests.reference.daytrading.kept import DAYS, KEPT_DAYS, DayTrader, no_days
from tests.reference.refusals import account_of, bad_value, in_range
from tests.reference.state import DayTradeSettings, State

RULE = 6  # index in refusals of SET_ACCOUNT_RISK
MOST_DAY_TRADES = 255
SETTINGS = ((0, MOST_DAY_TRADES), (1, DAYS), (0, counting.WHOLE), (0, wire.MAX_CASH))  # of SET_DAY_TRADES, by index


def set_day_trades(state: State, command: Any) -> None:
    values = [getattr(command, f"value{index}") for index in range(len(SETTINGS))]
    for index, (value, (least, most)) in enumerate(zip(values, SETTINGS, strict=True)):
        in_range(index, value, least, most)
    state.day_trades = DayTradeSettings(*values)
    state.output.event(EventKind.DAY_TRADES_SET, qty=command.request)


def check(command: Any) -> None:
    """SET_ACCOUNT_RISK value2."""
    in_range(RULE, command.value2, DayTradeRule.NONE, max(DayTradeRule))
    if command.value2 != DayTradeRule.NONE and command.state != RiskType.MARGIN:
        raise bad_value(RULE, DayTradeRule.NONE, command.value2)


def change(account: Account, rule: int) -> None:
    if rule == rule_of(account):
        return
    counting.forget(account)
    account.trader = DayTrader(rule) if rule != DayTradeRule.NONE else None


def rule_of(account: Account) -> int:
    return account.trader.rule if account.trader is not None else DayTradeRule.NONE


def lift(state: State, command: Any) -> None:
    """LIFT_DAY_TRADER."""
    account = account_of(state, command)
    trader = account.trader
    if trader is None or not trader.is_pattern:
        raise bad_value(0, 1, 0)
    trader.is_pattern, trader.kept = False, [0] * KEPT_DAYS
    trader.day_trades, trader.trades = no_days(), no_days()
    state.output.event(EventKind.DAY_TRADER_LIFTED, account, qty=command.request)


# Cash


def deposits(state: State, account: Account, amount: int) -> None:
    """An amount above 0 that is about to be booked."""
    trader, least = account.trader, state.day_trades.equity
    if trader is None or not trader.is_pattern:
        return
    equity, _ = worth.held(state, account)
    if equity < least:
        trader.kept[0] = min(wire.MAX_CASH, trader.kept[0] + min(amount, least - equity))


def kept(account: Account) -> int:
    """Cash that may not be taken out yet."""
    trader = account.trader
    return sum(trader.kept) if trader is not None and trader.is_pattern else 0
