"""`openbell bench NAME`: run one of the benchmarks in bench/ and print figures beside floors of the same run."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

HELP = "measure it: figures beside floors of the same run"
ROOT = Path(__file__).resolve().parent.parent.parent
BENCHES = {
    "core": "the core alone, against the C++ bounds and the matchers of the package index",
    "itch": "a day of ITCH into books and into the core, against the readers of the package index",
    "wire": "order to ack through the order port, against a ZeroMQ echo and an fdatasync",
    "throughput": "orders a second, 32 a frame, against ZeroMQ alone one way",
    "project": "events a second into Postgres, against plain COPY of the same rows",
    "failover": "kill -9 of a primary until its standby acknowledges, beside the lease",
    "recover": "replay from the journal, and snapshots written and loaded",
    "stall": "how long an order waits while a snapshot of a large book is made",
    "watch": "what the watch over prices adds to a batch, against the numbering of its market data",
    "lots": "what tax lots cost an event, beside the core",
    "overload": "ten times the orders that it takes: what is refused, and how fast cancels and verbs still are",
    "soak": "half of what it takes, for long: memory and latency have to stay flat",
    "clients": "bad clients, one after the other: what each got, and what the others noticed",
    "memory": "bytes that a resting order, an account and an instrument take",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The benchmark's name; what follows it is read by the benchmark, which is not imported before it runs."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(f"  {name:<12}{text}" for name, text in BENCHES.items())
    parser.add_argument("bench", metavar="NAME", choices=sorted(BENCHES), help="which one; see below")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its options: openbell bench NAME --help")


def run(args: argparse.Namespace) -> int:
    """0 when every limit was reached, 1 when one was not, 2 when something needed is missing."""
    module = importlib.import_module(f"bench.{args.bench}")
    parser = argparse.ArgumentParser(prog=f"openbell bench {args.bench}", description=f"Measure {BENCHES[args.bench]}.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--work",
        type=lambda text: Path(text).resolve(),
        default=ROOT / "var" / "bench",
        metavar="DIR",
        help="where flows, compiled bounds and data of this benchmark go (default: var/bench of the clone)",
    )
    module.add_arguments(parser)
    from bench.harness import Missing

    try:
        code: int = module.run(parser.parse_args(args.rest))
    except Missing as error:
        print(f"openbell bench {args.bench}: {error}", file=sys.stderr)
        return 2
    return code
