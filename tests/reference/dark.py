"""Whom an incoming order meets, displayed or dark, and what it would trade. docs/orders.md, "Matching" and "Pegs".

Nothing here changes the market.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple

from openbell.wire import OrderFlag, OrderType, Peg, Place, SelfTrade

from tests.reference.books import BUY, Book, Instrument, Order


class Met(NamedTuple):
    """An order that rests, and the price at which it would trade."""

    order: Order
    price: int


def reaches(side: int, price: int, other: int) -> bool:
    """Whether an order at `price` would trade with one of the other side at `other`."""
    return price >= other if side == BUY else price <= other


def price_now(order: Order) -> int | None:
    """The price at which an order that rests trades; of a peg its effective price, None where it has none."""
    if order.order_type != OrderType.PEGGED:
        return order.price
    bid, ask = order.instrument.followed or order.instrument.book.bests()
    own, other = (bid, ask) if order.side == BUY else (ask, bid)
    reference = None
    if order.peg == Peg.PRIMARY:
        reference = own
    elif order.peg == Peg.MARKET:
        reference = other
    elif bid is not None and ask is not None:
        reference = (bid + ask) // 2 if order.side == BUY else (bid + ask + 1) // 2
    if reference is None:
        return None
    price = reference + order.offset
    capped = min(price, order.price) if order.side == BUY else max(price, order.price)
    return capped if capped >= 1 and not order.instrument.is_beyond_band(order.side, capped) else None


def in_turn(instrument: Instrument, side: int) -> Iterator[Met]:
    """Orders of a side as an incoming one would meet them: the better price first; at one price displayed orders in
    their queue's order, then dark ones by rank."""

    def badness(price: int) -> int:
        return -price if side == BUY else price

    displayed = (
        ((badness(price), 0, place), Met(order, price))
        for price, queue in instrument.book.levels(side)
        for place, order in enumerate(queue)
    )
    dark = [
        ((badness(price), 1, order.rank), Met(order, price))
        for order in instrument.unseen
        if order.place == Place.DARK and order.side == side and (price := price_now(order)) is not None
    ]
    for _, met in heapq.merge(displayed, sorted(dark, key=lambda each: each[0]), key=lambda each: each[0]):
        yield met


def best_resting(instrument: Instrument, side: int) -> int | None:
    """The best price at which anything of this side rests."""
    return next((met.price for met in in_turn(instrument, side)), None)


def generous_limit(order: Order) -> int:
    """The worst price that a discretionary order takes."""
    return order.price + order.discretion if order.side == BUY else order.price - order.discretion


def incoming_price(order: Order) -> int | None:
    """The price of an order for all that it meets on its way in."""
    return generous_limit(order) if order.discretion else price_now(order)


def next_met(order: Order, price: int) -> Met | None:
    """Whom an incoming order at `price` meets next."""
    other = 1 - order.side
    for met in in_turn(order.instrument, other):
        if not reaches(order.side, price, met.price):
            break
        if met.order.place != Place.DARK or order.leaves >= met.order.least():
            return met
    if order.flags & OrderFlag.POST_ONLY:
        return None
    generous = [
        maker
        for _, queue in order.instrument.book.levels(other)
        for maker in queue
        if maker.discretion and reaches(other, generous_limit(maker), price)
    ]
    if not generous:
        return None
    sign = -1 if other == BUY else 1
    return Met(min(generous, key=lambda maker: (sign * generous_limit(maker), maker.rank)), price)


def same_owner(order: Order, other: Order) -> bool:
    same_group = order.self_trade_group != 0 and order.self_trade_group == other.self_trade_group
    return order.account is other.account or same_group


def twin_of(instrument: Instrument) -> Instrument:
    """A copy with copies of all its orders."""
    twin = copy(instrument)
    twin.book, twin.unseen, twin.followed = Book(), [], instrument.book.bests()
    for order in instrument.book.orders() + instrument.unseen:
        own = copy(order)
        own.instrument = twin
        if own.place == Place.BOOK:
            twin.book.append(own)
        else:
            twin.unseen.append(own)
    return twin


def take(maker: Order, lots: int) -> None:
    """Lots traded away from an order of a twin."""
    maker.leaves -= lots
    if maker.shown() > 0:
        return
    take_out(maker)
    if maker.leaves > 0:
        maker.show()
        maker.instrument.book.append(maker)


def take_out(maker: Order) -> None:
    if maker.place == Place.BOOK:
        maker.instrument.book.remove(maker)
    else:
        maker.instrument.unseen.remove(maker)


def dry_run(order: Order) -> int:
    """Lots that an incoming order would trade now, on a copy of the market; cash and reduce-only do not count."""
    incoming = copy(order)
    incoming.instrument = twin_of(order.instrument)
    price, traded = incoming_price(incoming), 0
    while price is not None and incoming.leaves > 0:
        met = next_met(incoming, price)
        if met is None:
            break
        maker, lots = met.order, min(met.order.shown(), incoming.leaves)
        if same_owner(maker, incoming) and incoming.self_trade != SelfTrade.ALLOW:
            if incoming.self_trade == SelfTrade.CANCEL_OLDEST:
                take_out(maker)
            elif incoming.self_trade == SelfTrade.DECREMENT:
                lots = min(maker.leaves, incoming.leaves)
                incoming.leaves -= lots
                maker.lose(lots)
                if maker.leaves == 0:
                    take_out(maker)
            else:
                break
            continue
        take(maker, lots)
        incoming.leaves -= lots
        traded += lots
    return traded
