"""Margin accounts by hand: what they are worth, what an order is asked, what may be taken out, and their levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AccountState,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    FeeBits,
    HouseAccount,
    InstrumentState,
    OrderType,
    RiskLevel,
    RiskType,
    Role,
)

from tests.ext.market import BUY, CASH, SELL, A, B, C, Market
from tests.ext.risky import (
    DOLLAR,
    REG_T,
    UNIT,
    Settings,
    check_rows,
    exposure_of,
    levels,
    margin_of,
    mark,
    risk_of,
    set_margin,
    watch,
)


def market(cash: int = 10_000 * UNIT) -> Market:
    """A is a MARGIN account with so much cash, instrument 0 at 100 dollars and as Regulation T has it."""
    m = Market()
    m.instrument(0, -1, -1, 100 * DOLLAR)
    set_margin(m, *REG_T)
    mark_all(m, 1_000)
    m.admin(CommandKind.DEPOSIT, cash - CASH, account=A)
    m.limits(A, flags=AccountFlag.SHORT_ALLOWED)
    watch(m, A)
    return m


def mark_all(m: Market, units: int, alert: int = 0, liquidation: int = 0) -> list[Any]:
    (event, *more) = m.admin(CommandKind.SET_RISK, units, alert, liquidation)
    assert (event.kind, event.price, event.order_id, event.client_order_id) == (
        EventKind.RISK_SET, units, alert, liquidation,
    )  # fmt: skip
    m.tick(m.ts_ns)
    return more


def refusal(events: list[Any]) -> tuple[Check, int, int, int]:
    assert events[0].kind in {EventKind.REJECTED, EventKind.REPLACE_REJECTED}, events
    return Check(events[0].check), events[0].limit, events[0].value, events[0].headroom


def test_half_of_a_purchase_is_borrowed() -> None:
    """10,000 of cash buy 200 shares at 100: half of 20,000."""
    m = market()
    assert margin_of(m).mark == 100 * DOLLAR
    events = m.buy(A, 100 * DOLLAR, 201)
    assert refusal(events) == (Check.MARGIN, 10_000 * UNIT, 10_050 * UNIT, 10_000 * UNIT)
    assert m.buy(A, 100 * DOLLAR, 150)[0].kind == EventKind.ACCEPTED
    row = risk_of(m, A)
    assert (row.equity, row.value, row.maintenance, row.initial) == (10_000 * UNIT, 0, 0, 7_500 * UNIT)
    assert row.excess == 2_500 * UNIT == m.account(A).withdrawable
    assert refusal(m.buy(A, 100 * DOLLAR, 51)) == (Check.MARGIN, 2_500 * UNIT, 2_550 * UNIT, 2_500 * UNIT)
    assert m.buy(A, 100 * DOLLAR, 50)[0].kind == EventKind.ACCEPTED
    m.sell(B, 100 * DOLLAR, 200)
    row = risk_of(m, A)
    assert m.account(A).cash == -10_000 * UNIT
    assert (row.equity, row.value, row.excess) == (10_000 * UNIT, 20_000 * UNIT, 0)
    assert (row.maintenance, row.initial) == (5_000 * UNIT, 10_000 * UNIT)
    assert m.account(A).withdrawable == 0
    check_rows(m.core, Settings())


def test_what_an_order_would_lose_at_once_is_asked_for() -> None:
    """Above the mark: 10 shares at 110 need 500 and lose 100."""
    m = market(590 * UNIT)
    assert refusal(m.buy(A, 110 * DOLLAR, 10)) == (Check.MARGIN, 590 * UNIT, 600 * UNIT, 590 * UNIT)
    m.admin(CommandKind.DEPOSIT, 10 * UNIT, account=A)
    assert m.buy(A, 110 * DOLLAR, 10)[0].kind == EventKind.ACCEPTED
    # a sale below the mark: 10 shares at 90 need 1,500 and lose 100
    m = market(1_590 * UNIT)
    assert refusal(m.sell(A, 90 * DOLLAR, 10)) == (Check.MARGIN, 1_590 * UNIT, 1_600 * UNIT, 1_590 * UNIT)
    m.buy(A, 80 * DOLLAR, 10)
    # the larger of both sides counts: of the 1,500 there are 500 for the buy already
    assert refusal(m.sell(A, 80 * DOLLAR + 5, 10)) == (
        Check.MARGIN, 1_090 * UNIT, 1_000 * UNIT + 199_995_000, 1_090 * UNIT,
    )  # fmt: skip
    assert m.sell(A, 91 * DOLLAR, 10)[0].kind == EventKind.ACCEPTED
    assert risk_of(m, A).initial == 1_500 * UNIT
    assert m.buy(A, 80 * DOLLAR, 20)[0].kind == EventKind.ACCEPTED  # 30 in all: 1,500, as it is
    assert refusal(m.buy(A, 80 * DOLLAR, 2)) == (Check.MARGIN, 90 * UNIT, 100 * UNIT, 90 * UNIT)


def test_short_sales_keep_the_least_a_share() -> None:
    """At 4 dollars all of the price; at 2 dollars 2.50 a share; at 10 dollars 5 a share where 30 percent are less."""
    for price, maintenance in ((4, 4.0), (2, 2.5), (10, 5.0), (100, 30.0), (5, 5.0)):
        m = market(100_000 * UNIT)
        mark(m, 0, price * DOLLAR)
        m.buy(B, price * DOLLAR, 10)
        assert [e.kind for e in m.sell(A, price * DOLLAR, 10)][1:] == [EventKind.FILL] * 2
        row = exposure_of(m, A)
        assert (row.qty, row.value) == (-10, -10 * price * UNIT)
        assert row.maintenance == int(maintenance * UNIT) * 10
        assert row.initial == max(15 * price * UNIT, row.maintenance)
        check_rows(m.core, Settings())


def test_closing_is_always_taken() -> None:
    m = market()
    m.buy(A, 100 * DOLLAR, 200)
    m.sell(B, 100 * DOLLAR, 200)
    mark(m, 0, 20 * DOLLAR)
    row = risk_of(m, A)
    assert (row.equity, row.excess) == (-6_000 * UNIT, -8_000 * UNIT)
    assert refusal(m.buy(A, 20 * DOLLAR, 1)) == (Check.MARGIN, 0, 10 * UNIT, 0)
    assert m.sell(A, 1 * DOLLAR, 200)[0].kind == EventKind.ACCEPTED  # far below: nothing is asked
    assert refusal(m.sell(A, 20 * DOLLAR, 201)) == (Check.MARGIN, 0, (30 * 201 - 2_000) * UNIT, 0)


def test_without_a_mark_only_what_closes_is_taken() -> None:
    m = Market()
    m.limits(A, flags=AccountFlag.SHORT_ALLOWED)
    watch(m, A)
    assert refusal(m.buy(A, 1000, 1)) == (Check.NO_PRICE, 0, 0, 0)
    m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=A)
    assert refusal(m.sell(A, 1000, 11)) == (Check.NO_PRICE, 0, 0, 0)
    (event, *_) = m.sell(A, 1000, 7)
    assert event.kind == EventKind.ACCEPTED
    assert refusal(m.sell(A, 1000, 4)) == (Check.NO_PRICE, 0, 0, 0)
    assert m.replace(A, event.order_id, 1000, 10)[0].kind == EventKind.REPLACED  # its own lots are free
    assert refusal(m.replace(A, event.order_id, 1000, 11)) == (Check.NO_PRICE, 0, 0, 0)


def test_a_replace_asks_for_what_it_adds() -> None:
    m = market()
    order_id = m.buy(A, 100 * DOLLAR, 200)[0].order_id
    assert refusal(m.replace(A, order_id, 100 * DOLLAR, 201)) == (Check.MARGIN, 0, 50 * UNIT, 0)
    assert m.replace(A, order_id, 100 * DOLLAR, 200, flags=wire.OrderFlag.REQUEUE)[0].kind == EventKind.REPLACED
    assert m.replace(A, order_id, 120 * DOLLAR, 200)[0].kind == EventKind.REPLACED  # needs no more: no loss is asked
    assert m.replace(A, order_id, 100 * DOLLAR, 100)[0].kind == EventKind.REPLACED
    assert risk_of(m, A).excess == 5_000 * UNIT
    assert refusal(m.replace(A, order_id, 110 * DOLLAR, 200)) == (
        Check.MARGIN, 5_000 * UNIT, 7_000 * UNIT, 5_000 * UNIT,
    )  # fmt: skip
    check_rows(m.core, Settings())


def test_a_plan_keeps_back_for_buys_and_sells() -> None:
    """1 percent of what buys hold and 5 of the currency an order."""
    m = market(1_000 * UNIT)
    bits = FeeBits.BUY | FeeBits.SELL | FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
    m.admin(CommandKind.SET_FEE, 0, 0, 5 * UNIT, 0, 0, 0, 0, bits, account=1, flags=HouseAccount.COMMISSION,
            instrument=10_000)  # fmt: skip
    m.admin(CommandKind.SET_ACCOUNT, -1, -1, -1, -1, -1, -1, 1, account=A, flags=255)
    # 19 shares: 950 of 1,000 - 19 - 5; 20 need 1,000
    assert refusal(m.buy(A, 100 * DOLLAR, 20)) == (Check.MARGIN, 975 * UNIT, 1_000 * UNIT, 975 * UNIT)
    assert m.buy(A, 100 * DOLLAR, 19)[0].kind == EventKind.ACCEPTED
    # excess 50; kept back: 1 percent of the 1,900 held, and 2 x 5: 21 are left, and a sale of 7 needs 1,050 - 950
    assert refusal(m.sell(A, 101 * DOLLAR, 7)) == (Check.MARGIN, 21 * UNIT, 100 * UNIT, 21 * UNIT)
    assert m.sell(A, 101 * DOLLAR, 6)[0].kind == EventKind.ACCEPTED
    # one more: kept back are 19 and 3 x 5
    assert refusal(m.sell(A, 101 * DOLLAR, 1)) == (Check.MARGIN, 16 * UNIT, 100 * UNIT, 16 * UNIT)


def test_a_margin_account_owes_no_more_than_numbers_allow() -> None:
    """Check 24 as of CREDIT_UNLIMITED, before 24m."""
    m = market(wire.MAX_CASH)
    for _ in range(2):
        assert m.buy(A, 100 * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    assert m.account(A).withdrawable == wire.MAX_CASH - 100 * UNIT
    m.admin(CommandKind.DEPOSIT_SHARES, 10**9, 0, account=A)
    assert m.account(A).withdrawable < 2**63


def test_what_may_be_taken_out_is_the_excess() -> None:
    m = market()
    m.admin(CommandKind.SET_LEDGER, 4)
    m.buy(A, 100 * DOLLAR, 100)
    m.sell(B, 100 * DOLLAR, 100)
    assert (m.account(A).cash, m.account(A).withdrawable) == (0, 5_000 * UNIT)
    (event,) = m.admin(CommandKind.DEPOSIT, -5_001 * UNIT, account=A)
    assert (event.kind, event.limit) == (EventKind.ADMIN_REJECTED, 5_000 * UNIT)
    assert m.admin(CommandKind.HOLD_CASH, 3_000 * UNIT, 1, account=A)[0].kind == EventKind.CASH_HELD
    assert (risk_of(m, A).equity, m.account(A).withdrawable) == (7_000 * UNIT, 2_000 * UNIT)
    assert m.admin(CommandKind.DEPOSIT, -2_000 * UNIT, account=A)[0].kind == EventKind.CASH
    assert m.account(A).withdrawable == 0
    m.admin(CommandKind.RELEASE_CASH, 0, 1, account=A)
    assert (risk_of(m, A).equity, m.account(A).withdrawable) == (8_000 * UNIT, 3_000 * UNIT)
    check_rows(m.core, Settings())


def test_levels_are_told_when_they_change() -> None:
    """10,000 of own money in 200 shares: maintenance is a quarter."""
    m = market()
    assert mark_all(m, 1_000, alert=15_000, liquidation=5_000) == []
    m.buy(A, 100 * DOLLAR, 200)
    m.sell(B, 100 * DOLLAR, 200)
    # equity 200 x p - 10,000; maintenance 50 x p: alert below 80, call below 66.67, liquidation below 57.14
    assert levels(mark(m, 0, 80 * DOLLAR)) == []
    events = mark(m, 0, 79 * DOLLAR)
    assert levels(events) == [(A, RiskLevel.ALERT, RiskLevel.NORMAL)]
    assert (events[-1].price, events[-1].trade_id) == (5_800 * UNIT, 3_950 * UNIT)
    assert events[-1].account_seq == m.account(A).account_seq
    assert levels(mark(m, 0, 66 * DOLLAR)) == [(A, RiskLevel.CALL, RiskLevel.ALERT)]
    assert risk_of(m, A).level == RiskLevel.CALL
    assert levels(mark(m, 0, 58 * DOLLAR)) == []
    assert levels(mark(m, 0, 57 * DOLLAR)) == [(A, RiskLevel.LIQUIDATION, RiskLevel.CALL)]
    assert levels(m.admin(CommandKind.DEPOSIT, 10_000 * UNIT, account=A)) == [
        (A, RiskLevel.NORMAL, RiskLevel.LIQUIDATION)
    ]
    assert levels(m.admin(CommandKind.CHARGE, 10_000 * UNIT, HouseAccount.INTEREST, 0, account=A, instrument=0)) == [
        (A, RiskLevel.LIQUIDATION, RiskLevel.NORMAL)
    ]
    assert levels(mark_all(m, 1_000)) == [(A, RiskLevel.CALL, RiskLevel.LIQUIDATION)]  # none of both any more
    assert levels(set_margin(m, 5_000, 0, 15_000, 0)) == [(A, RiskLevel.NORMAL, RiskLevel.CALL)]
    assert levels(set_margin(m, *REG_T)) == [(A, RiskLevel.CALL, RiskLevel.NORMAL)]
    events = watch(m, A, RiskType.CASH)
    assert levels(events) == [(A, RiskLevel.NORMAL, RiskLevel.CALL)]
    assert (events[-1].price, events[-1].trade_id) == (1_400 * UNIT, 2_850 * UNIT)
    assert levels(watch(m, A)) == [(A, RiskLevel.CALL, RiskLevel.NORMAL)]
    events = watch(m, A, RiskType.NONE)
    assert levels(events) == [(A, RiskLevel.NORMAL, RiskLevel.CALL)]
    assert (events[-1].price, events[-1].trade_id) == (1_400 * UNIT, 2_850 * UNIT)
    assert m.core.risk() == b""


def test_levels_of_several_accounts_come_by_id_and_last() -> None:
    m = market()
    for account in (C, B):
        m.admin(CommandKind.DEPOSIT, 10_000 * UNIT - CASH, account=account)
        watch(m, account)
    m.admin(CommandKind.SET_ACCOUNT, account=5, name=b"other", flags=AccountFlag.SHORT_ALLOWED)
    m.admin(CommandKind.DEPOSIT, CASH, account=5)
    m.next_id[5] = 1
    for account in (C, A, B):
        m.buy(account, 100 * DOLLAR, 200)
    m.sell(5, 100 * DOLLAR, 600)
    events = mark(m, 0, 60 * DOLLAR)
    assert levels(events) == [(account, RiskLevel.CALL, RiskLevel.NORMAL) for account in (A, B, C)]
    assert [e.kind for e in events[-3:]] == [EventKind.RISK_LEVEL] * 3


def test_a_trade_that_follows_from_a_stop_counts() -> None:
    """The levels are the last events, after what a stop's trade brought."""
    m = market(1_000 * UNIT)
    m.buy(A, 100 * DOLLAR, 20)
    m.sell(B, 100 * DOLLAR, 20)
    m.buy(B, 20 * DOLLAR, 20)
    m.special(A, SELL, 20, order_type=OrderType.STOP, stop_price=90 * DOLLAR)
    m.buy(C, 90 * DOLLAR, 1)
    events = m.sell(B, 90 * DOLLAR, 1)
    assert [e.kind for e in events][-2:] == [EventKind.FILL, EventKind.RISK_LEVEL]
    assert levels(events) == [(A, RiskLevel.CALL, RiskLevel.NORMAL)]  # sold at 20: it owes 600
    assert risk_of(m, A).equity == -600 * UNIT
    check_rows(m.core, Settings())


