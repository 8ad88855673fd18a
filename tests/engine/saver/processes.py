"""The processes beside an engine that save, and a market to be saved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire

from engine import snapshots
from tests.engine.process.running import Running

# Every kind of what a snapshot has beside the core: a watch over prices, accounts with margin, classes of depth.
WATCHED = """
[market]
memory_at_start = false
rule201 = true
day_end = "00:00"
[breakers]
index = ["AAA"]
[risk]
mark_interval_ms = 5
[liquidation]
interval_ms = 50
[[account]]
name = "eve"
short_allowed = true
[[account]]
name = "dan"
id = 4
cash = 10_000
risk = "margin"
"""
PATIENCE_S = 400.0  # the process that saves lets everybody else go first


def until(done: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Wait until `done` gives something true, and give that."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := done()):
        assert time.monotonic() < deadline_s, f"waited {timeout_s} s for {what}"
        time.sleep(0.005)
    return found


def children(pid: int) -> list[int]:
    """The processes that this one has started, which live."""
    try:
        found = Path(f"/proc/{pid}/task").iterdir()
        return [int(one) for task in found for one in (task / "children").read_text("ascii").split()]
    except OSError:
        return []


def lives(pid: int) -> bool:
    """Whether it runs: one that has ended, and that nobody has asked for its exit code, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def child(pid: int, module: str) -> int | None:
    """The process that this one has started, which runs that module by now."""
    for found in children(pid):
        try:
            words = Path(f"/proc/{found}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if module.encode() in words and lives(found):
            return found
    return None


def keeper_of(engine: int) -> int | None:
    """The process that waits for requests."""
    return child(engine, "engine.saver")


def worker_of(engine: int) -> int | None:
    """The process that makes a snapshot now."""
    keeper = keeper_of(engine)
    return None if keeper is None else child(keeper, "engine.saver.work")


def trade(engine: Running, count: int) -> int:
    """Orders that meet, are cancelled, and one that is replaced; the last seq afterwards."""
    with engine.client("alice") as alice, engine.client("bob") as bob:
        for client, side in ((alice, 0), (bob, 1)):
            made = np.zeros(count, wire.ORDER_COMMAND)
            made["kind"], made["account"], made["side"] = 1, client.account_id(), side
            made["price"] = 100_0000 + (np.arange(count) % 19 - 9) * 100
            made["qty"] = 1 + np.arange(count) % 7
            made["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
            client.send_batches(made, 200)
            client.cancel_all("BBB")
        order = alice.buy("BBB", 5, "49").wait_accepted()
        order.replace(qty=4, price="48.5")
    with engine.operator() as operator:
        return operator.status().sequence


def log_of(engine: Running) -> list[dict[str, Any]]:
    """What the engine has said so far."""
    lines = engine.log.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def said(engine: Running, event: str) -> list[dict[str, Any]]:
    return [line for line in log_of(engine) if line["event"] == event]


def saved_beside(engine: Running) -> list[int]:
    """The numbers of the snapshots that were made beside it."""
    return [line["snapshot_seq"] for line in said(engine, "snapshot written") if line.get("beside")]


def numbers(data: Path) -> list[int]:
    return [one.seq for one in snapshots.listed(data)]


def half_files(data: Path) -> list[str]:
    folder = snapshots.folder(data)
    return [path.name for path in folder.glob("*") if path.suffix != snapshots.SUFFIX]
