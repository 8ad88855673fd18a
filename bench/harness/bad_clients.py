"""`python -m bench.harness.bad_clients KIND ORDERS MARKET_DATA SNAPSHOTS API_KEY ACCOUNT SECONDS`: a client that means
no good, for so long; then it prints what it did and what it got.

Prints "ready" first and begins at a line on its standard input.
"""

from __future__ import annotations

import json
import os
import random
import socket as tcp
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER, MARKET_DATA_HEADER, frame, json_frame
from openbell.wire import FrameType

from bench.harness.wirework import KIND_AT, buys, connected

NICE: Final = 19
READ_S: Final = 1.0  # at the end, for what was sent to it meanwhile
TCP_CLIENTS: Final = 200
HANDSHAKE_S: Final = 6.0  # the engine's is 5 s
PREFIXES: Final = 20_000
GIANT: Final = bytes(2 << 20)


class Bad:
    """What a kind of client needs, and what it got."""

    def __init__(self, orders: str, market_data: str, snapshots: str, api_key: str, account: int) -> None:
        self.orders, self.market_data, self.snapshots = orders, market_data, snapshots
        self.api_key, self.account = api_key, account
        self.got: Counter[str] = Counter()
        self.did: Counter[str] = Counter()
        self.until_s = 0.0

    def turns(self, pause_s: float = 0.0) -> Iterator[int]:
        """Numbers, until the time is over."""
        number = 0
        while time.monotonic() < self.until_s:
            yield number
            number += 1
            if pause_s:
                time.sleep(pause_s)

    def dealer(self, endpoint: str, **options: int) -> zmq.Socket[bytes]:
        made: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        made.linger = 0
        for name, value in options.items():
            setattr(made, name, value)
        made.connect(endpoint)
        return made

    def send(self, socket: zmq.Socket[bytes], message: bytes, what: str) -> None:
        """Send, where the connection takes it."""
        try:
            socket.send(message, zmq.NOBLOCK)
            self.did[what] += 1
        except zmq.Again:
            self.did[f"{what} that its connection did not take"] += 1
            time.sleep(0.001)

    def read(self, socket: zmq.Socket[bytes], seconds: float = 0.0) -> None:
        """Count what has come."""
        until_s = time.monotonic() + seconds
        while socket.poll(max(0, int((until_s - time.monotonic()) * 1000))):
            message = socket.recv_multipart()[0]
            kind = FrameType(message[KIND_AT]).name
            if kind == FrameType.ERROR.name:
                kind = f"ERROR {json.loads(message[HEADER.size :])['code']}"
            self.got[kind] += 1

    # ------------------------------------------------------------ those who do not read

    def slow_reader_of_events(self) -> None:
        socket, body = connected(self.orders, self.api_key)
        first_id = 1 + int(body["accounts"][0]["last_client_order_id"])
        orders = buys(self.account, 64, wire.TimeInForce.IOC)
        for number in self.turns(0.002):
            orders["client_order_id"] = first_id + 64 * number + np.arange(64, dtype=np.uint64)
            self.send(socket, frame(FrameType.ORDERS, 1, orders.tobytes(), 64), "frames of 64 orders")
        self.read(socket, READ_S)

    def slow_reader_of_market_data(self) -> None:
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        socket.linger, socket.rcvhwm, socket.rcvbuf = 0, 1, 4096
        socket.subscribe(b"")
        socket.connect(self.market_data)
        for _ in self.turns(0.05):
            pass
        next_seq: dict[int, int] = {}
        while socket.poll(int(READ_S * 1000)):
            letter, _, _, count, first = MARKET_DATA_HEADER.unpack_from(socket.recv())
            self.got["frames"] += 1
            if letter != wire.Channel.HEARTBEAT:
                self.got["gaps"] += next_seq.get(letter, first) != first
                next_seq[letter] = first + count
            if self.got["frames"] > 1000:
                break

    def slow_reader_of_snapshots(self) -> None:
        socket = self.dealer(self.snapshots, rcvhwm=1, rcvbuf=4096)
        for number in self.turns(0.001):
            self.send(
                socket, json_frame(FrameType.QUERY, 1 + number, {"channel": "BDTXSAVCI"[number % 9]}), "questions"
            )
        self.read(socket, READ_S)

    # ------------------------------------------------------------ connections

    def _address(self) -> tuple[str, int]:
        host, _, port = self.orders.removeprefix("tcp://").rpartition(":")
        return host, int(port)

    def half_open(self) -> None:
        """Connections that say nothing, or half of a greeting."""
        made = [tcp.create_connection(self._address()) for _ in range(TCP_CLIENTS)]
        for one in made[::2]:
            one.sendall(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03")
        self.did["connections"] += len(made)
        time.sleep(max(HANDSHAKE_S, self.until_s - time.monotonic()))
        for one in made:
            one.settimeout(0.01)
            try:
                while one.recv(4096):
                    pass
                self.got["disconnected"] += 1
            except TimeoutError:
                self.got["still connected"] += 1
            except OSError:
                self.got["disconnected"] += 1

    def connect_storm(self) -> None:
        for _ in self.turns():
            try:
                tcp.create_connection(self._address(), 1.0).close()
                self.did["connections"] += 1
            except OSError as error:
                self.got[type(error).__name__] += 1

    def garbage_bytes(self) -> None:
        """Not even ZeroMQ."""
        for _ in self.turns(0.002):
            try:
                with tcp.create_connection(self._address(), 1.0) as one:
                    one.sendall(random.randbytes(4096))
                    self.did["connections with 4 KiB of noise"] += 1
                    one.settimeout(1.0)
                    while one.recv(4096):
                        pass
                    self.got["disconnected"] += 1
            except TimeoutError:
                self.got["still connected"] += 1
            except OSError:
                self.got["disconnected"] += 1

    # ------------------------------------------------------------ logins

    def login_storm(self) -> None:
        socket = self.dealer(self.orders)
        for number in self.turns():
            self.send(socket, json_frame(FrameType.LOGIN, number, {"api_key": self.api_key, "client": "bad"}), "logins")
            self.read(socket)
        self.read(socket, READ_S)

    def login_storm_without_a_key(self) -> None:
        for number in self.turns():
            socket = self.dealer(self.orders)
            self.send(socket, json_frame(FrameType.LOGIN, number, {"api_key": f"guess {number}"}), "logins")
            socket.poll(100)
            self.read(socket)
            socket.close()

    def never_logged_in(self) -> None:
        socket = self.dealer(self.orders)
        message = frame(FrameType.ORDERS, 1, buys(self.account, 16, wire.TimeInForce.IOC).tobytes(), 16)
        for _ in self.turns(0.0005):
            self.send(socket, message, "frames of orders")
            self.read(socket)

    # ------------------------------------------------------------ frames

    def giant_frames(self) -> None:
        socket = self.dealer(self.orders)
        monitor = socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        for _ in self.turns(0.05):
            self.send(socket, GIANT, "frames of 2 MiB")
            while monitor.poll(0):
                monitor.recv_multipart()
                self.got["disconnected"] += 1
        self.read(socket)

    def garbage_frames(self) -> None:
        socket, _ = connected(self.orders, self.api_key)
        for _ in self.turns(0.0005):
            self.send(socket, random.randbytes(random.randrange(256)), "frames")
            self.read(socket)

    # ------------------------------------------------------------ questions

    def resume_abuse(self) -> None:
        socket, _ = connected(self.orders, self.api_key)
        for number in self.turns():
            body = {"account": self.account, "from_seq": 1}
            self.send(socket, json_frame(FrameType.RESUME, 2 + number, body), "resumes from 1")
            self.read(socket)
        self.read(socket, READ_S)

    def query_abuse(self) -> None:
        socket, _ = connected(self.orders, self.api_key)
        whats = ("fills", "instruments", "orders", "account")
        for number in self.turns():
            body = {"what": whats[number % 4], "account": self.account}
            self.send(socket, json_frame(FrameType.QUERY, 2 + number, body), "queries")
            self.read(socket)
        self.read(socket, READ_S)

    def subscription_abuse(self) -> None:
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        socket.linger = 0
        socket.connect(self.market_data)
        for number in self.turns():
            if number < PREFIXES:
                socket.subscribe(random.randbytes(64))
                self.did["subscriptions to nothing"] += 1
            while socket.poll(0 if number < PREFIXES else 10):
                socket.recv()
                self.got["frames"] += 1


KINDS: Final = tuple(
    name for name in vars(Bad) if not name.startswith("_") and name not in ("turns", "dealer", "send", "read")
)


def main() -> None:
    kind, orders, market_data, snapshots, api_key, account, seconds = sys.argv[1:]
    os.nice(NICE)
    bad = Bad(orders, market_data, snapshots, api_key, int(account))
    work: Callable[[], Any] = getattr(bad, kind)
    print("ready", flush=True)
    sys.stdin.readline()
    bad.until_s = time.monotonic() + float(seconds)
    work()
    print(json.dumps({"did": bad.did, "got": bad.got}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
