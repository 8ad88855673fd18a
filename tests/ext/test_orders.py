"""Cancel, replace, mass cancel, retries and old ids, the end of the day."""

from __future__ import annotations

import numpy as np
import pytest
from openbell import wire
from openbell.wire import BookKind, CancelReason, Check, CommandKind, EventFlag, EventKind, OrderFlag

from ext.core import Core
from tests.ext.market import BUY, DAY, SELL, A, B, C, Market

LEAVES, REQUEUE = OrderFlag.QTY_IS_LEAVES, OrderFlag.REQUEUE
DAY_NS = 86_400_000_000_000


def test_cancel_by_either_id() -> None:
    m = Market()
    first, second = m.buy(A, 500, 3)[0], m.buy(A, 505, 4)[0]
    [gone] = m.cancel(A, first.order_id)
    assert (gone.kind, gone.reason, gone.qty, gone.leaves) == (EventKind.CANCELED, CancelReason.USER, 3, 0)
    [gone] = m.cancel(A, client_order_id=second.client_order_id)
    assert (gone.order_id, gone.price, gone.qty) == (second.order_id, 505, 4)
    assert (m.orders(), m.account(A).hold, m.account(A).open_orders, m.position(A).open_buy) == ([], 0, 0, 0)


def test_a_retry_is_told_from_another_order_in_every_field() -> None:
    m = Market()
    sent = {"client_order_id": 7, "tif": DAY, "self_trade": wire.SelfTrade.CANCEL_OLDEST}
    first = m.buy(A, 500, 3, **sent)[0]
    [again] = m.buy(A, 500, 3, session=9, **sent)
    assert (again.kind, again.flags, again.order_id) == (EventKind.ACCEPTED, EventFlag.DUPLICATE, first.order_id)
    for other in (
        {"price": 505},
        {"qty": 4},
        {"side": SELL},
        {"instrument": 1},
        {"tif": wire.TimeInForce.GTC},
        {"self_trade": wire.SelfTrade.CANCEL_BOTH},
        {"flags": OrderFlag.POST_ONLY},
        {"order_type": wire.OrderType.MARKET},
    ):
        fields = {"account": A, "side": BUY, "price": 500, "qty": 3} | sent | other
        [reject] = m.apply(m.command(CommandKind.NEW_ORDER, **fields))
        assert (reject.kind, reject.check) == (EventKind.REJECTED, Check.DUPLICATE_ID), other
        assert reject.order_id == first.order_id


def test_cancel_of_what_is_not_ones_own_live_order() -> None:
    m = Market()
    order = m.buy(A, 500, 3)[0]
    for account, order_id, client_order_id, value in (
        (B, order.order_id, 5, order.order_id),
        (A, order.order_id + (1 << 32), 5, order.order_id + (1 << 32)),
        (A, 1 << 32 | 60, 5, 1 << 32 | 60),
        (A, 0, 77, 77),
    ):
        [reject] = m.cancel(account, order_id, client_order_id=client_order_id, qty=8, side=1)
        assert (reject.kind, reject.check) == (EventKind.CANCEL_REJECTED, Check.UNKNOWN_ORDER)
        assert (reject.limit, reject.value, reject.order_id, reject.qty, reject.side) == (0, value, order_id, 8, 1)
    [reject] = m.cancel(0, order.order_id)
    assert (reject.check, reject.account_seq) == (Check.ACCOUNT, 0)
    assert len(m.orders()) == 1


def queue(m: Market) -> list[int]:
    return [row.account for row in m.orders(instrument=0)]


def test_replace_to_less_keeps_its_place() -> None:
    m = Market()
    m.want_data = True
    order = m.buy(A, 500, 10)[0]
    m.buy(B, 500, 1)
    [event] = m.replace(A, order.order_id, 500, 4)
    assert (event.kind, event.flags, event.qty, event.leaves) == (EventKind.REPLACED, EventFlag.PRIORITY_KEPT, 4, 4)
    assert [(d.kind, getattr(d, "qty", None)) for d in m.data] == [(BookKind.REDUCE, 6), (BookKind.TOP, None)]
    assert (queue(m), m.account(A).hold) == ([A, B], 200_000)
    m.replace(A, order.order_id, 500, 4)
    assert (m.data, queue(m)) == ([], [A, B])


