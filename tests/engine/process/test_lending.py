"""Locates, interest, dividends and splits in a real engine: what clients see and are told, and what a restart keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.errors import OrderRejected
from openbell.positions import moves
from openbell.wire import Borrow, EventKind

from tests.engine.process.running import Running

CASH = wire.CASH_SCALE
FILES = """
[[instrument]]
symbol = "AAA"
reference_price = 100
borrow = { state = "hard", fee_percent = 7.2, inventory = 1_000 }
[[rates]]
currency = ""
debit_percent = 9
[[account]]
name = "dan"
cash = 1_000_000
short_allowed = true
risk = "cash"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        yield running


@pytest.fixture
def dan(engine: Running) -> Iterator[openbell.Client]:
    with engine.client("dan") as client:
        yield client


def told(events: list[openbell.Event | openbell.Reject]) -> list[str]:
    """In words, without numbers of the stream."""
    kinds = (EventKind.LOCATED, EventKind.DIVIDEND_DUE, EventKind.CHARGED, EventKind.SPLIT_SHARES)
    return [str(one).partition(" ")[2] for one in events if one.kind in kinds]


def test_what_is_located_for_a_client_may_be_sold_short(
    engine: Running, dan: openbell.Client, bob: openbell.Client
) -> None:
    with pytest.raises(OrderRejected) as refused:
        dan.sell("AAA", 10, "100").wait_accepted()
    assert str(refused.value) == "LOCATE: would owe 10 lots, located for that are 0 lots (headroom 0 lots)"
    with engine.operator() as op:
        assert op.locate("dan", "AAA", 70, reason="found") == 70
    dan.sell("AAA", 60, "100").wait_accepted()
    (row,) = dan.locates()
    assert (row.symbol, row.located, row.short, row.free) == ("AAA", 70, 60, 10)
    borrows = {one.symbol: one for one in dan.borrows()}
    assert (borrows["AAA"].borrow, borrows["AAA"].fee, borrows["AAA"].available) == (Borrow.HARD, 72_000, 930)
    assert borrows["BBB"].borrow == Borrow.EASY
    assert bob.locates() == []

    async def ask() -> list[openbell.lending.LocateInfo]:
        async with openbell.connect_async(engine.data, account="dan") as client:
            assert await client.borrows() == dan.borrows()
            return await client.locates()

    assert asyncio.run(ask()) == [row]


def test_the_private_stream_tells_of_all_of_it_and_a_restart_keeps_it(engine: Running, bob: openbell.Client) -> None:
    with engine.client("dan") as dan, engine.operator() as op:
        account = dan.account_id()
        seen = dan.account_seq()
        op.locate("dan", "AAA", 70, reason="found")
        dan.sell("AAA", 7, "100").wait_accepted()
        bob.buy("AAA", 7, "100").wait_filled()
        assert op.accrue(20261130, days=3, reason="a weekend").charges == 1  # dan has cash, which earns nothing
        assert op.dividend("AAA", "0.5", reference=4, reason="of the year") == 3
        (due,) = dan.dues()
        assert (due.symbol, due.due) == ("AAA", -3_500_000)
        risk = dan.risk()
        assert risk is not None and risk.equity == dan.account().cash - 7 * 100 * CASH - 3_500_000
        op.pay_dividend("AAA", reference=5, reason="of the year")
        assert dan.dues() == []
        op.halt("AAA", reason="a split")
        done = op.split("AAA", 3, 2, reason="as the company said")
        assert (done.orders, done.price) == (0, 100_0000)
        assert dan.positions()[0].qty == -10
        wanted = [
            "LOCATED 70 of instrument 0, now 70",
            "CHARGED 0.42 for borrow, reference 20261130",
            "DIVIDEND_DUE -3.50 of instrument 0, now -3.50",
            "CHARGED 3.50 for dividend, reference 5",
            "SPLIT_SHARES -3 of instrument 0, now -10",
            "CHARGED 33.333333 for other",
        ]
        assert told(list(dan.stream(timeout_s=0.5))) == wanted
        rows = op.locates(), op.borrows(), op.rates(), dan.account()
        assert rows[0][0].located == 105
    engine.stop()
    engine.start()
    with engine.client("dan", resume={account: seen + 1}) as again, engine.operator() as op:
        heard = list(again.stream(timeout_s=0.5))
        assert told(heard) == wanted
        events = np.array([tuple(one) for one in heard if isinstance(one, openbell.Event)], wire.EVENT)
        assert int(moves(events)[1].sum()) == -10
        assert (op.locates(), op.borrows(), op.rates(), again.account()) == rows
