"""An order's life as it is found in the journal: what happened to it, why, and how its queue moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.journal.commands import Names

Record = Any  # a record of wire.EVENT, wire.REJECT, wire.ORDER_ROW, or of a command


@dataclass(slots=True)
class Happening:
    """An event of the order, or (is_own False) one of its instrument or account that it lived through.

    event: EVENT or REJECT record; command: what caused it. other: of a FILL the event of the other side; of what linked
    orders did to it the event of the one that moved it. row: the order as it was after the command, if it was live.
    """

    event: Record
    command: Record
    is_own: bool = True
    other: Record | None = None
    row: Record | None = None

    @property
    def seq(self) -> int:
        """Of the command."""
        return int(self.event["seq"])

    @property
    def ts_ns(self) -> int:
        """Of the command."""
        return int(self.event["ts_ns"])


@dataclass(slots=True)
class Move:
    """An order ahead lost lots. how: traded, reduced, or left (it was cancelled, or replaced and is behind now).

    ahead: lots that are left ahead, of so many `orders`.
    """

    seq: int
    ts_ns: int
    order_id: int
    how: str
    qty: int
    ahead: int
    orders: int


@dataclass(slots=True)
class Spell:
    """A time in a level's queue, from coming to its end: at `price`, behind `ahead` lots of `orders` orders."""

    seq: int
    ts_ns: int
    price: int
    ahead: int
    orders: int
    command: Record
    moves: list[Move] = field(default_factory=list)

    def at(self, seq: int) -> tuple[int, int]:
        """Lots ahead, and of how many orders, after the command `seq`."""
        place = (self.ahead, self.orders)
        for move in self.moves:
            if move.seq > seq:
                break
            place = (move.ahead, move.orders)
        return place


@dataclass(slots=True)
class Life:
    """All of an order. first: what entered it last before it was accepted, or the first attempt (None: not kept);
    order_id: 0 while it was never accepted; row: as it is at `last_seq`, None where it is not live then.

    state_before: the instrument's last INSTRUMENT_STATE or AUCTION event before it, where one was seen.
    """

    account: int
    client_order_id: int
    instrument: int
    names: Names
    last_seq: int
    order_id: int = 0
    entry: Record | None = None
    happenings: list[Happening] = field(default_factory=list)
    spells: list[Spell] = field(default_factory=list)
    tied: list[Record] = field(default_factory=list)  # commands of orders that came and named it
    state_before: Happening | None = None
    row: Record | None = None
    end_seq: int = 0  # 0: it is live, or was never accepted
