"""A real market for tests: `openbell run --plain` as a subprocess in a temporary directory."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from engine.cli.__main__ import guarded

ROOT = Path(__file__).resolve().parents[3]
LIVE = "ctl status"  # the last line of what is said then
PATIENCE_S = 60.0  # the machine may be busy


def environment(**more: str) -> dict[str, str]:
    """Without what a person has set for a market of their own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBELL_", "NOTIFY_"))}
    return {**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'client'}", **more}


def until(done: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Wait until done() is true; what it gave."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := done()):
        assert time.monotonic() < deadline_s, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)
    return found


def openbell(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """One run of the command line as a process, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "engine.cli", *arguments],
        cwd=cwd,
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
        check=False,
    )


class Done(NamedTuple):
    """A verb's end."""

    returncode: int
    stdout: str
    stderr: str


class Running:
    """`openbell run --plain` on free ports, and what it said."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.lines: list[str] = []
        if "--config" not in options:
            config = data.parent / "empty.toml"
            config.write_text('[market]\nname = "test"\nmemory_at_start = false\n')
            options = ("--config", str(config), *options)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.cli", "run", "--plain", "--data", str(data), "--ports", "0", *options],
            cwd=data.parent,
            env=environment(),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            for line in self.process.stderr:
                self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def said(self, word: str) -> bool:
        return word in self.text

    def live(self) -> Running:
        """Wait until the market is live."""
        until(
            lambda: self.said(LIVE) or self.process.poll() is not None, f"the market to be live; it said {self.lines}"
        )
        assert self.process.poll() is None, self.text
        return self

    def end(self) -> int:
        """Wait for the end; the exit code."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(5)
        return code

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(number)
        return self.end()

    @property
    def engine(self) -> dict[str, Any]:
        """run/engine.json."""
        body: dict[str, Any] = json.loads((self.data / "run" / "engine.json").read_text())
        return body

    def cli(self, *arguments: str, **env: str) -> Done:
        """A verb against this market, called in this process: what it prints, and its exit code."""
        stdout, stderr, stdin = io.StringIO(), io.StringIO(), io.StringIO()
        before = dict(os.environ), sys.stdin
        os.environ.clear()
        os.environ.update(environment(**env))
        sys.stdin = stdin
        try:
            with redirect_stdout(stdout), redirect_stderr(stderr):
                code = guarded([*arguments, "--data", str(self.data)])
        except SystemExit as end:  # of argparse
            code = int(end.code or 0)
        finally:
            os.environ.clear()
            os.environ.update(before[0])
            sys.stdin = before[1]
        return Done(code, stdout.getvalue(), stderr.getvalue())

    def json(self, *arguments: str, code: int = 0) -> Any:
        """A verb's JSON, after a look at its exit code."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def ctl(self, *arguments: str, code: int = 0) -> Any:
        """A changing verb of ctl that need not be asked, and its JSON."""
        return self.json("ctl", *arguments, "--reason", "a test", code=code)

    def kill(self) -> None:
        """Whatever happened, leave nothing behind."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self._reader.join(5)
