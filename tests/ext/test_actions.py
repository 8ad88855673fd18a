"""Dividends and splits by hand: docs/actions.md."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    BookKind,
    Borrow,
    CancelReason,
    CommandKind,
    EventKind,
    InstrumentState,
    Limit,
    RiskType,
    TimeInForce,
)

from ext.core import Core
from tests.ext.desked import DESK, FIRM, check_desks, desk_of, limit_desk
from tests.ext.desked import market as desked
from tests.ext.lending import (
    borrow_of,
    cash,
    charged,
    check_snapshot,
    dividend,
    dues,
    house,
    instrument_row,
    locate,
    located,
    pay,
    position,
    refused,
    set_borrow,
    split,
)
from tests.ext.market import BUY, CASH, SELL, A, B, C, Market
from tests.ext.risky import DOLLAR, UNIT, exposure_of, margin_of, mark, risk_of, set_margin, watch


def held(**capacity: int) -> Market:
    """A has 100 lots of instrument 1 (lots of ten shares, at 20.00), C 30, and B owes 7."""
    m = Market(**capacity)
    m.admin(CommandKind.SET_RISK, 1_000)
    mark(m, 1, 20 * DOLLAR)
    m.state(InstrumentState.OPEN, instrument=1)
    m.admin(CommandKind.DEPOSIT_SHARES, 100, 200 * UNIT, account=A, instrument=1)
    m.admin(CommandKind.DEPOSIT_SHARES, 23, 200 * UNIT, account=C, instrument=1)
    m.sell(B, 20 * DOLLAR, 7, instrument=1)
    m.buy(C, 20 * DOLLAR, 7, instrument=1)
    return m


def told_dues(events: list[Any]) -> list[tuple[int, int, int]]:
    return [(e.account, e.price, e.trade_id) for e in events if e.kind == EventKind.DIVIDEND_DUE]


# Dividends


def test_who_holds_shares_has_a_claim_and_who_owes_them_owes_it() -> None:
    m = held()
    events = dividend(m, 500_000, 44, 1)
    assert told_dues(events) == [(A, 500 * UNIT, 500 * UNIT), (C, 150 * UNIT, 150 * UNIT),
                                 (B, -35 * UNIT, 2**64 - 35 * UNIT)]  # fmt: skip
    last = events[-1]
    assert (last.kind, last.instrument, last.price, last.leaves, last.client_order_id, last.qty) == (
        EventKind.DIVIDEND_SET, 1, 500_000, 3, 44, 11,
    )  # fmt: skip
    assert dues(m.core) == {(A, 1): 500 * UNIT, (C, 1): 150 * UNIT, (B, 1): -35 * UNIT}
    assert dues(m.core) == dues(Core.restore(m.core.snapshot()))
    assert cash(m, A) == CASH
    m.sell(A, 20 * DOLLAR, 100, instrument=1)  # the claim stays with who held it
    m.buy(C, 20 * DOLLAR, 100, instrument=1)
    assert told_dues(dividend(m, 100_000, 0, 1)) == [(C, 130 * UNIT, 280 * UNIT), (B, -7 * UNIT, 2**64 - 42 * UNIT)]
    before = {account: cash(m, account) for account in (A, B, C)}
    events = pay(m, 45, 1)
    assert charged(events) == [
        (A, 1, "DIVIDEND", -500 * UNIT, 45), (C, 1, "DIVIDEND", -280 * UNIT, 45), (B, 1, "DIVIDEND", 42 * UNIT, 45),
    ]  # fmt: skip
    last = events[-1]
    assert (last.kind, last.leaves, last.client_order_id, last.qty) == (EventKind.DIVIDEND_PAID, 3, 45, 12)
    assert dues(m.core) == {}
    assert {account: cash(m, account) - before[account] for account in (A, B, C)} == {
        A: 500 * UNIT, B: -42 * UNIT, C: 280 * UNIT,
    }  # fmt: skip
    assert house(m)["DIVIDEND"] == -738 * UNIT
    assert [e.leaves for e in pay(m, 0, 1)] == [0]
    check_snapshot(m.core)


def test_dividends_are_refused_by_value() -> None:
    m = held()
    assert refused(dividend(m, 0, -1, 9)) == ("INSTRUMENT", 0, 9, 0, 0)
    assert refused(dividend(m, 0, -1, 1)) == ("VALUE", 1, 0, 0, 0)
    assert refused(dividend(m, 10**12 + 1, -1, 1)) == ("VALUE", 10**12, 10**12 + 1, 0, 0)
    assert refused(dividend(m, 1, -1, 1)) == ("VALUE", 0, -1, 0, 1)
    assert refused(pay(m, -1, 9)) == ("INSTRUMENT", 0, 9, 0, 0)
    assert refused(pay(m, -1, 1)) == ("VALUE", 0, -1, 0, 1)
    m.admin(CommandKind.DEPOSIT_SHARES, 2**40, 0, account=C, instrument=1)
    assert refused(dividend(m, 10**12, 0, 1)) == ("VALUE", 2**61, 2**63 - 1, 0, 2)
    assert dues(m.core) == {}
    most = 2**61 // ((2**40 + 30) * 10)
    dividend(m, most, 0, 1)
    assert refused(dividend(m, 1, 0, 1))[:2] == ("VALUE", 2**61)
    assert len(dues(m.core)) == 3


def test_what_is_due_counts_in_equity_and_is_no_cash() -> None:
    m = held()
    watch(m, A, RiskType.CASH)
    watch(m, B, RiskType.MARGIN)
    free = m.account(A).withdrawable
    before = {account: risk_of(m, account).equity for account in (A, B)}
    dividend(m, 500_000, 0, 1)
    assert risk_of(m, A).equity - before[A] == 500 * UNIT
    assert risk_of(m, B).equity - before[B] == -35 * UNIT
    assert risk_of(m, B).excess == risk_of(m, B).equity - risk_of(m, B).initial
    assert risk_of(m, A).base == before[A]
    assert m.account(A).withdrawable == free
    mark(m, 1, 20 * DOLLAR - 5_000)  # it falls by the dividend: nobody is poorer
    assert {account: risk_of(m, account).equity for account in (A, B)} == before
    check_snapshot(m.core)
    pay(m, 0, 1)
    assert {account: risk_of(m, account).equity for account in (A, B)} == before
    watch(m, A, RiskType.NONE)
    dividend(m, 10, 0, 1)
    watch(m, A, RiskType.CASH)
    assert risk_of(m, A).equity == risk_of(m, A).base == before[A] + 100 * 10 * 10


def test_a_claim_may_end_a_call() -> None:
    m = held()
    set_margin(m, 5_000, 2_500, 15_000, 3_000, instrument=1)
    watch(m, A)
    owed = CASH + 1_600 * UNIT * 10
    m.admin(CommandKind.CHARGE, owed, 12, 0, account=A)
    assert m.core.risk()
    level = risk_of(m, A).level
    events = dividend(m, 10**7, 0, 1)
    assert level == wire.RiskLevel.CALL
    assert [(e.account, e.reason, e.flags) for e in events if e.kind == EventKind.RISK_LEVEL] == [
        (A, wire.RiskLevel.NORMAL, wire.RiskLevel.CALL)
    ]


def test_desks_have_the_claims_of_their_accounts() -> None:
    m = desked()
    m.admin(CommandKind.DEPOSIT_SHARES, 10, 0, account=A)
    m.admin(CommandKind.DEPOSIT_SHARES, 4, 0, account=C)
    before = desk_of(m, FIRM).equity
    limit_desk(m, DESK, Limit.DAY_LOSS, 0, 5 * UNIT)
    dividend(m, 3 * UNIT)
    assert desk_of(m, FIRM).equity == before + 30 * UNIT
    check_snapshot(m.core)
    m.admin(CommandKind.SET_MEMBER, DESK, account=C)
    assert desk_of(m, FIRM).equity - before - 30 * UNIT == risk_of(m, C).equity
    m.admin(CommandKind.SET_MEMBER, 0, account=C)
    assert desk_of(m, FIRM).equity == before + 30 * UNIT
    pay(m)
    assert desk_of(m, FIRM).equity == before + 30 * UNIT
    check_desks(m.core)
    check_snapshot(m.core)


def test_what_cannot_be_paid_stays_due() -> None:
    m = held()
    room = 40 * UNIT
    m.admin(CommandKind.DEPOSIT, wire.MAX_CASH - CASH - room, account=A)
    dividend(m, 500_000, 0, 1)
    events = pay(m, 1, 1)
    assert charged(events)[0] == (A, 1, "DIVIDEND", -room, 1)
    assert dues(m.core) == {(A, 1): 460 * UNIT}
    assert [e.leaves for e in pay(m, 2, 1)] == [0]
    check_snapshot(m.core)


# Splits


def closed(**capacity: int) -> Market:
    m = held(**capacity)
    m.state(InstrumentState.CLOSED, instrument=1)
    return m


def told_shares(events: list[Any]) -> list[tuple[int, int, int]]:
    """Account, change, lots then."""
    return [
        (e.account, e.price, e.trade_id - 2**64 if e.trade_id >> 63 else e.trade_id)
        for e in events
        if e.kind == EventKind.SPLIT_SHARES
    ]


def test_two_for_one() -> None:
    m = closed()
    costs = {account: position(m, account, 1).cost for account in (A, B, C)}
    m.want_data = True
    events = split(m, 2, 1, 0, 1)
    assert told_shares(events) == [(A, 100, 200), (C, 30, 60), (B, -7, -14)]
    last = events[-1]
    assert (last.kind, last.instrument, last.price, last.order_id, last.leaves, last.client_order_id, last.qty) == (
        EventKind.SPLIT_DONE, 1, 2, 1, 3, 0, 13,
    )  # fmt: skip
    assert len(events) == 4
    assert {account: position(m, account, 1).cost for account in (A, B, C)} == costs
    assert instrument_row(m, 1).reference_price == 10 * DOLLAR
    assert margin_of(m, 1).mark == exposure_of(m, A, 1).mark == 10 * DOLLAR
    assert [(d.kind, d.state, d.price) for d in m.data] == [(BookKind.STATUS, InstrumentState.CLOSED, 10 * DOLLAR)]
    assert m.account(B).short_proceeds == 1_400 * UNIT
    check_snapshot(m.core)


def test_three_for_two_pays_fractions() -> None:
    """7 lots are 10 and a half: the half is a third of an old lot, which is worth 200.00."""
    m = closed()
    before = {account: cash(m, account) for account in (A, B, C)}
    proceeds = m.account(B).short_proceeds
    events = split(m, 3, 2, 20 * DOLLAR, 1)
    assert told_shares(events) == [(A, 50, 150), (C, 15, 45), (B, -3, -10)]
    third = 200 * UNIT // 3
    assert charged(events) == [(B, 1, "OTHER", third, 0)]
    assert cash(m, B) == before[B] - third and cash(m, A) == before[A]
    released = 1_400 * UNIT * 1 // (7 * 3)
    row = position(m, B, 1)
    assert (row.cost, row.realized_pnl) == (-(1_400 * UNIT - released), released - third)
    assert m.account(B).realized_pnl == released - third
    assert m.account(B).short_proceeds == proceeds - released
    assert house(m)["OTHER"] == third
    check_snapshot(m.core)


def test_one_for_a_hundred_may_leave_nothing() -> None:
    m = closed()
    events = split(m, 1, 100, 20 * DOLLAR, 1)
    assert told_shares(events) == [(A, -99, 1), (C, -30, 0), (B, 7, 0)]
    assert charged(events) == [(C, 1, "OTHER", -30 * 200 * UNIT, 0), (B, 1, "OTHER", 7 * 200 * UNIT, 0)]
    assert [(e.kind, e.account) for e in events[:-1]] == [
        (EventKind.SPLIT_SHARES, A), (EventKind.SPLIT_SHARES, C), (EventKind.CHARGED, C),
        (EventKind.SPLIT_SHARES, B), (EventKind.CHARGED, B),
    ]  # fmt: skip
    for account in (B, C):
        row = position(m, account, 1)
        assert (row.qty, row.cost, row.realized_pnl) == (0, 0, 0)
    assert instrument_row(m, 1).reference_price == 2_000 * DOLLAR
    assert house(m)["OTHER"] == -23 * 200 * UNIT


def test_orders_end_and_what_counts_in_lots_or_prices_follows() -> None:
    m = held()
    set_borrow(m, Borrow.HARD, 9, 1_001, 1)
    locate(m, B, 15, 1)
    m.admin(CommandKind.SET_MARGIN, 1, 1, 1, 1, 0, 0, 3_333, instrument=1)
    m.buy(A, 19 * DOLLAR, 5, instrument=1)
    m.sell(A, 21 * DOLLAR, 6, instrument=1)
    m.special(A, BUY, 5, price=18 * DOLLAR, instrument=1, order_type=wire.OrderType.STOP_LIMIT, stop_price=30 * DOLLAR)
    m.buy(A, 5, 5)
    m.state(InstrumentState.HALTED, instrument=1)
    m.want_data = True
    events = split(m, 1, 2, 0, 1)
    ended = [(e.reason, e.qty) for e in events if e.kind == EventKind.CANCELED]
    assert ended == [(CancelReason.CORPORATE_ACTION, qty) for qty in (5, 6, 5)]
    assert events[-1].client_order_id == 3
    assert [d.kind for d in m.data] == [BookKind.DELETE, BookKind.DELETE, BookKind.STATUS, BookKind.TOP]
    assert borrow_of(m, 1) == (Borrow.HARD, 9, 500, 7)
    assert located(m) == {(B, 1): (7, 3)}
    assert margin_of(m, 1).average_volume == 1_666
    assert len(m.orders()) == 1
    check_snapshot(m.core)


def test_prices_stay_prices() -> None:
    m = closed()
    m.instrument(1, -1, -1, wire.MAX_PRICE - 1)
    split(m, 1, 10_000, 0, 1)
    assert instrument_row(m, 1).reference_price == wire.MAX_PRICE
    m.instrument(1, -1, -1, 9_999)
    split(m, 10_000, 1, 0, 1)
    assert instrument_row(m, 1).reference_price == 1
    m.instrument(1, -1, -1, 0)
    split(m, 10_000, 1, 0, 1)
    assert instrument_row(m, 1).reference_price == 0


def test_splits_are_refused_by_state_and_value() -> None:
    m = held()
    assert refused(split(m, 0, 0, 0, 9)) == ("INSTRUMENT", 0, 9, 0, 0)
    assert refused(split(m, 0, 0, 0, 1)) == ("INSTRUMENT_STATE", 0, 1, 0, 0)
    m.state(InstrumentState.CLOSED, instrument=1)
    assert refused(split(m, 0, 0, -1, 1)) == ("VALUE", 1, 0, 0, 0)
    assert refused(split(m, 10_001, 0, -1, 1)) == ("VALUE", 10_000, 10_001, 0, 0)
    assert refused(split(m, 3, 0, -1, 1)) == ("VALUE", 1, 0, 0, 1)
    assert refused(split(m, 3, 10_001, -1, 1)) == ("VALUE", 10_000, 10_001, 0, 1)
    assert refused(split(m, 3, 3, -1, 1)) == ("VALUE", 3, 3, 0, 1)
    assert refused(split(m, 3, 2, -1, 1)) == ("VALUE", 0, -1, 0, 2)
    assert refused(split(m, 3, 2, wire.MAX_PRICE + 1, 1)) == ("VALUE", wire.MAX_PRICE, wire.MAX_PRICE + 1, 0, 2)
    set_borrow(m, Borrow.EASY, 0, 2**40, 1)
    locate(m, C, 2**40, 1)
    set_borrow(m, Borrow.EASY, 0, 0, 1)
    split(m, 10_000, 1, 0, 1)
    assert refused(split(m, 10_000, 1, 0, 1)) == ("VALUE", 2**61, 2**63 - 1, 0, 3)  # lent
    locate(m, C, -(2**40), 1)
    m.admin(CommandKind.DEPOSIT_SHARES, 2**40, 0, account=A, instrument=1)
    assert refused(split(m, 1, 10_000, -1, 1))[0] == "VALUE"
    assert position(m, A, 1).qty == 2**40 + 10**6


def test_a_market_without_positions_splits_too() -> None:
    m = Market()
    events = split(m, 2, 1, 0, 1)
    assert [(e.kind, e.leaves) for e in events] == [(EventKind.SPLIT_DONE, 0)]
    assert m.core.take_market_data() == b""


def test_trades_of_before_stand() -> None:
    m = held(ids=64, window=8, amendments=4)

    def bust(trade_id: int, qty: int) -> list[Any]:
        fields = {"account": C, "seller": B, "instrument": 1, "trade_id": trade_id, "price": 20 * DOLLAR, "qty": qty}
        named = {"seq": m.core.seq + 1, "ts_ns": m.ts_ns, "kind": CommandKind.BUST_TRADE} | fields
        row = np.zeros((), wire.AMEND_COMMAND)
        for name, value in named.items():
            row[name] = value
        return m.apply(row.tobytes())

    m.state(InstrumentState.CLOSED, instrument=1)
    split(m, 2, 1, 0, 1)
    m.state(InstrumentState.OPEN, instrument=1)
    m.buy(C, 20 * DOLLAR, 3, instrument=1)
    m.sell(B, 20 * DOLLAR, 3, instrument=1)
    assert refused(bust(1, 7)) == ("TRADE", 2, 1, 0, 0)
    assert refused(bust(0, 7))[0] == "TRADE"
    assert [e.kind for e in bust(2, 3)] == [EventKind.TRADE_BUSTED] * 2


def test_equity_follows_a_split() -> None:
    m = held()
    for account, risk_type in ((A, RiskType.MARGIN), (B, RiskType.MARGIN), (C, RiskType.CASH)):
        watch(m, account, risk_type)
    m.state(InstrumentState.CLOSED, instrument=1)
    before = {account: vars(risk_of(m, account)) for account in (A, B, C)}
    split(m, 4, 1, 0, 1)
    assert {account: vars(risk_of(m, account)) for account in (A, B, C)} == before
    split(m, 2, 3, 5 * DOLLAR, 1)  # 400, 120 and 28 lots: a third of a lot for each of A and B
    assert abs(risk_of(m, A).equity - before[A]["equity"]) < UNIT
    check_snapshot(m.core)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_day_order_of_before_is_no_more(side: int) -> None:
    m = held()
    m.new(A, side, 20 * DOLLAR - 100 + 200 * side, 1, instrument=1, tif=TimeInForce.DAY)
    m.state(InstrumentState.CLOSED, instrument=1)
    split(m, 2, 1, 0, 1)
    assert m.orders() == []
    assert position(m, A, 1).open_buy == position(m, A, 1).open_sell == 0
    assert m.account(A).hold == 0
