"""A participant's desk in a real market: quotes from market data, hands and positions from the order port."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from openbell import AsyncClient, AsyncMarketData, AsyncOrder
from openbell.errors import InvalidInput
from openbell.orders import Order
from openbell.positions import moves
from openbell.wire import InstrumentState, OrderType, Side, TimeInForce

from engine.demo.desk import Quote
from engine.demo.value import Value


class LiveDesk:
    """See engine.demo.desk.Desk. feed: market data with the channels T, X and S, shared by many desks."""

    def __init__(self, client: AsyncClient, feed: AsyncMarketData, values: Mapping[str, Value]) -> None:
        self._client, self._feed, self._values = client, feed, values
        self._held: dict[int, int] = {}
        self._meanwhile: list[tuple[int, int, int]] | None = None  # seq, instrument, lots: what moves while it counts
        client.on_events(self._follow)

    async def settle(self) -> None:
        """Cancel what an earlier life left in the book, and learn the positions."""
        await self._client.cancel_all()
        await self.count()

    async def count(self) -> None:
        """Learn the positions anew."""
        self._meanwhile = []
        answer = await self._client.query("positions", account=self._client.account_id())
        held = {int(row["instrument"]): int(row["qty"]) for row in answer["rows"]}
        # What was moved after the answer was made, and heard before this task went on, is not in it.
        for seq, instrument, lots in self._meanwhile:
            if seq > answer["seq"]:
                held[instrument] = held.get(instrument, 0) + lots
        self._held, self._meanwhile = held, None

    def _follow(self, events: np.ndarray[Any, np.dtype[Any]]) -> None:
        moving, moved = moves(events)
        for event, lots in zip(moving, moved.tolist(), strict=True):
            instrument = int(event["instrument"])
            self._held[instrument] = self._held.get(instrument, 0) + lots
            if self._meanwhile is not None:
                self._meanwhile.append((int(event["seq"]), instrument, lots))

    # ------------------------------------------------------------ what strategies use

    def quote(self, symbol: str) -> Quote:
        """The market in a symbol as last heard."""
        quote = Quote(self._client.instruments_by_symbol[symbol].tick_size)
        top, trade = self._feed.top(symbol), self._feed.last_trade(symbol)
        if top is not None:
            quote.bid, quote.bid_qty, quote.ask, quote.ask_qty = (
                top.bid_price, top.bid_qty, top.ask_price, top.ask_qty,
            )  # fmt: skip
        if trade is not None:
            quote.last = trade.price
        return quote

    def value(self, symbol: str) -> float:
        """What the symbol is worth now, in 1e-4."""
        return self._values[symbol].at(time.time())

    def position(self, symbol: str) -> int:
        """Lots held, negative when short; as of the last fill heard."""
        return self._held.get(self._client.instruments_by_symbol[symbol].id, 0)

    def place(
        self, side: Side, symbol: str, qty: int, price: int | None, tif: TimeInForce = TimeInForce.DAY
    ) -> Order | None:
        """Send an order. None while there is no trading or no connection: sent later it would be a bad one."""
        if not self._client.is_online or not self._is_open(symbol):
            return None
        return self._client.order(side, symbol, qty, price, TimeInForce.IOC if price is None else tif)

    def cancel(self, order: Order) -> None:
        """Ask for a cancel; nothing happens when the order is done."""
        if isinstance(order, AsyncOrder) and self._client.is_online:
            order.cancel()

    def replace(self, order: Order, price: int, open_qty: int) -> None:
        """Ask for another price and open quantity; nothing happens when the order is done or already being changed."""
        if not isinstance(order, AsyncOrder) or not self._client.is_online or not self._is_open(order.symbol):
            return
        if order.is_done or order.requests or order.order_type is OrderType.MARKET:
            return
        try:
            order.replace(price, open_qty=open_qty)
        except InvalidInput:
            pass  # it was done meanwhile

    def _is_open(self, symbol: str) -> bool:
        """Whether the symbol is traded; nobody goes on knocking at a halted market."""
        status = self._feed.status(symbol)
        return status is None or status.state == InstrumentState.OPEN