def test_a_child_that_wakes_is_asked_too() -> None:
    """A bracket's children sell what the parent bought: nothing. One that would open more is not woken."""
    m = market(1_000 * UNIT)
    m.special(A, SELL, 15, price=120 * DOLLAR, role=Role.CHILD, client_order_id=1)
    m.special(A, SELL, 15, order_type=OrderType.STOP, stop_price=90 * DOLLAR, role=Role.CHILD, link_id=1,
              client_order_id=2)  # fmt: skip
    m.special(A, BUY, 15, price=100 * DOLLAR, role=Role.PARENT, link_id=1, client_order_id=3)
    events = m.sell(B, 100 * DOLLAR, 15)
    assert [e.kind for e in events][-2:] == [EventKind.RESTATED] * 2
    assert len(m.orders(account=A)) == 2
    check_rows(m.core, Settings())
    m = market(1_000 * UNIT)
    m.special(A, SELL, 20, price=120 * DOLLAR, role=Role.CHILD, client_order_id=1)
    m.special(A, SELL, 2, price=100 * DOLLAR, role=Role.PARENT, link_id=1, client_order_id=2)
    events = m.buy(B, 100 * DOLLAR, 2)
    assert [e.reason for e in events if e.kind == EventKind.CANCELED] == []  # 2 lots: 300 more are there
    assert [e.kind for e in events][-1] == EventKind.RESTATED
    m.admin(CommandKind.DEPOSIT, -m.account(A).withdrawable, account=A)
    m.special(A, BUY, 9, price=100 * DOLLAR, role=Role.CHILD, client_order_id=5)
    m.special(A, BUY, 3, price=100 * DOLLAR, role=Role.PARENT, link_id=5, client_order_id=6)
    m.sell(B, 100 * DOLLAR, 3)
    check_rows(m.core, Settings())


