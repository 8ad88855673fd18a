"""Tables, transactions, and what a crash of the server leaves.

Commits are asynchronous (`synchronous_commit` off, as the sink has it): the last ones are lost with the server. Each
change says how it is undone; a transaction that does not end well, and a lost commit, are undone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from engine.projector.sink import KEYS
from engine.simulate.world.timeline import MS, Timeline

FLUSH_NS: Final = 200 * MS  # until a commit is on the server's disk
Row = tuple[Any, ...]
Undo = Callable[[], None]


class Table:
    """Rows without a key: `rows` in the order in which they came."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def add(self, rows: list[Row], undo: list[Undo]) -> None:
        length = len(self.rows)
        self.rows += rows

        def back() -> None:
            del self.rows[length:]

        undo.append(back)


class KeyedTable:
    """Rows by their key."""

    def __init__(self) -> None:
        self.rows: dict[Row, Row] = {}

    def put(self, key: Row, row: Row | None, undo: list[Undo]) -> None:
        """Set a row; None: it goes."""
        before = self.rows.get(key)
        if row is None:
            self.rows.pop(key, None)
        else:
            self.rows[key] = row

        def back() -> None:
            if before is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = before

        undo.append(back)


class LeaseTable:
    """The table of engine/standby/lease, whose commits are synchronous: none is ever lost. Rows by market: epoch,
    holder, address, renewals, lease_ms, seq, heir."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Row] = {}
        self.on_change: Callable[[], None] = lambda: None

    def read(self, market: bytes) -> Row | None:
        return self.rows.get(market)

    def execute(self, words: str, values: Row) -> str:
        """One of its statements: what PostgreSQL answers."""
        done = self._execute(words, values)
        self.on_change()
        return done

    def _execute(self, words: str, values: Row) -> str:
        market, epoch, holder = values[:3]
        row = self.rows.get(market)
        if words.startswith("INSERT"):
            if row is not None:
                return "INSERT 0 0"
            self.rows[market] = (epoch, holder, values[3], 0, values[4], 0, values[5])
            return "INSERT 0 1"
        if row is None:
            return "UPDATE 0"
        if "SET epoch = $2" in words:
            if (row[0], row[3]) != values[-2:]:
                return "UPDATE 0"
            self.rows[market] = (epoch, holder, values[3], row[3] + 1, values[4], row[5], values[5])
            return "UPDATE 1"
        if (row[0], row[1]) != (epoch, holder):
            return "UPDATE 0"
        if "holder = ''" in words:
            self.rows[market] = (row[0], "", row[2], row[3] + 1, row[4], values[3], values[4])
        else:
            self.rows[market] = (row[0], row[1], values[3], row[3] + 1, row[4], values[4], values[5])
        return "UPDATE 1"


class Database:
    """One server. `is_up`; `holder`: the connection that has the projector's lock; `watermark`: market id, seq, events
    and span, or None before the first projector."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.generator: random.Random = timeline.random("database")
        self.is_up = True
        self.slowness = 1.0
        self.holder: object | None = None
        self.watermark: dict[str, Any] | None = None
        self.keyed: dict[str, KeyedTable] = {name: KeyedTable() for name in (*KEYS, "open_orders", "bars")}
        self.plain: dict[str, Table] = {}
        self.partitions: set[str] = set()
        self.connections: list[Any] = []
        self.lease = LeaseTable()
        self.commits = self.lost_commits = 0
        self._unflushed: list[tuple[int, list[Undo]]] = []

    def table(self, name: str) -> Table:
        """A table without a key, made where there is none."""
        return self.plain.setdefault(name, Table())

    def set_watermark(self, values: dict[str, Any], undo: list[Undo]) -> None:
        """Another watermark."""
        before = self.watermark
        self.watermark = values

        def back() -> None:
            self.watermark = before

        undo.append(back)

    def committed(self, undo: list[Undo]) -> None:
        """A transaction has ended well."""
        self.commits += 1
        now_ns = self.timeline.now_ns
        self._unflushed = [one for one in self._unflushed if one[0] > now_ns - FLUSH_NS]
        self._unflushed.append((now_ns, undo))
        self.timeline.trace(f"database commit {None if self.watermark is None else self.watermark['seq']}")

    @property
    def is_busy(self) -> bool:
        """A transaction is under way: what it has done shows here, and may be undone."""
        return any(one.undo is not None for one in self.connections)

    def crash(self) -> None:
        """The server dies: transactions under way are gone, and some of the last commits."""
        self.stop()
        now_ns = self.timeline.now_ns
        young = [undo for at_ns, undo in self._unflushed if at_ns > now_ns - FLUSH_NS]
        lost = self.generator.randint(0, len(young))
        for undo in reversed(young[len(young) - lost :]):
            roll_back(undo)
        self.lost_commits += lost
        self._unflushed = []
        self.timeline.trace(f"database crash, {lost} commits lost")

    def stop(self) -> None:
        """Nobody is connected any more, nobody can be."""
        self.is_up = False
        for connection in list(self.connections):
            connection.lose()
        self.holder = None

    def content(self) -> dict[str, Any]:
        """All that it holds, to be compared: rows sorted."""
        found: dict[str, Any] = {name: sorted(table.rows.values(), key=repr) for name, table in self.keyed.items()}
        found |= {name: sorted(table.rows, key=repr) for name, table in self.plain.items() if table.rows}
        mark = self.watermark or {}
        found["watermark"] = [mark.get("seq"), mark.get("events")]
        return found


def roll_back(undo: list[Undo]) -> None:
    """Undo changes, the last one first."""
    for one in reversed(undo):
        one()
    undo.clear()
