"""`./openbell fuzz`: run mutated input through every decoder, guided by what it reaches, and say what breaks.

Exit code: 0 nothing found, 1 a crash, a hang or growth, 2 wrong usage, or something needed is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.fuzz import build, running
from tests.fuzz.running import WORK, Outcome
from tests.fuzz.targets import TARGETS, Target

SHARE_OF_COMPILED = 2  # their executions are cheap: they get more of the time
LEAST_S = 2.0
TOTALS = "totals.json"


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openbell fuzz", description=__doc__.split("\n\n")[0].partition(": ")[2])
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "targets:\n" + "\n".join(f"  {one.name:<14}{one.summary}" for one in TARGETS.values())
    parser.add_argument("--minutes", type=float, metavar="N", default=5.0, help="all together (default 5)")
    parser.add_argument("--target", action="append", metavar="NAME", choices=list(TARGETS), help="only this one")
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="targets at the same time (default 1)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="run this one input of --target, and no more")
    parser.add_argument("--anew", action="store_true", help="forget what earlier runs have learnt")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a target")
    return parser


def shares(targets: list[Target], seconds: float, jobs: int) -> Iterator[float]:
    """How long each target is fuzzed."""
    weights = [SHARE_OF_COMPILED if one.is_compiled else 1 for one in targets]
    for weight in weights:
        yield max(LEAST_S, seconds * min(jobs, len(targets)) * weight / sum(weights))


def row_of(outcome: Outcome) -> dict[str, Any]:
    """For JSON."""
    return {
        "target": outcome.target.name, "executions": outcome.executions, "seconds": round(outcome.seconds, 1),
        "executions_a_second": round(outcome.a_second), "edges": outcome.edges, "features": outcome.features,
        "inputs": outcome.inputs, "peak_mib": outcome.peak_mib, "growth_kib": round(outcome.growth_kib, 1),
        "found": outcome.found, "command": outcome.command,
    }  # fmt: skip


def show(outcomes: list[Outcome], total: int) -> None:
    """The table, and what was found."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("target", "executions", "a second", "edges", "features", "inputs", "peak MiB", "KiB a pass", "found"):
        table.add_column(name, justify="left" if name in ("target", "found") else "right")
    for one in outcomes:
        figures = (one.executions, round(one.a_second), one.edges, one.features, one.inputs, one.peak_mib)
        table.add_row(
            one.target.name, *(f"{figure:,}" for figure in figures), f"{one.growth_kib:,.1f}", one.found or "-"
        )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    for one in outcomes:
        if one.found:
            print(f"{one.target.name}: {one.found}", *one.trace, f"again: {one.command}", sep="\n", flush=True)
    now = sum(one.executions for one in outcomes)
    print(f"{now:,} executions, {total:,} of this clone so far; found: {sum(bool(one.found) for one in outcomes)}")


def counted(outcomes: list[Outcome]) -> int:
    """Add the executions to those of earlier runs, and tell the sum of all targets."""
    path = WORK / TOTALS
    totals: dict[str, int] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for one in outcomes:
        totals[one.target.name] = totals.get(one.target.name, 0) + one.executions
    path.write_text(json.dumps(totals, indent=1) + "\n", "utf-8")
    return sum(totals.values())


def main(argv: list[str]) -> int:
    args = arguments().parse_args(argv)
    targets = [TARGETS[name] for name in args.target or TARGETS]
    try:
        lib = build.instrumented(lambda text: print(f"openbell fuzz: {text} ...", file=sys.stderr, flush=True))
    except build.NotThere as error:
        print(f"openbell fuzz: {error}", file=sys.stderr)
        return 2
    if args.input is not None:
        if len(targets) != 1 or not args.input.exists():
            print("openbell fuzz: --input names a file, and --target whose it is", file=sys.stderr)
            return 2
        return int(bool(running.run_input(targets[0], args.input.resolve(), lib)))
    WORK.mkdir(parents=True, exist_ok=True)
    if args.anew:
        for one in targets:
            running.forget(one)
    jobs = max(1, min(args.jobs, os.cpu_count() or 1, len(targets)))
    with ThreadPoolExecutor(jobs) as pool:
        times = shares(targets, args.minutes * 60, jobs)
        work = [pool.submit(running.fuzz, one, lib, seconds) for one, seconds in zip(targets, times, strict=True)]
        outcomes = [one.result() for one in work]
    total = counted(outcomes)
    if args.json:
        for outcome in outcomes:
            print(json.dumps(row_of(outcome)))
    else:
        show(outcomes, total)
    return int(any(one.found for one in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
