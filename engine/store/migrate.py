"""Brings a database's schema up to date: migrations/NNNN_name.sql, in order, each once, under a lock.

All is in the schema `openbell`. A file that was applied never changes again: what it was is kept as a checksum.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from openbell import wire

from engine.store.embedded import StoreError

SCHEMA = "openbell"
FOLDER = Path(__file__).resolve().parent / "migrations"
LOCK = 0x6F70656E62656C6C  # the bytes "openbell": whoever migrates holds it
ENUMS = (
    wire.Side, wire.OrderType, wire.TimeInForce, wire.SelfTrade, wire.InstrumentState, wire.AccountState,
    wire.EventKind, wire.CancelReason, wire.Check, wire.CommandKind, wire.RestateReason, wire.Peg, wire.AuctionKind,
    wire.HaltReason, wire.Role, wire.HouseAccount, wire.RiskType, wire.RiskLevel, wire.MarkBy,
    wire.Limit, wire.Borrow, wire.CashRule, wire.CashViolation, wire.DayTradeRule,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Of its text."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations, ascending. Raises StoreError for a file name that is not NNNN_name.sql, or a number twice."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if match is None:
            raise StoreError(f"{path}: a migration is named NNNN_name.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text("utf-8")))
    numbers = [one.number for one in found]
    if numbers != list(range(1, len(found) + 1)):
        raise StoreError(f"{folder}: migrations must be numbered 1, 2, 3 ..., found {numbers}")
    return found


async def migrate(connection: Any, folder: Path = FOLDER) -> list[int]:
    """Apply what is not applied yet, all in one transaction; the numbers. Raises StoreError, asyncpg errors."""
    wanted = migrations(folder)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, "
            "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        rows = await connection.fetch("SELECT number, name, checksum FROM migrations ORDER BY number")
        applied = {row["number"]: row for row in rows}
        _check(wanted, applied)
        done = []
        for one in wanted:
            if one.number in applied:
                continue
            try:
                await connection.execute(one.text)
            except asyncpg.PostgresError as error:
                raise StoreError(f"migration {one.number:04d}_{one.name}: {error}") from error
            await connection.execute(
                "INSERT INTO migrations (number, name, checksum) VALUES ($1, $2, $3)",
                one.number,
                one.name,
                one.checksum,
            )
            done.append(one.number)
        names = [(enum.__name__, int(code), code.name) for enum in ENUMS for code in enum]
        await connection.executemany(
            "INSERT INTO codes VALUES ($1, $2, $3) ON CONFLICT (enum, code) DO UPDATE SET name = excluded.name", names
        )
    return done


async def drop(connection: Any) -> None:
    """Remove all of it: the journal can give it again."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


def _check(wanted: list[Migration], applied: dict[int, Any]) -> None:
    known = {one.number: one for one in wanted}
    for number, row in applied.items():
        name = f"{number:04d}_{row['name']}"
        if number not in known:
            raise StoreError(
                f"the database has migration {name}, which this program does not know: use a newer one, or rebuild the "
                "database with `openbell project --rebuild`"
            )
        if known[number].checksum != row["checksum"]:
            raise StoreError(
                f"migration {name} is not the one that the database has: rebuild it with `openbell project --rebuild`"
            )
