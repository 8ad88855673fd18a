"""What a participant sees of the market and can do in it. Its strategy knows nothing else, no socket and no clock."""

from __future__ import annotations

from typing import Protocol

from openbell.orders import Order
from openbell.wire import Side, TimeInForce


class Quote:
    """Best bid and offer, and the last trade, of one instrument. Prices in 1e-4 (0: none), quantities in lots."""

    __slots__ = ("ask", "ask_qty", "bid", "bid_qty", "last", "tick_size")

    def __init__(self, tick_size: int) -> None:
        self.tick_size = tick_size
        self.bid = self.ask = self.bid_qty = self.ask_qty = self.last = 0

    @property
    def mid(self) -> float:
        """Middle of bid and offer, or what there is of them, or the last price; 0.0 when nothing is known."""
        if self.bid and self.ask:
            return (self.bid + self.ask) / 2
        return float(self.bid or self.ask or self.last)


class Desk(Protocol):
    """One participant's view of the market, and its hands."""

    def quote(self, symbol: str) -> Quote:
        """The market in a symbol as last heard."""

    def value(self, symbol: str) -> float:
        """What the symbol is worth now (in 1e-4), see value.py."""

    def position(self, symbol: str) -> int:
        """Lots held, negative when short; as of the last fill heard."""

    def place(
        self, side: Side, symbol: str, qty: int, price: int | None, tif: TimeInForce = TimeInForce.DAY
    ) -> Order | None:
        """Send an order (price in 1e-4, None for a market order). None while there is no connection."""

    def cancel(self, order: Order) -> None:
        """Ask for a cancel; nothing happens when the order is done."""

    def replace(self, order: Order, price: int, open_qty: int) -> None:
        """Ask for another price and open quantity; nothing happens when the order is done or already being changed."""


class Strategy(Protocol):
    """One participant's mind."""

    def wake(self, desk: Desk, now_s: float) -> float:
        """Look and act; the number of seconds to sleep, before the demo's rate is applied to it."""
