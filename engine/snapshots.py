"""Snapshots of the core on disk: a shorter way to the present than the whole journal, and nothing more.

A file is a head of 88 bytes, `extra` as JSON, and the core's bytes. It is written under a temporary name and gets its
own when it is on disk, so that a file with a snapshot's name is whole, or was damaged later, which its checksums show.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.files import make_folder
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.world import files, here
from ext.core import Core
from ext.record import crc32c

MAGIC = b"OBSNAPS1"
VERSION = 1
HEAD_BYTES = 88
SUFFIX = ".obs"
KEPT = 3  # newest ones; besides, one that has HISTORY_COMMANDS after it
HISTORY_COMMANDS = 200_000  # what a restart replays at least, so that the ports have a history to resume from
HASH_BYTES = 16
PIECE_BYTES = 1 << 20  # of a file that is written beside others
_HEAD = struct.Struct("<8sIIQq16s16sQIII")


class SnapshotError(Exception):
    """A snapshot could not be written, or cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A snapshot file, by its name."""

    path: Path
    seq: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot file holds. `state` is for Core.restore."""

    seq: int
    ts_ns: int
    market_id: bytes
    state_hash: str
    extra: dict[str, Any]
    state: memoryview


def folder(data: Path) -> Path:
    """Where the snapshots of the market in `data` are."""
    return data / "snapshots"


def listed(data: Path) -> list[Saved]:
    """The snapshots of the market in `data`, ascending."""
    try:
        names = here.system.listdir(folder(data))
    except FileNotFoundError:
        return []
    stems = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
    found = [Saved(folder(data) / f"{stem}{SUFFIX}", int(stem)) for stem in stems if stem.isdecimal()]
    return sorted(found, key=lambda saved: saved.seq)


def save(data: Path, core: Core, extra: dict[str, Any]) -> Path:
    """Write the core's state and `extra` to disk; remove what is older than the newest few. The file's path.

    What the core has applied must be durable in the journal by now. Raises SnapshotError, and leaves no half file.
    """
    return write(data, core.snapshot(), core.seq, core.ts_ns, extra)


def write(
    data: Path, state: bytes, seq: int, ts_ns: int, extra: dict[str, Any], rest: Callable[[], None] | None = None
) -> Path:
    """As `save`, for bytes that were taken from the core before: needs no core, so it may run in another thread.

    Bytes in `extra` are packed to text, which `unpacked` undoes. rest: is called between pieces of the work, each of
    which is on disk by then.
    """
    directory = folder(data)
    path = directory / f"{seq:018d}{SUFFIX}"
    temporary = directory / f"{seq}.tmp"
    text = json.dumps(extra, default=_packed, separators=(",", ":")).encode()
    try:
        market_id = segment.market_id_of(data / "journal") or bytes(16)
        state_hash = hashlib.blake2b(state, digest_size=HASH_BYTES).digest()
        head = _HEAD.pack(
            MAGIC, VERSION, HEAD_BYTES, seq, ts_ns, market_id, state_hash, len(state), len(text),
            crc32c(text), crc32c(state),
        )  # fmt: skip
        head += struct.pack("<I", crc32c(head))
        make_folder(directory)
        for name in here.system.listdir(directory):
            if name.endswith(".tmp"):  # of a process that was cut off
                files.unlink(directory / name)
        try:
            write_file(temporary, [head, text, state], rest)
            here.system.rename(temporary, path)
        except BaseException:
            files.unlink(temporary, missing_ok=True)
            raise
        segment.sync_directory(directory)
        _prune(data)
    except OSError as error:
        raise SnapshotError(f"snapshot of seq {seq} not written: {segment.no_room(error, directory)}") from error
    except JournalError as error:
        raise SnapshotError(f"snapshot of seq {seq} not written: {error}") from error
    return path


def _packed(value: object) -> str:
    """For JSON. zlib works beside other threads, and what is left for base64 is short."""
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is not for a snapshot")
    return b64encode(zlib.compress(value, 1)).decode()


