"""`openbell bench throughput`: orders a second through the order port, many in a frame, against ZeroMQ alone one way.

One client of the SDK sends a flow (adds, cancels, replaces, trades) in frames as fast as the market takes them, and
takes every answer in. Risk checks are on, limits set on everything, the journal is synced, market data is made and
numbered; in rows of their own somebody subscribes to all of it. The clock runs from the first frame sent until the last
answer has come.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

import openbell
from numpy.typing import NDArray

from bench import flow
from bench.floor import oneway
from bench.harness import commands
from bench.harness.child import Child
from bench.harness.engine import API_KEY, EngineProcess
from bench.harness.rounds import interleave, median, median_ratio
from bench.table import Limit, Report, Row
from tools.steps import Step

LIMIT = Limit(0.5, "higher")
LIMITED = 32  # orders a frame
ACCOUNTS = 1
IN_FLIGHT = 1 << 16  # commands sent and not answered, at most
FRAMES_A_LOOK = 32
SUBSCRIBED = "fsync, with a subscriber"
MODES = ("fsync", SUBSCRIBED, "memory")
QUIET_S = 20.0  # without an answer: something is lost


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=1_000_000, help="commands of a turn (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    parser.add_argument("--per-frame", type=int, nargs="+", default=[LIMITED, 256], metavar="N", help="default 32 256")


def run(args: argparse.Namespace) -> int:
    report = Report("throughput")
    with Step(f"flow of {args.orders:,} events"):
        path = flow.cached(args.work / "flows", args.orders, 1, 1000)
    records = flow.load(path).records
    expected = json.loads(path.with_suffix(".json").read_text())
    for per_frame in args.per_frame:
        contenders: dict[str, Callable[[], float]] = {
            "floor": lambda n=per_frame: oneway.records_per_second(len(records), n),  # type: ignore[misc]
        }
        for mode in MODES:
            contenders[mode] = lambda n=per_frame, mode=mode: through_the_market(  # type: ignore[misc]
                args.work, records, n, mode, expected["fills"]
            )
        with Step(f"{args.rounds} rounds of {len(records):,} orders, {per_frame} a frame"):
            figures = interleave(contenders, args.rounds)
        floor = median(figures["floor"])
        for mode in MODES:
            limit = LIMIT if mode == "fsync" and per_frame == LIMITED else None
            note = f"median ratio of the rounds {median_ratio(figures[mode], figures['floor']):.2f}"
            report.add(
                Row(f"{per_frame} orders a frame, {mode}", median(figures[mode]) / 1e6, "M/s", floor / 1e6, limit, note)
            )
    report.notes.append("floor: frames of the same size through ZeroMQ to a receiver that only counts them")
    return report.show(args.json)


def through_the_market(folder: Path, records: NDArray[Any], per_frame: int, mode: str, fills: int) -> float:
    """Commands a second, answered and durable, through an engine of its own. Raises RuntimeError for a wrong result."""
    made = commands.orders(records, ACCOUNTS)
    with ExitStack() as stack:
        engine = stack.enter_context(EngineProcess(folder, mode.partition(",")[0], accounts=ACCOUNTS))
        if mode == SUBSCRIBED:
            market = openbell.find_market(engine.data)
            stack.enter_context(Child("bench.harness.subscriber", market.market_data, "BDTXS"))
        client = stack.enter_context(openbell.connect(engine.data, api_key=API_KEY))
        start = perf_counter()
        _send_all(client, made, per_frame)
        seconds = perf_counter() - start
        with openbell.Operator(engine.data) as operator:
            status = operator.status()
    if status.trades != fills or status.rejects:
        raise RuntimeError(
            f"the market made {status.trades} trades and {status.rejects} rejects, expected {fills} and 0"
        )
    return len(made) / seconds


def _send_all(client: openbell.Client, made: NDArray[Any], per_frame: int) -> None:
    """Send the commands, take the answers. Raises TimedOut when those stop short."""
    count = len(made)
    base_seq = client.query("instruments")["seq"]
    last_seq = base_seq

    def take(events: NDArray[Any]) -> None:
        # Every command has at least one event, and they come in order: the last one tells how far the market is.
        nonlocal last_seq
        last_seq = int(events["seq"][-1])

    client.on_events(take)
    for begin in range(0, count, FRAMES_A_LOOK * per_frame):
        part = made[begin : begin + FRAMES_A_LOOK * per_frame]
        client.send_batches(part, per_frame)
        sent = begin + len(part)
        client.poll()
        while sent - (last_seq - base_seq) > IN_FLIGHT:
            client.poll(QUIET_S)
    client.wait_until(lambda: last_seq - base_seq >= count, QUIET_S, f"the answers to {count} commands")
    client.query("account")  # answered after everything before it: a TICK of the clock may have been counted for one
