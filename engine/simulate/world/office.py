"""Makes processes: a machine's process with all its doors open on the simulated world."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine.simulate.world.network import Network, SimulatedZeroMQ
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.ring import SimulatedRing
from engine.simulate.world.system import Call, Effect, SimulatedSystem

FIRST_PID = 100


class Office:
    """Starts processes of machines that share a network. `meddle`: what faults make of a call of the system; `connect`:
    the database's, for a process; `has_rings`: whether kernels have io_uring; `cores`: of each machine."""

    def __init__(self, network: Network, *, cores: int = 1, has_rings: bool = True) -> None:
        self.network = network
        self.cores, self.has_rings = cores, has_rings
        self.meddle: Callable[[Call], Effect | None] = lambda call: None
        self.connect: Callable[..., Any] = _no_database
        self._pid = FIRST_PID

    def start(self, machine: Machine, name: str) -> SimulatedProcess:
        """A new process of this machine."""
        self._pid += 1
        process = machine.start(name)
        system = SimulatedSystem(process, self._pid, self.cores)
        system.meddle = self.meddle
        process.doors.update(
            system=system,
            locking=system,
            map=system.map,
            secrets=system,
            network=SimulatedZeroMQ(self.network, process),
            ring=functools.partial(SimulatedRing, process, system) if self.has_rings else _no_ring,
            connect=functools.partial(self.connect, process),
        )
        return process

    def end(self, process: SimulatedProcess) -> None:
        """kill -9, or the end that a process makes of itself: its connections break."""
        process.kill()
        self.network.died(process)

    def cut_power(self, machine: Machine, generator: Any) -> None:
        """All processes of a machine end, and what its disk had not synced may be lost."""
        processes = list(machine.processes)
        machine.cut_power(generator)
        for process in processes:
            self.network.died(process)


def _no_ring(event: int, capacity: int) -> None:
    return None


async def _no_database(process: SimulatedProcess, dsn: str, **options: Any) -> Any:
    raise ConnectionRefusedError("there is no database here")
