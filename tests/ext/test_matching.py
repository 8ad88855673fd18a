"""Priority, trades, self-trade prevention, time in force, money: what an order does to the book and to accounts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountFlag, BookKind, CancelReason, CommandKind, EventFlag, EventKind, SelfTrade

from tests.ext.market import BUY, CASH, FOK, IOC, SELL, A, B, C, Market


def said(events: list[SimpleNamespace]) -> list[tuple[Any, ...]]:
    """Kind, account, qty, price, leaves, filled, and the reason of what was cancelled."""
    return [
        (EventKind(e.kind).name, e.account, e.qty, e.price, e.leaves, e.filled)
        + ((CancelReason(e.reason).name,) if e.kind == EventKind.CANCELED else ())
        for e in events
    ]


def test_price_then_time_at_the_makers_price() -> None:
    m = Market()
    m.sell(B, 1010, 5)
    m.sell(C, 1005, 3)
    m.sell(B, 1005, 4)
    events = m.buy(A, 1010, 10)
    assert said(events) == [
        ("ACCEPTED", A, 10, 1010, 10, 0),
        ("FILL", C, 3, 1005, 0, 3),
        ("FILL", A, 3, 1005, 7, 3),
        ("FILL", B, 4, 1005, 0, 4),
        ("FILL", A, 4, 1005, 3, 7),
        ("FILL", B, 3, 1010, 2, 3),
        ("FILL", A, 3, 1010, 0, 10),
    ]
    assert [e.trade_id for e in events[1:]] == [1, 1, 2, 2, 3, 3]
    assert [e.flags for e in events[1:]] == [EventFlag.MAKER, 0] * 3
    assert [e.side for e in events[1:]] == [SELL, BUY] * 3
    assert [(row.leaves, row.price) for row in m.orders(instrument=0)] == [(2, 1010)]


def test_rest_of_a_limit_order_rests_and_of_an_ioc_ends() -> None:
    m = Market()
    m.sell(B, 1000, 4)
    assert said(m.buy(A, 1000, 10, tif=IOC))[-1] == ("CANCELED", A, 6, 1000, 0, 4, "IOC")
    m.sell(B, 1000, 4)
    m.buy(A, 1000, 10)
    [row] = m.orders(instrument=0)
    assert (row.account, row.leaves, row.filled, row.hold) == (A, 6, 4, 600_000)


@pytest.mark.parametrize(("qty", "fills"), [(9, 0), (8, 2)])
def test_fill_or_kill(qty: int, fills: int) -> None:
    m = Market()
    m.sell(B, 1000, 4)
    m.sell(B, 1005, 4)
    m.sell(B, 1010, 1)
    events = m.buy(A, 1005, qty, tif=FOK)
    assert [e.kind for e in events].count(EventKind.FILL) == 2 * fills
    assert (said(events)[-1][-1] == "FOK") == (fills == 0)
    assert len(m.orders(account=A)) == 0


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (SelfTrade.ALLOW, [("FILL", 2), ("FILL", 2), ("FILL", 3), ("FILL", 3)]),
        (SelfTrade.CANCEL_NEWEST, [("CANCELED", 5)]),
        (SelfTrade.CANCEL_OLDEST, [("CANCELED", 2), ("FILL", 3), ("FILL", 3)]),
        (SelfTrade.CANCEL_BOTH, [("CANCELED", 2), ("CANCELED", 5)]),
    ],
)
def test_self_trade_prevention(mode: int, expected: list[tuple[str, int]]) -> None:
    m = Market()
    m.sell(B, 1000, 2)
    m.sell(C, 1000, 3)
    events = m.buy(B, 1000, 5, self_trade=mode)
    assert [(EventKind(e.kind).name, e.qty) for e in events[1:]] == expected
    assert {e.reason for e in events if e.kind == EventKind.CANCELED} <= {CancelReason.SELF_TRADE}


@pytest.mark.parametrize(
    ("mode", "killed"),
    [
        (SelfTrade.ALLOW, False),
        (SelfTrade.CANCEL_NEWEST, True),
        (SelfTrade.CANCEL_OLDEST, True),
        (SelfTrade.CANCEL_BOTH, True),
    ],
)
def test_fill_or_kill_counts_self_trade_prevention(mode: int, killed: bool) -> None:
    m = Market()
    m.sell(C, 1000, 3)
    m.sell(B, 1000, 2)
    assert (said(m.buy(B, 1000, 5, tif=FOK, self_trade=mode))[-1][-1] == "FOK") == killed
    skips = m.buy(B, 1000, 3, tif=FOK, self_trade=SelfTrade.CANCEL_OLDEST) if killed else []
    assert not killed or skips[-1].kind == EventKind.FILL


def test_money_goes_from_buyer_to_seller_and_holds_follow_the_order() -> None:
    m = Market()
    m.buy(A, 1000, 10)
    assert (m.account(A).cash, m.account(A).hold, m.position(A).open_buy) == (CASH, 1_000_000, 10)
    m.sell(B, 1000, 4)
    assert (m.account(A).cash, m.account(A).hold) == (CASH - 400_000, 600_000)
    assert (m.account(B).cash, m.account(B).short_proceeds) == (CASH + 400_000, 400_000)
    assert (m.position(A).qty, m.position(A).cost, m.position(A).open_buy) == (4, 400_000, 6)
    assert (m.position(B).qty, m.position(B).cost) == (-4, -400_000)


def test_average_cost_through_zero_both_ways() -> None:
    m = Market()
    for price, qty in ((1000, 2), (1005, 1)):
        m.sell(C, price, qty)
        m.buy(B, price, qty)
    assert (m.position(B).qty, m.position(B).cost) == (3, 300_500)
    m.buy(C, 1100, 1)
    m.sell(B, 1100, 1)  # releases 300_500 / 3 toward zero
    assert (m.position(B).cost, m.position(B).realized_pnl) == (300_500 - 100_166, 110_000 - 100_166)
    m.buy(C, 900, 5)
    m.sell(B, 900, 5)  # 2 close, 3 go short
    assert (m.position(B).qty, m.position(B).cost) == (-3, -270_000)
    assert m.position(B).realized_pnl == 110_000 - 100_166 + 180_000 - 200_334
    assert m.account(B).short_proceeds == 270_000
    m.sell(C, 800, 4)
    m.buy(B, 800, 4)  # covers 3 at 90_000 each, 1 goes long
    assert (m.position(B).qty, m.position(B).cost) == (1, 80_000)
    assert m.position(B).realized_pnl == 110_000 - 100_166 + 180_000 - 200_334 + 30_000
    assert m.account(B).short_proceeds == 0
    assert m.account(B).realized_pnl == m.position(B).realized_pnl
    assert m.account(B).cash + m.account(C).cash == 2 * CASH


def test_a_seller_at_the_end_of_cash_is_cancelled() -> None:
    m = Market()
    most = wire.MAX_CASH - wire.MAX_NOTIONAL
    m.admin(CommandKind.DEPOSIT, most + 1 - CASH, account=B)
    m.sell(B, 1000, 2)
    m.sell(C, 1000, 3)
    assert said(m.buy(A, 1000, 3))[1:] == [
        ("CANCELED", B, 2, 1000, 0, 0, "CASH_LIMIT"),
        ("FILL", C, 3, 1000, 0, 3),
        ("FILL", A, 3, 1000, 0, 3),
    ]
    m.buy(A, 1000, 3)
    assert said(m.sell(B, 1000, 3))[1:] == [("CANCELED", B, 3, 1000, 0, 0, "CASH_LIMIT")]
    m.admin(CommandKind.DEPOSIT, -1, account=B)
    assert said(m.sell(B, 1000, 3))[-1] == ("FILL", B, 3, 1000, 0, 3)


def test_trades_move_the_reference_price_and_the_collar() -> None:
    m = Market()
    m.instrument(0, -1, -1, 1000, 1000)
    m.sell(B, 1100, 1)
    m.buy(A, 1100, 1)
    assert m.buy(A, 1215, 1)[0].limit == 1210
    assert m.buy(A, 1210, 1)[0].kind == EventKind.ACCEPTED


def test_order_ids_reuse_slots_last_freed_first_with_a_new_generation() -> None:
    m = Market()
    ids = [m.buy(A, 500, 1)[0].order_id for _ in range(3)]
    assert ids == [1 << 32 | 1, 1 << 32 | 2, 1 << 32 | 3]
    m.cancel(A, ids[0])
    m.cancel(A, ids[2])
    assert [m.buy(A, 500, 1)[0].order_id for _ in range(3)] == [2 << 32 | 3, 2 << 32 | 1, 1 << 32 | 4]
    assert m.cancel(A, ids[0])[0].check == wire.Check.UNKNOWN_ORDER


def test_market_data_of_a_trade_through_two_levels() -> None:
    m = Market()
    m.want_data = True
    m.sell(B, 1000, 3)
    assert [d.kind for d in m.data] == [BookKind.ADD, BookKind.TOP]
    m.sell(B, 1000, 2)
    add, top = m.data
    assert (add.level_qty, add.level_orders, add.leaves) == (5, 2, 2)
    assert (top.ask_price, top.ask_qty, top.ask_orders, top.bid_price) == (1000, 5, 2, 0)
    m.sell(B, 1100, 9)
    assert [d.kind for d in m.data] == [BookKind.ADD]  # the top is what it was
    m.buy(A, 1000, 7)
    first, second, add, top = m.data
    assert [first.kind, second.kind, add.kind] == [BookKind.EXECUTE, BookKind.EXECUTE, BookKind.ADD]
    assert [(d.qty, d.leaves, d.level_qty, d.level_orders, d.trade_no) for d in (first, second)] == [
        (3, 0, 2, 1, 1),
        (2, 0, 0, 0, 2),
    ]
    assert (add.side, add.qty, top.bid_price, top.bid_qty, top.ask_price, top.ask_qty) == (BUY, 2, 1000, 2, 1100, 9)


def test_no_market_data_unless_wanted_and_the_same_state() -> None:
    quiet, loud = Market(), Market()
    loud.want_data = True
    for m in (quiet, loud):
        m.sell(B, 1000, 3)
        m.buy(A, 1000, 5)
    assert (quiet.data, len(loud.data)) == ([], 3)
    assert quiet.core.state_hash() == loud.core.state_hash()


def test_credit_may_trade_with_itself() -> None:
    m = Market()
    m.limits(A, flags=AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED)
    m.sell(A, 1000, 3)
    m.buy(A, 1000, 3)
    assert (m.account(A).cash, m.position(A).qty, m.account(A).open_orders) == (CASH, 0, 0)
