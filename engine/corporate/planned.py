"""What is planned: made of what the journal tells, and of nothing else (docs/actions.md, "By schedule")."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.records import REJECT
from openbell.wire import Check, CommandKind, EventKind, InstrumentState

from engine.journal.commands import split

PLANNED: Final = "actions"  # in what is saved with a snapshot
NAME: Final = "actions"  # of each command of a plan
REFERENCE_PRICE: Final = -1  # of a split: what it is then
_NAME: Final = NAME.encode()
_DOING: Final = (CommandKind.DIVIDEND, CommandKind.PAY_DIVIDEND, CommandKind.SPLIT)


class Act(IntEnum):
    """What a NOTE of a plan says, by its `state`."""

    ADDED = 1
    REMOVED = 2


class Entry(msgspec.Struct):
    """One that waits. kind: CommandKind; date: YYYYMMDD; values: of its command; halted: for it, and to be opened after
    it; failed: why the core refused it, "": it was not tried."""

    number: int
    kind: int
    instrument: int
    date: int
    values: tuple[int, int, int]
    operator: str
    reason: str
    halted: bool = False
    failed: str = ""


class Planned:
    """By number."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self.last = 0  # number

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """By date, and of one date in the order in which they were added."""
        return iter(sorted(self._entries.values(), key=lambda one: (one.date, one.number)))

    def get(self, number: int) -> Entry | None:
        """None: there is none that waits."""
        return self._entries.get(number)

    # ------------------------------------------------------------ what happened

    def see(self, commands: bytes, events: bytes) -> None:
        """Commands that were applied, and their events."""
        if _NAME not in commands:
            return
        refused: dict[int, tuple[int, int, int]] | None = None
        for rows in split(commands):
            if rows.dtype != wire.ADMIN_COMMAND:
                continue
            for row in rows:
                if row["name"] == _NAME:
                    refused = _refused(events) if refused is None else refused
                    self._take(row, refused.get(int(row["seq"])))

    def _take(self, row: Any, refused: tuple[int, int, int] | None) -> None:
        kind, number, state = int(row["kind"]), int(row["request"]), int(row["state"])
        if kind == CommandKind.NOTE and state == Act.ADDED:
            values = [int(row[f"value{place}"]) for place in range(5)]
            operator, reason = (row[field].decode("utf-8", "replace") for field in ("operator", "reason"))
            given = (values[2], values[3], values[4])
            self._entries[number] = Entry(number, values[0], int(row["instrument"]), values[1], given, operator, reason)
            self.last = max(self.last, number)
        elif kind == CommandKind.NOTE and state == Act.REMOVED:
            self._entries.pop(number, None)
        elif (entry := self._entries.get(number)) is None:
            return
        elif kind == CommandKind.SET_INSTRUMENT_STATE:
            entry.halted = state == InstrumentState.HALTED
        elif kind in _DOING and refused is None:
            del self._entries[number]
        elif kind in _DOING and refused is not None:
            check, limit, value = refused
            entry.failed = f"{Check(check).name}: limit {limit:,}, value {value:,}"

    # ------------------------------------------------------------ state

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        built: dict[str, Any] = msgspec.to_builtins({"last": self.last, "entries": list(self._entries.values())})
        return built

    def load(self, extra: dict[str, Any]) -> None:
        """What a snapshot has of `state`; nothing where it is of a version that had no plans. Raises ValueError."""
        self._entries, self.last = {}, 0
        if PLANNED in extra:
            kept = msgspec.convert(extra[PLANNED], _State)
            self._entries = {one.number: one for one in kept.entries}
            self.last = kept.last


class _State(msgspec.Struct):
    last: int
    entries: list[Entry]


def _refused(events: bytes) -> dict[int, tuple[int, int, int]]:
    """Check, limit and value of commands that were refused, by seq."""
    rows = np.frombuffer(events, wire.EVENT)
    found = {}
    for place in np.flatnonzero(rows["kind"] == EventKind.ADMIN_REJECTED).tolist():
        reject = REJECT.unpack_from(events, place * REJECT.size)
        found[reject[0]] = (reject[5], reject[12], reject[13])
    return found
