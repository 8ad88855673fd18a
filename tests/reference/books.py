"""Instruments, their books and the orders in them: price, then time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from openbell import wire
from sortedcontainers import SortedDict

from tests.reference.accounts import Account
from tests.reference.ticks import Ticks, every

LEVELS_OF_A_PAGE = 64
BUY, SELL = wire.Side.BUY, wire.Side.SELL
FOR_AUCTIONS = (wire.TimeInForce.AT_OPEN, wire.TimeInForce.AT_CLOSE, wire.TimeInForce.AUCTION)


@dataclass(eq=False)
class Order:
    """A live order, in the book when `resting`."""

    order_id: int
    client_order_id: int
    account: Account
    instrument: Instrument
    side: int
    tif: int
    flags: int
    self_trade: int
    price: int
    leaves: int
    filled: int = 0
    resting: bool = False  # in a place: it holds cash and counts among open orders
    order_type: int = wire.OrderType.LIMIT
    session: int = 0
    group: int = 0
    place: int = wire.Place.BOOK
    rank: int = 0
    accepted: int = 0
    expire_ns: int = 0
    stop_price: int = 0
    offset: int = 0
    modes: int = 0
    min_qty: int = 0
    water: int = 0  # of a trailing stop: the best price since it came
    peg: int = wire.Peg.NONE
    cap: int = 0  # of a peg, as it was asked for last; 0: none
    display_qty: int = 0  # of an iceberg
    reserve: int = 0  # in the book: lots that do not show
    discretion: int = 0
    self_trade_group: int = 0
    charged_shares: int = 0  # of its fills under a plan of fees
    charged_notional: int = 0
    ring: Ring | None = None
    children: Ring | None = None  # of a parent
    is_doomed: bool = False  # in the queue, to be cancelled when served
    place_at_end: int = wire.Place.BOOK  # where it was cancelled

    def shown(self) -> int:
        """Lots that show, when it is in the book."""
        return self.leaves - self.reserve

    def show(self) -> None:
        """Show as many lots as it may."""
        self.reserve = max(0, self.leaves - self.display_qty) if self.display_qty else 0

    def lose(self, lots: int) -> None:
        """Lots that go without continuous trading, from the reserve first."""
        self.leaves -= lots
        self.reserve -= min(self.reserve, lots)

    def least(self) -> int:
        """The fewest lots that it takes at once."""
        return self.leaves if self.flags & wire.OrderFlag.ALL_OR_NONE else min(self.min_qty, self.leaves)

    def hold(self) -> int:
        """Cash that the order would hold, or holds, where it rests; a buy's discretion counts."""
        if self.side != BUY or self.place == wire.Place.WAIT:
            return 0
        return self.instrument.notional(self.price + self.discretion, self.leaves)


@dataclass(eq=False)
class Ring:
    """Orders of which one trades at the expense of the others: a circle."""

    legs: list[Order]
    parent: Order | None = None  # that they wait for
    first: Order | None = None  # the one that the parent named


class Extension(NamedTuple):
    """When auctions of a kind are put off: the values of SET_EXTENSION."""

    extension_ns: int
    most: int
    lots: int
    lots_bps: int
    price_bps: int
    widen_bps: int
    random_ns: int
    seed: int
    flags: int


class Margin(NamedTuple):
    """What positions must have behind them: the values of SET_MARGIN, in their order; and what they are marked by."""

    initial_long: int = 10_000
    maintenance_long: int = 10_000
    initial_short: int = 10_000
    maintenance_short: int = 10_000
    least_low: int = 0
    least: int = 0
    mark_by: int = wire.MarkBy.LAST
    average_volume: int = 0  # lots a day; 0: not known
    lists: int = 0  # that it is on, bits


class Level(NamedTuple):
    """Totals of a level."""

    price: int
    qty: int
    orders: int


class Top(NamedTuple):
    """Best levels; zeros where a side is empty."""

    bid: Level
    ask: Level


