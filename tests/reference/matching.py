"""Matching of an order that has been accepted or replaced, and what becomes of its rest."""

from __future__ import annotations

from openbell import wire
from openbell.wire import BookKind, CancelReason, EventFlag, EventKind, OrderType, Place, SelfTrade, TimeInForce

from tests.reference import stops
from tests.reference.books import BUY, FOR_AUCTIONS, SELL, Order
from tests.reference.state import State

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
LARGEST_CASH_OF_A_SELLER = wire.MAX_CASH - wire.MAX_NOTIONAL


def cancel(state: State, order: Order, reason: CancelReason) -> None:
    """End an order, in the book or not."""
    qty = order.leaves
    if order.resting:
        if order.place == Place.BOOK:
            state.output.touch(order.instrument)
        leave(state, order)
    order.leaves = 0
    state.output.order_event(EventKind.CANCELED, order, reason=reason, qty=qty)
    state.forget(order)


def leave(state: State, order: Order) -> None:
    """Out of the place where it is."""
    if order.place == Place.BOOK:
        order.instrument.book.remove(order)
        state.output.book_change(BookKind.DELETE, order, order.leaves, 0)
        return
    order.instrument.unseen.remove(order)
    order.place, order.resting = Place.BOOK, False
    if order in state.queue:
        state.queue.remove(order)


def wait(state: State, order: Order, place: Place) -> None:
    """Into an unseen place, last of the list, with a new rank."""
    state.rank += 1
    order.rank, order.place, order.resting = state.rank, place, True
    order.instrument.unseen.append(order)


def fillable(order: Order) -> int:
    """Lots that the book would give to a FOK order."""
    lots = 0
    for price, queue in order.instrument.book.levels(1 - order.side):
        if price > order.price if order.side == BUY else price < order.price:
            break
        for maker in queue:
            if maker.account is order.account and order.self_trade != SelfTrade.ALLOW:
                if order.self_trade == SelfTrade.CANCEL_OLDEST:
                    continue
                return lots
            lots += maker.leaves
    return lots


def enter(state: State, order: Order) -> None:
    """Wait, or match, then let rest or cancel what is left. `order` is in no place."""
    if order.order_type in STOPS:
        wait(state, order, Place.STOP)
        return
    if order.instrument.state == wire.InstrumentState.CALL or order.tif in FOR_AUCTIONS:
        wait(state, order, Place.CALL)
        return
    if order.tif == TimeInForce.FOK and fillable(order) < order.leaves:
        cancel(state, order, CancelReason.FOK)
        return
    stopped = match(state, order)
    if order.leaves == 0:
        state.forget(order)
    elif stopped is not None:
        cancel(state, order, stopped)
    elif order.tif in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD):
        rest(state, order)
    else:
        cancel(state, order, CancelReason.IOC)


def match(state: State, order: Order) -> CancelReason | None:
    """Trade as far as book and price allow; why the rest has to be cancelled, if it has."""
    book = order.instrument.book
    while order.leaves > 0:
        price = book.opposite_within(order.side, order.price)
        if price is None:
            return None
        maker = book.sides[1 - order.side][price][0]
        if maker.account is order.account and order.self_trade != SelfTrade.ALLOW:
            if order.self_trade == SelfTrade.CANCEL_NEWEST:
                return CancelReason.SELF_TRADE
            cancel(state, maker, CancelReason.SELF_TRADE)
            if order.self_trade == SelfTrade.CANCEL_BOTH:
                return CancelReason.SELF_TRADE
            continue
        seller = maker if maker.side == SELL else order
        if seller.account.cash > LARGEST_CASH_OF_A_SELLER:
            if seller is order:
                return CancelReason.CASH_LIMIT
            cancel(state, maker, CancelReason.CASH_LIMIT)
            continue
        trade(state, maker, order)
    return None


def trade(state: State, maker: Order, taker: Order) -> None:
    """One trade at the maker's price."""
    instrument, price = taker.instrument, maker.price
    qty = min(maker.leaves, taker.leaves)
    instrument.trades += 1
    instrument.volume += qty
    instrument.reference_price = price
    state.output.touch(instrument)
    stops.meet(state, instrument, price)
    for order in (maker, taker):
        order.leaves -= qty
        order.filled += qty
        book_side(state, order, price, qty)
    if maker.leaves == 0:
        instrument.book.remove(maker)
    state.output.book_change(BookKind.EXECUTE, maker, qty, maker.leaves, instrument.trades & 0xFFFFFFFF)
    for order, flags in ((maker, EventFlag.MAKER), (taker, 0)):
        state.output.order_event(
            EventKind.FILL,
            order,
            flags=flags,
            qty=qty,
            price=price,
            leaves=order.leaves,
            trade_id=instrument.trades,
        )
    if maker.leaves == 0:
        state.forget(maker)


def book_side(state: State, order: Order, price: int, qty: int) -> None:
    """Cash and shares of one side of a trade."""
    cash = order.instrument.notional(price, qty)
    position = state.position(order.account, order.instrument)
    if order.side == BUY:
        order.account.cash -= cash
        order.account.realize(position.buy(qty, order.instrument.lot_cash(price)))
    else:
        order.account.cash += cash
        order.account.realize(position.sell(qty, order.instrument.lot_cash(price)))


def rest(state: State, order: Order) -> None:
    """Put what is left of an order at the end of its level."""
    book = order.instrument.book
    state.output.touch(order.instrument)
    book.append(order)
    if state.pages_used() > state.capacity.pages:
        book.remove(order)
        cancel(state, order, CancelReason.LEVEL_CAPACITY)
        return
    state.output.book_change(BookKind.ADD, order, order.leaves, order.leaves)
