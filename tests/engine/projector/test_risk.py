"""Risk in a real database: how accounts are watched, margins of instruments, each change of a level."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, EventKind, MarkBy, RiskLevel, RiskType

from engine.ledger.verify import verify
from engine.projector.batch import timestamp
from engine.sequencer import tick_command
from engine.store import migrate as migrating
from engine.store.reading import reading
from tests.engine.markets import MARKET, Trading, admin, opening
from tests.engine.projector.models import check, connected, rows
from tests.engine.projector.test_sink import project

WATCHED = {0: RiskType.MARGIN, 1: RiskType.MARGIN, 2: RiskType.CASH, 3: RiskType.MARGIN}
RATES = ("initial_long", "maintenance_long", "initial_short", "maintenance_short")
COLUMNS = ("instrument", "mark_by", *RATES, "least_low", "least")


def margin(instrument: int, rate: int, by: MarkBy = MarkBy.LAST) -> bytes:
    return admin(CommandKind.SET_MARGIN, rate, rate, rate, rate, 0, 50_000, instrument=instrument, state=by)


def watched() -> list[bytes]:
    """A market whose accounts have little beside their positions, so that a change of rates changes levels."""
    commands = [*opening(), admin(CommandKind.SET_RISK, 1_000, 15_000, 8_000)]
    for account, kind in WATCHED.items():
        commands.append(admin(CommandKind.DEPOSIT, -(10**15 - 10**11), account=account))
        commands.append(admin(CommandKind.SET_ACCOUNT_RISK, account=account, state=kind))
    return commands


class Risky(Trading):
    """A market that trades, and whose rates come and go."""

    def do(self, *commands: bytes) -> None:
        for command in commands:
            self.batch.add_admin(command)
        self.commit()
        self.writer.wait(self.seq)

    def levels(self) -> Any:
        """RISK_LEVELs so far."""
        events = np.frombuffer(b"".join(self.events), wire.EVENT)
        return events[events["kind"] == EventKind.RISK_LEVEL]

    def turn(self, count: int) -> None:
        for _ in range(count):
            self.trade(20)
            rate = int(self.random.choice([1_000, 5_000, 12_000, 40_000]))
            self.do(margin(int(self.random.integers(3)), rate, MarkBy(int(self.random.integers(3)))), tick_command())


async def check_risk(connection: Any, market: Risky) -> int:
    """See that the database has what the core says; how many changes of levels there were."""
    await check(connection, market)
    expected = [
        (
            *(int(one[name]) for name in ("seq", "account", "account_seq", "reason", "flags", "price")),
            int(one["trade_id"].astype(np.int64)),
            timestamp(int(one["ts_ns"])),
        )
        for one in market.levels()
    ]
    found = await rows(
        connection,
        "SELECT seq, account, account_seq, level, before, equity, maintenance, ts FROM risk_levels ORDER BY 1, 2",
    )
    assert found == expected
    margins = np.frombuffer(market.core.margins(), wire.MARGIN_ROW)
    found = await rows(connection, f"SELECT {', '.join(COLUMNS)} FROM margins ORDER BY instrument")
    assert found == [tuple(int(row[name]) for name in COLUMNS) for row in margins]
    return len(expected)


@pytest.mark.parametrize("limit", [1 << 17, 37])
async def test_levels_and_margins_are_there_once(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Risky(data, seed, commands=watched())
    market.turn(20)
    await project(dsn, market, limit)
    before = await check_risk(database, market)
    market.snapshot()
    market.turn(20)
    market.stop()
    await project(dsn, market, limit)  # another process, from the watermark and the snapshot on
    assert await check_risk(database, market) > before > 0
    await project(dsn, market, limit)
    await check_risk(database, market)
    found = await rows(database, "SELECT name, risk_type FROM balances WHERE risk_type <> 'NONE' ORDER BY account")
    assert found == [("alice", "MARGIN"), ("bob", "MARGIN"), ("carol", "CASH"), ("dave", "MARGIN")]
    names = {one.name for one in RiskLevel}
    told = await rows(database, "SELECT DISTINCT level, before FROM levels")
    assert told and {name for row in told for name in row} <= names
    assert await rows(database, "SELECT seq FROM levels WHERE level = before") == []


async def test_an_operators_answer_is_his_command_s_and_no_level(dsn: str, database: Any, data: Path) -> None:
    """A level that changes with a command is an event of its own, and does not stand in for the command's answer."""
    market = Risky(data, 1, commands=[*watched(), margin(0, 1_000)])
    before = len(market.levels())
    market.do(margin(0, 40_000))
    market.do(admin(CommandKind.OPERATOR_CANCEL, account=0, instrument=0))
    market.do(margin(0, 1_000))
    market.stop()
    await project(dsn, market)
    assert await check_risk(database, market) == before + 4  # of accounts 0 and 3, there and back
    found = await rows(database, "SELECT command, result FROM audit ORDER BY seq DESC LIMIT 3")
    assert found == [("SET_MARGIN", "MARGIN_SET"), ("OPERATOR_CANCEL", "MASS_CANCELED"), ("SET_MARGIN", "MARGIN_SET")]


async def test_ledger_verify_compares_how_accounts_are_watched_and_margins(
    dsn: str, database: Any, data: Path, seed: int
) -> None:
    market = Risky(data, seed, commands=watched())
    market.turn(5)
    market.stop()
    await project(dsn, market)

    async def differences() -> list[tuple[str, str]]:
        async with reading(data, dsn) as connection:
            proof = await verify(data, connection)
        counts = {one.what: one.compared for one in proof.checks}
        assert counts["margins"] == 3
        return [(one.what, one.of) for one in proof.differences]

    assert await differences() == []
    await database.execute("UPDATE accounts SET risk_type = 0 WHERE account = 1")
    await database.execute("UPDATE margins SET maintenance_long = maintenance_long + 1 WHERE instrument = 2")
    found = await differences()
    assert [what for what, _ in found] == ["accounts", "margins"]
    assert "bob" in found[0][1] and "CORN" in found[1][1]


async def test_a_database_of_before_gets_what_is_of_now(
    dsn: str, database: Any, data: Path, tmp_path: Path, seed: int
) -> None:
    older = tmp_path / "migrations"
    older.mkdir()
    for path in sorted(migrating.FOLDER.glob("000[1-8]_*.sql")):
        shutil.copy(path, older)
    market = Risky(data, seed, commands=watched())
    market.turn(3)
    market.stop()
    await database.execute("CREATE SCHEMA openbell")
    async with connected(dsn) as connection:
        await migrating.migrate(connection, older)
        await connection.execute(
            "INSERT INTO watermark (market_id, seq, ts, events, span, written_at) "
            "VALUES ($1, 0, to_timestamp(0), 0, 1 << 20, now())",
            MARKET,
        )
        await migrating.migrate(connection)
    await project(dsn, market)
    await check_risk(database, market)
