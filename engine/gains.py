"""Lots of shares, first in, first out, beside the core: what follows from its events, and rows of it (docs/lots.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from openbell import wire

from engine.snapshots import unpacked
from ext.core import Core
from ext.taxlots.asked import gains_of, lots_of
from ext.taxlots.machine import TaxLots
from ext.taxlots.saved import load, state_of, take_up

GAINS: Final = "gains"  # in what is saved with a snapshot
Rows = np.ndarray[Any, Any]


class Gains:
    """`load` what came with a snapshot, `attach` the core that goes on from it, `see` what it says from then on."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self._told = told
        self._kept = TaxLots()
        self._is_loaded = False
        self._core: Core

    def load(self, extra: dict[str, Any]) -> None:
        """What a snapshot has of `state`; nothing where it is of a version that knew no lots, or other ones."""
        self._kept, self._is_loaded = TaxLots(), False
        if GAINS not in extra:
            return
        try:
            load(self._kept, unpacked(extra[GAINS]))
            self._is_loaded = True
        except ValueError as error:
            self._kept = TaxLots()
            self._told(f"{error}: each position is one lot at its average cost from here on (docs/lots.md)")

    def attach(self, core: Core) -> None:
        """This is the core to go on with."""
        self._core = core
        if not core.seq:
            self._kept = TaxLots()
        elif not self._is_loaded:
            take_up(self._kept, core.positions(), core.ts_ns, core.seq)
        self._kept.learn(core.instruments())
        self._is_loaded = True

    def see(self, events: bytes) -> None:
        """Event records of what was applied."""
        self._kept.apply(events, self._core.instruments)

    def state(self) -> bytes:
        """For a snapshot, as of the core."""
        return state_of(self._kept)

    # ------------------------------------------------------------ what is asked

    def lots(self, account: int | None = None, instrument: int | None = None) -> Rows:
        """LotRow of open lots, by position in order of creation, the earliest first. Raises ValueError for an account
        that is not set up."""
        positions = self._core.positions(account)
        if instrument is not None:
            rows = np.frombuffer(positions, wire.POSITION_ROW)
            positions = rows[rows["instrument"] == instrument].tobytes()
        return np.frombuffer(lots_of(self._kept, positions), wire.LOT_ROW)

    def gains(self, account: int | None = None, instrument: int | None = None) -> Rows:
        """GainRow of positions, in order of creation. Raises ValueError for an account that is not set up."""
        found: Rows = np.frombuffer(
            gains_of(self._kept, self._core.positions(account), self._core.exposures(account)), wire.GAIN_ROW
        )
        return found if instrument is None else found[found["instrument"] == instrument]
