"""Journals: records, segment files, published heads."""

from __future__ import annotations

import tempfile
from pathlib import Path

from engine.journal import chain, published, segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from engine.journal.segment import Head, Link
from engine.journal.signing import SigningError
from ext import record
from ext.record import crc32c
from ext.sequence import CommandBatch
from tests.engine.markets import ALLOWED, MARKET, opening
from tests.fuzz.targets import One
from tests.fuzz.targets.parts import joined, parted

GOLDEN = Path(__file__).parents[2] / "engine" / "journal" / "golden"
FIRST = segment.name_of(1)


def some_records(count: int = 3, first_seq: int = 1) -> bytes:
    """Records of a group commit, as the sequencer makes them."""
    batch = CommandBatch(first_seq)
    for command in opening()[:count]:
        batch.add_admin(command)
    order = bytearray(64)
    order[16], order[24:28], order[32], order[56] = 1, (1).to_bytes(4, "little"), 1, 5
    assert batch.add_orders(bytes(order), 0, 7, ALLOWED) == 1
    batch.seal(1_700_000_000_000_000_000)
    first = record.commit_start(batch.records)
    return first + batch.records[len(first) :]


# ---------------------------------------------------------------- records


def start_records() -> One:
    def one(data: bytes) -> None:
        commands, end, next_seq, _ = record.scan(data, 0, 1)
        if end:
            again = record.scan(data, 0, 1, next_seq - 1)
            assert again[:3] == (commands, end, next_seq), "read to its last number it is another journal"
        found = record.find_commit(data, 0, 1)
        if found is not None:
            record.commit_start(data[found:])

    return one


def seeds_records() -> list[bytes]:
    whole = some_records()
    return [whole, whole[:-1], whole + bytes(300), whole[:264] + bytes(8) + some_records(2, 2), b"", bytes(64)]


# ---------------------------------------------------------------- segment


def start_segment() -> One:
    """One part a segment; its first byte is the number in its name, and whether checksums are put right."""
    folder = Path(tempfile.mkdtemp(prefix="openbell-fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))

    def one(data: bytes) -> None:
        paths = []
        for choice, content in parted(data):
            path = folder / segment.name_of(choice & 0x3F)
            path.write_bytes(_put_right(content) if choice & 0x40 else content)
            paths.append(path)
        try:
            read(folder)
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    return one


def read(folder: Path) -> None:
    """All that is done with a journal that is only looked at."""
    for work in (_read_through, chain.check, chain.head, segment.market_id_of):
        try:
            work(folder)
        except JournalError:
            pass


def _read_through(folder: Path) -> None:
    found = segment.segments(folder)
    with JournalReader(folder, found[0].first_seq if found else 1) as reader:
        before = reader.next_seq
        reader.end()
        assert reader.next_seq >= before


def _put_right(content: bytes) -> bytes:
    """The checksums of a head."""
    made = bytearray(content)
    for at in (48, 104):
        if len(made) >= at + 4:
            made[at : at + 4] = crc32c(bytes(made[:at])).to_bytes(4, "little")
    return bytes(made)


def seeds_segment() -> list[bytes]:
    records = some_records()
    first = Head(1, 5, MARKET).pack() + records + bytes(100)
    old = Head(1, 5, MARKET, version=1).pack() + records
    link = Link(1, 128 + len(records), bytes(32))
    second = Head(5, 6, MARKET, link).pack() + some_records(2, 5)
    made = [joined([(0x41, first)]), joined([(0x41, first), (0x45, second)]), joined([(1, old)]), joined([])]
    made += [joined([(1, path.read_bytes()[:1024])]) for path in sorted(GOLDEN.rglob("*.obj"))[:2]]
    return made


# ---------------------------------------------------------------- head


def start_head() -> One:
    def one(data: bytes) -> None:
        try:
            head = published.parsed(data.decode("utf-8", "replace"))
        except JournalError:
            return
        assert published.parsed(head.line()) == head
        try:
            head.check_signature(None)
        except (JournalError, SigningError):
            pass

    return one


def seeds_head() -> list[bytes]:
    line = f"openbell-head/1 market={'ab' * 16} from=1 segment=1 sequence=7 ts_ns=5 bytes=900 sha256={'cd' * 32}"
    signed = f"{line} ed25519={'11' * 32}:{'22' * 64}"
    words = line.split()[1:]
    body = ", ".join(f'"{name}": "{value}"' for name, value in (word.split("=") for word in words))
    return [line.encode(), signed.encode(), f'{{"head": "openbell-head/1", {body}}}'.encode(), b"{}", b"{[[", b""]
