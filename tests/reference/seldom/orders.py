"""Orders that end, or are refused, for reasons that others seldom come to. docs/orders.md, docs/linked.md,
docs/auctions.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import (
    AuctionKind,
    ExtensionFlag,
    InstrumentState,
    OrderFlag,
    OrderType,
    Place,
    RiskType,
    Role,
    Side,
    TimeInForce,
)

from tests.reference import calling, combination, nesting
from tests.reference import commands as ask
from tests.reference.accounts import Account
from tests.reference.books import Instrument, Order
from tests.reference.commands import Command
from tests.reference.compare import Step
from tests.reference.seldom.choosing import (
    KEEP,
    Due,
    able,
    another,
    at_once,
    kept,
    later,
    middle,
    on_a_tick,
    resting,
    sign,
    somebody,
    steps,
    traders,
)

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

COLLAR_BPS = 100
SECOND_NS = 1_000_000_000


def beyond_the_collar(swarm: Swarm) -> Due:
    """A stop whose limit is beyond the collar by when it is met."""
    found = somebody(swarm)
    if found is None:
        return []
    account, instrument = found
    reference, book = instrument.reference_price, instrument.book
    bid, offer = book.best(Side.BUY), book.best(Side.SELL)
    sides = [Side.BUY] * bool(offer and offer > reference > 0) + [Side.SELL] * bool(bid and bid < reference)
    if not sides:
        return []
    side, before = swarm.random.choice(sides), instrument.collar_bps
    stop_price = book.best(1 - side) or reference
    price = on_a_tick(instrument, stop_price + sign(side) * max(2 * instrument.tick_size, stop_price // 5))
    fields = {"instrument": instrument.number, "order_type": OrderType.STOP_LIMIT, "price": price}
    stop = ask.special(account.number, swarm.client_order_id(), side, 1, stop_price=stop_price, **fields)
    collars = [ask.instrument(instrument.number, *collared(each), name=b"") for each in (COLLAR_BPS, before)]
    met = later(lambda: at_once(swarm, another(swarm, account, instrument), instrument, side))
    return [*steps(collars[0], stop), met, *steps(collars[1])]


def collared(bps: int) -> list[int]:
    """Values of SET_INSTRUMENT: all else stays."""
    values = [KEEP] * 8
    values[3] = bps
    return values


def wakes_elsewhere(swarm: Swarm) -> Due:
    """A parent that traded in part ends while nothing trades: its children wait for an auction then. Where there is
    none such now, one comes."""
    random = swarm.random
    orders = swarm.model.state.orders.values()
    parents = [each for each in orders if each.children and each.filled and each.place == Place.BOOK]
    parents = [each for each in parents if has_a_limit(each)] or parents
    if parents:
        parent = random.choice(parents)
        number = parent.instrument.number
        state = random.choice((InstrumentState.HALTED, InstrumentState.CLOSED))
        names = {"order_id": parent.order_id}
        return steps(ask.instrument_state(number, state), ask.cancel(parent.account.number, **names))
    found = somebody(swarm)
    if found is None:
        return []
    account, instrument = found
    side = random.randrange(2)
    first, second = swarm.client_order_id(), swarm.client_order_id()
    price = on_a_tick(instrument, middle(swarm, instrument, side))
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC, "price": price}
    child = ask.special(account.number, first, side, 5, role=Role.CHILD, **said)
    parents_own = ask.special(account.number, second, side, 5, role=Role.PARENT, link_id=first, **said)
    return [*steps(child, parents_own), later(lambda: in_part(swarm, resting(account, second)))]


def has_a_limit(parent: Order) -> bool:
    """Whether one of its children is no stop."""
    return parent.children is not None and any(leg.order_type == OrderType.LIMIT for leg in parent.children.legs)


def in_part(swarm: Swarm, order: Order | None, taker: Account | None = None) -> Command:
    """Somebody takes one lot of it, and all that is ahead of it."""
    if order is None or order.place != Place.BOOK:
        return ask.tick()
    instrument = order.instrument
    ahead = 0
    for price, queue in instrument.book.levels(order.side):
        if price == order.price:
            ahead += sum(each.leaves for each in queue[: queue.index(order)])
            break
        ahead += sum(each.leaves for each in queue)
    said = {"instrument": instrument.number, "tif": TimeInForce.IOC}
    taker = taker or another(swarm, order.account, instrument)
    qty = min(ahead + 1, wire.MAX_QTY)
    return ask.order(taker.number, swarm.client_order_id(), 1 - order.side, order.price, qty, **said)


def too_many_parts(swarm: Swarm) -> Due:
    """An iceberg that is to become larger than its parts may be many."""
    found = somebody(swarm)
    if found is None:
        return []
    account, instrument = found
    side, number = swarm.random.randrange(2), swarm.client_order_id()
    price = on_a_tick(instrument, middle(swarm, instrument, side) - sign(side) * 3 * instrument.tick_size)
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC, "price": price, "display_qty": 1}
    larger = ask.replace(account.number, number, price, combination.MOST_PARTS + swarm.random.choice((1, 1, 6)))
    return steps(ask.special(account.number, number, side, 5, **said), larger)


def beyond_the_position(swarm: Swarm) -> Due:
    """An order that rests becomes larger than its account's position may be."""
    orders = [each for each in swarm.model.state.orders.values() if each.place == Place.BOOK and not each.ring]
    if not orders:
        return []
    order = swarm.random.choice(orders)
    account, number = order.account, order.instrument.number
    way = 1 if order.side == Side.BUY else -1
    most = max(1, way * account.positions[number].qty + account.open_qty(number, order.side))
    larger = ask.command(
        wire.CommandKind.REPLACE,
        account=account.number,
        order_id=order.order_id,
        price=order.price,
        qty=min(order.filled + order.leaves + swarm.random.choice((0, 1, 1, 2)), wire.MAX_QTY),
    )
    return steps(kept(account, max_position=most), larger, kept(account, max_position=account.max_position))


