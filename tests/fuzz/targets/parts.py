"""An input in several parts: each is its length (u16), a byte of the target's own choice, and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MOST_PARTS = 24


def parted(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The parts; the last one may be shorter than its length says."""
    at = 0
    for _ in range(MOST_PARTS):
        if at + 3 > len(data):
            return
        size = int.from_bytes(data[at : at + 2], "little")
        yield data[at + 2], data[at + 3 : at + 3 + size]
        at += 3 + size


def joined(parts: Iterable[tuple[int, bytes]]) -> bytes:
    """The input that has these parts."""
    return b"".join(len(body).to_bytes(2, "little") + bytes([choice]) + body for choice, body in parts)
