"""Answers that wait until a standby has on its disk what they are about, and what happens when there is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from engine.config import Standby
from engine.config.standby import WAIT
from engine.gate import OPEN
from engine.logs import Log
from engine.market import Market
from engine.ports.frames import FrameError
from engine.standby import epochs
from engine.standby.gate import GuardedGate
from engine.world import here

NOTE: Final = "standby"  # name of the NOTEs about it
TURN_S: Final = 0.001
AGAIN_S: Final = 0.05


class Sync:
    """state: "async" (so configured), "sync", "waiting" (for a standby: nothing leaves), "alone" (it went on without).

    tell_heir: has whoever may take the lease know which standby has all that is acknowledged (empty: none); gives
    whether that is so.
    """

    def __init__(
        self, market: Market, gate: GuardedGate, wanted: Standby, log: Log,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        tell_heir: Callable[[str], Coroutine[Any, Any, bool]],
    ) -> None:  # fmt: skip
        self._market, self._gate, self._wanted, self._log = market, gate, wanted, log
        self._spawn, self._tell_heir = spawn, tell_heir
        self.state = "waiting" if wanted.is_sync else "async"
        self._heir = ""  # the standby that has all that is acknowledged
        self._there: tuple[str, int] | None = None  # a standby that has caught up, and what is on its disk
        self._durable_before = 0  # on this disk when it was looked last
        self._is_open = False
        self._waits_for = 0  # a command that is on disk here, and not yet at a standby; 0: none
        self._since_s = 0.0
        self._is_changing = False

    def begin(self, *, was_standby: bool) -> None:
        """From now on answers wait. What a start journals does not: nobody has asked for it. was_standby: it has just
        been the standby itself, so there is no other one to wait for."""
        if self.state == "async":
            return
        self._is_open = True
        self._gate.confirmed_seq = self._gate.durable_seq
        if was_standby and self._wanted.when_gone != WAIT:
            self._is_changing = True
            self._spawn(self._leave("the standby is the primary, and has none"))

    def confirm(self, heir: str, seq: int, has_caught_up: bool) -> None:
        """A standby has all up to this command on its disk."""
        if not self._is_open:
            return
        self._there = (heir, seq) if has_caught_up else None
        if heir != self._heir:
            self._join_when_due()
            return
        if seq > self._gate.confirmed_seq:
            self._gate.confirmed_seq = seq
            self._gate.open_again()
        if seq >= self._waits_for:
            self._waits_for = 0
            if self.state == "waiting":
                self.state = "sync"
                self._log.info("a standby is there: answers leave", sequence=seq)

    def gone(self) -> None:
        """No standby follows any more."""
        self._there = None

    def _join_when_due(self) -> None:
        """Where a standby has what was on this disk a moment ago, answers are to wait for it from now on."""
        if self._there is None or self._is_changing or self._there[0] == self._heir:
            return
        heir, seq = self._there
        if seq >= self._durable_before:
            self._is_changing = True
            # What has left is to be on its disk before it counts as the heir: nothing more leaves until that is so.
            self._gate.confirmed_seq = min(self._gate.confirmed_seq, self._gate.durable_seq)
            self._spawn(self._join(heir))

    def look(self, now_s: float) -> None:
        """Time passes."""
        if self.state == "async":
            return
        self._join_when_due()
        durable_seq = self._durable_before = self._market.journal.durable_seq
        if self.state == "alone":
            return
        if not self._waits_for:
            if durable_seq > self._gate.confirmed_seq:
                self._waits_for, self._since_s = durable_seq, now_s
            return
        if (now_s - self._since_s) * 1000 < self._wanted.gone_after_ms or self._is_changing:
            return
        if self._wanted.when_gone != WAIT:
            self._is_changing = True
            self._spawn(self._leave(f"no standby for {self._wanted.gone_after_ms} ms"))
        else:
            self._wait("no standby confirms what is journaled: no answer leaves until one does")

    def _wait(self, why: str) -> None:
        if self.state == "sync":
            self.state = "waiting"
            self._log.error(why)

    async def _leave(self, why: str) -> None:
        """Go on alone, which is journaled, and known to whoever may take the lease, before an answer leaves."""
        try:
            if not await self._tell_heir(""):
                self._wait("no standby, and the lease's database does not answer: no answer leaves")
                return
            self._note(f"{why}: answers leave without one")
            self.state, self._heir, self._waits_for = "alone", "", 0
            self._open()
        finally:
            self._is_changing = False

    async def _join(self, heir: str) -> None:
        """A standby has nearly caught up: answers wait for it from here on, and who takes the lease knows that."""
        was_alone = self.state == "alone"
        try:
            if not await self._has_all_that_left(heir):
                if was_alone:
                    self._open()
                return
            if await self._tell_heir(heir):
                self._heir = heir
                self.state, self._waits_for = "sync", 0
                if was_alone:
                    self._note("a standby has caught up: answers wait for it")
                if self._there is not None and self._there[0] == heir:
                    self._gate.confirmed_seq = max(self._gate.confirmed_seq, self._there[1])
                self._gate.open_again()
            elif was_alone:
                # The lease's row may name the standby all the same, which does not have what would leave now.
                self.state = "waiting"
                await self._tell_none()
                self.state = "alone"
                self._open()
        finally:
            self._is_changing = False

    async def _has_all_that_left(self, heir: str) -> bool:
        """Whether that standby soon has on its disk what anybody was told of."""
        deadline_s = here.clock.monotonic() + self._wanted.gone_after_ms / 1000
        while self._there is not None and self._there[0] == heir:
            if self._there[1] >= self._gate.durable_seq:
                return True
            if here.clock.monotonic() > deadline_s:
                break
            await asyncio.sleep(TURN_S)
        return False

    async def _tell_none(self) -> None:
        """Have the lease name no standby, as soon as its database answers."""
        is_told = False
        while not is_told:
            await asyncio.sleep(AGAIN_S)
            is_told = await self._tell_heir("")

    def _open(self) -> None:
        self._gate.confirmed_seq = OPEN
        self._gate.open_again()

    def _note(self, why: str) -> None:
        self._log.warning(why)
        self._market.sequencer.execute([epochs.note(NOTE, epochs.OPERATOR, why)])

    @property
    def blocked(self) -> FrameError | None:
        """Why orders are refused."""
        is_late = self._waits_for and self.state == "waiting"
        if not is_late or (here.clock.monotonic() - self._since_s) * 1000 < self._wanted.gone_after_ms:
            return None
        return FrameError(
            "no_standby",
            "answers wait for a standby, and there is none (standby.mode = \"sync\"): try again when it is back",
            limit=self._wanted.gone_after_ms,
        )  # fmt: skip
