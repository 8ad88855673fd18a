"""One client sends far more than the market takes: it is told so, and nobody else waits for it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import zmq
from openbell import wire
from openbell.records import HEADER, frame, json_frame
from openbell.wire import CommandKind, EventKind, FrameType

from engine.ports.commands import MAX_ORDERS, MAX_WAITING
from tests.engine.process.running import Running

FRAMES = 2 * MAX_WAITING // MAX_ORDERS


def logged_in(engine: Running, account: str) -> zmq.Socket[bytes]:
    socket = engine.dealer("orders", sndhwm=0, rcvhwm=0)
    socket.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key(account)}))
    assert socket.recv()[3] == FrameType.LOGGED_IN
    return socket


def orders(first_id: int, count: int, kind: CommandKind, account: int, tif: wire.TimeInForce) -> bytes:
    made = np.zeros(count, wire.ORDER_COMMAND)
    made["kind"], made["account"], made["price"], made["qty"], made["tif"] = kind, account, 50_0000, 1, tif
    made["client_order_id"] = first_id + np.arange(count, dtype=np.uint64)
    return frame(FrameType.ORDERS, first_id, made.tobytes(), count)


def test_a_flood_is_refused_and_holds_up_nobody(tmp_path: Path) -> None:
    with Running(tmp_path, '[ports]\nsend_queue = 100_000\n[market]\ndurability = "memory"\n') as engine:
        flooder, other = logged_in(engine, "alice"), logged_in(engine, "bob")
        first_ids = [1 + place * MAX_ORDERS for place in range(FRAMES)]
        for first_id in first_ids:
            flooder.send(orders(first_id, MAX_ORDERS, CommandKind.NEW_ORDER, 1, wire.TimeInForce.IOC))
        cancels = first_ids[-1] + MAX_ORDERS
        flooder.send(orders(cancels, 10, CommandKind.CANCEL, 1, wire.TimeInForce.IOC))
        other.send(orders(1, 1, CommandKind.NEW_ORDER, 2, wire.TimeInForce.GTC))
        other.send(orders(1, 1, CommandKind.CANCEL, 2, wire.TimeInForce.GTC))
        kinds: list[int] = []
        while EventKind.CANCELED not in kinds:
            answer = other.recv()
            assert answer[3] == FrameType.EVENTS
            kinds += np.frombuffer(answer, wire.EVENT, -1, HEADER.size)["kind"].tolist()
        other_s = time.monotonic()
        assert kinds == [EventKind.ACCEPTED, EventKind.CANCELED]
        accepted, refused, rejected_cancels = set(), set(), 0
        while len(accepted) + len(refused) * MAX_ORDERS < FRAMES * MAX_ORDERS or rejected_cancels < 10:
            answer = flooder.recv()
            if answer[3] == FrameType.EVENTS:
                events = np.frombuffer(answer, wire.EVENT, -1, HEADER.size)
                accepted |= set(events["client_order_id"][events["kind"] == EventKind.ACCEPTED].tolist())
                rejected_cancels += int(np.count_nonzero(events["kind"] == EventKind.CANCEL_REJECTED))
            else:
                error = json.loads(answer[HEADER.size :])
                assert (error["code"], error["field"], error["limit"]) == ("overloaded", "count", MAX_WAITING)
                refused.add(HEADER.unpack_from(answer)[4])
        flooder_s = time.monotonic()
        assert refused, "all of it was taken: this was no flood"
        assert other_s < flooder_s
        gone = {first_id + place for first_id in refused for place in range(MAX_ORDERS)}
        assert not accepted & gone
        with engine.operator() as operator:
            status = operator.status()
            assert status.raw["refused_frames"] == len(refused)
            assert status.sequence >= len(accepted)
