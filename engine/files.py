"""Small files that are whole and on disk, or as they were: whatever is told after writing one survives a power cut."""

from __future__ import annotations

import os
from pathlib import Path

from engine.journal.segment import sync_directory


def write_whole(path: Path, text: str) -> None:
    """Replace `path` by a file of mode 0600 with this text; it and its name are on disk then. Raises OSError."""
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)  # of a process that was cut off
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def make_folder(path: Path, mode: int) -> None:
    """Make a folder and those above it where there are none; their names are on disk then. Raises OSError."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(mode, parents=True, exist_ok=True)
    for one in missing:
        sync_directory(one.parent)
