"""Orders that are tied to others: rings, and children that wait for their parent. docs/linked.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openbell import wire
from openbell.wire import CancelReason, Check, EventKind, InstrumentState, OrderType, Place, RestateReason, Role, Rule

from tests.reference import checks, combination, matching, stops
from tests.reference.accounts import Account
from tests.reference.books import BUY, Order, Ring
from tests.reference.desks import limits
from tests.reference.output import Failure
from tests.reference.state import State

CHECKED_WHEN_AWAKE = (
    Check.ORDER_NOTIONAL,
    Check.POSITION_LIMIT,
    Check.SHORT_SALE,
    Check.SHORT_PRICE,
    Check.LOCATE,
    Check.BUYING_POWER,
    Check.SETTLED_CASH,
    Check.GOOD_FAITH,
    Check.NO_PRICE,
    Check.MARGIN,
    Check.DAY_TRADER,
    Check.RESTRICTED,
    *(limits.CHECKS[limit] for limit in sorted(limits.OF_THE_AWAKE)),
)


# Checks


def named(state: State, command: Any) -> Order | None:
    """The live order of the account that a new one names."""
    known = state.ids.find(command.account, command.link_id)
    return state.orders.get(known.order_id) if known else None


def failures(state: State, command: Any) -> Iterator[Failure]:
    """Checks 10b to 10d."""
    if command.link_id == 0:
        return
    order = named(state, command)
    joins = command.role in (Role.PEER, Role.CHILD)
    if order is None or not fits(command.role, order):
        yield Failure(Check.LINK, 0, command.link_id)
        return
    if not joins:
        return
    if (order.instrument.number, order.side) != (command.instrument, command.side):
        yield Failure(Check.LINK, 0, command.link_id)
    if command.qty != order.filled + order.leaves:
        yield Failure(Check.COMBINATION, Rule.LINK, command.qty)
    legs = order.ring.legs if order.ring else [order]
    if command.order_type == OrderType.LIMIT and any(leg.order_type == OrderType.LIMIT for leg in legs):
        yield Failure(Check.COMBINATION, Rule.LINK, command.order_type)
    if command.role == Role.PEER and len(legs) == 1 and not combination.may_be_a_leg(order):
        yield Failure(Check.COMBINATION, Rule.LINK, command.link_id)
    if len(legs) >= wire.MAX_LEGS:
        yield Failure(Check.RING_SIZE, wire.MAX_LEGS, len(legs) + 1)


def fits(role: int, order: Order) -> bool:
    """Whether an order is one that this role may name."""
    waits = order.place == Place.WAIT
    if role == Role.PEER:
        return not waits and order.children is None
    if role == Role.PARENT:
        return waits and (order.ring is None or order.ring.parent is None)
    return waits


def replaced_qty(command: Any, order: Order, leaves: int) -> Iterator[Failure]:
    """Of a REPLACE: the lots of a ring stay."""
    if (others(order) or order.place == Place.WAIT) and leaves != order.leaves:
        yield Failure(Check.COMBINATION, Rule.LINK, command.qty)


# Joining


def tie(state: State, order: Order, command: Any, other: Order | None) -> None:
    """A new order that was accepted, before it goes anywhere."""
    if command.role == Role.NONE:
        return
    if command.role == Role.PARENT:
        assert other is not None
        order.children = ring_of(other)
        order.children.parent, order.children.first = order, other
    elif other is None:
        ring_of(order)
    else:
        ring = ring_of(other)
        ring.legs.insert(ring.legs.index(other), order)
        order.ring = ring
        if command.role == Role.PEER and other.leaves < order.leaves:
            matching.restate(state, order, order.leaves - other.leaves, RestateReason.LINKED)


def ring_of(order: Order) -> Ring:
    if order.ring is None:
        order.ring = Ring([order])
    return order.ring


def from_on(ring: Ring, order: Order) -> list[Order]:
    """All of a ring in its order, beginning with this one."""
    place = ring.legs.index(order)
    return ring.legs[place:] + ring.legs[:place]


def others(order: Order) -> list[Order]:
    """All others of an order's ring, in its order."""
    return from_on(order.ring, order)[1:] if order.ring else []


def detach(order: Order) -> None:
    """It moves nobody any more."""
    if order.ring is None:
        return
    order.ring.legs.remove(order)
    order.ring = None


# What moves the others


def doom(state: State, orders: list[Order]) -> None:
    """Into the queue, to be cancelled when served."""
    for order in orders:
        order.is_doomed = True
        if order not in state.queue:
            state.queue.append(order)


