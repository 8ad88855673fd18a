"""Every way in which a journal's middle can be wrong is told, with the place; nothing of it is ever passed over.

Each test changes one thing in a whole journal of four segments, one command a commit, and says what must be found: by
the reader alone, which a start uses, or else by the audit chain.
"""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from engine.journal import chain, segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.reader import JournalReader
from engine.recovery import recover
from tests.engine.journal.batches import ORDER_RECORD, Journal, contents
from tests.engine.journal.test_reader import overwrite
from tests.engine.markets import Trading

HEAD = segment.HEAD_BYTES
# Where the fields of a record are, from its begin: the header, then an OrderCommand (docs/wire.md).
FIELDS = {
    "length": 0, "commit mark": 3, "checksum": 4, "seq": 8, "ts_ns": 16, "kind": 24, "order_type": 25, "account": 28,
    "client_order_id": 40, "price": 48, "qty": 56, "last byte": ORDER_RECORD - 1,
}  # fmt: skip


@pytest.fixture
def whole(journal: Journal, directory: Path) -> list[Path]:
    while len(segment.segments(directory)) < 4:
        journal.write(1)
    for _ in range(20):
        journal.write(1)
    journal.writer.close()
    return [one.path for one in segment.segments(directory)]


def told(directory: Path) -> JournalDamaged:
    """What a reader says who reads all."""
    with pytest.raises(JournalDamaged) as caught, JournalReader(directory) as reader:
        while reader.read():
            assert reader.torn is None
        assert reader.torn is None  # never taken for a crash
    return caught.value


def record_at(path: Path, place: int) -> tuple[int, bytes]:
    offset = HEAD + place * ORDER_RECORD
    return offset, path.read_bytes()[offset : offset + ORDER_RECORD]


@pytest.mark.parametrize("bit", [0, 7])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_bit_of_any_field_of_a_record(directory: Path, whole: list[Path], field: str, bit: int, which: int) -> None:
    offset, record = record_at(whole[which], 3)
    at = offset + FIELDS[field]
    overwrite(whole[which], at, bytes([record[FIELDS[field]] ^ 1 << bit]))
    error = told(directory)
    assert (error.path, error.offset) == (whole[which], offset)


def test_any_bit_of_a_record(directory: Path, whole: list[Path]) -> None:
    offset, record = record_at(whole[1], 3)
    for bit in range(0, 8 * ORDER_RECORD, 5):
        changed = bytearray(record)
        changed[bit // 8] ^= 1 << bit % 8
        overwrite(whole[1], offset, bytes(changed))
        error = told(directory)
        assert (error.path, error.offset) == (whole[1], offset)
    overwrite(whole[1], offset, record)
    contents(directory)


@pytest.mark.parametrize("length", [0, 1, 8, 63, 65, 72, 128, 256, 264, 1 << 20, (1 << 31) - 1])
def test_lengths_that_a_record_does_not_have(directory: Path, whole: list[Path], length: int) -> None:
    for mark in (0, 1 << 31):
        offset, _ = record_at(whole[1], 3)
        overwrite(whole[1], offset, struct.pack("<I", length | mark))
        error = told(directory)
        assert (error.path, error.offset) == (whole[1], offset)


@pytest.mark.parametrize("size", [8, ORDER_RECORD, 3 * ORDER_RECORD, 512, 1024])
@pytest.mark.parametrize("which", [0, 1, -1])
def test_zeros_in_the_middle(directory: Path, whole: list[Path], size: int, which: int) -> None:
    offset, _ = record_at(whole[which], 3)
    overwrite(whole[which], offset, bytes(size))
    error = told(directory)
    assert (error.path, error.offset) == (whole[which], offset)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_zeros_up_to_the_end_of_a_segment(directory: Path, whole: list[Path], which: int) -> None:
    """As if it had ended there: the next segment tells."""
    offset, _ = record_at(whole[which], 3)
    overwrite(whole[which], offset, bytes(whole[which].stat().st_size - offset))
    error = told(directory)
    assert (error.path, error.offset) == (whole[which], offset)
    assert "the journal goes on with seq" in str(error)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_segment_that_was_cut_short(directory: Path, whole: list[Path], which: int) -> None:
    for size in (HEAD, HEAD + 3 * ORDER_RECORD, HEAD + 3 * ORDER_RECORD + 20):
        with whole[which].open("r+b") as file:
            file.truncate(size)
        assert told(directory).path == whole[which]


@pytest.mark.parametrize("which", [0, 1, -1])
@pytest.mark.parametrize("source", [(0, 1), (0, 5), (2, 3), (1, 4), (-1, 3)])
def test_a_misdirected_write(directory: Path, whole: list[Path], which: int, source: tuple[int, int]) -> None:
    """A record that is whole, of another place."""
    _, other = record_at(whole[source[0]], source[1])
    offset, own = record_at(whole[which], 3)
    if other == own:
        return
    overwrite(whole[which], offset, other)
    error = told(directory)
    assert (error.path, error.offset) == (whole[which], offset)
    assert "is not seq" in str(error)


def test_sectors_of_another_place(directory: Path, whole: list[Path], seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        source, target = rng.choice(whole[:-1]), rng.choice(whole[:-1])
        kept = target.read_bytes()
        at, to = 512 * rng.randrange(1, 7), 512 * rng.randrange(1, 7)
        sector = source.read_bytes()[at : at + 512]
        if kept[to : to + 512] == sector:
            continue
        overwrite(target, to, sector)
        error = told(directory)
        assert error.path == target
        target.write_bytes(kept)
    contents(directory)


def test_records_that_changed_places(directory: Path, whole: list[Path]) -> None:
    first, one = record_at(whole[1], 3)
    second, two = record_at(whole[1], 4)
    overwrite(whole[1], first, two)
    overwrite(whole[1], second, one)
    assert told(directory).offset == first


def test_a_record_twice(directory: Path, whole: list[Path]) -> None:
    offset, record = record_at(whole[1], 3)
    data = whole[1].read_bytes()
    whole[1].write_bytes(data[:offset] + record + data[offset:-ORDER_RECORD])
    assert told(directory).offset == offset + ORDER_RECORD


def test_a_record_that_is_gone(directory: Path, whole: list[Path]) -> None:
    offset, _ = record_at(whole[1], 3)
    data = whole[1].read_bytes()
    whole[1].write_bytes(data[:offset] + data[offset + ORDER_RECORD :] + bytes(ORDER_RECORD))
    assert told(directory).offset == offset


@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (2, 3), (0, 3)])
def test_segments_that_changed_names(directory: Path, whole: list[Path], pair: tuple[int, int]) -> None:
    one, two = (whole[place] for place in pair)
    one.rename(directory / "aside")
    two.rename(one)
    (directory / "aside").rename(two)
    error = told(directory)
    assert error.path in (one, two)
    assert "the head says that it begins at seq" in str(error)


