"""lightmatchingengine: plain Python (compiled if built with a compiler); it numbers orders itself, from 1.

It lists a trade for the taker at every level and one for every maker; only the makers' are fills. A replace is a cancel
and an add under a new number.
"""

from __future__ import annotations

from time import perf_counter

from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

from bench.peers.contract import ADD, CANCEL, Outcome, Row


def run(rows: list[Row]) -> Outcome:
    engine = LightMatchingEngine()
    sides = (Side.BUY, Side.SELL)
    numbers: dict[int, int] = {}
    fills = volume = notional = 0
    start = perf_counter()
    for op, side, _, qty, oid, price in rows:
        if op != ADD:
            engine.cancel_order(numbers[oid], "S")
        if op != CANCEL:
            order, trades = engine.add_order("S", price, qty, sides[side])
            numbers[oid] = order.order_id
            for trade in trades:
                if trade.trade_side != sides[side]:
                    fills += 1
                    volume += trade.trade_qty
                    notional += trade.trade_qty * trade.trade_price
    return Outcome(perf_counter() - start, fills, int(volume), int(notional))
