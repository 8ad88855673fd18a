"""`Past`: the states that a market had, from its snapshots and its journal. It reads files and nothing else: the market
may run or not, and does not notice."""

from __future__ import annotations

import os
import struct
import time
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput

from engine import snapshots
from engine.journal import segment
from engine.journal.commands import clock, split
from engine.journal.errors import JournalError
from engine.journal.reader import NO_LAST, JournalReader
from engine.journal.verify import durable_end
from engine.projector.source import core_at
from engine.travel.moment import Moment, moment
from engine.travel.view import View
from ext.core import Core

_FIRST_RECORD = struct.Struct("<II Qq")  # RecordHeader, then what each command begins with: seq, ts_ns
FOLDER: Final = "journal"


class Past:
    """What the market in `data` was. `data`: its directory, or the folder `journal` in it.

    first, last: the numbers of the commands after which there is a state to be had, both included; of a running market
    `last` is what was durable when this was made. Raises JournalError where there is no journal; OSError.
    """

    def __init__(self, data: str | os.PathLike[str]) -> None:
        path = Path(data)
        if path.resolve().name == FOLDER and segment.segments(path):
            path = path.resolve().parent
        self.data: Final = path
        self.journal: Final = path / FOLDER
        self._segments = segment.segments(self.journal)
        if not self._segments:
            raise JournalError(f"{self.journal}: there is no journal")
        self.journal_first: Final = self._segments[0].first_seq  # of the commands that are kept
        self.first: Final = self._earliest()
        self.last: Final = self._last()
        if self.last < self.first:
            raise JournalError(f"{self.journal}: there is no command yet, or none that is durable")

    def at(self, when: int | str | datetime | Moment) -> View:
        """The state after a command: its number, or the last one at or before a time.

        when: a number; text as engine.travel.moment takes it; a datetime with a time zone. From the newest snapshot
        before it, by replay. Raises InvalidInput for what is not in the journal, JournalError, OSError.
        """
        seq = self.seq(when)
        core, reader = core_at(self.data, seq)
        reader.close()
        return View(core)

    def before(self, seq: int) -> tuple[Core, JournalReader]:
        """A core as of before the command `seq`, as late as a snapshot has one, and a reader of what follows.

        Where the journal does not reach back so far: as of `first`. Raises JournalError, OSError.
        """
        earliest = 0 if self.journal_first == 1 else self.first
        saved = (one.seq for one in snapshots.listed(self.data) if earliest <= one.seq < seq)
        return core_at(self.data, max(saved, default=earliest))

    def seq(self, when: int | str | datetime | Moment, *, field: str = "when") -> int:
        """The number of the command that is meant. Raises InvalidInput."""
        if isinstance(when, str):
            when = moment(when, field=field)
        elif isinstance(when, datetime):
            when = moment(when.isoformat(), field=field)
        elif isinstance(when, int):
            when = Moment(f"{when:,}", seq=when)
        if when.seq is not None:
            self._check(when.seq, field)
            return when.seq
        assert when.ts_ns is not None
        return self._seq_at(when.ts_ns, when.text, field)

    # -- bounds -----------------------------------------------------------------------------------------------

    def _check(self, seq: int, field: str = "when") -> None:
        if seq > self.last:
            raise InvalidInput(
                f"{field}: seq {seq:,} is beyond the last command, {self.last:,}", field=field, limit=self.last,
                value=seq,
            )  # fmt: skip
        if seq < self.first:
            text = f"{field}: seq {seq:,} is before the first command, {self.first:,}"
            if self.journal_first > 1:
                text = (
                    f"{field}: seq {seq:,} is before what is kept: the journal begins with {self.journal_first:,}, its "
                    f"first snapshot is of {self.first:,}"
                )
            raise InvalidInput(text, field=field, limit=self.first, value=seq)

    def _earliest(self) -> int:
        if self.journal_first == 1:
            return 1
        saved = [one.seq for one in snapshots.listed(self.data) if one.seq >= self.journal_first - 1]
        if not saved:
            raise JournalError(
                f"{self.journal}: the journal begins with seq {self.journal_first:,}, and there is no snapshot from "
                "there on to begin from"
            )
        return saved[0]

    def _last(self) -> int:
        durable = durable_end(self.data)
        if durable != NO_LAST:
            return durable
        with JournalReader(self.journal, self._segments[-1].first_seq) as reader:
            return reader.end() - 1

    # -- times ------------------------------------------------------------------------------------------------

    def _seq_at(self, ts_ns: int, text: str, field: str) -> int:
        """Of the last command at that time or before."""
        begins = [one for one in self._segments if one.first_seq <= self.last]
        at = len(begins) - 1
        while at >= 0 and _first_ts_ns(begins[at]) > ts_ns:
            at -= 1
        seq = 0
        if at >= 0:
            with JournalReader(self.journal, begins[at].first_seq) as reader:
                seq = _last_until(reader, ts_ns, self.last)
        if seq < self.first:
            self._refuse_early(ts_ns, text, field)
        if seq == self.last and ts_ns > time.time_ns() and ts_ns > (last_ns := self._ts_ns(seq)):
            raise InvalidInput(
                f"{field}: {text} is {clock(ts_ns)} UTC and yet to come; the last command is of {clock(last_ns)} UTC",
                field=field, limit=last_ns, value=ts_ns,
            )  # fmt: skip
        return seq

    def _refuse_early(self, ts_ns: int, text: str, field: str) -> None:
        earliest_ns = self._ts_ns(self.first)
        what = "command" if self.journal_first == 1 else f"snapshot that is kept, of seq {self.first:,},"
        raise InvalidInput(
            f"{field}: {text} is {clock(ts_ns)} UTC, before the first {what} of {clock(earliest_ns)} UTC",
            field=field, limit=earliest_ns, value=ts_ns,
        )  # fmt: skip

    def _ts_ns(self, seq: int) -> int:
        """The time of a command; of one that is not in the journal any more, of the snapshot that has it."""
        if seq >= self.journal_first:
            with JournalReader(self.journal, seq) as reader:
                return int(np.frombuffer(reader.read(seq), wire.ORDER_COMMAND, 1)["ts_ns"][0])
        (saved,) = (one for one in snapshots.listed(self.data) if one.seq == seq)
        return snapshots.load(saved.path).ts_ns


def _first_ts_ns(one: segment.Segment) -> int:
    """The time of a segment's first command."""
    with one.path.open("rb", buffering=0) as file:
        file.seek(segment.read_head(one).size)
        *_, ts_ns = _FIRST_RECORD.unpack(file.read(_FIRST_RECORD.size))
    return int(ts_ns)


def _last_until(reader: JournalReader, ts_ns: int, last_seq: int) -> int:
    """The number of the last command at that time or before, from where the reader is; 0: none."""
    seq = 0
    while commands := reader.read(last_seq):
        for run in split(commands):
            fitting = int(np.searchsorted(run["ts_ns"], ts_ns, "right"))
            if fitting:
                seq = int(run["seq"][fitting - 1])
            if fitting < len(run):
                return seq
    return seq
