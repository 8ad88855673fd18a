"""`openbell journal compact` asks a real database how far it is, and removes nothing that it does not have."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from engine.cli.__main__ import main
from engine.snapshots import listed
from tests.engine.cli.test_journal import said
from tests.engine.cli.test_journal_compact import WHY, files
from tests.engine.markets import Trading


async def _database(server: str) -> str:
    """One of its own. `project` runs a loop of its own, so the test has none, nor the fixture that needs one."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute("CREATE DATABASE compacted")
    finally:
        await connection.close()
    return urlunsplit(urlsplit(server)._replace(path="/compacted"))


def test_never_what_the_database_does_not_have(tmp_path: Path, capsys: pytest.CaptureFixture[str], server: str) -> None:
    """A real database that is behind, then further: what it has decides."""

    dsn = asyncio.run(_database(server))
    market = Trading(tmp_path, 8)
    for _ in range(3):
        market.trade(200)
        market.snapshot()
    market.stop()

    async def execute(*lines: str) -> None:
        connection = await asyncpg.connect(dsn, server_settings={"search_path": "openbell"})
        try:
            for line in lines:
                await connection.execute(line)
        finally:
            await connection.close()

    data, before = market.data, files(market.data)
    assert main(["project", "--data", str(data), "--dsn", dsn]) == 0
    saved = listed(data)
    for seq, kept in ((saved[0].seq - 1, None), (saved[0].seq, 0), (saved[1].seq - 1, 0)):
        asyncio.run(execute(f"UPDATE watermark SET seq = {seq}"))
        code, (done,) = said(capsys, "compact", "--data", data, "--dsn", dsn, *WHY)
        if kept is None:
            assert code == 1
            assert f"the database has all up to seq {seq}, and no snapshot is from before" in done["error"]["text"]
            assert files(data) == before
        else:
            assert done["kept_snapshot"] == saved[kept].seq
    asyncio.run(execute(f"UPDATE watermark SET seq = {market.seq}"))
    code, (done,) = said(capsys, "compact", "--data", data, "--dsn", dsn, *WHY)
    assert done["kept_snapshot"] == saved[1].seq
    asyncio.run(execute("UPDATE watermark SET market_id = decode(repeat('00', 16), 'hex')"))
    code, (done,) = said(capsys, "compact", "--data", data, "--dsn", dsn, *WHY)
    assert (code, done["error"]["text"]) == (1, "the database has nothing of this market")
