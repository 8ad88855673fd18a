"""Clients of the snapshots port, which anybody may ask, that do not read what they asked for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import zmq
from openbell import wire
from openbell.records import frame
from openbell.wire import CommandKind, FrameType, TimeInForce

from engine.ports import snapshots, socket
from tests.engine.process.test_overload import engine_of

ORDERS, LIMIT_BYTES = 5000, 8 << 20
QUERY = frame(FrameType.QUERY, 9, json.dumps({"channel": "B", "instrument": 0}).encode())


def resting() -> bytes:
    made = np.zeros(ORDERS, wire.ORDER_COMMAND)
    made["kind"], made["account"], made["client_order_id"] = CommandKind.NEW_ORDER, 1, 1 + np.arange(ORDERS)
    made["price"], made["qty"], made["tif"] = 99_0000, 1, TimeInForce.GTC
    return made.tobytes()


async def answer(client: zmq.Socket[bytes]) -> list[bytes]:
    for _ in range(500):
        if client.poll(0):
            return client.recv_multipart()
        await asyncio.sleep(0.01)
    raise AssertionError("no answer")


async def test_their_answers_take_bounded_memory_for_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "UNREAD_S", 2)
    monkeypatch.setattr(snapshots, "MAX_UNREAD_BYTES", LIMIT_BYTES)
    engine, _ = engine_of(tmp_path)
    await engine.start()
    assert engine._doors is not None
    router = engine._doors._routers[1]
    sequencer = engine.market.sequencer
    assert sequencer.batch.add_orders(resting(), 0, 1, (1).to_bytes(4, "little")) == ORDERS
    sequencer.flush(0)
    context = zmq.Context()
    clients = []

    def connect(**options: int) -> zmq.Socket[bytes]:
        made = context.socket(zmq.DEALER)
        made.linger = 0
        for name, value in options.items():
            setattr(made, name, value)
        made.connect(engine._doors.addresses["snapshots"])  # type: ignore[union-attr]
        clients.append(made)
        return made

    most_bytes = 0
    for _ in range(5):
        deaf = connect(rcvhwm=1, rcvbuf=4096)
        for _ in range(40):
            deaf.send(QUERY)
        await asyncio.sleep(0.2)
        most_bytes = max(most_bytes, router.unread_bytes())
    assert 0 < most_bytes <= LIMIT_BYTES + ORDERS * wire.MARKET_DATA.itemsize
    for _ in range(600):
        if not router.unread_bytes():
            break
        await asyncio.sleep(0.05)
    assert router.unread_bytes() == 0
    reader = connect()
    reader.send(QUERY)
    _, records = await answer(reader)
    assert len(records) == ORDERS * wire.MARKET_DATA.itemsize
    for client in clients:
        client.close()
    context.term()
    await engine.stop()
