"""Cancel on disconnect with a real engine: clients that are killed, fall silent, log out; engines that are killed."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import CancelReason, EventKind, Spare, wire
from openbell.errors import LoginRefused
from openbell.records import HEADER, frame, json_frame
from openbell.wire import ArmFlag, FrameType

from tests.engine.process.guarding import (
    HEARTBEAT_S,
    MORE,
    PATIENCE_S,
    canceled,
    collect,
    guards,
    live,
    sessions,
    until,
)
from tests.engine.process.running import Running, environment

# A client in a process of its own: three orders, then it hangs; it keeps its login alive until it is killed.
CLIENT = """
import sys, time, openbell
data, guard = sys.argv[1], sys.argv[2] == "guard"
with openbell.Client(data, account="alice", cancel_on_disconnect=guard) as client:
    for price in ("90", "91"):
        client.buy("AAA", 5, price, tif="GTC").wait_accepted()
    client.sell("AAA", 5, "110").wait_accepted()
    print("placed", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("disconnect"), MORE) as running:
        yield running


@pytest.fixture(autouse=True)
def _clean(engine: Running) -> Iterator[None]:
    yield
    if engine.process is not None and engine.process.poll() is None:
        with engine.operator() as operator:
            operator.cancel_all(reason="the next test")


def placed(engine: Running, guard: bool) -> subprocess.Popen[str]:
    """A client in a process of its own, whose orders are in the book."""
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(engine.data), "guard" if guard else "none"],
        env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert client.stdout is not None
    assert client.stdout.readline() == "placed\n"
    assert live(engine) == 3
    return client


# ------------------------------------------------------------ clients that end


def test_a_client_that_is_killed_leaves_no_order(engine: Running) -> None:
    with engine.client("alice") as watcher:
        client = placed(engine, guard=True)
        client.kill()
        client.wait()
        took_s = until(lambda: live(engine) == 0)
        assert took_s < 2.5, f"gone after {took_s:.2f} s; a second is what a dead peer may take"
        events = collect(watcher, lambda seen: canceled(seen, CancelReason.DISCONNECT) == 3)
        assert np.diff(events["account_seq"]).tolist() == [1] * (len(events) - 1)
        (mass,) = events[events["kind"] == EventKind.MASS_CANCELED]
        assert (int(mass["qty"]), int(mass["reason"])) == (3, CancelReason.DISCONNECT)


def test_without_the_wish_orders_stay(engine: Running) -> None:
    client = placed(engine, guard=False)
    client.kill()
    client.wait()
    time.sleep(3 * HEARTBEAT_S + 0.6)
    assert live(engine) == 3


def test_a_client_that_is_stopped_is_silent(engine: Running) -> None:
    """SIGSTOP: the connection stands, and nothing comes through it, as when a network swallows all."""
    client = placed(engine, guard=True)
    try:
        client.send_signal(signal.SIGSTOP)
        began_s = time.monotonic()
        until(lambda: live(engine) == 0)
        took_s = time.monotonic() - began_s
        assert took_s < 3 * HEARTBEAT_S + 1.5
    finally:
        client.kill()
        client.wait()


def test_an_engine_that_stood_still_does_not_take_that_for_silence(engine: Running) -> None:
    """SIGSTOP to the engine, for longer than clients may be silent: they said all the time that they are there."""
    peer = engine.dealer("orders")
    assert engine.process is not None

    def beat(for_s: float) -> None:
        until_s = time.monotonic() + for_s
        while time.monotonic() < until_s:
            peer.send(frame(FrameType.HEARTBEAT, 1))
            time.sleep(HEARTBEAT_S / 4)

    try:
        login = {"api_key": engine.api_key("alice"), "cancel_on_disconnect": True}
        peer.send(json_frame(FrameType.LOGIN, 1, login))
        assert HEADER.unpack_from(peer.recv())[2] == FrameType.LOGGED_IN
        before = sessions(engine)
        assert len(before) == 1
        beat(HEARTBEAT_S)
        engine.process.send_signal(signal.SIGSTOP)
        try:
            beat(3 * HEARTBEAT_S + 1)
        finally:
            engine.process.send_signal(signal.SIGCONT)
        beat(2 * HEARTBEAT_S)
        assert (sessions(engine), guards(engine)) == (before, [(1, before[0], ArmFlag.ON_DISCONNECT)])
    finally:
        peer.close(linger=0)


def test_logout_counts_and_other_sessions_keep_theirs(engine: Running) -> None:
    with engine.client("alice") as other, engine.client("alice", cancel_on_disconnect=True) as client:
        kept = other.buy("AAA", 1, "80").wait_accepted()
        gone = client.buy("AAA", 1, "81").wait_accepted()
        client.close()
        events = collect(other, lambda seen: canceled(seen, CancelReason.DISCONNECT) == 1)
        ended = events[events["kind"] == EventKind.CANCELED]
        assert ended["client_order_id"].tolist() == [gone.client_order_id]
        assert kept.is_open
        assert [one.client_order_id for one in other.orders()] == [kept.client_order_id]


