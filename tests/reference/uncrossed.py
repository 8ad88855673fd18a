"""Nothing that rests could trade with anything else that does: seen from rows and from what was asked for, alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openbell.wire import InstrumentState, OrderFlag, OrderType, Peg, Place, Side

Asked = Mapping[str, Any]  # the fields of the command that entered an order


def check(
    orders: list[Any],
    instruments: Mapping[int, Any],
    asked: Mapping[int, Asked],
    bands: Mapping[int, tuple[int, int]],
) -> None:
    """`orders`: OrderRows of all instruments; bands: lower and upper, where there are some. Orders with a minimum
    quantity may well lie across others."""
    for number, instrument in instruments.items():
        if instrument.state != InstrumentState.OPEN:
            continue
        found: dict[tuple[int, bool], list[int]] = {}
        for row in orders:
            rests = row.instrument == number and row.place in (Place.BOOK, Place.DARK)
            if rests and not has_minimum(row.order_id, asked):
                price = within(
                    price_now(row, asked[row.order_id], instrument), row, bands.get(number), instrument.tick_size
                )
                if price is not None:
                    found.setdefault((row.side, row.place == Place.DARK), []).append(price)
        for is_dark, other in ((True, False), (False, True), (True, True)):
            buys, sells = found.get((Side.BUY, is_dark)), found.get((Side.SELL, other))
            assert not buys or not sells or max(buys) < min(sells), "they could trade"


def has_minimum(order_id: int, asked: Mapping[int, Asked]) -> bool:
    fields = asked[order_id]
    return bool(fields.get("min_qty") or fields.get("flags", 0) & OrderFlag.ALL_OR_NONE)


def within(price: int | None, row: Any, bands: tuple[int, int] | None, tick: int) -> int | None:
    """A peg beyond the bands has no price; a limit order is not there beyond them."""
    if price is None or bands is None:
        return price
    is_within = price <= bands[1] // tick * tick if row.side == Side.BUY else price >= -(-bands[0] // tick) * tick
    if row.order_type == OrderType.PEGGED:
        return price if is_within else None
    assert is_within, "it rests beyond the bands"
    return price


def price_now(row: Any, asked: Asked, instrument: Any) -> int | None:
    """Where it trades now; None: nowhere."""
    if row.order_type != OrderType.PEGGED:
        return int(row.price)
    own, other = instrument.bid_price, instrument.ask_price
    if row.side == Side.SELL:
        own, other = other, own
    doubled = {Peg.PRIMARY: 2 * own, Peg.MARKET: 2 * other, Peg.MIDPOINT: own + other if own and other else 0}[row.peg]
    if not doubled:
        return None
    away = asked.get("offset", 0)
    if row.side == Side.BUY:
        price = min(doubled // 2 + away, row.price)
        return price if price >= 1 else None
    return max(-(-doubled // 2) + away, row.price)


def hold(row: Any, asked: Asked, lot_size: int) -> int:
    """Cash that it must hold."""
    if row.side == Side.SELL or row.place == Place.WAIT:
        return 0
    return int((row.price + asked.get("discretion", 0)) * row.leaves * lot_size * 100)


def shows_rightly(row: Any, asked: Asked) -> bool:
    if row.place != Place.BOOK:
        return bool(row.shown == 0)
    display_qty = asked.get("display_qty", 0)
    return bool(1 <= row.shown <= min(row.leaves, display_qty) if display_qty else row.shown == row.leaves)
