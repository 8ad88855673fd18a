"""`./openbell prove`: drive the core and the model of tests/reference/ with the same flow and compare all they say.

Exit code: 0 all the same and everything met, 1 not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import random
import sys

from tests.prove import report
from tests.prove.pool import prove
from tests.prove.session import Difference
from tests.prove.smaller import smaller

EVENTS = 1_000_000


def amount(text: str) -> int:
    """A number, thousands separated or not."""
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return int(digits)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openbell prove", description=__doc__.split("\n\n")[0].partition(": ")[2])
    parser.add_argument("--events", type=amount, metavar="N", help=f"compare so many (default {EVENTS:,})")
    parser.add_argument("--seconds", type=float, metavar="S", help="begin nothing new after so many")
    parser.add_argument("--seed", type=amount, metavar="N", help="of all that is random (default: another each run)")
    parser.add_argument("--jobs", type=amount, metavar="N", help="processes, one core each (default: one a processor)")
    parser.add_argument("--session", type=amount, metavar="N", help="only this session of the seed")
    return parser


def show(difference: Difference, seed: int) -> None:
    print(report.told(difference, seed), flush=True)
    if len(difference.steps) > 1:
        fewer, text = smaller(difference.steps)
        if text:
            print(report.told_fewer(fewer, text, len(difference.steps)), flush=True)


def main(argv: list[str]) -> int:
    args = arguments().parse_args(argv)
    seed = random.SystemRandom().randrange(1 << 32) if args.seed is None else args.seed
    print(f"seed {seed}", flush=True)
    if args.session is not None:
        total = prove(seed, 1, None, 1, first=args.session)
        print(report.speed(total))
        for difference in total.differences:
            show(difference, seed)
        return int(bool(total.differences))
    seconds = args.seconds
    events = args.events if args.events is not None else EVENTS if seconds is None else sys.maxsize
    with report.Shown(events) as shown:
        total = prove(seed, events, seconds, args.jobs or os.cpu_count() or 1, shown.say)
    print(report.table(total))
    for difference in total.differences:
        show(difference, seed)
    print(report.closing(total))
    return int(bool(total.differences or total.uncovered()))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