def test_spared_orders_stay(engine: Running) -> None:
    with engine.client("alice") as other:
        with engine.client("alice", cancel_on_disconnect=Spare(keep_gtc=True)) as client:
            kept = client.buy("AAA", 1, "80", tif="GTC").wait_accepted()
            client.buy("AAA", 1, "81").wait_accepted()
            client.buy("AAA", 1, stop="120").wait_accepted()
        collect(other, lambda seen: canceled(seen, CancelReason.DISCONNECT) == 2)
        assert [one.client_order_id for one in other.orders()] == [kept.client_order_id]


def test_asked_for_later_and_taken_back(engine: Running) -> None:
    with engine.client("alice") as other:
        with engine.client("alice") as client:
            client.cancel_on_disconnect()
            assert guards(engine) == [(1, client.info["session"], 2)]
            client.cancel_on_disconnect(False)
            assert guards(engine) == []
            client.buy("AAA", 1, "81").wait_accepted()
        until(lambda: len(sessions(engine)) == 1)
        assert len(other.orders()) == 1
        with engine.client("alice") as client:
            client.buy("AAA", 1, "82").wait_accepted()
            client.cancel_on_disconnect()
        collect(other, lambda seen: canceled(seen, CancelReason.DISCONNECT) == 1)
        assert len(other.orders()) == 1


def test_a_client_that_reconnects_has_a_guard_again(engine: Running) -> None:
    with engine.client("alice", cancel_on_disconnect=True) as client:
        first = client.info["session"]
        order = client.buy("AAA", 1, "81").wait_accepted()
        client._reopen()  # as when its connection was lost
        client.wait_until(lambda: order.is_done, PATIENCE_S)
        assert order.cancel_reason is CancelReason.DISCONNECT
        client.wait_until(lambda: client.is_online, PATIENCE_S)
        second = client.info["session"]
        assert second > first
        until(lambda: guards(engine) == [(1, second, 2)])
    until(lambda: guards(engine) == [])


# Many logins of one process, each with a guard and an order.
CROWD = """
import sys, time, openbell
data, count = sys.argv[1], int(sys.argv[2])
clients = [openbell.Client(data, account="alice", cancel_on_disconnect=True) for _ in range(count)]
for client in clients:
    client.buy("AAA", 1, "90").wait_accepted()
print("placed", flush=True)
time.sleep(60)
"""


def test_a_crowd_that_dies_at_once_holds_nobody_up(engine: Running) -> None:
    count = 60
    crowd = subprocess.Popen(
        [sys.executable, "-c", CROWD, str(engine.data), str(count)],
        env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert crowd.stdout is not None
        assert crowd.stdout.readline() == "placed\n"
        assert live(engine) == count
        with engine.client("bob") as bob:
            crowd.kill()
            began_s, slowest_s, trips = time.monotonic(), 0.0, 0
            while time.monotonic() - began_s < 2.5:
                sent_s = time.monotonic()
                bob.buy("AAA", 1, "80", tif="IOC").wait_done()
                slowest_s = max(slowest_s, time.monotonic() - sent_s)
                trips += 1
        assert live(engine) == 0
        assert slowest_s < 0.5, f"the slowest of {trips} orders took {slowest_s:.3f} s"
    finally:
        crowd.kill()
        crowd.wait()


# ------------------------------------------------------------ hostile, and room


def test_no_room_is_a_refused_login(tmp_path: Path) -> None:
    with Running(tmp_path, MORE + "[capacity]\ntimers = 1\n") as engine:
        with engine.client("alice", cancel_on_disconnect=True):
            with pytest.raises(LoginRefused) as refused:
                engine.client("bob", cancel_on_disconnect=True)
            assert (refused.value.code, refused.value.limit, refused.value.value) == ("too_many", 1, 2)
            assert refused.value.field == "cancel_on_disconnect"
            with engine.client("bob") as bob:
                with pytest.raises(openbell.OpenBellError, match="TIMER_CAPACITY"):
                    bob.dead_man(5)
                bob.buy("AAA", 1, "80").wait_accepted()
        until(lambda: guards(engine) == [])
        with engine.client("bob", cancel_on_disconnect=True):
            pass


def test_frames_that_are_wrong_are_refused_by_field_and_limit(engine: Running) -> None:
    socket = engine.dealer("orders")

    def ask(body: dict[str, Any], number: int = 5) -> dict[str, Any]:
        socket.send(json_frame(FrameType.ARM, number, body))
        while True:
            message = socket.recv()
            kind = HEADER.unpack_from(message)[2]
            if kind == FrameType.ERROR:
                return dict(json.loads(message[HEADER.size :]))

    try:
        assert ask({"timeout_s": 5})["code"] == "not_logged_in"
        socket.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("alice")}))
        for body, field, limit in (
            ({"timeout_s": 0.5, "account": 1}, "timeout_s", 1),
            ({"timeout_s": -1}, "timeout_s", 1),
            ({"timeout_s": 3600.1}, "timeout_s", 3600),
            ({"timeout_s": 1e300}, "timeout_s", 3600),
            ({"timeout_s": "long"}, "timeout_s", None),
            ({"whole_account": True, "on_disconnect": True}, "on_disconnect", None),
            ({"timeout_s": 5, "account": 2}, "account", None),
            ({"timeout_s": 5, "client_order_id": -1}, "client_order_id", None),
            ({"timeout_s": 5, "for_ever": True}, "for_ever", None),
        ):
            refused = ask(body)
            assert refused["code"] in ("bad_frame", "not_your_account"), body
            assert refused.get("field") == field, body
            assert refused.get("limit") == limit, body
        assert guards(engine) == []
    finally:
        socket.close()


