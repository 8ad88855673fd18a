"""The checks of orders and replaces, in their order.

A generator yields a Failure for all that is wrong, and the first counts. A check that changes something (the message
rate) does so when the generator comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openbell import wire
from openbell.wire import AuctionKind, Check, InstrumentState, ModeFlag, OrderFlag, OrderType, Place, Rule, TimeInForce

from tests.reference import stops
from tests.reference.accounts import Account
from tests.reference.books import BUY, FOR_AUCTIONS, SELL, Instrument, Order
from tests.reference.output import Failure
from tests.reference.state import State

LARGEST_I64 = (1 << 63) - 1
LARGEST_U32 = (1 << 32) - 1
NEW_ORDER_FLAGS = int(
    OrderFlag.POST_ONLY | OrderFlag.DO_NOT_ROUTE
)  # plain numbers: ~ of an IntFlag has only the bits that it knows
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
    if command.order_type > OrderType.MARKET_TO_LIMIT:
        yield Failure(Check.ORDER_TYPE, OrderType.MARKET_TO_LIMIT, command.order_type)
    largest_tif = TimeInForce.AUCTION if state.reach.auctions else TimeInForce.GTD
    if command.tif > largest_tif:
        yield Failure(Check.TIME_IN_FORCE, largest_tif, command.tif)
    if command.self_trade > 3:
        yield Failure(Check.SELF_TRADE_MODE, 3, command.self_trade)
    if command.flags & ~NEW_ORDER_FLAGS:
        yield Failure(Check.FLAGS, NEW_ORDER_FLAGS, command.flags)
    modes = int(ModeFlag.TRAIL_PERCENT | (ModeFlag.IMBALANCE_ONLY if state.reach.auctions else 0))
    if command.modes & ~modes:
        yield Failure(Check.MODES, modes, command.modes)
    if command.peg:
        yield Failure(Check.PEG, 0, command.peg)
    at_once = command.tif in (TimeInForce.IOC, TimeInForce.FOK) or command.order_type == OrderType.MARKET
    if command.flags & OrderFlag.POST_ONLY and at_once:
        yield Failure(Check.TIME_IN_FORCE, TimeInForce.GTC, command.tif)
    yield from combination(state, command)


def combination(state: State, command: Any) -> Iterator[Failure]:
    """Check 10a: the rules in their order."""
    kind, rests = command.order_type, command.tif in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
    has_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    if (command.stop_price and not has_stop) or (has_stop and not 1 <= command.stop_price <= wire.MAX_PRICE):
        yield Failure(Check.COMBINATION, Rule.STOP_PRICE, command.stop_price)
    trails, percent = kind == OrderType.TRAILING_STOP, bool(command.modes & ModeFlag.TRAIL_PERCENT)
    if not trails and command.offset:
        yield Failure(Check.COMBINATION, Rule.OFFSET, command.offset)
    if trails and not 1 <= command.offset <= (9999 if percent else wire.MAX_PRICE):
        yield Failure(Check.COMBINATION, Rule.OFFSET, command.offset)
    only_what_is_left = bool(command.modes & ModeFlag.IMBALANCE_ONLY)
    crosses = kind == OrderType.LIMIT and command.tif in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
    if (percent and not trails) or (only_what_is_left and not crosses):
        yield Failure(Check.COMBINATION, Rule.MODE, command.modes)
    to_limit = kind == OrderType.MARKET_TO_LIMIT and command.tif in (TimeInForce.IOC, TimeInForce.AUCTION)
    if kind > OrderType.MARKET and not rests and not to_limit:
        yield Failure(Check.COMBINATION, Rule.TIF, command.tif)
    is_plain = not command.flags & ~int(OrderFlag.DO_NOT_ROUTE) and not command.display_qty
    if command.tif in FOR_AUCTIONS and not is_plain:
        yield Failure(Check.COMBINATION, Rule.TIF, command.tif)
    is_dated = command.tif == TimeInForce.GTD
    if command.expire_ns <= state.output.ts_ns if is_dated else command.expire_ns:
        yield Failure(Check.COMBINATION, Rule.EXPIRE, command.expire_ns)
    if command.flags & OrderFlag.POST_ONLY and not (kind == OrderType.LIMIT and rests):
        yield Failure(Check.COMBINATION, Rule.POST, command.flags)
    for rule, value in (
        (Rule.MIN_QTY, command.min_qty),
        (Rule.DISPLAY, command.display_qty),
        (Rule.DISCRETION, command.discretion),
    ):
        if value:
            yield Failure(Check.COMBINATION, rule, value)
    if command.self_trade_group:
        yield Failure(Check.SELF_TRADE_MODE, 0, command.self_trade_group)


def price_of(command: Any, instrument: Instrument) -> int:
    """The order's price, of all but MARKET orders. Only where the checks passed."""
    if command.order_type == OrderType.STOP:
        return int(command.stop_price)
    if command.order_type == OrderType.TRAILING_STOP:
        return stops.trail(command.side, instrument.reference_price, command.offset, command.modes)
    if command.order_type == OrderType.MARKET_TO_LIMIT:
        if goes_to_call(command, instrument):
            return instrument.effective_price(command.side)
        return instrument.book.best(1 - command.side) or 0
    return int(command.price)


