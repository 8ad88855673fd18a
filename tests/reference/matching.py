"""Matching of an order that has been accepted or replaced, and what becomes of its rest."""

from __future__ import annotations

from openbell import wire
from openbell.wire import (
    BookKind,
    CancelReason,
    EventFlag,
    EventKind,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    SelfTrade,
    TimeInForce,
)

from tests.reference import dark, fees, ledger, links, stops
from tests.reference.books import BUY, FOR_AUCTIONS, SELL, Instrument, Order
from tests.reference.cash import trades
from tests.reference.daytrading import counting
from tests.reference.state import State

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP)
LARGEST_CASH_OF_A_SELLER = wire.MAX_CASH - wire.MAX_NOTIONAL


def cancel(state: State, order: Order, reason: CancelReason) -> None:
    """End an order, in the book or not."""
    qty = order.leaves
    order.place_at_end = order.place
    if order.resting:
        if order.place == Place.BOOK:
            state.output.touch(order.instrument)
        leave(state, order)
    order.leaves = 0
    state.output.order_event(EventKind.CANCELED, order, reason=reason, qty=qty)
    state.forget(order)
    links.after_cancel(state, order, reason)


def leave(state: State, order: Order) -> None:
    """Out of the place where it is."""
    if order.place == Place.BOOK:
        before = order.instrument.book.bests()
        order.instrument.book.remove(order)
        state.output.book_change(BookKind.DELETE, order, order.shown(), 0)
        order.reserve = 0
        note_if_moved(state, order.instrument, before)
        return
    order.instrument.unseen.remove(order)
    order.place, order.resting = Place.BOOK, False
    if order in state.queue and not order.is_doomed:
        state.queue.remove(order)


def wait(state: State, order: Order, place: Place) -> None:
    """Into an unseen place, last of the list, with a new rank."""
    state.rank += 1
    order.rank, order.place, order.resting = state.rank, place, True
    order.instrument.unseen.append(order)
    if place == Place.DARK:
        state.note_moved(order.instrument)


def note_if_moved(state: State, instrument: Instrument, before: tuple[int | None, int | None]) -> None:
    """After a change of a book whose best prices were `before`."""
    if instrument.book.bests() != before:
        state.note_moved(instrument)


def enter(state: State, order: Order) -> None:
    """Wait, or match, then let rest or cancel what is left. `order` is in no place."""
    if order.order_type in STOPS:
        wait(state, order, Place.STOP)
        return
    if order.instrument.state == wire.InstrumentState.CALL or order.tif in FOR_AUCTIONS:
        wait(state, order, Place.CALL)
        return
    if order.tif == TimeInForce.FOK and dark.dry_run(order) < order.leaves:
        cancel(state, order, CancelReason.FOK)
        return
    if order.least() and dark.dry_run(order) < order.least():
        if order.flags & OrderFlag.HIDDEN:
            wait(state, order, Place.DARK)
        else:
            cancel(state, order, CancelReason.MIN_QTY)
        return
    stopped = match(state, order)
    if order.leaves == 0:
        state.forget(order)
    elif stopped is not None:
        cancel(state, order, stopped)
    elif order.tif not in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD):
        cancel(state, order, CancelReason.IOC)
    elif order.flags & OrderFlag.HIDDEN or order.order_type == OrderType.PEGGED:
        wait(state, order, Place.DARK)
    else:
        rest(state, order)


def match(state: State, order: Order) -> CancelReason | None:
    """Trade as far as book and price allow; why the rest has to be cancelled, if it has. Pegs do not move meanwhile."""
    order.instrument.followed = order.instrument.book.bests()
    price, stopped = dark.incoming_price(order), None
    while price is not None and order.leaves > 0 and stopped is None:
        met = dark.next_met(order, price)
        if met is None:
            break
        stopped = meet(state, met.order, order, met.price)
    order.instrument.followed = None
    return stopped


def meet(state: State, maker: Order, taker: Order, price: int) -> CancelReason | None:
    """What happens when a resting order is met by an incoming one, at `price`: mostly a trade. Why the incoming one has
    to be cancelled, if it has."""
    if dark.same_owner(maker, taker) and taker.self_trade != SelfTrade.ALLOW:
        return prevent(state, maker, taker)
    seller = maker if maker.side == SELL else taker
    if seller.account.cash > LARGEST_CASH_OF_A_SELLER:
        if seller is taker:
            return CancelReason.CASH_LIMIT
        cancel(state, maker, CancelReason.CASH_LIMIT)
        return None
    is_restated = False
    for order in (maker, taker):
        most = reducible(order)
        if most == 0:
            if order is taker:
                return CancelReason.REDUCE_ONLY
            cancel(state, maker, CancelReason.REDUCE_ONLY)
            return None
        if most < order.leaves:
            restate(state, order, order.leaves - most, RestateReason.REDUCE_ONLY)
            is_restated = True
    if not is_restated:  # else they meet anew
        trade(state, maker, taker, price)
    return None


