"""Time that passes only when something is to happen: whatever is due next is done next, and the clock is there then."""

from __future__ import annotations

import hashlib
import heapq
import random
from collections.abc import Callable
from typing import Any, Final

START_NS: Final = 1_790_000_000 * 10**9  # since 1970: when all simulations begin
US: Final = 1_000
MS: Final = 1_000_000
SECOND: Final = 1_000_000_000


class Timeline:
    """The order of all that happens. `now_ns`: since the beginning. What was done is told to `trace`, whose hash is
    that of the run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.now_ns = 0
        self.done = 0  # how much was done
        self.is_over = False
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._number = 0
        self._hash = hashlib.blake2b(digest_size=16)
        self.listener: Callable[[str], None] | None = None

    def random(self, name: str) -> random.Random:
        """Random numbers of their own for each use: what one of them takes does not change the others."""
        return random.Random(f"{self.seed} {name}")

    def at(self, when_ns: int, action: Callable[[], None]) -> None:
        """Have it done at that time, after all that was wanted for that time before."""
        self._number += 1
        heapq.heappush(self._heap, (max(when_ns, self.now_ns), self._number, action))

    def after(self, pause_ns: int, action: Callable[[], None]) -> None:
        """Have it done that much later."""
        self.at(self.now_ns + pause_ns, action)

    def run(self, until: Callable[[], bool]) -> None:
        """Do what is due, one after the other, until that is true, nothing is left, or all is over."""
        heap, pop = self._heap, heapq.heappop
        while heap and not self.is_over and not until():
            when_ns, _, action = pop(heap)
            if when_ns > self.now_ns:
                self.now_ns = when_ns
            self.done += 1
            action()

    def trace(self, what: str) -> None:
        """Something happened that must happen again in a run of the same seed."""
        self._hash.update(b"%d " % self.now_ns)
        self._hash.update(what.encode())
        if self.listener is not None:
            self.listener(f"{self.now_ns / 1e9:12.6f}  {what}")

    def trace_data(self, what: str, data: Any) -> None:
        """As `trace`, with bytes."""
        self._hash.update(b"%d " % self.now_ns)
        self._hash.update(what.encode())
        self._hash.update(data)

    def digest(self) -> str:
        """The hash of all that was traced."""
        return self._hash.hexdigest()
