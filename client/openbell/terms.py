"""What an order may ask for beyond side, quantity and price: in a caller's words, and as the wire has it.

What goes with what is for the market to say (docs/orders.md): it refuses with the check COMBINATION, which names the
field and the rule. Here it is only seen to that a call means one thing, and that each value can be one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypedDict

from openbell.errors import InvalidInput, near
from openbell.prices import PriceLike, basis_points, checked_int, format_price, price_units, signed_price_units
from openbell.wire import ModeFlag, OrderFlag, OrderType, Peg, TimeInForce

U32_MAX: Final = (1 << 32) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OrderTerms(TypedDict, total=False):
    """Further keywords of `buy`, `sell` and `order`. Prices as everywhere, quantities in lots."""

    stop: PriceLike  # waits until the market trades there or beyond; then a market order, or with a price a limit order
    trail: PriceLike  # a stop that follows the market at this distance
    trail_percent: PriceLike  # likewise, in percent of the price, to two places
    market_to_limit: bool  # a limit order at the best displayed price of the other side
    peg: Peg | str  # follows PRIMARY, MARKET or MIDPOINT, unseen; a price is its cap
    peg_offset: PriceLike  # added to what it follows: of a buy 0 or less, of a sell 0 or more
    display_qty: int  # iceberg: lots that show
    hidden: bool  # rests unseen
    discretion: PriceLike  # what it gives beyond its price
    min_qty: int  # least lots of a trade
    all_or_none: bool
    reduce_only: bool  # may only make the position smaller
    slide: bool  # post_only, and moves to where it does not trade instead of being refused
    do_not_route: bool
    expire: datetime | int  # tif GTD: until then (ns since 1970 UTC)
    imbalance_only: bool  # AT_OPEN, AT_CLOSE: trades only with what the auction leaves over
    group: int  # for `cancel_all(group=...)`
    self_trade_group: int  # orders of one group count as of one owner, whatever their accounts


class Further(NamedTuple):
    """The further fields of a SpecialCommand, in its order (the reserved ones are before link_id); 0: not used."""

    stop_price: int = 0
    offset: int = 0
    expire_ns: int = 0
    discretion: int = 0
    display_qty: int = 0
    min_qty: int = 0
    group: int = 0
    self_trade_group: int = 0
    modes: int = 0
    peg: int = 0
    role: int = 0
    link_id: int = 0


class Resolved(NamedTuple):
    """An order's fields on the wire; `further` is None where a NEW_ORDER can have them all."""

    order_type: OrderType
    price: int
    tif: TimeInForce
    flags: int
    further: Further | None


_PLAIN: Final = Further()
_MARKET, _IOC, _FOK = OrderType.MARKET, TimeInForce.IOC, TimeInForce.FOK  # a look-up in an enum costs
_TYPES: Final = {  # terms that give an order its type, of which it has one
    "stop": OrderType.STOP,
    "trail": OrderType.TRAILING_STOP,
    "trail_percent": OrderType.TRAILING_STOP,
    "market_to_limit": OrderType.MARKET_TO_LIMIT,
    "peg": OrderType.PEGGED,
}
_SWITCHES: Final = frozenset(  # on where they are true, in Python's sense
    {"market_to_limit", "hidden", "all_or_none", "reduce_only", "slide", "do_not_route", "imbalance_only"}
)
_FLAGS: Final = {
    "hidden": OrderFlag.HIDDEN,
    "all_or_none": OrderFlag.ALL_OR_NONE,
    "reduce_only": OrderFlag.REDUCE_ONLY,
    "slide": OrderFlag.POST_ONLY | OrderFlag.SLIDE,
    "do_not_route": OrderFlag.DO_NOT_ROUTE,
}
_WITHOUT_PRICE: Final = {
    OrderType.TRAILING_STOP: "a trailing stop becomes a market order: it has no price",
    OrderType.MARKET_TO_LIMIT: "market_to_limit takes its price from the market",
}


def choice(value: Any, kind: Any, field: str) -> Any:
    """A member of an IntEnum by itself, its name or its number. Raises InvalidInput."""
    try:
        return kind[value.upper()] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError):
        names = ", ".join(member.name for member in kind)
        raise InvalidInput(f"{field} {value!r} is none of {names}", field=field, limit=names, value=value) from None


def check_post_only(order_type: OrderType, tif: TimeInForce) -> None:
    """Raise InvalidInput for an order that never rests."""
    if order_type is _MARKET or tif is _IOC or tif is _FOK:
        raise InvalidInput(
            "post_only needs a limit order with tif DAY, GTC or GTD", field="post_only", limit="GTC", value=tif
        )


