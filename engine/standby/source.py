"""A journal's files as they are, byte by byte, as far as a number that is durable: what a standby gets."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from engine.journal import segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import LONGEST_RECORD_BYTES
from engine.journal.segment import RESTORE, Segment
from engine.world import files, here
from ext import record

CHUNK_BYTES: Final = 1 << 17


class Chunk(NamedTuple):
    """Bytes of a segment, from its head on: whole records up to `last_seq`. size: of the file."""

    first_seq: int  # the segment's
    offset: int
    size: int
    last_seq: int
    data: bytes


class Files:
    """Reads on from `offset` of the segment that begins with `first_seq`, where the record of `next_seq` is to come.

    Offset 0: with the head. Raises JournalError, JournalDamaged for bytes that are not what was written, OSError.
    """

    def __init__(self, directory: Path, first_seq: int, offset: int, next_seq: int) -> None:
        self._directory = directory
        self.next_seq = next_seq
        self._descriptor = -1
        self._open(Segment(directory / segment.name_of(first_seq), first_seq), offset)

    def read(self, last_seq: int, limit_bytes: int = CHUNK_BYTES) -> Chunk | None:
        """The next bytes, of about `limit_bytes`; None when all up to `last_seq`, which is durable, was given."""
        while self.next_seq <= last_seq:
            begin = max(0, self._head_bytes - self.offset)
            data = files.read_at(self._descriptor, self.offset, begin + limit_bytes + LONGEST_RECORD_BYTES)
            _, end, self.next_seq, status = record.scan(data, begin, self.next_seq, last_seq)
            if end > begin:
                chunk = Chunk(self._segment.first_seq, self.offset, self._size, self.next_seq - 1, data[:end])
                self.offset += end
                return chunk
            if status != record.END:
                raise JournalDamaged(
                    self._segment.path, self.offset, f"the record of seq {self.next_seq} is not what was written",
                    RESTORE,
                )  # fmt: skip
            path = self._directory / segment.name_of(self.next_seq)
            if path == self._segment.path or not files.exists(path):
                raise JournalDamaged(
                    self._segment.path, self.offset, f"the journal ends before seq {self.next_seq}, which was durable",
                    RESTORE,
                )  # fmt: skip
            self._open(Segment(path, self.next_seq), 0)
        return None

    def _open(self, one: Segment, offset: int) -> None:
        self._head_bytes = segment.read_head(one).size
        descriptor = here.system.open(one.path, os.O_RDONLY | os.O_CLOEXEC)
        self.close()
        self._descriptor, self._segment, self.offset = descriptor, one, offset
        self._size = here.system.fstat(descriptor).st_size

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


def segment_of(directory: Path, seq: int) -> Segment:
    """The segment that has `seq`, or will have it. Raises JournalError."""
    found = [one for one in segment.segments(directory) if one.first_seq <= seq]
    if not found:
        raise JournalError(f"{directory}: the journal does not have seq {seq}")
    return found[-1]
