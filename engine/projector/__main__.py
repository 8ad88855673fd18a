"""`python -m engine.projector --data DIR [--dsn DSN]`: follows a running market until it is told to stop.

SIGTERM, SIGINT: ends after what is durable by then. With --supervised the DSN is the first line of standard input, and
the end of standard input is the wish to stop, or the death of whoever started it. Exit codes: 0 stopped, 1 failed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

import asyncpg

from engine.journal.errors import JournalError
from engine.projector.service import Projector
from engine.status_map import FILE, StatusMap
from engine.store.embedded import StoreError


def main() -> int:
    """Run it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m engine.projector", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the market's directory")
    parser.add_argument("--dsn", metavar="DSN", help="the database (default: the environment's OPENBELL_DSN)")
    parser.add_argument("--supervised", action="store_true", help="the DSN comes on standard input")
    args = parser.parse_args()
    dsn = sys.stdin.readline().strip() if args.supervised else args.dsn or os.environ.get("OPENBELL_DSN", "")
    if not dsn:
        parser.error("--dsn is missing: postgresql://USER:PASSWORD@HOST/DATABASE")
    try:
        asyncio.run(_follow(args.data, dsn, args.supervised))
    except (StoreError, JournalError, asyncpg.PostgresError, OSError) as error:
        print(f"projector: {error}", file=sys.stderr)
        return 1
    return 0


async def _follow(data: Path, dsn: str, supervised: bool) -> None:
    projector = Projector(data, dsn, noted=lambda line: print(line, file=sys.stderr, flush=True))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, projector.stop)
    if supervised:
        threading.Thread(target=_watch, args=(loop, projector), daemon=True).start()
    with contextlib.suppress(FileNotFoundError):
        status = StatusMap.open(data / FILE)
        status.projector_pid = os.getpid()
        status.close()
    await projector.follow()


def _watch(loop: asyncio.AbstractEventLoop, projector: Projector) -> None:
    """Wait for the end of standard input."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(projector.stop)


if __name__ == "__main__":
    sys.exit(main())
