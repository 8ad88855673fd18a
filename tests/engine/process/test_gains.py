"""Tax lots in a real engine: what clients and operators see, and what restarts keep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell.errors import Refused
from openbell.gains import GainInfo, LotInfo

from tests.engine.process.running import Running

CASH = 1_000_000
FILES = """
[[account]]
name = "dan"
cash = 1_000_000
short_allowed = true
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, FILES) as running:
        yield running


def short(lots: list[LotInfo]) -> list[tuple[str, int, int]]:
    return [(lot.symbol, lot.qty, lot.cost // CASH) for lot in lots]


def buy(buyer: openbell.Client, seller: openbell.Client, qty: int, price: str) -> int:
    """The number of the trade."""
    seller.sell("AAA", qty, price).wait_accepted()
    order = buyer.buy("AAA", qty, price).wait_filled()
    return order.fills[0].trade_id


def marked(client: openbell.Client, mark: int) -> None:
    """Wait until the first position's mark, which follows the last trade by TICKs, is this."""
    until = time.monotonic() + 20
    while client.gains()[0].mark != mark:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_lots_and_gains_are_told_and_kept(engine: Running) -> None:
    with engine.client("dan") as dan, engine.client("bob") as bob, engine.operator() as op:
        buy(dan, bob, 10, "100")
        second = buy(dan, bob, 10, "101")
        buy(bob, dan, 15, "102")
        assert short(dan.lots()) == [("AAA", 5, 505)]
        (lot,) = dan.lots()
        assert (lot.trade_id, lot.flags) == (second, 0)
        (gain,) = dan.gains()
        assert (gain.qty, gain.realized_fifo, gain.today_fifo) == (5, 25 * CASH, 25 * CASH)
        assert (gain.realized_average, gain.cost_average) == (22_500_000, 502_500_000)
        assert gain.unrealized_fifo == 5 * gain.mark * 100 - gain.cost_fifo
        assert gain.realized_fifo + gain.unrealized_fifo == gain.realized_average + gain.unrealized_average
        assert short(bob.lots()) == [
            ("AAA", 999_980, 99_998_000), ("AAA", 15, 1530), ("BBB", 1_000_000, 50_000_000)
        ]  # fmt: skip
        op.bust("AAA", second, reason="an error")
        assert short(dan.lots()) == [("AAA", -5, -510)]  # fifteen were sold and ten bought
        (gain,) = dan.gains()
        assert gain.realized_fifo == 20 * CASH
        marked(dan, 1_020_000)
        kept: list[LotInfo] = dan.lots() + bob.lots()
        gained: list[GainInfo] = dan.gains() + bob.gains()
        shown = op.lots("dan", "AAA")
        assert (shown.total, [row.qty for row in shown.rows]) == (1, [-5])
        assert op.lots(limit=1).total == 6
        assert [row.account_name for row in op.gains(instrument="BBB")] == ["alice", "bob"]
        with pytest.raises(Refused):
            dan.query("lots", account=bob.account_id())

    async def ask() -> list[LotInfo]:
        async with openbell.connect_async(engine.data, account="dan") as client:
            assert len(await client.gains()) == 1
            return await client.lots()

    assert asyncio.run(ask()) == kept[:1]
    for ends in ("kill", "stop"):  # from the journal alone; from a snapshot
        if ends == "kill":
            engine.kill()
        else:
            engine.stop()
        engine.start()
        with engine.client("dan") as dan, engine.client("bob") as bob, engine.operator() as op:
            assert dan.lots() + bob.lots() == kept
            assert dan.gains() + bob.gains() == gained
    with engine.client("dan") as dan, engine.client("bob") as bob, engine.operator() as op:
        op.halt("AAA", reason="a split")
        op.split("AAA", 1, 2, reason="as the company said")
        assert short(dan.lots()) == [("AAA", -2, -408)]  # half a share is paid for at the last price of a whole
        (gain,) = dan.gains()
        assert gain.realized_fifo == 20 * CASH
