"""Two orders that meet, where one is more than a plain one: docs/orders.md, "Who is the same owner" and "Matching"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openbell import wire
from openbell.wire import BookKind, CancelReason, Check, CommandKind, EventKind, OrderFlag, RestateReason, SelfTrade

from tests.ext.market import BUY, REJECTS, SELL, A, B, C, Market

ALLOW, NEWEST, OLDEST, BOTH, DECREMENT = SelfTrade
REDUCE, POST, SLIDE = OrderFlag.REDUCE_ONLY, OrderFlag.POST_ONLY, OrderFlag.POST_ONLY | OrderFlag.SLIDE
NAMED_BY: dict[int, Any] = {EventKind.CANCELED: CancelReason, EventKind.RESTATED: RestateReason}


def say(event: SimpleNamespace) -> str:
    """Kind, account, lots @ price, lots left; why, where there is a reason."""
    kind = EventKind(event.kind)
    if kind in REJECTS:
        return f"{kind.name} {event.account} {Check(event.check).name} {event.limit} {event.value} {event.headroom}"
    why = " " + NAMED_BY[kind](event.reason).name if kind in NAMED_BY else ""
    return f"{kind.name} {event.account} {event.qty}@{event.price} left {event.leaves}{why}"


def said(events: list[SimpleNamespace]) -> list[str]:
    return [say(event) for event in events if event.kind != EventKind.ACCEPTED]


def shown(m: Market) -> list[str]:
    """The records of the last command but Tops: kind, lots @ price, what the order shows, its level."""
    return [
        f"{BookKind(d.kind).name} {d.qty}@{d.price} shows {d.leaves} of {d.level_qty} in {d.level_orders}"
        for d in m.data
        if d.kind != BookKind.TOP
    ]


def queue(m: Market) -> list[tuple[int, int, int, int]]:
    """Account, leaves, what it shows, displayed lots ahead."""
    return [(row.account, row.leaves, row.shown, row.level_qty_ahead) for row in m.orders(instrument=0)]


def market() -> Market:
    """All three accounts may sell short; market data wanted."""
    m = Market()
    m.limits(A, flags=wire.AccountFlag.SHORT_ALLOWED)
    m.want_data = True
    return m


def check_totals(m: Market) -> None:
    """Holds, open orders and open lots are those of the live orders, in an instrument with lots of one share."""
    for account in (A, B, C):
        rows = m.orders(account=account)
        assert m.account(account).open_orders == len(rows)
        assert m.account(account).hold == sum(r.price * r.leaves * 100 for r in rows if r.side == BUY)
        held = [row for row in rows if row.instrument == 0]
        if held:
            position = m.position(account)
            assert position.open_buy == sum(row.leaves for row in held if row.side == BUY)
            assert position.open_sell == sum(row.leaves for row in held if row.side == SELL)
    again = type(m.core).restore(m.core.snapshot())
    assert again.snapshot() == m.core.snapshot()
    assert again.orders() == m.core.orders()


# Owners


@pytest.mark.parametrize(
    ("mode", "events"),
    [
        (ALLOW, ["FILL 1 3@500 left 0", "FILL 2 3@500 left 2", "FILL 3 2@500 left 2", "FILL 2 2@500 left 0"]),
        (NEWEST, ["CANCELED 2 5@500 left 0 SELF_TRADE"]),
        (OLDEST, ["CANCELED 1 3@500 left 0 SELF_TRADE", "FILL 3 4@500 left 0", "FILL 2 4@500 left 1"]),
        (BOTH, ["CANCELED 1 3@500 left 0 SELF_TRADE", "CANCELED 2 5@500 left 0 SELF_TRADE"]),
        (
            DECREMENT,
            [
                "CANCELED 1 3@500 left 0 SELF_TRADE",
                "RESTATED 2 2@500 left 2 SELF_TRADE",
                "FILL 3 2@500 left 2",
                "FILL 2 2@500 left 0",
            ],
        ),
    ],
)
def test_accounts_of_a_group_are_one_owner(mode: SelfTrade, events: list[str]) -> None:
    m = market()
    m.sell(A, 500, 3, self_trade_group=7)
    m.sell(C, 500, 4, self_trade_group=8)
    assert said(m.buy(B, 500, 5, self_trade_group=7, self_trade=mode)) == events
    check_totals(m)


def test_group_0_is_none_and_a_plain_order_is_its_accounts() -> None:
    m = market()
    m.sell(A, 500, 3, self_trade_group=7)
    assert said(m.buy(B, 500, 1, self_trade=NEWEST))[-1] == "FILL 2 1@500 left 0"
    assert said(m.buy(A, 500, 1, self_trade=NEWEST)) == ["CANCELED 1 1@500 left 0 SELF_TRADE"]
    m.sell(A, 490, 3, group=1)
    assert said(m.buy(B, 490, 3, group=1, self_trade=NEWEST))[-1] == "FILL 2 3@490 left 0"


@pytest.mark.parametrize(
    ("resting", "incoming", "events", "records"),
    [
        (3, 3, ["CANCELED 1 3@500 left 0 SELF_TRADE", "CANCELED 1 3@500 left 0 SELF_TRADE"], ["DELETE 3@500"]),
        (5, 3, ["RESTATED 1 2@500 left 2 SELF_TRADE", "CANCELED 1 3@500 left 0 SELF_TRADE"], ["REDUCE 3@500"]),
        (
            3,
            5,
            ["CANCELED 1 3@500 left 0 SELF_TRADE", "RESTATED 1 2@500 left 2 SELF_TRADE"],
            ["DELETE 3@500", "ADD 2@500"],
        ),
    ],
)
def test_decrement(resting: int, incoming: int, events: list[str], records: list[str]) -> None:
    m = market()
    m.sell(A, 500, resting)
    assert said(m.buy(A, 500, incoming, self_trade=DECREMENT)) == events
    assert [record.split(" shows")[0] for record in shown(m)] == records
    assert m.position(A).qty == 0
    check_totals(m)


def test_decrement_counts_what_was_filled_before() -> None:
    m = market()
    m.sell(A, 500, 5)
    m.buy(B, 500, 2)
    _, restated, canceled = m.buy(A, 500, 2, self_trade=DECREMENT)
    assert (restated.qty, restated.filled, restated.leaves, restated.price) == (3, 2, 1, 500)
    assert (restated.side, restated.trade_id, restated.flags) == (SELL, 0, 0)
    assert (canceled.reason, canceled.filled) == (CancelReason.SELF_TRADE, 0)
    check_totals(m)


# Reduce-only


@pytest.mark.parametrize(
    ("side", "position", "qty", "limit"), [(SELL, 5, 6, 5), (SELL, 0, 1, 0), (BUY, -5, 6, 5), (BUY, 5, 1, 0)]
)
def test_reduce_only_needs_room(side: int, position: int, qty: int, limit: int) -> None:
    m = market()
    if position:
        m.new(A, BUY if position > 0 else SELL, 500, abs(position))
        m.new(B, SELL if position > 0 else BUY, 500, abs(position))
    assert said(m.new(A, side, 500, qty, flags=REDUCE)) == [f"REJECTED 1 REDUCE_ONLY {limit} {qty} {limit}"]
    if limit:
        assert m.new(A, side, 500, limit, flags=REDUCE)[0].kind == EventKind.ACCEPTED
        assert said(m.new(A, side, 500, 1, flags=REDUCE)) == ["REJECTED 1 REDUCE_ONLY 0 1 0"]
    check_totals(m)


def holding(lots: int, side: int = BUY) -> Market:
    """A has so many lots, or owes them, and nothing is open."""
    m = market()
    m.new(B, side ^ 1, 500, lots)
    m.new(A, side, 500, lots)
    return m


def test_a_resting_reduce_only_order_shrinks_to_the_position() -> None:
    m = holding(5)
    m.sell(A, 510, 5, flags=REDUCE)
    m.buy(B, 500, 3)
    m.sell(A, 500, 3)
    assert said(m.buy(B, 510, 4)) == [
        "RESTATED 1 2@510 left 2 REDUCE_ONLY",
        "FILL 1 2@510 left 0",
        "FILL 2 2@510 left 2",
    ]
    assert shown(m) == [
        "REDUCE 3@510 shows 2 of 2 in 1",
        "EXECUTE 2@510 shows 0 of 0 in 0",
        "ADD 2@510 shows 2 of 2 in 1",
    ]
    assert m.position(A).qty == 0
    check_totals(m)


def test_a_resting_reduce_only_order_ends_without_a_position() -> None:
    m = holding(5, SELL)
    m.buy(A, 490, 5, flags=REDUCE)
    m.buy(C, 490, 1)
    m.sell(C, 500, 5)
    m.buy(A, 500, 5)
    assert said(m.sell(B, 490, 4)) == [
        "CANCELED 1 5@490 left 0 REDUCE_ONLY",
        "FILL 3 1@490 left 0",
        "FILL 2 1@490 left 3",
    ]
    check_totals(m)


@pytest.mark.parametrize(
    ("sold", "events"),
    [
        (3, ["RESTATED 1 2@5 left 2 REDUCE_ONLY", "FILL 3 2@450 left 7", "FILL 1 2@450 left 0"]),
        (5, ["CANCELED 1 5@5 left 0 REDUCE_ONLY"]),
    ],
)
def test_an_incoming_reduce_only_order_shrinks_or_ends(sold: int, events: list[str]) -> None:
    m = holding(5)
    m.new(A, SELL, 0, 5, order_type=wire.OrderType.STOP, stop_price=450, flags=REDUCE)
    m.buy(B, 500, sold)
    m.sell(A, 500, sold)
    m.buy(C, 450, 10)
    assert said(m.sell(B, 450, 1)) == [
        "FILL 3 1@450 left 9",
        "FILL 2 1@450 left 0",
        "TRIGGERED 1 5@5 left 5",
        *events,
    ]
    check_totals(m)


def test_cash_comes_before_reduce_only() -> None:
    m = holding(5)
    m.sell(A, 510, 5, flags=REDUCE)
    m.sell(A, 500, 5)
    m.buy(B, 500, 5)
    m.admin(CommandKind.DEPOSIT, wire.MAX_CASH - m.account(A).cash, account=A)
    assert said(m.buy(B, 510, 1)) == ["CANCELED 1 5@510 left 0 CASH_LIMIT"]


def test_replace_of_a_reduce_only_order_frees_its_own_lots() -> None:
    m = holding(5)
    first, second = m.sell(A, 510, 2, flags=REDUCE)[0], m.sell(A, 515, 2, flags=REDUCE)[0]
    assert said(m.replace(A, first.order_id, 505, 4)) == ["REPLACE_REJECTED 1 REDUCE_ONLY 3 4 3"]
    assert said(m.replace(A, first.order_id, 505, 3)) == ["REPLACED 1 3@505 left 3"]
    assert said(m.replace(A, second.order_id, 515, 1)) == ["REPLACED 1 1@515 left 1"]
    assert queue(m) == [(1, 3, 3, 0), (1, 1, 1, 0)]
    check_totals(m)


# Slide


@pytest.mark.parametrize(
    ("side", "best", "sent", "price"),
    [(BUY, 500, 500, 495), (BUY, 500, 600, 495), (BUY, 500, 495, 495), (SELL, 500, 500, 505), (SELL, 500, 5, 505)],
)
def test_slide_goes_beside_the_best_opposite_price(side: int, best: int, sent: int, price: int) -> None:
    m = market()
    m.new(B, side ^ 1, best, 3)
    [accepted] = m.new(A, side, sent, 2, flags=SLIDE)
    assert (accepted.kind, accepted.price, accepted.leaves) == (EventKind.ACCEPTED, price, 2)
    assert shown(m) == [f"ADD 2@{price} shows 2 of 2 in 1"]
    [again] = m.new(A, side, sent, 2, flags=SLIDE, client_order_id=accepted.client_order_id)
    assert (again.flags, again.order_id, again.price) == (wire.EventFlag.DUPLICATE, accepted.order_id, sent)
    check_totals(m)


def test_slide_without_a_tick_left_is_refused() -> None:
    m = market()
    m.sell(B, 5, 3)
    assert said(m.buy(A, 10, 2, flags=SLIDE)) == ["REJECTED 1 POST_ONLY 5 10 0"]
    highest = wire.MAX_PRICE // 5 * 5
    m.mass_cancel(B)
    m.buy(B, highest, 1)
    assert said(m.sell(A, 500, 2, flags=SLIDE)) == [f"REJECTED 1 POST_ONLY {highest} 500 0"]


def test_checks_look_at_the_price_that_it_slid_to() -> None:
    m = market()
    m.sell(B, 500, 3)
    m.limits(A, -1, 495 * 100)
    assert m.buy(A, 600, 1, flags=SLIDE)[0].price == 495
    assert said(m.buy(A, 600, 1)) == ["REJECTED 1 ORDER_NOTIONAL 49500 60000 49500"]


def test_slide_does_not_slide_on_replace() -> None:
    m = market()
    m.sell(B, 500, 3)
    order = m.buy(A, 490, 2, flags=SLIDE)[0]
    assert said(m.replace(A, order.order_id, 500, 2)) == ["REPLACE_REJECTED 1 POST_ONLY 500 500 0"]
    assert said(m.replace(A, order.order_id, 495, 2)) == ["REPLACED 1 2@495 left 2"]


def test_what_goes_together() -> None:
    m = market()
    for fields in (
        {"flags": OrderFlag.SLIDE},
        {"flags": SLIDE, "tif": wire.TimeInForce.GTD},
        {"self_trade": 5},
        {"flags": OrderFlag.QTY_IS_LEAVES},
    ):
        assert m.buy(A, 500, 2, **fields)[0].kind == EventKind.REJECTED, fields
    assert m.orders() == []
