"""`openbell bench core`: the deterministic core over a flow, beside the C++ bounds and other people's books.

The core runs as a person runs it, `openbell match FILE --risk --json`, in a process of its own; so do bounds and peers.
Core and bounds take turns and the medians of the rounds are compared. Totals of every run must be the flow's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench import flow
from bench.harness import native
from bench.harness.child import environment
from bench.harness.peers import PeerEnvironment, PeerResult
from bench.harness.rounds import interleave, median, median_ratio
from bench.kinds import checks as of_margin
from bench.kinds import rows as kinds
from bench.peers import PEERS
from bench.plot import Series, line_plot
from bench.table import Limit, Report, Row
from tools.steps import Step

BATCH = 256
AGAINST_BOUND = Limit(1.5)
ONE_A_CALL = Limit(60.0)
AGAINST_PEERS = Limit(10.0, "higher")
SCALE_EVENTS = 200_000  # timed after the warm-up
RESTING = (1_000, 10_000, 100_000, 1_000_000)
SYMBOLS, DEPTH_OF_SYMBOLS = (1, 10, 100, 1_000, 5_000), 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=1_000_000, help="events of a flow (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of core and bounds (default 5)")
    parser.add_argument("--flow", type=Path, help="a flow file of one symbol with its .json, instead of our own")
    parser.add_argument("--no-peers", action="store_true", help="leave out the packages of others")
    parser.add_argument("--no-types", action="store_true", help="leave out types of orders, and crowds")
    parser.add_argument(
        "--checks", action="store_true", help="nothing but what margin costs: orders of watched accounts, marks"
    )
    parser.add_argument(
        "--owners",
        type=int,
        action="append",
        metavar="N",
        help="orders of so many accounts alone (with --checks; a million need 10 GB)",
    )
    parser.add_argument("--no-scale", action="store_true", help="leave out growing books and symbols")
    parser.add_argument("--plot", type=Path, metavar="DIR", help="write core-resting.svg and core-symbols.svg there")


class Contest:
    """One flow, and those that run it."""

    def __init__(self, path: Path, builds: Path) -> None:
        self.path = path
        self.expected = asdict(flow.load(path).totals)
        self.builds = builds

    def bound(self, name: str, skip: int = 0) -> float:
        answer = native.run(native.build(name, self.builds), self.path, passes=3, skip=skip)
        return self._checked(name, answer)

    def core(self, batch: int, risk: bool = True, skip: int = 0) -> float:
        answer = match(self.path, batch, risk, skip)
        return self._checked(f"core, batch {batch}", answer)

    def _checked(self, who: str, answer: dict[str, Any]) -> float:
        got = {name: answer[name] for name in self.expected}
        if got != self.expected or answer["rejects"]:
            raise RuntimeError(
                f"{who} over {self.path.name}: {got} and {answer['rejects']} rejects, expected {self.expected}"
            )
        return float(answer["ns_per_event"])


def match(path: Path, batch: int, risk: bool, skip: int = 0) -> dict[str, Any]:
    """What `openbell match` prints for a flow file."""
    command = [sys.executable, "-m", "engine.cli", "match", str(path), "--json", "--batch", str(batch)]
    command += ["--risk"] * risk + (["--skip", str(skip)] if skip else [])
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[3:])} failed with {done.returncode}: {done.stderr.strip()[-500:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def run(args: argparse.Namespace) -> int:
    report = Report("core")
    if args.checks:
        of_margin.checks(report, args.rounds, tuple(args.owners or of_margin.OWNERS))
        if not args.owners:
            of_margin.mark(report, args.rounds)
        return report.show(args.json)
    one = args.flow or flow_of(args.work, args.events, 1)
    core_ns = against_bounds(report, one, args.rounds, args.work / "build", "1 symbol")
    if not args.flow:
        against_bounds(report, flow_of(args.work, args.events, 8), args.rounds, args.work / "build", "8 symbols")
    if not args.no_peers:
        against_peers(report, one, core_ns, args.work)
    if not args.no_types:
        kinds.each_type(report, args.rounds)
        warm = RESTING[0]
        kinds.crowds(report, flow_of(args.work, warm + SCALE_EVENTS, 1, warm), warm, args.rounds)
    if not args.no_scale:
        as_it_grows(report, args.work, max(1, args.rounds // 2), args.plot)
    return report.show(args.json)


def flow_of(work: Path, events: int, symbols: int, depth: int = 1000) -> Path:
    with Step(f"flow of {events:,} events, {symbols:,} symbols, {depth:,} orders deep"):
        return flow.cached(work / "flows", events, symbols, depth)


def against_bounds(report: Report, path: Path, rounds: int, builds: Path, which: str) -> float:
    """Rows of one flow; the core's own figure in batches, ns an event."""
    contest = Contest(path, builds)
    with Step(f"core and bounds, {which}, {rounds} rounds"):
        figures = interleave(
            {
                "bound B": lambda: contest.bound("bound_b"),
                "risk": lambda: contest.core(BATCH),
                "bound A": lambda: contest.bound("bound_a"),
                "plain": lambda: contest.core(BATCH, risk=False),
                "one": lambda: contest.core(1),
            },
            rounds,
        )
    ns = {name: median(values) for name, values in figures.items()}
    ratio = median_ratio(figures["risk"], figures["bound B"])
    note = f"all checks and events; median ratio of the rounds {ratio:.2f}"
    rows = [
        Row(f"core --risk, {BATCH} a call, {which}", ns["risk"], "ns/event", ns["bound B"], AGAINST_BOUND, note),
        Row(f"core, {BATCH} a call, {which}", ns["plain"], "ns/event", ns["bound A"], note="floor: bound A"),
        Row(f"core --risk, one order a call, {which}", ns["one"], "ns/event", limit=ONE_A_CALL),
    ]
    for row in rows:
        report.add(row)
    return ns["risk"]


