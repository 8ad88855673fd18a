"""`openbell ledger verify`, of a stopped market and of a running one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.cli.__main__ import main
from engine.store.embedded import EmbeddedPostgres
from tests.engine.cli.running import Running, until
from tests.engine.ledgers import Days
from tests.engine.markets import Trading


def verify(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main(["ledger", "verify", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_of_a_stopped_market(tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    async def plant() -> None:
        server = EmbeddedPostgres(tmp_path / "postgres")
        connection = await asyncpg.connect(await server.start(), server_settings={"search_path": "openbell"})
        await connection.execute("UPDATE positions SET qty = qty + 3 WHERE account = 1 AND instrument = 1")
        await connection.close()
        await server.stop()

    market = Trading(tmp_path, seed)
    Days(market).pass_by(1)
    market.stop()
    code, said = verify(capsys, "--data", tmp_path)
    assert (code, "`openbell project` makes it" in said["error"]["text"]) == (1, True)
    assert main(["project", "--data", str(tmp_path)]) == 0
    code, said = verify(capsys, "--data", tmp_path)
    assert (code, said["ok"], said["seq"], said["differences"]) == (0, True, market.seq, [])
    assert main(["ledger", "verify", "--whole", "--data", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert f"agree at seq {market.seq:,}" in told
    assert "postings: lots" in told
    asyncio.run(plant())
    code, said = verify(capsys, "--data", tmp_path)
    (difference,) = said["differences"]
    assert (code, said["ok"], difference["of"]) == (1, False, "bob (1) in BELL, qty")
    assert difference["found"] - difference["expected"] == 3
    assert main(["ledger", "verify", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "bob (1) in BELL, qty" in told.out
    assert "1 difference at seq" in told.err


def test_without_a_market(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verify(capsys, "--data", tmp_path / "mistyped")
    assert code == 1
    assert "mistyped/journal: there is no journal" in said["error"]["text"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    market = Running(tmp_path / "market", "--no-demo")
    yield market
    market.kill()


@pytest.mark.slow
def test_of_a_running_market(running: Running) -> None:
    running.live()
    running.ctl("set-instrument", "ACME", "--new", "--tick", "0.01")
    running.ctl("set-account", "gina", "--new", "--cash", "1,000.50")
    running.ctl("deposit-shares", "gina", "ACME", "50", "--cost", "10")
    until(lambda: running.json("ctl", "status")["projected_sequence"] > 2, "the database to have it")
    said = running.json("ledger", "verify")
    assert (said["ok"], said["seq"] > 2) == (True, True)
    assert running.stop() == 0
    said = running.json("ledger", "verify", "--whole")
    assert said["ok"]
