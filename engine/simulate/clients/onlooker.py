"""Somebody who looks at market data: the SDK's feed over simulated links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openbell.errors import OpenBellError
from openbell.market import MarketFeed
from openbell.market.book import OrderBook
from openbell.trader import LOOK_S
from openbell.wire import Channel, Side

from engine.simulate.world.network import Frame, Link, Network
from engine.simulate.world.timeline import START_NS

LOOK_NS: Final = round(LOOK_S * 1e9)
CHANNELS: Final = "BDTX"


class Onlooker:
    """Keeps books as `AsyncMarketData` does. `problem`: told of what the SDK finds wrong."""

    def __init__(self, network: Network, endpoints: dict[str, str], problem: Callable[[str], None]) -> None:
        self.network, self.endpoints, self.problem = network, endpoints, problem
        self.timeline = network.timeline
        self.feed = MarketFeed(CHANNELS, clock_ns=lambda: START_NS + self.timeline.now_ns)
        self._links: list[Link | None] = [None, None]

    @property
    def channels(self) -> list[Channel]:
        """What it looks at."""
        return [Channel(ord(letter)) for letter in CHANNELS]

    def orders(self, symbol: str) -> list[tuple[int, int, int]]:
        """Order id, price and leaves of what rests in its book."""
        book = self.feed.book(symbol)
        assert isinstance(book, OrderBook)
        return [(one.order_id, one.price, one.leaves) for one in (*book.orders(Side.BUY), *book.orders(Side.SELL))]

    def begin(self) -> None:
        """Connect."""
        self._open()
        self.timeline.after(LOOK_NS, self._look_after)

    def _open(self) -> None:
        for one in self._links:
            if one is not None:
                one.close()
        stream = self.network.connect(self.endpoints["market_data"], "onlooker")
        snapshots = self.network.connect(self.endpoints["snapshots"], "onlooker's questions")
        self._links = [stream, snapshots]
        if stream is None or snapshots is None:
            return
        stream.on_frame, snapshots.on_frame = self._take, self._answer
        stream.on_lost = snapshots.on_lost = self._lost
        for prefix in self.feed.subscriptions:
            stream.subscribe(prefix)

    def _lost(self) -> None:
        self.feed.disconnected()
        self._links = [None, None]

    def _take(self, frame: Frame) -> None:
        self._do(lambda: self.feed.receive(frame[0]))

    def _answer(self, frame: Frame) -> None:
        self._do(lambda: self.feed.reply(list(frame)))

    def _do(self, what: Callable[[], None]) -> None:
        try:
            what()
        except OpenBellError as error:
            self.problem(f"the onlooker could not read a frame: {error}")
        self._send()

    def _send(self) -> None:
        link = self._links[1]
        for data in self.feed.take_outgoing():
            if link is not None:
                link.send(data)

    def _look_after(self) -> None:
        self.timeline.after(LOOK_NS, self._look_after)
        if any(one is None or not one.is_up for one in self._links):
            self._open()
        self.feed.tick()
        self._send()
