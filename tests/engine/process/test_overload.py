"""A disk that stalls, and one that fails: clients wait, are told, and nothing is lost or made up."""

from __future__ import annotations

import asyncio
import io
import threading
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire

from engine import config as configuration
from engine import process
from engine.journal.writer import JournalWriter
from engine.logs import Log
from engine.process import Engine
from tests.engine.process.running import CONFIGURATION


class Disk:
    """Stands before the journal's writes: lets them through, holds them, or fails them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = threading.Event()
        self.open.set()
        self.error: OSError | None = None
        monkeypatch.setattr(JournalWriter, "express_by_default", False)  # its writes are the kernel's alone
        write: Callable[..., None] = JournalWriter._write

        def through(writer: JournalWriter, *rest: Any) -> None:
            self.open.wait(60)
            if self.error is not None:
                raise self.error
            write(writer, *rest)

        monkeypatch.setattr(JournalWriter, "_write", through)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def engine_of(folder: Path, more: str = "") -> tuple[Engine, io.StringIO]:
    body = tomllib.loads(CONFIGURATION + more, parse_float=Decimal)
    log = io.StringIO()
    return Engine(folder, configuration.checked(body, "test"), Log(log)), log


def some_orders(client: openbell.AsyncClient, count: int) -> np.ndarray[Any, Any]:
    made = np.zeros(count, wire.ORDER_COMMAND)
    made["kind"], made["account"], made["qty"], made["price"], made["tif"] = 1, 1, 1, 99_0000, 1
    made["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
    return made


def resting(engine: Engine) -> int:
    """Orders that are live in the market's core."""
    return len(np.frombuffer(engine.market.core.orders(), wire.ORDER_ROW))


async def test_a_stalled_disk(tmp_path: Path, disk: Disk) -> None:
    engine, log = engine_of(tmp_path, "[journal]\npending_bytes = 65536\n")
    await engine.start()
    try:
        async with openbell.AsyncClient(tmp_path, account="alice") as client:
            order = await client.buy("AAA", 1, "99.00").wait_accepted()
            disk.open.clear()
            for _ in range(3):  # more than a quarter of the limit
                client.send_batch(some_orders(client, 200))
            await asyncio.sleep(0.2)
            before = resting(engine)  # not its seq: on the full minute there is a TICK
            assert before in (401, 601)  # the third frame may have come after the pause began: then it waits, too
            late = client.buy("AAA", 1, "98.00")
            await asyncio.sleep(0.2)
            assert resting(engine) == before  # it waits in its client's queue
            with pytest.raises(openbell.OpenBellError) as refused:
                await late.wait_accepted(10)
            assert "overloaded" in str(refused.value)
            assert resting(engine) == before
            assert "orders are refused" in log.getvalue()
            disk.open.set()
            for _ in range(100):
                await asyncio.sleep(0.05)
                if "orders are taken again" in log.getvalue():
                    break
            await client.buy("AAA", 1, "97.00").wait_accepted()
            rows = await client.orders()
            assert len(rows) == before + 1  # whole frames were refused, and nothing of them is there
            assert order.order_id in {row.order_id for row in rows}
    finally:
        disk.open.set()
        await engine.stop()


async def test_a_disk_that_fails_ends_the_market(
    tmp_path: Path, disk: Disk, capsys: pytest.CaptureFixture[str]
) -> None:
    engine, _ = engine_of(tmp_path)
    serving = asyncio.ensure_future(process.serve(engine))
    while not (tmp_path / "run" / "engine.json").exists():
        await asyncio.sleep(0.01)
    async with openbell.AsyncClient(tmp_path, account="alice") as client:
        await client.buy("AAA", 1, "99.00").wait_accepted()
        disk.error = OSError(5, "Input/output error")
        lost = client.buy("AAA", 1, "98.00")
        assert await asyncio.wait_for(serving, 10) == 1
        assert lost.order_id == 0
    assert "Input/output error" in capsys.readouterr().err
    disk.error = None
    again, _ = engine_of(tmp_path)
    await again.start()
    try:
        async with openbell.AsyncClient(tmp_path, account="alice") as client:
            assert [row.price for row in await client.orders()] == [99_0000]
    finally:
        await again.stop()


async def test_stopping_waits_for_the_disk(tmp_path: Path, disk: Disk) -> None:
    engine, _ = engine_of(tmp_path)
    await engine.start()
    async with openbell.AsyncClient(tmp_path, account="alice") as client:
        got: list[int] = []
        client.on_events(lambda events: got.extend(events["account_seq"].tolist()))
        disk.open.clear()
        client.send_batch(some_orders(client, 5))
        await asyncio.sleep(0.2)
        stopping = asyncio.ensure_future(engine.stop())
        await asyncio.sleep(0.2)
        assert not stopping.done()
        disk.open.set()
        await asyncio.wait_for(stopping, 10)
        await client.wait_until(lambda: len(got) == 5)
