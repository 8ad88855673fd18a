"""PostgreSQL stopped under load and started again: no gap, no duplicate, and orders notice nothing.

`OPENBELL_OUTAGE_S=60` makes the outage longer than CI's.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import openbell
import pytest

from bench.harness.rounds import percentile
from engine.store.embedded import EmbeddedPostgres
from tests.chaos.kills import caught_up, compare, journaled, projected
from tests.chaos.market import ACCOUNTS, Market
from tests.chaos.trader import Trader

OUTAGE_S = float(os.environ.get("OPENBELL_OUTAGE_S", "6"))
BETWEEN_BATCHES_S = 0.02  # a load that leaves the database room to catch up on two cores
PROBES_S = 0.01


def probe(directory: Path, for_s: float) -> list[float]:
    """Order to ack, in ms, of a person who trades beside the load."""
    times_ms = []
    with openbell.connect(directory, account=ACCOUNTS[0]) as client:
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            began_s = time.perf_counter()
            order = client.buy("ANVL", 1, "1.00")
            order.wait_accepted(timeout_s=5)
            times_ms.append((time.perf_counter() - began_s) * 1e3)
            order.cancel().wait_done(timeout_s=5)
            time.sleep(PROBES_S)
    return times_ms


@pytest.mark.slow
@pytest.mark.timeout(300 + int(4 * OUTAGE_S))
def test_an_outage_leaves_no_gap_and_no_duplicate(tmp_path: Path, postgres: EmbeddedPostgres, seed: int) -> None:
    market = Market(tmp_path, dsn=postgres.dsn)
    try:
        market.start()
        traders = [
            Trader(market.data, account, seed + number, pause_s=BETWEEN_BATCHES_S)
            for number, account in enumerate(ACCOUNTS[1:])
        ]
        for trader in traders:
            trader.start()
        before_ms = probe(market.data, OUTAGE_S / 2)
        with openbell.Operator(market.data, name="olga") as operator:
            first = operator.status()
            asyncio.run(postgres.stop())
            during_ms = probe(market.data, OUTAGE_S)
            then = operator.status()
            assert then.projected_sequence < then.durable_sequence
            assert then.durable_sequence > first.durable_sequence + 100, "trading went on"
            asyncio.run(postgres.start())
            after_ms = probe(market.data, OUTAGE_S / 2)
            caught_up(market, traders)
            seq = projected(market)
        assert market.stop() == 0, market.tail()
        core, events = journaled(market.data)
        asyncio.run(compare(postgres.dsn, core, events, seq))
        shown = ", ".join(
            f"{when} {percentile(times, 50):.2f}/{percentile(times, 99):.2f}"
            for when, times in (("before", before_ms), ("during", during_ms), ("after", after_ms))
        )
        print(f"outage {OUTAGE_S} s, {len(events):,} events; order to ack p50/p99 in ms: {shown}; seed {seed}")
    finally:
        market.close()
