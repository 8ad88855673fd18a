"""Market data without I/O: local books, gap detection, recovery. Its shells: blocking/market.py and aio/market.py."""

from openbell.market.book import Book, DepthBook, Level, OrderBook, RestingOrder
from openbell.market.feed import MarketFeed
from openbell.market.updates import (
    AuctionUpdate,
    BarUpdate,
    BookUpdate,
    DepthUpdate,
    Recovered,
    Stale,
    StatisticsUpdate,
    StatusUpdate,
    TopUpdate,
    TradeUpdate,
    Update,
    UpdateQueue,
)

__all__ = [
    "AuctionUpdate",
    "BarUpdate",
    "Book",
    "BookUpdate",
    "DepthBook",
    "DepthUpdate",
    "Level",
    "MarketFeed",
    "OrderBook",
    "Recovered",
    "RestingOrder",
    "Stale",
    "StatisticsUpdate",
    "StatusUpdate",
    "TopUpdate",
    "TradeUpdate",
    "Update",
    "UpdateQueue",
]
