"""Breaks: an engine killed and started again, on other ports; local books through losses of every kind."""

from __future__ import annotations

import asyncio
import threading
import time
from random import Random

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.orders import OrderState
from openbell.wire import Channel, EventKind

from tests.client.conftest import Engine


def test_a_killed_engine(own_engine: Engine) -> None:
    with openbell.connect(own_engine.data, account="alice", keep_events=True) as alice:
        resting = alice.buy("ACME", 10, "101.00").wait_accepted()
        own_engine.kill()
        sent = alice.buy("ACME", 5, "101.00")  # into nowhere
        restart = threading.Thread(target=own_engine.start)
        restart.start()
        sent.wait_accepted(30)
        restart.join()
        assert resting.is_open
        resting.cancel().wait_done()
        assert alice.cancel_all() == 1
        alice.wait_until(lambda: sent.is_done, 10, "the cancel")
        seqs = alice.events()["account_seq"].tolist()
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        seen = alice.account_seq()
        account = alice.account_id()
    with openbell.connect(own_engine.data, account="alice", keep_events=True, resume={account: 1}) as again:
        deadline_s = time.monotonic() + 10
        found: list[int] = []
        while len(found) < seen and time.monotonic() < deadline_s:
            found += again.events(0.5)["account_seq"].tolist()
        assert found == list(range(1, seen + 1))


def test_an_engine_that_stops_in_order_says_so(own_engine: Engine) -> None:
    with openbell.connect(own_engine.data, account="alice") as alice:
        resting = alice.buy("ACME", 10, "101.00").wait_accepted()
        own_engine.stop()
        own_engine.start()
        alice.sell("ACME", 4, "101.00", self_trade="ALLOW").wait_filled(30)
        alice.wait_until(lambda: resting.filled == 4, 10)
        assert resting.state is OrderState.PARTLY_FILLED


async def test_async_a_killed_engine_under_load(own_engine: Engine) -> None:
    async with openbell.connect_async(own_engine.data, account="maker") as maker:
        stream = maker.stream()
        first = maker.account_seq() + 1

        async def trade(number: int) -> openbell.Order:
            await asyncio.sleep(number * 0.002)
            order = maker.sell("BOLT", 1, 100_000 + number)
            await order.wait_accepted(60)
            return order

        tasks = [asyncio.ensure_future(trade(number)) for number in range(300)]
        await asyncio.sleep(0.2)
        await asyncio.to_thread(own_engine.kill)
        await asyncio.to_thread(own_engine.start)
        orders = await asyncio.gather(*tasks)
        assert all(order.is_open for order in orders)
        rows = await maker.orders()
        assert {row.client_order_id for row in rows} == {order.client_order_id for order in orders}
        assert len(rows) == 300
        last = maker.account_seq()
        assert [(await anext(stream)).account_seq for _ in range(last - first + 1)] == list(range(first, last + 1))


