"""An auction held: who takes part, who trades with whom, what becomes of the rest. docs/auctions.md, "The auction"."""

from __future__ import annotations

from collections.abc import Iterator

from openbell.wire import (
    AuctionKind,
    CancelReason,
    EventFlag,
    EventKind,
    InstrumentState,
    ModeFlag,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    TimeInForce,
)

from tests.reference import auctions, fees, links, stops
from tests.reference.auctions import Crossing, Interest
from tests.reference.books import BUY, SELL, Instrument, Order
from tests.reference.cash import trades
from tests.reference.daytrading import counting
from tests.reference.matching import LARGEST_CASH_OF_A_SELLER, book_side, cancel, enter, leave
from tests.reference.state import State

UNPRICED = (OrderType.MARKET, OrderType.MARKET_TO_LIMIT)


def is_imbalance_only(order: Order) -> bool:
    return bool(order.modes & ModeFlag.IMBALANCE_ONLY)


def takes_part(order: Order) -> bool:
    """Whether an order that is live is in its instrument's next auction."""
    if order.place == Place.DARK:
        return order.order_type != OrderType.PEGGED and not order.min_qty and not order.flags & OrderFlag.ALL_OR_NONE
    if order.place == Place.CALL:
        only_in = {TimeInForce.AT_OPEN: AuctionKind.OPENING, TimeInForce.AT_CLOSE: AuctionKind.CLOSING}
        return order.tif not in only_in or order.instrument.auction_kind == only_in[TimeInForce(order.tif)]
    return order.place == Place.BOOK


def present(instrument: Instrument) -> list[Order]:
    """All that take part."""
    return [order for order in instrument.book.orders() + instrument.unseen if takes_part(order)]


def indicative(instrument: Instrument) -> Crossing:
    """What the auction would find now."""
    orders = [order for order in present(instrument) if not is_imbalance_only(order)]
    buys, sells = (
        [
            Interest(order.price, order.leaves, order.order_type not in UNPRICED)
            for order in orders
            if order.side == side
        ]
        for side in (BUY, SELL)
    )
    return auctions.crossing(buys, sells, instrument.ticks(), instrument.reference_price)


def in_turn(orders: list[Order]) -> list[Order]:
    """Market orders first, then by price; at one price those of the book in their queue, then the others by rank.
    `orders` has those of the book in their queue's order."""

    def key(order: Order) -> tuple[int, ...]:
        better = -order.price if order.side == BUY else order.price
        if order.order_type in UNPRICED:
            return 0, 0, 0, order.rank
        return (1, better, 0, 0) if order.place == Place.BOOK else (1, better, 1, order.rank)

    return sorted(orders, key=key)


def would_trade_at(order: Order, price: int) -> bool:
    return order.price >= price if order.side == BUY else order.price <= price


def pairs(state: State, buys: list[Order], sells: list[Order]) -> Iterator[tuple[Order, Order]]:
    """First with first, as long as both sides have one; a seller whose cash is at its limit is cancelled instead."""
    while buys and sells:
        buyer, seller = buys[0], sells[0]
        if seller.account.cash > LARGEST_CASH_OF_A_SELLER:
            cancel(state, sells.pop(0), CancelReason.CASH_LIMIT)
            continue
        yield buyer, seller
        for side in (buys, sells):
            if side[0].leaves == 0:
                side.pop(0)


def trade_all(state: State, instrument: Instrument, price: int) -> tuple[int, int]:
    """Lots and pairs that trade at `price`."""
    orders = [order for order in present(instrument) if would_trade_at(order, price)]
    sides, late = [], []
    for side in (BUY, SELL):
        own = in_turn([order for order in orders if order.side == side])
        sides.append([order for order in own if not is_imbalance_only(order)])
        late.append([order for order in own if is_imbalance_only(order)])
    lots = number = 0
    for buyer, seller in pairs(state, *sides):
        lots, number = lots + trade(state, buyer, seller, price), number + 1
    for side in (BUY, SELL):  # one side at least has no more
        if not sides[side] and sides[1 - side]:
            sides[side] = late[side]
            for buyer, seller in pairs(state, *sides):
                lots, number = lots + trade(state, buyer, seller, price), number + 1
            break
    return lots, number


