"""Going back to an earlier end of the journal, where what follows is damaged and there is no copy of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from engine import snapshots
from engine.files import make_folder
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader, Torn, cut_off
from engine.world import files, here


@dataclass(frozen=True, slots=True)
class Cut:
    """What was done. `kept`: the folder that has the files as they were."""

    last_seq: int
    kept: Path
    moved: tuple[str, ...]  # names of segments and snapshots that are not part of the market any more


def cut(data: Path, last_seq: int) -> Cut:
    """Make `last_seq` the end of the journal in `data`, whose lock the caller has. Nothing is deleted.

    The segment that has it is kept as a copy before what follows in it is overwritten; later segments and snapshots are
    moved. Raises JournalError when the journal is not whole up to `last_seq`, OSError.
    """
    directory = data / "journal"
    found = segment.segments(directory)
    if not found or not found[0].first_seq <= last_seq + 1:
        raise JournalError(f"{directory}: the journal does not have seq {last_seq}")
    newest = [one for one in found if one.first_seq <= last_seq + 1][-1]
    with JournalReader(directory, newest.first_seq) as reader:
        while reader.read(last_seq):
            pass
        if reader.path != newest.path:
            raise JournalError(f"{newest.path}: it does not have seq {last_seq}")
        offset = reader.offset
    kept = _free_folder(data)
    make_folder(kept / "journal")
    make_folder(kept / "snapshots")
    files.copy(newest.path, kept / "journal" / newest.path.name)
    segment.sync_directory(kept / "journal")
    moved = []
    # The newest first: whatever ends this, the journal has no gap.
    for path in [one.path for one in reversed(found) if one.first_seq > newest.first_seq]:
        here.system.rename(path, kept / "journal" / path.name)
        moved.append(path.name)
    for saved in snapshots.listed(data):
        if saved.seq > last_seq:
            here.system.rename(saved.path, kept / "snapshots" / saved.path.name)
            moved.append(saved.path.name)
    size = here.system.stat(newest.path).st_size - offset
    cut_off(Torn(newest.path, offset, size, last_seq + 1), "ended earlier by journal cut")
    segment.sync_directory(directory)
    return Cut(last_seq, kept, tuple(moved))


def _free_folder(data: Path) -> Path:
    """For the files as they were: named for the time, and another one where that has been cut already."""
    stem = f"cut-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(here.clock.time()))}"
    path, number = data / stem, 1
    while files.exists(path):
        number += 1
        path = data / f"{stem}.{number}"
    return path
