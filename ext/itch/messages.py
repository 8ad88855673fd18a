"""The one table of Nasdaq TotalView-ITCH 5.0: every message type, field, size and unit.

Source: "Nasdaq TotalView-ITCH 5.0" interface specification, sections 4.1 to 4.9. All integers are unsigned and big
endian; alphas are ASCII, left justified, padded with spaces. Prices are fixed point: PRICE4 in 1e-4 and PRICE8 in 1e-8
of a dollar. The timestamp is 48 bits of nanoseconds since midnight (New York).

Made from this table: the NumPy dtypes (`dtype_of`), the lengths (`LENGTHS`), the C structs of `layout.pxd`
(`python -m ext.itch.messages`, a test holds the file to it) and the table of docs/replay.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

U16, U32, U64 = "u16", "u32", "u64"
TIMESTAMP = "timestamp48"
PRICE4, PRICE8 = "price4", "price8"
ALPHA1, ALPHA2, ALPHA4, ALPHA8 = "alpha1", "alpha2", "alpha4", "alpha8"

SIZES: dict[str, int] = {
    U16: 2, U32: 4, U64: 8, TIMESTAMP: 6, PRICE4: 4, PRICE8: 8, ALPHA1: 1, ALPHA2: 2, ALPHA4: 4, ALPHA8: 8,
}  # fmt: skip
NUMPY_KINDS: dict[str, str] = {
    U16: ">u2", U32: ">u4", U64: ">u8", PRICE4: ">u4", PRICE8: ">u8",
    ALPHA1: "S1", ALPHA2: "S2", ALPHA4: "S4", ALPHA8: "S8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name, its kind (a key of SIZES), and its offset in bytes from the type character."""

    name: str
    kind: str
    offset: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message type: its character, its name, its length in bytes (type character included) and its fields."""

    type: str
    name: str
    length: int
    fields: tuple[Field, ...]

    @property
    def code(self) -> int:
        """The type character as a number 0..255."""
        return ord(self.type)


HEADER = (("message_type", ALPHA1), ("stock_locate", U16), ("tracking_number", U16), ("timestamp", TIMESTAMP))


def _message(type_: str, name: str, length: int, *fields: tuple[str, str]) -> Message:
    """Lay the fields out after the common header; the length printed in the specification must come out."""
    offset, laid = 0, []
    for field_name, kind in HEADER + fields:
        laid.append(Field(field_name, kind, offset))
        offset += SIZES[kind]
    assert offset == length, f"message {type_}: fields take {offset} bytes, the specification says {length}"
    return Message(type_, name, length, tuple(laid))


MESSAGES: tuple[Message, ...] = (
    _message("S", "system_event", 12, ("event_code", ALPHA1)),
    _message(
        "R", "stock_directory", 39,
        ("stock", ALPHA8), ("market_category", ALPHA1), ("financial_status", ALPHA1), ("round_lot_size", U32),
        ("round_lots_only", ALPHA1), ("issue_classification", ALPHA1), ("issue_sub_type", ALPHA2),
        ("authenticity", ALPHA1),
        ("short_sale_threshold", ALPHA1), ("ipo_flag", ALPHA1), ("luld_reference_price_tier", ALPHA1),
        ("etp_flag", ALPHA1),
        ("etp_leverage_factor", U32), ("inverse_indicator", ALPHA1),
    ),
    _message(
        "H", "stock_trading_action", 25,
        ("stock", ALPHA8), ("trading_state", ALPHA1), ("reserved", ALPHA1), ("reason", ALPHA4),
    ),
    _message("Y", "reg_sho_restriction", 20, ("stock", ALPHA8), ("reg_sho_action", ALPHA1)),
    _message(
        "L", "market_participant_position", 26,
        ("mpid", ALPHA4), ("stock", ALPHA8), ("primary_market_maker", ALPHA1), ("market_maker_mode", ALPHA1),
        ("market_participant_state", ALPHA1),
    ),
    _message(
        "V", "mwcb_decline_level", 35, ("level_1_price", PRICE8), ("level_2_price", PRICE8), ("level_3_price", PRICE8)
    ),
    _message("W", "mwcb_status", 12, ("breached_level", ALPHA1)),
    _message(
        "K", "quoting_period_update", 28,
        ("stock", ALPHA8), ("ipo_release_time_s", U32), ("ipo_release_qualifier", ALPHA1), ("ipo_price", PRICE4),
    ),
    _message(
        "J", "luld_auction_collar", 35,
        ("stock", ALPHA8), ("reference_price", PRICE4), ("upper_price", PRICE4), ("lower_price", PRICE4),
        ("extension", U32),
    ),
    _message("h", "operational_halt", 21, ("stock", ALPHA8), ("market_code", ALPHA1), ("halt_action", ALPHA1)),
    _message(
        "A", "add_order", 36,
        ("order_reference", U64), ("side", ALPHA1), ("shares", U32), ("stock", ALPHA8), ("price", PRICE4),
    ),
    _message(
        "F", "add_order_attributed", 40,
        ("order_reference", U64), ("side", ALPHA1), ("shares", U32), ("stock", ALPHA8), ("price", PRICE4),
        ("attribution", ALPHA4),
    ),
    _message("E", "order_executed", 31, ("order_reference", U64), ("executed_shares", U32), ("match_number", U64)),
    _message(
        "C", "order_executed_with_price", 36,
        ("order_reference", U64), ("executed_shares", U32), ("match_number", U64), ("printable", ALPHA1),
        ("execution_price", PRICE4),
    ),
    _message("X", "order_cancel", 23, ("order_reference", U64), ("cancelled_shares", U32)),
    _message("D", "order_delete", 19, ("order_reference", U64)),
    _message(
        "U", "order_replace", 35,
        ("original_order_reference", U64), ("new_order_reference", U64), ("shares", U32), ("price", PRICE4),
    ),
    _message(
        "P", "trade", 44,
        ("order_reference", U64), ("side", ALPHA1), ("shares", U32), ("stock", ALPHA8), ("price", PRICE4),
        ("match_number", U64),
    ),
    _message(
        "Q", "cross_trade", 40,
        ("shares", U64), ("stock", ALPHA8), ("cross_price", PRICE4), ("match_number", U64), ("cross_type", ALPHA1),
    ),
    _message("B", "broken_trade", 19, ("match_number", U64)),
    _message(
        "I", "net_order_imbalance", 50,
        ("paired_shares", U64), ("imbalance_shares", U64), ("imbalance_direction", ALPHA1), ("stock", ALPHA8),
        ("far_price", PRICE4), ("near_price", PRICE4), ("reference_price", PRICE4), ("cross_type", ALPHA1),
        ("price_variation", ALPHA1),
    ),
    _message("N", "retail_price_improvement", 20, ("stock", ALPHA8), ("interest_flag", ALPHA1)),
    _message(
        "O", "direct_listing_price_discovery", 48,
        ("stock", ALPHA8), ("open_eligibility", ALPHA1), ("minimum_price", PRICE4), ("maximum_price", PRICE4),
        ("near_execution_price", PRICE4), ("near_execution_time", U64), ("lower_collar_price", PRICE4),
        ("upper_collar_price", PRICE4),
    ),
)  # fmt: skip

BY_TYPE: dict[str, Message] = {message.type: message for message in MESSAGES}
LENGTHS: dict[int, int] = {message.code: message.length for message in MESSAGES}


@cache
def dtype_of(type_: str) -> np.dtype[Any]:
    """Return the packed NumPy dtype of a message type; the timestamp is `timestamp_high` (u2) and `timestamp_low` (u4).

    Raises KeyError for a type that the specification does not have.
    """
    fields: list[tuple[str, str]] = []
    for field in BY_TYPE[type_].fields:
        if field.kind == TIMESTAMP:
            fields += [("timestamp_high", ">u2"), ("timestamp_low", ">u4")]
        else:
            fields.append((field.name, NUMPY_KINDS[field.kind]))
    return np.dtype(fields)


def timestamp_ns(records: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return the nanoseconds since midnight of records of any `dtype_of` type, as u64."""
    high = records["timestamp_high"].astype(np.uint64)
    result: np.ndarray[Any, np.dtype[np.uint64]] = (high << np.uint64(32)) | records["timestamp_low"].astype(np.uint64)
    return result


