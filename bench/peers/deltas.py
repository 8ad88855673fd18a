"""A flow as the changes of a plain book, for peers that keep a book but do not match.

A delta is (kind, side, oid, price, qty, level_qty): `qty` is the order's after the change (0 on a delete) and
`level_qty` the sum of its price level after it (0 when the level is gone).
"""

from __future__ import annotations

from bench.peers.contract import ADD, CANCEL, Row

Delta = tuple[int, int, int, int, int, int]
INSERT, UPDATE, DELETE = 1, 2, 3


class PlainBook:
    """Levels {price: {oid: qty}} in order of arrival; every change goes into `deltas`."""

    def __init__(self) -> None:
        self.sides: tuple[dict[int, dict[int, int]], dict[int, dict[int, int]]] = ({}, {})
        self.where: dict[int, tuple[int, int]] = {}
        self.sums: dict[tuple[int, int], int] = {}
        self.deltas: list[Delta] = []
        self.fills = 0

    def apply(self, row: Row) -> None:
        op, side, _, qty, oid, price = row
        if op != ADD:
            self._delete(oid)
        if op == CANCEL:
            return
        left = self._match(side, qty, price) if op == ADD else qty
        if left:
            self.sides[side].setdefault(price, {})[oid] = left
            self.where[oid] = (side, price)
            self._note(INSERT, oid, side, price, left, left)

    def _match(self, side: int, left: int, price: int) -> int:
        other = self.sides[1 - side]
        while left and other:
            best = min(other) if side == 0 else max(other)
            if best > price if side == 0 else best < price:
                break
            maker, resting = next(iter(other[best].items()))
            traded = min(left, resting)
            left -= traded
            self.fills += 1
            if traded == resting:
                self._delete(maker)
            else:
                other[best][maker] = resting - traded
                self._note(UPDATE, maker, 1 - side, best, resting - traded, -traded)
        return left

    def _delete(self, oid: int) -> None:
        side, price = self.where.pop(oid)
        level = self.sides[side][price]
        qty = level.pop(oid)
        if not level:
            del self.sides[side][price]
        self._note(DELETE, oid, side, price, 0, -qty)

    def _note(self, kind: int, oid: int, side: int, price: int, qty: int, change: int) -> None:
        total = self.sums.get((side, price), 0) + change
        self.sums[side, price] = total
        self.deltas.append((kind, side, oid, price, qty, total))


def deltas(rows: list[Row]) -> list[Delta]:
    """The changes that one symbol's rows make to a plain book, in order."""
    book = PlainBook()
    for row in rows:
        book.apply(row)
    return book.deltas
