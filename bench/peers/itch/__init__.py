"""Readers of ITCH 5.0 by others that keep books, each run over a whole file in a process of its own.

`READERS` maps the adapter's module to the package it needs. An adapter has `read(path, symbols) -> Reading`, timed, and
`best(path, symbols) -> Best`, untimed: the best bids and offers that it ends with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

READERS: dict[str, str] = {"by_itchcpp": "itchcpp", "by_itch_book": "itch-book"}

Best = dict[int, tuple[int, int, int, int]]  # locate -> bid price (1e-4), bid shares, ask price, ask shares; 0: none


@dataclass(frozen=True)
class Reading:
    """From the opening of the file to the last book: seconds, and what the package counted (None: it does not)."""

    seconds: float
    messages: int | None = None
    live_orders: int | None = None


def symbol_name(locate: int) -> str:
    """The name that a generated day gives to the stock of a locate."""
    return f"SYM{locate:05d}"


def digest(best: Best) -> str:
    """One number for the best prices of all books that are not empty."""
    lines = [f"{locate} {' '.join(map(str, row))}\n" for locate, row in sorted(best.items()) if any(row)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]
