"""One engine a directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.lock import FILE, InUse, MarketLock, holder

HOLDER = """
import sys, time
from pathlib import Path
from engine.lock import MarketLock
lock = MarketLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_engine_is_refused(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with MarketLock(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(InUse, match=f"in use by another engine .process {os.getpid()}."):
            MarketLock(tmp_path)
    assert holder(tmp_path) is None
    MarketLock(tmp_path).release()


def test_looking_does_not_keep_an_engine_out(tmp_path: Path) -> None:
    for _ in range(20):
        with MarketLock(tmp_path):
            assert holder(tmp_path)
        assert holder(tmp_path) is None


def test_a_killed_engine_gives_it_back(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert holder(tmp_path) == process.pid
        process.kill()
        process.wait()
    assert holder(tmp_path) is None
    with MarketLock(tmp_path):
        assert (tmp_path / FILE).read_text() == str(os.getpid())
