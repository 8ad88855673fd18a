"""The bytes of the wire formats, pinned: dtypes, documents, model and core must all agree with the files beside this.

`records.txt` has one record of each kind, field by field; `enums.txt` every number that has a name; `core.txt` a small
market: commands, and the records with which the core answers them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from openbell import wire

from ext.core import Core
from tests.reference.market import Market

HERE = Path(__file__).resolve().parent
DOCUMENT = (HERE.parents[1] / "docs" / "wire.md").read_text()


class Field(NamedTuple):
    """A line of records.txt."""

    offset: int
    data: bytes
    kind: str
    name: str
    value: str


def lines(name: str) -> list[str]:
    """Lines of a file, without comments and empty ones."""
    return [line for line in (HERE / name).read_text().splitlines() if line and line[0] != "#"]


def read_records() -> dict[str, tuple[int, list[Field]]]:
    """Size and fields by name."""
    found: dict[str, tuple[int, list[Field]]] = {}
    fields: list[Field] = []
    for line in lines("records.txt"):
        parts = line.split()
        if len(parts) == 2:
            fields = []
            found[parts[0]] = (int(parts[1]), fields)
        else:
            offset, data, kind, name, value = parts
            fields.append(Field(int(offset), bytes.fromhex(data), kind, name, value))
    return found


RECORDS = read_records()


def dtype_of(name: str) -> np.dtype[Any]:
    """OrderCommand -> wire.ORDER_COMMAND."""
    found: np.dtype[Any] = getattr(wire, re.sub("(?<!^)(?=[A-Z])", "_", name).upper())
    return found


@pytest.mark.parametrize("name", RECORDS)
def test_dtype_reads_and_writes_the_golden_bytes(name: str) -> None:
    size, fields = RECORDS[name]
    dtype, data = dtype_of(name), b"".join(field.data for field in fields)
    assert (dtype.itemsize, len(data)) == (size, size)
    assert dtype.names == tuple(field.name for field in fields)
    written = np.zeros(1, dtype)
    (row,) = np.frombuffer(data, dtype)
    for field in fields:
        assert dtype.fields is not None
        kind, offset = dtype.fields[field.name][:2]
        assert (offset, kind.itemsize) == (field.offset, len(field.data))
        assert f"{kind.kind if kind.kind != 'S' else 's'}{kind.itemsize * (1 if kind.kind == 'S' else 8)}" == field.kind
        expected = field.value.encode() if kind.kind == "S" else int(field.value)
        assert row[field.name] == expected
        written[field.name] = expected
    assert written.tobytes() == data


@pytest.mark.parametrize("name", RECORDS)
def test_document_has_the_golden_offsets(name: str) -> None:
    size, fields = RECORDS[name]
    section = DOCUMENT.split(f"### {name} ({size} bytes)\n")[1].split("\n##")[0]
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \|", section, flags=re.MULTILINE)
    assert rows == [(str(field.offset), field.kind, field.name) for field in fields]


def test_every_documented_record_has_golden_bytes() -> None:
    assert re.findall(r"^### (\w+) \(\d+ bytes\)$", DOCUMENT, flags=re.MULTILINE) == list(RECORDS)


def test_no_number_has_changed() -> None:
    golden = {name: int(value) for name, value in map(str.split, lines("enums.txt"))}
    numbers = {name: value for name, value in vars(wire).items() if name.isupper() and isinstance(value, int)}
    for name, enum in vars(wire).items():
        if isinstance(enum, type) and issubclass(enum, IntEnum | IntFlag) and enum not in (IntEnum, IntFlag):
            numbers |= {f"{name}.{member.name}": member.value for member in enum}
    assert numbers == golden


def test_documented_numbers_are_the_golden_ones() -> None:
    golden = {name: int(value) for name, value in map(str.split, lines("enums.txt"))}
    found = {"VERSION": wire.VERSION}
    for section in DOCUMENT.split("\n### ")[1:]:
        name = section.split(" ")[0]
        for number, member in re.findall(r"^\| (\d+) \| ([A-Z][A-Z_0-9]*) \|", section, flags=re.MULTILINE):
            found[f"{name}.{member}"] = int(number)
    constants = DOCUMENT.split("## Constants")[1]
    found |= {name: int(value) for name, value in re.findall(r"^\| (\w+) \| (-?\d+) \|", constants, flags=re.MULTILINE)}
    assert found == golden


class Exchange(NamedTuple):
    """A command and what follows, in core.txt: each line a record, its fields in hex apart from each other."""

    command: bytes
    events: bytes
    market_data: bytes


def read_exchanges() -> Iterator[Exchange]:
    sent, heard, told = b"", b"", b""
    for line in lines("core.txt"):
        mark, _, *parts = line.split()
        data = bytes.fromhex("".join(parts))
        if mark == ">":
            if sent:
                yield Exchange(sent, heard, told)
            sent, heard, told = data, b"", b""
        elif mark == "<":
            heard += data
        elif mark == "*":
            told += data
    yield Exchange(sent, heard, told)


def rows(kind: str) -> bytes:
    """The rows at the end of core.txt."""
    found = [line.split() for line in lines("core.txt")]
    return b"".join(bytes.fromhex("".join(parts)) for mark, name, *parts in found if (mark, name) == ("=", kind))


@pytest.mark.parametrize("make", [Core, Market])
def test_the_core_gives_the_golden_bytes(make: Any) -> None:
    market = make()
    for exchange in read_exchanges():
        market.apply(exchange.command, True)
        assert market.take_events().hex() == exchange.events.hex()
        assert market.take_market_data().hex() == exchange.market_data.hex()
    assert market.orders().hex() == rows("OrderRow").hex()
    assert market.accounts().hex() == rows("AccountRow").hex()
    assert market.positions().hex() == rows("PositionRow").hex()
    assert market.instruments().hex() == rows("InstrumentRow").hex()
    assert market.depth(2, 5).hex() == rows("Depth").hex()
    assert market.book(2).hex() == rows("MarketData").hex()


def test_the_small_market_has_every_record_of_the_core() -> None:
    kinds = {line.split()[1] for line in lines("core.txt")}
    from_the_core = {
        "Event",
        "Reject",
        "MarketData",
        "Top",
        "Depth",
        "OrderRow",
        "AccountRow",
        "PositionRow",
        "InstrumentRow",
    }
    assert kinds == from_the_core | {"OrderCommand", "AdminCommand"}
