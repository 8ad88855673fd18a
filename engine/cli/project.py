"""`openbell project`: bring the read models in PostgreSQL to the end of a stopped market's journal, or rebuild them.

A running market's projector does that by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from engine.cli import reach, show
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.lock import InUse, MarketLock, holder
from engine.projector.service import Projector
from engine.store.database import EMBEDDED, open_database
from engine.store.embedded import StoreError
from engine.store.migrate import drop

HELP = "copy the journal's events to Postgres, or rebuild the copy"
REFRESH_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
    parser.add_argument(
        "--dsn", default=EMBEDDED, help="postgresql://USER:PASSWORD@HOST/DATABASE (default: the embedded server)"
    )
    parser.add_argument("--rebuild", action="store_true", help="drop what the database has, and begin at the beginning")
    parser.add_argument("--json", action="store_true", help="print JSON, one value")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 when it could not be done."""
    try:
        if holder(args.data) is None:
            segment.required(args.data / "journal")
        with MarketLock(args.data):
            result = asyncio.run(_project(args))
    except InUse as error:
        return reach.failed("project", f"{error}: its projector keeps the database up to date", args.json)
    except (StoreError, JournalError, asyncpg.PostgresError, OSError) as error:
        return reach.failed("project", str(error), args.json)
    if args.json:
        show.out_json(result)
    else:
        rate = result["events"] / result["seconds"] if result["seconds"] else 0
        show.out(
            f"The database is at seq {result['projected_seq']:,}, the journal's end: {result['events']:,} events "
            f"written in {result['seconds']:.1f} s, {rate:,.0f}/s."
        )
    return 0


async def _project(args: argparse.Namespace) -> dict[str, Any]:
    database = await open_database(args.dsn, args.data / "postgres")
    try:
        if args.rebuild:
            connection = await asyncpg.connect(database.dsn)
            try:
                await drop(connection)
            finally:
                await connection.close()
        began_s = time.monotonic()
        projector = Projector(args.data, database.dsn)
        work = asyncio.create_task(projector.catch_up())
        await _show_progress(projector, work, args.json)
        await work
        return {
            "projected_seq": projector.projected_seq,
            "events": projector.events,
            "seconds": time.monotonic() - began_s,
            "database": database.label,
        }
    finally:
        await database.close()


async def _show_progress(projector: Projector, work: asyncio.Task[None], hidden: bool) -> None:
    console = Console(stderr=True)
    with Progress(
        TextColumn("projecting"), BarColumn(), TaskProgressColumn(), TextColumn("seq {task.completed:,.0f}"),
        TimeRemainingColumn(), console=console, transient=True, disable=hidden or not sys.stderr.isatty(),
    ) as progress:  # fmt: skip
        task = progress.add_task("projecting", total=None)
        while not work.done():
            await asyncio.wait([work], timeout=REFRESH_S)
            progress.update(task, completed=projector.projected_seq, total=projector.end_seq or None)
