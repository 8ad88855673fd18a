"""`openbell match`: run a file of order flow through the core alone and print totals, cost and state hash."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.harness import commands
from ext.core import Core

COLLECT = 256  # commands between two collections of events, where a call has fewer
TICK_NS = 1_000  # of market time from command to command
REJECTS = (wire.EventKind.REJECTED, wire.EventKind.CANCEL_REJECTED, wire.EventKind.REPLACE_REJECTED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.add_argument("file", type=Path, metavar="FILE.bin", help="16-byte records as bench/flow.py writes them")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--batch", type=int, default=256, metavar="N", help="commands a call (default 256)")
    parser.add_argument("--risk", action="store_true", help="spread orders over 1,024 funded accounts, every limit set")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="first records that are not timed (default 0)")
    parser.add_argument("--passes", type=int, default=3, metavar="N", help="timed passes; their median counts")


def run(args: argparse.Namespace) -> int:
    """Exit code: 0; 1 when the totals are not those of FILE.json; 2 for arguments or a file that cannot be."""
    try:
        records = read(args.file)
        for name, value, low, high in (
            ("--batch", args.batch, 1, 1 << 20),
            ("--passes", args.passes, 1, 1000),
            ("--skip", args.skip, 0, len(records) - 1),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low}..{high}, got {value}")
    except OSError as error:
        print(f"openbell match: {args.file}: {error.strerror}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"openbell match: {error}", file=sys.stderr)
        return 2
    answer = measure(records, args.batch, args.risk, args.skip, args.passes)
    wrong = differences(args.file, answer)
    if args.json:
        print(json.dumps(answer))
    else:
        for name, value in answer.items():
            print(f"{name:<14}{value:,}" if isinstance(value, int) else f"{name:<14}{value}")
    for line in wrong:
        print(f"openbell match: {line}", file=sys.stderr)
    return 1 if wrong else 0


def read(path: Path) -> NDArray[Any]:
    """The records of a flow file. Raises OSError, ValueError."""
    size = path.stat().st_size
    if size == 0 or size % flow.RECORD.itemsize:
        raise ValueError(f"{path}: {size} bytes is not a whole number of {flow.RECORD.itemsize}-byte records")
    records = np.fromfile(path, flow.RECORD)
    wrong = np.flatnonzero((records["op"] < flow.ADD) | (records["op"] > flow.REPLACE) | (records["side"] > 1))
    if len(wrong):
        one = records[wrong[0]]
        raise ValueError(f"{path}: record {wrong[0]} has op {one['op']} (1..3), side {one['side']} (0..1)")
    return records


def differences(path: Path, answer: dict[str, Any]) -> list[str]:
    """What the totals differ in from FILE.json, where there is one."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return []
    expected = json.loads(beside.read_text("utf-8"))
    names = [name for name in ("fills", "volume", "notional", "fifo", "live") if name in expected]
    return [f"{name} {answer[name]}, expected {expected[name]}" for name in names if answer[name] != expected[name]]


def measure(records: NDArray[Any], batch: int, risk: bool, skip: int, passes: int) -> dict[str, Any]:
    """Timed passes, each through a core of its own, and one more that is not timed and whose events are counted."""
    accounts = commands.ACCOUNTS if risk else 1
    capacity = capacity_for(records, accounts)
    opening = commands.market(capacity.instruments, capacity, accounts, limits=risk)
    if not risk:
        set_up = opening["kind"] == wire.CommandKind.SET_ACCOUNT
        opening["flags"][set_up] = wire.AccountFlag.CREDIT_UNLIMITED | wire.AccountFlag.SHORT_ALLOWED
    first = commands.number(opening, 1)["seq"][-1] + 1
    orders = commands.number(commands.orders(records, accounts), int(first))
    orders["ts_ns"] += np.arange(len(orders)) * TICK_NS
    warm, timed = orders[:skip], orders[skip:]
    calls = grouped(timed.tobytes(), batch)
    costs, hashes = [], set()
    for _ in range(passes):
        core = opened(opening, warm)
        costs.append(cost_of(core, calls, batch) / len(timed))
        hashes.add(core.state_hash())
    core, totals = Core(), Totals(accounts)
    for part in (opening, warm):
        core.apply(part.tobytes())
        totals.count(core.take_events())
    for group in calls:
        for call in group:
            core.apply(call)
        totals.count(core.take_events())
    hashes.add(core.state_hash())
    if len(hashes) != 1:
        raise RuntimeError(f"the same commands gave different states: {sorted(hashes)}")
    return {
        "events": len(records),
        **totals.as_dict(),
        "live": core.stats()["orders"]["used"],
        "rejects": totals.rejects,
        "ns_per_event": round(median(costs), 3),
        "ns_per_event_best": round(min(costs), 3),
        "batch": batch,
        "risk": risk,
        "state_hash": core.state_hash(),
    }


