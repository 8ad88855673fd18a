"""What survives a power cut: a file's content is synced before its name is given, and the folder after that."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from engine import files
from engine.keys import Keys
from tests.engine.trading import Trading


class Disk:
    """What would be found after a power cut: names that were in a folder when that was synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: set[Path] = set()
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, descriptor: int) -> None:
        self._fsync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self.kept |= set(path.iterdir())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def test_a_key_that_was_handed_out_survives(tmp_path: Path, disk: Disk) -> None:
    keys = Keys(tmp_path / "new" / "market")
    _, account = keys.add_account(1, "a")
    _, operator = keys.add_operator("op")
    keys.ensure_curve()
    assert disk.kept >= {account, operator, keys.folder / "curve.json"}
    assert disk.kept >= {keys.folder, keys.folder.parent, keys.folder.parent.parent}


async def test_what_was_applied_survives(tmp_path: Path, disk: Disk) -> None:
    trading = Trading(tmp_path)
    trading.close()
    assert disk.kept >= {tmp_path / "configuration.json", tmp_path / "journal"}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    (tmp_path / "a.tmp").write_text("of a process that was cut off")
    files.write_whole(path, "old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
