"""`openbell bench wire`: from sending an order until its ACCEPTED is in the client's hands, one order at a time.

The client is the SDK's, with `send_batch` (an order made before, a callback for its events) and as people trade,
`buy(...).wait_accepted()`. The floor is a ZeroMQ echo of frames of the same size, and with durability "fsync" in
addition one write + fdatasync on the disk that the journal is on. All take turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import openbell
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.floor import disk, echo
from bench.harness.engine import API_KEY, EngineProcess
from bench.harness.rounds import median, median_ratio, percentile
from bench.table import Limit, Report, Row
from tools.steps import Step

WARM_UP = 200
LIMIT = Limit(1.25)
PERCENTS = (50, 99)
MODES = ("memory", "fsync")
PRICE = flow.START_PRICE - 1000
TIMEOUT_S = 10.0
Contender = Callable[[], list[int]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=1_000, help="orders a turn (default 1,000)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    parser.add_argument("--spin", action="store_true", help="also with a client that never sleeps")


def run(args: argparse.Namespace) -> int:
    report = Report("wire")
    with ExitStack() as stack:
        contenders: dict[str, Contender] = {
            "echo": lambda: echo.round_trips(args.orders, spinning=False),
            "disk": lambda: disk.write_and_sync(args.orders, args.work),
        }
        if args.spin:
            contenders["echo, spinning"] = lambda: echo.round_trips(args.orders, spinning=True)
        for mode in MODES:
            engine = stack.enter_context(EngineProcess(args.work, mode))
            contenders[mode] = _contender(batches_to_acks, engine.data, args.orders)
            contenders[f"{mode}, by hand"] = _contender(orders_to_acks, engine.data, args.orders)
            if args.spin:
                contenders[f"{mode}, spinning"] = _contender(batches_to_acks, engine.data, args.orders, spin=True)
        times: dict[str, list[list[int]]] = {name: [] for name in contenders}
        with Step(f"{args.rounds} rounds of {args.orders:,} orders, echoes and writes"):
            for _ in range(args.rounds):
                for name, measure in contenders.items():
                    times[name].append(measure())
    for mode in MODES:
        _compare(report, times, mode, "echo", f"order to ack, {mode}", LIMIT)
    for mode in MODES:
        _compare(report, times, f"{mode}, by hand", "echo", f"buy().wait_accepted(), {mode}")
        if args.spin:
            _compare(report, times, f"{mode}, spinning", "echo, spinning", f"order to ack, {mode}, the client spins")
    report.notes.append("floor: the echo; of fsync the echo and an fdatasync of the same round. Medians of the rounds")
    return report.show(args.json)


def _compare(
    report: Report, times: dict[str, list[list[int]]], name: str, floor: str, what: str, limit: Limit | None = None
) -> None:
    """The rows of one contender."""
    for percent in PERCENTS:
        figures = [percentile(values, percent) / 1000 for values in times[name]]
        floors = [percentile(values, percent) / 1000 for values in times[floor]]
        if name.startswith("fsync"):
            disks = [percentile(values, percent) / 1000 for values in times["disk"]]
            floors = [echoed + synced for echoed, synced in zip(floors, disks, strict=True)]
        note = f"median ratio of the rounds {median_ratio(figures, floors):.2f}"
        report.add(Row(f"{what}, p{percent}", median(figures), "us", median(floors), limit, note))


def _contender(measure: Callable[..., list[int]], data: Path, orders: int, *, spin: bool = False) -> Contender:
    return lambda: measure(data, orders, spin)


def batches_to_acks(data: Path, orders: int, spin: bool) -> list[int]:
    """Times in ns of orders that come to rest, each a batch of its own; cancelled afterwards."""
    times = []
    with openbell.connect(data, api_key=API_KEY, spin=spin) as client:
        made = np.zeros(WARM_UP + orders, wire.ORDER_COMMAND)
        made["kind"], made["tif"] = wire.CommandKind.NEW_ORDER, wire.TimeInForce.GTC
        made["price"], made["qty"] = PRICE, 1
        made["client_order_id"] = client.reserve_ids(len(made)) + np.arange(len(made), dtype=np.uint64)
        acked = 0

        def take(events: NDArray[Any]) -> None:
            nonlocal acked
            acked += len(events)

        client.on_events(take)
        for number in range(len(made)):
            one = made[number : number + 1]
            start = perf_counter_ns()
            client.send_batch(one)
            client.wait_until(lambda: acked > number, TIMEOUT_S)  # noqa: B023 (it is called at once)
            times.append(perf_counter_ns() - start)
        client.cancel_all()
    if acked != 2 * len(made) + 1:
        raise RuntimeError(f"{len(made)} orders and their cancels gave {acked} events, expected {2 * len(made) + 1}")
    return times[WARM_UP:]


def orders_to_acks(data: Path, orders: int, spin: bool) -> list[int]:
    """The same as a person does it."""
    times = []
    with openbell.connect(data, api_key=API_KEY, spin=spin) as client:
        for _ in range(WARM_UP + orders):
            start = perf_counter_ns()
            client.buy("S0", 1, PRICE).wait_accepted()
            times.append(perf_counter_ns() - start)
        client.cancel_all()
    return times[WARM_UP:]
