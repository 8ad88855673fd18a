"""Reading from any number on, following a journal that grows, and every kind of damage."""

from __future__ import annotations

import os
import random
import struct
from pathlib import Path

import pytest

from engine.journal import segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import JournalReader, Torn, cut_off
from engine.journal.writer import JournalWriter
from ext.record import crc32c
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, ORDER_RECORD, Journal, contents

HEAD = segment.HEAD_BYTES


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


def flip(path: Path, offset: int) -> None:
    byte = path.read_bytes()[offset]
    overwrite(path, offset, bytes([byte ^ 0x10]))


def torn(directory: Path) -> tuple[int, Torn | None]:
    with JournalReader(directory) as reader:
        return reader.end(), reader.torn


def damage(directory: Path) -> JournalDamaged:
    with pytest.raises(JournalDamaged) as caught, JournalReader(directory) as reader:
        reader.end()
    return caught.value


@pytest.fixture
def whole(journal: Journal, directory: Path) -> list[Path]:
    """A journal of three segments or more, one command a commit. The segments' paths."""
    while len(segment.segments(directory)) < 3:
        journal.write(1)
    for _ in range(5):
        journal.write(1)
    journal.writer.close()
    assert contents(directory) == journal.commands
    return [one.path for one in segment.segments(directory)]


def test_any_number_may_be_the_first(journal: Journal, directory: Path, whole: list[Path]) -> None:
    last = len(journal.commands) // 64
    for first in range(1, last + 1, 7):
        assert contents(directory, first) == journal.commands[(first - 1) * 64 :]
    assert contents(directory, last + 1) == b""
    with pytest.raises(JournalError, match=f"ends with seq {last}, before {last + 2}"):
        JournalReader(directory, last + 2)
    with pytest.raises(JournalError, match="begins with seq 1, not 0"):
        JournalReader(directory, 0)


def test_no_journal(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(JournalError, match="there is no journal"):
            JournalReader(directory)


@pytest.mark.parametrize("limit_bytes", [1, 100, 700, 1 << 20])
def test_small_reads_give_the_same(journal: Journal, directory: Path, whole: list[Path], limit_bytes: int) -> None:
    with JournalReader(directory, 3) as reader:
        parts = []
        while commands := reader.read(limit_bytes=limit_bytes):
            assert len(commands) % 64 == 0
            parts.append(commands)
    assert b"".join(parts) == journal.commands[2 * 64 :]


def test_follows_a_journal_as_far_as_it_is_durable(directory: Path) -> None:
    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=4096)
    journal = Journal(writer, CommandBatch(1))
    read = b""
    with JournalReader(directory) as reader:
        for count in (1, 40, 2, 300, 5):
            journal.write(count)
            while commands := reader.read(writer.durable_seq - 1):
                read += commands
            assert reader.next_seq == writer.durable_seq
            assert read == journal.commands[: -64 or None]
        assert reader.read(writer.durable_seq) == journal.commands[-64:]
        assert reader.read(writer.durable_seq) == b""
        writer.close()
        assert reader.read() == b""


def test_what_was_durable_must_be_there(journal: Journal, directory: Path) -> None:
    journal.write(3)
    journal.writer.close()
    with JournalReader(directory) as reader:
        reader.end()
        with pytest.raises(JournalDamaged, match="ends before seq 4, which was durable"):
            reader.read(4)
    flip(segment.segments(directory)[0].path, HEAD + 2 * ORDER_RECORD + 30)
    with JournalReader(directory) as reader:
        assert len(reader.read(3)) == 2 * 64
        with pytest.raises(JournalDamaged, match="the record of seq 3 is not what was written"):
            reader.read(3)


@pytest.mark.parametrize("cut", [1, 4, 8, 30, 64, 68])
def test_a_torn_last_record_is_cut_off(journal: Journal, directory: Path, whole: list[Path], cut: int) -> None:
    path = whole[-1]
    end = len(path.read_bytes().rstrip(b"\0"))
    start = HEAD + (end - HEAD - 1) // ORDER_RECORD * ORDER_RECORD
    overwrite(path, start + cut, bytes(ORDER_RECORD - cut))
    last = len(journal.commands) // 64
    next_seq, found = torn(directory)
    assert next_seq == last
    assert found is not None
    assert (found.path, found.offset, found.next_seq) == (path, start, last)
    assert f"{path}, offset {start}" in str(found)
    cut_off(found)
    assert torn(directory) == (last, None)
    assert contents(directory) == journal.commands[:-64]


def test_a_torn_commit_may_have_lost_any_of_its_sectors(journal: Journal, directory: Path) -> None:
    """The disk writes the sectors of one commit in any order: later ones may be there when earlier ones are not."""
    journal.write(2)
    journal.write(45)
    journal.writer.close()
    path = segment.segments(directory)[0].path
    written = path.read_bytes()
    random_bits = random.Random(1)
    for _ in range(30):
        kept = bytearray(written)
        lost = [n for n in range(0, 4096, 512) if random_bits.random() < 0.5]
        for start in lost:
            kept[max(start, HEAD + 2 * ORDER_RECORD) : start + 512] = bytes(
                max(0, start + 512 - max(start, HEAD + 2 * ORDER_RECORD))
            )
        path.write_bytes(kept)
        next_seq, found = torn(directory)
        assert 3 <= next_seq <= 48
        if found is not None:
            cut_off(found)
        assert torn(directory) == (next_seq, None)
        assert contents(directory) == journal.commands[: (next_seq - 1) * 64]


