"""Replay piece by piece, for who wants to know which commands gave which events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from openbell import wire

from engine.journal import segment
from engine.journal.commands import Records, split
from engine.journal.errors import JournalDamaged
from engine.journal.reader import JournalReader
from ext.core import Core


@dataclass(slots=True)
class Piece:
    """Commands, and what the core made of them. data: MarketData and Top records, where they were asked for."""

    commands: bytes
    events: Records
    data: Records
    _runs: list[Records] = field(default_factory=list)

    @property
    def runs(self) -> list[Records]:
        """The commands apart: runs of records of one kind, in their order."""
        if not self._runs:
            self._runs = list(split(self.commands))
        return self._runs

    def command(self, seq: int) -> Any:
        """A copy of one of the commands, by its number."""
        for run in self.runs:
            first_seq = int(run["seq"][0])
            if first_seq <= seq < first_seq + len(run):
                return run[seq - first_seq].copy()
        raise KeyError(seq)


class Replay:
    """Applies to `core` what `reader` gives. market_data: whether the core tells it, too; from the next piece on."""

    def __init__(self, core: Core, reader: JournalReader, *, market_data: bool = False) -> None:
        self.core = core
        self.market_data = market_data
        self._reader = reader

    def pieces(self, last_seq: int, stops: Iterable[int] = ()) -> Iterator[Piece]:
        """Up to `last_seq`. A piece ends after each command of `stops`, so that the core is there then.

        Raises JournalDamaged, OSError.
        """
        for end_seq in sorted({*(seq for seq in stops if seq < last_seq), last_seq}):
            while self.core.seq < end_seq and (commands := self._reader.read(end_seq)):
                try:
                    self.core.apply(commands, self.market_data)
                except ValueError as error:
                    raise JournalDamaged(
                        self._reader.path, self._reader.offset, f"the core refuses a command before here: {error}",
                        segment.RESTORE,
                    ) from error  # fmt: skip
                yield Piece(
                    commands,
                    np.frombuffer(self.core.take_events(), wire.EVENT),
                    np.frombuffer(self.core.take_market_data(), wire.MARKET_DATA),
                )
