"""The sockets of a market data feed, for its stream and for snapshots; opened anew when they break."""

from __future__ import annotations

import time
from typing import Final

import zmq

from openbell.connection import SocketSettings, Watch, open_socket
from openbell.discovery import Market
from openbell.market.feed import MarketFeed
from openbell.places import Address, Places

LOOK_S: Final = 0.1  # how often `look_after` is to be called
_SILENT_S: Final = 3.0  # without a frame for that long another connection is made
_MOVED_S: Final = 0.5  # and after that long already, where the market has another address


class Subscription:
    """Feeds a MarketFeed from a market. Nothing here waits: `drain` takes what has arrived."""

    def __init__(self, where: Places | Market | Address, feed: MarketFeed, settings: SocketSettings | None) -> None:
        self._settings = settings or SocketSettings.from_environment()
        self._places = Places.of(where, self._settings.server_key)
        self.feed = feed
        self.market = self._places.market
        self.stream: zmq.Socket[bytes]
        self.snapshots: zmq.Socket[bytes]
        self.is_open = self._asking = False

    def open(self) -> None:
        """Connect and subscribe."""
        self.stream = open_socket(zmq.SUB, self.market.market_data, self._settings, self.market)
        self._watch = Watch(self.stream)
        self.snapshots = open_socket(zmq.DEALER, self.market.snapshots, self._settings, self.market)
        for prefix in self.feed.subscriptions:
            self.stream.setsockopt(zmq.SUBSCRIBE, prefix)
        self._last_s = time.monotonic()
        self.is_open = True

    def close(self) -> None:
        """Disconnect."""
        if self.is_open:
            self.is_open = False
            self._watch.close()
            self.stream.close()
            self.snapshots.close()

    def drain(self, frames: int) -> bool:
        """Take up to `frames` frames that have arrived; whether there may be more."""
        feed, receive = self.feed, self.stream.recv
        taken = 0
        try:
            while taken < frames:
                feed.receive(receive(zmq.NOBLOCK))
                taken += 1
        except zmq.Again:
            pass
        if taken:
            self._last_s = time.monotonic()
        if not self._asking and not feed.has_outgoing:
            return taken == frames
        self._send()
        try:  # a send may swallow the descriptor's signal: look for answers until there are none
            while True:
                feed.reply(self.snapshots.recv_multipart(zmq.NOBLOCK))
                self._send()
        except zmq.Again:
            self._asking = feed.is_asking
        return taken == frames or feed.has_outgoing

    def _send(self) -> None:
        for data in self.feed.take_outgoing():
            self._asking = True
            try:
                self.snapshots.send(data, zmq.NOBLOCK)
            except zmq.Again:
                return  # the port is gone; the feed asks again

    @property
    def has_to_reopen(self) -> bool:
        """The connection broke, or nothing was heard for long."""
        silent_s = time.monotonic() - self._last_s
        if self._watch.lost() or silent_s > _SILENT_S:
            return True
        return silent_s > _MOVED_S and (self._places.are_several or self._has_moved())

    def _has_moved(self) -> bool:
        """Whether the market is at another address than the one connected to; that one is `market` then."""
        moved = self._places.look_again()
        self.market = self._places.market
        return moved

    def reopen(self) -> None:
        """Connect anew, to where the market is now."""
        self.close()
        self._has_moved()
        self.feed.disconnected()
        self.open()
