"""The hash of the segment in use, for the head of the next one: computed beside the writer, a piece at a time.

When the segment is full no more than the last piece is missing, so that a commit that needs the next segment waits for
that alone. What is hashed is what the file holds: pages that were written a moment ago.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Final

from engine.journal.segment import Link
from engine.world import here

STEP_BYTES: Final = 1 << 20  # so much more was written when the thread is told
CHUNK_BYTES: Final = 1 << 18  # stays in the processor's cache


class RunningHash:
    """SHA-256 of a file's first bytes, as far as it was told to read. Raises OSError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self.at = 0
        self._descriptor = here.system.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def advance(self, end: int) -> None:
        """Go on to byte `end`, which is written."""
        while self.at < end:
            chunk = here.system.pread(self._descriptor, min(CHUNK_BYTES, end - self.at), self.at)
            if not chunk:
                raise OSError(errno.EIO, f"ends at byte {self.at:,}, and {end:,} were written", str(self._path))
            self._hash.update(chunk)
            self.at += len(chunk)

    def digest(self) -> bytes:
        """Of what was read so far."""
        return self._hash.digest()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            here.system.close(self._descriptor)
            self._descriptor = -1


def hash_of(path: Path, end: int) -> bytes:
    """SHA-256 of a file's first `end` bytes. Raises OSError."""
    running = RunningHash(path)
    try:
        running.advance(end)
        return running.digest()
    finally:
        running.close()


class Sealer:
    """Follows one segment after the other. `follow` may be called from any thread, all others from the writer's."""

    def __init__(self) -> None:
        self._lock = here.threads.lock()
        self._running: RunningHash | None = None
        self._first_seq = 0
        self._queue = here.threads.queue()  # of (first_seq, end); None: the end
        self._thread = here.threads.thread(self._run, "journal-hash")
        self._thread.start()

    def begin(self, path: Path, first_seq: int) -> None:
        """Go on with another segment. Raises OSError."""
        with self._lock:
            if self._running is not None:
                self._running.close()
            self._running = RunningHash(path)
            self._first_seq = first_seq

    def follow(self, first_seq: int, end: int) -> None:
        """The segment that begins with `first_seq` is written up to byte `end`. Never blocks."""
        self._queue.put((first_seq, end))

    def finish(self, end: int) -> Link:
        """The segment's last record ends at byte `end`: what the next head says of it. Raises OSError."""
        with self._lock:
            running = self._running
            assert running is not None
            running.advance(end)
            return Link(self._first_seq, end, running.digest())

    def close(self) -> None:
        """End the thread."""
        self._queue.put(None)
        self._thread.join()
        if self._running is not None:
            self._running.close()

    def _run(self) -> None:
        while (told := self._queue.get()) is not None:
            first_seq, end = told
            is_done = False
            while not is_done:
                with self._lock:  # a piece at a time: `finish` need not wait for more
                    running = self._running
                    if running is None or first_seq != self._first_seq or running.at >= end:
                        break
                    try:
                        running.advance(min(end, running.at + CHUNK_BYTES))
                    except OSError:
                        break  # `finish` meets it again, and tells
                    is_done = running.at >= end
