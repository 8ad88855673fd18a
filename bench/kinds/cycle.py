"""Short stories of a few commands, told thousands of times to a core: each leaves the book as it found it.

All commands of a story that enter orders are new ones; prices are ticks away from the middle. A story says how many
trades it makes, and that is checked before anything is timed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire
from openbell.wire import CommandKind, EventKind, Side, TimeInForce

from bench import flow
from bench.harness import commands
from ext.core import Core

MIDDLE = flow.START_PRICE * commands.TICK
TRADERS = 32  # turns of accounts; each has as many accounts as take part in a story
CALL = 256  # commands in a call, about
REFUSED = (EventKind.REJECTED, EventKind.CANCEL_REJECTED, EventKind.REPLACE_REJECTED, EventKind.ADMIN_REJECTED)


@dataclass(frozen=True)
class Ask:
    """A command: an order of one of those who take part, or what becomes of one. `fields` are those of its record."""

    dtype: np.dtype[Any]
    fields: dict[str, int]
    who: int = 0
    link: int | None = None  # the place among the story's commands of the order that it is tied to
    of: int | None = None  # CANCEL, REPLACE: the place of the order


@dataclass(frozen=True)
class Story:
    """`opening`: AdminCommands for the one instrument, once, before all."""

    name: str
    asks: Sequence[Ask]
    trades: int
    opening: Sequence[dict[str, Any]] = field(default_factory=tuple)


def order(side: Side, ticks: int, qty: int, who: int, link: int | None = None, **fields: int) -> Ask:
    """A new order `ticks` from the middle. Fields that an OrderCommand has not make it a SpecialCommand."""
    made = {"side": int(side), "qty": qty, "tif": int(TimeInForce.GTC), "price": MIDDLE + ticks * commands.TICK}
    made |= {name: int(value) for name, value in fields.items()}
    further = link is not None or not made.keys() <= set(wire.ORDER_COMMAND.names or ())
    kind, dtype = (
        (CommandKind.NEW_SPECIAL, wire.SPECIAL_COMMAND) if further else (CommandKind.NEW_ORDER, wire.ORDER_COMMAND)
    )
    return Ask(dtype, made | {"kind": int(kind)}, who, link)


def buy(ticks: int, qty: int, who: int = 1, link: int | None = None, **fields: int) -> Ask:
    return order(Side.BUY, ticks, qty, who, link, **fields)


def sell(ticks: int, qty: int, who: int = 0, link: int | None = None, **fields: int) -> Ask:
    return order(Side.SELL, ticks, qty, who, link, **fields)


def cancel(of: int) -> Ask:
    return Ask(wire.ORDER_COMMAND, {"kind": int(CommandKind.CANCEL)}, of=of)


def replace(of: int, ticks: int, qty: int) -> Ask:
    price = MIDDLE + ticks * commands.TICK
    return Ask(wire.ORDER_COMMAND, {"kind": int(CommandKind.REPLACE), "price": price, "qty": qty}, of=of)


def admin(kind: CommandKind, *values: int, **fields: int) -> Ask:
    made = commands.admin(kind, *values, **fields)
    return Ask(wire.ADMIN_COMMAND, made)


def told(story: Story, times: int) -> NDArray[Any]:
    """The story `times` over, a row each; seq and time are still to be set."""
    columns = np.dtype([(f"{place}", ask.dtype) for place, ask in enumerate(story.asks)])
    rows = np.zeros(times, columns)
    turn = np.arange(times)
    turns, round_ = turn % TRADERS, turn // TRADERS
    each = takers_part(story)
    enters: Counter[int] = Counter(ask.who for ask in story.asks if is_order(ask))
    ids: list[Any] = []
    before: Counter[int] = Counter()
    for place, ask in enumerate(story.asks):
        column = rows[f"{place}"]
        for name, value in ask.fields.items():
            column[name] = value
        who = ask.who if ask.of is None else story.asks[ask.of].who
        if ask.dtype != wire.ADMIN_COMMAND:
            column["account"] = turns * each + who
        ids.append(round_ * enters[who] + before[who] + 1)
        if is_order(ask):
            before[who] += 1
            column["client_order_id"] = ids[-1]
        elif ask.of is not None:
            column["client_order_id"] = ids[ask.of]
        if ask.link is not None:
            column["link_id"] = ids[ask.link]
    return rows


def is_order(ask: Ask) -> bool:
    return ask.fields["kind"] in (CommandKind.NEW_ORDER, CommandKind.NEW_SPECIAL)


def takers_part(story: Story) -> int:
    """How many accounts."""
    return max(ask.who for ask in story.asks) + 1


def numbered(story: Story, rows: NDArray[Any], first_seq: int) -> None:
    """Number all commands, a nanosecond apart."""
    count = len(story.asks)
    for place in range(count):
        seq = first_seq + np.arange(len(rows)) * count + place
        rows[f"{place}"]["seq"] = seq
        rows[f"{place}"]["ts_ns"] = commands.START_NS + seq


def calls_of(story: Story, rows: NDArray[Any]) -> list[bytes]:
    """The calls: whole stories, about `CALL` commands each."""
    step = max(1, CALL // len(story.asks))
    return [rows[start : start + step].tobytes() for start in range(0, len(rows), step)]


def opened(story: Story) -> tuple[Core, int]:
    """A market for it, and the number of the next command."""
    accounts = TRADERS * takers_part(story)
    sizes = commands.Capacity(accounts=accounts, instruments=1, positions=1 << 10)
    opening = commands.market(1, sizes, accounts)
    if story.opening:
        opening = np.concatenate([opening, commands.table(list(story.opening))])
    commands.number(opening, 1)
    core = Core()
    core.apply(opening.tobytes())
    refuse_none(story, core.take_events())
    core.touch_memory()
    return core, len(opening) + 1


def timed_calls(core: Core, calls: Sequence[bytes]) -> NDArray[np.int64]:
    """Nanoseconds of each call; the events are collected between them, and that is not counted."""
    costs_ns = np.zeros(len(calls), np.int64)
    apply, take, now_ns = core.apply, core.take_events, time.perf_counter_ns
    for place, call in enumerate(calls):
        start_ns = now_ns()
        apply(call)
        costs_ns[place] = now_ns() - start_ns
        take()
    return costs_ns


def refuse_none(story: Story, events: bytes) -> NDArray[Any]:
    """The events, of which none refuses anything. Raises RuntimeError."""
    found = np.frombuffer(events, wire.EVENT)
    refused = found[np.isin(found["kind"], REFUSED)]
    if len(refused):
        one = np.frombuffer(refused[:1].tobytes(), wire.REJECT)[0]
        raise RuntimeError(f"{story.name}: refused: {wire.Check(int(one['check'])).name}, {one}")
    return found


def check(story: Story, times: int = TRADERS * 3) -> None:
    """That it goes as it says: nothing is refused, so many trades, and no order is left. Raises RuntimeError."""
    core, seq = opened(story)
    rows = told(story, times)
    numbered(story, rows, seq)
    core.apply(rows.tobytes())
    found = refuse_none(story, core.take_events())
    trades = int((found["kind"] == EventKind.FILL).sum()) // 2
    left = core.stats()["orders"]["used"]
    if trades != story.trades * times or left:
        raise RuntimeError(f"{story.name}: {trades} trades of {story.trades * times}, {left} orders are left")
