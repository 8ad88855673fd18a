"""LOBSTER rows to the steps that a translator takes, with an order of unknown id for what rested before the file began.

A message file tells nothing of the orders that rested before its first row, nor of what happens beyond its depth. Each
level known only from the orderbook file is held as one order of unknown id (a seed), ahead of all that come later.
Messages of unknown ids at its price and side act on it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.replay.lobster.reader import (
    CROSS,
    DELETE,
    EXECUTE,
    EXECUTE_HIDDEN,
    HALT,
    NEW,
    PARTIAL_CANCEL,
    Levels,
    Message,
)
from ext.itch.scan import STEP_DTYPE

LOCATE = 1
FIRST_SEED = 1 << 62  # references of seeds: above all order ids
_STEP = struct.Struct("<QQQQIHBB")  # ts_ns, reference, other, shares, price, locate, type, code
assert _STEP.size == STEP_DTYPE.itemsize

Place = tuple[bool, int]  # (buy, price)
HALT_STATES = {-1: "H", 0: "Q", 1: "T"}


@dataclass(slots=True)
class _Order:
    place: Place
    size: int


class StepMaker:
    """Turns rows into steps and keeps, apart from the engine, what the rows say rests."""

    def __init__(self) -> None:
        self.orders: dict[int, _Order] = {}  # order id or seed reference -> order
        self.levels: dict[Place, int] = {}  # shares resting
        self._seeds: dict[Place, int] = {}
        self._next_seed = FIRST_SEED
        self.unknown = 0  # the last row named an order of which nothing is known
        self.trades = 0

    def seed(self, place: Place, size: int, ts_ns: int) -> bytes:
        """Return the step that adds a seed of `size` shares at the end of the queue of `place`."""
        reference = self._next_seed
        self._next_seed += 1
        self._seeds.setdefault(place, reference)
        return self._add(reference, place, size, ts_ns)

    def open(self, ts_ns: int) -> bytes:
        """Return the step that opens trading."""
        return _STEP.pack(ts_ns, 0, 0, 0, 0, LOCATE, ord("H"), ord("T"))

    def message(self, message: Message) -> bytes:
        """Return the steps of one row: none for what changes no visible book. Sets `unknown`."""
        self.unknown = 0
        ts_ns, kind = message.ts_ns, message.type
        if kind == NEW:
            return self._add(message.order_id, (message.buy, message.price), message.size, ts_ns)
        if kind in (EXECUTE_HIDDEN, CROSS):
            self.trades += 1
            side = ord("B") if message.buy else ord("S")
            return _STEP.pack(ts_ns, 0, 0, message.size, max(message.price, 0), LOCATE, ord("P"), side)
        if kind == HALT:
            state = HALT_STATES.get(message.price, "H")
            return _STEP.pack(ts_ns, 0, 0, 0, 0, LOCATE, ord("H"), ord(state))
        reference = message.order_id
        if reference not in self.orders:
            reference = self._seeds.get((message.buy, message.price), 0)
            if not reference:
                self.unknown = message.size
                return b""
            if kind == DELETE:
                kind = PARTIAL_CANCEL  # of the seed, which stands for several orders
        order = self.orders[reference]
        if kind == DELETE:
            return self._delete(reference, ts_ns)
        if message.size > order.size:
            self.unknown = message.size - order.size
        size = min(message.size, order.size)
        letter = "E" if kind == EXECUTE else "X"
        return self._reduce(reference, size, ts_ns, letter)

    def adopt(self, place: Place, size: int, ts_ns: int) -> bytes:
        """Return the steps that make a level have `size` shares, as the record says it has."""
        have = self.levels.get(place, 0)
        if size > have:
            return self.seed(place, size - have, ts_ns)
        steps = b""
        # what went unseen: first the seeds, then the orders that came last
        here = [reference for reference, order in self.orders.items() if order.place == place]
        for reference in sorted(here, key=lambda r: (r < FIRST_SEED, -r)):
            excess = self.levels.get(place, 0) - size
            if excess <= 0:
                break
            if excess >= self.orders[reference].size:
                steps += self._delete(reference, ts_ns)
            else:
                steps += self._reduce(reference, excess, ts_ns, "X")
        return steps

    def best(self, depth: int) -> Levels:
        """Return the best `depth` levels of what the rows say rests."""
        asks = sorted((price, size) for (buy, price), size in self.levels.items() if not buy)
        bids = sorted(((price, size) for (buy, price), size in self.levels.items() if buy), reverse=True)
        return Levels(tuple(asks[:depth]), tuple(bids[:depth]))

    def _add(self, reference: int, place: Place, size: int, ts_ns: int) -> bytes:
        self.orders[reference] = _Order(place, size)
        self.levels[place] = self.levels.get(place, 0) + size
        side = ord("B") if place[0] else ord("S")
        return _STEP.pack(ts_ns, reference, 0, size, place[1], LOCATE, ord("A"), side)

    def _delete(self, reference: int, ts_ns: int) -> bytes:
        self._take(reference, self.orders[reference].size)
        return _STEP.pack(ts_ns, reference, 0, 0, 0, LOCATE, ord("D"), 0)

    def _reduce(self, reference: int, size: int, ts_ns: int, letter: str) -> bytes:
        self._take(reference, size)
        return _STEP.pack(ts_ns, reference, 0, size, 0, LOCATE, ord(letter), 0)

    def _take(self, reference: int, size: int) -> None:
        order = self.orders[reference]
        order.size -= size
        self.levels[order.place] -= size
        if not self.levels[order.place]:
            del self.levels[order.place]
        if not order.size:
            del self.orders[reference]
            if self._seeds.get(order.place) == reference:
                del self._seeds[order.place]


def as_steps(packed: bytes) -> np.ndarray[Any, Any]:
    """Return packed steps as an array of STEP_DTYPE."""
    return np.frombuffer(packed, STEP_DTYPE)
