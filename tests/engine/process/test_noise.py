"""Frames that are none, on every port, while somebody else trades."""

from __future__ import annotations

import random
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zmq
from openbell import wire
from openbell.records import HEADER, MAGIC, frame, json_body, json_frame
from openbell.wire import FrameType

from tests.engine.process.running import Running

PORTS = ("orders", "snapshots", "control")


def error_of(peer: zmq.Socket[bytes]) -> str:
    message = peer.recv()
    assert HEADER.unpack_from(message)[2] == FrameType.ERROR
    return str(json_body(message)["code"])


class Trader(threading.Thread):
    """Trades with itself until it is told to stop; each order must be accepted and filled."""

    def __init__(self, engine: Running) -> None:
        super().__init__(daemon=True)
        self.engine = engine
        self.enough = threading.Event()
        self.trades = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            with self.engine.client("alice") as alice, self.engine.client("bob") as bob:
                while not self.enough.is_set():
                    order = alice.buy("AAA", 1, "99.00").wait_accepted()
                    bob.sell("AAA", 1, "99.00").wait_filled()
                    order.wait_filled()
                    self.trades += 1
        except BaseException as error:
            self.error = error

    def __enter__(self) -> Trader:
        self.start()
        return self

    def __exit__(self, *rest: object) -> None:
        self.wait_for(self.trades + 20)
        self.enough.set()
        self.join(20)
        assert self.error is None, self.error
        assert not self.is_alive()

    def wait_for(self, trades: int) -> None:
        deadline_s = time.monotonic() + 30
        while self.trades < trades and self.error is None:
            assert time.monotonic() < deadline_s, "trading has stopped"
            time.sleep(0.005)


@pytest.mark.parametrize("port", PORTS)
def test_malformed_frames(tmp_path: Path, port: str) -> None:
    with Running(tmp_path) as engine, Trader(engine):
        peer = engine.dealer(port)
        wrong = [
            b"",
            b"\0",
            b"\xff" * 16,
            HEADER.pack(MAGIC, 9, FrameType.QUERY, 0, 1),
            HEADER.pack(MAGIC, 1, 200, 0, 1),
            HEADER.pack(MAGIC, 1, FrameType.ORDERS, 2**32 - 1, 1),
            frame(FrameType.QUERY, 1, b"{" * 1000),
            frame(FrameType.QUERY, 1, b"\xff"),
        ]
        for message in wrong:
            peer.send(message)
            assert error_of(peer) in ("bad_frame", "bad_query", "not_logged_in")
        peer.send_multipart([b"a", b"b", b"c"])
        assert error_of(peer) == "bad_frame"
        named = engine.dealer(port, identity=b"me")
        named.send(frame(FrameType.HEARTBEAT, 1))
        assert error_of(named) == "bad_frame"
        for one in (peer, named):
            one.close()


@pytest.mark.parametrize("port", [*PORTS, "market_data"])
def test_frames_that_are_too_large_cost_their_sender_the_connection(tmp_path: Path, port: str) -> None:
    with Running(tmp_path) as engine, Trader(engine):
        peer = engine.dealer(port, maxmsgsize=-1)
        monitor = peer.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        peer.send(b"\x02" * (8 << 20))  # no subscription
        assert monitor.poll(10_000)
        peer.disable_monitor()
        peer.close()


def test_random_bytes_on_every_port(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    commands = np.zeros(2, wire.ORDER_COMMAND)
    commands["kind"], commands["account"], commands["qty"], commands["client_order_id"] = 1, 1, 1, [1, 2]
    good = [
        frame(FrameType.ORDERS, 1, commands.tobytes(), 2),
        json_frame(FrameType.LOGIN, 1, {"api_key": "x"}),
        json_frame(FrameType.QUERY, 1, {"what": "orders"}),
        json_frame(FrameType.QUERY, 1, {"channel": "B"}),
        json_frame(FrameType.QUERY, 1, {"verb": "status", "token": "x"}),
    ]
    with Running(tmp_path) as engine, Trader(engine) as trader:
        for _ in range(40):
            for port in (*PORTS, "market_data"):
                peer = engine.dealer(port)
                for _ in range(chance.randrange(1, 20)):
                    data = bytearray(chance.choice(good) if chance.random() < 0.7 else chance.randbytes(40))
                    for _ in range(chance.randrange(4)):
                        data[chance.randrange(len(data))] = chance.randrange(256)
                    peer.send(bytes(data[: chance.randrange(1, len(data) + 1)]))
                peer.close(linger=100)
        trader.wait_for(trader.trades + 20)
        with engine.operator() as operator:
            assert operator.status().sessions == 2
        log = engine.log.read_text()
        assert "a frame was not handled" not in log
        assert "an error inside the engine" not in log


def test_bytes_that_are_no_zeromq_at_all(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Running(tmp_path) as engine, Trader(engine):
        for place in engine.ports.values():
            host, _, port = place.removeprefix("tcp://").rpartition(":")
            for _ in range(20):
                with socket.create_connection((host, int(port)), timeout=10) as plain:
                    plain.sendall(chance.randbytes(chance.randrange(1, 3000)))


def test_a_client_that_errs_without_end_is_not_answered_any_more(tmp_path: Path) -> None:
    with Running(tmp_path) as engine, Trader(engine):
        peer = engine.dealer("orders")
        peer.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("eve")}))
        assert HEADER.unpack_from(peer.recv())[2] == FrameType.LOGGED_IN
        for _ in range(300):
            peer.send(b"x")
        peer.send(frame(FrameType.HEARTBEAT, 9))
        answers = 0
        while peer.poll(1000):
            assert error_of(peer) == "bad_frame"
            answers += 1
        assert answers == 100
        peer.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("eve")}))
        assert HEADER.unpack_from(peer.recv())[2] == FrameType.LOGGED_IN
        peer.close()
