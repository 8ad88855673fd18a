"""The checks of orders and replaces, in their order.

A generator yields a Failure for all that is wrong, and the first counts. A check that changes something (the message
rate) does so when the generator comes to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openbell import wire
from openbell.wire import (
    AuctionKind,
    Check,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Peg,
    Place,
    Role,
    Rule,
    SelfTrade,
    TimeInForce,
)

from tests.reference import closing, combination, dark, fees, ledger, links, margin, stops
from tests.reference.accounts import Account
from tests.reference.actions import locates
from tests.reference.books import BUY, FOR_AUCTIONS, SELL, Instrument, Order
from tests.reference.cash import checks as cash_checks
from tests.reference.daytrading import checks as day_trade_checks
from tests.reference.desks import limits, tree
from tests.reference.output import Failure
from tests.reference.state import State

LARGEST_I64 = (1 << 63) - 1
LARGEST_U32 = (1 << 32) - 1
# Plain numbers: ~ of an IntFlag has only the bits that it knows.
REPLACE_FLAGS = int(OrderFlag.QTY_IS_LEAVES | OrderFlag.REQUEUE)
ORDER_FLAGS = sum(set(OrderFlag)) - REPLACE_FLAGS  # of a new order
MODES = sum(set(ModeFlag))


@dataclass
class Asked:
    """What an order or a replace asks for; `own` is the order that a replace changes."""

    account: Account
    instrument: Instrument
    side: int
    price: int
    qty: int
    flags: int
    discretion: int
    order_type: int
    peg: int
    to_call: bool
    own: Order | None = None
    tied: Order | None = None  # an order whose ring it joins
    command: Any = None  # of a new one
    sent: int = 0  # lots that check 19 looked at
    waits: bool = False  # a child that comes
    wakes: bool = False  # a child that waited

    def notional(self) -> int:
        return self.instrument.notional(self.worst(), self.qty)

    def notional_as_sent(self) -> int:
        return self.instrument.notional(self.worst(), self.sent)

    def worst(self) -> int:
        """The most that it pays; of a sell its price."""
        return self.price + self.discretion if self.side == BUY else self.price

    def open_qty(self) -> int:
        """Lots in the account's other open orders of this side."""
        every = self.account.open_qty(self.instrument.number, self.side)
        return every - sum(order.leaves for order in (self.own, self.tied) if order)

    def room(self) -> int:
        """Lots that it may have and only make the position smaller."""
        position = self.account.positions.get(self.instrument.number)
        held = position.qty if position else 0
        return (held if self.side == SELL else -held) - self.open_qty()

    def others(self) -> int:
        """The account's other open orders."""
        return len(self.account.resting()) - (self.own is not None)

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
    """Checks 4 to 10a."""
    if command.instrument not in state.instruments:
        yield Failure(Check.INSTRUMENT, 0, command.instrument)
    if command.side > 1:
        yield Failure(Check.SIDE, 1, command.side)
    if command.order_type > OrderType.PEGGED:
        yield Failure(Check.ORDER_TYPE, OrderType.PEGGED, command.order_type)
    if command.tif > TimeInForce.AUCTION:
        yield Failure(Check.TIME_IN_FORCE, TimeInForce.AUCTION, command.tif)
    if command.self_trade > SelfTrade.DECREMENT:
        yield Failure(Check.SELF_TRADE_MODE, SelfTrade.DECREMENT, command.self_trade)
    if command.flags & ~ORDER_FLAGS:
        yield Failure(Check.FLAGS, ORDER_FLAGS, command.flags)
    if command.modes & ~MODES:
        yield Failure(Check.MODES, MODES, command.modes)
    if command.role > Role.PARENT:
        yield Failure(Check.ROLE, Role.PARENT, command.role)
    if command.peg > Peg.MIDPOINT:
        yield Failure(Check.PEG, Peg.MIDPOINT, command.peg)
    at_once = command.tif in (TimeInForce.IOC, TimeInForce.FOK) or command.order_type == OrderType.MARKET
    if command.flags & OrderFlag.POST_ONLY and at_once:
        yield Failure(Check.TIME_IN_FORCE, TimeInForce.GTC, command.tif)
    for rule, value in combination.broken(command, state.output.ts_ns):
        yield Failure(Check.COMBINATION, rule, value)


