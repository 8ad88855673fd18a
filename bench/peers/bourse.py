"""bourse: a Rust book with Python methods. It numbers orders itself, from 0, and keeps every trade.

Its queues are ordered by the time that it was last told: without `set_time` before each order a level's orders collide.
"""

from __future__ import annotations

from time import perf_counter

from bourse import core

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    book = core.OrderBook(0, 1, True)
    place, cancel, modify, set_time = book.place_order, book.cancel_order, book.modify_order, book.set_time
    start = perf_counter()
    for now, (op, side, _, qty, oid, price) in enumerate(rows):
        set_time(now)
        if op == ADD:
            place(side == 0, qty, 0, price=price)
        elif op == CANCEL:
            cancel(oid - 1)
        else:
            modify(oid - 1, new_price=price, new_vol=qty)
    seconds = perf_counter() - start
    trades = book.get_trades()
    return Outcome(seconds, len(trades), sum(t[3] for t in trades), sum(t[2] * t[3] for t in trades))
