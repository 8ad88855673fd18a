"""A disk that fills up, a real one of some MB: only cancels are taken, and all again when there is room."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.wire import CommandKind

from engine.backlog import least_free_bytes
from engine.journal import segment
from engine.journal.reader import JournalReader
from tests.engine.process.running import STOP_S, Running
from tests.small_disk import SmallDisk

SIZE_MB = 24
MORE = """
[journal]
segment_bytes = 1048576
pending_bytes = 1048576
"""
LEAST = least_free_bytes(1 << 20, 1 << 20)


class OnSmallDisk(Running):
    """An engine whose directory is a small file system of its own."""

    def __init__(self, folder: Path, more: str) -> None:
        super().__init__(folder, more)
        self.disk = SmallDisk(folder / "market", SIZE_MB)
        self.data = self.disk.path
        self._seen = folder / "seen"

    def start(self) -> dict[str, Any]:
        """As of all; and what clients look for is copied to where they can name it."""
        body = super().start()
        for name in ("run", "keys"):
            shutil.copytree(self.data / name, self._seen / name, dirs_exist_ok=True)
        return body

    def client(self, account: str, **options: Any) -> openbell.Client:
        return openbell.Client(self._seen, account=account, keep_events=True, **options)

    def operator(self) -> openbell.Operator:
        return openbell.Operator(self._seen, name="tester", timeout_s=20.0)

    def command(self) -> list[str]:
        given = super().command()
        given[given.index("--data") + 1] = str(self.disk.inside)
        return [*self.disk.prefix, *given]

    def end(self) -> None:
        self.kill()
        self.disk.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[OnSmallDisk]:
    engine = OnSmallDisk(tmp_path, MORE)
    try:
        engine.start()
        yield engine
    finally:
        engine.end()


def until(is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def commands(kind: int, ids: list[int]) -> np.ndarray[Any, Any]:
    made = np.zeros(len(ids), wire.ORDER_COMMAND)
    made["kind"], made["account"], made["order_id"] = kind, 1, ids
    return made


def refusal(client: openbell.Client, made: np.ndarray[Any, Any]) -> openbell.Refused:
    """Why a frame is refused."""
    client.send_batch(made)
    with pytest.raises(openbell.Refused) as refused:
        until(lambda: client.events(0.05) is None)
    return refused.value


def test_only_cancels_while_the_disk_is_nearly_full(small: OnSmallDisk) -> None:
    with small.client("alice") as client, small.operator() as operator:
        orders = [client.buy("AAA", 1, "99.00") for _ in range(40)]
        for order in orders:
            order.wait_accepted()
        status = operator.status()
        assert (status.journal.least_free_bytes, status.journal.only_cancels) == (LEAST, False)
        assert abs(status.journal.free_bytes - small.disk.free_bytes) < 1 << 20
        small.disk.fill(LEAST - 4096)
        until(lambda: operator.status().journal.only_cancels)
        assert "only cancels are taken" in " ".join(operator.status().warnings)
        with pytest.raises(openbell.OpenBellError, match="nearly full") as refused:
            client.buy("AAA", 1, "98.00").wait_accepted(10)
        assert (refused.value.code, refused.value.field, refused.value.limit) == ("disk_full", "kind", LEAST)
        with pytest.raises(openbell.OpenBellError, match="nearly full"):
            client.buy("AAA", 1, "98.00", stop="98.00").wait_accepted(10)
        orders[0].replace(qty=2)
        with pytest.raises(openbell.OpenBellError, match="nearly full"):
            orders[0].wait_answered(10)
        ids = [order.order_id for order in orders]
        mixed = commands(CommandKind.CANCEL, ids[-3:])
        mixed["kind"][2] = CommandKind.REPLACE
        error = refusal(client, mixed)
        assert (error.code, error.index, error.limit) == ("disk_full", 2, LEAST)
        assert len(client.orders()) == 40
        for order in orders[1:6]:
            order.cancel()
            order.wait_done(10)
        assert len(client.orders()) == 35
        with pytest.raises(openbell.OpenBellError, match="nearly full"):
            operator.resume(reason="open all")
        operator.halt("BBB", reason="risk")
        operator.deposit("alice", "5", reason="margin")
        for _ in range(150):  # more than a client may do wrong: this is not its fault
            client.buy("AAA", 1, "97.00")
        with pytest.raises(openbell.OpenBellError, match="nearly full"):
            client.buy("AAA", 1, "97.00").wait_accepted(10)
        small.disk.fill(0)
        for order in orders[6:12]:
            order.cancel()
            order.wait_done(10)
        assert len(client.orders()) == 29
        small.disk.empty()
        until(lambda: not operator.status().journal.only_cancels)
        assert client.buy("AAA", 1, "96.00").wait_accepted(10).order_id
        operator.resume("BBB", reason="there is room")
    assert small.stop() == 0


def test_cancels_go_on_to_the_last_byte_and_then_the_engine_says_so(small: OnSmallDisk) -> None:
    with small.client("alice") as client, small.operator() as operator:
        acked = [client.buy("AAA", 1, "99.00").wait_accepted().order_id for _ in range(3)]
        small.disk.fill(LEAST - 4096)
        until(lambda: operator.status().journal.only_cancels)
        operator.halt("BBB", reason="a commit, with which the next segment is made")
        until(lambda: (small.data / "journal" / segment.TEMPORARY).exists())
        time.sleep(0.5)
        small.disk.fill(0)
        first = operator.status().sequence
        sent = 0
        cancels = commands(CommandKind.CANCEL, [0] * 500)
        cancels["client_order_id"] = 1 << 40  # of no order: refused by the core, and journaled like all
        assert small.process is not None
        while small.process.poll() is None and sent < 200_000:
            client.send_batch(cancels)
            sent += len(cancels)
            time.sleep(0.01)
        assert small.process.wait(STOP_S) == 1
    assert "no room on the disk" in small.log.read_text("utf-8")
    journal = small.data / "journal"
    with JournalReader(journal, first) as reader:
        taken = reader.end() - first
    assert taken * 72 > 1 << 20  # a whole segment for cancels alone
    small.disk.empty()
    small.start()
    with small.client("alice") as client:
        assert {row.order_id for row in client.orders()} == set(acked)
        client.buy("AAA", 1, "98.00").wait_accepted(10)
    assert small.stop() == 0


def test_a_start_on_a_full_disk(small: OnSmallDisk) -> None:
    with small.client("alice") as client:
        order_id = client.buy("AAA", 1, "99.00").wait_accepted().order_id
    small.kill()
    small.disk.fill(64 << 10)  # for what is not the journal: addresses, locks
    small.start()
    with small.client("alice") as client, small.operator() as operator:
        until(lambda: operator.status().journal.only_cancels)
        (row,) = client.orders()
        assert row.order_id == order_id
        assert operator.cancel_all("alice", reason="risk") == 1
        with pytest.raises(openbell.OpenBellError, match="nearly full"):
            client.buy("AAA", 1, "98.00").wait_accepted(10)
