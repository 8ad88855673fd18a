"""Day trades in a real database: who is held to the rule, what was one, patterns, and what commands are answered by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openbell import wire

from engine.ledger.verify import verify
from engine.store.reading import reading
from tests.engine.ledgers import KINDS
from tests.engine.markets import Trading, admin
from tests.engine.projector.models import rows
from tests.engine.projector.test_cash import ACCOUNT, BUY, LOTS, SELL, govern, trade
from tests.engine.projector.test_sink import project


def day_trades(market: Trading) -> None:
    """An account with two day trades, the last in an auction, that is a pattern day trader, pays in, and is lifted."""
    govern(
        market,
        admin(KINDS.SET_DAY_TRADES, 2, 5, 0, wire.MAX_CASH),
        admin(KINDS.SETTLE, 20231114, 1),
        admin(KINDS.SET_ACCOUNT_RISK, 0, 0, wire.DayTradeRule.PATTERN, account=ACCOUNT, state=wire.RiskType.MARGIN),
        admin(KINDS.SET_MARGIN, instrument=1),
        admin(KINDS.SET_RISK, 1_000),
    )
    trade(market, BUY, LOTS, 1)
    trade(market, SELL, LOTS, 1)
    trade(market, BUY, LOTS, 1)
    govern(market, admin(KINDS.SET_INSTRUMENT_STATE, wire.AuctionKind.CLOSING, 0, 1, instrument=1, state=3))
    trade(market, SELL, LOTS, 1)
    govern(
        market,
        admin(KINDS.RUN_AUCTION, instrument=1),
        admin(KINDS.DEPOSIT, 400, account=ACCOUNT, reason="a wire"),
    )


@pytest.mark.parametrize("limit", [1 << 17, 3])
async def test_all_of_it_is_there(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    day_trades(market)
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, limit)
    rule = wire.DayTradeRule.PATTERN
    assert await rows(database, "SELECT * FROM day_traders") == [(ACCOUNT, rule, 1, 2, 4, 400, 0, 0)]
    query = (
        "SELECT account, instrument, side, client_order_id, trade_id, counted, trades, made_pattern FROM day_trades "
        "ORDER BY account_seq"
    )
    assert await rows(database, query) == [
        (ACCOUNT, 1, SELL, 2, 2, 1, 2, False),
        (ACCOUNT, 1, SELL, 4, 4, 2, 4, True),
    ]
    assert await rows(database, "SELECT symbol, counted, trades, lifted FROM patterns") == [("BELL", 2, 4, None)]
    query = "SELECT name_of('EventKind', kind) FROM operations WHERE command = $1"
    assert [row[0] for row in await database.fetch(query, int(KINDS.RUN_AUCTION))] == ["AUCTION"]
    async with reading(data, dsn) as connection:
        proof = await verify(data, connection, whole=True)
    assert [(one.what, one.of, one.expected, one.found) for one in proof.differences] == []
    await database.execute("UPDATE day_traders SET trades = 5")
    async with reading(data, dsn) as connection:
        proof = await verify(data, connection, whole=True)
    assert [one.what for one in proof.differences] == ["day_traders"]


async def test_a_pattern_that_was_lifted_says_when(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Trading(data, seed)
    day_trades(market)
    govern(
        market,
        admin(KINDS.LIFT_DAY_TRADER, account=ACCOUNT, reason="for the long run"),
        admin(KINDS.LIFT_DAY_TRADER, account=ACCOUNT),
        admin(KINDS.SETTLE, 20231115, 1),
    )
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 1 << 17)
    assert await rows(database, "SELECT * FROM day_traders") == [(ACCOUNT, 1, 0, 0, 0, 0, 0, 0)]
    assert await rows(database, "SELECT account FROM day_trader_lifts") == [(ACCOUNT,)]
    assert await rows(database, "SELECT account, lifted IS NOT NULL FROM patterns") == [(ACCOUNT, True)]
    query = "SELECT name_of('EventKind', kind) FROM operations WHERE command = $1 ORDER BY seq"
    answers = await database.fetch(query, int(KINDS.LIFT_DAY_TRADER))
    assert [row[0] for row in answers] == ["DAY_TRADER_LIFTED", "ADMIN_REJECTED"]