def test_bits_that_changed_in_an_earlier_commit_are_damage(directory: Path, whole: list[Path]) -> None:
    path = whole[-1]
    flip(path, HEAD + 40)
    error = damage(directory)
    assert (error.path, error.offset) == (path, HEAD)
    assert f"later ones follow from offset {HEAD + ORDER_RECORD} on" in str(error)
    assert "Restore the file" in str(error)


def test_a_hole_before_a_later_commit_is_damage(directory: Path, whole: list[Path]) -> None:
    overwrite(whole[-1], HEAD + ORDER_RECORD, bytes(2 * ORDER_RECORD))
    error = damage(directory)
    assert (error.path, error.offset) == (whole[-1], HEAD + ORDER_RECORD)


def test_a_bad_record_at_the_end_of_a_segment_that_is_not_the_last_is_damage(
    directory: Path, whole: list[Path]
) -> None:
    end = len(whole[0].read_bytes().rstrip(b"\0"))
    flip(whole[0], end - 10)
    error = damage(directory)
    assert error.path == whole[0]
    assert error.offset == HEAD + (end - HEAD - 1) // ORDER_RECORD * ORDER_RECORD


def test_something_after_the_end(journal: Journal, directory: Path, whole: list[Path]) -> None:
    size = whole[-1].stat().st_size
    overwrite(whole[-1], size - 1, b"x")
    next_seq, found = torn(directory)
    assert next_seq == len(journal.commands) // 64 + 1
    assert found is not None
    cut_off(found)
    assert torn(directory) == (next_seq, None)
    overwrite(whole[0], size - 1, b"x")
    assert damage(directory).path == whole[0]


def test_a_missing_segment_is_damage(directory: Path, whole: list[Path]) -> None:
    whole[1].unlink()
    error = damage(directory)
    assert error.path == whole[0]
    assert f"Restore {whole[1].name}" in str(error)


def test_a_missing_first_segment(directory: Path, whole: list[Path]) -> None:
    first = segment.segments(directory)[1].first_seq
    whole[0].unlink()
    with pytest.raises(JournalError, match=f"begins with seq {first}, not 1"):
        JournalReader(directory)


def test_a_segment_twice_is_damage(directory: Path, whole: list[Path]) -> None:
    first = segment.segments(directory)[1].first_seq
    copy = directory / segment.name_of(first + 1)
    copy.write_bytes(segment.Head(first + 1, 0, MARKET).pack() + whole[1].read_bytes()[HEAD + ORDER_RECORD :])
    assert "the journal goes on with seq" in str(damage(directory))


def test_a_record_of_another_number_is_damage(directory: Path, whole: list[Path]) -> None:
    data = whole[-1].read_bytes()
    overwrite(whole[-1], HEAD + ORDER_RECORD, data[HEAD + 2 * ORDER_RECORD : HEAD + 3 * ORDER_RECORD])
    error = damage(directory)
    assert (error.path, error.offset) == (whole[-1], HEAD + ORDER_RECORD)
    assert "is not seq" in str(error)


@pytest.mark.parametrize("at", [0, 8, 12, 16, 24, 32, 47, 48, 51, 52, 56, 63, 64, 72, 103, 104, 107])
def test_a_bad_head_is_damage(directory: Path, whole: list[Path], at: int) -> None:
    flip(whole[1], at)
    error = damage(directory)
    assert error.path == whole[1]
    assert error.offset in (0, 48, 104)


def test_heads_that_are_right_but_do_not_fit(directory: Path, whole: list[Path]) -> None:
    head = whole[1].read_bytes()[:HEAD]
    overwrite(whole[1], 0, segment.Head(99, 0, MARKET).pack())
    assert "says that it begins at seq 99" in str(damage(directory))
    overwrite(whole[1], 0, segment.Head(segment.segments(directory)[1].first_seq, 0, bytes(16)).pack())
    assert "it is of market 00000000" in str(damage(directory))
    newer = struct.pack("<8sI", segment.MAGIC, 3) + head[12:48]
    overwrite(whole[1], 0, newer + struct.pack("<I", crc32c(newer)))
    with (
        pytest.raises(JournalError, match="format version 3, this program reads version 2 and before"),
        JournalReader(directory) as reader,
    ):
        reader.end()


@pytest.mark.parametrize("size", [0, 10, 63, 64, HEAD - 1])
def test_a_segment_shorter_than_its_head_is_damage(directory: Path, whole: list[Path], size: int) -> None:
    os.truncate(whole[-1], size)
    error = damage(directory)
    assert (error.path, error.offset) == (whole[-1], 0)
    assert f"the head has {size} of 128 bytes" in str(error)


def test_a_new_segment_without_records_is_whole(journal: Journal, directory: Path) -> None:
    journal.write(3)
    journal.writer.close()
    (directory / segment.name_of(4)).write_bytes(segment.Head(4, 0, MARKET).pack() + bytes(4096))
    assert torn(directory) == (4, None)
    JournalWriter(directory, next_seq=4, durability="fsync", market_id=MARKET).close()


def test_other_files_in_the_directory_do_not_matter(directory: Path, whole: list[Path]) -> None:
    for name in ("notes.txt", "copy of 1.obj", "next.tmp"):
        (directory / name).write_text("hello")
    assert len(segment.segments(directory)) == len(whole)
