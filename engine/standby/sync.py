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

NOTE: Final = "standby"  # name of the NOTEs about it


class Sync:
    """state: "async" (so configured), "sync", "waiting" (for a standby: nothing leaves), "alone" (it went on without).

    tell_alone: has whoever may become the primary know that answers leave without a standby, or do not any more; gives
    whether that is so.
    """

    def __init__(
        self, market: Market, gate: GuardedGate, wanted: Standby, log: Log,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        tell_alone: Callable[[bool], Coroutine[Any, Any, bool]],
    ) -> None:  # fmt: skip
        self._market, self._gate, self._wanted, self._log = market, gate, wanted, log
        self._spawn, self._tell_alone = spawn, tell_alone
        self.state = "sync" if wanted.is_sync else "async"
        self._waits_for = 0  # a command that is on disk here, and not yet at a standby; 0: none
        self._since_s = 0.0
        self._is_changing = False

    def begin(self, *, was_standby: bool) -> None:
        """From now on answers wait. What a start journals does not: nobody has asked for it. was_standby: it has just
        been the standby itself, so there is no other one to wait for."""
        if self.state != "sync":
            return
        self._gate.confirmed_seq = self._gate.durable_seq
        if was_standby and self._wanted.when_gone != WAIT:
            self._is_changing = True
            self._spawn(self._leave("the standby is the primary, and has none"))

    def confirm(self, seq: int, has_caught_up: bool) -> None:
        """A standby has all up to this command on its disk."""
        if self.state == "async":
            return
        if self.state == "alone":
            if has_caught_up and not self._is_changing:
                self._is_changing = True
                self._spawn(self._join(seq))
            return
        if seq > self._gate.confirmed_seq:
            self._gate.confirmed_seq = seq
            self._gate.open_again()
        if self.state == "waiting" and seq >= self._waits_for:
            self.state = "sync"
            self._log.info("a standby is there again: answers leave", sequence=seq)
        if seq >= self._waits_for:
            self._waits_for = 0

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
        elif self.state == "sync":
            self.state = "waiting"
            self._log.error("no standby confirms what is journaled: no answer leaves until one does")

    async def _leave(self, why: str) -> None:
        """Go on alone, which is journaled, and known to whoever may take the lease, before an answer leaves."""
        try:
            if not await self._tell_alone(True):
                if self.state == "sync":
                    self.state = "waiting"
                    self._log.error("no standby, and the lease's database does not answer: no answer leaves")
                return
            self._note(f"{why}: answers leave without one")
            self.state, self._waits_for = "alone", 0
            self._gate.confirmed_seq = OPEN
            self._gate.open_again()
        finally:
            self._is_changing = False

    async def _join(self, seq: int) -> None:
        """A standby has caught up: answers wait for it from here on."""
        try:
            if await self._tell_alone(False):
                self.state, self._waits_for = "sync", 0
                self._gate.confirmed_seq = max(seq, self._gate.durable_seq)
                self._note("a standby has caught up: answers wait for it")
        finally:
            self._is_changing = False

    def _note(self, why: str) -> None:
        self._log.warning(why)
        self._market.sequencer.execute([epochs.note(NOTE, epochs.OPERATOR, why)])

    @property
    def blocked(self) -> FrameError | None:
        """Why orders are refused."""
        if self.state != "waiting":
            return None
        return FrameError(
            "no_standby",
            "answers wait for a standby, and there is none (standby.mode = \"sync\"): try again when it is back",
            limit=self._wanted.gone_after_ms,
        )  # fmt: skip
