"""All names of the SDK, which `openbell` has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from openbell import wire
from openbell.aio import AsyncClient, AsyncLinked, AsyncMarketData, AsyncOrder, EventStream, UpdateStream
from openbell.blocking import BlockingLinked, BlockingOrder, Client, MarketData
from openbell.connection import SocketSettings
from openbell.desks import DeskInfo, LimitInfo
from openbell.discovery import Market, find_market
from openbell.drafts import Account, Instrument
from openbell.errors import (
    ConnectionLost,
    InvalidInput,
    LinkRejected,
    LoginRefused,
    MarketNotFound,
    NeedsApproval,
    OpenBellError,
    OperatorRefused,
    OrderCanceled,
    OrderRejected,
    Overrun,
    Refused,
    RequestRejected,
    ResumeTooOld,
    TimedOut,
)
from openbell.events import Event, Reject
from openbell.fees import FeeInfo, FeePlan
from openbell.guards import DeadMan, Spare
from openbell.keys import KeyInfo
from openbell.ledger import House, HouseBalance
from openbell.linked import Leg, Linked
from openbell.market import (
    AuctionUpdate,
    BarUpdate,
    Book,
    BookUpdate,
    DepthUpdate,
    Level,
    Recovered,
    RestingOrder,
    Stale,
    StatisticsUpdate,
    StatusUpdate,
    TopUpdate,
    TradeUpdate,
    Update,
)
from openbell.operator import Operator
from openbell.orders import Fill, Order, OrderState
from openbell.places import Address
from openbell.prices import cash_units, format_cash, format_price, price_units, to_decimal
from openbell.proposals import Approval, ProposalInfo, ProposalList
from openbell.risk import ExposureInfo, MarginInfo, Preview, RiskInfo, worst_first
from openbell.rows import AccountInfo, FillInfo, InstrumentInfo, OrderInfo, PositionInfo, WithdrawalInfo
from openbell.status import AuctionResult, BookInfo, Limits, Status
from openbell.terms import Further, OrderTerms
from openbell.trader import CLIENT_NAME
from openbell.wire import (
    AccountState,
    AuctionKind,
    CancelReason,
    Channel,
    Check,
    CommandKind,
    EventFlag,
    EventKind,
    HaltReason,
    HouseAccount,
    InstrumentState,
    MarkBy,
    OrderFlag,
    OrderType,
    Peg,
    RiskLevel,
    RiskType,
    Role,
    Rule,
    SelfTrade,
    Side,
    TimeInForce,
    TradeFlag,
)


def connect(
    address: Address = None,
    *,
    api_key: str | None = None,
    account: str | int | None = None,
    name: str = CLIENT_NAME,
    timeout_s: float = 10.0,
    resume: Mapping[int, int] | None = None,
    cancel_on_disconnect: bool | Spare = False,
    keep_events: bool = False,
    spin: bool = False,
    settings: SocketSettings | None = None,
) -> Client:
    """A blocking client, logged in.

    address: where the market is: its data directory, or "host:port" of its order port (see discovery.find_market); by
    default $OPENBELL_ADDRESS, or ./var. Several, as a list or with ";" between them, are those of a primary and its
    standbys: the client goes to the one that is the primary, and after a failover to the next one (docs/standby.md).
    api_key: by default $OPENBELL_API_KEY, or the one that a market on this machine left in its directory for `account`.
    account: name or id of the account that is used where a call names none. resume: account id -> first account_seq of
    the private stream that is wanted (default: from now on). cancel_on_disconnect: have the market cancel what this
    client entered when its connection ends (True, or Spare(keep_gtc=True) to leave some; docs/disconnect.md).
    keep_events: keep private events for `events()` and `stream()`. spin: wait by polling, which costs a processor and
    saves the time of waking up. Raises MarketNotFound,
    LoginRefused, TimedOut, InvalidInput.
    """
    return Client(
        address, api_key=api_key, account=account, name=name, timeout_s=timeout_s, resume=resume,
        cancel_on_disconnect=cancel_on_disconnect, keep_events=keep_events, spin=spin, settings=settings,
    )  # fmt: skip


def connect_async(
    address: Address = None,
    *,
    api_key: str | None = None,
    account: str | int | None = None,
    name: str = CLIENT_NAME,
    timeout_s: float = 10.0,
    resume: Mapping[int, int] | None = None,
    cancel_on_disconnect: bool | Spare = False,
    settings: SocketSettings | None = None,
) -> AsyncClient:
    """An asynchronous client: `client = await connect_async()`, or `async with connect_async() as client`.

    The arguments are those of `connect`.
    """
    return AsyncClient(
        address, api_key=api_key, account=account, name=name, timeout_s=timeout_s, resume=resume,
        cancel_on_disconnect=cancel_on_disconnect, settings=settings,
    )  # fmt: skip


def market_data(
    address: Address = None,
    *,
    channels: str | Iterable[Channel] = "BTXS",
    symbols: str | Iterable[str] | None = None,
    trades_from: int | None = None,
    timeout_s: float = 10.0,
    settings: SocketSettings | None = None,
) -> MarketData:
    """A blocking subscription to market data, live when it is returned.

    address: as in `connect`; no API key is needed. channels: some of B (every order), D (totals by price), T (best bid
    and offer), X (trades), S (trading states), A (auctions), V (statistics), C (bars), 1 to 4 (totals of the best
    prices, at the pace of that class). symbols: one, some, or None for all. trades_from: the first sequence of channel
    X wanted, as far as the market keeps it (default: from now on). Raises MarketNotFound, TimedOut, InvalidInput.
    """
    return MarketData(
        address, channels=channels, symbols=symbols, trades_from=trades_from, timeout_s=timeout_s, settings=settings
    )


def market_data_async(
    address: Address = None,
    *,
    channels: str | Iterable[Channel] = "BTXS",
    symbols: str | Iterable[str] | None = None,
    trades_from: int | None = None,
    timeout_s: float = 10.0,
    settings: SocketSettings | None = None,
) -> AsyncMarketData:
    """An asynchronous subscription: `data = await market_data_async()`, or `async with market_data_async() as data`.

    The arguments are those of `market_data`.
    """
    return AsyncMarketData(
        address, channels=channels, symbols=symbols, trades_from=trades_from, timeout_s=timeout_s, settings=settings
    )


__all__ = [
    "Account",
    "AccountInfo",
    "AccountState",
    "Approval",
    "AsyncClient",
    "AsyncLinked",
    "AsyncMarketData",
    "AsyncOrder",
    "AuctionKind",
    "AuctionResult",
    "AuctionUpdate",
    "BarUpdate",
    "BlockingLinked",
    "BlockingOrder",
    "Book",
    "BookInfo",
    "BookUpdate",
    "CancelReason",
    "Channel",
    "Check",
    "Client",
    "CommandKind",
    "ConnectionLost",
    "DeadMan",
    "DepthUpdate",
    "DeskInfo",
    "Event",
    "EventFlag",
    "EventKind",
    "EventStream",
    "ExposureInfo",
    "FeeInfo",
    "FeePlan",
    "Fill",
    "FillInfo",
    "Further",
    "HaltReason",
    "House",
    "HouseAccount",
    "HouseBalance",
    "Instrument",
    "InstrumentInfo",
    "InstrumentState",
    "InvalidInput",
    "KeyInfo",
    "Leg",
    "Level",
    "LimitInfo",
    "Limits",
    "LinkRejected",
    "Linked",
    "LoginRefused",
    "MarginInfo",
    "MarkBy",
    "Market",
    "MarketData",
    "MarketNotFound",
    "NeedsApproval",
    "OpenBellError",
    "Operator",
    "OperatorRefused",
    "Order",
    "OrderCanceled",
    "OrderFlag",
    "OrderInfo",
    "OrderRejected",
    "OrderState",
    "OrderTerms",
    "OrderType",
    "Overrun",
    "Peg",
    "PositionInfo",
    "Preview",
    "ProposalInfo",
    "ProposalList",
    "Recovered",
    "Refused",
    "Reject",
    "RequestRejected",
    "RestingOrder",
    "ResumeTooOld",
    "RiskInfo",
    "RiskLevel",
    "RiskType",
    "Role",
    "Rule",
    "SelfTrade",
    "Side",
    "SocketSettings",
    "Spare",
    "Stale",
    "StatisticsUpdate",
    "Status",
    "StatusUpdate",
    "TimeInForce",
    "TimedOut",
    "TopUpdate",
    "TradeFlag",
    "TradeUpdate",
    "Update",
    "UpdateStream",
    "WithdrawalInfo",
    "cash_units",
    "connect",
    "connect_async",
    "find_market",
    "format_cash",
    "format_price",
    "market_data",
    "market_data_async",
    "price_units",
    "to_decimal",
    "wire",
    "worst_first",
]
