"""Records of the core as rows of JSON, with the field names of docs/wire.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from openbell import wire

Array = np.ndarray[Any, Any]


def rows_of(records: Array) -> list[dict[str, Any]]:
    """One dict a record, without the reserved fields; text as text."""
    names, columns = _columns(records)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def table_of(records: Array, **more: Sequence[object]) -> list[msgspec.Struct]:
    """As `rows_of`, for an answer of many rows: they can only be encoded, which takes the loop a fifth of the time.

    more: further columns, of what JSON knows.
    """
    names, columns = _columns(records)
    return list(map(_row((*names, *more)), *columns, *more.values()))


def _columns(records: Array) -> tuple[list[str], list[list[Any]]]:
    names = [name for name in records.dtype.names or () if not name.startswith("reserved")]
    columns = []
    for name in names:
        column = records[name]
        if column.dtype.kind == "S":
            columns.append([text.decode("utf-8", "replace") for text in column.tolist()])
        else:
            columns.append(column.tolist())
    return names, columns


@lru_cache(maxsize=32)
def _row(names: tuple[str, ...]) -> type[msgspec.Struct]:
    # Without the collector, which would look through every row again and again while they are made.
    return msgspec.defstruct("Row", names, gc=False)


def standing(fills: Array, amendments: bytes) -> Array:
    """FILL events without those of trades that were busted, corrected ones with what they are now (AmendmentRows)."""
    amended = np.frombuffer(amendments, wire.AMENDMENT_ROW)
    amended = amended[np.isin(amended["trade_id"], fills["trade_id"])]  # few of many, before they become objects
    if not len(amended):
        return fills
    now = {(row["instrument"], row["trade_id"]): row for row in amended}
    fills = fills.copy()
    kept = np.ones(len(fills), bool)
    for place in np.flatnonzero(np.isin(fills["trade_id"], amended["trade_id"])):
        row = now.get((fills["instrument"][place], fills["trade_id"][place]))
        if row is not None:
            fills["price"][place], fills["qty"][place] = row["price"], row["qty"]
            kept[place] = row["qty"] > 0
    return fills[kept]
