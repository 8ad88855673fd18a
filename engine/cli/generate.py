"""`openbell generate itch`: write an ITCH 5.0 file of any size from a simulated market."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli import reach, show
from engine.cli.operating.act import whole
from engine.replay.itch.file import write_day

HELP = "write generated order flow to a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    itch = kinds.add_parser(
        "itch",
        help="a day of Nasdaq TotalView-ITCH 5.0",
        description="Write a valid day of Nasdaq TotalView-ITCH 5.0 from a simulated market. One seed, one file.",
    )
    itch.add_argument(
        "--messages", type=whole, default=1_000_000, metavar="N", help="messages in the file (default 1,000,000)"
    )
    itch.add_argument("--symbols", type=whole, default=100, metavar="S", help="symbols, 1 to 65,535 (default 100)")
    itch.add_argument("--seed", type=whole, default=1, metavar="K", help="which day (default 1)")
    itch.add_argument("--out", type=Path, required=True, metavar="FILE[.gz]", help="where to write; .gz packs it")
    itch.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns the exit code: 0, or 2 for arguments or a file that cannot be."""
    console = show.console(stderr=True)
    start_s = time.perf_counter()
    for name in ("messages", "symbols"):
        if getattr(args, name) < 0:
            return _wrong(f"{name} must be above 0, got {getattr(args, name)}", args)
    if not 0 <= args.seed < 1 << 64:
        return _wrong(f"seed must be 0..{(1 << 64) - 1}, got {args.seed}", args)
    try:
        with Progress(
            TextColumn("writing"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=args.json or not console.is_terminal,
        ) as progress:
            task = progress.add_task("writing", total=args.messages)
            result = write_day(
                args.out, args.messages, args.symbols, args.seed, lambda done: progress.update(task, completed=done)
            )
    except (ValueError, OverflowError) as error:
        return _wrong(str(error), args)
    seconds = time.perf_counter() - start_s
    if args.json:
        show.out_json({**result, "seconds": round(seconds, 3)})
    else:
        show.out(
            f"{result['file']}: {result['messages']:,} messages of {result['symbols']:,} symbols, "
            f"{result['bytes']:,} bytes, in {seconds:.1f} s; {result['live_orders']:,} orders rest at its end"
        )
    return 0


def _wrong(text: str, args: argparse.Namespace) -> int:
    return reach.failed("generate itch", text, args.json, code="bad_input", exit_code=reach.USAGE)
