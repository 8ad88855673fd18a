"""`openbell statement ACCOUNT`: what an account had, what moved, what it has; text, CSV, PDF (docs/statement.md)."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import asyncpg
from openbell.errors import InvalidInput

from engine.cli import reach, show
from engine.journal.errors import JournalError
from engine.lock import InUse
from engine.statement.as_csv import as_csv
from engine.statement.as_text import as_text
from engine.statement.contents import Statement
from engine.statement.gather import gather
from engine.statement.period import Period, period
from engine.store.database import EMBEDDED
from engine.store.embedded import StoreError
from engine.store.reading import reading

HELP = "print an account's statement: text, CSV or PDF"
EPILOG = """exit codes: 0 done, 1 it could not be made, 2 wrong usage

Days are those of UTC, and both are included. It is made of what Postgres has by then."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("account", metavar="ACCOUNT", help="its name, or its id")
    parser.add_argument("--from", dest="first", metavar="DATE", help="from this day on (default: the first movement)")
    parser.add_argument("--to", dest="last", metavar="DATE", help="to the end of this day (default: now)")
    parser.add_argument("--format", choices=("text", "csv", "pdf"), default="text", help="how it is written (text)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
    parser.add_argument(
        "--dsn", default=EMBEDDED, help="postgresql://USER:PASSWORD@HOST/DATABASE (default: the embedded server)"
    )


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where it could not be made; 2 for an unknown account, or days that are none."""
    try:
        if args.format == "pdf" and args.out is None:
            raise InvalidInput("out: a PDF goes to a file: --out FILE", field="out")
        written = _written(asyncio.run(_gather(args, period(args.first, args.last))), args.format)
        if args.out is None:
            sys.stdout.write(written.decode())
        else:
            args.out.write_bytes(written)
            show.complain(f"{args.out}: {len(written):,} bytes")
    except InvalidInput as error:
        return reach.report("statement", error, False)
    except OSError as error:
        where = f"out: {args.out}: " if args.out is not None and error.filename == str(args.out) else ""
        return reach.failed("statement", f"{where}{error.strerror or error}", False)
    except (StoreError, JournalError, InUse, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return reach.failed("statement", str(error), False)
    return reach.DONE


async def _gather(args: argparse.Namespace, of: Period) -> Statement:
    async with reading(args.data, args.dsn) as connection:
        return await gather(connection, args.account, of)


def _written(statement: Statement, form: str) -> bytes:
    if form == "pdf":
        from engine.statement.as_pdf import as_pdf  # a library that only this needs

        return as_pdf(statement)
    return (as_csv if form == "csv" else as_text)(statement).encode()
