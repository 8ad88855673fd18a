"""Rules of cash accounts, by hand: docs/cash.md. T has whole dollars; a lot of a price of $10 costs $10."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    CancelReason,
    CashRule,
    CommandKind,
    EventKind,
    OrderType,
    RiskType,
    Role,
)

from ext.core import Core
from tests.ext.cashed import MONDAY, Cash, T, check_snapshot, restrictions, told
from tests.ext.lending import refused
from tests.ext.market import BUY, SELL, A, B, Market, event_of, plain
from tests.ext.risky import DOLLAR, UNIT

# What T does, on which business day, and what comes of it. `lots` of instrument 0 are his, paid for, and `usd`.
Step = tuple[Any, ...]
TABLE: list[tuple[str, int, int, list[Step], list[tuple[str, int, float]]]] = [
    ("sold, bought with it, and sold", 0, 100, [("sell", 100, 100), ("buy", 100, 100, 1), ("sell", 100, 100, 1)],
     [("GOOD_FAITH", 100, 10_000)]),
    ("the same, when it has settled", 0, 100,
     [("sell", 100, 100), ("buy", 100, 100, 1), ("settle", MONDAY), ("settle", MONDAY + 1), ("sell", 100, 100, 1)], []),
    ("the same, a day too early", 0, 100,
     [("sell", 100, 100), ("buy", 100, 100, 1), ("settle", MONDAY), ("sell", 100, 100, 1)],
     [("GOOD_FAITH", 100, 10_000)]),
    ("with settled cash, and sold the same day", 10_000, 0, [("buy", 100, 100), ("sell", 100, 105)], []),
    ("and with that another one, which is kept", 10_000, 0,
     [("buy", 100, 100), ("sell", 100, 105), ("buy", 100, 105, 1)], []),
    ("and sold, too", 10_000, 0,
     [("buy", 100, 100), ("sell", 100, 105), ("buy", 100, 105, 1), ("sell", 100, 105, 1)],
     [("GOOD_FAITH", 100, 10_500)]),
    ("partly with settled cash: what it paid for may be sold", 10_000, 50,
     [("sell", 50, 100), ("buy", 150, 100, 1), ("sell", 100, 100, 1)], []),
    ("partly with settled cash: one lot more", 10_000, 50,
     [("sell", 50, 100), ("buy", 150, 100, 1), ("sell", 101, 100, 1)], [("GOOD_FAITH", 1, 100)]),
    ("a lot that both pay for is not paid for", 150, 1,
     [("sell", 1, 100), ("buy", 2, 100, 1), ("sell", 2, 100, 1)], [("GOOD_FAITH", 1, 50)]),
    ("one violation a position and day, in however many trades", 0, 100,
     [("sell", 100, 100), ("buy", 100, 100, 1), ("sell", 10, 100, 1), ("sell", 90, 100, 1)],
     [("GOOD_FAITH", 10, 1_000)]),
    ("a deposit pays for it", 0, 100,
     [("sell", 100, 100), ("buy", 100, 100, 1), ("deposit", 10_000), ("sell", 100, 100, 1)], []),
    ("a deposit that is not enough pays for whole lots", 0, 100,
     [("sell", 100, 100), ("buy", 100, 100, 1), ("deposit", 9_999), ("sell", 100, 100, 1)], [("GOOD_FAITH", 1, 1)]),
    ("nothing but a purchase is one", 0, 100, [("sell", 40, 100), ("sell", 60, 100)], []),
    ("taken out instead of sold", 0, 100, [("sell", 100, 100), ("buy", 100, 100, 1), ("take", 100, 1)],
     [("GOOD_FAITH", 100, 10_000)]),
    ("bought while a debit left less cash than the order holds, and sold", 1_000, 0,
     [("rest", 100, 10), ("charge", 400), ("meet", 100, 10), ("sell", 100, 10)],
     [("FREE_RIDING", 40, 400)]),
    ("the same, paid for by a deposit", 1_000, 0,
     [("rest", 100, 10), ("charge", 400), ("meet", 100, 10), ("deposit", 400), ("sell", 100, 10)], []),
    ("both at once", 500, 50,
     [("sell", 50, 10), ("rest", 100, 10, 1), ("charge", 400), ("meet", 100, 10, 1), ("sell", 100, 10, 1)],
     [("GOOD_FAITH", 50, 500), ("FREE_RIDING", 40, 400)]),
]  # fmt: skip


def play(m: Cash, steps: list[Step]) -> list[Any]:
    """What all of it gave."""
    events: list[Any] = []
    for what, *given in steps:
        if what in ("buy", "sell"):
            lots, usd, instrument = (*given, 0)[:3]
            events += m.trade(BUY if what == "buy" else SELL, lots, usd, instrument)
        elif what == "rest":
            lots, usd, instrument = (*given, 0)[:3]
            events += m.buy(T, usd * DOLLAR, lots, instrument=instrument)
        elif what == "meet":
            lots, usd, instrument = (*given, 0)[:3]
            events += m.sell(B, usd * DOLLAR, lots, instrument=instrument)
        elif what == "settle":
            events += m.settle(given[0])
        elif what == "deposit":
            events += m.deposit(given[0])
        elif what == "charge":
            events += m.admin(CommandKind.CHARGE, given[0] * UNIT, int(wire.HouseAccount.OTHER), account=T,
                              instrument=wire.ANY)  # fmt: skip
        else:
            events += m.admin(CommandKind.DEPOSIT_SHARES, -given[0], account=T, instrument=given[1])
    return events


@pytest.mark.parametrize(("usd", "lots", "steps", "found"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_is_a_violation(usd: int, lots: int, steps: list[Step], found: list[tuple[str, int, float]]) -> None:
    m = Cash(usd, lots=lots)
    events = play(m, steps)
    assert [one[:3] for one in told(events)] == found
    assert [number for number, *_ in m.counted()] == list(range(1, len(found) + 1))
    check_snapshot(m.core)


@pytest.mark.parametrize(("usd", "lots", "steps", "found"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_refusing_lets_only_what_an_order_cannot_be_asked_happen(
    usd: int, lots: int, steps: list[Step], found: list[tuple[str, int, float]]
) -> None:
    m = Cash(usd, CashRule.REFUSE, lots)
    events = play(m, steps)
    taken_out = any(step[0] == "take" for step in steps)
    assert [one[:3] for one in told(events)] == (found if taken_out else [])
    refusals = [e for e in events if e.kind == EventKind.REJECTED]
    assert bool(refusals) == (bool(found) and not taken_out)
    assert {wire.Check(e.check).name for e in refusals} <= {"GOOD_FAITH"}


# Rows and events


def test_what_pays_is_settled_cash_then_what_settles_first() -> None:
    m = Cash(1_000, lots=300)
    m.sells(100, 10)
    m.settle(MONDAY)
    m.sells(200, 10)
    assert (m.row.funds, m.row.unused1, m.row.unused_today) == (1_000 * UNIT, 1_000 * UNIT, 2_000 * UNIT)
    m.gets(250, 10, 1)
    assert (m.row.funds, m.row.unused1, m.row.unused_today) == (0, 0, 1_500 * UNIT)
    assert m.unpaid(1) == {"1": (100, 1_000), "today": (50, 500)}
    m.settle(MONDAY + 1)
    assert m.unpaid(1) == {"1": (50, 500)}
    assert (m.row.funds, m.row.unused1) == (0, 1_500 * UNIT)
    m.settle(MONDAY + 2)
    assert (m.unpaid(1), m.row.funds) == ({}, 1_500 * UNIT)
    check_snapshot(m.core)


def test_days_to_settle_are_those_of_the_day() -> None:
    m = Cash(0, lots=100)
    m.sells(100, 10)
    m.gets(100, 10, 1)
    m.settle(MONDAY, 3)
    assert m.unpaid(1) == {"3": (100, 1_000)}
    m.settle(MONDAY + 1, 0)
    m.settle(MONDAY + 2, 0)
    assert m.unpaid(1) == {"1": (100, 1_000)}
    m.settle(MONDAY + 3, 0)
    assert m.unpaid(1) == {}
    m.sells(50, 10, 1)
    m.settle(MONDAY + 4, 0)
    assert m.row.funds == 500 * UNIT


def test_a_violation_says_what_it_was() -> None:
    m = Cash(0, lots=100)
    m.sells(100, 10)
    m.gets(100, 10, 1)
    asked, mine, his, violation = m.sells(60, 12, 1)
    assert [e.kind for e in (asked, mine, his)] == [EventKind.ACCEPTED, EventKind.FILL, EventKind.FILL]
    assert (violation.kind, violation.account, violation.instrument, violation.side) == (
        EventKind.CASH_VIOLATION, T, 1, SELL,
    )  # fmt: skip
    assert (violation.qty, violation.price, violation.leaves, violation.filled) == (60, 600 * UNIT, 1, 0)
    assert (violation.order_id, violation.client_order_id) == (asked.order_id, asked.client_order_id)
    assert violation.account_seq == his.account_seq + 1
    assert m.unpaid(1) == {"today": (40, 400)}


def test_nothing_is_known_before_the_first_settle() -> None:
    m = Market()
    m.admin(CommandKind.DEPOSIT_SHARES, 10, account=A, instrument=0)
    m.admin(CommandKind.SET_ACCOUNT_RISK, 0, CashRule.REFUSE, account=A, state=RiskType.CASH)
    m.buy(B, 10 * DOLLAR, 10)
    m.sell(A, 10 * DOLLAR, 10)
    (row,) = plain(m.core.cash(), wire.CASH_ROW)
    assert (row.funds, row.unused_today) == (m.account(A).cash, 0)


# Who has a rule


def test_a_rule_is_of_cash_accounts_alone() -> None:
    m = Cash(0)
    assert m.rule(CashRule.COUNT)[0].flags == CashRule.COUNT
    assert refused(m.rule(3)) == ("VALUE", CashRule.REFUSE, 3, 0, 3)
    assert refused(m.rule(-1)) == ("VALUE", 0, -1, 0, 3)
    assert refused(m.rule(1, RiskType.NONE)) == ("VALUE", 0, 1, 0, 3)
    assert refused(m.rule(1, RiskType.MARGIN)) == ("VALUE", 0, 1, 0, 3)
    assert refused(m.rule(1, account=B)) == ("VALUE", 0, AccountFlag.SHORT_ALLOWED, 0, 4)
    assert refused(m.admin(CommandKind.SET_ACCOUNT, *[-1] * 7, account=T, flags=2)) == ("VALUE", 0, 2, 0, 8)
    assert m.admin(CommandKind.SET_ACCOUNT, *[-1] * 7, account=T, flags=0)[0].kind == EventKind.ACCOUNT_SET
    assert m.row.rule == CashRule.COUNT


def test_settings_have_bounds() -> None:
    m = Cash(0, most=8, span=3_660, days=3_660)
    assert m.core.cash_settings == (8, 3_660, 3_660)
    assert refused(m.admin(CommandKind.SET_RISK, 0, 0, 0, 0, 0, 9, -1, -1)) == ("VALUE", 8, 9, 0, 5)
    assert refused(m.admin(CommandKind.SET_RISK, 0, 0, 0, 0, 0, 0, 3_661, -1)) == ("VALUE", 3_660, 3_661, 0, 6)
    assert refused(m.admin(CommandKind.SET_RISK, 0, 0, 0, 0, 0, 0, 0, -1)) == ("VALUE", 0, -1, 0, 7)
    assert m.core.cash_settings == (8, 3_660, 3_660)


def test_a_rule_begins_with_what_is_to_settle_and_ends_with_nothing() -> None:
    m = Cash(1_000, CashRule.NONE, 300)
    m.sells(100, 10)
    m.settle(MONDAY)
    m.sells(50, 10)
    assert m.core.cash() == b""
    m.rule(CashRule.REFUSE)
    assert (m.row.funds, m.row.unused1, m.row.unused_today) == (1_000 * UNIT, 1_000 * UNIT, 500 * UNIT)
    m.gets(200, 10, 1)
    assert m.unpaid(1) == {"1": (100, 1_000)}
    m.rule(CashRule.COUNT)
    assert m.unpaid(1) == {"1": (100, 1_000)}
    assert told(m.sells(200, 10, 1)) == [("GOOD_FAITH", 100, 1_000, 1)]
    m.rule(CashRule.NONE, RiskType.NONE)
    assert (m.core.cash(), m.core.unpaid(), m.core.violations()) == (b"", b"", b"")
    m.rule(CashRule.COUNT)
    assert m.counted() == []
    check_snapshot(m.core)


# Checks


def test_a_refusal_says_what_may_be_sold() -> None:
    m = Cash(500, CashRule.REFUSE, 50)
    m.sells(50, 10)
    m.gets(100, 10, 1)  # 50 of them with what has not settled
    (rests,) = m.sell(T, 20 * DOLLAR, 20, instrument=1)
    assert refused(m.sell(T, 20 * DOLLAR, 31, instrument=1)) == ("GOOD_FAITH", 30, 31, 30, 0)
    assert refused(m.replace(T, rests.order_id, 20 * DOLLAR, 51)) == ("GOOD_FAITH", 50, 51, 50, 0)
    assert m.replace(T, rests.order_id, 20 * DOLLAR, 50)[0].kind == EventKind.REPLACED
    command = m.order(T, SELL, 20 * DOLLAR, 1, instrument=1)
    answer, *_ = m.core.preview_order(command)
    assert refused([event_of(answer)]) == ("GOOD_FAITH", 0, 1, 0, 0)
    m.settle(MONDAY)
    m.settle(MONDAY + 1)
    assert m.sell(T, 20 * DOLLAR, 50, instrument=1)[0].kind == EventKind.ACCEPTED


def test_what_rests_and_does_not_grow_is_not_refused() -> None:
    m = Cash(0, CashRule.COUNT, 50)
    m.sells(50, 10)
    m.gets(50, 10, 1)
    (rests,) = m.sell(T, 20 * DOLLAR, 40, instrument=1)
    m.rule(CashRule.REFUSE)
    assert m.replace(T, rests.order_id, 21 * DOLLAR, 40)[0].kind == EventKind.REPLACED
    assert refused(m.replace(T, rests.order_id, 21 * DOLLAR, 41)) == ("GOOD_FAITH", 0, 41, 0, 0)
    link_id = rests.client_order_id
    stop = {"order_type": OrderType.STOP, "stop_price": 5 * DOLLAR}
    peer, *_ = m.special(T, SELL, 40, instrument=1, role=Role.PEER, link_id=link_id, **stop)
    assert peer.kind == EventKind.ACCEPTED
    assert told(m.buy(B, 21 * DOLLAR, 40, instrument=1)) == [("GOOD_FAITH", 40, 400, 1)]


def test_a_child_that_wakes_is_asked() -> None:
    m = Cash(0, CashRule.REFUSE, 50)
    m.sells(50, 10)
    (child,) = m.special(T, SELL, 50, instrument=1, price=20 * DOLLAR, role=Role.CHILD)
    link_id = child.client_order_id
    m.special(T, BUY, 50, instrument=1, price=10 * DOLLAR, role=Role.PARENT, link_id=link_id)
    events = m.sell(B, 10 * DOLLAR, 50, instrument=1)
    (ended,) = [e for e in events if e.kind == EventKind.CANCELED]
    assert ended.reason == CancelReason.EXPOSURE


def test_a_restricted_account_buys_with_settled_cash() -> None:
    m = Cash(300, lots=100, most=1)
    m.sells(100, 10)
    m.gets(100, 10, 1)
    events = m.sells(100, 10, 1)
    assert (told(events), restrictions(events)) == ([("GOOD_FAITH", 70, 700, 1)], [(1, 1)])
    assert (m.row.restricted, m.row.since) == (1, 0)
    assert refused(m.buy(T, 10 * DOLLAR, 1)) == ("SETTLED_CASH", 0, 10 * UNIT, 0, 0)
    m.deposit(25)
    (rests,) = m.buy(T, DOLLAR, 10)
    assert refused(m.buy(T, DOLLAR, 16)) == ("SETTLED_CASH", 15 * UNIT, 16 * UNIT, 15 * UNIT, 0)
    assert refused(m.replace(T, rests.order_id, DOLLAR, 26)) == ("SETTLED_CASH", 25 * UNIT, 26 * UNIT, 25 * UNIT, 0)
    assert refused(m.buy(T, DOLLAR, 10_000))[0] == "BUYING_POWER"
    m.settle(MONDAY)
    assert m.row.since == MONDAY
    check_snapshot(m.core)


# Counts and restrictions end


def violate(m: Cash) -> list[Any]:
    """T, with 100 lots and no cash, commits one, and has 100 lots and no cash again."""
    m.sells(100, 10)
    m.gets(100, 10, 1)
    events = m.sells(100, 10, 1)
    play(m, [("take", -100, 0), ("charge", 1_000)])
    return events


def test_violations_count_for_a_time() -> None:
    m = Cash(0, lots=100, most=3, span=365)
    assert restrictions(violate(m)) == []
    m.settle(20261130)
    assert restrictions(violate(m)) == []
    assert m.counted() == [(1, "GOOD_FAITH", 20261130), (2, "GOOD_FAITH", 0)]
    m.settle(20261201)
    m.settle(20271129)
    assert [number for number, *_ in m.counted()] == [1, 2]
    m.settle(20271130)  # 365 days
    assert [number for number, *_ in m.counted()] == [2]
    assert restrictions(violate(m)) == []
    m.settle(20271201)
    assert [number for number, *_ in m.counted()] == [3]
    for day in (20271202, 20271203):
        events = violate(m)
        m.settle(day)
    assert restrictions(events) == [(1, 5)]
    check_snapshot(m.core)


@pytest.mark.parametrize(
    ("day", "before", "over"),
    [
        (20261130, 20270226, 20270301),
        (20261201, 20270228, 20270301),
        (20240101, 20240329, 20240401),
        (20231204, 20240301, 20240304),
    ],
)
def test_a_restriction_is_for_ninety_days(day: int, before: int, over: int) -> None:
    """88 or 89 days, and 90 or 91: over weekends, a leap day, and the end of a year."""
    m = Cash(0, lots=100, most=1, first=20231201)
    assert restrictions(violate(m)) == [(1, 1)]
    assert restrictions(m.settle(day)) == []
    assert restrictions(m.settle(before)) == []
    events = m.settle(over)
    assert restrictions(events) == [(0, 0)]
    assert events[-1].kind == EventKind.SETTLEMENT
    assert (m.row.restricted, m.row.since) == (0, 0)


def test_a_further_violation_begins_the_restriction_anew() -> None:
    m = Cash(0, lots=200, most=1)
    m.sells(200, 10)
    m.gets(100, 10, 0)
    m.gets(100, 10, 1)
    assert restrictions(m.sells(100, 10, 1)) == [(1, 1)]
    m.settle(MONDAY)
    assert m.row.since == MONDAY
    assert restrictions(m.sells(100, 10, 0)) == [(1, 2)]
    assert m.row.since == 0


def test_free_riding_restricts_at_once() -> None:
    m = Cash(1_000, most=0)
    events = play(m, [("rest", 100, 10), ("charge", 400), ("meet", 100, 10), ("sell", 100, 10)])
    assert restrictions(events) == [(1, 1)]
    assert m.counted() == [(1, "FREE_RIDING", 0)]
    m.settle(MONDAY)
    assert m.counted() == [(1, "FREE_RIDING", MONDAY)]


def test_what_was_owed_is_paid_when_nothing_is_owed_any_more() -> None:
    m = Cash(1_000, lots=40)
    play(m, [("rest", 100, 10, 1), ("charge", 400), ("meet", 100, 10, 1)])
    assert m.unpaid(1) == {"owed": (40, 400)}
    assert m.row.funds == -400 * UNIT
    m.settle(MONDAY)
    assert m.unpaid(1) == {"owed": (40, 400)}
    m.sells(40, 10)
    m.settle(MONDAY + 1)
    assert m.unpaid(1) == {"owed": (40, 400)}
    m.settle(MONDAY + 2)
    assert (m.unpaid(1), m.row.funds) == ({}, 0)


def test_eight_violations_are_kept() -> None:
    m = Cash(0, lots=100, most=0, days=0)
    for number in range(1, 11):
        assert [one[3] for one in told(violate(m))] == [number]
        m.settle(MONDAY + number)
    assert [number for number, *_ in m.counted()] == list(range(3, 11))
    check_snapshot(m.core)


# LIFT_CASH


def test_operators_lift_violations_and_restrictions() -> None:
    m = Cash(0, lots=100, most=1)
    violate(m)
    assert refused(m.lift(2)) == ("VALUE", 0, 2, 0, 0)
    (event,) = m.lift(1)
    assert (event.kind, event.account, event.trade_id, event.leaves, event.qty) == (EventKind.CASH_LIFTED, T, 1, 0, 8)
    assert (m.counted(), m.row.restricted) == ([], 1)
    (event,) = m.lift(0)
    assert (event.kind, event.reason, event.qty, event.trade_id) == (EventKind.CASH_RESTRICTED, 0, 8, 0)
    assert m.row.restricted == 0
    assert refused(m.lift(0)) == ("VALUE", 1, 0, 0, 0)
    assert refused(m.admin(CommandKind.LIFT_CASH, 1, account=9)) == ("ACCOUNT", 0, 9, 0, 0)
    assert refused(m.admin(CommandKind.LIFT_CASH, 1, account=A)) == ("VALUE", 0, 1, 0, 0)
    violate(m)
    assert m.counted() == []  # of the same position and day
    m.settle(MONDAY)
    violate(m)
    assert [number for number, *_ in m.counted()] == [2]


# Busts, splits, withdrawals


def bust(m: Cash, buyer: int, seller: int, trade_id: int, qty: int, usd: int, instrument: int, **new: int) -> Any:
    kind = CommandKind.CORRECT_TRADE if new else CommandKind.BUST_TRADE
    row = {"seq": m.core.seq + 1, "ts_ns": m.ts_ns, "kind": kind, "account": buyer, "seller": seller,
           "instrument": instrument, "trade_id": trade_id, "price": usd * DOLLAR, "qty": qty, **new}  # fmt: skip
    command = np.zeros((), wire.AMEND_COMMAND)
    for name, value in row.items():
        command[name] = value
    before = (m.core.cash(), m.core.unpaid(), m.core.state_hash())
    m.core.preview(command.tobytes())
    assert (m.core.cash(), m.core.unpaid(), m.core.state_hash()) == before
    return m.apply(command.tobytes())


def amended() -> Cash:
    m = Cash(300, lots=100)
    m.admin(CommandKind.CONFIGURE, 8, 8, 64, 32, 16, 64, 8, 8)
    m.sells(100, 10)
    m.gets(130, 10, 1)
    return m


def test_a_buy_that_is_undone_gives_back_what_paid_for_it() -> None:
    m = amended()
    assert (m.unpaid(1), m.row.funds, m.row.unused_today) == ({"today": (100, 1_000)}, 0, 0)
    assert told(bust(m, T, B, 1, 130, 10, 1)) == []
    assert (m.unpaid(1), m.row.funds, m.row.unused_today) == ({}, 300 * UNIT, 1_000 * UNIT)
    check_snapshot(m.core)


def test_a_sale_that_is_undone_takes_its_proceeds() -> None:
    m = amended()
    bust(m, B, T, 1, 100, 10, 0)
    assert (m.row.funds, m.row.unused_today) == (-1_000 * UNIT, 0)
    assert m.unpaid(1) == {"today": (100, 1_000)}
    m.settle(MONDAY)
    m.settle(MONDAY + 1)
    assert m.unpaid(1) == {}


def test_a_correction_is_no_violation() -> None:
    m = amended()
    m.sells(130, 10, 1)
    assert len(m.counted()) == 1
    events = bust(m, B, T, 2, 130, 10, 1, new_price=11 * DOLLAR, new_qty=130)
    assert told(events) == []
    assert (m.row.funds, m.row.unused_today) == (0, 1_430 * UNIT)
    events = bust(m, T, B, 1, 130, 10, 1, new_price=9 * DOLLAR, new_qty=130)
    assert told(events) == []
    check_snapshot(m.core)


def test_lots_that_split_stay_unpaid() -> None:
    m = Cash(0, lots=100)
    m.sells(100, 10)
    m.gets(100, 10, 1)
    m.state(0, instrument=1)
    m.admin(CommandKind.SPLIT, 3, 2, 0, instrument=1)
    assert m.unpaid(1) == {"today": (150, 1_000)}
    m.admin(CommandKind.SPLIT, 1, 200, 0, instrument=1)
    assert m.unpaid(1) == {}
    check_snapshot(m.core)


def test_what_paid_for_shares_cannot_be_taken_out() -> None:
    m = Cash(0, lots=100)
    m.sells(100, 10)
    m.gets(100, 10, 1)
    m.deposit(1_000)  # pays for them
    assert m.unpaid(1) == {}
    assert (m.account(T).cash, m.account(T).withdrawable) == (1_000 * UNIT, 0)
    assert refused(m.admin(CommandKind.DEPOSIT, -1, account=T)) == ("CASH_RANGE", 0, 1, 0, 0)
    m.settle(MONDAY)
    m.settle(MONDAY + 1)
    assert m.account(T).withdrawable == 1_000 * UNIT


def test_a_withdrawal_on_its_way_pays_for_nothing() -> None:
    m = Cash(1_000, lots=100)
    m.admin(CommandKind.SET_LEDGER, 4)
    m.sells(100, 10)
    m.admin(CommandKind.HOLD_CASH, 400 * UNIT, 1, account=T)
    assert m.row.funds == 600 * UNIT
    m.gets(100, 10, 1)
    assert m.unpaid(1) == {"today": (40, 400)}


# Flow


def test_who_trades_with_himself_moves_nothing() -> None:
    m = Cash(0, lots=100)
    m.sells(50, 10)
    m.sell(T, 10 * DOLLAR, 50, self_trade=wire.SelfTrade.ALLOW)
    events = m.buy(T, 10 * DOLLAR, 50, self_trade=wire.SelfTrade.ALLOW)
    assert [e.kind for e in events] == [EventKind.ACCEPTED, EventKind.FILL, EventKind.FILL]
    assert (m.row.funds, m.row.unused_today, m.unpaid()) == (0, 500 * UNIT, {})


def test_fees_are_of_settled_cash() -> None:
    m = Cash(100, lots=100)
    m.admin(CommandKind.SET_FEE, 0, 0, 5 * UNIT, 0, 0, 0, 0, 1 | 2 | 4 | 8 | 16, account=1, state=0, flags=3)
    m.admin(CommandKind.SET_ACCOUNT, -1, -1, -1, -1, -1, -1, 1, account=T, flags=255)
    m.sells(100, 10)
    assert (m.row.funds, m.row.unused_today) == (95 * UNIT, 1_000 * UNIT)
    m.gets(100, 10, 1)
    assert (m.row.funds, m.row.unused_today) == (-5 * UNIT, 95 * UNIT)
    assert m.unpaid(1) == {"today": (91, 905)}


def test_a_damaged_snapshot_is_refused() -> None:
    m = Cash(0, lots=100)
    violate(m)
    data = m.core.snapshot()
    found = 0
    for place in range(len(data) - 1, max(0, len(data) - 1_500), -1):
        try:
            Core.restore(data[:place] + bytes([data[place] ^ 0x80]) + data[place + 1 :])
        except ValueError:
            found += 1
    assert found > 100
