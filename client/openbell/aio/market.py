"""Market data on an event loop: what arrives is taken in by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from types import TracebackType
from typing import Any, Final

import numpy as np
import zmq

from openbell.aio.waiters import Waiters
from openbell.connection import SocketSettings
from openbell.discovery import Market
from openbell.errors import ConnectionLost, OpenBellError
from openbell.market.feed import MarketFeed
from openbell.market.updates import Note, Update, UpdateQueue
from openbell.market.view import MarketView
from openbell.places import Address, Places
from openbell.subscription import LOOK_S, Subscription
from openbell.wire import Channel

_FRAMES_A_TURN: Final = 256  # taken before other tasks get a turn
UPDATES_LIMIT: Final = 1_000_000


class UpdateStream:
    """Changes of the market from the moment it was made on: `async for update in stream`.

    It holds a bounded number of records that were not taken; beyond that they are dropped and Overrun is raised, once.
    Books and tops may be ahead of the update that is given: they are as of the last record that arrived. It ends when
    the subscription is closed.
    """

    def __init__(self, data: AsyncMarketData, queue: UpdateQueue) -> None:
        self._data = data
        self._queue = queue
        self._waiting: asyncio.Future[None] | None = None
        data.feed.listeners.append(self._wake)

    def _wake(self, channel: Channel, what: memoryview | Note) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def end(self) -> None:
        """Nothing comes any more."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def close(self) -> None:
        """Take no more updates."""
        self._data._leave(self, (self._queue.push, self._wake))

    def __aiter__(self) -> UpdateStream:
        return self

    async def __anext__(self) -> Update:
        while (update := self._queue.pop()) is None:
            if not self._data._has(self):
                raise StopAsyncIteration
            if self._waiting is not None:
                raise RuntimeError("two tasks wait on one UpdateStream: make one for each with data.updates()")
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return update


class AsyncMarketData(MarketView):
    """A subscription to market data on one event loop; see `openbell.market_data_async`.

    `async with AsyncMarketData(...) as data`, or `data = await AsyncMarketData(...)` and later `await data.close()`.
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
        """The arguments are those of `openbell.market_data_async`."""
        self.feed = MarketFeed(channels, symbols, trades_from=trades_from)
        self._subscription = Subscription(where, self.feed, settings)
        self._timeout_s = timeout_s
        self._waiters = Waiters()
        self._streams: list[UpdateStream] = []
        self._loop: asyncio.AbstractEventLoop
        self._timer: asyncio.TimerHandle
        self._fds: list[int] = []
        self._draining = self._started = False
        self._end: OpenBellError | None = None

    async def _start(self) -> AsyncMarketData:
        """Connect and wait until everything is exact. Raises TimedOut, InvalidInput."""
        if not self._started:
            self._started = True
            self._loop = asyncio.get_running_loop()
            self._subscription.open()
            self._watch()
            self._timer = self._loop.call_later(LOOK_S, self._look_after)
            try:
                await self.wait_live(self._timeout_s)
            except BaseException:
                await self.close()
                raise
        return self

    def __await__(self) -> Generator[Any, None, AsyncMarketData]:
        return self._start().__await__()

    async def __aenter__(self) -> AsyncMarketData:
        return await self._start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ------------------------------------------------------------ waiting

    async def wait_live(self, timeout_s: float | None = 10.0) -> None:
        """Wait until everything is exact. Raises TimedOut, InvalidInput, ConnectionLost."""
        if self._end is not None:
            raise self._end
        where = self._subscription.market.market_data
        await self._waiters.wait(lambda: self.feed.is_live, timeout_s, f"the market data at {where}")

    def updates(self, limit: int = UPDATES_LIMIT) -> UpdateStream:
        """Changes from now on; each stream gets all of them. limit: records held while nobody takes them."""
        if self._end is not None:
            raise self._end
        made = UpdateStream(self, self.feed.updates(limit))
        self._streams.append(made)
        return made

    def _has(self, stream: UpdateStream) -> bool:
        return stream in self._streams

    def _leave(self, stream: UpdateStream, listeners: Iterable[Any]) -> None:
        if stream in self._streams:
            self._streams.remove(stream)
            for listener in listeners:
                self.feed.listeners.remove(listener)
            stream.end()

    async def bars(
        self, symbol: str, period_s: int = 60, last: int = 60, timeout_s: float = 10.0
    ) -> np.ndarray[Any, np.dtype[Any]]:
        """The last closed bars of a symbol, as far as the market keeps them: an array of wire.BAR, oldest first.

        period_s: 1, 60, 300, 3600, or 86400 for trading days. Needs no channel. Raises InvalidInput, TimedOut.
        """
        if self._end is not None:
            raise self._end
        number = self.feed.ask_bars(symbol, period_s, last)
        self._drain_soon()
        try:
            await self._waiters.wait(lambda: self.feed.has_bars(number), timeout_s, f"bars of {symbol}")
            answer = self.feed.take_bars(number)
            assert answer is not None
            return answer
        finally:
            self.feed.forget_bars(number)

    # ------------------------------------------------------------ the sockets

    def _watch(self) -> None:
        """Have the loop look at the sockets' descriptors."""
        for socket in (self._subscription.stream, self._subscription.snapshots):
            self._fds.append(int(socket.getsockopt(zmq.FD)))
            self._loop.add_reader(self._fds[-1], self._drain)
        self._drain_soon()

    def _unwatch(self) -> None:
        for fd in self._fds:
            self._loop.remove_reader(fd)
        self._fds.clear()

    def _drain_soon(self) -> None:
        if not self._draining:
            self._draining = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Take what has arrived. ZeroMQ's descriptors tell of changes only: they must be drained to the end."""
        self._draining = False
        if self._end is not None:
            return
        try:
            if self._subscription.drain(_FRAMES_A_TURN):
                self._drain_soon()
        except OpenBellError as error:
            self._finish(error)
            return
        if self.feed.failure is not None:
            self._finish(self.feed.failure)
        elif self._waiters:
            self._waiters.wake()

    def _look_after(self) -> None:
        """Notice silence and lost connections."""
        self._timer = self._loop.call_later(LOOK_S, self._look_after)
        self.feed.tick()
        if self._subscription.has_to_reopen:
            self._unwatch()
            self._subscription.reopen()
            self._watch()
        self._drain_soon()  # sends what the tick asks for

    # ------------------------------------------------------------ the end

    def _finish(self, error: OpenBellError) -> None:
        if self._end is not None:
            return
        self._end = error
        self._timer.cancel()
        self._unwatch()
        self._subscription.close()
        self._waiters.fail(error)
        streams, self._streams = self._streams, []
        for stream in streams:
            stream.end()

    async def close(self) -> None:
        """Disconnect. May be called twice."""
        if self._started:
            self._finish(ConnectionLost("this subscription was closed", code="closed"))
