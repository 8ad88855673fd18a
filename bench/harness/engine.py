"""An engine of its own in a process of its own, on free ports and a fresh directory, for the benchmarks of the wire."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from bench import flow
from bench.harness import commands
from bench.harness.child import environment

API_KEY = "bench-key-of-all-accounts"
START_S, STOP_S = 60.0, 20.0


def configuration(durability: str, accounts: int, instruments: int, own_keys: bool = False) -> str:
    """TOML: instruments S0, S1, ... around the flow's price, and funded accounts that one API key may use, or each its
    own (`key_of`).

    Limits are set on everything, so that every check is made, and wide enough that a flow passes them.
    """
    price = flow.START_PRICE * commands.TICK / 10_000
    lines = [
        "[market]",
        f'durability = "{durability}"',
        'day_end = "never"',
        "[ports]",
        *(f"{name} = 0" for name in ("orders", "market_data", "snapshots", "control")),
        "send_queue = 10000",
    ]
    for number in range(instruments):
        lines += [
            "[[instrument]]",
            f"id = {number}",
            f'symbol = "S{number}"',
            f"tick_size = {commands.TICK / 10_000:f}",
            f"reference_price = {price:f}",
            f"collar_bps = {commands.COLLAR_BPS}",
            "max_order_qty = 10_000",
            "max_order_notional = 1_000_000_000",
        ]
    held = ", ".join(f"S{number} = {commands.SHARES}" for number in range(instruments))
    for number in range(accounts):
        lines += [
            "[[account]]",
            f"id = {number}",
            f'name = "bench-{number}"',
            f'api_key = "{key_of(number) if own_keys else API_KEY}"',
            f"cash = {commands.CASH // 1_000_000}",
            f"positions = {{ {held} }}",
            "max_order_qty = 10_000",
            "max_order_notional = 1_000_000_000",
            f"max_position = {1 << 39}",
            f"max_open_orders = {1 << 30}",
            f"max_messages = {1 << 30}",
        ]
    return "\n".join(lines) + "\n"


def key_of(account: int) -> str:
    """The API key of an account that has its own."""
    return f"{API_KEY}-{account}"


class EngineProcess:
    """`with EngineProcess(folder, "fsync") as engine:` then `openbell.connect(engine.data, api_key=API_KEY)`."""

    def __init__(
        self, folder: Path, durability: str, *, accounts: int = 1, instruments: int = 1, own_keys: bool = False,
        more: str = "", prepare: Callable[[Path], object] = lambda data: None, start_s: float = START_S,
    ) -> None:  # fmt: skip
        """more: of the configuration. prepare: gets the directory before the engine is started in it."""
        self._prepare, self._start_s = prepare, start_s
        self.data = folder / f"market-{durability}"
        self._durability, self._accounts, self._instruments = durability, accounts, instruments
        self._own_keys, self._more = own_keys, more

    def __enter__(self) -> EngineProcess:
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        file = self.data / "bench.toml"
        text = configuration(self._durability, self._accounts, self._instruments, self._own_keys)
        file.write_text(text + self._more, "utf-8")
        self._prepare(self.data)
        self._log = (self.data / "engine.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "engine.process", "--data", str(self.data), "--config", str(file), "--no-postgres"],
            env=environment(),
            stderr=self._log,
        )
        deadline_s = time.monotonic() + self._start_s
        while not self._live():
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                self._stop()
                said = (self.data / "engine.log").read_text("utf-8", "replace").strip().splitlines()
                raise RuntimeError(f"the engine did not start: {said[-1] if said else 'it said nothing'}")
            time.sleep(0.01)
        return self

    def _live(self) -> bool:
        try:
            body = json.loads((self.data / "run" / "engine.json").read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return bool(body["pid"] == self.process.pid)

    def _stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._log.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        shutil.rmtree(self.data, ignore_errors=True)
