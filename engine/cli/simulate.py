"""`openbell simulate`: the engine in a world that breaks by seed (docs/simulate.md)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Final

from engine.simulate import running
from engine.simulate.claims import ALL
from engine.simulate.outcome import Outcome
from engine.simulate.planted import PLANTS
from engine.simulate.running import Failure, Sum, Wanted
from engine.simulate.schedule import KINDS, PAIR_KINDS

SEEDS: Final = 100  # where neither seeds nor hours are given
TELL_S: Final = 5.0
MOST_SHRUNK: Final = 3  # of failing seeds
ALL_KINDS: Final = tuple(dict.fromkeys((*KINDS, *PAIR_KINDS)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument("--seeds", type=int, metavar="N", help=f"how many (default: {SEEDS}, or what --hours lets)")
    parser.add_argument("--hours", type=float, metavar="H", help="for so long at most")
    parser.add_argument("--seed", type=int, metavar="S", help="the first one (default: one of this second)")
    parser.add_argument("--jobs", type=int, metavar="J", help="processes (default: as many as there are processors)")
    parser.add_argument("--faults", metavar="LIST", help="only these of the seed's schedule: numbers, or none")
    kinds = ", ".join(_in_words(one) for one in ALL_KINDS)
    parser.add_argument("--kinds", metavar="LIST", help=f"only such faults: {kinds}")
    parser.add_argument("--plant", choices=sorted(PLANTS), metavar="BUG", help=f"with a bug: {', '.join(PLANTS)}")
    parser.add_argument("--trace", action="store_true", help="print all that happens")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for the least faults that fail")
    parser.add_argument("--json", action="store_true", help="one object")


def run(args: argparse.Namespace) -> int:
    """Run it. Returns the exit code: 1 where a claim does not hold."""
    first = args.seed if args.seed is not None else int(time.time())
    number = args.seeds if args.seeds is not None else (None if args.hours is not None else SEEDS)
    jobs = args.jobs if args.jobs is not None else len(os.sched_getaffinity(0))
    try:
        wanted = _wanted(args, first)
        if (number is not None and number < 1) or jobs < 1 or (args.hours is not None and not args.hours > 0):
            raise ValueError("--seeds, --hours and --jobs must be above 0")
    except ValueError as error:
        print(f"openbell simulate: {error}", file=sys.stderr)
        return 2
    if args.trace:
        return _trace(first, wanted)
    if not args.json:
        print(f"seeds from {first} on, {jobs} at a time")
    until_s = None if args.hours is None else time.monotonic() + args.hours * 3600
    teller = _Teller(not args.json)
    total = running.run_all(running.seeds_from(first, number), wanted, min(jobs, number or jobs), until_s, teller.told)
    failures = [_failure(outcome, wanted, shrinks=not args.no_shrink) for outcome in total.failed[:MOST_SHRUNK]]
    if args.json:
        rows = [
            {"seed": one.seed, "claim": one.violation.claim, "text": str(one.violation), "command": one.command}
            for one in failures
        ]
        print(json.dumps({"first_seed": first, "jobs": jobs, **total.rows(), "failures": rows}))
    else:
        _print(total, failures)
    return 1 if total.failed else 0


def _wanted(args: argparse.Namespace, first: int) -> Wanted:
    """Raises ValueError."""
    kinds = None
    if args.kinds is not None:
        names = {_in_words(one): one for one in ALL_KINDS}
        unknown = [name for name in args.kinds.split(",") if name not in names]
        if unknown:
            raise ValueError(f"--kinds: there is no {unknown[0]!r}, there are {', '.join(names)}")
        kinds = tuple(names[name] for name in args.kinds.split(","))
    faults = None
    if args.faults is not None:
        if args.seeds != 1 or args.seed is None:
            raise ValueError("--faults are of one seed: give --seed S --seeds 1")
        faults = running.numbers_of(
            args.faults, [one.number for one in Wanted(None, kinds, args.plant).schedule(first)]
        )
    return Wanted(faults, kinds, args.plant)


def _in_words(kind: str) -> str:
    return kind.replace(" ", "-").replace("'", "")


class _Teller:
    """Says now and then how far it is, and at once what fails."""

    def __init__(self, speaks: bool) -> None:
        self._speaks = speaks
        self._began_s = self._told_s = time.monotonic()
        self._seeds = 0

    def told(self, outcome: Outcome) -> None:
        self._seeds += 1
        now_s = time.monotonic()
        if not self._speaks:
            return
        for violation in outcome.violations:
            print(f"seed {outcome.seed}: {violation}", flush=True)
        if now_s - self._told_s > TELL_S:
            self._told_s = now_s
            rate = self._seeds / (now_s - self._began_s) * 3600
            print(f"{self._seeds:,} seeds, {rate:,.0f} an hour", flush=True)


def _failure(outcome: Outcome, wanted: Wanted, *, shrinks: bool) -> Failure:
    if shrinks:
        return running.shrink(outcome.seed, wanted, outcome)
    faults = wanted.schedule(outcome.seed)
    return Failure(outcome.seed, outcome.violations[0], faults, len(faults), wanted.command(outcome.seed, faults))


def _trace(seed: int, wanted: Wanted) -> int:
    outcome = running.run(seed, wanted, told=lambda line: print(line))
    print(f"hash {outcome.digest}")
    return 1 if outcome.violations else 0


def _print(total: Sum, failures: list[Failure]) -> None:
    print(
        f"\n{total.seeds:,} seeds in {total.seconds:,.1f} s: {total.an_hour:,.0f} an hour, "
        f"{total.processor_s / max(1, total.seeds):.2f} s of a processor each; "
        f"{total.virtual_s / max(1, total.seeds):.2f} s of a market's time each, {total.lives:,} starts, "
        f"{total.commands:,} commands acknowledged, {total.acks:,} events sent"
    )
    number = sum(total.faults.values())
    print(f"{number:,} faults, {number / max(1, total.seeds):.1f} a seed\n")
    print(f"{'fault':<28}{'happened':>10}{'in seeds':>10}")
    for kind in ALL_KINDS:
        print(f"{kind:<28}{total.faults[kind]:>10,}{total.seeds_with[kind]:>10,}")
    print(f"\n{'claim':<44}{'checked':>12}{'violated':>10}")
    for claim in ALL:
        violated = sum(outcome.violations[0].claim == claim for outcome in total.failed)
        print(f"{claim:<44}{total.checked[claim]:>12,}{violated:>10,}")
    for failure in failures:
        print(f"\nseed {failure.seed}: {failure.violation}")
        print(f"{len(failure.faults)} of its {failure.planned} faults are enough:")
        for fault in failure.faults:
            print(f"  {fault}")
        print(f"repeat it with: {failure.command}")
    if len(total.failed) > len(failures):
        others = ", ".join(str(outcome.seed) for outcome in total.failed[len(failures) :][:20])
        print(f"\n{len(total.failed) - len(failures)} other seeds failed: {others}")
