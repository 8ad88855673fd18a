"""The ledger in a real database: transfers, which the server keeps balanced, and what else of it is there."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from openbell import wire

from engine.projector import sink as sinks
from engine.store import migrate as migrating
from ext.transfers import TRANSFER_COLUMNS
from tests.engine.ledgers import HOUSE, KEPT, KINDS, USD, Days, fee, order, set_plan, set_up
from tests.engine.markets import Trading, admin
from tests.engine.projector.ledgers import check_ledger
from tests.engine.projector.models import connected, rows
from tests.engine.projector.test_sink import project

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
# A trade as it is written; what a test changes of it must make it another balanced transfer, or nothing.
TRADE = {
    "seq": 1, "ts": NOON, "number": 0, "kind": 2, "payer": 1, "payee": 2, "house": None, "currency": "USD",
    "cash": 1_000, "instrument": 0, "lots": 10, "trade_id": 5, "order_id": None, "reference": None, "account_seq": None,
    "component": None,
}  # fmt: skip


@pytest.mark.parametrize("limit", [1 << 17, 97])
async def test_the_ledger_is_there(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    days = Days(market)
    days.pass_by(2, settle=False)
    days.pass_by(3)
    await project(dsn, market, limit)
    await check_ledger(database, market)
    market.snapshot()
    days.pass_by(2)
    market.amend(20)
    taken_out = (
        admin(KINDS.SET_LEDGER, 9),
        admin(KINDS.DEPOSIT, 10**15, account=1),
        admin(KINDS.HOLD_CASH, 10**6, 10**9, account=1),  # what days bring by themselves is not always posted
        admin(KINDS.POST_CASH, 0, 10**9, account=1),
    )
    for command in (fee(1, 1, HOUSE.SEC, 0), fee(3, 2, HOUSE.TAF, 7, 1), set_plan(0, 0), *taken_out):
        market.batch.add_admin(command)
    market.commit()
    days.pass_by(1)
    market.stop()
    await project(dsn, market, limit)  # goes on with the plans and withdrawals that it finds
    await check_ledger(database, market)
    entries = {row["entry"] for row in await database.fetch("SELECT DISTINCT entry FROM ledger")}
    kinds = {"FEE", "CHARGE", "DEPOSIT", "WITHDRAWAL", "TRADE", "DEPOSIT_SHARES"}
    assert entries - {"BUST", "CORRECTION"} == kinds
    paid = await rows(
        database,
        "SELECT account, sum(amount) FROM charges WHERE entry = 'FEE' GROUP BY account HAVING sum(amount) <> 0",
    )
    assert dict(paid) == dict(await rows(database, "SELECT account, fees FROM balances WHERE fees <> 0"))
    wrong = await rows(
        database,
        "SELECT account FROM (SELECT account, sum(cash) AS cash FROM ledger GROUP BY account) l "
        "JOIN balances b USING (account) WHERE l.cash <> b.cash",
    )
    assert wrong == []
    charge = await database.fetchrow("SELECT * FROM charges WHERE entry = 'CHARGE' ORDER BY seq LIMIT 1")
    assert (charge["operator"], charge["reason"]) == ("tester", "what it is for")
    assert {row["house"] for row in await database.fetch("SELECT house FROM house")} >= {"BANK", "COMMISSION", "VENUE"}


async def test_withdrawals_and_plans_come_and_go(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    set_up(market)

    async def told(*commands: bytes) -> tuple[list[Any], list[Any]]:
        for command in commands:
            market.batch.add_admin(command)
        market.commit()
        market.writer.wait(market.seq)
        await project(dsn, market)
        await check_ledger(database, market)
        held = await rows(database, "SELECT account, number, amount FROM withdrawals ORDER BY 1, 2")
        return held, await rows(database, "SELECT plan, component FROM fee_plans ORDER BY 1, 2")

    hold = admin(KINDS.HOLD_CASH, 7_000_000, 4, account=1)
    held, plans = await told(hold, admin(KINDS.HOLD_CASH, 5, 9, account=0))
    assert (held, plans) == ([(0, 9, 5), (1, 4, 7_000_000)], [(1, 0), (1, 1), (2, 0), (2, 7)])
    held, plans = await told(admin(KINDS.POST_CASH, 0, 4, account=1, reason="paid out"), fee(1, 1, HOUSE.SEC, 0))
    assert (held, plans) == ([(0, 9, 5)], [(1, 0), (2, 0), (2, 7)])
    movement = await database.fetchrow("SELECT amount, number, reason FROM movements ORDER BY seq DESC LIMIT 1")
    assert tuple(movement) == (-7_000_000, 4, "paid out")
    line = await database.fetchrow("SELECT entry, cash, reason FROM ledger ORDER BY seq DESC LIMIT 1")
    assert (line["entry"], float(line["cash"]), line["reason"]) == ("WITHDRAWAL", -7.0, "paid out")
    assert (await told(hold, admin(KINDS.RELEASE_CASH, 0, 9, account=0), admin(KINDS.RELEASE_CASH, 0, 4, account=1)))[
        0
    ] == []  # came and went within one batch
    market.stop()
    results = await rows(database, "SELECT command, result FROM audit WHERE seq > 10 ORDER BY seq DESC LIMIT 3")
    assert results == [("RELEASE_CASH", "CASH_RELEASED")] * 2 + [("HOLD_CASH", "CASH_HELD")]


async def test_what_a_command_of_the_ledger_is_answered_by(dsn: str, database: Any, data: Path) -> None:
    """SETTLE and CHARGE have events of accounts, too: the answer is the one that says so."""
    market = Trading(data, 3)
    days = Days(market)
    days.settle()
    market.trade(200)
    days.settle(0)
    market.batch.add_admin(admin(KINDS.CHARGE, 1, HOUSE.OTHER, account=1, instrument=wire.ANY))
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    await check_ledger(database, market)
    found = await rows(
        database,
        "SELECT command, result, failed_check FROM audit WHERE command IN ('SETTLE', 'CHARGE') ORDER BY seq",
    )
    settled = ("SETTLE", "SETTLEMENT", None)
    assert found == [settled, settled, ("CHARGE", "CHARGED", None)]
    assert await database.fetchval("SELECT count(*) FROM settlements") >= 5
    names = {row["command"]: row["result"] for row in await database.fetch("SELECT command, result FROM audit")}
    assert (names["SET_FEE"], names["SET_LEDGER"]) == ("FEE_SET", "LEDGER_SET")


async def test_currencies_are_those_of_their_time(dsn: str, database: Any, data: Path) -> None:
    """An account gets its currency within a batch; another one's is no text, which PostgreSQL would not take."""
    market = Trading(data, 1)
    torn = int.from_bytes(b"\xff\xfe", "little")
    new = [admin(KINDS.SET_ACCOUNT, 0, 0, 0, 0, 0, currency, 0, account=6 + k, name=f"new{k}") for k, currency in
           enumerate([0, torn])]  # fmt: skip
    for command in (
        *new,
        admin(KINDS.DEPOSIT, 500, account=6), admin(KINDS.DEPOSIT, -500, account=6),
        admin(KINDS.SET_ACCOUNT, *KEPT, USD, 0, account=6, flags=255),
        admin(KINDS.DEPOSIT, 300, account=6), admin(KINDS.DEPOSIT, 7, account=7),
        admin(KINDS.SET_ACCOUNT, *KEPT, wire.KEEP, 0, account=6, flags=255), admin(KINDS.DEPOSIT, 1, account=6),
    ):  # fmt: skip
        market.batch.add_admin(command)
    market.commit()
    market.writer.wait(market.seq)
    await project(dsn, market)
    query = "SELECT payer, payee, house, currency, cash FROM transfers WHERE 6 IN (payer, payee) OR 7 IN (payer, payee)"
    expected = [
        (None, 6, 1, "", 500), (6, None, 1, "", 500), (None, 6, 1, "USD", 300), (None, 7, 1, "��", 7),
        (None, 6, 1, "USD", 1),
    ]  # fmt: skip
    assert await rows(database, f"{query} ORDER BY seq, number") == expected
    market.batch.add_admin(admin(KINDS.DEPOSIT, 2, account=6))
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)  # learns it from the core
    assert await rows(database, f"{query} ORDER BY seq, number") == [*expected, (None, 6, 1, "USD", 2)]


