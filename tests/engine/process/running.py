"""A real engine in a process of its own, on free ports of loopback, and clients to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import openbell
import zmq

ROOT = Path(__file__).resolve().parents[3]
START_S, STOP_S = 30.0, 30.0
CONFIGURATION = """
[market]
name = "test"
day_end = "never"
memory_at_start = false
[ports]
orders = 0
market_data = 0
snapshots = 0
control = 0
[postgres]
dsn = "none"
[[instrument]]
symbol = "AAA"
reference_price = 100
[[instrument]]
symbol = "BBB"
reference_price = 50
[[account]]
name = "alice"
id = 1
cash = 1_000_000_000
positions = { AAA = 1_000_000, BBB = 1_000_000 }
[[account]]
name = "bob"
id = 2
cash = 1_000_000_000
positions = { AAA = 1_000_000, BBB = 1_000_000 }
[[account]]
name = "eve"
id = 3
cash = 1_000_000_000
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client")])}


class Running:
    """`with Running(folder) as engine:`; `start` and `stop` may be called again on the same directory."""

    def __init__(self, folder: Path, more: str = "", *arguments: str) -> None:
        self.data = folder / "market"
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "market.toml"
        self._more = folder / "more.toml"
        self._file.write_text(CONFIGURATION, "utf-8")
        self._more.write_text(more, "utf-8")
        self._arguments = arguments
        self.log = folder / "engine.log"
        self.ports: dict[str, str] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        files = ["--config", str(self._file), "--config", str(self._more)]
        return [sys.executable, "-m", "engine.process", "--data", str(self.data), *files, *self._arguments]

    def start(self) -> dict[str, Any]:
        """Start it and wait until it is live; what run/engine.json says."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command(), env=environment(), stderr=log)
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s and self.process.poll() is None:
            try:
                body: dict[str, Any] = json.loads((self.data / "run" / "engine.json").read_text("utf-8"))
            except (OSError, ValueError):
                body = {}
            if body.get("pid") == self.process.pid:
                self.ports = body["ports"]
                return body
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"the engine did not start: {self.log.read_text('utf-8', 'replace')[-1000:]}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it in order; its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(STOP_S)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(STOP_S)

    def client(self, account: str, **options: Any) -> openbell.Client:
        return openbell.Client(self.data, account=account, keep_events=True, **options)

    def operator(self) -> openbell.Operator:
        return openbell.Operator(self.data, name="tester", timeout_s=20.0)

    def api_key(self, account: str) -> str:
        (path,) = (self.data / "keys").glob(f"account-*-{account}.json")
        return str(json.loads(path.read_text("utf-8"))["api_key"])

    def dealer(self, port: str, **options: int) -> zmq.Socket[bytes]:
        """A plain ZeroMQ socket to a port (an XSUB to market data); options by name (rcvhwm, ...)."""
        kind = zmq.XSUB if port == "market_data" else zmq.DEALER
        made: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        made.linger, made.rcvtimeo, made.sndtimeo = 0, 10_000, 10_000
        for name, value in options.items():
            setattr(made, name, value)
        made.connect(self.ports[port])
        return made

    def __enter__(self) -> Running:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