def test_margin_and_unlimited_credit_exclude_each_other() -> None:
    m = Market()
    m.limits(A, flags=AccountFlag.CREDIT_UNLIMITED)
    (event,) = m.admin(CommandKind.SET_ACCOUNT_RISK, account=A, state=RiskType.MARGIN)
    assert (Check(event.check), event.client_order_id, event.limit, event.value) == (Check.VALUE, 1, 0, 2)
    watch(m, A, RiskType.CASH)
    watch(m, B)
    (event,) = m.admin(CommandKind.SET_ACCOUNT, *[-1] * 7, account=B, flags=3)
    assert (Check(event.check), event.client_order_id, event.limit, event.value) == (Check.VALUE, 8, 1, 3)
    m.limits(B, flags=0)
    assert (m.account(B).flags, m.account(B).risk_type) == (0, RiskType.MARGIN)


@pytest.mark.parametrize(
    ("kind", "values", "fields", "index", "limit", "value"),
    [
        (CommandKind.SET_RISK, (-1,), {}, 0, 0, -1),
        (CommandKind.SET_RISK, (1_048_577,), {}, 0, 1_048_576, 1_048_577),
        (CommandKind.SET_RISK, (0, -1), {}, 1, 0, -1),
        (CommandKind.SET_RISK, (0, 9_999), {}, 1, 10_000, 9_999),
        (CommandKind.SET_RISK, (0, 1_000_001), {}, 1, 1_000_000, 1_000_001),
        (CommandKind.SET_RISK, (0, 0, -1), {}, 2, 0, -1),
        (CommandKind.SET_RISK, (0, 0, 10_001), {}, 2, 10_000, 10_001),
        *[
            (CommandKind.SET_MARGIN, (*[0] * place, bad), {"instrument": 0}, place, high if bad > 0 else 0, bad)
            for place, high in enumerate((100_000, 100_000, 100_000, 100_000, wire.MAX_PRICE, wire.MAX_PRICE))
            for bad in (-1, high + 1)
        ],
        (CommandKind.SET_MARGIN, (), {"instrument": 0, "state": 3}, 6, 2, 3),
        (CommandKind.SET_ACCOUNT_RISK, (), {"account": A, "state": 3}, 0, 2, 3),
    ],
)
def test_values_out_of_range(kind: int, values: Any, fields: Any, index: int, limit: int, value: int) -> None:
    m = Market()
    before = m.core.margins(), m.core.accounts()
    (event,) = m.admin(kind, *values, **fields)
    assert (event.kind, Check(event.check)) == (EventKind.ADMIN_REJECTED, Check.VALUE)
    assert (event.client_order_id, event.limit, event.value, event.headroom) == (index, limit, value, 0)
    assert (m.core.margins(), m.core.accounts()) == before


