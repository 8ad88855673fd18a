"""What the blocking and the asynchronous client share: whatever is sent at once, without waiting for an answer."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, Unpack

import numpy as np

from openbell import wire
from openbell.connection import SocketSettings
from openbell.desk import MAX_ORDERS_A_FRAME, Desk, OrderT
from openbell.discovery import Market, find_market
from openbell.drafts import Account, Instrument
from openbell.errors import OpenBellError
from openbell.orders import OrderState
from openbell.prices import PriceLike
from openbell.rows import rows_of
from openbell.terms import OrderTerms
from openbell.wire import SelfTrade, Side, TimeInForce

RowT = TypeVar("RowT")
LOOK_S: Final = 0.25  # how often a client looks after its connection
LOGIN_AGAIN_S: Final = 2.0  # after that long without an answer
REOPEN_S: Final = 0.1  # least time between two connections
MOVED_S: Final = 0.5  # without a login for that long the address is looked up again
SILENCES: Final = 3  # heartbeats missed until a market counts as gone
CLIENT_NAME: Final = f"openbell-python/{wire.VERSION} ({platform.python_version()})"


class Trader(ABC, Generic[OrderT]):
    """Orders, batches and what the market said at login."""

    market: Market
    _address: str | Path | None
    _settings: SocketSettings
    _desk: Desk[OrderT]
    _lock: AbstractContextManager[Any]  # held while the desk and the socket are at work

    @abstractmethod
    def _send_frame(self, data: bytes) -> None:
        """Send a frame now. Raises ConnectionLost."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise what ended this client."""

    # ------------------------------------------------------------ orders

    def buy(
        self,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> OrderT:
        """Send a buy order and return its handle at once.

        qty: lots. price: text such as "101.25", a Decimal, or an int of 1e-4; None makes it a market order. tif: DAY by
        default. client_order_id: to send an order again that may have arrived before (the market answers as it did the
        first time); by default a new one. terms: stops, pegs, icebergs and all others, see `terms.OrderTerms`. Raises
        InvalidInput (a ValueError) for what is wrong at first sight, ConnectionLost.
        """
        return self.order(Side.BUY, symbol, qty, price, tif, post_only, self_trade, account, client_order_id, **terms)

    def sell(
        self,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> OrderT:
        """Send a sell order and return its handle at once; as `buy`."""
        return self.order(Side.SELL, symbol, qty, price, tif, post_only, self_trade, account, client_order_id, **terms)

    def order(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> OrderT:
        """Send an order whose side is a value ("buy", "sell" or a Side); as `buy`."""
        with self._lock:
            self._check_open()
            desk = self._desk
            draft = desk.draft(side, symbol, qty, price, tif, post_only, self_trade, account, client_order_id, terms)
            if desk.online:
                self._send_frame(draft.data)
            return desk.placed(draft)  # while the order is on its way

    def _has_moved(self) -> bool:
        """Whether the market is at another address than the one connected to; that one is `market` then."""
        try:
            found = find_market(self._address, self._settings.server_key)
        except OpenBellError:
            return False  # it may come back where it was
        moved = found != self.market
        self.market = found
        return moved

    def _request(self, make: Callable[[Desk[OrderT]], bytes | None]) -> None:
        """Send what an order's handle asks for."""
        with self._lock:
            self._check_open()
            data = make(self._desk)
            if data is not None:
                self._send_frame(data)

    # ------------------------------------------------------------ batches

    def send_batch(self, commands: np.ndarray[Any, np.dtype[Any]]) -> int:
        """Send 1 to 4096 `wire.ORDER_COMMAND` records in one frame, as they are; returns the frame's number.

        For speed: there are no handles and no checks here, the answers come with the private events. For NEW_SPECIAL
        give `wire.SPECIAL_COMMAND` records. Fill in kind,
        account, instrument, client_order_id (see `reserve_ids`) and what else the kind needs. The market takes a frame
        whole or refuses it whole: errors.Refused with this number as `frame`, raised where private events are read.
        Batches that a lost connection swallowed are not sent again: Refused says so where the market could answer,
        and what the private events do not show may be sent once more as it was. Raises InvalidInput, ConnectionLost.
        """
        with self._lock:
            self._check_open()
            number, data = self._desk.batch(commands)
            if data is not None:
                self._send_frame(data)
            return number

    def send_batches(self, commands: np.ndarray[Any, np.dtype[Any]], per_frame: int = MAX_ORDERS_A_FRAME) -> int:
        """As `send_batch`, of any number of records in as many frames as it takes: `per_frame` in each but the last.

        Returns the number of the first frame; the next ones count on from there. The market takes or refuses each frame
        by itself. Raises InvalidInput, ConnectionLost (of the frames, some may have gone out then).
        """
        with self._lock:
            self._check_open()
            number, frames = self._desk.batches(commands, per_frame)
            send = self._send_frame
            for data in frames:
                send(data)
            return number

    def reserve_ids(self, count: int) -> int:
        """The first of `count` ascending client order ids, for `send_batch`."""
        with self._lock:
            return self._desk.reserve_ids(count)

    # ------------------------------------------------------------ looking

    def __repr__(self) -> str:
        names = ", ".join(str(row["name"]) for row in self._desk.info.get("accounts", ()))
        return f"<{type(self).__name__} of {names or 'nobody yet'} at {self.market.orders}>"

    @property
    def info(self) -> Mapping[str, Any]:
        """What the market said at login: session, accounts, instruments, durability, heartbeat_s, market."""
        return self._desk.info

    @property
    def is_online(self) -> bool:
        """Logged in, and the private stream is complete. While it is not, orders are held and sent afterwards."""
        return self._desk.online

    @property
    def instruments_by_symbol(self) -> Mapping[str, Instrument]:
        """Id, tick size, lot size and currency of every instrument known, without asking the market."""
        return self._desk.instruments

    @property
    def accounts_by_name(self) -> Mapping[str, Account]:
        """The accounts of this login."""
        return self._desk.accounts

    @property
    def open_orders(self) -> list[OrderT]:
        """The handles of this client that are not done, oldest first."""
        return [order for order in self._desk.orders.values() if order.state is not OrderState.REJECTED]

    def symbol(self, instrument: int) -> str:
        """The symbol of an instrument's id, as in events. Raises KeyError."""
        return self._desk.symbols[instrument]

    def account_id(self, account: str | int | None = None) -> int:
        """The id of an account of this login by name (None: the default one). Raises InvalidInput."""
        return self._desk.account_id(account)

    def account_seq(self, account: str | int | None = None) -> int:
        """The account_seq of the last event seen: `resume={account: this + 1}` goes on after it in another process."""
        return (self._desk.session.next_seq.get(self._desk.account_id(account)) or 1) - 1

    def _rows(self, kind: type[RowT], answer: Mapping[str, Any]) -> list[RowT]:
        return rows_of(kind, answer["rows"], self._desk.symbols)
