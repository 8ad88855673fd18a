"""The simulated database against the real one: the same batches through the same sink leave the same rows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from engine.projector.batch import HISTORIES
from engine.projector.sink import COPY_END, COPY_HEAD, KEYS, SPAN, Sink
from engine.projector.source import Source
from engine.simulate.postgres.connection import Failing, SimulatedConnection
from engine.simulate.postgres.database import Database
from engine.simulate.postgres.rows import columns_of_bar, rows_of_copy
from ext.projection import BAR_COLUMNS, OPEN_ORDER_COLUMNS
from tests.engine.markets import Trading
from tests.engine.projector.models import connected
from tests.simulate.worlds import World

PLAIN = ("movements", "operations", "states", "auctions")


class Broken(Exception):
    """What the test has a statement raise."""


class Breaking:
    """A connection of which one statement fails, before it is sent."""

    def __init__(self, connection: Any, at: int) -> None:
        self._connection, self._left = connection, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("execute", "fetchval", "copy_to_table", "copy_records_to_table", "executemany"):
            return found

        async def call(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if not self._left:
                raise Broken
            return await found(*arguments, **options)

        return call


async def copied(connection: Any, table: str, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """A table's rows, as COPY gives them."""
    out = io.BytesIO()
    await connection.copy_from_table(table, output=out, columns=columns, schema_name="openbell", format="binary")
    data = out.getvalue()
    return rows_of_copy(data[len(COPY_HEAD) : -len(COPY_END)], len(columns))


async def content_of(connection: Any) -> dict[str, Any]:
    """What `Database.content` tells, of a real one."""
    found: dict[str, Any] = {}
    for name in KEYS:
        found[name] = [tuple(row) for row in await connection.fetch(f"SELECT * FROM {name}")]
    found["open_orders"] = await copied(connection, "open_orders", OPEN_ORDER_COLUMNS)
    found["bars"] = [columns_of_bar(row) for row in await copied(connection, "bars", BAR_COLUMNS)]
    for name, columns in HISTORIES.items():
        if rows := await copied(connection, f"{name}_p0", columns):
            found[f"{name}_p0"] = rows
    for name in PLAIN:
        if rows := [tuple(row) for row in await connection.fetch(f"SELECT * FROM {name}")]:
            found[name] = rows
    found = {name: sorted(rows, key=repr) for name, rows in found.items()}
    found["watermark"] = list(await connection.fetchrow("SELECT seq, events FROM watermark"))
    return found


@pytest.mark.parametrize("breaks_at", [0, 1, 4, 9])
async def test_the_same_batches_leave_the_same_rows(
    dsn: str, database: Any, data: Path, seed: int, breaks_at: int
) -> None:
    """And where a statement fails in the middle of a transaction, both are as they were before it."""
    market = Trading(data, seed)
    market.trade(300)
    market.trade_specials(80)
    market.trade_linked(40)
    market.stop()
    source = Source(data, 0, b"", SPAN)
    batches = []
    while (batch := source.next(market.seq, 160)) is not None:
        batches.append(batch)
    source.close()
    assert len(batches) > 3

    world = World()
    process = world.process()
    simulated = Database(world.timeline)

    async def simulate() -> None:
        sink = Sink(SimulatedConnection(simulated, lambda: True, lambda statement: None))
        await write_all(sink, batches, breaks_at)

    async with connected(dsn) as connection:
        await write_all(Sink(connection), batches, breaks_at)
        real = await content_of(connection)
    world.do(process, simulate())
    ours = simulated.content()
    assert set(real) == set(ours)
    for name, rows in real.items():
        shown = [tuple(row) if isinstance(row, tuple) else row for row in ours[name]]
        assert shown == [_plain(row) for row in rows], name


def _plain(row: Any) -> Any:
    """asyncpg gives lists of a column's array; the sink was given lists as well."""
    return tuple(row) if isinstance(row, tuple) else row


async def write_all(sink: Sink, batches: list[Any], breaks_at: int) -> None:
    await sink.open(bytes(16))
    for number, batch in enumerate(batches):
        if breaks_at and number == 1:
            connection, sink._connection = sink._connection, Breaking(sink._connection, breaks_at)
            with pytest.raises(Broken):
                await sink.write(batch)
            sink._connection = connection
            assert await sink.watermark() == batch.before_seq
        await sink.write(batch)


def test_a_crash_of_the_server_undoes_the_last_commits_alone() -> None:
    world = World()
    database = Database(world.timeline)
    for number in range(5):
        undo: list[Any] = []
        database.table("t").add([(number,)], undo)
        database.committed(undo)
        world.timeline.now_ns += 60_000_000
    lost = set()
    for _ in range(1):
        database.crash()
        lost.add(database.lost_commits)
    rows = [row[0] for row in database.table("t").rows]
    assert rows == list(range(5 - database.lost_commits))
    assert database.lost_commits <= 3  # older ones were flushed
    assert not database.is_up


async def test_a_commit_whose_answer_was_lost_is_a_commit() -> None:
    world = World()
    process = world.process()
    database = Database(world.timeline)
    database.watermark = {"market_id": bytes(16), "seq": 0, "events": 0, "span": SPAN}

    async def work(after: bool) -> int:
        connection = SimulatedConnection(
            database,
            lambda: True,
            lambda words: Failing(Broken(), is_lost=True, after=after) if words == "COMMIT" else None,
        )
        with pytest.raises(Broken):
            async with connection.transaction():
                await connection.execute("UPDATE watermark SET seq = $1", 7, 0, 3, 0)
        assert database.watermark is not None
        return int(database.watermark["seq"])

    assert world.do(process, work(False)) == 0
    assert world.do(process, work(True)) == 7
