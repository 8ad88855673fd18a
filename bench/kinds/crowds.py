"""Crowds of orders that wait in an instrument while others, who have nothing to do with them, trade there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import CommandKind, OrderFlag, OrderType, Peg, Role, Side, TimeInForce

from bench import flow
from bench.harness import commands
from bench.kinds.cycle import timed_calls
from engine.cli import match

CROWD = 100_000
OWNERS = 16  # accounts that the crowd is spread over
FAR, WIDTH = 30_000, 10_000  # ticks from the middle to the nearest one, and to the farthest one from there
FOLLOWS = {"order_type": OrderType.PEGGED, "price": 0}
STOPS = {"side": Side.SELL, "order_type": OrderType.STOP, "price": 0}
# By name: fields of all of them; "at": the field that has their prices.
CROWDS: dict[str, dict[str, Any]] = {
    "stops": STOPS | {"at": "stop_price"},
    "stop-limits": STOPS | {"at": "stop_price", "order_type": OrderType.STOP_LIMIT, "price": flow.START_PRICE // 2},
    "trailing stops": STOPS | {"order_type": OrderType.TRAILING_STOP, "offset": FAR},
    "primary pegs": FOLLOWS | {"peg": Peg.PRIMARY, "offset": -FAR},
    "market pegs": FOLLOWS | {"peg": Peg.MARKET, "offset": -FAR},
    "midpoint pegs with caps": FOLLOWS | {"peg": Peg.MIDPOINT, "at": "price"},
    "hidden orders": {"flags": OrderFlag.HIDDEN, "at": "price"},
    "hidden orders with a date": {
        "flags": OrderFlag.HIDDEN, "at": "price", "tif": TimeInForce.GTD, "expire_ns": commands.START_NS << 1,
    },
    "orders for the close": {"tif": TimeInForce.AT_CLOSE, "at": "price"},
    "children that wait for a parent": STOPS | {"at": "stop_price", "role": Role.CHILD},
}  # fmt: skip


def crowd(name: str, count: int) -> NDArray[Any]:
    """So many orders, unnumbered, that a flow's prices never come to."""
    made = np.zeros(count, wire.SPECIAL_COMMAND)
    turn = np.arange(count)
    made["kind"], made["side"], made["tif"], made["qty"] = CommandKind.NEW_SPECIAL, Side.BUY, TimeInForce.GTC, 10
    made["account"] = commands.ACCOUNTS + turn % OWNERS
    made["client_order_id"] = turn // OWNERS + 1
    for field, value in CROWDS[name].items():
        if field == "at":
            made[value] = (flow.START_PRICE - FAR - turn * 7919 % WIDTH) * commands.TICK
        else:
            made[field] = value
    return made


class Scene:
    """A flow of one instrument in a market with room for a crowd."""

    def __init__(self, records: NDArray[Any], warm: int, count: int) -> None:
        accounts = commands.ACCOUNTS + OWNERS
        sizes = match.capacity_for(records, commands.ACCOUNTS)
        room = commands.Capacity(
            accounts, 1, sizes.orders + count, sizes.pages, sizes.positions + OWNERS, sizes.id_window + count, 64
        )
        self.opening = commands.number(commands.market(1, room, accounts), 1)
        self.records, self.warm, self.count = records, warm, count

    def costs(self, name: str, stays: bool, batch: int) -> NDArray[np.int64]:
        """Nanoseconds of each call of `batch` commands of the flow, with the crowd of this name there, or after it was
        there and went: its client order ids are remembered either way. Raises RuntimeError where it is not so."""
        before = commands.number(commands.orders(self.records[: self.warm]), len(self.opening) + 1)
        core = match.opened(self.opening, before)
        seq = len(self.opening) + len(before) + 1
        core.apply(commands.number(crowd(name, self.count), seq).tobytes())
        kinds = np.frombuffer(core.take_events(), wire.EVENT)["kind"]
        if len(kinds) != self.count or (kinds != wire.EventKind.ACCEPTED).any():
            raise RuntimeError(f"{name}: not all of them wait: events {np.unique(kinds).tolist()}")
        seq += self.count
        ends = commands.number(leaving() if not stays else leaving()[:0], seq)
        core.apply(ends.tobytes())
        core.take_events()
        if stays != (core.stats()["orders"]["used"] > self.count):
            raise RuntimeError(f"{name}: {core.stats()['orders']['used']} orders are live")
        timed = commands.number(commands.orders(self.records[self.warm :]), seq + len(ends))
        calls = [call for group in match.grouped(timed.tobytes(), batch) for call in group]
        costs_ns = timed_calls(core, calls)
        if stays and core.stats()["orders"]["used"] < self.count:
            raise RuntimeError(f"{name}: {core.stats()['orders']['used']} orders are left: the flow met the crowd")
        return costs_ns


def leaving() -> NDArray[Any]:
    """The owners of the crowd cancel all that they have."""
    made = np.zeros(OWNERS, wire.ORDER_COMMAND)
    made["kind"], made["account"] = CommandKind.MASS_CANCEL, commands.ACCOUNTS + np.arange(OWNERS)
    made["instrument"], made["side"] = wire.ANY, wire.SIDE_BOTH
    return made