def is_forming(state: State, command: Any, *, is_late: bool) -> bool:
    """Whether the order that a new one names is but the begin of what both would be part of: it ends with a refusal.

    is_late: the new one was refused after check 10d.
    """
    order = named(state, command) if command.link_id else None
    if order is None:
        return False
    if command.role in (Role.CHILD, Role.PARENT):
        return fits(Role.PARENT, order)
    return is_late and command.role == Role.PEER and not others(order)


def take_along(state: State, command: Any) -> None:
    """A new order was refused, and what it was to be part of is at work for nobody yet."""
    order = named(state, command) if command.link_id else None
    if order is None:
        return
    doom(state, from_on(order.ring, order) if order.ring else [order])


def forget_parent(order: Order) -> None:
    """Children are to end: their parent has none any more."""
    if order.ring and order.ring.parent:
        order.ring.parent.children = None
        order.ring.parent = None


def after_trade(state: State, orders: list[Order]) -> None:
    """After both sides' FILL."""
    for order in orders:
        equalize(state, order)
        if order.leaves == 0:
            detach(order)
            release(state, order)


def equalize(state: State, order: Order) -> None:
    """It lost lots: so do the others of its ring."""
    for other in others(order):
        if order.leaves == 0:
            matching.cancel(state, other, CancelReason.LINKED)
        elif other.leaves > order.leaves:
            matching.restate(state, other, other.leaves - order.leaves, RestateReason.LINKED)


def after_cancel(state: State, order: Order, reason: CancelReason) -> None:
    """It ended without a trade."""
    if reason != CancelReason.LINKED:
        if order.place_at_end == Place.WAIT:
            forget_parent(order)
        doom(state, others(order))
    detach(order)
    release(state, order)


def release(state: State, parent: Order) -> None:
    """A parent has ended: its children wake up, or end."""
    ring = parent.children
    if ring is None:
        return
    parent.children, ring.parent = None, None
    assert ring.first is not None
    children = from_on(ring, ring.first if ring.first in ring.legs else ring.legs[0])
    if parent.filled == 0:
        doom(state, children)
        return
    for child in children:
        child.leaves = min(child.leaves, parent.filled)
        if child not in state.queue:
            state.queue.append(child)


def alone(state: State, order: Order) -> None:
    """A stop of a ring was served."""
    for other in others(order):
        matching.cancel(state, other, CancelReason.LINKED)
    detach(order)


def wake(state: State, order: Order) -> None:
    """A child is served: it is an order like others from now on."""
    instrument, kind = order.instrument, order.order_type
    matching.leave(state, order)
    has_price = True
    if kind == OrderType.TRAILING_STOP:
        order.water = instrument.reference_price
        price = stops.trail(order.side, order.water, order.offset, order.modes)
        has_price = order.water != 0 and 1 <= price <= wire.MAX_PRICE
        order.price = order.stop_price = price if order.water else 0
    qty = order.filled + order.leaves
    state.output.order_event(EventKind.RESTATED, order, reason=RestateReason.ACTIVE, qty=qty, leaves=order.leaves)
    if not has_price or not reaches(state, order):
        matching.cancel(state, order, CancelReason.EXPOSURE)
    elif kind == OrderType.LIMIT:
        wake_limit(state, order)
    else:
        matching.wait(state, order, Place.STOP)
        if kind != OrderType.TRAILING_STOP and is_met(order):
            state.queue.append(order)


def wake_limit(state: State, order: Order) -> None:
    instrument = order.instrument
    lower, upper = instrument.bounds()
    if instrument.state != InstrumentState.OPEN:
        matching.wait(state, order, Place.CALL)
    elif order.price > upper if order.side == BUY else order.price < lower:
        matching.cancel(state, order, CancelReason.PRICE_COLLAR)
    elif instrument.is_beyond_band(order.side, order.price):
        matching.cancel(state, order, CancelReason.PRICE_BAND)
    else:
        matching.enter(state, order)


def is_met(order: Order) -> bool:
    """Whether the reference price meets a stop."""
    reference = order.instrument.reference_price
    return reference != 0 and (reference >= order.stop_price if order.side == BUY else reference <= order.stop_price)


def reaches(state: State, order: Order) -> bool:
    """Whether a child passes checks 19 and 22 to 24d, 23a too."""
    account: Account = order.account
    asked = checks.Asked(
        account,
        order.instrument,
        order.side,
        order.price,
        order.leaves,
        order.flags,
        0,
        order.order_type,
        order.peg,
        to_call=False,
        wakes=True,
        tied=next((other for other in others(order) if other.place != Place.WAIT), None),
    )
    failures = (*checks.worth(asked), *checks.exposure(state, asked))
    return not any(failure.check in CHECKED_WHEN_AWAKE for failure in failures)
