"""Commands of operators: what they set, and what they refuse, with index, limit and value."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountState, AdminFlag, CancelReason, Check, CommandKind, EventKind, InstrumentState

from tests.ext.market import BUY, CASH, SELL, A, B, C, Market

K = CommandKind
SHARES = 1 << 40


def test_answers_carry_the_request() -> None:
    m = Market()
    for kind, fields, answer in (
        (K.CONFIGURE, (8, 8, 64, 32, 16, 64, 8), EventKind.CONFIGURED),
        (K.SET_INSTRUMENT, (1, 1), EventKind.INSTRUMENT_SET),
        (K.SET_ACCOUNT, (), EventKind.ACCOUNT_SET),
        (K.SET_SCHEDULE, (m.ts_ns + 1,), EventKind.SCHEDULE_SET),
        (K.NOTE, (), EventKind.NOTED),
    ):
        [event] = m.admin(kind, *fields, request=77, account=4, instrument=4, name=b"four")
        assert (event.kind, event.qty) == (answer, 77)
        assert event.account == (4 if kind == K.SET_ACCOUNT else 0)
        assert event.account_seq == (1 if kind == K.SET_ACCOUNT else 0)
    [event] = m.admin(K.DEPOSIT, -5, account=A, request=9)
    assert (event.kind, event.qty, event.price, event.trade_id) == (EventKind.CASH, 9, -5, CASH - 5)
    [event] = m.admin(K.DEPOSIT_SHARES, 8, 3, account=A, instrument=1, request=9)
    assert (event.kind, event.instrument, event.price, event.trade_id) == (EventKind.SHARES, 1, 8, 8)


REFUSED: list[tuple[int, tuple[int, ...], dict[str, Any], Check, int, int, int]] = [
    (K.CONFIGURE, (0, 8, 64, 32, 16, 64, 8), {}, Check.VALUE, 0, 1, 0),
    (K.CONFIGURE, ((1 << 24) + 1, 8, 64, 32, 16, 64, 8), {}, Check.VALUE, 0, 1 << 24, (1 << 24) + 1),
    (K.CONFIGURE, (8, 7, 64, 32, 16, 64, 8), {}, Check.VALUE, 1, 8, 7),
    (K.CONFIGURE, (8, 8, 1 << 31, 32, 16, 64, 8), {}, Check.VALUE, 2, (1 << 31) - 1, 1 << 31),
    (K.CONFIGURE, (8, 8, 64, 32, 16, 65, 8), {}, Check.VALUE, 5, 64, 65),
    (K.CONFIGURE, (8, 8, 64, 32, 16, 64, 12), {}, Check.VALUE, 6, 4096, 12),
    (K.CONFIGURE, (8, 8, 64, 32, 16, 64, 16), {}, Check.VALUE, 6, 8, 16),
    (K.SET_INSTRUMENT, (1, 1), {"instrument": 8, "name": b"X"}, Check.CAPACITY, 0, 8, 8),
    (K.SET_INSTRUMENT, (1, 1), {"instrument": 2}, Check.NAME, 0, 0, 2),
    (K.SET_INSTRUMENT, (1, 1), {"instrument": 2, "name": b"ONE"}, Check.NAME, 0, 1, 2),
    (K.SET_INSTRUMENT, (-1, 1), {"instrument": 2, "name": b"X"}, Check.VALUE, 0, 1, -1),
    (K.SET_INSTRUMENT, (1, (1 << 20) + 1), {"instrument": 2, "name": b"X"}, Check.VALUE, 1, 1 << 20, (1 << 20) + 1),
    (K.SET_INSTRUMENT, (10, 1), {"instrument": 0}, Check.VALUE, 0, 5, 10),
    (K.SET_INSTRUMENT, (5, 2), {"instrument": 0}, Check.VALUE, 1, 1, 2),
    (K.SET_INSTRUMENT, (5, 1, -2), {"instrument": 0}, Check.VALUE, 2, 0, -2),
    (K.SET_INSTRUMENT, (5, 1, 0, 10001), {"instrument": 0}, Check.VALUE, 3, 10000, 10001),
    (K.SET_INSTRUMENT_STATE, (), {"instrument": 9}, Check.INSTRUMENT, 0, 0, 9),
    (K.SET_INSTRUMENT_STATE, (), {"instrument": 1, "state": 4}, Check.VALUE, 0, 3, 4),
    (K.SET_ACCOUNT, (), {"account": 8, "name": b"X"}, Check.CAPACITY, 0, 8, 8),
    (K.SET_ACCOUNT, (0, 0, SHARES + 1), {"account": A, "flags": 4}, Check.VALUE, 2, SHARES, SHARES + 1),
    (K.SET_ACCOUNT, (), {"account": A, "flags": 4}, Check.VALUE, 8, 3, 4),
    (K.SET_ACCOUNT, (), {"account": 5, "flags": 255, "name": b"X"}, Check.VALUE, 8, 3, 255),
    (K.SET_ACCOUNT, (), {"account": A, "name": b"acc2"}, Check.NAME, 0, B, A),
    (K.SET_ACCOUNT_STATE, (), {"account": 0}, Check.ACCOUNT, 0, 0, 0),
    (K.SET_ACCOUNT_STATE, (), {"account": A, "state": 4}, Check.VALUE, 0, 3, 4),
    (K.DEPOSIT, (5,), {"account": 7}, Check.ACCOUNT, 0, 0, 7),
    (K.DEPOSIT, (0,), {"account": A}, Check.VALUE, 0, 1, 0),
    (K.DEPOSIT, (-wire.MAX_CASH - 1,), {"account": A}, Check.VALUE, 0, -wire.MAX_CASH, -wire.MAX_CASH - 1),
    (K.DEPOSIT, (-CASH,), {"account": A}, Check.CASH_RANGE, 0, CASH - 50_000, CASH),
    (K.DEPOSIT, (wire.MAX_CASH,), {"account": A}, Check.CASH_RANGE, 0, wire.MAX_CASH, wire.MAX_CASH),
    (K.DEPOSIT_SHARES, (0, 1), {"account": A}, Check.VALUE, 0, 1, 0),
    (K.DEPOSIT_SHARES, (-SHARES - 1, 1), {"account": A}, Check.VALUE, 0, -SHARES, -SHARES - 1),
    (K.DEPOSIT_SHARES, (1, -1), {"account": A}, Check.VALUE, 1, 0, -1),
    (K.DEPOSIT_SHARES, (-5, 0), {"account": C}, Check.VALUE, 0, 4, -5),
    (K.DEPOSIT_SHARES, (5, 0), {"account": B}, Check.VALUE, 0, 0, 5),
    (K.DEPOSIT_SHARES, (SHARES, 1 << 23), {"account": A}, Check.VALUE, 1, wire.MAX_CASH, 1 << 23),
    (K.DEPOSIT_SHARES, (1, 1), {"account": A, "instrument": 9}, Check.INSTRUMENT, 0, 0, 9),
    (K.SET_SCHEDULE, (1_000_000_000,), {}, Check.VALUE, 0, 1_000_000_000, 1_000_000_000),
    (K.OPERATOR_CANCEL, (), {"account": 7, "instrument": 9}, Check.ACCOUNT, 0, 0, 7),
    (K.OPERATOR_CANCEL, (), {"account": wire.ANY, "instrument": 9}, Check.INSTRUMENT, 0, 0, 9),
]


@pytest.mark.parametrize(("kind", "values", "fields", "check", "index", "limit", "value"), REFUSED)
def test_refused(
    kind: int, values: tuple[int, ...], fields: dict[str, Any], check: Check, index: int, limit: int, value: int
) -> None:
    m = Market()
    m.buy(A, 500, 1)  # instrument 0 has an order, A a hold, B a short position, C five lots, one of them offered
    m.sell(B, 1000, 6)
    m.buy(C, 1000, 5)
    m.sell(C, 2000, 1)
    before = [m.core.accounts(), m.core.instruments(), m.core.positions(), m.core.stats()["accounts"], m.orders()]
    [reject] = m.admin(kind, *values, request=5, **fields)
    assert (reject.kind, Check(reject.check), reject.qty) == (EventKind.ADMIN_REJECTED, check, 5)
    assert (reject.client_order_id, reject.limit, reject.value) == (index, limit, value)
    assert (reject.account, reject.instrument) == (fields.get("account", 0), fields.get("instrument", 0))
    assert reject.account_seq == 0
    after = [m.core.accounts(), m.core.instruments(), m.core.positions(), m.core.stats()["accounts"], m.orders()]
    assert after == before


def test_a_change_of_what_prices_and_lots_mean_is_told_as_a_status() -> None:
    """And nothing else of an instrument, nor one that is new: subscribers and the watch over prices look again."""
    m = Market()
    m.want_data = True
    for values, is_told in (
        ((2, -1), True), ((2, 10), False), ((-1, 20), True), ((2, 20, 70, 9), False), ((-1, -1, -1, -1, 5), False),
    ):  # fmt: skip
        m.admin(K.SET_INSTRUMENT, *values, *[-1] * (8 - len(values)), instrument=1)
        found = [(row.kind, row.instrument, row.state) for row in m.data]
        assert found == [(wire.BookKind.STATUS, 1, InstrumentState.CLOSED)] * is_told, values
    m.admin(K.SET_INSTRUMENT, 1, 1, instrument=3, name=b"NEW")
    assert m.data == []


def test_keep_leaves_and_names_move() -> None:
    m = Market()
    m.admin(K.SET_INSTRUMENT, -1, -1, 50, -1, -1, 9, -1, instrument=1, name=b"UNO")
    m.admin(K.SET_INSTRUMENT, 2, -1, -1, 7, 8, -1, int.from_bytes(b"EUR", "little"), instrument=1)
    row = next(row for row in np_rows(m.core.instruments(), wire.INSTRUMENT_ROW) if row["instrument"] == 1)
    assert (row["symbol"], row["currency"], row["tick_size"], row["lot_size"]) == (b"UNO", b"EUR", 2, 10)
    assert [row[name] for name in ("reference_price", "collar_bps", "max_order_qty", "max_order_notional")] == [
        50,
        7,
        8,
        9,
    ]
    assert m.admin(K.SET_INSTRUMENT, 1, 1, instrument=2, name=b"ONE")[0].kind == EventKind.INSTRUMENT_SET
    assert m.admin(K.SET_INSTRUMENT, 1, 1, instrument=3, name=b"UNO")[0].limit == 1
    m.limits(A, 3, flags=3)
    m.limits(A, -1, 4)
    assert (m.account(A).max_order_qty, m.account(A).max_order_notional, m.account(A).flags) == (3, 4, 3)
    assert m.account(A).name == b"acc1"


def np_rows(data: bytes, dtype: Any) -> Any:
    import numpy as np

    return np.frombuffer(data, dtype)


def test_many_names_that_come_and_go_are_found() -> None:
    m = Market(accounts=300)
    for number in range(10, 300):
        assert m.admin(K.SET_ACCOUNT, account=number, name=b"n%d" % number)[0].kind == EventKind.ACCOUNT_SET
    for number in range(10, 300, 2):
        m.admin(K.SET_ACCOUNT, account=number, name=b"m%d" % number)
    for number in range(10, 300):
        old = m.admin(K.SET_ACCOUNT, account=5, name=b"n%d" % number)[0]
        assert (old.kind == EventKind.ACCOUNT_SET) == (number % 2 == 0)
        assert number % 2 == 0 or old.limit == number


def test_blocking_an_account_with_its_orders() -> None:
    m = Market()
    ids = [m.buy(A, 500, 1)[0].order_id, m.buy(A, 505, 1)[0].order_id]
    state, *gone, done = m.admin(
        K.SET_ACCOUNT_STATE, account=A, state=AccountState.BLOCKED, flags=AdminFlag.CANCEL_ORDERS, request=6
    )
    assert (state.kind, state.reason, state.qty) == (EventKind.ACCOUNT_STATE, AccountState.BLOCKED, 6)
    assert [(e.order_id, e.reason) for e in gone] == [(one, CancelReason.ACCOUNT_BLOCKED) for one in ids[::-1]]
    assert (done.kind, done.qty, done.leaves, done.instrument) == (EventKind.MASS_CANCELED, 2, 6, wire.ANY)
    assert m.account(A).state == AccountState.BLOCKED


def test_operator_cancels_whole_books_in_priority_order() -> None:
    m = Market()
    m.admin(K.SET_INSTRUMENT_STATE, instrument=1, state=InstrumentState.OPEN)
    placed = [
        m.new(account, side, price, 1, instrument=instrument)[0].order_id
        for account, side, price, instrument in (
            (A, BUY, 500, 1),
            (B, SELL, 2000, 0),
            (B, SELL, 1000, 0),
            (A, BUY, 500, 0),
            (C, BUY, 505, 0),
            (B, BUY, 505, 0),
        )
    ]
    *gone, done = m.admin(K.OPERATOR_CANCEL, account=wire.ANY, instrument=wire.ANY, request=8)
    assert [e.order_id for e in gone] == [placed[place] for place in (4, 5, 3, 2, 1, 0)]
    assert {e.reason for e in gone} == {CancelReason.OPERATOR}
    assert (done.qty, done.leaves, done.account, done.account_seq, done.side) == (6, 8, wire.ANY, 0, 2)
    m.buy(A, 500, 1)
    m.buy(A, 500, 1, instrument=1)
    *gone, done = m.admin(K.OPERATOR_CANCEL, account=A, instrument=1)
    assert (len(gone), done.qty, done.account, done.instrument) == (1, 1, A, 1)


def test_shares_at_cost_and_out_again_in_proportion() -> None:
    m = Market()
    m.admin(K.DEPOSIT_SHARES, 3, 100, account=A, instrument=0)
    m.admin(K.DEPOSIT_SHARES, 4, 10, account=A, instrument=0)
    assert (m.position(A).qty, m.position(A).cost) == (7, 340)
    m.admin(K.DEPOSIT_SHARES, -2, account=A, instrument=0)
    assert (m.position(A).qty, m.position(A).cost, m.position(A).realized_pnl) == (5, 340 - 97, 0)
    m.admin(K.DEPOSIT_SHARES, -5, account=A, instrument=0)
    assert (m.position(A).qty, m.position(A).cost) == (0, 0)
    assert m.account(A).cash == CASH


def test_status_goes_out_even_when_nothing_changed() -> None:
    m = Market()
    m.want_data = True
    for _ in range(2):
        m.admin(K.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.OPEN)
        [status] = m.data
        assert (status.kind, status.state, status.instrument) == (wire.BookKind.STATUS, InstrumentState.OPEN, 0)
