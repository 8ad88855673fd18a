"""A real standby in a process of its own, beside a real engine (tests/engine/process/running.py)."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import openbell

from engine import config as configuration
from engine.logs import Log
from engine.process import FAILURES
from engine.standby.process import Standby
from tests.engine.process.running import CONFIGURATION, START_S, STOP_S, environment

PRIMARY = "[ports]\nstandby = 0\n[standby]\ncheckpoint_s = 0.2\n[journal]\nsegment_bytes = 1048576\n"


def until(done: Callable[[], Any], what: str, timeout_s: float = 20.0) -> Any:
    """Wait until `done` gives something true, and give that."""
    deadline_s = time.monotonic() + timeout_s
    while not (found := done()):
        assert time.monotonic() < deadline_s, f"waited {timeout_s} s for {what}"
        time.sleep(0.01)
    return found


class Standing:
    """`with Standing(folder, of) as standby:`; of: what `--of` gets."""

    def __init__(self, folder: Path, of: str | Path, more: str = PRIMARY, *arguments: str) -> None:
        self.data = folder / "market"
        folder.mkdir(parents=True, exist_ok=True)
        self.of = str(of)
        self._file, self._more = folder / "market.toml", folder / "more.toml"
        self._file.write_text(CONFIGURATION, "utf-8")
        self._more.write_text(more, "utf-8")
        self._arguments = arguments
        self.log = folder / "standby.log"
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it; do not wait."""
        files = ["--config", str(self._file), "--config", str(self._more)]
        command = [sys.executable, "-m", "engine.cli", "standby", "--of", self.of, "--data", str(self.data)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*command, *files, *self._arguments], env=environment(), stderr=log)

    def start(self) -> None:
        """Start it, and wait until it shows the market."""
        self.launch()
        until(self.is_up, "the standby", START_S)

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.words()[-1000:]
        return bool(self.body().get("pid") == self.process.pid)

    def body(self) -> dict[str, Any]:
        """run/engine.json."""
        try:
            body: dict[str, Any] = json.loads((self.data / "run" / "engine.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return body

    def words(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def refused(self) -> str:
        """Start it where it must not, in this process; why it ended."""

        async def work() -> str:
            standby = Standby(self.data, configuration.load([self._file, self._more]), self.of, log=Log(io.StringIO()))
            try:
                await standby.start()
            except FAILURES as error:
                return str(error)
            async with asyncio.timeout(START_S):
                await standby.wait()
            await standby.stop()
            return standby.failure or ""

        return asyncio.run(work())

    def operator(self) -> openbell.Operator:
        return openbell.Operator(self.data, name="tester", timeout_s=20.0)

    def about(self) -> dict[str, Any]:
        """The part of its status about itself."""
        with self.operator() as operator:
            told: dict[str, Any] = operator.status().raw["standby"]
            return told

    def wait_for(self, seq: int) -> None:
        """Until it has applied that command."""

        def has() -> bool:
            with self.operator() as operator:
                return operator.status().sequence >= seq

        until(has, f"seq {seq} at the standby")

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def stop(self) -> int:
        """Stop it in order; its exit code."""
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_S)

    def __enter__(self) -> Standing:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


def same_files(primary: Path, standby: Path) -> int:
    """That the standby's segments are those of the primary, byte by byte; their number."""
    ours = {path.name: path for path in (standby / "journal").glob("*.obj")}
    theirs = {path.name: path for path in (primary / "journal").glob("*.obj")}
    assert list(ours) and set(ours) <= set(theirs)
    for name, path in ours.items():
        assert path.read_bytes() == theirs[name].read_bytes(), name
    assert sorted(ours)[-1] == sorted(theirs)[-1]
    return len(ours)
