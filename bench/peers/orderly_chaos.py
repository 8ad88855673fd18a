"""orderly-chaos: a C++ book behind ctypes, with a callback for every trade. A replace is a cancel and an add."""

from __future__ import annotations

from time import perf_counter

from orderly_chaos import LimitOrderBook, Side, Trade

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    trades: list[Trade] = []
    book = LimitOrderBook(on_trade=trades.append)
    limit, cancel = book.limit, book.cancel
    sides = (Side.BUY, Side.SELL)
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            cancel(oid)
        if op != CANCEL:
            limit(sides[side], oid, qty, price)
    seconds = perf_counter() - start
    return Outcome(seconds, len(trades), sum(t.quantity for t in trades), sum(t.quantity * t.price for t in trades))
