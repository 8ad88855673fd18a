"""Going back to an earlier end of the journal, where what follows is damaged and there is no copy of it."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from engine import snapshots
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader, Torn, cut_off


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
    here = [one for one in found if one.first_seq <= last_seq + 1][-1]
    with JournalReader(directory, here.first_seq) as reader:
        while reader.read(last_seq):
            pass
        if reader.path != here.path:
            raise JournalError(f"{here.path}: it does not have seq {last_seq}")
        offset = reader.offset
    kept = data / f"cut-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    (kept / "journal").mkdir(parents=True)
    (kept / "snapshots").mkdir()
    shutil.copy2(here.path, kept / "journal" / here.path.name)
    segment.sync_directory(kept / "journal")
    moved = []
    # The newest first: whatever ends this, the journal has no gap.
    for path in [one.path for one in reversed(found) if one.first_seq > here.first_seq]:
        path.rename(kept / "journal" / path.name)
        moved.append(path.name)
    for saved in snapshots.listed(data):
        if saved.seq > last_seq:
            saved.path.rename(kept / "snapshots" / saved.path.name)
            moved.append(saved.path.name)
    cut_off(Torn(here.path, offset, here.path.stat().st_size - offset, last_seq + 1), "ended earlier by journal cut")
    segment.sync_directory(directory)
    return Cut(last_seq, kept, tuple(moved))
