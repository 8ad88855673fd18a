"""What a caller asks for, checked and made frames, without I/O: orders, cancels, replaces, batches, queries."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar, Unpack

import numpy as np

from openbell import wire
from openbell.drafts import Account, Draft, Instrument
from openbell.errors import InvalidInput, near
from openbell.orders import Order, Request
from openbell.prices import PriceLike, checked_int, price_units, signed_price_units
from openbell.records import HEADER, MAGIC, ORDER_FRAME, SPECIAL_FRAME
from openbell.requests import MassCancel, Query
from openbell.session import Session
from openbell.terms import U32_MAX, Further, OrderTerms, check_post_only, choice, resolve
from openbell.wire import (
    CommandKind,
    EventKind,
    FrameType,
    MassFlag,
    OrderFlag,
    OrderType,
    Role,
    SelfTrade,
    Side,
    TimeInForce,
)

MAX_ORDERS_A_FRAME: Final = 4096
_KEPT_BATCHES: Final = 1000  # calls
_ORDERS, _NEW_ORDER, _POST_ONLY = int(FrameType.ORDERS), int(CommandKind.NEW_ORDER), int(OrderFlag.POST_ONLY)
_SPECIALS, _NEW_SPECIAL = int(FrameType.SPECIALS), int(CommandKind.NEW_SPECIAL)
_COMMAND: Final = wire.ORDER_COMMAND
_SPECIAL: Final = wire.SPECIAL_COMMAND
OrderT = TypeVar("OrderT", bound=Order)


def _frame_type(commands: np.ndarray[Any, np.dtype[Any]]) -> int:
    """Of a frame of these commands. Raises InvalidInput."""
    if commands.dtype is _COMMAND or commands.dtype == _COMMAND:
        return _ORDERS
    if commands.dtype == _SPECIAL:
        return _SPECIALS
    raise InvalidInput(
        f"commands have dtype {commands.dtype}, not wire.ORDER_COMMAND or wire.SPECIAL_COMMAND", field="commands"
    )


class Composing(Generic[OrderT]):
    """Makes frames of what a caller asks for, and the handles of it. What comes of them is the desk's."""

    def __init__(
        self, session: Session, make: Callable[..., OrderT], account: str | int | None, clock_ns: Callable[[], int]
    ) -> None:
        self.session = session
        self._make = make
        self._default_account = account
        self._clock_ns = clock_ns
        self._last_id = 0
        self._only_account: int | None = None
        self.online = False  # logged in, the streams complete, what was unanswered sent again
        self.instruments: dict[str, Instrument] = {}
        self.symbols: dict[int, str] = {}
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, OrderT] = {}  # live and unanswered ones by client_order_id
        self.masses: dict[int, MassCancel] = {}
        self._queries: dict[int, Query] = {}
        self._batches: deque[range] = deque(maxlen=_KEPT_BATCHES)  # numbers of the latest frames without handles
        self._held: list[bytes] = []  # frames of batches given while offline

    def instrument(self, symbol: str) -> Instrument:
        """The instrument of a symbol. Raises InvalidInput."""
        found = self.instruments.get(symbol)
        if found is None:
            raise InvalidInput(
                f"symbol {symbol!r} is not traded here{near(symbol, self.instruments)}", field="symbol", value=symbol
            )
        return found

    def account_id(self, account: str | int | None = None) -> int:
        """The id of an account of this login, by name or id; without one, the default. Raises InvalidInput."""
        wanted = self._default_account if account is None else account
        if wanted is None:
            if self._only_account is not None:
                return self._only_account
            raise InvalidInput(
                f"account must be given: this key may use {', '.join(self.accounts) or 'none'}", field="account"
            )
        for known in self.accounts.values():
            if wanted in (known.name, known.id):
                return known.id
        raise InvalidInput(
            f"account {wanted!r} is not of this key, which may use {', '.join(self.accounts) or 'none'}",
            field="account",
            value=wanted,
        )

    def next_id(self) -> int:
        """A client_order_id above all before: microseconds since 1970, or the last one plus 1."""
        self._last_id = max(self._last_id + 1, self._clock_ns() // 1000)
        return self._last_id

    def reserve_ids(self, count: int) -> int:
        """The first of `count` ids in a row."""
        first = self.next_id()
        self._last_id += count - 1
        return first

    def order(
        self,
        side: Side | str | int,
        symbol: str,
        qty: int,
        price: PriceLike | None = None,
        tif: TimeInForce | str | None = None,
        post_only: bool = False,
        self_trade: SelfTrade | str = SelfTrade.ALLOW,
        account: str | int | None = None,
        client_order_id: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> tuple[OrderT, bytes | None]:
        """Make an order and its handle; the frame to send now, or None while offline (it goes out later).

        price None: a market order. tif: DAY by default, IOC for market orders. Raises InvalidInput.
        """
        draft = self.draft(side, symbol, qty, price, tif, post_only, self_trade, account, client_order_id, terms)
        return self.placed(draft), draft.data if self.online else None

    def draft(
        self,
        side: Side | str | int,
        symbol: str,
        qty: int,
        price: PriceLike | None,
        tif: TimeInForce | str | None,
        post_only: bool,
        self_trade: SelfTrade | str,
        account: str | int | None,
        client_order_id: int | None,
        terms: Mapping[str, Any],
        tie: tuple[Role, int] | None = None,
    ) -> Draft:
        """The frame of an order, so that it can be sent before its handle is made by `placed`. Raises InvalidInput.

        tie: role and link_id, where it is to be tied to others; then it is a NEW_SPECIAL in any case.
        """
        instrument = self.instrument(symbol)
        side = side if type(side) is Side else choice(side, Side, "side")
        qty = checked_int(qty, "qty", 1, wire.MAX_QTY)
        further = None
        lifetime: TimeInForce
        if terms:
            order_type, units, lifetime, flags, further = resolve(
                terms, qty, price, tif, post_only, instrument.tick_size
            )
        else:
            flags = _POST_ONLY if post_only else 0
            if price is None:
                order_type, units = OrderType.MARKET, 0
                lifetime = TimeInForce.IOC if tif is None else choice(tif, TimeInForce, "tif")
            else:
                order_type, units = OrderType.LIMIT, price_units(price, tick_size=instrument.tick_size)
                if tif is None:
                    lifetime = TimeInForce.DAY
                else:
                    lifetime = tif if type(tif) is TimeInForce else choice(tif, TimeInForce, "tif")
            if post_only:
                check_post_only(order_type, lifetime)
        if tie is not None:
            further = (further or Further())._replace(role=tie[0], link_id=tie[1])
        if type(self_trade) is not SelfTrade:
            self_trade = choice(self_trade, SelfTrade, "self_trade")
        account = self.account_id(account)
        if client_order_id is None:
            client_order_id = self.next_id()
        else:
            client_order_id = checked_int(client_order_id, "client_order_id", 1, 2**64 - 1)
            if client_order_id in self.orders:
                raise InvalidInput(
                    f"client_order_id {client_order_id} is in use by a live order of this client",
                    field="client_order_id",
                    value=client_order_id,
                )
            self._last_id = max(self._last_id, client_order_id)
        number = self.session.next_number()
        if further is None:
            data = ORDER_FRAME.pack(
                MAGIC, wire.VERSION, _ORDERS, 1, number,
                0, 0, _NEW_ORDER, side, order_type, lifetime, flags, self_trade, 0,
                account, instrument.id, client_order_id, 0, units, qty, 0,
            )  # fmt: skip
        else:
            data = SPECIAL_FRAME.pack(
                MAGIC, wire.VERSION, _SPECIALS, 1, number,
                0, 0, _NEW_SPECIAL, side, order_type, lifetime, flags, self_trade, 0,
                account, instrument.id, client_order_id, 0, units, qty, 0, *further[:-1], 0, 0, further.link_id,
            )  # fmt: skip
        return Draft(
            data, number, symbol, account, instrument.id, side, qty, units, order_type, lifetime, client_order_id,
            further,
        )  # fmt: skip

    def placed(self, draft: Draft) -> OrderT:
        """The handle of an order that was sent, or will be after the login."""
        made = self._make(*draft[2:])
        made.data, made.frame = draft.data, draft.frame
        self.orders[draft.client_order_id] = made
        return made

    def cancel(self, order: OrderT) -> bytes | None:
        """Ask for an order's cancel; the frame to send now, or None (offline, or nothing left to cancel)."""
        if order.is_done:
            return None
        data = self._request(order, CommandKind.CANCEL, EventKind.CANCEL_REJECTED, 0, 0, 0)
        return data if self.online else None

    def replace(
        self,
        order: OrderT,
        price: PriceLike | None = None,
        qty: int | None = None,
        *,
        open_qty: int | None = None,
        requeue: bool = False,
    ) -> bytes | None:
        """Ask for another price and/or quantity: qty in total (lots, filled ones included), or open_qty still to fill.

        Raises InvalidInput.
        """
        if order.order_type == OrderType.MARKET and order.tif in (TimeInForce.IOC, TimeInForce.FOK):
            raise InvalidInput("a market order never rests: there is nothing to replace", field="order")
        if order.is_done:
            raise InvalidInput(f"the order is done ({order.state.value}): nothing to replace", field="order")
        last = next(
            (request for request in reversed(order.requests) if request.kind == EventKind.REPLACE_REJECTED), None
        )
        # What is not given stays as it was asked for last.
        units, lots, flags = (last.price, last.qty, last.flags) if last else (order.asked_price, order.qty, 0)
        flags &= OrderFlag.QTY_IS_LEAVES
        if price is not None and order.order_type == OrderType.TRAILING_STOP and not order.is_triggered:
            raise InvalidInput("a trailing stop has no price: its distance stays", field="price", value=price)
        if price is not None:
            is_uncapped = order.order_type == OrderType.PEGGED and signed_price_units(price, field="price") == 0
            units = 0 if is_uncapped else price_units(price, tick_size=self.instrument(order.symbol).tick_size)
        if price is None and qty is None and open_qty is None and not requeue:
            raise InvalidInput("nothing to replace: give price, qty, open_qty or requeue", field="price")
        if qty is not None and open_qty is not None:
            raise InvalidInput("qty and open_qty exclude each other", field="open_qty", value=open_qty)
        if qty is not None:
            lots, flags = checked_int(qty, "qty", 1, wire.MAX_QTY), 0
        elif open_qty is not None:
            lots, flags = checked_int(open_qty, "open_qty", 1, wire.MAX_QTY), OrderFlag.QTY_IS_LEAVES
        if requeue:
            flags |= OrderFlag.REQUEUE
        data = self._request(order, CommandKind.REPLACE, EventKind.REPLACE_REJECTED, units, lots, flags)
        return data if self.online else None

    def _request(
        self, order: OrderT, command: CommandKind, refused_by: EventKind, price: int, qty: int, flags: int
    ) -> bytes:
        number = self.session.next_number()
        data = ORDER_FRAME.pack(
            MAGIC, wire.VERSION, FrameType.ORDERS, 1, number,
            0, 0, command, order.side, 0, 0, flags, 0, 0,
            order.account, order.instrument, order.client_order_id, order.order_id, price, qty, 0,
        )  # fmt: skip
        order.requests.append(Request(refused_by, number, data, price, qty, flags))
        return data

    def mass_cancel(
        self,
        symbol: str | None = None,
        side: Side | str | None = None,
        account: str | int | None = None,
        group: int | None = None,
        session_only: bool = False,
    ) -> tuple[MassCancel, bytes | None]:
        """Ask for the cancel of all orders of an account, or those of one symbol, side, group, of this login."""
        flags = (MassFlag.BY_SESSION if session_only else 0) | (0 if group is None else MassFlag.BY_GROUP)
        group = 0 if group is None else checked_int(group, "group", 0, U32_MAX)
        instrument = wire.ANY if symbol is None else self.instrument(symbol).id
        sides = wire.SIDE_BOTH if side is None else int(choice(side, Side, "side"))
        account = self.account_id(account)
        number, client_order_id = self.session.next_number(), self.next_id()
        data = ORDER_FRAME.pack(
            MAGIC, wire.VERSION, FrameType.ORDERS, 1, number,
            0, 0, CommandKind.MASS_CANCEL, sides, 0, 0, flags, 0, 0,
            account, instrument, client_order_id, 0, 0, group, 0,
        )  # fmt: skip
        mass = self.masses[client_order_id] = MassCancel(account, client_order_id, number, data, session_only)
        return mass, data if self.online else None

    def batch(self, commands: np.ndarray[Any, np.dtype[Any]]) -> tuple[int, bytes | None]:
        """One frame of `wire.ORDER_COMMAND` or `wire.SPECIAL_COMMAND` records, as they are. Raises InvalidInput.

        The frame's number, for a Refusal; the frame, or None while offline (it is held, and goes out after the login).
        Batches have no handles: after a reconnect, what the private stream does not show may be sent again as it was.
        """
        kind, count = _frame_type(commands), len(commands)
        if not 1 <= count <= MAX_ORDERS_A_FRAME:
            raise InvalidInput(
                f"a batch has 1 to {MAX_ORDERS_A_FRAME} commands, not {count}",
                field="commands",
                limit=MAX_ORDERS_A_FRAME,
                value=count,
            )
        number = self.session.next_number()
        self._batches.append(range(number, number + 1))
        data = HEADER.pack(MAGIC, wire.VERSION, kind, count, number) + commands.tobytes()
        if not self.online:
            self._held.append(data)
        return number, data if self.online else None

    def batches(self, commands: np.ndarray[Any, np.dtype[Any]], per_frame: int) -> tuple[int, list[bytes]]:
        """As `batch`, of any number of commands, `per_frame` in each frame. Raises InvalidInput.

        The number of the first frame, from which on they count; the frames to send now.
        """
        kind = _frame_type(commands)
        if not len(commands):
            raise InvalidInput("a batch has at least 1 command, not 0", field="commands", limit=1, value=0)
        per_frame = checked_int(per_frame, "per_frame", 1, MAX_ORDERS_A_FRAME)
        each = commands.dtype.itemsize
        data, size = commands.tobytes(), per_frame * each
        number = first = self.session.next_number()
        frames = []
        for begin in range(0, len(data), size):
            if begin:
                number = self.session.next_number()
            part = data[begin : begin + size]
            frames.append(HEADER.pack(MAGIC, wire.VERSION, kind, len(part) // each, number) + part)
        self._batches.append(range(first, number + 1))
        if not self.online:
            self._held.extend(frames)
            frames = []
        return first, frames

    def query(self, what: str, **arguments: Any) -> tuple[Query, bytes | None]:
        """A query's handle, and the frame to send now, or None while offline."""
        number, data = self.session.query(what, **arguments)
        made = self._queries[number] = Query(number, data)
        return made, data if self.online else None

    def forget(self, asked: Query | MassCancel) -> None:
        """Nobody waits for this answer any more."""
        if isinstance(asked, Query):
            self._queries.pop(asked.frame, None)
        else:
            self.masses.pop(asked.client_order_id, None)
