"""`openbell bench failover`: kill -9 of the primary under load, until an order given since is acknowledged.

Primary, standby and PostgreSQL are real processes on this machine; the standby promotes itself. What a client has been
told by the old primary is looked for at the new one. The floor is the lease: for so long nobody may take over.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics

from bench.harness.pair import Round, failover
from bench.harness.rounds import percentile
from bench.table import Limit, Report, Row
from engine.store.embedded import EmbeddedPostgres
from tools.steps import Step

NOTHING = Limit(0.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=5, metavar="N", help="failovers in each mode (default 5)")
    parser.add_argument("--mode", choices=("sync", "async", "both"), default="both", help="of answers (default both)")
    parser.add_argument("--lease-ms", type=int, default=1000, metavar="MS", help="standby.lease_ms (default 1000)")
    parser.add_argument(
        "--cut-ms",
        type=int,
        default=0,
        metavar="MS",
        help="cut the standby's network so long before (default 0: never)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")


def run(args: argparse.Namespace) -> int:
    """0: nothing was lost in mode "sync", and every failover was."""
    report = Report("failover")
    folder = args.work / "failover"
    server = EmbeddedPostgres(args.work / "failover-postgres")
    dsn = asyncio.run(server.start())
    try:
        for mode in ("sync", "async") if args.mode == "both" else (args.mode,):
            chance = random.Random(args.seed)
            rounds: list[Round] = []
            for number in range(args.times):
                with Step(f"{mode}, failover {number + 1} of {args.times}"):
                    rounds.append(failover(folder, dsn, mode, chance, lease_ms=args.lease_ms, cut_ms=args.cut_ms))
            _tell(report, mode, rounds, args.lease_ms)
    finally:
        asyncio.run(server.stop())
        shutil.rmtree(folder, ignore_errors=True)
    report.notes.append("floor: the lease, which has to end before another one may be the primary")
    return report.show(args.json)


def _tell(report: Report, mode: str, rounds: list[Round], lease_ms: int) -> None:
    times = [one.first_ack_ms for one in rounds]
    acked, lost = sum(one.acked for one in rounds), sum(one.lost for one in rounds)
    gaps = sum(one.gaps for one in rounds)
    note = f"{len(rounds)} times; least {min(times):.0f}, largest {max(times):.0f} ms"
    report.add(Row(f"{mode}: kill -9 to first new ack, p50", statistics.median(times), "ms", lease_ms, None, note))
    live = [one.live_ms for one in rounds]
    report.add(Row(f"{mode}: until the standby takes orders, p50", percentile(live, 50), "ms", lease_ms))
    note = f"of {acked:,} that the old primary had acknowledged"
    report.add(
        Row(f"{mode}: acknowledged orders lost", lost, "orders", None, NOTHING if mode == "sync" else None, note)
    )
    note = "ResumeTooOld told of what was lost" if any(one.trouble for one in rounds) else ""
    of_gaps = NOTHING if mode == "sync" else None
    report.add(Row(f"{mode}: gaps in the private stream", gaps, "gaps", None, of_gaps, note))
