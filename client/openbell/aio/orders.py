"""The asynchronous client's order handle: waits that are awaited."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from openbell.aio.waiters import Waiters
from openbell.orders import Order, OrderState
from openbell.prices import PriceLike

if TYPE_CHECKING:
    from openbell.aio.client import AsyncClient


class AsyncOrder(Order):
    """An order handle whose waits are coroutines. Each raises TimedOut when timeout_s has passed (None: never)."""

    __slots__ = ("_client", "waiters")

    def __init__(self, client: AsyncClient, *rest: Any) -> None:
        super().__init__(*rest)
        self._client = client
        self.waiters: Waiters | None = None

    def cancel(self) -> AsyncOrder:
        """Ask for its cancel, without waiting. Does nothing when it is done already."""
        self._client._request(lambda desk: desk.cancel(self))
        return self

    def replace(
        self,
        price: PriceLike | None = None,
        qty: int | None = None,
        *,
        open_qty: int | None = None,
        requeue: bool = False,
    ) -> AsyncOrder:
        """Ask for another price and/or quantity, without waiting.

        qty: the new total in lots, filled ones included; open_qty instead: what shall still be open. Less at the same
        price keeps the order's place in the queue, unless requeue. Raises InvalidInput.
        """
        self._client._request(lambda desk: desk.replace(self, price, qty, open_qty=open_qty, requeue=requeue))
        return self

    async def wait_accepted(self, timeout_s: float | None = 10.0) -> AsyncOrder:
        """Wait until the market has answered the order. Raises OrderRejected, Refused, TimedOut."""
        await self._until(lambda: self.state is not OrderState.SENT, timeout_s, "answer")
        self._raise_rejected()
        return self

    async def wait_answered(self, timeout_s: float | None = 10.0) -> AsyncOrder:
        """Wait for the answer to the order and to all its cancels and replaces.

        Raises OrderRejected, RequestRejected (of the last cancel or replace), Refused, TimedOut.
        """
        await self._until(lambda: self.is_answered, timeout_s, "answer")
        self._raise_rejected()
        self._raise_request_rejected()
        return self

    async def wait_done(self, timeout_s: float | None = 10.0) -> AsyncOrder:
        """Wait until nothing can happen to it any more, whatever its end: see `state`. Raises TimedOut."""
        await self._until(lambda: self.is_done, timeout_s, "end")
        return self

    async def wait_filled(self, timeout_s: float | None = 10.0) -> AsyncOrder:
        """Wait until it is filled whole. Raises OrderRejected, OrderCanceled, Refused, TimedOut."""
        await self._until(lambda: self.is_done, timeout_s, "fill")
        error = self.error()
        if error is not None:
            raise error
        return self

    async def _until(self, done: Callable[[], bool], timeout_s: float | None, what: str) -> None:
        if not done():
            self._client._check_open()
            if self.waiters is None:
                self.waiters = Waiters()
            await self.waiters.wait(done, timeout_s, lambda: self._waiting_for(what))

    def changed(self) -> None:
        """Wake those who wait."""
        if self.waiters:
            self.waiters.wake()
