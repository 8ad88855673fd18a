"""What runs out: order slots, generations of client order ids, and the capacities themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass
class Capacity:
    """Values of CONFIGURE, in their order."""

    accounts: int
    instruments: int
    orders: int
    pages: int
    positions: int
    id_window: int
    window_pages: int
    amendments: int

    def values(self) -> list[int]:
        return list(vars(self).values())


class Slots:
    """Order ids: generation << 32 | slot."""

    def __init__(self) -> None:
        self.taken = 0  # slots ever taken: 1 to this
        self.freed: list[int] = []  # the next one to take is the last
        self.generations: dict[int, int] = {}

    def left(self, capacity: int) -> int:
        return capacity - self.taken + len(self.freed)

    def take(self) -> int:
        """A new order id."""
        if self.freed:
            slot = self.freed.pop()
        else:
            self.taken += 1
            slot = self.taken
            self.generations[slot] = 1
        return self.generations[slot] << 32 | slot

    def free(self, order_id: int) -> None:
        slot = order_id & 0xFFFFFFFF
        self.generations[slot] += 1
        self.freed.append(slot)


class Known(NamedTuple):
    """What is kept with a client order id."""

    order_id: int
    content: tuple[Any, ...]


class ClientOrderIds:
    """Two generations of (account, client order id), over all accounts."""

    def __init__(self) -> None:
        self.previous: dict[tuple[int, int], Known] = {}
        self.current: dict[tuple[int, int], Known] = {}

    def find(self, account: int, client_order_id: int) -> Known | None:
        key = (account, client_order_id)
        return self.current.get(key) or self.previous.get(key)

    def add(self, account: int, client_order_id: int, known: Known, id_window: int) -> list[tuple[int, int]]:
        """Keep a new id; the (account, id) that were dropped for it."""
        dropped: list[tuple[int, int]] = []
        if len(self.current) == id_window:
            dropped = list(self.previous)
            self.previous, self.current = self.current, {}
        self.current[account, client_order_id] = known
        return dropped
