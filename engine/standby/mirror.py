"""A standby's journal: the files of the primary's, byte by byte, written and synced by a thread.

Several commits of the primary may come in one piece, which is one write here. After a crash of the machine it may thus
look damaged where the primary's own would look torn: `openbell standby` gets that end anew (engine/standby/start).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from engine.files import make_folder
from engine.journal import doubtful, segment
from engine.journal.errors import JournalError
from engine.journal.preparation import Preparation
from engine.journal.reader import JournalReader
from engine.journal.sealer import STEP_BYTES, Sealer
from engine.journal.segment import HEAD_BYTES, NO_LINK, Segment
from engine.standby.source import Chunk
from engine.world import files, here


class Mirror:
    """Appends chunks to the journal in `directory`. `durable_seq`: the last number that is on disk.

    Call from one thread. An error of the disk is final: `collect` raises JournalError.
    """

    def __init__(self, directory: Path, durable_seq: int) -> None:
        self._directory = directory
        self.durable_seq = durable_seq
        self._done_bytes = self._given_bytes = 0
        self._queue = here.threads.queue()  # of chunks; None: the end
        self._failure: str | None = None
        self._descriptor = -1
        self._first_seq = self.offset = 0  # of the segment in use; where it ends
        self._synced = 0  # up to there it is on disk
        self._sealed = 0
        self._sealer = Sealer()
        self._next: Preparation | None = None
        self._next_bytes = 0  # its size
        try:
            make_folder(directory)
            files.unlink(directory / segment.TEMPORARY, missing_ok=True)  # of a process that was cut off
            found = segment.segments(directory)
            if found:
                self._go_on(found[-1], durable_seq)
        except BaseException:
            self._sealer.close()
            raise
        self._event = here.system.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = here.threads.thread(self._run, "journal")
        self._thread.start()

    # ------------------------------------------------------------ for the loop

    def write(self, chunk: Chunk) -> None:
        """Hand over the next chunk, which was checked. Never blocks."""
        self._given_bytes += len(chunk.data)
        self._queue.put(chunk)

    @property
    def pending_bytes(self) -> int:
        """Given and not on disk yet."""
        return self._given_bytes - self._done_bytes

    def fileno(self) -> int:
        """An eventfd, readable after each sync and after a failure."""
        return self._event

    def collect(self) -> int:
        """Make `fileno` unreadable again; return durable_seq. Raises JournalError when the disk failed."""
        with contextlib.suppress(BlockingIOError):
            here.system.eventfd_read(self._event)
        return self.look()

    def look(self) -> int:
        """As `collect`, and `fileno` stays as it is."""
        if self._failure is not None:
            raise JournalError(self._failure)
        return self.durable_seq

    def make_room(self) -> None:
        """There is none to make: the next segment is made when one is half full."""

    def submit(self, records: bytes, last_seq: int) -> None:
        """Nothing of its own is written into it."""
        raise AssertionError("a standby has commands of its primary only")

    def close(self) -> None:
        """Write and sync all that was given, end the thread. Raises JournalError when that failed."""
        if self._descriptor == -2:
            return
        self._queue.put(None)
        self._thread.join()
        if self._next is not None:
            self._next.discard()
        self._sealer.close()
        if self._descriptor >= 0:
            here.system.close(self._descriptor)
        self._descriptor = -2
        here.system.close(self._event)
        if self._failure is not None:
            raise JournalError(self._failure)

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        queue = self._queue
        try:
            while (chunk := queue.get()) is not None:
                chunks = [chunk]
                for _ in range(queue.qsize()):  # nobody else takes any out
                    if (chunk := queue.get()) is None:
                        queue.put(None)
                        break
                    chunks.append(chunk)
                for one in chunks:
                    self._put(one)
                here.system.fdatasync(self._descriptor)
                self._synced = self.offset
                self.durable_seq = chunks[-1].last_seq
                self._done_bytes += sum(len(one.data) for one in chunks)
                here.system.eventfd_write(self._event, 1)
        except JournalError as error:
            self._failure = str(error)
        except OSError as error:
            self._failure = f"journal: {segment.no_room(error, self._directory)}"
        except Exception as error:  # whatever it is: a thread that ended without a word would hold up all for ever
            self._failure = f"journal: the writer broke: {error!r}"
        if self._failure is not None:
            # What is written and not synced can be read after this, and need not be on the disk.
            doubtful.mark(self._directory, self._first_seq, self._synced)
            here.system.eventfd_write(self._event, 1)

    def _put(self, chunk: Chunk) -> None:
        if chunk.offset == 0:
            self._begin(chunk)
        else:
            files.write_at(self._descriptor, memoryview(chunk.data), chunk.offset)
        self.offset = chunk.offset + len(chunk.data)
        if self.offset > self._sealed + STEP_BYTES:
            self._sealed = self.offset
            self._sealer.follow(self._first_seq, self.offset)
        if self._next is None and chunk.offset > chunk.size // 2:
            self._next, self._next_bytes = Preparation(self._directory, chunk.size), chunk.size

    def _begin(self, chunk: Chunk) -> None:
        """A new segment, whose head has the hash of all before: on disk before it has its name."""
        self._check_link(chunk)
        descriptor = -1
        if self._next is not None:
            prepared, self._next = self._next, None
            if self._next_bytes == chunk.size:
                descriptor = prepared.take()
            else:
                prepared.discard()
        if descriptor < 0:
            descriptor = segment.prepare(self._directory, chunk.size)
        files.write_at(descriptor, memoryview(chunk.data), 0)
        here.system.fdatasync(descriptor)
        if self._descriptor >= 0:
            here.system.fdatasync(self._descriptor)
            here.system.close(self._descriptor)
        self._synced = 0
        path = self._directory / segment.name_of(chunk.first_seq)
        here.system.rename(self._directory / segment.TEMPORARY, path)
        segment.sync_directory(self._directory)
        self._use(descriptor, path, chunk.first_seq)

    def _check_link(self, chunk: Chunk) -> None:
        """Raise JournalError where the new head is not that of what follows the files here."""
        if self._descriptor < 0:
            return  # of the first segment what was before is not here
        one = Segment(self._directory / segment.name_of(chunk.first_seq), chunk.first_seq)
        head = segment.head_of(one, chunk.data[:HEAD_BYTES])
        if head.link == NO_LINK:
            return  # of version 1
        ours = self._sealer.finish(self.offset)
        if head.link != ours:
            raise JournalError(
                f"{one.path}: the audit chain is broken: the primary's head says that the segment before it has the "
                f"SHA-256 {head.link.digest.hex()[:16]}..., here it is {ours.digest.hex()[:16]}.... See `openbell "
                "journal verify --chain` of both"
            )

    def _go_on(self, newest: Segment, durable_seq: int) -> None:
        """With what was written before: it is called durable from now on. Raises JournalError."""
        with JournalReader(self._directory, newest.first_seq) as reader:
            end_seq, end = reader.end() - 1, reader.offset
        if end_seq != durable_seq:
            raise JournalError(f"{newest.path}: it ends with seq {end_seq}, expected was {durable_seq}")
        descriptor = here.system.open(newest.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            doubtful.write_again(self._directory, newest, descriptor, end)
            here.system.fsync(descriptor)
        except OSError:
            doubtful.mark(self._directory, newest.first_seq, 0)
            raise
        doubtful.clear(self._directory)
        segment.sync_directory(self._directory)
        self.offset = self._synced = end
        self._use(descriptor, newest.path, newest.first_seq)

    def _use(self, descriptor: int, path: Path, first_seq: int) -> None:
        self._descriptor, self._first_seq, self._sealed = descriptor, first_seq, 0
        self._sealer.begin(path, first_seq)