def test_unknown_accounts_and_instruments() -> None:
    m = Market()
    (event,) = m.admin(CommandKind.SET_ACCOUNT_RISK, account=7, state=9)
    assert (Check(event.check), event.value) == (Check.ACCOUNT, 7)
    (event,) = m.admin(CommandKind.SET_MARGIN, -1, instrument=7)
    assert (Check(event.check), event.value) == (Check.INSTRUMENT, 7)


def test_a_lot_that_means_something_else_changes_what_positions_are_worth() -> None:
    m = market()
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=1, state=InstrumentState.OPEN)
    m.instrument(1, -1, -1, 10 * DOLLAR)
    m.tick(m.ts_ns)
    m.admin(CommandKind.DEPOSIT_SHARES, 100, 0, account=A, instrument=1)
    assert risk_of(m, A).value == 10_000 * UNIT
    m.instrument(1, -1, 1)
    assert risk_of(m, A).value == 1_000 * UNIT
    check_rows(m.core, Settings())


def test_an_account_that_may_only_reduce() -> None:
    m = market(100_000 * UNIT)
    m.buy(A, 100 * DOLLAR, 50)
    m.sell(B, 100 * DOLLAR, 50)
    m.buy(A, 90 * DOLLAR, 10)  # rests, and stays
    (event,) = m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.REDUCE_ONLY)
    assert (event.kind, event.reason) == (EventKind.ACCOUNT_STATE, 2)
    assert len(m.orders(account=A)) == 1
    assert refusal(m.buy(A, 100 * DOLLAR, 1)) == (Check.ACCOUNT_STATE, 0, 1, 0)
    assert refusal(m.sell(A, 110 * DOLLAR, 51)) == (Check.ACCOUNT_STATE, 50, 51, 50)
    sale = m.sell(A, 110 * DOLLAR, 30)[0]
    assert sale.kind == EventKind.ACCEPTED
    assert refusal(m.sell(A, 110 * DOLLAR, 21)) == (Check.ACCOUNT_STATE, 20, 21, 20)
    assert m.replace(A, sale.order_id, 110 * DOLLAR, 50)[0].kind == EventKind.REPLACED
    assert refusal(m.replace(A, sale.order_id, 110 * DOLLAR, 51)) == (Check.ACCOUNT_STATE, 50, 51, 50)
    events = m.special(A, SELL, 5, price=110 * DOLLAR, role=Role.CHILD)
    assert refusal(events) == (Check.ACCOUNT_STATE, 0, 2, 0)
    peer = m.special(A, SELL, 50, order_type=OrderType.STOP, stop_price=80 * DOLLAR, role=Role.PEER,
                     link_id=sale.client_order_id)  # fmt: skip
    assert peer[0].kind == EventKind.ACCEPTED  # its ring's lots are free


