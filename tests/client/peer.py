"""A peer that speaks the order port's bytes, for cases that an engine never shows on purpose: gaps, repeats, disorder.

It accepts every order, fills those that are IOC, cancels and replaces whatever it is asked to, and does wrong what a
test tells it to. Tests of behaviour run against the real engine instead (tests/client/conftest.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER, MAGIC, frame, json_frame
from openbell.wire import CommandKind, EventKind, FrameType, TimeInForce

from tests.client.station import bound

Record = np.ndarray[Any, np.dtype[Any]]
INSTRUMENTS = [
    {"id": 1, "symbol": "ACME", "tick_size": 100, "lot_size": 1, "currency": "USD", "state": 1},
    {"id": 2, "symbol": "BOLT", "tick_size": 1, "lot_size": 1, "currency": "USD", "state": 1},
]
ACCOUNT = 3


def event(**fields: Any) -> Record:
    """One EVENT record."""
    made = np.zeros(1, wire.EVENT)
    for name, value in fields.items():
        made[name] = value
    return made


class Peer:
    """A ROUTER in a thread of its own. `history` is the account's stream; sessions get what `emit` adds to it."""

    def __init__(self) -> None:
        self.history: list[bytes] = []
        self.lock = threading.RLock()
        self.sessions: list[bytes] = []
        self.logins: list[dict[str, Any]] = []
        self.received: list[tuple[int, bytes]] = []  # type and frame, after the login
        self.silent = False  # takes frames, answers none
        self.first_kept = 1
        self.refuse: Callable[[int, bytes], dict[str, Any] | None] = lambda kind, body: None
        self.garble: Callable[[list[bytes]], list[list[bytes]]] = lambda events: [events]
        self._orders: dict[int, Record] = {}
        self._outbox: list[list[bytes]] = []
        self._stop = False
        self.port = 0
        self._start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _start(self) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVTIMEO, 5)
        self.port = bound(self._socket, self.port)
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Like a crash: connections break, sessions are forgotten."""
        self._stop = True
        self._thread.join(5)
        self._socket.close()
        self.sessions.clear()

    def restart(self) -> None:
        """At the same address again."""
        self._start()

    # ------------------------------------------------------------ what a test does

    def emit(self, **fields: Any) -> None:
        """Add an event to the account's stream and send it."""
        with self.lock:
            self._publish([self._record(**fields)])

    def send(self, data: bytes) -> None:
        """Send a frame as it is to all sessions."""
        with self.lock:
            self._outbox.extend([session, data] for session in self.sessions)

    def _record(self, **fields: Any) -> bytes:
        made = event(account=ACCOUNT, account_seq=len(self.history) + 1, seq=len(self.history) + 100, **fields)
        self.history.append(made.tobytes())
        return self.history[-1]

    def _publish(self, events: list[bytes]) -> None:
        for part in self.garble(events):
            self.send(frame(FrameType.EVENTS, 0, b"".join(part), len(part)))

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._stop:
            with self.lock:
                outbox, self._outbox = self._outbox, []
            for parts in outbox:
                self._socket.send_multipart(parts)
            try:
                identity, message = self._socket.recv_multipart()
            except zmq.Again:
                continue
            with self.lock:
                self._take(identity, message)

    def _take(self, identity: bytes, message: bytes) -> None:
        magic, version, kind, count, number = HEADER.unpack_from(message)
        assert (magic, version) == (MAGIC, wire.VERSION)
        body = message[HEADER.size :]
        if self.silent:
            return
        if kind == FrameType.LOGIN:
            self._login(identity, number, json.loads(body))
            return
        if identity not in self.sessions:
            refused = {"code": "not_logged_in", "text": "log in first"}
            self._outbox.append([identity, json_frame(FrameType.ERROR, number, refused)])
            return
        self.received.append((kind, message))
        refusal = self.refuse(kind, body)
        if refusal is not None:
            self._outbox.append([identity, json_frame(FrameType.ERROR, number, refusal)])
        elif kind == FrameType.ORDERS:
            assert len(body) == count * wire.ORDER_COMMAND.itemsize
            events: list[bytes] = []
            for command in np.frombuffer(bytearray(body), wire.ORDER_COMMAND):
                events += self._execute(command)
            self._publish(events)
        elif kind == FrameType.RESUME:
            asked = json.loads(body)
            self._resume(identity, number, int(asked["account"]), int(asked["from_seq"]))
        elif kind == FrameType.QUERY:
            rows = self._rows(json.loads(body))
            self._outbox.append([identity, json_frame(FrameType.REPLY, number, {"seq": 1, "rows": rows})])
        elif kind == FrameType.HEARTBEAT:
            self._outbox.append([identity, frame(FrameType.HEARTBEAT, number)])
        elif kind == FrameType.LOGOUT:
            self.sessions.remove(identity)

    def _login(self, identity: bytes, number: int, body: dict[str, Any]) -> None:
        self.logins.append(body)
        if body["api_key"] != "good":
            refused = {"code": "bad_api_key", "text": "no account has this key", "field": "api_key"}
            self._outbox.append([identity, json_frame(FrameType.ERROR, number, refused)])
            return
        answer = {
            "session": len(self.logins),
            "accounts": [
                {"id": ACCOUNT, "name": "alice", "next_seq": len(self.history) + 1, "last_client_order_id": 0},
            ],
            "instruments": INSTRUMENTS,
            "durability": "memory",
            "ts_ns": 0,
            "heartbeat_s": 0.3,
            "market": "peer",
        }
        self._outbox.append([identity, json_frame(FrameType.LOGGED_IN, number, answer)])
        for account, from_seq in body.get("resume", {}).items():
            self._resume(identity, number, int(account), int(from_seq))
        if identity not in self.sessions:
            self.sessions.append(identity)

    def _resume(self, identity: bytes, number: int, account: int, from_seq: int) -> None:
        if from_seq < self.first_kept:
            refused = {
                "code": "resume_too_old",
                "text": "not kept any more",
                "account": account,
                "limit": self.first_kept,
                "value": from_seq,
            }
            self._outbox.append([identity, json_frame(FrameType.ERROR, number, refused)])
            return
        events = self.history[from_seq - 1 :]
        if events:
            self._outbox.append([identity, frame(FrameType.EVENTS, number, b"".join(events), len(events))])
        done = {"account": account, "from_seq": from_seq, "next_seq": len(self.history) + 1}
        self._outbox.append([identity, json_frame(FrameType.RESUMED, number, done)])

    def _rows(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        if asked["what"] == "orders":
            return [
                {name: int(order[name]) for name in ("client_order_id", "order_id", "price", "account", "instrument")}
                | {"leaves": int(order["qty"]), "filled": 0, "side": int(order["side"])}
                for order in self._orders.values()
            ]
        return INSTRUMENTS if asked["what"] == "instruments" else []

    def _execute(self, command: Any) -> list[bytes]:
        kind, number = int(command["kind"]), int(command["client_order_id"])
        same = {name: command[name] for name in ("side", "instrument", "client_order_id", "price", "qty")}
        if kind == CommandKind.NEW_ORDER:
            same["order_id"] = order_id = (1 << 32) + number % 1000
            events = [self._record(kind=EventKind.ACCEPTED, leaves=command["qty"], **same)]
            if command["tif"] == TimeInForce.IOC:
                events.append(self._record(kind=EventKind.FILL, filled=command["qty"], trade_id=7, **same))
            else:
                kept = self._orders[number] = command.copy()
                kept["order_id"] = order_id
            return events
        if kind == CommandKind.MASS_CANCEL:
            gone = list(self._orders)
            events = [self._canceled(order) for order in gone]
            same["qty"] = len(gone)
            return [*events, self._record(kind=EventKind.MASS_CANCELED, **same)]
        if kind == CommandKind.CANCEL:
            return [self._canceled(number)]
        same["order_id"] = command["order_id"]
        self._orders[number]["price"], self._orders[number]["qty"] = command["price"], command["qty"]
        return [self._record(kind=EventKind.REPLACED, leaves=command["qty"], **same)]

    def _canceled(self, number: int) -> bytes:
        order = self._orders.pop(number)
        fields = {name: order[name] for name in ("side", "instrument", "client_order_id", "order_id", "price", "qty")}
        return self._record(kind=EventKind.CANCELED, reason=1, **fields)


@contextmanager
def running() -> Iterator[Peer]:
    """A peer that is stopped at the end."""
    peer = Peer()
    try:
        yield peer
    finally:
        peer.stop()
