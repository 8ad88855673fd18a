"""Market data for blocking programs: what has arrived is taken in by the calls."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Final

import numpy as np
import zmq

from openbell.connection import SocketSettings
from openbell.discovery import Market
from openbell.errors import ConnectionLost, TimedOut
from openbell.market.feed import MarketFeed
from openbell.market.updates import Update, UpdateQueue
from openbell.market.view import MarketView
from openbell.places import Address, Places
from openbell.subscription import LOOK_S, Subscription
from openbell.wire import Channel

_FRAMES_A_TURN: Final = 1024
UPDATES_LIMIT: Final = 1_000_000


class MarketData(MarketView):
    """A subscription to market data; see `openbell.market_data`. Close it, or use it in a `with` statement.

    One thread uses it at a time. Between calls frames queue up in ZeroMQ; what overflows there is recovered.
    """

    def __init__(
        self,
        where: Places | Market | Address = None,
        *,
        channels: str | Iterable[Channel] = "BTXS",
        symbols: str | Iterable[str] | None = None,
        trades_from: int | None = None,
        timeout_s: float = 10.0,
        settings: SocketSettings | None = None,
    ) -> None:
        """The arguments are those of `openbell.market_data`."""
        self.feed = MarketFeed(channels, symbols, trades_from=trades_from)
        self._subscription = Subscription(where, self.feed, settings)
        self._subscription.open()
        self._poller = self._watching()
        self._last_look_s = time.monotonic()
        try:
            self.wait_live(timeout_s)
        except BaseException:
            self.close()
            raise

    def _watching(self) -> zmq.Poller:
        made = zmq.Poller()
        made.register(self._subscription.stream, zmq.POLLIN)
        made.register(self._subscription.snapshots, zmq.POLLIN)
        return made

    # ------------------------------------------------------------ waiting

    def poll(self, timeout_s: float = 0.0) -> None:
        """Take in what has arrived; wait up to timeout_s for something. Raises ConnectionLost, InvalidInput."""
        if not self._subscription.is_open:
            raise ConnectionLost("this subscription was closed", code="closed")
        if timeout_s > 0:
            self._poller.poll(int(min(timeout_s, LOOK_S) * 1000))
        while self._subscription.drain(_FRAMES_A_TURN):
            pass
        now_s = time.monotonic()
        if now_s - self._last_look_s > LOOK_S:
            self._last_look_s = now_s
            self.feed.tick()
            if self._subscription.has_to_reopen:
                self._subscription.reopen()
                self._poller = self._watching()
        if self.feed.failure is not None:
            raise self.feed.failure

    def _refresh(self) -> None:
        self.poll(0)

    def wait_live(self, timeout_s: float | None = 10.0) -> None:
        """Wait until everything is exact. Raises TimedOut."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        self.poll(0)
        while not self.feed.is_live:
            left_s = LOOK_S if deadline_s is None else deadline_s - time.monotonic()
            if left_s <= 0:
                where = self._subscription.market.market_data
                raise TimedOut(f"waited {timeout_s} s for the market data at {where}", code="timeout", limit=timeout_s)
            self.poll(left_s)

    def updates(self, timeout_s: float | None = None, limit: int = UPDATES_LIMIT) -> Iterator[Update]:
        """Changes from now on, typed, one by one; ends when none came for timeout_s (None: never ends).

        limit: records that are held while nobody takes them; beyond it they are dropped and Overrun is raised, once.
        Books and tops may be ahead of the update that is given: they are as of the last record that arrived.
        """
        return self._updates(self.feed.updates(limit), timeout_s)

    def _updates(self, queue: UpdateQueue, timeout_s: float | None) -> Iterator[Update]:
        try:
            while True:
                deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
                while (update := queue.pop()) is None:
                    left_s = LOOK_S if deadline_s is None else deadline_s - time.monotonic()
                    if left_s <= 0:
                        return
                    self.poll(left_s)
                yield update
        finally:
            self.feed.listeners.remove(queue.push)

    def bars(
        self, symbol: str, period_s: int = 60, last: int = 60, timeout_s: float = 10.0
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """The last closed bars of a symbol, as far as the market keeps them: an array of wire.BAR, oldest first.

        period_s: 1, 60, 300, 3600, or 86400 for trading days. Needs no channel. Raises InvalidInput, TimedOut.
        """
        self.poll(0)
        number = self.feed.ask_bars(symbol, period_s, last)
        deadline_s = time.monotonic() + timeout_s
        try:
            while (answer := self.feed.take_bars(number)) is None:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    raise TimedOut(f"waited {timeout_s} s for bars of {symbol}", code="timeout", limit=timeout_s)
                self.poll(left_s)
            return answer
        finally:
            self.feed.forget_bars(number)

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Disconnect. May be called twice."""
        self._subscription.close()

    def __enter__(self) -> MarketData:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
