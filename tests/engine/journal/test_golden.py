"""Journals as earlier releases wrote them open, replay to what they were, and go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine.journal import segment
from engine.journal.verify import verify
from engine.journal.writer import JournalWriter
from engine.recovery import recover
from tests.engine.journal.golden.make import facts
from tests.engine.markets import MARKET

GOLDEN = Path(__file__).parent / "golden"
RELEASES = sorted(path.name for path in GOLDEN.iterdir() if (path / "journal").is_dir())


@pytest.mark.parametrize("release", RELEASES)
def test_a_journal_of_an_earlier_release_replays(tmp_path: Path, release: str) -> None:
    shutil.copytree(GOLDEN / release / "journal", tmp_path / "journal")
    expected = json.loads((GOLDEN / release / "expected.json").read_text("utf-8"))
    versions = {segment.read_head(one).version for one in segment.segments(tmp_path / "journal")}
    assert versions == {int(release.removeprefix("version"))}
    assert verify(tmp_path).error is None
    recovered = recover(tmp_path)
    assert (recovered.torn, recovered.market_id, recovered.next_seq) == (None, MARKET, expected["seq"] + 1)
    found = facts(recovered.core)
    if found["state"] != expected["state"]:  # the hash is of a layout, which grows; all else is of the market
        expected = {**expected, "state": found["state"], "state_hash": found["state_hash"]}
    assert found == expected
    JournalWriter(
        tmp_path / "journal", next_seq=recovered.next_seq, durability="fsync", market_id=MARKET, segment_bytes=4096
    ).close()
    assert recover(tmp_path).core.state_hash() == recovered.core.state_hash()


def test_there_is_one_of_each_version_before() -> None:
    assert [f"version{number}" for number in sorted(segment.BYTES_OF_HEADS)[: len(RELEASES)]] == RELEASES
    assert len(RELEASES) >= len(segment.BYTES_OF_HEADS) - 1