def prevent(state: State, maker: Order, taker: Order) -> CancelReason | None:
    """Self-trade prevention, of the incoming order's mode."""
    if taker.self_trade == SelfTrade.CANCEL_NEWEST:
        return CancelReason.SELF_TRADE
    if taker.self_trade != SelfTrade.DECREMENT:
        cancel(state, maker, CancelReason.SELF_TRADE)
        return CancelReason.SELF_TRADE if taker.self_trade == SelfTrade.CANCEL_BOTH else None
    lots = min(maker.leaves, taker.leaves)
    if lots == maker.leaves:
        cancel(state, maker, CancelReason.SELF_TRADE)
    else:
        restate(state, maker, lots, RestateReason.SELF_TRADE)
    if lots == taker.leaves:
        return CancelReason.SELF_TRADE
    restate(state, taker, lots, RestateReason.SELF_TRADE)
    return None


def reducible(order: Order) -> int:
    """Lots that an order may trade for all that REDUCE_ONLY says."""
    if not order.flags & OrderFlag.REDUCE_ONLY:
        return order.leaves
    position = order.account.positions[order.instrument.number].qty
    return max(0, position if order.side == SELL else -position)


def lose(state: State, order: Order, lots: int) -> None:
    """Lots go from an order, in its place and without a trade."""
    shown = order.shown()
    if order.resting and order.place == Place.BOOK:
        state.output.touch(order.instrument)
    order.lose(lots)
    if order.resting and order.place == Place.BOOK and shown > order.shown():
        state.output.book_change(BookKind.REDUCE, order, shown - order.shown(), order.shown())


def restate(state: State, order: Order, lots: int, reason: RestateReason) -> None:
    lose(state, order, lots)
    qty = order.filled + order.leaves
    state.output.order_event(EventKind.RESTATED, order, reason=reason, qty=qty, leaves=order.leaves)
    if reason == RestateReason.SELF_TRADE:
        links.equalize(state, order)


def trade(state: State, maker: Order, taker: Order, price: int) -> None:
    """One trade. `price` is the maker's, or of a discretionary one the taker's."""
    instrument = taker.instrument
    qty = min(maker.shown(), taker.leaves)
    instrument.trades += 1
    instrument.volume += qty
    instrument.reference_price = price
    stops.meet(state, instrument, price)
    if maker.place == Place.BOOK:
        state.output.touch(instrument)
    for order in (maker, taker):
        order.leaves -= qty
        order.filled += qty
        book_side(state, order, price, qty)
    tell_the_market(state, maker, price, qty)
    if taker.resting and taker.leaves == 0:
        instrument.unseen.remove(taker)
        taker.resting = False
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
    counting.traded(state, (maker, taker), qty)
    trades.traded(state, (maker, taker), price, qty)
    fees.charge(state, maker, EventFlag.MAKER, price, qty)
    fees.charge(state, taker, 0, price, qty)
    links.after_trade(state, [maker, taker])
    if maker.leaves == 0:
        state.forget(maker)


def tell_the_market(state: State, maker: Order, price: int, qty: int) -> None:
    """A trade's market data; what is left of the maker's shown part in the book."""
    instrument, trade_no = maker.instrument, maker.instrument.trades & 0xFFFFFFFF
    if maker.place != Place.BOOK:
        if maker.leaves == 0:
            instrument.unseen.remove(maker)
        state.output.hidden_trade(maker, price, qty, trade_no)
        return
    before = instrument.book.bests()
    if maker.shown() == 0:
        instrument.book.remove(maker)
    if price == maker.price:
        state.output.book_change(BookKind.EXECUTE, maker, qty, maker.shown(), trade_no)
    else:  # within its discretion
        state.output.book_change(BookKind.REDUCE if maker.leaves else BookKind.DELETE, maker, qty, maker.leaves)
        state.output.hidden_trade(maker, price, qty, trade_no)
    if maker.shown() == 0 and maker.leaves > 0:
        maker.show()
        instrument.book.append(maker)
        state.output.book_change(BookKind.ADD, maker, maker.shown(), maker.shown())
    note_if_moved(state, instrument, before)


def book_side(state: State, order: Order, price: int, qty: int) -> None:
    """Cash and shares of one side of a trade."""
    cash = order.instrument.notional(price, qty)
    position = state.position(order.account, order.instrument)
    if order.side == BUY:
        ledger.traded(state, order.account, -cash)
        order.account.realize(position.buy(qty, order.instrument.lot_cash(price)))
    else:
        ledger.traded(state, order.account, cash)
        order.account.realize(position.sell(qty, order.instrument.lot_cash(price)))


def rest(state: State, order: Order) -> None:
    """Put what is left of an order at the end of its level."""
    book = order.instrument.book
    state.output.touch(order.instrument)
    before = book.bests()
    order.show()
    book.append(order)
    if state.pages_used() > state.capacity.pages:
        book.remove(order)
        cancel(state, order, CancelReason.LEVEL_CAPACITY)
        return
    if order.discretion:
        state.rank += 1
        order.rank = state.rank
    state.output.book_change(BookKind.ADD, order, order.shown(), order.shown())
    note_if_moved(state, order.instrument, before)
