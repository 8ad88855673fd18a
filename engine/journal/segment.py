"""Segment files: their names, their head, how they are made. A segment is a head of 128 bytes, records, and zeros.

A segment is made under a temporary name, filled with zeros that are really written (a commit into blocks that were only
reserved costs the file system a change of its own), and gets its head and its name when it is needed.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine.journal.errors import JournalDamaged, JournalError
from engine.system import more_files
from engine.world import files, here
from ext.record import crc32c

MAGIC = b"OBJOURN1"
VERSION = 2
HEAD_BYTES = 128
# Of each version that is read; version 1 has no link to the segment before.
BYTES_OF_HEADS = {1: 64, VERSION: HEAD_BYTES}
SUFFIX = ".obj"
TEMPORARY = "next.tmp"
SEGMENT_BYTES = 64 << 20
LEAST_SEGMENT_BYTES = 4096
ZEROS = bytes(1 << 20)
DIGEST_BYTES = 32
_HEAD = struct.Struct("<8sIIQq16s")
_LINK_AT = 56
_LINK = struct.Struct("<QQ32s")
_LINK_CRC_AT = _LINK_AT + _LINK.size

RESTORE = "Restore the file from a copy and see `openbell journal verify`; where there is none, see docs/journal.md"


@dataclass(frozen=True, slots=True)
class Link:
    """What a head says of the segment before it: the SHA-256 of its first `size` bytes, all up to its last record."""

    first_seq: int
    size: int
    digest: bytes


NO_LINK = Link(0, 0, bytes(DIGEST_BYTES))  # of the first segment there is


@dataclass(frozen=True, slots=True)
class Head:
    """What a segment says of itself, and of the one before it."""

    first_seq: int
    created_ns: int
    market_id: bytes  # 16 bytes, the same in all segments of a market
    link: Link = NO_LINK
    version: int = VERSION

    @property
    def size(self) -> int:
        """In the file: where the records begin."""
        return BYTES_OF_HEADS[self.version]

    def pack(self) -> bytes:
        """What is in the file."""
        size = self.size
        head = _HEAD.pack(MAGIC, self.version, size, self.first_seq, self.created_ns, self.market_id)
        head += struct.pack("<I", crc32c(head))
        if self.version > 1:
            link = self.link
            head = head.ljust(_LINK_AT, b"\0") + _LINK.pack(link.first_seq, link.size, link.digest)
            head += struct.pack("<I", crc32c(head))
        return head.ljust(size, b"\0")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment file, by its name."""

    path: Path
    first_seq: int


def name_of(first_seq: int) -> str:
    """The file name of the segment whose first record is numbered so."""
    return f"{first_seq:018d}{SUFFIX}"


def required(directory: Path) -> None:
    """Raise JournalError where there is no journal: before anything is made in a directory that is none of a market."""
    if not segments(directory):
        raise JournalError(f"{directory}: there is no journal")


def segments(directory: Path) -> list[Segment]:
    """The segments in `directory`, ascending; [] when there is no such directory. Raises JournalDamaged for two of one
    number."""
    try:
        names = here.system.listdir(directory)
    except FileNotFoundError:
        return []
    found = []
    for name in names:
        stem = name.removesuffix(SUFFIX)
        if name.endswith(SUFFIX) and stem.isdecimal():
            found.append(Segment(directory / name, int(stem)))
    found.sort(key=lambda segment: segment.first_seq)
    for before, one in pairwise(found):
        if before.first_seq == one.first_seq:
            what = f"there are two segments of seq {one.first_seq}: {before.path.name} is the other"
            raise JournalDamaged(one.path, 0, what, "Keep the one that is right; the other is a copy")
    return found


def read_head(segment: Segment, market_id: bytes | None = None) -> Head:
    """The head of a segment. Raises JournalDamaged when it is not whole, or not of market `market_id`."""
    return head_of(segment, files.read(segment.path, HEAD_BYTES), market_id)


