"""Frames on the ROUTER ports: taken apart and checked, answers and errors made. No I/O."""

from __future__ import annotations

from struct import Struct
from typing import Any, Final, TypeVar

import msgspec
from openbell import wire
from openbell.records import HEADER, MAGIC, frame
from openbell.wire import FrameType

HEAD_BYTES: Final = HEADER.size
MAX_JSON_BYTES: Final = 1 << 16
DISK_FULL: Final = "disk_full"
STANDBY: Final = "standby"  # only the primary does that
WORD = Struct("<IIQ")  # magic, version and type as one number; count; number
T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
RECORD_BYTES: Final = {  # of the frames that carry commands
    int(FrameType.ORDERS): wire.ORDER_COMMAND.itemsize,
    int(FrameType.SPECIALS): wire.SPECIAL_COMMAND.itemsize,
}
_TO_ENGINE = frozenset(int(kind) for kind in FrameType if kind < 64)


def word_of(kind: FrameType) -> int:
    """The first four bytes of a frame of that type, as one number."""
    return MAGIC | wire.VERSION << 16 | kind << 24


class FrameError(Exception):
    """A frame or a request was refused. Its fields go into an ERROR frame; those that are None are left out."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        field: str | None = None,
        limit: object = None,
        value: object = None,
        index: int | None = None,
        account: int | None = None,
    ) -> None:
        super().__init__(text)
        self.code = code
        body = {"field": field, "limit": limit, "value": value, "index": index, "account": account}
        self.body: dict[str, Any] = {"code": code, "text": text}
        self.body.update((name, given) for name, given in body.items() if given is not None)


def error_frame(number: int, error: FrameError) -> bytes:
    """The ERROR frame that answers frame `number`."""
    return json_frame(FrameType.ERROR, number, error.body)


def json_frame(kind: FrameType, number: int, body: object) -> bytes:
    """A frame with a JSON body."""
    return frame(kind, number, _encode(body))


def number_of(message: bytes) -> int:
    """The number of a frame, for the answer; 0 where there is none."""
    return int.from_bytes(message[8:HEAD_BYTES], "little") if len(message) >= HEAD_BYTES else 0


def head_of(message: bytes) -> tuple[int, int, int]:
    """Type, count and number of a frame that is whole. Raises FrameError (bad_frame)."""
    if len(message) < HEAD_BYTES:
        raise FrameError(
            "bad_frame", f"a frame has a head of {HEAD_BYTES} bytes, this one has {len(message)} bytes",
            field="length", limit=HEAD_BYTES, value=len(message),
        )  # fmt: skip
    magic, version, kind, count, number = HEADER.unpack_from(message)
    if magic != MAGIC:
        raise FrameError(
            "bad_frame", f"magic is {magic:#06x}, expected {MAGIC:#06x}", field="magic", limit=MAGIC, value=magic
        )
    if version != wire.VERSION:
        raise FrameError(
            "bad_frame", f"version is {version}, this engine speaks {wire.VERSION}",
            field="version", limit=wire.VERSION, value=version,
        )  # fmt: skip
    if kind not in _TO_ENGINE:
        raise FrameError("bad_frame", f"type {kind} is none that the engine takes", field="type", value=kind)
    size = RECORD_BYTES.get(kind, 1)
    if len(message) != HEAD_BYTES + count * size:
        raise FrameError(
            "bad_frame", f"count {count} makes {HEAD_BYTES + count * size} bytes, the frame has {len(message)}",
            field="count", limit=(len(message) - HEAD_BYTES) // size, value=count,
        )  # fmt: skip
    return kind, count, number


def body_of(message: bytes, kind: type[T], code: str = "bad_frame") -> T:
    """The JSON body of a frame as a typed value. Raises FrameError."""
    if len(message) > HEAD_BYTES + MAX_JSON_BYTES:
        raise FrameError(
            code, f"JSON of {len(message) - HEAD_BYTES} bytes, the limit is {MAX_JSON_BYTES}",
            field="count", limit=MAX_JSON_BYTES, value=len(message) - HEAD_BYTES,
        )  # fmt: skip
    try:
        return msgspec.json.decode(memoryview(message)[HEAD_BYTES:], type=kind)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        said = said.replace("`", "")
        field = where.strip(".`") or None
        if field is None and "field " in said:
            field = said.rpartition("field ")[2]
        raise FrameError(code, f"{field}: {said}" if field else said, field=field) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(code, f"no JSON: {error}") from None
