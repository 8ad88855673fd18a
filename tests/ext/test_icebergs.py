"""Icebergs: what they show, what comes after it, and what of it everybody else sees. docs/orders.md, "Matching"."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import CommandKind, EventFlag, EventKind, OrderFlag, SelfTrade

from tests.ext.market import BUY, DAY, FOK, SELL, A, B, C, Market
from tests.ext.test_meeting import check_totals, market, queue, said, shown

DECREMENT, OLDEST, NEWEST = SelfTrade.DECREMENT, SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_NEWEST


def test_it_shows_a_part_and_the_next_part_comes_last() -> None:
    m = market()
    [accepted] = m.sell(A, 500, 12, display_qty=5)
    assert (accepted.qty, accepted.leaves) == (12, 12)
    assert shown(m) == ["ADD 5@500 shows 5 of 5 in 1"]
    m.sell(B, 500, 4)
    assert queue(m) == [(1, 12, 5, 0), (2, 4, 4, 5)]
    assert said(m.buy(C, 500, 5)) == ["FILL 1 5@500 left 7", "FILL 3 5@500 left 0"]
    assert shown(m) == ["EXECUTE 5@500 shows 0 of 4 in 1", "ADD 5@500 shows 5 of 9 in 2"]
    assert m.data[1].order_id == accepted.order_id
    assert queue(m) == [(2, 4, 4, 0), (1, 7, 5, 4)]
    check_totals(m)


def test_one_order_takes_part_after_part() -> None:
    m = market()
    m.sell(A, 500, 12, display_qty=5)
    m.sell(B, 500, 4)
    assert said(m.buy(C, 500, 17)) == [
        "FILL 1 5@500 left 7",
        "FILL 3 5@500 left 12",
        "FILL 2 4@500 left 0",
        "FILL 3 4@500 left 8",
        "FILL 1 5@500 left 2",
        "FILL 3 5@500 left 3",
        "FILL 1 2@500 left 0",
        "FILL 3 2@500 left 1",
    ]
    assert shown(m) == [
        "EXECUTE 5@500 shows 0 of 4 in 1",
        "ADD 5@500 shows 5 of 9 in 2",
        "EXECUTE 4@500 shows 0 of 5 in 1",
        "EXECUTE 5@500 shows 0 of 0 in 0",
        "ADD 2@500 shows 2 of 2 in 1",
        "EXECUTE 2@500 shows 0 of 0 in 0",
        "ADD 1@500 shows 1 of 1 in 1",
    ]
    check_totals(m)


def test_a_part_that_trades_in_part_shows_less() -> None:
    m = market()
    m.buy(A, 500, 12, display_qty=5)
    assert m.account(A).hold == 12 * 500 * 100
    m.sell(C, 500, 3)
    assert shown(m) == ["EXECUTE 3@500 shows 2 of 2 in 1"]
    assert queue(m) == [(1, 9, 2, 0)]
    check_totals(m)


def test_an_incoming_iceberg_takes_with_all_its_lots_and_shows_what_is_left() -> None:
    m = market()
    m.sell(B, 500, 9)
    assert said(m.buy(A, 500, 12, display_qty=5)) == ["FILL 2 9@500 left 0", "FILL 1 9@500 left 3"]
    assert shown(m)[-1] == "ADD 3@500 shows 3 of 3 in 1"
    check_totals(m)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_cancel_takes_all_of_it(side: int) -> None:
    m = market()
    order = m.new(A, side, 500, 12, display_qty=5)[0]
    assert said(m.cancel(A, order.order_id)) == ["CANCELED 1 12@500 left 0 USER"]
    assert shown(m) == ["DELETE 5@500 shows 0 of 0 in 0"]
    assert (m.account(A).hold, m.position(A).open_buy, m.position(A).open_sell) == (0, 0, 0)
    check_totals(m)


def test_mass_cancel_and_the_end_of_the_day_take_all_of_it() -> None:
    m = market()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + 5)
    m.sell(A, 500, 12, display_qty=5)
    m.buy(A, 400, 9, display_qty=2, tif=DAY)
    m.buy(B, 400, 9, display_qty=2)
    assert said(m.tick(m.ts_ns + 5))[0] == "CANCELED 1 9@400 left 0 DAY_END"
    assert said(m.mass_cancel(A))[0] == "CANCELED 1 12@500 left 0 MASS"
    assert queue(m) == [(2, 9, 2, 0)]
    check_totals(m)


@pytest.mark.parametrize(
    ("qty", "records", "rows"),
    [
        (9, [], [(1, 9, 5, 0), (2, 1, 1, 5)]),
        (5, [], [(1, 5, 5, 0), (2, 1, 1, 5)]),
        (3, ["REDUCE 2@500 shows 3 of 4 in 2"], [(1, 3, 3, 0), (2, 1, 1, 3)]),
        (12, [], [(1, 12, 5, 0), (2, 1, 1, 5)]),
    ],
)
def test_replace_in_place_takes_from_the_reserve_first(
    qty: int, records: list[str], rows: list[tuple[int, ...]]
) -> None:
    m = market()
    order = m.buy(A, 500, 12, display_qty=5)[0]
    m.buy(B, 500, 1)
    [replaced] = m.replace(A, order.order_id, 500, qty)
    assert (replaced.kind, replaced.flags) == (EventKind.REPLACED, EventFlag.PRIORITY_KEPT)
    assert (replaced.qty, replaced.leaves) == (qty, qty)
    assert (shown(m), queue(m)) == (records, rows)
    check_totals(m)


@pytest.mark.parametrize(("price", "qty"), [(500, 14), (505, 4), (505, 12)])
def test_replace_that_loses_its_place_shows_anew(price: int, qty: int) -> None:
    m = market()
    order = m.buy(A, 500, 12, display_qty=5)[0]
    m.sell(B, 500, 3)
    assert said(m.replace(A, order.order_id, price, qty, OrderFlag.QTY_IS_LEAVES)) == [
        f"REPLACED 1 {qty + 3}@{price} left {qty}"
    ]
    part = min(5, qty)
    assert shown(m) == ["DELETE 2@500 shows 0 of 0 in 0", f"ADD {part}@{price} shows {part} of {part} in 1"]
    assert queue(m) == [(1, qty, part, 0)]
    check_totals(m)


def test_replace_checks_look_at_all_of_it() -> None:
    m = market()
    m.limits(A, -1, -1, 12)
    order = m.buy(A, 500, 12, display_qty=5)[0]
    m.admin(CommandKind.DEPOSIT, 12 * 500 * 100 - m.account(A).cash, account=A)
    assert m.replace(A, order.order_id, 500, 12, OrderFlag.REQUEUE)[0].kind == EventKind.REPLACED
    assert said(m.replace(A, order.order_id, 500, 13)) == ["REPLACE_REJECTED 1 POSITION_LIMIT 12 13 12"]
    m.limits(A, -1, -1, 0)
    assert said(m.replace(A, order.order_id, 500, 13)) == ["REPLACE_REJECTED 1 BUYING_POWER 600000 650000 600000"]


@pytest.mark.parametrize(
    ("qty", "incoming", "events", "records", "rows"),
    [
        (12, 4, ["RESTATED 1 8@500 left 8 SELF_TRADE", "CANCELED 1 4@500 left 0 SELF_TRADE"], [], [(1, 8, 5, 0)]),
        (
            12,
            9,
            ["RESTATED 1 3@500 left 3 SELF_TRADE", "CANCELED 1 9@500 left 0 SELF_TRADE"],
            ["REDUCE 2@500 shows 3 of 3 in 1"],
            [(1, 3, 3, 0)],
        ),
        (
            12,
            13,
            ["CANCELED 1 12@500 left 0 SELF_TRADE", "RESTATED 1 1@500 left 1 SELF_TRADE"],
            ["DELETE 5@500 shows 0 of 0 in 0", "ADD 1@500 shows 1 of 1 in 1"],
            [(1, 1, 1, 0)],
        ),
    ],
)
def test_decrement_takes_from_the_reserve_first(
    qty: int, incoming: int, events: list[str], records: list[str], rows: list[tuple[int, ...]]
) -> None:
    m = market()
    m.sell(A, 500, qty, display_qty=5)
    assert said(m.buy(A, 500, incoming, self_trade=DECREMENT)) == events
    assert (shown(m), queue(m)) == (records, rows)
    check_totals(m)


def crowded() -> Market:
    """At 500: A with 3 of 9 shown, B with 2, A with 1; at 505 C with 3 of 4."""
    m = market()
    m.sell(A, 500, 9, display_qty=3, self_trade_group=5)
    m.sell(B, 500, 2)
    m.sell(A, 500, 1)
    m.sell(C, 505, 4, display_qty=3)
    return m


@pytest.mark.parametrize(
    ("account", "mode", "price", "most"),
    [
        (C, SelfTrade.ALLOW, 500, 12),
        (C, SelfTrade.ALLOW, 505, 16),
        (C, NEWEST, 505, 12),
        (C, SelfTrade.CANCEL_BOTH, 505, 12),
        (C, OLDEST, 505, 12),
        (C, DECREMENT, 505, 12),
        (B, OLDEST, 500, 10),
        (B, NEWEST, 500, 3),
        (B, DECREMENT, 500, 3),
        (A, OLDEST, 500, 2),
        (A, NEWEST, 505, 0),
        (A, DECREMENT, 500, 0),
    ],
)
def test_fill_or_kill_counts_reserves(account: int, mode: SelfTrade, price: int, most: int) -> None:
    """The most that an order of this owner can fill at once; 3 of B and 3 of A come before what A refreshes."""
    for qty in range(1, 18):
        m = crowded()
        before = queue(m)
        events = said(m.buy(account, price, qty, tif=FOK, self_trade=mode))
        if qty <= most:
            assert events[-1].startswith("FILL") and events[-1].endswith("left 0"), qty
        else:
            assert events == [f"CANCELED {account} {qty}@{price} left 0 FOK"]
            assert queue(m) == before
        check_totals(m)


def test_fill_or_kill_looks_at_groups() -> None:
    m = crowded()
    fok = {"tif": FOK, "self_trade": OLDEST, "self_trade_group": 5}
    assert said(m.buy(C, 500, 4, **fok)) == ["CANCELED 3 4@500 left 0 FOK"]
    assert said(m.buy(C, 500, 3, **fok))[0] == "CANCELED 1 9@500 left 0 SELF_TRADE"


def test_next_part_needs_no_free_page() -> None:
    m = Market(pages=2)
    m.want_data = True
    m.sell(B, 500, 12, display_qty=5)
    assert said(m.buy(A, 500, 5)) == ["FILL 2 5@500 left 7", "FILL 1 5@500 left 0"]
    m.sell(B, 5000, 1)
    assert said(m.sell(B, 500, 1)) == ["REJECTED 2 LEVEL_CAPACITY 2 3 0"]
    assert queue(m) == [(2, 7, 5, 0), (2, 1, 1, 0)]


def test_in_an_account_s_list_it_is_one_order() -> None:
    m = market()
    iceberg = m.sell(A, 500, 12, display_qty=5)[0]
    m.sell(A, 500, 1)
    m.buy(B, 500, 5)
    assert [row.order_id for row in m.orders(account=A)][-1] == iceberg.order_id
    assert m.account(A).open_orders == 2
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=wire.InstrumentState.CLOSED)
    assert [event.qty for event in m.admin(CommandKind.OPERATOR_CANCEL, account=wire.ANY, instrument=0)] == [1, 7, 2]
    check_totals(m)
