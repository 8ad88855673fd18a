"""The benchmark of ITCH on a small day: every reader at hand agrees, and the replay is part of it."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench import itch
from bench.harness import Missing, peers
from bench.peers.itch import READERS, digest
from engine.replay.itch.file import write_day

ROOT = Path(__file__).resolve().parents[2]


def answer(*command: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    )
    result: dict[str, object] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("name", sorted(READERS))
def test_readers_by_others_end_with_our_books(name: str, tmp_path: Path) -> None:
    path = tmp_path / "day.itch"
    write_day(path, 40_000, 9, 3)
    ours = answer("bench.harness.itch_books", str(path), "9", "best")
    theirs = answer("bench.peers.itch.runner", name, str(path), "9", "best")  # the tests' environment has them, too
    assert ours["messages"] == 40_000 and float(str(ours["seconds"])) > 0
    assert itch.doubts(theirs, ours) == ""
    assert itch.doubts({**theirs, "best": "other"}, ours) == "differs in best"
    assert ours["best"] != digest({})


def test_every_reader_has_a_line_in_the_lock() -> None:
    locked = {line.split("==")[0] for line in peers.pinned(peers.LOCK.read_text("utf-8"))}
    assert set(READERS.values()) <= locked


def test_the_benchmark_prints_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    itch.add_arguments(parser)
    args = parser.parse_args(["--messages", "30000", "--symbols", "5", "--rounds", "1", "--no-peers"])
    args.work, args.json = tmp_path, True
    assert itch.run(args) == 0
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert set(rows) == {
        "file to books", "file to steps, no books", "replayed into the core, journaled", "generated, in memory",
    }  # fmt: skip
    assert all(row["figure"] > 0 for row in rows.values())
    assert "executions matched" in rows["replayed into the core, journaled"]["note"]
    assert [path.name for path in (tmp_path / "itch").iterdir()] == ["day-30000-5-1.itch"]


def test_only_one_day_is_kept_and_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    itch.day(tmp_path, 1000, 3, 1)
    itch.day(tmp_path, 1000, 4, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["day-1000-4-1.itch"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(Missing, match="has 1 bytes free, 1,000 messages need 100,000; try fewer --messages"):
        itch.day(tmp_path, 1000, 4, 1)
