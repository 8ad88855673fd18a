"""Writes batches to PostgreSQL, each in one transaction with the watermark: all of it is there, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np

from engine.projector.batch import HISTORIES, Batch, Change, Row
from engine.store.embedded import StoreError
from engine.store.migrate import SCHEMA, migrate
from engine.world import here
from ext.projection import BAR_COLUMNS, LIVE_DTYPE, OPEN_ORDER_COLUMNS

SPAN = 1 << 20  # commands in a partition of the histories
COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"
SEND_BYTES = 1 << 18
LOCK = 0x70726F6A656374  # the bytes "project": one projector a database
LOCK_PATIENCE_S = 10.0  # a server notices a while later that a projector was killed
# Indexes of a partition, built when it is full or when the projector has caught up: an index that grows with random
# keys costs more than the row itself, one that is built at once a quarter of it.
INDEXES = {
    "fills": {"account": "(account, seq)", "trades": "(instrument, seq) WHERE NOT maker"},
    "closed_orders": {"account": "(account, seq)", "order": "(order_id)"},
    "rejects": {"account": "(account, seq)"},
    "order_events": {"order": "(order_id)"},
    "transfers": {"payer": "(payer, seq) WHERE payer IS NOT NULL", "payee": "(payee, seq) WHERE payee IS NOT NULL"},
}
PARTITION_BEFORE = f"""
SELECT max(number) FROM (
    SELECT substring(c.relname FROM '\\d+$')::bigint AS number FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = '{SCHEMA}.fills'::regclass
) WHERE number < $1"""
# The minutes of trades that were busted or corrected, from the trades that stand. A minute whose trades are all void
# has no bar; where its partition was dropped the bar stays as it is.
BARS_ANEW = """
WITH minutes AS (
    SELECT DISTINCT instrument, date_trunc('minute', trade_ts) AS minute FROM amendments WHERE seq > $1 AND seq <= $2
), standing AS (
    SELECT m.instrument, m.minute, f.trade_id, coalesce(s.qty, f.qty) AS qty,
           CASE WHEN s.status IS NULL THEN f.price ELSE s.price END AS price
    FROM minutes m
    JOIN fills f ON f.instrument = m.instrument AND f.ts >= m.minute AND f.ts < m.minute + interval '1 minute'
                AND NOT f.maker AND (NOT f.auction OR f.side = 0)
    LEFT JOIN standings s ON s.instrument = f.instrument AND s.trade_id = f.trade_id
), sums AS (
    SELECT instrument, minute,
           (array_agg(price ORDER BY trade_id) FILTER (WHERE qty > 0))[1] AS open,
           max(price) FILTER (WHERE qty > 0) AS high, min(price) FILTER (WHERE qty > 0) AS low,
           (array_agg(price ORDER BY trade_id DESC) FILTER (WHERE qty > 0))[1] AS close,
           coalesce(sum(qty), 0)::bigint AS volume, coalesce(sum(price::numeric * qty), 0)::bigint AS value,
           count(*) FILTER (WHERE qty > 0) AS trades
    FROM standing GROUP BY instrument, minute
), changed AS (
    UPDATE bars b SET open = s.open, high = s.high, low = s.low, close = s.close, volume = s.volume, value = s.value,
           trades = s.trades
    FROM sums s WHERE b.instrument = s.instrument AND b.minute = s.minute AND s.trades > 0
)
DELETE FROM bars b USING sums s WHERE b.instrument = s.instrument AND b.minute = s.minute AND s.trades = 0"""
# Tables whose rows come with what happened, and stay as they are.
APPENDED = (
    "movements", "operations", "auctions", "states", "amendments", "settlements", "risk_levels", "limit_warnings",
    "cash_violations", "cash_restrictions", "day_trades", "day_trader_lifts",
)  # fmt: skip
# Tables of the present: rows that changed are merged by their keys.
KEYS = {
    "instruments": ("instrument",),
    "accounts": ("account",),
    "positions": ("account", "instrument"),
    "house_balances": ("currency", "house"),
    "withdrawals": ("account", "number"),
    "fee_plans": ("plan", "component"),
    "margins": ("instrument",),
    "desks": ("desk",),
    "members": ("account",),
    "limits": ("of_desk", "holder", "kind"),
    "keys": ("key",),
    "key_limits": ("key", "kind"),
    "lendings": ("instrument",),
    "located": ("account", "instrument"),
    "interest_rates": ("currency",),
    "dividends_due": ("account", "instrument"),
    "cash_accounts": ("account",),
    "day_traders": ("account",),
}


class Sink:
    """The read models of one market in one database. All methods raise asyncpg's errors and OSError."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._partitions: set[int] = set()
        self._indexed: set[int] = set()
        self._columns: dict[str, list[str]] = {}
        self.span = SPAN

    async def open(self, market_id: bytes) -> int:
        """Take the database for this projector and bring its schema up to date; the watermark.

        Raises StoreError when another projector has it, or when it is of another market.
        """
        await self.claim()
        await migrate(self._connection)
        await self._connection.execute(f"SET search_path TO {SCHEMA}")
        row = await self._connection.fetchrow("SELECT market_id, seq, span FROM watermark")
        if row is None:
            await self._connection.execute(
                "INSERT INTO watermark (market_id, seq, ts, events, span, written_at) "
                "VALUES ($1, 0, to_timestamp(0), 0, $2, now())",
                market_id,
                SPAN,
            )
            row = {"market_id": market_id, "seq": 0, "span": SPAN}
        if row["market_id"] != market_id:
            raise StoreError(
                f"the database has the read models of market {row['market_id'].hex()}, this is {market_id.hex()}: give "
                "another database, or replace what it has with `openbell project --rebuild`"
            )
        self.span = row["span"]
        await self._prepare_session()
        return int(row["seq"])

    async def claim(self) -> None:
        """Take the lock that one projector has. Raises StoreError when another one keeps it."""
        deadline_s = here.clock.monotonic() + LOCK_PATIENCE_S
        while not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            if here.clock.monotonic() > deadline_s:
                raise StoreError("another projector writes to this database")
            await asyncio.sleep(0.1)

    async def open_orders(self) -> bytes:
        """The open orders of the database as LIVE_DTYPE records."""
        microseconds = "(extract(epoch FROM {0}) * 1000000)::bigint AS {0}"
        columns = [microseconds.format(name) if name in ("accepted_ts", "ts") else name for name in OPEN_ORDER_COLUMNS]
        rows = await self._connection.fetch(f"SELECT {', '.join(columns)} FROM open_orders")
        records = np.zeros(len(rows), LIVE_DTYPE)
        for name in OPEN_ORDER_COLUMNS:
            values = np.array([row[name] or 0 for row in rows], np.int64)  # none: 0
            if name in ("accepted_ts", "ts"):
                records[f"{name}_ns"] = values * 1000
            else:
                records[name] = values
        return records.tobytes()

    async def write(self, batch: Batch) -> None:
        """Write a batch and the watermark. Raises StoreError when the watermark is not what the batch goes on from."""
        async with self._connection.transaction():
            moved = await self._connection.execute(
                "UPDATE watermark SET seq = $1, ts = to_timestamp($2::float8 / 1000000), events = events + $3, "
                "written_at = now() WHERE seq = $4",
                batch.last_seq,
                batch.ts_ns // 1000,
                batch.events,
                batch.before_seq,
            )
            if moved != "UPDATE 1":
                raise StoreError(f"the watermark is not {batch.before_seq} any more: who else writes to this database?")
            partition = batch.last_seq // self.span
            await self._make_partition(partition)
            for name, chunks in batch.histories.items():
                if chunks:
                    await self._copy(f"{name}_p{partition}", HISTORIES[name], chunks)
            await self._write_orders(batch)
            for table, rows in (
                ("instruments", batch.instruments), ("accounts", batch.accounts), ("positions", batch.positions),
            ):  # fmt: skip
                await self._merge(table, rows)
            for table, change in batch.changes.items():
                await self._change(table, change)
            await self._write_bars(batch.bars)
            for table in APPENDED:
                if rows := getattr(batch, table):
                    await self._connection.copy_records_to_table(table, records=rows, schema_name=SCHEMA)
            if batch.amendments:
                await self._connection.execute(BARS_ANEW, batch.before_seq, batch.last_seq)
        self._partitions.add(partition)

    async def watermark(self) -> int:
        """Number of the last command whose events are there."""
        return int(await self._connection.fetchval("SELECT seq FROM watermark"))

    async def index(self, seq: int) -> None:
        """Give the partition that has `seq` its indexes, for a projector that has caught up."""
        partition = seq // self.span
        if partition in self._indexed:
            return
        if await self._connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{SCHEMA}.fills_p{partition}"):
            async with self._connection.transaction():
                await self._make_indexes(partition)
            self._indexed.add(partition)

    # -- parts of a transaction -------------------------------------------------------------------------------

    async def _prepare_session(self) -> None:
        await self._connection.execute("SET synchronous_commit TO off")  # the watermark is lost with what it tells of
        for table in KEYS:
            await self._connection.execute(
                f"CREATE TEMP TABLE IF NOT EXISTS new_{table} (LIKE {SCHEMA}.{table}) ON COMMIT DELETE ROWS"
            )
            self._columns[table] = [
                row["column_name"]
                for row in await self._connection.fetch(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 "
                    "ORDER BY ordinal_position",
                    SCHEMA,
                    table,
                )
            ]
        await self._connection.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS changed_orders (LIKE {SCHEMA}.open_orders) ON COMMIT DELETE ROWS;"
            "CREATE TEMP TABLE IF NOT EXISTS gone_orders (order_id bigint) ON COMMIT DELETE ROWS;"
            f"CREATE TEMP TABLE IF NOT EXISTS new_bars (LIKE {SCHEMA}.bars) ON COMMIT DELETE ROWS"
        )

    async def _make_partition(self, number: int) -> None:
        """The partitions of this span; those before it, which are full now, get their indexes."""
        if number in self._partitions:
            return
        for table in HISTORIES:
            name = f"{table}_p{number}"
            low, high = number * self.span, (number + 1) * self.span
            if await self._connection.fetchval("SELECT to_regclass($1) IS NULL", f"{SCHEMA}.{name}"):
                await self._connection.execute(
                    f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ({low}) TO ({high});"
                    f"CREATE INDEX {name}_when ON {name} USING brin (seq, ts)"
                )
        before = await self._connection.fetchval(PARTITION_BEFORE, number)
        if before is not None:
            await self._make_indexes(before)

    async def _make_indexes(self, number: int) -> None:
        for table, indexes in INDEXES.items():
            for name, of in indexes.items():
                await self._connection.execute(
                    f"CREATE INDEX IF NOT EXISTS {table}_p{number}_{name} ON {table}_p{number} {of}"
                )

    async def _write_orders(self, batch: Batch) -> None:
        if batch.gone_orders:
            await self._copy("gone_orders", ("order_id",), [batch.gone_orders], "pg_temp")
            await self._connection.execute(
                "DELETE FROM open_orders o USING gone_orders g WHERE o.order_id = g.order_id"
            )
        if batch.changed_orders:
            await self._copy("changed_orders", OPEN_ORDER_COLUMNS, [batch.changed_orders], "pg_temp")
            await self._connection.execute(
                "UPDATE open_orders o SET price = c.price, qty = c.qty, filled = c.filled, value = c.value, "
                "seq = c.seq, ts = c.ts, triggered = c.triggered, stop_price = c.stop_price, waits = c.waits "
                "FROM changed_orders c WHERE o.order_id = c.order_id"
            )
        if batch.new_orders:
            await self._copy("open_orders", OPEN_ORDER_COLUMNS, [batch.new_orders])

    async def _merge(self, table: str, rows: list[Row]) -> None:
        """Insert or update rows by their key."""
        if not rows:
            return
        await self._connection.copy_records_to_table(f"new_{table}", records=rows, schema_name="pg_temp")
        keys = KEYS[table]
        values = ", ".join(f"{name} = excluded.{name}" for name in self._columns[table] if name not in keys)
        await self._connection.execute(
            f"INSERT INTO {table} SELECT * FROM new_{table} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {values}"
        )

    async def _change(self, table: str, change: Change) -> None:
        if change.afresh:
            await self._connection.execute(f"DELETE FROM {table}")
        elif change.gone:
            where = " AND ".join(f"{name} = ${number}" for number, name in enumerate(KEYS[table], 1))
            await self._connection.executemany(f"DELETE FROM {table} WHERE {where}", change.gone)
        await self._merge(table, change.rows)

    async def _write_bars(self, rows: bytes) -> None:
        if not rows:
            return
        await self._copy("new_bars", BAR_COLUMNS, [rows], "pg_temp")
        await self._connection.execute(
            "INSERT INTO bars AS b SELECT * FROM new_bars ON CONFLICT (instrument, minute) DO UPDATE SET "
            "high = greatest(b.high, excluded.high), low = least(b.low, excluded.low), close = excluded.close, "
            "volume = b.volume + excluded.volume, value = b.value + excluded.value, trades = b.trades + excluded.trades"
        )

    async def _copy(self, table: str, columns: tuple[str, ...], chunks: list[bytes], schema: str = SCHEMA) -> None:
        await self._connection.copy_to_table(
            table, source=_framed(chunks), columns=columns, schema_name=schema, format="binary"
        )


async def _framed(chunks: list[bytes]) -> AsyncIterator[bytes]:
    """Rows with the head and the end of the binary COPY format, in pieces."""
    yield COPY_HEAD
    for chunk in chunks:
        for start in range(0, len(chunk), SEND_BYTES):
            yield chunk[start : start + SEND_BYTES]
    yield COPY_END