@pytest.mark.parametrize("with_flag", [False, True])
def test_an_account_that_may_only_close(with_flag: bool) -> None:
    m = market(100_000 * UNIT)
    m.buy(A, 100 * DOLLAR, 50)
    m.sell(B, 100 * DOLLAR, 50)
    opens = m.buy(A, 90 * DOLLAR, 10)[0].order_id
    keeps = m.sell(A, 110 * DOLLAR, 30)[0].order_id
    much = m.sell(A, 120 * DOLLAR, 25)[0].order_id  # with the other one 55: newest first, this one goes
    waits = m.special(A, SELL, 5, price=110 * DOLLAR, role=Role.CHILD)[0].order_id
    events = m.admin(
        CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.CLOSE_ONLY, request=9, flags=int(with_flag)
    )
    canceled = [e.order_id for e in events if e.kind == EventKind.CANCELED]
    assert canceled == [waits, much, keeps, opens] if with_flag else [waits, much, opens]
    assert {e.reason for e in events if e.kind == EventKind.CANCELED} == {CancelReason.ACCOUNT_BLOCKED}
    assert (events[-1].kind, events[-1].qty, events[-1].leaves) == (EventKind.MASS_CANCELED, len(canceled), 9)
    assert events[-1].instrument == wire.ANY
    check_rows(m.core, Settings())