def goes_to_call(command: Any, instrument: Instrument) -> bool:
    """Whether a new order that is no stop waits for an auction."""
    return instrument.state == InstrumentState.CALL or command.tif in FOR_AUCTIONS


def limit(instrument: Instrument, price: int) -> Iterator[Failure]:
    """Checks 16 and 17."""
    if not 1 <= price <= wire.MAX_PRICE:
        yield Failure(Check.PRICE, wire.MAX_PRICE, price)
    if price % instrument.tick_size:
        yield Failure(Check.TICK_SIZE, instrument.tick_size, price)


def stop_side(instrument: Instrument, side: int, stop_price: int) -> Iterator[Failure]:
    """Check 18a, not of trailing stops."""
    reference = instrument.reference_price
    if reference and (stop_price <= reference if side == BUY else stop_price >= reference):
        yield Failure(Check.STOP_SIDE, reference, stop_price)


def special_price(command: Any, instrument: Instrument) -> Iterator[Failure]:
    """Checks 16 to 18b of a new order that is no LIMIT."""
    if command.order_type == OrderType.STOP_LIMIT:
        yield from limit(instrument, command.price)
    if command.order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        if command.stop_price % instrument.tick_size:
            yield Failure(Check.TICK_SIZE, instrument.tick_size, command.stop_price)
        yield from stop_side(instrument, command.side, command.stop_price)
    if command.order_type == OrderType.TRAILING_STOP:
        if not instrument.reference_price:
            yield Failure(Check.STOP_SIDE, 1, 0)
        price = price_of(command, instrument)
        if not 1 <= price <= wire.MAX_PRICE:
            yield Failure(Check.STOP_SIDE, 1 if price < 1 else wire.MAX_PRICE, price)
    to_limit_now = command.order_type == OrderType.MARKET_TO_LIMIT and not goes_to_call(command, instrument)
    if to_limit_now and instrument.book.best(1 - command.side) is None:
        yield Failure(Check.NO_PRICE, 0, 0)


def replaced_stop(command: Any, order: Order) -> Iterator[Failure]:
    """Checks 16 to 18a of a REPLACE of a stop that waits."""
    if order.order_type != OrderType.TRAILING_STOP:
        yield from limit(order.instrument, command.price)
    if order.order_type == OrderType.STOP:
        yield from stop_side(order.instrument, order.side, command.price)


def of_new_order(state: State, command: Any, account: Account) -> Iterator[Failure]:
    """Checks 4 to 27."""
    yield from form(state, command)
    instrument = state.instruments[command.instrument]
    yield from permission(state, account, new_in_state(command, instrument))
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)
    asked = Asked(account, instrument, command.side, command.price, command.qty)
    if command.order_type == OrderType.MARKET:
        asked.is_market = True
        asked.price = instrument.effective_price(command.side)
    yield from size(asked)
    if command.order_type > OrderType.MARKET:
        yield from special_price(command, instrument)
        asked.price = price_of(command, instrument)
    elif not asked.is_market:
        yield from limit_in_collar(asked)
    yield from worth(asked)
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
    yield from permission(state, order.account, replaced_in_state(order))
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)


