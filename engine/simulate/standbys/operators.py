"""People who look after a pair of machines, and do what its processes tell them to do."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from engine.journal.cut import cut
from engine.journal.errors import JournalDamaged, JournalError
from engine.lock import InUse, MarketLock
from engine.ports.frames import FrameError
from engine.simulate.claims import DAMAGE, LOST, STATE
from engine.simulate.house import DATA
from engine.simulate.standbys.claims import PairClaims
from engine.simulate.standbys.seat import PRIMARY, STANDBY, Seat
from engine.simulate.world.office import Office
from engine.simulate.world.process import SimulatedProcess
from engine.simulate.world.timeline import MS, SECOND, Timeline
from engine.standby.process import Standby
from engine.world import files

LOOK_NS: Final = 25 * MS
ASKED_AGAIN_NS: Final = 200 * MS
STUCK_NS: Final = 3 * SECOND  # without a primary: somebody starts one
BEGIN_ANEW: Final = ("one of the two was changed", "the standby is ahead", "which is not here any more")
CUT: Final = re.compile(r"journal cut --after (\d+)")


class Operators:
    """`promotes`: whether they, and not the standby itself, see to it that there is a primary.

    on_damage(seat, text): a process has named damage; whether there is some.
    """

    def __init__(
        self, timeline: Timeline, office: Office, seats: Sequence[Seat], claims: PairClaims, *, promotes: bool
    ) -> None:  # fmt: skip
        self.timeline, self.office, self.seats, self.claims, self.promotes = timeline, office, seats, claims, promotes
        self.generator: random.Random = timeline.random("operators")
        self.patience_ns = self.generator.randint(60, 400) * MS
        self.refusals: list[str] = []  # of promotions
        self.wiped = self.forced = self.cuts = 0
        self.on_damage: Callable[[Seat, str], bool] = lambda seat, text: False
        self._down_ns: int | None = None  # since when there is no primary
        self._asked: dict[str, tuple[SimulatedProcess, int]] = {}
        self._was_primary: set[str] = set()  # machines whose journal may have what no other one has
        for seat in seats:
            seat.on_refused = partial(self._refused, seat)
            seat.on_failed = partial(self._heard, seat)

    def begin(self) -> None:
        """Look after them from now on."""
        self.timeline.after(LOOK_NS, self._look)

    def is_primary(self, seat: Seat) -> None:
        """That is the primary now."""
        self._was_primary.add(seat.machine.name)

    def _look(self) -> None:
        self.timeline.after(LOOK_NS, self._look)
        now_ns = self.timeline.now_ns
        if any(seat.is_live for seat in self.seats):
            self._down_ns = None
            return
        self._down_ns = now_ns if self._down_ns is None else self._down_ns
        down_ns = now_ns - self._down_ns
        if self.promotes and down_ns > self.patience_ns:
            for seat in self.seats:
                self.ask(seat, "the primary is gone")
        if down_ns > STUCK_NS and all(seat.role == STANDBY for seat in self.seats):
            self._start_one()

    def _start_one(self) -> None:
        """Nobody is to be the primary: a standby was ended while it took the lease, as the refusal of the other tells.
        The market goes on there."""
        row = next(iter(self.claims.database.lease.rows.values()))
        best = next((seat for seat in self.seats if row[2].startswith(seat.config.ports.host)), self.seats[0])
        self.forced += 1
        self.timeline.trace(f"{best.machine.name} is started as the primary")
        best.role, self._down_ns = PRIMARY, None
        best.kill()

    # ------------------------------------------------------------ promotions

    def ask(self, seat: Seat, reason: str) -> None:
        """Have a standby become the primary."""
        process, standby, now_ns = seat.process, seat.standby, self.timeline.now_ns
        if process is None or standby is None:
            return
        asked = self._asked.get(seat.machine.name)
        if asked is not None and asked[0] is process and asked[1] > now_ns:
            return
        self._asked[seat.machine.name] = process, 1 << 62
        process.start(self._ask(seat, process, standby, reason))

    async def _ask(self, seat: Seat, process: SimulatedProcess, standby: Standby, reason: str) -> None:
        name = seat.machine.name
        try:
            told = await standby.promote("ops", reason)
        except FrameError as error:
            self.refusals.append(error.code)
            self.timeline.trace(f"the promotion of {name} was refused: {error.code}")
        else:
            self.claims.handed_over[name], self.claims.missing[name] = told["handed_over"], told["missing"]
            self.timeline.trace(f"{name} is promoted: {told}")
        self._asked[name] = process, self.timeline.now_ns + ASKED_AGAIN_NS

    # ------------------------------------------------------------ what processes say when they end

    def _refused(self, seat: Seat, error: Exception) -> None:
        if isinstance(error, JournalDamaged):
            self._damaged(seat, str(error))
        else:
            self._heard(seat, str(error))

    def _damaged(self, seat: Seat, text: str) -> None:
        if not self.on_damage(seat, text):
            self.claims.violated(DAMAGE, f"the disk of {seat.machine.name} is whole, and a process says: {text}")
        elif seat.role == STANDBY:
            self._wipe(seat)

    def _heard(self, seat: Seat, why: str) -> None:
        """A process has ended, and said why."""
        name = seat.machine.name
        self.timeline.trace(f"{name} says: {why}")
        if "it is not the primary any more" in why or "another one has been the primary since" in why:
            seat.role = STANDBY
        elif "the journals are the same: one of the two computed wrongly" in why:
            self.claims.checked[STATE] += 1
            if self.claims.wrong.pop(name, None) is None:
                self.claims.violated(STATE, f"{name} says that it computed wrongly, and did not")
        elif (found := CUT.search(why)) is not None:
            self._may_differ(seat, why)
            self._cut(seat, int(found[1]))
        elif any(words in why for words in BEGIN_ANEW):
            if not self.on_damage(seat, why):
                self._may_differ(seat, why)
            self._wipe(seat)

    def _may_differ(self, seat: Seat, why: str) -> None:
        """Only who was the primary can have what the other one does not have."""
        if seat.machine.name not in self._was_primary:
            self.claims.violated(LOST, f"{seat.machine.name} only ever followed, and is told: {why}")

    # ------------------------------------------------------------ what they do then

    def _wipe(self, seat: Seat) -> None:
        """Begin with an empty directory."""
        self.wiped += 1
        self._was_primary.discard(seat.machine.name)
        self.claims.ids.pop(seat.machine.name, None)
        self._do(seat, lambda: files.remove_tree(DATA))
        seat.from_snapshot = self.generator.random() < 0.5

    def _cut(self, seat: Seat, last_seq: int) -> None:
        """End its journal there, or begin anew."""
        if self.generator.random() < 0.3:
            self._wipe(seat)
            return
        self.cuts += 1

        def work() -> None:
            with MarketLock(DATA):
                cut(DATA, last_seq)

        self._do(seat, work)

    def _do(self, seat: Seat, work: Callable[[], None]) -> None:
        """With a tool, on its machine."""
        self.timeline.trace(f"somebody mends {seat.machine.name}")
        process = self.office.start(seat.machine, f"tool of {seat.machine.name}")
        with process.entered():
            try:
                work()
            except (JournalError, InUse, OSError) as error:
                self.timeline.trace(f"that fails: {error}")
        self.office.end(process)
