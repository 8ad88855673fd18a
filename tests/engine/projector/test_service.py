"""The projector as a service: beside a market that trades, with a database that goes and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.lock import MarketLock
from engine.projector import service
from engine.projector.launch import Projection
from engine.projector.service import Projector
from engine.status_map import FILE, ProjectorState, StatusMap
from engine.store.embedded import EmbeddedPostgres, StoreError
from tests.engine.markets import Trading
from tests.engine.projector.models import check, connected


class Running:
    """A market that trades and tells in its status map what is durable, as an engine does."""

    def __init__(self, data: Path, seed: int) -> None:
        self.lock = MarketLock(data)
        self.status = StatusMap.create(data / FILE)
        self.market = Trading(data, seed)
        self.tell()

    def tell(self) -> None:
        self.market.writer.wait(self.market.seq)
        self.status.durable_seq = self.market.writer.durable_seq

    def trade(self, count: int) -> None:
        self.market.trade(count)
        self.tell()

    async def until(self, there: Callable[[], bool], timeout_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not there():
            assert time.monotonic() < deadline_s, (self.status.projected_seq, self.status.projector_state)
            await asyncio.sleep(0.01)

    async def projected(self) -> None:
        await self.until(lambda: self.status.projected_seq == self.status.durable_seq)

    def stop(self) -> None:
        self.market.stop()
        self.lock.release()


@pytest.fixture
def running(data: Path, seed: int) -> Running:
    return Running(data, seed)


@contextlib.asynccontextmanager
async def following(projector: Projector) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(projector.follow())
    try:
        yield task
    finally:
        projector.stop()
        await asyncio.wait_for(task, 20)


async def test_follows_a_market(running: Running, dsn: str, database: Any) -> None:
    projector = Projector(running.market.data, dsn)
    async with following(projector):
        for count in (10, 300, 40):
            running.trade(count)
            await running.projected()
            await check(database, running.market)
        await running.until(lambda: running.status.projector_state == ProjectorState.LIVE)
        assert running.status.projected_ts_ns == running.market.ts_ns
        assert await database.fetchval("SELECT to_regclass('fills_p0_account') IS NOT NULL")
        running.trade(60)
    await check(database, running.market)  # what was durable when it was told to stop is there
    assert running.status.projector_state == ProjectorState.STOPPED
    running.stop()


async def test_projects_only_what_is_durable(running: Running, dsn: str, database: Any) -> None:
    async with following(Projector(running.market.data, dsn)):
        await running.projected()
        seq = running.market.seq
        running.market.trade(100)  # written, and not said to be durable
        await asyncio.sleep(0.3)
        assert running.status.projected_seq == seq
        await check(database, running.market, seq)
        running.tell()
        await running.projected()
    await check(database, running.market)
    running.stop()


async def test_goes_on_after_a_snapshot_and_a_restart(running: Running, dsn: str, database: Any) -> None:
    for _ in range(3):
        running.trade(200)
        async with following(Projector(running.market.data, dsn)):
            await running.projected()
        running.market.snapshot()
    await check(database, running.market)
    running.stop()


async def test_catches_up_with_a_stopped_market(data: Path, seed: int, dsn: str, database: Any) -> None:
    market = Trading(data, seed)
    market.trade(900)
    market.stop()
    for events in (sum(map(len, market.events)) // 80, 0):
        projector = Projector(data, dsn)
        await projector.catch_up()
        assert (projector.events, projector.projected_seq) == (events, market.seq)
    await check(database, market)


async def test_a_connection_that_is_cut_again_and_again(running: Running, dsn: str, database: Any) -> None:
    """Terminated backends: in the middle of a transaction, at its end, between two of them."""
    cuts = 0

    async def cut() -> None:
        nonlocal cuts
        while True:
            await asyncio.sleep(0.03)
            cuts += len(
                await database.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )

    told: list[str] = []
    service.FIRST_PAUSE_S, pause_s = 0.01, service.FIRST_PAUSE_S
    try:
        async with following(Projector(running.market.data, dsn, told=told.append)):
            cutter = asyncio.create_task(cut())
            for _ in range(60):
                running.trade(60)
                await asyncio.sleep(0.02)
            cutter.cancel()
            await running.projected()
    finally:
        service.FIRST_PAUSE_S = pause_s
    assert cuts > 5
    assert any("trying again" in line for line in told)
    await check(database, running.market)
    running.stop()


async def test_a_connection_that_is_lost_while_the_server_reads_nothing(
    running: Running, dsn: str, database: Any
) -> None:
    """What has more to send than fits waits for room to write; asyncpg does not wake it when the connection ends."""
    waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'fills_p0'::regclass"
    told: list[str] = []
    async with following(Projector(running.market.data, dsn, told=told.append)):
        running.trade(20)
        async with asyncio.timeout(30):
            while not await database.fetchval("SELECT to_regclass('order_events_p0_order') IS NOT NULL"):
                await asyncio.sleep(0.01)  # all its indexes: from here on it only writes
        async with database.transaction():
            await database.execute("LOCK TABLE fills_p0")  # the backend waits for it and reads nothing meanwhile
            running.trade(10_000)
            async with asyncio.timeout(30):
                while (pid := await database.fetchval(waiting)) is None:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)  # until the socket and the buffer of the transport are full
            await database.execute("SELECT pg_terminate_backend($1)", pid)
        await running.projected()
    assert any("trying again" in line for line in told)
    await check(database, running.market)
    running.stop()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_a_server_that_is_stopped_under_load_and_started_again(
    running: Running, tmp_path: Path, number: signal.Signals
) -> None:
    """No gap, no duplicate; the market trades on meanwhile. After SIGKILL the server may have lost its last commits."""
    server = EmbeddedPostgres(tmp_path / "postgres")
    dsn = await server.start()
    async with following(Projector(running.market.data, dsn, told=lambda line: None)) as task:
        for _ in range(3):
            for _ in range(20):
                running.trade(100)
                await asyncio.sleep(0.01)
            assert server.pid is not None
            os.kill(server.pid, number)
            until_s = time.monotonic() + 60
            while (status := running.status).projector_state != ProjectorState.WAITING:
                seen = f"state {status.projector_state}, {status.projected_seq} of {running.market.seq}"
                assert time.monotonic() < until_s, f"{seen}; the server runs: {server.running}, pid {server.pid}"
                running.trade(100)  # one that has nothing to write notices nothing
                await asyncio.sleep(0.01)
            before = running.market.seq
            for _ in range(10):
                running.trade(100)
                await asyncio.sleep(0.01)
            assert running.market.seq == before + 1000
            await running.until(lambda: not server.running)  # it may take a moment to end
            await server.ensure_running()
        await running.projected()
        assert not task.done()
    async with connected(dsn) as connection:
        await check(connection, running.market)
    await server.stop()
    running.stop()


async def test_a_database_of_another_market_is_refused(running: Running, data: Path, dsn: str) -> None:
    await Projector(data, dsn).catch_up()
    async with connected(dsn) as connection:
        await connection.execute("UPDATE watermark SET market_id = '\\x00'")
    with pytest.raises(StoreError, match="has the read models of market 00"):
        await Projector(data, dsn).follow()
    assert running.status.projector_state == ProjectorState.FAILED
    running.stop()


async def test_a_database_that_is_ahead_of_the_journal_is_refused(running: Running, data: Path, dsn: str) -> None:
    await Projector(data, dsn).catch_up()
    async with connected(dsn) as connection:
        await connection.execute("UPDATE watermark SET seq = seq + 1000")
    with pytest.raises(StoreError, match="from there the journal does not go on"):
        await Projector(data, dsn).follow()
    running.stop()


# ---------------------------------------------------------------- as a process


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_stops_in_order(
    running: Running, data: Path, dsn: str, database: Any, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "engine.projector", "--data", str(data), "--dsn", dsn]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment()) as process:
        try:
            running.trade(100)
            await running.projected()
            assert running.status.projector_pid == process.pid
            running.trade(40)
            process.send_signal(number)
            assert await asyncio.to_thread(process.wait, 20) == 0
        finally:
            process.kill()
    await check(database, running.market)
    running.stop()


async def test_a_killed_process_leaves_no_half_batch(running: Running, data: Path, dsn: str, database: Any) -> None:
    command = [sys.executable, "-m", "engine.projector", "--data", str(data), "--dsn", dsn]
    for _ in range(4):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment()) as process:
            before = running.status.projected_seq
            running.trade(400)
            await running.until(lambda before=before: running.status.projected_seq > before)  # type: ignore[misc]
            running.trade(400)
            process.kill()
    await Projector(data, dsn).catch_up()
    await check(database, running.market)
    running.stop()


@pytest.mark.slow
async def test_launched_beside_an_engine(running: Running, data: Path) -> None:
    """Start, death of the projector, death of the server, stop: what was durable is there in the end."""
    told: list[str] = []
    projection = Projection(data, told=told.append)
    began_s = time.monotonic()
    projection.start()
    assert time.monotonic() - began_s < 0.5  # the engine does not wait
    running.trade(200)
    await running.projected()
    first = projection.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    running.trade(200)
    await running.until(lambda: projection.pid not in (None, first))
    await running.projected()
    server = projection.server
    assert server is not None
    assert server.pid is not None
    os.kill(server.pid, signal.SIGINT)
    running.trade(200)
    await running.projected()
    running.trade(200)
    await projection.stop()
    assert projection.pid is None
    assert not server.running
    assert running.status.projector_state == ProjectorState.STOPPED
    assert len(told) >= 2
    again = EmbeddedPostgres(data / "postgres")
    async with connected(await again.start()) as connection:
        await check(connection, running.market)
    await again.stop()
    running.stop()


async def test_a_first_start_is_broken_off(running: Running, data: Path) -> None:
    """`stop` does not wait until the server's files are made, which takes seconds; the next start makes them anew."""
    projection = Projection(data)
    projection.start()
    await running.until((data / "postgres" / "cluster.new" / "PG_VERSION").exists)
    await projection.stop()
    assert not (data / "postgres" / "cluster").exists()
    assert not [path for path in Path("/proc").glob("[0-9]*/cwd") if str(data) in os.path.realpath(path)]
    running.trade(40)
    again = Projection(data)
    again.start()
    await running.projected()
    await again.stop()
    running.stop()


async def test_a_database_that_is_not_there_is_waited_for(running: Running, data: Path, tmp_path: Path) -> None:
    projection = Projection(data, f"postgresql://nobody@/nothing?host={tmp_path}&port=5432")
    projection.start()
    await running.until(lambda: running.status.projector_state == ProjectorState.WAITING)
    running.trade(20)
    await projection.stop()
    assert running.status.projector_state == ProjectorState.STOPPED
    running.stop()
