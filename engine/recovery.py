"""From the files of a market to the state that it had: a snapshot, and the journal after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import snapshots
from engine.journal import segment, unsynced
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import NO_LAST, JournalReader, Torn, cut_off
from engine.world import here
from ext.core import Core

OnStart = Callable[[dict[str, Any]], None]
OnCore = Callable[[Core], None]
OnEvents = Callable[[bytes, bytes], None]
OnApplied = Callable[[bytes, bytes], None]


@dataclass(slots=True)
class Recovered:
    """A market as its files tell it. `seconds`: what the recovery took."""

    core: Core
    next_seq: int
    market_id: bytes
    extra: dict[str, Any] = field(default_factory=dict)  # what was saved with the snapshot
    snapshot_seq: int = 0  # 0: no snapshot was used
    replayed: int = 0
    seconds: float = 0.0
    torn: str | None = None  # what was cut off at the end of the journal
    ignored: list[str] = field(default_factory=list)  # snapshots that cannot be used, and why

    def figures(self) -> dict[str, Any]:
        """For `status`."""
        names = ("snapshot_seq", "replayed", "seconds", "torn")
        return {name: getattr(self, name) for name in names}


def recover(
    data: Path,
    *,
    history_commands: int = snapshots.HISTORY_COMMANDS,
    on_start: OnStart | None = None,
    on_core: OnCore | None = None,
    on_events: OnEvents | None = None,
    on_applied: OnApplied | None = None,
) -> Recovered:
    """Bring the market in `data` back; a new one with a new id where there is none.

    Begins with the newest valid snapshot that has `history_commands` of journal after it; where there is none such, as
    far back as that is short. `on_start` gets what came with the snapshot that is used, if one is, and refuses it with
    a ValueError; `on_core` then the core to go on with, `on_events` the events and market data of what is replayed,
    batch by batch, and before that `on_applied` its commands and events. A torn end is cut off. Raises JournalDamaged,
    JournalError, OSError.
    """
    try:
        return _recover(data, history_commands, on_start, on_core or (lambda core: None), on_events, on_applied)
    except JournalDamaged as error:
        raise unsynced.explained(error, data / "journal") from error


def _recover(
    data: Path,
    history_commands: int,
    on_start: OnStart | None,
    on_core: OnCore,
    on_events: OnEvents | None,
    on_applied: OnApplied | None,
) -> Recovered:
    began_s = here.clock.monotonic()
    directory = data / "journal"
    found = segment.segments(directory)
    if not found:
        saved = snapshots.listed(data)
        if saved:
            raise JournalError(
                f"{directory}: there is no journal, and {saved[-1].path} shows that there was one. Restore its "
                "segments from a copy; to begin a new market, choose another directory"
            )
        core = Core()
        on_core(core)
        return Recovered(core, 1, here.system.urandom(16))
    end_seq, torn = _mend(directory)
    result = _start(data, found[0].first_seq - 1, end_seq, history_commands, on_start)
    on_core(result.core)
    with JournalReader(directory, result.core.seq + 1) as reader:
        result.market_id = reader.market_id
        result.replayed = replay(reader, result.core, on_events=on_events, on_applied=on_applied)
    result.next_seq = result.core.seq + 1
    result.torn = None if torn is None else str(torn)
    result.seconds = here.clock.monotonic() - began_s
    return result


def recover_to(
    data: Path,
    seq: int,
    *,
    on_start: OnStart | None = None,
    on_core: OnCore | None = None,
    on_events: OnEvents | None = None,
    on_applied: OnApplied | None = None,
) -> Recovered:
    """As `recover`, of a market that may run, to the state after `seq`, which is durable: from the newest snapshot
    that there is, and no file is changed. Raises JournalDamaged, JournalError, OSError."""
    directory = data / "journal"
    found = segment.segments(directory)
    if not found:
        raise JournalError(f"{directory}: there is no journal")
    result = _start(data, found[0].first_seq - 1, seq, 0, on_start)
    if on_core is not None:
        on_core(result.core)
    with JournalReader(directory, result.core.seq + 1) as reader:
        result.market_id = reader.market_id
        result.replayed = replay(reader, result.core, seq, on_events=on_events, on_applied=on_applied)
    result.next_seq = result.core.seq + 1
    return result


def replay(
    reader: JournalReader,
    core: Core,
    last_seq: int = NO_LAST,
    on_events: OnEvents | None = None,
    on_applied: OnApplied | None = None,
) -> int:
    """Apply what `reader` gives up to `last_seq`; the number of commands. Raises JournalDamaged."""
    first_seq = core.seq
    while commands := reader.read(last_seq):
        try:
            core.apply(commands, on_events is not None)
        except ValueError as error:
            raise JournalDamaged(
                reader.path, reader.offset, f"the core refuses a command before here: {error}", segment.RESTORE
            ) from error
        events, market_data = core.take_events(), core.take_market_data()
        if on_applied is not None:
            on_applied(commands, events)
        if on_events is not None:
            on_events(events, market_data)
    return core.seq - first_seq


def _mend(directory: Path) -> tuple[int, Torn | None]:
    """The journal's last number, and its torn end, which is cut off."""
    with JournalReader(directory, segment.segments(directory)[-1].first_seq) as reader:
        end_seq = reader.end() - 1
        torn = reader.torn
    if torn is not None:
        cut_off(torn)
    return end_seq, torn


