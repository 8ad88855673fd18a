"""kill -9 under load, again and again: whatever a client was shown is in the journal and comes again the same.

`OPENBELL_KILLS=1000` kills it more often than CI does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from pathlib import Path

import pytest

from engine.backlog import least_free_bytes
from engine.store.embedded import EmbeddedPostgres
from tests.chaos.kills import caught_up, compare, compared, killed, projected
from tests.chaos.market import PENDING_ON_DISK, SEGMENT_BYTES, Market
from tests.small_disk import SmallDisk

ASKED = int(os.environ.get("OPENBELL_KILLS", "0"))
KILLS, KILLS_WITH_MORE = ASKED or 50, ASKED or 10
LEAST_FREE = least_free_bytes(SEGMENT_BYTES, PENDING_ON_DISK)
BETWEEN_BATCHES_S = 0.1  # a load that leaves room to compare all of it with the database
FOR_THE_START = 64 << 10  # what is not the journal: addresses, locks
JOURNAL_MB = 2  # that a kill adds, at most; several times what was seen


def told(what: str, kills: int, market: Market, events: int, seed: int) -> None:
    starts_s = sorted(market.starts_s[1:])
    print(f"{kills} kills{what}, {events:,} events, restart {starts_s[len(starts_s) // 2]:.2f} s (median), "
          f"{starts_s[-1]:.2f} s (longest); seed {seed}")  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(300 + 4 * KILLS)
def test_nothing_that_a_client_saw_is_lost(tmp_path: Path, seed: int) -> None:
    market = Market(tmp_path)
    with contextlib.closing(market):
        traders = killed(market, KILLS, seed, lambda: None, lambda: None)
        caught_up(market, traders)
        assert market.stop() == 0, market.tail()
        _, events = compared(market, traders)
    told("", KILLS, market, len(events), seed)


@pytest.mark.slow
@pytest.mark.timeout(300 + 8 * KILLS_WITH_MORE)
def test_with_postgres_killed_too(tmp_path: Path, postgres: EmbeddedPostgres, seed: int) -> None:
    chance = random.Random(seed)
    there, deaths = True, 0

    def perhaps() -> None:
        """Kill the database where it runs, or start it again, half of the times."""
        nonlocal there, deaths
        if chance.random() < 0.5:
            return
        if there:
            pid = int((postgres.cluster / "postmaster.pid").read_text("ascii").splitlines()[0])
            os.kill(pid, signal.SIGKILL)
            while postgres.running:  # a start would take one that is about to go for one that is there
                time.sleep(0.001)
            deaths += 1
        else:
            asyncio.run(postgres.start())
        there = not there

    market = Market(tmp_path, dsn=postgres.dsn)
    with contextlib.closing(market):
        traders = killed(market, KILLS_WITH_MORE, seed, perhaps, perhaps, BETWEEN_BATCHES_S)
        if not there:
            asyncio.run(postgres.start())
        caught_up(market, traders)
        seq = projected(market)
        assert market.stop() == 0, market.tail()
        core, events = compared(market, traders)
        asyncio.run(compare(postgres.dsn, core, events, seq))
    told(f", {deaths} of PostgreSQL", KILLS_WITH_MORE, market, len(events), seed)


@pytest.mark.slow
@pytest.mark.timeout(300 + 4 * KILLS_WITH_MORE)
def test_with_the_disk_full_too(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    disk = SmallDisk(tmp_path / "data", 64 + JOURNAL_MB * KILLS_WITH_MORE)
    full = starts = 0

    def perhaps_full() -> None:
        nonlocal full
        if chance.random() < 0.5:
            disk.fill(chance.randrange(LEAST_FREE))
            full += 1

    def perhaps_empty() -> None:
        nonlocal starts
        if chance.random() < 0.5:
            disk.empty()
        elif disk.free_bytes < LEAST_FREE:
            disk.empty()
            disk.fill(FOR_THE_START)
            starts += 1

    market = Market(tmp_path, disk=disk)
    with contextlib.closing(disk), contextlib.closing(market):
        traders = killed(market, KILLS_WITH_MORE, seed, perhaps_full, perhaps_empty)
        disk.empty()
        caught_up(market, traders)
        assert market.stop() == 0, market.tail()
        _, events = compared(market, traders)
    told(f", {full} with a full disk, {starts} starts on one", KILLS_WITH_MORE, market, len(events), seed)