def resolve(
    terms: Mapping[str, Any], qty: int, price: PriceLike | None, tif: Any, post_only: bool, tick_size: int
) -> Resolved:
    """An order with further terms as the wire has it. Raises InvalidInput, TypeError for an unknown term."""
    for name in terms:
        if name not in OrderTerms.__annotations__:
            raise TypeError(f"an order has no term {name!r}{near(name, OrderTerms.__annotations__)}")
    given = {name: value for name, value in terms.items() if value is not None and (value or name not in _SWITCHES)}
    order_type = _order_type(given, price)
    flags = int(OrderFlag.POST_ONLY if post_only else 0)
    for name, flag in _FLAGS.items():
        if name in given:
            flags |= flag
    further = _further(given, qty, tick_size)
    lifetime = _tif(tif, order_type, further)
    if flags & OrderFlag.POST_ONLY:
        check_post_only(order_type, lifetime)
    units = 0 if price is None else price_units(price, tick_size=tick_size)
    return Resolved(order_type, units, lifetime, flags, None if further == _PLAIN else further)


def time_units(time: datetime | int, field: str) -> int:
    """A time as ns since 1970 UTC. Raises InvalidInput for one without a time zone."""
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise InvalidInput(
                f"{field} needs a time zone: datetime(..., tzinfo=UTC), or .astimezone()", field=field, value=time
            )
        since = time - _EPOCH
        time = ((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
    return checked_int(time, field, 1, (1 << 63) - 1)


def _order_type(given: Mapping[str, Any], price: PriceLike | None) -> OrderType:
    types = [name for name in _TYPES if name in given]
    if len(types) > 1:
        raise InvalidInput(f"{types[0]} and {types[1]} exclude each other", field=types[1], value=given[types[1]])
    if "peg_offset" in given and "peg" not in given:
        raise InvalidInput("peg_offset needs peg", field="peg_offset", value=given["peg_offset"])
    if not types:
        return OrderType.MARKET if price is None else OrderType.LIMIT
    order_type = _TYPES[types[0]]
    if price is not None:
        if order_type in _WITHOUT_PRICE:
            raise InvalidInput(_WITHOUT_PRICE[order_type], field="price", value=price)
        if order_type == OrderType.STOP:
            return OrderType.STOP_LIMIT
    return order_type


def _tif(tif: Any, order_type: OrderType, further: Further) -> TimeInForce:
    if tif is None:
        if further.expire_ns:
            return TimeInForce.GTD
        return TimeInForce.IOC if order_type == OrderType.MARKET else TimeInForce.DAY
    chosen: TimeInForce = choice(tif, TimeInForce, "tif")
    if further.expire_ns and chosen != TimeInForce.GTD:
        raise InvalidInput(f"expire makes an order GTD, not {chosen.name}", field="expire", value=further.expire_ns)
    return chosen


def _further(given: Mapping[str, Any], qty: int, tick_size: int) -> Further:
    found: dict[str, int] = {}
    modes = 0
    if "stop" in given:
        found["stop_price"] = price_units(given["stop"], tick_size=tick_size, field="stop")
    if "trail" in given:
        found["offset"] = price_units(given["trail"], field="trail")
    if "trail_percent" in given:
        found["offset"], modes = basis_points(given["trail_percent"], field="trail_percent"), ModeFlag.TRAIL_PERCENT
    if "peg" in given:
        found["peg"] = choice(given["peg"], Peg, "peg")
    if "peg_offset" in given:
        found["offset"] = signed_price_units(given["peg_offset"], field="peg_offset")
    if "expire" in given:
        found["expire_ns"] = time_units(given["expire"], "expire")
    if "discretion" in given:
        found["discretion"] = price_units(given["discretion"], tick_size=tick_size, field="discretion")
    for name, low, high in (
        ("display_qty", 1, qty), ("min_qty", 1, qty), ("group", 0, U32_MAX), ("self_trade_group", 0, U32_MAX)
    ):  # fmt: skip
        if name in given:
            found[name] = checked_int(given[name], name, low, high)
    if "imbalance_only" in given:
        modes |= ModeFlag.IMBALANCE_ONLY
    return Further(**found, modes=int(modes)) if found or modes else _PLAIN


def distance(offset: int, modes: int) -> str:
    """How far a trailing stop is behind the market: "0.25", "2.5 %"."""
    return f"{offset / 100:g} %" if modes & ModeFlag.TRAIL_PERCENT else format_price(offset)


def type_in_words(order_type: int, price: int, further: Further | None) -> str:
    """An order's price in a few words, such as " stop 99.00 @ 98.50"."""
    at = f" @ {format_price(price)}" if price or order_type == OrderType.LIMIT else ""
    if further is None or order_type in (OrderType.LIMIT, OrderType.MARKET):
        return " market to limit" + at if order_type == OrderType.MARKET_TO_LIMIT else at
    if order_type == OrderType.PEGGED:
        follows = Peg(further.peg).name.lower()
        return f" pegged to {follows}" + (f" {format_price(further.offset)}" if further.offset else "") + at
    if order_type == OrderType.TRAILING_STOP:
        return f" trailing stop by {distance(further.offset, further.modes)}" + at
    stop = f" stop {format_price(further.stop_price)}"
    return stop + at if order_type == OrderType.STOP_LIMIT or price != further.stop_price else stop
