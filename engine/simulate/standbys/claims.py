"""What must hold of a primary and its standby, whatever breaks (docs/simulate.md, "What must hold")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from openbell.records import json_body
from openbell.wire import FrameType

from engine.process import Engine
from engine.simulate.claims import (
    BOTH,
    CAUSE,
    DURABLE,
    LOST,
    PRIMARY,
    REPLAY,
    STATE,
    Violation,
    events_in,
    last_seq_of,
)  # fmt: skip
from engine.simulate.house import DATA
from engine.simulate.journal_truth import JournalTruth
from engine.simulate.postgres.database import Database
from engine.simulate.standbys.seat import Seat
from engine.simulate.world.disk import File
from engine.simulate.world.network import Frame, SimulatedSocket
from engine.simulate.world.timeline import Timeline
from engine.standby.process import Standby
from ext.core import Core

STREAM_PORT: Final = 7705
CONTROL_PORT: Final = 7704


class PairClaims:
    """Watches what both machines send, and what they are. The first violation ends the run."""

    def __init__(self, timeline: Timeline, seats: Sequence[Seat], database: Database, *, is_sync: bool) -> None:
        self.timeline, self.seats, self.database, self.is_sync = timeline, seats, database, is_sync
        self.violations: list[Violation] = []
        self.checked: Counter[str] = Counter()
        self.truths = {seat.machine.name: JournalTruth(seat.machine.disk, *DATA.parts[1:], "journal") for seat in seats}
        self.history: dict[int, bytes] = {}  # the market's commands, as its primaries have them on their disks
        self.acked: dict[int, bytes] = {}  # those that anybody was told of
        self.told: dict[tuple[int, int], tuple[int, bytes]] = {}  # (account, account_seq) -> seq, event
        self.primary, self.epoch = "", 0  # whose machine it is
        self.lost_commands = 0  # acked, and gone with a primary's machine
        self.ids: dict[str, str] = {}  # of the standby of each machine
        self.wrong: dict[str, int] = {}  # machines whose standby was made to compute wrongly, since when
        self.has_rot: set[str] = set()  # machines with damage that nobody has found
        self.handed_over: dict[str, bool] = {}  # what a promotion has told
        self.missing: dict[str, int] = {}
        self._shadow = Core()
        self._hashes: dict[int, dict[str, str]] = {}  # seq -> machine -> state, not compared yet
        database.lease.on_change = self.lease_changed
        for seat in seats:
            seat.machine.disk.on_synced = self._on_synced(seat.machine.name)

    def violated(self, claim: str, text: str) -> None:
        """It does not hold."""
        self.violations.append(Violation(claim, text, self.timeline.now_ns))
        self.timeline.trace(f"VIOLATION {claim}: {text}")
        self.timeline.is_over = True

    def _on_synced(self, name: str) -> Callable[[str, File], None]:
        truth = self.truths[name]

        def synced(path: str, file: File) -> None:
            if "/journal/" in path:
                truth.synced(file)

        return synced

    def _other(self, name: str) -> str:
        first, second = self.truths
        return second if name == first else first

    # ------------------------------------------------------------ what leaves

    def sent(self, socket: SimulatedSocket, frame: Frame) -> None:
        """A frame leaves."""
        name = socket.process.machine.name
        port = int(socket.endpoint.rpartition(":")[2])
        if socket.is_market_data:
            self._leaves(name, last_seq_of(frame[0]), "market data")
        elif port == STREAM_PORT:
            if len(frame) > 1 and frame[1] and (body := json_body(frame[0])).get("what") == "data":
                self._leaves(name, int(body["seq"]), "a piece of the journal")
        elif frame[0][3] == FrameType.EVENTS:
            self._sent_events(name, frame[0])
        elif frame[0][3] == FrameType.REPLY and port != CONTROL_PORT:
            self._leaves(name, int(json_body(frame[0]).get("seq", 0)), "an answer")

    def _leaves(self, name: str, seq: int, what: str) -> None:
        """Something that follows from the command `seq` leaves a machine."""
        self.checked[CAUSE] += 1
        on_disk = self.truths[name].on_disk_seq
        if seq > on_disk:
            self.violated(CAUSE, f"{what} of command {seq} left machine {name}, and its disk has {on_disk}")

    def lease_changed(self) -> None:
        """Where the lease names an heir, its disk has all that was acknowledged: it may be the primary soon."""
        row = next(iter(self.database.lease.rows.values()))
        name = next((one for one, number in self.ids.items() if number == row[6]), None)
        if not self.is_sync or name is None or name == row[1].partition("/")[0] or name in self.has_rot:
            return
        self.checked[BOTH] += 1
        acked, there = max(self.acked, default=0), self.truths[name].on_disk_seq
        if acked > there:
            self.violated(BOTH, f"{name} is the heir, command {acked} was acknowledged, and its disk has {there}")

    def _sent_events(self, name: str, data: bytes) -> None:
        seat = next(one for one in self.seats if one.machine.name == name)
        is_primary = seat.standby is None
        row = next(iter(self.database.lease.rows.values()), None)  # of one market
        if is_primary:
            self.checked[PRIMARY] += 1
            holder = "" if row is None else row[1].partition("/")[0]
            if holder != name:
                self.violated(PRIMARY, f"machine {name} acknowledged, and the lease is that of {holder or 'nobody'}")
        other = self._other(name)
        heir = "" if row is None else row[6]
        must_be_there = is_primary and self.is_sync and heir and heir == self.ids.get(other)
        for seq, key, event in events_in(data):
            self._leaves(name, seq, "an event")
            there = self.truths[other].on_disk_seq
            if must_be_there and other not in self.has_rot:
                self.checked[BOTH] += 1
                if seq > there:
                    self.violated(
                        BOTH, f"command {seq} was acknowledged, and the disk of the heir, a standby, has {there}"
                    )
            before = self.told.get(key)
            is_of_market = is_primary or (seat.hears and name not in self.wrong)
            if is_of_market and before is not None and before[1] != event:
                self.violated(REPLAY, f"event {key[1]} of account {key[0]} was sent before, and was another one")
            if not is_primary:
                continue  # what it shows before its primary has looked at its journal may be none of the market's
            self.told[key] = seq, event
            if seq not in self.acked:
                command = self.truths[name].command(seq)
                if command is not None:
                    self.acked[seq] = command

    # ------------------------------------------------------------ starts

    def starts(self, seat: Seat) -> None:
        """Another process starts on a machine: what the one before had not made durable counts no more."""
        self.truths[seat.machine.name].rebuild(0)
        self.wrong.pop(seat.machine.name, None)
        for waiting in self._hashes.values():
            waiting.pop(seat.machine.name, None)

    def follows(self, seat: Seat, standby: Standby) -> None:
        """A standby is there."""
        self.ids[seat.machine.name] = standby.id

    def live(self, seat: Seat, engine: Engine) -> None:
        """A primary is there: it goes on with all that anybody was told, or a failover has lost what it may lose."""
        name, truth = seat.machine.name, self.truths[seat.machine.name]
        truth.rebuild(0)
        self.checked[DURABLE] += 1
        # Its machine may have been the primary for a moment before, and nobody have heard of it.
        goes_on_seq = (engine.epochs.first_seq_after(self.epoch) or 1) - 1  # the last command of before
        has_changed = bool(self.primary) and name != self.primary
        known = truth.known()
        first_seq = min(known, default=1)
        lost = sorted(seq for seq, command in self.acked.items() if seq >= first_seq and known.get(seq) != command)
        if has_changed:
            self._failed_over(seat, goes_on_seq, lost)
        elif lost:
            self.violated(DURABLE, f"command {lost[0]} was acknowledged, and is not what the market goes on with")
        if self.violations:
            return
        self.primary, self.epoch = name, engine.epochs.last
        self.history = {seq: one for seq, one in self.history.items() if seq <= goes_on_seq} | known
        if self._shadow.seq > goes_on_seq:
            self._shadow = Core()
        self._hashes = {seq: one for seq, one in self._hashes.items() if seq <= goes_on_seq}
        self.compare(seat)

    def _failed_over(self, seat: Seat, goes_on_seq: int, lost: list[int]) -> None:
        """The primary is on the other machine now."""
        self.checked[LOST] += 1
        name, before = seat.machine.name, self.primary
        if lost and (self.is_sync or self.handed_over.get(name)):
            how = "it was handed over" if self.handed_over.get(name) else "answers wait for the standby"
            self.violated(LOST, f"command {lost[0]} was acknowledged by {before}, and {name} does not have it: {how}")
        elif lost and lost[0] <= goes_on_seq:
            self.violated(LOST, f"command {lost[0]} was acknowledged, {name} goes on after {goes_on_seq} without it")
        missing, really = self.missing.get(name, 0), max(0, max(self.history, default=0) - goes_on_seq)
        if missing > really:
            self.violated(LOST, f"{name} said at its promotion that {missing} commands are missing, there are {really}")
        self.lost_commands += len(lost)
        for seq in lost:
            del self.acked[seq]
        if lost:
            self.told = {key: one for key, one in self.told.items() if one[0] <= goes_on_seq}

    # ------------------------------------------------------------ states

    def compare(self, seat: Seat) -> None:
        """What a machine's market is now: compared with a replay, as soon as that is on the disk."""
        name = seat.machine.name
        core = None
        if seat.engine is not None:  # one that is not the primary any more, and does not know, may go on as it likes
            core = seat.engine.market.core if name == self.primary else None
        elif seat.standby is not None and seat.hears and seat.standby.following.market_id and name not in self.wrong:
            core = seat.standby.following.core
        if core is not None and core.seq > self._shadow.seq:
            self._hashes.setdefault(core.seq, {})[name] = core.state_hash()

    def settle(self) -> None:
        """Compare what can be compared by now."""
        if not self.primary:
            return
        truth = self.truths[self.primary]
        for seq in range(max(self.history, default=0) + 1, truth.on_disk_seq + 1):
            command = truth.command(seq)
            if command is not None:
                self.history[seq] = command
        while self._hashes and (seq := min(self._hashes)) <= truth.on_disk_seq:
            states = self._hashes.pop(seq)
            commands = [self.history.get(one) for one in range(self._shadow.seq + 1, seq + 1)]
            if None in commands:
                self.violated(DURABLE, f"the journal lacks commands between {self._shadow.seq + 1} and {seq}")
                return
            self._shadow.apply(b"".join(one for one in commands if one is not None))
            self._shadow.take_events()
            wanted = self._shadow.state_hash()
            for name, state_hash in states.items():
                self.checked[REPLAY if name == self.primary else STATE] += 1
                if state_hash != wanted:
                    claim = REPLAY if name == self.primary else STATE
                    self.violated(claim, f"after {seq} machine {name} has another state than a replay gives")

    def check_standby(self, seat: Seat) -> None:
        """Its journal is that of the primary, as far as it goes."""
        self.checked[STATE] += 1
        for seq, command in self.truths[seat.machine.name].known().items():
            if self.history.get(seq) != command:
                self.violated(STATE, f"machine {seat.machine.name} has another command {seq} than its primary")
                return
