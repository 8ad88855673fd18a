"""Reading the journal from any number on: of a stopped market to its end, of a running one as far as it is durable.

A bad record is told apart by what follows it. One commit begins only after the one before it is on disk, so a later
commit after a bad record means that bytes changed which were on disk: damage. Otherwise the bad record belongs to the
last commit, which a crash cut off before anything of it was acknowledged: torn, the end of the journal is before it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.journal import notes, segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.segment import RESTORE, ZEROS, Segment
from engine.world import files, here
from ext import record

CHUNK_BYTES = 256 << 10  # small enough to stay in the cache, and for memory that is used again
LONGEST_RECORD_BYTES = 264
NO_LAST = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Torn:
    """The end of a commit that a crash cut off."""

    path: Path
    offset: int  # where the last whole record ends
    bytes: int  # up to the last one that is not 0
    next_seq: int

    def __str__(self) -> str:
        return (
            f"{self.path}, offset {self.offset}: {self.bytes} bytes of a commit that was cut off after seq "
            f"{self.next_seq - 1}; where a crash did that, nothing of it was acknowledged"
        )


class JournalReader:
    """Gives the commands from number `from_seq` on. `next_seq`: of the next one; `offset`: where in `path` it is.

    `read` may be called again when the journal has grown. Raises JournalError: where the journal does not have
    `from_seq`; JournalDamaged: for any file that is not what was written.
    """

    def __init__(self, directory: Path, from_seq: int = 1) -> None:
        self.directory = directory
        self.next_seq = from_seq
        self.offset = 0
        self.torn: Torn | None = None
        self._descriptor = -1
        self._segments = segment.segments(directory)
        if not self._segments:
            raise JournalError(f"{directory}: there is no journal")
        at = sum(one.first_seq <= from_seq for one in self._segments) - 1
        if at < 0:
            raise JournalError(
                f"{directory}: the journal begins with seq {self._segments[0].first_seq}, not {from_seq}"
            )
        self._market_id: bytes | None = None
        self._open(self._segments[at])
        self._skip(from_seq)

    @property
    def path(self) -> Path:
        """The file that the next record is read from."""
        return self._segment.path

    @property
    def market_id(self) -> bytes:
        """Of the market whose journal this is."""
        assert self._market_id is not None
        return self._market_id

    def read(self, last_seq: int = NO_LAST, limit_bytes: int = CHUNK_BYTES) -> bytes:
        """The next commands, none after `last_seq`, of about `limit_bytes` of records; b"" when there are no more.

        Without `last_seq` the end of what is written is the end, and a torn commit there is told in `torn`. With it all
        up to it must be there: give what the engine calls durable, and nothing is looked at that is being written.
        """
        return self._read(last_seq, limit_bytes, last_seq != NO_LAST)

    def _read(self, last_seq: int, limit_bytes: int, must_be_there: bool) -> bytes:
        while self.next_seq <= last_seq and self.torn is None:
            wanted_bytes = min(limit_bytes, (last_seq - self.next_seq + 1) * LONGEST_RECORD_BYTES)
            chunk = files.read_at(self._descriptor, self.offset, wanted_bytes + LONGEST_RECORD_BYTES)
            commands, end, self.next_seq, status = record.scan(chunk, 0, self.next_seq, last_seq)
            start, self.offset = self.offset, self.offset + end
            if commands:
                return commands
            if status == record.WRONG_SEQUENCE:
                raise JournalDamaged(self.path, self.offset, f"the record here is not seq {self.next_seq}", RESTORE)
            torn = False
            if status != record.END:
                self._bad(must_be_there)
                torn = True
            elif not must_be_there:
                torn = not self._zeros_from(start + len(chunk))
            if torn or not self._next_segment(must_be_there):
                break
        return b""

    def end(self) -> int:
        """Read to the end; the number that comes next."""
        while self.read():
            pass
        return self.next_seq

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            here.system.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- segments ---------------------------------------------------------------------------------------------

    def _open(self, one: Segment) -> None:
        head = segment.read_head(one, self._market_id)
        self._market_id = head.market_id
        descriptor = here.system.open(one.path, os.O_RDONLY | os.O_CLOEXEC)
        self.close()
        self._descriptor = descriptor
        here.system.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        self._segment = one
        self.offset = head.size

    def _skip(self, from_seq: int) -> None:
        """Go to `from_seq` in the segment that should have it."""
        self.next_seq = self._segment.first_seq
        while self._read(from_seq - 1, CHUNK_BYTES, False):
            pass
        if self.next_seq != from_seq:
            raise JournalError(f"{self.directory}: the journal ends with seq {self.next_seq - 1}, before {from_seq}")

    def _next_segment(self, must_be_there: bool) -> bool:
        """Go on in the segment after this one; False when there is none."""
        later = [one for one in segment.segments(self.directory) if one.first_seq > self._segment.first_seq]
        if not later:
            if must_be_there:
                raise JournalDamaged(
                    self.path, self.offset, f"the journal ends before seq {self.next_seq}, which was durable", RESTORE
                )
            return False
        if later[0].first_seq != self.next_seq:
            raise JournalDamaged(
                self.path,
                self.offset,
                f"the journal goes on with seq {later[0].first_seq} ({later[0].path.name}), next is {self.next_seq}",
                f"Restore {segment.name_of(self.next_seq)} or the missing end of this file from a copy",
            )
        self._open(later[0])
        return True

    # -- ends -------------------------------------------------------------------------------------------------

    def _is_last(self) -> bool:
        return segment.segments(self.directory)[-1].first_seq == self._segment.first_seq

    def _zeros_from(self, start: int) -> bool:
        """Whether nothing comes after the end of what is written."""
        while chunk := here.system.pread(self._descriptor, len(ZEROS), start):
            if chunk != ZEROS[: len(chunk)]:
                self._bad(False)
                return False
            start += len(chunk)
        return True

    def _bad(self, must_be_there: bool) -> None:
        """There is no whole record at the offset, and something that is not 0: damage, or torn."""
        rest = b"".join(chunks(self._descriptor, self.offset))
        later = record.find_commit(rest, 0, self.next_seq)
        if must_be_there or later is not None or not self._is_last():
            what = f"the record of seq {self.next_seq} is not what was written"
            if later is not None:
                what += f", and later ones follow from offset {self.offset + later} on"
            raise JournalDamaged(self.path, self.offset, what, RESTORE)
        self.torn = Torn(self.path, self.offset, len(rest.rstrip(b"\0")), self.next_seq)


def chunks(descriptor: int, offset: int) -> Iterator[bytes]:
    """What a file holds from `offset` on."""
    while chunk := here.system.pread(descriptor, CHUNK_BYTES, offset):
        yield chunk
        offset += len(chunk)


def cut_off(torn: Torn, why: str = "torn end cut off") -> None:
    """Overwrite a torn end with zeros, on disk: the journal goes on there. What that was is left as a note."""
    notes.leave(torn.path.parent, notes.of_cut(torn.path, torn.offset, torn.bytes, torn.next_seq - 1, why))
    descriptor = here.system.open(torn.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        for start in range(0, torn.bytes, len(ZEROS)):
            here.system.pwrite(descriptor, ZEROS[: torn.bytes - start], torn.offset + start)
        here.system.fsync(descriptor)
    finally:
        here.system.close(descriptor)
