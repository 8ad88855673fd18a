"""Fixed-width records to and from Python values, one at a time: structs made from the dtypes of `wire`."""

from __future__ import annotations

import json
from struct import Struct
from typing import Any

import numpy as np

from openbell import wire

MAGIC = 0x424F  # "OB"
_LETTERS = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i8": "q"}


def letters_of(dtype: np.dtype[Any]) -> str:
    """The struct letters of a dtype's fields, without byte order."""
    letters = []
    for name in dtype.names or ():
        kind = dtype[name].str.lstrip("<|")
        letters.append(f"{kind[1:]}s" if kind[0] == "S" else _LETTERS[kind])
    return "".join(letters)


def struct_of(dtype: np.dtype[Any]) -> Struct:
    """The struct that packs and unpacks one record of a dtype."""
    made = Struct("<" + letters_of(dtype))
    assert made.size == dtype.itemsize
    return made


HEADER = struct_of(wire.FRAME_HEADER)
EVENT = struct_of(wire.EVENT)
REJECT = struct_of(wire.REJECT)
MARKET_DATA_HEADER = struct_of(wire.MARKET_DATA_HEADER)
MARKET_DATA = struct_of(wire.MARKET_DATA)
TOP = struct_of(wire.TOP)
DEPTH = struct_of(wire.DEPTH)
TRADE = struct_of(wire.TRADE)
STATISTICS = struct_of(wire.STATISTICS)
BAR = struct_of(wire.BAR)
HEARTBEAT = struct_of(wire.HEARTBEAT)
# A whole ORDERS or SPECIALS frame of one command: packed in one call.
ORDER_FRAME = Struct("<" + letters_of(wire.FRAME_HEADER) + letters_of(wire.ORDER_COMMAND))
SPECIAL_FRAME = Struct("<" + letters_of(wire.FRAME_HEADER) + letters_of(wire.SPECIAL_COMMAND))


def frame(kind: int, number: int, body: bytes = b"", count: int | None = None) -> bytes:
    """A frame; `count` is the number of records, or by default the length of a JSON body."""
    return HEADER.pack(MAGIC, wire.VERSION, kind, len(body) if count is None else count, number) + body


def json_frame(kind: int, number: int, body: object) -> bytes:
    """A frame with a JSON body."""
    return frame(kind, number, json.dumps(body, separators=(",", ":")).encode())


def json_body(message: bytes) -> dict[str, Any]:
    """The JSON object after the head of a frame. Raises ValueError."""
    try:
        body = json.loads(message[HEADER.size :])
    except RecursionError:
        raise ValueError("a frame's JSON is nested too deep") from None
    if not isinstance(body, dict):
        raise ValueError("a frame's JSON must be an object")
    return body
