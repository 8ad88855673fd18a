"""Borrowing, interest, dividends and splits in a real database: what is there, and what commands are answered by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire

from engine.ledger.verify import verify
from engine.store.reading import reading
from tests.engine.ledgers import Days
from tests.engine.markets import Trading
from tests.engine.projector.ledgers import check_ledger
from tests.engine.projector.models import rows
from tests.engine.projector.test_sink import project

TABLES = {
    "lendings": ("borrows", wire.BORROW_ROW, ("instrument", "borrow", "fee", "inventory", "lent")),
    "located": ("locates", wire.LOCATE_ROW, ("account", "instrument", "located")),
    "dividends_due": ("dues", wire.DUE_ROW, ("account", "instrument", "due")),
}


async def check_tables(database: Any, market: Trading) -> None:
    for table, (of, dtype, names) in TABLES.items():
        found = await rows(database, f"SELECT * FROM {table} ORDER BY 1, 2")
        wanted = np.frombuffer(getattr(market.core, of)(), dtype)
        assert found == sorted(tuple(int(row[name]) for name in names) for row in wanted), table
        assert found, table


@pytest.mark.parametrize("limit", [1 << 17, 53])
async def test_all_of_it_is_there(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    days = Days(market)
    days.pass_by(1)
    days.lend()
    market.snapshot()
    days.pass_by(1)
    days.lend(1, 7)
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, limit)
    await check_ledger(database, market)
    await check_tables(database, market)
    rates = await rows(database, "SELECT * FROM interest_rates ORDER BY 1")
    assert rates == [("", 90_000, 30_000, 365), ("USD", 90_000, 30_000, 360)]
    view = await rows(
        database, "SELECT borrow, fee_percent::float, inventory - lent - available FROM borrows ORDER BY 1, 2"
    )
    assert view == [("EASY", 0.0, 0), ("EASY", 7.0, 0), ("HARD", 4.0, 0)]
    assert await database.fetchval("SELECT count(*) FROM locates WHERE lots >= short OR short > 0") == 1
    assert await database.fetchval("SELECT count(*) FROM dues WHERE account_name IS NOT NULL") > 1
    query = "SELECT account, symbol, sum(lots)::bigint FROM {} GROUP BY 1, 2 HAVING sum(lots) <> 0 ORDER BY 1, 2"
    of_ledger = await rows(database, query.format("ledger"))
    assert of_ledger == await rows(
        database,
        query.format("(SELECT account, symbol, qty AS lots FROM positions JOIN instruments USING (instrument)) p"),
    )
    assert await database.fetchval("SELECT count(*) FROM ledger WHERE entry = 'SPLIT' AND reason LIKE 'as the%'") > 3
    for whole in (False, True):
        async with reading(data, dsn) as connection:
            proof = await verify(data, connection, whole=whole)
        assert [(one.what, one.of, one.expected, one.found) for one in proof.differences] == []


async def test_each_command_is_answered_by_what_says_that_it_was_done(
    dsn: str, database: Any, data: Path, seed: int
) -> None:
    """Charges and claims of accounts, orders that ended, come before."""
    market = Trading(data, seed)
    days = Days(market)
    days.pass_by(1)
    days.lend()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    results = await rows(database, f"SELECT result FROM audit WHERE seq > {market.seq - 12} ORDER BY seq")
    assert [name for (name,) in results] == [
        "BORROW_SET", "BORROW_SET", "LOCATED", "RATES_SET", "RATES_SET", "ACCRUED", "DIVIDEND_SET", "DIVIDEND_PAID",
        "DIVIDEND_SET", "INSTRUMENT_STATE", "SPLIT_DONE", "INSTRUMENT_STATE",
    ]  # fmt: skip
    of_accrue = await rows(
        database,
        f"SELECT DISTINCT house, instrument IS NULL FROM transfers WHERE seq = {market.seq - 6} ORDER BY 1",
    )
    assert of_accrue == [(wire.HouseAccount.INTEREST, True), (wire.HouseAccount.BORROW, False)]
