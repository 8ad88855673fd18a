"""`openbell bench wire`: from sending an order to its ACCEPTED in the client's hands, one client, one order at a time.

The client is the SDK's, `client.buy(...).wait_accepted()`. Its floor is a ZeroMQ echo of frames of the same size, and
with durability "fsync" in addition one write + fdatasync on the disk that the journal is on. All take turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter_ns

import openbell

from bench import flow
from bench.floor import disk, echo
from bench.harness.engine import API_KEY, EngineProcess
from bench.harness.rounds import median, percentile
from bench.table import Limit, Report, Row
from tools.steps import Step

WARM_UP = 200
LIMIT = Limit(1.25)
PERCENTS = (50, 99)
MODES = ("memory", "fsync")
PRICE = flow.START_PRICE - 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=1_000, help="orders a turn (default 1,000)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")


def run(args: argparse.Namespace) -> int:
    report = Report("wire")
    with ExitStack() as stack:
        contenders: dict[str, Callable[[], list[int]]] = {
            "echo": lambda: echo.round_trips(args.orders, spinning=False),
            "disk": lambda: disk.write_and_sync(args.orders, args.work),
            "echo, spinning": lambda: echo.round_trips(args.orders, spinning=True),
        }
        for mode in MODES:
            engine = stack.enter_context(EngineProcess(args.work, mode))
            contenders[mode] = _contender(engine.data, args.orders, spin=False)
            contenders[f"{mode}, spinning"] = _contender(engine.data, args.orders, spin=True)
        times: dict[str, list[list[int]]] = {name: [] for name in contenders}
        with Step(f"{args.rounds} rounds of {args.orders:,} orders, echoes and writes"):
            for _ in range(args.rounds):
                for name, measure in contenders.items():
                    times[name].append(measure())
    for spinning in ("", ", spinning"):
        for mode in MODES:
            _compare(report, times, mode, spinning)
    report.notes.append("floor: the echo; of fsync the echo and an fdatasync of the same round. Medians of the rounds")
    return report.show(args.json)


def _compare(report: Report, times: dict[str, list[list[int]]], mode: str, spinning: str) -> None:
    """The rows of one mode."""
    for percent in PERCENTS:
        figures = [percentile(values, percent) / 1000 for values in times[mode + spinning]]
        floors = [percentile(values, percent) / 1000 for values in times[f"echo{spinning}"]]
        if mode == "fsync":
            floors = [
                floor + percentile(values, percent) / 1000 for floor, values in zip(floors, times["disk"], strict=True)
            ]
        what = f"order to ack, {mode}{', the client spins' if spinning else ''}, p{percent}"
        report.add(Row(what, median(figures), "us", median(floors), None if spinning else LIMIT))


def _contender(data: Path, orders: int, *, spin: bool) -> Callable[[], list[int]]:
    return lambda: order_to_ack(data, orders, spin=spin)


def order_to_ack(data: Path, orders: int, *, spin: bool = False) -> list[int]:
    """Times in ns of `orders` orders that come to rest, sent one after the other; cancelled afterwards."""
    times = []
    with openbell.connect(data, api_key=API_KEY, spin=spin) as client:
        for number in range(WARM_UP + orders):
            start = perf_counter_ns()
            order = client.buy("S0", 1, PRICE)
            order.wait_accepted()
            if number >= WARM_UP:
                times.append(perf_counter_ns() - start)
        client.cancel_all()
    return times
