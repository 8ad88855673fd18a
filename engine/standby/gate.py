"""A gate that opens no further than a lease and a standby allow.

The lease is looked at before each thing that is let out, by a clock that goes on while the machine sleeps. So a process
that was stopped, and goes on when another one is the primary, lets nothing out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from engine.gate import OPEN, Data, Gate, Release
from engine.world import here

NEVER_NS: Final = 1 << 63


def boottime_ns() -> int:
    """Time since the machine was started, its sleep included. Nobody sets it."""
    return here.clock.clock_gettime_ns(time.CLOCK_BOOTTIME)


class GuardedGate(Gate):
    """`good_until_ns`: by `boottime_ns`, until when this is the primary. `confirmed_seq`: the last command that a
    standby has on its disk; OPEN: answers do not wait for one."""

    def __init__(self, release: Release, durable_seq: int, clock_ns: Callable[[], int] = boottime_ns) -> None:
        super().__init__(release, durable_seq)
        self.good_until_ns = NEVER_NS
        self.confirmed_seq = OPEN
        self._written_seq = durable_seq  # on the disk here
        self._clock_ns = clock_ns

    @property
    def is_good(self) -> bool:
        """Whether the lease, if there is one, is good now."""
        return self._clock_ns() < self.good_until_ns

    def hold(self, seq: int, events: bytes, data: Data, taken_ns: int) -> None:
        """As of any gate."""
        if self._clock_ns() < self.good_until_ns:
            super().hold(seq, events, data, taken_ns)
        else:
            self._held.append((seq, events, bytes(data), taken_ns))  # a view would be written over

    def after(self, seq: int, action: Callable[[], None]) -> None:
        """As of any gate."""
        if self._clock_ns() < self.good_until_ns:
            super().after(seq, action)
        else:
            self._held.append((seq, action))

    def open(self, durable_seq: int) -> None:
        """Let out what is durable, and confirmed, while the lease is good."""
        self._written_seq = max(self._written_seq, durable_seq)
        self.durable_seq = max(self.durable_seq, min(self._written_seq, self.confirmed_seq))
        held, limit, clock_ns = self._held, self.durable_seq, self._clock_ns
        while held and held[0][0] <= limit and clock_ns() < self.good_until_ns:
            self._let_out(limit)

    def open_again(self) -> None:
        """The lease was renewed, or a standby has confirmed more."""
        self.open(self._written_seq)
