"""What an adapter gives: how to feed a flow's rows to somebody else's book, and what the book said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Row = tuple[int, int, int, int, int, int]  # op, side, symbol, qty, oid, price: the fields of bench.flow.RECORD
ADD, CANCEL, REPLACE = 1, 2, 3


@dataclass(frozen=True)
class Outcome:
    """Seconds spent in the book's own calls, and what it reports; None where its API does not say."""

    seconds: float
    fills: int | None = None
    volume: int | None = None
    notional: int | None = None


Adapter = Callable[[list[Row]], Outcome]
