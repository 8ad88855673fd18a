"""Orders of all kinds on the command line: their options, and how they are shown. The rules are in docs/orders.md."""

from __future__ import annotations

import argparse
from typing import Any

from openbell import wire
from openbell.orders import Order
from openbell.prices import format_price
from openbell.rows import OrderInfo
from openbell.terms import distance, type_in_words

from engine.cli import show
from engine.cli.operating.act import count, count_from_1, decimal_text, name, until

PLACES: dict[int, str] = {
    wire.Place.DARK: "unseen", wire.Place.STOP: "waits", wire.Place.CALL: "for an auction",
    wire.Place.WAIT: "for the end of another order",
}  # fmt: skip
TERMS = (
    "stop", "market_to_limit", "peg", "peg_offset", "display_qty", "hidden", "discretion", "min_qty", "all_or_none",
    "reduce_only", "slide", "do_not_route", "imbalance_only", "group", "self_trade_group",
)  # fmt: skip
EXAMPLES = """  ./openbell order sell NOVA 10 --stop 400               when NOVA trades at 400 or below: at the market
  ./openbell order sell NOVA 10 399 --stop 400           the same, but at 399 or better
  ./openbell order sell NOVA 10 --trail 2.5%             a stop that follows 2.5 % below the market
  ./openbell order buy NOVA 500 412.50 --display 50      an iceberg that shows 50
  ./openbell order buy NOVA 10 --peg midpoint            unseen, in the middle of the best prices
  ./openbell order buy NOVA 10 412.50 --until +2h        until then (tif GTD)
  ./openbell order sell NOVA 10 --tif at_close           at whatever the closing auction gives"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an order that is not just at a price or at the market."""
    when = parser.add_argument_group("an order that waits, or follows the market (one of them)")
    when.add_argument(
        "--stop", type=decimal_text, metavar="P", help="wait until it trades at P or beyond; PRICE is the limit then"
    )
    when.add_argument("--trail", type=trail, metavar="D", help="a stop that follows at a distance: 0.25, or 2.5%%")
    when.add_argument("--market-to-limit", action="store_true", help="at the best price of the other side, then rest")
    when.add_argument(
        "--peg",
        type=name,
        choices=[one.name for one in wire.Peg if one],
        help="rest unseen at the own side's best price, the other side's, or the middle; PRICE is the cap",
    )
    when.add_argument(
        "--peg-offset", type=decimal_text, metavar="D", help="added to that; of a buy 0 or less, of a sell 0 or more"
    )
    how = parser.add_argument_group("how it is seen, and what it trades")
    how.add_argument("--display", dest="display_qty", type=count_from_1, metavar="LOTS", help="an iceberg: what shows")
    how.add_argument("--hidden", action="store_true", help="rest unseen")
    how.add_argument("--discretion", type=decimal_text, metavar="D", help="what it gives beyond PRICE, unseen")
    how.add_argument(
        "--min-qty", type=count_from_1, metavar="LOTS", help="least lots of a trade (--hidden, or tif ioc)"
    )
    how.add_argument("--all-or-none", action="store_true", help="whole or not at all (--hidden, or tif ioc)")
    how.add_argument("--post-only", action="store_true", help="refuse it where it would trade at once")
    how.add_argument("--slide", action="store_true", help="post only, and move it to where it does not trade")
    how.add_argument("--reduce-only", action="store_true", help="it may only make the position smaller")
    how.add_argument("--do-not-route", action="store_true", help="it stays in this market")
    how.add_argument(
        "--imbalance-only", action="store_true", help="tif at_open, at_close: trade only what is left over"
    )
    how.add_argument(
        "--until", dest="expire", type=until, metavar="WHEN", help="tif gtd: +90m, 15:30, 2026-03-02T15:30"
    )
    own = parser.add_argument_group("your other orders")
    own.add_argument("--group", type=count, metavar="N", help="for `order cancel --all --group N`")
    own.add_argument(
        "--self-trade",
        type=name,
        choices=[one.name for one in wire.SelfTrade],
        default="ALLOW",
        help="when it meets your own orders (default allow)",
    )
    own.add_argument("--self-trade-group", type=count, metavar="N", help="orders of one group count as one owner's")


