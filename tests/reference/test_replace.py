"""Replaces: what keeps priority, what trades, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from openbell.wire import AccountFlag, BookKind, CancelReason, Check, EventFlag, EventKind, OrderFlag, SelfTrade

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk

SHORT = AccountFlag.SHORT_ALLOWED
LEAVES, REQUEUE, POST = OrderFlag.QTY_IS_LEAVES, OrderFlag.REQUEUE, OrderFlag.POST_ONLY


@pytest.fixture
def desk(market: Any) -> Desk:
    """Account 0 has bought 4 of 10 at 50 and waits in front of account 1."""
    desk = Desk(market).open(flags=SHORT, accounts=3, cash=1_000_000)
    desk.do(ask.buy(0, 1, 50, 10), ask.buy(1, 1, 50, 3), ask.sell(2, 1, 50, 4))
    return desk


def queue(desk: Desk) -> list[tuple[int, int, int]]:
    return [(row.account, row.price, row.leaves) for row in desk.orders()]


@pytest.mark.parametrize(
    ("price", "qty", "flags", "leaves", "kept"),
    [
        (50, 9, 0, 5, True),
        (50, 10, 0, 6, True),
        (50, 11, 0, 7, False),
        (50, 5, LEAVES, 5, True),
        (50, 6, LEAVES, 6, True),
        (50, 7, LEAVES, 7, False),
        (50, 5, LEAVES | REQUEUE, 5, False),
        (50, 10, REQUEUE, 6, False),
        (49, 9, 0, 5, False),
        (51, 9, 0, 5, False),
    ],
)
def test_priority(desk: Desk, price: int, qty: int, flags: int, leaves: int, kept: bool) -> None:
    event = desk.one(ask.replace(0, 1, price, qty, flags=flags))
    assert (event.kind, event.flags) == (EventKind.REPLACED, EventFlag.PRIORITY_KEPT if kept else 0)
    assert (event.price, event.qty, event.leaves, event.filled) == (price, leaves + 4, leaves, 4)
    first = kept or price > 50
    assert queue(desk) == ([(0, price, leaves), (1, 50, 3)] if first else [(1, 50, 3), (0, price, leaves)])
    assert desk.account(0).hold == leaves * price * 100
    kinds = [record.kind for record in desk.market_data if record.kind != BookKind.TOP]
    if kept:
        assert kinds == ([BookKind.REDUCE] if leaves < 6 else [])
    else:
        assert kinds == [BookKind.DELETE, BookKind.ADD]


@pytest.mark.parametrize("qty", [1, 4])
def test_a_total_already_filled_ends_the_order(desk: Desk, qty: int) -> None:
    event = desk.one(ask.replace(0, 1, 77, qty))
    assert (event.kind, event.reason, event.qty, event.leaves, event.filled, event.price) == (
        EventKind.CANCELED,
        CancelReason.REPLACED_BELOW_FILLED,
        6,
        0,
        4,
        50,
    )
    assert queue(desk) == [(1, 50, 3)]


def test_a_replaced_order_trades_with_what_it_now_meets(desk: Desk) -> None:
    desk.do(ask.sell(2, 2, 60, 2), ask.sell(0, 2, 61, 2))
    events = desk.do(ask.replace(0, 1, 61, 10))
    assert [(event.kind, event.account, event.qty, event.leaves, event.filled) for event in events] == [
        (EventKind.REPLACED, 0, 10, 6, 4),
        (EventKind.FILL, 2, 2, 0, 2),
        (EventKind.FILL, 0, 2, 4, 6),
        (EventKind.FILL, 0, 2, 0, 2),
        (EventKind.FILL, 0, 2, 2, 8),
    ]
    assert queue(desk) == [(0, 61, 2), (1, 50, 3)]


def test_a_replaced_order_keeps_its_self_trade_mode(desk: Desk) -> None:
    desk.do(ask.sell(0, 2, 60, 2, self_trade=SelfTrade.CANCEL_BOTH), ask.replace(0, 2, 50, 2))
    assert queue(desk) == [(1, 50, 3)]


def cases() -> list[tuple[str, list[Command], Command, tuple[int, int, int, int]]]:
    """What was done before, the replace, then check, limit, value, headroom. Account 0 has 980,000, holds 30,000."""
    unknown = Check.UNKNOWN_ORDER
    return [
        ("9", [], ask.replace(0, 1, 50, 10, flags=8), (Check.FLAGS, 6, 8, 0)),
        ("9 post only", [], ask.replace(0, 1, 50, 10, flags=POST), (Check.FLAGS, 6, 1, 0)),
        ("unknown", [], ask.replace(0, 9, 50, 10, flags=8), (unknown, 0, 9, 0)),
        ("11", [ask.account_state(0, 1)], ask.replace(0, 1, 50, 10), (Check.ACCOUNT_STATE, 0, 1, 0)),
        ("12", [ask.instrument_state(0, 2)], ask.replace(0, 1, 50, 1), (Check.INSTRUMENT_STATE, 1, 2, 0)),
        ("14", [], ask.replace(0, 1, 50, 0), (Check.QTY, 1, 0, 0)),
        ("15", [ask.account(0, max_order_qty=5)], ask.replace(0, 1, 50, 10), (Check.ORDER_QTY, 5, 6, 5)),
        ("16", [], ask.replace(0, 1, 0, 10), (Check.PRICE, (1 << 42) - 1, 0, 0)),
        (
            "18",
            [ask.instrument(0, tick_size=-1, lot_size=-1, reference_price=-1, collar_bps=1000)],
            ask.replace(0, 1, 56, 10),
            (Check.PRICE_COLLAR, 55, 56, 0),
        ),
        (
            "19",
            [ask.account(0, max_order_notional=30_000)],
            ask.replace(0, 1, 51, 10),
            (Check.ORDER_NOTIONAL, 30_000, 30_600, 30_000),
        ),
        ("22", [ask.account(0, max_position=9)], ask.replace(0, 1, 50, 10), (Check.POSITION_LIMIT, 9, 10, 5)),
        ("24", [], ask.replace(0, 1, 50, 201), (Check.BUYING_POWER, 980_000, 985_000, 980_000)),
    ]


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in cases()], ids=[row[0] for row in cases()]
)
def test_replace_is_refused(
    desk: Desk, before: list[Command], command: Command, expected: tuple[int, int, int, int]
) -> None:
    desk.do(*before)
    before_it = queue(desk)
    refused = desk.one(command)
    assert refused.kind == EventKind.REPLACE_REJECTED
    assert (refused.check, refused.limit, refused.value, refused.headroom) == expected
    found = refused.check != Check.UNKNOWN_ORDER
    assert refused.order_id == (1 << 32 | 1 if found else 0)
    assert (refused.qty, refused.account_seq) == (command.fields["qty"], desk.account(0).account_seq)
    assert (queue(desk), desk.market_data) == (before_it, [])


def test_tick_is_checked(market: Any) -> None:
    desk = Desk(market).open(tick_size=5)
    desk.do(ask.buy(0, 1, 50, 10))
    refused = desk.one(ask.replace(0, 1, 51, 10))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.TICK_SIZE, 5, 51, 0)


def test_short_sale_counts_all_but_its_own_lots(market: Any) -> None:
    desk = Desk(market).open()
    desk.do(ask.shares(0, 0, 10), ask.sell(0, 1, 50, 4), ask.sell(0, 2, 50, 5))
    assert desk.one(ask.replace(0, 1, 50, 5)).kind == EventKind.REPLACED
    refused = desk.one(ask.replace(0, 1, 50, 6))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.SHORT_SALE, 5, 6, 5)


def test_post_only_is_kept(desk: Desk) -> None:
    desk.do(ask.buy(0, 2, 40, 5, flags=POST), ask.sell(2, 2, 60, 2))
    refused = desk.one(ask.replace(0, 2, 61, 5))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.POST_ONLY, 60, 61, 0)
    assert desk.one(ask.replace(0, 2, 59, 5)).kind == EventKind.REPLACED


def test_what_was_sent_comes_back_where_there_is_no_order(desk: Desk) -> None:
    refused = desk.one(ask.replace(0, 9, 50, 10, order_id=88, instrument=3, side=1))
    assert (refused.order_id, refused.client_order_id, refused.instrument, refused.side, refused.qty) == (
        88,
        9,
        3,
        1,
        10,
    )
    assert (refused.check, refused.limit, refused.value) == (Check.UNKNOWN_ORDER, 0, 88)
    refused = desk.one(ask.replace(7, 9, 50, 10, instrument=3))
    assert (refused.check, refused.account, refused.account_seq, refused.instrument) == (Check.ACCOUNT, 7, 0, 3)


def test_a_filled_quantity_never_leaves_its_field(market: Any) -> None:
    desk = Desk(market).open(flags=SHORT, cash=1 << 60)
    most = (1 << 31) - 1
    desk.do(ask.buy(0, 1, 1, most))
    desk.do(ask.sell(1, 1, 1, most - 1), ask.replace(0, 1, 1, most, flags=LEAVES))
    desk.do(ask.sell(1, 2, 1, most - 1))
    row = desk.orders(0)[0]
    assert (row.leaves, row.filled) == (1, 2 * most - 2)
    refused = desk.one(ask.replace(0, 1, 1, most, flags=LEAVES))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.ORDER_QTY, 3, most, 3)
    event = desk.one(ask.replace(0, 1, 1, 3, flags=LEAVES))
    assert (event.qty, event.leaves) == ((1 << 32) - 1, 3)
