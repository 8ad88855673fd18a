"""Order flow with known totals through the core: fills, volume, notional, the order of makers, and what is left.

The totals come from the plain books of the flows' generators; here they are added up from the core's events.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import EventFlag, EventKind

from bench import flow
from bench.harness import commands
from ext.core import Core

OTHER_GENERATOR = Path(__file__).resolve().parents[3] / "shared" / "flow" / "flow.py"
EVENTS = 60_000


def events_of(made: flow.Flow, batch: int, accounts: int) -> tuple[NDArray[Any], Core]:
    """The events that the flow gives, and the core after it."""
    core = Core()
    market = commands.number(commands.market(made.symbols, commands.Capacity(), accounts), 1)
    core.apply(market.tobytes(), True)
    core.take_events()
    orders = commands.number(commands.orders(made.records, accounts), len(market) + 1)
    parts = []
    for place in range(0, len(orders), batch):
        core.apply(orders[place : place + batch].tobytes(), True)
        parts.append(core.take_events())
    return np.frombuffer(b"".join(parts), wire.EVENT), core


def totals(events: NDArray[Any], core: Core, accounts: int) -> flow.Totals:
    """What the events add up to."""
    fills = events[events["kind"] == EventKind.FILL]
    makers, takers = fills[::2], fills[1::2]
    assert (makers["flags"] == EventFlag.MAKER).all()
    assert (takers["flags"] == 0).all()
    qty = makers["qty"].astype(np.uint64)
    oids = [(side["client_order_id"] - 1) * accounts + side["account"] for side in (makers, takers)]
    weights = (oids[0] * np.uint64(31) + oids[1] * np.uint64(17)) % np.uint64(1_000_003)
    return flow.Totals(
        fills=len(makers),
        volume=int(qty.sum()),
        notional=int((makers["price"].astype(np.uint64) // commands.TICK * qty).sum()),
        fifo=int((weights * qty).sum()),
        live=len(np.frombuffer(core.orders(), wire.ORDER_ROW)),
    )


def check(made: flow.Flow, batch: int = 256, accounts: int = commands.ACCOUNTS) -> None:
    events, core = events_of(made, batch, accounts)
    kinds = dict(zip(*np.unique(events["kind"], return_counts=True), strict=True))
    assert set(kinds) <= {EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELED, EventKind.REPLACED}
    assert kinds[EventKind.ACCEPTED] == (made.records["op"] == flow.ADD).sum()
    assert kinds[EventKind.CANCELED] == (made.records["op"] == flow.CANCEL).sum()
    assert asdict(totals(events, core, accounts)) == asdict(made.totals)
    rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    assert (rows["trades"].sum(), rows["volume"].sum()) == (made.totals.fills, made.totals.volume)


@pytest.mark.parametrize(("symbols", "depth", "accounts"), [(1, 1000, 1024), (8, 300, 1024), (3, 50, 7)])
def test_totals_of_our_flow(symbols: int, depth: int, accounts: int, seed: int) -> None:
    check(flow.generate(EVENTS, symbols, depth, seed=seed % 1000), accounts=accounts)


@pytest.mark.parametrize("batch", [1, 7, 100_000])
def test_totals_do_not_depend_on_batches(batch: int) -> None:
    check(flow.generate(20_000, 2, 100), batch)


@pytest.mark.skipif(not OTHER_GENERATOR.exists(), reason="no ../shared/flow/flow.py beside this clone")
@pytest.mark.parametrize("symbols", [1, 8])
def test_totals_of_the_other_generators_flow(symbols: int, tmp_path: Path) -> None:
    line = [sys.executable, str(OTHER_GENERATOR), "--events", str(EVENTS), "--symbols", str(symbols), "--seed", "11"]
    subprocess.run([*line, "--out", str(tmp_path / "other")], check=True, capture_output=True, timeout=120)
    check(flow.load(tmp_path / "other.bin"))
