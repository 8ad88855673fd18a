"""`openbell journal compact`: remove what is older than the snapshots that are kept."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

import asyncpg
from openbell.errors import InvalidInput

from engine.cli import show
from engine.journal import segment
from engine.journal.compact import KEPT, Plan, compact, plan
from engine.journal.errors import JournalError
from engine.lock import MarketLock
from engine.store.database import EMBEDDED
from engine.store.embedded import StoreError
from engine.store.reading import reading

DESCRIPTION = """Remove segments and snapshots of a stopped market that are older than what the kept snapshots need, and
that the database has. What is removed cannot be shown, replayed or projected any more: `journal export --format raw`
keeps a copy."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `compact` alone."""
    parser.add_argument(
        "--keep", type=int, default=KEPT, metavar="N", help=f"snapshots that stay, 1 or more (default {KEPT})"
    )
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; it is journaled with your name")
    parser.add_argument("--dsn", default=EMBEDDED, help="the database (default: the embedded server)")
    parser.add_argument("--no-postgres", action="store_true", help="this market has no database")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask back")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where the person said no. Raises InvalidInput, JournalError, InUse, OSError."""
    if args.keep < 1:
        raise InvalidInput(f"--keep must be 1 or more, got {args.keep}", field="keep", limit=1, value=args.keep)
    if not args.reason.strip():
        raise InvalidInput("--reason must say why", field="reason")
    segment.required(args.data / "journal")
    projected_seq = None if args.no_postgres else asyncio.run(_projected(args.dsn, args.data))
    with MarketLock(args.data):
        wanted = plan(args.data, args.keep, projected_seq)
        if not wanted.segments and not wanted.snapshots:
            _tell(args, wanted, "Nothing is older than that.")
            return 0
        if not args.yes and not _is_agreed(wanted):
            show.complain("openbell journal compact: nothing was done")
            return 1
        compact(args.data, wanted, getpass.getuser(), args.reason.strip())
    _tell(args, wanted, "Removed.")
    return 0


def _words(wanted: Plan) -> str:
    return (
        f"{show.counted(len(wanted.segments), 'segment')} and {show.counted(len(wanted.snapshots), 'snapshot')}, "
        f"{show.size(wanted.bytes)}: all before seq {wanted.first_seq:,}. The snapshot of seq {wanted.base.seq:,} and "
        "what follows it stay."
    )


def _is_agreed(wanted: Plan) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput("compact asks before it acts, and there is nobody to ask: add --yes", field="yes")
    for path in [*(one.path for one in wanted.segments), *(one.path for one in wanted.snapshots)]:
        show.out(str(path))
    return input(f"{_words(wanted)} Remove them? [y/N] ").strip().lower() in ("y", "yes")


def _tell(args: argparse.Namespace, wanted: Plan, said: str) -> None:
    if args.json:
        show.out_json(
            {
                "first_seq": wanted.first_seq,
                "kept_snapshot": wanted.base.seq,
                "segments": [one.path.name for one in wanted.segments],
                "snapshots": [one.path.name for one in wanted.snapshots],
                "bytes": wanted.bytes,
            }
        )
    else:
        show.out(f"{said} {_words(wanted)}")


async def _projected(dsn: str, data: Path) -> int:
    """The last command that the database has. Raises JournalError where it cannot be asked, or is of another market."""
    try:
        async with reading(data, dsn) as connection:
            row = await connection.fetchrow("SELECT market_id, seq FROM watermark")
    except (StoreError, asyncpg.PostgresError, OSError) as error:
        text = f"the database does not tell how far it is: {error}. Of a market without one say --no-postgres"
        raise JournalError(text) from error
    if row is None or bytes(row["market_id"]) != segment.market_id_of(data / "journal"):
        raise JournalError("the database has nothing of this market")
    return int(row["seq"])
