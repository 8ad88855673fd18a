"""One child process: its start, its log, its end.

A child leads a session of its own, so that Ctrl-C in the terminal reaches the supervisor alone, which then stops its
children in order. Should the supervisor itself be killed, the kernel sends its children SIGTERM.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

LOG_LIMIT_BYTES = 8 << 20  # a longer log of earlier runs is set aside at the start, one generation
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_with(parent: int) -> None:
    """In the child, before exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:  # it was killed just before
        os._exit(1)


class Child:
    """A process that is started (and may be started again) with the same command."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path | None, env: Mapping[str, str] | None = None
    ) -> None:
        """log: where its output goes, appended; None: to this process' standard error."""
        self.name = name
        self.command = list(command)
        self.log = log
        self.env = {**os.environ, **(env or {})}
        self.started_s = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0  # where in the log this start's words begin

    @property
    def pid(self) -> int | None:
        """Its process id, also after its end; None before its first start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start it. Raises OSError."""
        self.started_s = time.monotonic()
        if self.log is None:
            self._launch(None)
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as file:
            self._log_from = file.tell()
            self._launch(file.fileno())

    def _launch(self, output: int | None) -> None:
        # Standard output is not inherited: it may be read by a program that expects what the supervisor says alone.
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=2 if output is None else output,
            stderr=output,
            env=self.env,
            start_new_session=True,
            preexec_fn=functools.partial(_end_with, os.getpid()),
        )

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Its exit code (negative: the signal that ended it); None while it runs or before it did."""
        return None if self._process is None else self._process.poll()

    @property
    def end_in_words(self) -> str:
        """How it ended: "exit code 1", "killed by SIGKILL"."""
        code = self.exit_code
        if code is None:
            return "still running"
        if code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"exit code {code}"

    def words(self, lines: int = 20) -> list[str]:
        """The last lines that it has written to its log since its start."""
        if self.log is None:
            return []
        try:
            with self.log.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(self._log_from, end - 65_536))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return text.splitlines()[-lines:]

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; whether it came."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True


class Restarts:
    """When a child that died is started again: at once the first time, later and later when it keeps dying."""

    def __init__(self, least_s: float = 0.5, most_s: float = 30.0, calm_s: float = 60.0) -> None:
        """calm_s: a child that ran this long has recovered, and counts as new."""
        self._least_s, self._most_s, self._calm_s = least_s, most_s, calm_s
        self._pause_s = 0.0
        self.count = 0
        self.due_s: float | None = None  # monotonic time of the next start; None: nothing died

    def died(self, started_s: float, now_s: float) -> float:
        """Take note of a death; the pause before the next start."""
        if now_s - started_s >= self._calm_s:
            self._pause_s = 0.0
        pause_s = self._pause_s
        self._pause_s = min(self._most_s, max(self._least_s, pause_s * 2))
        self.due_s = now_s + pause_s
        self.count += 1
        return pause_s

    def started(self) -> None:
        """It was started again."""
        self.due_s = None