def against_peers(report: Report, path: Path, core_ns: float, work: Path) -> None:
    """Other people's books over the head of the same flow; the floor of their rows is the core."""
    peers = PeerEnvironment(work)
    peers.prepare()
    expected = json.loads(path.with_suffix(".json").read_text())
    for name, peer in PEERS.items():
        with Step(f"{peer.package}"):
            result = peers.run(name, path, passes=3)
        doubt = "" if result.events < expected["events"] else totals_doubt(result, expected)
        note = result.trouble or doubt or ("" if peer.matches else "keeps a book, does not match")
        limit = AGAINST_PEERS if peer.matches and not result.trouble else None
        report.add(Row(f"{peer.package}, 1 symbol", result.ns_per_event, "ns/event", core_ns, limit, note))


def totals_doubt(result: PeerResult, expected: dict[str, Any]) -> str:
    """What a peer's totals differ in; empty when they agree or are not told."""
    named = {"fills": result.fills, "volume": result.volume, "notional": result.notional}
    wrong = [name for name, value in named.items() if value is not None and value != expected[name]]
    return f"differs in {', '.join(wrong)}" if wrong else ""


def as_it_grows(report: Report, work: Path, rounds: int, plots: Path | None) -> None:
    """Cost of an event when ever more orders rest, and in ever more symbols; the floor is bound B at the same size."""
    resting = {size: (1, size) for size in RESTING}
    symbols = {count: (count, DEPTH_OF_SYMBOLS) for count in SYMBOLS}
    for what, sizes, file in (
        ("orders resting", resting, "core-resting.svg"),
        ("symbols", symbols, "core-symbols.svg"),
    ):
        core, bound = [], []
        for size, (count, depth) in sizes.items():
            warm = count * depth
            contest = Contest(flow_of(work, warm + SCALE_EVENTS, count, depth), work / "build")
            with Step(f"core and bound B, {size:,} {what}"):
                figures = interleave(
                    {
                        "bound": partial(contest.bound, "bound_b", skip=warm),
                        "core": partial(contest.core, BATCH, skip=warm),
                    },
                    rounds,
                )
            core.append((float(size), median(figures["core"])))
            bound.append((float(size), median(figures["bound"])))
            note = f"{warm:,} orders resting" if what == "symbols" else ""
            report.add(Row(f"core --risk, {size:,} {what}", core[-1][1], "ns/event", bound[-1][1], AGAINST_BOUND, note))
        if plots:
            plots.mkdir(parents=True, exist_ok=True)
            lines = [Series("core --risk", core), Series("bound B", bound)]
            (plots / file).write_text(line_plot(f"Cost of an event by {what}", what, "ns an event", lines))
