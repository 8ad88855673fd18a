"""`openbell bench lots`: what tax lots cost an event, of a flow that hardly trades, of one that does nothing else.

The floor is the core itself, which makes these events: lots come after it, on the same loop, before the answers leave.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.harness.commands import Capacity, market, number, orders
from bench.harness.rounds import interleave, median
from bench.table import Report, Row
from ext.core import Core
from ext.taxlots.machine import TaxLots
from tools.steps import Step

ACCOUNTS = 64  # of whom each trades again and again: what is bought is sold
PRICE = flow.START_PRICE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=400_000, help="length of each flow (default 400,000)")
    parser.add_argument("--symbols", type=int, default=8, help="instruments (default 8)")
    parser.add_argument("--batch", type=int, default=256, help="commands in a batch (default 256)")
    parser.add_argument("--rounds", type=int, default=7, help="times that each is measured (default 7)")


class Said(NamedTuple):
    """What a core says to a flow: events of the opening, and of each batch; seconds that it took itself."""

    opening: bytes
    batches: list[bytes]
    instruments: bytes
    core_s: float

    @property
    def events(self) -> int:
        return sum(map(len, self.batches)) // wire.EVENT.itemsize

    @property
    def fills(self) -> int:
        return sum(int((np.frombuffer(one, wire.EVENT)["kind"] == wire.EventKind.FILL).sum()) for one in self.batches)


def run(args: argparse.Namespace) -> int:
    report = Report("lots")
    with Step(f"flows of {args.events:,} commands in {args.symbols} instruments, batches of {args.batch}"):
        said = {
            "the usual flow": said_to(orders(flow.generate(args.events, args.symbols).records, ACCOUNTS), args),
            "trades alone": said_to(trades(args.events, args.symbols), args),
        }
    with Step(f"{args.rounds} rounds"):
        figures = interleave({name: partial(seconds, one) for name, one in said.items()}, args.rounds)
    for name, one in said.items():
        each, floor = median(figures[name]) / args.events * 1e9, one.core_s / args.events * 1e9
        share = f"{one.fills / one.events:.0%} of {one.events:,} events are fills"
        per_event = median(figures[name]) / one.events * 1e9
        report.add(Row(name, each, "ns a command", floor, note=f"{share}; {per_event:.1f} ns an event"))
    return report.show(args.json)


def trades(count: int, symbols: int) -> NDArray[Any]:
    """A sell that rests, and a buy that takes it, in turn; each account is now the one and now the other."""
    commands = np.zeros(count, wire.ORDER_COMMAND)
    place = np.arange(count)
    commands["kind"], commands["tif"] = wire.CommandKind.NEW_ORDER, wire.TimeInForce.GTC
    commands["side"] = 1 - place % 2
    commands["account"] = (place * 7 + place // ACCOUNTS) % ACCOUNTS
    commands["instrument"] = place // 2 % symbols
    commands["price"], commands["qty"] = PRICE, 1 + place // 2 % 97
    commands["client_order_id"] = place + 1
    return commands


def said_to(commands: NDArray[Any], args: argparse.Namespace) -> Said:
    """What a core says to them."""
    core = Core()
    opening = number(market(args.symbols, Capacity(instruments=max(8, args.symbols)), ACCOUNTS), 1)
    core.apply(opening.tobytes())
    first, batches, core_s = core.take_events(), [], 0.0
    for start in range(0, len(commands), args.batch):
        part = number(commands[start : start + args.batch], len(opening) + 1 + start).tobytes()
        began_s = time.perf_counter()
        core.apply(part)
        core_s += time.perf_counter() - began_s
        batches.append(core.take_events())
    return Said(first, batches, core.instruments(), core_s)


def seconds(said: Said) -> float:
    """What it takes lots to hear all of it."""
    lots = TaxLots()
    lots.apply(said.opening, lambda: said.instruments)
    began_s = time.perf_counter()
    for events in said.batches:
        lots.apply(events, lambda: said.instruments)
    return time.perf_counter() - began_s
