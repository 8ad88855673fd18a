"""What of a journal nobody needs to go on: segments and snapshots before a snapshot that is kept.

What is left starts, and the database goes on from it. What is gone cannot be replayed, shown or projected any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from engine import snapshots
from engine.journal import notes, segment
from engine.journal.errors import JournalError
from engine.journal.segment import Segment
from engine.snapshots import Saved

KEPT = 2  # snapshots, where nothing else is asked for


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go. `base`: the oldest snapshot that stays; `first_seq`: where the journal begins then."""

    base: Saved
    first_seq: int
    segments: tuple[Segment, ...]
    snapshots: tuple[Saved, ...]
    bytes: int  # that become free


def plan(data: Path, keep: int, projected_seq: int | None) -> Plan:
    """What may go when the newest `keep` snapshots that are whole stay. `projected_seq`: the last command that the
    database has; None: there is none. Raises JournalError where nothing may, OSError."""
    segment.required(data / "journal")
    found = segment.segments(data / "journal")
    market_id = segment.market_id_of(data / "journal")
    saved = [one for one in snapshots.listed(data) if one.seq >= found[0].first_seq - 1]
    whole = 0
    base: Saved | None = None
    for one in reversed(saved):
        if not _is_whole(one, market_id):
            continue
        whole += 1
        if whole >= keep and (projected_seq is None or one.seq <= projected_seq):
            base = one
            break
    if base is None:
        if whole < keep:
            raise JournalError(
                f"{snapshots.folder(data)}: {whole} whole snapshots are there, {keep} are to be kept; a snapshot is "
                "written by `openbell ctl snapshot`"
            )
        raise JournalError(
            f"{snapshots.folder(data)}: the database has all up to seq {projected_seq:,}, and no snapshot is from "
            "before that: `openbell project` brings it further"
        )
    gone = [one for one, following in pairwise(found) if following.first_seq <= base.seq + 1]
    old = [one for one in snapshots.listed(data) if one.seq < base.seq]
    paths = [*(one.path for one in gone), *(one.path for one in old)]
    first_seq = found[len(gone)].first_seq
    size = sum(path.stat().st_blocks * 512 for path in paths)
    return Plan(base, first_seq, tuple(gone), tuple(old), size)


def _is_whole(one: Saved, market_id: bytes | None) -> bool:
    """Whether a start can begin with it."""
    try:
        core, snapshot = snapshots.restore(one.path)
    except (snapshots.SnapshotError, OSError):
        return False
    return snapshot.market_id == market_id and core.state_hash() == snapshot.state_hash


def compact(data: Path, wanted: Plan, author: str, reason: str) -> None:
    """Remove it; the caller has the market's lock. It is journaled at the next start. Raises OSError."""
    if not wanted.segments and not wanted.snapshots:
        return
    directory = data / "journal"
    notes.leave(directory, f"removed before seq {wanted.first_seq} by {author}: {reason}")
    for one in wanted.segments:  # the oldest first: whatever ends this, the journal has no gap
        one.path.unlink()
    segment.sync_directory(directory)
    for saved in wanted.snapshots:
        saved.path.unlink()
    segment.sync_directory(snapshots.folder(data))
