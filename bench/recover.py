"""`openbell bench recover`: a restart by the journal alone, and snapshots of a large book written and loaded.

Each step runs in a fresh process. The floor of the replay is the core fed with the same commands from memory; of the
snapshots the same bytes written and synced, and read.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench import flow
from bench.harness import journals
from bench.harness.child import environment
from bench.harness.rounds import interleave, median
from bench.table import Limit, Report, Row
from tools.steps import Step

REPLAYED = Limit(3e6, "higher")
BOTH = Limit(1.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--commands", type=int, default=2_000_000, help="length of the journal (default 2,000,000)")
    parser.add_argument("--orders", type=int, default=1_000_000, help="resting orders (default 1,000,000)")
    parser.add_argument("--symbols", type=int, default=8, help="instruments (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="times that each step is taken (default 3)")


def run(args: argparse.Namespace) -> int:
    report = Report("recover")
    data = args.work / "recover"
    shutil.rmtree(data, ignore_errors=True)
    try:
        replays(report, data / "long", args)
        snapshots(report, data / "deep", args)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return report.show(args.json)


def replays(report: Report, data: Path, args: argparse.Namespace) -> None:
    with Step(f"flow and journal of {args.commands:,} commands"):
        path = flow.cached(args.work / "flows", args.commands, args.symbols, 1000)
        journals.write(data / "journal", path, args.symbols)

    def rate(what: str) -> float:
        answer = step(what, data)
        return answer["commands"] / answer["seconds"]

    with Step(f"replays, {args.rounds} rounds"):
        figures = interleave({"replay": lambda: rate("replay"), "apply": lambda: rate("apply")}, args.rounds)
    core = median(figures["apply"])
    note = f"read, checked and applied; the core alone takes {core:,.0f} from memory"
    report.add(Row("replay from the journal", median(figures["replay"]), "commands/s", limit=REPLAYED, note=note))


def snapshots(report: Report, data: Path, args: argparse.Namespace) -> None:
    with Step(f"a book of {args.orders:,} resting orders"):
        path = flow.cached(args.work / "flows", args.orders, args.symbols, args.orders // args.symbols)
        journals.write(data / "journal", path, args.symbols, args.orders)
    with Step(f"snapshots, {args.rounds} rounds"):
        saved = [step("save", data) for _ in range(args.rounds)]
        loaded = [step("load", data) for _ in range(args.rounds)]
    save_s, load_s = (median([one["seconds"] for one in found]) for found in (saved, loaded))
    save_floor, load_floor = (median([one["floor_seconds"] for one in found]) for found in (saved, loaded))
    size = f"{saved[0]['orders']:,} orders, {saved[0]['bytes'] / 1e6:,.0f} MB"
    report.add(Row("snapshot saved", save_s, "s", save_floor, note=f"{size}; floor: the bytes written and synced"))
    report.add(Row("snapshot loaded", load_s, "s", load_floor, note="floor: the bytes read"))
    report.add(Row("snapshot saved and loaded", save_s + load_s, "s", limit=BOTH))


def step(what: str, data: Path) -> dict[str, float]:
    """What a step of bench/harness/restart.py says."""
    command = [sys.executable, "-m", "bench.harness.restart", what, str(data)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{what} failed: {done.stderr.strip()[-500:]}")
    answer: dict[str, float] = json.loads(done.stdout)
    return answer
