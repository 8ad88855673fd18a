"""akhil4n-orderbook: plain Python on sorted dictionaries (its module is called `orderbook`); it logs every trade."""

from __future__ import annotations

from time import perf_counter

from orderbook import Order, OrderBook, OrderSide

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    book = OrderBook()
    sides = (OrderSide.BID, OrderSide.ASK)
    names: dict[int, str] = {}
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            book.cancel_order(names[oid])
        if op != CANCEL:
            order = Order(sides[side], price, qty)
            names[oid] = order.order_id
            book.add_limit_order(order)
    seconds = perf_counter() - start
    log = book.trade_log
    return Outcome(
        seconds, len(log), sum(t.quantity_filled for t in log), sum(t.quantity_filled * t.price for t in log)
    )
