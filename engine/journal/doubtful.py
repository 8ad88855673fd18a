"""What a failed commit has left in the newest segment: records that may be in memory only, and look as if on disk.

When a sync fails the kernel may call the pages clean all the same: they can be read, a later sync does not write them,
and a crash of the machine loses them (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
2020). So the next start writes them again before it syncs. The mark is not synced: a crash of the machine that loses it
loses the doubtful pages, too.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from engine.journal.segment import Segment
from engine.world import files, here

MARK: Final = "doubtful"
PIECE_BYTES: Final = 1 << 20


def mark(directory: Path, first_seq: int, offset: int) -> None:
    """From byte `offset` on the segment that begins with `first_seq` is not to be believed."""
    with contextlib.suppress(OSError):  # a disk that takes nothing: it is told that the commit failed
        if not is_marked(directory):
            files.make(directory / MARK, f"{first_seq} {offset}\n".encode("ascii"))


def is_marked(directory: Path) -> bool:
    """Whether the last commit failed, and no start has looked after it since."""
    return files.exists(directory / MARK)


def write_again(directory: Path, newest: Segment, descriptor: int, end: int) -> None:
    """Write what is doubtful in the newest segment, up to byte `end`, once more. Raises OSError."""
    if not is_marked(directory):
        return
    words = files.read(directory / MARK).decode("ascii", "replace").split()
    is_known = len(words) == 2 and words[1].isdecimal() and words[0] == str(newest.first_seq)
    at = int(words[1]) if is_known else 0  # of another segment, or not whole: all of it
    while at < end:
        piece = here.system.pread(descriptor, min(PIECE_BYTES, end - at), at)
        if not piece:
            break
        at += here.system.pwrite(descriptor, piece, at)


def clear(directory: Path) -> None:
    """All of it is synced. Raises OSError."""
    files.unlink(directory / MARK, missing_ok=True)
