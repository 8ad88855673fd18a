"""kill -9 and SIGSTOP of a primary under load: the standby takes over by itself, and clients follow it.

`openbell bench failover --times N` does the same as often as wanted.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from pathlib import Path

import openbell
import pytest

from bench.harness.pair import API_KEY, Pair, failover


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_killed_under_load(tmp_path: Path, dsn: str, mode: str, seed: int) -> None:
    found = failover(tmp_path / "pair", dsn, mode, random.Random(seed), lease_ms=1500)
    print(f"{mode}: first new ack {found.first_ack_ms:.0f} ms after kill -9, {found.acked} acknowledged before")
    assert found.acked > 100
    assert found.sent > found.acked
    if mode == "sync":
        assert (found.lost, found.gaps, found.trouble) == (0, 0, [])


@pytest.mark.slow
def test_paused_under_load_and_woken_up(tmp_path: Path, dsn: str, seed: int) -> None:
    """The one that was paused finds itself fenced, whatever it was about to send."""
    with Pair(tmp_path / "pair", dsn, "sync", 1500) as pair:
        found = pair.fail_over(random.Random(seed), signal.SIGSTOP)
        assert (found.lost, found.gaps, found.trouble) == (0, 0, [])
        process = pair.primary.popen
        process.send_signal(signal.SIGCONT)
        assert process.wait(20) == 1
        assert "fenced" in pair.primary.words()


async def _trade(client: openbell.AsyncClient, count: int) -> None:
    for _ in range(count):
        buy, sell = client.buy("AAA", 1, "100.00"), client.sell("AAA", 1, "100.00")
        await buy.wait_done(20.0)
        await sell.wait_done(20.0)


def test_market_data_and_an_async_client_go_on_without_a_gap(tmp_path: Path, dsn: str) -> None:
    async def work(pair: Pair) -> None:
        async with (
            openbell.connect_async(pair.addresses, api_key=API_KEY) as client,
            openbell.market_data_async(pair.addresses, channels="BX") as data,
        ):
            trades = data.updates()
            events = client.stream()
            await _trade(client, 20)
            pair.primary.popen.kill()
            began_s = time.monotonic()
            await _trade(client, 20)
            print(f"an order traded {time.monotonic() - began_s:.2f} s after kill -9")
            await data.wait_live(10.0)
            seen: list[int] = []
            async with asyncio.timeout(10.0):
                async for update in trades:
                    if isinstance(update, openbell.TradeUpdate):
                        seen.append(update.trade_id)
                    elif isinstance(update, openbell.Recovered):
                        assert update.lost == 0
                    if len(seen) == 40:
                        break
            assert len(set(seen)) == 40
            assert seen == list(range(seen[0], seen[0] + 40))
            assert not data.book("AAA").bids(5)
            last = client.account_seq()
            count = 0
            async with asyncio.timeout(10.0):
                async for event in events:
                    count += 1
                    if event.account_seq == last:
                        break
            assert count == last - first + 1

    with Pair(tmp_path / "pair", dsn, "sync", 1500) as pair:
        with openbell.connect(pair.addresses[1], api_key=API_KEY) as client:
            first = client.account_seq() + 1
        asyncio.run(work(pair))