def price_of(command: Any, instrument: Instrument) -> int:
    """The order's price. Only where the checks passed."""
    kind = command.order_type
    if kind == OrderType.MARKET or (kind == OrderType.PEGGED and command.price == 0):
        return instrument.effective_price(command.side, goes_to_call(command, instrument))
    if kind == OrderType.STOP:
        return int(command.stop_price)
    if kind == OrderType.TRAILING_STOP:
        return stops.trail(command.side, instrument.reference_price, command.offset, command.modes)
    if kind == OrderType.MARKET_TO_LIMIT and goes_to_call(command, instrument):
        return instrument.effective_price(command.side, for_auction=True)
    if kind == OrderType.MARKET_TO_LIMIT:
        return instrument.book.best(1 - command.side) or 0
    if command.flags & OrderFlag.SLIDE:
        return slid(instrument, command.side, command.price)
    return int(command.price)


def is_stop(order_type: int) -> bool:
    return order_type in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)


def goes_to_call(command: Any, instrument: Instrument) -> bool:
    """Whether a new order that is no stop waits for an auction."""
    return instrument.state == InstrumentState.CALL or command.tif in FOR_AUCTIONS


def slid(instrument: Instrument, side: int, price: int) -> int:
    """Where a sliding order goes; `price` where it need not or cannot."""
    best = dark.best_resting(instrument, 1 - side)
    if best is None or not dark.reaches(side, price, best):
        return price
    aside = instrument.ticks().down(best - 1) if side == BUY else instrument.ticks().up(best + 1)
    return aside if 1 <= aside <= wire.MAX_PRICE else price


def limit(instrument: Instrument, price: int) -> Iterator[Failure]:
    """Checks 16 and 17."""
    if not 1 <= price <= wire.MAX_PRICE:
        yield Failure(Check.PRICE, wire.MAX_PRICE, price)
    yield from on_a_tick(instrument.ticks().at(price), price)


def on_a_tick(tick: int, price: int) -> Iterator[Failure]:
    """Checks 17 and 17a."""
    if price % tick:
        yield Failure(Check.TICK_SIZE, tick, price)


def collar(instrument: Instrument, side: int, price: int) -> Iterator[Failure]:
    """Check 18."""
    lower, upper = instrument.bounds()
    if side == BUY and price > upper:
        yield Failure(Check.PRICE_COLLAR, upper, price)
    if side == SELL and price < lower:
        yield Failure(Check.PRICE_COLLAR, lower, price)


def stop_side(instrument: Instrument, side: int, stop_price: int) -> Iterator[Failure]:
    """Check 18a, not of trailing stops."""
    reference = instrument.reference_price
    if reference and (stop_price <= reference if side == BUY else stop_price >= reference):
        yield Failure(Check.STOP_SIDE, reference, stop_price)