def capacity_for(records: NDArray[Any], accounts: int) -> commands.Capacity:
    """Room for a flow: its live orders, all its prices, and all its ids, so that any order can be named by its id."""
    symbols = int(records["symbol"].max()) + 1
    adds = records["op"] == flow.ADD
    live = int(np.cumsum(adds.astype(np.int64) - (records["op"] == flow.CANCEL)).max())
    low, high = int(records["price"].min()), int(records["price"].max())
    return commands.Capacity(
        accounts=accounts,
        instruments=symbols,
        orders=live + 2,
        pages=min(symbols * (high // 64 - low // 64 + 2), live + 1) + 2,
        positions=min(accounts * symbols, int(adds.sum()) + commands.SHARES_AT_MOST) + 1,
        id_window=max(int(adds.sum()), 1),
        window_pages=64,
    )


def grouped(data: bytes, batch: int) -> list[list[bytes]]:
    """The calls, of `batch` commands each, in groups after which the events are collected."""
    step = batch * wire.ORDER_COMMAND.itemsize
    calls = [data[start : start + step] for start in range(0, len(data), step)]
    group = max(1, COLLECT // batch)
    return [calls[start : start + group] for start in range(0, len(calls), group)]


def opened(opening: NDArray[Any], warm: NDArray[Any]) -> Core:
    """A market that is set up and has taken the first orders; its events are gone."""
    core = Core()
    core.apply(opening.tobytes())
    core.take_events()
    core.touch_memory()
    step = COLLECT
    for start in range(0, len(warm), step):
        core.apply(warm[start : start + step].tobytes())
        core.take_events()
    return core


def cost_of(core: Core, calls: list[list[bytes]], batch: int) -> int:
    """Nanoseconds for all calls, their events collected and dropped."""
    apply, take = core.apply_one if batch == 1 else core.apply, core.take_events
    run_through = deque[int](maxlen=0).extend
    start = time.perf_counter_ns()
    for group in calls:
        run_through(map(apply, group))
        take()
    return time.perf_counter_ns() - start


class Totals:
    """What a flow's totals are made of, from the events of the core."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.fills = self.volume = self.notional = self.fifo = self.rejects = 0

    def count(self, events: bytes) -> None:
        """Add events to the totals; the two FILLs of a trade lie side by side, the maker's first."""
        records = np.frombuffer(events, wire.EVENT)
        self.rejects += int(np.isin(records["kind"], REJECTS).sum())
        fills = records[records["kind"] == wire.EventKind.FILL]
        makers, takers = fills[::2], fills[1::2]
        if not (makers["flags"] & wire.EventFlag.MAKER).all() or (makers["trade_id"] != takers["trade_id"]).any():
            raise RuntimeError("a FILL of a maker has no FILL of its taker behind it")
        qty, price = makers["qty"].astype(np.uint64), makers["price"].astype(np.uint64)
        mixed = (self._oids(makers) * np.uint64(31) + self._oids(takers) * np.uint64(17)) % np.uint64(1_000_003)
        self.fills += len(makers)
        self.volume += int(qty.sum())
        self.notional += int((qty * price).sum()) // commands.TICK
        self.fifo = (self.fifo + int((mixed * qty).sum())) % 2**64

    def _oids(self, fills: NDArray[Any]) -> NDArray[np.uint64]:
        ids = fills["client_order_id"].astype(np.uint64) - np.uint64(1)
        return ids * np.uint64(self.accounts) + fills["account"].astype(np.uint64)

    def as_dict(self) -> dict[str, int]:
        return {"fills": self.fills, "volume": self.volume, "notional": self.notional, "fifo": self.fifo}
