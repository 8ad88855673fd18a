"""A connection as asyncpg's, for the sink: its statements are known by their beginnings, all others are refused."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final

import asyncpg

from engine.projector.sink import COPY_END, COPY_HEAD, KEYS
from engine.simulate.postgres.database import Database, Row, Undo, roll_back
from engine.simulate.postgres.rows import columns_of_bar, merged_bar, number_of, rows_of_copy, shown_order, updated
from engine.store.migrate import migrations
from ext.projection import BAR_COLUMNS, OPEN_ORDER_COLUMNS

STATEMENT_S: Final = 0.0003
NOTICE_S: Final = 0.05  # until the server knows that a client is gone
GONE: Final = "connection was closed in the middle of operation"


class UnknownStatement(Exception):
    """The sink, or the lease, has come to ask what nothing here answers: a fault of the simulation, not of them."""

    def __init__(self, statement: str) -> None:
        super().__init__(f"the simulated database does not know: {statement[:200]}")


class Failing(Exception):
    """What a fault makes of a statement. error: raised; is_lost: the connection is lost with it; after: the statement
    is done all the same."""

    def __init__(self, error: Exception, *, is_lost: bool = False, after: bool = False) -> None:
        super().__init__()
        self.error, self.is_lost, self.after = error, is_lost, after


class SimulatedConnection:
    """One client's connection. `meddle`: asked before each statement what a fault makes of it."""

    def __init__(
        self, database: Database, is_alive: Callable[[], bool], meddle: Callable[[str], Failing | None]
    ) -> None:
        self._database = database
        self._is_alive = is_alive
        self._meddle = meddle
        self._generator: random.Random = database.generator
        self._is_lost = False
        self._listeners: list[Callable[[object], object]] = []
        self._temporary: dict[str, list[Row]] = {}
        self.undo: list[Undo] | None = None  # of the transaction that is under way
        database.connections.append(self)

    # ------------------------------------------------------------ its life

    def lose(self) -> None:
        """It is gone: what was under way is undone, whoever waits gets an error."""
        if self._is_lost:
            return
        self._is_lost = True
        if self._is_alive():
            for listener in list(self._listeners):
                listener(self)
        self.end()

    def end(self) -> None:
        """The server notices that it is gone."""
        if self in self._database.connections:
            self._database.connections.remove(self)
        if self.undo is not None:
            roll_back(self.undo)
            self.undo = None
        if self._database.holder is self:
            self._database.holder = None

    def terminate(self) -> None:
        """As asyncpg's."""
        self._is_lost = True
        self.end()

    def add_termination_listener(self, listener: Callable[[object], object]) -> None:
        self._listeners.append(listener)

    def remove_termination_listener(self, listener: Callable[[object], object]) -> None:
        self._listeners.remove(listener)

    async def pause(self, statement: str) -> None:
        """A statement is sent: time passes, and it may not come to it. Raises asyncpg's errors."""
        failing = self.ask(statement)
        await self.wait()
        if failing is not None:
            self.fail(failing)

    def ask(self, statement: str) -> Failing | None:
        """What a fault makes of this statement."""
        self._check()
        return self._meddle(statement)

    async def wait(self) -> None:
        """As long as a statement takes."""
        share = 0.5 + self._generator.random()
        await asyncio.sleep(STATEMENT_S * share * self._database.slowness)
        self._check()

    def fail(self, failing: Failing) -> None:
        """Raise what the fault gives."""
        if failing.is_lost:
            self.lose()
        raise failing.error

    def _check(self) -> None:
        if self._is_lost:
            raise asyncpg.ConnectionDoesNotExistError(GONE)

    # ------------------------------------------------------------ transactions

    def transaction(self) -> Transaction:
        return Transaction(self)

    def commit(self) -> None:
        """Of the transaction that is under way."""
        assert self.undo is not None
        undo, self.undo = self.undo, None
        self._temporary.clear()
        self._database.committed(undo)

    def _change(self) -> list[Undo]:
        """Where to put how a change is undone; outside of a transaction it is one of its own."""
        if self.undo is not None:
            return self.undo
        undo: list[Undo] = []
        self._database.committed(undo)
        return undo

    # ------------------------------------------------------------ statements

    async def execute(self, statement: str, *values: Any) -> str:
        await self.pause(statement)
        words = " ".join(statement.split())
        if words.startswith("UPDATE watermark"):
            return self._move_watermark(*values)
        if words.startswith(("UPDATE openbell_lease.", "INSERT INTO openbell_lease.")):
            return self._database.lease.execute(words, values)
        if words.startswith("INSERT INTO watermark"):
            mark = {"market_id": values[0], "seq": 0, "events": 0, "span": values[1]}
            self._database.set_watermark(mark, self._change())
        elif words.startswith("DELETE FROM open_orders o USING gone_orders"):
            for row in self._temporary.get("gone_orders", []):
                self._database.keyed["open_orders"].put(row, None, self._change())
        elif words.startswith("UPDATE open_orders o SET"):
            self._update_orders()
        elif words.startswith("INSERT INTO bars"):
            self._merge_bars()
        elif words.startswith("INSERT INTO ") and " SELECT * FROM new_" in words:
            self._merge(words.split()[2])
        elif words.startswith("DELETE FROM ") and len(words.split()) == 3:
            table = self._database.keyed[words.split()[2]]
            for key in list(table.rows):
                table.put(key, None, self._change())
        elif words.startswith("CREATE TABLE ") and " PARTITION OF " in words:
            self._make_partition(words.split()[2])
        elif not words.startswith(("SET ", "CREATE ", "SELECT pg_advisory_xact_lock")):
            raise UnknownStatement(words)
        return ""

    async def executemany(self, statement: str, rows: Iterable[Row]) -> None:
        await self.pause(statement)
        words = statement.split()
        if words[:2] == ["DELETE", "FROM"] and words[2] in KEYS:
            for key in rows:
                self._database.keyed[words[2]].put(tuple(key), None, self._change())
        elif words[:3] != ["INSERT", "INTO", "codes"]:
            raise UnknownStatement(statement)

    async def fetchval(self, statement: str, *values: Any) -> Any:
        await self.pause(statement)
        words = " ".join(statement.split())
        if words.startswith("SELECT pg_try_advisory_lock"):
            if self._database.holder is None:
                self._database.holder = self
            return self._database.holder is self
        if words == "SELECT to_regclass($1) IS NULL" and values[0].startswith("openbell_lease."):
            return False
        if words == "SELECT to_regclass($1) IS NULL":
            return values[0].partition(".")[2] not in self._database.partitions
        if words == "SELECT to_regclass($1) IS NOT NULL":
            return values[0].partition(".")[2] in self._database.partitions
        if words == "SELECT seq FROM watermark":
            return None if self._database.watermark is None else self._database.watermark["seq"]
        if words.startswith("SELECT max(number) FROM"):
            numbers = [
                int(name.rpartition("_p")[2]) for name in self._database.partitions if name.startswith("fills_p")
            ]
            return max((number for number in numbers if number < values[0]), default=None)
        raise UnknownStatement(words)

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        await self.pause(statement)
        if "FROM openbell_lease.lease" in statement:
            return self._database.lease.read(values[0])
        if statement == "SELECT market_id, seq, span FROM watermark":
            return None if self._database.watermark is None else dict(self._database.watermark)
        raise UnknownStatement(statement)

    async def fetch(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        await self.pause(statement)
        if statement.startswith("SELECT number, name, checksum FROM migrations"):
            return [{"number": one.number, "name": one.name, "checksum": one.checksum} for one in migrations()]
        if "information_schema.columns" in statement:
            return [{"column_name": name} for name in (*KEYS[values[1]], "others")]
        if statement.endswith("FROM open_orders"):
            return [shown_order(row) for row in self._database.keyed["open_orders"].rows.values()]
        raise UnknownStatement(statement)

    # ------------------------------------------------------------ COPY

    async def copy_to_table(
        self, table: str, *, source: AsyncIterable[bytes], columns: Sequence[str], schema_name: str, **binary: str
    ) -> None:
        await self.pause(f"COPY {table}")
        parts = []
        async for part in source:
            await self.pause(f"COPY {table}")
            parts.append(part)
        data = b"".join(parts)
        if not (data.startswith(COPY_HEAD) and data.endswith(COPY_END)):
            raise asyncpg.BadCopyFileFormatError("COPY file signature not recognized")
        rows = rows_of_copy(data[len(COPY_HEAD) : -len(COPY_END)], len(columns))
        if schema_name == "pg_temp":
            self._temporary.setdefault(table, []).extend(rows)
        elif table == "open_orders":
            for row in rows:
                key = (row[OPEN_ORDER_COLUMNS.index("order_id")],)
                if key in self._database.keyed[table].rows:
                    raise asyncpg.UniqueViolationError(f"order {number_of(key[0])} is there already")
                self._database.keyed[table].put(key, row, self._change())
        else:
            if table not in self._database.partitions:
                raise asyncpg.UndefinedTableError(f'relation "{table}" does not exist')
            self._database.table(table).add(rows, self._change())

    async def copy_records_to_table(self, table: str, *, records: Iterable[Row], schema_name: str) -> None:
        await self.pause(f"COPY {table}")
        rows = [tuple(row) for row in records]
        if schema_name == "pg_temp":
            self._temporary.setdefault(table, []).extend(rows)
        else:
            self._database.table(table).add(rows, self._change())

    # ------------------------------------------------------------ what statements do

    def _move_watermark(self, seq: int, ts_us: int, events: int, before_seq: int) -> str:
        mark = self._database.watermark
        if mark is None or mark["seq"] != before_seq:
            return "UPDATE 0"
        self._database.set_watermark({**mark, "seq": seq, "events": mark["events"] + events}, self._change())
        return "UPDATE 1"

    def _make_partition(self, name: str) -> None:
        partitions = self._database.partitions
        if name in partitions:
            raise asyncpg.DuplicateTableError(f'relation "{name}" already exists')
        partitions.add(name)
        self._change().append(lambda: partitions.discard(name))

    def _update_orders(self) -> None:
        orders = self._database.keyed["open_orders"]
        for row in self._temporary.get("changed_orders", []):
            key = (row[OPEN_ORDER_COLUMNS.index("order_id")],)
            before = orders.rows.get(key)
            if before is not None:
                orders.put(key, updated(before, row), self._change())

    def _merge(self, table: str) -> None:
        keys = len(KEYS[table])
        seen = set()
        for row in self._temporary.get(f"new_{table}", []):
            if row[:keys] in seen:
                raise asyncpg.CardinalityViolationError("ON CONFLICT DO UPDATE command cannot affect row a second time")
            seen.add(row[:keys])
            self._database.keyed[table].put(row[:keys], row, self._change())

    def _merge_bars(self) -> None:
        bars = self._database.keyed["bars"]
        instrument, minute = BAR_COLUMNS.index("instrument"), BAR_COLUMNS.index("minute")
        for row in self._temporary.get("new_bars", []):
            key = row[instrument], row[minute]
            before = bars.rows.get(key)
            bars.put(key, columns_of_bar(row) if before is None else merged_bar(before, row), self._change())


class Transaction:
    """As asyncpg's, in `async with`."""

    def __init__(self, connection: SimulatedConnection) -> None:
        self._connection = connection

    async def __aenter__(self) -> Transaction:
        await self._connection.pause("BEGIN")
        if self._connection.undo is not None:
            raise UnknownStatement("BEGIN within a transaction")
        self._connection.undo = []
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._connection
        if error is not None:
            if connection.undo is not None:
                roll_back(connection.undo)
                connection.undo = None
            return
        failing = connection.ask("COMMIT")
        await connection.wait()
        if failing is not None and not failing.after:
            connection.fail(failing)
        connection.commit()
        if failing is not None:
            connection.fail(failing)
