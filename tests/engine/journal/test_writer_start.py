"""What the writer does before it calls anything durable, and when its thread breaks."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, Journal, contents


def test_what_a_killed_process_left_is_synced_before_it_counts_as_durable(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written and not synced is what a process leaves that is killed between the two."""
    journal.write(3)
    journal.writer.close()
    synced: list[str] = []
    system_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        system_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    writer = JournalWriter(directory, next_seq=4, durability="fsync", market_id=MARKET, segment_bytes=4096)
    assert writer.durable_seq == 3
    assert synced == [str(directory.parent), str(segment.segments(directory)[-1].path), str(directory)]
    writer.close()


def test_any_error_of_the_thread_is_told(directory: Path) -> None:
    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=4096)
    batch = CommandBatch(1)
    journal = Journal(writer, batch)
    journal.write(1)
    broken = bytes(8) + (2).to_bytes(8, "little") + bytes(56)  # numbered well, and no record
    writer.submit(broken, 2)
    with pytest.raises(JournalError, match="not a valid journal record"):
        writer.wait(2, timeout_s=5)
    with pytest.raises(JournalError):
        writer.close()


def test_a_segment_that_could_not_be_made_ahead_of_time_is_made_when_it_is_needed(
    journal: Journal, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files or room may have run out for a moment only; the market must not end of that later."""
    room = os.posix_fallocate
    failures: list[int] = []

    def no_room(descriptor: int, offset: int, length: int) -> None:
        failures.append(length)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", no_room)
    while not failures:
        journal.write(10)
        threading.Event().wait(0.01)
    monkeypatch.setattr(os, "posix_fallocate", room)
    journal.write(40)
    journal.write(40)
    journal.writer.close()
    assert len(segment.segments(directory)) > 1
    assert contents(directory) == journal.commands
