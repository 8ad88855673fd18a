"""A real PostgreSQL for leases, as on a machine of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from engine.store.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """It runs while these tests do. Each market has a row of its own."""
    postgres = EmbeddedPostgres(tmp_path_factory.mktemp("lease"))
    asyncio.run(postgres.start())
    yield postgres
    asyncio.run(postgres.stop())


@pytest.fixture
def dsn(server: EmbeddedPostgres) -> str:
    return server.reach()