def prices(command: Any, instrument: Instrument) -> Iterator[Failure]:
    """Checks 16 to 18b of a new order."""
    kind, side = command.order_type, command.side
    has_cap = kind == OrderType.PEGGED and command.price != 0
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) or has_cap:
        yield from limit(instrument, command.price)
    has_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    steps = kind == OrderType.PEGGED and command.peg != Peg.MIDPOINT
    if has_stop:
        yield from on_a_tick(instrument.ticks().at(command.stop_price), command.stop_price)
    for distance in (command.offset * steps, command.discretion):
        yield from on_a_tick(instrument.tick_size, distance)
    is_child = command.role == Role.CHILD  # is looked at when it wakes
    if (kind == OrderType.LIMIT or has_cap) and not is_child:
        yield from collar(instrument, side, command.price)
        if not goes_to_call(command, instrument):
            yield from band(instrument, side, command.price, command.discretion)
    if has_stop and not is_child:
        yield from stop_side(instrument, side, command.stop_price)
    if kind == OrderType.TRAILING_STOP:
        if not instrument.reference_price:
            yield Failure(Check.STOP_SIDE, 1, 0)
        price = price_of(command, instrument)
        if not 1 <= price <= wire.MAX_PRICE:
            yield Failure(Check.STOP_SIDE, 1 if price < 1 else wire.MAX_PRICE, price)
    yield from no_price(command, instrument)


def no_price(command: Any, instrument: Instrument) -> Iterator[Failure]:
    """Check 18b, of those whose price is the market's."""
    at_market = command.order_type in (OrderType.MARKET, OrderType.MARKET_TO_LIMIT)
    at_market = at_market or (command.order_type == OrderType.PEGGED and command.price == 0)
    if at_market and not goes_to_call(command, instrument):
        price = price_of(command, instrument)
        if price == 0 or instrument.is_beyond_band(command.side, price):
            yield Failure(Check.NO_PRICE, 0, 0)


def band(instrument: Instrument, side: int, price: int, discretion: int) -> Iterator[Failure]:
    """Check 18c."""
    worst = price + discretion if side == BUY else price - discretion
    if instrument.is_beyond_band(side, worst):
        yield Failure(Check.PRICE_BAND, instrument.band(side), worst)


def replaced_price(command: Any, order: Order, leaves: int) -> Iterator[Failure]:
    """Checks 16 to 18a of a REPLACE, and what follows them."""
    instrument, kind = order.instrument, order.order_type
    keeps_its_own = kind == OrderType.TRAILING_STOP or (order.place == Place.CALL and kind != OrderType.LIMIT)
    if keeps_its_own:
        return
    if kind == OrderType.PEGGED and command.price == 0:
        if instrument.effective_price(order.side) == 0:
            yield Failure(Check.NO_PRICE, 0, 0)
        return
    if command.price != order.price:  # one that came before the ticks changed stays valid
        yield from limit(instrument, command.price)
    if order.place == Place.WAIT:
        return
    if order.place == Place.STOP:
        if kind == OrderType.STOP:
            yield from stop_side(instrument, order.side, command.price)
        return
    yield from collar(instrument, order.side, command.price)
    if order.place != Place.CALL:
        yield from band(instrument, order.side, command.price, order.discretion)
    if order.display_qty and leaves > combination.MOST_PARTS * order.display_qty:
        yield Failure(Check.COMBINATION, Rule.DISPLAY, order.display_qty)
    sign = 1 if order.side == BUY else -1
    if order.discretion and not 1 <= command.price + sign * order.discretion <= wire.MAX_PRICE:
        yield Failure(Check.COMBINATION, Rule.DISCRETION, order.discretion)


def new_price(command: Any, order: Order) -> int:
    """The order's price after a REPLACE."""
    kind = order.order_type
    if kind == OrderType.TRAILING_STOP or (order.place == Place.CALL and kind != OrderType.LIMIT):
        return order.price
    if kind == OrderType.PEGGED and command.price == 0:
        return order.instrument.effective_price(order.side)
    return int(command.price)


