"""Tax lots by docs/lots.md, the obvious way: two lists for each position, paired anew whenever somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from openbell import wire
from openbell.wire import EventKind, Side

CASH_OF_PRICE = wire.CASH_SCALE // wire.PRICE_SCALE


@dataclass(frozen=True)
class Lot:
    """What one side of a trade brought. cost: what it was bought, or sold, for."""

    seq: int
    ts_ns: int
    trade_id: int
    qty: int
    cost: int


class Open(NamedTuple):
    """A lot that is open; qty and cost are below 0 of a short one."""

    ts_ns: int
    seq: int
    trade_id: int
    qty: int
    cost: int


def joined(lots: list[Open]) -> list[Open]:
    """Parts of what came at once as one."""
    found: list[Open] = []
    for lot in lots:
        if found and found[-1][:3] == lot[:3]:
            last = found.pop()
            lot = lot._replace(qty=last.qty + lot.qty, cost=last.cost + lot.cost)
        found.append(lot)
    return found


def first_part(lot: Lot, qty: int) -> tuple[Lot, Lot]:
    """The earlier `qty` of a lot, and what is left."""
    cost = lot.cost * qty // lot.qty
    return replace(lot, qty=qty, cost=cost), replace(lot, qty=lot.qty - qty, cost=lot.cost - cost)


@dataclass
class Position:
    """Rows of what was bought and sold since the last split. base: realized until then; morning: as the day began."""

    rows: tuple[list[Lot], list[Lot]] = field(default_factory=lambda: ([], []))
    base: int = 0
    morning: int = 0
    is_rounded: bool = False  # a lot's cost is no whole number a share: how it is cut into parts shows

    def paired(self) -> tuple[list[tuple[Lot, Lot]], list[Lot]]:
        """Pairs, bought and sold; and the lots without partners, all of one side."""
        bought, sold = (list(reversed(row)) for row in self.rows)
        found = []
        while bought and sold:
            qty = min(bought[-1].qty, sold[-1].qty)
            parts = []
            for row in (bought, sold):
                part, rest = first_part(row.pop(), qty)
                parts.append(part)
                if rest.qty:
                    row.append(rest)
            found.append((parts[0], parts[1]))
        return found, list(reversed(bought or sold))

    @property
    def realized(self) -> int:
        return self.base + sum(sold.cost - bought.cost for bought, sold in self.paired()[0])

    def open(self) -> list[Lot]:
        return self.paired()[1]

    @property
    def sign(self) -> int:
        return 1 if sum(lot.qty for lot in self.rows[0]) > sum(lot.qty for lot in self.rows[1]) else -1

    def split(self, new: int, old: int, of_lot: int) -> None:
        """of_lot: what a whole lot of before is worth, in cash."""
        self.base, lots, sign = self.realized, self.open(), self.sign
        total = sum(lot.qty for lot in lots)
        fraction = left = total * new % old
        released = 0
        for place, lot in enumerate(lots):
            part = min(left, lot.qty * new)
            cost = lot.cost * part // (lot.qty * new)
            left, released = left - part, released + cost
            lots[place] = replace(lot, cost=lot.cost - cost)
        if fraction:
            lieu = min(wire.MAX_CASH, fraction * of_lot // new)
            self.base += sign * (lieu - released)
        kept: list[Lot] = []
        so_far = given = carried = 0
        for lot in reversed(lots):
            so_far += lot.qty
            qty = so_far * new // old - given
            given += qty
            if qty:
                kept.insert(0, replace(lot, qty=qty, cost=lot.cost + carried))
                carried = 0
            else:
                carried += lot.cost
        self.rows = (kept, []) if sign > 0 else ([], kept)
        self.is_rounded = True


class Lots:
    """All positions, from the events of a market. lot_size: of an instrument."""

    def __init__(self, lot_size: Callable[[int], int]) -> None:
        self.lot_size = lot_size
        self.positions: dict[tuple[int, int], Position] = {}
        self.void: tuple[int, Lot | None] = (0, None)  # where a correction goes

    def hear(self, event: Any) -> None:
        kind = event.kind
        if kind == EventKind.DAY_ENDED:
            for position in self.positions.values():
                position.morning = position.realized
        elif kind == EventKind.SPLIT_DONE:
            of_lot = event.trade_id * self.lot_size(event.instrument) * CASH_OF_PRICE
            for (_, instrument), position in self.positions.items():
                if instrument == event.instrument:
                    position.split(event.price, event.order_id, of_lot)
        elif kind in (EventKind.FILL, EventKind.SHARES, EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED):
            position = self.positions.setdefault((event.account, event.instrument), Position())
            self._move(position, event)

    def _move(self, position: Position, event: Any) -> None:
        if event.kind == EventKind.SHARES:
            if event.price > 0:
                cost = event.price * event.order_id
                position.rows[Side.BUY].append(Lot(event.seq, event.ts_ns, 0, event.price, cost))
                return
            left = -event.price
            for lot in position.open():
                part = first_part(lot, min(left, lot.qty))[0]
                left -= part.qty
                if part.qty:
                    position.rows[Side.SELL].append(Lot(event.seq, event.ts_ns, 0, part.qty, part.cost))
            return
        row = position.rows[event.side]
        each = event.price * self.lot_size(event.instrument) * CASH_OF_PRICE
        lot = Lot(event.seq, event.ts_ns, event.trade_id, event.qty, event.qty * each)
        if event.kind == EventKind.FILL:
            row.append(lot)
        elif event.kind == EventKind.TRADE_BUSTED:
            place = next(place for place, one in enumerate(row) if one.trade_id == event.trade_id)
            self.void = place, row.pop(place)
        else:
            place, void = self.void
            assert void is not None
            row.insert(place, replace(void, qty=event.qty, cost=event.qty * each))

    # What is asked

    def lots(self, account: int, instrument: int) -> list[Open]:
        position = self.positions.get((account, instrument), Position())
        sign = position.sign
        return joined(
            [Open(lot.ts_ns, lot.seq, lot.trade_id, sign * lot.qty, sign * lot.cost) for lot in position.open()]
        )

    def realized(self, account: int, instrument: int) -> tuple[int, int]:
        """In all, and today."""
        position = self.positions.get((account, instrument), Position())
        return position.realized, position.realized - position.morning
