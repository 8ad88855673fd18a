"""The parts of a standby without its processes: the bytes that are sent, the files that are written, the epochs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bring_back import beside_of
from engine.config import Config
from engine.journal import segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter
from engine.sessions.schedule import Timeline
from engine.standby import epochs, start
from engine.standby.epochs import Epochs
from engine.standby.mirror import Mirror
from engine.standby.source import Chunk, Files
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, Journal
from tests.engine.standby.standing import until

SEGMENT_BYTES = 8192


def journal(directory: Path, commits: int = 60) -> int:
    """Some segments of commits of several records; the last seq."""
    writer = JournalWriter(
        directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=SEGMENT_BYTES, express=False
    )
    made = Journal(writer, CommandBatch(1, 0))
    for number in range(commits):
        made.write(1 + number % 5, number % 2)
    writer.close()
    return made.batches[-1]


def all_chunks(directory: Path, last_seq: int, limit_bytes: int) -> list[Chunk]:
    with Files(directory, 1, 0, 1) as files:
        found = []
        while chunk := files.read(last_seq, limit_bytes):
            found.append(chunk)
        return found


@pytest.mark.parametrize("limit_bytes", [100, 1000, 1 << 20])
def test_the_bytes_that_are_sent_are_those_of_the_files(tmp_path: Path, limit_bytes: int) -> None:
    last_seq = journal(tmp_path / "journal")
    for end in (1, last_seq // 2, last_seq):
        files: dict[int, bytes] = {}
        for chunk in all_chunks(tmp_path / "journal", end, limit_bytes):
            assert chunk.offset == len(files.get(chunk.first_seq, b""))
            files[chunk.first_seq] = files.get(chunk.first_seq, b"") + chunk.data
        assert chunk.last_seq == end
        for one in segment.segments(tmp_path / "journal"):
            if one.first_seq <= end:
                assert one.path.read_bytes().startswith(files[one.first_seq])


def test_damage_is_not_sent(tmp_path: Path) -> None:
    last_seq = journal(tmp_path / "journal")
    second = segment.segments(tmp_path / "journal")[1]
    with second.path.open("r+b") as file:
        file.seek(400)
        file.write(b"\xff")
    with pytest.raises(JournalDamaged, match=second.path.name):
        all_chunks(tmp_path / "journal", last_seq, 1000)


def test_a_mirror_has_the_same_files(tmp_path: Path) -> None:
    last_seq = journal(tmp_path / "journal")
    mirror = Mirror(tmp_path / "mirror", 0)
    chunks = all_chunks(tmp_path / "journal", last_seq, 500)
    for chunk in chunks[:-20]:
        mirror.write(chunk)
    mirror.close()
    assert mirror.durable_seq == chunks[-21].last_seq
    mirror = Mirror(tmp_path / "mirror", mirror.durable_seq)  # goes on
    for chunk in chunks[-20:]:
        mirror.write(chunk)
    until(lambda: mirror.collect() == last_seq, "the mirror")
    mirror.close()
    for one in segment.segments(tmp_path / "journal"):
        assert (tmp_path / "mirror" / one.path.name).read_bytes() == one.path.read_bytes()


def test_a_mirror_does_not_take_a_segment_that_follows_another_journal(tmp_path: Path) -> None:
    last_seq = journal(tmp_path / "journal")
    chunks = all_chunks(tmp_path / "journal", last_seq, 1 << 20)
    first = bytearray(chunks[0].data)
    first[24] ^= 1  # its time of making
    mirror = Mirror(tmp_path / "mirror", 0)
    mirror.write(chunks[0]._replace(data=bytes(first)))
    mirror.write(chunks[1])
    with pytest.raises(JournalError, match="the audit chain is broken"):
        mirror.close()
    assert len(segment.segments(tmp_path / "mirror")) == 1


def test_a_mirror_whose_disk_fails_says_so(tmp_path: Path) -> None:
    last_seq = journal(tmp_path / "journal", 5)
    mirror = Mirror(tmp_path / "mirror", 0)
    chunk = all_chunks(tmp_path / "journal", last_seq, 1 << 20)[0]
    mirror.write(chunk._replace(size=1 << 60))  # more than any disk has
    with pytest.raises(JournalError, match=r"no room on the disk|File too large|Invalid argument"):
        until(lambda: mirror.collect() < 0, "an error")


def test_an_end_with_holes_is_asked_for_again(tmp_path: Path) -> None:
    """A crash of the standby's machine: later commits of one write are there, an earlier one is not."""
    data = tmp_path
    last_seq = journal(data / "journal")
    newest = segment.segments(data / "journal")[-1]
    with newest.path.open("r+b") as file:
        file.seek(128 + 16)
        file.write(bytes(40))
    told: list[str] = []
    config = Config()
    with pytest.raises(JournalDamaged), JournalReader(data / "journal") as reader:
        reader.end()
    # The commands of these journals are of no market: only the files matter here.
    assert start._last_whole(data / "journal", JournalDamaged(newest.path, 0, "", "")) == newest.first_seq - 1
    other = JournalDamaged(segment.segments(data / "journal")[0].path, 0, "damage", "")
    with pytest.raises(JournalDamaged):
        start._last_whole(data / "journal", other)
    assert last_seq and not told and beside_of(config, Timeline([]), told.append)


def test_epochs_are_what_the_journal_says() -> None:
    known = Epochs()
    known.see(b"".join(_numbered(seq, command) for seq, command in (
        (5, epochs.command(1, "standby", "a start")),
        (6, epochs.note("epochs", "ann", "something else")),
        (9, epochs.command(3, "ann" * 40, "why " * 40)),
    )))  # fmt: skip
    assert known.begun == [(1, 5), (3, 9)]
    assert known.last == 3
    assert [known.first_seq_after(epoch) for epoch in (0, 1, 2, 3)] == [5, 9, 9, None]
    again = Epochs()
    again.load({epochs.EPOCHS: known.state()})
    assert again == known


def _numbered(seq: int, command: bytes) -> bytes:
    return seq.to_bytes(8, "little") + command[8:]


def test_files_may_be_read_while_they_grow(tmp_path: Path) -> None:
    last_seq = journal(tmp_path / "journal", 10)
    with Files(tmp_path / "journal", 1, 0, 1) as files:
        assert files.read(0) is None
        first = files.read(1)
        assert first is not None
        assert (first.offset, first.last_seq, first.size) == (0, 1, SEGMENT_BYTES)
        rest = files.read(last_seq)
        assert rest is not None
        assert (rest.offset, rest.last_seq) == (len(first.data), last_seq)
        assert files.read(last_seq) is None
