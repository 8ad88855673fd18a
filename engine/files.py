"""Small files that are whole and on disk, or as they were: whatever is told after writing one survives a power cut."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from engine.journal.segment import sync_directory
from engine.world import files, here


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by a file of mode 0600 with this text; it and its name are on disk then. Raises OSError."""
    temporary = path.with_suffix(".tmp")
    files.unlink(temporary, missing_ok=True)  # of a process that was cut off
    descriptor = here.system.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            files.write(descriptor, memoryview(text.encode()))
            here.system.fsync(descriptor)
        finally:
            here.system.close(descriptor)
        here.system.rename(temporary, path)
    except BaseException:
        files.unlink(temporary, missing_ok=True)
        raise
    sync_directory(path.parent)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it where there are none; their names are on disk then. Raises OSError.

    Each name is on disk before there is anything below it. So is that of the lowest folder that was there: whoever made
    it may have been cut off before it was.
    """
    if files.exists(path):
        with contextlib.suppress(PermissionError):  # somebody else's, and so not one that we made
            sync_directory(path.parent)
        return
    make_folder(path.parent)
    files.make_folders(path, mode)
    sync_directory(path.parent)
