"""The lease by itself, on a real PostgreSQL: who gets it, when, and who finds that it is gone."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from engine.lock import MarketLock
from engine.standby import lease
from engine.standby.errors import StandbyError
from engine.standby.gate import boottime_ns
from engine.standby.lease import ANYBODY, Lease, Place, Row, Seen, Table

LEASE_MS = 400


class One:
    """A directory that wants the lease."""

    def __init__(self, folder: Path, dsn: str, market_id: bytes) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = MarketLock(folder)
        self.folder, self.place, self.table = folder, Place(folder), Table(dsn, market_id, 5.0)
        self.told: list[str] = []

    async def acquire(self, known_epoch: int = 0) -> Lease:
        return await lease.acquire(self.table, self.place, known_epoch, LEASE_MS, ANYBODY, self.told.append)

    def again(self, dsn: str, market_id: bytes) -> One:
        """Another process of the same directory."""
        self.lock.release()
        self.table.close()
        return One(self.folder, dsn, market_id)


@pytest.fixture
def market_id() -> bytes:
    return secrets.token_bytes(16)


async def test_each_holder_has_an_epoch_of_its_own(tmp_path: Path, dsn: str, market_id: bytes) -> None:
    first, second = One(tmp_path / "a", dsn, market_id), One(tmp_path / "b", dsn, market_id)
    held = await first.acquire()
    assert held.epoch == 1
    assert 0 < held.left_ms <= LEASE_MS
    began_ns = boottime_ns()
    taken = await second.acquire(1)
    assert taken.epoch == 2
    assert boottime_ns() - began_ns > LEASE_MS * 1e6  # it waited for the end of the other's
    assert boottime_ns() > held.good_until_ns
    assert "waiting" in second.told[0]
    assert not await held._renew(5)
    assert await taken._renew(5)
    with pytest.raises(StandbyError, match="it is not the primary any more"):
        await first.acquire(1)
    assert (await first.acquire(2)).epoch == 3  # once its journal is of that epoch


async def test_a_holder_that_renews_keeps_others_out(tmp_path: Path, dsn: str, market_id: bytes) -> None:
    first, second = One(tmp_path / "a", dsn, market_id), One(tmp_path / "b", dsn, market_id)
    held = await first.acquire()
    lost: list[StandbyError] = []
    held.begin(lambda: 7, lambda: None, lost.append)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3 * LEASE_MS / 1000):
            await second.acquire(1)
    await held.end()
    row = await second.table.read()
    assert row is not None
    assert (row.epoch, row.seq, row.heir) == (1, 7, ANYBODY)
    assert (await second.acquire(1)).epoch == 2
    held.begin(lambda: 8, lambda: None, lost.append)
    await asyncio.sleep(0.2)
    assert lost
    assert lost[0].code == "fenced"


async def test_a_restart_need_not_wait_for_itself_and_nobody_for_what_was_given_back(
    tmp_path: Path, dsn: str, market_id: bytes
) -> None:
    first = One(tmp_path / "a", dsn, market_id)
    await first.acquire()
    began_ns = boottime_ns()
    again = first.again(dsn, market_id)
    held = await again.acquire(0)  # it was killed before it journaled the epoch
    assert held.epoch == 2
    await held.give_back(9)
    assert held.left_ms < 0
    other = One(tmp_path / "b", dsn, market_id)
    assert (await other.acquire(2)).epoch == 3
    assert boottime_ns() - began_ns < LEASE_MS * 1e6 or not other.told


async def test_only_one_of_many_gets_it(tmp_path: Path, dsn: str, market_id: bytes) -> None:
    ones = [One(tmp_path / str(number), dsn, market_id) for number in range(6)]
    taken = await asyncio.gather(*(lease.take(one.table, one.place, None, 1, "", LEASE_MS, "") for one in ones))
    assert sum(found is not None for found in taken) == 1
    row = await ones[0].table.read()
    taken = await asyncio.gather(*(lease.take(one.table, one.place, row, 2, "", LEASE_MS, "") for one in ones))
    assert sum(found is not None for found in taken) == 1


async def test_a_renewal_that_was_underway_keeps_the_lease_from_who_saw_it_before(
    tmp_path: Path, dsn: str, market_id: bytes
) -> None:
    first, second = One(tmp_path / "a", dsn, market_id), One(tmp_path / "b", dsn, market_id)
    held = await first.acquire()
    seen = await second.table.read()
    assert await held._renew(1)  # arrives late, and before the other one asks
    assert await lease.take(second.table, second.place, seen, 2, "", LEASE_MS, "") is None


async def test_a_database_that_does_not_answer_is_said(tmp_path: Path, market_id: bytes) -> None:
    one = One(tmp_path, "postgresql://nobody:secret@127.0.0.1:1/none", market_id)
    with pytest.raises(StandbyError, match="does not answer") as error:
        await one.acquire()
    assert "secret" not in str(error.value)


def test_how_long_a_row_was_seen_unchanged() -> None:
    seen = Seen()
    row = Row(1, "somebody", "", 4, 50, 0, ANYBODY)
    seen.look(row)
    assert 0 < seen.left_ms <= 52
    seen.look(row._replace(holder=""))
    assert seen.left_ms == 0
