"""`openbell journal export`: a range of the journal for others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openbell.errors import InvalidInput

from engine.cli import show
from engine.journal import segment
from engine.journal.export import CSV, FORMATS, NDJSON, RAW, copy_segments, rows, write_csv, write_ndjson
from engine.journal.reader import NO_LAST
from engine.journal.verify import durable_end

DESCRIPTION = """Write a range of the journal as NDJSON or CSV, to standard output or a file; or copy the segments that
have it into a folder, where they are a journal that can be verified."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of `export` alone."""
    parser.add_argument("--format", choices=FORMATS, default=NDJSON, help="(default ndjson)")
    parser.add_argument(
        "--out", type=Path, metavar="PATH", help="a file; of raw: a folder, whose journal/ gets the segments"
    )


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0. Raises InvalidInput, JournalError, OSError."""
    directory, end = args.data / "journal", durable_end(args.data)
    segment.required(directory)
    first = segment.segments(directory)[0].first_seq if args.first is None else args.first
    if first > args.last:
        raise InvalidInput(f"--from {first:,} is after --to {args.last:,}", field="from", limit=args.last, value=first)
    if args.format == RAW:
        if args.out is None:
            raise InvalidInput("--format raw needs --out DIR: segments are files", field="out")
        made = copy_segments(directory, first, args.last, end, args.out / "journal")
        if args.json:
            show.out_json({"segments": [str(path) for path in made]})
        else:
            show.out(f"{show.counted(len(made), 'segment')} in {args.out / 'journal'}.")
        return 0
    found = rows(directory, first, args.last if end == NO_LAST else min(args.last, end), end)
    write = write_csv if args.format == CSV else write_ndjson
    if args.out is None:
        write(found, sys.stdout)
        return 0
    with args.out.open("w", encoding="utf-8", newline="") as out:
        count = write(found, out)
    if args.json:
        show.out_json({"commands": count, "path": str(args.out)})
    else:
        show.out(f"{show.counted(count, 'command')} in {args.out}.")
    return 0
