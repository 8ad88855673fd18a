"""One run of two machines: a primary, and a hot standby that follows it by its journal and takes its place."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec

from engine.config import Config
from engine.config.accounts import Operator
from engine.journal import chain
from engine.journal.errors import JournalError
from engine.journal.verify import verify
from engine.process import Engine
from engine.simulate.claims import ALL, DAMAGE, ENDS, GAPLESS, PRIMARY, STATE
from engine.simulate.clients.seeker import Seeker
from engine.simulate.house import DATA, KEYS, PORTS, configuration
from engine.simulate.outcome import Outcome
from engine.simulate.postgres.connection import SimulatedConnection
from engine.simulate.postgres.database import Database
from engine.simulate.projection import CONNECT_S, DSN
from engine.simulate.schedule import LONGEST_NS, Fault
from engine.simulate.standbys.claims import STREAM_PORT, PairClaims
from engine.simulate.standbys.faults import PairFaults
from engine.simulate.standbys.operators import Operators
from engine.simulate.standbys.seat import PRIMARY as THE_PRIMARY
from engine.simulate.standbys.seat import STANDBY, TOKEN, Seat
from engine.simulate.world import nowhere
from engine.simulate.world.network import Network
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import MS, SECOND, Timeline
from engine.standby.gate import GuardedGate
from engine.standby.process import Standby

LOOK_NS: Final = 50 * MS
CALM_NS: Final = 30 * SECOND  # after the last fault; by then all must be settled
TRADERS: Final = ("alice", "bob")
HOSTS: Final = ("127.0.0.1", "127.0.0.2")


class FarConnection:
    """A connection to the lease's database over a network that may not lead there for a while: what is said meanwhile
    arrives then, and so does the answer."""

    def __init__(self, connection: SimulatedConnection, network: Network, machine: str) -> None:
        self._connection, self._network, self._machine = connection, network, machine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, statement: str, *values: Any) -> str:
        await self._reach()
        done = await self._connection.execute(statement, *values)
        await self._reach()
        return done

    async def fetchrow(self, statement: str, *values: Any) -> Any:
        await self._reach()
        found = await self._connection.fetchrow(statement, *values)
        await self._reach()
        return found

    async def _reach(self) -> None:
        await reach(self._network, self._machine)


async def reach(network: Network, machine: str) -> None:
    """Wait until there is a way to the database."""
    left_ns = network.apart_until_ns(machine, "database") - network.timeline.now_ns
    if left_ns > 0:
        await asyncio.sleep(left_ns / 1e9)


class Pair:
    """`run` once."""

    def __init__(self, seed: int, faults: Sequence[Fault]) -> None:
        self.timeline = Timeline(seed)
        self.seed = seed
        self._schedule = faults
        generator = self.timeline.random("pair")
        self.network = Network(self.timeline)
        self.network.has_intake = generator.random() < 0.7
        self.office = Office(self.network, has_rings=generator.random() < 0.6)
        self.office.connect = self._connect
        self.database = Database(self.timeline)
        config = _configuration(generator)
        self.is_sync = config.standby.is_sync
        self.seats: list[Seat] = []
        for number, (name, role) in enumerate((("first", THE_PRIMARY), ("second", STANDBY))):
            own, other = HOSTS[number], HOSTS[1 - number]
            of = ",".join(f"tcp://{other}:{port}" for port in PORTS.values())
            theirs = msgspec.structs.replace(config, ports=msgspec.structs.replace(config.ports, host=own))
            self.seats.append(Seat(self.timeline, self.office, Machine(self.timeline, name), theirs, role, of))
        self.claims = PairClaims(self.timeline, self.seats, self.database, is_sync=self.is_sync)
        promotes = config.standby.promote == "operator"
        self.operators = Operators(self.timeline, self.office, self.seats, self.claims, promotes=promotes)
        self.faults = PairFaults(
            self.timeline, self.office, self.seats, self.database, self.claims, self.operators
        )  # fmt: skip
        endpoints = [f"tcp://{host}:{PORTS['orders']}" for host in HOSTS]
        self.traders = [
            Seeker(self.network, endpoints, name, KEYS[name], number, self._problem)
            for number, name in enumerate(TRADERS, 1)
        ]
        self.network.on_sent = self.claims.sent
        for seat in self.seats:
            seat.on_live = partial(self._live, seat)
            seat.on_follows = partial(self._follows, seat)
            seat.on_promoted = partial(self._promoted, seat)
        self._begins_ns = generator.choice((0, 30, 200)) * MS  # the standby
        self._is_calm = False
        self._until_ns = 0
        self.compared = 0

    def run(self) -> Outcome:
        """Do it. Never raises for what the run shows: that is in the outcome."""
        began_s = time.process_time()
        try:
            self.faults.arm(self._schedule)
            self.seats[0].start()
            self.timeline.at(self._begins_ns, self.seats[1].start)
            for trader in self.traders:
                trader.begin()
            self.operators.begin()
            self.timeline.after(LOOK_NS, self._look)
            self.timeline.at(LONGEST_NS, self._calm_down)
            self.timeline.run(lambda: False)
        finally:
            nowhere.bury(*(seat.machine for seat in self.seats))
        acked = max(self.claims.acked, default=0)
        checked = {one: self.claims.checked[one] for one in ALL}
        figures: dict[str, Any] = {
            "acked_seq": acked, "acks": len(self.claims.told), "checked": checked,
            "lost": self.claims.lost_commands, "compared": self.compared, "forced": self.operators.forced,
            "wiped": self.operators.wiped, "cuts": self.operators.cuts, "refusals": self.operators.refusals,
        }  # fmt: skip
        return Outcome(
            self.seed, self.claims.violations, self.timeline.digest(), dict(self.faults.happened),
            self.timeline.now_ns / 1e9, time.process_time() - began_s, sum(seat.lives for seat in self.seats), figures,
        )  # fmt: skip

    async def _connect(self, process: SimulatedProcess, dsn: str, **options: Any) -> FarConnection:
        name = process.machine.name
        await asyncio.sleep(CONNECT_S)
        await reach(self.network, name)
        if not self.database.is_up:
            raise ConnectionRefusedError("there is no server there")
        made = SimulatedConnection(self.database, lambda: not process.is_dead, lambda statement: None)
        return FarConnection(made, self.network, name)

    # ------------------------------------------------------------ what is watched

    def _problem(self, what: str) -> None:
        self.claims.violated(GAPLESS, what)

    def _live(self, seat: Seat, engine: Engine) -> None:
        self.timeline.trace(f"{seat.machine.name} is the primary")
        self.faults.came_up(seat)
        self.operators.is_primary(seat)
        self.claims.live(seat, engine)

    def _follows(self, seat: Seat, standby: Standby) -> None:
        self.faults.came_up(seat)
        self.claims.follows(seat, standby)

    def _promoted(self, seat: Seat, standby: Standby) -> None:
        """One that has computed wrongly since its state was compared last cannot know it: its machine breaks down."""
        if seat.machine.name in self.claims.wrong:
            self.timeline.after(0, seat.kill)

    def _look(self) -> None:
        """Now and then: what both are, how many may acknowledge, whether somebody found an error."""
        if not self._is_calm:
            self.timeline.after(LOOK_NS, self._look)
        for seat in self.seats:
            self.claims.compare(seat)
            for trouble in seat.process.troubles if seat.process is not None else ():
                self.claims.violated(ENDS, f"{trouble.get('message')}: {trouble.get('exception')!r}")
                return
        self.claims.settle()
        self.claims.checked[PRIMARY] += 1
        good = [seat.machine.name for seat in self.seats if _may_acknowledge(seat)]
        if len(good) > 1:
            self.claims.violated(PRIMARY, "both machines may acknowledge")

    # ------------------------------------------------------------ the end

    def _calm_down(self) -> None:
        """No more faults: all must be settled soon."""
        self.faults.heal()
        for trader in self.traders:
            trader.is_trading = False
        self._until_ns = self.timeline.now_ns + CALM_NS
        self._look_at_the_end()

    def _look_at_the_end(self) -> None:
        why = self._why_not_settled()
        if why is None:
            self._is_calm = True
            self._check_end()
            self.timeline.is_over = True
        elif self.timeline.now_ns > self._until_ns:
            self.claims.violated(ENDS, f"{why}, {CALM_NS // SECOND} s after the last fault")
        else:
            self.timeline.after(LOOK_NS, self._look_at_the_end)

    def _why_not_settled(self) -> str | None:
        """What is still under way; None where nothing is."""
        said = [seat.messages[-2:] for seat in self.seats]
        live = [seat for seat in self.seats if seat.engine is not None]
        if len(live) != 1:
            return f"{len(live)} machines are the primary: {said}"
        engine = live[0].engine
        other = next(seat for seat in self.seats if seat is not live[0])
        standby = other.standby
        assert engine is not None
        if standby is None or not other.hears:
            return f"the standby does not follow: {said}"
        market = engine.market
        if len(market.gate) or market.journal.durable_seq < market.core.seq:
            return f"the journal is behind: {said}"
        if standby.following.core.seq < market.core.seq:
            return "the standby is behind"
        if other.machine.name in self.claims.wrong:
            return "the standby has computed wrongly, and goes on"
        if standby.following.compared_seq < market.core.seq:
            return f"the states were compared after {standby.following.compared_seq}, and not after {market.core.seq}"
        for trader in self.traders:
            if not trader.is_settled:
                return f"{trader.name} has no answer to something, or is not online"
            if trader.last_account_seq < market.streams.range(trader.account)[1]:
                return f"{trader.name} does not have all events"
        return None

    def _check_end(self) -> None:
        """What everybody knows is what is."""
        live = next(seat for seat in self.seats if seat.engine is not None)
        other = next(seat for seat in self.seats if seat is not live)
        assert live.engine is not None and other.standby is not None
        market = live.engine.market
        self.claims.checked[ENDS] += 1
        self.compared = other.standby.following.compared_seq
        self.claims.compare(live)
        self.claims.settle()
        self.claims.check_standby(other)
        if market.core.state_hash() != other.standby.following.core.state_hash():
            self.claims.violated(STATE, "the states are not the same at the end")
        for trader in self.traders:
            self.claims.checked[GAPLESS] += 1
            last = market.streams.range(trader.account)[1]
            there = {number: self.claims.told.get((trader.account, number)) for number in range(1, last + 1)}
            wanted = [one[1] for number, one in there.items() if one is not None and number not in trader.lost]
            if trader.events != wanted:
                pairs = zip(trader.events, wanted, strict=False)
                wrong = next((at for at, (a, b) in enumerate(pairs) if a != b), len(wanted))
                self.claims.violated(
                    GAPLESS,
                    f"{trader.name} has {len(trader.events)} events, {len(wanted)} were told by this market, and from "
                    f"{wrong + 1} on they are others; {len(trader.lost)} lost, {len(trader.forgotten)} forgotten",
                )
        for seat in self.seats:
            self._audit(seat)

    def _audit(self, seat: Seat) -> None:
        """What anybody can check on a disk."""
        self.claims.checked[DAMAGE] += 1
        process = self.office.start(seat.machine, "auditor")
        problems: list[str] = []
        with process.entered():
            first = min(self.claims.truths[seat.machine.name].known(), default=1)
            found = verify(DATA, replay=first == 1)  # what begins with a snapshot cannot be replayed alone
            problems = [found.error or ""]
            if not self.faults.happened["standby computes wrongly"]:  # it may have saved what it had computed
                problems += [str(one["problem"] or "") for one in found.snapshots]
            try:
                chain.check(DATA / "journal", found.last_seq)
            except JournalError as error:
                problems.append(str(error))
        self.office.end(process)
        if any(problems):
            self.claims.violated(DAMAGE, f"the disk of {seat.machine.name} is whole, and verify says: {problems}")


def _may_acknowledge(seat: Seat) -> bool:
    if seat.engine is None or seat.process is None:
        return False
    gate = seat.engine.market.gate
    with seat.process.entered():
        return isinstance(gate, GuardedGate) and gate.is_good
    return False


def _configuration(generator: random.Random) -> Config:
    """Of both machines: answers wait for the standby or not, it is promoted by itself or by people."""
    config = configuration(generator)
    standby = msgspec.structs.replace(
        config.standby,
        mode=generator.choice(("sync", "async")),
        when_gone=generator.choice(("wait", "async")),
        gone_after_ms=generator.choice((40, 150, 500)),
        checkpoint_s=generator.choice((0.1, 0.2, 0.4)),
        lease=DSN,
        lease_ms=generator.choice((200, 300, 600)),
        promote=generator.choice(("operator", "supervised")),
        promote_after_ms=generator.choice((100, 200, 400)),
    )
    return msgspec.structs.replace(
        config,
        standby=standby,
        ports=msgspec.structs.replace(config.ports, standby=STREAM_PORT),
        operator=[Operator("ops", TOKEN)],
    )
