"""Group commit on real files."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter
from ext import record
from ext.sequence import CommandBatch
from tests.engine.journal.batches import ALLOWED, MARKET, ORDER_RECORD, Journal, contents, orders

pytestmark = pytest.mark.usefixtures("lane")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_is_written_is_read(journal: Journal, directory: Path) -> None:
    for count in (1, 3, 0, 2):
        journal.write(count, notes=count % 2)
    assert journal.writer.durable_seq == journal.batches[-1]
    assert journal.writer.pending_bytes == 0
    journal.writer.close()
    assert contents(directory) == journal.commands
    assert segment.market_id_of(directory) == MARKET


@pytest.mark.parametrize("durability", ["fsync", "memory"])
def test_segments_follow_each_other(directory: Path, durability: str) -> None:
    writer = JournalWriter(directory, next_seq=1, durability=durability, market_id=MARKET, segment_bytes=4096)
    journal = Journal(writer, CommandBatch(1))
    for _ in range(40):
        journal.fill(5, notes=1)
    writer.close()
    found = segment.segments(directory)
    assert len(found) > 5
    assert [one.path.name for one in found] == names(directory)  # nothing temporary is left
    assert contents(directory) == journal.commands
    for one in found:
        assert one.path.stat().st_size == 4096
        assert contents(directory, one.first_seq + 2)[:8] == (one.first_seq + 2).to_bytes(8, "little")


def test_a_batch_larger_than_a_segment_gets_one_of_its_own(journal: Journal, directory: Path) -> None:
    journal.write(1)
    journal.write(500)
    journal.write(3)
    journal.writer.close()
    sizes = [one.path.stat().st_size for one in segment.segments(directory)]
    assert sizes == [4096, segment.HEAD_BYTES + 500 * ORDER_RECORD, 4096]
    assert contents(directory) == journal.commands


def test_a_writer_goes_on_where_another_ended(directory: Path) -> None:
    batch, commands = CommandBatch(1), b""
    for count in (3, 60, 1, 2):
        writer = JournalWriter(
            directory, next_seq=batch.next_seq, durability="fsync", market_id=MARKET, segment_bytes=4096
        )
        journal = Journal(writer, batch)
        journal.write(count)
        commands += journal.commands
        writer.close()
    assert contents(directory) == commands


def test_batches_that_come_during_a_commit_go_out_together(
    directory: Path, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    if lane == "express":
        pytest.skip("the kernel's sync cannot be held up here; see test_ring")
    syncs, may_go = [], threading.Event()
    sync = os.fdatasync

    def slow_sync(descriptor: int) -> None:
        syncs.append(descriptor)
        assert may_go.wait(10)
        sync(descriptor)

    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=1 << 20)
    monkeypatch.setattr(os, "fdatasync", slow_sync)
    journal = Journal(writer, CommandBatch(1))
    journal.fill(1)
    while not syncs:
        pass
    for _ in range(1500):  # more parts than one pwritev takes
        journal.fill(1)
    assert writer.durable_seq == 0
    assert writer.pending_bytes == 1501 * ORDER_RECORD
    may_go.set()
    writer.wait(1501)
    assert len(syncs) == 2
    writer.close()
    assert contents(directory) == journal.commands
    data = segment.segments(directory)[0].path.read_bytes()
    assert record.find_commit(data, segment.HEAD_BYTES + 8, 1) == segment.HEAD_BYTES + ORDER_RECORD
    assert record.find_commit(data, segment.HEAD_BYTES + ORDER_RECORD + 8, 1) is None


def test_the_event_tells_of_each_commit(journal: Journal) -> None:
    def readable(timeout_s: float) -> bool:
        return bool(select.select([journal.writer.fileno()], [], [], timeout_s)[0])

    assert not readable(0)
    assert journal.writer.collect() == 0
    journal.fill(2)
    assert readable(10)
    assert journal.writer.collect() == 2
    assert not readable(0)
    journal.writer.close()


@pytest.mark.parametrize("function", ["fdatasync", "pwritev"])
def test_an_error_of_the_disk_is_final(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, function: str, lane: str
) -> None:
    if lane == "express":
        pytest.skip("the kernel's sync cannot be made to fail so; see test_ring")
    journal.write(1)

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, function, broken)
    journal.fill(1)
    with pytest.raises(JournalError, match="Input/output error"):
        journal.writer.wait(2)
    monkeypatch.undo()
    journal.fill(1)  # does not block, and does nothing
    with pytest.raises(JournalError, match="Input/output error"):
        journal.writer.collect()
    assert journal.writer.durable_seq == 1
    with pytest.raises(JournalError, match="Input/output error"):
        journal.writer.close()


def test_a_gap_is_never_written(journal: Journal, directory: Path) -> None:
    journal.write(2)
    journal.batch = CommandBatch(4)
    journal.fill(1)
    with pytest.raises(JournalError, match="begins with seq 4, next is 3"):
        journal.writer.wait(4)
    with pytest.raises(JournalError):
        journal.writer.close()
    assert len(contents(directory)) == 2 * 64


def test_must_go_on_with_the_next_number(journal: Journal, directory: Path) -> None:
    journal.write(5)
    journal.writer.close()
    for wrong in (5, 7):
        with pytest.raises(JournalError, match=f"ends with seq 5, and {wrong} was to be next"):
            JournalWriter(directory, next_seq=wrong, durability="fsync", market_id=MARKET)
    with pytest.raises(JournalError, match="another market"):
        JournalWriter(directory, next_seq=6, durability="fsync", market_id=bytes(16))


def test_does_not_go_on_after_a_torn_end(journal: Journal, directory: Path) -> None:
    journal.write(1)
    journal.writer.close()
    with segment.segments(directory)[0].path.open("r+b") as file:
        file.seek(segment.HEAD_BYTES + ORDER_RECORD)
        file.write(b"torn")
    with pytest.raises(JournalError, match="recover before going on"):
        JournalWriter(directory, next_seq=2, durability="fsync", market_id=MARKET)


def test_wrong_settings_are_named(directory: Path) -> None:
    with pytest.raises(JournalError, match="durability must be one of fsync, memory, got 'disk'"):
        JournalWriter(directory, next_seq=1, durability="disk", market_id=MARKET)
    with pytest.raises(JournalError, match="16 bytes, got 3"):
        JournalWriter(directory, next_seq=1, durability="fsync", market_id=b"abc")
    with pytest.raises(JournalError, match="segment_bytes must be at least 4096"):
        JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=100)
    assert not directory.exists()


FULL = """
import resource, sys
from pathlib import Path
from engine.journal.errors import JournalError
from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, Journal
directory, limit = Path(sys.argv[1]), int(sys.argv[2])
writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=8192)
journal = Journal(writer, CommandBatch(1))
journal.write(10)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    for _ in range(100):
        journal.write(10)
