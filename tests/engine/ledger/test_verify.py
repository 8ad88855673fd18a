"""Books = journal = database, and what happens where they are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire

from engine.ledger.verify import Proof, verify
from engine.store.embedded import StoreError
from engine.store.reading import reading
from tests.engine import markets
from tests.engine.ledgers import KINDS, USD, Days
from tests.engine.markets import Trading, admin
from tests.engine.projector.test_sink import project

EUR = int.from_bytes(b"EUR", "little")


async def proof(data: Path, dsn: str, *, whole: bool = False) -> Proof:
    async with reading(data, dsn) as connection:
        return await verify(data, connection, whole=whole)


def found(of: Proof) -> list[tuple[str, str, Any, Any]]:
    return [(one.what, one.of, one.expected, one.found) for one in of.differences]


async def lively(data: Path, dsn: str, seed: int) -> Trading:
    """A market in which all happened that the ledger knows, in its database; one snapshot on the way."""
    market = Trading(data, seed)
    days = Days(market)
    days.pass_by(2)
    market.trade_specials(100)
    market.snapshot()
    market.trade_linked(100)
    market.amend(20)
    days.lend()
    days.pass_by(1)
    for command in (
        admin(KINDS.SET_RISK, 0, 0, 0, 2, 2),
        admin(KINDS.SET_DESK, 0, account=1, name="firm"),
        admin(KINDS.SET_MEMBER, 1, account=1),
        admin(KINDS.SET_LIMIT, 10**12, account=1, state=wire.Limit.GROSS),
        admin(KINDS.DEPOSIT, 10**12, account=4),  # whatever it has won or lost by then,
        admin(KINDS.SET_LEDGER, 16),  # and however many others are held
        admin(KINDS.HOLD_CASH, 5_000_000, 1_000_000, account=4),
        admin(KINDS.SET_ACCOUNT, 0, 0, 0, 0, 0, USD, 1, account=6, name="gina"),
        admin(KINDS.DEPOSIT, 9_000_000, account=6),
        admin(KINDS.SET_ACCOUNT_RISK, 0, wire.CashRule.REFUSE, account=6, state=wire.RiskType.CASH),
        admin(KINDS.SET_ACCOUNT_RISK, 0, 0, wire.DayTradeRule.PATTERN, account=5, state=wire.RiskType.MARGIN),
        admin(KINDS.SET_RISK, 0, 0, 0, 4, 4),
        admin(KINDS.SET_DESK, account=1, name="firm"),
        admin(KINDS.SET_MEMBER, 1, account=6),
        admin(KINDS.SET_LIMIT, 5_000_000, account=6, state=wire.Limit.GROSS),
        admin(KINDS.SET_KEY, account=3, name="algo"),
        admin(KINDS.SET_LIMIT, 100, account=3, state=wire.Limit.MESSAGES, flags=wire.AdminFlag.OF_KEY),
    ):
        market.batch.add_admin(command)
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    return market


@pytest.mark.parametrize("whole", [False, True])
async def test_all_agrees(dsn: str, data: Path, seed: int, whole: bool) -> None:
    market = await lively(data, dsn, seed)
    result = await proof(data, dsn, whole=whole)
    assert found(result) == []
    assert result.seq == market.seq
    counts = {check.what: check.compared for check in result.checks}
    assert min(counts.values()) > 0, counts
    assert (counts["accounts"], counts["postings: cash"], counts["constraints of transfers"]) == (7, 7, 3)
    assert counts["postings: lots"] == counts["positions"] > 6
    assert counts["hold = orders + withdrawals"] == 7


def in_two_currencies() -> list[bytes]:
    """Half of the accounts and one instrument are in euros."""
    commands = [np.frombuffer(command, wire.ADMIN_COMMAND)[0].copy() for command in markets.opening()]
    for command in commands:
        if command["kind"] == KINDS.SET_ACCOUNT:
            command["value5"] = EUR if command["account"] % 2 else USD
        elif command["kind"] == KINDS.SET_INSTRUMENT and command["instrument"] == 1:
            command["value6"] = EUR
    return [command.tobytes() for command in commands]


async def test_each_currency_by_itself_where_all_accounts_have_one(dsn: str, data: Path, seed: int) -> None:
    market = Trading(data, seed, commands=in_two_currencies())
    Days(market).pass_by(2)
    market.stop()
    await project(dsn, market)
    result = await proof(data, dsn)
    assert found(result) == []
    assert (result.checks[0].what, result.checks[0].compared) == ("accounts + house = 0", 3)


PLANTED = [
    ("UPDATE accounts SET cash = cash + 1 WHERE account = 2", "accounts", "carol (2), cash"),
    ("UPDATE accounts SET withdrawable = 7, plan = 9 WHERE account = 0", "accounts", "alice (0), plan"),
    ("DELETE FROM accounts WHERE account = 3", "accounts", "dave (3)"),
    ("UPDATE positions SET qty = qty - 1 WHERE account = 1 AND instrument = 1", "positions", "bob (1) in BELL, qty"),
    ("INSERT INTO positions VALUES (5, 7, 1, 0, 0, 0, 0)", "positions", "frank (5) in instrument 7"),
    ("UPDATE house_balances SET balance = balance + 1 WHERE house = 1 AND currency = ''", "house_balances",
     "BANK in no currency, balance"),
    ("INSERT INTO house_balances VALUES ('EUR', 3, 1)", "house_balances", "COMMISSION in EUR"),
    ("UPDATE keys SET name = 'other'", "keys", "API key 3, name"),
    ("DELETE FROM key_limits", "key_limits", "API key 3, limit 10"),
    ("UPDATE cash_accounts SET rule = 1", "cash_accounts", "gina (6), rule"),
    ("DELETE FROM withdrawals WHERE number = 1000000", "withdrawals", "erin (4), number 1000000"),
    ("UPDATE fee_plans SET minimum = 0 WHERE plan = 1 AND component = 0", "fee_plans", "plan 1, component 0, minimum"),
    ("UPDATE transfers SET cash = cash + 1 WHERE seq = (SELECT min(seq) FROM transfers WHERE payee = 1)",
     "postings: cash", "bob (1)"),
    ("UPDATE transfers SET lots = lots + 1 WHERE kind = 17 AND payer = 2", "postings: lots", "carol (2) in CORN"),
    ("DELETE FROM transfers WHERE kind = 17 AND payer = 2", "postings: the depository's lots", "CORN"),
    ("UPDATE transfers SET house = 12 WHERE kind = 22 AND seq = (SELECT min(seq) FROM transfers WHERE kind = 22)",
     "postings: the house's cash", "OTHER in no currency"),
    ("UPDATE transfers SET order_id = NULL WHERE kind = 22 AND order_id IS NOT NULL", "postings: fees of fills",
     "alice (0)"),
    ("UPDATE movements SET amount = amount + 1 WHERE instrument = 0", "lots = deposited", "ACME"),
    ("ALTER TABLE transfers DROP CONSTRAINT two_parties", "constraints of transfers", "two_parties"),
    ("UPDATE watermark SET transfers_after = 30", "postings begin after seq", "`openbell project --rebuild`"),
]  # fmt: skip


async def test_what_was_planted_is_found(dsn: str, database: Any, data: Path, seed: int) -> None:
    await lively(data, dsn, seed)
    for statement, what, of in PLANTED:
        transaction = database.transaction()
        await transaction.start()
        await database.execute(statement)
        plan = await verify(data, database)
        assert (what, of) in {(one.what, one.of) for one in plan.differences}, (statement, found(plan)[:5])
        await transaction.rollback()
    assert found(await proof(data, dsn)) == []


async def test_a_database_of_another_market_or_beyond_the_journal(dsn: str, database: Any, data: Path) -> None:
    market = Trading(data, 1)
    market.stop()
    await project(dsn, market)
    await database.execute("UPDATE watermark SET seq = seq + 5")
    with pytest.raises(StoreError, match=r"is at seq 30, and the journal does not go there: .* ends before seq 26"):
        await proof(data, dsn)
    await database.execute("UPDATE watermark SET seq = seq - 5, market_id = '\\x00'")
    with pytest.raises(StoreError, match="of another market, 00"):
        await proof(data, dsn)


async def test_a_database_that_is_not_ready(dsn: str, database: Any, data: Path, tmp_path: Path) -> None:
    market = Trading(data, 1)
    market.stop()
    with pytest.raises(StoreError, match=r"has no read models: `openbell project` makes them"):
        await proof(data, dsn)
    await project(dsn, market)
    newest = await database.fetchval("SELECT max(number) FROM migrations")
    await database.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
    with pytest.raises(StoreError, match=rf"has migration {newest - 1}, this program {newest}"):
        await proof(data, dsn)
    with pytest.raises(StoreError, match=r"cannot connect to postgresql://nobody:?\**@/nothing"):
        await proof(data, f"postgresql://nobody:secret@/nothing?host={tmp_path}")
    with pytest.raises(StoreError, match=r"there is no database: `openbell project` makes it"):
        await proof(data, "embedded")


async def test_it_sees_one_moment(dsn: str, database: Any, data: Path, seed: int) -> None:
    """What a projector writes meanwhile is not seen: neither the new watermark nor the rows."""
    market = Trading(data, seed)
    market.trade(100)
    await project(dsn, market)
    seq = market.seq
    async with reading(data, dsn) as connection:
        market.trade(200)
        await project(dsn, market)
        assert await database.fetchval("SELECT seq FROM watermark") == market.seq
        result = await verify(data, connection)
    assert (result.seq, found(result)) == (seq, [])
    market.stop()
