"""Rows of the read models in PostgreSQL's binary format, read back byte by byte."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire

from ext import projection
from ext.projection import Projection
from tests.ext.market import A, B, C, Market

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NAMES = ("fills", "closed_orders", "rejects", "order_events", "transfers", "market_events")
START_NS = 1_700_000_000_000_000_000
KINDS = wire.EventKind


def read(rows: bytes, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of the binary COPY format."""
    found, at = [], 0
    while at < len(rows):
        (count,) = struct.unpack_from(">H", rows, at)
        assert count == len(columns)
        at += 2
        row = {}
        for name in columns:
            (length,) = struct.unpack_from(">i", rows, at)
            if length == -1:
                row[name] = None
                at += 4
                continue
            value: Any = int.from_bytes(rows[at + 4 : at + 4 + length], "big", signed=True)
            if name in ("ts", "accepted_ts", "minute"):
                assert length == 8
                value = EPOCH + timedelta(microseconds=value)
            row[name] = value
            at += 4 + length
        found.append(row)
    return found


def command(seq: int, **fields: Any) -> bytes:
    record = np.zeros((), wire.ORDER_COMMAND)
    record["kind"] = wire.CommandKind.NEW_ORDER
    for name, value in {"seq": seq, "tif": wire.TimeInForce.GTC, **fields}.items():
        record[name] = value
    return record.tobytes()


def event(seq: int, kind: int, **fields: Any) -> bytes:
    record = np.zeros((), wire.EVENT)
    for name, value in {"seq": seq, "kind": kind, "ts_ns": START_NS + seq * 1_000_000_999, **fields}.items():
        record[name] = value
    return record.tobytes()


