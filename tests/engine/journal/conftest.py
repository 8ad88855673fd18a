"""Journals in a temporary directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, Journal


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture(params=["thread", "express"])
def lane(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Tests that ask for it run with the express lane, where the system has one, and without."""
    monkeypatch.setattr(JournalWriter, "express_by_default", request.param == "express")
    return str(request.param)


@pytest.fixture
def journal(directory: Path) -> Journal:
    """An empty journal with segments of 4 KiB, open for writing."""
    writer = JournalWriter(directory, next_seq=1, durability="fsync", market_id=MARKET, segment_bytes=4096)
    return Journal(writer, CommandBatch(1))
