"""Rows of JSON: those that are only encoded are those that are made for use."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire

from engine.ports.rows import rows_of, table_of

TABLES = [wire.ORDER_ROW, wire.POSITION_ROW, wire.ACCOUNT_ROW, wire.INSTRUMENT_ROW]


@pytest.mark.parametrize("dtype", TABLES, ids=lambda dtype: f"{len(dtype.names)} fields")
@given(data=st.data())
def test_both_give_the_same_json(dtype: np.dtype, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 3))
    size = count * dtype.itemsize
    records = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), dtype)
    marks = [f"row {number}" for number in range(count)]
    expected = [{**row, "mark": mark} for row, mark in zip(rows_of(records), marks, strict=True)]
    encoded = msgspec.json.encode(table_of(records, mark=marks))
    assert msgspec.json.decode(encoded) == expected
    assert not any(name.startswith("reserved") for row in expected for name in row)
