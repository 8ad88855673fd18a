"""limit-order-book: a C++ book behind ctypes. It reports no fills: only its time is known. A replace is two calls."""

from __future__ import annotations

from time import perf_counter

from limit_order_book import LimitOrderBook

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    book = LimitOrderBook()
    buy, sell, cancel = book.limit_buy, book.limit_sell, book.cancel
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            cancel(oid)
        if op != CANCEL:
            (sell if side else buy)(oid, qty, price)
    return Outcome(perf_counter() - start)
