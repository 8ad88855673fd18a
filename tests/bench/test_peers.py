"""Feeding other books: the changes of the plain book, and every adapter whose package is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import flow
from bench.harness import peers
from bench.peers import PEERS
from bench.peers.deltas import DELETE, INSERT, UPDATE, deltas
from bench.peers.runner import read_rows

ROOT = Path(__file__).resolve().parents[2]


def test_rows_read_without_numpy_are_the_flows_records(tmp_path: Path) -> None:
    path = flow.cached(tmp_path, 2000, depth=100)
    assert read_rows(path, 500) == [tuple(row) for row in flow.load(path).records[:500].tolist()]


def test_deltas_lead_to_the_book_that_the_flow_leaves(tmp_path: Path) -> None:
    path = flow.cached(tmp_path, 5000, depth=100)
    orders: dict[int, tuple[int, int, int]] = {}
    levels: dict[tuple[int, int], int] = {}
    for kind, side, oid, price, qty, level_qty in deltas(read_rows(path, 5000)):
        if kind == DELETE:
            assert orders.pop(oid)[:2] == (side, price)
        else:
            assert (kind == INSERT) == (oid not in orders)
            assert kind != UPDATE or 0 < qty < orders[oid][2]
            orders[oid] = (side, price, qty)
        levels[side, price] = level_qty
    assert len(orders) == flow.load(path).totals.live
    sums: dict[tuple[int, int], int] = {}
    for side, price, qty in orders.values():
        sums[side, price] = sums.get((side, price), 0) + qty
    assert {level: qty for level, qty in levels.items() if qty} == sums


def test_every_peer_has_an_adapter_and_a_line_in_the_lock() -> None:
    adapters = {path.stem for path in (ROOT / "bench" / "peers").glob("*.py")} - {
        "__init__",
        "contract",
        "deltas",
        "runner",
    }
    assert adapters == set(PEERS)
    locked = {line.split("==")[0] for line in peers.pinned(peers.LOCK.read_text("utf-8"))}
    assert {peer.package.replace("_", "-") for peer in PEERS.values()} <= locked


@pytest.mark.parametrize("name", sorted(PEERS))
def test_adapter_totals(name: str, tmp_path: Path) -> None:
    environment = peers.PeerEnvironment(ROOT / "var" / "bench")
    if not environment.python.exists():
        pytest.skip("no environment of the peers here: `openbell bench core` makes it")
    path = flow.cached(tmp_path, 5000, depth=100)
    result = environment.run(name, path, passes=1)
    if result.trouble == "not installed":
        pytest.skip(f"{PEERS[name].package} does not install here")
    assert result.trouble == ""
    assert result.events == 5000
    assert (result.ns_per_event or 0) > 0
    if result.fills is not None:
        expected = json.loads(path.with_suffix(".json").read_text())
        assert (result.fills, result.volume) == (expected["fills"], expected["volume"])