def head_of(segment: Segment, data: bytes, market_id: bytes | None = None) -> Head:
    """As `read_head`, of the file's first HEAD_BYTES."""
    path = segment.path
    if len(data) < BYTES_OF_HEADS[1]:
        raise JournalDamaged(path, 0, f"the head has {len(data)} of {HEAD_BYTES} bytes", RESTORE)
    magic, version, head_bytes, first_seq, created_ns, market = _HEAD.unpack_from(data)
    if magic != MAGIC:
        raise JournalDamaged(path, 0, f"it begins with {magic!r}, a segment begins with {MAGIC!r}", RESTORE)
    _check_sum(path, data, _HEAD.size)
    if BYTES_OF_HEADS.get(version) != head_bytes:
        raise JournalError(
            f"{path} has format version {version}, this program reads version {VERSION} and before: use a newer one"
        )
    if len(data) < head_bytes:
        raise JournalDamaged(path, 0, f"the head has {len(data)} of {head_bytes} bytes", RESTORE)
    link = NO_LINK
    if version > 1:
        _check_sum(path, data, _LINK_CRC_AT)
        link = Link(*_LINK.unpack_from(data, _LINK_AT))
    if first_seq != segment.first_seq:
        raise JournalDamaged(
            path, 16, f"the head says that it begins at seq {first_seq}", f"Name the file {name_of(first_seq)}"
        )
    if market_id is not None and market != market_id:
        raise JournalDamaged(
            path,
            32,
            f"it is of market {market.hex()}, the one before it of {market_id.hex()}",
            "Remove what is foreign",
        )
    return Head(first_seq, created_ns, market, link, version)


def _check_sum(path: Path, data: bytes, at: int) -> None:
    """Raise JournalDamaged where the CRC32C at `at` is not that of the bytes before it."""
    if struct.unpack_from("<I", data, at)[0] != crc32c(data[:at]):
        raise JournalDamaged(path, at, "the checksum of the head is wrong", RESTORE)


def market_id_of(directory: Path) -> bytes | None:
    """The market that the journal in `directory` belongs to; None where there is no segment."""
    found = segments(directory)
    return read_head(found[0]).market_id if found else None


def opened(path: Path, flags: int) -> int:
    """Open a file of the journal; where clients have all files that the process may have, with one that is kept back.
    Raises OSError."""
    try:
        return here.system.open(path, flags, 0o600)
    except OSError as error:
        if error.errno != errno.EMFILE or not more_files():
            raise
        return here.system.open(path, flags, 0o600)


def sync_directory(directory: Path) -> None:
    """See that names given in `directory` are on disk."""
    descriptor = opened(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        here.system.fsync(descriptor)
    finally:
        here.system.close(descriptor)


def prepare(directory: Path, size_bytes: int, hurry: Callable[[], bool] = lambda: False) -> int:
    """Make a file of `size_bytes` zeros under the temporary name; its descriptor, for reading and writing.

    `hurry` is asked now and then: when it says True the rest stays reserved and unwritten, which is slower to commit
    into. Raises OSError and leaves no file when the disk has no room.
    """
    path = directory / TEMPORARY
    system = here.system
    descriptor = opened(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC)
    try:
        system.posix_fallocate(descriptor, 0, size_bytes)
        for offset in range(0, size_bytes, len(ZEROS)):
            if hurry():
                break
            files.write_at(descriptor, memoryview(ZEROS)[: size_bytes - offset], offset)
            system.fdatasync(descriptor)  # in small pieces, so that commits of the segment in use pass between them
        system.fsync(descriptor)
    except BaseException:
        system.close(descriptor)
        files.unlink(path, missing_ok=True)
        raise
    return descriptor


def christen(
    directory: Path, descriptor: int, first_seq: int, market_id: bytes, sync: bool, link: Link = NO_LINK
) -> Segment:
    """Give the prepared file its head and its name. With `sync` both are on disk when this returns. `link`: the segment
    before."""
    path = directory / name_of(first_seq)
    head = Head(first_seq, here.clock.time_ns(), market_id, link)
    files.write_at(descriptor, memoryview(head.pack()), 0)
    if sync:
        here.system.fdatasync(descriptor)
    here.system.rename(directory / TEMPORARY, path)
    if sync:
        sync_directory(directory)
    return Segment(path, first_seq)


def no_room(error: OSError, directory: Path) -> str:
    """What went wrong on the disk, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room on the disk of {directory}: make room and start again; nothing that was acknowledged is lost"
    return f"{error.filename or directory}: {error.strerror or error}"
