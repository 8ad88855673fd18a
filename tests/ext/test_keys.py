"""Limits of keys by hand: docs/session-limits.md."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    BY_KEY,
    AdminFlag,
    AuctionKind,
    CommandKind,
    EventKind,
    InstrumentState,
    Limit,
    OrderFlag,
    OrderType,
    Peg,
    Role,
    SelfTrade,
)

from ext.core import Core
from tests.ext import desked
from tests.ext.keyed import KEY, SECOND, limit_key, limits_of, market, open_of, refused, row_of, same, set_key, warned
from tests.ext.market import BUY, DAY, FOK, IOC, SELL, A, B, C, Market, plain
from tests.ext.risky import DOLLAR

P = 100 * DOLLAR  # a price
EACH = P * 100  # cash of a lot at it
ACCEPTED, REPLACED = EventKind.ACCEPTED, EventKind.REPLACED


def kinds(events: list[Any]) -> list[int]:
    return desked.kinds(events)


# Setting up


def test_keys_have_numbers_up_to_255_and_names_of_their_own() -> None:
    m = Market()
    (event,) = set_key(m, 1, b"one")
    assert (event.kind, event.account, event.qty, event.account_seq) == (EventKind.KEY_SET, 1, 5, 0)
    assert refused(set_key(m, 0, b"none")) == ("CAPACITY", 255, 0, 0, 0)
    assert refused(set_key(m, 256, b"none")) == ("CAPACITY", 255, 256, 0, 0)
    assert refused(set_key(m, 2, b"one")) == ("NAME", 1, 2, 0, 0)
    assert refused(set_key(m, 2)) == ("NAME", 0, 2, 0, 0)
    set_key(m, 255, b"acc1")  # an account's name is another thing
    set_key(m, 1)
    assert [(row.key, row.name) for row in plain(m.core.keys(), wire.KEY_ROW)] == [(1, b"one"), (255, b"acc1")]
    set_key(m, 1, b"first")
    set_key(m, 2, b"one")
    assert [row.name for row in plain(m.core.keys(), wire.KEY_ROW)] == [b"first", b"one", b"acc1"]
    same(m)


def test_limits_of_keys_are_those_of_the_table() -> None:
    m = market()
    have = {Limit.OPEN_NOTIONAL, Limit.OPEN_ORDERS, Limit.ORDER_NOTIONAL, Limit.ORDER_VOLUME, Limit.REPEATS}
    have |= {Limit.MESSAGES, Limit.ORDER_QTY}
    for which in (0, *Limit, 12, 255):
        events = limit_key(m, KEY, which, 10, 3)
        if which in have:
            (event,) = events
            assert (event.kind, event.account, event.reason, event.flags) == (
                EventKind.LIMIT_SET, KEY, which, AdminFlag.OF_KEY,
            )  # fmt: skip
            assert (event.price, event.order_id, event.qty, event.account_seq) == (10, 3, 6, 0)
        else:
            assert refused(events) == ("VALUE", Limit.ORDER_QTY, which, 0, 0)
            assert events[0].client_order_id == 2
    assert limits_of(m) == {one.name: (10, 3, 0) for one in have}
    assert limits_of(m, SECOND) == {}
    same(m)


def test_limits_of_keys_have_their_ranges() -> None:
    m = market()
    assert refused(limit_key(m, 9, Limit.MESSAGES, 1)) == ("ACCOUNT", 0, 9, 0, 0)
    assert refused(limit_key(m, 300, Limit.MESSAGES, 1)) == ("ACCOUNT", 0, 300, 0, 0)
    for which, most in (
        (Limit.ORDER_QTY, 2**31 - 1), (Limit.OPEN_ORDERS, 2**31 - 1), (Limit.REPEATS, 2**31 - 1),
        (Limit.MESSAGES, 2**31 - 1), (Limit.ORDER_VOLUME, 10**6), (Limit.ORDER_NOTIONAL, 2**62),
        (Limit.OPEN_NOTIONAL, 2**62),
    ):  # fmt: skip
        assert refused(limit_key(m, KEY, which, -1)) == ("VALUE", 0, -1, 0, 0)
        assert refused(limit_key(m, KEY, which, most + 1)) == ("VALUE", most, most + 1, 0, 0)
        assert refused(limit_key(m, KEY, which, 0, most + 1)) == ("VALUE", most, most + 1, 0, 0)
        assert refused(limit_key(m, KEY, which, 5, 6)) == ("VALUE", 5, 6, 0, 0)
        (event,) = limit_key(m, KEY, which, most, most)
        assert event.kind == EventKind.LIMIT_SET
    assert refused(m.admin(CommandKind.SET_LIMIT, 1, account=A, state=Limit.ORDER_QTY)) == (
        "VALUE", Limit.MESSAGES, Limit.ORDER_QTY, 0, 0,
    )  # fmt: skip
    both = AdminFlag.OF_KEY | AdminFlag.OF_DESK
    (event,) = m.admin(CommandKind.SET_LIMIT, 1, account=KEY, state=Limit.MESSAGES, flags=both)
    assert (event.kind, event.flags) == (EventKind.LIMIT_SET, AdminFlag.OF_KEY)


def test_a_number_that_is_no_keys_is_as_none() -> None:
    with_byte, without = market(), market()
    for byte, m in ((9, with_byte), (0, without)):
        limit_key(m, KEY, Limit.MESSAGES, 1)
        (event, *_) = m.buy(A, P, 3, key=byte)
        m.replace(A, event.order_id, P, 2, key=byte)
        m.sell(B, P, 1, key=byte)
        m.special(A, BUY, 5, order_type=OrderType.STOP, stop_price=2 * P, key=byte)
    assert with_byte.core.keys() == without.core.keys()
    assert with_byte.core.orders() == without.core.orders()


# One order


def test_an_order_has_at_most_so_many_lots_and_so_much_notional() -> None:
    m = market()
    limit_key(m, KEY, Limit.ORDER_QTY, 10, 5)
    limit_key(m, KEY, Limit.ORDER_NOTIONAL, 8 * EACH)
    assert refused(m.buy(A, P, 11, key=KEY)) == ("LIMIT_ORDER_QTY", 10, 11, 10, BY_KEY)
    assert refused(m.buy(A, P, 9, key=KEY)) == ("LIMIT_ORDER_NOTIONAL", 8 * EACH, 9 * EACH, 8 * EACH, BY_KEY)
    events = m.buy(A, P, 8, key=KEY)
    assert kinds(events) == [ACCEPTED, EventKind.LIMIT_WARNING]
    assert warned(events) == [("ORDER_QTY", A, BY_KEY, 5, 8, KEY)]
    assert (events[1].client_order_id, events[1].instrument) == (events[0].client_order_id, 0)
    assert kinds(m.buy(A, P, 5, key=KEY)) == [ACCEPTED]  # at the soft limit
    assert kinds(m.buy(A, P, 11, key=SECOND)) == kinds(m.buy(A, P, 11)) == [ACCEPTED]
    number = events[0].order_id
    reject = m.replace(A, number, P, 11, key=KEY)
    assert refused(reject) == ("LIMIT_ORDER_QTY", 10, 11, 10, BY_KEY)
    events = m.replace(A, number, P - DOLLAR, 8, key=KEY)
    assert (kinds(events), warned(events)) == ([REPLACED, EventKind.LIMIT_WARNING], [("ORDER_QTY", A, 255, 5, 8, KEY)])
    assert kinds(m.replace(A, number, P, 11)) == [REPLACED]  # from another session: its limits are asked
    same(m)


def test_a_market_order_counts_its_effective_price() -> None:
    m = market()
    m.admin(CommandKind.SET_INSTRUMENT, -1, -1, P, 1000, -1, -1, -1, -1, instrument=0)
    limit_key(m, KEY, Limit.ORDER_NOTIONAL, 2 * EACH)
    most = P * 110 // 100 * 100
    events = m.buy(A, 0, 2, order_type=OrderType.MARKET, tif=IOC, key=KEY)
    assert refused(events) == ("LIMIT_ORDER_NOTIONAL", 2 * EACH, 2 * most, 2 * EACH, BY_KEY)
    assert kinds(m.buy(A, 0, 1, order_type=OrderType.MARKET, tif=IOC, key=KEY))[0] == ACCEPTED


def test_an_order_is_at_most_a_part_of_the_average_volume() -> None:
    m = market()
    limit_key(m, KEY, Limit.ORDER_VOLUME, 100)  # 1 %
    assert kinds(m.buy(A, P, 10_000, key=KEY)) == [ACCEPTED]  # not known
    m.admin(CommandKind.SET_MARGIN, 0, 0, 0, 0, 0, 0, 50_000, 0, instrument=0)
    assert refused(m.buy(A, P, 505, key=KEY)) == ("LIMIT_ORDER_VOLUME", 100, 101, 100, BY_KEY)
    assert kinds(m.buy(A, P, 504, key=KEY)) == [ACCEPTED]


def test_the_same_order_again_is_refused_within_its_second() -> None:
    m = market()
    limit_key(m, KEY, Limit.REPEATS, 2, 1)
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]
    assert warned(m.buy(A, P, 1, key=KEY)) == [("REPEATS", A, BY_KEY, 1, 2, KEY)]
    assert refused(m.buy(A, P, 1, key=KEY)) == ("LIMIT_REPEATS", 2, 3, 0, BY_KEY)
    assert kinds(m.buy(C, P, 1, key=KEY)) == [ACCEPTED]  # of another account
    assert kinds(m.buy(A, P, 2, key=KEY)) == [ACCEPTED]
    assert kinds(m.buy(A, P, 1, key=SECOND)) == [ACCEPTED]  # with another key
    same(m)
    m.ts_ns += 999_999_999
    assert refused(m.buy(A, P, 1, key=KEY))[0] == "LIMIT_REPEATS"
    m.ts_ns += 1
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]
    same(m)


def test_four_different_orders_are_remembered() -> None:
    m = market()
    limit_key(m, KEY, Limit.REPEATS, 1)
    for qty in (1, 2, 3, 4):
        assert kinds(m.buy(A, P, qty, key=KEY)) == [ACCEPTED]
    for qty in (1, 2, 3, 4):
        assert refused(m.buy(A, P, qty, key=KEY))[0] == "LIMIT_REPEATS"
    assert kinds(m.buy(A, P, 5, key=KEY)) == [ACCEPTED]  # takes the place of 1
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]
    assert refused(m.buy(A, P, 3, key=KEY))[0] == "LIMIT_REPEATS"


# Messages


def test_messages_of_all_accounts_of_a_key_count_together() -> None:
    m = market()
    limit_key(m, KEY, Limit.MESSAGES, 3, 1)
    (first, *_) = m.buy(A, P, 1, key=KEY)
    events = m.buy(B, P, 1, key=KEY)
    assert kinds(events) == [EventKind.LIMIT_WARNING, ACCEPTED]
    assert warned(events) == [("MESSAGES", B, BY_KEY, 1, 2, KEY)]
    assert kinds(m.replace(A, first.order_id, P, 2, key=KEY)) == [REPLACED]
    assert refused(m.buy(C, P, 1, key=KEY)) == ("LIMIT_MESSAGES", 3, 4, 0, BY_KEY)
    assert refused(m.replace(A, first.order_id, P, 3, key=KEY)) == ("LIMIT_MESSAGES", 3, 4, 0, BY_KEY)
    assert kinds(m.cancel(A, first.order_id, key=KEY)) == [EventKind.CANCELED]  # cancels are always taken
    assert kinds(m.buy(A, P, 1)) == kinds(m.buy(A, P, 1, key=SECOND)) == [ACCEPTED]
    assert limits_of(m)["MESSAGES"] == (3, 1, 3)
    same(m)
    m.ts_ns += 10**9
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]
    assert row_of(m).messages == 1


def test_what_its_account_or_desk_refuses_is_not_counted_by_the_key() -> None:
    m = desked.market()
    set_key(m, KEY, b"algo-7")
    desked.limit(m, A, Limit.MESSAGES, 2)
    desked.limit_desk(m, desked.DESK, Limit.MESSAGES, 1)
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]
    assert desked.refused(m.buy(A, P, 1, key=KEY)) == ("LIMIT_MESSAGES", 1, 2, 0, 1)
    assert row_of(m).messages == 1
    limit_key(m, KEY, Limit.MESSAGES, 1)
    assert refused(m.buy(A, P, 1, key=KEY)) == ("LIMIT_MESSAGES", 1, 2, 0, BY_KEY)
    m.ts_ns += 10**9
    (event, *_) = m.buy(A, P, 0, key=KEY)  # refused further on: it has been counted
    assert (event.kind, row_of(m).messages) == (EventKind.REJECTED, 1)


def test_warnings_come_in_the_order_of_holders() -> None:
    m = desked.market()
    set_key(m, KEY, b"algo-7")
    for set_one, holder in ((desked.limit, A), (limit_key, KEY), (desked.limit_desk, desked.DESK)):
        set_one(m, holder, Limit.ORDER_NOTIONAL, 0, 1)
        set_one(m, holder, Limit.MESSAGES, 0, 1)
    m.buy(A, P, 1, key=KEY)
    events = m.buy(A, P, 1, key=KEY)
    assert [(e.kind, e.reason, e.flags) for e in events] == [
        (EventKind.LIMIT_WARNING, Limit.MESSAGES, 0), (EventKind.LIMIT_WARNING, Limit.MESSAGES, 1),
        (EventKind.LIMIT_WARNING, Limit.MESSAGES, BY_KEY), (ACCEPTED, 0, 0),
        (EventKind.LIMIT_WARNING, Limit.ORDER_NOTIONAL, BY_KEY), (EventKind.LIMIT_WARNING, Limit.ORDER_NOTIONAL, 0),
        (EventKind.LIMIT_WARNING, Limit.ORDER_NOTIONAL, 1),
    ]  # fmt: skip


# Open orders, and what they count


def test_open_orders_are_those_of_all_sessions_until_they_end() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_ORDERS, 2, 1)
    (first, *_) = m.buy(A, P, 1, key=KEY, session=4)
    events = m.sell(B, P + DOLLAR, 1, key=KEY, session=5)
    assert (kinds(events), warned(events)) == (
        [ACCEPTED, EventKind.LIMIT_WARNING], [("OPEN_ORDERS", B, BY_KEY, 1, 2, KEY)],
    )  # fmt: skip
    assert refused(m.buy(A, P, 1, key=KEY, session=6)) == ("LIMIT_OPEN_ORDERS", 2, 3, 0, BY_KEY)
    assert kinds(m.replace(A, first.order_id, P, 3, key=KEY)) == [REPLACED]
    m.buy(C, P + DOLLAR, 1)  # fills B's
    assert open_of(m) == (1, 3 * EACH)
    same(m)
    m.cancel(A, first.order_id)
    assert open_of(m) == (0, 0)
    assert kinds(m.buy(A, P, 1, key=KEY)) == [ACCEPTED]


def test_what_ends_at_once_counts_for_nobody() -> None:
    m = market()
    m.sell(B, P, 2)
    for qty, tif in ((1, IOC), (1, FOK), (5, FOK), (5, IOC)):
        assert kinds(m.buy(A, P, qty, tif=tif, key=KEY))[0] == ACCEPTED
        assert open_of(m) == (0, 0)
    same(m)


def test_open_notional_follows_fills_and_replaces() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, 10 * EACH)
    (first, *_) = m.buy(A, P, 6, key=KEY)
    assert refused(m.buy(A, P, 5, key=KEY)) == ("LIMIT_OPEN_NOTIONAL", 10 * EACH, 11 * EACH, 4 * EACH, BY_KEY)
    m.sell(B, P, 4)
    assert open_of(m) == (1, 2 * EACH)
    assert kinds(m.buy(A, P, 5, key=KEY)) == [ACCEPTED]
    assert refused(m.replace(A, first.order_id, P, 10, key=KEY)) == (
        "LIMIT_OPEN_NOTIONAL", 10 * EACH, 11 * EACH, 3 * EACH, BY_KEY,
    )  # fmt: skip
    assert kinds(m.replace(A, first.order_id, P, 9, key=KEY)) == [REPLACED]
    assert open_of(m) == (2, 10 * EACH)
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, EACH)  # below what it has: what makes it smaller is taken
    assert kinds(m.replace(A, first.order_id, P, 8, key=KEY)) == [REPLACED]
    assert refused(m.replace(A, first.order_id, P, 9, key=KEY))[:3] == ("LIMIT_OPEN_NOTIONAL", EACH, 10 * EACH)
    assert open_of(m) == (2, 9 * EACH)
    same(m)


def test_an_order_stays_that_of_the_key_which_entered_it() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, 4 * EACH)
    (first, *_) = m.buy(A, P, 3, key=KEY)
    for key in (0, SECOND):
        assert refused(m.replace(A, first.order_id, P, 5, key=key)) == (
            "LIMIT_OPEN_NOTIONAL", 4 * EACH, 5 * EACH, EACH, BY_KEY,
        )  # fmt: skip
    assert kinds(m.replace(A, first.order_id, P, 4, key=SECOND)) == [REPLACED]
    assert (open_of(m), open_of(m, SECOND)) == ((1, 4 * EACH), (0, 0))
    assert row_of(m, SECOND).messages == 2
    (other, *_) = m.buy(A, P, 100)
    assert kinds(m.replace(A, other.order_id, P, 101, key=KEY)) == [REPLACED]  # of none
    assert open_of(m) == (1, 4 * EACH)


def test_soft_open_notional_is_told_when_it_is_passed() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, 0, 3 * EACH)
    (first, *rest) = m.buy(A, P, 3, key=KEY)
    assert rest == []
    events = m.replace(A, first.order_id, P, 4, key=SECOND)
    assert (kinds(events)[:2], warned(events)) == (
        [REPLACED, EventKind.LIMIT_WARNING], [("OPEN_NOTIONAL", A, BY_KEY, 3 * EACH, 4 * EACH, KEY)],
    )  # fmt: skip
    assert warned(m.buy(A, P, 1, key=KEY)) == []  # it was more before
    assert warned(m.replace(A, first.order_id, P, 1, key=KEY)) == []


def test_what_was_entered_before_the_key_was_set_up_is_of_none() -> None:
    m = Market()
    m.buy(A, P, 1, key=KEY)
    set_key(m, KEY, b"late")
    assert open_of(m) == (0, 0)


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"order_type": OrderType.STOP_LIMIT, "price": 2 * P, "stop_price": 2 * P, "side": BUY}, 2 * EACH),
        ({"order_type": OrderType.STOP, "stop_price": 2 * P, "side": BUY}, 2 * EACH),
        ({"order_type": OrderType.LIMIT, "price": P, "display_qty": 1, "side": BUY}, EACH),
        ({"order_type": OrderType.LIMIT, "price": P, "discretion": P, "side": BUY}, 2 * EACH),
        ({"order_type": OrderType.LIMIT, "price": P, "discretion": DOLLAR, "side": SELL}, EACH),
        ({"order_type": OrderType.LIMIT, "price": P, "flags": OrderFlag.HIDDEN, "side": BUY}, EACH),
        ({"order_type": OrderType.PEGGED, "peg": Peg.PRIMARY, "price": P, "side": BUY}, EACH),
    ],
)  # fmt: skip
def test_special_orders_count_at_the_price_of_check_19(fields: dict[str, int], count: int) -> None:
    m = market()
    m.sell(B, P + 50 * DOLLAR, 1)  # a reference for stops
    m.buy(C, P + 50 * DOLLAR, 1)
    account = A if fields["side"] == BUY else B
    events = m.special(account, qty=3, key=KEY, **fields)
    assert kinds(events)[0] == ACCEPTED, events
    assert open_of(m) == (1, 3 * count)
    same(m)
    m.cancel(account, events[0].order_id)
    assert open_of(m) == (0, 0)


def test_icebergs_count_their_reserve_as_it_trades() -> None:
    m = market()
    m.special(A, BUY, 10, price=P, display_qty=2, key=KEY)
    for sold, left in ((1, 9), (3, 6), (5, 1), (1, 0)):
        m.sell(B, P, sold)
        assert open_of(m) == (1 if left else 0, left * EACH)
        same(m)


def test_a_key_that_takes_counts_what_is_left() -> None:
    m = market()
    m.sell(B, P, 4)
    m.buy(A, P, 10, key=KEY)
    assert open_of(m) == (1, 6 * EACH)
    m.sell(B, P, 6, key=SECOND)
    assert (open_of(m), open_of(m, SECOND)) == ((0, 0), (0, 0))


def test_self_trade_prevention_takes_lots_from_it() -> None:
    m = market()
    m.buy(C, P, 5, key=KEY)
    m.sell(C, P, 2, key=SECOND, self_trade=SelfTrade.DECREMENT)
    assert (open_of(m), open_of(m, SECOND)) == ((1, 3 * EACH), (0, 0))
    m.sell(C, P, 4, key=SECOND, self_trade=SelfTrade.DECREMENT)
    assert (open_of(m), open_of(m, SECOND)) == ((0, 0), (1, EACH))
    same(m)


def test_each_order_of_a_ring_and_each_child_counts() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_ORDERS, 3)
    stop = {"order_type": OrderType.STOP, "stop_price": P - 10 * DOLLAR}
    m.special(A, SELL, 5, price=2 * P, role=Role.CHILD, client_order_id=1, key=KEY)
    m.special(A, SELL, 5, role=Role.CHILD, link_id=1, client_order_id=2, key=KEY, **stop)
    events = m.special(A, BUY, 5, price=P, role=Role.PARENT, link_id=2, client_order_id=3, key=KEY)
    assert kinds(events)[0] == ACCEPTED, events
    assert open_of(m)[0] == 3
    assert refused(m.buy(A, P, 1, key=KEY)) == ("LIMIT_OPEN_ORDERS", 3, 4, 0, BY_KEY)
    before = open_of(m)[1]
    m.sell(B, P, 2)  # part of the parent
    assert open_of(m) == (3, before - 2 * EACH)
    same(m)
    m.cancel(A, events[0].order_id)  # its children wake with as many lots as it filled
    assert open_of(m) == (2, 2 * 2 * EACH + 2 * (EACH - 10 * DOLLAR * 100))
    same(m)


def test_an_auction_is_followed() -> None:
    m = market()
    m.state(InstrumentState.CALL, AuctionKind.OPENING, 0, InstrumentState.OPEN)
    m.buy(A, P, 10, key=KEY)
    m.special(A, BUY, 5, price=P, display_qty=1, key=KEY)
    m.sell(B, P, 12, key=SECOND)
    assert (open_of(m), open_of(m, SECOND)) == ((2, 15 * EACH), (1, 12 * EACH))
    same(m)
    m.auction()
    m.state(InstrumentState.OPEN)
    assert (open_of(m), open_of(m, SECOND)) == ((1, 3 * EACH), (0, 0))
    same(m)


def test_the_end_of_a_day_takes_its_orders() -> None:
    m = market()
    m.admin(CommandKind.SET_SCHEDULE, m.ts_ns + 10)
    m.buy(A, P, 1, tif=DAY, key=KEY)
    m.buy(A, P, 2, key=KEY)
    m.tick(m.ts_ns + 10)
    assert open_of(m) == (1, 2 * EACH)


def test_a_later_configure_keeps_all_of_it() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, 100 * EACH)
    m.buy(A, P, 3, key=KEY)
    m.admin(CommandKind.CONFIGURE, 16, 16, 128, 64, 32, 64, 8)
    assert open_of(m) == (1, 3 * EACH)
    m.sell(B, P, 1)
    assert open_of(m) == (1, 2 * EACH)
    assert set_key(m, SECOND, b"algo-7")[0].kind == EventKind.ADMIN_REJECTED
    same(m)


# Others


def test_a_preview_counts_nothing() -> None:
    m = market()
    for which in (Limit.MESSAGES, Limit.REPEATS, Limit.OPEN_ORDERS, Limit.ORDER_QTY):
        limit_key(m, KEY, which, 5, 1)
    m.buy(A, P, 3, key=KEY)
    before = m.core.state_hash()
    for qty, kind in ((3, ACCEPTED), (6, EventKind.REJECTED)):
        order = m.order(A, BUY, P, qty, key=KEY, client_order_id=50)
        answer, _, _ = m.core.preview_order(order)
        assert plain(answer, wire.EVENT)[0].kind == kind
        assert m.core.state_hash() == before
    assert kinds(m.buy(A, P, 3, client_order_id=50)) == [ACCEPTED]  # nothing is left to be told


def test_a_retry_with_another_key_is_the_same_order() -> None:
    m = market()
    (first, *_) = m.buy(A, P, 3, key=KEY, client_order_id=9)
    for key in (0, SECOND, KEY):
        (again,) = m.buy(A, P, 3, key=key, client_order_id=9)
        assert (again.kind, again.flags, again.order_id) == (ACCEPTED, 1, first.order_id)
    assert row_of(m).messages == 1


def test_a_refused_order_leaves_nothing_to_be_told_behind() -> None:
    m = market()
    limit_key(m, KEY, Limit.ORDER_QTY, 0, 1)
    m.sell(B, P, 1)
    assert kinds(m.buy(A, P, 2, flags=OrderFlag.POST_ONLY, key=KEY)) == [EventKind.REJECTED]
    assert kinds(m.buy(A, P - DOLLAR, 2)) == [ACCEPTED]


def test_a_key_changes_nothing_but_its_limits() -> None:
    """The same orders with a key without limits and without one: the same events, books and money."""
    with_key, without = market(), market()
    seen = []
    for m, key in ((with_key, KEY), (without, 0)):
        events = []
        m.want_data = True
        data = []
        for account, side, price, qty, fields in (
            (A, BUY, P, 5, {}), (B, SELL, P, 3, {}), (B, SELL, P + DOLLAR, 4, {"tif": DAY}),
            (C, BUY, P + DOLLAR, 9, {"tif": IOC}), (C, SELL, P - DOLLAR, 9, {}), (A, BUY, P - DOLLAR, 3, {"tif": FOK}),
            (C, BUY, P - DOLLAR, 3, {"self_trade": SelfTrade.CANCEL_BOTH}), (A, BUY, P - 5 * DOLLAR, 3, {}),
        ):  # fmt: skip
            events += m.new(account, side, price, qty, key=key, **fields)
            data += m.data
        events += m.replace(A, events[-1].order_id, P - 5 * DOLLAR, 2, key=key)
        events += m.replace(A, events[-1].order_id, P - 6 * DOLLAR, 4, key=key)
        data += m.data
        seen.append((events, data, m.core.orders(), m.core.accounts(), m.core.positions()))
    assert seen[0] == seen[1]


def test_damage_is_found() -> None:
    m = market()
    limit_key(m, KEY, Limit.OPEN_NOTIONAL, 100 * EACH)
    m.buy(A, P, 3, key=KEY)
    data = m.core.snapshot()
    at = data.rindex(b"algo-7")
    for damaged in (data[:at] + b"\0" * 6 + data[at + 6 :], data[:-8] + b"\xff" * 8, data[:-1]):
        with pytest.raises(ValueError, match="damaged"):
            Core.restore(damaged)