def test_segments_whose_contents_changed_places(directory: Path, whole: list[Path]) -> None:
    """The heads stay."""
    one, two = whole[1].read_bytes(), whole[2].read_bytes()
    whole[1].write_bytes(one[:HEAD] + two[HEAD:])
    whole[2].write_bytes(two[:HEAD] + one[HEAD:])
    error = told(directory)
    assert (error.path, error.offset) == (whole[1], HEAD)
    assert "is not seq" in str(error)


@pytest.mark.parametrize("which", [1, 2])
def test_a_segment_that_is_gone(directory: Path, whole: list[Path], which: int) -> None:
    whole[which].unlink()
    error = told(directory)
    assert error.path == whole[which - 1]
    assert whole[which].name in str(error)


def test_a_segment_under_a_second_name(directory: Path, whole: list[Path]) -> None:
    first = segment.segments(directory)[1].first_seq
    for second in (first + 1, first - 1):
        copy = directory / segment.name_of(second)
        copy.write_bytes(whole[1].read_bytes())
        assert "begins at seq" in str(told(directory)) or "goes on with seq" in str(told(directory))
        copy.unlink()
    contents(directory)


def test_two_names_of_one_number(directory: Path, whole: list[Path]) -> None:
    """Numbers are read without their zeros: a second file of one number is told, whatever is in it."""
    copy = directory / whole[1].name.removeprefix("0")
    copy.write_bytes(whole[1].read_bytes())
    assert "there are two segments of seq" in str(told(directory))


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_comes_after_the_records_of_a_full_segment(directory: Path, whole: list[Path], which: int) -> None:
    size = whole[which].stat().st_size
    overwrite(whole[which], size - 8, b"leftover")
    assert told(directory).path == whole[which]


def test_the_end_of_the_newest_segment_is_told_by_a_head_alone(directory: Path, whole: list[Path]) -> None:
    """Without its last commits a journal looks like one from before them; a published head of later tells."""
    head = chain.head(directory)
    offset, _ = record_at(whole[-1], 3)
    overwrite(whole[-1], offset, bytes(whole[-1].stat().st_size - offset))
    contents(directory)
    assert chain.check(directory).from_seq == 1
    with pytest.raises(JournalError, match="ends before seq"):
        chain.prove(directory, head)


def test_a_start_refuses_what_a_reader_refuses(tmp_path: Path, seed: int) -> None:
    """The market itself, snapshots before and after: damage in what it needs ends the start, with the place."""
    market = Trading(tmp_path, seed, segment_bytes=1 << 13)
    market.trade(200)
    market.snapshot()
    market.trade(300)
    market.stop()
    found = segment.segments(tmp_path / "journal")
    needed = [one for one in found if one.first_seq > 260]
    rng = random.Random(seed)
    assert len(needed) >= 2
    for _ in range(10):
        one = rng.choice(needed[:-1])
        kept = one.path.read_bytes()
        end = len(kept.rstrip(b"\0"))
        at = rng.randrange(HEAD, end)
        overwrite(one.path, at, bytes([kept[at] ^ 1 << rng.randrange(8)]))
        with pytest.raises(JournalDamaged) as caught:
            recover(tmp_path, history_commands=0)
        assert caught.value.path == one.path
        assert caught.value.offset <= at < caught.value.offset + 264
        one.path.write_bytes(kept)
    assert recover(tmp_path, history_commands=0).core.state_hash() == market.core.state_hash()