def at(seq: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(START_NS + seq * 1_000_000_999) // 1000)


NO_SPECIAL = dict.fromkeys(
    ("stop_price", "offset_value", "expire_ns", "discretion", "display_qty", "min_qty", "order_group",
     "self_trade_group", "modes", "peg", "triggered", "role", "link_id", "link_group", "waits")
)  # fmt: skip


def special(seq: int, **fields: Any) -> bytes:
    record = np.zeros((), wire.SPECIAL_COMMAND)
    record["kind"] = wire.CommandKind.NEW_SPECIAL
    for name, value in {"seq": seq, **fields}.items():
        record[name] = value
    return record.tobytes()


def order_id(slot: int, generation: int = 1) -> int:
    return generation << 32 | slot


def projecting() -> Projection:
    """One that knows accounts 0 to 7 and instruments 0 to 9."""
    instruments, accounts = np.zeros(10, wire.INSTRUMENT_ROW), np.zeros(8, wire.ACCOUNT_ROW)
    instruments["instrument"], instruments["lot_size"], accounts["account"] = range(10), 1, range(8)
    p = Projection()
    p.transfers.learn(instruments.tobytes(), accounts.tobytes())
    return p


def test_an_order_that_lives_over_three_batches() -> None:
    p = Projection()
    one = order_id(5)
    p.apply(
        bytes(256)[:16] + (73).to_bytes(2, "little") + bytes(238) + command(3, order_type=0, flags=1, self_trade=2),
        event(3, KINDS.ACCEPTED, order_id=one, account=7, instrument=2, side=1, price=500, qty=10, client_order_id=77),
    )
    assert [len(rows) for rows in p.take()] == [0, 0, 0, 0, 0, 0]
    gone, changed, new = p.take_open()
    assert (gone, changed) == (b"", b"")
    (row,) = read(new, projection.OPEN_ORDER_COLUMNS)
    assert row == {
        "order_id": one, "client_order_id": 77, "account": 7, "instrument": 2, "side": 1, "order_type": 0, "tif": 1,
        "flags": 1, "self_trade": 2, "price": 500, "qty": 10, "filled": 0, "value": 0, "accepted_seq": 3,
        "accepted_ts": at(3), "seq": 3, "ts": at(3), **NO_SPECIAL,
    }  # fmt: skip

    p.apply(b"", event(4, KINDS.FILL, order_id=one, qty=4, leaves=6, price=501, side=1, flags=2, trade_id=9))
    p.apply(b"", event(5, KINDS.REPLACED, order_id=one, qty=12, leaves=8, filled=4, price=499))
    fills, closed, _, order_events, *_ = p.take()
    (row,) = read(fills, projection.FILL_COLUMNS)
    assert (row["maker"], row["qty"], row["price"], row["leaves"], row["trade_id"]) == (1, 4, 501, 6, 9)
    (row,) = read(order_events, projection.ORDER_EVENT_COLUMNS)
    assert (row["kind"], row["qty"], row["leaves"], row["filled"], row["price"]) == (KINDS.REPLACED, 12, 8, 4, 499)
    gone, changed, new = p.take_open()
    assert (gone, new, closed) == (b"", b"", b"")
    (row,) = read(changed, projection.OPEN_ORDER_COLUMNS)
    assert (row["qty"], row["filled"], row["value"], row["price"], row["seq"]) == (12, 4, 2004, 499, 5)

    p.apply(b"", event(6, KINDS.CANCELED, order_id=one, reason=wire.CancelReason.USER, qty=8, filled=4))
    (row,) = read(p.take()[1], projection.CLOSED_ORDER_COLUMNS)
    assert (row["status"], row["reason"], row["filled"], row["seq"], row["accepted_seq"]) == (3, 1, 4, 6, 3)
    gone, changed, new = p.take_open()
    assert read(gone, ("order_id",)) == [{"order_id": one}]
    assert (changed, new) == (b"", b"")
    assert p.take_open() == (b"", b"", b"")


def test_an_order_that_lives_within_a_batch_never_is_among_the_open_ones() -> None:
    p = projecting()
    for generation in (1, 2, 3):
        one = order_id(1, generation)
        p.apply(command(generation), event(generation, KINDS.ACCEPTED, order_id=one, qty=5))
        p.apply(b"", event(generation, KINDS.FILL, order_id=one, qty=5, leaves=0))
    p.apply(command(9), event(9, KINDS.ACCEPTED, order_id=order_id(1, 4), qty=5))
    closed = read(p.take()[1], projection.CLOSED_ORDER_COLUMNS)
    assert [row["order_id"] >> 32 for row in closed] == [1, 2, 3]
    assert {row["status"] for row in closed} == {KINDS.FILL}
    gone, changed, new = p.take_open()
    assert (gone, changed) == (b"", b"")
    assert [row["order_id"] >> 32 for row in read(new, projection.OPEN_ORDER_COLUMNS)] == [4]
    # The slot is used again by another order: the stored one is gone, the new one is new.
    p.apply(b"", event(10, KINDS.CANCELED, order_id=order_id(1, 4)))
    p.apply(command(11), event(11, KINDS.ACCEPTED, order_id=order_id(1, 5), qty=5))
    gone, changed, new = p.take_open()
    assert [row["order_id"] >> 32 for row in read(gone, ("order_id",))] == [4]
    assert changed == b""
    assert [row["order_id"] >> 32 for row in read(new, projection.OPEN_ORDER_COLUMNS)] == [5]


def test_an_order_keeps_what_only_a_special_command_has() -> None:
    p = Projection()
    given = {
        "stop_price": 1 << 41, "offset": -3, "expire_ns": START_NS, "discretion": 4, "display_qty": 5, "min_qty": 6,
        "group": 4_000_000_000, "self_trade_group": 8, "modes": 1, "peg": 3,
    }  # fmt: skip
    wanted = {{"offset": "offset_value", "group": "order_group"}.get(name, name): given[name] for name in given}
    p.apply(
        command(1) + special(2, order_type=wire.OrderType.TRAILING_STOP, **given) + command(3),
        b"".join(event(seq, KINDS.ACCEPTED, order_id=order_id(seq), price=9, qty=5) for seq in (1, 2, 3)),
    )
    rows = read(p.take_open()[2], projection.OPEN_ORDER_COLUMNS)
    assert [{name: row[name] for name in NO_SPECIAL} for row in rows] == [
        NO_SPECIAL, {**NO_SPECIAL, **wanted, "triggered": 0}, NO_SPECIAL,
    ]  # fmt: skip
    again = Projection()
    again.restore(p.open_orders())
    again.apply(b"", event(4, KINDS.TRIGGERED, order_id=order_id(2), price=77, qty=5, leaves=5))
    again.apply(b"", event(5, KINDS.RESTATED, order_id=order_id(2), price=77, qty=3, leaves=3, reason=1))
    (row,) = read(again.take_open()[1], projection.OPEN_ORDER_COLUMNS)
    assert {name: row[name] for name in NO_SPECIAL} == {**NO_SPECIAL, **wanted, "triggered": 1}
    assert (row["price"], row["qty"], row["seq"]) == (77, 3, 5)
    again.apply(b"", event(6, KINDS.CANCELED, order_id=order_id(2), reason=wire.CancelReason.BUYING_POWER))
    _, closed, _, order_events, *_ = again.take()
    assert [row["kind"] for row in read(order_events, projection.ORDER_EVENT_COLUMNS)] == [
        KINDS.TRIGGERED, KINDS.RESTATED,
    ]  # fmt: skip
    (row,) = read(closed, projection.CLOSED_ORDER_COLUMNS)
    assert {name: row[name] for name in NO_SPECIAL} == {**NO_SPECIAL, **wanted, "triggered": 1}
    assert row["reason"] == wire.CancelReason.BUYING_POWER


ROLES = wire.Role
TIES = ("client_order_id", "role", "link_id", "link_group", "waits")


def ties(rows: bytes) -> list[tuple[int | None, ...]]:
    """Of open orders: what they are tied to."""
    return [tuple(row[name] for name in TIES) for row in read(rows, projection.OPEN_ORDER_COLUMNS)]


def accepted(seq: int, **fields: Any) -> bytes:
    return event(seq, KINDS.ACCEPTED, order_id=order_id(seq), client_order_id=seq + 10, price=9, qty=5, **fields)


def test_orders_that_are_tied_to_each_other_are_of_one_group() -> None:
    """11 comes alone, 12 joins it, 13 joins 12; 14 and 15 are children of 16. Another account has a 12, too."""
    p = Projection()
    links = {2: (ROLES.PEER, 11), 3: (ROLES.PEER, 12), 4: (ROLES.CHILD, 0), 5: (ROLES.CHILD, 14), 6: (ROLES.PARENT, 15)}
    p.apply(
        command(1) + b"".join(special(seq, role=role, link_id=named) for seq, (role, named) in links.items())
        + special(7, role=ROLES.PEER, link_id=12),
        b"".join(accepted(seq) for seq in range(1, 7)) + accepted(7, account=1),
    )  # fmt: skip
    rows = p.take_open()[2]
    assert ties(rows) == [
        (11, None, None, 11, None), (12, ROLES.PEER, 11, 11, None), (13, ROLES.PEER, 12, 11, None),
        (14, ROLES.CHILD, None, 14, 1), (15, ROLES.CHILD, 14, 14, 1), (16, ROLES.PARENT, 15, 14, None),
        (17, ROLES.PEER, 12, 12, None),
    ]  # fmt: skip
    again = Projection()
    again.restore(p.open_orders())
    for at in (p, again):  # 14 is awake, 12 has ended; a new peer of 13 is still of their group
        at.apply(
            special(20, role=ROLES.PEER, link_id=13),
            event(18, KINDS.RESTATED, order_id=order_id(4), price=9, qty=5, leaves=5, reason=wire.RestateReason.ACTIVE)
            + event(19, KINDS.CANCELED, order_id=order_id(2))
            + accepted(20),
        )
        _, changed, new = at.take_open()
        assert ties(changed) == [(14, ROLES.CHILD, None, 14, 0)]
        assert ties(new) == [(30, ROLES.PEER, 13, 11, None)]
        (closed,) = read(at.take()[1], projection.CLOSED_ORDER_COLUMNS)
        assert tuple(closed[name] for name in TIES) == (12, ROLES.PEER, 11, 11, None)


def test_an_order_that_came_alone_is_of_the_group_of_those_that_name_it_later() -> None:
    """Also where it is in the database long since, and one that has ended is not found any more."""
    p = Projection()
    p.apply(b"".join(command(seq) for seq in (1, 2, 3)), b"".join(accepted(seq) for seq in (1, 2, 3)))
    assert [row[3] for row in ties(p.take_open()[2])] == [None, None, None]
    again = Projection()
    again.restore(p.open_orders())
    for at in (p, again):
        at.apply(special(4, role=ROLES.PEER, link_id=12), accepted(4))
        _, changed, new = at.take_open()
        assert ties(changed) == [(12, None, None, 12, None)]
        assert [row["seq"] for row in read(changed, projection.OPEN_ORDER_COLUMNS)] == [2], "nothing happened to it"
        assert ties(new) == [(14, ROLES.PEER, 12, 12, None)]
    once_more = Projection()
    once_more.restore(again.open_orders())
    for at in (p, again, once_more):  # 13 of an account that is followed by now, and 15 that came since
        at.apply(
            command(5) + special(6, role=ROLES.PEER, link_id=13) + special(7, role=ROLES.PEER, link_id=15),
            accepted(5) + accepted(6) + accepted(7) + event(8, KINDS.CANCELED, order_id=order_id(5)),
        )
        _, changed, new = at.take_open()
        assert ties(changed) == [(13, None, None, 13, None)]
        assert [row[3] for row in ties(new)] == [13, 15]
        (closed,) = read(at.take()[1], projection.CLOSED_ORDER_COLUMNS)
        assert (closed["client_order_id"], closed["link_group"]) == (15, 15)


def test_a_stop_that_was_met_keeps_the_price_that_it_waited_for() -> None:
    p = Projection()
    kind = wire.OrderType.STOP
    p.apply(special(1, order_type=kind, stop_price=500), accepted(1))
    p.apply(
        b"",
        event(2, KINDS.TRIGGERED, order_id=order_id(1), price=550, qty=5)
        + event(2, KINDS.RESTATED, order_id=order_id(1), price=550, qty=4, reason=wire.RestateReason.SELF_TRADE),
    )
    (row,) = read(p.take_open()[2], projection.OPEN_ORDER_COLUMNS)
    assert (row["price"], row["stop_price"], row["qty"], row["triggered"]) == (550, 500, 4, 1)


def test_an_auction_has_no_maker_and_is_in_its_bar_once() -> None:
    p = projecting()
    p.apply(
        command(1) + command(2),
        b"".join(event(seq, KINDS.ACCEPTED, order_id=order_id(seq), qty=9, side=seq - 1) for seq in (1, 2)),
    )
    for side in (0, 1):
        p.apply(
            b"",
            event(3, KINDS.FILL, order_id=order_id(side + 1), side=side, qty=4, leaves=5, price=50,
                  flags=wire.EventFlag.CROSS),
        )  # fmt: skip
    fills = read(p.take()[0], projection.FILL_COLUMNS)
    assert [(row["maker"], row["auction"]) for row in fills] == [(0, 1), (0, 1)]
    (bar,) = read(p.take_bars(), projection.BAR_COLUMNS)
    assert (bar["trades"], bar["volume"], bar["value"]) == (1, 4, 200)


def test_rejects_and_what_is_of_the_market() -> None:
    p = projecting()
    reject = np.zeros((), wire.REJECT)
    reject["seq"], reject["kind"], reject["check"] = 4, KINDS.REJECTED, wire.Check.BUYING_POWER
    reject["account"], reject["limit"], reject["value"], reject["headroom"] = 4_000_000_000, -1, 1 << 62, 3
    cash = event(5, KINDS.CASH, price=-7, trade_id=(1 << 64) - 7)
    retry = event(6, KINDS.ACCEPTED, flags=wire.EventFlag.DUPLICATE, order_id=99)
    p.apply(b"", reject.tobytes() + cash + retry + event(7, KINDS.MASS_CANCELED, account=wire.ANY, qty=2))
    fills, closed, rejects, order_events, _, market_events = p.take()
    assert (fills, closed, market_events) == (b"", b"", cash)
    (row,) = read(rejects, projection.REJECT_COLUMNS)
    assert (row["account"], row["reason"], row["limit_value"], row["value"], row["headroom"]) == (
        4_000_000_000, 23, -1, 1 << 62, 3,
    )  # fmt: skip
    assert [(row["kind"], row["account"]) for row in read(order_events, projection.ORDER_EVENT_COLUMNS)] == [
        (KINDS.ACCEPTED, 0),
        (KINDS.MASS_CANCELED, wire.ANY),
    ]


def test_bars_of_minutes() -> None:
    p = projecting()
    one, two = order_id(1), order_id(2)
    p.apply(
        command(1), event(1, KINDS.ACCEPTED, order_id=one, qty=1000) + event(1, KINDS.ACCEPTED, order_id=two, qty=1000)
    )
    minute = 60_000_000_000
    trades = [(3, 0, 100, 5), (3, 1, 90, 1), (3, 2, 110, 2), (9, 3, 50, 7), (3, minute + 5, 95, 4)]
    for instrument, ts_ns, price, qty in trades:
        fields = {"instrument": instrument, "ts_ns": START_NS - START_NS % minute + ts_ns, "price": price, "qty": qty}
        p.apply(b"", event(2, KINDS.FILL, order_id=one, leaves=1, flags=wire.EventFlag.MAKER, **fields))
        p.apply(b"", event(2, KINDS.FILL, order_id=two, leaves=1, **fields))
    found = {(row["instrument"], row["minute"].minute): row for row in read(p.take_bars(), projection.BAR_COLUMNS)}
    assert len(found) == 3
    first = min(minute for _, minute in found)
    names = ("open", "high", "low", "close", "volume", "value", "trades")
    assert [found[3, first][name] for name in names] == [100, 110, 90, 110, 8, 810, 3]
    assert [found[9, first][name] for name in names] == [50, 50, 50, 50, 7, 350, 1]
    assert [found[3, first + 1][name] for name in names] == [95, 95, 95, 95, 4, 380, 1]
    assert p.take_bars() == b""


def test_goes_on_with_the_orders_of_a_database() -> None:
    p = Projection()
    p.apply(command(1), event(1, KINDS.ACCEPTED, order_id=order_id(3), qty=9, account=4))
    p.apply(command(2), event(2, KINDS.ACCEPTED, order_id=order_id(7000), qty=8, account=5))
    again = Projection()
    again.restore(p.open_orders())
    assert np.frombuffer(again.open_orders(), projection.LIVE_DTYPE)["account"].tolist() == [4, 5]
    again.apply(b"", event(3, KINDS.FILL, order_id=order_id(3), qty=2, leaves=7, price=5))
    gone, changed, new = again.take_open()
    assert (gone, new) == (b"", b"")
    assert [row["filled"] for row in read(changed, projection.OPEN_ORDER_COLUMNS)] == [2]
    with pytest.raises(ValueError, match="cannot both be open"):
        again.restore(p.open_orders())


@pytest.mark.parametrize("kind", [KINDS.FILL, KINDS.CANCELED, KINDS.REPLACED, KINDS.RESTATED, KINDS.TRIGGERED])
def test_events_that_do_not_fit_are_an_error(kind: int) -> None:
    p = Projection()
    with pytest.raises(ValueError, match="not open"):
        p.apply(b"", event(1, kind, order_id=order_id(1)))
    p.apply(command(1), event(1, KINDS.ACCEPTED, order_id=order_id(1), qty=1))
    with pytest.raises(ValueError, match="not open"):
        p.apply(b"", event(2, kind, order_id=order_id(1, 2)))
    with pytest.raises(ValueError, match="open already"):
        p.apply(command(3), event(3, KINDS.ACCEPTED, order_id=order_id(1, 2)))
    with pytest.raises(ValueError, match="not among those given"):
        p.apply(command(3), event(4, KINDS.ACCEPTED, order_id=order_id(2)))


def test_many_rows() -> None:
    p = Projection()
    count = 20_000
    commands = b"".join(command(seq) for seq in range(1, count + 1))
    events = b"".join(event(seq, KINDS.ACCEPTED, order_id=order_id(seq), qty=1) for seq in range(1, count + 1))
    p.apply(commands, events)
    assert len(read(p.take_open()[2], projection.OPEN_ORDER_COLUMNS)) == count
    p.apply(b"", b"".join(event(count + 1, KINDS.CANCELED, order_id=order_id(seq)) for seq in range(1, count + 1)))
    assert len(read(p.take()[1], projection.CLOSED_ORDER_COLUMNS)) == count
    assert len(p.take_open()[0]) == count * 14
    assert p.open_orders() == b""


def test_open_orders_are_those_of_the_core(seed: int) -> None:
    """Icebergs, orders of an owner that shrink, reduce-only and sliding ones, stops: all told by events."""
    m, projected, random = Market(orders=400, ids=4000), Projection(), Random(seed)
    projected.transfers.learn(m.core.instruments(), m.core.accounts())
    kinds: list[dict[str, Any]] = [
        {},
        {"display_qty": 2},
        {"self_trade": wire.SelfTrade.DECREMENT, "self_trade_group": 1},
        {"flags": wire.OrderFlag.REDUCE_ONLY},
        {"flags": wire.OrderFlag.POST_ONLY | wire.OrderFlag.SLIDE},
        {"order_type": wire.OrderType.STOP_LIMIT, "stop_price": 520},
    ]
    restated = 0
    for _ in range(600):
        side, price, qty = random.randrange(2), 485 + 5 * random.randrange(7), random.randint(1, 9)
        command = m.order(random.choice((A, B, C)), side, price, qty, **random.choice(kinds))
        if random.random() < 0.15 and (rows := m.orders()):
            row = random.choice(rows)
            named = {"account": row.account, "order_id": row.order_id, "price": row.price, "qty": row.leaves}
            command = m.command(random.choice((wire.CommandKind.CANCEL, wire.CommandKind.REPLACE)), **named)
        m.core.apply(command)
        events = m.core.take_events()
        projected.apply(command, events)
        restated += int((np.frombuffer(events, wire.EVENT)["kind"] == KINDS.RESTATED).sum())
        found = np.frombuffer(projected.open_orders(), projection.LIVE_DTYPE)
        names = ["order_id", "price", "qty", "filled"]
        expected = [(row.order_id, row.price, row.leaves + row.filled, row.filled) for row in m.orders()]
        assert sorted(found[names].tolist()) == sorted(expected)
    assert restated
