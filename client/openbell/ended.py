"""Orders that have ended and whose handles somebody still holds: an operator may bust or correct their trades."""

from __future__ import annotations

from typing import Final, Generic, TypeVar
from weakref import WeakValueDictionary

from openbell.events import Event
from openbell.orders import Order
from openbell.records import EVENT
from openbell.wire import EventKind

AMENDING: Final = frozenset({int(EventKind.TRADE_BUSTED), int(EventKind.TRADE_CORRECTED)})
OrderT = TypeVar("OrderT", bound=Order)


class EndedOrders(Generic[OrderT]):
    """By client_order_id, as long as there is another reference to them."""

    def __init__(self) -> None:
        self._orders: WeakValueDictionary[int, OrderT] = WeakValueDictionary()

    def __len__(self) -> int:
        return len(self._orders)

    def add(self, order: OrderT) -> None:
        """It is done."""
        self._orders[order.client_order_id] = order

    def of(self, account: int) -> list[OrderT]:
        """Those of an account."""
        return [order for order in self._orders.values() if order.account == account]

    def hear(self, client_order_id: int, buffer: bytes, offset: int) -> None:
        """An event of a kind of AMENDING, of an order that is not live."""
        order, event = self._orders.get(client_order_id), Event._make(EVENT.unpack_from(buffer, offset))
        if order is not None and event.account == order.account:
            order.apply(event)
            order.changed()
