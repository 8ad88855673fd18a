"""Both clients over a real socket against a peer that misbehaves on demand."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.orders import OrderState
from openbell.records import HEADER
from openbell.wire import EventKind, FrameType

from tests.client.peer import ACCOUNT, Peer, running


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running() as made:
        yield made


@pytest.fixture
def client(peer: Peer) -> Iterator[openbell.Client]:
    with openbell.connect(peer.address, api_key="good", keep_events=True) as made:
        yield made


def batch(client: openbell.Client | openbell.AsyncClient, count: int = 3) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    commands = np.zeros(count, wire.ORDER_COMMAND)
    commands["kind"], commands["tif"], commands["qty"], commands["price"] = 1, openbell.TimeInForce.GTC, 1, 100
    commands["account"], commands["instrument"] = client.account_id(), 1
    commands["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
    return commands


# ------------------------------------------------------------ blocking


def test_blocking_life_of_an_order(client: openbell.Client) -> None:
    taker = client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
    assert (taker.state, taker.filled) == (OrderState.FILLED, 100)
    order = client.sell("ACME", 100, "101.25", tif="GTC").wait_accepted()
    assert client.open_orders == [order]
    order.replace("101.50").wait_answered()
    assert order.price_text == "101.50"
    assert [row.client_order_id for row in client.orders()] == [order.client_order_id]
    order.cancel().wait_done()
    assert order.state is OrderState.CANCELED
    with pytest.raises(openbell.OrderCanceled):
        order.wait_filled()
    client.order("sell", "BOLT", 1, 5).wait_accepted()
    assert client.cancel_all() == 1
    assert client.info["market"] == "peer"
    assert client.symbol(2) == "BOLT"
    assert client.positions() == []
    assert client.fills() == []
    assert [row.symbol for row in client.instruments()] == ["ACME", "BOLT"]


def test_blocking_events_and_stream(client: openbell.Client) -> None:
    seen: list[int] = []
    client.on_events(lambda array: seen.extend(array["account_seq"].tolist()))
    client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
    array = client.events()
    assert array["kind"].tolist() == [EventKind.ACCEPTED, EventKind.FILL]
    assert client.events().tolist() == []
    number = client.send_batch(batch(client))
    assert number > 0
    assert [event.kind for event in client.stream(timeout_s=0.3)] == [EventKind.ACCEPTED] * 3
    assert seen == [1, 2, 3, 4, 5]
    assert client.account_seq() == 5


def test_blocking_resume_in_another_client(peer: Peer, client: openbell.Client) -> None:
    client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
    with openbell.connect(peer.address, api_key="good", keep_events=True, resume={ACCOUNT: 2}) as again:
        assert again.events(1.0)["account_seq"].tolist() == [2]


def test_blocking_gaps_are_closed(peer: Peer, client: openbell.Client) -> None:
    peer.garble = lambda events: [events[1:]] if len(events) > 1 else []
    order = client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
    peer.garble = lambda events: [events, events[::-1]]
    client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
    assert len(order.fills) == 1
    assert client.events()["account_seq"].tolist() == [1, 2, 3, 4]
    assert [kind for kind, _ in peer.received].count(FrameType.RESUME) >= 1


def test_blocking_survives_a_crash(peer: Peer, client: openbell.Client) -> None:
    resting = client.sell("ACME", 5, "101.25").wait_accepted()
    peer.stop()
    order = client.buy("ACME", 5, "101.25", tif="IOC")
    peer.emit(kind=EventKind.CANCELED, client_order_id=resting.client_order_id, reason=7)  # while nobody listens
    peer.restart()
    order.wait_filled()
    assert resting.state is OrderState.CANCELED
    assert peer.logins[-1]["resume"] == {str(ACCOUNT): 2}
    assert client.events()["account_seq"].tolist() == [1, 2, 3, 4]


def test_blocking_a_forgotten_login_is_made_again(peer: Peer, client: openbell.Client) -> None:
    with peer.lock:
        peer.sessions.clear()
    client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
    assert len(peer.logins) == 2


def test_blocking_a_silent_market(peer: Peer, client: openbell.Client) -> None:
    peer.silent = True
    order = client.buy("ACME", 5, "101.25", tif="IOC")
    with pytest.raises(openbell.TimedOut, match=r"waited 0\.1 s for the answer of order"):
        order.wait_accepted(0.1)
    with pytest.raises(openbell.TimedOut, match="does not answer"):
        order.wait_accepted(1.5)  # several heartbeats: by now another connection was made
    peer.silent = False
    order.wait_filled()
    assert peer.history


def test_blocking_heartbeats_keep_an_idle_login(peer: Peer, client: openbell.Client) -> None:
    time.sleep(0.6)
    assert FrameType.HEARTBEAT in [kind for kind, _ in peer.received]
    client.poll()


def test_blocking_refusals(peer: Peer, client: openbell.Client) -> None:
    refusal = {"code": "overloaded", "text": "too much", "limit": 5, "value": 6}
    peer.refuse = lambda kind, body: refusal if kind in (FrameType.ORDERS, FrameType.QUERY) else None
    with pytest.raises(openbell.Refused, match="overloaded") as caught:
        client.buy("ACME", 5, "101.25").wait_accepted()
    assert (caught.value.limit, caught.value.value) == (5, 6)
    with pytest.raises(openbell.Refused):
        client.positions()
    with pytest.raises(openbell.Refused):
        client.cancel_all()
    number = client.send_batch(batch(client))
    with pytest.raises(openbell.Refused) as caught:
        client.events(5.0)
    assert caught.value.frame == number
    assert client.events().tolist() == []


def test_blocking_logins_that_fail(peer: Peer) -> None:
    with pytest.raises(openbell.LoginRefused, match="key"):
        openbell.connect(peer.address, api_key="bad")
    with pytest.raises(openbell.TimedOut, match=r"login at tcp://127\.0\.0\.1:9"):
        openbell.connect("127.0.0.1:9", api_key="good", timeout_s=0.1)


def test_blocking_closed(client: openbell.Client) -> None:
    client.close()
    client.close()
    for call in (
        client.poll,
        client.positions,
        lambda: client.buy("ACME", 1),
        lambda: client.send_batch(batch(client)),
    ):
        with pytest.raises(openbell.ConnectionLost, match="closed"):
            call()


def test_blocking_spinning(peer: Peer) -> None:
    with openbell.connect(peer.address, api_key="good", spin=True) as client:
        client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
        with pytest.raises(openbell.InvalidInput, match="keep_events"):
            client.events()
        with pytest.raises(openbell.TimedOut):
            client.sell("ACME", 5, "101.25").wait_done(0.05)


def test_blocking_kept_events_are_bounded(client: openbell.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openbell.blocking.client.KEPT_EVENTS", 4)
    for _ in range(3):
        client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
    with pytest.raises(openbell.Overrun) as caught:
        client.events()
    assert (caught.value.limit, caught.value.value) == (4, 4)
    assert client.events()["account_seq"].tolist() == [5, 6]


# ------------------------------------------------------------ asynchronous


def connect(peer: Peer) -> openbell.AsyncClient:
    return openbell.connect_async(peer.address, api_key="good")


async def test_async_life_of_an_order(peer: Peer) -> None:
    async with connect(peer) as client:
        taker = await client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
        assert (taker.state, taker.filled) == (OrderState.FILLED, 100)
        order = await client.sell("ACME", 100, "101.25", tif="GTC").wait_accepted()
        await order.replace(open_qty=50).wait_answered()
        assert order.leaves == 50
        assert [row.client_order_id for row in await client.orders()] == [order.client_order_id]
        await order.cancel().wait_done()
        with pytest.raises(openbell.OrderCanceled):
            await order.wait_filled()
        await client.sell("BOLT", 1, 5).wait_accepted()
        assert await client.cancel_all() == 1
        assert await client.positions() == []
        assert await client.fills() == []
        assert [row.symbol for row in await client.instruments()] == ["ACME", "BOLT"]


async def test_async_streams(peer: Peer) -> None:
    async with connect(peer) as client:
        stream, other, arrays = client.stream(), client.stream(), client.stream()
        order = await client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
        client.send_batch(batch(client))
        seen = []
        async for event in stream:
            seen.append(event.kind)
            if len(seen) == 5:
                break
        assert seen == [EventKind.ACCEPTED, EventKind.FILL] + [EventKind.ACCEPTED] * 3
        assert (await anext(other)).client_order_id == order.client_order_id
        other.close()
        with pytest.raises(StopAsyncIteration):
            while True:
                await anext(other)
        async for array in arrays.arrays():
            assert array["account_seq"].tolist() == [1, 2]
            break
    with pytest.raises(StopAsyncIteration):
        while True:
            await anext(stream)


async def test_async_survives_a_crash(peer: Peer) -> None:
    async with connect(peer) as client:
        stream = client.stream()
        resting = await client.sell("ACME", 5, "101.25").wait_accepted()
        await asyncio.to_thread(peer.stop)
        order = client.buy("ACME", 5, "101.25", tif="IOC")
        peer.emit(kind=EventKind.CANCELED, client_order_id=resting.client_order_id, reason=7)
        peer.restart()
        await asyncio.gather(order.wait_filled(), resting.wait_done())
        assert peer.logins[-1]["resume"] == {str(ACCOUNT): 2}
        assert [(await anext(stream)).account_seq for _ in range(4)] == [1, 2, 3, 4]


async def test_async_gaps_are_closed(peer: Peer) -> None:
    async with connect(peer) as client:
        stream = client.stream()
        peer.garble = lambda events: [events[1:]] if len(events) > 1 else []
        await client.buy("ACME", 100, "101.25", tif="IOC").wait_filled()
        assert [(await anext(stream)).account_seq for _ in range(2)] == [1, 2]


async def test_async_a_forgotten_login_and_a_silent_market(peer: Peer) -> None:
    async with connect(peer) as client:
        with peer.lock:
            peer.sessions.clear()
        await client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
        assert len(peer.logins) == 2
        peer.silent = True
        order = client.buy("ACME", 5, "101.25", tif="IOC")
        with pytest.raises(openbell.TimedOut, match="for the answer of order"):
            await order.wait_accepted(0.1)
        with pytest.raises(openbell.TimedOut, match="does not answer"):
            await client.wait_until(lambda: order.is_answered, 1.5)
        peer.silent = False
        await order.wait_filled()


async def test_async_refusals_reach_streams_or_the_log(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    async with connect(peer) as client:
        peer.refuse = lambda kind, body: (
            {"code": "overloaded", "text": "too much"} if kind == FrameType.ORDERS else None
        )
        with pytest.raises(openbell.Refused):
            await client.buy("ACME", 5, "101.25").wait_accepted()
        with pytest.raises(openbell.Refused):
            await client.cancel_all()
        with caplog.at_level(logging.WARNING, "openbell"):
            client.send_batch(batch(client))
            await client.positions()
        assert "too much" in caplog.text
        stream = client.stream()
        number = client.send_batch(batch(client))
        with pytest.raises(openbell.Refused) as caught:
            await anext(stream)
        assert caught.value.frame == number
        peer.refuse = lambda kind, body: None
        await client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
        assert (await anext(stream)).kind == EventKind.ACCEPTED  # it goes on


async def test_async_streams_are_bounded(peer: Peer) -> None:
    async with connect(peer) as client:
        stream = client.stream(limit=4)
        for _ in range(3):
            await client.buy("ACME", 5, "101.25", tif="IOC").wait_filled()
        with pytest.raises(openbell.Overrun) as caught:
            await anext(stream)
        assert (caught.value.limit, caught.value.value) == (4, 4)
        assert [(await anext(stream)).account_seq for _ in range(2)] == [5, 6]


async def test_async_logins_that_fail(peer: Peer) -> None:
    with pytest.raises(openbell.LoginRefused, match="key"):
        await openbell.connect_async(peer.address, api_key="bad")
    with pytest.raises(openbell.TimedOut, match=r"login at tcp://127\.0\.0\.1:9"):
        await openbell.connect_async("127.0.0.1:9", api_key="good", timeout_s=0.1)
    with pytest.raises(openbell.ConnectionLost, match="not connected yet"):
        connect(peer).buy("ACME", 1)


async def test_async_whoever_waits_is_told_when_it_ends(peer: Peer) -> None:
    client = await connect(peer)
    resting = await client.sell("ACME", 5, "101.25").wait_accepted()
    stream = client.stream()
    waits: list[asyncio.Future[object]] = [
        asyncio.ensure_future(resting.wait_done(None)),
        asyncio.ensure_future(client.wait_until(lambda: False, None)),
    ]
    ends = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await client.close()
    await client.close()
    for wait in waits:
        with pytest.raises(openbell.ConnectionLost, match="closed"):
            await wait
    with pytest.raises(StopAsyncIteration):
        await ends
    with pytest.raises(openbell.ConnectionLost, match="closed"):
        client.buy("ACME", 1)


async def test_async_a_frame_that_is_none_ends_the_client(peer: Peer) -> None:
    client = await connect(peer)
    stream = client.stream()
    peer.send(HEADER.pack(0x1234, 1, 66, 0, 0))
    with pytest.raises(openbell.OpenBellError, match="magic 0x1234"):
        await anext(stream)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    with pytest.raises(openbell.OpenBellError, match="magic 0x1234"):
        client.buy("ACME", 1)


async def test_async_waits_do_not_lose_a_wake_up(peer: Peer) -> None:
    """Many orders at once, each awaited by a task of its own."""
    async with connect(peer) as client:

        async def trade(number: int) -> int:
            order = client.buy("ACME", 1 + number, "101.25", tif="IOC")
            await order.wait_filled()
            return order.filled

        assert await asyncio.gather(*(trade(number) for number in range(200))) == list(range(1, 201))
        assert len(peer.history) == 400
        assert not client.open_orders
