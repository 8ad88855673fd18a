"""The gate: nothing that follows from a command leaves before the command is durable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

Data = bytes | memoryview
Release = Callable[[bytes, Data, int], None]
OPEN: Final = 1 << 64  # above every sequence
_MUCH = 1 << 16  # bytes of events that are joined: more are cheaper as they are


class Gate:
    """Holds what batches brought until their last command is durable, and lets it out in order.

    `release(events, market_data, taken_ns)` sends it; taken_ns is when the first of its commands was taken.
    `durable_seq` OPEN lets everything out at once (durability "memory").
    """

    def __init__(self, release: Release, durable_seq: int) -> None:
        self.durable_seq = durable_seq
        self.broken: Callable[[Exception], None] | None = (
            None  # is told of what failed on the way out; without it: raised
        )
        self._release = release
        # seq, events, market data, taken_ns; or seq, action
        self._held: deque[tuple[int, bytes, Data, int] | tuple[int, Callable[[], None]]] = deque()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def oldest_ns(self) -> int | None:
        """When the first command of the oldest batch that is held was taken; None when none waits."""
        return self._held[0][3] if self._held and len(self._held[0]) == 4 else None

    def hold(self, seq: int, events: bytes, data: Data, taken_ns: int) -> None:
        """Take what a batch brought; seq is that of its last command."""
        if seq <= self.durable_seq and not self._held:
            self._release(events, data, taken_ns)
        else:
            self._held.append((seq, events, data, taken_ns))

    def after(self, seq: int, action: Callable[[], None]) -> None:
        """Call `action` when seq is durable and everything held before is out."""
        if seq <= self.durable_seq and not self._held:
            action()
        else:
            self._held.append((seq, action))

    def open(self, durable_seq: int) -> None:
        """Let out what is durable. Batches that became so together go out together."""
        if durable_seq > self.durable_seq:
            self.durable_seq = durable_seq
        held = self._held
        limit = self.durable_seq
        while held and held[0][0] <= limit:
            self._let_out(limit)

    def _let_out(self, limit: int) -> None:
        """Let out the first of what is held, with what goes out together with it."""
        held = self._held
        first = held.popleft()
        if len(first) == 2:
            self._do(first[1])
            return
        _, events, data, taken_ns = first
        if held and held[0][0] <= limit:
            events, data = self._with_following(events, data, limit)
        self._do(self._release, events, data, taken_ns)

    def _do(self, action: Callable[..., None], *arguments: Any) -> None:
        """Call it. A bug in it costs no more than itself: what waits behind it goes out."""
        try:
            action(*arguments)
        except Exception as error:
            if self.broken is None:
                raise
            self.broken(error)

    def _with_following(self, events: bytes, data: Data, limit: int) -> tuple[bytes, bytes]:
        """With what the next batches brought, up to the next action."""
        held = self._held
        all_events, all_data, size = [events], [data], len(events)
        while held and size < _MUCH:
            following = held[0]
            if len(following) == 2 or following[0] > limit:
                break
            held.popleft()
            all_events.append(following[1])
            all_data.append(following[2])
            size += len(following[1])
        return b"".join(all_events), b"".join(all_data)
