"""The checks of orders and replaces, in their order.

A generator yields a Failure for all that is wrong, and the first counts. A check that changes something (the message
rate) does so when the generator comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openbell import wire
from openbell.wire import Check, OrderFlag, OrderType, TimeInForce

from tests.reference.accounts import Account
from tests.reference.books import BUY, SELL, Instrument, Order
from tests.reference.output import Failure
from tests.reference.state import State

LARGEST_I64 = (1 << 63) - 1
LARGEST_U32 = (1 << 32) - 1
NEW_ORDER_FLAGS = int(OrderFlag.POST_ONLY)  # plain numbers: ~ of an IntFlag has only the bits that it knows
REPLACE_FLAGS = int(OrderFlag.QTY_IS_LEAVES | OrderFlag.REQUEUE)


@dataclass
class Asked:
    """What an order or a replace asks for; `own` is the order that a replace changes."""

    account: Account
    instrument: Instrument
    side: int
    price: int
    qty: int
    is_market: bool = False
    own: Order | None = None

    def notional(self) -> int:
        return self.instrument.notional(self.price, self.qty)

    def open_qty(self) -> int:
        """Lots in the account's other open orders of this side."""
        every = self.account.open_qty(self.instrument.number, self.side)
        return every - (self.own.leaves if self.own else 0)

    def hold(self) -> int:
        """Cash held for the account's other orders."""
        return self.account.hold() - (self.own.hold() if self.own else 0)


def smallest_limit(*limits: int) -> int:
    """The smallest limit that is one (0 is none)."""
    return min(limit for limit in limits if limit)


# New orders


def identity(state: State, command: Any) -> Iterator[Failure]:
    """Checks 1 and 2."""
    if command.account not in state.accounts:
        yield Failure(Check.ACCOUNT, 0, command.account)
    if command.client_order_id == 0:
        yield Failure(Check.CLIENT_ORDER_ID, 1, 0)


def stale(account: Account, client_order_id: int) -> Iterator[Failure]:
    """The last part of check 3: for ids that are not known."""
    if client_order_id <= account.id_floor:
        yield Failure(Check.STALE_ID, account.id_floor + 1, client_order_id)


def form(state: State, command: Any) -> Iterator[Failure]:
    """Checks 4 to 10."""
    if command.instrument not in state.instruments:
        yield Failure(Check.INSTRUMENT, 0, command.instrument)
    if command.side > 1:
        yield Failure(Check.SIDE, 1, command.side)
    if command.order_type > 1:
        yield Failure(Check.ORDER_TYPE, 1, command.order_type)
    if command.tif > 3:
        yield Failure(Check.TIME_IN_FORCE, 3, command.tif)
    if command.self_trade > 3:
        yield Failure(Check.SELF_TRADE_MODE, 3, command.self_trade)
    if command.flags & ~NEW_ORDER_FLAGS:
        yield Failure(Check.FLAGS, NEW_ORDER_FLAGS, command.flags)
    at_once = command.tif in (TimeInForce.IOC, TimeInForce.FOK) or command.order_type == OrderType.MARKET
    if command.flags & OrderFlag.POST_ONLY and at_once:
        yield Failure(Check.TIME_IN_FORCE, TimeInForce.GTC, command.tif)


def of_new_order(state: State, command: Any, account: Account) -> Iterator[Failure]:
    """Checks 4 to 27."""
    yield from form(state, command)
    instrument = state.instruments[command.instrument]
    yield from permission(state, account, instrument)
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)
    asked = Asked(account, instrument, command.side, command.price, command.qty)
    if command.order_type == OrderType.MARKET:
        asked.is_market = True
        asked.price = instrument.effective_price(command.side)
    yield from size_and_price(asked)
    opened = len(account.resting()) + 1
    if account.max_open_orders and opened > account.max_open_orders:
        yield Failure(Check.OPEN_ORDERS, account.max_open_orders, opened)
    if instrument.number not in account.positions:
        yield from position_capacity(state)
    yield from exposure(asked)
    if command.flags & OrderFlag.POST_ONLY:
        yield from crossing(asked)
    if state.slots.left(state.capacity.orders) == 0:
        yield Failure(Check.ORDER_CAPACITY, state.capacity.orders, state.capacity.orders + 1)
    yield from pages(state)


# Replaces


def of_replace(state: State, command: Any, order: Order) -> Iterator[Failure]:
    """Checks 9 to 14."""
    if command.flags & ~REPLACE_FLAGS:
        yield Failure(Check.FLAGS, REPLACE_FLAGS, command.flags)
    yield from permission(state, order.account, order.instrument)
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)


