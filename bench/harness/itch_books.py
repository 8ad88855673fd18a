"""Our reader over a file of ITCH, the same way as others' (bench/peers/itch): `python -m bench.harness.itch_books`.

Arguments: FILE SYMBOLS [best]. Prints one line of JSON: seconds from the opening of the file to the last book, the
seconds of scanning alone (its own pass), and what was found.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from bench.peers.itch import Best, digest
from engine.replay.itch.file import chunks
from ext.itch.book import Books
from ext.itch.scan import Scanner


def books_of(path: Path) -> tuple[float, Scanner, Books]:
    """Read a file into books of all its stocks; seconds, scanner, books."""
    start = perf_counter()
    scanner, books = Scanner(), Books()
    for chunk, _ in chunks(path):
        books.apply(scanner.feed(chunk))
    scanner.finish()
    return perf_counter() - start, scanner, books


def scan(path: Path) -> float:
    """Read a file into steps and drop them; seconds."""
    start = perf_counter()
    scanner = Scanner()
    for chunk, _ in chunks(path):
        scanner.feed(chunk)
    scanner.finish()
    return perf_counter() - start


def best_of(books: Books, symbols: int) -> Best:
    """The best bids and offers of all stocks."""
    return {locate: books.best(locate) for locate in range(1, symbols + 1)}


def main(arguments: Sequence[str]) -> int:
    path, symbols = Path(arguments[0]), int(arguments[1])
    seconds, scanner, books = books_of(path)
    answer: dict[str, float | str] = {
        "seconds": seconds,
        "messages": scanner.messages,
        "live_orders": books.live,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "scan_seconds": scan(path),
    }
    if "best" in arguments[2:]:
        answer["best"] = digest(best_of(books, symbols))
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