def test_a_ring_that_closes_stays_and_an_iceberg_counts_whole() -> None:
    m = market(100_000 * UNIT)
    m.buy(A, 100 * DOLLAR, 50)
    m.sell(B, 100 * DOLLAR, 50)
    profit = m.special(A, SELL, 50, price=110 * DOLLAR)[0]
    loss = m.special(A, SELL, 50, order_type=OrderType.STOP, stop_price=80 * DOLLAR, role=Role.PEER,
                     link_id=profit.client_order_id)[0]  # fmt: skip
    hidden = m.special(A, BUY, 20, price=70 * DOLLAR, display_qty=1)[0]
    events = m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.CLOSE_ONLY)
    assert [e.order_id for e in events if e.kind == EventKind.CANCELED] == [hidden.order_id]
    assert {row.order_id for row in m.orders(account=A)} == {profit.order_id, loss.order_id}
    assert refusal(m.buy(A, 100 * DOLLAR, 1)) == (Check.ACCOUNT_STATE, 0, 1, 0)


def test_a_preview_of_a_bust_changes_nothing() -> None:
    m = market()
    m.buy(A, 100 * DOLLAR, 200)
    trade = m.sell(B, 100 * DOLLAR, 200)[-1]
    fields = {"account": A, "seller": B, "trade_id": trade.trade_id, "price": 100 * DOLLAR, "qty": 200}
    m.admin(CommandKind.CONFIGURE, 8, 8, 64, 32, 16, 64, 8, 4)
    before, rows = m.core.state_hash(), m.core.risk()
    command = m.command(CommandKind.BUST_TRADE, instrument=0)
    record = np.frombuffer(command, wire.AMEND_COMMAND).copy()
    for name, value in fields.items():
        record[name] = value
    events, accounts, _ = m.core.preview(record.tobytes())
    assert np.frombuffer(accounts, wire.ACCOUNT_ROW)["withdrawable"][0] == 10_000 * UNIT
    assert len(events) == 2 * 80
    assert (m.core.state_hash(), m.core.risk()) == (before, rows)
    check_rows(m.core, Settings())
    assert m.apply(record.tobytes())[0].kind == EventKind.TRADE_BUSTED
    assert risk_of(m, A).value == 0
    check_rows(m.core, Settings())