def of_new_leaves(state: State, command: Any, order: Order, leaves: int) -> Iterator[Failure]:
    """Checks 15 to 27, of a replace to `leaves` > 0."""
    asked = Asked(order.account, order.instrument, order.side, command.price, leaves, own=order)
    yield from size_and_price(asked)
    yield from exposure(asked)
    if order.flags & OrderFlag.POST_ONLY and not keeps_priority(command, order, leaves):
        yield from crossing(asked)
    yield from pages(state)


def keeps_priority(command: Any, order: Order, leaves: int) -> bool:
    """Whether a replace is done in place."""
    return command.price == order.price and leaves <= order.leaves and not command.flags & OrderFlag.REQUEUE


# Parts of both


def permission(state: State, account: Account, instrument: Instrument) -> Iterator[Failure]:
    """Checks 11 to 13."""
    if account.state != wire.AccountState.ACTIVE:
        yield Failure(Check.ACCOUNT_STATE, wire.AccountState.ACTIVE, account.state)
    if instrument.state != wire.InstrumentState.OPEN:
        yield Failure(Check.INSTRUMENT_STATE, wire.InstrumentState.OPEN, instrument.state)
    account.rate.start_anew_if_over(state.output.ts_ns)
    if account.max_messages and account.rate.count + 1 > account.max_messages:
        yield Failure(Check.MESSAGE_RATE, account.max_messages, account.rate.count + 1)
    account.rate.count += 1


def size_and_price(asked: Asked) -> Iterator[Failure]:
    """Checks 15 to 19."""
    account, instrument, price, qty = asked.account, asked.instrument, asked.price, asked.qty
    most = smallest_limit(instrument.max_order_qty, account.max_order_qty, wire.MAX_QTY)
    if asked.own:
        most = min(most, LARGEST_U32 - asked.own.filled)
    if qty > most:
        yield Failure(Check.ORDER_QTY, most, qty, most)
    if not asked.is_market:
        if not 1 <= price <= wire.MAX_PRICE:
            yield Failure(Check.PRICE, wire.MAX_PRICE, price)
        if price % instrument.tick_size:
            yield Failure(Check.TICK_SIZE, instrument.tick_size, price)
        lower, upper = instrument.bounds()
        if asked.side == BUY and price > upper:
            yield Failure(Check.PRICE_COLLAR, upper, price)
        if asked.side == SELL and price < lower:
            yield Failure(Check.PRICE_COLLAR, lower, price)
    most = smallest_limit(instrument.max_order_notional, account.max_order_notional, wire.MAX_NOTIONAL)
    if asked.notional() > most:
        yield Failure(Check.ORDER_NOTIONAL, most, min(asked.notional(), LARGEST_I64), most)


def position_capacity(state: State) -> Iterator[Failure]:
    """Check 21, for a position that is not there yet."""
    if len(state.positions) >= state.capacity.positions:
        yield Failure(Check.POSITION_CAPACITY, state.capacity.positions, state.capacity.positions + 1)


def exposure(asked: Asked) -> Iterator[Failure]:
    """Checks 22 to 24."""
    account, qty = asked.account, asked.qty
    position = account.positions.get(asked.instrument.number)
    held = position.qty if position else 0
    total = qty + asked.open_qty() + (held if asked.side == BUY else -held)
    if account.max_position and total > account.max_position:
        headroom = max(0, account.max_position - total + qty)
        yield Failure(Check.POSITION_LIMIT, account.max_position, total, headroom)
    if asked.side == SELL and not account.may_short():
        available = held - asked.open_qty()
        if qty > available:
            yield Failure(Check.SHORT_SALE, max(0, available), qty, max(0, available))
    if asked.side == BUY:
        free = account.cash - asked.hold()
        free += wire.MAX_CASH if account.has_credit() else -account.short_proceeds()
        if asked.notional() > free:
            yield Failure(Check.BUYING_POWER, max(0, free), asked.notional(), max(0, free))


def crossing(asked: Asked) -> Iterator[Failure]:
    """Check 25."""
    best = asked.instrument.book.opposite_within(asked.side, asked.price)
    if best is not None:
        yield Failure(Check.POST_ONLY, best, asked.price)


def pages(state: State) -> Iterator[Failure]:
    """Check 27."""
    if state.pages_used() >= state.capacity.pages:
        yield Failure(Check.LEVEL_CAPACITY, state.capacity.pages, state.capacity.pages + 1)