def decode(message: bytes) -> dict[str, int | str]:
    """Return one message (without its length prefix) as field -> int (units as in the table) or str (padding removed).

    For people and tests; whole files go through `ext.itch.scan`. Raises ValueError for an unknown type or length.
    """
    known = BY_TYPE.get(chr(message[0])) if message else None
    if known is None:
        raise ValueError(f"unknown ITCH message type {message[:1]!r}")
    if len(message) != known.length:
        raise ValueError(f"ITCH message {known.type} ({known.name}) has {len(message)} bytes, must have {known.length}")
    result: dict[str, int | str] = {}
    for field in known.fields:
        raw = message[field.offset : field.offset + SIZES[field.kind]]
        result[field.name] = raw.decode("ascii", "replace").rstrip() if "alpha" in field.kind else int.from_bytes(raw)
    return result


def encode(type_: str, **values: int | str) -> bytes:
    """Return one message without its length prefix; missing fields are 0 or spaces. Raises ValueError."""
    message = BY_TYPE.get(type_)
    if message is None:
        raise ValueError(f"unknown ITCH message type {type_!r}")
    unknown = sorted(set(values) - {field.name for field in message.fields})
    if unknown:
        raise ValueError(f"ITCH message {type_} has no field {unknown[0]!r}")
    parts = [type_.encode("latin-1")]
    for field in message.fields[1:]:
        size, value = SIZES[field.kind], values.get(field.name, "" if "alpha" in field.kind else 0)
        if isinstance(value, str) != ("alpha" in field.kind):
            raise ValueError(f"ITCH message {type_}: {field.name} is {field.kind}, got {value!r}")
        if isinstance(value, str):
            if len(value) > size:
                raise ValueError(f"ITCH message {type_}: {field.name} has at most {size} characters, got {value!r}")
            parts.append(value.encode("ascii").ljust(size))
        else:
            if not 0 <= value < 1 << (8 * size):
                raise ValueError(f"ITCH message {type_}: {field.name} is 0..{(1 << (8 * size)) - 1}, got {value}")
            parts.append(value.to_bytes(size))
    return b"".join(parts)


def layout_text() -> str:
    """Return the text of layout.pxd: a packed struct a message type, every field as its raw big-endian bytes."""
    lines = ["# Made by `python -m ext.itch.messages` from the table in messages.py; do not edit.", ""]
    lines += ["ctypedef unsigned char byte", ""]
    for message in MESSAGES:
        lines.append(f"cdef packed struct {message.name}:  # {message.type!r}, {message.length} bytes")
        for field in message.fields:
            size = SIZES[field.kind]
            lines.append(f"    byte {field.name}[{size}]" if size > 1 else f"    byte {field.name}")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(layout_text(), end="")
