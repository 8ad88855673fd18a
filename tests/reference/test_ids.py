"""Order ids, client order ids in two generations, retries."""

from __future__ import annotations

from openbell.wire import Check, EventFlag, EventKind, OrderType, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference.desk import Desk


def tiny(desk: Desk, id_window: int = 2, orders: int = 64) -> Desk:
    desk.do(ask.configure(id_window=id_window, orders=orders), ask.instrument(0), ask.instrument_state(0, 1))
    desk.do(ask.account(0), ask.deposit(0, 10**12), ask.account(1), ask.deposit(1, 10**12))
    return desk


def order_id(slot: int, generation: int) -> int:
    return generation << 32 | slot


def test_slots_are_taken_in_order_and_the_last_freed_comes_back_first(desk: Desk) -> None:
    tiny(desk, 1024)
    ids = [desk.one(ask.buy(0, number, 5, 1)).order_id for number in (1, 2, 3)]
    assert ids == [order_id(1, 1), order_id(2, 1), order_id(3, 1)]
    desk.do(ask.cancel(0, 1), ask.cancel(0, 3))
    ids = [desk.one(ask.buy(0, number, 5, 1)).order_id for number in (4, 5, 6)]
    assert ids == [order_id(3, 2), order_id(1, 2), order_id(4, 1)]


def test_a_maker_is_freed_before_its_taker(desk: Desk) -> None:
    tiny(desk, 1024)
    desk.do(ask.shares(1, 0, 9), ask.buy(0, 1, 5, 1), ask.sell(1, 1, 5, 1))
    assert [desk.one(ask.buy(0, number, 5, 1)).order_id for number in (2, 3)] == [order_id(2, 2), order_id(1, 2)]


def test_a_retry_gets_the_first_answer_and_changes_nothing(desk: Desk) -> None:
    tiny(desk)
    desk.do(ask.buy(0, 1, 5, 10))
    again = desk.one(ask.buy(0, 1, 5, 10, order_id=77, session=3))
    assert (again.kind, again.flags) == (EventKind.ACCEPTED, EventFlag.DUPLICATE)
    assert (again.order_id, again.price, again.qty, again.leaves, again.filled) == (order_id(1, 1), 5, 10, 0, 0)
    assert (again.account_seq, again.instrument, again.client_order_id) == (4, 0, 1)
    assert len(desk.orders()) == 1
    desk.do(ask.cancel(0, 1), ask.instrument_state(0, 0))
    assert desk.one(ask.buy(0, 1, 5, 10)).flags == EventFlag.DUPLICATE  # no further check


def test_a_retry_of_a_market_order_repeats_the_price_as_sent(desk: Desk) -> None:
    tiny(desk)
    market = {"order_type": OrderType.MARKET, "tif": TimeInForce.DAY}
    desk.do(ask.sell(0, 1, -3, 10, **market))
    desk.do(ask.shares(0, 0, 10), ask.sell(0, 2, -3, 10, **market))
    again = desk.one(ask.sell(0, 2, -3, 10, **market))
    assert (again.flags, again.side, again.price) == (EventFlag.DUPLICATE, Side.SELL, -3)


def test_the_same_id_with_other_content_is_refused(desk: Desk) -> None:
    tiny(desk)
    desk.do(ask.buy(0, 7, 5, 10))
    others = {"price": 6, "qty": 11, "instrument": 1, "tif": 0, "order_type": 1, "flags": 1, "self_trade": 1, "side": 1}
    for name, value in others.items():
        sent = ask.buy(0, 7, 5, 10).fields | {name: value}
        refused = desk.one(ask.Command(sent))
        assert (refused.kind, refused.check) == (EventKind.REJECTED, Check.DUPLICATE_ID), name
        assert (refused.limit, refused.value, refused.headroom, refused.order_id) == (0, 7, 0, order_id(1, 1))


def test_ids_are_forgotten_a_generation_at_a_time_and_raise_the_floor(desk: Desk) -> None:
    tiny(desk, id_window=2)
    for account, number in ((0, 5), (1, 9), (0, 3), (0, 8)):
        assert desk.one(ask.buy(account, number, 5, 1)).kind == EventKind.ACCEPTED
    # Generations (5, 9) and (3, 8) are kept: all answers are still known.
    assert desk.one(ask.buy(0, 5, 5, 1)).flags == EventFlag.DUPLICATE
    assert desk.one(ask.buy(0, 4, 5, 1)).kind == EventKind.ACCEPTED  # drops (5, 9): floors 5 and 9
    refused = desk.one(ask.buy(0, 5, 5, 1))
    assert (refused.check, refused.limit, refused.value, refused.headroom) == (Check.STALE_ID, 6, 5, 0)
    assert desk.one(ask.buy(1, 2, 5, 1)).limit == 10
    assert desk.one(ask.buy(0, 3, 5, 1)).flags == EventFlag.DUPLICATE  # below the floor, but known
    assert desk.one(ask.buy(0, 6, 5, 1)).kind == EventKind.ACCEPTED
    assert desk.one(ask.buy(0, 7, 5, 1)).kind == EventKind.ACCEPTED  # drops (3, 8)
    assert desk.one(ask.buy(0, 8, 5, 1)).limit == 9
    assert (desk.account(0).last_client_order_id, desk.account(1).last_client_order_id) == (8, 9)


def test_rejected_orders_do_not_use_up_their_id(desk: Desk) -> None:
    tiny(desk)
    assert desk.one(ask.buy(0, 7, 0, 10)).check == Check.PRICE
    assert desk.one(ask.buy(0, 7, 1, 10)).kind == EventKind.ACCEPTED


def test_orders_are_named_by_either_id(desk: Desk) -> None:
    tiny(desk, id_window=1)
    desk.do(ask.buy(0, 1, 5, 1), ask.buy(0, 2, 5, 1), ask.buy(0, 3, 5, 1))
    refused = desk.one(ask.cancel(0, 1))  # live, but its client order id is forgotten
    assert (refused.kind, refused.check, refused.limit, refused.value) == (
        EventKind.CANCEL_REJECTED,
        Check.UNKNOWN_ORDER,
        0,
        1,
    )
    refused = desk.one(ask.cancel(1, 1, order_id=order_id(1, 1)))  # another's
    assert (refused.value, refused.order_id, refused.client_order_id) == (order_id(1, 1), order_id(1, 1), 1)
    assert desk.one(ask.cancel(0, 99, order_id=order_id(1, 1))).client_order_id == 1
    assert desk.one(ask.cancel(0, order_id=order_id(1, 1))).check == Check.UNKNOWN_ORDER
    assert desk.one(ask.cancel(0, order_id=order_id(1, 2))).check == Check.UNKNOWN_ORDER  # free
    assert desk.one(ask.cancel(0, order_id=order_id(9, 1))).check == Check.UNKNOWN_ORDER  # never taken
    assert desk.one(ask.cancel(0, order_id=(1 << 64) - 1)).value == -1
    assert desk.one(ask.cancel(0)).value == 0
    assert desk.one(ask.cancel(0, 3)).kind == EventKind.CANCELED
    assert desk.one(ask.cancel(0, 3)).check == Check.UNKNOWN_ORDER