@pytest.mark.parametrize(("price", "qty", "flags"), [(500, 11, 0), (505, 10, 0), (500, 4, REQUEUE)])
def test_replace_that_loses_its_place(price: int, qty: int, flags: int) -> None:
    m = Market()
    order = m.buy(A, 500, 10)[0]
    m.buy(B, price, 1)
    m.want_data = True
    [event] = m.replace(A, order.order_id, price, qty, flags)
    assert (event.kind, event.flags, event.price, event.qty) == (EventKind.REPLACED, 0, price, qty)
    assert [d.kind for d in m.data[:2]] == [BookKind.DELETE, BookKind.ADD]
    assert (queue(m), m.account(A).hold) == ([B, A], price * qty * 100)


def test_replace_counts_what_was_filled() -> None:
    m = Market()
    order = m.buy(A, 500, 10)[0]
    m.sell(B, 500, 4)
    [event] = m.replace(A, order.order_id, 500, 9)
    assert (event.qty, event.leaves, event.filled) == (9, 5, 4)
    [event] = m.replace(A, order.order_id, 500, 3, LEAVES)
    assert (event.qty, event.leaves, event.filled) == (7, 3, 4)
    [event] = m.replace(A, order.order_id, 500, 4)
    assert (event.kind, event.reason) == (EventKind.CANCELED, CancelReason.REPLACED_BELOW_FILLED)


def test_replace_may_trade_and_then_ends() -> None:
    m = Market()
    order = m.buy(A, 500, 10)[0]
    m.sell(B, 600, 4)
    events = m.replace(A, order.order_id, 600, 4)
    assert [e.kind for e in events] == [EventKind.REPLACED, EventKind.FILL, EventKind.FILL]
    assert (m.orders(), m.account(A).hold, m.account(A).open_orders) == ([], 0, 0)
    assert m.cancel(A, order.order_id)[0].check == Check.UNKNOWN_ORDER


def test_replace_is_checked_without_its_own_holds() -> None:
    m = Market()
    m.limits(A, -1, -1, 10)
    m.admin(CommandKind.DEPOSIT, 500_000 - m.account(A).cash, account=A)
    order = m.buy(A, 500, 10)[0]
    assert m.replace(A, order.order_id, 500, 10, REQUEUE)[0].kind == EventKind.REPLACED
    [reject] = m.replace(A, order.order_id, 500, 11)
    assert (reject.check, reject.limit, reject.value, reject.headroom) == (Check.POSITION_LIMIT, 10, 11, 10)
    [reject] = m.replace(A, order.order_id, 505, 10)
    assert (reject.check, reject.limit, reject.value) == (Check.BUYING_POWER, 500_000, 505_000)
    assert (reject.order_id, reject.client_order_id, reject.side) == (order.order_id, order.client_order_id, BUY)


@pytest.mark.parametrize(
    ("fields", "check", "limit", "value"),
    [
        ({"flags": 1}, Check.FLAGS, 6, 1),
        ({"qty": 0}, Check.QTY, 1, 0),
        ({"price": 501}, Check.TICK_SIZE, 5, 501),
        ({"price": 0}, Check.PRICE, wire.MAX_PRICE, 0),
        ({"price": 600}, Check.POST_ONLY, 600, 600),
        ({"order_id": 5}, Check.UNKNOWN_ORDER, 0, 5),
        ({"account": 0}, Check.ACCOUNT, 0, 0),
    ],
)
def test_replace_refused(fields: dict[str, int], check: Check, limit: int, value: int) -> None:
    m = Market()
    m.sell(B, 600, 1)
    order = m.buy(A, 500, 10, flags=OrderFlag.POST_ONLY)[0]
    before = m.orders()
    named = {"account": A, "order_id": order.order_id, "price": 505, "qty": 10} | fields
    [reject] = m.replace(**named)
    assert (reject.kind, reject.check) == (EventKind.REPLACE_REJECTED, check)
    assert (reject.limit, reject.value) == (limit, value)
    assert m.orders() == before


