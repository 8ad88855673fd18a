"""Group commit: a thread that writes and syncs what the loop hands it, all at once what came while it was busy.

The thread is in the disk's hands most of the time; the loop never waits for it. A small commit that finds the thread
idle takes the express lane, where the system has one: io_uring, without any thread (engine/journal/ring). An error of
write or fdatasync is final: after one the state of the file's pages is unknown, so nothing is written any more,
`collect` says why, and engine/journal/doubtful has the next start look after those pages.
"""

from __future__ import annotations

import errno
import os
import select
from pathlib import Path

from engine.files import make_folder
from engine.journal import doubtful, segment
from engine.journal.errors import JournalError
from engine.journal.preparation import Preparation
from engine.journal.reader import JournalReader
from engine.journal.sealer import STEP_BYTES, Sealer
from engine.world import files, here
from ext.record import commit_start

FSYNC, MEMORY = "fsync", "memory"
DURABILITIES = (FSYNC, MEMORY)
MOST_PARTS = 1000  # buffers in one pwritev: the system's limit is 1024
PREPARE_AT = 0.5  # of a segment, when the next one is begun
EXPRESS_BYTES = 1 << 15  # the largest commit on the express lane
# The kernel did not do it, and nothing is wrong with the disk: the thread does it.
NOT_DONE = frozenset(
    {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM, errno.EAGAIN, errno.EINTR, errno.ENOMEM}
)


