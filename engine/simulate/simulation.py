"""One run: a market, its clients, and a schedule of faults, all of it from one seed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from engine.journal import chain
from engine.journal.errors import JournalDamaged, JournalError
from engine.journal.verify import verify
from engine.process import Engine
from engine.simulate import claims
from engine.simulate.claims import Claims
from engine.simulate.clients.onlooker import Onlooker
from engine.simulate.clients.trader import Trader
from engine.simulate.damage import Damage
from engine.simulate.ending import check_end, why_not_settled
from engine.simulate.faults import Faults
from engine.simulate.house import DATA, ENDPOINTS, KEYS, TRADERS, House, configuration
from engine.simulate.journal_truth import JournalTruth
from engine.simulate.outcome import Outcome
from engine.simulate.postgres.database import Database
from engine.simulate.projection import Projection, content_anew
from engine.simulate.schedule import LONGEST_NS, Fault
from engine.simulate.world import nowhere
from engine.simulate.world.disk import File
from engine.simulate.world.network import Network
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine
from engine.simulate.world.timeline import MS, SECOND, Timeline

LOOK_NS: Final = 50 * MS
WRONG: Final = ("an error inside the engine", "a frame was not handled")  # what its log must never say
CALM_NS: Final = 30 * SECOND  # after the last fault; by then all must be settled


class Simulation:
    """`run` once."""

    def __init__(self, seed: int, faults: Sequence[Fault]) -> None:
        self.timeline = Timeline(seed)
        self.seed = seed
        self._schedule = faults
        generator = self.timeline.random("market")
        self.network = Network(self.timeline)
        self.office = Office(
            self.network, cores=1 if generator.random() < 0.9 else 2, has_rings=generator.random() < 0.6
        )
        self.network.has_intake = generator.random() < 0.7  # else frames are taken by Python
        self.machine = Machine(self.timeline, "market")
        self.house = House(self.timeline, self.office, self.machine, configuration(generator))
        self.projection = Projection(self.timeline, self.office, self.machine, Database(self.timeline))
        self.truth = JournalTruth(self.machine.disk, *DATA.parts[1:], "journal")
        self.claims = Claims(self.timeline, self.truth)
        self.traders = [
            Trader(self.network, ENDPOINTS["orders"], name, KEYS[name], number, self._problem)
            for number, name in enumerate(TRADERS, 1)
        ]
        self.onlooker = Onlooker(self.network, ENDPOINTS, self._problem)
        self.damage = Damage(self.office, self.machine, self.truth, self.claims, self.timeline.random("damage"))
        self.projection.on_wrong = self._database_is_wrong
        self.faults = Faults(
            self.timeline, self.office, self.machine, self.house, self.projection, self.damage, self.traders
        )
        self.network.on_sent = self.claims.sent
        self.machine.disk.on_synced = self._synced
        self.house.before_start = self.claims.starts
        self.house.on_live = self._live
        self.house.on_refused = self._refused
        self._is_calm = False

    def run(self) -> Outcome:
        """Do it. Never raises for what the run shows: that is in the outcome."""
        began_s = time.process_time()
        try:
            self.faults.arm(self._schedule)
            self.house.start()
            self.projection.start()
            for trader in self.traders:
                trader.begin()
            self.onlooker.begin()
            self.timeline.after(LOOK_NS, self._look)
            self.timeline.at(LONGEST_NS, self._calm_down)
            self.timeline.run(lambda: False)
        finally:
            nowhere.bury(self.machine)
        return Outcome(
            self.seed,
            self.claims.violations,
            self.timeline.digest(),
            self.faults.happened,
            self.timeline.now_ns / 1e9,
            time.process_time() - began_s,
            self.house.lives,
            {**self.claims.figures(), "done": self.timeline.done, "sent": sum(one.sent for one in self.traders)},
        )

    # ------------------------------------------------------------ what is watched

    def _problem(self, what: str) -> None:
        self.claims.violated(claims.GAPLESS, what)

    def _synced(self, path: str, file: File) -> None:
        if "/journal/" in path:
            self.truth.synced(file)
            self.claims.settle()
            self.damage.synced()

    def _live(self, engine: Engine) -> None:
        self.damage.went_on()
        core = engine.market.core
        self.claims.began(core.seq, core.state_hash())

    def _refused(self, error: Exception) -> None:
        """A start was refused: for damage, or for what a fault still does."""
        if not self.damage.refused(error) and isinstance(error, JournalDamaged):
            self.claims.violated(claims.DAMAGE, f"the disk is whole, and the refused start says: {error}")

    def _look(self) -> None:
        """Now and then: what the engine is, and whether somebody found an error."""
        if not self._is_calm:
            self.timeline.after(LOOK_NS, self._look)
        engine, process = self.house.engine, self.house.process
        if engine is not None:
            core = engine.market.core
            self.claims.compare(core.seq, core.state_hash())
        for trouble in process.troubles if process is not None else ():
            self.claims.violated(claims.ENDS, f"{trouble.get('message')}: {trouble.get('exception')!r}")
            break
        for level, event, values in self.house.messages:
            if level == "error" and event in WRONG:
                self.claims.violated(claims.ENDS, f"the engine says: {event} {values}")
                break

    # ------------------------------------------------------------ the end

    def _calm_down(self) -> None:
        """No more faults: all must be settled soon."""
        self.faults.heal()
        for trader in self.traders:
            trader.is_trading = False
        self._until_ns = self.timeline.now_ns + CALM_NS
        self._look_at_the_end()

    def _look_at_the_end(self) -> None:
        why = why_not_settled(self.house, self.traders, self.onlooker, self.projection)
        if why is None:
            self._is_calm = True
            check_end(self.claims, self.house, self.traders, self.onlooker)
            self._check_database()
            self._audit()
            self.timeline.is_over = True
        elif self.timeline.now_ns > self._until_ns:
            self.claims.violated(claims.ENDS, f"{why}, {CALM_NS // SECOND} s after the last fault")
        else:
            self.timeline.after(LOOK_NS, self._look_at_the_end)

    def _database_is_wrong(self, why: str) -> None:
        # Damage that it has read before the file was put right is no fault of the database.
        if not self.damage.has_been or "is not what was written" not in why:
            self.claims.violated(claims.ONCE, why)

    def _check_database(self) -> None:
        """It holds what one holds that got everything at once."""
        self.claims.checked[claims.ONCE] += 1
        database = self.projection.database
        last_seq = database.watermark["seq"] if database.watermark is not None else 0
        wanted, found = content_anew(self.timeline, self.office, self.machine, last_seq), database.content()
        for name in sorted({*wanted, *found}):
            if wanted.get(name, []) != found.get(name, []):
                ours, theirs = len(found.get(name, [])), len(wanted.get(name, []))
                text = f"the table {name} has {ours} rows, a projection of all at once {theirs}, or others"
                self.claims.violated(claims.ONCE, text)
                return

    def _audit(self) -> None:
        """What anybody can check on the disk: all records, all snapshots, all links of the audit chain."""
        self.claims.checked[claims.DAMAGE] += 1
        process = self.office.start(self.machine, "auditor")
        with process.entered():
            found = verify(DATA, replay=True)
            try:
                chain.check(DATA / "journal", found.last_seq)
            except JournalError as error:
                found.error = found.error or str(error)
        self.office.end(process)
        problems = [found.error, *(one["problem"] for one in found.snapshots)]
        if any(problems):
            self.claims.violated(claims.DAMAGE, f"the disk is whole, and verify says: {problems}")
