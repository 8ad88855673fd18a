"""The numbers that the engine and the projector share."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from engine.status_map import FILE, ProjectorState, StatusMap

NAMES = "durable_seq applied_seq projected_seq projected_ts_ns engine_pid projector_pid projector_state".split()


def test_the_layout_is_that_of_the_document(tmp_path: Path) -> None:
    status = StatusMap.create(tmp_path / FILE)
    for number, name in enumerate(NAMES):
        setattr(status, name, number + 1)
    status.projected_ts_ns = -4
    status.close()
    assert (tmp_path / FILE).read_bytes() == struct.pack("<QQQqQQQQ", 1, 2, 3, -4, 5, 6, 7, 0)


def test_everybody_sees_what_one_writes(tmp_path: Path) -> None:
    engine = StatusMap.create(tmp_path / FILE)
    projector = StatusMap.open(tmp_path / FILE)
    engine.durable_seq = (1 << 64) - 1
    projector.projector_state = ProjectorState.LIVE
    assert projector.durable_seq == (1 << 64) - 1
    assert ProjectorState(engine.projector_state) is ProjectorState.LIVE
    again = StatusMap.create(tmp_path / FILE)  # the next engine, while the projector still has it open
    assert [getattr(projector, name) for name in NAMES] == [0] * 7
    again.applied_seq = 9
    assert projector.applied_seq == 9
    for status in (engine, projector, again):
        status.close()


def test_what_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StatusMap.open(tmp_path / "nothing")
    (tmp_path / "short").write_bytes(bytes(63))
    with pytest.raises(ValueError, match="has 63 bytes, a status map has 64"):
        StatusMap.open(tmp_path / "short")
    with pytest.raises((OverflowError, ValueError)):
        StatusMap.create(tmp_path / FILE).durable_seq = -1
