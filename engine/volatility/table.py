"""What is kept of each instrument by its id, in the layout that ext/sieve goes through."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ext.sieve import FOLLOWED_SIZE

Table = np.ndarray[Any, Any]
FOLLOWED: Final = np.dtype(
    [
        ("tick", "<i8"), ("lower", "<i8"), ("upper", "<i8"), ("bid", "<i8"), ("ask", "<i8"), ("last", "<i8"),
        ("close", "<i8"), ("floor", "<i8"), ("price_sum", "<i8"), ("round_lot", "<u8"), ("count", "<u4"),
        ("next", "<u4"), ("what", "u1"), ("at_limit", "u1"), ("reserved", "<u2"), ("reserved1", "<u4"),
    ]
)  # fmt: skip
assert FOLLOWED.itemsize == FOLLOWED_SIZE


def grown(table: Table, count: int) -> Table:
    """The table with room for instruments up to `count`."""
    if count <= len(table):
        return table
    made = np.zeros(max(count, 2 * len(table)), FOLLOWED)
    made[: len(table)] = table
    return made


def table_of(data: bytes) -> Table:
    """What `tobytes` gave. Raises ValueError."""
    if len(data) % FOLLOWED.itemsize:
        raise ValueError("the watch over prices was kept by another version")
    return np.frombuffer(data, FOLLOWED).copy()
