"""The clients that tests of a running engine trade with; `engine` is each module's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openbell import Client

from tests.engine.process.running import Running


def trading(engine: Running, name: str) -> Iterator[Client]:
    """A client that leaves no orders behind."""
    with engine.client(name) as client:
        yield client
        client.cancel_all()


@pytest.fixture
def alice(engine: Running) -> Iterator[Client]:
    yield from trading(engine, "alice")


@pytest.fixture
def bob(engine: Running) -> Iterator[Client]:
    yield from trading(engine, "bob")
