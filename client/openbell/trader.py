"""What the blocking and the asynchronous client share: whatever is sent at once, without waiting for an answer."""

from __future__ import annotations

import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, TypeVar, Unpack

import numpy as np

from openbell import wire
from openbell.composing import MAX_ORDERS_A_FRAME, OrderT
from openbell.connection import SocketSettings, Watch
from openbell.desk import Desk
from openbell.discovery import Market
from openbell.drafts import Account, Instrument
from openbell.errors import InvalidInput
from openbell.fees import FeePlan, plan_of
from openbell.linked import Entry, Leg, LinkedT, Ring, drafts, exits, legs_of, opposite
from openbell.orders import OrderState
from openbell.places import Places, at_standby, is_late
from openbell.prices import PriceLike
from openbell.records import HEADER
from openbell.risk import command_text
from openbell.rows import rows_of
from openbell.terms import OrderTerms
from openbell.wire import SelfTrade, Side, TimeInForce

RowT = TypeVar("RowT")
LOOK_S: Final = 0.25  # how often a client looks after its connection
SILENCES: Final = 3  # heartbeats missed until a market counts as gone
CLIENT_NAME: Final = f"openbell-python/{wire.VERSION} ({platform.python_version()})"


class Trader(ABC, Generic[OrderT, LinkedT]):
    """Orders, batches and what the market said at login."""

    market: Market
    _places: Places
    _settings: SocketSettings
    _desk: Desk[OrderT]
    _lock: AbstractContextManager[Any]  # held while the desk and the socket are at work

    @abstractmethod
    def _send_frame(self, data: bytes) -> None:
        """Send a frame now. Raises ConnectionLost."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raise what ended this client."""

    @abstractmethod
    def _linked(self, entry: OrderT | None, legs: Sequence[OrderT]) -> LinkedT:
        """The handle of orders that are tied to each other."""

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

    # ------------------------------------------------------------ linked orders

    def bracket(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        take_profit: PriceLike | Leg,
        stop_loss: PriceLike | Leg,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        first_client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> LinkedT:
        """Send an order and the two that close what it opens, in one frame; their handle at once. docs/linked.md.

        When the order has ended, a limit order at take_profit and a stop at stop_loss (of the other side, for as many
        lots as it traded) are set free, of which one cancels the other. Each of the two is a price, or a `Leg`.
        first_client_order_id: to send all of it again that may have arrived before; ids count on from it. The rest is
        that of `buy`; account, self_trade, group and self_trade_group are those of all three. Raises InvalidInput,
        ConnectionLost.
        """
        entry = Entry(side, symbol, qty, price, tif, post_only, dict(terms))
        ring = Ring(opposite(side), symbol, qty, exits(take_profit, stop_loss))
        return self._send_linked(entry, ring, self_trade, account, first_client_order_id)

    def oto(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        *,
        then: PriceLike | Leg | Sequence[PriceLike | Leg],
        then_side: Side | str | None = None,
        then_symbol: str | None = None,
        then_qty: int | None = None,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        first_client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> LinkedT:
        """Send an order that triggers another one, or several of which one cancels the others; as `bracket`.

        then: what it sets free when it has ended: the price of a limit order, a `Leg`, or several. Of the other side,
        of the same symbol and for as many lots, if nothing else is said; never for more lots than it has traded.
        """
        entry = Entry(side, symbol, qty, price, tif, post_only, dict(terms))
        ring = Ring(
            opposite(side) if then_side is None else then_side,
            symbol if then_symbol is None else then_symbol,
            qty if then_qty is None else then_qty,
            legs_of(then, "then"),
        )
        return self._send_linked(entry, ring, self_trade, account, first_client_order_id)

    def oco(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        *legs: PriceLike | Leg,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        first_client_order_id: int | None = None,
    ) -> LinkedT:
        """Send two or more orders of which one cancels the others: at most one limit order, the rest are stops.

        legs: the price of a limit order, or a `Leg`. Their lots count once against the position, the cash of each is
        held. Where the first one trades whole as it comes, the next ones are refused. As `bracket` otherwise.
        """
        made = legs_of(legs, "legs")
        if len(made) == 1:
            raise InvalidInput("one cancels the other: that takes two legs or more", field="legs", limit=2, value=1)
        return self._send_linked(None, Ring(side, symbol, qty, made), self_trade, account, first_client_order_id)

    def _send_linked(
        self,
        entry: Entry | None,
        ring: Ring,
        self_trade: SelfTrade | str,
        account: str | int | None,
        first_client_order_id: int | None,
    ) -> LinkedT:
        with self._lock:
            self._check_open()
            made = drafts(self._desk, entry, ring, self_trade, account, first_client_order_id)
            if self._desk.online:
                self._send_frame(made[0].data)
            placed = [self._desk.placed(draft) for draft in made]
            return self._linked(None, placed) if entry is None else self._linked(placed[-1], placed[:-1])

    def _has_moved(self) -> bool:
        """Whether the market is at another address than the one connected to; that one is `market` then."""
        moved = self._places.look_again()
        self.market = self._places.market
        return moved

    def _is_late(self, watch: Watch, since_s: float) -> bool:
        """Whether a login that was sent so long ago is to be tried anew, where there are several at the next one."""
        late = is_late(self._desk.session, self._places, watch, since_s)
        self.market = self._places.market
        return late

    def _at_standby(self, since_s: float) -> bool | None:
        """Of several the one that was asked is no primary: True: ask it again, as it may be the next one; False: ask
        the next one; None: neither, for now."""
        return at_standby(self._desk.session, self._places, since_s)

    def _request(self, make: Callable[[Desk[OrderT]], bytes | None]) -> None:
        """Send what an order's handle asks for."""
        with self._lock:
            self._check_open()
            data = make(self._desk)
            if data is not None:
                self._send_frame(data)

    def _preview_arguments(
        self,
        side: Side | str,
        symbol: str,
        qty: int,
        price: PriceLike | None,
        tif: TimeInForce | str | None,
        post_only: bool,
        self_trade: SelfTrade | str,
        account: str | int | None,
        terms: OrderTerms,
    ) -> dict[str, Any]:
        """The query of a preview: the order, checked as if it were sent."""
        with self._lock:
            draft = self._desk.draft(side, symbol, qty, price, tif, post_only, self_trade, account, None, terms)
        return {"account": draft.account, "command": command_text(draft.data[HEADER.size :])}

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

    def _fee_plan(self, answer: Mapping[str, Any]) -> FeePlan:
        return plan_of(int(answer["plan"]), str(answer["name"]), answer["rows"])

    def _rows(self, kind: type[RowT], answer: Mapping[str, Any]) -> list[RowT]:
        return rows_of(kind, answer["rows"], self._desk.symbols)
