"""Crowds of orders that wait in an instrument while others, who have nothing to do with them, trade there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import CommandKind, OrderFlag, OrderType, Peg, Role, Side, TimeInForce

from bench import flow
from bench.harness import commands
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
    """A flow of one instrument in a market with room for a crowd; `cost` is that of an event of the flow."""

    def __init__(self, records: NDArray[Any], warm: int, count: int) -> None:
        accounts = commands.ACCOUNTS + OWNERS
        sizes = match.capacity_for(records, commands.ACCOUNTS)
        room = commands.Capacity(
            accounts, 1, sizes.orders + count, sizes.pages, sizes.positions + OWNERS, sizes.id_window + count, 64
        )
        self.opening = commands.number(commands.market(1, room, accounts), 1)
        self.records, self.warm, self.count = records, warm, count

    def cost(self, name: str | None, batch: int) -> float:
        """Nanoseconds an event, with a crowd of this name or without any. Raises RuntimeError where it is refused."""
        before = commands.number(commands.orders(self.records[: self.warm]), len(self.opening) + 1)
        core = match.opened(self.opening, before)
        seq = len(self.opening) + len(before) + 1
        waits = commands.number(crowd(name, self.count if name else 0), seq) if name else before[:0]
        core.apply(waits.tobytes())
        kinds = np.frombuffer(core.take_events(), wire.EVENT)["kind"]
        if len(kinds) != len(waits) or (kinds != wire.EventKind.ACCEPTED).any():
            raise RuntimeError(f"{name}: not all of them wait: events {np.unique(kinds).tolist()}")
        timed = commands.number(commands.orders(self.records[self.warm :]), seq + len(waits))
        cost_ns = match.cost_of(core, match.grouped(timed.tobytes(), batch), batch) / len(timed)
        still = core.stats()["orders"]["used"]
        if name and still < self.count:
            raise RuntimeError(f"{name}: {still} orders are left of a crowd of {self.count}: the flow met them")
        return cost_ns
