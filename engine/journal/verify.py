"""Checks a journal and the snapshots beside it, of a stopped market or of a running one as far as it is durable."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine import recovery, snapshots
from engine.journal import segment, unsynced
from engine.journal.commands import Records, kind_name, split
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import NO_LAST, JournalReader
from engine.lock import holder
from engine.status_map import FILE, StatusMap
from ext.core import Core


@dataclass(slots=True)
class Verified:
    """What was found. `error`: the first thing that is wrong; None when the market can start."""

    directory: str
    segments: int = 0
    first_seq: int = 0
    last_seq: int = 0
    commands: int = 0
    first_ts_ns: int = 0
    last_ts_ns: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    torn: str | None = None  # the end of a commit that was cut off: no damage, a start removes it
    running: bool = False  # checked as far as it was durable
    state_hash: str | None = None  # with `replay`
    snapshots: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    path: str | None = None
    offset: int | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it, and `ok`."""
        return {"ok": self.error is None, **asdict(self)}


def durable_end(data: Path) -> int:
    """The last number to be read: NO_LAST of a stopped market, of a running one what is durable."""
    if holder(data) is None:
        return NO_LAST
    try:
        status = StatusMap.open(data / FILE)
    except FileNotFoundError:
        return 0  # it is just starting
    durable_seq = status.durable_seq
    status.close()
    return durable_seq


def verify(data: Path, *, replay: bool = False) -> Verified:
    """Read every record and every snapshot. `replay`: also apply the commands, and compare the state with snapshots."""
    result = Verified(str(data / "journal"), running=holder(data) is not None)
    core = Core() if replay else None
    hashes: dict[int, str] = {}
    try:
        _read(data, result, core, hashes)
        if not result.running:
            recovery.check_end(data, result.last_seq)
    except JournalDamaged as error:
        said = str(unsynced.explained(error, data / "journal"))
        result.error, result.path, result.offset = said, str(error.path), error.offset
    except (JournalError, OSError) as error:
        result.error = str(error)
    for saved in snapshots.listed(data):
        problem = _check(saved, result, hashes)
        result.snapshots.append({"path": str(saved.path), "seq": saved.seq, "problem": problem})
    if result.error is None and result.first_seq > 1:
        later = [saved for saved in result.snapshots if saved["seq"] >= result.first_seq - 1]
        if all(saved["problem"] for saved in later):
            problems = [saved["problem"] for saved in later]
            result.error = str(recovery.no_start(data, result.first_seq - 1, problems))
    return result


def _read(data: Path, result: Verified, core: Core | None, hashes: dict[int, str]) -> None:
    directory = data / "journal"
    found = segment.segments(directory)
    if not found:
        raise JournalError(f"{directory}: there is no journal")
    last_seq = durable_end(data)
    result.segments = len(found)
    result.first_seq = found[0].first_seq
    result.last_seq = result.first_seq - 1
    if core is not None and result.first_seq != 1:
        raise JournalError(f"{directory}: the journal begins with seq {result.first_seq}: it cannot be replayed alone")
    stops = [saved.seq for saved in snapshots.listed(data)]
    with JournalReader(directory, result.first_seq) as reader:
        while commands := reader.read(last_seq):
            for run in split(commands):
                _count(run, result)
                if core is not None:
                    _apply(core, run, stops, hashes)
        result.torn = None if reader.torn is None else str(reader.torn)
    if core is not None:
        result.state_hash = core.state_hash()


def _apply(core: Core, run: Records, stops: list[int], hashes: dict[int, str]) -> None:
    """Apply commands, and note the state's hash down at the numbers of snapshots."""
    first_seq = int(run[0]["seq"])
    cuts = [seq - first_seq + 1 for seq in stops if first_seq <= seq < first_seq + len(run)]
    for part in np.split(run, cuts):
        core.apply(part.data)
        core.take_events()
        if core.seq in stops:
            hashes[core.seq] = core.state_hash()


def _count(run: Records, result: Verified) -> None:
    if not result.commands:
        result.first_ts_ns = int(run[0]["ts_ns"])
    result.commands += len(run)
    result.last_seq = int(run[-1]["seq"])
    result.last_ts_ns = int(run[-1]["ts_ns"])
    for kind, number in enumerate(np.bincount(run["kind"])):
        if number:
            name = kind_name(kind)
            result.kinds[name] = result.kinds.get(name, 0) + int(number)


def _check(saved: snapshots.Saved, result: Verified, hashes: dict[int, str]) -> str | None:
    """What is wrong with a snapshot."""
    try:
        snapshot = snapshots.load(saved.path)
    except (snapshots.SnapshotError, OSError) as error:
        return str(error)
    replayed = hashes.get(saved.seq)
    if replayed is not None and replayed != snapshot.state_hash:
        return f"its state hash is {snapshot.state_hash}, the journal gives {replayed}"
    return None