def of_new_leaves(state: State, command: Any, order: Order, leaves: int) -> Iterator[Failure]:
    """Checks 15 to 27, of a replace to `leaves` > 0."""
    asked = Asked(order.account, order.instrument, order.side, command.price, leaves, own=order)
    yield from size(asked)
    if order.place == Place.STOP:
        yield from replaced_stop(command, order)
        asked.price = order.price if order.order_type == OrderType.TRAILING_STOP else command.price
    elif order.place == Place.CALL and order.order_type != OrderType.LIMIT:
        asked.price = order.price
    else:
        yield from limit_in_collar(asked)
    yield from worth(asked)
    yield from exposure(asked)
    in_call = order.instrument.state == InstrumentState.CALL
    if order.flags & OrderFlag.POST_ONLY and not in_call and not keeps_priority(command, order, leaves):
        yield from crossing(asked)
    yield from pages(state)


def keeps_priority(command: Any, order: Order, leaves: int) -> bool:
    """Whether a replace is done in place."""
    return command.price == order.price and leaves <= order.leaves and not command.flags & OrderFlag.REQUEUE


# Parts of both


def new_in_state(command: Any, instrument: Instrument) -> Iterator[Failure]:
    """Checks 12 and 12a of a new order."""
    is_opening = instrument.state == InstrumentState.CALL and instrument.auction_kind == AuctionKind.OPENING
    too_early = command.tif == TimeInForce.AT_OPEN and not is_opening
    if instrument.state not in (InstrumentState.OPEN, InstrumentState.CALL) or too_early:
        yield Failure(Check.INSTRUMENT_STATE, InstrumentState.OPEN, instrument.state)
    if instrument.state == InstrumentState.CALL:
        if command.peg:
            yield Failure(Check.COMBINATION, Rule.PEG_KIND, command.peg)
        if command.tif in (TimeInForce.IOC, TimeInForce.FOK):
            yield Failure(Check.COMBINATION, Rule.TIF, command.tif)
        yield from not_in_call(command.flags, command.min_qty, command.discretion)


def replaced_in_state(order: Order) -> Iterator[Failure]:
    """Checks 12 and 12a of a REPLACE."""
    state = order.instrument.state
    if state not in (InstrumentState.OPEN, InstrumentState.CALL):
        yield Failure(Check.INSTRUMENT_STATE, InstrumentState.OPEN, state)
    if state == InstrumentState.CALL:
        yield from not_in_call(order.flags, order.min_qty, 0)


def not_in_call(flags: int, min_qty: int, discretion: int) -> Iterator[Failure]:
    """What no call takes."""
    if flags & int(OrderFlag.POST_ONLY | OrderFlag.REDUCE_ONLY):
        yield Failure(Check.COMBINATION, Rule.POST, flags)
    if flags & OrderFlag.ALL_OR_NONE:
        yield Failure(Check.COMBINATION, Rule.DARK, flags)
    if min_qty:
        yield Failure(Check.COMBINATION, Rule.MIN_QTY, min_qty)
    if discretion:
        yield Failure(Check.COMBINATION, Rule.DISCRETION, discretion)


def permission(state: State, account: Account, in_state: Iterator[Failure]) -> Iterator[Failure]:
    """Checks 11 to 13."""
    if account.state != wire.AccountState.ACTIVE:
        yield Failure(Check.ACCOUNT_STATE, wire.AccountState.ACTIVE, account.state)
    yield from in_state
    account.rate.start_anew_if_over(state.output.ts_ns)
    if account.max_messages and account.rate.count + 1 > account.max_messages:
        yield Failure(Check.MESSAGE_RATE, account.max_messages, account.rate.count + 1)
    account.rate.count += 1


def size(asked: Asked) -> Iterator[Failure]:
    """Check 15."""
    most = smallest_limit(asked.instrument.max_order_qty, asked.account.max_order_qty, wire.MAX_QTY)
    if asked.own:
        most = min(most, LARGEST_U32 - asked.own.filled)
    if asked.qty > most:
        yield Failure(Check.ORDER_QTY, most, asked.qty, most)


def limit_in_collar(asked: Asked) -> Iterator[Failure]:
    """Checks 16 to 18."""
    yield from limit(asked.instrument, asked.price)
    lower, upper = asked.instrument.bounds()
    if asked.side == BUY and asked.price > upper:
        yield Failure(Check.PRICE_COLLAR, upper, asked.price)
    if asked.side == SELL and asked.price < lower:
        yield Failure(Check.PRICE_COLLAR, lower, asked.price)


def worth(asked: Asked) -> Iterator[Failure]:
    """Check 19."""
    account, instrument = asked.account, asked.instrument
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
