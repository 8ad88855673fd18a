"""The blocking client's order handle: calls that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openbell.orders import Order, OrderState
from openbell.prices import PriceLike

if TYPE_CHECKING:
    from openbell.blocking.client import Client


class BlockingOrder(Order):
    """An order handle whose waits block. Each raises TimedOut when timeout_s has passed (None: never)."""

    __slots__ = ("_client",)

    def __init__(self, client: Client, *rest: Any) -> None:
        super().__init__(*rest)
        self._client = client

    def cancel(self) -> BlockingOrder:
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
    ) -> BlockingOrder:
        """Ask for another price and/or quantity, without waiting.

        qty: the new total in lots, filled ones included; open_qty instead: what shall still be open. Less at the same
        price keeps the order's place in the queue, unless requeue. Raises InvalidInput.
        """
        self._client._request(lambda desk: desk.replace(self, price, qty, open_qty=open_qty, requeue=requeue))
        return self

    def wait_accepted(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until the market has answered the order. Raises OrderRejected, Refused, TimedOut."""
        if self.state is OrderState.SENT:
            self._client.wait_until(
                lambda: self.state is not OrderState.SENT, timeout_s, lambda: self._waiting_for("answer")
            )
        self._raise_rejected()
        return self

    def wait_answered(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait for the answer to the order and to all its cancels and replaces.

        Raises OrderRejected, RequestRejected (of the last cancel or replace), Refused, TimedOut.
        """
        self._client.wait_until(lambda: self.is_answered, timeout_s, lambda: self._waiting_for("answer"))
        self._raise_rejected()
        self._raise_request_rejected()
        return self

    def wait_done(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until nothing can happen to it any more, whatever its end: see `state`. Raises TimedOut."""
        self._client.wait_until(lambda: self.is_done, timeout_s, lambda: self._waiting_for("end"))
        return self

    def wait_filled(self, timeout_s: float | None = 10.0) -> BlockingOrder:
        """Wait until it is filled whole. Raises OrderRejected, OrderCanceled, Refused, TimedOut."""
        self._client.wait_until(lambda: self.is_done, timeout_s, lambda: self._waiting_for("fill"))
        error = self.error()
        if error is not None:
            raise error
        return self
