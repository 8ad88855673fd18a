"""`openbell replay lobster|itch`: recorded order flow into a market of its own, or with --to into a running one."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openbell.errors import OpenBellError
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from engine.cli import reach, show
from engine.replay.errors import ReplayError

if TYPE_CHECKING:
    from engine.replay.market import Market
    from engine.replay.report import Report

HELP = "feed recorded order flow into a market and check what it does"
SHOWN = 20  # differences printed without --json


def positive(text: str) -> float:
    """Return a speed above 0; for argparse."""
    value = float(text)
    if not 0 < value <= 1e9:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most 1e9, got {text}")
    return value


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speed", type=positive, metavar="N", help="N times as fast as recorded (default: as fast as it goes)"
    )
    parser.add_argument(
        "--to", metavar="ADDRESS", help="a running engine's order port, tcp://127.0.0.1:7701 for example"
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep the replay's journal there; with --to: the data directory of that engine, for its keys",
    )
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    lobster = kinds.add_parser("lobster", help="a LOBSTER message file", description="Replay a LOBSTER message file.")
    lobster.add_argument("file", type=Path, metavar="MESSAGE.csv")
    lobster.add_argument(
        "--check", type=Path, metavar="ORDERBOOK.csv",
        help="compare the engine's book with the recorded one after every row; its first row seeds the book",
    )  # fmt: skip
    itch = kinds.add_parser(
        "itch", help="a Nasdaq TotalView-ITCH 5.0 file", description="Replay a Nasdaq TotalView-ITCH 5.0 file."
    )
    itch.add_argument("file", type=Path, metavar="FILE[.gz]")
    itch.add_argument("--symbol", action="append", default=[], metavar="S", help="only this symbol; may be given again")
    itch.add_argument(
        "--check", action="store_true", help="compare all books with the books of the messages, now and then"
    )
    for kind in (lobster, itch):
        _common(kind)


@contextmanager
def _bar(text: str, hidden: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, where that is a terminal; yields what moves it."""
    screen = show.console(stderr=True)
    with Progress(
        TextColumn(text), BarColumn(), TaskProgressColumn(), TextColumn("{task.completed:,.0f}"), TimeRemainingColumn(),
        console=screen, transient=True, disable=hidden or not screen.is_terminal,
    ) as progress:  # fmt: skip
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


@contextmanager
def _market(args: argparse.Namespace, instruments: int, messages: int) -> Iterator[Market]:
    """The market to feed: a running one, or one of the replay's own, whose journal goes with it or stays in --data."""
    if args.to is not None:
        from engine.replay.remote import RemoteMarket

        with RemoteMarket(args.to, args.data) as remote:
            yield remote
        return
    from engine.replay.market import OwnMarket

    with tempfile.TemporaryDirectory(prefix="openbell-replay-") as directory:
        own = OwnMarket(args.data or Path(directory), instruments, messages)
        try:
            yield own
        finally:
            own.close()


def _lobster(args: argparse.Namespace) -> Report:
    from engine.replay.lobster.replay import LobsterReplay, survey

    rows, tick_size = survey(args.file, args.check)
    with _market(args, 1, rows) as market, _bar("replaying", args.json) as move:
        return LobsterReplay(
            args.file,
            market,
            orderbook=args.check,
            tick_size=tick_size,
            speed=args.speed,
            progress=move,
            total_rows=rows,
        ).run()


def _itch(args: argparse.Namespace) -> Report:
    from engine.replay.itch.replay import ItchReplay, survey, wanted_locates

    with _bar("reading", args.json) as move:
        found = survey(args.file, move)
    locates = wanted_locates(found, args.symbol)
    with _market(args, len(locates), found.messages) as market, _bar("replaying", args.json) as move:
        return ItchReplay(args.file, market, found, locates, check=args.check, speed=args.speed, progress=move).run()


def _show(report: Report) -> None:
    """Print a report for a person."""
    instruments = "1 instrument" if report.instruments == 1 else f"{report.instruments:,} instruments"
    rows = [
        ("messages", f"{report.messages:,} in {report.seconds:.2f} s, {report.messages_per_s:,.0f}/s"),
        ("", ", ".join(f"{kind} {number:,}" for kind, number in report.messages_by_type.items())),
        ("commands", f"{report.commands:,} of {instruments}, {report.rejects:,} rejected"),
        ("executions", f"{report.executions:,}, of which the engine matched {report.executions_matched:,}"),
        ("shares executed", f"{report.executed_shares:,}, matched {report.matched_shares:,}"),
        ("prints", f"{report.prints:,} that change no book"),
        ("orders at the end", f"{report.live_orders:,}"),
    ]
    if report.unknown_messages:
        rows.insert(2, ("unknown messages", f"{report.unknown_messages:,}, passed over"))
    if report.checked:
        what = "rows compared" if report.kind == "lobster" else "levels compared"
        rows.append((what, f"{report.rows:,}; {report.rows_determined:,} are determined; equal {report.rows_equal:,}"))
    if report.state_hash:
        rows.append(("state hash", report.state_hash))
    show.out(f"replay of {report.file}", *(f"  {name:<18} {value}" for name, value in rows))
    if not report.reasons:
        return
    meaning = report.to_json()["meaning"]
    show.out("differences (prices in 1e-4)")
    for reason, number in sorted(report.reasons.items(), key=lambda item: -item[1]):
        show.out(f"  {number:>9,}  {reason}: {meaning[reason]}")
    for found in report.differences[:SHOWN]:
        order = f" (order {found.reference})" if found.reference else ""
        show.out(
            f"    {found.where} {found.symbol}: {found.reason}, expected {found.expected}, got {found.actual}{order}"
        )
    left = sum(report.reasons.values()) - SHOWN
    if left > 0:
        show.out(f"    and {left:,} more: --json lists {len(report.differences):,}")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 when the engine did what it should not, or refused; 2 for what does not fit; 3: no market."""
    try:
        report = _lobster(args) if args.kind == "lobster" else _itch(args)
    except OpenBellError as error:
        return reach.report(f"replay {args.kind}", error, args.json)
    except ReplayError as error:
        return reach.failed(f"replay {args.kind}", str(error), args.json, code="bad_input", exit_code=reach.USAGE)
    if args.json:
        show.out_json(report.to_json())
    else:
        _show(report)
    return 0 if report.sound else 1
