"""Day trades by hand: docs/daytrading.md. What counts as one, who has a pattern, what he may do and take out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    AccountState,
    CancelReason,
    CommandKind,
    DayTradeRule,
    EventKind,
    InstrumentState,
    OrderType,
    RiskType,
    Role,
)

from ext.core import Core
from tests.ext.daytraded import FINRA, PRICE, Days, check_snapshot, fill_of, told
from tests.ext.lending import refused
from tests.ext.market import BUY, SELL, A, B, C, event_of
from tests.ext.risky import DOLLAR, UNIT, mark, risk_of, set_margin

# Lots bought and (negative) sold, and how many day trades that is: the examples of FINRA Regulatory Notice 21-13, and
# what the page says beside them.
COUNTED: list[tuple[str, list[int], int]] = [
    ("two purchases, one sale", [250, 250, -500], 1),
    ("bought and sold twice", [100, -100, 100, -100], 2),
    ("one purchase, three sales", [500, -100, -100, -300], 1),
    ("three purchases, two sales of a part", [250, 300, 100, -150, -175], 1),
    ("a purchase between sales", [199, 142, -1, 45, -100, -200], 2),
    ("sold short and bought back", [-100, 100], 1),
    ("sold short in two parts and bought back in two", [-100, -50, 70, 80], 1),
    ("crossing zero closes and opens", [100, -150, 50], 2),
    ("and on from there", [100, -150, -50, 100], 2),
    ("what crosses zero and comes back, all of it", [100, -200, 200, -100], 3),
    ("what crosses zero opens no more than the rest", [100, -150], 1),
    ("only bought", [100, 100], 0),
    ("only sold", [-100, -100], 0),
]


@pytest.mark.parametrize(("lots", "count"), [row[1:] for row in COUNTED], ids=[row[0] for row in COUNTED])
def test_what_counts_as_a_day_trade(lots: list[int], count: int) -> None:
    m = Days(rule=DayTradeRule.PATTERN)
    m.admin(CommandKind.SET_DAY_TRADES, 0, 5, 600, 0)  # nobody has a pattern
    found = m.trades(*lots)
    assert [one[0] for one in found] == list(range(1, count + 1))
    assert m.counts() == (count, len(lots), 0)
    check_snapshot(m.core)


def test_instruments_count_apart() -> None:
    m = Days()
    m.trades(200)
    m.trades(100, instrument=1)
    m.trades(-100)
    m.trades(-100, instrument=1)
    assert m.counts() == (2, 4, 0)


def test_what_was_held_overnight_is_no_day_trade_until_more_was_opened() -> None:
    m = Days()
    m.trades(100)
    m.settle()
    assert m.trades(-40) == []
    assert m.trades(30) == []
    assert m.trades(-20) == [(1, 4, 0)]  # there are lots of today among them
    assert m.trades(-70) == []  # the same run of sales
    m.trades(10)
    m.settle()
    assert m.trades(-10) == []


def test_an_order_counts_once_in_however_many_trades() -> None:
    m = Days()
    for lots in (3, 4, 5):
        m.sell(B, PRICE * DOLLAR, lots)
    m.buy(A, PRICE * DOLLAR, 12)
    assert m.counts() == (0, 1, 0)
    for lots in (3, 4, 5):
        m.buy(B, PRICE * DOLLAR, lots)
    assert told(m.sell(A, PRICE * DOLLAR, 12)) == [(1, 2, 0)]
    m.sell(A, PRICE * DOLLAR, 6)
    m.sell(A, PRICE * DOLLAR, 6)
    m.buy(B, PRICE * DOLLAR, 3)  # of the first
    assert m.counts() == (1, 3, 0)
    m.settle()
    m.buy(B, PRICE * DOLLAR, 1)  # a new day is a new trade
    row = m.row()
    assert (row.day_trades_0, row.trades_0, row.day_trades_1, row.trades_1) == (0, 1, 1, 3)


def test_a_day_trade_is_told_after_the_fills_and_says_what_it_was() -> None:
    m = Days()
    m.trade(BUY, 100)
    events = m.trade(SELL, 60)
    assert [e.kind for e in events] == [EventKind.ACCEPTED, EventKind.FILL, EventKind.FILL, EventKind.DAY_TRADE]
    fill, event = fill_of(events), events[-1]
    assert (event.account, event.instrument, event.side, event.reason, event.flags) == (A, 0, SELL, 0, 0)
    assert (event.order_id, event.client_order_id, event.trade_id) == (fill.order_id, 2, fill.trade_id)
    assert (event.qty, event.leaves, event.price, event.filled) == (1, 2, 0, 0)
    assert event.account_seq == fill.account_seq + 1


def test_both_accounts_of_a_trade_may_have_one_and_the_makers_comes_first() -> None:
    m = Days()
    m.rule(DayTradeRule.PATTERN, account=B)
    m.buy(A, PRICE * DOLLAR, 100)
    m.sell(B, PRICE * DOLLAR, 100)
    m.buy(B, PRICE * DOLLAR, 100)
    events = m.sell(A, PRICE * DOLLAR, 100)
    assert [(e.account, e.side) for e in events if e.kind == EventKind.DAY_TRADE] == [(B, BUY), (A, SELL)]


def test_an_auctions_buyer_comes_first() -> None:
    m = Days()
    m.rule(DayTradeRule.PATTERN, account=B)
    m.buy(A, PRICE * DOLLAR, 100)
    m.sell(B, PRICE * DOLLAR, 100)
    m.state(InstrumentState.CALL, 1, 0, InstrumentState.OPEN)
    m.sell(A, PRICE * DOLLAR, 100)
    m.buy(B, PRICE * DOLLAR, 100)
    events = m.auction()
    kinds = [(e.account, e.kind) for e in events if e.account]
    assert kinds[:4] == [
        (B, EventKind.FILL), (A, EventKind.FILL), (B, EventKind.DAY_TRADE), (A, EventKind.DAY_TRADE),
    ]  # fmt: skip


def test_who_trades_with_himself_has_traded_nothing() -> None:
    m = Days()
    m.trades(100)
    m.sell(A, PRICE * DOLLAR, 50, self_trade=wire.SelfTrade.ALLOW)
    events = m.buy(A, PRICE * DOLLAR, 50, self_trade=wire.SelfTrade.ALLOW)
    assert [e.kind for e in events] == [EventKind.ACCEPTED, EventKind.FILL, EventKind.FILL]
    assert m.counts() == (0, 1, 0)
    assert told(m.trade(SELL, 100)) == [(1, 2, 0)]


def test_accounts_without_the_rule_are_not_counted() -> None:
    m = Days(rule=DayTradeRule.NONE)
    assert m.round_trips(5) == []
    assert m.core.day_traders() == b""
    m.rule(DayTradeRule.PATTERN)
    assert m.counts() == (0, 0, 0)
    assert m.round_trips(1) == [(1, 2, 0)]


def test_what_was_there_when_the_rule_came_was_held_overnight() -> None:
    m = Days(rule=DayTradeRule.NONE)
    m.trades(100)
    m.rule(DayTradeRule.PATTERN)
    assert m.trades(-50) == []
    m.trades(50)
    (event, *_) = m.rule(DayTradeRule.PATTERN)  # again: all stays
    assert (event.kind, event.reason, event.leaves, event.qty) == (
        EventKind.ACCOUNT_RISK, RiskType.MARGIN, DayTradeRule.PATTERN, 5,
    )  # fmt: skip
    assert m.trades(-50) == [(1, 3, 0)]
    m.trades(50)
    m.rule(DayTradeRule.NONE)
    m.rule(DayTradeRule.PATTERN)
    assert m.trades(-50) == []
    assert m.counts() == (0, 1, 0)


# Patterns


def test_the_fourth_of_five_days_makes_a_pattern() -> None:
    m = Days()
    found = []
    for count in (1, 1, 0, 1, 1):
        found += m.round_trips(count)
        m.settle()
    assert found == [(1, 2, 0), (2, 4, 0), (3, 6, 0), (4, 8, 1)]
    row = m.row()
    assert [getattr(row, f"day_trades_{k}") for k in range(8)] == [0, 1, 1, 0, 1, 1, 0, 0]
    assert [getattr(row, f"trades_{k}") for k in range(8)] == [0, 2, 2, 0, 2, 2, 0, 0]
    assert m.counts() == (3, 6, 1)  # one is six days old
    assert m.round_trips(1) == [(4, 8, 0)]  # it was one before
    check_snapshot(m.core)


def test_four_within_six_days_are_none() -> None:
    m = Days()
    for count in (1, 1, 1, 0, 0):
        m.round_trips(count)
        m.settle()
    assert m.round_trips(1) == [(3, 6, 0)]
    assert m.counts() == (3, 6, 0)
    m.settle()
    m.settle()
    m.settle()
    m.admin(CommandKind.SET_DAY_TRADES, 4, 8, 600, 0)
    assert m.counts() == (3, 6, 0)  # and nine days after the first: eight are kept


def test_day_trades_must_be_more_than_a_share_of_all_trades() -> None:
    """Four of 66 are 6.06 percent and make a pattern; of 67 they are 5.97."""
    for others, is_pattern in ((58, 1), (59, 0)):
        m = Days(1_000_000)
        m.round_trips(3)
        m.trades(*[1] * others)
        m.trades(5, instrument=1)
        m.trades(-5, instrument=1)
        assert m.counts() == (4, 66 + (not is_pattern), is_pattern)
    m = Days(1_000_000, 4, 5, 5_000, 0)
    assert m.round_trips(4)[-1] == (4, 8, 0)  # not above the half of them
    assert m.trades(10, 1, -5)[-1] == (5, 11, 0)


def test_who_counts_how_many_days_is_asked_for_with_the_next_one_only() -> None:
    m = Days(100_000, 5, 1, 0, 0)
    m.round_trips(4)
    (event,) = m.admin(CommandKind.SET_DAY_TRADES, 4, 1, 0, 0, request=7)
    assert (event.kind, event.qty, event.account_seq) == (EventKind.DAY_TRADES_SET, 7, 0)
    assert m.counts() == (4, 8, 0)
    assert m.round_trips(1) == [(5, 10, 1)]
    m.admin(CommandKind.SET_DAY_TRADES, 0, 1, 0, 0)
    assert m.row().is_pattern == 1


def test_operators_lift_a_pattern() -> None:
    m = Days(20_000)
    m.round_trips(3)
    assert refused(m.lift()) == ("VALUE", 1, 0, 0, 0)
    m.trades(30, -10)
    m.deposit(100)
    assert m.counts() == (4, 8, 1)
    (event,) = m.lift()
    assert (event.kind, event.account, event.qty) == (EventKind.DAY_TRADER_LIFTED, A, 8)
    assert m.counts() == (0, 0, 0)
    assert m.kept() == [0, 0, 0]
    assert m.trades(-10) == []  # the same run, and it may go on
    assert m.trades(20) == []
    assert m.trades(-30) == [(1, 3, 0)]
    assert refused(m.lift(9)) == ("ACCOUNT", 0, 9, 0, 0)
    assert refused(m.lift(B)) == ("VALUE", 1, 0, 0, 0)
    check_snapshot(m.core)


def test_settings_have_bounds() -> None:
    m = Days()
    assert m.core.day_trade_settings == FINRA
    fresh = Core()
    assert fresh.day_trade_settings == (0, 1, 0, 0)
    for place, low, high in ((0, 0, 255), (1, 1, 8), (2, 0, 10_000), (3, 0, wire.MAX_CASH)):
        for value, limit in ((low - 1, low), (high + 1, high)):
            values = list(FINRA)
            values[place] = value
            assert refused(m.admin(CommandKind.SET_DAY_TRADES, *values)) == ("VALUE", limit, value, 0, place)
    assert m.core.day_trade_settings == FINRA
    m.admin(CommandKind.SET_DAY_TRADES, 255, 8, 10_000, wire.MAX_CASH)
    assert m.core.day_trade_settings == (255, 8, 10_000, wire.MAX_CASH)
    check_snapshot(m.core)


def test_the_rule_is_of_margin_accounts_alone() -> None:
    m = Days()
    for value, limit in ((-1, 0), (2, 1)):
        assert refused(m.rule(value)) == ("VALUE", limit, value, 0, 6)
    for state in (RiskType.NONE, RiskType.CASH):
        assert refused(m.rule(DayTradeRule.PATTERN, state)) == ("VALUE", 0, 1, 0, 6)
    # value1 is looked at before
    assert refused(m.admin(CommandKind.SET_ACCOUNT_RISK, 0, 9, 9, account=A, state=RiskType.MARGIN))[4] == 3
    m.rule(DayTradeRule.NONE, RiskType.CASH)
    assert m.core.day_traders() == b""


# Check 24p


def pattern(usd: int = 24_000, **fields: Any) -> Days:
    """A is a pattern day trader with less than the least equity."""
    m = Days(usd, **fields)
    m.trades(100)
    m.round_trips(4)
    assert m.row().is_pattern
    return m


def test_who_has_less_than_the_least_equity_closes_and_opens_nothing() -> None:
    m = pattern()
    equity = 24_000 * UNIT
    assert refused(m.buy(A, PRICE * DOLLAR, 1)) == ("DAY_TRADER", 25_000 * UNIT, equity, 0, 0)
    assert refused(m.sell(A, PRICE * DOLLAR, 101)) == ("DAY_TRADER", 25_000 * UNIT, equity, 100, 0)
    m.sell(A, 2 * PRICE * DOLLAR, 70)
    assert refused(m.sell(A, PRICE * DOLLAR, 31)) == ("DAY_TRADER", 25_000 * UNIT, equity, 30, 0)
    assert m.sell(A, 2 * PRICE * DOLLAR, 30)[0].kind == EventKind.ACCEPTED
    m.deposit(999.999_999)
    assert refused(m.buy(A, PRICE * DOLLAR, 1))[0] == "DAY_TRADER"
    m.deposit(0.000_001)
    assert m.buy(A, PRICE * DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    check_snapshot(m.core)


def test_equity_falls_and_rises_with_marks() -> None:
    m = pattern(25_000)
    assert m.buy(A, DOLLAR, 1)[0].kind == EventKind.ACCEPTED
    mark(m, 0, PRICE * DOLLAR - 5)
    assert refused(m.buy(A, DOLLAR, 1))[0] == "DAY_TRADER"
    mark(m, 0, PRICE * DOLLAR)
    assert m.buy(A, DOLLAR, 1)[0].kind == EventKind.ACCEPTED


def test_margin_is_asked_before() -> None:
    m = pattern(10_000)
    set_margin(m, 10_000, 10_000, 10_000, 10_000)
    assert refused(m.buy(A, PRICE * DOLLAR, 100_000))[0] == "MARGIN"
    assert refused(m.buy(A, PRICE * DOLLAR, 100))[0] == "DAY_TRADER"


def test_orders_on_the_short_way_and_special_ones_are_asked_alike() -> None:
    m = pattern()
    for fields in ({}, {"tif": wire.TimeInForce.IOC}, {"order_type": OrderType.MARKET}, {"display_qty": 1}):
        m.sell(B, PRICE * DOLLAR, 5)
        assert refused(m.buy(A, PRICE * DOLLAR, 5, **fields))[0] == "DAY_TRADER", fields
        m.mass_cancel(B)


def test_a_replace_is_asked_without_its_own_lots() -> None:
    m = Days(24_000)
    m.trades(100)
    (buy, *_) = m.buy(A, DOLLAR, 50)
    (sell, *_) = m.sell(A, 2 * PRICE * DOLLAR, 50)
    m.round_trips(4)
    assert refused(m.replace(A, buy.order_id, DOLLAR, 40)) == ("DAY_TRADER", 25_000 * UNIT, 24_000 * UNIT, 0, 0)
    assert refused(m.replace(A, sell.order_id, 2 * PRICE * DOLLAR, 101))[0] == "DAY_TRADER"
    assert m.replace(A, sell.order_id, 2 * PRICE * DOLLAR, 100)[0].kind == EventKind.REPLACED


def test_a_child_that_wakes_is_asked() -> None:
    m = Days(24_000)
    m.trades(100)
    (parent, *_) = m.special(A, BUY, 10, price=DOLLAR)
    (child, *_) = m.special(A, BUY, 10, price=DOLLAR, role=Role.CHILD)
    m.special(A, BUY, 10, price=2 * DOLLAR, role=Role.PARENT, link_id=child.client_order_id)
    m.cancel(A, parent.order_id)
    m.round_trips(4)
    events = m.sell(B, 2 * DOLLAR, 10)
    assert [(e.order_id, e.reason) for e in events if e.kind == EventKind.CANCELED] == [
        (child.order_id, CancelReason.EXPOSURE)
    ]


def test_a_stop_that_is_served_is_not_asked() -> None:
    m = Days(24_000)
    (stop, *_) = m.special(A, BUY, 10, order_type=OrderType.STOP, stop_price=PRICE * DOLLAR + 5)
    m.round_trips(4)
    m.sell(B, PRICE * DOLLAR + 5, 1)
    m.sell(B, PRICE * DOLLAR + 10, 10)
    events = m.buy(C, PRICE * DOLLAR + 5, 1)
    assert [e.qty for e in events if e.kind == EventKind.FILL and e.order_id == stop.order_id] == [10]


def test_a_preview_says_what_would_be_refused() -> None:
    m = pattern()
    before = m.core.state_hash()
    answer, *_ = m.core.preview_order(m.order(A, BUY, PRICE * DOLLAR, 1))
    assert refused([event_of(answer)]) == ("DAY_TRADER", 25_000 * UNIT, 24_000 * UNIT, 0, 0)
    assert m.core.state_hash() == before


def test_states_of_accounts_are_asked_beside_it() -> None:
    m = pattern(30_000)
    m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=AccountState.REDUCE_ONLY)
    assert refused(m.buy(A, PRICE * DOLLAR, 1))[0] == "ACCOUNT_STATE"


# What else moves lots


def test_shares_that_leave_take_lots_of_today_along() -> None:
    m = Days()
    m.trades(100)
    m.admin(CommandKind.DEPOSIT_SHARES, 50, account=A, instrument=0)
    m.settle()
    m.trades(30)
    m.admin(CommandKind.DEPOSIT_SHARES, -180, account=A, instrument=0)
    m.admin(CommandKind.DEPOSIT_SHARES, 100, account=A, instrument=0)
    assert m.trades(-30) == []
    m.trades(30)
    assert m.trades(-101) == [(1, 5, 0)]


def test_a_bust_leaves_no_more_of_today_than_there_is() -> None:
    m = Days()
    m.trades(100)
    m.settle()
    events = m.trade(BUY, 60)
    m.amend(fill_of(m.trade(BUY, 40)), A, B)
    assert m.position(A).qty == 160
    m.amend(fill_of(events), A, B)
    assert m.trades(-10) == [(1, 4, 0)]  # of 100 that are left 60 or 100 may be of today: they count so
    m = Days()
    first, second = m.trade(BUY, 60), m.trade(SELL, 40)
    assert told(second) == [(1, 2, 0)]
    m.amend(fill_of(first), A, B)
    assert (m.position(A).qty, m.counts()) == (-40, (1, 2, 0))
    assert m.trades(40) == []  # the position is another one: nothing of it was opened today


def test_a_correction_is_looked_at_when_all_of_it_is_booked() -> None:
    m = Days()
    events = m.trade(BUY, 60)
    m.amend(fill_of(events), A, B, new_price=9 * DOLLAR, new_qty=60)
    assert m.trades(-60) == [(1, 2, 0)]
    m = Days()
    m.amend(fill_of(m.trade(BUY, 60)), A, B, new_price=9 * DOLLAR, new_qty=10)
    m.trades(-10)
    assert m.counts() == (1, 2, 0)
    check_snapshot(m.core)


def test_a_preview_of_a_bust_changes_nothing() -> None:
    m = Days()
    events = m.trade(BUY, 60)
    fill = fill_of(events)
    command = np.zeros((), wire.AMEND_COMMAND)
    for name, value in {
        "seq": m.core.seq + 1, "ts_ns": m.ts_ns, "kind": CommandKind.BUST_TRADE, "account": A, "seller": B,
        "instrument": 0, "trade_id": fill.trade_id, "price": fill.price, "qty": 60,
    }.items():  # fmt: skip
        command[name] = value
    before = m.core.state_hash()
    m.core.preview(command.tobytes())
    assert m.core.state_hash() == before
    assert m.trades(-60) == [(1, 2, 0)]


def test_lots_of_today_split_as_others_do() -> None:
    m = Days()
    m.trades(100)
    m.settle()
    m.trades(3)
    m.state(InstrumentState.CLOSED)
    m.admin(CommandKind.SPLIT, 1, 2, 0, instrument=0)
    m.state(InstrumentState.OPEN)
    assert m.position(A).qty == 51
    assert m.trades(-51) == [(1, 3, 0)]
    m = Days()
    m.trades(100)
    m.settle()
    m.trades(1)
    m.state(InstrumentState.CLOSED)
    m.admin(CommandKind.SPLIT, 1, 2, 0, instrument=0)
    m.state(InstrumentState.OPEN)
    assert m.trades(-50) == []
    check_snapshot(m.core)


# What may be taken out


def test_what_was_missing_and_came_stays_for_two_days_more() -> None:
    m = pattern()
    m.deposit(400)
    assert m.kept() == [400, 0, 0]
    m.deposit(5_000)
    assert m.kept() == [1_000, 0, 0]  # no more was missing
    m.deposit(1)
    assert m.kept() == [1_000, 0, 0]
    row = risk_of(m, A)
    assert m.account(A).withdrawable == row.excess - 1_000 * UNIT
    room = m.account(A).withdrawable
    assert refused(m.admin(CommandKind.DEPOSIT, -room - 1, account=A))[:1] == ("CASH_RANGE",)
    for kept in ([0, 1_000, 0], [0, 0, 1_000]):
        m.settle()
        assert m.kept() == kept
        assert m.account(A).withdrawable == room
        check_snapshot(m.core)
    m.settle()
    assert m.kept() == [0, 0, 0]
    assert m.account(A).withdrawable == room + 1_000 * UNIT
    assert m.admin(CommandKind.DEPOSIT, -room - 1, account=A)[0].kind == EventKind.CASH


def test_deposits_of_others_do_not_stay() -> None:
    m = Days(10_000)
    m.deposit(400)
    assert m.kept() == [0, 0, 0]
    m.round_trips(4)
    m.deposit(400)
    assert m.kept() == [400, 0, 0]
    m.rule(DayTradeRule.NONE)
    m.rule(DayTradeRule.PATTERN)
    assert m.kept() == [0, 0, 0]


def test_kept_cash_stops_at_its_bounds() -> None:
    m = Days(1, 1, 1, 0, wire.MAX_CASH)
    m.round_trips(1)
    for kept in ([1, 0, 0], [1, 1, 0], [1, 1, 1]):
        for _ in range(2):
            for debit in (m.account(A).cash, wire.MAX_CASH):
                m.admin(CommandKind.CHARGE, debit, int(wire.HouseAccount.OTHER), account=A, instrument=wire.ANY)
            m.admin(CommandKind.DEPOSIT, wire.MAX_CASH, account=A)
        assert m.kept() == [share * wire.MAX_CASH / UNIT for share in kept]
        m.admin(CommandKind.DEPOSIT, wire.MAX_CASH, account=A)
        assert m.account(A).withdrawable == 0
        check_snapshot(m.core)
        if kept[-1] == 0:
            m.settle()


# Snapshots and capacities


def test_capacities_may_grow() -> None:
    m = pattern()
    m.deposit(100)
    before = m.core.day_traders()
    m.admin(CommandKind.CONFIGURE, 16, 16, 128, 32, 32, 64, 8, 8)
    assert m.core.day_traders() == before
    check_snapshot(m.core)


def test_a_damaged_snapshot_is_refused() -> None:
    m = pattern()
    m.deposit(100)
    data = m.core.snapshot()
    row = np.frombuffer(m.core.day_traders(), wire.DAY_TRADE_ROW)
    place = data.index(row[["kept_0", "kept_1", "kept_2"]].tobytes()[-24:])
    assert data.count(data[place : place + 24]) == 1
    rule = place + 24 + 32
    positions = rule + 8
    for where, value in (
        (place + 7, 0x80),  # kept is negative
        (place + 7, 0x41),  # and beyond MAX_CASH
        (rule, 0), (rule, 2),  # no rule, an unknown one
        (rule + 1, 2), (rule + 1, 0),  # neither yes nor no; no pattern, but kept cash
        (rule + 2, 1), (rule + 4, 1),  # what is not in use
        (positions, 101), (positions + 7, 0x80),  # more opened than there is, less than none
        (positions + 16, 3),  # no Side
    ):  # fmt: skip
        changed = bytearray(data)
        changed[where] = value
        with pytest.raises(ValueError, match="snapshot"):
            Core.restore(bytes(changed))
