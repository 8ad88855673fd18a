"""Answers that wait until a standby has on its disk what they are about, and what happens when there is none."""

from __future__ import annotations

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
        if heir != self._heir:
            if has_caught_up and not self._is_changing:
                self._is_changing = True
                self._spawn(self._join(heir, seq))
            return
        if seq > self._gate.confirmed_seq:
            self._gate.confirmed_seq = seq
            self._gate.open_again()
        if seq >= self._waits_for:
            self._waits_for = 0
            if self.state == "waiting":
                self.state = "sync"
                self._log.info("a standby is there: answers leave", sequence=seq)

    def look(self, now_s: float) -> None:
        """Time passes."""
        if self.state in ("async", "alone"):
            return
        durable_seq = self._market.journal.durable_seq
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
            self._gate.confirmed_seq = OPEN
            self._gate.open_again()
        finally:
            self._is_changing = False

    async def _join(self, heir: str, seq: int) -> None:
        """A standby has caught up: answers wait for it from here on, and who takes the lease knows that."""
        try:
            if await self._tell_heir(heir):
                was_alone, self._heir = self.state == "alone", heir
                self._gate.confirmed_seq = max(seq, self._gate.durable_seq)
                self.state, self._waits_for = "sync", 0
                if was_alone:
                    self._note("a standby has caught up: answers wait for it")
                self._gate.open_again()
        finally:
            self._is_changing = False

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
