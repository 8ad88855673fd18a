"""Writes and syncs that really fail: the engine says so and ends, tries nothing again, and nothing acked is lost.

The failure comes from beneath: a library before the C library whose fdatasync or pwritev fails, or a limit on the size
of files that the kernel enforces, on the io_uring lane too.
"""

from __future__ import annotations

import resource
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire

from engine.journal import doubtful, segment
from engine.journal.commands import split
from engine.journal.reader import JournalReader
from engine.journal.verify import verify
from tests.engine.process.running import STOP_S, Running
from tools import toolchain

SOURCE = Path(__file__).with_name("failing.c")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = toolchain.of_machine()
    if compiler is None:
        pytest.skip("there is no C compiler here to make the failing library with")
    made = tmp_path_factory.mktemp("shim") / "failing.so"
    subprocess.run(
        [*shlex.split(compiler), "-O1", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl"], check=True
    )
    return made


def some_orders(client: openbell.Client, count: int) -> np.ndarray[Any, Any]:
    made = np.zeros(count, wire.ORDER_COMMAND)
    made["kind"], made["account"], made["qty"], made["price"], made["tif"] = 1, 1, 1, 99_0000, 1
    made["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
    return made


def live_ids(engine: Running) -> set[int]:
    """Ids of the orders that are live."""
    with engine.client("alice") as client:
        return {row.order_id for row in client.orders()}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def run(**environment: str) -> Running:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            if not made:
                made.append(Running(tmp_path))
            made[0].start()
        return made[0]

    yield run
    for one in made:
        one.kill()


@pytest.mark.parametrize("call", ["fdatasync", "pwritev"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_error_of_the_disk(
    tmp_path: Path, shim: Path, running: Callable[..., Running], call: str, count: int
) -> None:
    """From the N-th call on; a thread that tried once more would be seen in the library's own log."""
    log, trigger = tmp_path / "calls", tmp_path / "now"
    engine = running(
        LD_PRELOAD=str(shim), SHIM_LOG=str(log), SHIM_CALL=call, SHIM_TRIGGER=str(trigger), SHIM_FROM=str(count)
    )
    with engine.client("alice") as client:
        acked = {client.buy("AAA", 1, "99.00").wait_accepted().order_id for _ in range(5)}
        before = log.read_text("ascii").splitlines()
        assert {f"{call} ok {segment.name_of(1)}"} <= set(before)
        trigger.touch()
        for _ in range(count - 1):
            acked.add(client.buy("AAA", 1, "99.00").wait_accepted(10).order_id)
        lost = client.buy("AAA", 1, "98.00")
        with pytest.raises(openbell.OpenBellError):
            lost.wait_accepted(10)
        assert lost.order_id == 0
    assert engine.process is not None
    assert engine.process.wait(STOP_S) == 1
    assert "Input/output error" in engine.log.read_text("utf-8")
    assert "the market cannot go on" in engine.log.read_text("utf-8")
    calls = log.read_text("ascii").splitlines()
    failed = calls.index(f"{call} EIO {segment.name_of(1)}")
    assert [line for line in calls[failed + 1 :] if not line.endswith((" doubtful", " unsynced"))] == []
    assert doubtful.is_marked(engine.data / "journal")
    assert not list((engine.data / "snapshots").glob("*"))  # what was not written is in no snapshot
    running()
    assert not doubtful.is_marked(engine.data / "journal")
    assert acked <= live_ids(engine)
    assert engine.stop() == 0
    assert verify(engine.data).error is None


def test_a_start_that_cannot_sync(tmp_path: Path, shim: Path, running: Callable[..., Running]) -> None:
    """What it read may be in memory only from then on: the next start must not take it for durable without writing it
    again."""
    log, trigger = tmp_path / "calls", tmp_path / "now"
    engine = running()
    with engine.client("alice") as client:
        acked = {client.buy("AAA", 1, "99.00").wait_accepted().order_id for _ in range(5)}
    engine.kill()
    trigger.touch()
    shimmed = {"SHIM_LOG": str(log), "SHIM_CALL": "fsync", "SHIM_TRIGGER": str(trigger), "SHIM_FROM": "1"}
    with pytest.raises(AssertionError):
        running(LD_PRELOAD=str(shim), **shimmed)
    assert engine.process is not None
    assert engine.process.wait(STOP_S) == 1
    assert "Input/output error" in engine.log.read_text("utf-8")
    assert (engine.data / "journal" / doubtful.MARK).read_text("ascii") == "1 0\n"
    running(LD_PRELOAD=str(shim), **{**shimmed, "SHIM_TRIGGER": str(tmp_path / "never")})
    assert f"pwrite ok {segment.name_of(1)}" in log.read_text("ascii").splitlines()
    assert not doubtful.is_marked(engine.data / "journal")
    assert acked <= live_ids(engine)
    assert engine.stop() == 0


@pytest.mark.parametrize("count", [1, 1000], ids=["lone", "bulk"])
def test_a_file_that_may_not_grow(running: Callable[..., Running], count: int) -> None:
    """The kernel refuses a write beyond a limit: a lone order meets it in io_uring where there is one, many in the
    writer's thread."""
    engine = running()
    assert engine.process is not None
    with engine.client("alice") as client:
        acked = {client.buy("AAA", 1, "99.00").wait_accepted().order_id for _ in range(5)}
        client.send_batch(some_orders(client, 300))
        client.wait_until(lambda: len(client.orders()) == 305, 10)
        resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (16 << 10, resource.RLIM_INFINITY))
        with pytest.raises(openbell.OpenBellError):
            if count > 1:
                client.send_batch(some_orders(client, count))
            client.buy("AAA", 1, "98.00").wait_accepted(10)
    assert engine.process.wait(STOP_S) == 1
    assert "File too large" in engine.log.read_text("utf-8")
    running()
    assert acked <= live_ids(engine)
    with engine.client("alice") as client:
        assert client.buy("AAA", 1, "97.00").wait_accepted().order_id
    assert engine.stop() == 0


def test_what_was_torn_is_journaled(running: Callable[..., Running]) -> None:
    """A torn end is cut off by the next start, which says so in the journal, by name of the journal."""
    engine = running()
    with engine.client("alice") as client:
        client.buy("AAA", 1, "99.00").wait_accepted()
    engine.kill()
    (one,) = segment.segments(engine.data / "journal")
    with JournalReader(engine.data / "journal") as reader:
        next_seq, offset = reader.end(), reader.offset
    with one.path.open("r+b") as file:
        file.seek(offset)
        file.write(b"torn" * 25)
    running()
    assert "torn" in engine.log.read_text("utf-8")
    assert engine.stop(signal.SIGTERM) == 0
    with JournalReader(engine.data / "journal", next_seq) as reader:
        runs = [run for commands in iter(reader.read, b"") for run in split(commands)]
    notes = [run[0] for run in runs if run.dtype == wire.ADMIN_COMMAND and run[0]["kind"] == wire.CommandKind.NOTE]
    said = [row["reason"].decode() for row in notes if row["operator"] == b"journal"]
    assert len(said) == 1
    assert said[0].startswith(f"torn end cut off: 100 bytes after seq {next_seq - 1}, SHA-256 ")
    assert not (engine.data / "journal" / "notes").exists()