class Book:
    """Two sides of levels; a level is its orders in their queue's order."""

    def __init__(self) -> None:
        self.sides: tuple[SortedDict, SortedDict] = (SortedDict(), SortedDict())

    def best(self, side: int) -> int | None:
        """Highest bid or lowest offer."""
        prices = self.sides[side]
        return prices.peekitem(-1 if side == BUY else 0)[0] if prices else None

    def bests(self) -> tuple[int | None, int | None]:
        return self.best(BUY), self.best(SELL)

    def levels(self, side: int) -> Iterator[tuple[int, list[Order]]]:
        """Price and queue, best first."""
        prices = self.sides[side]
        for price in reversed(prices) if side == BUY else prices:
            yield price, prices[price]

    def orders(self) -> list[Order]:
        """Bids from best to worst, then offers, each level in its queue's order."""
        return [order for side in (BUY, SELL) for _, queue in self.levels(side) for order in queue]

    def level(self, side: int, price: int) -> Level:
        queue = self.sides[side].get(price, [])
        return Level(price, sum(order.shown() for order in queue), len(queue))

    def top(self) -> Top:
        bid, ask = self.best(BUY), self.best(SELL)
        return Top(
            Level(0, 0, 0) if bid is None else self.level(BUY, bid),
            Level(0, 0, 0) if ask is None else self.level(SELL, ask),
        )

    def append(self, order: Order) -> None:
        self.sides[order.side].setdefault(order.price, []).append(order)
        order.resting = True

    def remove(self, order: Order) -> None:
        queue = self.sides[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.sides[order.side][order.price]
        order.resting = False


@dataclass(eq=False)
class Instrument:
    """One instrument with its book."""

    number: int
    symbol: bytes = b""
    currency: int = 0
    state: int = wire.InstrumentState.CLOSED
    tick_size: int = 0
    lot_size: int = 0
    reference_price: int = 0
    collar_bps: int = 0
    max_order_qty: int = 0
    max_order_notional: int = 0
    round_lot: int = 0
    margin: Margin = field(default_factory=Margin)
    mark: int = 0  # price that new positions count at
    close: int = 0  # reference price as the last day ended
    auction_kind: int = 0  # in CALL
    auction_ns: int = 0  # when its auction is, as it is told; 0: when an operator says so
    ends_ns: int = 0  # when it is held: auction_ns, or later where the end is random
    extensions: dict[int, Extension] = field(default_factory=dict)  # by AuctionKind
    extended: int = 0  # times, since the call
    extended_for: int = 0  # ExtensionReason of the last one
    extended_at: int = 0  # price of the last one that had one
    auction_then: int = 0  # the state after it
    next_indicative_ns: int = 0
    detail: int = 0  # AuctionKind or HaltReason of its state
    lower: int = 0  # price bands; 0: none
    upper: int = 0
    is_short_restricted: bool = False
    borrow: int = wire.Borrow.EASY
    borrow_fee: int = 0  # 1e-6 of the value a year
    inventory: int = 0  # lots that can be lent
    steps: tuple[tuple[int, int], ...] = ()  # of its table of ticks; none: tick_size everywhere
    trades: int = 0
    trades_before: int = 0  # the last split
    volume: int = 0
    book: Book = field(default_factory=Book)
    followed: tuple[int | None, int | None] | None = None  # best prices when the order that is matched now came
    unseen: list[Order] = field(default_factory=list)  # orders that are not in the book, as they came

    def lot_cash(self, price: int) -> int:
        """Cash that one lot costs."""
        return price * self.lot_size * 100

    def notional(self, price: int, qty: int) -> int:
        return self.lot_cash(price) * qty

    def pages(self) -> int:
        """Pages that the book takes."""
        return len({price // self.tick_size // LEVELS_OF_A_PAGE for prices in self.book.sides for price in prices})

    def bounds(self) -> tuple[int, int]:
        """Lower and upper bound of the collar."""
        if not self.collar_bps or not self.reference_price:
            return 1, wire.MAX_PRICE
        band = self.reference_price * self.collar_bps // 10_000
        return max(1, self.reference_price - band), min(wire.MAX_PRICE, self.reference_price + band)

    def ticks(self) -> Ticks:
        return Ticks(self.steps) if self.steps else every(self.tick_size)

    def band(self, side: int) -> int:
        """The most that a buy may pay, the least that a sell may take, where there are bands: on tick_size."""
        return every(self.tick_size).down(self.upper) if side == BUY else every(self.tick_size).up(self.lower)

    def is_beyond_band(self, side: int, price: int) -> bool:
        return self.upper != 0 and (price > self.band(side) if side == BUY else price < self.band(side))

    def effective_price(self, side: int, for_auction: bool = False) -> int:
        """Price of a market order; 0 where the bands leave it none. Auctions know no bands."""
        lower, upper = self.bounds()
        ticks = upper // self.tick_size if side == BUY else -(-lower // self.tick_size)
        price = self.tick_size * min(max(ticks, 1), wire.MAX_PRICE // self.tick_size)
        if self.upper and not for_auction:
            price = min(price, self.band(side)) if side == BUY else max(price, self.band(side))
        return price if price <= wire.MAX_PRICE else 0
