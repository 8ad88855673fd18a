"""What a swarm asks for of docs/orders.md: special orders near the touch, so that they meet; and what does not go
together.

Of each function: `fields` of a NEW_SPECIAL, with its side, price and quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from openbell import wire
from openbell.wire import ModeFlag, OrderFlag, OrderType, Peg, SelfTrade, TimeInForce

from tests.reference.books import BUY, Instrument, Order
from tests.reference.market import Market

Fields = dict[str, Any]
RESTING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTC)
GROUPS = (0, 0, 1, 1, 2)


class Asking:
    """Makes the fields of one order in one instrument."""

    def __init__(self, random: Random, model: Market, instrument: Instrument, price: int, qty: int) -> None:
        self.random = random
        self.model = model
        self.instrument = instrument
        self.price = price  # one of the world's, should the book be empty
        self.qty = qty
        self.side = random.randrange(2)

    def near(self, ticks: int) -> int:
        """So many ticks better than the best price of its own side: 0 joins it; mostly beyond what a spread has."""
        book, tick = self.instrument.book, self.instrument.tick_size
        best = book.best(self.side)
        if best is None:
            best = book.best(1 - self.side)
        if best is None or self.random.random() < 0.1:
            best = self.price // tick * tick
        return min(max(tick, best + (tick if self.side == BUY else -tick) * ticks), wire.MAX_PRICE // tick * tick)

    def limit(self, least: int = -2, most: int = 3) -> Fields:
        ticks = self.random.randint(least, most)
        return {"side": self.side, "price": self.near(ticks), "qty": self.qty, "tif": self.random.choice(RESTING)}

    def some(self) -> int:
        return self.random.randint(1, self.qty)

    # Kinds, by the field of `Reach` that has them

    def icebergs(self) -> Fields:
        qty = min(wire.MAX_QTY, self.qty * self.random.choice((1, 2, 4)))
        flags = OrderFlag.POST_ONLY if self.random.random() < 0.2 else 0
        show = self.random.choice((1, 1, 2, 3, qty // 2 or 1, qty))
        if qty > 1000 and self.random.random() < 0.9:  # the most parts that it may have
            show = max(show, qty // 10)
        return self.limit(-2, 1) | {"qty": qty, "display_qty": min(show, qty), "flags": flags}

    def reduce_only(self) -> Fields:
        """Of an account with a position that other orders leave room for, now and then of more than that."""
        rooms = [
            (account.number, int(position.qty > 0), abs(position.qty) - account.open_qty(number, position.qty > 0))
            for account in self.model.state.accounts.values()
            for number, position in account.positions.items()
            if number == self.instrument.number and position.qty
        ]
        live = self.model.state.orders.values()
        resting = [each for each in live if each.flags & OrderFlag.REDUCE_ONLY and each.instrument is self.instrument]
        if resting and self.random.random() < 0.4:
            return self.against(self.random.choice(resting))
        rooms = [(account, side, room) for account, side, room in rooms if room > 0]
        fields: Fields = {"flags": OrderFlag.REDUCE_ONLY}
        if rooms:
            account, self.side, room = self.random.choice(rooms)
            qty = room + 1 if self.random.random() < 0.15 else min(room, self.qty * self.random.choice((1, 2, 9)))
            fields |= {"account": account, "qty": min(qty, wire.MAX_QTY)}
        if self.random.random() < 0.4:  # away from the touch: the position may well be gone when it is met
            return self.limit(-5, -2) | fields
        return self.random.choice((self.limit, self.at_once, self.stop))() | fields

    def against(self, order: Order) -> Fields:
        """Take away the position that a reduce-only order is to reduce, or meet the order itself."""
        self.side = order.side
        position = abs(order.account.positions[order.instrument.number].qty)
        if self.random.random() < 0.6:
            qty = min(max(1, position - self.random.choice((0, 0, 1, 2))), wire.MAX_QTY)
            return self.at_once() | {"account": order.account.number, "qty": qty}
        self.side = 1 - order.side
        return self.limit() | {"price": order.price, "tif": TimeInForce.IOC}

    def at_once(self) -> Fields:
        kind = self.random.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET))
        return self.limit(0, 5) | {"order_type": kind, "tif": TimeInForce.IOC}

    def stop(self) -> Fields:
        away = (1 if self.side == BUY else -1) * self.random.randint(1, 3) * self.instrument.tick_size
        stop_price = max(1, self.instrument.reference_price + away)
        return self.limit() | {"order_type": OrderType.STOP, "stop_price": stop_price}

    def slide(self) -> Fields:
        return self.limit(0, 6) | {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE}

    def hidden(self) -> Fields:
        flags = OrderFlag.HIDDEN | (OrderFlag.REDUCE_ONLY if self.random.random() < 0.05 else 0)
        return self.limit(-2, 5) | {"flags": flags}

    def min_qty(self) -> Fields:
        """Resting or at once, with a minimum or all of it."""
        fields = self.hidden() if self.random.random() < 0.6 else self.at_once() | {"flags": 0}
        fields["qty"] = min(wire.MAX_QTY, self.qty * self.random.choice((1, 1, 3)))
        if self.random.random() < 0.35:
            return fields | {"flags": fields["flags"] | OrderFlag.ALL_OR_NONE}
        return fields | {"min_qty": self.random.choice((1, 2, 3, fields["qty"] // 2 or 1, fields["qty"]))}

    def discretion(self) -> Fields:
        ticks = self.random.choice((1, 2, 3, 5))
        return self.limit(-3, 2) | {"discretion": ticks * self.instrument.tick_size}

    def pegs(self) -> Fields:
        """With a cap that binds, or may come to, or none."""
        peg = self.random.choice((Peg.PRIMARY, Peg.MARKET, Peg.MIDPOINT, Peg.MIDPOINT))
        step = 1 if peg == Peg.MIDPOINT and self.random.random() < 0.5 else self.instrument.tick_size
        away = self.random.choice((0, 0, 1, 1, 2, 5)) or int(peg == Peg.MARKET)
        fields = self.limit(-3, 4) | {"order_type": OrderType.PEGGED, "peg": peg}
        fields["offset"] = (-away if self.side == BUY else away) * step
        is_bounded = self.instrument.collar_bps > 0 or self.side != BUY
        if self.random.random() < (0.4 if is_bounded else 0.05):  # a buy may cost as much as a market order
            fields["price"] = 0
        return fields


KINDS = ("icebergs", "reduce_only", "slide", "hidden", "min_qty", "discretion", "pegs")


def owner(random: Random) -> Fields:
    """Group and mode of self-trade prevention, of any order."""
    mode = random.choice(list(SelfTrade)) if random.random() < 0.5 else SelfTrade.ALLOW
    return {"self_trade": mode, "self_trade_group": random.choice(GROUPS)}


def special(asking: Asking, kinds: Sequence[str]) -> Fields:
    """An order of any of these kinds."""
    make: Callable[[], Fields] = getattr(asking, asking.random.choice(kinds))
    return make() | owner(asking.random)


def spoilt(random: Random, fields: Fields) -> Fields:
    """The same with something that does not go together, or is beyond what is allowed."""
    qty = fields.get("qty", 1)
    buys = fields.get("side", 0) == BUY
    dark, at_once = {"flags": OrderFlag.HIDDEN}, {"tif": TimeInForce.IOC}
    stop, trail, peg = (
        {"order_type": kind} for kind in (OrderType.STOP_LIMIT, OrderType.TRAILING_STOP, OrderType.PEGGED)
    )
    percent = {"modes": ModeFlag.TRAIL_PERCENT}
    wrong: Fields = random.choice(
        (
            {"stop_price": 5},
            stop | {"stop_price": random.choice((0, -1, wire.MAX_PRICE + 1))},
            {"peg": random.choice((1, 2, 3, 4))},
            peg | {"peg": 0},
            {"offset": random.choice((-3, 3))},
            trail | {"offset": random.choice((0, -1, wire.MAX_PRICE + 1))},
            trail | percent | {"offset": 10_000},
            peg | {"peg": 1, "offset": 5 if buys else -5, "stop_price": 0},
            peg | {"peg": 2, "offset": 0, "stop_price": 0},
            peg | {"peg": 3, "offset": -wire.MAX_PRICE - 1 if buys else wire.MAX_PRICE + 1, "stop_price": 0},
            percent,
            {"modes": random.choice((2, 3, 4))},
            stop | {"stop_price": 7, "tif": random.choice((TimeInForce.IOC, TimeInForce.FOK))},
            peg | at_once | {"peg": 1, "offset": 0},
            {"tif": TimeInForce.GTD, "expire_ns": random.choice((0, 1, -1))},
            {"tif": TimeInForce.GTC, "expire_ns": random.choice((1, 1 << 62))},
            {"flags": OrderFlag.SLIDE},
            stop | {"stop_price": 7, "flags": OrderFlag.POST_ONLY},
            dark | {"flags": OrderFlag.HIDDEN | OrderFlag.POST_ONLY},
            dark | at_once,
            {"flags": OrderFlag.ALL_OR_NONE, "tif": random.choice((TimeInForce.GTC, TimeInForce.FOK))},
            dark | {"min_qty": qty + 1},
            {"min_qty": 1, "flags": 0, "tif": random.choice((TimeInForce.GTC, TimeInForce.FOK))},
            {"flags": OrderFlag.HIDDEN | OrderFlag.ALL_OR_NONE, "min_qty": 1},
            {"display_qty": qty + 1},
            dark | {"display_qty": 1},
            {"display_qty": 1, "discretion": 1},
            {"display_qty": 1, "flags": OrderFlag.REDUCE_ONLY},
            at_once | {"display_qty": 1},
            {"discretion": random.choice((-1, wire.MAX_PRICE + 1, wire.MAX_PRICE, 1 << 62))},
            {"discretion": 10, "price": random.choice((-5, 5, wire.MAX_PRICE - 5, -(1 << 63), (1 << 63) - 1))},
            dark | {"discretion": 1},
            at_once | {"discretion": 1},
            {"flags": random.choice((2, 4, 255))},
            {"self_trade": 5},
        )
    )
    return fields | {name: value % (1 << 32) if name.endswith("qty") else value for name, value in wrong.items()}
