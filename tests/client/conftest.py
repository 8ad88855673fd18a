"""A real engine for tests of the SDK: `python -m engine.process` in its own directory, on free ports of loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openbell
import pytest
from openbell.discovery import PORTS

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
[market]
name = "test"
durability = "fsync"
memory_at_start = false
[ports]
heartbeat_s = 1.0
[capacity]
accounts = 64
instruments = 64
orders = 100_000
pages = 4096
positions = 4096
id_window = 100_000
[history]
events = 65_536
[snapshots]
every_commands = 5_000
[[instrument]]
symbol = "ACME"
reference_price = 101.25
collar_bps = 1000
[[instrument]]
symbol = "BOLT"
tick_size = 0.0001
[[account]]
name = "alice"
cash = 1_000_000
positions = { ACME = 10_000 }
[[account]]
name = "bob"
cash = 1_000_000
positions = { ACME = 10_000 }
max_order_qty = 1_000_000
[[account]]
name = "maker"
credit_unlimited = true
short_allowed = true
"""


class Engine:
    """An engine's process; `data` is the directory to connect to."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self.data = folder / "var"
        self.log = folder / "engine.log"
        if config is None:
            config = folder / "market.toml"
            config.write_text(CONFIG)
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the market is live."""
        command = [sys.executable, "-m", "engine.process", "--data", str(self.data), "--config", str(self._config)]
        command += [part for name in PORTS for part in ("--port", f"{name}=0")] + ["--no-postgres"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "client")))}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        deadline_s = time.monotonic() + 60
        while self._live_pid() != self._process.pid:
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline_s, self.log.read_text()
            time.sleep(0.01)

    def _live_pid(self) -> int | None:
        try:
            return int(json.loads((self.data / "run" / "engine.json").read_text())["pid"])
        except (OSError, ValueError):
            return None

    def kill(self) -> None:
        """As a crash."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """In order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for the tests of a module; they use prices and books that do not disturb each other."""
    made = Engine(tmp_path_factory.mktemp("engine"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine of the test's own, that it may kill."""
    made = Engine(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def alice(engine: Engine) -> Iterator[openbell.Client]:
    with openbell.connect(engine.data, account="alice", keep_events=True) as client:
        client.cancel_all()
        client.events()
        yield client
        client.cancel_all()


@pytest.fixture
def bob(engine: Engine) -> Iterator[openbell.Client]:
    with openbell.connect(engine.data, account="bob") as client:
        client.cancel_all()
        yield client
        client.cancel_all()
