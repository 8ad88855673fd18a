"""Which fields of an order go together: the Rules of check 10a, docs/orders.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openbell import wire
from openbell.wire import ModeFlag, OrderFlag, OrderType, Role, Rule, TimeInForce

LARGEST_TRAIL = 9999  # basis points
MOST_PARTS = 1000  # of an iceberg
FOR_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE, TimeInForce.AUCTION)
STOPS_WITH_A_PRICE = (OrderType.STOP, OrderType.STOP_LIMIT)
LIMIT, MARKET, TO_LIMIT = OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT


def broken(command: Any, ts_ns: int) -> Iterator[tuple[Rule, int]]:
    """All rules that it breaks, in their order, with the value of the field."""
    kind, tif, flags = command.order_type, command.tif, command.flags
    rests = tif in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
    if not stop_price_fits(command):
        yield Rule.STOP_PRICE, command.stop_price
    if (kind == OrderType.PEGGED) != (command.peg != 0):
        yield Rule.PEG_KIND, command.peg
    if not offset_fits(command):
        yield Rule.OFFSET, command.offset
    only_what_is_left = command.modes & ModeFlag.IMBALANCE_ONLY
    if only_what_is_left and not (kind == LIMIT and tif in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)):
        yield Rule.MODE, command.modes
    if command.modes & ModeFlag.TRAIL_PERCENT and kind != OrderType.TRAILING_STOP:
        yield Rule.MODE, command.modes
    to_limit = kind == TO_LIMIT and tif in (TimeInForce.IOC, TimeInForce.AUCTION)
    if kind not in (LIMIT, MARKET) and not rests and not to_limit:
        yield Rule.TIF, tif
    is_plain = flags & ~int(OrderFlag.DO_NOT_ROUTE) == 0 and command.display_qty == 0
    if tif in FOR_AUCTIONS and not is_plain:
        yield Rule.TIF, tif
    if command.expire_ns <= ts_ns if tif == TimeInForce.GTD else command.expire_ns != 0:
        yield Rule.EXPIRE, command.expire_ns
    if flags & OrderFlag.POST_ONLY and not (kind == LIMIT and rests):
        yield Rule.POST, flags
    if flags & OrderFlag.SLIDE and not flags & OrderFlag.POST_ONLY:
        yield Rule.POST, flags
    if flags & OrderFlag.HIDDEN and not (kind == LIMIT and rests and not flags & OrderFlag.POST_ONLY):
        yield Rule.DARK, flags
    hidden_or_at_once = bool(flags & OrderFlag.HIDDEN) or is_at_once(command)
    if flags & OrderFlag.ALL_OR_NONE and not hidden_or_at_once:
        yield Rule.DARK, flags
    fits = command.min_qty <= command.qty and not flags & OrderFlag.ALL_OR_NONE and hidden_or_at_once
    if command.min_qty and not fits:
        yield Rule.MIN_QTY, command.min_qty
    parts_fit = command.display_qty <= command.qty <= MOST_PARTS * command.display_qty
    fits = kind == LIMIT and rests and parts_fit and command.discretion == 0
    fits = fits and not flags & (OrderFlag.HIDDEN | OrderFlag.REDUCE_ONLY)
    if command.display_qty and not fits:
        yield Rule.DISPLAY, command.display_qty
    fits = kind == LIMIT and rests and not flags & (OrderFlag.HIDDEN | OrderFlag.POST_ONLY) and discretion_fits(command)
    if command.discretion and not fits:
        yield Rule.DISCRETION, command.discretion
    if not link_fits(command, may_be_a_leg(command)):
        yield Rule.LINK, command.link_id


def may_be_a_leg(order: Any) -> bool:
    """What an order or a command must be to trade at others' expense."""
    return bool(
        order.order_type in (LIMIT, *STOPS_WITH_A_PRICE, OrderType.TRAILING_STOP)
        and order.tif in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
        and not order.flags & ~int(OrderFlag.POST_ONLY | OrderFlag.DO_NOT_ROUTE)
        and not (order.display_qty or order.min_qty or order.discretion)
    )


def link_fits(command: Any, is_a_leg: bool) -> bool:
    """Check 10a of docs/linked.md."""
    if command.role == Role.NONE:
        return bool(command.link_id == 0)
    if command.role == Role.PARENT:
        return bool(command.link_id != 0)
    return is_a_leg and (command.link_id != 0 or command.role == Role.CHILD)


def is_at_once(command: Any) -> bool:
    """LIMIT or MARKET, and IOC; a MARKET order is, whatever it says, but FOK or for an auction."""
    if command.order_type == MARKET:
        return command.tif not in (TimeInForce.FOK, *FOR_AUCTIONS)
    return command.order_type == LIMIT and command.tif == TimeInForce.IOC


def stop_price_fits(command: Any) -> bool:
    if command.order_type in STOPS_WITH_A_PRICE:
        return bool(1 <= command.stop_price <= wire.MAX_PRICE)
    return bool(command.stop_price == 0)


def offset_fits(command: Any) -> bool:
    offset = command.offset
    if command.order_type == OrderType.TRAILING_STOP:
        most = LARGEST_TRAIL if command.modes & ModeFlag.TRAIL_PERCENT else wire.MAX_PRICE
        return bool(1 <= offset <= most)
    if command.order_type == OrderType.PEGGED:
        least, most = (-wire.MAX_PRICE, 0) if command.side == wire.Side.BUY else (0, wire.MAX_PRICE)
        return bool(least <= offset <= most and (offset != 0 or command.peg != wire.Peg.MARKET))
    return bool(offset == 0)


def discretion_fits(command: Any) -> bool:
    sign = 1 if command.side == wire.Side.BUY else -1
    beyond = command.price + sign * command.discretion
    return bool(1 <= command.discretion <= wire.MAX_PRICE and 1 <= beyond <= wire.MAX_PRICE)