def unpacked(text: object) -> bytes:
    """The bytes that `write` was given. Raises ValueError for what it did not write."""
    if not isinstance(text, str):
        raise ValueError(f"what was packed is text, not {type(text).__name__}")
    try:
        return zlib.decompress(b64decode(text))
    except zlib.error as error:
        raise ValueError(f"what was packed is not whole: {error}") from None


def load(path: Path) -> Snapshot:
    """Read a snapshot and check it. Raises SnapshotError for one that is not what was written, OSError."""
    data = memoryview(files.read(path))
    got = len(data)
    if got < HEAD_BYTES:
        raise SnapshotError(f"{path}: the head has {got} of {HEAD_BYTES} bytes")
    magic, version, head_bytes, seq, ts_ns, market_id, state_hash, state_bytes, text_bytes, text_crc, state_crc = (
        _HEAD.unpack_from(data)
    )
    if magic != MAGIC:
        raise SnapshotError(f"{path}: it begins with {magic!r}, a snapshot begins with {MAGIC!r}")
    if crc32c(data[: _HEAD.size]) != struct.unpack_from("<I", data, _HEAD.size)[0]:
        raise SnapshotError(f"{path}: the checksum of the head is wrong")
    if (version, head_bytes) != (VERSION, HEAD_BYTES):
        raise SnapshotError(f"{path}: format version {version}, this program reads version {VERSION}")
    whole = HEAD_BYTES + text_bytes + state_bytes
    if got != whole:
        raise SnapshotError(f"{path}: it has {got} of {whole} bytes")
    text, state = data[HEAD_BYTES : HEAD_BYTES + text_bytes], data[HEAD_BYTES + text_bytes :]
    if crc32c(text) != text_crc or crc32c(state) != state_crc:
        raise SnapshotError(f"{path}: the checksum of its content is wrong")
    try:
        extra = json.loads(bytes(text))
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{path}: what is beside the core is no JSON: {error}") from None
    if not isinstance(extra, dict):
        raise SnapshotError(f"{path}: what is beside the core is no JSON object")
    return Snapshot(seq, ts_ns, market_id, state_hash.hex(), extra, state)


def restore(path: Path) -> tuple[Core, Snapshot]:
    """The core as it was, and what came with it. Raises SnapshotError, OSError."""
    snapshot = load(path)
    try:
        core = Core.restore(snapshot.state)
    except ValueError as error:
        raise SnapshotError(f"{path}: {error}") from error
    if core.seq != snapshot.seq:
        raise SnapshotError(f"{path}: its head says seq {snapshot.seq}, its content seq {core.seq}")
    return core, snapshot


def write_file(path: Path, parts: list[bytes], rest: Callable[[], None] | None = None) -> None:
    """Make a file of these parts, on disk when this returns. rest: see `write`. Raises OSError."""
    descriptor = here.system.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        # Room first: a disk that is full is found out before anything is written.
        here.system.posix_fallocate(descriptor, 0, sum(map(len, parts)))
        for part in parts:
            if rest is None:
                files.write(descriptor, memoryview(part))
                continue
            for begin in range(0, len(part), PIECE_BYTES):
                files.write(descriptor, memoryview(part)[begin : begin + PIECE_BYTES])
                here.system.fdatasync(descriptor)  # little at a time: commits of the journal wait for it
                rest()
        here.system.fsync(descriptor)
    finally:
        here.system.close(descriptor)


def _prune(data: Path) -> None:
    """Remove all but the newest few, the newest with a history after it, and the one that a journal without its
    beginning begins with: who is behind (the database, a search of old trades) has no other way to what comes after it.
    """
    found = listed(data)
    kept = found[-KEPT:]
    old_enough = [saved for saved in found if saved.seq + HISTORY_COMMANDS <= found[-1].seq]
    segments = segment.segments(data / "journal")
    first_seq = segments[0].first_seq if segments else 1
    base = [saved for saved in found if saved.seq + 1 >= first_seq > 1][:1]
    for saved in found:
        if saved not in kept and saved not in base and saved != (old_enough or kept)[-1]:
            files.unlink(saved.path)
