"""`openbell bench soak --minutes M`: half of what the market takes, for long; memory and latency have to stay flat.

First as many orders as it takes, sent as fast as they are answered. Then half of that, while a client of good manners
sends an order and its cancel again and again. Each row is of one slice of the time: the engine's memory that is not of
files at its end, and the latency of that client's orders. Flat: the mean of the last quarter of the rows is not more
than that of the second quarter by a tenth (memory), by half (p99; a disk has better and worse minutes). All but the
newest segments of the journal are removed meanwhile, as somebody would who moves them away: an hour has tens of
gigabytes.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, quantiles

from bench.harness.engine import EngineProcess, key_of
from bench.harness.flood import Flood
from bench.harness.wirework import Prober
from bench.overload import PAUSE_S, flooded, orders_of
from bench.table import Limit, Report, Row
from tools.steps import Step

FLOODERS = 2
SLICES = 20
WARM_S = 5.0
KEPT_SEGMENTS = 16
MOST_MEMORY, MOST_P99 = 1.1, 1.5


@dataclass(frozen=True, slots=True)
class Slice:
    """At the end of a part of the time. latency: microseconds from an order to its acknowledgement."""

    minute: float
    memory_mib: float
    p50_us: float
    p99_us: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=2.0, metavar="M", help="how long (default 2; asked for: 60)")
    parser.add_argument(
        "--per-frame", type=int, default=32, metavar="N", help="orders a frame of the load (default 32)"
    )
    parser.add_argument("--durability", choices=("fsync", "memory"), default="fsync", help="default fsync")


def run(args: argparse.Namespace) -> int:
    report = Report("soak")
    with EngineProcess(args.work, args.durability, accounts=FLOODERS + 1, own_keys=True) as engine:
        with Step("as much as it takes"):
            most = flooded(engine, range(1), args.per_frame, 0, WARM_S).taken / WARM_S
        prober = Prober(orders_of(engine), key_of(FLOODERS), FLOODERS)
        flood = Flood(orders_of(engine), range(FLOODERS), args.per_frame, round(most / 2))
        with Step(f"half of it for {args.minutes:g} minutes"), flood:
            flood.begin()
            slices = [measured(engine, prober, args.minutes * 60 / SLICES, place) for place in range(SLICES)]
            load = flood.end()
        prober.close()
    report.add(Row("as many as it takes", most / 1e3, "thousand/s"))
    report.add(Row("taken", load.taken / load.seconds / 1e3, "thousand/s", note=f"{load.taken:,} orders"))
    refused = sum(load.refused.values())
    report.add(Row("refused", refused / load.seconds / 1e3, "thousand/s", limit=Limit(0)))
    for one in slices:
        note = f"p50 {one.p50_us:,.0f} us, p99 {one.p99_us:,.0f} us"
        report.add(Row(f"memory after {one.minute:.1f} minutes", one.memory_mib, "MiB", note=note))
    for what, limit, values in (
        ("memory", MOST_MEMORY, [one.memory_mib for one in slices]),
        ("p99", MOST_P99, [one.p99_us for one in slices]),
    ):
        before, after = quarters(values)
        note = f"{before:,.1f} in the second quarter, {after:,.1f} in the last"
        report.add(Row(f"{what}: last quarter to the second", after / before, "", limit=Limit(limit), note=note))
    report.add(Row("errors and gaps of who is measured", prober.gaps + len(prober.errors), "", limit=Limit(0)))
    return report.show(args.json)


def quarters(values: list[float]) -> tuple[float, float]:
    """The means of the second quarter and of the last one: in the first caches and pools fill."""
    size = len(values) // 4
    return fmean(values[size : 2 * size]), fmean(values[-size:])


def measured(engine: EngineProcess, prober: Prober, seconds: float, place: int) -> Slice:
    """One slice of the time."""
    prober.order_us.clear()
    prober.cancel_us.clear()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        prober.probe()
        time.sleep(PAUSE_S)
    for path in sorted((engine.data / "journal").glob("*.obj"))[:-KEPT_SEGMENTS]:
        path.unlink()
    cuts = quantiles(prober.order_us, n=100, method="inclusive")
    return Slice((place + 1) * seconds / 60, resident_mib(engine.process.pid), cuts[49], cuts[98])


def resident_mib(pid: int) -> float:
    """Memory of a process that is not of files."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no memory")