def test_a_flood_is_refused_and_others_trade(engine: Running) -> None:
    socket = engine.dealer("orders")
    try:
        socket.send(json_frame(FrameType.LOGIN, 1, {"api_key": engine.api_key("alice")}))
        for number in range(6000):
            socket.send(json_frame(FrameType.ARM, number + 2, {"timeout_s": 30, "whole_account": True}))
        with engine.client("bob") as bob:
            began_s = time.monotonic()
            bob.buy("AAA", 1, "80").wait_accepted()
            assert time.monotonic() - began_s < 2.0
        refused = 0
        deadline_s = time.monotonic() + PATIENCE_S
        while not refused and time.monotonic() < deadline_s:
            message = socket.recv()
            refused += HEADER.unpack_from(message)[2] == FrameType.ERROR and b"too_many" in message
        assert refused
    finally:
        socket.close()
    with engine.operator() as operator:
        assert operator.disarm("alice", reason="the flood is over")


# ------------------------------------------------------------ the engine is killed


def test_an_engine_that_is_killed_lets_no_guarded_order_live(tmp_path: Path) -> None:
    with Running(tmp_path, MORE) as engine:
        client = placed(engine, guard=True)
        with engine.client("bob") as bob:
            kept = bob.buy("AAA", 1, "80", tif="GTC").wait_accepted()
        with engine.client("alice") as watcher:
            seen = watcher.account_seq()
        engine.kill()
        client.kill()
        client.wait()
        engine.start()
        assert live(engine) == 0
        assert live(engine, "bob") == 1
        assert guards(engine) == []
        with engine.client("alice", resume={1: seen + 1}) as watcher:
            events = collect(watcher, lambda got: canceled(got, CancelReason.DISCONNECT) == 3)
            assert events["account_seq"].tolist() == list(range(seen + 1, seen + 1 + len(events)))
            assert events["kind"].tolist() == [EventKind.CANCELED] * 3 + [EventKind.MASS_CANCELED]
        with engine.client("bob") as bob:
            assert [one.client_order_id for one in bob.orders()] == [kept.client_order_id]


# Sends batches of orders for ever, with a guard and a timer that it renews.
BUSY = """
import sys, numpy as np, openbell
from openbell import wire
with openbell.Client(sys.argv[1], account="alice", cancel_on_disconnect=True) as client:
    client.dead_man(30, renew=True)
    while True:
        made = np.zeros(20, wire.ORDER_COMMAND)
        made["kind"], made["account"], made["tif"], made["qty"] = 1, 1, 1, 1
        made["price"] = 90_0000 - np.arange(20) * 100
        made["client_order_id"] = client.reserve_ids(20) + np.arange(20, dtype=np.uint64)
        client.send_batch(made)
        client.poll(0.001)
        print("sent", flush=True)
"""


def test_killed_at_any_moment_the_engine_leaves_no_guarded_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with Running(tmp_path, MORE) as engine:
        for _ in range(4):
            busy = subprocess.Popen(
                [sys.executable, "-c", BUSY, str(engine.data)], env=environment(), stdout=subprocess.PIPE, text=True
            )
            try:
                assert busy.stdout is not None
                assert busy.stdout.readline() == "sent\n"
                time.sleep(chance.uniform(0.0, 0.4))
                engine.kill()
            finally:
                busy.kill()
                busy.wait()
            engine.start()
            assert live(engine) == 0
            assert guards(engine) == [(1, 0, wire.ArmFlag.OF_ACCOUNT)], "the account's timer goes on"
