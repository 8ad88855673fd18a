"""`openbell bench overload`: ten times the orders that the market takes, and who still gets through.

First as many as it takes, sent as fast as they are answered. Then, without load and under ten times that, a client of
good manners sends an order and its cancel and waits for both, again and again, and an operator cancels by account. What
is too much has to be refused as `overloaded`, or held back by its connection; the cancels and the verbs may take 1 ms
longer than without load. Those who flood run with the lowest priority, so that they do not take the processor from whom
is measured.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import openbell

from bench.harness.engine import EngineProcess, key_of
from bench.harness.flood import Flood, Flooded
from bench.harness.wirework import Prober
from bench.table import Limit, Report, Row
from tools.steps import Step

FLOODERS = 4
TIMES = 10
MOST_MORE_US = 1000.0
PAUSE_S = 0.005
VERBS_EACH = 10  # probes between two verbs
OVERLOADED = "overloaded"


@dataclass(slots=True)
class Measured:
    """How long each took, in microseconds."""

    cancel: list[float] = field(default_factory=list)
    order: list[float] = field(default_factory=list)
    verb: list[float] = field(default_factory=list)
    errors: int = 0
    gaps: int = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=8.0, metavar="S", help="of each part (default 8)")
    parser.add_argument(
        "--per-frame", type=int, default=32, metavar="N", help="orders a frame of the load (default 32)"
    )
    parser.add_argument("--flooders", type=int, default=FLOODERS, metavar="N", help=f"processes (default {FLOODERS})")


def run(args: argparse.Namespace) -> int:
    report = Report("overload")
    accounts = args.flooders + 2
    with EngineProcess(args.work, "fsync", accounts=accounts, own_keys=True) as engine:
        with Step("as much as it takes"):
            most = flooded(engine, range(1), args.per_frame, 0, args.seconds).taken / args.seconds
        with Step("without load"):
            idle = measured(engine, accounts, args.seconds)
        with (
            Step(f"{TIMES} times as much"),
            Flood(orders_of(engine), range(args.flooders), args.per_frame, round(TIMES * most)) as flood,
        ):
            flood.begin()
            busy = measured(engine, accounts, args.seconds)
            load = flood.end()
    show(report, most, idle, busy, load)
    return report.show(args.json)


def orders_of(engine: EngineProcess) -> str:
    """The endpoint of its order port."""
    return openbell.find_market(engine.data).orders


def flooded(engine: EngineProcess, accounts: range, per_frame: int, rate: int, seconds: float) -> Flooded:
    """A flood for some seconds."""
    with Flood(orders_of(engine), accounts, per_frame, rate) as flood:
        flood.begin()
        time.sleep(seconds)
        return flood.end()


def measured(engine: EngineProcess, accounts: int, seconds: float) -> Measured:
    """Orders, cancels and verbs for some seconds."""
    account, other = accounts - 1, accounts - 2
    prober = Prober(orders_of(engine), key_of(account), account)
    made = Measured()
    until_s = time.monotonic() + seconds
    with openbell.Operator(Path(engine.data)) as operator:
        while time.monotonic() < until_s:
            for _ in range(VERBS_EACH):
                prober.probe()
                time.sleep(PAUSE_S)
            begun_s = time.perf_counter()
            operator.cancel_all(other, reason="a benchmark")
            made.verb.append((time.perf_counter() - begun_s) * 1e6)
    made.cancel, made.order = prober.cancel_us, prober.order_us
    made.errors, made.gaps = len(prober.errors), prober.gaps
    prober.close()
    return made


def show(report: Report, most: float, idle: Measured, busy: Measured, load: Flooded) -> None:
    """The rows: limits are of what takes longer under load."""
    a_second = 1 / load.seconds / 1e3
    report.add(Row("as many as it takes", most / 1e3, "thousand/s"))
    report.add(Row("offered under load", load.offered * a_second, "thousand/s", note=f"{load.offered:,} orders"))
    report.add(Row("  held back by connections", load.held_back * a_second, "thousand/s"))
    report.add(Row("  taken", load.taken * a_second, "thousand/s"))
    refused = load.refused[OVERLOADED]
    limit = Limit(1, "higher")
    report.add(Row("  refused (overloaded)", refused * a_second, "thousand/s", limit=limit, note=f"{refused:,} orders"))
    others = sum(load.refused.values()) - refused
    report.add(Row("  refused otherwise", others * a_second, "thousand/s", limit=Limit(0)))
    for name in ("cancel", "order", "verb"):
        before, under = percentiles(getattr(idle, name)), percentiles(getattr(busy, name))
        for place, percentile in ((0, "p50"), (1, "p99")):
            note = (
                f"idle {before[place]:,.0f} us, under load {under[place]:,.0f} us, {len(getattr(busy, name)):,} of them"
            )
            bound = Limit(MOST_MORE_US) if percentile == "p50" and name != "order" else None
            report.add(
                Row(f"{name}, {percentile}: longer by", under[place] - before[place], "us", limit=bound, note=note)
            )
    report.add(Row("errors and gaps of who is measured", busy.errors + busy.gaps, "", limit=Limit(0)))


def percentiles(us: list[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    cuts = quantiles(us, n=100, method="inclusive")
    return cuts[49], cuts[98]
