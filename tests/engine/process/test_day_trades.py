"""Day trades in a real engine: what clients are told and refused, what is lifted, what a restart keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell import wire
from openbell.errors import OperatorRefused, OrderRejected
from openbell.wire import EventKind

from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
FILES = """
[ledger]
business_days = "manual"
[risk]
day_trades = "pattern"
pattern_equity = 25_000
[[account]]
name = "dan"
cash = 24_000
risk = "margin"
[[account]]
name = "fay"
cash = 24_000
risk = "margin"
day_trades = "intraday"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        with running.operator() as op:
            op.settle(20261127, reason="the first one")
        yield running


def told(events: list[openbell.Event | openbell.Reject]) -> list[str]:
    """In words, without numbers of the stream."""
    kinds = (EventKind.DAY_TRADE, EventKind.DAY_TRADER_LIFTED, EventKind.ACCOUNT_RISK)
    return [str(one).partition(" ")[2] for one in events if one.kind in kinds]


def day_trade(client: openbell.Client, bob: openbell.Client) -> None:
    """Buy 10 AAA at 100 and sell them."""
    bob.sell("AAA", 10, "100").wait_accepted()
    client.buy("AAA", 10, "100").wait_filled()
    bob.buy("AAA", 10, "100").wait_accepted()
    client.sell("AAA", 10, "100").wait_filled()


def test_a_pattern_is_told_asked_of_and_lifted(engine: Running, bob: openbell.Client) -> None:
    with engine.client("dan") as dan, engine.operator() as op:
        account, seen = dan.account_id(), dan.account_seq()
        for _ in range(4):
            day_trade(dan, bob)
        row = dan.day_trades()
        assert row is not None
        assert (row.is_pattern, row.day_trades, row.trades, row.day_trades_0, row.kept) == (1, 4, 8, 4, 0)
        with pytest.raises(OrderRejected) as refused:
            dan.buy("AAA", 1, "100").wait_accepted()
        assert str(refused.value) == (
            "DAY_TRADER: opens, and the account of a pattern day trader has an equity of 24,000.00: the least is "
            "25,000.00"
        )
        assert dan.preview("buy", "AAA", 1, "100").is_accepted is False
        assert op.preview("dan", "buy", "AAA", 1, "100").is_accepted is False
        free = dan.account().withdrawable
        op.deposit("dan", 1_500 * CASH, reason="a wire")
        assert dan.account().withdrawable == free + 500 * CASH
        dan.buy("AAA", 1, "90").wait_accepted()

        async def ask() -> openbell.daytrading.DayTradeInfo | None:
            async with openbell.connect_async(engine.data, account="dan") as client:
                return await client.day_trades()

        assert asyncio.run(ask()) == dan.day_trades()
        report = op.risk("dan")
        assert [(one.account_name, one.kept) for one in report.day_traders] == [("dan", 1_000 * CASH)]
        assert report.day_trade_settings.pattern_equity == 25_000 * CASH
        made = f"trade {row.day_trades * 2}, 4 of 8 trades that count: a pattern day trader from now on"
        words = told(list(dan.stream(timeout_s=0.5)))
        assert len(words) == 4
        assert words[3].startswith("DAY_TRADE instrument 0, order ")
        assert words[3].endswith(made)
        assert words[0].endswith("trade 2, 1 of 2 trades that count")
        op.settle(20261130, reason="it is over")
        lifted = op.lift_day_trader("dan", reason="he trades for the long run now")
        assert (lifted.is_pattern, lifted.day_trades, lifted.kept) == (0, 0, 0)
        with pytest.raises(OperatorRefused, match="the account is no pattern day trader"):
            op.lift_day_trader("dan", reason="again")
        assert dan.account().withdrawable > free + 500 * CASH
        day_trade(dan, bob)
        rows = op.day_traders(), op.day_trade_settings(), dan.account()
    engine.stop()
    engine.start()
    with engine.client("dan", resume={account: seen + 1}) as again, engine.operator() as op:
        words = told(list(again.stream(timeout_s=0.5)))
        assert words[4] == f"DAY_TRADER_LIFTED account {account}: no pattern day trader any more"
        assert words[5].endswith("1 of 2 trades that count")
        assert (op.day_traders(), op.day_trade_settings(), again.account()) == rows


def test_who_is_not_held_to_it_trades_on(engine: Running, bob: openbell.Client) -> None:
    with engine.client("fay") as fay, engine.operator() as op:
        account, seen = fay.account_id(), fay.account_seq()
        for _ in range(5):
            day_trade(fay, bob)
        assert fay.day_trades() is None
        assert bob.day_trades() is None
        fay.buy("AAA", 1, "90").wait_accepted()
        assert seen < fay.account_seq()
        with pytest.raises(OperatorRefused, match="day_trades: only an account that is watched as MARGIN is held to"):
            op.set_account_risk("fay", "CASH", day_trades="PATTERN", reason="a try")
        op.set_account_risk("fay", "MARGIN", day_trades="PATTERN", reason="by her wish")
        assert [row.account_name for row in op.day_traders()] == ["dan", "fay"]
        assert fay.day_trades() is not None
        op.set_account_risk("fay", "MARGIN", restricted=[2], reason="what is not given stays")
        assert [row.account_name for row in op.day_traders("fay")] == ["fay"]
        words = told(list(fay.stream(timeout_s=0.5)))
        assert words == [f"ACCOUNT_RISK account {account}: MARGIN, day trades PATTERN"] * 2


def test_an_operator_sets_what_makes_a_pattern(engine: Running, bob: openbell.Client) -> None:
    with engine.client("dan") as dan, engine.operator() as op:
        settings = op.set_day_trades(pattern_day_trades=1, pattern_percent="12.5", reason="stricter")
        assert settings == op.day_trade_settings()
        assert (settings.pattern_day_trades, settings.pattern_days, settings.pattern_share) == (1, 5, 1_250)
        day_trade(dan, bob)
        row = dan.day_trades()
        assert row is not None
        assert row.is_pattern
        with pytest.raises(OperatorRefused, match="nothing to set: give pattern_day_trades"):
            op.set_day_trades(reason="nothing")
        for field, value in (("pattern_day_trades", 256), ("pattern_days", 0), ("pattern_equity", "-1")):
            with pytest.raises(openbell.InvalidInput, match=field):
                op.set_day_trades(**{field: value}, reason="too far")
