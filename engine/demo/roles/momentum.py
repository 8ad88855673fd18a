"""The momentum trader: follows a move once it sees one, and gets out when it fades."""

from __future__ import annotations

from math import exp
from random import Random

from openbell.wire import Side, TimeInForce

from engine.demo.desk import Desk

FULL_LOTS = 3_000
SLICE_LOTS = 300


class Momentum:
    """Compares a fast with a slow average of the middle price, symbol by symbol."""

    def __init__(self, symbols: tuple[str, ...], random: Random) -> None:
        self._random = random
        self._symbols = symbols
        self._fast_s = random.uniform(3.0, 8.0)
        self._slow_s = self._fast_s * random.uniform(4.0, 8.0)
        self._enter_bps = random.uniform(2.0, 5.0)
        self._averages: dict[str, tuple[float, float, float]] = {}  # symbol -> time, fast, slow

    def wake(self, desk: Desk, now_s: float) -> float:
        """Take note of all prices, act on a symbol that moves away from where the position says it should be."""
        for symbol in self._symbols:
            mid = desk.quote(symbol).mid
            if mid:
                then_s, fast, slow = self._averages.get(symbol, (now_s, mid, mid))
                passed_s = now_s - then_s
                fast += (mid - fast) * (1.0 - exp(-passed_s / self._fast_s))
                slow += (mid - slow) * (1.0 - exp(-passed_s / self._slow_s))
                self._averages[symbol] = (now_s, fast, slow)
                self._follow(desk, symbol, (fast - slow) / slow * 10_000)
        return self._random.uniform(0.6, 1.2)

    def _follow(self, desk: Desk, symbol: str, move_bps: float) -> None:
        held = desk.position(symbol)
        if move_bps > self._enter_bps:
            wanted = FULL_LOTS
        elif move_bps < -self._enter_bps:
            wanted = -FULL_LOTS
        elif held * move_bps <= 0.0 or abs(move_bps) < self._enter_bps / 3:
            wanted = 0
        else:
            return
        missing = wanted - held
        if abs(missing) < 20 or self._random.random() > 0.5:
            return
        quote = desk.quote(symbol)
        side = Side.BUY if missing > 0 else Side.SELL
        price = quote.ask if side is Side.BUY else quote.bid
        if price:
            desk.place(side, symbol, min(abs(missing), SLICE_LOTS), price, TimeInForce.IOC)
