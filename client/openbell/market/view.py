"""What both market data shells tell about the market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from openbell.market.book import Book
from openbell.market.feed import DTYPES, MarketFeed
from openbell.market.updates import AuctionUpdate, Note, StatisticsUpdate, StatusUpdate, TopUpdate, TradeUpdate
from openbell.rows import InstrumentInfo
from openbell.wire import Channel


class MarketView:
    """Books, tops, trades and states of the symbols subscribed. Prices are ints of 1e-4, quantities lots."""

    feed: MarketFeed

    def _refresh(self) -> None:
        """Take in what has arrived, where that does not happen by itself."""

    def book(self, symbol: str) -> Book:
        """The book of a symbol: every order with channel B, else totals by price (D), or the best (1 to 4).

        Raises InvalidInput.

        It goes on changing as records arrive; it is the same object every time.
        """
        self._refresh()
        return self.feed.book(symbol)

    def top(self, symbol: str) -> TopUpdate | None:
        """Best bid and offer (channel T); None when there were none yet. Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.TOP)
        return self.feed.tops.get(self.feed.instrument_id(symbol))

    def last_trade(self, symbol: str) -> TradeUpdate | None:
        """The last trade since the subscription (channel X). Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.TRADES)
        return self.feed.trades.get(self.feed.instrument_id(symbol))

    def status(self, symbol: str) -> StatusUpdate | None:
        """The trading state (channel S). Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.STATUS)
        return self.feed.statuses.get(self.feed.instrument_id(symbol))

    def bands(self, symbol: str) -> StatusUpdate | None:
        """The prices between which orders trade (channel S); None where there are none. Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.STATUS)
        return self.feed.bands.get(self.feed.instrument_id(symbol))

    def auction(self, symbol: str) -> AuctionUpdate | None:
        """What the auction under way would trade now, or what the last one traded (channel A). Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.AUCTION)
        return self.feed.auctions.get(self.feed.instrument_id(symbol))

    def statistics(self, symbol: str) -> StatisticsUpdate | None:
        """The day's statistics, up to a second old (channel V); None without a trade. Raises InvalidInput."""
        self._refresh()
        self.feed.sequence(Channel.STATISTICS)
        return self.feed.statistics.get(self.feed.instrument_id(symbol))

    @property
    def is_live(self) -> bool:
        """Everything above is exact as of the last record sent, and the feed is heard."""
        self._refresh()
        return self.feed.is_live

    @property
    def stale_since_ns(self) -> int | None:
        """Since when something above may be out of date (ns since 1970), None when all is live."""
        self._refresh()
        return self.feed.stale_since_ns

    @property
    def recoveries(self) -> int:
        """How often a channel was brought up to date again after a loss."""
        return self.feed.recoveries

    @property
    def instruments(self) -> Mapping[str, InstrumentInfo]:
        """All instruments of the market by symbol, as they were when the subscription began."""
        return self.feed.instruments

    def symbol(self, instrument: int) -> str:
        """The symbol of an instrument's id, as in updates. Raises KeyError."""
        return self.feed.symbols[instrument]

    def on_records(self, channel: Channel, callback: Callable[[np.ndarray[Any, np.dtype[Any]]], None]) -> None:
        """Have `callback` called with the new records of a channel as an array of its dtype in `openbell.wire`.

        Without a copy and without a Python object a record: for consumers of all there is. Raises InvalidInput.
        """
        self.feed.sequence(channel)
        dtype = DTYPES[channel]

        def listen(of: Channel, what: memoryview | Note) -> None:
            if of == channel and isinstance(what, memoryview):
                callback(np.frombuffer(what, dtype))

        self.feed.listeners.append(listen)
