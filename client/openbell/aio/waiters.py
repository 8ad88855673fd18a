"""Coroutines that wait for a condition which changes with what arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from openbell.errors import OpenBellError, TimedOut


class Waiters:
    """Those who wait on one thing. Whoever changes it calls `wake`."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wake(self) -> None:
        """Look at every condition again."""
        for done, future in self._waiting:
            if not future.done() and done():
                future.set_result(None)

    def fail(self, error: OpenBellError) -> None:
        """What is waited for will not come."""
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(error)

    async def wait(self, done: Callable[[], bool], timeout_s: float | None, what: str) -> None:
        """Return once done() is true. Raises TimedOut, saying what was waited for."""
        if done():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (done, future)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            raise TimedOut(f"waited {timeout_s} s for {what}", code="timeout", limit=timeout_s) from None
        finally:
            self._waiting.remove(entry)
