"""nautilus_trader's OrderBook: Rust, by order; does not match here. It is given one prepared delta a change."""

from __future__ import annotations

from time import perf_counter

from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder, OrderBookDelta
from nautilus_trader.model.enums import BookAction, BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from bench.peers.contract import Outcome, Row
from bench.peers.deltas import DELETE, INSERT, UPDATE, deltas


def run(rows: list[Row]) -> Outcome:
    instrument = InstrumentId.from_str("S.BENCH")
    book = OrderBook(instrument, BookType.L3_MBO)
    actions = {INSERT: BookAction.ADD, UPDATE: BookAction.UPDATE, DELETE: BookAction.DELETE}
    sides = (OrderSide.BUY, OrderSide.SELL)
    changes = []
    for number, (kind, side, oid, price, qty, _) in enumerate(deltas(rows), 1):
        order = BookOrder(sides[side], Price(price, 0), Quantity(qty, 0), oid)
        changes.append(OrderBookDelta(instrument, actions[kind], order, 0, number, number, number))
    apply = book.apply_delta
    start = perf_counter()
    for change in changes:
        apply(change)
    return Outcome((perf_counter() - start) * len(rows) / len(changes))
