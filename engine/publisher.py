"""The market data port: frames of all channels to whoever subscribed, and heartbeats.

A subscriber that does not keep up loses frames, which it sees by their numbers; it never holds anybody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import zmq
from openbell import wire
from openbell.records import HEARTBEAT, MARKET_DATA_HEADER
from openbell.wire import Channel

from engine.depth import DepthClasses
from engine.gate import Data
from engine.ports.socket import EVENTS, NOBLOCK, READABLE
from engine.world import here
from ext.feed import Feed

HEARTBEAT_S: Final = 0.2
MAX_SUBSCRIPTION_BYTES: Final = 64  # of a subscription as it comes over the wire
LETTERS: Final = bytes(map(int, Channel))
SUBSCRIPTIONS_A_TURN: Final = 64  # before the other ports have their turn
EVERYTHING: Final = -1  # the empty prefix
_SUBSCRIBE = 1


class Publisher:
    """An XPUB socket on the loop. Only channels that somebody wants cost anything."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        socket: zmq.Socket[bytes],
        feed: Feed,
        depths: DepthClasses,
        *,
        queue: int = 10_000,
    ) -> None:
        """queue: frames that wait for one subscriber before it loses some."""
        self._loop = loop
        self._socket = socket
        socket.sndhwm = queue
        socket.rcvhwm = 1_000
        self._feed = feed
        self._depths = depths
        self._prefixes = dict.fromkeys((*LETTERS, EVERYTHING), 0)  # number of different ones by their first byte
        self._get: Callable[[int], int] = socket.get  # type: ignore[assignment] # of the options asked for
        self._send = here.network.plain_send(socket)
        self._descriptor = socket.fileno()
        self._timer: asyncio.TimerHandle | None = None
        self._looks: dict[int, asyncio.Handle] = {}  # at the classes of depth, by their letter
        self._durable_seq: Callable[[], int] = lambda: 0
        feed.want(b"")

    def start(self, durable_seq: Callable[[], int]) -> None:
        """Begin; after bind. durable_seq: for the heartbeats."""
        self._durable_seq = durable_seq
        self._loop.add_reader(self._descriptor, self.on_readable)
        self.on_readable()
        self._beat()

    @property
    def wanted(self) -> bytes:
        """Letters of the channels that somebody subscribed to."""
        return bytes(letter for letter in LETTERS if self._prefixes[letter] or self._prefixes[EVERYTHING])

    def publish(self, data: Data) -> None:
        """Send what the core says of its books."""
        frames = self._feed.add(data)
        if frames:
            self._send_all(frames)

    def _send_all(self, frames: list[bytes]) -> None:
        send = self._send
        for frame in frames:
            send(frame, NOBLOCK)
        if self._get(EVENTS) & READABLE:
            self._loop.call_soon(self.on_readable)

    def on_readable(self) -> None:
        """Take subscriptions and their ends."""
        if self._socket.closed:
            return
        changed = False
        for _ in range(SUBSCRIPTIONS_A_TURN):
            if not self._get(EVENTS) & READABLE:
                break
            try:
                message = self._socket.recv(NOBLOCK)
            except zmq.Again:
                break
            if not 1 <= len(message) <= MAX_SUBSCRIPTION_BYTES or message[0] > _SUBSCRIBE:
                continue  # a message of a subscriber that is none: means nothing here
            first = message[1] if len(message) > 1 else EVERYTHING
            if first in self._prefixes:
                # of several subscribers to one prefix the socket tells the first and the last one
                self._prefixes[first] = max(0, self._prefixes[first] + (1 if message[0] == _SUBSCRIBE else -1))
                changed = True
        else:
            self._loop.call_soon(self.on_readable)  # whoever floods this port does not hold up the others
        if changed:
            wanted = self.wanted
            self._feed.want(wanted)
            for letter in self._depths.want(wanted):
                self._look(letter)

    def _look(self, letter: int) -> None:
        """Look at a class of depth, again and again while somebody wants it."""
        handle = self._looks.pop(letter, None)
        if handle is not None:
            handle.cancel()
        pause_s = self._depths.look(letter, self._send_all)
        if pause_s is not None:
            self._looks[letter] = self._loop.call_later(pause_s, self._look, letter)

    def _beat(self) -> None:
        self._timer = self._loop.call_later(HEARTBEAT_S, self._beat)
        self.on_readable()
        self.heartbeat()
        # A heartbeat proves to a subscriber that its subscriptions are in force: those made just now count as well.
        self.on_readable()

    def heartbeat(self) -> None:
        """Send a heartbeat: the last sequence of each channel."""
        head = MARKET_DATA_HEADER.pack(Channel.HEARTBEAT, wire.VERSION, HEARTBEAT.size, 1, 0)
        sequences = (*self._feed.sequences, *self._depths.sequences)
        self._socket.send(head + HEARTBEAT.pack(self._durable_seq(), here.clock.time_ns(), *sequences), NOBLOCK)

    def close(self, linger_ms: int) -> None:
        """The end; what was sent goes out for a moment more."""
        if self._timer is not None:
            self._timer.cancel()
        for look in self._looks.values():
            look.cancel()
        self._loop.remove_reader(self._descriptor)
        self._socket.close(linger=linger_ms)