def ring_too_large(swarm: Swarm) -> Due:
    """Children, until one more is too many; then all of them go."""
    found = somebody(swarm)
    if found is None or swarm.world.orders < 4 * wire.MAX_LEGS:
        return []
    account, instrument = found
    side = swarm.random.randrange(2)
    price = on_a_tick(instrument, middle(swarm, instrument, side))
    stop = {"order_type": OrderType.STOP, "stop_price": price, "tif": TimeInForce.GTC, "role": Role.CHILD}
    first, made = swarm.client_order_id(), []
    for place in range(wire.MAX_LEGS + 1):
        number, link = (swarm.client_order_id(), first) if place else (first, 0)
        said = {"instrument": instrument.number, "link_id": link} | stop
        made.append(ask.special(account.number, number, side, 2, **said))
    return steps(*made, ask.operator_cancel(account.number, instrument.number))


def nothing_to_reduce(swarm: Swarm) -> Due:
    """An order that may only reduce a position is met when that is gone, or nearly so."""
    state = swarm.model.state
    found = []
    for account in traders(swarm):
        for number, position in account.positions.items():
            side = Side.SELL if position.qty > 0 else Side.BUY
            room = abs(position.qty) - account.open_qty(number, side)
            if room > 1 and account.may_short() and state.instruments[number].book.best(1 - side):
                found.append((account, state.instruments[number], side, room))
    if not found:
        return []
    account, instrument, side, room = swarm.random.choice(found)
    number, qty = swarm.client_order_id(), min(room, wire.MAX_QTY)
    price = on_a_tick(instrument, middle(swarm, instrument, side))
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC, "price": price, "flags": OrderFlag.REDUCE_ONLY}
    rests = ask.special(account.number, number, side, qty, **said)
    left = swarm.random.choice((0, 0, 1))

    def taken() -> Command:
        order = resting(account, number)
        return nesting.taking(swarm.random, swarm.model, order) if order and order.resting else ask.tick()

    sold = later(lambda: at_once(swarm, account, instrument, side, max(1, qty - left)))
    return [*steps(rests), sold, later(taken)]


# Auctions


