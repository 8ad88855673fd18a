"""Local books of one instrument: totals by price, or every order in its queue.

Prices of a side are kept in a sorted list beside a dict of levels: most records change a level that exists and cost a
few dict operations, only a new or emptied level touches the list.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from openbell.errors import InvalidInput
from openbell.prices import format_price
from openbell.wire import BookKind, Side

_ADD, _DELETE = int(BookKind.ADD), int(BookKind.DELETE)


class Level(NamedTuple):
    """One price of a side: price in 1e-4, qty in lots, number of orders."""

    price: int
    qty: int
    orders: int

    def __str__(self) -> str:
        return f"{self.qty} @ {format_price(self.price)} ({self.orders})"


class RestingOrder(NamedTuple):
    """An order in the book: price in 1e-4, leaves in lots."""

    order_id: int
    price: int
    leaves: int


class Book(ABC):
    """What both kinds of book can tell. Prices are ints of 1e-4, quantities lots; the best come first."""

    __slots__ = ("_levels", "_prices", "symbol")

    def __init__(self, symbol: str = "") -> None:
        self.symbol = symbol
        self._levels: tuple[dict[int, Any], dict[int, Any]] = ({}, {})  # by price; bids, asks
        self._prices: tuple[list[int], list[int]] = ([], [])  # ascending

    @property
    def best_bid(self) -> Level | None:
        """The highest bid; None without one."""
        prices = self._prices[0]
        return self._level(0, prices[-1]) if prices else None

    @property
    def best_ask(self) -> Level | None:
        """The lowest offer; None without one."""
        prices = self._prices[1]
        return self._level(1, prices[0]) if prices else None

    def bids(self, levels: int | None = None) -> list[Level]:
        """The first `levels` bids, highest first; None: all."""
        return [self._level(0, price) for price in islice(reversed(self._prices[0]), levels)]

    def asks(self, levels: int | None = None) -> list[Level]:
        """The first `levels` offers, lowest first; None: all."""
        return [self._level(1, price) for price in islice(self._prices[1], levels)]

    def level(self, side: Side | int, price: int) -> Level:
        """What rests at a price; qty 0 for nothing."""
        return self._level(side, price) if price in self._levels[side] else Level(price, 0, 0)

    @abstractmethod
    def orders(self, side: Side | int, price: int | None = None) -> list[RestingOrder]:
        """The orders of a side, or of one price of it, in the order in which they trade. Raises InvalidInput."""

    @abstractmethod
    def _level(self, side: int, price: int) -> Level:
        """A level that there is."""

    def __repr__(self) -> str:
        count = len(self._prices[0]) + len(self._prices[1])
        return f"<{type(self).__name__} {self.symbol}: {self.best_bid} / {self.best_ask}, {count} levels>"

    def clear(self) -> None:
        """Forget everything."""
        for side in (0, 1):
            self._levels[side].clear()
            self._prices[side].clear()


class DepthBook(Book):
    """Totals by price."""

    __slots__ = ()

    def orders(self, side: Side | int, price: int | None = None) -> list[RestingOrder]:
        """Raises InvalidInput: totals know of no single orders."""
        raise InvalidInput("single orders are known from channel B only", field="channels", limit="B", value="D")

    def _level(self, side: int, price: int) -> Level:
        qty, orders = self._levels[side][price]
        return Level(price, qty, orders)

    def set_level(self, side: int, price: int, qty: int, orders: int) -> None:
        """A level's new totals; qty 0: it is gone."""
        levels = self._levels[side]
        if qty:
            if price not in levels:
                insort(self._prices[side], price)
            levels[price] = (qty, orders)
        elif price in levels:
            del levels[price]
            prices = self._prices[side]
            del prices[bisect_left(prices, price)]


class _Queue:
    """The orders of one price, first in front (a dict keeps the order of insertion)."""

    __slots__ = ("orders", "qty")

    def __init__(self) -> None:
        self.orders: dict[int, int] = {}  # order_id -> leaves
        self.qty = 0


class OrderBook(Book):
    """Every order in its queue."""

    __slots__ = ()

    def orders(self, side: Side | int, price: int | None = None) -> list[RestingOrder]:
        """The orders of a side, or of one price of it, in the order in which they trade."""
        prices: Iterable[int]
        if price is None:
            prices = self._prices[1] if side else reversed(self._prices[0])
        else:
            prices = (price,) if price in self._levels[side] else ()
        queues = self._levels[side]
        return [
            RestingOrder(order_id, price, leaves)
            for price in prices
            for order_id, leaves in queues[price].orders.items()
        ]

    def _level(self, side: int, price: int) -> Level:
        queue = self._levels[side][price]
        return Level(price, queue.qty, len(queue.orders))

    def add(self, side: int, order_id: int, price: int, leaves: int) -> None:
        """An order at the end of its queue."""
        queue = self._levels[side].get(price)
        if queue is None:
            queue = self._levels[side][price] = _Queue()
            insort(self._prices[side], price)
        queue.orders[order_id] = leaves
        queue.qty += leaves

    def apply(
        self, kind: int, side: int, order_id: int, price: int, qty: int, leaves: int, level_qty: int, level_orders: int
    ) -> bool:
        """One MarketData record. False when it does not fit: then this book is not that of the market any more."""
        levels = self._levels[side]
        queue = levels.get(price)
        if kind == _ADD:
            if queue is None:
                queue = levels[price] = _Queue()
                insort(self._prices[side], price)
            elif order_id in queue.orders:
                return False
            queue.orders[order_id] = leaves
            queue.qty += leaves
        else:
            if queue is None or order_id not in queue.orders:
                return False
            queue.qty -= qty
            if leaves and kind != _DELETE:
                queue.orders[order_id] = leaves
            else:
                del queue.orders[order_id]
                if not queue.orders:
                    del levels[price]
                    prices = self._prices[side]
                    del prices[bisect_left(prices, price)]
        return queue.qty == level_qty and len(queue.orders) == level_orders
