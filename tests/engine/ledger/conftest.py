"""A real PostgreSQL, as for the tests of the projector."""

from tests.engine.projector.conftest import data, database, dsn, server

__all__ = ["data", "database", "dsn", "server"]