async def test_an_account_that_trades_with_itself(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    for number, side in ((1, 0), (2, 1)):
        assert market.batch.add_orders(order(3, number, side, 1_000_000, 5), 0, 7, bytes([3, 0, 0, 0])) == 1
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    await check_ledger(database, market)
    found = await rows(database, "SELECT payer, payee, cash, lots FROM transfers WHERE kind = 2")
    assert found == [(3, 3, 5 * 10**8, 5)]


# ---------------------------------------------------------------- the server keeps the balance


async def copy(connection: Any, **changed: Any) -> None:
    """COPY one row by hand, as the projector does: into the partition."""
    row = tuple({**TRADE, **changed}[name] for name in TRANSFER_COLUMNS)
    await connection.copy_records_to_table(
        "transfers_p0", records=[row], columns=TRANSFER_COLUMNS, schema_name="openbell"
    )


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"payee": None}, "two_parties"),  # cash that comes to nobody
        ({"payer": None, "payee": None}, "two_parties"),
        ({"payer": None, "payee": None, "house": 3}, "two_parties"),
        ({"house": 3}, "two_parties"),  # three
        ({"cash": -1}, "something_moves"),
        ({"lots": -1}, "something_moves"),
        ({"cash": 0, "lots": 0}, "something_moves"),
        ({"instrument": None}, "lots_are_of_an_instrument"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_the_server_refuses_what_does_not_balance(
    dsn: str, database: Any, data: Path, changed: dict[str, Any], constraint: str
) -> None:
    await opened(dsn, data)
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await copy(database, **changed)
    for name in ("cash", "lots", "currency", "seq", "number"):
        with pytest.raises(asyncpg.NotNullViolationError, match=name):
            await copy(database, **{name: None})
    assert await database.fetchval("SELECT count(*) FROM transfers WHERE seq = 1") == 0
    await copy(database)  # as it is, it is taken
    assert await rows(database, "SELECT account, house, asset, amount FROM postings WHERE seq = 1 ORDER BY entry") == [
        (1, None, "USD", -1_000), (2, None, "USD", 1_000), (1, None, "ACME", 10), (2, None, "ACME", -10),
    ]  # fmt: skip


async def opened(dsn: str, data: Path) -> None:
    """A database with the partition of a small market."""
    market = Trading(data, 1)
    market.stop()
    await project(dsn, market)


async def test_whatever_the_server_takes_balances(dsn: str, database: Any, data: Path, seed: int) -> None:
    await opened(dsn, data)
    rng = random.Random(seed)
    taken = 0
    for number in range(300):
        changed = {
            "seq": rng.randrange(1, 4), "number": number, "kind": rng.choice([2, 16, 17, 20, 21, 22]),
            "payer": rng.choice([None, 0, 1, 2]), "payee": rng.choice([None, 0, 1, 2]),
            "house": rng.choice([None, 1, 3]), "cash": rng.choice([-5, 0, 7, 1 << 62]), "lots": rng.choice([-1, 0, 3]),
            "instrument": rng.choice([None, 0, 1]), "currency": rng.choice(["", "USD", "EUR"]),
        }  # fmt: skip
        try:
            await copy(database, **changed)
            taken += 1
        except asyncpg.CheckViolationError:
            continue
    assert 20 < taken < 200
    assert await database.fetchval("SELECT count(*) FROM postings WHERE seq < 4") > 40
    found = await rows(database, "SELECT seq, asset FROM postings WHERE seq < 4 GROUP BY 1, 2 HAVING sum(amount) <> 0")
    assert found == []


async def test_an_older_database_gets_the_ledger_from_its_watermark_on(
    dsn: str, database: Any, data: Path, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "migrations"
    older.mkdir()
    for path in sorted(migrating.FOLDER.glob("000[1-7]_*.sql")):
        shutil.copy(path, older)
    market = Trading(data, seed)
    market.trade(300)
    await database.execute("CREATE SCHEMA openbell")
    async with connected(dsn) as connection:
        await migrating.migrate(connection, older)
        await connection.execute(
            "INSERT INTO watermark (market_id, seq, ts, events, span, written_at) VALUES ($1, 0, now(), 0, 64, now())",
            bytes(range(16)),
        )
        for number in range(2):  # as a projector of before made them
            for table in ("fills", "closed_orders", "rejects", "order_events"):
                await connection.execute(
                    f"CREATE TABLE {table}_p{number} PARTITION OF {table} "
                    f"FOR VALUES FROM ({number * 64}) TO ({(number + 1) * 64})"
                )
        await connection.execute("UPDATE watermark SET seq = 0")
        await migrating.migrate(connection)
    found = await rows(
        database,
        "SELECT relname FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid "
        "WHERE inhparent = 'transfers'::regclass ORDER BY 1",
    )
    assert found == [("transfers_p0",), ("transfers_p1",)]
    market.stop()
    await project(dsn, market)
    await check_ledger(database, market)
    assert await database.fetchval("SELECT transfers_after FROM watermark") == 0
    indexes = {row["indexname"] for row in await database.fetch("SELECT indexname FROM pg_indexes")}
    assert {"transfers_p0_when", "transfers_p0_payer", "transfers_p1_payee"} <= indexes
    assert sinks.SPAN > 64
