"""Changes of the market as typed values, decoded only for those who ask, and a bounded queue of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from struct import Struct
from typing import Any, Final, NamedTuple

from openbell.errors import Overrun
from openbell.prices import format_price
from openbell.records import BAR, DEPTH, MARKET_DATA, STATISTICS, TOP, TRADE
from openbell.wire import AuctionKind, BookKind, Channel, ExtensionReason, HaltReason, InstrumentState, Side, TradeFlag

AMENDED: Final = int(TradeFlag.BUST | TradeFlag.CORRECTION)


class BookUpdate(NamedTuple):
    """A change of one order in the book (channel B): the fields of wire.MARKET_DATA."""

    seq: int
    ts_ns: int
    kind: int
    side: int
    state: int
    flags: int
    instrument: int
    order_id: int
    price: int
    qty: int
    leaves: int
    level_qty: int
    level_orders: int
    trade_no: int

    def __str__(self) -> str:
        name = BookKind(self.kind).name if self.kind in BookKind._value2member_map_ else f"kind {self.kind}"
        side = "bid" if self.side == Side.BUY else "ask"
        return f"{name} {side} {self.qty} @ {format_price(self.price)}, order {self.order_id}, leaves {self.leaves}"


class StatusUpdate(NamedTuple):
    """The trading state of an instrument (channel S): flags: HaltReason or AuctionKind, price: its reference price;
    in a call level_qty, level_orders, trade_no: `auction_ns`, `extensions`, `extension_reason`.

    Of kind BANDS: orders trade between price and order_id; level_qty is the reference price of that; 0: none.
    """

    seq: int
    ts_ns: int
    kind: int
    side: int
    state: int
    flags: int
    instrument: int
    order_id: int
    price: int
    qty: int
    leaves: int
    level_qty: int
    level_orders: int
    trade_no: int

    @property
    def reason(self) -> HaltReason | AuctionKind | None:
        """Why it is halted, or for which auction orders are collected; None in other states, or where none is given."""
        if self.state == InstrumentState.HALTED and self.flags in HaltReason._value2member_map_:
            return HaltReason(self.flags) or None
        if self.state == InstrumentState.CALL and self.flags in AuctionKind._value2member_map_:
            return AuctionKind(self.flags)
        return None

    @property
    def auction_ns(self) -> int:
        """In a call: when its auction is, ns since 1970 UTC; 0: when an operator says so. It can come later, where the
        market ends calls at random."""
        return self.level_qty if self.state == InstrumentState.CALL and self.kind == BookKind.STATUS else 0

    @property
    def extensions(self) -> int:
        """In a call: how often its auction was put off."""
        return self.level_orders if self.state == InstrumentState.CALL and self.kind == BookKind.STATUS else 0

    @property
    def extension_reason(self) -> ExtensionReason | None:
        """In a call: why its auction was put off the last time."""
        known = self.extensions and self.trade_no in ExtensionReason._value2member_map_
        return ExtensionReason(self.trade_no) if known else None

    def __str__(self) -> str:
        if self.kind == BookKind.BANDS:
            return f"bands {format_price(self.price)} to {format_price(self.order_id)}" if self.order_id else "no bands"
        known = self.state in InstrumentState._value2member_map_
        state = InstrumentState(self.state).name if known else str(self.state)
        why = "" if self.reason is None else f" ({self.reason.name})"
        when = f", auction {self._clock()}" if self.auction_ns else ""
        if self.extension_reason is not None:
            when += f", extension {self.extensions}: {self.extension_reason.name}"
        return f"{state}{why}{when}, reference {format_price(self.price)}"

    def _clock(self) -> str:
        return f"{datetime.fromtimestamp(self.auction_ns / 1e9, UTC):%H:%M:%S} UTC"


class TopUpdate(NamedTuple):
    """Best bid and offer (channel T): the fields of wire.TOP. A price of 0: that side is empty."""

    seq: int
    ts_ns: int
    kind: int
    side: int
    state: int
    flags: int
    instrument: int
    bid_price: int
    ask_price: int
    bid_qty: int
    ask_qty: int
    bid_orders: int
    ask_orders: int

    def __str__(self) -> str:
        bid = f"{self.bid_qty} @ {format_price(self.bid_price)}" if self.bid_price else "none"
        ask = f"{self.ask_qty} @ {format_price(self.ask_price)}" if self.ask_price else "none"
        return f"bid {bid}, ask {ask}"


class DepthUpdate(NamedTuple):
    """A price's new totals (channel D): the fields of wire.DEPTH. level_qty 0: the level is gone."""

    seq: int
    ts_ns: int
    instrument: int
    side: int
    price: int
    level_qty: int
    level_orders: int
    reserved: int

    def __str__(self) -> str:
        side = "bid" if self.side == Side.BUY else "ask"
        return f"{side} {format_price(self.price)}: {self.level_qty} in {self.level_orders} orders"


