"""Frames and sockets for benchmarks that do without the SDK: a client that counts, and one that measures."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER, json_frame
from openbell.wire import CommandKind, FrameType

from bench import flow
from bench.harness import commands

LOGIN_S = 10.0
KIND_AT = 3  # of a frame
PRICE = flow.START_PRICE * commands.TICK
FAR = PRICE // 100 * 90 // 100 * 100  # a buy there meets nobody


def connected(endpoint: str, api_key: str) -> tuple[zmq.Socket[bytes], dict[str, Any]]:
    """A DEALER that is logged in, and the answer. Raises RuntimeError."""
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.connect(endpoint)
    socket.send(json_frame(FrameType.LOGIN, 1, {"api_key": api_key, "client": "bench"}))
    if not socket.poll(int(LOGIN_S * 1000)):
        raise RuntimeError(f"no answer to a login within {LOGIN_S:g} s")
    message = socket.recv()
    body: dict[str, Any] = json.loads(message[HEADER.size :])
    if message[KIND_AT] != FrameType.LOGGED_IN:
        raise RuntimeError(f"the login was refused: {body}")
    return socket, body


def buys(account: int, count: int, tif: wire.TimeInForce, price: int = FAR) -> np.ndarray[Any, Any]:
    """Orders that trade with nobody; client order ids are to be filled in."""
    made = np.zeros(count, wire.ORDER_COMMAND)
    made["kind"], made["account"], made["tif"] = CommandKind.NEW_ORDER, account, tif
    made["price"], made["qty"] = price, 1
    return made


class Prober:
    """A client of good manners: one order at a time, and its cancel; how long each took in microseconds."""

    def __init__(self, endpoint: str, api_key: str, account: int) -> None:
        self._socket, body = connected(endpoint, api_key)
        self._next_id = 1 + int(body["accounts"][0]["last_client_order_id"])
        self._order = buys(account, 1, wire.TimeInForce.GTC)
        self._cancel = self._order.copy()
        self._cancel["kind"] = CommandKind.CANCEL
        self._next_seq = int(body["accounts"][0]["next_seq"])
        self.order_us: list[float] = []
        self.cancel_us: list[float] = []
        self.gaps = 0  # events that are missing
        self.errors: list[str] = []

    def probe(self, timeout_s: float = 10.0) -> None:
        """One order and its cancel. Raises TimeoutError."""
        self._order["client_order_id"] = self._cancel["client_order_id"] = self._next_id
        self._next_id += 1
        self.order_us.append(self._ask(self._order, timeout_s))
        self.cancel_us.append(self._ask(self._cancel, timeout_s))

    def _ask(self, command: np.ndarray[Any, Any], timeout_s: float) -> float:
        data = HEADER.pack(0x424F, wire.VERSION, FrameType.ORDERS, 1, self._next_id) + command.tobytes()
        begun_s = time.perf_counter()
        self._socket.send(data)
        while True:
            if not self._socket.poll(int(timeout_s * 1000)):
                raise TimeoutError(f"no answer within {timeout_s:g} s")
            message = self._socket.recv()
            took_us = (time.perf_counter() - begun_s) * 1e6
            if message[KIND_AT] == FrameType.EVENTS:
                self._follow(message)
                return took_us
            if message[KIND_AT] == FrameType.ERROR:
                self.errors.append(str(json.loads(message[HEADER.size :])["code"]))
                return took_us

    def _follow(self, message: bytes) -> None:
        for seq in np.frombuffer(message, wire.EVENT, -1, HEADER.size)["account_seq"].tolist():
            self.gaps += seq != self._next_seq
            self._next_seq = seq + 1

    def beat(self) -> None:
        """Say that it is there still."""
        self._socket.send(HEADER.pack(0x424F, wire.VERSION, FrameType.HEARTBEAT, 0, 1))

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()
