"""[journal], [history], [snapshots], [depth], [postgres]: what is kept, and what is shown of it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from engine.config.table import Section

EMBEDDED_POSTGRES: Final = "embedded"
NO_POSTGRES: Final = "none"


class Journal(Section, frozen=True):
    """[journal]. pending_bytes: orders are refused ("overloaded") while more waits for the disk."""

    segment_bytes: Annotated[int, Meta(ge=1 << 20, le=1 << 34)] = 64 << 20
    pending_bytes: Annotated[int, Meta(ge=1 << 16, le=1 << 34)] = 64 << 20


class History(Section, frozen=True):
    """[history]: what is kept to resume from: events of all accounts together, trades, bars. bars_of_each: the last
    bars of each instrument and period, for those who come later."""

    events: Annotated[int, Meta(ge=1 << 10, le=1 << 32)] = 1_000_000
    trades: Annotated[int, Meta(ge=1, le=1 << 30)] = 100_000
    bars: Annotated[int, Meta(ge=1, le=1 << 30)] = 100_000
    bars_of_each: Annotated[int, Meta(ge=1, le=100_000)] = 60


class DepthClass(Section, frozen=True):
    """A [depth.N]: channel N of market data shows so many of the best levels a side, at most once an interval."""

    levels: Annotated[int, Meta(ge=1, le=1_000)] = 10
    interval_ms: Annotated[int, Meta(ge=10, le=60_000)] = 100


class Depth(Section, frozen=True):
    """[depth]: the classes of subscribers to conflated depth, by channel. None: there is no such class."""

    class_1: DepthClass | None = msgspec.field(default=DepthClass(), name="1")
    class_2: DepthClass | None = msgspec.field(default=DepthClass(levels=5, interval_ms=1_000), name="2")
    class_3: DepthClass | None = msgspec.field(default=None, name="3")
    class_4: DepthClass | None = msgspec.field(default=None, name="4")


class Snapshots(Section, frozen=True):
    """[snapshots]: the state is saved after so many commands, or so many seconds in which there was one. 0: not so.
    beside: by a process of its own, which has the state a second time while it does so."""

    every_commands: Annotated[int, Meta(ge=0, le=1 << 40)] = 2_000_000
    every_s: Annotated[float, Meta(ge=0, le=86400 * 30)] = 600.0
    beside: bool = True


class Postgres(Section, frozen=True):
    """[postgres]. dsn: "embedded", "none", or postgresql://... port, system_user: of the embedded server."""

    dsn: str = EMBEDDED_POSTGRES
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    system_user: str = "nobody"


def no_database(dsn: str) -> str | None:
    """What names no database. The text given is not shown: a password may be in it."""
    if dsn in (EMBEDDED_POSTGRES, NO_POSTGRES) or dsn.startswith(("postgresql://", "postgres://")):
        return None
    return f'postgres.dsn: expected "{EMBEDDED_POSTGRES}", "{NO_POSTGRES}" or postgresql://USER:PASSWORD@HOST/DATABASE'
