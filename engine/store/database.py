"""Which PostgreSQL holds the read models: the embedded one, or the one that the configuration names.

[postgres]
dsn = "embedded"        # or postgresql://USER:PASSWORD@HOST/DATABASE of any PostgreSQL from 14 on
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from engine.store.embedded import EmbeddedPostgres, StoreError

EMBEDDED = "embedded"
OLDEST_VERSION = 14
_PASSWORD = re.compile(r"((?:^|[?&\s])(?:ssl)?password\s*=\s*)[^&\s]*")


@dataclass(frozen=True, slots=True)
class Database:
    """A database ready for the projector. `server` is None when somebody else runs it."""

    dsn: str
    server: EmbeddedPostgres | None

    @property
    def label(self) -> str:
        """Where it is, for people: without the password."""
        return redacted(self.dsn)

    async def close(self) -> None:
        """Stop the embedded server; an external one is left alone."""
        if self.server is not None:
            await self.server.stop()


async def open_database(
    dsn: str, data_dir: Path, *, port: int | None = None, system_user: str = "nobody", timeout_s: float = 60.0
) -> Database:
    """The database that `dsn` asks for: "embedded" starts the server in `data_dir`, anything else is checked.

    `port` and `system_user` are of the embedded server. Raises StoreError.
    """
    if dsn == EMBEDDED:
        server = EmbeddedPostgres(data_dir, port=port, system_user=system_user)
        return Database(await server.start(timeout_s), server)
    await check(dsn, timeout_s=min(timeout_s, 10.0))
    return Database(dsn, None)


async def check(dsn: str, timeout_s: float = 10.0) -> None:
    """See that the projector can work with the database at `dsn`. Raises StoreError that names what is wrong."""
    where = redacted(dsn)
    if urlsplit(dsn).scheme not in {"postgresql", "postgres"}:
        raise StoreError(f'postgres.dsn: expected "{EMBEDDED}" or postgresql://..., got {where!r}')
    try:
        connection = await asyncpg.connect(dsn, timeout=timeout_s)
    except TimeoutError:
        raise StoreError(f"postgres.dsn: {where} did not answer within {timeout_s:g} s") from None
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"postgres.dsn: cannot connect to {where}: {error}") from error
    try:
        version = connection.get_server_version().major
        if version < OLDEST_VERSION:
            raise StoreError(f"postgres.dsn: {where} is PostgreSQL {version}, needed is {OLDEST_VERSION} or newer")
        encoding = await connection.fetchval(
            "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
        )
        if encoding != "UTF8":
            raise StoreError(f"postgres.dsn: the database at {where} is encoded in {encoding}, needed is UTF8")
        if not await connection.fetchval("SELECT has_database_privilege(current_database(), 'CREATE')"):
            raise StoreError(
                f"postgres.dsn: the user of {where} may not create schemas in its database: GRANT CREATE ON DATABASE"
            )
    finally:
        await connection.close()


def redacted(dsn: str) -> str:
    """`dsn` without its password, for messages and logs."""
    dsn = _PASSWORD.sub(r"\1***", dsn)  # given as a parameter, or where somebody wrote key=value instead of a URL
    parts = urlsplit(dsn)
    if "@" not in parts.netloc:
        return dsn
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}@{host}"))
