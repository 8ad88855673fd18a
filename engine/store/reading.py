"""To look at a market's read models: a connection to its database, whether the market runs or not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from engine.journal import segment
from engine.lock import MarketLock, holder
from engine.store.database import EMBEDDED, check, redacted
from engine.store.embedded import EmbeddedPostgres, StoreError
from engine.store.migrate import SCHEMA, migrations

CONNECT_TIMEOUT_S = 10.0
NONE_THERE = "it has no read models: `openbell project` makes them from the journal"


@asynccontextmanager
async def reading(data: Path, dsn: str) -> AsyncIterator[Any]:
    """A connection that sees all as of one moment and changes nothing, for as long as it is open.

    `dsn` "embedded": the server of the market in `data`, which is started for that while where the market does not run.
    Raises StoreError, InUse, JournalError.
    """
    segment.required(data / "journal")
    if dsn != EMBEDDED:
        await check(dsn)
        async with _connected(dsn) as connection:
            yield connection
        return
    server = EmbeddedPostgres(data / "postgres")
    if not server.cluster.exists():
        raise StoreError(
            f"{data / 'postgres'}: there is no database: `openbell project` makes it; of a market with another one "
            "tell where it is with --dsn"
        )
    if holder(data) is not None:
        async with _connected(server.reach()) as connection:
            yield connection
        return
    with MarketLock(data):
        try:
            async with _connected(await server.start()) as connection:
                yield connection
        finally:
            await server.stop()


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Any]:
    where = redacted(dsn)
    try:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_TIMEOUT_S, server_settings={"search_path": SCHEMA, "timezone": "UTC"}
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"postgres.dsn: cannot connect to {where}: {error or type(error).__name__}") from error
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await _check(connection, where)
            yield connection
    finally:
        connection.terminate()


async def _check(connection: Any, where: str) -> None:
    """See that the read models are there, and as this program makes them."""
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", f"{SCHEMA}.migrations"):
        raise StoreError(f"the database at {where}: {NONE_THERE}")
    number = await connection.fetchval("SELECT max(number) FROM migrations")
    newest = migrations()[-1].number
    if number != newest:
        raise StoreError(
            f"the database at {where} has migration {number}, this program {newest}: "
            + ("use a newer program" if number > newest else "a start of the market or `openbell project` brings it up")
        )
    if await connection.fetchval("SELECT count(*) FROM watermark") == 0:
        raise StoreError(f"the database at {where}: {NONE_THERE}")