def test_total_of_a_replaced_order_stays_within_a_u32() -> None:
    m = Market()
    m.instrument(0, 1)
    order = m.buy(A, 1, wire.MAX_QTY)[0]
    for _ in range(2):
        m.sell(B, 1, wire.MAX_QTY - 1)
        m.replace(A, order.order_id, 1, wire.MAX_QTY, LEAVES | REQUEUE)
    filled = 2 * (wire.MAX_QTY - 1)
    [row] = m.orders(account=A)
    assert (row.filled, row.leaves) == (filled, 1)
    [reject] = m.replace(A, order.order_id, 1, 10, LEAVES)
    assert (reject.check, reject.limit, reject.value) == (Check.ORDER_QTY, 2**32 - 1 - filled, 10)


def test_mass_cancel_newest_first_with_filters() -> None:
    m = Market()
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=1, state=wire.InstrumentState.OPEN)
    ids = [m.buy(B, 500, 1), m.sell(B, 600, 1), m.buy(B, 500, 1, instrument=1), m.buy(B, 505, 1), m.buy(A, 500, 1)]
    first, offer, other, last, _ = (events[0].order_id for events in ids)
    *gone, done = m.mass_cancel(B, 0, BUY, client_order_id=33)
    assert [e.order_id for e in gone] == [last, first]
    assert {(e.kind, e.reason) for e in gone} == {(EventKind.CANCELED, CancelReason.MASS)}
    assert (done.kind, done.qty, done.side, done.instrument) == (EventKind.MASS_CANCELED, 2, BUY, 0)
    assert (done.client_order_id, done.account_seq) == (33, m.account(B).account_seq)
    *gone, done = m.mass_cancel(B)
    assert ([e.order_id for e in gone], done.qty) == ([other, offer], 2)
    assert m.mass_cancel(B)[0].qty == 0
    for fields, check, limit, value in (
        ({"account": 0}, Check.ACCOUNT, 0, 0),
        ({"instrument": 9}, Check.INSTRUMENT, 0, 9),
        ({"side": 3}, Check.SIDE, 2, 3),
    ):
        [reject] = m.mass_cancel(**({"account": A} | fields))
        assert (reject.kind, reject.check, reject.limit, reject.value) == (
            EventKind.CANCEL_REJECTED,
            check,
            limit,
            value,
        )


def test_a_replaced_order_keeps_its_place_in_its_accounts_list() -> None:
    m = Market()
    first, second = m.buy(A, 500, 1)[0], m.buy(A, 500, 1)[0]
    m.replace(A, first.order_id, 505, 2)
    assert [e.order_id for e in m.mass_cancel(A)[:-1]] == [second.order_id, first.order_id]


def test_retry_gets_the_first_answer_and_another_order_is_refused() -> None:
    m = Market()
    first = m.buy(A, 500, 3, client_order_id=9)[0]
    m.cancel(A, first.order_id)
    m.admin(CommandKind.SET_ACCOUNT_STATE, account=A, state=wire.AccountState.BLOCKED)
    [again] = m.buy(A, 500, 3, client_order_id=9)
    assert (again.kind, again.flags, again.order_id) == (EventKind.ACCEPTED, EventFlag.DUPLICATE, first.order_id)
    assert (again.leaves, again.qty, again.price) == (0, 3, 500)
    for fields in ({"qty": 4}, {"price": 505}, {"side": SELL}, {"tif": DAY}, {"instrument": 1}, {"self_trade": 1}):
        [reject] = m.new(**({"account": A, "side": BUY, "price": 500, "qty": 3, "client_order_id": 9} | fields))
        assert (reject.check, reject.value, reject.order_id) == (Check.DUPLICATE_ID, 9, first.order_id)


