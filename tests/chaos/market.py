"""A real engine process in a directory of its own, to be killed at any moment and started again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.ports import free_ports
from tests.small_disk import SmallDisk

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = ("ANVL", "BRZE", "CRWN", "DUNE")
ACCOUNTS = ("ann", "ben", "cid", "dot")
START_S = 20.0
SEGMENT_BYTES = 1 << 20
PENDING_BYTES, PENDING_ON_DISK = 64 << 20, 4 << 20  # of a small disk
CONFIG = """
[market]
name = "chaos"
memory_at_start = false

[ports]
orders = {0}
market_data = {1}
snapshots = {2}
control = {3}
heartbeat_s = 0.5

[journal]
segment_bytes = {segment_bytes}
pending_bytes = {pending_bytes}

[snapshots]
every_commands = 20_000

[postgres]
dsn = "{dsn}"
"""


class Market:
    """Directory, configuration and process of a market.

    data: where it is; seen: where clients find it (its data of another file system is copied there for them).
    """

    def __init__(self, directory: Path, dsn: str = "none", disk: SmallDisk | None = None) -> None:
        self.disk = disk
        self.data = disk.path if disk else directory / "data"
        self.seen = directory / "seen" if disk else self.data
        self.config = directory / "market.toml"
        pending_bytes = PENDING_ON_DISK if disk else PENDING_BYTES
        text = CONFIG.format(*free_ports(4), dsn=dsn, segment_bytes=SEGMENT_BYTES, pending_bytes=pending_bytes)
        for symbol in SYMBOLS:
            text += f'\n[[instrument]]\nsymbol = "{symbol}"\ntick_size = 0.01\nreference_price = 100\n'
        for account in ACCOUNTS:
            text += f'\n[[account]]\nname = "{account}"\ncash = 1_000_000_000\nshort_allowed = true\n'
        text += '\n[[operator]]\nname = "olga"\n'
        self.config.write_text(text, "utf-8")
        self.log = directory / "engine.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.starts_s: list[float] = []

    def start(self) -> None:
        """Start it and wait until it is live."""
        prefix, data = (self.disk.prefix, self.disk.inside) if self.disk else ([], self.data)
        engine = [sys.executable, "-m", "engine.process"]
        command = [*prefix, *engine, "--data", str(data), "--config", str(self.config)]
        began_s = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        engine_file = self.data / "run" / "engine.json"
        while time.monotonic() < began_s + START_S:
            if self.process.poll() is not None:
                raise AssertionError(f"the engine ended with {self.process.returncode}:\n{self.tail()}")
            try:
                if json.loads(engine_file.read_text("utf-8"))["pid"] == self.process.pid:
                    self.starts_s.append(time.monotonic() - began_s)
                    self._show()
                    return
            except (OSError, ValueError, KeyError):
                pass  # not there yet, or of the process before
            time.sleep(0.005)
        raise AssertionError(f"the engine was not live after {START_S} s:\n{self.tail()}")

    def _show(self) -> None:
        if self.seen != self.data:
            for name in ("run", "keys"):
                shutil.copytree(self.data / name, self.seen / name, dirs_exist_ok=True)

    def tail(self) -> str:
        """The end of the engine's log."""
        return self.log.read_text("utf-8", "replace")[-3000:]

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """Stop it in order; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def close(self) -> None:
        """Whatever state it is in: no process stays."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
