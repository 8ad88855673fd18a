"""The audit chain: whatever is changed in a journal is found, by a link or by a head that was published."""

from __future__ import annotations

import re
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from engine.journal import chain, doubtful, segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.published import Published
from engine.journal.reader import JournalReader, cut_off
from engine.journal.sealer import hash_of
from engine.journal.segment import NO_LINK, Head
from engine.journal.writer import JournalWriter
from ext.record import crc32c
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, ORDER_RECORD, Journal, contents
from tests.engine.journal.test_reader import overwrite

HEAD = segment.HEAD_BYTES
GOLDEN = Path(__file__).parent / "golden" / "version1" / "journal"


pytestmark = pytest.mark.usefixtures("lane")


def opened(directory: Path, next_seq: int, segment_bytes: int = 4096) -> Journal:
    writer = JournalWriter(
        directory, next_seq=next_seq, durability="fsync", market_id=MARKET, segment_bytes=segment_bytes
    )
    return Journal(writer, CommandBatch(next_seq))


@pytest.fixture
def whole(journal: Journal, directory: Path) -> list[Path]:
    """A journal of four segments, one command a commit."""
    while len(segment.segments(directory)) < 4:
        journal.write(1)
    journal.write(1)
    journal.writer.close()
    return [one.path for one in segment.segments(directory)]


def forge(path: Path, offset: int, **fields: int) -> None:
    """Change a record as who knows the format does it: its checksum is right again."""
    data = bytearray(path.read_bytes())
    record = bytearray(data[offset : offset + ORDER_RECORD])
    for at, value in ((8 + 24, fields.get("qty")), (8 + 8, fields.get("ts_ns"))):
        if value is not None:
            record[at : at + 8] = struct.pack("<q", value)
    record[4:8] = struct.pack("<I", crc32c(bytes(record[:4]) + bytes(record[8:])))
    overwrite(path, offset, bytes(record))


def relink(directory: Path, first: int) -> None:
    """Make the heads after segment number `first` fit, one after the other."""
    found = segment.segments(directory)
    for before, one in zip(found[first:], found[first + 1 :], strict=False):
        head = segment.read_head(one)
        digest = hash_of(before.path, head.link.size)
        overwrite(one.path, 0, replace(head, link=replace(head.link, digest=digest)).pack())


def test_each_head_has_the_hash_of_the_segment_before(directory: Path, whole: list[Path]) -> None:
    found = chain.check(directory)
    assert (found.from_seq, found.links, found.why) == (1, len(whole) - 1, None)
    assert found.head == chain.head(directory)
    for before, one in zip(segment.segments(directory), segment.segments(directory)[1:], strict=False):
        link = segment.read_head(one).link
        written = before.path.read_bytes()
        assert (link.first_seq, link.digest) == (before.first_seq, hash_of(before.path, link.size))
        assert written[link.size - 1 :].strip(b"\0") == written[link.size - 1 : link.size].strip(b"\0")
    assert segment.read_head(segment.segments(directory)[0]).link == NO_LINK


def test_a_restart_goes_on_with_the_chain(directory: Path) -> None:
    next_seq = 1
    for _ in range(12):
        journal = opened(directory, next_seq)
        for _ in range(3):
            journal.write(7)
        next_seq = journal.batch.next_seq
        journal.writer.close()
        assert chain.check(directory).from_seq == 1
    found = chain.check(directory)
    assert (found.links, found.why) == (len(segment.segments(directory)) - 1, None)
    assert found.links > 3


def test_segments_larger_than_a_step_and_many_batches_at_once(directory: Path) -> None:
    journal = opened(directory, 1, 1 << 21)
    for _ in range(40):
        for _ in range(5):
            journal.fill(500)
        journal.writer.wait(journal.batches[-1])
    journal.writer.close()
    assert len(segment.segments(directory)) >= 3
    assert chain.check(directory).links == len(segment.segments(directory)) - 1
    assert contents(directory) == journal.commands


