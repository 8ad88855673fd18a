"""A primary's side: its lease, the stream to its standbys, answers that wait for them, what `status` tells of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final, Protocol

from engine.config import Config
from engine.config.standby import lease_dsn
from engine.gate import Gate
from engine.keys import Keys
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import FrameError
from engine.snapshots import HASH_BYTES
from engine.standby import epochs, lease
from engine.standby.epochs import Epochs
from engine.standby.errors import StandbyError
from engine.standby.frames import Handover, Pong
from engine.standby.gate import GuardedGate
from engine.standby.lease import Lease, Place, Table
from engine.standby.sender import Follower, Sender
from engine.standby.sync import Sync
from engine.world import here

ROLE: Final = "primary"
LOOK_S: Final = 0.05
HANDOVER_S: Final = 10.0  # for the standby to have everything
LAPSED: Final = FrameError(
    "no_lease",
    "the lease that makes this market the primary has ended, and its database does not answer: try again later",
)


class Surroundings(Protocol):
    """What it needs of the engine."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside everything else."""

    def fail(self, why: str) -> None:
        """It cannot be the primary any more."""

    def rest(self, why: FrameError | None) -> None:
        """Journal nothing more, and refuse all; None: go on."""

    def shut_down(self) -> None:
        """Ask for the end."""


class Begun:
    """Why a market became the primary. lease: that it has already. was_standby: until now."""

    def __init__(self, operator: str, reason: str, held: Lease | None = None, *, was_standby: bool = False) -> None:
        self.operator, self.reason, self.lease, self.was_standby = operator, reason, held, was_standby


