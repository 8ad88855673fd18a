"""Finds one trade in a journal and prints it as JSON: the process that engine/amending/finder.py starts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import msgspec

from engine.amending.facts import NOT_FOUND, TradeNotFound, find
from engine.journal.errors import JournalError

NICE = 10  # the market comes first
REFUSED = 3  # the exit code, with {"code", "text"}


def main() -> int:
    """0: the facts are printed; 3: why there are none."""
    parser = argparse.ArgumentParser(prog="engine.amending")
    parser.add_argument("--data", type=Path, required=True)
    for name in ("--instrument", "--trade-id", "--last-seq"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args()
    os.nice(NICE)
    try:
        said: object = find(args.data, args.instrument, args.trade_id, args.last_seq)
        code = 0
    except TradeNotFound as error:
        said, code = {"code": error.code, "text": str(error)}, REFUSED
    except (JournalError, OSError) as error:
        said, code = {"code": NOT_FOUND, "text": f"the journal cannot be read: {error}"}, REFUSED
    sys.stdout.buffer.write(msgspec.json.encode(said))
    return code


if __name__ == "__main__":
    sys.exit(main())
