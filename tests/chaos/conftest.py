"""Of the tests of this folder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.embedded import EmbeddedPostgres


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own, that runs."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())
