"""Child processes: logs, ends in words, restarts, and that none outlives its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.supervisor.child import Child, Restarts
from engine.supervisor.market import AlreadyRunning, MarketProcesses, refuse_second
from engine.supervisor.warnings import Warnings

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]

HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
time.sleep(60)
"""


def until(done: Callable[[], object], timeout_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)


def test_what_it_says_is_kept_and_how_it_ended_is_told(tmp_path: Path) -> None:
    child = Child(
        "one", [sys.executable, "-c", "print('a'); print('b'); raise SystemExit(3)"], log=tmp_path / "l" / "x.log"
    )
    assert not child.is_running
    assert child.pid is None
    child.start()
    assert child.wait(10)
    assert child.exit_code == 3
    assert child.end_in_words == "exit code 3"
    assert child.words() == ["a", "b"]
    child.start()
    assert child.wait(10)
    assert child.words() == ["a", "b"], "of the last start only"
    assert (tmp_path / "l" / "x.log").read_text() == "a\nb\na\nb\n"


def test_a_signal_ends_it(tmp_path: Path) -> None:
    child = Child("one", SLEEPER, log=tmp_path / "x.log")
    child.start()
    until(lambda: child.words() == ["up"])
    assert child.is_running
    assert not child.wait(0.01)
    child.signal(signal.SIGKILL)
    assert child.wait(10)
    assert child.end_in_words == "killed by SIGKILL"
    child.signal(signal.SIGTERM)  # to a dead one: nothing


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from engine.supervisor.child import Child;"
        f"c = Child('one', {SLEEPER!r}, log=Path({str(tmp_path / 'x.log')!r})); c.start();"
        "print(c.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    until(lambda: (tmp_path / "x.log").read_text() == "up\n")
    parent.kill()
    parent.wait(10)
    parent.stdout.close()

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"  # whoever adopted it may not have waited yet
        except (FileNotFoundError, ProcessLookupError):
            return True

    until(gone)


def test_restarts_come_later_and_later_and_calm_down() -> None:
    restarts = Restarts(least_s=0.5, most_s=4.0, calm_s=60.0)
    pauses = [restarts.died(100.0, 101.0) for _ in range(6)]
    assert pauses == [0.0, 0.5, 1.0, 2.0, 4.0, 4.0]
    assert restarts.due_s == 105.0
    restarts.started()
    assert restarts.due_s is None
    assert restarts.died(105.0, 200.0) == 0.0


def test_a_worker_that_dies_is_started_again(tmp_path: Path) -> None:
    processes = MarketProcesses(tmp_path, SLEEPER, [SLEEPER, SLEEPER], logs=True)
    processes.start_workers()
    try:
        assert processes.running_workers == 2
        assert processes.look_after(time.monotonic()) == []
        first = processes.workers[0]
        before = first.pid
        first.signal(signal.SIGKILL)
        assert first.wait(10)
        news = processes.look_after(time.monotonic())
        assert len(news) == 1
        assert "demo worker 1" in news[0]
        assert "SIGKILL" in news[0]
        assert processes.running_workers == 2
        assert first.pid != before
        first.signal(signal.SIGKILL)
        assert first.wait(10)
        assert len(processes.look_after(time.monotonic())) == 1
        assert processes.running_workers == 1, "the second time not at once"
        assert processes.look_after(time.monotonic()) == [], "and said once"
        assert processes.look_after(time.monotonic() + 1) == []
        assert processes.running_workers == 2
    finally:
        processes.stop_workers()
    assert processes.running_workers == 0
    assert processes.look_after(time.monotonic()) == []


def test_a_second_market_in_a_directory_is_refused(tmp_path: Path) -> None:
    refuse_second(tmp_path)  # empty: nobody
    run = tmp_path / "run"
    run.mkdir()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD,
            str(run / "lock"),
        ],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        (run / "engine.json").write_text(f'{{"pid": {holder.pid}}}')
        with pytest.raises(AlreadyRunning, match=str(holder.pid)):
            refuse_second(tmp_path)
    finally:
        holder.kill()
        holder.wait(10)
        assert holder.stdout is not None
        holder.stdout.close()
    refuse_second(tmp_path)  # its process is gone
    (run / "engine.json").write_text(f'{{"pid": {os.getpid()}}}')
    refuse_second(tmp_path)  # the number lives on in another process, which holds no lock


def test_warnings_of_a_log_are_told_once_and_in_words(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text('{"level": "error", "event": "of an earlier run"}\n')
    warnings = Warnings(log)
    assert warnings.new() == []
    with log.open("a") as file:
        file.write('{"ts": "now", "level": "info", "event": "fine"}\n')
        file.write(
            '{"ts": "now", "level": "warning", "event": "torn", "what": "5 bytes"}\nTraceback: no JSON\n{"level": "err'
        )
        file.flush()
        assert warnings.new() == ["torn (what 5 bytes)"]
        assert warnings.new() == []
        file.write('or", "event": "the disk is full"}\n')
        file.flush()
        assert warnings.new() == ["the disk is full"]
    log.write_text('{"level": "warning", "event": "anew"}\n')
    assert warnings.new() == ["anew"]
    assert Warnings(tmp_path / "none.log").new() == []
