"""Hidden orders, minimum quantities, discretion: docs/orders.md, "Matching", by hand."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import BookKind, Check, CommandKind, EventKind, OrderFlag, OrderType, Rule, SelfTrade

from ext.core import Core
from tests.ext.market import BUY, DAY, FOK, GTC, IOC, SELL, A, B, C, Market
from tests.ext.terse import resting, said, say, shown

HIDDEN, POST, SLIDE = OrderFlag.HIDDEN, OrderFlag.POST_ONLY, OrderFlag.POST_ONLY | OrderFlag.SLIDE
ALL_OR_NONE = OrderFlag.ALL_OR_NONE
MARKET = OrderType.MARKET
LEAVES, REQUEUE = OrderFlag.QTY_IS_LEAVES, OrderFlag.REQUEUE


def market(**capacity: int) -> Market:
    m = Market(**capacity)
    m.want_data = True
    return m


def check_totals(m: Market) -> None:
    """Holds, open orders and open lots are those of the live orders."""
    for account in (A, B, C):
        rows = m.orders(account=account)
        assert m.account(account).open_orders == len(rows)
        assert m.account(account).hold == sum(r.hold for r in rows)
        if rows:
            position = m.position(account)
            assert position.open_buy == sum(r.leaves for r in rows if r.side == BUY)
            assert position.open_sell == sum(r.leaves for r in rows if r.side == SELL)


# Hidden


def test_a_hidden_order_is_nowhere_to_be_seen() -> None:
    m = market()
    [accepted] = m.buy(A, 500, 7, flags=HIDDEN)
    assert (accepted.kind, accepted.leaves, m.data) == (EventKind.ACCEPTED, 7, [])
    assert (m.core.depth(0, 9), m.core.book(0)) == (b"", b"")
    [row] = m.orders()
    assert (row.place, row.shown, row.leaves, row.hold, row.level_qty_ahead) == (wire.Place.DARK, 0, 7, 350_000, 0)
    check_totals(m)
    assert said(m.cancel(A, accepted.order_id)) == ["CANCELED A 7@500 left 0 USER"]
    assert (m.data, m.orders(), m.account(A).hold) == ([], [], 0)


def test_better_prices_then_displayed_then_hidden_by_rank() -> None:
    m = market()
    m.sell(B, 505, 1, flags=HIDDEN)
    m.sell(C, 505, 2, flags=HIDDEN)
    m.sell(B, 505, 3)
    m.sell(C, 500, 4, flags=HIDDEN)
    m.sell(B, 510, 5)
    assert said(m.buy(A, 510, 12)) == [
        "FILL C+ 4@500 left 0",
        "FILL A 4@500 left 8",
        "FILL B+ 3@505 left 0",
        "FILL A 3@505 left 5",
        "FILL B+ 1@505 left 0",
        "FILL A 1@505 left 4",
        "FILL C+ 2@505 left 0",
        "FILL A 2@505 left 2",
        "FILL B+ 2@510 left 3",
        "FILL A 2@510 left 0",
    ]
    assert shown(m) == [
        "HIDDEN_TRADE S 4@500",
        "EXECUTE S 3@505",
        "HIDDEN_TRADE S 1@505",
        "HIDDEN_TRADE S 2@505",
        "EXECUTE S 2@510",
    ]
    [hidden] = [d for d in m.data if d.kind == BookKind.HIDDEN_TRADE and d.price == 500]
    assert (hidden.trade_no, hidden.instrument, hidden.seq) == (1, 0, m.core.seq)
    assert (hidden.order_id, hidden.leaves, hidden.level_qty, hidden.level_orders, hidden.flags) == (0, 0, 0, 0, 0)
    assert resting(m) == ["BOOK B S 3@510"]
    check_totals(m)


def test_a_hidden_order_trades_as_it_comes_and_is_hidden_with_the_rest() -> None:
    m = market()
    m.sell(B, 500, 2)
    assert said(m.buy(A, 505, 5, flags=HIDDEN)) == ["FILL B+ 2@500 left 0", "FILL A 2@500 left 3"]
    assert shown(m) == ["EXECUTE S 2@500"]
    assert resting(m) == ["DARK A B 3@505"]
    assert said(m.sell(C, 500, 1)) == ["FILL A+ 1@505 left 2", "FILL C 1@505 left 0"]
    assert shown(m) == ["HIDDEN_TRADE B 1@505"]
    check_totals(m)


def test_instruments_without_anything_dark_go_the_short_way_again() -> None:
    m = market()
    order = m.sell(B, 505, 3, flags=HIDDEN)[0]
    m.buy(A, 500, 1)
    m.cancel(B, order.order_id)
    assert said(m.sell(B, 500, 2)) == ["FILL A+ 1@500 left 0", "FILL B 1@500 left 1"]
    assert resting(m) == ["BOOK B S 1@500"]


# Minimum quantity, all or none


def test_who_comes_with_too_few_passes_a_minimum_quantity_over() -> None:
    m = market()
    m.sell(B, 500, 10, flags=HIDDEN, min_qty=5)
    m.sell(C, 500, 6, flags=HIDDEN | ALL_OR_NONE)
    m.sell(C, 505, 9, flags=HIDDEN)
    assert said(m.buy(A, 505, 4, tif=IOC)) == ["FILL C+ 4@505 left 5", "FILL A 4@505 left 0"]
    assert said(m.buy(A, 500, 5, tif=IOC)) == ["FILL B+ 5@500 left 5", "FILL A 5@500 left 0"]
    # Five left of ten: the minimum is still five. Then two left of five, and two are enough.
    assert said(m.buy(A, 500, 4, tif=IOC)) == ["CANCELED A 4@500 left 0 IOC"]
    assert said(m.buy(A, 500, 5, tif=IOC))[0] == "FILL B+ 5@500 left 0"
    assert said(m.buy(A, 500, 5, tif=IOC)) == ["CANCELED A 5@500 left 0 IOC"]
    assert said(m.buy(A, 500, 7, tif=IOC)) == [
        "FILL C+ 6@500 left 0",
        "FILL A 6@500 left 1",
        "CANCELED A 1@500 left 0 IOC",
    ]
    check_totals(m)


def test_what_is_left_below_the_minimum_trades_as_it_is() -> None:
    m = market()
    m.sell(B, 500, 7, flags=HIDDEN, min_qty=5)
    m.buy(A, 500, 5, tif=IOC)
    assert said(m.buy(A, 500, 1, tif=IOC)) == ["CANCELED A 1@500 left 0 IOC"]
    assert said(m.buy(A, 500, 3, tif=IOC))[0] == "FILL B+ 2@500 left 0"


def test_leaves_that_fall_pass_more_over() -> None:
    m = market()
    m.sell(B, 500, 9, flags=HIDDEN, min_qty=6)
    m.sell(C, 495, 5)
    assert said(m.buy(A, 500, 10)) == ["FILL C+ 5@495 left 0", "FILL A 5@495 left 5"]
    assert resting(m) == ["BOOK A B 5@500", "DARK B S 9@500"]


@pytest.mark.parametrize(
    ("fields", "last"),
    [
        ({"min_qty": 8}, "CANCELED A 10@500 left 0 MIN_QTY"),
        ({"min_qty": 7}, "CANCELED A 3@500 left 0 IOC"),
        ({"flags": ALL_OR_NONE}, "CANCELED A 10@500 left 0 MIN_QTY"),
        ({"flags": ALL_OR_NONE, "qty": 7}, "FILL A 2@500 left 0"),
        ({"flags": ALL_OR_NONE, "order_type": MARKET, "tif": GTC, "qty": 7}, "FILL A 2@500 left 0"),
        ({"min_qty": 10, "order_type": MARKET, "tif": DAY, "price": 0}, "FILL A 3@505 left 0"),
    ],
)
def test_an_order_that_comes_with_a_minimum(fields: dict[str, Any], last: str) -> None:
    m = market()
    m.sell(B, 500, 5)
    m.sell(C, 500, 2, flags=HIDDEN)
    m.sell(C, 505, 4)
    m.instrument(0, -1, -1, 500, 1000)
    named: dict[str, Any] = {"account": A, "side": BUY, "price": 500, "qty": 10, "tif": IOC} | fields
    assert said(m.new(**named))[-1] == last
    check_totals(m)


def test_a_hidden_order_that_comes_with_too_large_a_minimum_rests_at_once() -> None:
    m = market()
    m.sell(B, 500, 5)
    m.sell(C, 500, 4)
    assert said(m.buy(A, 500, 12, flags=HIDDEN, min_qty=10)) == []
    assert resting(m) == ["BOOK B S 5@500", "BOOK C S 4@500", "DARK A B 12@500"]
    # Nine in two orders are nine for one that comes with nine, but not for one that rests: it looks at each.
    assert said(m.buy(A, 500, 9, flags=HIDDEN, min_qty=9))[-1] == "FILL A 4@500 left 0"
    assert said(m.sell(B, 500, 10)) == ["FILL A+ 10@500 left 2", "FILL B 10@500 left 0"]


# Discretion


def test_discretion_of_who_comes() -> None:
    m = market()
    m.sell(B, 505, 2)
    m.sell(C, 510, 2, flags=HIDDEN)
    m.sell(C, 515, 2)
    assert said(m.buy(A, 500, 6, discretion=10)) == [
        "FILL B+ 2@505 left 0",
        "FILL A 2@505 left 4",
        "FILL C+ 2@510 left 0",
        "FILL A 2@510 left 2",
    ]
    assert shown(m) == ["EXECUTE S 2@505", "HIDDEN_TRADE S 2@510", "ADD B 2@500"]
    assert resting(m) == ["BOOK A B 2@500", "BOOK C S 2@515"]
    check_totals(m)


def test_discretion_of_who_rests_comes_after_all_others() -> None:
    m = market()
    m.buy(A, 500, 3, discretion=10)
    m.buy(B, 495, 4, discretion=20)
    m.buy(C, 490, 5, discretion=20)
    m.buy(C, 505, 1, flags=HIDDEN)
    m.buy(A, 505, 1)
    assert said(m.sell(B, 505, 7, tif=IOC)) == [
        "FILL A+ 1@505 left 0",
        "FILL B 1@505 left 6",
        "FILL C+ 1@505 left 0",
        "FILL B 1@505 left 5",
        "FILL B+ 4@505 left 0",
        "FILL B 4@505 left 1",
        "FILL A+ 1@505 left 2",
        "FILL B 1@505 left 0",
    ]
    assert shown(m) == [
        "EXECUTE B 1@505",
        "HIDDEN_TRADE B 1@505",
        "DELETE B 4@495",
        "HIDDEN_TRADE B 4@505",
        "REDUCE B 1@500",
        "HIDDEN_TRADE B 1@505",
    ]
    assert (m.data[2].trade_no, m.data[3].trade_no, m.data[3].order_id) == (0, 3, 0)
    check_totals(m)
    assert said(m.sell(B, 515, 1)) == []
    assert said(m.sell(B, 510, 9, tif=IOC)) == [
        "FILL A+ 2@510 left 0",
        "FILL B 2@510 left 7",
        "FILL C+ 5@510 left 0",
        "FILL B 5@510 left 2",
        "CANCELED B 2@510 left 0 IOC",
    ]
    check_totals(m)


def test_equal_discretion_goes_by_the_rank_of_coming_to_the_book() -> None:
    m = market()
    m.sell(B, 520, 1, discretion=20)
    first = m.sell(C, 510, 1, discretion=10)[0]
    m.replace(C, first.order_id, 510, 1, REQUEUE)
    assert said(m.buy(A, 500, 2))[::2] == ["FILL B+ 1@500 left 0", "FILL C+ 1@500 left 0"]


def test_an_order_without_a_limit_meets_discretion_at_its_effective_price() -> None:
    m = market()
    m.instrument(0, -1, -1, 500, 100)
    m.buy(A, 490, 5, discretion=10)
    assert said(m.new(B, SELL, 0, 2, order_type=MARKET))[0] == "FILL A+ 2@495 left 3"
    m.cancel(A, m.orders()[0].order_id)
    m.buy(A, 485, 5, discretion=5)
    assert said(m.new(B, SELL, 0, 2, order_type=MARKET)) == ["CANCELED B 2@495 left 0 IOC"]


def test_both_with_discretion() -> None:
    m = market()
    m.sell(B, 520, 2, discretion=10)
    assert said(m.buy(A, 500, 1, discretion=5)) == []
    assert said(m.buy(A, 505, 1, discretion=5)) == ["FILL B+ 1@510 left 1", "FILL A 1@510 left 0"]


def test_a_buy_holds_its_discretion_too() -> None:
    m = market()
    m.admin(CommandKind.DEPOSIT, 515_000 - m.account(A).cash, account=A)
    assert said(m.buy(A, 500, 10, discretion=20)) == ["REJECTED A BUYING_POWER limit 515000 value 520000"]
    order = m.buy(A, 500, 10, discretion=15)[0]
    assert (m.account(A).hold, m.orders()[0].hold) == (515_000, 515_000)
    m.sell(B, 515, 4)
    assert (m.account(A).cash, m.account(A).hold) == (309_000, 309_000)
    m.sell(B, 500, 1)
    assert (m.account(A).cash, m.account(A).hold) == (259_000, 257_500)
    assert say(m.replace(A, order.order_id, 505, 10)[0]).startswith("REPLACE_REJECTED A BUYING_POWER limit 259000")
    m.replace(A, order.order_id, 500, 8)
    assert m.account(A).hold == 154_500
    m.cancel(A, order.order_id)
    assert m.account(A).hold == 0
    m.instrument(0, -1, -1, -1, -1, -1, 510_000)
    assert said(m.sell(B, 505, 10, discretion=10)) == []
    m.admin(CommandKind.DEPOSIT, 10**9, account=A)
    assert said(m.buy(A, 490, 10, discretion=25)) == ["REJECTED A ORDER_NOTIONAL limit 510000 value 515000"]


# Best opposite price, dry runs


def test_post_only_sees_the_dark() -> None:
    m = market()
    m.sell(B, 505, 1)
    m.sell(C, 500, 1, flags=HIDDEN | ALL_OR_NONE)
    m.sell(C, 520, 1, discretion=20)
    assert said(m.buy(A, 500, 1, flags=POST)) == ["REJECTED A POST_ONLY limit 500 value 500"]
    assert said(m.buy(A, 510, 2, flags=SLIDE)) == []
    assert resting(m)[0] == "BOOK A B 2@495"
    order = m.buy(A, 490, 1, flags=POST)[0]
    assert said(m.replace(A, order.order_id, 500, 1)) == ["REPLACE_REJECTED A POST_ONLY limit 500 value 500"]


def test_post_only_meets_no_discretion() -> None:
    m = market()
    m.sell(B, 520, 3, discretion=20)
    assert said(m.buy(A, 505, 2, flags=POST)) == []
    assert resting(m) == ["BOOK A B 2@505", "BOOK B S 3@520"]
    assert said(m.buy(A, 505, 2))[0] == "FILL B+ 2@505 left 1"


def test_post_only_that_requeues_is_checked_at_its_own_price() -> None:
    m = market()
    order = m.sell(B, 500, 2, flags=POST)[0]
    m.buy(A, 505, 9, flags=HIDDEN, min_qty=5)
    assert said(m.replace(B, order.order_id, 500, 1)) == ["REPLACED B 1@500 left 1"]
    for qty, flags in ((1, REQUEUE), (2, 0)):
        refused = "REPLACE_REJECTED B POST_ONLY limit 505 value 500"
        assert said(m.replace(B, order.order_id, 500, qty, flags)) == [refused]


@pytest.mark.parametrize(
    ("qty", "price", "fills"),
    [(5, 500, True), (6, 500, False), (9, 505, False), (11, 505, True), (12, 505, False), (13, 510, False)],
)
def test_fok_counts_the_dark(qty: int, price: int, fills: bool) -> None:
    """Three displayed and two hidden at 500; six hidden at 505 for six and more; one displayed at 515, down to 510."""
    m = market()
    m.sell(B, 500, 3)
    m.sell(C, 500, 2, flags=HIDDEN)
    m.sell(C, 505, 6, flags=HIDDEN | ALL_OR_NONE)
    m.sell(B, 515, 1, discretion=5)
    before = m.core.orders()
    events = m.buy(A, price, qty, tif=FOK)
    assert (said(events)[-1] == f"CANCELED A {qty}@{price} left 0 FOK") != fills
    if not fills:
        assert m.core.orders() == before
    check_totals(m)


def test_fok_counts_discretion_last() -> None:
    m = market()
    m.sell(B, 515, 1, discretion=5)
    m.sell(C, 520, 2, discretion=10)
    m.sell(C, 510, 1)
    assert said(m.buy(A, 510, 5, tif=FOK)) == ["CANCELED A 5@510 left 0 FOK"]
    makers = said(m.buy(A, 510, 4, tif=FOK))[::2]
    assert makers == ["FILL C+ 1@510 left 0", "FILL B+ 1@510 left 0", "FILL C+ 2@510 left 0"]


@pytest.mark.parametrize(
    ("mode", "fills"),
    [(SelfTrade.ALLOW, 6), (SelfTrade.CANCEL_NEWEST, 2), (SelfTrade.CANCEL_BOTH, 2), (SelfTrade.CANCEL_OLDEST, 4)],
)
def test_fok_counts_own_orders_in_the_dark(mode: SelfTrade, fills: int) -> None:
    for qty in range(1, 8):
        m = market()
        m.sell(B, 500, 2)
        m.sell(C, 500, 2, flags=HIDDEN)
        m.sell(B, 505, 2)
        events = m.buy(C, 505, qty, tif=FOK, self_trade=mode)
        assert (events[-1].kind == EventKind.FILL) == (qty <= fills), qty
        check_totals(m)


def test_fok_that_decrements_fills_nothing_by_that() -> None:
    m = market()
    m.sell(C, 500, 2, flags=HIDDEN)
    m.sell(B, 505, 9)
    assert said(m.buy(C, 505, 5, tif=FOK, self_trade=SelfTrade.DECREMENT)) == ["CANCELED C 5@505 left 0 FOK"]
    assert said(m.buy(C, 505, 5, tif=IOC, min_qty=3, self_trade=SelfTrade.DECREMENT)) == [
        "CANCELED C 2@500 left 0 SELF_TRADE",
        "RESTATED C 3@505 left 3 SELF_TRADE",
        "FILL B+ 3@505 left 6",
        "FILL C 3@505 left 0",
    ]


# Self-trade prevention


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (SelfTrade.ALLOW, ["FILL A+ 3@500 left 0", "FILL A 3@500 left 2"]),
        (SelfTrade.CANCEL_NEWEST, ["CANCELED A 5@500 left 0 SELF_TRADE"]),
        (SelfTrade.CANCEL_OLDEST, ["CANCELED A 3@500 left 0 SELF_TRADE"]),
        (SelfTrade.CANCEL_BOTH, ["CANCELED A 3@500 left 0 SELF_TRADE", "CANCELED A 5@500 left 0 SELF_TRADE"]),
        (SelfTrade.DECREMENT, ["CANCELED A 3@500 left 0 SELF_TRADE", "RESTATED A 2@500 left 2 SELF_TRADE"]),
    ],
)
def test_own_orders_in_the_dark(mode: SelfTrade, expected: list[str]) -> None:
    m = market()
    m.admin(CommandKind.DEPOSIT_SHARES, 9, 0, account=A, instrument=0)
    m.sell(A, 500, 3, flags=HIDDEN)
    assert said(m.buy(A, 500, 5, self_trade=mode)) == expected
    check_totals(m)


# Replace


def test_replace_in_the_dark() -> None:
    m = market()
    first = m.sell(B, 500, 9, flags=HIDDEN, min_qty=5)[0]
    m.sell(C, 500, 4, flags=HIDDEN)
    assert said(m.replace(B, first.order_id, 500, 7)) == ["REPLACED B 7@500 left 7"]
    assert said(m.buy(A, 500, 5, tif=IOC))[0] == "FILL B+ 5@500 left 2"
    assert said(m.replace(B, first.order_id, 500, 12)) == ["REPLACED B 12@500 left 7"]
    assert said(m.buy(A, 500, 6, tif=IOC))[::2] == ["FILL C+ 4@500 left 0", "CANCELED A 2@500 left 0 IOC"]
    assert said(m.buy(A, 500, 4, tif=IOC)) == ["CANCELED A 4@500 left 0 IOC"]
    assert resting(m) == ["DARK B S 7@500"]
    m.buy(A, 495, 3)
    assert said(m.replace(B, first.order_id, 495, 7, LEAVES)) == ["REPLACED B 12@495 left 7"]
    m.buy(A, 490, 6)
    assert said(m.replace(B, first.order_id, 490, 7, LEAVES))[1:] == [
        "FILL A+ 3@495 left 0",
        "FILL B 3@495 left 4",
        "FILL A+ 4@490 left 2",
        "FILL B 4@490 left 0",
    ]
    check_totals(m)


def test_replace_of_all_or_none_asks_for_all_that_is_new() -> None:
    m = market()
    order = m.sell(B, 500, 4, flags=HIDDEN | ALL_OR_NONE)[0]
    m.replace(B, order.order_id, 500, 6)
    assert said(m.buy(A, 500, 5, tif=IOC)) == ["CANCELED A 5@500 left 0 IOC"]
    assert said(m.buy(A, 500, 6, tif=IOC))[0] == "FILL B+ 6@500 left 0"


def test_replace_takes_discretion_along() -> None:
    m = market()
    order = m.sell(B, 500, 4, discretion=20)[0]
    assert m.data[0].kind == BookKind.ADD
    refused = f"REPLACE_REJECTED B COMBINATION limit {Rule.DISCRETION} value 20"
    assert said(m.replace(B, order.order_id, 20, 4)) == [refused]
    m.replace(B, order.order_id, 510, 4)
    assert said(m.buy(A, 485, 1, tif=IOC)) == ["CANCELED A 1@485 left 0 IOC"]
    assert said(m.buy(A, 490, 1, tif=IOC))[0] == "FILL B+ 1@490 left 3"
    m.replace(B, order.order_id, 510, 2)
    assert said(m.buy(A, 490, 9, tif=IOC))[0] == "FILL B+ 1@490 left 0"
    assert resting(m) == []


# Ends


def test_ends_of_dark_orders() -> None:
    m = market()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + 100)
    m.buy(A, 500, 1, flags=HIDDEN, tif=DAY)
    m.buy(A, 505, 2, flags=HIDDEN, tif=DAY)
    m.sell(B, 515, 3, tif=DAY, discretion=5)
    m.sell(B, 515, 4, flags=HIDDEN)
    m.sell(B, 515, 5, flags=HIDDEN, tif=wire.TimeInForce.GTD, expire_ns=m.ts_ns + 50)
    assert said(m.tick(m.ts_ns + 50)) == ["CANCELED B 5@515 left 0 EXPIRED"]
    assert said(m.tick(m.ts_ns + 50))[:-1] == [
        "CANCELED B 3@515 left 0 DAY_END",
        "CANCELED A 1@500 left 0 DAY_END",
        "CANCELED A 2@505 left 0 DAY_END",
    ]
    m.sell(B, 520, 6, flags=HIDDEN)
    assert said(m.mass_cancel(B))[:-1] == ["CANCELED B 6@520 left 0 MASS", "CANCELED B 4@515 left 0 MASS"]
    m.buy(A, 505, 2, flags=HIDDEN)
    assert said(m.admin(CommandKind.OPERATOR_CANCEL, account=wire.ANY, instrument=0))[0].endswith("OPERATOR")
    assert m.orders() == []
    check_totals(m)
    assert said(m.buy(A, 500, 1)) == []


# Checks


@pytest.mark.parametrize(
    ("fields", "check", "limit", "value"),
    [
        ({"flags": HIDDEN, "tif": IOC}, Check.COMBINATION, Rule.DARK, HIDDEN),
        ({"flags": HIDDEN | POST}, Check.COMBINATION, Rule.DARK, HIDDEN | POST),
        ({"flags": HIDDEN, "order_type": MARKET}, Check.COMBINATION, Rule.DARK, HIDDEN),
        ({"flags": ALL_OR_NONE}, Check.COMBINATION, Rule.DARK, ALL_OR_NONE),
        ({"flags": ALL_OR_NONE, "tif": FOK}, Check.COMBINATION, Rule.DARK, ALL_OR_NONE),
        ({"min_qty": 2}, Check.COMBINATION, Rule.MIN_QTY, 2),
        ({"min_qty": 11, "flags": HIDDEN}, Check.COMBINATION, Rule.MIN_QTY, 11),
        ({"min_qty": 2, "flags": HIDDEN | ALL_OR_NONE}, Check.COMBINATION, Rule.MIN_QTY, 2),
        ({"discretion": 5, "flags": HIDDEN}, Check.COMBINATION, Rule.DISCRETION, 5),
        ({"discretion": 5, "flags": POST}, Check.COMBINATION, Rule.DISCRETION, 5),
        ({"discretion": -5}, Check.COMBINATION, Rule.DISCRETION, -5),
        ({"discretion": 5, "tif": IOC}, Check.COMBINATION, Rule.DISCRETION, 5),
        ({"discretion": 500, "side": SELL, "account": B}, Check.COMBINATION, Rule.DISCRETION, 500),
        ({"discretion": 7}, Check.TICK_SIZE, 5, 7),
        ({"discretion": 7, "price": 502}, Check.TICK_SIZE, 5, 502),
        ({"discretion": 7, "price": 600}, Check.TICK_SIZE, 5, 7),
        ({"discretion": 5, "price": 600}, Check.PRICE_COLLAR, 550, 600),
    ],
)
def test_refused(fields: dict[str, Any], check: Check, limit: int, value: int) -> None:
    m = Market()
    m.instrument(0, -1, -1, 500, 1000)
    named: dict[str, Any] = {"account": A, "side": BUY, "price": 500, "qty": 10} | fields
    [reject] = m.new(**named)
    assert (reject.kind, Check(reject.check), reject.limit, reject.value) == (EventKind.REJECTED, check, limit, value)
    assert reject.headroom == 0
    assert m.orders() == []


# Snapshots


def test_a_restored_core_finds_the_dark() -> None:
    m = market()
    m.sell(B, 505, 3, flags=HIDDEN, min_qty=2)
    m.sell(C, 520, 4, discretion=15)
    m.buy(A, 490, 4, discretion=5)
    snapshot = m.core.snapshot()
    again = Core.restore(snapshot)
    assert again.snapshot() == snapshot
    m.core = again
    assert said(m.buy(A, 505, 5))[::2] == ["FILL B+ 3@505 left 0", "FILL C+ 2@505 left 2"]
    assert said(m.sell(B, 495, 1))[0] == "FILL A+ 1@495 left 3"
    check_totals(m)
    third = m.orders()[0]
    m.cancel(third.account, third.order_id)
    check_totals(m)
