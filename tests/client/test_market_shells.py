"""The market data shells over real sockets: gaps, a restart, a market that is not there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

import openbell
import pytest
from openbell.aio import AsyncMarketData
from openbell.blocking import MarketData
from openbell.discovery import Market
from openbell.market import BookUpdate, DepthUpdate, Recovered, Stale

from tests.client.station import Station, on_air

NOWHERE = Market.at(["tcp://127.0.0.1:9"] * 4, None)


@pytest.fixture
def station() -> Iterator[Station]:
    with on_air() as made:
        yield made


def fill(station: Station, count: int = 50) -> None:
    with station.lock:
        for number in range(count):
            order = station.publisher.add(1 + number % 2, number % 2, 100 + number % 7, 5 + number)
            if number % 5 == 4:
                station.publisher.take(order, 3)


def same_book(station: Station, book: openbell.Book, instrument: int = 1) -> bool:
    with station.lock:
        return [tuple(one) for one in book.bids() + book.asks()] == (
            station.publisher.levels(instrument, 0) + station.publisher.levels(instrument, 1)
        )


def poll_until(data: MarketData, done: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline_s
        data.poll(0.05)


def test_blocking_books_follow_and_recover(station: Station) -> None:
    fill(station)
    with MarketData(station.market, channels="BDTXS", symbols=["ACME"]) as data:
        book = data.book("ACME")
        assert same_book(station, book)
        updates = data.updates(timeout_s=10)
        fill(station, 10)
        assert isinstance(next(updates), BookUpdate)
        poll_until(data, lambda: same_book(station, book))
        assert data.recoveries == 0
        with station.lock:
            station.lose = lambda frames: []
        fill(station, 10)
        time.sleep(0.05)
        with station.lock:
            station.lose = lambda frames: frames
        poll_until(data, lambda: data.recoveries > 0 and data.is_live)
        assert same_book(station, book)
        assert data.top("ACME") is not None
        assert data.status("ACME") is not None
        trade = data.last_trade("ACME")
        assert trade is not None
        assert data.symbol(trade.instrument) == "ACME"
    with pytest.raises(openbell.ConnectionLost, match="closed"):
        data.poll()


def test_blocking_bars(station: Station) -> None:
    with station.lock:
        for number in range(6):
            station.publisher.tell(openbell.Channel.BARS, 1, number)
    with MarketData(station.market, channels="C") as data:
        assert data.bars("ACME", 60, 2)["open"].tolist() == [3, 5]
        assert len(data.bars("BOLT")) == 0
        station.stop()
        with pytest.raises(openbell.TimedOut, match="bars of ACME"):
            data.bars("ACME", timeout_s=0.1)


async def test_asynchronous_bars(station: Station) -> None:
    with station.lock:
        for number in range(6):
            station.publisher.tell(openbell.Channel.BARS, 1, number)
    async with AsyncMarketData(station.market, channels="C") as data:
        assert (await data.bars("ACME", 60, 2))["open"].tolist() == [3, 5]
        station.stop()
        with pytest.raises(openbell.TimedOut, match="bars of ACME"):
            await data.bars("ACME", timeout_s=0.1)
    with pytest.raises(openbell.ConnectionLost, match="closed"):
        await data.bars("ACME")


def test_blocking_survives_a_restart(station: Station) -> None:
    with MarketData(station.market, channels="B") as data:
        book = data.book("ACME")
        station.stop()
        poll_until(data, lambda: not data.is_live)
        assert data.stale_since_ns is not None
        fill(station)
        station.start()
        poll_until(data, lambda: data.is_live)
        assert same_book(station, book)


def test_blocking_says_what_it_waited_for() -> None:
    with pytest.raises(openbell.TimedOut, match=r"market data at tcp://127\.0\.0\.1:9"):
        MarketData(NOWHERE, timeout_s=0.1)


def test_blocking_names_an_unknown_symbol(station: Station) -> None:
    with pytest.raises(openbell.InvalidInput, match="'NONE' is not traded here; there are: ACME, BOLT, CORE"):
        MarketData(station.market, symbols=["NONE"])


def test_blocking_updates_end_when_nothing_comes(station: Station) -> None:
    with MarketData(station.market) as data:
        assert list(data.updates(timeout_s=0.05)) == []
        assert data.feed.listeners == []


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.01)


async def test_asynchronous_books_follow_and_recover(station: Station) -> None:
    fill(station)
    async with AsyncMarketData(station.market, channels="DTXS") as data:
        book = data.book("ACME")
        assert same_book(station, book)
        updates = data.updates()
        fill(station, 10)
        assert isinstance(await anext(updates), DepthUpdate)
        await until(lambda: same_book(station, book))
        with station.lock:
            station.lose = lambda frames: []
        fill(station, 10)
        await asyncio.sleep(0.05)
        with station.lock:
            station.lose = lambda frames: frames
        await until(lambda: data.recoveries > 0 and data.is_live)
        assert same_book(station, book)
        seen = set()
        async for update in updates:
            seen.add(type(update))
            if seen >= {Stale, Recovered}:
                break
        updates.close()
        assert data.feed.listeners == []
        other = data.updates()
    with pytest.raises(StopAsyncIteration):
        await anext(other)
    await data.close()
    with pytest.raises(openbell.ConnectionLost, match="closed"):
        await data.wait_live()


async def test_asynchronous_survives_a_restart(station: Station) -> None:
    data = await AsyncMarketData(station.market, channels="B")
    book = data.book("ACME")
    station.stop()
    await until(lambda: not data.is_live)
    fill(station)
    station.start()
    await data.wait_live()
    assert same_book(station, book)
    await data.close()


async def test_asynchronous_says_what_it_waited_for() -> None:
    with pytest.raises(openbell.TimedOut, match=r"market data at tcp://127\.0\.0\.1:9"):
        await AsyncMarketData(NOWHERE, timeout_s=0.1)


async def test_asynchronous_names_an_unknown_symbol(station: Station) -> None:
    with pytest.raises(openbell.InvalidInput, match="NONE"):
        await AsyncMarketData(station.market, symbols=["NONE"])


async def test_a_stream_takes_one_task(station: Station) -> None:
    async with AsyncMarketData(station.market, channels="B") as data:
        updates = data.updates()
        first = asyncio.ensure_future(anext(updates))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="two tasks"):
            await anext(updates)
        fill(station, 1)
        assert isinstance(await first, BookUpdate)
