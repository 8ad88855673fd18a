"""[market], [capacity], [breakers]: the market as a whole."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from engine.config.table import MAX_COUNT, Name, Section

NEVER: Final = "never"  # of day_end
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|never)$")]


class MarketSection(Section, frozen=True):
    """[market]. day_end: when DAY orders end, HH:MM UTC, or "never". memory_at_start: all that the capacities need is
    taken from the system then, so that no order waits for it later; else as it is used. rule201: short sales are
    restricted after a fall."""

    name: Name = "openbell"
    durability: Literal["fsync", "memory"] = "fsync"
    day_end: TimeOfDay = "00:00"
    memory_at_start: bool = True
    rule201: bool = False


class Capacity(Section, frozen=True):
    """[capacity]: sizes of the core's pools, see docs/core.md, CONFIGURE. They can be raised later, not lowered.

    timers: guards of orders, see docs/disconnect.md, SET_TIMERS. desks, limits: how many desks, and accounts with
    limits, there may be, see docs/desks.md.
    """

    accounts: Annotated[int, Meta(ge=1, le=1 << 24)] = 65_536
    instruments: Annotated[int, Meta(ge=1, le=1 << 24)] = 4_096
    orders: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1_000_000
    pages: Annotated[int, Meta(ge=1, le=1 << 25)] = 65_536
    positions: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 262_144
    id_window: Annotated[int, Meta(ge=1, le=1 << 28)] = 1_000_000
    window_pages: Annotated[int, Meta(ge=2, le=4096)] = 64
    amendments: Annotated[int, Meta(ge=0, le=1 << 16)] = 4_096
    timers: Annotated[int, Meta(ge=0, le=1 << 20)] = 65_536
    desks: Annotated[int, Meta(ge=0, le=65_535)] = 256
    limits: Annotated[int, Meta(ge=0, le=1 << 24)] = 4_096


class Breakers(Section, frozen=True):
    """[breakers]: halts of the whole market. index: symbols whose fall begins one; empty: there are none.
    reopening_call_s: so long orders are collected after one, for the auction that reopens."""

    index: list[Name] = msgspec.field(default_factory=list)
    reopening_call_s: Annotated[int, Meta(ge=1, le=3_600)] = 300
