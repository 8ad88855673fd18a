"""What a standby and its primary say to each other (docs/standby.md, "The stream"). No I/O.

Frames are those of the other ports: from the standby QUERY, to it REPLY (in two parts, the second one bytes) and ERROR.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from openbell.records import HEADER, json_frame
from openbell.wire import FrameType

STREAM: Final = 1  # version of what is said here
BEAT_S: Final = 0.1
SILENT_S: Final = 3.0  # without a frame for that long the other one counts as gone
WINDOW_BYTES: Final = 1 << 23  # sent and not yet on the standby's disk
MAX_FRAME_BYTES: Final = 1 << 16  # to the primary


class Hello(msgspec.Struct, tag_field="what", tag="hello"):
    """Who wants to follow, and what it has: up to next_seq - 1, which ends at byte `offset` of `segment`; digest: the
    SHA-256 of these bytes. market: hexadecimal; empty: it has nothing. id: of the standby's directory."""

    token: str
    stream: int
    release: str
    name: str
    id: str
    market: str = ""
    next_seq: int = 1
    segment: int = 0
    offset: int = 0
    digest: str = ""
    epoch: int = 0
    from_snapshot: bool = False


class Ack(msgspec.Struct, tag_field="what", tag="ack"):
    """All up to `seq` is on the standby's disk; bytes: that it got so far."""

    seq: int
    bytes: int


class Pong(msgspec.Struct, tag_field="what", tag="pong"):
    """The answer to a beat. sent_ns: of that; ports: of the standby, for clients."""

    sent_ns: int
    applied: int
    ports: dict[str, str] = {}


class Handover(msgspec.Struct, tag_field="what", tag="handover"):
    """It is to become the primary."""

    operator: str
    reason: str


Said = Hello | Ack | Pong | Handover
_encode = msgspec.json.Encoder().encode


def said_frame(said: Said, number: int = 0) -> bytes:
    """A frame to the primary."""
    return json_frame(FrameType.QUERY, number, msgspec.to_builtins(said))


def told_frame(what: str, **fields: Any) -> bytes:
    """The first part of a frame to a standby."""
    return json_frame(FrameType.REPLY, 0, {"what": what, **fields})


def body_of(message: bytes) -> dict[str, Any]:
    """The JSON of a frame to a standby. Raises ValueError."""
    body = msgspec.json.decode(memoryview(message)[HEADER.size :])
    if not isinstance(body, dict):
        raise ValueError("no object")
    return body
