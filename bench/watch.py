"""`openbell bench watch`: what a batch costs the watch over prices, with bands in all instruments, in one, in none.

The floor is the feed, which goes through the same records to number them, as it does in every market. The core's own
work is in neither.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.harness.commands import START_NS, Capacity, market, number, orders
from bench.harness.rounds import interleave, median
from bench.table import Report, Row
from engine.sessions.schedule import Timeline
from engine.volatility.bands import Tier
from engine.volatility.hours import RegularHours
from engine.volatility.orders import Order
from engine.volatility.wanted import Wanted
from engine.volatility.watch import Watch
from ext.core import Core
from ext.feed import Feed
from tools.steps import Step

BATCH_NS = 100_000  # from one batch to the next
SECOND_NS = 10**9
LOOKS = 25  # within the 30 s in which a reference price stays


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=200_000, help="length of the flow (default 200,000)")
    parser.add_argument("--symbols", type=int, default=20, help="instruments (default 20)")
    parser.add_argument("--batch", type=int, default=256, help="commands in a batch (default 256)")
    parser.add_argument("--rounds", type=int, default=5, help="times that each is measured (default 5)")


def run(args: argparse.Namespace) -> int:
    report = Report("watch")
    with Step(f"flow of {args.events:,} events in {args.symbols} instruments, batches of {args.batch}"):
        core, batches = applied(args.events, args.symbols, args.batch)
    symbols = [f"S{one}" for one in range(args.symbols)]

    def of(tiers: list[str], *, rule201: bool = False) -> Callable[[], float]:
        wanted = Wanted(dict.fromkeys(tiers, Tier.ONE), frozenset(), 300, rule201, {})
        return lambda: seconds(batches, watch_of(core, wanted).see)

    contenders = {
        f"bands in all {args.symbols}": of(symbols),
        "bands in one": of(symbols[:1]),
        "rule201 alone": of([], rule201=True),
    }
    with Step(f"{args.rounds} rounds"):
        figures = interleave(
            {
                **contenders,
                "feed": lambda: seconds(batches, Feed(1000).add),
                "look": lambda: looks(core, symbols, batches),
            },
            args.rounds,
        )
    floor = median(figures["feed"]) / len(batches) * 1e6
    for name in contenders:
        each = median(figures[name]) / len(batches) * 1e6
        report.add(Row(name, each, "us a batch", floor, note=f"{each / args.batch * 1000:.1f} ns a command"))
    look = median(figures["look"]) * 1e6
    report.add(Row("each second", look, "us", note=f"a look at {args.symbols} instruments with bands that trade"))
    return report.show(args.json)


def applied(events: int, symbols: int, batch: int) -> tuple[Core, list[bytes]]:
    """A core that the flow was applied to, and the market data of each batch."""
    core, capacity = Core(), Capacity(instruments=max(8, symbols))
    opening = number(market(symbols, capacity), 1)
    core.apply(opening.tobytes(), True)
    core.take_events()
    core.take_market_data()
    commands, batches = orders(flow.generate(events, symbols).records), []
    for place, start in enumerate(range(0, events, batch)):
        part = number(commands[start : start + batch], len(opening) + 1 + start, START_NS + place * BATCH_NS)
        core.apply(part.tobytes(), True)
        core.take_events()
        batches.append(core.take_market_data())
    return core, batches


def watch_of(core: Core, wanted: Wanted) -> Watch:
    """One that watches this core's instruments."""
    made = Watch(wanted, RegularHours(Timeline([])), print)
    made.attach(core, Feed(1000))
    return made


def seconds(batches: list[bytes], see: Callable[[bytes], object]) -> float:
    """For all of them."""
    began_s = time.perf_counter()
    for data in batches:
        see(data)
    return time.perf_counter() - began_s


def looks(core: Core, symbols: list[str], batches: list[bytes]) -> float:
    """One look at all instruments, which traded in the last minutes, and whose bands stay as they are."""
    watch = watch_of(core, Wanted(dict.fromkeys(symbols, Tier.ONE), frozenset(), 300, False, {}))
    for data in batches:
        watch.see(data)
    first_ns = core.ts_ns + SECOND_NS
    bands = table_of_commands(watch.look(first_ns, everywhere=True))
    core.apply(number(bands, core.seq + 1, first_ns).tobytes(), True)
    core.take_events()
    watch.see(core.take_market_data())
    began_s = time.perf_counter()
    for second in range(1, LOOKS + 1):
        if watch.look(first_ns + second * SECOND_NS, everywhere=True):
            raise RuntimeError("bands moved while nobody traded")
    return (time.perf_counter() - began_s) / LOOKS


def table_of_commands(made: list[Order]) -> NDArray[Any]:
    """As an array of AdminCommands."""
    return np.frombuffer(b"".join(order.command for order in made), wire.ADMIN_COMMAND).copy()
