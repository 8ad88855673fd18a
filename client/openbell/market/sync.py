"""The sequence of one market data channel: what to apply now, what is missing, what to hold until a snapshot comes."""

from __future__ import annotations

from collections import deque
from typing import Final

HELD_BYTES: Final = 1 << 26


class Sync:
    """It is live while every record up to next_seq - 1 was handed out, and the stream has shown none beyond."""

    __slots__ = ("_held", "_held_bytes", "_limit_bytes", "_size", "heard", "live", "next_seq")

    def __init__(self, record_size: int, limit_bytes: int = HELD_BYTES) -> None:
        self._size = record_size
        self._limit_bytes = limit_bytes
        self._held: deque[tuple[int, int, memoryview]] = deque()  # first_seq, count, records
        self._held_bytes = 0
        self.live = False
        self.next_seq = 1
        self.heard = 0  # the last sequence that the stream itself has shown

    def take(self, first_seq: int, count: int, records: memoryview) -> memoryview | None:
        """The records of a frame that are to be applied now; None: none, it was seen before or is held."""
        after = first_seq + count
        if after > self.heard:
            self.heard = after - 1
        if self.live:
            if first_seq == self.next_seq:
                self.next_seq = after
                return records
            if after <= self.next_seq:
                return None
            if first_seq < self.next_seq:
                skipped = self.next_seq - first_seq
                self.next_seq = after
                return records[skipped * self._size :]
            self.live = False  # something between is missing
        self._hold(first_seq, count, records)
        return None

    def _hold(self, first_seq: int, count: int, records: memoryview) -> None:
        self._held_bytes += len(records)
        if self._held_bytes > self._limit_bytes:
            self._held.clear()  # what is missing then is noticed when a snapshot comes, and asked for again
            self._held_bytes = len(records)
        self._held.append((first_seq, count, records))

    def shown(self, last_seq: int) -> None:
        """A heartbeat: last_seq is the last sequence that was sent on this channel."""
        if last_seq < self.heard:
            self.restart()  # the market has gone back: it lost its journal, or is another one
        elif self.live and last_seq >= self.next_seq:
            self.live = False
        self.heard = last_seq

    def restart(self) -> None:
        """Nothing heard so far counts any more."""
        self.live = False
        self.heard = 0
        self._held.clear()
        self._held_bytes = 0

    def recover(self, sequence: int) -> list[tuple[int, memoryview]]:
        """The state as of `sequence` is there: first sequence and records of what was held above it, to be applied.

        It is live afterwards, or not where something is missing still: then another snapshot is needed.
        """
        self.next_seq = sequence + 1
        due: list[tuple[int, memoryview]] = []
        while self._held:
            first_seq, count, records = self._held[0]
            after = first_seq + count
            if first_seq > self.next_seq:
                return due
            if after > self.next_seq:
                due.append((self.next_seq, records[(self.next_seq - first_seq) * self._size :]))
                self.next_seq = after
            self._held.popleft()
            self._held_bytes -= len(records)
        self.live = self.next_seq > self.heard
        return due
