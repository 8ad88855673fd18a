"""A real PostgreSQL for all tests of this folder, and a database of its own for each."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from engine.store.embedded import EmbeddedPostgres
from tests.engine.projector.models import connected

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The DSN of a server that runs while these tests do."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"))
    dsn = asyncio.run(postgres.start())
    yield dsn
    asyncio.run(postgres.stop())


@pytest.fixture
async def dsn(server: str) -> str:
    """The DSN of an empty database."""
    name = f"market_{next(_numbers)}"
    async with connected(server) as connection:
        await connection.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Any]:
    """A connection to the empty database that sees the schema of the read models first."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "openbell"})
    yield connection
    await connection.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "market"