@pytest.mark.parametrize("fields", [{"qty": 6}, {"ts_ns": 5}])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_a_forged_record_of_a_sealed_segment(
    directory: Path, whole: list[Path], fields: dict[str, int], where: str
) -> None:
    head = chain.head(directory)
    records = (segment.read_head(segment.segments(directory)[2]).link.size - HEAD) // ORDER_RECORD
    place = {"first": 0, "middle": records // 2, "last": records - 1}[where]
    forge(whole[1], HEAD + place * ORDER_RECORD, **fields)
    with JournalReader(directory) as reader:  # no checksum tells it
        reader.end()
    with pytest.raises(JournalDamaged, match="audit chain is broken") as caught:
        chain.check(directory)
    assert (caught.value.path, caught.value.offset) == (whole[2], 72)
    assert whole[1].name in str(caught.value)
    relink(directory, 1)  # the forger knows the chain, too
    assert chain.check(directory).from_seq == 1
    with pytest.raises(JournalDamaged, match="not what the head was made of"):
        chain.prove(directory, head)


def test_a_forged_record_of_the_newest_segment_is_told_by_a_head(directory: Path, whole: list[Path]) -> None:
    head = chain.head(directory)
    forge(whole[-1], HEAD, qty=6)
    assert chain.check(directory).links == 3
    with pytest.raises(JournalDamaged, match="not what the head was made of"):
        chain.prove(directory, head)


def renumbered(data: bytes, by: int) -> bytes:
    """Records with other numbers, and checksums that are right."""
    out = b""
    for at in range(0, len(data), ORDER_RECORD):
        record = bytearray(data[at : at + ORDER_RECORD])
        record[8:16] = struct.pack("<Q", int.from_bytes(record[8:16], "little") + by)
        record[4:8] = struct.pack("<I", crc32c(bytes(record[:4]) + bytes(record[8:])))
        out += bytes(record)
    return out


@pytest.mark.parametrize("act", ["remove", "insert"])
def test_records_taken_out_or_put_in(directory: Path, whole: list[Path], act: str) -> None:
    """All later numbers, names and heads made to fit: only the hashes tell."""
    head = chain.head(directory)
    found = segment.segments(directory)
    by = -1 if act == "remove" else 1
    ends = [segment.read_head(one).link.size for one in found[1:]] + [len(whole[-1].read_bytes().rstrip(b"\0"))]
    records = [path.read_bytes()[HEAD:end] for path, end in zip(whole, ends, strict=True)]
    records[-1] += bytes(-len(records[-1]) % ORDER_RECORD)
    cut = records[1]
    changed = cut[: 4 * ORDER_RECORD] + (
        renumbered(cut[5 * ORDER_RECORD :], by)
        if act == "remove"
        else renumbered(cut[3 * ORDER_RECORD : 4 * ORDER_RECORD], 1) + renumbered(cut[4 * ORDER_RECORD :], by)
    )
    for path in whole[1:]:
        path.unlink()
    contents_of = [records[0], changed, *(renumbered(one, by) for one in records[2:])]
    for place in range(1, len(found)):
        first = found[place].first_seq + (by if place > 1 else 0)
        before = segment.segments(directory)[-1]
        size = HEAD + len(contents_of[place - 1])
        digest = hash_of(before.path, size) if place == 1 else bytes(32)
        made = Head(first, 1, MARKET, segment.Link(before.first_seq, size, digest))
        (directory / segment.name_of(first)).write_bytes(made.pack() + contents_of[place] + bytes(100))
    with JournalReader(directory) as reader:
        reader.end()
    with pytest.raises(JournalDamaged, match="audit chain is broken"):
        chain.check(directory)
    relink(directory, 1)
    chain.check(directory)
    with pytest.raises(JournalError):
        chain.prove(directory, head)


def test_links_that_were_taken_out(directory: Path, whole: list[Path]) -> None:
    found = segment.segments(directory)
    head = segment.read_head(found[2])
    overwrite(whole[2], 0, replace(head, link=NO_LINK).pack())
    with pytest.raises(JournalDamaged, match="names segment 0 before it"):
        chain.check(directory)
    data = whole[2].read_bytes()
    whole[2].write_bytes(replace(head, version=1).pack() + data[HEAD:])
    with JournalReader(directory) as reader:
        reader.end()
    with pytest.raises(JournalDamaged, match=f"it has version 1, and {whole[1].name} before it version 2"):
        chain.check(directory)


def test_a_link_to_more_than_there_is(directory: Path, whole: list[Path]) -> None:
    head = segment.read_head(segment.segments(directory)[1])
    overwrite(whole[1], 0, replace(head, link=replace(head.link, size=1 << 40)).pack())
    with pytest.raises(JournalDamaged, match="has records up to byte 1099511627776, it has 4096"):
        chain.check(directory)


def test_a_valid_record_of_another_market_with_the_right_number(
    directory: Path, whole: list[Path], tmp_path: Path
) -> None:
    """A misdirected write that no checksum and no number tells."""
    other = opened(tmp_path / "other", 1)
    while len(segment.segments(tmp_path / "other")) < 2:
        other.write(1)
    other.writer.close()
    forge(segment.segments(tmp_path / "other")[0].path, HEAD, qty=99)
    record = segment.segments(tmp_path / "other")[0].path.read_bytes()[HEAD : HEAD + ORDER_RECORD]
    overwrite(whole[0], HEAD, record)
    with JournalReader(directory) as reader:
        reader.end()
    with pytest.raises(JournalDamaged, match=f"{whole[0].name} was changed after it was sealed"):
        chain.check(directory)


def test_heads_of_earlier_moments_stay_true(directory: Path) -> None:
    journal, heads = opened(directory, 1), []
    while len(segment.segments(directory)) < 4:
        journal.write(1)
        heads.append(chain.head(directory, journal.writer.durable_seq))
    journal.writer.close()
    assert [head.sequence for head in heads] == list(range(1, len(heads) + 1))
    assert len({head.digest for head in heads}) == len(heads)
    for head in heads:
        chain.prove(directory, head)
    later = replace(heads[3], sequence=heads[4].sequence)
    with pytest.raises(JournalDamaged):
        chain.prove(directory, later)


def test_a_head_that_is_not_of_this_journal(directory: Path, whole: list[Path]) -> None:
    head = chain.head(directory)
    with pytest.raises(JournalError, match="the head is of market 0000"):
        chain.prove(directory, replace(head, market_id=bytes(16)))
    with pytest.raises(JournalError, match="this journal has no such segment"):
        chain.prove(directory, replace(head, segment=head.segment + 1))
    with pytest.raises(JournalError, match="ends before seq"):
        chain.prove(directory, replace(head, sequence=head.sequence + 1))
    whole[0].unlink()
    found = chain.check(directory)
    assert (found.from_seq, found.links) == (segment.segments(directory)[0].first_seq, 2)
    assert found.why == "segment 1 and those before it are not here"
    with pytest.raises(JournalError, match="check it where the earlier segments are kept"):
        chain.prove(directory, replace(head, segment=1, sequence=3))


def test_an_empty_journal_has_no_head(directory: Path) -> None:
    opened(directory, 1).writer.close()
    assert chain.check(directory).head is None
    with pytest.raises(JournalError, match="there is no command in the journal yet"):
        chain.head(directory)
    with pytest.raises(JournalError, match="there is no journal"):
        chain.check(directory / "nothing")


def test_a_segment_that_has_no_record_yet_has_a_head(directory: Path) -> None:
    journal = opened(directory, 1)
    journal.write(55)  # fills one segment but for a few bytes
    journal.writer.close()
    (one,) = segment.segments(directory)
    end = HEAD + 55 * ORDER_RECORD
    link = segment.Link(1, end, hash_of(one.path, end))
    (directory / segment.name_of(56)).write_bytes(Head(56, 1, MARKET, link).pack() + bytes(4096))
    head = chain.head(directory)
    assert (head.segment, head.sequence, head.ts_ns, head.end) == (56, 55, 0, HEAD)
    chain.prove(directory, head)


def test_a_torn_end_that_was_cut_off_leaves_the_chain_whole(directory: Path) -> None:
    journal = opened(directory, 1)
    journal.write(5)
    journal.writer.close()
    (one,) = segment.segments(directory)
    overwrite(one.path, HEAD + 5 * ORDER_RECORD, b"torn" * 20)
    with JournalReader(directory) as reader:
        reader.end()
        assert reader.torn is not None
        cut_off(reader.torn)
    again = opened(directory, 6)
    while len(segment.segments(directory)) < 3:
        again.write(1)
    again.writer.close()
    assert chain.check(directory).links == 2


def test_a_journal_of_the_release_before_goes_on_with_a_chain(directory: Path) -> None:
    shutil.copytree(GOLDEN, directory)
    with JournalReader(directory) as reader:
        old_end = reader.end()
    before = chain.check(directory)
    last_old = segment.segments(directory)[-1].first_seq
    assert (before.from_seq, before.links) == (last_old, 0)
    assert before.why == "the segments before have version 1, which has no links"
    head = chain.head(directory)
    journal = opened(directory, old_end)
    while len(segment.segments(directory)) < 6:
        journal.write(1)
    journal.writer.close()
    versions = [segment.read_head(one).version for one in segment.segments(directory)]
    assert versions == [1, 1, 1, 2, 2, 2]
    found = chain.check(directory)
    assert (found.from_seq, found.links) == (last_old, 3)
    chain.prove(directory, head)
    old = segment.segments(directory)[2].path
    forge(old, 64 + ORDER_RECORD, qty=3)
    with pytest.raises(JournalDamaged, match="was changed after it was sealed"):
        chain.check(directory)


def bytes_written() -> int:
    """By this thread so far, by the kernel's account."""
    return int(re.findall(r"wchar: (\d+)", Path("/proc/thread-self/io").read_text("ascii"))[0])


def test_what_a_failed_sync_left_is_written_again(directory: Path) -> None:
    journal = opened(directory, 1)
    journal.write(5)
    journal.write(2)
    journal.writer.close()
    (one,) = segment.segments(directory)
    doubtful.mark(directory, 1, HEAD + 5 * ORDER_RECORD)
    assert doubtful.is_marked(directory)
    content = one.path.read_bytes()
    before = bytes_written()
    journal = opened(directory, 8)
    assert bytes_written() - before == 2 * ORDER_RECORD
    journal.writer.close()
    assert not doubtful.is_marked(directory)
    assert one.path.read_bytes() == content
    before = bytes_written()
    journal = opened(directory, 8)
    assert bytes_written() == before
    journal.writer.close()
    (directory / doubtful.MARK).write_text("77 4", "ascii")  # of another segment: all of it
    before = bytes_written()
    journal = opened(directory, 8)
    assert bytes_written() - before == HEAD + 7 * ORDER_RECORD
    journal.writer.close()
    assert one.path.read_bytes() == content


def test_a_head_is_what_it_says(directory: Path, whole: list[Path]) -> None:
    head = chain.head(directory)
    assert isinstance(head, Published)
    assert (head.market_id, head.from_seq, head.segment) == (MARKET, 1, segment.segments(directory)[-1].first_seq)
    assert head.sequence == len(contents(directory)) // 64
    assert head.digest == hash_of(whole[-1], head.end)
    assert head.ts_ns == 1_000_000 + head.sequence
