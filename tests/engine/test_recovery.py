"""From files back to the state: snapshots, the tail, torn ends, damage."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine import snapshots
from engine.journal import segment
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.relaxed import RelaxedJournal
from engine.journal.verify import verify
from engine.journal.writer import JournalWriter
from engine.recovery import Recovered, recover
from ext.sequence import CommandBatch
from tests.engine.journal.batches import Journal
from tests.engine.journal.test_reader import flip, overwrite
from tests.engine.markets import MARKET, Trading


def recovered(data: Path, history: int = 0) -> tuple[Recovered, bytes, bytes]:
    events: list[bytes] = []
    market_data: list[bytes] = []

    def on_events(more: bytes, data: bytes) -> None:
        events.append(more)
        market_data.append(data)

    result = recover(data, history_commands=history, on_events=on_events)
    return result, b"".join(events), b"".join(market_data)


@pytest.fixture
def market(tmp_path: Path, seed: int) -> Trading:
    market = Trading(tmp_path, seed)
    market.trade(600)
    return market


def test_a_new_market(tmp_path: Path) -> None:
    first, second = recover(tmp_path / "a"), recover(tmp_path / "b")
    assert (first.next_seq, first.core.seq, first.extra, first.torn) == (1, 0, {}, None)
    assert len(first.market_id) == 16 != second.market_id
    assert first.market_id != second.market_id


def test_the_whole_journal_gives_the_same_state_and_the_same_events(market: Trading) -> None:
    state = market.stop()
    result, events, market_data = recovered(market.data)
    assert result.core.state_hash() == state
    assert (result.next_seq, result.market_id, result.replayed) == (market.seq + 1, MARKET, market.seq)
    assert events == b"".join(market.events)
    assert market_data == b"".join(market.market_data)
    assert (result.snapshot_seq, result.torn, result.ignored) == (0, None, [])


async def test_damage_of_a_market_with_durability_memory_is_explained(tmp_path: Path, seed: int) -> None:
    """As a crash of the machine leaves it: a page that was never written back before one that was."""
    market = Trading(tmp_path, seed, segment_bytes=1 << 20, durability="memory")
    relaxed = RelaxedJournal(asyncio.get_running_loop(), market.writer)
    market.trade(600)
    saved = market.snapshot()
    copy = shutil.copytree(tmp_path, tmp_path / "copy")
    (path,) = (one.path for one in segment.segments(copy / "journal"))
    overwrite(path, 4096, bytes(4096))
    with pytest.raises(JournalDamaged, match=r"ran with durability memory .* `openbell journal cut`"):
        recover(copy)
    assert "ran with durability memory" in (verify(copy).error or "")
    # Nothing at all was written back, but for the snapshot.
    overwrite(path, segment.HEAD_BYTES, bytes(path.stat().st_size - segment.HEAD_BYTES))
    with pytest.raises(
        JournalDamaged, match=rf"{saved.name}.* its end is missing. The market ran with durability memory"
    ):
        recover(copy)
    relaxed.close()  # in order: what is wrong from now on is damage
    overwrite(segment.segments(tmp_path / "journal")[0].path, 4096, bytes(4096))
    with pytest.raises(JournalDamaged) as found:
        recover(tmp_path)
    assert "memory" not in str(found.value)


def test_a_snapshot_and_the_tail_give_the_same(market: Trading) -> None:
    market.snapshot(channels={"B": 17}, name="é")
    seq = market.seq
    seen = len(market.events)
    market.trade(300)
    state = market.stop()
    result, events, market_data = recovered(market.data)
    assert result.core.state_hash() == state
    assert (result.snapshot_seq, result.replayed, result.next_seq) == (seq, market.seq - seq, market.seq + 1)
    assert result.extra == {"channels": {"B": 17}, "name": "é"}
    assert events == b"".join(market.events[seen:])
    assert market_data == b"".join(market.market_data[seen:])


def test_a_snapshot_at_the_end_needs_no_tail(market: Trading) -> None:
    market.snapshot()
    state = market.stop()
    result, events, _ = recovered(market.data)
    assert (result.core.state_hash(), result.replayed, events) == (state, 0, b"")
    assert result.next_seq == market.seq + 1


def test_a_history_is_replayed(market: Trading) -> None:
    market.snapshot(which=1)
    first = market.seq
    market.trade(400)
    market.snapshot(which=2)
    market.trade(100)
    state = market.stop()
    for history, used in ((0, 2), (100, 2), (101, 1), (500, 1)):
        result, *_ = recovered(market.data, history)
        assert result.core.state_hash() == state
        assert result.extra == {"which": used}
    # No snapshot is old enough, and the journal is short: all of it.
    result, *_ = recovered(market.data, 501)
    assert (result.snapshot_seq, result.replayed) == (0, market.seq)
    # Neither is there an old one, nor the whole journal: the oldest that there is.
    market.data.joinpath("journal", segment.name_of(1)).unlink()
    assert 1 < segment.segments(market.data / "journal")[0].first_seq <= first + 1
    result, *_ = recovered(market.data, 501)
    assert result.extra == {"which": 1}


def test_a_snapshot_that_the_ports_refuse_is_passed_over(market: Trading) -> None:
    market.snapshot(state=b"old")
    first = market.seq
    market.trade(50)
    market.snapshot(state=b"new" * 1000)
    market.stop()
    seen: list[bytes] = []

    def on_start(extra: dict[str, Any]) -> None:
        seen.append(snapshots.unpacked(extra["state"]))
        if seen[-1] != b"old":
            raise ValueError("of another version")

    result = recover(market.data, history_commands=0, on_start=on_start)
    assert seen == [b"new" * 1000, b"old"]
    assert result.snapshot_seq == first
    assert [text.rpartition(": ")[2] for text in result.ignored] == ["of another version"]


def test_what_was_packed_by_others_is_refused() -> None:
    for text in ("A", "AAAA", "eJwrAA=="):
        with pytest.raises(ValueError, match=r"base64|packed"):
            snapshots.unpacked(text)


def test_a_damaged_snapshot_is_passed_over(market: Trading) -> None:
    market.snapshot(which=1)
    market.trade(100)
    path = market.snapshot(which=2)
    state = market.stop()
    whole = path.read_bytes()
    for at in (0, 8, 30, 90, 100, len(whole) // 2, len(whole) - 1):
        flip(path, at)
        result, *_ = recovered(market.data)
        assert result.core.state_hash() == state
        assert result.extra == {"which": 1}
        assert str(path) in result.ignored[0]
        path.write_bytes(whole)
    for size in (0, 50, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert recovered(market.data)[0].extra == {"which": 1}
    path.write_bytes(whole + b"\0")
    assert recovered(market.data)[0].extra == {"which": 1}
    path.write_bytes(whole)
    assert recovered(market.data)[0].extra == {"which": 2}


def test_snapshots_of_another_market_are_passed_over(market: Trading, tmp_path: Path) -> None:
    other = Trading(tmp_path / "other", 1)
    other.writer.close()
    head = tmp_path / "other" / "journal" / segment.name_of(1)
    overwrite(head, 0, segment.Head(1, 0, bytes(15) + b"x").pack())
    path = snapshots.save(tmp_path / "other", other.core, {})
    snapshots.folder(market.data).mkdir()
    path.rename(snapshots.folder(market.data) / path.name)
    state = market.stop()
    result, *_ = recovered(market.data)
    assert result.core.state_hash() == state
    assert "it is of market" in result.ignored[0]


def test_a_torn_end_is_cut_off_and_told(market: Trading) -> None:
    market.stop()
    last = segment.segments(market.data / "journal")[-1]
    end = len(last.path.read_bytes().rstrip(b"\0"))
    overwrite(last.path, end + 8 - end % 8, b"half a record")
    result, *_ = recovered(market.data)
    assert result.torn is not None
    assert str(last.path) in result.torn
    assert result.next_seq == market.seq + 1
    assert recovered(market.data)[0].torn is None


def test_damage_stops_the_start(market: Trading) -> None:
    market.stop()
    path = segment.segments(market.data / "journal")[0].path
    flip(path, segment.HEAD_BYTES + 300)
    with pytest.raises(JournalDamaged) as caught:
        recover(market.data)
    assert caught.value.path == path
    assert "offset" in str(caught.value)


def test_commands_that_the_core_refuses_are_damage(tmp_path: Path) -> None:
    from ext.sequence import CommandBatch
    from tests.engine.journal.batches import JournalWriter

    writer = JournalWriter(tmp_path / "journal", next_seq=1, durability="fsync", market_id=MARKET)
    Journal(writer, CommandBatch(1)).write(3)  # does not begin with CONFIGURE
    writer.close()
    with pytest.raises(JournalDamaged, match=r"the core refuses a command before here: .*CONFIGURE"):
        recover(tmp_path)


def test_a_journal_that_ends_before_a_snapshot_stops_the_start(market: Trading) -> None:
    path = market.snapshot()
    market.stop()
    found = segment.segments(market.data / "journal")
    found[-1].path.unlink()
    with pytest.raises(JournalDamaged, match="its end is missing") as caught:
        recover(market.data)
    assert caught.value.path == path


def test_a_journal_that_is_gone_stops_the_start(market: Trading) -> None:
    market.snapshot()
    market.stop()
    for one in segment.segments(market.data / "journal"):
        one.path.unlink()
    with pytest.raises(JournalError, match=r"there is no journal, and .* shows that there was one"):
        recover(market.data)


def test_a_journal_without_its_beginning_needs_a_snapshot(market: Trading) -> None:
    market.snapshot()
    market.trade(2000)
    state = market.stop()
    found = segment.segments(market.data / "journal")
    snapshot = snapshots.listed(market.data)[0]
    gone = [one for one in found[1:] if one.first_seq <= snapshot.seq + 1]
    assert gone
    for one in found[: len(gone)]:
        one.path.unlink()
    assert recover(market.data).core.state_hash() == state
    snapshot.path.unlink()
    with pytest.raises(JournalError, match="there is no valid snapshot from there on"):
        recover(market.data)


def test_trading_goes_on_after_a_restart(market: Trading) -> None:
    for _ in range(4):
        market.stop()
        result = recover(market.data)
        market.core = result.core
        market.batch = CommandBatch(result.next_seq, result.core.ts_ns)
        market.writer = JournalWriter(
            market.data / "journal",
            next_seq=result.next_seq,
            durability="fsync",
            market_id=result.market_id,
            segment_bytes=1 << 16,
        )
        market.trade(300)
        market.snapshot()
    state = market.stop()
    for saved in snapshots.listed(market.data):
        saved.path.unlink()
    assert recover(market.data).core.state_hash() == state


def test_only_the_newest_snapshots_are_kept(market: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "HISTORY_COMMANDS", 250)
    seqs = []
    for _ in range(8):
        market.snapshot()
        seqs.append(market.seq)
        market.trade(100)
    market.stop()
    assert [saved.seq for saved in snapshots.listed(market.data)] == [seqs[4], *seqs[5:]]


def test_a_snapshot_that_cannot_be_written_leaves_nothing(market: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    path = market.snapshot()
    market.trade(20)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for function in ("posix_fallocate", "fsync", "write"):
        monkeypatch.setattr(os, function, full)
        with pytest.raises(snapshots.SnapshotError, match="no room on the disk"):
            snapshots.save(market.data, market.core, {})
        monkeypatch.undo()
        assert list(snapshots.folder(market.data).iterdir()) == [path]
    (snapshots.folder(market.data) / "5.tmp").write_bytes(b"of a crash")
    snapshots.save(market.data, market.core, {})
    assert len(list(snapshots.folder(market.data).iterdir())) == 2
    market.stop()


def test_the_hash_in_the_file_is_that_of_the_core(market: Trading) -> None:
    snapshot = snapshots.load(market.snapshot())
    assert snapshot.state_hash == market.core.state_hash()
    assert hashlib.blake2b(snapshot.state, digest_size=16).hexdigest() == snapshot.state_hash
    assert (snapshot.seq, snapshot.ts_ns, snapshot.market_id) == (market.seq, market.core.ts_ns, MARKET)
    market.stop()
