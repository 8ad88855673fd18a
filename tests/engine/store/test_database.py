"""The configured database: embedded, or another one that is checked before anything relies on it."""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from engine.store.database import check, open_database, redacted
from engine.store.embedded import EmbeddedPostgres, StoreError
from tests.ports import free_ports


@pytest.fixture
async def external() -> AsyncIterator[tuple[str, str]]:
    """A server that stands for somebody else's: DSN of its superuser, and the same without user and password."""
    folder = Path(tempfile.mkdtemp(prefix="ob-pg-"))
    folder.chmod(0o755)
    (port,) = free_ports(1)
    server = EmbeddedPostgres(folder / "postgres", port=port)
    await server.start()
    password = (folder / "postgres" / "password").read_text().strip()
    yield f"postgresql://openbell:{password}@127.0.0.1:{port}/openbell", f"127.0.0.1:{port}"
    await server.stop()
    shutil.rmtree(folder)


async def test_embedded_is_started_and_stopped(tmp_path: Path) -> None:
    database = await open_database("embedded", tmp_path / "postgres")
    assert database.server is not None
    await check(database.dsn)
    assert "openbell@/openbell" in database.label
    await database.close()
    assert not database.server.running


async def test_an_external_one_is_checked_and_left_alone(external: tuple[str, str], tmp_path: Path) -> None:
    dsn, _ = external
    database = await open_database(dsn, tmp_path / "postgres")
    assert (database.dsn, database.server) == (dsn, None)
    await database.close()
    await check(dsn)
    assert list(tmp_path.iterdir()) == []


async def test_what_is_wrong_with_an_external_one_is_named(external: tuple[str, str]) -> None:
    dsn, where = external
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE USER reader PASSWORD 'reader'")
    await connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    await connection.close()
    with pytest.raises(StoreError, match=rf"reader@{where}/openbell may not create schemas in its database"):
        await check(f"postgresql://reader:reader@{where}/openbell")
    with pytest.raises(StoreError, match="is encoded in LATIN1, needed is UTF8"):
        await check(dsn.removesuffix("openbell") + "latin")
    with pytest.raises(
        StoreError, match=rf"cannot connect to postgresql://reader@{where}/openbell: password auth"
    ) as wrong:
        await check(f"postgresql://reader:s3cret@{where}/openbell")
    assert "s3cret" not in str(wrong.value)
    with pytest.raises(StoreError, match='database "absent" does not exist'):
        await check(dsn.removesuffix("openbell") + "absent")


async def test_a_closed_port_and_a_silent_one() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with pytest.raises(
            StoreError, match=rf"cannot connect to postgresql://a@127.0.0.1:{port}/b: .*Connect call failed"
        ):
            await check(f"postgresql://a:b@127.0.0.1:{port}/b")
        listener.listen()
        began_s = time.monotonic()
        with pytest.raises(StoreError, match=r"did not answer within 0\.3 s"):
            await check(f"postgresql://a:b@127.0.0.1:{port}/b", timeout_s=0.3)
        assert time.monotonic() - began_s < 5


@pytest.mark.parametrize("dsn", ["", "embeded", "mysql://a@b/c", "./var"])
async def test_what_is_no_dsn_is_refused(dsn: str) -> None:
    with pytest.raises(StoreError, match=r"postgres\.dsn: expected .embedded. or postgresql://"):
        await check(dsn)


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://a:b@h:1/d", "postgresql://a@h:1/d"),
        ("postgresql://a:p@ss@h/d?x=1", "postgresql://a@h/d?x=1"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://a@/d?host=/run", "postgresql://a@/d?host=/run"),
        ("postgresql://h/db?user=ann&password=s%40fe&host=x", "postgresql://h/db?user=ann&password=***&host=x"),
        ("host=h user=ann password=safe dbname=db", "host=h user=ann password=*** dbname=db"),
    ],
)
def test_passwords_are_not_shown(dsn: str, shown: str) -> None:
    assert redacted(dsn) == shown
