"""Durability "memory": the journal is written a moment later, off the way of every order.

Answers do not wait for the journal then, so nothing is gained by waking its thread for each of them. What came within
PAUSE_S goes to the writer at once; a crash of the process loses that much, of the machine what was not synced yet.
"""

from __future__ import annotations

import asyncio
from typing import Final

from engine.journal import unsynced
from engine.journal.writer import JournalWriter

PAUSE_S: Final = 0.02
MUCH_BYTES: Final = 1 << 20


class RelaxedJournal:
    """In front of a JournalWriter, with what the sequencer needs of one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, writer: JournalWriter) -> None:
        self._loop = loop
        self._writer = writer
        unsynced.mark(writer.directory)
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._last_seq = 0
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, records: bytes, last_seq: int) -> None:
        """Hand over whole records, the last one numbered `last_seq`. Never blocks."""
        self._waiting.append(records)
        self._waiting_bytes += len(records)
        self._last_seq = last_seq
        if self._waiting_bytes >= MUCH_BYTES:
            self.write()
        elif self._timer is None:
            self._timer = self._loop.call_later(PAUSE_S, self.write)

    def write(self) -> None:
        """Give the writer what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            self._writer.submit(b"".join(self._waiting), self._last_seq)
            self._waiting.clear()
            self._waiting_bytes = 0

    @property
    def pending_bytes(self) -> int:
        """Given and not written yet."""
        return self._waiting_bytes + self._writer.pending_bytes

    @property
    def durable_seq(self) -> int:
        """Last number that is written."""
        return self._writer.durable_seq

    def fileno(self) -> int:
        """As of the writer."""
        return self._writer.fileno()

    def collect(self) -> int:
        """As of the writer. Raises JournalError."""
        return self._writer.collect()

    def look(self) -> int:
        """As of the writer. Raises JournalError."""
        return self._writer.look()

    def make_room(self) -> None:
        """As of the writer."""
        self._writer.make_room()

    def close(self) -> None:
        """Write all, end the writer. Raises JournalError."""
        self.write()
        self._writer.close()
        unsynced.clear(self._writer.directory)
