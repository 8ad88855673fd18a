"""Who is watched and how, and the levels of MARGIN accounts. docs/risk.md."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.wire import AccountFlag, EventKind, MarkBy, RiskLevel, RiskType

from tests.reference import worth
from tests.reference.accounts import Account
from tests.reference.books import Margin
from tests.reference.cash import rules
from tests.reference.daytrading import rules as day_trade_rules
from tests.reference.desks import losses
from tests.reference.ledger import within_i64
from tests.reference.records import as_u64
from tests.reference.refusals import account_of, bad_value, in_range, instrument_of
from tests.reference.state import State

MOST_MARKS = 1 << 20
MOST_RATE = 100_000
LEAST_ALERT, MOST_ALERT = 10_000, 1_000_000
MARGIN_RANGES = ((0, MOST_RATE),) * 4 + ((0, wire.MAX_PRICE),) * 2
MARK_BY, VOLUME, LISTS = 6, 7, 8  # indices in refusals
DESKS, LIMITED, LISTS_OF_ACCOUNT = 3, 4, 2  # likewise
MOST_DESKS = (1 << 16) - 1
MOST_LIMITED = 1 << 24  # accounts
MOST_VOLUME = MOST_LISTS = 1 << 53


def set_risk(state: State, command: Any) -> None:
    in_range(0, command.value0, 0, MOST_MARKS)
    if command.value1:
        in_range(1, command.value1, LEAST_ALERT if command.value1 > 0 else 0, MOST_ALERT)
    in_range(2, command.value2, 0, worth.WHOLE)
    in_range(DESKS, command.value3, 0, MOST_DESKS)
    if command.value3 < state.desk_capacity:
        raise bad_value(DESKS, state.desk_capacity, command.value3)
    in_range(LIMITED, command.value4, 0, MOST_LIMITED)
    if command.value4 < state.limited_capacity:
        raise bad_value(LIMITED, state.limited_capacity, command.value4)
    state.cash = rules.settings(command)
    state.desk_capacity, state.limited_capacity = command.value3, command.value4
    state.risk.marks, state.risk.alert, state.risk.liquidation = command.value0, command.value1, command.value2
    state.output.event(
        EventKind.RISK_SET,
        qty=command.request,
        price=command.value0,
        order_id=command.value1,
        client_order_id=command.value2,
    )


def set_margin(state: State, command: Any) -> None:
    instrument = instrument_of(state, command)
    values = [getattr(command, f"value{index}") for index in range(len(MARGIN_RANGES))]
    for index, (value, (least, most)) in enumerate(zip(values, MARGIN_RANGES, strict=True)):
        in_range(index, value, least, most)
    in_range(MARK_BY, command.state, 0, max(MarkBy))
    in_range(VOLUME, command.value6, 0, MOST_VOLUME)
    in_range(LISTS, command.value7, 0, MOST_LISTS)
    instrument.margin = Margin(*values, command.state, command.value6, command.value7)
    state.output.event(EventKind.MARGIN_SET, instrument=instrument.number, reason=command.state, qty=command.request)


def set_account_risk(state: State, command: Any) -> None:
    account = account_of(state, command)
    in_range(0, command.state, 0, max(RiskType))
    if command.state == RiskType.MARGIN and account.has_credit():
        raise bad_value(1, 0, AccountFlag.CREDIT_UNLIMITED)
    in_range(LISTS_OF_ACCOUNT, command.value0, 0, MOST_LISTS)
    rules.check(account, command)
    day_trade_rules.check(command)
    if account.risk_type == RiskType.NONE:
        losses.begin(state, account)
    if command.state == RiskType.NONE:
        account.repeats = []
    account.risk_type, account.lists = command.state, command.value0
    rules.change(state, account, command.value1)
    day_trade_rules.change(account, command.value2)
    said = {"reason": command.state, "flags": command.value1, "leaves": command.value2, "qty": command.request}
    state.output.event(EventKind.ACCOUNT_RISK, account, **said)


# Levels


def level(state: State, account: Account, equity: int, maintenance: int) -> RiskLevel:
    """How a MARGIN account stands to what it must keep."""
    alert, liquidation = state.risk.alert, state.risk.liquidation
    if not account.has_margin():
        return RiskLevel.NORMAL
    if liquidation and equity * worth.WHOLE < maintenance * liquidation:
        return RiskLevel.LIQUIDATION
    if equity < maintenance:
        return RiskLevel.CALL
    if alert and equity * worth.WHOLE < maintenance * alert:
        return RiskLevel.ALERT
    return RiskLevel.NORMAL


def tell_levels(state: State) -> None:
    """At the end of each command, of those that changed."""
    for account in state.accounts_ascending():
        if not account.has_margin() and account.level == RiskLevel.NORMAL:
            continue
        equity, maintenance = worth.held(state, account)
        before, account.level = account.level, level(state, account, equity, maintenance)
        if account.level != before:
            state.output.event(
                EventKind.RISK_LEVEL,
                account,
                reason=account.level,
                flags=before,
                price=within_i64(equity),
                trade_id=as_u64(within_i64(maintenance)),
            )