class TradeUpdate(NamedTuple):
    """A trade (channel X): the fields of wire.TRADE; aggressor is the side of the incoming order, flags its conditions.

    A cross is all that an auction traded; it has no aggressor (SIDE_BOTH). With TradeFlag.BUST the trade of that
    trade_id, made earlier, does not count any more; with CORRECTION it is what is said here: docs/busts.md.
    """

    seq: int
    ts_ns: int
    instrument: int
    aggressor: int
    reserved: int
    flags: int
    price: int
    trade_id: int
    qty: int

    @property
    def conditions(self) -> TradeFlag:
        """The flags by name: `TradeFlag.ODD_LOT in trade.conditions`."""
        return TradeFlag(self.flags)

    @property
    def makes_price(self) -> bool:
        """Whether it counts for open, high, low and close; volume counts all."""
        return not self.flags & (TradeFlag.ODD_LOT | TradeFlag.BUST)

    @property
    def is_new(self) -> bool:
        """Whether it was made now; else it is one that was told before, and is busted or corrected."""
        return not self.flags & AMENDED

    def __str__(self) -> str:
        if not self.is_new:
            name = "bust" if self.flags & TradeFlag.BUST else "correction"
            return f"{name} of trade {self.trade_id}: {self.qty} @ {format_price(self.price)}"
        verb = {int(Side.BUY): "bought", int(Side.SELL): "sold"}.get(self.aggressor, "crossed")
        names = ", ".join(str(flag.name).lower().replace("_", " ") for flag in TradeFlag if self.flags & flag)
        return f"{self.qty} {verb} @ {format_price(self.price)}" + (f" ({names})" if names else "")


class AuctionUpdate(NamedTuple):
    """An auction (channel A): what it would trade now (kind INDICATIVE), or what it has traded (CROSS).

    state is its AuctionKind, level_qty the lots, leaves the imbalance on `side`; price 0: nothing trades.
    """

    seq: int
    ts_ns: int
    kind: int
    side: int
    state: int
    flags: int
    instrument: int
    order_id: int
    price: int
    qty: int
    leaves: int
    level_qty: int
    level_orders: int
    trade_no: int

    @property
    def is_over(self) -> bool:
        """It was held; else the call still runs."""
        return self.kind == BookKind.CROSS

    def __str__(self) -> str:
        kind = AuctionKind(self.state).name.lower() if self.state in AuctionKind._value2member_map_ else str(self.state)
        lots = f"{self.level_qty} @ {format_price(self.price)}" if self.level_qty else "nothing"
        if self.is_over:
            return f"{kind} auction: {lots}"
        side = "buy" if self.side == Side.BUY else "sell"
        return f"{kind} auction so far: {lots}, imbalance {self.leaves}" + (f" to {side}" if self.leaves else "")


def _prices(row: StatisticsUpdate | BarUpdate) -> str:
    """Open, high, low and close."""
    if not row.open:
        return "odd lots only"
    return " ".join(format_price(price) for price in (row.open, row.high, row.low, row.close))


class StatisticsUpdate(NamedTuple):
    """An instrument's day so far (channel V): the fields of wire.STATISTICS. Prices of 0: no trade has made one."""

    seq: int
    ts_ns: int
    instrument: int
    flags: int
    reserved: int
    reserved1: int
    open: int
    high: int
    low: int
    close: int
    previous_close: int
    volume: int
    turnover: int
    vwap: int
    trades: int

    @property
    def change(self) -> int:
        """From the close of the day before to the last price, in 1e-4; 0 where one of them is not known."""
        return self.close - self.previous_close if self.close and self.previous_close else 0

    def __str__(self) -> str:
        return f"{_prices(self)}, {self.volume} lots in {self.trades} trades, VWAP {format_price(self.vwap)}"


