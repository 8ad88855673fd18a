"""Stops: what a trade meets of them, and what becomes of those that were met. docs/orders.md, "Stops"."""

from __future__ import annotations

from openbell import wire
from openbell.wire import CancelReason, EventKind, ModeFlag, OrderType, Place, TimeInForce

from tests.reference import checks, fees, links, matching
from tests.reference.books import BUY, Instrument, Order
from tests.reference.state import State


def trail(side: int, water: int, offset: int, modes: int) -> int:
    """The stop price of a trailing stop."""
    amount = max(1, water * offset // 10_000) if modes & ModeFlag.TRAIL_PERCENT else offset
    return water + amount if side == BUY else water - amount


def meet(state: State, instrument: Instrument, price: int) -> None:
    """A trade: water marks first, then the stops that it meets go into the queue."""
    waiting = [order for order in instrument.unseen if order.place == Place.STOP and order not in state.queue]
    for order in waiting:
        goes_away = price < order.water if order.side == BUY else price > order.water
        if order.order_type == OrderType.TRAILING_STOP and goes_away:
            order.water = price
            order.stop_price = trail(order.side, price, order.offset, order.modes)
    buys = [order for order in waiting if order.side == BUY and price >= order.stop_price]
    sells = [order for order in waiting if order.side != BUY and price <= order.stop_price]
    state.queue += sorted(buys, key=lambda order: (order.stop_price, order.rank))
    state.queue += sorted(sells, key=lambda order: (-order.stop_price, order.rank))


def serve_first(state: State) -> None:
    """The first of the queue."""
    order = state.queue[0]
    if order.is_doomed:
        matching.cancel(state, order, CancelReason.LINKED)
        return
    if order.place == Place.WAIT:
        links.wake(state, order)
        return
    matching.leave(state, order)
    if order.instrument.state != wire.InstrumentState.OPEN:
        matching.wait(state, order, Place.STOP)
    else:
        activate(state, order)


def activate(state: State, order: Order) -> None:
    """Make of a stop what it is after its trigger, and have it meet the market."""
    account, instrument = order.account, order.instrument
    if order.order_type == OrderType.STOP_LIMIT:
        order.order_type = OrderType.LIMIT
    else:
        order.order_type, order.tif = OrderType.MARKET, TimeInForce.IOC
        order.price = instrument.effective_price(order.side)
    state.output.order_event(EventKind.TRIGGERED, order, qty=order.leaves + order.filled, leaves=order.leaves)
    links.alone(state, order)
    lower, upper = instrument.bounds()
    if order.price > upper if order.side == BUY else order.price < lower:
        matching.cancel(state, order, CancelReason.PRICE_COLLAR)
        return
    if instrument.is_beyond_band(order.side, order.price):
        matching.cancel(state, order, CancelReason.PRICE_BAND)
        return
    notional = instrument.notional(order.price, order.leaves)
    if order.side == BUY and notional > checks.most_notional(account, instrument):
        matching.cancel(state, order, CancelReason.ORDER_NOTIONAL)
        return
    others = len(account.resting())
    kept = 0 if account.has_margin() else fees.reserve(state, account, account.hold(), notional, others)
    if order.side == BUY and notional > account.free() - kept:
        matching.cancel(state, order, CancelReason.BUYING_POWER)
        return
    matching.enter(state, order)
