"""What was done to the journal's end while no market ran, until the next one journals it as a NOTE.

A line is on disk before the end is touched, so that whatever ends the program in between, it is told.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from pathlib import Path
from typing import Final

from engine.journal.segment import sync_directory
from engine.world import files, here

FILE: Final = "notes"
OPERATOR: Final = "journal"  # the name that is journaled
MOST_BYTES: Final = 96  # of a reason
DIGITS: Final = 12  # of a SHA-256


def leave(directory: Path, text: str) -> None:
    """Have it journaled at the next start. A disk without room does not keep a market from starting: then it is lost.
    Raises OSError."""
    try:
        with contextlib.ExitStack() as stack:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = here.system.open(directory / FILE, flags, 0o600)
            stack.callback(here.system.close, descriptor)
            files.write(descriptor, memoryview(_fitting(text).encode() + b"\n"))
            here.system.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
    sync_directory(directory)


def _fitting(text: str) -> str:
    """As a reason is: one line, and not too long."""
    return " ".join(text.replace("\0", " ").split()).encode()[:MOST_BYTES].decode("utf-8", "ignore")


def left(directory: Path) -> list[str]:
    """What is to be journaled."""
    try:
        lines = files.read(directory / FILE).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return [line for line in map(_fitting, lines) if line]


def clear(directory: Path) -> None:
    """All of it is in the journal. Raises OSError."""
    files.unlink(directory / FILE, missing_ok=True)


def of_cut(path: Path, offset: int, size: int, last_seq: int, why: str) -> str:
    """What is said of `size` bytes that are taken off the journal after seq `last_seq`. Raises OSError."""
    digest = hashlib.sha256()
    descriptor = here.system.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        at, end = offset, offset + size
        while at < end and (chunk := here.system.pread(descriptor, min(1 << 20, end - at), at)):
            digest.update(chunk)
            at += len(chunk)
    finally:
        here.system.close(descriptor)
    return f"{why}: {size} bytes after seq {last_seq}, SHA-256 {digest.hexdigest()[:DIGITS]}"
