"""How many rows clients may ask for: one budget for each API key, whoever logs in with it and how often. No I/O.

Rows are made on the loop, and everybody waits meanwhile. What a session asks for is charged when it is taken, whether
it is answered at once or when something is durable.
"""

from __future__ import annotations

from typing import Final

from engine.ports.frames import FrameError

QUERY_ROWS: Final = 50_000  # that may be asked for at once
QUERY_ROWS_A_S: Final = 10_000  # so fast they come back
QUERY_COST: Final = 20  # rows that a query costs in any case
SKIPPED_COST: Final = 0.05  # rows that one costs which is looked at and not shown


class Budget:
    """The rows that one API key may ask for."""

    __slots__ = ("_paid_s", "_rows")

    def __init__(self, now_s: float) -> None:
        self._rows: float = QUERY_ROWS
        self._paid_s = now_s

    def check(self, now_s: float, code: str = "too_many") -> None:
        """Whether anything may be asked for now. Raises FrameError with that code."""
        self._rows = min(QUERY_ROWS, self._rows + (now_s - self._paid_s) * QUERY_ROWS_A_S)
        self._paid_s = now_s
        if self._rows <= 0:
            raise FrameError(
                code,
                f"all sessions of an API key may ask for {QUERY_ROWS} rows at once and {QUERY_ROWS_A_S} more a second: "
                "wait",
                field="rows", limit=QUERY_ROWS_A_S,
            )  # fmt: skip

    def charge(self, shown: int = 0, found: int = 0) -> float:
        """Take off what a request costs that shows so many rows of those found; that cost."""
        cost = QUERY_COST + shown + SKIPPED_COST * found
        self._rows -= cost
        return cost

    def give_back(self, rows: float) -> None:
        """What was charged and turned out not to be needed."""
        self._rows += rows
