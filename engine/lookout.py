"""Looking out for a commit on the express lane, instead of sleeping until the system tells of it.

Waking a sleeping core takes as long as a quarter of what a disk needs for a commit. For a lone order that is lost time;
with many the loop has other things to do, and looks in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from engine.journal.writer import JournalWriter
from engine.world import here

LONGEST_NS: Final = 500_000  # a disk that takes longer is waited for asleep
FEW_BYTES: Final = 1 << 10  # a larger commit is of a busy time, when others need the processor more
LOOKS_A_TURN: Final = 32  # before the loop looks after its sockets


class Lookout:
    """Calls `done` when a commit on the journal's express lane is.

    `work` tells how much the loop has done by now: while that rises, it looks once a turn and does not linger.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        journal: JournalWriter,
        done: Callable[[], None],
        work: Callable[[], int],
    ) -> None:
        self._loop = loop
        self._journal = journal
        self._done = done
        self._work = work
        self._worked = -1
        self._until_ns = 0
        self._handle: asyncio.Handle | None = None
        # On a single core whoever looks out keeps the others from working.
        self._wanted = len(here.system.sched_getaffinity(0)) > 1

    def begin(self) -> None:
        """A commit may be under way: look out for it."""
        if self._handle is None and self._wanted and 0 < self._journal.express_bytes <= FEW_BYTES:
            self._until_ns = here.clock.perf_counter_ns() + LONGEST_NS
            self._handle = self._loop.call_soon(self._look)

    def _look(self) -> None:
        is_done = self._journal.is_done
        work = self._work()
        looks = LOOKS_A_TURN if work == self._worked else 1
        self._worked = work
        for _ in range(looks):
            if is_done():
                self._handle = None
                self._done()
                return
            here.system.sched_yield()  # what we wait for may be waiting for this very processor
        if here.clock.perf_counter_ns() < self._until_ns:
            self._handle = self._loop.call_soon(self._look)
        else:
            self._handle = None

    def end(self) -> None:
        """Look out no more."""
        self._wanted = False
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
