"""The projector of a simulation: the real one in a process of its own, started again whenever it ended."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import asyncpg

from engine.journal.errors import JournalError
from engine.projector.service import Projector
from engine.projector.sink import SPAN, Sink
from engine.projector.source import Source
from engine.simulate.house import DATA
from engine.simulate.postgres.connection import NOTICE_S, Failing, SimulatedConnection
from engine.simulate.postgres.database import Database
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import MS, Timeline
from engine.store.embedded import StoreError

DSN: Final = "postgresql://market@simulated/market"
RESTART_NS: Final = 100 * MS
CONNECT_S: Final = 0.002
MOST_COMMANDS: Final = 60  # in a batch: many transactions


class Projection:
    """Has a projector run on a machine. `failed`: why the last ones ended by themselves."""

    def __init__(self, timeline: Timeline, office: Office, machine: Machine, database: Database) -> None:
        self.timeline, self.office, self.machine, self.database = timeline, office, machine, database
        self.projector: Projector | None = None
        self.process: SimulatedProcess | None = None
        self.failed: list[str] = []
        self.on_wrong: Callable[[str], None] = lambda why: None  # the database is not what the journal gave
        self.meddle: Callable[[str], Failing | None] = lambda statement: None
        self._number = 0
        self._connections: list[tuple[SimulatedProcess, SimulatedConnection]] = []
        office.connect = self.connect

    async def connect(self, process: SimulatedProcess, dsn: str, **options: Any) -> SimulatedConnection:
        """As asyncpg.connect."""
        await asyncio.sleep(CONNECT_S)
        if not self.database.is_up:
            raise ConnectionRefusedError("there is no server there")
        made = SimulatedConnection(self.database, lambda: not process.is_dead, lambda words: self.meddle(words))
        self._connections.append((process, made))
        return made

    def start(self) -> None:
        """A new process, with a new projector."""
        if self.process is not None:
            return
        self._number += 1
        self.process = process = self.office.start(self.machine, f"projector{self._number}")
        process.start(self._run(process))

    async def _run(self, process: SimulatedProcess) -> None:
        projector = self.projector = Projector(DATA, DSN, told=lambda line: None)
        process.keep(projector)
        try:
            await projector.follow()
        except (StoreError, JournalError, asyncpg.PostgresError, OSError, ValueError) as error:
            self.failed.append(str(error))
            self.timeline.trace(f"{process.name} ended: {error}")
            if (isinstance(error, StoreError) and "seq" in str(error)) or isinstance(error, asyncpg.PostgresError):
                self.on_wrong(f"the projector ended: {error}")
        self.office.end(process)
        self.ended(process)

    def ended(self, process: SimulatedProcess) -> None:
        """A process is no more; where it was the projector's another one is started."""
        for of, connection in list(self._connections):
            if of is process:
                self._connections.remove((of, connection))
                self.timeline.after(round(NOTICE_S * 1e9), connection.end)
        if process is self.process:
            self.process = self.projector = None
            self.timeline.after(RESTART_NS, self.start)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            process = self.process
            self.office.end(process)
            self.ended(process)


def content_anew(timeline: Timeline, office: Office, machine: Machine, last_seq: int) -> dict[str, Any]:
    """What a database holds that gets all of the journal from the beginning on, in one piece, and nothing breaks."""
    database = Database(timeline)
    database.generator = random.Random(0)
    process = office.start(machine, "clerk")
    done = [False]

    async def project() -> None:
        sink = Sink(SimulatedConnection(database, lambda: True, lambda statement: None))
        found = Source(DATA, 0, b"", SPAN)
        await sink.open(found.market_id)
        while found.seq < last_seq and (batch := found.next(last_seq)) is not None:
            await sink.write(batch)
        found.close()
        done[0] = True

    process.start(project())
    timeline.run(lambda: done[0] or bool(process.troubles))
    office.end(process)
    if not done[0]:
        raise RuntimeError(f"the journal could not be projected: {process.troubles}")
    return database.content()
