"""What the journal's disk can take: orders wait, and are refused, where it is too slow or nearly full.

docs/journal.md, "When the disk is nearly full".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from engine.doors import Doors
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import DISK_FULL, FrameError
from engine.world import here

PATIENCE_S: Final = 1.0  # with a journal that is behind, before orders are refused
SEGMENTS: Final = 2  # that must find room, besides what waits for the disk
OVERLOADED: Final = FrameError("overloaded", "the journal is behind: the disk is too slow for what comes; try again")


def least_free_bytes(segment_bytes: int, pending_bytes: int) -> int:
    """Where less is free than this many bytes only cancels are taken."""
    return SEGMENTS * segment_bytes + pending_bytes


class Backlog:
    """Looks after the journal and its disk, and has the doors take less while there is need. `look` now and then."""

    def __init__(
        self, market: Market, doors: Doors, directory: Path, log: Log,
        blocked: Callable[[], FrameError | None] = lambda: None,
    ) -> None:  # fmt: skip
        """blocked: why nobody would be answered, whatever the disk does."""
        self._blocked, self._is_blocked = blocked, False
        self._market, self._doors, self._directory, self._log = market, doors, directory, log
        self._behind_since_s: float | None = None
        wanted = market.config.journal
        self._pending_bytes = wanted.pending_bytes
        self._least = least_free_bytes(wanted.segment_bytes, wanted.pending_bytes)
        self._enough = self._least + wanted.segment_bytes // 4
        self.is_short = False  # of room on the disk

    def look(self, now_s: float) -> None:
        """Take less, or all again. Never blocks."""
        if not self._look_at_others():
            self._look_at_pending(now_s)
        self._look_at_room()

    def _look_at_others(self) -> bool:
        """Orders are refused while no answer leaves; whether that is so."""
        why = self._blocked()
        if why is not None:
            if not self._is_blocked:
                self._doors.refuse_orders(why)
                self._log.warning("no answer leaves: orders are refused", why=str(why))
            self._is_blocked = True
        elif self._is_blocked:
            self._is_blocked = False
            self._doors.refuse_orders(None)
            self._log.info("answers leave: orders are taken again")
        return self._is_blocked

    def _look_at_pending(self, now_s: float) -> None:
        """Clients wait while the journal is behind for a moment; when it is so for longer, they are told."""
        pending = self._market.journal.pending_bytes
        if self._doors.is_paused:
            if self._behind_since_s is None:
                self._behind_since_s = now_s
            elif now_s - self._behind_since_s > PATIENCE_S:
                self._doors.refuse_orders(OVERLOADED)
                self._log.warning("the journal is behind: orders are refused", pending_bytes=pending)
        elif self._doors.is_refusing and pending < self._pending_bytes // 8:
            self._doors.refuse_orders(None)
            self._behind_since_s = None
            self._log.info("orders are taken again", pending_bytes=pending)
        elif not self._doors.is_refusing:
            self._behind_since_s = None

    def _look_at_room(self) -> None:
        """Only cancels are taken while the disk is nearly full."""
        free = self.free_bytes()
        if free < (self._enough if self.is_short else self._least):
            if not self.is_short:
                self.is_short = True
                self._doors.restrict(_disk_full(self._least, free))
                self._log.warning("the disk is nearly full: only cancels are taken", free_bytes=free, limit=self._least)
            self._market.journal.make_room()
        elif self.is_short:
            self.is_short = False
            self._doors.restrict(None)
            self._log.info("there is room on the disk: orders are taken again", free_bytes=free)

    def free_bytes(self) -> int:
        """What is free for the journal."""
        found = here.system.statvfs(self._directory)
        return found.f_bavail * found.f_frsize

    def figures(self) -> dict[str, Any]:
        """For `status`."""
        return {"free_bytes": self.free_bytes(), "least_free_bytes": self._least, "only_cancels": self.is_short}


def _disk_full(limit: int, free: int) -> FrameError:
    text = f"the disk of the journal is nearly full ({free} bytes free, the limit is {limit}): only cancels are taken"
    return FrameError(DISK_FULL, text, field="kind", limit=limit, value=free)