class JournalWriter:
    """Appends batches of journal records to the newest segment in `directory`, which it makes where there is none.

    `next_seq`: the number of the first record to come; the journal must end just before it. `durability` "fsync" or
    "memory" (written, not synced: a crash of the machine loses what the system had not written back). `market_id`: 16
    bytes. `durable_seq`: last number that is on disk. `express`: whether to use the express lane where the system has
    one. Call from one thread. Raises JournalError.
    """

    express_by_default = True

    def __init__(
        self,
        directory: Path,
        *,
        next_seq: int,
        durability: str,
        market_id: bytes,
        segment_bytes: int = segment.SEGMENT_BYTES,
        express: bool | None = None,
    ) -> None:
        if durability not in DURABILITIES:
            raise JournalError(f"durability must be one of {', '.join(DURABILITIES)}, got {durability!r}")
        if len(market_id) != 16:
            raise JournalError(f"market_id must have 16 bytes, got {len(market_id)}")
        if segment_bytes < segment.LEAST_SEGMENT_BYTES:
            raise JournalError(f"segment_bytes must be at least {segment.LEAST_SEGMENT_BYTES}, got {segment_bytes}")
        self.directory = directory
        self.durability = durability
        self.segment_bytes = segment_bytes
        self.durable_seq = next_seq - 1
        self._sync = durability == FSYNC
        self._market_id = market_id
        self._submitted_bytes = 0  # of the loop's thread
        self._committed_bytes = 0  # of the writer's thread
        self._queue = here.threads.queue()  # of batches; None: the end
        self._failure: str | None = None
        self._closed = False
        self._preparation: Preparation | None = None
        self._is_short = False  # of room on the disk: a preparation that failed is tried again
        self._descriptor = -1
        self._first_seq = 0  # of the segment in use
        self._offset = self._size = self._seal_from = 0
        self._prepare_from = 0.0  # the offset from which on the next segment is made
        self._written_seq = next_seq - 1
        self._sealer = Sealer()
        try:
            make_folder(directory)
            files.unlink(directory / segment.TEMPORARY, missing_ok=True)  # of a process that was cut off
            self._open(next_seq)
        except OSError as error:
            self._sealer.close()
            raise JournalError(f"journal: {segment.no_room(error, directory)}") from error
        except JournalError:
            self._sealer.close()
            raise
        self._event = here.system.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._given = self._finished = 0  # batches handed to the thread, and done by it
        self._under_way: list[tuple[bytes, int]] = []  # on the express lane
        self._behind: list[tuple[bytes, int]] = []  # came meanwhile
        wanted = self.express_by_default if express is None else express
        self._ring = here.ring(self._event, EXPRESS_BYTES) if self._sync and wanted else None
        self._thread = here.threads.thread(self._run, "journal")
        self._thread.start()

    # -- for the loop -----------------------------------------------------------------------------------------

    def submit(self, records: bytes, last_seq: int) -> None:
        """Hand over whole records, the last one numbered `last_seq`. Never blocks; no records are no commit."""
        if records:
            self._submitted_bytes += len(records)
            batch = (records, last_seq)
            if self._failure is not None:
                return  # nothing is written any more
            if self._under_way:
                self._behind.append(batch)
            elif not self._begin_express([batch]):
                self._given += 1
                self._queue.put(batch)

    @property
    def pending_bytes(self) -> int:
        """Given and not durable yet."""
        return self._submitted_bytes - self._committed_bytes

    def fileno(self) -> int:
        """An eventfd, readable after each commit and after a failure."""
        return self._event

    def collect(self) -> int:
        """Make `fileno` unreadable again; return durable_seq. Raises JournalError when the disk failed."""
        try:
            here.system.eventfd_read(self._event)
        except BlockingIOError:
            pass
        return self.look()

    def look(self) -> int:
        """As `collect`, quicker, and `fileno` stays as it is."""
        if self._under_way:
            self._look_at_express()
        if self._failure is not None:
            raise JournalError(self._failure)
        return self.durable_seq

    def wait(self, seq: int, timeout_s: float = 10.0) -> int:
        """Block until `seq` is durable; for tools and tests. Raises JournalError, TimeoutError."""
        deadline_s = here.clock.monotonic() + timeout_s
        while self.collect() < seq:
            left_s = deadline_s - here.clock.monotonic()
            if left_s <= 0 or not select.select([self._event], [], [], left_s)[0]:
                raise TimeoutError(f"seq {seq} was not durable within {timeout_s:g} s, {self.durable_seq} is")
        return self.durable_seq

    def make_room(self) -> None:
        """Have the next segment made now, or once more where that failed: with the next commit."""
        self._is_short = True
        self._prepare_from = 0.0

    def close(self) -> None:
        """Write and sync all that was given, end the thread. Raises JournalError when that failed."""
        if self._closed:
            return
        self._closed = True
        while self._under_way and self._ring is not None:
            self._ring.wait()
            self._look_at_express()
        self._queue.put(None)
        self._thread.join()
        if self._ring is not None:
            self._ring.close()
        if self._preparation is not None:
            self._preparation.discard()
        self._sealer.close()
        try:
            if self._failure is None:
                here.system.fsync(self._descriptor)  # also what durability "memory" left to the system
                segment.sync_directory(self.directory)
        except OSError as error:
            self._fail(self._words(error))
        here.system.close(self._descriptor)
        here.system.close(self._event)
        if self._failure is not None:
            raise JournalError(self._failure)

    # -- the express lane, of the loop's thread too: it is used while the other thread has nothing to do ---------

    @property
    def express_bytes(self) -> int:
        """Size of the commit that is under way on the express lane, so that `is_done` is worth asking for; or 0."""
        return sum([len(records) for records, _ in self._under_way])

    def is_done(self) -> bool:
        """Whether that commit is done, and `collect` will tell it. Costs next to nothing."""
        return self._ring is not None and self._ring.is_done()

    def _begin_express(self, batches: list[tuple[bytes, int]]) -> bool:
        """Commit these on the express lane; False when they have to go through the thread."""
        ring = self._ring
        if ring is None or self._given != self._finished or self._failure is not None:
            return False
        records = batches[0][0] if len(batches) == 1 else b"".join([batch[0] for batch in batches])
        size = len(records)
        if (
            size > EXPRESS_BYTES
            or self._offset + size > self._size
            or self._must_prepare()  # which the thread does
            or int.from_bytes(records[8:16], "little") != self._written_seq + 1  # it refuses that
        ):
            return False
        try:
            marked = commit_start(records)
        except ValueError:
            return False  # it tells of that
        if not ring.begin(self._descriptor, self._offset, marked + records[len(marked) :]):
            self._drop_ring()
            return False
        self._under_way = batches
        return True

    def _look_at_express(self) -> None:
        """Take note of a commit that is done, and go on with what came meanwhile."""
        result = None if self._ring is None else self._ring.take()
        if result is None:
            return
        batches, self._under_way = self._under_way, []
        size = sum(len(records) for records, _ in batches)
        if result == size:
            self._offset += size
            self._written_seq = self.durable_seq = batches[-1][1]
            self._committed_bytes += size
            if self._offset >= self._seal_from:
                self._seal()
        elif result >= 0 or -result in NOT_DONE:
            # The thread writes all of it at the same place, and knows what to say where that fails.
            self._behind[:0] = batches
            self._drop_ring()
        else:
            self._fail(self._words(OSError(-result, os.strerror(-result))))
            return
        behind, self._behind = self._behind, []
        if behind and not self._begin_express(behind):
            for batch in behind:
                self._given += 1
                self._queue.put(batch)

    def _drop_ring(self) -> None:
        """The express lane is of no use here."""
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    # -- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        queue = self._queue
        failure: str | None = None
        try:
            while (batch := queue.get()) is not None:
                batches = [batch]
                for _ in range(queue.qsize()):  # nobody else takes any out
                    if (batch := queue.get()) is None:
                        queue.put(None)  # nothing comes after it: it ends the next round
                        break
                    batches.append(batch)
                self._commit(batches)
                self._finished += len(batches)
        except OSError as error:
            failure = self._words(error)
        except JournalError as error:
            failure = str(error)
        except (
            Exception
        ) as error:  # whatever it is: a thread that ended without a word would hold up the market for ever
            failure = f"journal: the writer broke: {error!r}"
        if failure is not None:
            self._fail(failure)
            here.system.eventfd_write(self._event, 1)

    def _commit(self, batches: list[tuple[bytes, int]]) -> None:
        """Write the batches; one commit where they fit into the segment."""
        parts: list[bytes] = []
        size = 0
        seq = self._written_seq
        for records, last_seq in batches:
            first_seq = int.from_bytes(records[8:16], "little")
            if first_seq != seq + 1:
                raise JournalError(f"journal: got a batch that begins with seq {first_seq}, next is {seq + 1}")
            if self._offset + size + len(records) > self._size:
                if parts:
                    self._write(parts, size, seq)
                    parts, size = [], 0
                self._roll(seq + 1, len(records))
            parts.append(records)
            size += len(records)
            seq = last_seq
        self._write(parts, size, seq)
        if self._preparation is not None and self._preparation.has_failed and self._is_short:
            self._preparation = None
        if self._preparation is None and self._offset > self._prepare_from:
            self._is_short = False
            self._preparation = Preparation(self.directory, self.segment_bytes)

    def _must_prepare(self) -> bool:
        """Whether the next segment is to be made by now, or once more, where that failed for want of room."""
        if self._preparation is None:
            return self._offset > self._prepare_from
        return self._is_short and self._preparation.has_failed

    def _write(self, parts: list[bytes], size: int, last_seq: int) -> None:
        """One group commit: the parts in one piece at the end of what is there."""
        marked = commit_start(parts[0])
        buffers: list[bytes | memoryview] = [marked, memoryview(parts[0])[len(marked) :], *parts[1:]]
        offset = self._offset
        while buffers:
            done = here.system.pwritev(self._descriptor, buffers[:MOST_PARTS], offset)
            offset += done
            while buffers and done >= len(buffers[0]):
                done -= len(buffers.pop(0))
            if done:
                buffers[0] = memoryview(buffers[0])[done:]
        if self._sync:
            here.system.fdatasync(self._descriptor)
        self._offset = offset
        self._written_seq = self.durable_seq = last_seq
        self._committed_bytes += size
        if offset + size >= self._seal_from:
            self._seal()
        here.system.eventfd_write(self._event, 1)

    def _roll(self, first_seq: int, needed_bytes: int) -> None:
        """Go on in a new segment with room for `needed_bytes` of records."""
        size = segment.HEAD_BYTES + needed_bytes
        preparation, self._preparation = self._preparation, None
        if size > self.segment_bytes and preparation is not None:
            preparation.discard()
            preparation = None
        size = max(size, self.segment_bytes)
        descriptor = -1 if preparation is None else preparation.take()
        if descriptor < 0:
            descriptor = segment.prepare(self.directory, size, hurry=lambda: True)
        old, self._descriptor = self._descriptor, descriptor
        if not self._sync:
            here.system.fdatasync(old)  # `close` promises it of all
        here.system.close(old)
        link = self._sealer.finish(self._offset)
        self._begin(segment.christen(self.directory, descriptor, first_seq, self._market_id, self._sync, link), size)

    # -- both -------------------------------------------------------------------------------------------------

    def _begin(self, one: segment.Segment, size: int, offset: int = segment.HEAD_BYTES) -> None:
        """Go on at `offset` in this segment of `size` bytes."""
        self._first_seq, self._offset, self._size = one.first_seq, offset, size
        self._prepare_from = size * PREPARE_AT
        self._sealer.begin(one.path, one.first_seq)
        self._seal()

    def _seal(self) -> None:
        """Have what is written hashed."""
        self._sealer.follow(self._first_seq, self._offset)
        self._seal_from = self._offset + STEP_BYTES

    def _fail(self, why: str) -> None:
        """Nothing is written any more: what this commit has left in the file is not to be believed."""
        if self._failure is None:
            # With durability "memory" nothing of the segment need have been synced.
            doubtful.mark(self.directory, self._first_seq, self._offset if self._sync else 0)
            self._failure = why

    def _open(self, next_seq: int) -> None:
        """Find the end of the journal, or make its first segment."""
        found = segment.segments(self.directory)
        if not found:
            self._descriptor = segment.prepare(self.directory, self.segment_bytes)
            one = segment.christen(self.directory, self._descriptor, next_seq, self._market_id, True)
            self._begin(one, self.segment_bytes)
            return
        with JournalReader(self.directory, found[-1].first_seq) as reader:
            while reader.read():
                pass
            if reader.torn is not None:
                raise JournalError(f"{reader.torn}: recover before going on")
            if reader.next_seq != next_seq:
                raise JournalError(
                    f"{self.directory}: the journal ends with seq {reader.next_seq - 1}, and {next_seq} was to be next"
                )
            end = reader.offset
        if segment.read_head(found[-1]).market_id != self._market_id:
            raise JournalError(f"{found[-1].path} is of another market")
        self._descriptor = here.system.open(found[-1].path, os.O_RDWR | os.O_CLOEXEC)
        # What is read here is called durable from now on. A process that was killed may have written without syncing,
        # and one with durability "memory" did.
        try:
            doubtful.write_again(self.directory, found[-1], self._descriptor, end)
            here.system.fsync(self._descriptor)
        except OSError:
            doubtful.mark(self.directory, found[-1].first_seq, 0)
            raise
        self._begin(found[-1], here.system.fstat(self._descriptor).st_size, end)
        doubtful.clear(self.directory)
        segment.sync_directory(self.directory)

    def _words(self, error: OSError) -> str:
        return f"journal: {segment.no_room(error, self.directory)}"
