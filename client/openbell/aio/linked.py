"""The asynchronous client's handle of orders that are tied to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openbell.aio.orders import AsyncOrder
from openbell.linked import Linked, cancels

if TYPE_CHECKING:
    from openbell.aio.client import AsyncClient


class AsyncLinked(Linked[AsyncOrder]):
    """Linked orders whose waits are coroutines. Each raises TimedOut when timeout_s has passed (None: never)."""

    def __init__(self, client: AsyncClient, entry: AsyncOrder | None, legs: Sequence[AsyncOrder]) -> None:
        super().__init__(entry, legs)
        self._client = client

    def cancel(self) -> AsyncLinked:
        """Ask for the cancel of all that is live of it, in one frame, without waiting."""
        self._client._request(lambda desk: cancels(desk, self.to_cancel()))
        return self

    async def wait_accepted(self, timeout_s: float | None = 10.0) -> AsyncLinked:
        """Wait until the market has answered each of them. Raises LinkRejected, Refused, TimedOut."""
        await self._client.wait_until(lambda: self.is_answered, timeout_s, self._waiting_for("answers"))
        self._raise_rejected()
        return self

    async def wait_done(self, timeout_s: float | None = 10.0) -> AsyncLinked:
        """Wait until nothing can happen to any of them any more, whatever their ends. Raises TimedOut."""
        await self._client.wait_until(lambda: self.is_done, timeout_s, self._waiting_for("ends"))
        return self
