"""An engine in this process: what must hold whatever the order in which things happen."""

from __future__ import annotations

import asyncio
import errno
import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import zmq
from openbell import wire
from openbell.records import frame
from openbell.wire import CommandKind, FrameType, TimeInForce

from engine import config as configuration
from engine import snapshots
from engine.config import Depth
from engine.depth import DepthClasses
from engine.journal.errors import JournalError
from engine.process import Engine
from engine.publisher import SUBSCRIPTIONS_A_TURN, Publisher
from engine.sequencer import admin_command, tick_command
from engine.setup import APPLIED
from ext.core import Core
from ext.feed import Feed
from tests.engine.process.running import Running
from tests.engine.process.test_overload import Disk, disk, engine_of

__all__ = ["disk"]  # a fixture


async def test_a_snapshot_is_never_ahead_of_its_journal(tmp_path: Path, disk: Disk) -> None:
    """With durability "memory" nothing else waits for the journal; a kill would leave a market that cannot start."""
    engine, _ = engine_of(tmp_path)
    engine.config = configuration.replace(engine.config, "market", durability="memory")
    await engine.start()
    disk.open.clear()
    engine.market.sequencer.execute([tick_command()])
    saving = asyncio.create_task(engine.save())
    await asyncio.sleep(0.5)
    assert snapshots.listed(tmp_path) == []
    disk.open.set()
    _, seq = await saving
    assert [one.seq for one in snapshots.listed(tmp_path)] == [seq]
    assert engine.market.journal.durable_seq >= seq
    await engine.stop()


def day_order(engine: Engine, client_order_id: int) -> None:
    sequencer = engine.market.sequencer
    command = _order(client_order_id)
    assert sequencer.batch.add_orders(command, 0, 1, (1).to_bytes(4, "little")) == 1
    sequencer.flush(0)


def _order(client_order_id: int) -> bytes:
    made = np.zeros((), wire.ORDER_COMMAND)
    made["kind"], made["account"], made["client_order_id"] = CommandKind.NEW_ORDER, 1, client_order_id
    made["price"], made["qty"], made["tif"] = 99_0000, 1, TimeInForce.DAY
    return made.tobytes()


async def test_a_day_that_ended_while_the_market_was_stopped(tmp_path: Path) -> None:
    engine, _ = engine_of(tmp_path)
    await engine.start()
    end_ns = time.time_ns() + 10**9
    engine.market.sequencer.admin(admin_command(CommandKind.SET_SCHEDULE, operator="ann", reason="r", values=[end_ns]))
    day_order(engine, 1)
    assert len(engine.market.orders()) == 1
    await engine.stop()
    while time.time_ns() <= end_ns:
        await asyncio.sleep(0.05)
    engine, _ = engine_of(tmp_path)
    await engine.start()
    assert len(engine.market.orders()) == 0
    day_order(engine, 2)
    engine._ticked_minute = 0
    engine._on_second()  # the first full minute must not end an order of today
    assert len(engine.market.orders()) == 1
    await engine.stop()


async def test_a_frame_whose_news_was_swallowed_is_taken_all_the_same(tmp_path: Path) -> None:
    """Sends from outside of a port's turn process the socket's commands: its descriptor then tells nothing."""
    engine, _ = engine_of(tmp_path)
    await engine.start()
    assert engine._doors is not None
    for router, port in zip(engine._doors._routers, ("orders", "snapshots", "control"), strict=True):
        with zmq.Context() as context, context.socket(zmq.DEALER) as client:
            client.linger = 0
            client.connect(engine._doors.addresses[port])
            await asyncio.sleep(0.3)
            client.send(frame(FrameType.HEARTBEAT, 7))
            assert router._socket.poll(5000)  # before the loop has looked
            for _ in range(100):
                if client.poll(0):
                    break
                await asyncio.sleep(0.02)
            assert client.poll(0), port
    await engine.stop()


async def test_a_flood_of_subscriptions_does_not_keep_the_loop() -> None:
    with zmq.Context() as context, context.socket(zmq.XPUB) as server, context.socket(zmq.XSUB) as client:
        server.linger = client.linger = 0
        feed = Feed(10)
        depths = DepthClasses(Depth(), Core(), feed, lambda action: action())
        publisher = Publisher(asyncio.get_running_loop(), server, feed, depths)
        client.connect(f"tcp://127.0.0.1:{server.bind_to_random_port('tcp://127.0.0.1')}")
        for number in range(10 * SUBSCRIPTIONS_A_TURN):
            client.send(b"\1B%d" % number)
        assert server.poll(5000)
        threading.Event().wait(0.3)  # until all of it is there
        publisher.on_readable()
        assert publisher._prefixes[ord("B")] == SUBSCRIPTIONS_A_TURN
        for _ in range(20):
            await asyncio.sleep(0)
        assert publisher._prefixes[ord("B")] == 10 * SUBSCRIPTIONS_A_TURN


def test_files_for_many_clients(tmp_path: Path) -> None:
    """Each client is an open file; the usual limit of 1024 would leave none for the journal's next segment."""
    engine = Running(tmp_path)
    engine.command = lambda: ["sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh", *Running.command(engine)]  # type: ignore[method-assign]
    with engine:
        assert engine.process is not None
        limits = Path(f"/proc/{engine.process.pid}/limits").read_text("ascii")
        (line,) = [line for line in limits.splitlines() if line.startswith("Max open files")]
        assert int(line.split()[3]) > 256
        assert engine.stop() == 0


async def test_a_start_whose_configuration_was_not_written_fails(tmp_path: Path, disk: Disk) -> None:
    """It must not remember as applied what the journal does not have."""
    engine, _ = engine_of(tmp_path)
    disk.error = OSError(errno.EIO, "Input/output error")
    with pytest.raises(JournalError, match="Input/output error"):
        await engine.start()
    assert "account" not in json.loads((tmp_path / APPLIED).read_text("utf-8"))
    assert not (tmp_path / "run" / "engine.json").exists()
    disk.error = None
    engine, _ = engine_of(tmp_path)
    await engine.start()
    assert len(engine.market.accounts()) == 3
    await engine.stop()
