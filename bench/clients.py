"""`openbell bench clients`: bad clients, one kind after the other, and what a client of good manners notices of each.

A row is a kind: the median of the good client's orders to their acknowledgement while it is at work, beside that
without it. Its notes say what the bad one did and got, the 99th percentile, and the gaps and errors that the good one
saw. Bad clients run with the lowest priority: it is not the processor that they are to take.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import quantiles

import openbell

from bench.harness.bad_clients import KINDS
from bench.harness.child import Child
from bench.harness.engine import EngineProcess, key_of
from bench.harness.wirework import Prober
from bench.overload import PAUSE_S
from bench.table import Limit, Report, Row
from tools.steps import Step

GOOD, BAD = 0, 1  # accounts
SECONDS = 4.0
MOST_RATIO = Limit(3.0)
END_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help=f"of each kind (default {SECONDS:g})"
    )
    parser.add_argument(
        "--kind", action="append", choices=KINDS, metavar="KIND", help=f"only this one: {', '.join(KINDS)}"
    )


def run(args: argparse.Namespace) -> int:
    report = Report("clients")
    wrong = 0
    with EngineProcess(args.work, "fsync", accounts=2, own_keys=True) as engine:
        for kind in args.kind or KINDS:
            with Step(kind.replace("_", " ")):
                row, faults = measured(engine.data, kind, args.seconds)
            report.add(row)
            wrong += faults
            if engine.process.poll() is not None:
                raise RuntimeError(f"{row.what}: the engine ended with code {engine.process.returncode}")
    report.add(Row("gaps and errors of the good client", wrong, "", limit=Limit(0)))
    return report.show(args.json)


def measured(data: Path, kind: str, seconds: float) -> tuple[Row, int]:
    """A kind's row, and the number of gaps and errors that the good client saw."""
    market = openbell.find_market(data)
    prober = Prober(market.orders, key_of(GOOD), GOOD)
    probe(prober, seconds / 2)  # warm
    prober.order_us.clear()
    probe(prober, seconds)
    before = percentiles(prober.order_us)
    arguments = (kind, market.orders, market.market_data, market.snapshots, key_of(BAD), str(BAD), str(seconds))
    with Child("bench.harness.bad_clients", *arguments) as child:
        assert child.process.stdin is not None
        assert child.process.stdout is not None
        prober.order_us.clear()
        child.process.stdin.write("\n")
        child.process.stdin.flush()
        probe(prober, seconds)
        during = percentiles(prober.order_us)
        told = json.loads(child.process.stdout.readline())
    probe(prober, seconds / 4)  # it is served after that, too
    faults = prober.gaps + len(prober.errors)
    did, got = (
        ", ".join(f"{count:,} {what}" for what, count in told[name].items()) or "nothing" for name in ("did", "got")
    )
    note = f"did: {did}; got: {got}; p99 {during[1]:,.0f} us, without it {before[1]:,.0f} us; {faults} gaps and errors"
    prober.close()
    return Row(kind.replace("_", " "), during[0], "us", before[0], MOST_RATIO, note), faults


def probe(prober: Prober, seconds: float) -> None:
    """Orders and cancels for some seconds."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        prober.probe()
        time.sleep(PAUSE_S)


def percentiles(us: list[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    cuts = quantiles(us, n=100, method="inclusive")
    return cuts[49], cuts[98]
