"""Decoders with a bug in them: what a crash, a hang and growth look like when they are found."""

from __future__ import annotations

import time

from tests.fuzz.targets import One

MOST_KEPT = 1 << 10  # 256 MiB: however fast it runs, it is growth, and not all memory there is
_kept: list[bytes] = []


def start_crash() -> One:
    def one(data: bytes) -> None:
        if data[:1] == b"O" and data[1:2] == b"B" and data[2:3] > b"\x80":
            raise ZeroDivisionError("planted")

    return one


def start_hang() -> One:
    def one(data: bytes) -> None:
        if data[:1] == b"O" and data[1:2] == b"B":
            time.sleep(5)

    return one


def start_growth() -> One:
    def one(data: bytes) -> None:
        if data == b"an input" and len(_kept) < MOST_KEPT:
            _kept.append(b"x" * (1 << 18))

    return one


def seeds_crash() -> list[bytes]:
    return [b"an input", b""]


seeds_hang = seeds_growth = seeds_crash
