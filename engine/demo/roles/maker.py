"""The market maker: quotes both sides in a few symbols, leans its quotes against what it holds."""

from __future__ import annotations

from random import Random

from openbell.orders import Order
from openbell.wire import Side

from engine.demo.desk import Desk

LEVELS = 2
FULL_LOTS = 12_000  # inventory at which the quotes lean by the whole spread and one side stops
LAZY_TICKS = 1  # a quote this close to where it should be stays, and keeps its place in the queue


class Maker:
    """Two orders a side and symbol around its own idea of the value."""

    def __init__(self, symbols: tuple[str, ...], random: Random) -> None:
        self._random = random
        self._symbols = symbols
        self._quotes: dict[tuple[str, Side, int], Order] = {}
        self._opinion = {symbol: random.gauss(0.0, 0.00008) for symbol in symbols}
        self._width_bps = {symbol: random.uniform(1.2, 2.6) for symbol in symbols}
        self._size = {symbol: random.randrange(100, 600, 50) for symbol in symbols}
        self._next = random.randrange(len(symbols))

    def wake(self, desk: Desk, now_s: float) -> float:
        """Bring one symbol's quotes to where they should be."""
        self._next = (self._next + 1) % len(self._symbols)
        self._requote(desk, self._symbols[self._next])
        return self._random.uniform(0.10, 0.22)

    def _requote(self, desk: Desk, symbol: str) -> None:
        quote = desk.quote(symbol)
        tick_size = quote.tick_size
        # An opinion drifts a little and pulls back to 0: makers disagree, now and then enough to trade with each other.
        opinion = self._opinion[symbol] = self._opinion[symbol] * 0.98 + self._random.gauss(0.0, 0.00002)
        fair = desk.value(symbol) * (1.0 + opinion)
        half = max(tick_size, fair * self._width_bps[symbol] / 10_000)
        held = desk.position(symbol)
        lean = max(-1.0, min(1.0, held / FULL_LOTS))
        fair -= lean * 2.0 * half
        bid = int((fair - half) // tick_size) * tick_size
        ask = -int(-(fair + half) // tick_size) * tick_size
        # Of two quotes that move the same way the one in front moves first, so that they do not meet each other.
        sides = ((Side.SELL, ask), (Side.BUY, bid)) if quote.mid < fair else ((Side.BUY, bid), (Side.SELL, ask))
        for side, price in sides:
            full = lean >= 1.0 if side is Side.BUY else lean <= -1.0
            for level in range(LEVELS):
                away = level * (2 + level) * tick_size
                self._keep(desk, symbol, side, level, price - away if side is Side.BUY else price + away, full)

    def _keep(self, desk: Desk, symbol: str, side: Side, level: int, price: int, full: bool) -> None:
        """Have one order at `price`, or none when `full`."""
        key = (symbol, side, level)
        order = self._quotes.get(key)
        tick_size = desk.quote(symbol).tick_size
        size = self._size[symbol] * (level + 1)
        if order is not None and order.is_done:
            order = None
        if full or price < tick_size:
            if order is not None:
                desk.cancel(order)
        elif order is None:
            made = desk.place(side, symbol, size, price)
            if made is not None:
                self._quotes[key] = made
        elif abs(order.price - price) > LAZY_TICKS * tick_size or order.leaves < size // 3:
            desk.replace(order, price, size)
