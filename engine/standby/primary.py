"""A primary's side: the stream to its standbys, the states that are compared, and what `status` tells of all that."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Protocol

from engine.config import Config
from engine.keys import Keys
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import FrameError
from engine.snapshots import HASH_BYTES
from engine.standby import epochs
from engine.standby.epochs import Epochs
from engine.standby.frames import Handover, Pong
from engine.standby.sender import Follower, Sender

ROLE: Final = "primary"


class Surroundings(Protocol):
    """What it needs of the engine."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""


class PrimarySide:
    """Made at each start of an engine; `begin` when the market is there, before anything is journaled."""

    def __init__(self, data: Path, config: Config, process: Surroundings, log: Log) -> None:
        self._data, self._config, self._process, self._log = data, config, process, log
        self._market: Market
        self._epochs: Epochs
        self._loop: asyncio.AbstractEventLoop
        self.sender: Sender | None = None  # None: no standby may follow
        self._timer: asyncio.TimerHandle | None = None
        self._compared_seq = 0

    def begin(
        self, loop: asyncio.AbstractEventLoop, market: Market, market_id: bytes, keys: Keys, known: Epochs
    ) -> None:
        """The market is there."""
        self._loop, self._market, self._epochs = loop, market, known
        if self._config.ports.standby is not None:
            self.sender = Sender(loop, market, keys, self._data, market_id, known, self, self._log)
            self._look()

    def journal_epoch(self, operator: str = epochs.OPERATOR, reason: str = "a start of the primary") -> None:
        """The first thing that a primary journals where there can be several."""
        if self.sender is None:
            return
        command = epochs.command(self._epochs.last + 1, operator, reason)
        self._market.sequencer.execute_at([command], self._market.core.ts_ns)
        self._epochs.begun.append((self._epochs.last + 1, self._market.core.seq))

    def on_durable(self, seq: int) -> None:
        """All up to this command is on disk: it goes to the standbys before anybody hears of it."""
        if self.sender is not None:
            self.sender.on_durable(seq)

    # ------------------------------------------------------------ states are compared

    def _look(self) -> None:
        """Have the standbys compare their state with this one, now and then."""
        every_s = self._config.standby.checkpoint_s
        if every_s:
            self._timer = self._loop.call_later(every_s, self._look)
        assert self.sender is not None
        if self.sender.followers and self._market.core.seq > self._compared_seq:
            self._process.spawn(self._compare())

    async def _compare(self) -> None:
        """The state as of now is copied here, and hashed beside the market."""
        assert self.sender is not None
        core = self._market.core
        seq, state = core.seq, core.snapshot()
        self._compared_seq = seq
        self.sender.tell_all("mark", seq=seq)
        digest = await asyncio.to_thread(hashlib.blake2b, state, digest_size=HASH_BYTES)
        self.sender.tell_all("hash", seq=seq, hash=digest.hexdigest())

    # ------------------------------------------------------------ what the stream asks of it

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""
        self._process.spawn(work)

    def on_confirmed(self) -> None:
        """A standby has more on its disk than before, or one came or went."""

    def on_pong(self, follower: Follower, pong: Pong) -> None:
        """A standby has answered a beat."""

    async def hand_over(self, follower: Follower, wanted: Handover) -> None:
        """A standby is to be the primary. Raises FrameError."""
        raise FrameError("bad_frame", "this primary hands nothing over")

    # ------------------------------------------------------------ looking

    def status(self) -> dict[str, Any]:
        """For `status`."""
        return {
            "role": ROLE,
            "epoch": self._epochs.last,
            "mode": self._config.standby.mode,
            "standbys": [] if self.sender is None else self.sender.rows(),
        }

    def close(self, *, in_order: bool) -> None:
        """The end. in_order: nothing is wrong with this market."""
        if self._timer is not None:
            self._timer.cancel()
        if self.sender is not None:
            self.sender.close(in_order=in_order)