def of_new_order(state: State, command: Any, account: Account) -> Iterator[Failure]:
    """Checks 11 to 27."""
    instrument = state.instruments[command.instrument]
    is_child = command.role == Role.CHILD
    names = command.instrument, command.client_order_id
    yield from permission(state, account, new_in_state(command, instrument), names, is_child=is_child)
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)
    asked = Asked(
        account,
        instrument,
        command.side,
        command.price,
        command.qty,
        command.flags,
        command.discretion,
        command.order_type,
        command.peg,
        goes_to_call(command, instrument) and not is_stop(command.order_type),
        command=command,
        sent=command.qty,
        waits=is_child,
    )
    yield from size(asked)
    yield from prices(command, instrument)
    asked.price = price_of(command, instrument)
    yield from worth(asked)
    opened = len(account.resting()) + 1
    if account.max_open_orders and opened > account.max_open_orders:
        yield Failure(Check.OPEN_ORDERS, account.max_open_orders, opened)
    if instrument.number not in account.positions:
        failure = ledger.other_currency(account, instrument)
        if failure is not None:
            yield failure
        yield from position_capacity(state)
    if command.role == Role.PEER:
        asked.tied = links.named(state, command)
        asked.qty = asked.tied.leaves if asked.tied else asked.qty
    if is_child:
        yield from limits.failures(state, asked)
    else:
        yield from exposure(state, asked)
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
    names = order.instrument.number, order.client_order_id
    yield from permission(state, order.account, replaced_in_state(order), names)
    if command.qty == 0:
        yield Failure(Check.QTY, 1, 0)


def of_new_leaves(state: State, command: Any, order: Order, leaves: int) -> Iterator[Failure]:
    """Checks 15 to 27, of a replace to `leaves` > 0."""
    yield from links.replaced_qty(command, order, leaves)
    in_call = order.instrument.state == InstrumentState.CALL
    asked = Asked(
        order.account,
        order.instrument,
        order.side,
        command.price,
        leaves,
        order.flags,
        order.discretion,
        order.order_type,
        order.peg,
        order.place == Place.CALL or (in_call and order.place != Place.STOP),
        own=order,
        sent=leaves,
    )
    yield from size(asked)
    yield from replaced_price(command, order, leaves)
    asked.price = new_price(command, order)
    yield from worth(asked)
    if order.place == Place.WAIT:
        yield from pages(state)
        return
    yield from exposure(state, asked)
    if order.flags & OrderFlag.POST_ONLY and not in_call and not keeps_priority(command, order, leaves):
        yield from crossing(asked)
    yield from pages(state)


def keeps_priority(command: Any, order: Order, leaves: int) -> bool:
    """Whether a replace is done in place."""
    same_price = new_price(command, order) == order.price
    return same_price and leaves <= order.leaves and not command.flags & OrderFlag.REQUEUE


# Parts of both


def new_in_state(command: Any, instrument: Instrument) -> Iterator[Failure]:
    """Checks 12 and 12a of a new order."""
    is_opening = instrument.state == InstrumentState.CALL and instrument.auction_kind == AuctionKind.OPENING
    too_early = command.tif == TimeInForce.AT_OPEN and not is_opening
    if instrument.state not in (InstrumentState.OPEN, InstrumentState.CALL) or too_early:
        yield Failure(Check.INSTRUMENT_STATE, InstrumentState.OPEN, instrument.state)
    if instrument.state == InstrumentState.CALL and command.role != Role.CHILD:
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
    if state == InstrumentState.CALL and order.place != Place.WAIT:
        if order.peg:
            yield Failure(Check.COMBINATION, Rule.PEG_KIND, order.peg)
        yield from not_in_call(order.flags, order.min_qty, order.discretion)


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


def permission(
    state: State, account: Account, in_state: Iterator[Failure], names: tuple[int, int], *, is_child: bool = False
) -> Iterator[Failure]:
    """Checks 11 to 13a; names: instrument and client order id; is_child: a new one."""
    if not closing.may_ask(state, account, is_child):
        yield Failure(Check.ACCOUNT_STATE, wire.AccountState.ACTIVE, tree.in_force(state, account))
    yield from in_state
    account.rate.start_anew_if_over(state.output.ts_ns)
    if account.max_messages and account.rate.count + 1 > account.max_messages:
        yield Failure(Check.MESSAGE_RATE, account.max_messages, account.rate.count + 1)
    yield from limits.messages(state, account, *names)


