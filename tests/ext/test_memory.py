"""Capacities: clean rejects at each of them, growth that changes nothing else, no allocation once it is warm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import AccountFlag, Check, CommandKind, EventKind, InstrumentState

from bench import flow
from bench.harness import commands
from ext.core import Core
from tests.ext.market import GTC, A, B, C, Market


def test_orders_run_out_and_come_back() -> None:
    m = Market(orders=2)
    first = m.buy(A, 500, 1)[0]
    m.buy(A, 500, 1)
    [reject] = m.buy(A, 500, 1)
    assert (reject.check, reject.limit, reject.value, reject.headroom) == (Check.ORDER_CAPACITY, 2, 3, 0)
    m.cancel(A, first.order_id)
    assert m.buy(A, 500, 1)[0].kind == EventKind.ACCEPTED


def test_pages_run_out_and_come_back() -> None:
    m = Market(pages=2)
    m.buy(A, 5, 1)
    [reject] = [m.buy(A, 320, 1), m.buy(A, 5, 1)][1]  # 64 levels of 5: 320 is in the second page
    assert (reject.check, reject.limit, reject.value) == (Check.LEVEL_CAPACITY, 2, 3)
    m.mass_cancel(A)
    assert (m.buy(A, 5, 1)[0].kind, m.core.stats()["pages"]["used"]) == (EventKind.ACCEPTED, 1)


def test_positions_run_out_for_good() -> None:
    m = Market(positions=2)
    m.buy(A, 500, 1)
    m.admin(CommandKind.DEPOSIT_SHARES, 1, 1, account=B, instrument=0)
    [reject] = m.buy(C, 500, 1)
    assert (reject.check, reject.limit, reject.value) == (Check.POSITION_CAPACITY, 2, 3)
    [reject] = m.admin(CommandKind.DEPOSIT_SHARES, 1, 1, account=C, instrument=0)
    assert (reject.check, reject.limit, reject.value) == (Check.POSITION_CAPACITY, 2, 3)
    assert m.buy(A, 500, 1)[0].kind == EventKind.ACCEPTED


def some_flow(events: int = 6000, symbols: int = 3, id_window: int = 1 << 18) -> tuple[NDArray[Any], NDArray[Any]]:
    capacity = commands.Capacity(instruments=symbols, orders=2000, pages=200, positions=4000, id_window=id_window)
    opening = commands.market(symbols, capacity)
    records = flow.generate(events, symbols=symbols, depth=150).records
    return commands.number(opening, 1), commands.number(commands.orders(records), len(opening) + 1)


def test_growth_changes_capacities_and_nothing_else() -> None:
    opening, orders = some_flow()
    half = len(orders) // 2
    grown, plain = Core(), Core()
    for core in (grown, plain):
        core.apply(opening.tobytes())
        core.apply(orders[:half].tobytes())
        core.take_events()
    larger = commands.admin(CommandKind.CONFIGURE, 5000, 50, 9000, 900, 70_000, 1 << 18, 64)
    note = commands.admin(CommandKind.NOTE)
    for core, row in ((grown, larger), (plain, note)):
        core.apply(commands.number(commands.table([row]), core.seq + 1).tobytes())
        core.take_events()
        core.apply(commands.number(orders[half:].copy(), core.seq + 1).tobytes())
    assert grown.take_events() == plain.take_events()
    for rows in ("orders", "accounts", "positions", "instruments"):
        assert getattr(grown, rows)() == getattr(plain, rows)()
    assert grown.stats()["positions"]["capacity"] == 70_000
    assert Core.restore(grown.snapshot()).state_hash() == grown.state_hash()
    more = commands.admin(CommandKind.SET_ACCOUNT, account=4999, name=b"bench-3")
    grown.apply(commands.number(commands.table([more]), grown.seq + 1).tobytes())
    assert np.frombuffer(grown.take_events(), wire.REJECT)[-1]["limit"] == 3  # names are found after growth


def test_growth_by_steps_is_the_same_as_at_once() -> None:
    """Places of positions depend on the size of their table alone: the snapshot of both is one."""
    m, n = Market(positions=4), Market(positions=900)
    for one in (m, n):
        one.buy(A, 500, 1)
        one.buy(B, 500, 2)
        one.admin(CommandKind.CONFIGURE, 8, 8, 64, 32, 900, 64, 8)
        one.sell(C, 500, 3)
    assert m.core.snapshot() == n.core.snapshot()


def test_buffers_stop_growing_and_no_memory_is_taken() -> None:
    opening, orders = some_flow(30_000, id_window=2048)  # so few ids that all of their tables are soon in use
    core = Core()
    core.apply(opening.tobytes())
    core.take_events()
    rooms, resident = [], []
    for start in range(0, len(orders), 200):
        core.apply(orders[start : start + 200].tobytes(), True)
        core.take_events()
        core.take_market_data()
        rooms.append((core.stats()["events"]["capacity"], core.stats()["market_data"]["capacity"]))
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]))
    warm = len(rooms) // 2
    assert len(set(rooms[warm:])) == 1
    assert resident[-1] - resident[warm] <= 64  # memory pages: of the interpreter, were there any


def test_memory_that_is_not_there_is_an_error_and_changes_nothing() -> None:
    core = Core()
    huge = commands.admin(CommandKind.CONFIGURE, 1 << 24, 1 << 24, (1 << 31) - 1, 1 << 25, (1 << 31) - 1, 1 << 28, 4096)
    table = commands.number(commands.table([huge]), 1).tobytes()
    try:
        core.apply(table)
    except MemoryError:
        assert (core.seq, core.take_events(), core.stats()["orders"]["capacity"]) == (0, b"", 0)
    else:
        pytest.skip("this machine promises any amount of memory")


def test_levels_far_outside_of_the_window() -> None:
    """A window of 2 pages, and prices all over: the best price and the queues are right wherever they are."""
    m = Market(window=2, pages=4000, orders=4000, ids=8192)
    m.limits(B, flags=AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED)
    m.admin(CommandKind.SET_INSTRUMENT, 1, 1, instrument=2, name=b"WIDE")
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=2, state=InstrumentState.OPEN)
    random = np.random.default_rng(3)
    live: dict[int, tuple[int, int]] = {}
    for _ in range(3000):
        side = int(random.integers(0, 2))
        if live and random.random() < 0.45:
            order_id = list(live)[int(random.integers(0, len(live)))]
            m.cancel(B, order_id)
            del live[order_id]
        else:
            price = int(random.integers(1, 200_000)) + (200_000 if side else 0)
            live[m.new(B, side, price, 1, instrument=2, tif=GTC)[0].order_id] = (side, price)
        depth = np.frombuffer(m.core.depth(2, 3), wire.DEPTH)
        for which, best in ((0, -1), (1, 1)):
            prices = sorted({price for s, price in live.values() if s == which}, key=lambda price: price * best)[:3]
            assert depth[depth["side"] == which]["price"].tolist() == prices
    assert len(m.orders(instrument=2)) == len(live)
    assert Core.restore(m.core.snapshot()).snapshot() == m.core.snapshot()
