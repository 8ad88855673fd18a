"""`openbell project`: a stopped market's database, with the embedded server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.cli.__main__ import main
from engine.lock import MarketLock
from engine.store.embedded import EmbeddedPostgres
from tests.engine.markets import Trading
from tests.engine.projector.models import check


def project(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["project", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_brings_the_database_up_and_makes_it_anew(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def look(query: str = "") -> None:
        server = EmbeddedPostgres(tmp_path / "postgres")
        connection = await asyncpg.connect(await server.start(), server_settings={"search_path": "openbell"})
        if query:
            await connection.execute(query)
        else:
            await check(connection, market)
        await connection.close()
        await server.stop()

    market = Trading(tmp_path, seed)
    market.trade(400)
    market.stop()
    events = sum(map(len, market.events)) // 80
    code, found = project(capsys, "--data", tmp_path)
    assert (code, found["projected_seq"], found["events"]) == (0, market.seq, events)
    asyncio.run(look())
    code, found = project(capsys, "--data", tmp_path)
    assert (code, found["projected_seq"], found["events"]) == (0, market.seq, 0)
    asyncio.run(look("DELETE FROM open_orders; DELETE FROM fills"))
    code, found = project(capsys, "--data", tmp_path)
    assert code == 1
    assert "--rebuild" in found["error"]["text"]
    assert main(["project", "--data", str(tmp_path), "--rebuild"]) == 0
    assert f"{events:,} events" in capsys.readouterr().out
    asyncio.run(look())


def test_a_directory_without_a_market_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["project"], ["project", "--rebuild"], ["journal", "cut", "--yes", "--after", "3"]):
        assert main([*verb, "--data", str(tmp_path / "mistyped")]) == 1
        assert "mistyped/journal: there is no journal" in capsys.readouterr().err.replace("\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_running_market_projects_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with MarketLock(tmp_path):
        code, found = project(capsys, "--data", tmp_path)
    assert code == 1
    assert "in use by another engine" in found["error"]["text"]


def test_a_database_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    market = Trading(tmp_path, 1)
    market.stop()
    dsn = f"postgresql://nobody:secret@/nothing?host={tmp_path}"
    code, found = project(capsys, "--data", tmp_path, "--dsn", dsn)
    assert code == 1
    assert "cannot connect" in found["error"]["text"]
    assert "secret" not in found["error"]["text"]
