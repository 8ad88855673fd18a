"""What a feed holds of the market: books, and the last record of each instrument on the other channels."""

from __future__ import annotations

from typing import Any

from openbell import wire
from openbell.market.book import DepthBook, OrderBook
from openbell.market.updates import (
    AMENDED,
    DEPTH_CLASSES,
    FORMATS,
    AuctionUpdate,
    BarUpdate,
    StatisticsUpdate,
    StatusUpdate,
    TopUpdate,
    TradeUpdate,
)
from openbell.records import DEPTH, MARKET_DATA
from openbell.wire import BookKind, Channel, TradeFlag


class Held:
    """Changed by the records of each channel; what it had is replaced by a snapshot."""

    def __init__(self, ids: set[int] | None) -> None:
        """ids: the instruments wanted, which may become known later; None: all."""
        self._ids = ids
        self.symbols: dict[int, str] = {}
        self.order_books: dict[int, OrderBook] = {}
        self.depth_books: dict[Channel, dict[int, DepthBook]] = {one: {} for one in (Channel.DEPTH, *DEPTH_CLASSES)}
        self.tops: dict[int, TopUpdate] = {}
        self.trades: dict[int, TradeUpdate] = {}  # the last one of each instrument
        self.statuses: dict[int, StatusUpdate] = {}
        self.bands: dict[int, StatusUpdate] = {}
        self.auctions: dict[int, AuctionUpdate] = {}
        self.statistics: dict[int, StatisticsUpdate] = {}
        self.bars: dict[tuple[int, int], BarUpdate] = {}  # the last one of each instrument and period_s
        self._last: dict[Channel, dict[int, Any]] = {
            Channel.TOP: self.tops,
            Channel.TRADES: self.trades,
            Channel.STATUS: self.statuses,
            Channel.AUCTION: self.auctions,
            Channel.STATISTICS: self.statistics,
        }
        self._instruments_due = True  # one is not known by name

    def _order_book(self, instrument: int) -> OrderBook:
        book = self.order_books.get(instrument)
        if book is None:
            book = self.order_books[instrument] = OrderBook(self.symbols.get(instrument, ""))
            self._instruments_due = self._instruments_due or instrument not in self.symbols
        return book

    def _depth_book(self, channel: Channel, instrument: int) -> DepthBook:
        books = self.depth_books[channel]
        book = books.get(instrument)
        if book is None:
            book = books[instrument] = DepthBook(self.symbols.get(instrument, ""))
            self._instruments_due = self._instruments_due or instrument not in self.symbols
        return book

    def _load(self, channel: Channel, instrument: int | None, records: bytes) -> None:
        """A snapshot: what rests, or the last record of a channel; of one instrument or of all."""
        if channel == Channel.BOOK:
            for book in self.order_books.values() if instrument is None else (self._order_book(instrument),):
                book.clear()
            for _, _, _, side, _, _, of, order_id, price, _, leaves, _, _, _ in MARKET_DATA.iter_unpack(records):
                self._order_book(of).add(side, order_id, price, leaves)
        elif channel in self.depth_books:
            books = self.depth_books[channel].values()
            for depth in books if instrument is None else (self._depth_book(channel, instrument),):
                depth.clear()
            for _, _, of, side, price, level_qty, level_orders, _ in DEPTH.iter_unpack(records):
                self._depth_book(channel, of).set_level(side, price, level_qty, level_orders)
        else:
            for last in (self._last[channel], *((self.bands,) if channel == Channel.STATUS else ())):
                if instrument is None:
                    last.clear()
                else:
                    last.pop(instrument, None)
            self._set_last(channel, records)

    def _set_last(self, channel: Channel, records: bytes | memoryview) -> None:
        """The last record of each instrument."""
        fields, kind = FORMATS[channel]
        last = self._last[channel]
        for one in map(kind._make, fields.iter_unpack(records)):
            if channel == Channel.STATUS and one.kind == BookKind.BANDS:
                self.bands[one.instrument] = one
                if not one.order_id:
                    del self.bands[one.instrument]  # there are none any more
            elif channel == Channel.TRADES and one.flags & AMENDED:
                self._amend(one)
            else:
                if channel == Channel.STATUS and _is_same(last.get(one.instrument), one):
                    self._instruments_due = True  # told again: its ticks or lots are others now
                last[one.instrument] = one
            self._instruments_due = self._instruments_due or one.instrument not in self.symbols

    def _amend(self, amended: TradeUpdate) -> None:
        """A bust or correction: of the last trade of its instrument it changes what that was, or that there is one."""
        last = self.trades.get(amended.instrument)
        if last is None or last.trade_id != amended.trade_id or amended.flags & TradeFlag.CROSS:
            return
        if amended.flags & TradeFlag.BUST:
            del self.trades[amended.instrument]
        else:
            self.trades[amended.instrument] = last._replace(price=amended.price, qty=amended.qty)

    def _change(self, channel: Channel, records: memoryview) -> bool:
        """Records that come next. False: a book is not that of the market any more."""
        if channel == Channel.BOOK:
            return self._apply_book(records)
        if channel in self.depth_books:
            self._apply_depth(channel, records)
        elif channel == Channel.BARS:
            for bar in map(BarUpdate._make, FORMATS[channel][0].iter_unpack(records)):
                self.bars[bar.instrument, bar.period_s] = bar
        else:
            self._set_last(channel, records)
        return True

    def _apply_book(self, records: memoryview) -> bool:
        fits = True
        books, ids = self.order_books, self._ids
        for _, _, kind, side, _, _, instrument, order_id, price, qty, leaves, total, orders, _ in (
            MARKET_DATA.iter_unpack(records)
        ):  # fmt: skip
            book = books.get(instrument)
            if book is None:
                if (ids is not None and instrument not in ids) or kind > wire.BookKind.DELETE:
                    continue
                book = self._order_book(instrument)
            if kind <= wire.BookKind.DELETE and not book.apply(kind, side, order_id, price, qty, leaves, total, orders):
                fits = False
        return fits

    def _apply_depth(self, channel: Channel, records: memoryview) -> None:
        books, ids = self.depth_books[channel], self._ids
        for _, _, instrument, side, price, level_qty, level_orders, _ in DEPTH.iter_unpack(records):
            book = books.get(instrument)
            if book is None:
                if ids is not None and instrument not in ids:
                    continue
                book = self._depth_book(channel, instrument)
            book.set_level(side, price, level_qty, level_orders)


def _is_same(before: StatusUpdate | None, now: StatusUpdate) -> bool:
    """Whether a STATUS tells of nothing new."""
    names = ("state", "flags", "level_qty", "level_orders", "trade_no")
    return before is not None and all(getattr(before, name) == getattr(now, name) for name in names)
