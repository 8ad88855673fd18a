"""Statements out of a real database, beside what the core had at the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.errors import InvalidInput

from engine.projector.source import core_at
from engine.statement.contents import Statement
from engine.statement.gather import gather
from engine.statement.period import Period, period
from engine.store.embedded import StoreError
from engine.store.reading import reading
from ext.taxlots.asked import gains_of, lots_of
from ext.taxlots.machine import TaxLots
from tests.engine.ledgers import HOUSE, KINDS, USD, Days, fee, order
from tests.engine.markets import ACCOUNTS, NAMES, Trading, admin
from tests.engine.projector.test_sink import project

DAY_NS = 86_400 * 10**9
FIRST = datetime(2023, 11, 14, tzinfo=UTC)  # of tests.engine.markets.START_NS


async def statement(data: Path, dsn: str, account: str, of: Period | None = None) -> Statement:
    async with reading(data, dsn) as connection:
        return await gather(connection, account, of or period(None, None))


async def week(data: Path, dsn: str, seed: int) -> tuple[Trading, list[int]]:
    """Four days, the first of them before any SETTLE; and the last number of each."""
    market = Trading(data, seed)
    days = Days(market)
    ends = []
    for day in range(4):
        market.ts_ns = int(FIRST.timestamp()) * 10**9 + day * DAY_NS + 10**9 * 80_000
        if day == 2:
            market.trade_specials(60)
            market.amend(12)
        days.pass_by(1, settle=False)
        if day:
            days.settle(day % 3)
        days.pass_by(1, settle=False)
        if day in (1, 3):
            days.lend(3, 2 * day - 1)
        ends.append(market.seq)
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)
    return market, ends


async def test_it_is_what_the_core_had(dsn: str, data: Path, database: Any, seed: int) -> None:
    _, ends = await week(data, dsn, seed)
    # A trade with itself that is corrected is booked side by side; transfers have it one after the other.
    odd = {row["buyer"] for row in await database.fetch("SELECT buyer FROM amendments WHERE buyer = seller")}
    for day, seq in enumerate(ends):
        core, reader = core_at(data, seq, whole=True)
        reader.close()
        rows = {int(row["account"]): row for row in np.frombuffer(core.accounts(), wire.ACCOUNT_ROW)}
        positions = np.frombuffer(core.positions(), wire.POSITION_ROW)
        for account in range(ACCOUNTS):
            until = FIRST + timedelta(days=day + 1)
            made = await statement(data, dsn, NAMES[account], Period(FIRST + timedelta(days=day), until))
            row, closing = rows[account], made.closing
            assert closing.cash == row["cash"], (account, day)
            assert (closing.settled, closing.unsettled) == (row["settled"], row["unsettled"]), (account, day)
            assert closing.held_for_withdrawals == row["withdrawals"]
            present = closing.held_for_orders is not None
            assert present == (day == 3)
            assert not present or closing.held_for_orders == row["hold"] - row["withdrawals"]
            mine = positions[(positions["account"] == account) & (positions["qty"] != 0)]
            expected = {"ABC"[row["instrument"]]: (row["qty"], row["cost"]) for row in mine}
            if account not in odd or present:
                assert {one.symbol[0]: (one.quantity, one.cost) for one in made.holdings} == expected, (account, day)
            if day:
                before = await statement(data, dsn, str(account), Period(FIRST, FIRST + timedelta(days=day)))
                assert (made.opening.cash, made.opening.settled) == (before.closing.cash, before.closing.settled)
            _adds_up(made)


def _adds_up(made: Statement) -> None:
    balance = made.opening.cash
    for line in made.lines:
        balance += line.amount
        assert line.balance == balance
        if line.entry in ("TRADE", "BUST", "CORRECTION"):
            assert line.quantity is not None
            assert line.price is not None
            assert line.amount == -line.quantity * line.price * 100
    assert balance == made.closing.cash
    fees = -sum(line.amount for line in made.lines if line.entry in ("FEE", "CHARGE"))
    assert sum(made.fees.values()) == fees
    assert sum(trade.fees for trade in made.trades) == -sum(line.amount for line in made.lines if line.entry == "FEE")
    traded = sum(line.amount for line in made.lines if line.entry == "TRADE")
    assert sum(trade.amount for trade in made.trades) == traded


async def test_all_of_it_at_once(dsn: str, data: Path, database: Any, seed: int) -> None:
    market, _ = await week(data, dsn, seed)
    for account, name in enumerate(NAMES):
        made = await statement(data, dsn, name)
        assert (made.account, made.name, made.as_of_seq) == (account, name, market.seq)
        assert made.opening.cash == 0
        entries = {line.entry for line in made.lines}
        assert {"TRADE", "DEPOSIT", "SHARES"} <= entries
        assert ("FEE" in entries) == (account < 3)
        _adds_up(made)
        fees = await database.fetchval("SELECT fees FROM accounts WHERE account = $1", account)
        assert sum(trade.fees for trade in made.trades) == fees


async def test_lots_are_those_that_the_market_has(dsn: str, data: Path, database: Any, seed: int) -> None:
    """Made of the database, and of the events of the journal from its first command on."""
    _, ends = await week(data, dsn, seed)
    heard: list[bytes] = []
    core, reader = core_at(data, ends[-1], whole=True, on_events=lambda events, _: heard.append(events))
    reader.close()
    kept = TaxLots()
    kept.apply(b"".join(heard), core.instruments)
    symbols = {
        int(row["instrument"]): row["symbol"].decode() for row in np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    }
    sizes = {
        int(row["instrument"]): int(row["lot_size"]) for row in np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    }
    assert await database.fetchval("SELECT count(*) FROM operations WHERE command = $1", KINDS.SPLIT.value)
    for account, name in enumerate(NAMES):
        made = await statement(data, dsn, name)
        rows = np.frombuffer(lots_of(kept, core.positions(account)), wire.LOT_ROW)
        theirs = sorted(
            (symbols[one], lots * sizes[one], cost) for one, lots, cost in rows[["instrument", "qty", "cost"]].tolist()
        )
        assert sorted((lot.symbol, lot.quantity, lot.cost) for lot in made.lots) == theirs
        gains = np.frombuffer(gains_of(kept, core.positions(account), core.exposures(account)), wire.GAIN_ROW)
        assert sum(one.amount for one in made.gains) == int(gains["realized_fifo"].sum()), name
        assert sum(lot.quantity for lot in made.lots) == sum(one.quantity for one in made.holdings)


async def story(data: Path, dsn: str) -> None:
    """Gina buys 10 and sells 4 of ACME with fees, is charged, gets a dividend and takes cash out."""
    market = Trading(data, 1)
    for command in (
        admin(KINDS.SET_LEDGER, 4),
        fee(1, 0, HOUSE.COMMISSION, 31, 0, 0, 1_000_000),
        admin(KINDS.SET_ACCOUNT, 0, 0, 0, 0, 0, USD, 1, account=6, name="gina", flags=wire.AccountFlag.SHORT_ALLOWED),
        admin(KINDS.DEPOSIT, 5_000_000_000, account=6, reason="first money"),
    ):
        market.batch.add_admin(command)
    market.commit()
    for maker, number, side, price, qty in ((0, 1, 1, 1_000_000, 10), (0, 2, 0, 1_010_000, 4)):
        orders = order(maker, number, side, price, qty) + order(6, number, 1 - side, price, qty)
        assert market.batch.add_orders(orders, 0, 7, np.array([0, 6], "<u4").tobytes()) == 2
        market.commit()
    for command in (
        admin(KINDS.CHARGE, 2_500_000, HOUSE.TAX, 77, account=6, instrument=0, reason="stamp"),
        admin(KINDS.CHARGE, -1_250_000, HOUSE.DIVIDEND, account=6, instrument=wire.ANY, reason="for you"),
        admin(KINDS.HOLD_CASH, 9_000_000, 1, account=6, reason="by wire"),
        admin(KINDS.HOLD_CASH, 3_000_000, 2, account=6, reason="by cheque"),
        admin(KINDS.HOLD_CASH, 4_000_000, 3, account=6, reason="by pigeon"),
        admin(KINDS.POST_CASH, 0, 1, account=6, reason="sent"),
        admin(KINDS.RELEASE_CASH, 0, 2, account=6, reason="bounced"),
    ):
        market.batch.add_admin(command)
    market.commit()
    market.writer.wait(market.seq)
    market.stop()
    await project(dsn, market)


async def test_words_and_numbers(dsn: str, data: Path) -> None:
    await story(data, dsn)
    made = await statement(data, dsn, "gina")
    assert [(line.entry, line.text, line.quantity, line.price, line.amount) for line in made.lines] == [
        ("DEPOSIT", "deposit: first money", None, None, 5_000_000_000),
        ("TRADE", "bought ACME, trade 1", 10, 1_000_000, -1_000_000_000),
        ("FEE", "commission fee, trade 1 in ACME", None, None, -1_000_000),
        ("TRADE", "sold ACME, trade 2", -4, 1_010_000, 404_000_000),
        ("FEE", "commission fee, trade 2 in ACME", None, None, -1_000_000),
        ("CHARGE", "tax for ACME: stamp", None, None, -2_500_000),
        ("CHARGE", "dividend: for you", None, None, 1_250_000),
        ("WITHDRAWAL", "withdrawal 1: sent", None, None, -9_000_000),
    ]
    assert [(one.number, one.result, one.reason) for one in made.withdrawals] == [
        (1, "paid out", "sent"), (2, "released", "bounced"), (3, "on its way", "by pigeon"),
    ]  # fmt: skip
    assert [(one.symbol, one.quantity, one.cost, one.last_price, one.gain) for one in made.holdings] == [
        ("ACME", 6, 600_000_000, 1_010_000, 6_000_000)
    ]
    assert made.fees == {"COMMISSION": 2_000_000, "DIVIDEND": -1_250_000, "TAX": 2_500_000}
    assert [(one.side, one.fees, one.net) for one in made.trades] == [
        ("BUY", 1_000_000, -1_001_000_000), ("SELL", 1_000_000, 403_000_000),
    ]  # fmt: skip
    assert (made.closing.held_for_withdrawals, made.closing.held_for_orders) == (4_000_000, 0)
    assert (made.currency, made.places) == ("USD", 2)


async def test_what_is_wrong_is_named(dsn: str, data: Path, database: Any) -> None:
    market = Trading(data, 1)
    market.stop()
    await project(dsn, market)
    with pytest.raises(InvalidInput, match=r"account: there is no account 'alise'; did you mean alice\?") as caught:
        await statement(data, dsn, "alise")
    assert (caught.value.field, caught.value.value) == ("account", "alise")
    with pytest.raises(InvalidInput, match="there is no account '99'"):
        await statement(data, dsn, "99")
    await database.execute("UPDATE transfers SET cash = cash + 5 WHERE payee = 1")
    with pytest.raises(StoreError, match="movements of account bob come to 1,000,000,000,000,005 and its balance"):
        await statement(data, dsn, "bob")
    await database.execute("UPDATE watermark SET transfers_after = 7")
    with pytest.raises(StoreError, match="the ledger from seq 8 on only"):
        await statement(data, dsn, "alice")


@pytest.mark.parametrize(
    ("first", "last", "field", "text"),
    [
        ("2026-11-31", None, "from", "from: '2026-11-31' is not a day such as 2026-11-30"),
        (None, "tomorrow", "to", "to: 'tomorrow' is not a day"),
        ("2026-11-30", "2026-11-29", "from", "from: 2026-11-30 is after to: 2026-11-29"),
        ("1969-12-31", None, "from", "from: 1969-12-31 is not within 1970-01-01 and 9998-12-31"),
        (None, "9999-12-31", "to", "to: 9999-12-31 is not within"),
    ],
)
def test_days_that_are_none(first: str | None, last: str | None, field: str, text: str) -> None:
    with pytest.raises(InvalidInput, match=text) as caught:
        period(first, last)
    assert caught.value.field == field


def test_a_day_is_whole() -> None:
    of = period("2026-11-30", "2026-11-30")
    assert (of.since, of.until) == (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
