"""Handles of a client that missed events for good, and among these busts and corrections: exact all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell.errors import ResumeTooOld
from openbell.orders import OrderState

from tests.engine.process.running import Running

PATIENCE_S = 30.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, "[history]\nevents = 1024\n") as running:
        yield running


def forget(engine: Running) -> None:
    """Have alice's account see so much that the market keeps no event of before."""
    commands = np.zeros(2_000, openbell.wire.ORDER_COMMAND)
    commands["kind"], commands["tif"], commands["account"] = openbell.CommandKind.NEW_ORDER, openbell.TimeInForce.IOC, 1
    commands["price"], commands["qty"] = 1_0000, 1
    with engine.client("alice") as other:
        commands["client_order_id"] = other.reserve_ids(2_000) + np.arange(2_000, dtype=np.uint64)
        other.send_batches(commands, 500)
        assert other.cancel_all(session_only=True) == 0  # answered behind all of them


def state_of(order: openbell.Order) -> tuple[Any, ...]:
    return (
        order.state, order.filled, order.leaves, sorted((fill.trade_id, fill.qty, fill.price) for fill in order.fills),
        sorted((fill.trade_id, fill.qty, fill.price) for fill in order.busted),
    )  # fmt: skip


def trade(engine: Running, lots: int, price: str) -> None:
    """Bob sells so many lots to whoever bids that."""
    with engine.client("bob") as bob:
        bob.sell("AAA", lots, price).wait_filled()


def test_handles_are_exact_after_lost_events_and_busts(engine: Running) -> None:
    """Trades of before the loss, of the events that are lost, and of those that are kept."""
    alice = engine.client("alice")
    live, ended = alice.buy("AAA", 10, "90", tif="GTC"), alice.buy("AAA", 3, "100", tif="GTC")
    meanwhile = alice.buy("AAA", 6, "99", tif="GTC").wait_accepted()
    trade(engine, 3, "100")  # trade 1, of `ended`
    trade(engine, 2, "99")  # 2, of `meanwhile`
    ended.wait_filled()
    alice.wait_until(lambda: meanwhile.filled == 2, PATIENCE_S)
    alice.events()
    assert engine.stop() == 0  # this client calls nothing, so it does not come back before it is asked to
    engine.start()
    with engine.operator() as op:
        op.bust("AAA", 1, reason="obvious error")
        op.correct("AAA", 2, price="98", reason="a typing error")
        trade(engine, 4, "99")  # 3: the rest of `meanwhile`
        trade(engine, 1, "90")  # 4, of `live`
    forget(engine)
    trade(engine, 5, "90")  # 5, of `live`: these events are kept
    with engine.operator() as op:
        op.bust("AAA", 4, reason="obvious error")
        op.bust("AAA", 5, reason="obvious error")
    trade(engine, 1, "90")  # 6
    with pytest.raises(ResumeTooOld) as lost:
        alice.events(PATIENCE_S)
    alice.wait_until(lambda: alice.is_online, PATIENCE_S)
    assert lost.value.limit is not None and isinstance(lost.value.value, int)
    assert state_of(live) == (
        OrderState.PARTLY_FILLED, 7, 3, [(6, 1, 90_0000)], [(5, 5, 90_0000)],
    )  # fmt: skip
    assert state_of(ended) == (OrderState.FILLED, 3, 0, [], [(1, 3, 100_0000)])
    # It ended in what is lost: nobody keeps how, but that the two lots count at another price is known.
    assert state_of(meanwhile) == (OrderState.UNKNOWN, 2, 0, [(2, 2, 98_0000)], [(2, 2, 99_0000)])
    assert meanwhile.average_price == 98
    kept = alice.events()
    fills = kept["trade_id"][kept["kind"] == openbell.EventKind.FILL]
    assert fills.tolist() == [5, 6], "what is kept comes again"
    with engine.operator() as op:
        op.bust("AAA", 6, reason="obvious error")  # and it goes on
    alice.wait_until(lambda: not live.fills, PATIENCE_S)
    assert live.filled == 7
    live.cancel().wait_done()
    alice.close()


def test_all_that_is_kept_comes_again(engine: Running) -> None:
    """Lost is what the market says is lost, and no more: the private stream goes on from the first event kept."""
    alice = engine.client("alice")
    alice.buy("AAA", 1, "90", tif="GTC").wait_accepted()
    seen = alice.account_seq()
    alice.close()
    with engine.client("alice") as other:
        other.buy("AAA", 1, "91", tif="GTC").wait_accepted()
    forget(engine)
    with engine.client("alice") as other:
        other.buy("AAA", 1, "92", tif="GTC").wait_accepted()
        last = other.account_seq()
    with engine.client("alice", resume={1: seen + 1}) as late:
        with pytest.raises(ResumeTooOld) as lost:
            late.events(PATIENCE_S)
        assert lost.value.value == seen + 1
        assert isinstance(lost.value.limit, int) and seen + 1 < lost.value.limit < last
        late.wait_until(lambda: late.account_seq() == last, PATIENCE_S)
        assert late.events()["account_seq"].tolist() == list(range(lost.value.limit, last + 1))


def test_the_asynchronous_client_likewise(engine: Running, caplog: pytest.LogCaptureFixture) -> None:
    async def until(done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                await asyncio.sleep(0.02)

    async def follow() -> None:
        client = openbell.connect_async(engine.data, account="alice")
        async with client as alice:
            order = alice.buy("AAA", 2, "100", tif="GTC")
            await order.wait_accepted()
            await asyncio.to_thread(trade, engine, 2, "100")
            await until(lambda: order.is_done)
            places = alice._places
            given, places._given = places._given, ["tcp://127.0.0.1:1"]  # it finds no market while it is asked not to
            await asyncio.to_thread(engine.stop)
            await asyncio.to_thread(engine.start)
            with engine.operator() as op:
                await asyncio.to_thread(op.bust, "AAA", 1, reason="obvious error")
            await asyncio.to_thread(forget, engine)
            places._given = given
            await until(lambda: order.fills == [])
            assert "of account 1 are lost" in caplog.text
            assert (order.state, order.filled, len(order.busted)) == (OrderState.FILLED, 2, 1)

    asyncio.run(follow())
