"""order-book: sorted price levels in C; does not match. It is given each level's new quantity, a change at a time."""

from __future__ import annotations

from time import perf_counter

from order_book import OrderBook

from bench.peers.contract import Outcome, Row
from bench.peers.deltas import deltas


def run(rows: list[Row]) -> Outcome:
    book = OrderBook()
    sides = (book.bids, book.asks)
    changes = [(side, price, level_qty) for _, side, _, price, _, level_qty in deltas(rows)]
    start = perf_counter()
    for side, price, level_qty in changes:
        if level_qty:
            sides[side][price] = level_qty
        else:
            del sides[side][price]
    return Outcome((perf_counter() - start) * len(rows) / len(changes))
