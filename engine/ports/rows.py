"""Records of the core as rows of JSON, with the field names of docs/wire.md."""

from __future__ import annotations

from typing import Any

import numpy as np


def rows_of(records: bytes | np.ndarray[Any, Any], dtype: np.dtype[Any] | None = None) -> list[dict[str, Any]]:
    """One dict a record, without the reserved fields; text as text."""
    array = records if isinstance(records, np.ndarray) else np.frombuffer(records, dtype)
    names = [name for name in array.dtype.names or () if not name.startswith("reserved")]
    columns = []
    for name in names:
        column = array[name]
        if column.dtype.kind == "S":
            columns.append([text.decode("utf-8", "replace") for text in column.tolist()])
        else:
            columns.append(column.tolist())
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
