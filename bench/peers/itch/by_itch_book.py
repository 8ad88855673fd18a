"""itch-book: books in C++, fed by a reader thread; with no table of rows but the system events it only keeps books."""

from __future__ import annotations

import datetime
from pathlib import Path
from time import perf_counter

import itch_book

from bench.peers.itch import Best, Reading

DAY = datetime.date(2025, 1, 2)  # any: it is not in the file
ALL_ROWS = 1 << 30


def read(path: Path, symbols: int) -> Reading:
    start = perf_counter()
    feed = itch_book.open(str(path), date=DAY)
    for _ in feed.batches(tables=("system_events",), rows=ALL_ROWS):
        pass
    seconds = perf_counter() - start
    assert feed.stats is not None
    return Reading(seconds, feed.stats["messages"], feed.stats["live_orders"])


def best(path: Path, symbols: int) -> Best:
    found: Best = {}
    feed = itch_book.open(str(path), date=DAY, price_type="fixed")
    for batch in feed.batches(tables=("bbo",)):
        columns = [batch.bbo[name].tolist() for name in ("locate", "bid_px", "bid_sz", "ask_px", "ask_sz")]
        for locate, *row in zip(*columns, strict=True):
            found[locate] = (row[0], row[1], row[2], row[3])
    return found
