"""pyorderbook: plain Python with decimal prices and UUIDs. A replace is a cancel and a new order."""

from __future__ import annotations

from time import perf_counter

from pyorderbook import Book, Order, Side

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    book = Book()
    sides = (Side.BID, Side.ASK)
    orders: dict[int, Order] = {}
    trades = []
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            book.cancel(orders[oid])
        if op != CANCEL:
            order = orders[oid] = Order(sides[side], "S", price, qty)
            blotter = book.match(order)
            if blotter.trades:
                trades.extend(blotter.trades)
    seconds = perf_counter() - start
    notional = sum(t.fill_quantity * t.fill_price for t in trades)
    return Outcome(seconds, len(trades), sum(t.fill_quantity for t in trades), int(notional))