def _start(data: Path, before_seq: int, end_seq: int, history_commands: int, on_start: OnStart | None) -> Recovered:
    """The state to replay from. `before_seq`: what the journal begins after; `end_seq`: its last number."""
    check_end(data, end_seq)
    saved = [one for one in snapshots.listed(data) if one.seq >= before_seq]
    fitting = [one for one in reversed(saved) if one.seq + history_commands <= end_seq]
    # The whole journal serves where it is not much longer than the history that is wanted.
    whole = before_seq == 0 and end_seq <= 4 * history_commands
    others = [] if whole else [one for one in saved if one not in fitting]
    ignored = []
    for one in [*fitting, *others]:
        try:
            core, snapshot = snapshots.restore(one.path)
            _check_market(one.path, snapshot.market_id, data)
            if on_start is not None:
                on_start(snapshot.extra)
        except (snapshots.SnapshotError, OSError) as error:
            ignored.append(str(error))
            continue
        except ValueError as error:
            ignored.append(f"{one.path}: {error}")
            continue
        return Recovered(core, 0, snapshot.market_id, snapshot.extra, one.seq, ignored=ignored)
    if before_seq:
        raise no_start(data, before_seq, ignored)
    return Recovered(Core(), 0, b"", ignored=ignored)


def check_end(data: Path, end_seq: int) -> None:
    """Raise JournalDamaged where a snapshot is of a later number than the journal's last one."""
    ahead = [one for one in snapshots.listed(data) if one.seq > end_seq]
    if ahead:
        raise JournalDamaged(
            ahead[-1].path,
            0,
            f"this snapshot is of seq {ahead[-1].seq}, and the journal ends with seq {end_seq}: its end is missing",
            "Restore the journal's last segments from a copy; to go on without what they held, remove the snapshot",
        )


def no_start(data: Path, before_seq: int, ignored: list[str]) -> JournalError:
    """A journal that begins after `before_seq` has nothing to begin from; `ignored`: what is wrong with snapshots."""
    return JournalError(
        f"{data / 'journal'}: the journal begins with seq {before_seq + 1}, and there is no valid snapshot from "
        f"there on ({'; '.join(ignored) or 'none at all'}). Restore the earlier segments or a snapshot from a copy"
    )


def _check_market(path: Path, market_id: bytes, data: Path) -> None:
    ours = segment.market_id_of(data / "journal")
    if market_id not in (ours, bytes(16)):
        raise snapshots.SnapshotError(
            f"{path}: it is of market {market_id.hex()}, this is {ours.hex() if ours else '?'}"
        )
