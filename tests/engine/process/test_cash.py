"""Rules of cash accounts in a real engine: what clients are refused and told, what is lifted, what a restart keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell import wire
from openbell.errors import OperatorRefused, OrderRejected
from openbell.wire import CashRule, EventKind

from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
FILES = """
[ledger]
business_days = "manual"
[risk]
cash_violations = 1
[[account]]
name = "dan"
positions = { AAA = 100 }
risk = "cash"
cash_rule = "refuse"
[[account]]
name = "fay"
positions = { AAA = 100 }
risk = "cash"
cash_rule = "count"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        with running.operator() as op:
            op.settle(20261127, reason="the first one")
        yield running


def told(events: list[openbell.Event | openbell.Reject]) -> list[str]:
    """In words, without numbers of the stream."""
    kinds = (EventKind.CASH_VIOLATION, EventKind.CASH_RESTRICTED, EventKind.CASH_LIFTED, EventKind.ACCOUNT_RISK)
    return [str(one).partition(" ")[2] for one in events if one.kind in kinds]


def turn(client: openbell.Client, bob: openbell.Client) -> None:
    """Sell 100 AAA at 100 and buy 200 BBB at 50 with that."""
    bob.buy("AAA", 100, "100").wait_accepted()
    client.sell("AAA", 100, "100").wait_filled()
    bob.sell("BBB", 200, "50").wait_accepted()
    client.buy("BBB", 200, "50").wait_filled()


def test_what_is_not_paid_for_is_not_sold(engine: Running, bob: openbell.Client) -> None:
    with engine.client("dan") as dan:
        turn(dan, bob)
        with pytest.raises(OrderRejected) as refused:
            dan.sell("BBB", 1, "50").wait_accepted()
        assert str(refused.value) == (
            "GOOD_FAITH: sells 1 lots, free to sell and paid for with settled cash are 0 lots (headroom 0 lots)"
        )
        (row,) = dan.unpaid()
        assert (row.symbol, row.lots, row.lots_today, row.money) == ("BBB", 200, 200, 10_000 * CASH)
        cash = dan.cash()
        assert cash is not None and (cash.rule, cash.funds, cash.unsettled) == (CashRule.REFUSE, 0, 0)
        assert dan.preview("sell", "BBB", 1, "50").is_accepted is False
        assert bob.cash() is None

        async def ask() -> list[openbell.cash.UnpaidInfo]:
            async with openbell.connect_async(engine.data, account="dan") as client:
                assert await client.cash() == cash
                assert await client.violations() == []
                return await client.unpaid()

        assert asyncio.run(ask()) == [row]
        with engine.operator() as op:
            for day in (20261130, 20261201):
                op.settle(day, reason="it is over")
        assert dan.unpaid() == []
        dan.sell("BBB", 200, "60").wait_accepted()


def test_what_is_counted_restricts_and_is_lifted(engine: Running, bob: openbell.Client) -> None:
    with engine.client("fay") as fay, engine.operator() as op:
        account, seen = fay.account_id(), fay.account_seq()
        turn(fay, bob)
        bob.buy("BBB", 200, "50").wait_accepted()
        fay.sell("BBB", 150, "50").wait_filled()
        (violation,) = fay.violations()
        assert (violation.number, violation.symbol, violation.date) == (1, "BBB", 0)
        with pytest.raises(OrderRejected, match=r"SETTLED_CASH: needs 50.00, and"):
            fay.buy("BBB", 1, "50").wait_accepted()
        with pytest.raises(OperatorRefused, match="violation 2: none that counts has the number"):
            op.lift_cash("fay", 2, reason="no such one")
        op.settle(20261130, reason="it is over")
        (row,) = op.cash_accounts("fay")
        assert (row.account_name, row.restricted, row.since, row.violations) == ("fay", 1, 20261130, 1)
        assert op.lift_cash("fay", reason="paid in time").restricted == 0
        assert op.lift_cash("fay", 1, reason="an error").violations == 0
        fay.buy("BBB", 1, "1").wait_accepted()
        with pytest.raises(OperatorRefused, match="the account is not restricted"):
            op.lift_cash("fay", reason="again")
        with pytest.raises(OperatorRefused, match="SHORT_ALLOWED is excluded by the account's rule of cash accounts"):
            op.limits("fay", openbell.Limits(short_allowed=True), reason="to sell short")
        cost = "(7,500.00)"
        wanted = [
            f"CASH_VIOLATION 1, GOOD_FAITH: 150 lots of instrument 1 were sold that are not paid for {cost}, 1 count",
            f"CASH_RESTRICTED account {account}: restricted to settled cash by violation 1",
            f"CASH_RESTRICTED account {account}: free again",
            "CASH_LIFTED violation 1, 0 count",
        ]
        assert told(list(fay.stream(timeout_s=0.5))) == wanted
        op.set_account_risk("fay", "CASH", cash_rule="REFUSE", reason="he was warned")
        rows = op.cash_accounts(), op.unpaid(), op.violations(), fay.account()
        assert [row.rule for row in rows[0]] == [CashRule.REFUSE, CashRule.REFUSE]
        assert rows[1][0].lots == 50
    engine.stop()
    engine.start()
    with engine.client("fay", resume={account: seen + 1}) as again, engine.operator() as op:
        wanted.append(f"ACCOUNT_RISK account {account}: CASH, cash rule REFUSE")
        assert told(list(again.stream(timeout_s=0.5))) == wanted
        assert (op.cash_accounts(), op.unpaid(), op.violations(), again.account()) == rows
        assert (op.risk().settings.cash_violations, op.risk().settings.cash_restriction_days) == (1, 90)
