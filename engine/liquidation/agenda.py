"""Who is looked at when: accounts by their time, and those that wait for instruments to become others."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from engine.sequencer import NEVER_NS

Key = tuple[int, ...]


class Agenda:
    """An account is on it once at most: what is set last counts."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._due: dict[int, int] = {}
        self._waiting: dict[int, set[int]] = {}  # accounts by instrument
        self._keys: dict[int, Key] = {}  # of these instruments, as they are waited for
        self._idle: set[int] = set()  # accounts that are looked at early when something has changed

    def __len__(self) -> int:
        return len(self._due)

    @property
    def due_ns(self) -> int:
        """When the first one is to be looked at."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)  # it was set anew, or taken off
        return heap[0][0] if heap else NEVER_NS

    def due_of(self, account: int) -> int:
        """When it is to be looked at; 0: not at all."""
        return self._due.get(account, 0)

    def is_idle(self, account: int) -> bool:
        """Whether it waits for something to change."""
        return account in self._idle

    @property
    def has_waiting(self) -> bool:
        """Whether somebody waits for an instrument."""
        return bool(self._waiting)

    def set(self, account: int, due_ns: int) -> None:
        """Have it looked at then."""
        self._idle.discard(account)
        self._put(account, due_ns)

    def _put(self, account: int, due_ns: int) -> None:
        self._due[account] = due_ns
        heapq.heappush(self._heap, (due_ns, account))

    def idle(self, account: int, due_ns: int, keys: Iterable[tuple[int, Key]] = ()) -> None:
        """Have it looked at then, or earlier: when it is roused, or one of these instruments is not any more what its
        key says."""
        self._put(account, due_ns)
        self._idle.add(account)
        for instrument, key in keys:
            self._waiting.setdefault(instrument, set()).add(account)
            if self._keys.setdefault(instrument, key) != key:
                self._keys[instrument] = ()  # some wait for it as it was before: whatever it is, it is another one

    def rouse(self, account: int, ts_ns: int) -> None:
        """Have it looked at then, if it is idle."""
        if account in self._idle:
            self.set(account, ts_ns)

    def drop(self, account: int) -> None:
        """It is not looked at any more."""
        self._idle.discard(account)
        self._due.pop(account, None)

    def take(self, ts_ns: int, most: int) -> list[int]:
        """Those that are due, the longest first, of these the lowest ids; they are off then."""
        found: list[int] = []
        while len(found) < most and self.due_ns <= ts_ns:
            found.append(heapq.heappop(self._heap)[1])
            self.drop(found[-1])
        return found

    # ------------------------------------------------------------ instruments

    def wake(self, ts_ns: int, key_of: Callable[[int], Key]) -> None:
        """Rouse those whose instruments have become others."""
        for instrument in [one for one, key in self._keys.items() if key_of(one) != key]:
            del self._keys[instrument]
            for account in self._waiting.pop(instrument):
                self.rouse(account, ts_ns)
