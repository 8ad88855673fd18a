"""Files by their paths, through the door: what `pathlib` would do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.world import here

CHUNK_BYTES = 1 << 20


def exists(path: Path) -> bool:
    """Whether there is such a file or folder."""
    try:
        here.system.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def unlink(path: Path, missing_ok: bool = False) -> None:
    """Remove a file. Raises OSError."""
    try:
        here.system.unlink(path)
    except FileNotFoundError:
        if not missing_ok:
            raise


def make_folders(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it, where they are not there. Raises OSError."""
    try:
        here.system.mkdir(path, mode)
    except FileNotFoundError:
        make_folders(path.parent)
        here.system.mkdir(path, mode)
    except FileExistsError:
        if not stat.S_ISDIR(here.system.stat(path).st_mode):
            raise


def read(path: Path, most: int | None = None) -> bytes:
    """What a file holds, or its first `most` bytes. Raises OSError."""
    descriptor = here.system.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_at(descriptor, 0, here.system.fstat(descriptor).st_size if most is None else most)
    finally:
        here.system.close(descriptor)


def read_at(descriptor: int, offset: int, length: int) -> bytes:
    """The bytes of a file from `offset` on, fewer only where it ends: one call to read may give less than is there.
    Raises OSError."""
    pread = here.system.pread
    data = pread(descriptor, length, offset)
    if len(data) == length or not data:
        return data
    parts = [data]
    got = len(data)
    while got < length and (data := pread(descriptor, length - got, offset + got)):
        parts.append(data)
        got += len(data)
    return b"".join(parts)


def write_at(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all of it. Raises OSError."""
    while data:
        done = here.system.pwrite(descriptor, data, offset)
        data, offset = data[done:], offset + done


def write(descriptor: int, data: memoryview) -> None:
    """Write all of it where the file stands. Raises OSError."""
    while data:
        data = data[here.system.write(descriptor, data) :]


def make(path: Path, data: bytes, mode: int = 0o600) -> None:
    """A file with this content, made or replaced; not synced. Raises OSError."""
    descriptor = here.system.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        write(descriptor, memoryview(data))
    finally:
        here.system.close(descriptor)


def copy(source: Path, target: Path) -> None:
    """A file with the same bytes, on disk when this returns. Raises OSError."""
    descriptor = here.system.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        reading = here.system.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at = 0
            while piece := here.system.pread(reading, CHUNK_BYTES, at):
                write_at(descriptor, memoryview(piece), at)
                at += len(piece)
        finally:
            here.system.close(reading)
        here.system.fsync(descriptor)
    finally:
        here.system.close(descriptor)


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it; nothing where there is none. Raises OSError."""
    try:
        names = here.system.listdir(path)
    except FileNotFoundError:
        return
    for name in names:
        if stat.S_ISDIR(here.system.stat(path / name).st_mode):
            remove_tree(path / name)
        else:
            here.system.unlink(path / name)
    here.system.rmdir(path)
