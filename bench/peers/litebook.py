"""litebook: a Rust book; it names orders by UUID. A replace is a cancel and an add."""

from __future__ import annotations

from time import perf_counter

import litebook

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    book = litebook.OrderBook(tick_size=1.0)
    sides = (litebook.OrderType.Buy, litebook.OrderType.Sell)
    names: dict[int, str] = {}
    fills = []
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            book.cancel(names[oid])
        if op != CANCEL:
            order = book.create_order(sides[side], float(price), float(qty))
            names[oid] = order.id
            traded = book.add(order)
            if traded:
                fills.extend(traded)
    seconds = perf_counter() - start
    volume, notional = sum(f.quantity for f in fills), sum(f.quantity * f.price for f in fills)
    return Outcome(seconds, len(fills), round(volume), round(notional))
