"""The price of an auction, from lists of interest alone. docs/auctions.md, "Price".

The criteria and their order are those of Nasdaq Rules 4752(d)(2) and 4754(b)(2): most lots, least imbalance, then the
side that has more, then nearest to a reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tests.reference.ticks import Ticks


class Interest(NamedTuple):
    """Lots of one order, up to (buy) or down to (sell) its price. A market order is not `priced`: it adds no price."""

    price: int
    qty: int
    priced: bool = True


class Crossing(NamedTuple):
    """What an auction would trade: lots at a price (0: nothing), and how many more lots are bought than sold there."""

    price: int
    volume: int
    imbalance: int


NOTHING = Crossing(0, 0, 0)


def at(buys: Sequence[Interest], sells: Sequence[Interest], price: int) -> Crossing:
    """What would be traded at this price."""
    demand = sum(order.qty for order in buys if order.price >= price)
    supply = sum(order.qty for order in sells if order.price <= price)
    return Crossing(price, min(demand, supply), demand - supply)


class Grid(NamedTuple):
    """The prices that an auction may have: all valid ones from least to most (none where most is 0), and one at the
    reference."""

    ticks: Ticks
    least: int
    most: int
    reference: int

    def has(self, price: int) -> bool:
        is_valid = price == self.ticks.down(price) and price > 0
        return is_valid and (self.least <= price <= self.most or price == self.ticks.down(self.reference))


def grid_of(orders: Sequence[Interest], ticks: Ticks, reference: int) -> Grid:
    limits = [order.price for order in orders if order.priced]
    return Grid(ticks, min(limits, default=0), max(limits, default=0), reference)


def crossing(buys: Sequence[Interest], sells: Sequence[Interest], ticks: Ticks, reference: int) -> Crossing:
    """Where the auction would be, IMBALANCE_ONLY orders left out by the caller. Prices of orders may be
    no longer valid; reference 0: none."""
    orders = [*buys, *sells]
    grid = grid_of(orders, ticks, reference)
    # Between two of these nothing changes: a stretch of equal volume and imbalance begins and ends with one of them.
    turns = {ticks.down(reference)}
    for order in orders:
        turns |= {ticks.down(order.price - 1), ticks.down(order.price)}
        turns |= {ticks.up(order.price), ticks.up(order.price + 1)}
    found = [at(buys, sells, price) for price in sorted(turns) if grid.has(price)]
    volume = max((each.volume for each in found), default=0)
    if volume == 0:
        return NOTHING
    found = [each for each in found if each.volume == volume]
    imbalance = min(abs(each.imbalance) for each in found)
    found = [each for each in found if abs(each.imbalance) == imbalance]
    if all(each.imbalance > 0 for each in found):
        return found[-1]
    if all(each.imbalance < 0 for each in found):
        return found[0]
    target = reference or (found[0].price + found[-1].price) // 2
    for price in (ticks.down(target), ticks.up(target)):
        near = at(buys, sells, price)
        if grid.has(price) and (near.volume, abs(near.imbalance)) == (volume, imbalance):
            found.append(near)
    return min(found, key=lambda each: (abs(each.price - target), -each.price))
