"""itchcpp: books in C++; its interface takes the whole stream as one `bytes`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from itchcpp.book import BookManager

from bench.peers.itch import Best, Reading, symbol_name


def _books(path: Path, symbols: int) -> Any:
    books = BookManager()
    for locate in range(1, symbols + 1):
        books.track_symbol(symbol_name(locate))
    books.process_stream(path.read_bytes())
    return books


def read(path: Path, symbols: int) -> Reading:
    start = perf_counter()
    _books(path, symbols)
    return Reading(perf_counter() - start)


def best(path: Path, symbols: int) -> Best:
    books = _books(path, symbols)
    found: Best = {}
    for locate in range(1, symbols + 1):
        book = books.book_for_symbol(symbol_name(locate))
        if book is not None:
            top = book.bbo()
            found[locate] = (
                round(top.bid_price * 10_000), int(top.bid_shares), round(top.ask_price * 10_000), int(top.ask_shares)
            )  # fmt: skip
    return found
