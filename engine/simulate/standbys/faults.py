"""What breaks around a primary and its standby: machines, disks, the network between them, the lease's database."""

from __future__ import annotations

import errno
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from openbell import wire
from openbell.wire import CommandKind

from engine.journal.commands import split
from engine.journal.verify import verify
from engine.simulate.claims import DAMAGE
from engine.simulate.damage import CHECKED_HEAD_BYTES, HEAD_BYTES, Wound, end_of, last_commit_of
from engine.simulate.faults import CALLS, Trap
from engine.simulate.house import DATA
from engine.simulate.postgres.database import Database
from engine.simulate.schedule import Fault
from engine.simulate.standbys.claims import PairClaims
from engine.simulate.standbys.operators import Operators
from engine.simulate.standbys.seat import Seat
from engine.simulate.world.disk import CAPACITY_BYTES
from engine.simulate.world.office import Office
from engine.simulate.world.system import SYNCS, WRITES, Call, Effect
from engine.simulate.world.timeline import MS, US, Timeline
from ext.core import Core

CLIENTS: Final = ""  # the machine of those who are somewhere


class PairFaults:
    """Of one run. `happened`: how often each kind really did something."""

    def __init__(
        self, timeline: Timeline, office: Office, seats: Sequence[Seat], database: Database, claims: PairClaims,
        operators: Operators,
    ) -> None:  # fmt: skip
        self.timeline, self.office, self.seats, self.database = timeline, office, seats, database
        self.claims, self.operators, self.network = claims, operators, office.network
        self.generator: random.Random = timeline.random("faults")
        self.happened: Counter[str] = Counter()
        self._traps: list[tuple[Trap, Seat]] = []
        self.wounds: dict[str, Wound] = {}  # by machine
        office.meddle = self._meddle
        operators.on_damage = self._damage_was_named
        for seat in seats:
            seat.before_start = partial(self._starts, seat)

    def arm(self, faults: Sequence[Fault]) -> None:
        """Have them happen when they are due."""
        for fault in faults:
            self.timeline.at(fault.at_ns, partial(self._begin, fault))

    def heal(self) -> None:
        """Nothing is broken any more."""
        self._traps.clear()
        self._database_is_back()
        self.network.lag_ns = 0
        self.network.apart.clear()
        for seat in self.seats:
            seat.machine.disk.slowness, seat.machine.disk.taken_bytes = 1.0, 0
            if seat.away_until_ns > self.timeline.now_ns:
                seat.away_until_ns = 0
                seat.start()

    def note(self, fault: Fault) -> None:
        """It did something."""
        self.happened[fault.kind] += 1
        self.timeline.trace(f"fault {fault}")

    def seat_of(self, fault: Fault) -> Seat | None:
        """The machine that it happens to: where the primary is, or where the standby; None: there is none now."""
        of = fault.arguments["on"]
        live = next((seat for seat in self.seats if seat.is_live), None)
        if live is not None:
            return live if of == "primary" else next(seat for seat in self.seats if seat is not live)
        return next((seat for seat in self.seats if seat.role == of), None)

    def _begin(self, fault: Fault) -> None:
        action: Callable[[Fault], None] = getattr(self, f"_{fault.kind.replace(' ', '_').replace(chr(39), '')}")
        action(fault)

    def _later(self, fault: Fault, end: Callable[[], None]) -> None:
        self.note(fault)
        self.timeline.after(fault.arguments["ms"] * MS, end)

    # ------------------------------------------------------------ processes and machines

    def _stop(self, seat: Seat, how: str) -> None:
        if how == "power":
            self.office.cut_power(seat.machine, self.generator)
            self.timeline.trace(f"the power of {seat.machine.name} was cut")
            seat.gone()
        else:
            seat.kill()

    def _crash(self, fault: Fault) -> None:
        if (seat := self.seat_of(fault)) is not None:
            self.note(fault)
            seat.away_until_ns = self.timeline.now_ns + fault.arguments["away_ms"] * MS
            self._stop(seat, fault.arguments["how"])

    def _stop_in_order(self, fault: Fault) -> None:
        seat = self.seat_of(fault)
        runs = None if seat is None else seat.engine or seat.standby
        if runs is not None:
            self.note(fault)
            runs.shut_down()

    def _process_stalls(self, fault: Fault) -> None:
        seat = self.seat_of(fault)
        if seat is not None and seat.process is not None:
            self.note(fault)
            seat.process.stall(fault.arguments["ms"] * MS)

    def _clock_jump(self, fault: Fault) -> None:
        if (seat := self.seat_of(fault)) is not None:
            self.note(fault)
            seat.machine.skew_ns += fault.arguments["ns"]

    # ------------------------------------------------------------ calls of the system

    def _meddle(self, call: Call) -> Effect | None:
        for one in self._traps:
            trap, seat = one
            if call.process is seat.process and trap.takes(call):
                if trap.skip:
                    trap.skip -= 1
                    continue
                trap.times -= 1
                if not trap.times:
                    self._traps.remove(one)
                self.note(trap.fault)
                return trap.make(call)
        return None

    def _trap(self, fault: Fault, calls: tuple[str, ...], of: str, effect: Effect, times: int = 1) -> None:
        if (seat := self.seat_of(fault)) is not None:
            skip = fault.arguments.get("skip", 0)
            self._traps.append((Trap(fault, calls, of, lambda call: effect, times, skip), seat))

    def _crash_at_a_call(self, fault: Fault) -> None:
        seat, arguments = self.seat_of(fault), fault.arguments
        if seat is not None:
            crash = partial(self._stop, seat, arguments["how"])
            before = arguments["when"] == "before"
            effect = Effect(crash_before=crash) if before else Effect(crash_after=crash)
            calls = CALLS.get(arguments["call"], ("open", "rename", "unlink", "mkdir", *WRITES, *SYNCS))
            self._trap(fault, calls, arguments["of"], effect)

    def _fsync_error(self, fault: Fault) -> None:
        self._trap(fault, SYNCS, fault.arguments["of"], Effect(error=errno.EIO, loses_pages=True))

    def _write_error(self, fault: Fault) -> None:
        self._trap(fault, WRITES, fault.arguments["of"], Effect(error=errno.EIO))

    def _read_error(self, fault: Fault) -> None:
        self._trap(fault, ("pread",), fault.arguments["of"], Effect(error=errno.EIO))

    def _short_writes(self, fault: Fault) -> None:
        self._trap(fault, WRITES, "any", Effect(share=fault.arguments["share"]), fault.arguments["times"])

    def _short_reads(self, fault: Fault) -> None:
        self._trap(fault, ("pread",), "any", Effect(share=fault.arguments["share"]), fault.arguments["times"])

    def _disk_full(self, fault: Fault) -> None:
        if (seat := self.seat_of(fault)) is None:
            return
        disk = seat.machine.disk
        disk.taken_bytes = max(0, CAPACITY_BYTES - disk.used_bytes() - fault.arguments["free_bytes"])
        self._later(fault, lambda: setattr(disk, "taken_bytes", 0))

    def _slow_disk(self, fault: Fault) -> None:
        if (seat := self.seat_of(fault)) is not None:
            disk = seat.machine.disk
            disk.slowness = fault.arguments["factor"]
            self._later(fault, lambda: setattr(disk, "slowness", 1.0))

    # ------------------------------------------------------------ bits that rot on the standby's disk

    def _bit_rot(self, fault: Fault) -> None:
        """While its machine is off. Its last commit is spared: of that nobody can tell."""
        seat = self.seat_of(fault)
        if seat is None or seat.role != "standby" or seat.machine.name in self.wounds:
            return
        truth = self.claims.truths[seat.machine.name]
        self._stop(seat, "power")
        segments = list(truth.segments())
        if not segments:
            return
        name, file = self.generator.choice(segments)
        end = last_commit_of(file) if file is segments[-1][1] else end_of(file)
        if end <= HEAD_BYTES:
            return
        at = self.generator.randrange(end - (HEAD_BYTES - CHECKED_HEAD_BYTES))
        at = at if at < CHECKED_HEAD_BYTES else at + HEAD_BYTES - CHECKED_HEAD_BYTES
        size = min(self.generator.choice((1, 1, 8, 512)), end - at)
        self.wounds[seat.machine.name] = Wound(name, file, at, bytes(file.kept[at : at + size]))
        self.claims.has_rot.add(seat.machine.name)
        for data in (file.kept, file.data):
            data[at : at + size] = bytes(byte ^ self.generator.randint(1, 255) for byte in data[at : at + size])
        self.note(fault)

    def _damage_was_named(self, seat: Seat, text: str) -> bool:
        """A start, or the primary, was told of damage: whether there is some."""
        wound = self.wounds.pop(seat.machine.name, None)
        self.claims.has_rot.discard(seat.machine.name)
        if wound is not None:
            self.claims.checked[DAMAGE] += 1
            self.claims.ids.pop(seat.machine.name, None)  # it is the heir no more
        return wound is not None

    def came_up(self, seat: Seat) -> None:
        """A process has started in spite of damage: it was cut off and comes again, or `verify` names it. Then the file
        comes back as from a copy."""
        wound = self.wounds.pop(seat.machine.name, None)
        self.claims.has_rot.discard(seat.machine.name)
        if wound is None:
            return
        self.claims.checked[DAMAGE] += 1
        found = dict(self.claims.truths[seat.machine.name].segments())
        if found.get(wound.name) is not wound.file or wound.offset >= end_of(wound.file) or wound.is_healed:
            return  # it is not part of the journal any more
        process = self.office.start(seat.machine, "auditor")
        with process.entered():
            said = verify(DATA).error
        self.office.end(process)
        if not said or wound.name not in said:
            self.claims.violated(DAMAGE, f"{wound.name} is damaged, the standby started, and verify says: {said}")
        wound.heal()

    def _starts(self, seat: Seat) -> None:
        self.claims.starts(seat)

    # ------------------------------------------------------------ the database and the network

    def _database_gone(self, fault: Fault) -> None:
        self.database.stop()
        self._later(fault, self._database_is_back)

    def _database_slow(self, fault: Fault) -> None:
        self.database.slowness = fault.arguments["factor"]
        self._later(fault, self._database_is_back)

    def _database_is_back(self) -> None:
        self.database.is_up, self.database.slowness = True, 1.0

    def _connection_lost(self, fault: Fault) -> None:
        up = [link for link in self.network.links if link.is_up]
        if up:
            self.note(fault)
            up[fault.arguments["which"] % len(up)].cut()

    def _standbys_connection_lost(self, fault: Fault) -> None:
        between = [link for link in self.network.links if link.is_up and link.machine]
        if between:
            self.note(fault)
        for link in between:
            link.cut()

    def _all_connections_lost(self, fault: Fault) -> None:
        self.note(fault)
        for link in list(self.network.links):
            link.cut()

    def _slow_network(self, fault: Fault) -> None:
        self.network.lag_ns = fault.arguments["us"] * US
        self._later(fault, lambda: setattr(self.network, "lag_ns", 0))

    def _machine_cut_off(self, fault: Fault) -> None:
        """Nothing reaches it, nothing comes from it; whoever is connected does not know. `from`: the other machine
        alone, the database, too, and clients."""
        if (seat := self.seat_of(fault)) is None:
            return
        self.note(fault)
        name, until_ns = seat.machine.name, self.timeline.now_ns + fault.arguments["ms"] * MS
        others = [one.machine.name for one in self.seats if one is not seat]
        if fault.arguments["from"] != "other":
            others.append("database")
        if fault.arguments["from"] == "clients too":
            others.append(CLIENTS)
        for other in others:
            self.network.apart[name, other] = until_ns

    # ------------------------------------------------------------ of standbys alone

    def _promotion(self, fault: Fault) -> None:
        """An operator wants the standby to be the primary, whatever that is doing."""
        seat = next((seat for seat in self.seats if seat.standby is not None), None)
        if seat is not None:
            self.note(fault)
            self.operators.ask(seat, "the primary's machine is replaced")

    def _standby_computes_wrongly(self, fault: Fault) -> None:
        """A bit of its memory flips: the next order that it applies is for another lot more, or less."""
        seat = next((seat for seat in self.seats if seat.standby is not None and seat.hears), None)
        if seat is None or seat.standby is None:
            return
        following, name = seat.standby.following, seat.machine.name
        real = following._apply_one

        def apply_one(commands: bytes) -> None:
            changed = _with_another_qty(commands)
            if name in self.claims.wrong or changed is None or seat.standby is None:
                real(commands)
                return
            right = Core.restore(following.core.snapshot())
            right.apply(commands)
            real(changed)
            if following.core.state_hash() != right.state_hash():
                self.note(fault)
                self.claims.wrong[name] = self.timeline.now_ns
                del following.__dict__["_apply_one"]

        following.__dict__["_apply_one"] = apply_one


def _with_another_qty(commands: bytes) -> bytes | None:
    """The same commands, of which the first new order is for another number of lots; None: there is none."""
    at = 0
    for rows in split(commands):
        if rows.dtype == wire.ORDER_COMMAND:
            for index in np.flatnonzero(rows["kind"] == CommandKind.NEW_ORDER)[:1].tolist():
                changed = bytearray(commands)
                offset = at + index * rows.dtype.itemsize + int(dict(wire.ORDER_COMMAND.fields or {})["qty"][1])
                changed[offset] ^= 1
                return bytes(changed)
        at += rows.nbytes
    return None
