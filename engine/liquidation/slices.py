"""A slice: how much of a position is traded at once, and at which price at worst (docs/liquidation.md, "A slice")."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from openbell import wire
from openbell.wire import Side

from engine.liquidation.standing import (
    CASH_OF_PRICE,
    WHOLE,
    Displayed,
    Holding,
    Quote,
    Standing,
    Terms,
    is_restored,
    needed,
    worth,
)


class Why(IntEnum):
    """Why no slice of a position can be made. BLOCKED: why nothing is done with the account at all."""

    STATE = 1
    NO_MARK = 2
    NO_PRICE = 3
    NOTIONAL = 4
    NO_BID = 5
    NO_OFFER = 6
    UNTRADED = 7
    REFUSED = 8
    BLOCKED = 9


class Passed(NamedTuple):
    """A position that is passed over. price: the protected one, where there is one; detail: the Check of REFUSED."""

    instrument: int
    why: Why
    price: int = 0
    detail: int = 0


class Slice(NamedTuple):
    """lots of a position at a price or better. fewest: lots that would restore the account; is_enough: they would.

    bound: what kept it to fewer: "", "slice", "max_order_qty" or "max_order_notional".
    """

    holding: Holding
    side: Side
    lots: int
    price: int
    fewest: int
    is_enough: bool
    bound: str


def valid_price(price: int, steps: tuple[tuple[int, int], ...], side: Side) -> int:
    """The next price that is valid: a sell's there or above, a buy's there or below; 0: there is none."""
    if price < 1:
        price = 1 if side == Side.SELL else 0
    tick = next(tick for start, tick in reversed(steps) if price >= start)
    # A step begins at a multiple of the tick before it, and of its own: rounding does not leave it but for its begin.
    found = -(-price // tick) * tick if side == Side.SELL else price // tick * tick
    return found if 1 <= found <= wire.MAX_PRICE else 0


def protected_price(mark: int, quote: Quote, side: Side, protection: int) -> int:
    """The worst price that a slice may trade at; 0: there is none that is valid."""
    if side == Side.SELL:
        price = -(-mark * (WHOLE - protection) // WHOLE)
        return valid_price(max(price, quote.collar_lower, quote.band_lower), quote.steps, side)
    price = min(mark * (WHOLE + protection) // WHOLE, wire.MAX_PRICE)
    for bound in (quote.collar_upper, quote.band_upper):
        price = min(price, bound) if bound else price
    return valid_price(price, quote.steps, side)


def after_trade(standing: Standing, holding: Holding, quote: Quote, lots: int, price: int) -> tuple[int, int]:
    """Equity and maintenance after lots of a position were traded away at that price, without fees."""
    sign = 1 if holding.qty > 0 else -1
    left = holding.qty - sign * lots
    cash = sign * lots * price * quote.lot_size * CASH_OF_PRICE
    value = sign * worth(left, holding.mark, quote.lot_size)
    maintenance = needed(left, holding.mark, quote.lot_size, quote.needs)
    return (
        standing.equity + cash + value - holding.value,
        standing.maintenance + maintenance - holding.maintenance,
    )


def fewest_lots(standing: Standing, holding: Holding, quote: Quote, price: int, restore: int) -> tuple[int, bool]:
    """The fewest lots of a position that restore the account when they trade at that price, and True; all of them, and
    False, where that is not enough."""

    def is_enough(lots: int) -> bool:
        return is_restored(*after_trade(standing, holding, quote, lots, price), restore)

    low, high = 0, abs(holding.qty)  # not enough, enough
    if not is_enough(high):
        return high, False
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high, True


def _least(*limits: int) -> int:
    """The smallest limit that there is; 0: none."""
    return min((limit for limit in limits if limit), default=0)


def slice_of(standing: Standing, holding: Holding, quote: Quote, terms: Terms, displayed: Displayed) -> Slice | Passed:
    """The slice of a position that can be made now, or why there is none."""
    instrument = holding.instrument
    side = Side.SELL if holding.qty > 0 else Side.BUY
    if not quote.is_open:
        return Passed(instrument, Why.STATE)
    if not holding.mark:
        return Passed(instrument, Why.NO_MARK)
    price = protected_price(holding.mark, quote, side, terms.protection)
    if not price:
        return Passed(instrument, Why.NO_PRICE)
    each = price * quote.lot_size * CASH_OF_PRICE
    affordable = _least(standing.max_order_notional, quote.max_order_notional, wire.MAX_NOTIONAL) // each
    if not affordable:
        return Passed(instrument, Why.NOTIONAL, price)
    if displayed(instrument, side, price) <= 0:
        return Passed(instrument, Why.NO_BID if side == Side.SELL else Why.NO_OFFER, price)
    fewest, is_enough = fewest_lots(standing, holding, quote, price, terms.restore)
    bounds = (
        ("slice", max(1, abs(holding.qty) * terms.slice // WHOLE)),
        ("max_order_qty", _least(standing.max_order_qty, quote.max_order_qty, wire.MAX_QTY)),
        ("max_order_notional", affordable),
    )
    bound, most = min(bounds, key=lambda one: one[1])
    lots = min(fewest, most)
    return Slice(holding, side, lots, price, fewest, is_enough, bound if most < fewest else "")
