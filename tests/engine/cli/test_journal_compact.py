"""`openbell journal compact` and `export`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind

from engine.cli.__main__ import main
from engine.journal import notes, segment
from engine.journal.export import columns
from engine.journal.verify import verify
from engine.lock import MarketLock
from engine.recovery import recover
from engine.sequencer import admin_command
from engine.snapshots import listed, save
from tests.engine.cli.test_journal import said
from tests.engine.journal.test_reader import flip
from tests.engine.markets import Trading

WHY = ("--reason", "the disk is small", "--yes")


@pytest.fixture
def market(tmp_path: Path) -> Trading:
    """Snapshots after 200, 400 and 600 commands, and 100 more."""
    market = Trading(tmp_path, 8)
    for _ in range(3):
        market.trade(200)
        market.snapshot()
    market.trade(100)
    market.stop()
    return market


def files(data: Path) -> list[str]:
    return sorted(str(path.relative_to(data)) for path in data.rglob("*.ob[js]"))


def test_what_no_kept_snapshot_needs_goes(market: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    data, state = market.data, market.core.state_hash()
    before, saved = segment.segments(data / "journal"), listed(data)
    code, (done,) = said(capsys, "compact", "--data", data, "--no-postgres", *WHY)
    assert code == 0
    assert done["kept_snapshot"] == saved[1].seq
    assert done["snapshots"] == [saved[0].path.name]
    after = segment.segments(data / "journal")
    assert after[0].first_seq == done["first_seq"] <= saved[1].seq + 1 < after[1].first_seq
    assert [one.path.name for one in before[: -len(after)]] == done["segments"]
    assert len(done["segments"]) >= 2
    assert [one.seq for one in listed(data)] == [saved[1].seq, saved[2].seq]
    found = verify(data)
    assert (found.error, found.first_seq) == (None, after[0].first_seq)
    assert recover(data).core.state_hash() == state
    code, (checked,) = said(capsys, "verify", "--chain", "--data", data)
    assert (code, checked["chain"]["from"]) == (0, after[0].first_seq)
    assert "those before it are not here" in checked["chain"]["why"]
    (note,) = notes.left(data / "journal")
    assert note.startswith(f"removed before seq {done['first_seq']} by ")
    assert "the disk is small" in note
    code, (again,) = said(capsys, "compact", "--data", data, "--no-postgres", *WHY)
    assert (code, again["segments"], again["snapshots"]) == (0, [], [])


def test_what_the_journal_begins_with_stays_however_many_snapshots_come(
    market: Trading, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is behind, a database that was away, has no other way to what comes after it."""
    code, (done,) = said(capsys, "compact", "--data", market.data, "--no-postgres", *WHY)
    assert code == 0
    data, core = market.data, market.core
    for more in range(1, 6):
        command = admin_command(CommandKind.NOTE, operator="ann", reason="still here")
        head = np.frombuffer(bytearray(command), wire.ADMIN_COMMAND)
        head["seq"], head["ts_ns"] = core.seq + 1, core.ts_ns
        core.apply(head.tobytes())
        save(data, core, {})
        assert listed(data)[0].seq == done["kept_snapshot"], more
    assert len(listed(data)) == 4  # it, and the newest three


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_as_many_whole_snapshots_stay_as_are_asked_for(
    market: Trading, capsys: pytest.CaptureFixture[str], keep: int
) -> None:
    saved = listed(market.data)
    flip(saved[2].path, 1000)  # this one is none
    code, (done,) = said(capsys, "compact", "--data", market.data, "--no-postgres", "--keep", str(keep), *WHY)
    if keep == 3:
        assert code == 1
        assert "2 whole snapshots are there, 3 are to be kept" in done["error"]["text"]
        return
    assert done["kept_snapshot"] == saved[2 - keep].seq
    assert recover(market.data).core.state_hash() == market.core.state_hash()


