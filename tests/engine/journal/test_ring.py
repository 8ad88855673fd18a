"""The express lane: the ring alone, and what the writer does with it."""

from __future__ import annotations

import errno
import os
import random
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.ring import Ring
from engine.journal.writer import EXPRESS_BYTES, JournalWriter
from ext import record
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, ORDER_RECORD, Journal, contents


@pytest.fixture
def event() -> Iterator[int]:
    made = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    yield made
    os.close(made)


@pytest.fixture
def ring(event: int) -> Iterator[Ring]:
    made = Ring.make(event, 8192)
    if made is None:
        pytest.skip("this system has no io_uring, or does not allow it")
    yield made
    made.close()


def express(directory: Path, segment_bytes: int = 1 << 20) -> JournalWriter:
    made = JournalWriter(
        directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=segment_bytes, express=True
    )
    if made._ring is None:
        made.close()
        pytest.skip("this system has no io_uring, or does not allow it")
    return made


def test_a_write_is_told_by_the_event(ring: Ring, event: int, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        assert ring.take() is None
        for number in range(100):
            assert ring.begin(file.fileno(), 7 * number, b"%07d" % number)
            assert select.select([event], [], [], 10)[0]
            assert os.eventfd_read(event) == 1
            assert ring.is_done()
            assert ring.take() == 7
            assert not ring.is_done()
        assert (tmp_path / "file").read_bytes() == b"".join(b"%07d" % number for number in range(100))


def test_waiting(ring: Ring, tmp_path: Path) -> None:
    ring.wait()  # for nothing
    with (tmp_path / "file").open("w+b") as file:
        assert ring.begin(file.fileno(), 0, bytes(8192))
        ring.wait()
        assert ring.take() == 8192


def test_errors_are_told(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (tmp_path / "file").open("rb") as file:
        assert ring.begin(file.fileno(), 0, b"x")
        ring.wait()
        assert ring.take() == -errno.EBADF
    with pytest.raises(ValueError, match="capacity"):
        ring.begin(0, 0, bytes(8193))


def test_no_ring_where_the_system_refuses(event: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "s390x")
    assert Ring.make(event, 8192) is None
    monkeypatch.undo()
    assert Ring.make(-1, 8192) is None  # no such eventfd


def test_commits_of_both_lanes_make_one_journal(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    made = express(tmp_path / "journal", 1 << 16)
    journal = Journal(made, CommandBatch(1))
    took_express = 0
    for _ in range(400):
        # alone, several in a row, and larger than the lane or a segment now and then
        for _ in range(chance.choice([1, 1, 1, 5])):
            journal.fill(chance.choice([1, 1, 3, 40, 500, 1000]))
            took_express += made.express_bytes > 0
        if chance.random() < 0.7:
            made.wait(journal.batches[-1])
    made.wait(journal.batches[-1])
    assert made.pending_bytes == 0
    assert made.durable_seq == journal.batches[-1]
    made.close()
    assert took_express > 50
    assert contents(tmp_path / "journal") == journal.commands
    assert len(segment.segments(tmp_path / "journal")) > 10


def test_what_came_meanwhile_goes_out_together(tmp_path: Path) -> None:
    made = express(tmp_path / "journal")
    journal = Journal(made, CommandBatch(1))
    for _ in range(10):
        journal.fill(1)
    assert made.express_bytes
    assert made.durable_seq == 0
    assert made.wait(1) == 1  # one commit at a time
    assert made.express_bytes
    made.wait(10)
    assert not made.express_bytes
    made.close()
    data = segment.segments(tmp_path / "journal")[0].path.read_bytes()
    second = record.find_commit(data, segment.HEAD_BYTES + 8, 1)
    assert second == segment.HEAD_BYTES + ORDER_RECORD
    assert record.find_commit(data, second + 8, 1) is None
    assert contents(tmp_path / "journal") == journal.commands


def test_closing_waits_for_the_lane(tmp_path: Path) -> None:
    made = express(tmp_path / "journal")
    journal = Journal(made, CommandBatch(1))
    for _ in range(3):
        journal.fill(2)
    made.close()
    assert made.durable_seq == 6
    assert contents(tmp_path / "journal") == journal.commands


def test_an_error_on_the_lane_is_final(tmp_path: Path) -> None:
    made = express(tmp_path / "journal")
    journal = Journal(made, CommandBatch(1))
    journal.write(1)
    path = segment.segments(tmp_path / "journal")[0].path
    read_only = os.open(path, os.O_RDONLY)
    os.dup2(read_only, made._descriptor)
    os.close(read_only)
    journal.fill(1)
    assert made.express_bytes
    with pytest.raises(JournalError, match="Bad file descriptor"):
        made.wait(2)
    journal.fill(1)
    with pytest.raises(JournalError, match="Bad file descriptor"):
        made.collect()
    with pytest.raises(JournalError, match="Bad file descriptor"):
        made.close()
    assert contents(tmp_path / "journal") == journal.commands[:64]


def test_the_thread_does_what_the_kernel_does_not_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = express(tmp_path / "journal")
    journal = Journal(made, CommandBatch(1))
    take = Ring.take

    def refused(ring: Ring) -> int | None:
        """As of a kernel that knows no RWF_DSYNC in a ring."""
        result = take(ring)
        return None if result is None else -errno.EOPNOTSUPP

    monkeypatch.setattr(Ring, "take", refused)
    for _ in range(5):
        journal.fill(3)
    made.wait(15)
    assert made._ring is None
    journal.write(2)
    made.close()
    assert contents(tmp_path / "journal") == journal.commands


def test_large_commits_take_the_thread(tmp_path: Path) -> None:
    made = express(tmp_path / "journal")
    journal = Journal(made, CommandBatch(1))
    journal.fill(EXPRESS_BYTES // ORDER_RECORD + 1)
    assert not made.express_bytes
    made.wait(journal.batches[-1])
    made.close()
