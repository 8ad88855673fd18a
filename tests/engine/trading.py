"""A real market without sockets: core, journal, streams, configuration; and the frames that clients send to it."""

from __future__ import annotations

import asyncio
import json
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from openbell import wire
from openbell.records import HEADER, MAGIC, frame
from openbell.wire import FrameType

from engine import config as configuration
from engine import recovery
from engine.journal.relaxed import RelaxedJournal
from engine.journal.writer import JournalWriter
from engine.keys import Keys
from engine.market import Market, load_feed
from engine.ports.orders import OrderProtocol
from engine.setup import Setup
from ext.feed import Feed
from ext.streams import Streams

NOW_NS = 1_700_000_000 * 10**9
KEYS = {"alice": "alice-key-0123456789", "bob": "bob-key-0123456789", "both": "both-key-0123456789"}
CONFIGURATION = f"""
[market]
name = "test"
durability = "%s"
memory_at_start = false
[ports]
heartbeat_s = 1.0
max_sessions = 3
max_key_sessions = 3
[capacity]
orders = 1000
timers = %d
accounts = 16
instruments = 8
[[instrument]]
symbol = "AAA"
id = 0
reference_price = 100
[[instrument]]
symbol = "BBB"
id = 1
reference_price = 50
state = "closed"
[[account]]
name = "alice"
id = 1
cash = 1_000_000
positions = {{ AAA = 100 }}
api_key = "{KEYS["alice"]}"
[[account]]
name = "bob"
id = 2
cash = 1_000_000
positions = {{ AAA = 100, BBB = 5 }}
api_key = "{KEYS["bob"]}"
"""


def checked(text: str) -> configuration.Config:
    return configuration.checked(tomllib.loads(text, parse_float=Decimal), "test")


class Trading:
    """A market, its order port's protocol, and what that sent. Make it on a running loop."""

    def __init__(
        self, folder: Path, durability: str = "memory", events: int = 10_000, more: str = "", timers: int = 65_536
    ) -> None:
        self.folder = folder
        self.config = checked(CONFIGURATION % (durability, timers) + more)
        self.streams, self.feed = Streams(events), Feed(1000)
        recovered = recovery.recover(
            folder,
            on_start=lambda extra: load_feed(self.feed, extra),
            on_events=lambda events, data: (self.streams.record(events), self.feed.add(data)),
        )
        writer = JournalWriter(
            folder / "journal",
            next_seq=recovered.next_seq,
            durability=durability,
            market_id=recovered.market_id,
            segment_bytes=1 << 20,
        )
        self.journal = RelaxedJournal(asyncio.get_running_loop(), writer) if durability == "memory" else writer
        self.market = Market(self.config, recovered, self.journal, self.streams, self.feed)
        setup = Setup(self.market, self.config, folder, lambda: NOW_NS)
        self.applied = setup.apply()
        if durability == "fsync":
            writer.wait(self.market.core.seq)
            self.market.on_durable()
        setup.remember()
        self.keys = Keys(folder)
        for name, number in (("alice", 1), ("bob", 2)):
            self.keys.add_account(number, name, KEYS[name])
            self.keys.add_account(number, name, KEYS["both"])
        self.sent: list[tuple[bytes, bytes]] = []
        self.deaf: set[bytes] = set()  # clients that do not read
        self.orders = OrderProtocol(self.market, self.keys, self._send, "test")
        self.market.send_events = self.orders.send_events
        self.data: list[bytes] = []
        self.market.send_data = self._publish
        self.number = 0

    def _send(self, identity: bytes, message: bytes) -> bool:
        if identity in self.deaf:
            return False
        self.sent.append((identity, message))
        return True

    def _publish(self, data: bytes) -> None:
        self.data += self.feed.add(data)

    def close(self) -> None:
        self.journal.close()

    def put(self, identity: bytes, message: bytes) -> list[tuple[FrameType, Any]]:
        """Have the port take a frame as in a wake-up of its own; what that client got."""
        before = len(self.sent)
        self.orders.receive(identity, message)
        self.market.sequencer.flush(0)
        return [decoded(sent) for to, sent in self.sent[before:] if to == identity]

    def take(self, identity: bytes) -> list[tuple[FrameType, Any]]:
        """What a client got since the last `take`."""
        got = [decoded(sent) for to, sent in self.sent if to == identity]
        self.sent = [(to, sent) for to, sent in self.sent if to != identity]
        return got

    def login(self, identity: bytes, name: str, **more: Any) -> list[tuple[FrameType, Any]]:
        return self.put(identity, json_frame(FrameType.LOGIN, {"api_key": KEYS[name], "client": "test", **more}))

    def sweep(self, until_s: float) -> None:
        """Time passes, and the port looks after its sessions as often as it does in the engine."""
        while self.orders.now_s + 0.5 < until_s:
            self.orders.sweep(self.orders.now_s + 0.5)
        self.orders.sweep(until_s)

    def durable(self) -> None:
        """Wait for the journal, then let out what it holds back."""
        assert isinstance(self.journal, JournalWriter)
        self.journal.wait(self.market.core.seq)
        self.market.on_durable()


def json_frame(kind: FrameType, body: object, number: int = 1) -> bytes:
    return frame(kind, number, json.dumps(body).encode())


def command(kind: wire.CommandKind = wire.CommandKind.NEW_ORDER, **fields: int) -> np.ndarray[Any, Any]:
    """One OrderCommand: by default a buy of 1 AAA at 99.00 of alice."""
    made = np.zeros(1, wire.ORDER_COMMAND)
    values = {"account": 1, "instrument": 0, "client_order_id": 1, "price": 99_0000, "qty": 1, "tif": 1, **fields}
    made["kind"] = kind
    for name, value in values.items():
        made[name] = value
    return made


def orders_frame(commands: Iterable[np.ndarray[Any, Any]], number: int = 1, count: int | None = None) -> bytes:
    body = b"".join(one.tobytes() for one in commands)
    return (
        HEADER.pack(MAGIC, wire.VERSION, FrameType.ORDERS, len(body) // 64 if count is None else count, number) + body
    )


def decoded(message: bytes) -> tuple[FrameType, Any]:
    """Type, and JSON or event records; the frame must be whole."""
    magic, version, kind, count, number = HEADER.unpack_from(message)
    assert (magic, version) == (MAGIC, wire.VERSION)
    body = message[HEADER.size :]
    if kind == FrameType.EVENTS:
        assert len(body) == count * wire.EVENT.itemsize
        return FrameType.EVENTS, np.frombuffer(body, wire.EVENT)
    assert len(body) == count
    if kind == FrameType.HEARTBEAT:
        return FrameType.HEARTBEAT, number
    return FrameType(kind), {**json.loads(body), "number": number}
