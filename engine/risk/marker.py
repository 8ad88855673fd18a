"""Has TICKs journaled that mark positions (docs/risk.md, "The sweep"), while an account is watched.

There is one only where there may be something to mark: something was sequenced since the last one. What one TICK does
not get through the next ones go on with, a millisecond apart: that is a round. It is over when a TICK had something to
spare, or when the sweep got around for sure.

Between two TICKs the loop has its turn, so orders never wait for more than one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from openbell.wire import EventKind, RiskLevel, RiskType

from engine.market import Market
from engine.sequencer import tick_command
from engine.world import here

SOON_S: Final = 0.001  # while a round of the sweep is not over
ASLEEP_S: Final = 0.1  # between two looks whether anybody is watched by now


class Marker:
    """`begin`, and `end` before the market is closed.

    is_open: whether TICKs may be journaled now; afterwards: called after each.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        market: Market,
        is_open: Callable[[], bool],
        afterwards: Callable[[], None],
    ) -> None:
        self._loop, self._market = loop, market
        self._is_open, self._afterwards = is_open, afterwards
        self._pause_s = market.config.risk.mark_interval_ms / 1000
        self._marked_seq = 0  # the last command that a TICK of ours came after, or was
        self._since_s: float | None = None  # when the round began that is not over
        self._left = 0  # of this round: so much lets the sweep get around; 0: not worked out yet
        self._again = False  # something came during the round that it may have passed by already
        self._heard = -1  # how many ACCOUNT_RISKs there had been when they were looked at
        self._watches = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Have the first TICK come when it is due."""
        self._timer = self._loop.call_later(self._pause_s, self._mark)

    def end(self) -> None:
        """No TICK comes any more."""
        if self._timer is not None:
            self._timer.cancel()

    @property
    def is_watching(self) -> bool:
        """Whether an account is watched, and positions are to be marked."""
        heard = self._market.streams.counts[EventKind.ACCOUNT_RISK]
        if heard != self._heard:
            self._heard = heard
            self._watches = bool((self._market.accounts()["risk_type"] != RiskType.NONE).any())
        return self._watches and self._market.risk_settings()[0] > 0

    @property
    def behind_s(self) -> float:
        """How long the round of the sweep lasts by now that is not over; 0: none is."""
        return 0.0 if self._since_s is None else here.clock.monotonic() - self._since_s

    def _mark(self) -> None:
        pause_s = self._pause_s
        try:
            if not self.is_watching:
                pause_s, self._since_s = ASLEEP_S, None
            elif self._is_open():
                self._again = self._again or self._market.core.seq != self._marked_seq
                if self._again or self._since_s is not None:
                    self._tick()
                    self._afterwards()
                if self._since_s is not None:
                    pause_s = SOON_S
        finally:  # marks are taken later, whatever kept this one from it
            self._timer = self._loop.call_later(pause_s, self._mark)

    def _tick(self) -> None:
        """Begin a round, or go on with it."""
        core, marks = self._market.core, self._market.risk_settings()[0]
        if self._since_s is None:
            self._since_s, self._left, self._again = here.clock.monotonic(), 0, False
        before_seq = core.seq
        self._market.sequencer.execute([tick_command()])
        self._marked_seq = core.seq
        if not core.sweeping:  # it saw all that there is by now
            self._since_s, self._again = None, False
            return
        self._again = self._again or core.seq > before_seq + 1  # orders that came with it
        self._left = (self._left or self._lap()) - marks  # what came since the round began is the next one's
        if self._left <= 0:
            self._since_s = None

    def _lap(self) -> int:
        """So much lets the sweep get around: to the end of a walk that is under way, and once to everything."""
        market = self._market
        ids = market.instruments()["instrument"]
        return (int(ids.max()) + 1 if len(ids) else 0) + 2 * int(market.core.stats()["positions"]["used"])

    def status(self) -> dict[str, Any]:
        """What is known of watched accounts, for operators."""
        rows = self._market.risk()
        marks, alert, liquidation = self._market.risk_settings()
        margin = rows[rows["risk_type"] == RiskType.MARGIN]
        return {
            "watched": len(rows),
            "levels": {level.name: int((margin["level"] == level).sum()) for level in RiskLevel},
            "marks_each_tick": marks,
            "alert": alert,
            "liquidation": liquidation,
            "behind_s": round(self.behind_s, 3),
        }