def trade(state: State, buyer: Order, seller: Order, price: int) -> int:
    """One pair; its lots."""
    instrument, qty = buyer.instrument, min(buyer.leaves, seller.leaves)
    instrument.trades += 1
    instrument.volume += qty
    if Place.BOOK in (buyer.place, seller.place):
        state.output.touch(instrument)
    shown = {order: order.shown() for order in (buyer, seller)}
    for order in (buyer, seller):
        order.lose(qty)
        order.filled += qty
        book_side(state, order, price, qty)
    for order in (buyer, seller):
        if order.place == Place.BOOK:
            if order.leaves == 0:
                instrument.book.remove(order)
            if order.shown() < shown[order]:
                state.output.executed_in_auction(order, shown[order] - order.shown())
        elif order.leaves == 0:
            instrument.unseen.remove(order)
    for order in (buyer, seller):
        state.output.order_event(
            EventKind.FILL,
            order,
            flags=EventFlag.CROSS,
            qty=qty,
            price=price,
            leaves=order.leaves,
            trade_id=instrument.trades,
        )
    counting.traded(state, (buyer, seller), qty)
    trades.traded(state, (buyer, seller), price, qty)
    for order in (buyer, seller):
        fees.charge(state, order, EventFlag.CROSS, price, qty)
    links.after_trade(state, [buyer, seller])
    for order in (buyer, seller):
        if order.leaves == 0:
            state.forget(order)
    return qty


def hold(state: State, instrument: Instrument, request: int = 0) -> None:
    """The auction of an instrument in CALL, and what comes after it."""
    kind, then = instrument.auction_kind, instrument.auction_then
    price, _, imbalance = indicative(instrument)
    lots, number = trade_all(state, instrument, price) if price else (0, 0)
    if lots == 0:
        price = imbalance = 0
    else:
        instrument.reference_price = price
    state.output.cross(instrument, kind, price, lots, number)
    state.output.event(
        EventKind.AUCTION,
        instrument=instrument.number,
        reason=kind,
        qty=lots % (1 << 32),
        price=price,
        leaves=abs(imbalance) % (1 << 32),
        side=SELL if imbalance < 0 else BUY,
    )
    instrument.state, instrument.auction_kind, instrument.auction_ns, instrument.auction_then = then, 0, 0, 0
    instrument.detail = 0
    instrument.ends_ns = instrument.extended = instrument.extended_for = instrument.extended_at = 0
    state.output.event(EventKind.INSTRUMENT_STATE, instrument=instrument.number, reason=then, qty=request)
    state.output.status(instrument)
    end_what_was_for_it(state, instrument, kind, price)
    if then == InstrumentState.OPEN:
        state.note_moved(instrument)
        if price:
            stops.meet(state, instrument, price)
        enter_all(state, instrument)


def end_what_was_for_it(state: State, instrument: Instrument, kind: int, price: int) -> None:
    """Cancel what was for this auction only; orders to a limit have one now, if there was a price."""
    over = [TimeInForce.AT_OPEN, TimeInForce.AUCTION, *([TimeInForce.AT_CLOSE] if kind == AuctionKind.CLOSING else [])]
    for order in list(instrument.unseen):
        if order.place != Place.CALL:
            continue
        is_to_limit = order.order_type == OrderType.MARKET_TO_LIMIT
        is_market = order.order_type == OrderType.MARKET and order.tif != TimeInForce.AT_CLOSE
        if order.tif in over or is_market or (is_to_limit and not price):
            cancel(state, order, CancelReason.AUCTION_END)
        elif is_to_limit:
            order.order_type = OrderType.LIMIT
            order.price = min(order.price, price) if order.side == BUY else max(order.price, price)
            qty = order.filled + order.leaves
            state.output.order_event(
                EventKind.RESTATED, order, reason=RestateReason.PRICED, qty=qty, leaves=order.leaves
            )


def enter_all(state: State, instrument: Instrument) -> None:
    """What still waits, but for another auction, goes into continuous trading."""
    for_another = (TimeInForce.AT_CLOSE, TimeInForce.AUCTION)
    waiting = [order for order in instrument.unseen if order.place == Place.CALL and order.tif not in for_another]
    for order in sorted(waiting, key=lambda order: order.rank):
        leave(state, order)
        enter(state, order)


def open_without(state: State, instrument: Instrument) -> None:
    """An operator opens it: there is no auction for those that waited for one, but AT_CLOSE and AUCTION wait on."""
    for order in list(instrument.unseen):
        if order.place != Place.CALL or order.tif in (TimeInForce.AT_CLOSE, TimeInForce.AUCTION):
            continue
        if order.tif == TimeInForce.AT_OPEN or order.order_type in UNPRICED:
            cancel(state, order, CancelReason.AUCTION_END)
    enter_all(state, instrument)
