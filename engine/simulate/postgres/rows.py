"""Rows as COPY brings them: fields of bytes in PostgreSQL's binary format, and what statements make of them."""

from __future__ import annotations

import struct
from typing import Any, Final

from ext.projection import BAR_COLUMNS, OPEN_ORDER_COLUMNS

UNIX_US: Final = 946_684_800_000_000  # of PostgreSQL's epoch, 2000
CHANGED: Final = ("price", "qty", "filled", "value", "seq", "ts", "triggered", "stop_price", "waits")
_TIMES: Final = ("accepted_ts", "ts")
_SUMS: Final = ("volume", "value", "trades")
_COUNT, _LENGTH = struct.Struct(">h"), struct.Struct(">i")
Row = tuple[Any, ...]


def rows_of_copy(data: bytes, columns: int) -> list[Row]:
    """The rows between head and end. Raises ValueError for what is not of so many columns."""
    rows: list[Row] = []
    at, end = 0, len(data)
    shape = _COUNT
    lengths: tuple[int, ...] = ()
    while at < end:
        # Most rows of a table have fields as long as those of the row before.
        if lengths and at + shape.size <= end:
            found = shape.unpack_from(data, at)
            if found[0] == columns and found[1::2] == lengths:
                rows.append(found[2::2])
                at += shape.size
                continue
        begin = at
        (count,) = _COUNT.unpack_from(data, at)
        if count != columns:
            raise ValueError(f"a row has {count} fields, the table {columns} columns")
        at += 2
        fields: list[bytes | None] = []
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(data, at)
            at += 4
            if length < 0:
                fields.append(None)
            else:
                fields.append(data[at : at + length])
                at += length
        rows.append(tuple(fields))
        if None not in fields:
            lengths = tuple(len(field or b"") for field in fields)
            shape = struct.Struct(">h" + "".join(f"i{length}s" for length in lengths))
            assert shape.size == at - begin
    return rows


def number_of(field: bytes | None) -> int | None:
    """An integer, a truth or a time."""
    return None if field is None else int.from_bytes(field, "big", signed=True)


def shown_order(row: Row) -> dict[str, int | None]:
    """An open order as the sink selects it."""
    shown = {name: number_of(field) for name, field in zip(OPEN_ORDER_COLUMNS, row, strict=True)}
    for name in _TIMES:
        ts_us = shown[name]
        shown[name] = None if ts_us is None else ts_us + UNIX_US
    return shown


def updated(before: Row, changed: Row) -> Row:
    """An open order with what the sink's UPDATE takes over."""
    pairs = zip(OPEN_ORDER_COLUMNS, before, changed, strict=True)
    return tuple(new if name in CHANGED else old for name, old, new in pairs)


def columns_of_bar(row: Row) -> Row:
    """A bar's fields as numbers."""
    return tuple(map(number_of, row))


def merged_bar(before: Row, row: Row) -> Row:
    """A bar and what came to it."""
    merged = []
    for name, old, new in zip(BAR_COLUMNS, before, columns_of_bar(row), strict=True):
        if name == "high":
            merged.append(max(old, new))
        elif name == "low":
            merged.append(min(old, new))
        elif name == "close":
            merged.append(new)
        elif name in _SUMS:
            merged.append(old + new)
        else:
            merged.append(old)
    return tuple(merged)
