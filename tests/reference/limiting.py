"""What a swarm's operators do about docs/bands.md: bands around the market, short sales, ticks by price."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell import wire
from openbell.wire import CommandKind

from tests.reference import commands as ask
from tests.reference.books import Instrument
from tests.reference.commands import Command

USUAL = {"bands": 0.6, "short_sale": 0.3, "ticks": 0.2}


def bands(random: Random, number: int, known: Instrument | None, bad: bool, **fields: Any) -> Command:
    """Mostly near the reference price, on a tick or between two; or none any more."""
    tick, reference = (known.tick_size, known.reference_price) if known else (1, 0)
    reference = reference or 1000 * tick
    below, above = random.choice((1, 2, 4, 8, 30)) * tick, random.choice((1, 2, 4, 8, 30)) * tick
    between = random.choice((0, 0, 1))
    values = [max(1, reference - below - between), min(wire.MAX_PRICE, reference + above + between), reference]
    if random.random() < 0.05:
        values[:2] = random.choice(((1, 1), (wire.MAX_PRICE, wire.MAX_PRICE), (1, max(1, tick - 1))))
    if random.random() < 0.25:
        values[:2] = [0, 0]
    if bad:
        values[random.randrange(3)] = random.choice((0, -1, wire.MAX_PRICE + 1))
    return ask.command(CommandKind.SET_BANDS, *values, instrument=number, **fields)


def short_sale(random: Random, number: int, bad: bool, **fields: Any) -> Command:
    value = random.choice((2, -1)) if bad else random.randrange(2)
    return ask.command(CommandKind.SET_SHORT_SALE, value, instrument=number, **fields)


def ticks(random: Random, number: int, known: Instrument | None, bad: bool, **fields: Any) -> Command:
    """One to four steps, the second near the market; or none any more."""
    tick, reference = (known.tick_size, known.reference_price) if known else (1, 0)
    values, begin, step = [], 0, tick
    for place in range(random.choice((1, 2, 3, 4, 4) if bad else (0, 1, 2, 2, 3, 4))):
        if place:
            before, step = step, step * random.choice((1, 2, 5))
            wanted = (reference or 1000 * tick) if place == 1 else begin + random.choice((1, 9, 99)) * step
            begin = max(begin // step + 1, wanted // step) * step
            begin += -begin % before
        values += [begin, step]
    if bad and values:
        values[random.randrange(len(values))] += random.choice((1, -1, 1 << 41))
    return ask.command(CommandKind.SET_TICKS, *values, instrument=number, **fields)
