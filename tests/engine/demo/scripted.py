"""A desk that a test scripts: quotes and values are set, orders are noted and answered by the test."""

from __future__ import annotations

from openbell.events import Event
from openbell.orders import Order
from openbell.wire import EventKind, OrderType, Side, TimeInForce

from engine.demo.desk import Quote


class ScriptedDesk:
    """The strategies' interface (engine.demo.desk.Desk) without a market behind it."""

    def __init__(self, symbols: tuple[str, ...], price: int, tick_size: int = 100) -> None:
        self.quotes = {symbol: Quote(tick_size) for symbol in symbols}
        self.values = dict.fromkeys(symbols, float(price))
        self.positions = dict.fromkeys(symbols, 0)
        self.placed: list[Order] = []
        self.canceled: list[Order] = []
        self.replaced: list[tuple[Order, int, int]] = []
        self.connected = True
        for quote in self.quotes.values():
            quote.bid, quote.ask, quote.bid_qty, quote.ask_qty, quote.last = (
                price - tick_size,
                price + tick_size,
                500,
                500,
                price,
            )

    def quote(self, symbol: str) -> Quote:
        return self.quotes[symbol]

    def value(self, symbol: str) -> float:
        return self.values[symbol]

    def position(self, symbol: str) -> int:
        return self.positions[symbol]

    def place(
        self, side: Side, symbol: str, qty: int, price: int | None, tif: TimeInForce = TimeInForce.DAY
    ) -> Order | None:
        assert qty >= 1, "a strategy asks for at least one lot"
        assert price is None or price >= 1, "and for a price that there is"
        assert price is None or price % self.quotes[symbol].tick_size == 0, "on the tick"
        if not self.connected:
            return None
        kind = OrderType.MARKET if price is None else OrderType.LIMIT
        order = Order(symbol, 1000, 0, side, qty, price or 0, kind, tif, len(self.placed) + 1)
        self.placed.append(order)
        self._tell(order, EventKind.ACCEPTED, qty=qty, price=order.price, leaves=qty)
        if tif in (TimeInForce.IOC, TimeInForce.FOK) or price is None:
            self._tell(order, EventKind.CANCELED, reason=3, qty=qty)
        return order

    def cancel(self, order: Order) -> None:
        if not order.is_done:
            self.canceled.append(order)
            self._tell(order, EventKind.CANCELED, reason=1, qty=order.leaves)

    def replace(self, order: Order, price: int, open_qty: int) -> None:
        assert price % self.quotes[order.symbol].tick_size == 0
        if not order.is_done:
            self.replaced.append((order, price, open_qty))
            self._tell(
                order,
                EventKind.REPLACED,
                price=price,
                qty=open_qty + order.filled,
                leaves=open_qty,
                filled=order.filled,
            )

    def fill(self, order: Order, qty: int) -> None:
        """Have a resting order filled, in part or whole."""
        self.positions[order.symbol] += qty if order.side == Side.BUY else -qty
        left = order.leaves - qty
        self._tell(order, EventKind.FILL, qty=qty, price=order.price, leaves=left, filled=order.filled + qty)

    def _tell(self, order: Order, kind: EventKind, **fields: int) -> None:
        event = Event(*[0] * len(Event._fields))._replace(
            kind=int(kind), side=int(order.side), client_order_id=order.client_order_id, order_id=7, **fields
        )
        order.apply(event)

    @property
    def resting(self) -> list[Order]:
        """Live orders, in the order in which they were placed."""
        return [order for order in self.placed if not order.is_done]
