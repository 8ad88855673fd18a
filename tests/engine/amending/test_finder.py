"""The search of trades in a journal: one at a time, so many waiting, so long; docs/busts.md, The verbs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.amending.facts import Facts, TradeNotFound
from engine.amending.finder import MOST_WAITING, PATIENCE_S, FinderBusy, SearchTimeout, TradeFinder
from tests.engine.trading import Trading, command, orders_frame

A = b"\0aaaa"


class Counting(TradeFinder):
    """The finder, and how many processes it started."""

    def __init__(self, data: Path, patience_s: float = PATIENCE_S) -> None:
        super().__init__(data, patience_s)
        self.searches = 0

    async def _search(self, instrument: int, trade_id: int, last_seq: int) -> Facts:
        self.searches += 1
        return await super()._search(instrument, trade_id, last_seq)


@pytest.fixture
async def traded(synced: Trading) -> AsyncIterator[tuple[Counting, int]]:
    """A finder, and the last command of a journal with two trades of AAA."""
    synced.login(A, "both")
    for trade in (1, 2):
        sell, buy = command(account=2, client_order_id=trade, side=1), command(client_order_id=trade)
        synced.put(A, orders_frame([sell, buy]))
    synced.durable()
    yield Counting(synced.folder), synced.market.core.seq


async def test_who_waits_for_a_trade_that_another_one_found_does_not_search_it_again(
    traded: tuple[Counting, int],
) -> None:
    found, last = traded
    facts = await asyncio.gather(*(found.find(0, 2, last) for _ in range(MOST_WAITING)))
    assert {one.trade_id for one in facts} == {2}
    assert found.searches == 1
    assert (await found.find(0, 1, last)).buyer.client_order_id == 1
    assert found.searches == 2


async def test_a_trade_that_is_not_there_yet_is_looked_for_again(traded: tuple[Counting, int]) -> None:
    found, last = traded
    for _ in range(2):
        with pytest.raises(TradeNotFound, match="not in the journal up to command"):
            await found.find(0, 3, last)
    assert found.searches == 2


async def test_so_many_may_wait(traded: tuple[Counting, int]) -> None:
    found, last = traded
    waiting = [asyncio.create_task(found.find(0, 1 + place % 2, last)) for place in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(FinderBusy, match=f"^{MOST_WAITING} trades are looked for already"):
        await found.find(0, 1, last)
    assert [(await one).trade_id for one in waiting] == [1, 2] * (MOST_WAITING // 2)
    assert (await found.find(0, 1, last)).trade_id == 1


async def test_so_long_a_search_may_take(traded: tuple[Counting, int], synced: Trading) -> None:
    found, last = traded
    with pytest.raises(SearchTimeout, match=r"the search of trade 1 was ended after 0\.001 s"):
        await Counting(synced.folder, patience_s=0.001).find(0, 1, last)
    assert (await found.find(0, 1, last)).trade_id == 1