except JournalError as error:
    print(writer.durable_seq, error)
"""


def test_no_room_for_the_next_segment(directory: Path) -> None:
    """A limit on the size of files stands for a full disk: the system refuses to reserve what is asked for."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(directory), "8191"], capture_output=True, text=True, env=env, timeout=60
    )
    assert done.returncode == 0, done.stderr
    durable, _, words = done.stdout.partition(" ")
    assert "File too large" in words
    assert len(contents(directory)) == int(durable) * 64
    assert names(directory) == [segment.name_of(1), "doubtful"]  # no half file


def test_no_room_at_the_start(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(JournalError, match="File too large"):
            JournalWriter(tmp_path, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == []


def test_left_over_temporary_files_go(journal: Journal, directory: Path) -> None:
    journal.write(1)
    journal.writer.close()
    (directory / segment.TEMPORARY).write_bytes(b"half")
    JournalWriter(directory, next_seq=2, durability="fsync", market_id=MARKET).close()
    assert names(directory) == [segment.name_of(1)]


def test_a_next_segment_that_is_not_ready_is_taken_as_it_is(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "ZEROS", bytes(4096))
    begun = threading.Event()
    prepare = segment.prepare

    def slow(directory: Path, size_bytes: int, hurry: object = None) -> int:
        def asked() -> bool:
            begun.set()
            while not hurry():  # type: ignore[operator]
                pass
            return True

        return prepare(directory, size_bytes, asked)

    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=1 << 16)
    monkeypatch.setattr(segment, "prepare", slow)
    journal = Journal(writer, CommandBatch(1))
    journal.write(500)
    assert begun.wait(10)
    journal.write(600)
    journal.write(1)
    writer.close()
    assert len(segment.segments(directory)) == 2
    assert contents(directory) == journal.commands


def test_records_may_be_used_while_the_next_batch_fills(directory: Path) -> None:
    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET)
    batch, sent = CommandBatch(1), []
    for number in range(1, 300):
        batch.add_orders(orders(number % 7 + 1, number * 10), 0, 1, ALLOWED)
        batch.seal(number)
        writer.submit(batch.records, batch.last_seq)
        sent.append(batch.commands)
        batch.clear()
    writer.close()
    assert contents(directory) == b"".join(sent)
    with JournalReader(directory) as reader:
        assert reader.end() == batch.next_seq
