"""The real PostgreSQL that the simulated one is compared with."""

from __future__ import annotations

from tests.engine.projector.conftest import data, database, dsn, server

__all__ = ["data", "database", "dsn", "server"]
