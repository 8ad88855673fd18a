"""What a standby begins with that has nothing: a segment, and a snapshot where the journal has no beginning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine import snapshots
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.recovery import no_start
from engine.standby.source import segment_of
from engine.world import files


@dataclass(frozen=True, slots=True)
class Beginning:
    """`segment`: first seq of the first file. `snapshot`: of the state after snapshot_seq; empty: none is needed."""

    segment: int
    snapshot: bytes = b""
    snapshot_seq: int = 0


def find(data: Path, durable_seq: int, from_snapshot: bool) -> Beginning:
    """The whole journal; or what follows the newest snapshot with a history after it. Blocks. Raises JournalError,
    OSError."""
    directory = data / "journal"
    found = segment.segments(directory)
    if not found:
        raise JournalError(f"{directory}: there is no journal yet")
    first_seq = found[0].first_seq
    if first_seq == 1 and not from_snapshot:
        return Beginning(1)
    ignored: list[str] = []
    saved = [one for one in snapshots.listed(data) if first_seq - 1 <= one.seq <= durable_seq]
    old_enough = [one for one in saved if one.seq + snapshots.HISTORY_COMMANDS <= durable_seq]
    for one in [*reversed(old_enough), *(one for one in saved if one not in old_enough)]:
        try:
            snapshots.load(one.path)
        except (snapshots.SnapshotError, OSError) as error:
            ignored.append(str(error))
            continue
        begin = segment_of(directory, one.seq + 1).first_seq if from_snapshot else first_seq
        return Beginning(begin, files.read(one.path), one.seq)
    if first_seq == 1:
        return Beginning(1)
    raise no_start(data, first_seq - 1, ignored)
