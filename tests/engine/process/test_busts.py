"""Busts and corrections in a real engine with a real PostgreSQL: both clients, market data, ledger and positions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import OperatorRefused
from openbell.market.updates import AMENDED
from openbell.records import json_frame
from openbell.wire import EventKind, FrameType, TradeFlag

from engine.store.embedded import EmbeddedPostgres
from tests.engine.process.running import Running
from tests.engine.projector.models import connected

PATIENCE_S = 60.0


def wait_for(what: Callable[[], Any]) -> Any:
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < deadline_s, "not within the time"
        time.sleep(0.05)
    return found


class Two:
    """Alice has bought 5 lots of bob at 100.00, and both still listen."""

    def __init__(self, engine: Running) -> None:
        self.alice, self.bob = engine.client("alice"), engine.client("bob")
        self.before = self.now()
        self.sold = self.bob.sell("AAA", 5, "100").wait_accepted()
        self.bought = self.alice.buy("AAA", 5, "100").wait_filled()
        self.sold.wait_filled()
        self.trade_id = self.bought.fills[0].trade_id

    def now(self) -> list[tuple[int, int]]:
        """Cash and lots of AAA of both."""
        found = []
        for client in (self.alice, self.bob):
            (row,) = [row for row in client.positions() if row.instrument == 0]
            found.append((client.account().cash, row.qty))
        return found

    def hear(self) -> None:
        """Take in what came."""
        self.alice.poll(0.02)
        self.bob.poll(0.02)

    def close(self) -> None:
        self.alice.close()
        self.bob.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path) as running:
        yield running


def test_both_clients_are_told_and_have_back_what_they_gave(engine: Running) -> None:
    with engine.operator() as op, openbell.market_data(engine.data, channels="XV", symbols=["AAA"]) as data:
        data.wait_live()
        updates = data.updates(0.2)
        two = Two(engine)
        looked = op.trade("AAA", two.trade_id)
        assert (looked.qty, looked.price, looked.buyer.account, looked.seller.account) == (5, 100_0000, 1, 2)
        assert looked.buyer.client_order_id == two.bought.client_order_id and looked.refused is None
        assert looked.accounts[0].cash.after - looked.accounts[0].cash.before == 500_000_000
        assert two.now() != two.before
        report = op.bust("AAA", two.trade_id, reason="obvious error")
        assert report.is_busted and report.accounts == looked.accounts
        assert two.now() == two.before
        for order in (two.bought, two.sold):
            wait_for(lambda order=order: (two.hear(), order.busted)[1])
            assert (order.fills, order.filled, len(order.busted)) == ([], 5, 1)
        assert two.alice.fills() == two.bob.fills() == []
        trades = [one for one in updates if isinstance(one, openbell.TradeUpdate)]
        assert [(one.is_new, one.trade_id, one.qty, one.price) for one in trades] == [
            (True, two.trade_id, 5, 100_0000), (False, two.trade_id, 5, 100_0000),
        ]  # fmt: skip
        assert trades[1].flags == TradeFlag.BUST and trades[1].aggressor == wire.SIDE_BOTH
        assert data.last_trade("AAA") is None  # the last one of the instrument is void
        day = wait_for(lambda: (data.poll(0.1), data.statistics("AAA"))[1])
        wait_for(lambda: (data.poll(0.1), data.statistics("AAA").volume == 0)[1])
        assert data.statistics("AAA").flags & wire.StatisticsFlag.ADJUSTED and day is not None
        with pytest.raises(OperatorRefused, match="BUSTED: trade 1 was busted before"):
            op.bust("AAA", two.trade_id, reason="again")
        with pytest.raises(OperatorRefused, match="TRADE: the instrument has no trade 99, its last one is 1") as caught:
            op.bust("AAA", 99, reason="wrong number")
        assert (caught.value.field, caught.value.limit, caught.value.value) == ("TRADE", 1, 99)
        with pytest.raises(OperatorRefused, match="TRADE: the instrument has no trade 1, its last one is 0"):
            op.bust("BBB", 1, reason="another instrument")
        assert two.now() == two.before
    two.close()


def test_a_gap_on_the_channel_of_trades_is_filled_with_the_bust(engine: Running) -> None:
    """Who begins later and asks for all trades gets the trade, and that it is void."""
    two = Two(engine)
    with engine.operator() as op:
        op.correct("AAA", two.trade_id, price="99.5", reason="wrong price")
        op.bust("AAA", two.trade_id, reason="void")
    asking = engine.dealer("snapshots")
    asking.send(json_frame(FrameType.QUERY, 1, {"channel": "X", "from": 1}))
    _, records = asking.recv_multipart()
    asking.close()
    seen = [openbell.TradeUpdate._make(row) for row in np.frombuffer(records, wire.TRADE).tolist()]
    assert [(one.flags & AMENDED, one.price, one.trade_id) for one in seen] == [
        (0, 100_0000, 1), (TradeFlag.CORRECTION, 99_5000, 1), (TradeFlag.BUST, 99_5000, 1),
    ]  # fmt: skip
    with openbell.market_data(engine.data, channels="X", trades_from=1) as data:
        assert data.last_trade("AAA") is None
    two.close()


def test_corrections_over_a_restart(engine: Running) -> None:
    two = Two(engine)
    with engine.operator() as op:
        report = op.correct("AAA", two.trade_id, price="90", qty=4, reason="wrong price")
        assert (report.now_price, report.now_qty, report.changes) == (90_0000, 4, 1)
    paid = [(cash - way * 360_000_000, lots + way * 4) for (cash, lots), way in zip(two.before, (1, -1), strict=True)]
    assert two.now() == paid
    wait_for(lambda: (two.hear(), two.bought.busted)[1])
    assert [(fill.qty, fill.price) for fill in two.bought.fills] == [(4, 90_0000)]
    assert [(row.qty, row.price) for row in two.alice.fills()] == [(4, 90_0000)]
    last_seq = two.alice.account_seq()
    two.close()
    engine.kill()
    engine.start()
    with engine.operator() as op:
        looked = op.trade("AAA", two.trade_id)
        assert (looked.price, looked.qty, looked.now_price, looked.now_qty) == (100_0000, 5, 90_0000, 4)
        op.correct("AAA", two.trade_id, qty=3, reason="and fewer")
        with engine.client("alice", resume={1: last_seq - 1}) as alice:
            told = alice.events(5.0)
            assert told["account_seq"].tolist() == list(range(last_seq - 1, last_seq + 3))
            assert told["kind"].tolist() == [EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED] * 2
            assert told["qty"].tolist() == [5, 4, 4, 3]
        assert op.bust("AAA", two.trade_id, reason="after all").is_busted
        rows = {row.name: row for row in op.accounts()}
        assert [rows[name].cash for name in ("alice", "bob")] == [cash for cash, _ in two.before]


def test_an_older_trade_is_found_behind_a_snapshot(engine: Running) -> None:
    two = Two(engine)
    with engine.operator() as op:
        op.snapshot(reason="before more")
        two.bob.sell("AAA", 2, "101").wait_accepted()
        two.alice.buy("AAA", 2, "101").wait_filled()
        op.snapshot(reason="after more")
        assert (op.trade("AAA", 1).price, op.trade("AAA", 2).price) == (100_0000, 101_0000)
        report = op.bust("AAA", 2, reason="the second")
        assert (report.qty, report.seller.account) == (2, 2)
    two.close()


def test_ledger_positions_and_views_reverse_in_postgres(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres")
    asyncio.run(postgres.start())
    try:
        with Running(tmp_path / "engine", f'[postgres]\ndsn = "{postgres.dsn}"\n') as engine, engine.operator() as op:
            two = Two(engine)
            op.correct("AAA", two.trade_id, price="101", reason="wrong price")
            op.bust("AAA", two.trade_id, reason="void")
            projected(op)
            asyncio.run(see_ledger(postgres.dsn))
            two.close()
            # What happens while the database is away is amended from the journal, and projected later.
            asyncio.run(postgres.stop())
            again = Two(engine)
            op.bust("AAA", again.trade_id, reason="no database")
            assert again.now() == again.before
            again.close()
            status = op.status()
            assert status.projected_sequence < status.durable_sequence
            asyncio.run(postgres.start())
            projected(op)
            asyncio.run(see_balances(postgres.dsn))
            assert engine.stop() == 0
    finally:
        asyncio.run(postgres.stop())


def projected(op: openbell.Operator) -> None:
    """Wait until the database has all."""
    seq = op.last_seq
    wait_for(lambda: op.status().projected_sequence >= seq)


async def see_ledger(dsn: str) -> None:
    async with connected(dsn) as connection:
        found = await connection.fetch(
            "SELECT entry, account_name, cash, lots FROM ledger WHERE entry NOT LIKE 'DEPOSIT%'"
        )
        rows = [(row["entry"], row["account_name"], int(row["cash"]), row["lots"]) for row in found]
        assert sorted(rows) == sorted(
            [
                ("TRADE", "alice", -500, 5), ("TRADE", "bob", 500, -5),
                ("CORRECTION", "alice", 500, -5), ("CORRECTION", "bob", -500, 5),
                ("CORRECTION", "alice", -505, 5), ("CORRECTION", "bob", 505, -5),
                ("BUST", "alice", 505, -5), ("BUST", "bob", -505, 5),
            ]
        )  # fmt: skip
        executions = await connection.fetch("SELECT status, standing_qty, qty FROM executions")
        assert [tuple(row) for row in executions] == [("BUSTED", 0, 5)] * 2
        assert await connection.fetchval("SELECT count(*) FROM candles") == 0
        assert await connection.fetchval("SELECT DISTINCT operator FROM amendments") == "tester"
    await see_balances(dsn)


async def see_balances(dsn: str) -> None:
    """The sums of the ledger are the balances and the positions."""
    async with connected(dsn) as connection:
        assert not await connection.fetch(
            "SELECT 1 FROM (SELECT account, sum(cash) AS cash FROM ledger GROUP BY account) l JOIN balances b "
            "USING (account) WHERE l.cash <> b.cash"
        )
        assert not await connection.fetch(
            "SELECT 1 FROM holdings JOIN (SELECT account, symbol, sum(lots) AS lots FROM ledger "
            "WHERE symbol IS NOT NULL GROUP BY account, symbol) l USING (account, symbol) WHERE lots <> qty"
        )
