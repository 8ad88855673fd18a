"""Orders of a swarm that are tied to others: rings, children, parents. docs/linked.md."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell.wire import AccountState, OrderFlag, OrderType, Place, Role, TimeInForce

from tests.reference import combination
from tests.reference.books import BUY, Instrument, Order
from tests.reference.market import Market

RESTING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC, TimeInForce.GTC)
STOPS = (OrderType.STOP, OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
Fields = dict[str, Any]


def order(random: Random, model: Market, qty: int, bad: bool) -> Fields | None:
    """Fields of a NEW_SPECIAL, its account, instrument and side with them; None where there is nothing to tie to."""
    live = list(model.state.orders.values())
    peers = [each for each in live if each.place != Place.WAIT and each.children is None]
    peers = [each for each in peers if combination.may_be_a_leg(each) or random.random() < 0.1]
    waiting = [each for each in live if each.place == Place.WAIT]
    role = random.choice((Role.PEER, Role.PEER, Role.CHILD, Role.CHILD, Role.CHILD, Role.PARENT, Role.PARENT))
    if role == Role.PEER:
        made = joins(random, random.choice(peers), role) if peers else None
    elif role == Role.PARENT:
        made = parent(random, random.choice(waiting), qty) if waiting else None
    elif waiting and random.random() < 0.6:
        crowd = max(waiting, key=legs_of) if random.random() < 0.5 else random.choice(waiting)
        made = joins(random, crowd, role)
    else:
        made = first(random, random.choice(live), qty) if live else None
    if made and bad:
        name = random.choice(("role", "link_id", "qty", "side", "order_type", "tif", "flags", "display_qty", "account"))
        made[name] = random.choice((0, 1, 2, 3, 4))
    return made


def legs_of(order: Order) -> int:
    """How many orders its ring has."""
    return len(order.ring.legs) if order.ring else 1


def kinds_left(named: Order) -> tuple[OrderType, ...]:
    legs = named.ring.legs if named.ring else [named]
    return STOPS if any(leg.order_type == OrderType.LIMIT for leg in legs) else (OrderType.LIMIT, *STOPS[1:])


def joins(random: Random, named: Order, role: Role) -> Fields:
    """Another leg of a ring, now and then one that does not fit."""
    kind = random.choice(kinds_left(named) if random.random() < 0.95 else (OrderType.LIMIT, OrderType.STOP))
    made = of_kind(random, named.instrument, named.side, kind)
    fields = {"role": role, "link_id": named.client_order_id, "qty": named.filled + named.leaves}
    return made | fields | {"account": named.account.number}


def first(random: Random, like: Order, qty: int) -> Fields:
    """A child to which others may come."""
    kind = random.choice((OrderType.LIMIT, OrderType.LIMIT, *STOPS))
    made = of_kind(random, like.instrument, random.randrange(2), kind)
    return made | {"role": Role.CHILD, "qty": qty, "account": like.account.number}


def parent(random: Random, child: Order, qty: int) -> Fields:
    """An order whose children wait; mostly as many lots as they have, on the other side."""
    kind = random.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.STOP))
    made = of_kind(random, child.instrument, 1 - child.side if random.random() < 0.7 else child.side, kind)
    if kind == OrderType.LIMIT and random.random() < 0.4:
        made["tif"] = random.choice((TimeInForce.IOC, TimeInForce.FOK))
    fields = {"role": Role.PARENT, "link_id": child.client_order_id, "account": child.account.number}
    fields |= {"qty": child.leaves if random.random() < 0.7 else qty}
    return made | fields | (closing(child) if child.account.state == AccountState.REDUCE_ONLY else {})


def closing(child: Order) -> Fields:
    """A parent that is taken though its account may only make positions smaller, and ends at once."""
    position = child.account.positions[child.instrument.number]
    side = int(position.qty > 0)
    room = abs(position.qty) - child.account.open_qty(position.instrument, side)
    at_once = {"order_type": OrderType.MARKET, "tif": TimeInForce.IOC, "price": 0, "stop_price": 0, "flags": 0}
    return at_once | {"side": side, "qty": min(room, child.leaves)} if room > 0 else {}


def of_kind(random: Random, instrument: Instrument, side: int, kind: OrderType) -> Fields:
    """Near the market: limits that rest or meet, stops that are not met yet."""
    tick, sign = instrument.tick_size, 1 if side == BUY else -1
    middle = instrument.book.best(1 - side) or instrument.book.best(side) or instrument.reference_price or 1000 * tick
    middle = middle // tick * tick
    made: Fields = {"instrument": instrument.number, "side": side, "order_type": kind, "tif": random.choice(RESTING)}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        made["price"] = max(tick, middle + sign * random.randint(-5, 2) * tick)
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT):
        reference = (instrument.reference_price or middle) // tick * tick
        made["stop_price"] = max(tick, reference + sign * random.randint(0, 4) * tick)
    if kind == OrderType.TRAILING_STOP:
        made["modes"], made["offset"] = random.randrange(2), random.choice((1, 3, 20))
    if kind == OrderType.LIMIT and random.random() < 0.1:
        made["flags"] = OrderFlag.POST_ONLY
    return made