class PrimarySide:
    """Made for each start of an engine; `begin` when the market is there, before anything is journaled."""

    def __init__(self, data: Path, config: Config, process: Surroundings, log: Log, begun: Begun | None = None) -> None:
        self._data, self._config, self._process, self._log = data, config, process, log
        self._begun = begun or Begun(epochs.OPERATOR, "a start of the primary")
        self._market: Market
        self._epochs: Epochs
        self._loop: asyncio.AbstractEventLoop
        self.sender: Sender | None = None  # None: no standby may follow
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._compared_seq = 0
        self._others: dict[str, dict[str, str]] = {}
        self._lease = self._begun.lease
        self._sync: Sync | None = None
        self._is_over = False

    # ------------------------------------------------------------ start

    @property
    def gate(self) -> type[Gate]:
        """What kind of gate the market needs."""
        wanted = self._config.standby
        return GuardedGate if wanted.is_sync or lease_dsn(wanted, self._config.postgres) else Gate

    async def take_lease(self, market_id: bytes, known: Epochs) -> None:
        """Have the lease, where there is to be one. Raises StandbyError."""
        wanted = self._config.standby
        dsn = lease_dsn(wanted, self._config.postgres)
        if dsn is None or self._lease is not None:
            return
        table = Table(dsn, market_id, wanted.lease_ms / 2000)
        try:
            self._lease = await lease.acquire(
                table, Place(self._data), known.last, wanted.lease_ms, lease.heir_of(wanted), self._log.warning
            )
        except BaseException:
            table.close()
            raise

    def begin(
        self, loop: asyncio.AbstractEventLoop, market: Market, market_id: bytes, keys: Keys, known: Epochs,
        tell_others: Callable[[list[dict[str, str]]], None] = lambda others: None,
    ) -> None:  # fmt: skip
        """The market is there. tell_others: gets where its standbys are."""
        self._tell_others = tell_others
        self._loop, self._market, self._epochs = loop, market, known
        gate = market.gate
        if isinstance(gate, GuardedGate):
            self._sync = Sync(market, gate, self._config.standby, self._log, self.spawn, self._tell_heir)
            if self._lease is not None:
                gate.good_until_ns = self._lease.good_until_ns
        if self._config.ports.standby is not None:
            self.sender = Sender(loop, market, keys, self._data, market_id, known, self, self._log)
        if self._lease is not None:
            self._lease.begin(lambda: market.journal.durable_seq, self._on_renewed, self._on_lost)

    def journal_epoch(self) -> None:
        """The first thing that a primary journals where there can be several."""
        if self.sender is None and self._lease is None:
            return
        number = self._epochs.last + 1 if self._lease is None else self._lease.epoch
        command = epochs.command(number, self._begun.operator, self._begun.reason)
        self._market.sequencer.execute_at([command], self._market.core.ts_ns)
        self._epochs.begun.append((number, self._market.core.seq))

    def open(self, address: str) -> None:
        """The ports are open. address: of the order port, for those who look for the primary."""
        if self._lease is not None:
            self._lease.address = address
        if self._sync is not None:
            self._sync.begin(was_standby=self._begun.was_standby)
        if self.sender is not None and self._config.standby.checkpoint_s:
            self._every("compare", self._config.standby.checkpoint_s, self._compare_when_due)
        if self._sync is not None:
            self._every("look", LOOK_S, self._look)

    def _every(self, name: str, pause_s: float, do: Callable[[], None]) -> None:
        def turn() -> None:
            self._timers[name] = self._loop.call_later(pause_s, turn)
            do()

        self._timers[name] = self._loop.call_later(pause_s, turn)

    # ------------------------------------------------------------ the lease

    def _on_renewed(self) -> None:
        gate = self._market.gate
        if isinstance(gate, GuardedGate) and self._lease is not None and not self._is_over:
            if not gate.is_good:
                self._log.info("the lease is good again: answers leave")
            gate.good_until_ns = self._lease.good_until_ns
            gate.open_again()

    def _on_lost(self, error: StandbyError) -> None:
        gate = self._market.gate
        if isinstance(gate, GuardedGate):
            gate.good_until_ns = 0
        self._process.fail(f"fenced: {error}. What it has journaled since, nobody was told of")

    async def _tell_heir(self, heir: str) -> bool:
        if self._lease is None:
            return True
        if not await self._lease.tell_heir(self._market.journal.durable_seq, heir):
            return False
        self._on_renewed()
        return True

    # ------------------------------------------------------------ at work

    def on_durable(self, seq: int) -> None:
        """All up to this command is on disk: it goes to the standbys before anybody hears of it."""
        if self.sender is not None:
            self.sender.on_durable(seq)

    def _look(self) -> None:
        assert self._sync is not None
        self._sync.look(here.clock.monotonic())

    @property
    def is_shut(self) -> bool:
        """Nothing leaves: another one is the primary, or may be."""
        gate = self._market.gate
        return isinstance(gate, GuardedGate) and not gate.is_good

    @property
    def blocked(self) -> FrameError | None:
        """Why orders are refused: nobody would be answered."""
        if self.is_shut:
            return LAPSED
        return None if self._sync is None else self._sync.blocked

    # ------------------------------------------------------------ states are compared

    def _compare_when_due(self) -> None:
        """Have the standbys compare their state with this one, now and then, and soon after they came."""
        assert self.sender is not None
        new = [one for one in self.sender.followers if one.has_caught_up and not one.is_compared]
        if new or (self.sender.followers and self._market.core.seq > self._compared_seq):
            for one in new:
                one.is_compared = True
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
        if self._sync is not None and self.sender is not None:
            if not self.sender.followers:
                self._sync.gone()
            for one in self.sender.followers:  # in mode "sync" there is one
                self._sync.confirm(one.id, one.acked_seq, one.has_caught_up)

    def on_pong(self, follower: Follower, pong: Pong) -> None:
        """A standby has answered a beat."""
        if pong.ports and self._others.get(follower.name) != pong.ports:
            self._others[follower.name] = pong.ports
            self._tell_others(list(self._others.values()))

    async def hand_over(self, follower: Follower, wanted: Handover) -> None:
        """A standby is to be the primary: it gets everything, then nothing leaves here any more, then the lease is
        given back. Raises FrameError: this one goes on."""
        if self._is_over:
            raise FrameError("stopping", "it is being handed over already")
        self._is_over = True
        market = self._market
        self._process.rest(FrameError("stopping", f"the market goes on at {follower.address}: log in there"))
        try:
            market.sequencer.execute([epochs.note("handover", wanted.operator, wanted.reason)])
            deadline_s = here.clock.monotonic() + HANDOVER_S
            while len(market.gate) or follower.acked_seq < market.core.seq:
                if here.clock.monotonic() > deadline_s or follower.files is None:
                    raise FrameError("failed", f"the standby has not everything within {HANDOVER_S:g} s")
                await asyncio.sleep(0.001)
            if isinstance(market.gate, GuardedGate):
                market.gate.good_until_ns = 0
            if self._lease is not None:
                if self._config.standby.is_sync:
                    self._lease.heir = follower.id
                await self._lease.give_back(market.core.seq)
        except lease.FAILURES as error:
            self._process.fail(f"the lease could not be given back ({error!r}): whose it is now is not known")
            raise FrameError("failed", f"the lease could not be given back: {error!r}") from error
        except FrameError:
            self._is_over = False
            self._process.rest(None)
            raise
        assert self.sender is not None
        self._log.warning("handed over", to=follower.address, sequence=market.core.seq)
        self.sender.tell(follower, "handed_over", seq=market.core.seq, epoch=self._epochs.last)
        self._process.shut_down()

    # ------------------------------------------------------------ looking

    def status(self) -> dict[str, Any]:
        """For `status`."""
        wanted, held = self._config.standby, self._lease
        return {
            "role": ROLE,
            "epoch": self._epochs.last,
            "mode": wanted.mode,
            "state": "async" if self._sync is None else self._sync.state,
            "when_gone": wanted.when_gone,
            "lease": None if held is None else {
                "database": held.table.label, "lease_ms": held.lease_ms, "left_ms": round(held.left_ms, 1),
                "trouble": held.trouble,
            },
            "standbys": [] if self.sender is None else self.sender.rows(),
        }  # fmt: skip

    def warnings(self) -> list[str]:
        """What an operator should know."""
        told = []
        state = "" if self._sync is None else self._sync.state
        if state == "waiting":
            told.append('no standby confirms what is journaled: no answer leaves (standby.when_gone = "wait")')
        elif state == "alone":
            told.append("no standby confirms what is journaled: answers leave without one")
        if self._lease is not None and self._lease.left_ms < 0:
            told.append(f"the lease has ended, and no answer leaves: {self._lease.trouble or 'it was not renewed'}")
        elif self._lease is not None and self._lease.trouble:
            told.append(
                f"the lease is not renewed: {self._lease.trouble}; it is good for {self._lease.left_ms:,.0f} ms"
            )
        return told

    # ------------------------------------------------------------ the end

    def close(self, *, in_order: bool) -> None:
        """The end. in_order: nothing is wrong with this market."""
        for timer in self._timers.values():
            timer.cancel()
        if self.sender is not None:
            self.sender.close(in_order=in_order)

    async def give_back(self, *, in_order: bool) -> None:
        """After everything else: nobody need wait for the lease of a market that has stopped."""
        held, self._lease = self._lease, None
        if held is None:
            return
        await held.end()
        if in_order and not self._is_over:
            try:
                await held.give_back(self._market.core.seq)
            except lease.FAILURES as error:
                self._log.warning("the lease was not given back: it ends by itself", why=str(error))
        held.table.close()
