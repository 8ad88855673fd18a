"""kill -9 at random moments under load: everything a client saw is there after the restart, and the books balance."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from openbell import wire

from tests.engine.process.running import Running, environment

# A client in a process of its own that sends batches for ever and writes down every event that it saw, as it saw it.
CLIENT = """
import sys, numpy as np, openbell
from openbell import wire
data, account, side, path, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
rng = np.random.default_rng(seed)
number = {"alice": 1, "bob": 2}[account]
with open(path, "ab", buffering=0) as seen, openbell.Client(data, account=account, keep_events=True) as client:
    while True:
        made = np.zeros(int(rng.integers(1, 40)), wire.ORDER_COMMAND)
        made["kind"], made["account"], made["side"], made["tif"] = 1, number, side, rng.integers(0, 3, len(made))
        made["price"], made["qty"] = 100_0000 + rng.integers(-9, 10, len(made)) * 100, rng.integers(1, 50, len(made))
        made["client_order_id"] = client.reserve_ids(len(made)) + np.arange(len(made), dtype=np.uint64)
        client.send_batch(made)
        seen.write(client.events(0.0 if rng.random() < 0.5 else 0.01).tobytes())
"""


def spoil(folder: Path, engine: Running, chance: random.Random) -> dict[str, np.ndarray]:
    """Trade, kill the engine at some moment, and return what the clients saw."""
    clients = []
    for account, side in (("alice", 0), ("bob", 1)):
        arguments = [
            str(engine.data),
            account,
            str(side),
            str(folder / f"{account}.seen"),
            str(chance.randrange(1 << 30)),
        ]
        with (folder / f"{account}.log").open("ab") as log:
            clients.append(subprocess.Popen([sys.executable, "-c", CLIENT, *arguments], env=environment(), stderr=log))
    try:
        deadline_s = time.monotonic() + 20
        while not all((folder / f"{name}.seen").exists() for name in ("alice", "bob")):
            assert time.monotonic() < deadline_s, "the clients did not begin"
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.6))
        engine.kill()
        time.sleep(0.1)  # what has left the engine arrives
    finally:
        for one in clients:
            one.send_signal(signal.SIGKILL)
            one.wait()
    seen = {}
    for name in ("alice", "bob"):
        path = folder / f"{name}.seen"
        data = path.read_bytes()
        seen[name] = np.frombuffer(data[: len(data) // wire.EVENT.itemsize * wire.EVENT.itemsize], wire.EVENT)
        path.unlink()
    return seen


def stream_of(engine: Running, account: str, number: int, first: int) -> np.ndarray:
    """The account's events from `first` on, as the engine tells them after the restart."""
    with engine.client(account, resume={number: first}) as client:
        got = [client.events(5.0)]
        last = client.account_seq()
        while len(got[-1]):
            got.append(client.events(0.2))
            last = client.account_seq()
        events = np.concatenate(got)
        assert events["account_seq"].tolist() == list(range(first, last + 1))
        return events


def check(engine: Running, seen: dict[str, np.ndarray]) -> None:
    for number, (account, events) in enumerate(seen.items(), 1):
        if len(events):
            first = int(events["account_seq"][0])
            assert events["account_seq"].tolist() == list(range(first, first + len(events)))
            kept = stream_of(engine, account, number, first)
            assert kept[: len(events)].tobytes() == events.tobytes(), "an event that was seen is not there any more"
    with engine.operator() as operator:
        rows = [row for row in operator.accounts() if row.name in seen]
        assert sum(row.cash for row in rows) == 2 * 10**15
        positions = [row for row in operator.positions() if row.account in (1, 2) and row.symbol == "AAA"]
        assert sum(row.qty for row in positions) == 2_000_000
        for row in rows:
            orders, total = operator.orders(row.account, limit=10_000)
            assert row.open_orders == total
            if total == len(orders):
                assert row.hold == sum(order.hold for order in orders)
        operator.cancel_all(reason="next round")


def rounds(tmp_path: Path, count: int, seed: int, more: str) -> None:
    chance = random.Random(seed)
    total = 0
    with Running(tmp_path, "[capacity]\norders = 200_000\n" + more) as engine:
        for _ in range(count):
            seen = spoil(tmp_path, engine, chance)
            total += sum(map(len, seen.values()))
            engine.start()
            check(engine, seen)
    assert total > 100 * count
    lines = [json.loads(line) for line in engine.log.read_text().splitlines()]
    assert [line for line in lines if line["level"] == "error"] == []


def test_killed_under_load(tmp_path: Path, seed: int) -> None:
    rounds(tmp_path, 3, seed, "")


@pytest.mark.slow
def test_killed_with_many_snapshots_and_segments(tmp_path: Path, seed: int) -> None:
    # Fifty kills of a market whose clients live on: tests/chaos/test_kill.py
    more = "[snapshots]\nevery_commands = 20_000\n[journal]\nsegment_bytes = 1048576\n"
    rounds(tmp_path, 12, seed, more)
    assert len(list((tmp_path / "market" / "journal").iterdir())) > 3
