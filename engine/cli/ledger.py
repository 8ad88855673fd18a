"""`openbell ledger verify`: prove that the books, the journal and the database say the same. See docs/ledger.md."""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import asyncpg

from engine.cli import reach, show
from engine.journal.errors import JournalError
from engine.ledger.verify import Proof, verify
from engine.lock import InUse
from engine.store.database import EMBEDDED
from engine.store.embedded import StoreError
from engine.store.reading import reading

HELP = "prove that books, journal and Postgres say the same"
MOST_SHOWN = 20
EPILOG = """exit codes: 0 all agrees, 1 something differs or could not be read, 2 wrong usage

A running market is compared as of what its database has by then. docs/ledger.md says what is compared."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    acts = parser.add_subparsers(dest="act", metavar="verify", required=True)
    one = acts.add_parser("verify", help=HELP, description=f"{HELP[0].upper()}{HELP[1:]}.")
    one.add_argument("--whole", action="store_true", help="replay the journal from its first command, not a snapshot")
    one.add_argument("--data", type=Path, default=Path("var"), metavar="DIR", help="the market's directory (./var)")
    one.add_argument(
        "--dsn", default=EMBEDDED, help="postgresql://USER:PASSWORD@HOST/DATABASE (default: the embedded server)"
    )
    one.add_argument("--json", action="store_true", help="print JSON, one value")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0; 1 where anything differs, or could not be compared."""
    began_s = time.monotonic()
    try:
        proof = asyncio.run(_verify(args))
    except (StoreError, JournalError, InUse, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        return reach.failed("ledger verify", str(error), args.json)
    if args.json:
        show.out_json(_plain(proof))
    else:
        _print(proof, time.monotonic() - began_s)
    return 1 if proof.differences else 0


async def _verify(args: argparse.Namespace) -> Proof:
    async with reading(args.data, args.dsn) as connection:
        return await verify(args.data, connection, whole=args.whole)


def _plain(proof: Proof) -> dict[str, Any]:
    return {
        "ok": not proof.differences,
        "seq": proof.seq,
        "checks": [
            {"what": check.what, "compared": check.compared, "differences": len(check.differences)}
            for check in proof.checks
        ],
        "differences": [asdict(difference) for difference in proof.differences],
    }


def _print(proof: Proof, seconds: float) -> None:
    rows = [
        [check.what, f"{check.compared:,}", f"{len(check.differences):,}" if check.differences else show.NOTHING]
        for check in proof.checks
    ]
    show.out(show.table(["what", ">compared", ">differ"], rows))
    differences = proof.differences
    if not differences:
        compared = sum(check.compared for check in proof.checks)
        show.out(
            f"Books, journal and database agree at seq {proof.seq:,}: {compared:,} comparisons in "
            f"{show.duration(seconds)}."
        )
        return
    shown = [[one.what, one.of, _amount(one.expected), _amount(one.found)] for one in differences[:MOST_SHOWN]]
    show.out("", show.table(["what", "of", ">must be", ">is"], shown))
    more = len(differences) - len(shown)
    show.complain(
        f"{show.counted(len(differences), 'difference')} at seq {proof.seq:,}"
        + (f", of which {more:,} are not shown (--json has all)" if more else "")
    )


def _amount(value: Any) -> str:
    if value is None:
        return "not there"
    return f"{value:,}" if isinstance(value, int) else str(value)
