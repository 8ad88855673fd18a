"""Sockets that connect to another market's ports: what a standby follows its primary with, and asks it by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import zmq
from openbell.errors import TimedOut
from openbell.records import json_frame
from openbell.requests import answer_of
from openbell.status import Status, status_of
from openbell.wire import FrameType

from engine.simulate.world.loop import Bell
from engine.simulate.world.timeline import MS

if TYPE_CHECKING:
    from openbell.discovery import Market

    from engine.simulate.world.network import Frame, Link, Network
    from engine.simulate.world.process import SimulatedProcess

RECONNECT_NS: Final = 20 * MS
EVENTS, FD = int(zmq.EVENTS), int(zmq.FD)


class Dealer:
    """A DEALER socket: it connects anew when its connection is lost; what is sent meanwhile waits. `on_frame`: called
    when something came."""

    def __init__(self, network: Network, process: SimulatedProcess, endpoint: str, name: str) -> None:
        self._network, self._process, self._endpoint, self._name = network, process, endpoint, name
        self.bell = Bell()
        self.closed = False
        self.is_lost = False  # since somebody asked
        self.on_frame: Callable[[], None] = lambda: None
        self._descriptor = process.descriptor(self)
        self._frames: deque[Frame] = deque()
        self._waiting: deque[bytes] = deque()
        self._link: Link | None = None
        self._dial()

    def _dial(self) -> None:
        if self.closed or self._process.is_dead:
            return
        link = self._network.connect(self._endpoint, self._name, self._process.machine.name)
        if link is None:
            self._network.timeline.after(RECONNECT_NS, self._dial)
            return
        self._link = link
        link.on_frame, link.on_lost = self._came, self._lost
        self._process.links.append(link)
        while self._waiting:
            link.send(self._waiting.popleft())

    def _lost(self) -> None:
        self._link, self.is_lost = None, True
        self._network.timeline.after(RECONNECT_NS, self._dial)

    def _came(self, frame: Frame) -> None:
        if not self.closed and not self._process.is_dead:
            self._frames.append(frame)
            self.bell.ring()
            self.on_frame()

    # ------------------------------------------------------------ as pyzmq

    def getsockopt(self, option: int) -> int:
        if option != FD:
            raise zmq.ZMQError(zmq.EINVAL)
        return self._descriptor

    def get(self, option: int) -> int:
        self.bell.is_readable = False
        return int(zmq.POLLOUT) | (int(zmq.POLLIN) if self._frames else 0)

    def send(self, data: bytes, flags: int = 0) -> None:
        self.bell.is_readable = False
        if self._link is None:
            self._waiting.append(bytes(data))
        else:
            self._link.send(bytes(data))

    def recv_multipart(self, flags: int = 0) -> list[bytes]:
        self.bell.is_readable = False
        if not self._frames:
            raise zmq.Again
        return list(self._frames.popleft())

    def close(self, linger: int = 0) -> None:
        if not self.closed:
            self.closed = True
            if self._link is not None:
                self._link.close()


class Watch:
    """As openbell.connection.Watch."""

    def __init__(self, dealer: Dealer) -> None:
        self._dealer = dealer

    def lost(self) -> bool:
        """Whether the connection broke since the last call."""
        was_lost, self._dealer.is_lost = self._dealer.is_lost, False
        return was_lost

    def close(self) -> None:
        """Stop watching."""


def status(network: Network, process: SimulatedProcess, market: Market, token: str, timeout_s: float) -> Status:
    """What a market answers to an operator's `status`, in a thread of the process. Raises OpenBellError."""
    dealer = Dealer(network, process, market.control, f"{process.machine.name}'s question")
    body: dict[str, Any] = {"verb": "status", "args": {}, "operator": "standby", "token": token}
    dealer.send(json_frame(FrameType.QUERY, 1, body))
    thread = process.thread()
    assert thread is not None
    wakes = thread.wait(round(timeout_s * 1e9))
    dealer.on_frame = wakes
    thread.give_way()
    try:
        answer = answer_of(dealer.recv_multipart()[0], 1, market.control)
    except zmq.Again:
        answer = None
    finally:
        dealer.close()
    if answer is None:
        raise TimedOut(f"the control port at {market.control} gave no answer", code="timeout", limit=timeout_s)
    return status_of({"seq": answer.seq, **answer.result})
