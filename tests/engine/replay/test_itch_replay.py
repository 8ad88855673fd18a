"""Whole days of ITCH into the engine: all is matched, every book is equal, the journal gives it all again."""

from __future__ import annotations

from pathlib import Path

import pytest
from openbell import wire

from engine.journal.reader import JournalReader
from engine.replay.errors import ReplayError
from engine.replay.itch.file import write_day
from engine.replay.itch.replay import survey, wanted_locates
from engine.replay.market import OwnMarket
from ext.core import Core
from ext.itch.messages import BY_TYPE
from tests.engine.replay.days import add, directory, replayed, written

HEAD = Path(__file__).resolve().parents[4] / "shared/data/nasdaq-itch50-head.bin"


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("day") / "day.itch.gz"
    write_day(file, 120_000, 12, 7)
    return file


def test_a_generated_day_is_matched_whole_and_its_journal_gives_the_same_state(day: Path, tmp_path: Path) -> None:
    report, market = replayed(day, data=tmp_path)
    assert report.messages == 120_000 and set(report.messages_by_type) == set(BY_TYPE)
    assert report.executions == report.executions_matched > 5000
    assert report.executed_shares == report.matched_shares
    assert report.rows == report.rows_equal > 5000 and report.checkpoints > 10
    assert set(report.reasons) <= {"executed_at_another_price"} and report.rejects == 0
    assert report.live_orders == len(market.core.orders()) // wire.ORDER_ROW.itemsize
    core = Core()
    with JournalReader(tmp_path / "journal") as reader:
        while commands := reader.read():
            core.apply(commands)
        assert reader.torn is None
    assert core.seq == market.core.seq > report.commands
    assert core.state_hash() == report.state_hash == market.state_hash()


def test_the_same_day_gives_the_same_state(day: Path, tmp_path: Path) -> None:
    hashes = {replayed(day, data=tmp_path / name)[0].state_hash for name in ("one", "two")}
    assert len(hashes) == 1
    some, _ = replayed(day, data=tmp_path / "some", symbols=("SYM00003", "SYM00001"))
    assert some.instruments == 2 and some.executions == some.executions_matched > 100
    assert some.state_hash not in hashes


@pytest.mark.skipif(not HEAD.exists(), reason="no ../shared/data with the head of a real day")
def test_the_head_of_a_real_day(tmp_path: Path) -> None:
    report, _ = replayed(HEAD, data=tmp_path)
    assert report.messages_by_type == {"H": 3, "R": 993, "S": 1, "Y": 3}
    assert (report.messages, report.commands, report.unknown_messages, report.reasons) == (1000, 0, 0, {})
    named, _ = replayed(HEAD, data=tmp_path / "named", symbols=("A",))
    assert named.instruments == 1


def test_unknown_types_are_counted_and_passed_over(tmp_path: Path) -> None:
    report, _ = replayed(written(tmp_path / "day", directory(), b"z" + bytes(9), add(1, "B", 5, 100), b"!"))
    assert (report.messages, report.unknown_messages, report.live_orders) == (4, 2, 1)
    assert report.messages_by_type == {"!": 1, "A": 1, "R": 1, "z": 1}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"no messages. Is it an ITCH 5.0 file"),
        (b"34200.1,1,5,1,1,1\n" * 800, r"offset 13110: the stream ends inside a message: .* Is it an ITCH 5.0 file"),
        (b"\0\3xyz", r"only messages of unknown types \('x'\). Is it"),
        (
            b"\0\x13" + b"D" + bytes(18) + b"\0\x13D",
            r"offset 21: the stream ends inside a message: its length is 19, 1 ",
        ),
        (b"\x1f\x8bnothing that is packed", "Unknown compression method"),
    ],
)
def test_files_that_are_no_itch_are_told_with_the_offset(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ReplayError, match=f"{path}: .*{text}"):
        survey(path)


def test_a_wrong_symbol_gets_the_nearest_names(day: Path) -> None:
    found = survey(day)
    with pytest.raises(ReplayError, match=r"symbol 'SYM0012' is not in .* of 12; near it: SYM00012"):
        wanted_locates(found, ["SYM00001", "sym0012"])
    with pytest.raises(
        ReplayError, match=r"symbol 'QQQ' is not in .* of 12; there are: SYM00001, SYM00002, .*, SYM00008, \.\.\.$"
    ):
        wanted_locates(found, ["QQQ"])
    assert list(wanted_locates(found, ["sym00002"]).values()) == ["SYM00002"]


def test_a_directory_that_has_a_journal_is_left_alone(day: Path, tmp_path: Path) -> None:
    OwnMarket(tmp_path, 1).close()
    before = sorted((path, path.stat().st_size) for path in (tmp_path / "journal").iterdir())
    with pytest.raises(ReplayError, match=r"has the journal of a market already"):
        OwnMarket(tmp_path, 1)
    assert sorted((path, path.stat().st_size) for path in (tmp_path / "journal").iterdir()) == before


def test_capacities_grow_with_what_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.replay.market.FIRST_ORDERS", 64)
    monkeypatch.setattr("engine.replay.market.FIRST_PAGES", 4)
    messages = [add(n, "BS"[n % 2], 1, 3_000_000 + (1 if n % 2 else -1) * 100 * n) for n in range(1, 20_000)]
    report, market = replayed(written(tmp_path / "day", directory(), *messages))
    assert report.live_orders == 19_999 and report.rejects == 0 and report.rows_equal == report.rows > 0
    assert market.core.stats()["orders"]["capacity"] > 19_999
