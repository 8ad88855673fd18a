"""`python -m engine.saver.work CONFIG`: makes one snapshot from the newest one and the journal, and ends.

The request is the first line of standard input; the end of standard input is the death of whoever asked. CONFIG: see
`engine.saver`. Exit codes: 0 saved, 1 not: the last line said why.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Final

import msgspec

from engine import snapshots
from engine.bring_back import beside_of, bring_up_to
from engine.config import Config
from engine.journal.errors import JournalError
from engine.market import extra_of
from engine.saver.request import Request, Told, read_config, words
from engine.sessions import keeper
from engine.snapshots import SnapshotError
from engine.world import here

SIGN_S: Final = 1.0  # between two signs of life
LONGEST_REST_S: Final = 0.05


class NotTheSame(Exception):
    """The journal does not give what the engine has told."""


class Pace:
    """Works half of the time: after each piece of work a rest as long as that took. `at`: how far it is."""

    def __init__(self) -> None:
        self.at = 0
        self._began_s = self._told_s = here.clock.monotonic()

    def rest(self) -> None:
        """A piece of work is done."""
        now_s = here.clock.monotonic()
        if now_s - self._told_s > SIGN_S:
            self._told_s = now_s
            _say(Told(at=self.at))
        here.clock.sleep(min(now_s - self._began_s, LONGEST_REST_S))
        self._began_s = here.clock.monotonic()

    def reached(self, seq: int) -> None:
        """A piece of the journal is applied."""
        self.at = seq
        self.rest()


def make(request: Request, config: Config, pace: Pace) -> Told:
    """Make the snapshot. Raises JournalError, SnapshotError, NotTheSame, OSError."""
    began_s = here.clock.monotonic()
    data = Path(request.data)
    saved = snapshots.listed(data)
    if saved and saved[-1].seq >= request.seq:
        raise SnapshotError(f"there is a snapshot of seq {saved[-1].seq} already")
    beside = beside_of(config, keeper.timeline_of(config, request.ts_ns), lambda text: _say(Told(warning=text)))
    found = bring_up_to(data, request.seq, beside, pace.reached)
    core, feed, streams = found.core, beside.feed, beside.streams
    streams.add_counts(found.extra.get("counts", []))
    for what, ours, theirs in (
        ("the last command", core.seq, request.seq),
        ("the time", core.ts_ns, request.ts_ns),
        ("the numbers of market data", list(feed.sequences), request.sequences),
        ("the numbers of events by kind", streams.counts, request.counts),
    ):
        if ours != theirs:
            raise NotTheSame(
                f"{what} after seq {request.seq}: {ours} by snapshot {found.snapshot_seq} and journal, {theirs} in the "
                "engine. One of the two is wrong: `openbell journal verify --replay` tells whether it is the snapshot"
            )
    from_seq = found.snapshot_seq
    extra = {**extra_of(feed, streams), **beside.state()}
    state = core.snapshot()
    del found, core  # the memory is needed
    pace.rest()
    path = snapshots.write(data, state, request.seq, request.ts_ns, extra, pace.rest)
    return Told(path=str(path), from_seq=from_seq, seconds=round(here.clock.monotonic() - began_s, 3))


def main() -> int:
    """Run it. Returns the exit code."""
    config = read_config(int(sys.argv[1]))
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=_watch, daemon=True).start()
    try:
        _say(make(request, config, Pace()))
    except (JournalError, SnapshotError, NotTheSame, MemoryError, OSError) as error:
        _say(Told(failed=str(error) or type(error).__name__))
        return 1
    return 0


def _watch() -> None:
    """Whoever asked is gone: nobody waits for this any more, and the market's files may be another's soon."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(1)


def _say(told: Told) -> None:
    os.write(sys.stdout.fileno(), words(told))


if __name__ == "__main__":
    sys.exit(main())