def size(asked: Asked) -> Iterator[Failure]:
    """Check 15."""
    most = smallest_limit(asked.instrument.max_order_qty, asked.account.max_order_qty, wire.MAX_QTY)
    if asked.own:
        most = min(most, LARGEST_U32 - asked.own.filled)
    if asked.qty > most:
        yield Failure(Check.ORDER_QTY, most, asked.qty, most)


def worth(asked: Asked) -> Iterator[Failure]:
    """Check 19."""
    most = most_notional(asked.account, asked.instrument)
    if asked.notional() > most:
        yield Failure(Check.ORDER_NOTIONAL, most, min(asked.notional(), LARGEST_I64), most)


def most_notional(account: Account, instrument: Instrument) -> int:
    """Of one order."""
    return smallest_limit(instrument.max_order_notional, account.max_order_notional, wire.MAX_NOTIONAL)


def position_capacity(state: State) -> Iterator[Failure]:
    """Check 21, for a position that is not there yet."""
    if len(state.positions) >= state.capacity.positions:
        yield Failure(Check.POSITION_CAPACITY, state.capacity.positions, state.capacity.positions + 1)


def exposure(state: State, asked: Asked) -> Iterator[Failure]:
    """Checks 22 to 24a."""
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
    yield from short_price(asked)
    yield from locates.failures(asked)
    free = 0
    if asked.side == BUY:
        own = asked.own
        free = account.free() + (own.hold() if own else 0)
        if not account.has_margin():
            free -= fees.reserve(state, account, asked.hold(), asked.notional(), asked.others())
        if asked.notional() > free:
            yield Failure(Check.BUYING_POWER, max(0, free), asked.notional(), max(0, free))
    yield from margin.failures(state, asked)
    yield from day_trade_checks.failures(state, asked)
    yield from cash_checks.failures(asked, free)
    yield from limits.failures(state, asked)
    room = asked.room()
    if qty > room and closing.only_reduces(state, account):
        yield Failure(Check.ACCOUNT_STATE, max(0, room), qty, max(0, room))
    if asked.flags & OrderFlag.REDUCE_ONLY and qty > room:
        yield Failure(Check.REDUCE_ONLY, max(0, room), qty, max(0, room))


def short_price(asked: Asked) -> Iterator[Failure]:
    """Check 23a, of short sales while they are restricted."""
    instrument, position = asked.instrument, asked.account.positions.get(asked.instrument.number)
    held = position.qty if position else 0
    if asked.side != SELL or not instrument.is_short_restricted or asked.qty <= held - asked.open_qty():
        return
    if asked.to_call:
        if asked.order_type != OrderType.LIMIT:
            yield Failure(Check.SHORT_PRICE, 0, asked.price)
        return
    bid, worst = instrument.book.best(BUY), asked.price - asked.discretion
    if bid is None or instrument.state != InstrumentState.OPEN:
        return
    if asked.order_type == OrderType.PEGGED:
        if asked.peg != Peg.MIDPOINT:
            yield Failure(Check.SHORT_PRICE, 0, asked.peg)
    elif asked.order_type != OrderType.LIMIT:
        yield Failure(Check.SHORT_PRICE, 0, asked.price)
    elif worst <= bid:
        yield Failure(Check.SHORT_PRICE, instrument.ticks().up(bid + 1), worst)


def crossing(asked: Asked) -> Iterator[Failure]:
    """Check 25."""
    best = dark.best_resting(asked.instrument, 1 - asked.side)
    if best is not None and dark.reaches(asked.side, asked.price, best):
        yield Failure(Check.POST_ONLY, best, asked.price)


def pages(state: State) -> Iterator[Failure]:
    """Check 27."""
    if state.pages_used() >= state.capacity.pages:
        yield Failure(Check.LEVEL_CAPACITY, state.capacity.pages, state.capacity.pages + 1)