def given(args: argparse.Namespace) -> dict[str, Any]:
    """The SDK's terms of what was given."""
    values = {term: getattr(args, term) for term in TERMS}
    terms = {term: value for term, value in values.items() if value is not None and value is not False}
    if args.trail is not None:
        terms.update([args.trail])
    if args.expire is not None:
        terms["expire"] = args.expire
    return terms


def trail(text: str) -> tuple[str, str]:
    """The term that a distance is of, and its value."""
    if text.endswith("%"):
        return "trail_percent", decimal_text(text[:-1])
    return "trail", decimal_text(text)


# ------------------------------------------------------------ showing


def what(order: Order) -> str:
    """An order in a person's words: "buy 10 NOVA at most 412.50 DAY"."""
    verb = "buy" if order.side == wire.Side.BUY else "sell"
    lots = f"{verb} {order.qty:,} {order.symbol}"
    if order.order_type in (wire.OrderType.LIMIT, wire.OrderType.MARKET):
        kind = "at the market, " if order.order_type == wire.OrderType.MARKET else ""
        better = "at most" if order.side == wire.Side.BUY else "at least"
        lots += f" {kind}{better} {order.price_text}"
    else:
        price = order.cap if order.order_type == wire.OrderType.PEGGED else order.price
        lots += type_in_words(order.order_type, price, order.further)
    further = order.further
    dated = f" until {show.clock(further.expire_ns, date=True)}" if further is not None and further.expire_ns else ""
    return f"{lots} {order.tif.name}{dated}"


def waiting(order: Order, place: int) -> str:
    """Where an order is that has come to rest."""
    lots = show.counted(order.leaves, "lot waits", "lots wait")
    if place == wire.Place.STOP:
        beyond = "above" if order.side == wire.Side.BUY else "below"
        follows = ", and follows the market" if order.order_type == wire.OrderType.TRAILING_STOP else ""
        stop = order.price_text
        if order.order_type == wire.OrderType.STOP_LIMIT and order.further is not None:
            stop = format_price(order.further.stop_price)
        return f"{lots} for a trade at {stop} or {beyond}{follows}"
    where = PLACES.get(place, "in the book")
    is_priced = place == wire.Place.BOOK or (place == wire.Place.DARK and order.order_type != wire.OrderType.PEGGED)
    return f"{lots} {where} at {order.price_text}" if is_priced else f"{lots} {where}"


def kind(row: OrderInfo) -> str:
    """What a live order is, where it is not just a limit order in the book."""
    words = []
    if row.order_type:
        words.append(show.member(wire.OrderType, row.order_type))
    if row.order_type == wire.OrderType.STOP_LIMIT and row.stop_price:
        words[-1] += f" {format_price(row.stop_price)}"
    if row.order_type == wire.OrderType.TRAILING_STOP:
        words[-1] += f" by {distance(row.offset, row.modes)}"
    if row.peg:
        words.append(show.member(wire.Peg, row.peg) + (f" {format_price(row.offset)}" if row.offset else ""))
    if row.cap:
        words.append(f"cap {format_price(row.cap)}")
    if row.place == wire.Place.WAIT:
        words.append(f"waits for the end of {row.parent_id}" if row.parent_id else "waits for a parent")
    elif row.place:
        words.append(PLACES.get(row.place, str(row.place)))
    elif 0 < row.shown < row.leaves:
        words.append(f"shows {row.shown:,}")
    if row.link_id:
        words.append(f"{'triggers' if row.role == wire.Role.PARENT else 'cancels'} {row.link_id}")
    if row.group:
        words.append(f"group {row.group}")
    if row.expire_ns:
        words.append(f"until {show.clock(row.expire_ns, date=True)}")
    return ", ".join(words) or show.NOTHING
