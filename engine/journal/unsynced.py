"""The mark of a market that runs with durability "memory": a file beside the segments, until all of them are synced.

A crash of the machine then leaves what the system happened to have written back, pages of later commits before those of
earlier ones: to a reader that is damage like any other. The mark is how a refused start can say what it comes from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.journal.errors import JournalDamaged
from engine.journal.segment import sync_directory
from engine.world import files

MARK: Final = "unsynced"
WHY: Final = (
    "The market ran with durability memory and was not stopped in order: after a crash of the machine the end of the "
    "journal may be missing or full of holes, and a snapshot newer than it. There is no repair but `openbell journal "
    "cut` at the last good command (`openbell journal verify` tells it)"
)


def mark(directory: Path) -> None:
    """From now on the journal in `directory` is written and not synced. Raises OSError."""
    files.make(directory / MARK, b"")
    sync_directory(directory)


def clear(directory: Path) -> None:
    """All of it is synced. Raises OSError."""
    if is_marked(directory):
        files.unlink(directory / MARK)
        sync_directory(directory)


def is_marked(directory: Path) -> bool:
    """Whether what was written last may not have been on disk at a crash."""
    return files.exists(directory / MARK)


def explained(error: JournalDamaged, directory: Path) -> JournalDamaged:
    """The same damage, with where it may come from."""
    if not is_marked(directory):
        return error
    return JournalDamaged(error.path, error.offset, error.problem, f"{WHY}. Else: {error.advice}")
