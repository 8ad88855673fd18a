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

    async def wait(self, done: Callable[[], bool], timeout_s: float | None, what: str | Callable[[], str]) -> None:
        """Return once done() is true. Raises TimedOut, saying what was waited for."""
        if done():
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        entry = (done, future)
        self._waiting.append(entry)
        timer = None if timeout_s is None else loop.call_later(timeout_s, _expire, future, timeout_s, what)
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()
            self._waiting.remove(entry)


def _expire(future: asyncio.Future[None], timeout_s: float, what: str | Callable[[], str]) -> None:
    if not future.done():
        said = what if isinstance(what, str) else what()
        future.set_exception(TimedOut(f"waited {timeout_s} s for {said}", code="timeout", limit=timeout_s))
