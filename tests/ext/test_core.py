"""The Python class: what it takes, what is a caller's error, rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import BookKind, CommandKind

from bench import flow
from bench.harness import commands
from ext.core import Core
from tests.ext.market import A, B, C, Market, plain, record

NO_KIND = max(CommandKind) + 1


def configure(seq: int = 1, ts_ns: int = 5, orders: int = 8) -> bytes:
    values = {"value0": 2, "value1": 2, "value2": orders, "value3": 8, "value4": 8, "value5": 8, "value6": 2}
    return record(wire.ADMIN_COMMAND, kind=CommandKind.CONFIGURE, seq=seq, ts_ns=ts_ns, **values)


def tick(seq: int, ts_ns: int = 5) -> bytes:
    return record(wire.ORDER_COMMAND, kind=CommandKind.TICK, seq=seq, ts_ns=ts_ns)


@pytest.mark.parametrize("as_buffer", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, "u1")])
def test_takes_any_buffer(as_buffer: Any) -> None:
    core = Core()
    assert core.apply(as_buffer(configure() + tick(2))) == 2
    assert (core.seq, core.ts_ns) == (2, 5)
    assert core.apply(as_buffer(b"")) == 0


def test_takes_structured_arrays() -> None:
    commands = np.zeros(3, wire.ORDER_COMMAND)
    commands["kind"], commands["seq"] = CommandKind.TICK, [2, 3, 4]
    core = Core()
    core.apply(configure(ts_ns=0))
    assert core.apply(commands) == 3
    with pytest.raises(ValueError, match="contiguous"):
        core.apply(np.concatenate([commands, commands])[::2])


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        (configure()[:-1], "command 0 of the buffer, at byte 0: only 255 bytes are left"),
        (configure() + tick(2)[:8], "command 1 of the buffer, at byte 256: only 8 bytes are left"),
        (configure() + tick(2) + tick(4), "command 2 of the buffer, at byte 320: seq must be 3, got 4"),
        (configure() + tick(1), "seq must be 2, got 1"),
        (configure() + tick(2, 4), "ts_ns must not fall, got 4"),
        (configure(ts_ns=-1), "ts_ns must not fall, got -1"),
        (tick(1), "CONFIGURE .* must come first, got kind 5"),
        (configure(orders=0) + tick(2), "command 1 of the buffer, .*CONFIGURE .* must come first"),
        (configure() + record(wire.ORDER_COMMAND, kind=8, seq=2, ts_ns=5), "kind 8 is unknown"),
        (configure() + record(wire.ADMIN_COMMAND, kind=NO_KIND, seq=2, ts_ns=5), f"kind {NO_KIND} is unknown"),
        (configure() + record(wire.ORDER_COMMAND, kind=0, seq=2, ts_ns=5), "kind 0 is unknown"),
        (configure() + record(wire.ADMIN_COMMAND, kind=73, seq=2, ts_ns=5)[:64], "only 64 bytes are left"),
    ],
)
def test_callers_errors_apply_nothing(commands: bytes, words: str) -> None:
    core = Core()
    with pytest.raises(ValueError, match=words):
        core.apply(commands)
    assert (core.seq, core.take_events(), core.snapshot()) == (0, b"", Core().snapshot())


def test_a_refused_configure_leaves_the_market_to_be_set_up() -> None:
    core = Core()
    core.apply(configure(orders=0))
    core.apply(configure(seq=2))
    kinds = np.frombuffer(core.take_events(), wire.EVENT)["kind"].tolist()
    assert kinds == [wire.EventKind.ADMIN_REJECTED, wire.EventKind.CONFIGURED]


def test_what_is_not_a_buffer_is_a_type_error() -> None:
    for wrong in (5, "text", None, [b"x"]):
        with pytest.raises(TypeError):
            Core().apply(wrong)  # type: ignore[arg-type]


def busy() -> Market:
    m = Market()
    m.buy(A, 500, 3)
    m.buy(B, 500, 4)
    m.buy(A, 495, 5)
    m.sell(B, 600, 6)
    m.sell(C, 600, 7)
    m.sell(C, 605, 8)
    m.buy(A, 600, 1)
    return m


def test_order_rows() -> None:
    m = busy()
    rows = m.orders(instrument=0)
    assert [(row.account, row.price, row.leaves, row.level_qty_ahead, row.hold) for row in rows] == [
        (A, 500, 3, 0, 150_000),
        (B, 500, 4, 3, 200_000),
        (A, 495, 5, 0, 247_500),
        (B, 600, 5, 0, 0),
        (C, 600, 7, 5, 0),
        (C, 605, 8, 0, 0),
    ]
    assert m.orders() == rows
    assert m.orders(instrument=1) == []
    newest_first = [row for row in rows[::-1] if row.account == C]
    assert m.orders(account=C) == newest_first
    assert (m.orders(account=C, instrument=0), m.orders(account=C, instrument=1)) == (newest_first, [])


def test_depth_and_book() -> None:
    m = busy()
    levels = plain(m.core.depth(0, 5), wire.DEPTH)
    assert [(row.side, row.price, row.level_qty, row.level_orders) for row in levels] == [
        (0, 500, 7, 2),
        (0, 495, 5, 1),
        (1, 600, 12, 2),
        (1, 605, 8, 1),
    ]
    assert plain(m.core.depth(0, 1), wire.DEPTH) == levels[::2]
    assert m.core.depth(0, 0) == b""
    adds = plain(m.core.book(0), wire.MARKET_DATA)
    assert {row.kind for row in adds} == {BookKind.ADD}
    assert [(row.price, row.leaves, row.level_qty, row.level_orders) for row in adds] == [
        (500, 3, 3, 1),
        (500, 4, 7, 2),
        (495, 5, 5, 1),
        (600, 5, 5, 1),
        (600, 7, 12, 2),
        (605, 8, 8, 1),
    ]
    assert {(row.seq, row.ts_ns) for row in [*levels, *adds]} == {(m.core.seq, m.core.ts_ns)}


def test_instrument_and_account_rows() -> None:
    m = busy()
    first, second = plain(m.core.instruments(), wire.INSTRUMENT_ROW)
    assert (first.symbol, first.bid_price, first.bid_qty, first.ask_price, first.ask_qty) == (b"ZERO", 500, 7, 600, 12)
    assert (first.trades, first.volume, first.orders, first.reference_price) == (1, 1, 6, 600)
    assert (second.instrument, second.bid_price, second.ask_price, second.lot_size) == (1, 0, 0, 10)
    assert [row.account for row in plain(m.core.accounts(), wire.ACCOUNT_ROW)] == [A, B, C]
    assert (m.account(A).open_orders, m.account(A).last_client_order_id) == (2, 3)


def test_unknown_accounts_and_instruments_are_errors() -> None:
    core = busy().core
    calls: list[Callable[[], bytes]] = [
        lambda: core.orders(account=0),
        lambda: core.orders(instrument=9),
        lambda: core.orders(account=A, instrument=1 << 40),
        lambda: core.positions(7),
        lambda: core.depth(9, 1),
        lambda: core.book(-1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="is not set up"):
            call()
    with pytest.raises(ValueError, match="levels must be at least 0, got -1"):
        core.depth(0, -1)


def test_stats_count_what_is_used() -> None:
    stats = busy().core.stats()
    assert {name: pool["used"] for name, pool in stats.items()} == {
        "accounts": 3,
        "instruments": 2,
        "orders": 6,
        "pages": 1,
        "positions": 3,
        "ids": 7,
        "amendments": 0,
        "timers": 0,
        "withdrawals": 0,
        "desks": 0,
        "limits": 0,
        "events": 0,
        "market_data": 0,
    }
    assert stats["orders"]["capacity"] == 64


@pytest.mark.parametrize("count", [1, 20, 60, 900, 1100, 5000])
def test_events_taken_at_once_are_those_taken_one_by_one(count: int) -> None:
    """Few are copied, many handed over in their buffer, more than it holds spill."""
    commands = [record(wire.ADMIN_COMMAND, kind=CommandKind.NOTE, request=seq, seq=seq) for seq in range(2, count + 2)]
    one_by_one, at_once = Core(), Core()
    for core in (one_by_one, at_once):
        core.apply(configure(ts_ns=0))
        core.take_events()
    each = []
    for command in commands:
        one_by_one.apply(command)
        each.append(one_by_one.take_events())
    for _ in range(3):
        at_once.apply(b"".join(commands))
        taken = at_once.take_events()
        assert taken[:16] == np.array([at_once.seq - count + 1, 0], "<u8").tobytes()
        assert [event[24:] for event in each] == [taken[at + 24 : at + 80] for at in range(0, len(taken), 80)]
        assert at_once.take_events() == b""
        again = at_once.seq + 1
        commands = [
            record(wire.ADMIN_COMMAND, kind=CommandKind.NOTE, request=seq, seq=again + seq - 2)
            for seq in range(2, count + 2)
        ]


def test_replay_gives_one_hash() -> None:
    assert busy().core.state_hash() == busy().core.state_hash()


def test_one_a_call_is_as_in_batches() -> None:
    market = commands.number(commands.market(2, commands.Capacity(id_window=1 << 10), 16), 1)
    orders = commands.number(commands.orders(flow.generate(8_000, 2, depth=100).records, 16), len(market) + 1)
    orders["ts_ns"] += np.arange(len(orders)) * 1_000_000  # some seconds, for the limits of messages
    together, one_by_one = Core(), Core()
    for core in (together, one_by_one):
        core.apply(market.tobytes())
        core.take_events()
    assert together.apply(orders.tobytes()) == len(orders)
    for order in orders:
        assert one_by_one.apply_one(order.tobytes()) == 1
    assert one_by_one.take_events() == together.take_events()
    assert one_by_one.state_hash() == together.state_hash()


def test_apply_one_takes_what_apply_takes() -> None:
    core = Core()
    assert core.apply_one(configure()) == 1
    assert core.apply_one(memoryview(tick(2))) == 1
    assert core.apply_one(tick(3) + tick(4)) == 2
    assert core.apply_one(b"") == 0
    for wrong, words in (
        (tick(6), "seq must be 5, got 6"),
        (tick(5, ts_ns=4), "ts_ns must not fall, got 4"),
        (tick(5)[:-1], "only 63 bytes are left"),
        (record(wire.ORDER_COMMAND, kind=8, seq=5, ts_ns=5), "kind 8 is unknown"),
        (record(wire.ORDER_COMMAND, kind=0, seq=5, ts_ns=5), "kind 0 is unknown"),
    ):
        with pytest.raises(ValueError, match=words):
            core.apply_one(wrong)
    assert (core.seq, core.ts_ns) == (4, 5)
