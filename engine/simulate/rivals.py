"""One run with two machines that both have the market's files, and one lease: never may both of them acknowledge.

The second machine has a copy of the first one's files from a moment ago, and starts on it as whoever takes a backup for
a standby would. Processes are stopped and go on as if nothing was, the database of the lease is gone or slow.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
from openbell.wire import FrameType

from engine.process import Engine
from engine.simulate.claims import ALL, ENDS, PRIMARY, Violation
from engine.simulate.clients.trader import Trader
from engine.simulate.house import DATA, KEYS, House, configuration
from engine.simulate.outcome import Outcome
from engine.simulate.postgres.connection import SimulatedConnection
from engine.simulate.postgres.database import Database
from engine.simulate.projection import CONNECT_S, DSN
from engine.simulate.schedule import LONGEST_NS, Fault
from engine.simulate.world import nowhere
from engine.simulate.world.disk import Folder
from engine.simulate.world.network import Frame, Network, SimulatedSocket
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import MS, SECOND, Timeline

KINDS: Final = (
    "process stalls", "crash", "stop in order", "database gone", "database slow", "connection lost", "clock jump"
)  # fmt: skip
LEASE_MS: Final = 300
COPIED_NS: Final = 400 * MS  # when the second machine gets the files
END_NS: Final = LONGEST_NS + 2 * SECOND
LAST_NS: Final = LONGEST_NS + 15 * SECOND
PORT: Final = 7701


class Rivals:
    """`run` once."""

    def __init__(self, seed: int, faults: Sequence[Fault]) -> None:
        self.timeline = Timeline(seed)
        self.seed = seed
        self._schedule = faults
        generator = self.timeline.random("rivals")
        self.network = Network(self.timeline)
        self.office = Office(self.network)
        self.office.connect = self._connect
        self.database = Database(self.timeline)
        self.machines = [Machine(self.timeline, name) for name in ("first", "second")]
        self.houses, self.traders = [], []
        for number, machine in enumerate(self.machines, 1):
            config, host = configuration(generator), f"127.0.0.{number}"
            config = msgspec.structs.replace(
                config,
                ports=msgspec.structs.replace(config.ports, host=host),
                standby=msgspec.structs.replace(config.standby, lease=DSN, lease_ms=LEASE_MS),
            )
            house = House(self.timeline, self.office, machine, config)
            house.on_live = partial(self._live, house)
            self.houses.append(house)
            endpoint = f"tcp://{host}:{PORT}"
            self.traders.append(Trader(self.network, endpoint, "alice", KEYS["alice"], 1, lambda problem: None))
        self.network.on_sent = self._sent
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()
        self.holders: list[str] = []  # whose machine acknowledged, where that changed
        self._generator = self.timeline.random("faults")

    def run(self) -> Outcome:
        """Do it."""
        began_s = time.process_time()
        try:
            for fault in self._schedule:
                self.timeline.at(fault.at_ns, partial(self._begin, fault))
            self.houses[0].start()
            for trader in self.traders:
                trader.begin()
            self.timeline.at(COPIED_NS, self._start_second)
            self.timeline.at(LONGEST_NS, self._heal)
            self.timeline.run(self._is_over)
            self._check_end()
        finally:
            nowhere.bury(*self.machines)
        acks = self.checked[PRIMARY]
        lives = sum(house.lives for house in self.houses)
        figures: dict[str, Any] = {"acked_seq": 0, "acks": acks, "checked": {one: self.checked[one] for one in ALL}}
        return Outcome(
            self.seed, self.violations, self.timeline.digest(), dict(self.happened), self.timeline.now_ns / 1e9,
            time.process_time() - began_s, lives, figures,
        )  # fmt: skip

    def _is_over(self) -> bool:
        """All is mended, and somebody is the primary, or had long enough to become it."""
        now_ns = self.timeline.now_ns
        return now_ns > LAST_NS or (now_ns > END_NS and any(house.is_live for house in self.houses))

    def _start_second(self) -> None:
        """A copy of the first one's files, without the note of who has claimed the lease: that is of its directory."""
        first, second = (machine.disk.root for machine in self.machines)
        found = first.names.get(DATA.name)
        if not isinstance(found, Folder):
            return
        market = copy.deepcopy(found)
        for names in (market.names, market.kept):
            names.pop("standby", None)
        second.names[DATA.name] = second.kept[DATA.name] = market
        self.houses[1].start()

    async def _connect(self, process: SimulatedProcess, dsn: str, **options: Any) -> SimulatedConnection:
        await asyncio.sleep(CONNECT_S)
        if not self.database.is_up:
            raise ConnectionRefusedError("there is no server there")
        return SimulatedConnection(self.database, lambda: not process.is_dead, lambda statement: None)

    # ------------------------------------------------------------ what is claimed

    def _violated(self, claim: str, text: str) -> None:
        self.violations.append(Violation(claim, text, self.timeline.now_ns))
        self.timeline.trace(f"VIOLATION {claim}: {text}")
        self.timeline.is_over = True

    def _sent(self, socket: SimulatedSocket, frame: Frame) -> None:
        """An acknowledgement leaves: only whose lease it is may do that."""
        if socket.is_market_data or frame[0][3] != FrameType.EVENTS:
            return
        self.checked[PRIMARY] += 1
        name = socket.process.machine.name
        rows = list(self.database.lease.rows.values())  # of one market
        holder = rows[0][1].partition("/")[0] if rows else ""
        if holder != name:
            self._violated(PRIMARY, f"machine {name} acknowledged, and the lease is that of {holder or 'nobody'}")
        if not self.holders or self.holders[-1] != name:
            self.holders.append(name)

    def _live(self, house: House, engine: Engine) -> None:
        self.timeline.trace(f"{house.machine.name} is the primary")

    def _check_end(self) -> None:
        """Somebody is the primary at the end."""
        self.checked[ENDS] += 1
        if not self.violations and not any(house.is_live for house in self.houses):
            said = [house.messages[-2:] for house in self.houses]
            self._violated(ENDS, f"nobody is the primary at the end: {said}")

    # ------------------------------------------------------------ what breaks

    def _begin(self, fault: Fault) -> None:
        live = [house for house in self.houses if house.process is not None]
        house = live[0] if len(live) == 1 or (live and self._generator.random() < 0.7) else live[-1] if live else None
        if house is None or house.process is None:
            return
        self.happened[fault.kind] += 1
        self.timeline.trace(f"fault {fault}")
        arguments = fault.arguments
        if fault.kind == "process stalls":
            house.process.stall(arguments["ms"] * MS)
        elif fault.kind == "crash" and arguments["how"] == "power":
            self.office.cut_power(house.machine, self._generator)
            house.gone()
        elif fault.kind == "crash":
            house.kill()
        elif fault.kind == "stop in order":
            if house.engine is not None:
                house.engine.shut_down()
        elif fault.kind == "database gone":
            self.database.stop()
            self.timeline.after(arguments["ms"] * MS, self._database_is_back)
        elif fault.kind == "database slow":
            self.database.slowness = arguments["factor"]
            self.timeline.after(arguments["ms"] * MS, self._database_is_back)
        elif fault.kind == "clock jump":
            house.machine.skew_ns += arguments["ns"]
        else:
            for link in list(self.network.links):
                link.cut()

    def _database_is_back(self) -> None:
        self.database.is_up = True
        self.database.slowness = 1.0

    def _heal(self) -> None:
        self._database_is_back()
        for trader in self.traders:
            trader.is_trading = self.timeline.now_ns < LONGEST_NS
