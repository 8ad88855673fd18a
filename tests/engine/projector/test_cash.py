"""Cash accounts in a real database: their rules, violations and restrictions, and what commands are answered by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openbell import wire

from engine.ledger.verify import verify
from engine.store.reading import reading
from tests.engine.ledgers import KINDS, order
from tests.engine.markets import ALLOWED, Trading, admin
from tests.engine.projector.models import rows
from tests.engine.projector.test_sink import project

ACCOUNT, OTHER = 0, 1
PRICE, LOTS = 1_000_000, 10_000
BUY, SELL = wire.Side.BUY, wire.Side.SELL


def trade(market: Trading, side: int, lots: int, instrument: int) -> None:
    """The account trades with the other one."""
    for account, way in ((OTHER, side ^ 1), (ACCOUNT, side)):
        number = market.next_ids[account]
        market.next_ids[account] += 1
        market.batch.add_orders(order(account, number, way, PRICE, lots, instrument=instrument), 0, 1, ALLOWED)
    market.commit()


def govern(market: Trading, *commands: bytes) -> None:
    for command in commands:
        market.batch.add_admin(command)
    market.commit()


def cash_account(market: Trading) -> None:
    """An account that sells what it has not paid for, is restricted, has a violation lifted, and is free again."""
    kept = [wire.KEEP] * 7
    govern(
        market,
        admin(KINDS.SET_RISK, 0, 0, 0, 0, 0, 1, 365, 1),
        admin(KINDS.SET_ACCOUNT, *kept, account=ACCOUNT, flags=0),
        admin(KINDS.DEPOSIT, -(10**15), account=ACCOUNT),
        admin(KINDS.SETTLE, 20231114, 1),
        admin(KINDS.SET_ACCOUNT_RISK, 0, wire.CashRule.COUNT, account=ACCOUNT, state=wire.RiskType.CASH),
    )
    trade(market, SELL, LOTS, 0)
    trade(market, BUY, LOTS, 1)
    trade(market, SELL, 4_000, 1)
    govern(
        market,
        admin(KINDS.SETTLE, 20231115, 1),
        admin(KINDS.DEPOSIT_SHARES, -1_000, account=ACCOUNT, instrument=1, reason="delivered out"),
        admin(KINDS.LIFT_CASH, 1, account=ACCOUNT, reason="paid in time"),
        admin(KINDS.LIFT_CASH, 7, account=ACCOUNT),
        admin(KINDS.SETTLE, 20231116, 1),
        admin(KINDS.SETTLE, 20231117, 1),
    )


@pytest.mark.parametrize("limit", [1 << 17, 3])
async def test_all_of_it_is_there(dsn: str, database: Any, data: Path, seed: int, limit: int) -> None:
    market = Trading(data, seed)
    cash_account(market)
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, limit)
    found = await rows(database, "SELECT account, rule, restricted, violations, since FROM cash_accounts")
    assert found == [(ACCOUNT, wire.CashRule.COUNT, 0, 1, 0)]
    query = (
        "SELECT number, instrument, kind, qty, cost::float / 1000000, client_order_id, counted FROM cash_violations "
        "ORDER BY number"
    )
    good_faith = wire.CashViolation.GOOD_FAITH
    assert await rows(database, query) == [
        (1, 1, good_faith, 4_000, 400_000.0, 3, 1),
        (2, 1, good_faith, 1_000, 100_000.0, 0, 2),
    ]
    query = "SELECT name_of('EventKind', event), restricted, violation FROM cash_restrictions ORDER BY account_seq"
    assert await rows(database, query) == [
        ("CASH_RESTRICTED", True, 1),
        ("CASH_RESTRICTED", True, 2),
        ("CASH_LIFTED", False, 1),
        ("CASH_RESTRICTED", False, 0),
    ]
    query = "SELECT number, violation, symbol, qty, lifted FROM violations ORDER BY number"
    assert await rows(database, query) == [
        (1, "GOOD_FAITH", "BELL", 4_000, True),
        (2, "GOOD_FAITH", "BELL", 1_000, False),
    ]
    query = "SELECT name_of('EventKind', kind) FROM operations WHERE command = ANY($1::int[]) ORDER BY seq"
    answers = await database.fetch(query, [int(KINDS.SETTLE), int(KINDS.LIFT_CASH), int(KINDS.SET_ACCOUNT_RISK)])
    assert [row[0] for row in answers] == [
        "SETTLEMENT", "ACCOUNT_RISK", "SETTLEMENT", "CASH_LIFTED", "ADMIN_REJECTED", "SETTLEMENT", "SETTLEMENT",
    ]  # fmt: skip
    async with reading(data, dsn) as connection:
        proof = await verify(data, connection, whole=True)
    assert [(one.what, one.of, one.expected, one.found) for one in proof.differences] == []


async def test_a_violation_in_an_auction_is_not_its_answer(dsn: str, database: Any, data: Path, seed: int) -> None:
    market = Trading(data, seed)
    kept = [wire.KEEP] * 7
    govern(
        market,
        admin(KINDS.SET_RISK, 0, 0, 0, 0, 0, 1, 365, 1),
        admin(KINDS.SET_ACCOUNT, *kept, account=ACCOUNT, flags=0),
        admin(KINDS.DEPOSIT, -(10**15), account=ACCOUNT),
        admin(KINDS.SETTLE, 20231114, 1),
        admin(KINDS.SET_ACCOUNT_RISK, 0, wire.CashRule.COUNT, account=ACCOUNT, state=wire.RiskType.CASH),
    )
    trade(market, SELL, LOTS, 0)
    trade(market, BUY, LOTS, 1)
    call = admin(KINDS.SET_INSTRUMENT_STATE, wire.AuctionKind.CLOSING, 0, 1, instrument=1, state=3)
    govern(market, call)
    trade(market, SELL, LOTS, 1)
    govern(market, admin(KINDS.RUN_AUCTION, instrument=1))
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market, 1 << 17)
    assert await rows(database, "SELECT number, qty FROM cash_violations") == [(1, LOTS)]
    query = "SELECT name_of('EventKind', kind) FROM operations WHERE command = $1"
    assert [row[0] for row in await database.fetch(query, int(KINDS.RUN_AUCTION))] == ["AUCTION"]