def replaced_in_a_call(swarm: Swarm) -> Due:
    """An order that no call takes rests when one begins; it may not be replaced then."""
    found = somebody(swarm)
    if found is None:
        return []
    account, instrument = found
    random, number, side = swarm.random, swarm.client_order_id(), swarm.random.randrange(2)
    price = on_a_tick(instrument, middle(swarm, instrument, side) - sign(side) * 3 * instrument.tick_size)
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC, "price": price}
    kind = random.choice(
        (
            {"flags": OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE},
            {"flags": OrderFlag.HIDDEN, "min_qty": 2},
            {"discretion": instrument.tick_size},
            {"flags": OrderFlag.POST_ONLY},
        )
    )
    order = ask.special(account.number, number, side, 5, **said | kind)
    again = ask.instrument_state(instrument.number, InstrumentState.OPEN)
    return steps(order, ask.call(instrument.number), ask.replace(account.number, number, price, 4), again)


def put_off(swarm: Swarm) -> Due:
    """An auction of any kind that comes to its time, and is put off."""
    found = somebody(swarm)
    if found is None:
        return []
    _, instrument = found
    random, number = swarm.random, instrument.number
    kind = random.choice(list(AuctionKind))
    by_market = random.random() < 0.5
    values = (SECOND_NS, 1, 0, 0, 0 if by_market else 1, 0, 0, 0)
    flags = int(ExtensionFlag.MARKET_ORDERS) if by_market else 0
    extension = ask.extension(number, kind, *values, flags=flags)
    waiting = unpriced(swarm, instrument) if by_market else far(swarm, instrument)
    called = later(lambda: ask.call(number, kind, swarm.model.ts_ns + SECOND_NS))
    time = [lambda: Step(ask.tick(), SECOND_NS)] * 2
    again = ask.instrument_state(number, InstrumentState.OPEN)
    return [*steps(extension), called, *waiting, *time, *steps(ask.extension(number, kind), again)]


def unpriced(swarm: Swarm, instrument: Instrument) -> Due:
    """More lots at any price than the other side has."""

    def made() -> Command:
        account = swarm.random.choice(able(swarm, instrument) or list(swarm.model.state.accounts_ascending()))
        position = account.positions.get(instrument.number)
        qty = calling.lots(instrument, Side.BUY) + swarm.qty()
        if not account.may_short() and position is not None:
            qty = min(qty, max(1, position.qty - account.open_qty(instrument.number, Side.SELL)))
        said = {"instrument": instrument.number, "order_type": OrderType.MARKET, "tif": TimeInForce.AUCTION}
        return ask.special(account.number, swarm.client_order_id(), Side.SELL, min(qty, wire.MAX_QTY), **said)

    return [later(made)]


def far(swarm: Swarm, instrument: Instrument) -> Due:
    """Two who would trade away from where the last trade was."""
    reference = instrument.reference_price or middle(swarm, instrument, Side.BUY)
    price = on_a_tick(instrument, reference + swarm.random.choice((-2, 2)) * instrument.tick_size)

    def made(side: int) -> Command:
        account = swarm.random.choice(able(swarm, instrument) or list(swarm.model.state.accounts_ascending()))
        said = {"instrument": instrument.number, "tif": TimeInForce.AUCTION, "order_type": OrderType.LIMIT}
        qty = 20 * swarm.world.qty if swarm.world.qty < 1000 else swarm.world.qty
        return ask.special(account.number, swarm.client_order_id(), side, qty, price=price, **said)

    return [later(lambda: made(Side.SELL)), later(lambda: made(Side.BUY))]


# Marks


def without_a_mark(swarm: Swarm) -> Due:
    """An order that came before its account was watched becomes larger, of what nothing says what it is worth."""
    found = somebody(swarm)
    if found is None or found[0].has_credit():
        return []
    account, instrument = found
    position = account.positions.get(instrument.number)
    if position.mark if position else instrument.mark:
        return []
    number, tick = swarm.client_order_id(), instrument.tick_size
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC}
    order = ask.order(account.number, number, Side.BUY, tick, 3, **said)
    larger = later(lambda: ask.replace(account.number, number, tick, min(3 + swarm.qty(), wire.MAX_QTY)))
    watched = [
        ask.account_risk(account.number, each, account.lists)
        for each in (RiskType.NONE, RiskType.MARGIN, account.risk_type)
    ]
    return [*steps(watched[0], order, watched[1]), larger, *steps(watched[2])]
