"""Noticing that a connection is lost, where asyncpg does not tell."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

NOTICE_S = 1.0  # for a command that waits for an answer: it gets an error that says more


@contextlib.asynccontextmanager
async def while_connected(connection: Any, notice_s: float = NOTICE_S) -> AsyncIterator[None]:
    """Break the block off when `connection` is lost and `notice_s` later the block has not ended by itself.

    The end of a connection gives an error to a command that waits for an answer, and none to a COPY that waits for
    room to write: asyncpg (0.32) wakes that only when the server reads on, which it never does. Raises TimeoutError,
    or what the block makes of its cancellation.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:

        def lost(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the block has ended since
                limit.reschedule(loop.time() + notice_s)

        connection.add_termination_listener(lost)
        try:
            yield
        finally:
            connection.remove_termination_listener(lost)
