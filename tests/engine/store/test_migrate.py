"""Migrations against a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.store.embedded import EmbeddedPostgres, StoreError
from engine.store.migrate import drop, migrate, migrations


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    yield asyncio.run(postgres.start())
    asyncio.run(postgres.stop())


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    await drop(connection)
    yield connection
    await connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text(
        "CREATE TABLE one (a int); CREATE TABLE codes (enum text, code int, name text, PRIMARY KEY (enum, code));"
    )
    (tmp_path / "0002_second.sql").write_text("ALTER TABLE one ADD COLUMN b int DEFAULT 5")
    return tmp_path


async def test_applied_in_order_and_once(connection: Any, folder: Path) -> None:
    assert await migrate(connection, folder) == [1, 2]
    await connection.execute("INSERT INTO openbell.one (a) VALUES (1)")
    assert await migrate(connection, folder) == []
    (folder / "0003_third.sql").write_text("UPDATE one SET b = b + 1")
    assert await migrate(connection, folder) == [3]
    assert await migrate(connection, folder) == []
    assert await connection.fetchval("SELECT b FROM openbell.one") == 6
    assert await connection.fetchval("SELECT name FROM openbell.codes WHERE enum = 'Side' AND code = 1") == "SELL"


async def test_all_or_nothing(connection: Any, folder: Path) -> None:
    (folder / "0003_wrong.sql").write_text("CREATE TABLE two (a int); SELECT nonsense")
    with pytest.raises(StoreError, match=r"migration 0003_wrong: .*nonsense"):
        await migrate(connection, folder)
    assert await connection.fetchval("SELECT to_regnamespace('openbell') IS NULL")


async def test_several_at_once(dsn: str, connection: Any, folder: Path) -> None:
    others = [await asyncpg.connect(dsn) for _ in range(4)]
    done = await asyncio.gather(*(migrate(other, folder) for other in others))
    assert sorted(map(len, done)) == [0, 0, 0, 2]
    for other in others:
        await other.close()


async def test_a_file_that_changed_is_refused(connection: Any, folder: Path) -> None:
    await migrate(connection, folder)
    (folder / "0002_second.sql").write_text("ALTER TABLE one ADD COLUMN c int")
    with pytest.raises(StoreError, match="migration 0002_second is not the one that the database has"):
        await migrate(connection, folder)


async def test_a_newer_database_is_refused(connection: Any, folder: Path) -> None:
    await migrate(connection, folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(StoreError, match="has migration 0002_second, which this program does not know"):
        await migrate(connection, folder)


def test_names_are_checked(folder: Path) -> None:
    (folder / "3_third.sql").write_text("")
    with pytest.raises(StoreError, match=r"named NNNN_name\.sql"):
        migrations(folder)
    (folder / "3_third.sql").rename(folder / "0004_fourth.sql")
    with pytest.raises(StoreError, match=r"found \[1, 2, 4\]"):
        migrations(folder)


async def test_ours(connection: Any) -> None:
    assert await migrate(connection) == [one.number for one in migrations()]
    assert await migrate(connection) == []
    await drop(connection)
    assert await connection.fetchval("SELECT to_regnamespace('openbell') IS NULL")
