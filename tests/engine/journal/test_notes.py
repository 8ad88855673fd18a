"""Notes for the next start: whatever is in them, they can be journaled."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell.wire import CommandKind

from engine.journal import notes
from engine.sequencer import admin_command


def test_they_come_back_in_order(tmp_path: Path) -> None:
    assert notes.left(tmp_path) == []
    notes.leave(tmp_path, "one")
    notes.leave(tmp_path, "two\nlines\0")
    notes.leave(tmp_path, "ä" * 60)
    assert notes.left(tmp_path) == ["one", "two lines", "ä" * 48]
    notes.clear(tmp_path)
    notes.clear(tmp_path)
    assert notes.left(tmp_path) == []


@given(st.binary(max_size=300))
def test_any_file_can_be_journaled(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("notes")
    (folder / notes.FILE).write_bytes(content)
    for text in notes.left(folder):
        admin_command(CommandKind.NOTE, operator=notes.OPERATOR, reason=text)