def test_it_is_asked_for_and_may_be_refused(market: Trading, capsys: pytest.CaptureFixture[str]) -> None:
    data, before = market.data, files(market.data)
    assert main(["journal", "compact", "--data", str(data), "--no-postgres", "--yes"]) == 2  # why?
    for arguments, code in (
        (["--no-postgres", "--reason", "x"], 2),  # nobody to ask
        (["--no-postgres", "--reason", " ", "--yes"], 2),
        (["--no-postgres", "--keep", "0", *WHY], 2),
        ([*WHY], 1),  # there is no database, and nobody said that there need not be
        (["--dsn", "postgresql://nobody@127.0.0.1:1/none", *WHY], 1),
    ):
        assert said(capsys, "compact", "--data", data, *arguments)[0] == code
        assert files(data) == before
    with MarketLock(data):
        assert said(capsys, "compact", "--data", data, "--no-postgres", *WHY)[0] == 1
    assert files(data) == before
    assert notes.left(data / "journal") == []


# ------------------------------------------------------------ export


def test_export_as_ndjson(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    shown = said(capsys, "show", "--data", market.data, "--from", "20", "--to", "330")[1]
    arguments = ["journal", "export", "--data", str(market.data), "--from", "20", "--to", "330"]
    assert main(arguments) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == shown
    out = tmp_path / "out.ndjson"
    assert main([*arguments, "--out", str(out)]) == 0
    assert [json.loads(line) for line in out.read_text("utf-8").splitlines()] == shown
    assert "311 commands" in capsys.readouterr().out


def test_export_as_csv(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert main(["journal", "export", "--data", str(market.data), "--format", "csv", "--out", str(out)]) == 0
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    shown = said(capsys, "show", "--data", market.data)[1]
    assert list(rows[0]) == columns()
    assert [{name: value for name, value in row.items() if value != ""} for row in rows] == [
        {name: str(value) for name, value in row.items() if value != ""} for row in shown
    ]


def test_export_as_segments(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = segment.segments(market.data / "journal")
    out = tmp_path / "copy"
    arguments = ["--format", "raw", "--out", out, "--data", market.data]
    code, (done,) = said(capsys, "export", *arguments, "--from", str(found[2].first_seq + 1))
    assert code == 0
    assert [Path(name).name for name in done["segments"]] == [one.path.name for one in found[2:]]
    shown = said(capsys, "show", "--data", out)[1]
    assert shown == said(capsys, "show", "--data", market.data, "--from", str(found[2].first_seq))[1]
    assert said(capsys, "export", *arguments)[0] == 1  # never over what is there
    assert said(capsys, "export", "--format", "raw", "--data", market.data)[0] == 2
    assert said(capsys, "export", "--from", "9", "--to", "3", "--data", market.data)[0] == 2
    whole = tmp_path / "whole"
    assert said(capsys, "export", "--format", "raw", "--out", whole, "--data", market.data)[0] == 0
    code, (checked,) = said(capsys, "verify", "--chain", "--replay", "--data", whole)
    assert (code, checked["state_hash"]) == (0, market.core.state_hash())
    assert checked["chain"]["head"] == said(capsys, "head", "--data", market.data)[1][0]


def test_export_of_damage_says_so(market: Trading, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = segment.segments(market.data / "journal")[1]
    flip(broken.path, segment.HEAD_BYTES + 700)
    for arguments in ([], ["--format", "csv"], ["--format", "raw", "--out", str(tmp_path / "copy")]):
        assert main(["journal", "export", "--data", str(market.data), *arguments]) == 1
        assert "is not what was written" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "copy" / "journal" / broken.path.name).exists()


def test_columns_are_those_of_all_kinds() -> None:
    assert len(columns()) == len(set(columns()))
    assert set(wire.ADMIN_COMMAND.names or ()) | set(wire.ORDER_COMMAND.names or ()) >= {"value0", "price"}
    assert {"seq", "ts_ns", "kind", "value0", "price", "trade_id", "stop_price"} <= set(columns())
    assert np.dtype(wire.ORDER_COMMAND).names
