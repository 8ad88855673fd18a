"""The market of a simulation: the real engine in a simulated process, started again whenever it ended."""

from __future__ import annotations

import io
import random
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from engine.config import Config, checked
from engine.logs import Log
from engine.process import FAILURES, Engine
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import MS, Timeline
from engine.snapshots import HISTORY_COMMANDS

DATA: Final = Path("/market")
PORTS: Final = {"orders": 7701, "market_data": 7702, "snapshots": 7703, "control": 7704}
ENDPOINTS: Final = {name: f"tcp://127.0.0.1:{port}" for name, port in PORTS.items()}
TRADERS: Final = ("alice", "bob", "carol")
KEYS: Final = {name: f"the-api-key-of-{name}" for name in TRADERS}
SYMBOLS: Final = ("AAA", "BBB")
RESTART_NS: Final = 40 * MS
LONGEST_RESTART_NS: Final = 1000 * MS  # of one that was refused again and again
HISTORY: Final = 1 << 14  # events that are kept to resume from: all of a run
_TEXT: Final = f"""
[market]
name = "simulated"
day_end = "never"
memory_at_start = false
[capacity]
accounts = 8
instruments = 4
orders = ORDERS
pages = 64
positions = 24
id_window = 4096
window_pages = 4
amendments = 16
timers = 64
[ports]
heartbeat_s = 0.5
send_queue = 64
feed_queue = 64
max_sessions = 40
[history]
events = {HISTORY}
trades = 8192
bars = 8192
bars_of_each = 4
[postgres]
dsn = "none"
[[instrument]]
symbol = "AAA"
reference_price = 100
[[instrument]]
symbol = "BBB"
reference_price = 50
""" + "".join(
    f"""
[[account]]
name = "{name}"
id = {number}
api_key = "{KEYS[name]}"
cash = 1_000_000_000
positions = {{ AAA = 100_000, BBB = 100_000 }}
"""
    for number, name in enumerate(TRADERS, 1)
)


def configuration(generator: random.Random) -> Config:
    """A small market: segments that are full soon, pools that may be, snapshots now and then."""
    text = _TEXT.replace("ORDERS", str(generator.choice((48, 400, 400))))
    config = checked(tomllib.loads(text, parse_float=Decimal), "simulation")
    # Smaller than a configuration may have them: what happens at a segment's end happens often then.
    journal = msgspec.structs.replace(
        config.journal, segment_bytes=generator.choice((8, 16, 64)) << 10, pending_bytes=generator.choice((8, 64)) << 10
    )
    snapshots = msgspec.structs.replace(
        config.snapshots, every_commands=generator.choice((0, 60, 200)), every_s=0, beside=False
    )
    return msgspec.structs.replace(config, journal=journal, snapshots=snapshots)


class Quiet(Log):
    """Keeps what the engine says."""

    def __init__(self, told: Callable[[str, str, dict[str, Any]], None]) -> None:
        super().__init__(io.StringIO(), as_json=True)
        self._told = told

    def _write(self, level: str, event: str, values: dict[str, Any]) -> None:
        self._told(level, event, values)


class House:
    """Has an engine run on a machine. The hooks are told what becomes of it.

    on_live(engine): it is recovered and open. on_refused(error): it could not start. on_failed(why): it ended itself.
    """

    def __init__(self, timeline: Timeline, office: Office, machine: Machine, config: Config) -> None:
        self.timeline, self.office, self.machine, self.config = timeline, office, machine, config
        self.engine: Engine | None = None  # that is live
        self.process: SimulatedProcess | None = None
        self.lives = 0
        self.messages: list[tuple[str, str, dict[str, Any]]] = []  # of this life
        self.before_start: Callable[[], None] = lambda: None
        self.on_live: Callable[[Engine], None] = lambda engine: None
        self.on_refused: Callable[[Exception], None] = lambda error: None
        self.on_failed: Callable[[str], None] = lambda why: None
        self.history_commands = timeline.random("history").choice((30, 200, HISTORY_COMMANDS))
        self._start_is_due = False
        self._pause_ns = RESTART_NS

    @property
    def is_live(self) -> bool:
        return self.engine is not None

    def start(self) -> None:
        """A new process, with a new engine."""
        self._start_is_due = False
        if self.process is not None:
            return
        self.before_start()
        self.lives += 1
        self.messages = []
        self.process = process = self.office.start(self.machine, f"engine{self.lives}")
        self.timeline.trace(f"start {process.name}")
        process.start(self._live(process))

    async def _live(self, process: SimulatedProcess) -> None:
        engine = Engine(DATA, self.config, Quiet(self._told))
        engine.history_commands = self.history_commands
        process.keep(engine)
        try:
            await engine.start()
        except FAILURES as error:
            self.timeline.trace(f"{process.name} did not start")
            self._ended(process)
            self.on_refused(error)
            return
        await self._serve(process, engine)

    async def _serve(self, process: SimulatedProcess, engine: Engine) -> None:
        """The engine has started: to its end."""
        self.engine, self._pause_ns = engine, RESTART_NS
        self.timeline.trace(f"{process.name} is live at seq {engine.market.core.seq}")
        self.on_live(engine)
        await engine.wait()
        self.engine = None
        await engine.stop()
        self.timeline.trace(f"{process.name} stopped: {engine.failure}")
        self._ended(process)
        if engine.failure is not None:
            self.on_failed(engine.failure)

    def _told(self, level: str, event: str, values: dict[str, Any]) -> None:
        self.messages.append((level, event, values))

    def _ended(self, process: SimulatedProcess) -> None:
        self.office.end(process)
        self.gone()

    def gone(self) -> None:
        """The process is no more: whoever looks after it starts another one."""
        self.engine = self.process = None
        self.start_later()

    def start_later(self) -> None:
        if not self._start_is_due:
            self._start_is_due = True
            self.timeline.after(self._pause_ns, self.start)
            self._pause_ns = min(2 * self._pause_ns, LONGEST_RESTART_NS)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.timeline.trace(f"kill {self.process.name}")
            self.office.end(self.process)
            self.gone()
