"""The core's two inputs: commands, and the bytes of a snapshot; and the file that these are kept in."""

from __future__ import annotations

import functools
import json
import struct
import tempfile
import zlib
from base64 import b64encode
from pathlib import Path

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine import snapshots
from engine.journal.reader import JournalReader
from engine.market import load_feed
from engine.snapshots import SnapshotError
from ext.core import Core
from ext.feed import Feed
from ext.record import crc32c
from tests.engine import markets
from tests.engine.markets import START_NS, Trading, admin
from tests.fuzz.targets import One
from tests.fuzz.targets.parts import joined, parted

CAPACITIES = (8, 4, 64, 32, 64, 64, 2, 8)
MOST_CAPACITY = 1 << 12  # more is only more memory
ROUND_TRIP = 8  # of so many inputs of commands one is also saved and restored, which takes long
_CAPACITIES_AT = 32  # in the core's bytes, as many u64
_SIZES = {0: 64, 1: 128, 2: 256}


@functools.cache
def small() -> bytes:
    """A snapshot of a small market with two sides of a book, stops, linked and hidden orders, trades."""
    commands = [admin(CommandKind.CONFIGURE, *CAPACITIES), *markets.opening()[1:]]
    with tempfile.TemporaryDirectory(prefix="openbell-fuzz-") as folder:
        trading = Trading(Path(folder), 5, durability="memory", commands=commands)
        trading.trade(60)
        trading.trade_specials(20)
        trading.trade_linked(8)
        taken = trading.core.snapshot()
        trading.stop()
    return taken


# ---------------------------------------------------------------- commands


def start_commands() -> One:
    """One part a command: its kind is in it, the byte before it chooses its length and how much time has passed."""
    begin = small()

    def one(data: bytes) -> None:
        core = Core.restore(begin)
        for choice, body in parted(data):
            command = bytearray(body[: _SIZES.get(choice & 3, 256)].ljust(_SIZES.get(choice & 3, 256), b"\0"))
            if len(command) == 256 and command[16] == CommandKind.CONFIGURE:
                command = _capped(command)
            struct.pack_into("<Qq", command, 0, core.seq + 1, core.ts_ns + (choice >> 2) * 250_000_000)
            try:
                core.apply(bytes(command), True)
            except ValueError:
                continue
            core.take_events()
            core.take_market_data()
        if not data or data[-1] % ROUND_TRIP == 0:
            taken = core.snapshot()
            assert Core.restore(taken).snapshot() == taken, "a state that was restored is another one"

    return one


def _capped(command: bytearray) -> bytearray:
    """A CONFIGURE that does not ask for more memory than there is."""
    values = struct.unpack_from("<8q", command, 32)
    struct.pack_into("<8q", command, 32, *(value if value < 0 else value % MOST_CAPACITY for value in values))
    return command


def seeds_commands() -> list[bytes]:
    made = []
    seen: dict[int, list[tuple[int, bytes]]] = {}
    with tempfile.TemporaryDirectory(prefix="openbell-fuzz-") as folder:
        trading = Trading(Path(folder), 7, durability="memory")
        trading.trade(400)
        trading.trade_specials(20)
        trading.amend(3)
        trading.stop()
        with JournalReader(Path(folder) / "journal") as reader:
            whole = reader.read()
    at = 0
    while at < len(whole):
        kind = int.from_bytes(whole[at + 16 : at + 18], "little")
        choice = 2 if kind >= CommandKind.CONFIGURE else int(kind == CommandKind.NEW_SPECIAL)
        seen.setdefault(kind, []).append((4 | choice, whole[at : at + _SIZES[choice]]))
        at += _SIZES[choice]
    made += [joined(parts[:8]) for parts in seen.values()]
    for kind in CommandKind:  # one of each, with nothing in it but an account, an instrument and a value
        command = np.zeros((), wire.ADMIN_COMMAND)
        command["kind"], command["account"], command["instrument"], command["value0"] = kind, 1, 1, 1
        made.append(joined([(choice, command.tobytes()[: _SIZES[choice]]) for choice in (0, 1, 2)]))
    return made


# ---------------------------------------------------------------- restore


def start_restore() -> One:
    tick = np.zeros((), wire.ORDER_COMMAND)
    tick["kind"] = CommandKind.TICK

    def one(data: bytes) -> None:
        if len(data) >= _CAPACITIES_AT + 64 and max(struct.unpack_from("<8Q", data, _CAPACITIES_AT)) > MOST_CAPACITY:
            return
        try:
            core = Core.restore(data)
        except (ValueError, MemoryError):
            return
        for rows in (core.orders, core.accounts, core.positions, core.instruments, core.timers, core.withdrawals):
            rows()
        taken = core.snapshot()
        assert Core.restore(taken).snapshot() == taken, "a state that was restored is another one"

    return one


def seeds_restore() -> list[bytes]:
    return [small(), Core().snapshot(), small()[:400]]


# ---------------------------------------------------------------- snapshot


def start_snapshot() -> One:
    """A whole file; its checksums are put right, so that more than the first of them is met."""
    folder = Path(tempfile.mkdtemp(prefix="openbell-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    path = folder / "1.obs"

    def one(data: bytes) -> None:
        path.write_bytes(_put_right(data))
        try:
            found = snapshots.load(path)
        except SnapshotError:
            return
        try:
            load_feed(Feed(10), found.extra)
        except ValueError:
            pass

    return one


def _put_right(data: bytes) -> bytes:
    if len(data) < snapshots.HEAD_BYTES:
        return data
    made = bytearray(data)
    (text_bytes,) = struct.unpack_from("<I", made, 72)
    text, state = data[88 : 88 + text_bytes], data[88 + text_bytes :]
    struct.pack_into("<QIII", made, 64, len(state), len(text), crc32c(text), crc32c(state))
    struct.pack_into("<I", made, 84, crc32c(bytes(made[:84])))
    return bytes(made)


def seeds_snapshot() -> list[bytes]:
    feed = b64encode(zlib.compress(Feed(10).state(), 1)).decode()
    made = []
    for extra in ({"feed": feed, "counts": [1] * 8}, {}, {"feed": "eJw="}, {"feed": 5}):
        text = json.dumps(extra).encode()
        head = struct.pack(
            "<8sIIQq16s16sQIII", snapshots.MAGIC, 1, 88, 9, START_NS, bytes(16), bytes(16), 3, len(text), 0, 0
        )
        made.append(head + bytes(4) + text + b"abc")
    return made
