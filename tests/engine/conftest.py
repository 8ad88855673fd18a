"""Markets without sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.trading import Trading


@pytest.fixture
async def trading(tmp_path: Path) -> AsyncIterator[Trading]:
    made = Trading(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def synced(tmp_path: Path) -> AsyncIterator[Trading]:
    """With durability fsync: what is applied leaves with `durable`."""
    made = Trading(tmp_path, "fsync")
    yield made
    made.close()
