"""A machine's place in a pair: what runs on it is the primary, or a standby that follows the other machine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from openbell.connection import SocketSettings

from engine.config import Config
from engine.process import FAILURES
from engine.simulate.house import DATA, RESTART_NS, House, Quiet
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import Timeline
from engine.standby.process import Standby

PRIMARY: Final = "primary"
STANDBY: Final = "standby"
TOKEN: Final = "the-token-of-the-operators"


class Seat(House):
    """As a House. `role`: what is started next; `of`: the endpoints of the other machine's market.

    on_follows(standby): it follows, or tries to. on_promoted(standby): it is to be the primary now.
    """

    def __init__(
        self, timeline: Timeline, office: Office, machine: Machine, config: Config, role: str, of: str
    ) -> None:  # fmt: skip
        super().__init__(timeline, office, machine, config)
        self.role, self.of = role, of
        self.standby: Standby | None = None
        self.from_snapshot = False
        self.away_until_ns = 0  # the machine is switched off
        self.on_follows: Callable[[Standby], None] = lambda standby: None
        self.on_promoted: Callable[[Standby], None] = lambda standby: None

    async def _live(self, process: SimulatedProcess) -> None:
        if self.role == PRIMARY:
            await super()._live(process)
        else:
            await self._follow(process)

    async def _follow(self, process: SimulatedProcess) -> None:
        """As `openbell standby` does."""
        standby = Standby(
            DATA, self.config, self.of, from_snapshot=self.from_snapshot, log=Quiet(self._told),
            settings=SocketSettings(), token=TOKEN,
        )  # fmt: skip
        process.keep(standby)
        try:
            await standby.start()
        except FAILURES as error:
            self.timeline.trace(f"{process.name} did not start")
            self._ended(process)
            self.on_refused(error)
            return
        self.standby, self._pause_ns = standby, RESTART_NS
        self.timeline.trace(f"{process.name} follows from {standby.following.core.seq}")
        self.on_follows(standby)
        await standby.wait()
        if standby.promotion.begun is not None and standby.failure is None:
            await self._promote(process, standby)
            return
        await standby.stop()
        self.standby = None
        self.timeline.trace(f"{process.name} stopped: {standby.failure}")
        self._ended(process)
        if standby.failure is not None:
            self.on_failed(standby.failure)

    async def _promote(self, process: SimulatedProcess, standby: Standby) -> None:
        self.role = PRIMARY
        self.on_promoted(standby)
        self.standby = None
        try:
            engine = await standby.become_primary()
        except FAILURES as error:
            self.timeline.trace(f"{process.name} did not become the primary")
            self._ended(process)
            self.on_refused(error)
            return
        process.keep(engine)
        await self._serve(process, engine)

    def gone(self) -> None:
        """The process is no more."""
        self.standby = None
        super().gone()

    def start(self) -> None:
        """A new process, when the machine is on."""
        if self.timeline.now_ns < self.away_until_ns:
            self.timeline.at(self.away_until_ns, super().start)
            self._start_is_due = True
        else:
            super().start()

    @property
    def hears(self) -> bool:
        """It is a standby that is connected to its primary."""
        return self.standby is not None and self.standby.view.is_heard

    def seq(self) -> int | None:
        """As far as it is applied; None where nothing runs."""
        if self.engine is not None:
            return self.engine.market.core.seq
        return None if self.standby is None else self.standby.following.core.seq
