"""A bounded queue of private events for one consumer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np

from openbell.errors import OpenBellError, Overrun
from openbell.events import Event, Reject, decode
from openbell.session import Events


class EventStream:
    """Private events from the moment it was made on: `async for event in stream`, or arrays by `stream.arrays()`.

    It holds `limit` events that were not taken yet; beyond that they are dropped and Overrun is raised, once. Where a
    batch was refused Refused is raised, where events are lost for good ResumeTooOld; iterating again goes on after it.
    It ends when the client is closed.
    """

    def __init__(self, limit: int, leave: Callable[[EventStream], None]) -> None:
        self._limit = limit
        self._leave = leave
        self._queue: deque[Events | OpenBellError] = deque()
        self._held = 0
        self._typed: Iterator[Event | Reject] = iter(())
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False

    # ------------------------------------------------------------ what comes in, from the client

    def push(self, events: Events) -> None:
        """New events."""
        if self._held + events.count > self._limit and self._held:
            text = f"{self._held} private events were not taken in time and are dropped; the limit is {self._limit}"
            overrun = Overrun(text, code="overrun", limit=self._limit, value=self._held)
            self._queue.clear()
            self._queue.append(overrun)
            self._held = 0
        self._held += events.count
        self._queue.append(events)
        self._wake()

    def push_error(self, error: OpenBellError) -> None:
        """Something that the consumer has to know."""
        self._queue.append(error)
        self._wake()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # ------------------------------------------------------------ what goes out

    def close(self) -> None:
        """Take no more events."""
        self._leave(self)
        self.end()

    async def _next(self) -> Events | None:
        """The next events, None at the end."""
        while not self._queue:
            if self._ended:
                return None
            if self._waiting is not None:
                raise RuntimeError("two tasks wait on one EventStream: make one for each with client.stream()")
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        item = self._queue.popleft()
        if isinstance(item, OpenBellError):
            raise item
        self._held -= item.count
        return item

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event | Reject:
        while True:
            for event in self._typed:
                return event
            events = await self._next()
            if events is None:
                raise StopAsyncIteration
            start = events.offset
            self._typed = decode(events.buffer[start : start + events.count * events.array.itemsize])

    async def arrays(self) -> AsyncIterator[np.ndarray[Any, np.dtype[Any]]]:
        """The events as arrays of `wire.EVENT`, one for each frame that arrived."""
        while (events := await self._next()) is not None:
            yield events.array
