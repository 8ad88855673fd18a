"""What a standby begins with: the market that its directory has, or an empty directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine import snapshots
from engine.bring_back import Beside, bring_back
from engine.files import make_folder, write_whole
from engine.journal import notes, segment
from engine.journal.cut import cut
from engine.journal.errors import JournalDamaged
from engine.journal.reader import JournalReader
from engine.recovery import Recovered
from engine.standby.errors import StandbyError
from engine.world import files, here
from ext.core import Core

FOLDER: Final = "standby"  # in a market's directory
BEGINNING: Final = "beginning.obs"  # in it: the snapshot that the primary has sent
ID: Final = "id"  # in it: of this directory
UNFINISHED: Final = "unfinished"  # in it: what is in the directory is not enough to begin with yet


def begin(data: Path, make: Callable[[], Beside], told: Callable[[str], None]) -> tuple[Beside, Recovered]:
    """What is there, brought back; or nothing, where next_seq is 1 and there is no market id. Blocks.

    make: gives what is kept beside a core, empty. Raises JournalError, OSError, StandbyError.
    """
    directory = data / "journal"
    folder = data / FOLDER
    make_folder(folder, 0o700)
    if files.exists(folder / UNFINISHED):
        # Only a standby that began in an empty directory leaves that: nobody else's files are here.
        told("an earlier standby was cut off before it had all that it begins with: it begins again")
        _forget_id(folder)
        files.remove_tree(directory)
        files.remove_tree(snapshots.folder(data))
        remove_mark(data)
    if not segment.segments(directory):
        if files.exists(snapshots.folder(data)) and here.system.listdir(snapshots.folder(data)):
            raise StandbyError(f"{data}: there are snapshots and no journal: give an empty directory")
        _forget_id(folder)
        return make(), Recovered(Core(), 1, b"")
    beside = make()
    try:
        recovered = bring_back(data, beside, told)
    except JournalDamaged as error:
        last_seq = _last_whole(directory, error)
        _forget_id(folder)
        kept = cut(data, last_seq).kept
        told(
            f"the end of the journal was cut off by a crash ({error.problem}): what follows seq {last_seq} comes from "
            f"the primary again; the files as they were are in {kept}"
        )
        beside = make()
        recovered = bring_back(data, beside, told)
    drop_empty_end(directory, recovered.next_seq)
    notes.clear(directory)  # what was cut off comes again: nothing is missing
    return beside, recovered


def _forget_id(folder: Path) -> None:
    """What it has confirmed may be gone, or is about to be: until its primary has found that all is here, it is not the
    one that may take the lease. Raises OSError."""
    files.unlink(folder / ID, missing_ok=True)
    segment.sync_directory(folder)


def drop_empty_end(directory: Path, next_seq: int) -> None:
    """Remove a segment without a command: its first commit failed, and the primary need not have begun one there.
    Raises OSError."""
    found = segment.segments(directory)
    if len(found) > 1 and found[-1].first_seq == next_seq:
        files.unlink(found[-1].path)
        segment.sync_directory(directory)


def leave_mark(data: Path) -> None:
    """What is in the directory is not enough to begin with, until it is all there. Raises OSError."""
    files.make(data / FOLDER / UNFINISHED, b"")
    segment.sync_directory(data / FOLDER)


def remove_mark(data: Path) -> None:
    """It is all there, also after a power cut. Raises OSError."""
    files.unlink(data / FOLDER / UNFINISHED)
    segment.sync_directory(data / FOLDER)


def _last_whole(directory: Path, error: JournalDamaged) -> int:
    """The last number before damage in the newest segment, which was being written. Raises JournalDamaged."""
    newest = segment.segments(directory)[-1]
    if error.path != newest.path:
        raise error
    with JournalReader(directory, newest.first_seq) as reader:
        try:
            while reader.read():
                pass
        except JournalDamaged:
            pass
        return reader.next_seq - 1


def keep_snapshot(data: Path, seq: int) -> None:
    """The snapshot that came first is one of the directory's, now that the journal reaches it. Raises OSError."""
    came = data / FOLDER / BEGINNING
    if seq and files.exists(came):
        folder = snapshots.folder(data)
        make_folder(folder)
        descriptor = here.system.open(came, os.O_RDONLY | os.O_CLOEXEC)
        try:
            here.system.fsync(descriptor)
        finally:
            here.system.close(descriptor)
        here.system.rename(came, folder / f"{seq:018d}{snapshots.SUFFIX}")
        segment.sync_directory(folder)


def has_all(data: Path) -> bool:
    """Whether the journal, with a snapshot where it has no beginning, can be brought back."""
    found = segment.segments(data / "journal")
    return bool(found) and (found[0].first_seq == 1 or bool(snapshots.listed(data)))


def own_id(data: Path) -> str:
    """Of a standby's directory: the same after a restart, another one for a copy. Raises OSError."""
    path = data / FOLDER / ID
    if not files.exists(path):
        write_whole(path, here.secrets.token_hex(8))
    return f"{files.read(path).decode('ascii').strip()}-{here.system.stat(path).st_ino}"