def test_ids_of_a_dropped_generation_are_stale() -> None:
    m = Market(ids=4)
    for number in (10, 20, 15, 1):  # generation 1
        m.cancel(A, m.buy(A, 500, 1, client_order_id=number)[0].order_id)
    for number in range(1, 5):  # generation 2
        m.cancel(B, m.buy(B, 500, 1, client_order_id=number)[0].order_id)
    assert m.buy(A, 500, 1, client_order_id=15)[0].flags == EventFlag.DUPLICATE
    assert m.buy(A, 500, 1, client_order_id=12)[0].order_id  # not known, no generation dropped before it was taken
    [reject] = m.buy(A, 500, 1, client_order_id=15)
    assert (reject.check, reject.limit, reject.value) == (Check.STALE_ID, 21, 15)
    assert m.buy(A, 500, 1, client_order_id=12)[0].flags == EventFlag.DUPLICATE
    assert m.buy(B, 500, 1, client_order_id=4)[0].flags == EventFlag.DUPLICATE
    assert m.cancel(A, client_order_id=20)[0].check == Check.UNKNOWN_ORDER


@pytest.mark.parametrize("window", [5, 63, 64, 65, 200, 300])
@pytest.mark.parametrize("grows", [False, True])
def test_ids_through_many_generations(window: int, grows: bool) -> None:
    """Exactly the ids of two generations are known, whatever else was cleaned, grown or restored on the way."""
    m = Market(ids=window, orders=8)
    random = np.random.default_rng(window)
    current: dict[tuple[int, int], int] = {}
    previous: dict[tuple[int, int], int] = {}
    taken: dict[int, int] = {A: 0, B: 0, C: 0}
    for step in range(5 * window):
        account = (A, B, C)[int(random.integers(0, 3))]
        taken[account] += 1 + 20 * int(random.integers(0, 2))
        order = m.buy(account, 500, 1, client_order_id=taken[account])[0]
        assert order.flags == 0
        m.cancel(account, client_order_id=taken[account])
        if len(current) == window:
            previous, current = current, {}
        current[account, taken[account]] = order.order_id
        known = [*previous.items(), *current.items()]
        (who, number), order_id = known[int(random.integers(0, len(known)))]
        [again] = m.buy(who, 500, 1, client_order_id=number)
        assert (again.flags, again.order_id) == (EventFlag.DUPLICATE, order_id)
        if grows and step % (window // 2) == window // 3:
            more = m.core.stats()["orders"]["capacity"] + 1
            m.admin(CommandKind.CONFIGURE, 8, 8, more, 32, 16, window, 8)
            assert Core.restore(m.core.snapshot()).snapshot() == m.core.snapshot()
    assert m.buy(A, 500, 1, client_order_id=1)[0].check == Check.STALE_ID


def test_day_orders_end_with_the_day() -> None:
    m = Market()
    start = m.ts_ns
    assert m.admin(CommandKind.SET_SCHEDULE, start + 5, request=3)[0].price == start + 5
    day = [m.buy(A, 500, 1, tif=DAY), m.buy(B, 505, 1, tif=DAY), m.sell(C, 600, 1, tif=DAY), m.buy(A, 505, 1, tif=DAY)]
    m.buy(A, 505, 1)
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=wire.InstrumentState.CLOSED)
    assert m.tick(start + 4) == []
    *gone, ended = m.tick(start + 5 + 2 * DAY_NS)
    best_first = [1, 3, 0, 2]
    assert [e.order_id for e in gone] == [day[place][0].order_id for place in best_first]
    assert {e.reason for e in gone} == {CancelReason.DAY_END}
    assert (ended.kind, ended.qty, ended.price) == (EventKind.DAY_ENDED, 4, start + 5 + 3 * DAY_NS)
    assert [row.tif for row in m.orders()] == [wire.TimeInForce.GTC]
