"""Makes the faults of a schedule happen, and ends those that last."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import asyncpg

from engine.simulate.clients.stranger import poison_commands, poison_frame
from engine.simulate.clients.trader import Trader
from engine.simulate.damage import Damage
from engine.simulate.house import ENDPOINTS, House
from engine.simulate.postgres.connection import GONE, Failing
from engine.simulate.projection import Projection
from engine.simulate.schedule import Fault
from engine.simulate.world.disk import CAPACITY_BYTES
from engine.simulate.world.network import Link, Network
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.system import SYNCS, WRITES, Call, Effect
from engine.simulate.world.timeline import MS, US, Timeline

CALLS: Final = {"write": WRITES, "sync": SYNCS}
PLACES: Final = {"journal": "/journal/", "snapshot": "/snapshots/"}


@dataclass(slots=True)
class Trap:
    """Waits for calls of the system. times: so many it meddles with, after `skip` that it lets pass."""

    fault: Fault
    calls: tuple[str, ...]
    of: str
    make: Callable[[Call], Effect]
    times: int = 1
    skip: int = 0

    def takes(self, call: Call) -> bool:
        return (not self.calls or call.name in self.calls) and PLACES.get(self.of, "") in call.path


class Faults:
    """Of one run. `happened`: how often each kind really did something."""

    def __init__(
        self,
        timeline: Timeline,
        office: Office,
        machine: Machine,
        house: House,
        projection: Projection,
        damage: Damage,
        traders: Sequence[Trader],
    ) -> None:
        self.timeline, self.office, self.machine, self.house = timeline, office, machine, house
        self.projection, self.damage, self.traders = projection, damage, traders
        damage.cut_power, damage.note = self.cut_power, self.note
        self.network: Network = office.network
        self.generator = timeline.random("faults")
        self.happened: dict[str, int] = {}
        self._traps: list[Trap] = []
        self._deaf: list[Link] = []
        self._statements: list[list[Any]] = []  # fault, how many to let pass
        office.meddle = self._meddle
        projection.meddle = self._meddle_with_statement

    def arm(self, faults: Sequence[Fault]) -> None:
        """Have them happen when they are due."""
        for fault in faults:
            self.timeline.at(fault.at_ns, partial(self._begin, fault))

    def heal(self) -> None:
        """Nothing is broken any more."""
        self._traps.clear()
        self.damage.heal()
        self.machine.disk.slowness = 1.0
        self.machine.disk.taken_bytes = 0
        self.network.lag_ns = 0
        self._statements.clear()
        self.projection.database.is_up = True
        self.projection.database.slowness = 1.0
        for link in self._deaf:
            link.read_on()

    def note(self, fault: Fault) -> None:
        """It did something."""
        self.happened[fault.kind] = self.happened.get(fault.kind, 0) + 1
        self.timeline.trace(f"fault {fault}")

    def _begin(self, fault: Fault) -> None:
        if (action := getattr(self, f"_{fault.kind.replace(' ', '_')}", None)) is None:
            raise ValueError(f"there is no fault {fault.kind!r}")
        action(fault)

    def _for_a_while(self, fault: Fault, end: Callable[[], None]) -> None:
        self.note(fault)
        self.timeline.after(fault.arguments["ms"] * MS, end)

    # ------------------------------------------------------------ calls of the system

    def _meddle(self, call: Call) -> Effect | None:
        if (effect := self.damage.meddle(call)) is not None:
            return effect
        for trap in self._traps:
            if trap.takes(call):
                if trap.skip:
                    trap.skip -= 1
                    continue
                trap.times -= 1
                if not trap.times:
                    self._traps.remove(trap)
                self.note(trap.fault)
                return trap.make(call)
        return None

    def _crash(self, fault: Fault) -> None:
        self.note(fault)
        if fault.arguments["how"] == "power":
            self.cut_power()
        else:
            self.house.kill()

    def _crash_at_a_call(self, fault: Fault) -> None:
        how, when = fault.arguments["how"], fault.arguments["when"]

        def make(call: Call) -> Effect:
            crash = self.cut_power if how == "power" else lambda: self._kill(call.process)
            return Effect(crash_before=crash) if when == "before" else Effect(crash_after=crash)

        calls = CALLS.get(fault.arguments["call"], ("open", "rename", "unlink", "mkdir", *WRITES, *SYNCS))
        self._traps.append(Trap(fault, calls, fault.arguments["of"], make, skip=fault.arguments["skip"]))

    def _kill(self, process: SimulatedProcess) -> None:
        if process is self.house.process:
            self.house.kill()
        else:
            self.office.end(process)
            self.projection.ended(process)

    def cut_power(self) -> None:
        """The machine goes down and comes up again."""
        processes = list(self.machine.processes)
        self.damage.before_power_cut()
        self.office.cut_power(self.machine, self.generator)
        self.timeline.trace("the power was cut")
        if self.house.process in processes:
            self.house.gone()
        for process in processes:
            self.projection.ended(process)

    def _process_stalls(self, fault: Fault) -> None:
        """As with SIGSTOP, and SIGCONT later."""
        if self.house.process is not None:
            self.note(fault)
            self.house.process.stall(fault.arguments["ms"] * MS)

    def _stop_in_order(self, fault: Fault) -> None:
        if self.house.engine is not None:
            self.note(fault)
            self.house.engine.shut_down()

    def _fsync_error(self, fault: Fault) -> None:
        self._trap_error(fault, SYNCS, loses_pages=True)

    def _write_error(self, fault: Fault) -> None:
        self._trap_error(fault, WRITES)

    def _read_error(self, fault: Fault) -> None:
        self._trap_error(fault, ("pread",))

    def _trap_error(self, fault: Fault, calls: tuple[str, ...], loses_pages: bool = False) -> None:
        def make(call: Call) -> Effect:
            return Effect(error=errno.EIO, loses_pages=loses_pages)

        self._traps.append(Trap(fault, calls, fault.arguments["of"], make))

    def _short_writes(self, fault: Fault) -> None:
        self._trap_short(fault, WRITES)

    def _short_reads(self, fault: Fault) -> None:
        self._trap_short(fault, ("pread",))

    def _trap_short(self, fault: Fault, calls: tuple[str, ...]) -> None:
        def make(call: Call) -> Effect:
            return Effect(share=fault.arguments["share"])

        self._traps.append(Trap(fault, calls, "any", make, times=fault.arguments["times"]))

    def _bit_rot(self, fault: Fault) -> None:
        self.damage.rot(fault)

    def _lost_write(self, fault: Fault) -> None:
        self.damage.lie(fault)

    def _misdirected_write(self, fault: Fault) -> None:
        self.damage.lie(fault)

    # ------------------------------------------------------------ the machine

    def _disk_full(self, fault: Fault) -> None:
        disk = self.machine.disk
        disk.taken_bytes = max(0, CAPACITY_BYTES - disk.used_bytes() - fault.arguments["free_bytes"])

        def end() -> None:
            disk.taken_bytes = 0

        self._for_a_while(fault, end)

    def _slow_disk(self, fault: Fault) -> None:
        disk = self.machine.disk
        disk.slowness = fault.arguments["factor"]

        def end() -> None:
            disk.slowness = 1.0

        self._for_a_while(fault, end)

    def _clock_jump(self, fault: Fault) -> None:
        self.note(fault)
        self.machine.skew_ns += fault.arguments["ns"]

    # ------------------------------------------------------------ the database

    def _projector_killed(self, fault: Fault) -> None:
        self.note(fault)
        self.projection.kill()

    def _database_gone(self, fault: Fault) -> None:
        self.projection.database.stop()
        self._for_a_while(fault, self._database_is_back)

    def _database_crash(self, fault: Fault) -> None:
        self.projection.database.crash()
        self._for_a_while(fault, self._database_is_back)

    def _database_is_back(self) -> None:
        self.projection.database.is_up = True

    def _database_slow(self, fault: Fault) -> None:
        database = self.projection.database
        database.slowness = fault.arguments["factor"]

        def end() -> None:
            database.slowness = 1.0

        self._for_a_while(fault, end)

    def _statement_fails(self, fault: Fault) -> None:
        self._statements.append([fault, fault.arguments["skip"]])

    def _meddle_with_statement(self, statement: str) -> Failing | None:
        for one in self._statements:
            fault: Fault = one[0]
            if fault.arguments["of"] not in ("any", statement):
                continue
            if one[1]:
                one[1] -= 1
                continue
            self._statements.remove(one)
            self.note(fault)
            return _failing(fault.arguments["how"])
        return None

    # ------------------------------------------------------------ the network

    def _link(self, fault: Fault) -> Link | None:
        up = [link for link in self.network.links if link.is_up]
        return up[fault.arguments["which"] % len(up)] if up else None

    def _connection_lost(self, fault: Fault) -> None:
        if (link := self._link(fault)) is not None:
            self.note(fault)
            link.cut()

    def _all_connections_lost(self, fault: Fault) -> None:
        self.note(fault)
        for link in list(self.network.links):
            link.cut()

    def _slow_network(self, fault: Fault) -> None:
        self.network.lag_ns = fault.arguments["us"] * US

        def end() -> None:
            self.network.lag_ns = 0

        self._for_a_while(fault, end)

    def _client_does_not_read(self, fault: Fault) -> None:
        if (link := self._link(fault)) is not None:
            link.is_reading = False
            self._deaf.append(link)
            self._for_a_while(fault, link.read_on)

    def _frames_come_twice(self, fault: Fault) -> None:
        if (link := self._link(fault)) is not None:
            self.note(fault)
            link.duplicates += fault.arguments["times"]

    def _poison_frames(self, fault: Fault) -> None:
        """Somebody connects to a port and sends what nobody should."""
        ports = [port for port in ENDPOINTS if port != "market_data"]
        link = self.network.connect(ENDPOINTS[ports[fault.arguments["which"] % len(ports)]], "stranger")
        if link is not None:
            self.note(fault)
            for _ in range(10 * fault.arguments["times"]):
                link.send(*poison_frame(self.generator))

    def _poison_commands(self, fault: Fault) -> None:
        """A trader's program goes mad."""
        trader = self.traders[fault.arguments["which"] % len(self.traders)]
        if trader.link is not None and trader.desk.instruments:
            self.note(fault)
            for _ in range(fault.arguments["times"]):
                trader.link.send(poison_commands(self.generator, trader.account, trader.desk.reserve_ids(4)))

    def _frames_are_sent_again(self, fault: Fault) -> None:
        """What a client has sent arrives once more, after what it sent since, or over its next connection."""
        trader = self.traders[fault.arguments["which"] % len(self.traders)]
        frames = list(trader.latest)[-fault.arguments["times"] :]
        if frames and trader.link is not None:
            self.note(fault)
            for data in frames:
                trader.link.send(data)


def _failing(how: str) -> Failing:
    """What a statement gives instead of an answer."""
    if how == "deadlock":
        return Failing(asyncpg.DeadlockDetectedError("deadlock detected"))
    if how == "disk":
        return Failing(asyncpg.DiskFullError("could not extend file: No space left on device"))
    if how == "shutdown":
        return Failing(asyncpg.AdminShutdownError("terminating connection due to administrator command"), is_lost=True)
    return Failing(asyncpg.ConnectionDoesNotExistError(GONE), is_lost=True, after=how == "lost after")
