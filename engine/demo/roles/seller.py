"""The large seller: works one big sell order after another in slices, and quietly buys back what it sold before."""

from __future__ import annotations

from random import Random

from openbell.orders import Order
from openbell.wire import Side, TimeInForce

from engine.demo.desk import Desk

START_LOTS = 60_000  # what it is given of each symbol
PARENT_LOTS = 15_000
SLICE_LOTS = (100, 500)
REST_S = 20.0
BUY_BACK_LOTS = 400


class Seller:
    """Half of the slices hit the bid, the others wait at the offer; what is left of one is cancelled with the next."""

    def __init__(self, symbols: tuple[str, ...], random: Random) -> None:
        self._random = random
        self._symbols = symbols
        self._symbol = random.choice(symbols)
        self._until_lots: int | None = None  # the parent order is done when the position is down to this
        self._slice: Order | None = None
        self._bids: dict[str, Order] = {}
        self._turn = 0

    def wake(self, desk: Desk, now_s: float) -> float:
        """One slice of the sale, and one look at a symbol to buy back."""
        self._buy_back(desk)
        if self._slice is not None:
            desk.cancel(self._slice)
            self._slice = None
        held = desk.position(self._symbol)
        if self._until_lots is None:
            self._until_lots = max(0, held - PARENT_LOTS)
        if held <= self._until_lots:
            # The next one is what it has most of, with some choice.
            some = self._random.sample(self._symbols, 5)
            self._symbol = max(some, key=desk.position)
            self._until_lots = None
            return REST_S
        qty = min(self._random.randint(*SLICE_LOTS), held - self._until_lots)
        quote = desk.quote(self._symbol)
        if quote.bid and quote.ask:
            if self._random.random() < 0.5:
                desk.place(Side.SELL, self._symbol, qty, quote.bid, TimeInForce.IOC)
            else:
                self._slice = desk.place(Side.SELL, self._symbol, qty, max(quote.ask - quote.tick_size, quote.bid))
        return self._random.uniform(0.8, 2.0)

    def _buy_back(self, desk: Desk) -> None:
        self._turn = (self._turn + 1) % len(self._symbols)
        symbol = self._symbols[self._turn]
        bid = self._bids.pop(symbol, None)
        if bid is not None:
            desk.cancel(bid)
        price = desk.quote(symbol).bid
        missing = START_LOTS - desk.position(symbol)
        if symbol != self._symbol and missing > 0 and price:
            made = desk.place(Side.BUY, symbol, min(missing, BUY_BACK_LOTS), price)
            if made is not None:
                self._bids[symbol] = made
