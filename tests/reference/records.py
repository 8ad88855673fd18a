"""Bytes of the wire's records, packed and unpacked one at a time, with fields that are not given as 0."""

from __future__ import annotations

import struct
from collections import namedtuple
from typing import Any

import numpy as np
from openbell import wire

CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q"}


def as_i64(value: int) -> int:
    """What an unsigned number looks like in a signed field."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def as_u64(value: int) -> int:
    """What a signed number looks like in an unsigned field."""
    return value % (1 << 64)


class Layout:
    """A record's fields, from its dtype in client/openbell/wire.py."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        codes = []
        for name in dtype.names or ():
            kind = dtype[name]
            codes.append(f"{kind.itemsize}s" if kind.kind == "S" else CODES[kind.str[1:]])
        self.dtype = dtype
        self.struct = struct.Struct("<" + "".join(codes))
        self.names = dtype.names or ()
        self.size = dtype.itemsize
        self.row: Any = namedtuple("row", self.names)
        self._empty = [b"" if dtype[name].kind == "S" else 0 for name in self.names]
        self._places = {name: place for place, name in enumerate(self.names)}

    def pack(self, **fields: Any) -> bytes:
        """Fields that are not given are 0. Raises KeyError for one that the record has not."""
        values = self._empty.copy()
        for name, value in fields.items():
            values[self._places[name]] = value
        return self.struct.pack(*values)

    def unpack(self, data: bytes, offset: int = 0) -> Any:
        """A named tuple of the fields."""
        return self.row._make(self.struct.unpack_from(data, offset))

    def rows(self, data: bytes) -> list[Any]:
        """All of many records."""
        return [self.row._make(values) for values in self.struct.iter_unpack(data)]


ORDER_COMMAND = Layout(wire.ORDER_COMMAND)
SPECIAL_COMMAND = Layout(wire.SPECIAL_COMMAND)
ADMIN_COMMAND = Layout(wire.ADMIN_COMMAND)
AMEND_COMMAND = Layout(wire.AMEND_COMMAND)
EVENT = Layout(wire.EVENT)
REJECT = Layout(wire.REJECT)
MARKET_DATA = Layout(wire.MARKET_DATA)
TOP = Layout(wire.TOP)
DEPTH = Layout(wire.DEPTH)
ORDER_ROW = Layout(wire.ORDER_ROW)
ACCOUNT_ROW = Layout(wire.ACCOUNT_ROW)
POSITION_ROW = Layout(wire.POSITION_ROW)
INSTRUMENT_ROW = Layout(wire.INSTRUMENT_ROW)
AMENDMENT_ROW = Layout(wire.AMENDMENT_ROW)
TIMER_ROW = Layout(wire.TIMER_ROW)
HOUSE_ROW = Layout(wire.HOUSE_ROW)
FEE_ROW = Layout(wire.FEE_ROW)
WITHDRAWAL_ROW = Layout(wire.WITHDRAWAL_ROW)
RISK_ROW = Layout(wire.RISK_ROW)
EXPOSURE_ROW = Layout(wire.EXPOSURE_ROW)
MARGIN_ROW = Layout(wire.MARGIN_ROW)
DESK_ROW = Layout(wire.DESK_ROW)
MEMBER_ROW = Layout(wire.MEMBER_ROW)
LIMIT_ROW = Layout(wire.LIMIT_ROW)
BORROW_ROW = Layout(wire.BORROW_ROW)
LOCATE_ROW = Layout(wire.LOCATE_ROW)
RATE_ROW = Layout(wire.RATE_ROW)
DUE_ROW = Layout(wire.DUE_ROW)
CASH_ROW = Layout(wire.CASH_ROW)
UNPAID_ROW = Layout(wire.UNPAID_ROW)
VIOLATION_ROW = Layout(wire.VIOLATION_ROW)
DAY_TRADE_ROW = Layout(wire.DAY_TRADE_ROW)


REJECTS = frozenset(
    (
        wire.EventKind.REJECTED,
        wire.EventKind.CANCEL_REJECTED,
        wire.EventKind.REPLACE_REJECTED,
        wire.EventKind.ARM_REJECTED,
        wire.EventKind.ADMIN_REJECTED,
    )
)
AMENDING = frozenset((wire.CommandKind.BUST_TRADE, wire.CommandKind.CORRECT_TRADE))
EVENT_KIND_OFFSET = wire.EVENT.fields["kind"][1]
BOOK_KIND_OFFSET = wire.MARKET_DATA.fields["kind"][1]


def layout_of(kind: int) -> Layout:
    """Of commands of this kind."""
    if kind in AMENDING:
        return AMEND_COMMAND
    if kind >= wire.ADMIN_KIND:
        return ADMIN_COMMAND
    return SPECIAL_COMMAND if kind >= wire.SPECIAL_KIND else ORDER_COMMAND


def balance_of(row: Any) -> int:
    """Of a HouseRow: all of its 128 bits."""
    return int(row.balance_high << 64) + int(row.balance)


def events_of(data: bytes) -> list[Any]:
    """Events and rejects as named tuples."""
    found = []
    for offset in range(0, len(data), EVENT.size):
        layout = REJECT if data[offset + EVENT_KIND_OFFSET] in REJECTS else EVENT
        found.append(layout.unpack(data, offset))
    return found


def market_data_of(data: bytes) -> list[Any]:
    """MarketData and Top records as named tuples."""
    found = []
    for offset in range(0, len(data), MARKET_DATA.size):
        layout = TOP if data[offset + BOOK_KIND_OFFSET] == wire.BookKind.TOP else MARKET_DATA
        found.append(layout.unpack(data, offset))
    return found


def told(row: Any) -> str:
    """A record for people: the fields that are not 0, its kind and its check or reason by name."""
    plain = {name: value.rstrip(b"\0") if isinstance(value, bytes) else value for name, value in row._asdict().items()}
    shown = {name: value for name, value in plain.items() if value not in (0, b"")}
    for name, names in (("check", wire.Check), ("kind", None)):
        if name in shown and names is not None:
            shown[name] = names(shown[name]).name
    if "kind" in shown:
        book = "level_orders" in row._fields or "bid_price" in row._fields
        names = wire.BookKind if book else wire.EventKind if "account_seq" in row._fields else wire.CommandKind
        if shown["kind"] in names._value2member_map_:
            shown["kind"] = names(shown["kind"]).name
    if shown.get("kind") == "CANCELED" and "reason" in shown:
        shown["reason"] = wire.CancelReason(shown["reason"]).name
    return " ".join(f"{name}={value}" for name, value in shown.items())
