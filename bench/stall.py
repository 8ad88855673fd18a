"""`openbell bench stall`: how long an order waits while a snapshot of a large book is made.

The engine begins with a journal that leaves many orders resting. One client sends an order, waits for its ACCEPTED,
cancels it, and goes on so. Meanwhile nothing is saved; or a snapshot is made beside the engine, as it is when one is
due; or the engine makes one itself, as it did before that, and as `ctl snapshot` has it. What counts is the slowest
order of each stretch. Where nothing is saved that is what the machine does to it, and is the floor.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openbell
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.harness import commands, journals
from bench.harness.engine import API_KEY, EngineProcess
from bench.harness.rounds import median, percentile
from bench.table import Limit, Report, Row
from tools.steps import Step

STALL = Limit(100.0)
PRICE = flow.START_PRICE - 1000
SYMBOLS = 8
BURST = 500  # orders between two looks at what is going on
EVERY_S = 10.0
START_S, PATIENCE_S, TIMEOUT_S = 120.0, 600.0, 60.0
DURABILITIES = ("memory", "fsync")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=1_000_000, help="resting orders (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="snapshots of each kind (default 3)")
    parser.add_argument(
        "--durability", choices=DURABILITIES, default="memory", help="(default memory: no disk in the figures)"
    )


def run(args: argparse.Namespace) -> int:
    report = Report("stall")
    found: dict[str, list[list[int]]] = {"quiet": [], "beside": [], "own": []}
    with Step(f"a book of {args.orders:,} resting orders"):
        path = flow.cached(args.work / "flows", args.orders, SYMBOLS, args.orders // SYMBOLS)
    engine = EngineProcess(
        args.work, args.durability, instruments=SYMBOLS, more=_more(args.orders), start_s=START_S,
        prepare=lambda data: journals.write(data / "journal", path, SYMBOLS, args.orders),
    )  # fmt: skip
    with engine, openbell.connect(engine.data, api_key=API_KEY) as client:
        trader = Trader(client)
        with Step(f"{args.rounds} snapshots beside the engine"):
            for _ in range(args.rounds):
                quiet, beside = _beside(engine, trader)
                found["quiet"].append(quiet)
                found["beside"].append(beside)
        with Step(f"{args.rounds} snapshots by the engine"):
            for _ in range(args.rounds):
                found["own"].append(_own(engine, trader))
    for name, what in (("beside", "while one is made beside"), ("own", "while the engine makes one")):
        _compare(report, what, found[name], found["quiet"])
    longest = {name: median([max(times) for times in stretches]) / 1000 for name, stretches in found.items()}
    report.add(Row("stall by one made beside", max(0.0, longest["beside"] - longest["quiet"]), "us", limit=STALL))
    counts = ", ".join(f"{name} {sum(map(len, stretches)):,}" for name, stretches in found.items())
    report.notes.append(f"floor: nothing is saved. Medians of {args.rounds} stretches. Orders: {counts}")
    return report.show(args.json)


def _more(orders: int) -> str:
    """TOML: room as the journal has it, and a snapshot now and then."""
    room = replace(commands.Capacity(), orders=2 * orders)
    lines = [f"{name} = {getattr(room, name)}" for name in room.__dataclass_fields__]
    return "\n".join(["[capacity]", *lines, "[snapshots]", f"every_s = {EVERY_S}", "every_commands = 0", ""])


def _compare(report: Report, what: str, stretches: list[list[int]], floors: list[list[int]]) -> None:
    for name, of in (("p99.9", lambda times: percentile(times, 99.9)), ("slowest", max)):
        figure, floor = (median([of(times) for times in found]) / 1000 for found in (stretches, floors))
        report.add(Row(f"order to ack {what}, {name}", figure, "us", floor))


class Trader:
    """Sends one order after the other."""

    def __init__(self, client: openbell.Client) -> None:
        self._client = client
        self._acked = 0
        self._number = 0
        client.on_events(self._take)

    def _take(self, events: NDArray[Any]) -> None:
        self._acked += len(events)

    def _has_acked(self, wanted: int) -> bool:
        return self._acked >= wanted

    def burst(self) -> list[int]:
        """Times in ns of BURST orders that come to rest; they are cancelled then."""
        client, times = self._client, []
        made = np.zeros(BURST, wire.ORDER_COMMAND)
        made["kind"], made["tif"] = wire.CommandKind.NEW_ORDER, wire.TimeInForce.GTC
        made["price"], made["qty"] = PRICE, 1
        made["client_order_id"] = client.reserve_ids(BURST) + np.arange(BURST, dtype=np.uint64)
        gone = np.zeros(BURST, wire.ORDER_COMMAND)
        gone["kind"], gone["client_order_id"] = wire.CommandKind.CANCEL, made["client_order_id"]
        for orders in (made, gone):
            for place in range(BURST):
                wanted = self._acked + 1
                begun_ns = time.perf_counter_ns()
                client.send_batch(orders[place : place + 1])
                client.wait_until(partial(self._has_acked, wanted), TIMEOUT_S)
                times.append(time.perf_counter_ns() - begun_ns)
        return times


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        yield from map(int, (task / "children").read_text("ascii").split())


def _is_saving(engine: EngineProcess) -> bool:
    """Whether a process beside it makes a snapshot: its child has one itself."""
    return any(True for child in _children(engine.process.pid) for _ in _children(child))


def _beside(engine: EngineProcess, trader: Trader) -> tuple[list[int], list[int]]:
    """The times of a stretch in which nothing is saved, and of the snapshot after it."""
    quiet: list[int] = []
    saving: list[int] = []
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        before, times = _is_saving(engine), trader.burst()
        if before or _is_saving(engine):
            saving += times if quiet else []  # one that was under way already does not count
        elif saving:
            return quiet, saving
        else:
            quiet += times
    raise RuntimeError(f"no snapshot was made within {PATIENCE_S:g} s")


def _own(engine: EngineProcess, trader: Trader) -> list[int]:
    """The times of a stretch in which the engine makes one."""
    times: list[int] = []

    def ask() -> None:
        with openbell.Operator(engine.data, name="bench", timeout_s=TIMEOUT_S) as operator:
            operator.snapshot(reason="a benchmark")

    asking = threading.Thread(target=ask)
    asking.start()
    while asking.is_alive():
        times += trader.burst()
    asking.join()
    return times