def churn(client: openbell.Client, random: Random, commands: int) -> None:
    """Random orders around one price, in batches."""
    instruments = [row.id for row in client.instruments_by_symbol.values()]
    for _ in range(commands // 16):
        made = np.zeros(16, wire.ORDER_COMMAND)
        made["kind"], made["tif"] = 1, openbell.TimeInForce.GTC
        made["account"] = client.account_id()
        made["instrument"] = [random.choice(instruments) for _ in range(16)]
        made["client_order_id"] = first = client.reserve_ids(16)
        made["client_order_id"] += np.arange(16, dtype=np.uint64)
        made["side"] = [random.randrange(2) for _ in range(16)]
        made["qty"] = [random.randint(1, 50) for _ in range(16)]
        made["price"] = [1_012_500 + 100 * random.randint(-30, 30) for _ in range(16)]
        for place in range(8, 16):
            if random.random() < 0.5:
                made["kind"][place] = openbell.CommandKind.CANCEL
                made["client_order_id"][place] = first + place - 8
        client.send_batch(made)


def equal_to_the_engine(data: openbell.MarketData, engine: Engine) -> None:
    """A fresh subscription is a snapshot: it shows the engine's book."""
    with openbell.market_data(engine.data, channels="BDTXS") as fresh:
        data.wait_live(10)
        for symbol in fresh.instruments:
            mine, theirs = data.book(symbol), fresh.book(symbol)
            assert [mine.orders(side) for side in (0, 1)] == [theirs.orders(side) for side in (0, 1)]
            assert (mine.bids(), mine.asks()) == (theirs.bids(), theirs.asks())
            for feed in (data.feed, fresh.feed):
                book = feed.depth_books[Channel.DEPTH].get(feed.instrument_id(symbol))
                assert book is not None
                assert (book.bids(), book.asks()) == (theirs.bids(), theirs.asks())
            mine_top, top = data.top(symbol), fresh.top(symbol)
            assert mine_top is not None
            assert top is not None
            assert mine_top[7:] == top[7:]


def test_local_books_equal_the_engines_after_losses(own_engine: Engine, seed: int) -> None:
    random = Random(seed)
    with (
        openbell.connect(own_engine.data, account="maker") as maker,
        openbell.market_data(own_engine.data, channels="BDTXS") as data,
    ):
        churn(maker, random, 2_000)
        maker.orders()  # everything sent is done
        time.sleep(0.3)
        equal_to_the_engine(data, own_engine)
        assert data.recoveries == 0
        take = data.feed.receive
        lost = 0

        def lossy(message: bytes) -> None:
            nonlocal lost
            if message[0] != Channel.HEARTBEAT and random.random() < 0.2:
                lost += 1
            else:
                take(message)

        data.feed.receive = lossy  # type: ignore[method-assign]
        for _ in range(10):
            churn(maker, random, 500)
            data.poll(0.05)
        data.feed.receive = take  # type: ignore[method-assign]
        assert lost > 0
        maker.orders()
        time.sleep(0.3)
        data.poll(0.1)
        equal_to_the_engine(data, own_engine)
        assert data.recoveries > 0

        own_engine.kill()
        own_engine.start()
        maker.cancel_all("BOLT", "buy", timeout_s=30)
        churn(maker, random, 500)
        maker.orders()
        time.sleep(0.3)
        equal_to_the_engine(data, own_engine)


async def test_async_books_equal_the_engines_after_a_kill(own_engine: Engine, seed: int) -> None:
    random = Random(seed)
    async with openbell.market_data_async(own_engine.data, channels="DTXS") as data:
        updates = data.updates()
        with openbell.connect(own_engine.data, account="maker") as maker:
            await asyncio.to_thread(churn, maker, random, 1_000)
            await asyncio.to_thread(maker.orders)
            assert isinstance(await asyncio.wait_for(anext(updates), 10), tuple)
            own_engine.kill()
            await asyncio.to_thread(own_engine.start)
            await asyncio.to_thread(maker.cancel_all, "BOLT", "buy", timeout_s=30)
            await asyncio.to_thread(churn, maker, random, 1_000)
            await asyncio.to_thread(maker.orders)
        await data.wait_live(30)
        await asyncio.sleep(0.5)
        with openbell.market_data(own_engine.data, channels="D") as fresh:
            for symbol in fresh.instruments:
                mine, theirs = data.book(symbol), fresh.book(symbol)
                assert (mine.bids(), mine.asks()) == (theirs.bids(), theirs.asks())


def test_events_that_are_not_kept_any_more(own_engine: Engine) -> None:
    with openbell.connect(own_engine.data, account="maker") as maker:
        resting = maker.sell("BOLT", 10, 9_000_000).wait_accepted()
        churn(maker, Random(1), 160_000)
        account, last = maker.account_id(), 0
        while maker.account_seq() > last:
            last = maker.account_seq()
            maker.poll(1.0)
        with openbell.connect(own_engine.data, account="maker", keep_events=True, resume={account: 1}) as late:
            with pytest.raises(openbell.ResumeTooOld) as caught:
                late.events(5.0)
            assert (caught.value.account, caught.value.value) == (account, 1)
            assert isinstance(caught.value.limit, int)
            assert 1 < caught.value.limit <= last
            again = late.sell("BOLT", 10, 9_000_000, client_order_id=resting.client_order_id).wait_accepted()
            late.wait_until(lambda: again.leaves == 10, 10)
            again.cancel().wait_done()  # the stream goes on
            assert late.events(5.0)["kind"].tolist()[-1] == EventKind.CANCELED