class BarUpdate(NamedTuple):
    """A bar (channel C): the fields of wire.BAR; it begins at ts_ns. Prices of 0: no trade made one."""

    seq: int
    ts_ns: int
    instrument: int
    period_s: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    vwap: int
    trades: int

    def __str__(self) -> str:
        return f"{self.period_s} s: {_prices(self)}, {self.volume} lots, VWAP {format_price(self.vwap)}"


class Stale(NamedTuple):
    """A channel has lost records, or is silent: what is known of it is that of since_ns until a Recovered comes."""

    channel: Channel
    since_ns: int


class Recovered(NamedTuple):
    """A channel is exact again, as of `sequence`: read what you hold of it anew.

    lost: trades (channel X) or bars (C) that the market does not keep any more; other channels lose no state.
    """

    channel: Channel
    sequence: int
    lost: int


Update = (
    BookUpdate
    | StatusUpdate
    | TopUpdate
    | DepthUpdate
    | TradeUpdate
    | AuctionUpdate
    | StatisticsUpdate
    | BarUpdate
    | Stale
    | Recovered
)
Note = Stale | Recovered
Listener = Callable[[Channel, memoryview | Note], None]

# Depth of the best levels, conflated; each with levels and a pace that the market has set.
DEPTH_CLASSES: Final = (Channel.DEPTH_1, Channel.DEPTH_2, Channel.DEPTH_3, Channel.DEPTH_4)
FORMATS: Final[dict[Channel, tuple[Struct, Any]]] = {
    Channel.BOOK: (MARKET_DATA, BookUpdate),
    Channel.DEPTH: (DEPTH, DepthUpdate),
    **dict.fromkeys(DEPTH_CLASSES, (DEPTH, DepthUpdate)),
    Channel.TOP: (TOP, TopUpdate),
    Channel.TRADES: (TRADE, TradeUpdate),
    Channel.STATUS: (MARKET_DATA, StatusUpdate),
    Channel.AUCTION: (MARKET_DATA, AuctionUpdate),
    Channel.STATISTICS: (STATISTICS, StatisticsUpdate),
    Channel.BARS: (BAR, BarUpdate),
}


class UpdateQueue:
    """Updates until somebody takes them. Beyond `limit` records everything is dropped, and Overrun raised once."""

    def __init__(self, limit: int, wanted: Callable[[int], bool] | None) -> None:
        """wanted: whether an instrument's updates are; None: all are."""
        self._limit = limit
        self._wanted = wanted
        self._queue: deque[tuple[Channel, memoryview | Note]] = deque()
        self._count = 0
        self._dropped = 0
        self._typed: Iterator[Update] = iter(())

    def push(self, channel: Channel, what: memoryview | Note) -> None:
        """Records of a channel, or a note about it; a Listener of the feed."""
        count = len(what) // FORMATS[channel][0].size if isinstance(what, memoryview) else 1
        if self._count + count > self._limit and self._queue:
            self._dropped += self._count
            self._queue.clear()
            self._count = 0
        self._count += count
        self._queue.append((channel, what))

    def pop(self) -> Update | None:
        """The next update, None when there is none. Raises Overrun."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._typed = iter(())
            text = f"{dropped} updates were not taken in time and are dropped; the limit is {self._limit}"
            raise Overrun(text, code="overrun", limit=self._limit, value=dropped)
        while True:
            for update in self._typed:
                return update
            if not self._queue:
                return None
            channel, what = self._queue.popleft()
            if not isinstance(what, memoryview):
                self._count -= 1
                return what
            fields, kind = FORMATS[channel]
            self._count -= len(what) // fields.size
            made = map(kind._make, fields.iter_unpack(what))
            wanted = self._wanted
            self._typed = made if wanted is None else (one for one in made if wanted(one.instrument))
