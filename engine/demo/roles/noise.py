"""The noise trader: buys and sells for reasons of its own, at random times, in any symbol."""

from __future__ import annotations

from math import tanh
from random import Random

from openbell.orders import Order
from openbell.wire import Side, TimeInForce

from engine.demo.desk import Desk, Quote

MEAN_PAUSE_S = 1.3
CONTENT_LOTS = 4_000  # what it likes to hold of each symbol; more makes it sell rather, less buy
PATIENCE_S = (4.0, 30.0)


class Noise:
    """Half of its orders take what is there, the others wait in the book for a while."""

    def __init__(self, symbols: tuple[str, ...], random: Random) -> None:
        self._random = random
        # Everybody has favourites, so that some symbols trade more than others.
        self._symbols = symbols
        self._weights = [random.paretovariate(1.4) for _ in symbols]
        self._waiting: list[tuple[float, Order]] = []

    def wake(self, desk: Desk, now_s: float) -> float:
        """Give up on orders that waited long enough, then make one more."""
        random = self._random
        for until_s, order in self._waiting:
            if until_s <= now_s:
                desk.cancel(order)
        self._waiting = [pair for pair in self._waiting if pair[0] > now_s and not pair[1].is_done]
        symbol = random.choices(self._symbols, self._weights)[0]
        quote = desk.quote(symbol)
        if quote.bid and quote.ask:
            self._trade(desk, symbol, quote, now_s)
        return random.expovariate(1.0 / MEAN_PAUSE_S)

    def _trade(self, desk: Desk, symbol: str, quote: Quote, now_s: float) -> None:
        random = self._random
        held = desk.position(symbol)
        cheap = (desk.value(symbol) - quote.mid) / max(quote.tick_size, quote.ask - quote.bid)
        wish = 0.5 + 0.2 * tanh(cheap) + 0.3 * (CONTENT_LOTS - held) / CONTENT_LOTS
        side = Side.BUY if random.random() < wish else Side.SELL
        qty = max(1, min(2_000, int(random.lognormvariate(4.2, 0.9))))
        if side is Side.SELL:
            qty = min(qty, held // 4)  # leaves room for its other open sell orders
            if qty <= 0:
                return
        dice = random.random()
        if dice < 0.12:
            desk.place(side, symbol, qty, None)
        elif dice < 0.45:
            through = random.randrange(0, 3) * quote.tick_size
            price = quote.ask + through if side is Side.BUY else quote.bid - through
            if price > 0:
                desk.place(side, symbol, qty, price, TimeInForce.IOC)
        elif len(self._waiting) < 12:
            behind = random.randrange(-1, 5) * quote.tick_size
            price = quote.bid - behind if side is Side.BUY else quote.ask + behind
            order = desk.place(side, symbol, qty, price) if price > 0 else None
            if order is not None:
                self._waiting.append((now_s + random.uniform(*PATIENCE_S), order))
