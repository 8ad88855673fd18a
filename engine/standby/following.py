"""The state of a standby: what comes of the primary's journal is checked, put on disk, and then applied.

Nothing is applied that is not on disk here, so what is shown is never ahead of the journal that a promotion goes on
with.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine import snapshots
from engine.bring_back import Beside
from engine.config import Config
from engine.gate import OPEN
from engine.journal import segment
from engine.journal.errors import JournalDamaged
from engine.journal.segment import HEAD_BYTES, Segment
from engine.market import Market
from engine.recovery import Recovered
from engine.snapshots import HASH_BYTES
from engine.standby.errors import StandbyError
from engine.standby.mirror import Mirror
from engine.standby.reading import ReadOnly
from engine.standby.source import Chunk
from engine.world import files, here
from ext import record
from ext.core import Core

TURN_BYTES: Final = 1 << 18  # of commands that are applied before others have their turn
MARKS: Final = 8  # hashes that are kept until the primary has told its own


class Following:
    """A market that follows. `told`: gets warnings; `stop`: is called with what makes it impossible to go on.

    `beside` and `recovered` are what is there already. Raises JournalError, OSError.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, data: Path, config: Config, beside: Beside, recovered: Recovered,
        told: Callable[[str], None], stop: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._loop, self._data, self._config = loop, data, config
        self.beside, self._told, self._stop = beside, told, stop
        self.market_id = recovered.market_id
        self.mirror = Mirror(data / "journal", recovered.next_seq - 1)
        self.segment = self.offset = 0  # where the next chunk goes
        self.next_seq = recovered.next_seq  # that comes next
        found = segment.segments(data / "journal")
        if found:
            self.segment, self.offset = found[-1].first_seq, self.mirror.offset
        self.market = self._market(recovered)
        self._pieces: deque[tuple[int, bytes]] = deque()  # last seq, commands; no commands: a mark
        self._marks: deque[int] = deque()
        self._hashes: dict[int, str] = {}
        self._told_hashes: dict[int, str] = {}
        self._is_applying = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.compared_seq = 0  # the last command after which the state was found to be the primary's
        self.received_bytes = 0
        self.on_durable: Callable[[int], None] = lambda seq: None
        loop.add_reader(self.mirror.fileno(), self._on_written)

    def _market(self, recovered: Recovered) -> Market:
        market = Market(self._config, recovered, self.mirror, self.beside.streams, self.beside.feed)
        market.gains = self.beside.gains
        market.gate.durable_seq = OPEN  # what is applied is on disk
        market.sequencer = ReadOnly(market.core, self.mirror, market.gate)
        return market

    @property
    def core(self) -> Core:
        """As far as it is applied."""
        return self.market.core

    def begin_with(self, market_id: bytes, snapshot: bytes) -> None:
        """A market of which nothing is here yet. snapshot: the file's bytes; empty: the journal has all of it.
        Raises StandbyError."""
        self.market_id = market_id
        core, extra, seq = Core(), {}, 0
        if snapshot:
            path = self._data / "standby" / "beginning.obs"
            try:
                files.make(path, snapshot)
                core, found = snapshots.restore(path)
                extra, seq = found.extra, found.seq
                self.beside.load(extra)
            except (snapshots.SnapshotError, ValueError) as error:
                raise StandbyError(
                    f"the snapshot that the primary begins with cannot be used here: {error}. Bring both to one "
                    "release, and begin again"
                ) from error
        self.beside.attach(core)
        self.market = self._market(Recovered(core, seq + 1, market_id, extra))

    # ------------------------------------------------------------ what comes

    def take(self, chunk: Chunk) -> None:
        """The next bytes of the journal. Raises StandbyError for what does not fit, JournalDamaged."""
        begin = 0
        if chunk.offset == 0:
            one = Segment(self._data / "journal" / segment.name_of(chunk.first_seq), chunk.first_seq)
            head = segment.head_of(one, chunk.data[:HEAD_BYTES], self.market_id)
            begin = head.size
            if self.segment == 0:
                self.next_seq = chunk.first_seq
            if chunk.first_seq != self.next_seq:
                raise StandbyError(f"a segment came that begins with seq {chunk.first_seq}, next is {self.next_seq}")
        elif (chunk.first_seq, chunk.offset) != (self.segment, self.offset):
            raise StandbyError(
                f"bytes from {chunk.offset} of segment {chunk.first_seq} came, next are those from {self.offset} of "
                f"{self.segment}"
            )
        self._split(chunk, begin)
        self.segment, self.offset = chunk.first_seq, chunk.offset + len(chunk.data)
        self.received_bytes += len(chunk.data)
        self.mirror.write(chunk)

    def _split(self, chunk: Chunk, begin: int) -> None:
        """Check the records, and keep their commands in pieces that end where states are compared."""
        at, last_seq = begin, chunk.last_seq
        while self.next_seq <= last_seq:
            to_seq = last_seq
            if self.next_seq <= self.core.seq:
                to_seq = min(to_seq, self.core.seq)  # the snapshot has it
            if self._marks:
                to_seq = min(to_seq, self._marks[0])
            commands, at, next_seq, _ = record.scan(chunk.data, at, self.next_seq, to_seq)
            if next_seq != to_seq + 1:
                raise JournalDamaged(
                    Path(segment.name_of(chunk.first_seq)), chunk.offset + at,
                    f"what came as the record of seq {next_seq} is not what was written",
                    "It is asked for again",
                )  # fmt: skip
            if self.next_seq > self.core.seq:
                self._pieces.append((to_seq, commands))
            self.next_seq = next_seq
            self._meet_marks()
        if at != len(chunk.data):
            raise StandbyError(f"{len(chunk.data) - at} bytes too much came after seq {last_seq}")

    def mark(self, seq: int) -> None:
        """States are compared after this command, none after which has come yet."""
        self._marks.append(seq)
        self._meet_marks()
        self._apply()

    def _meet_marks(self) -> None:
        while self._marks and self._marks[0] < self.next_seq:
            seq = self._marks.popleft()
            if seq == self.next_seq - 1 and seq >= self.core.seq:
                self._pieces.append((seq, b""))

    def tell_hash(self, seq: int, state_hash: str) -> None:
        """The primary's state after that command."""
        self._told_hashes[seq] = state_hash
        self._compare(seq)

    def interrupted(self) -> None:
        """The connection is gone: what was announced and has not come does not come."""
        self._marks.clear()
        self._told_hashes.clear()

    # ------------------------------------------------------------ on disk, and applied

    def _on_written(self) -> None:
        try:
            durable_seq = self.mirror.collect()
        except Exception as error:
            self._stop(str(error))
            return
        self.on_durable(durable_seq)
        self._apply()

    def _apply(self) -> None:
        if not self._is_applying:
            self._apply_some()

    def _apply_some(self) -> None:
        """What is on disk, a part of it at a time."""
        self._is_applying = False
        pieces, durable_seq, done = self._pieces, self.mirror.durable_seq, 0
        try:
            while pieces and pieces[0][0] <= durable_seq:
                if done > TURN_BYTES:
                    self._is_applying = True
                    self._loop.call_soon(self._apply_some)
                    return
                seq, commands = pieces.popleft()
                done += len(commands)
                if commands:
                    self._apply_one(commands)
                else:
                    self._hash(seq)
        except Exception as error:  # the core refuses what the primary's core took: it is not the same any more
            self._stop(f"seq {self.core.seq + 1} cannot be applied, which the primary has applied: {error!r}")

    def _apply_one(self, commands: bytes) -> None:
        taken_ns = here.clock.perf_counter_ns()
        core, market = self.core, self.market
        core.apply(commands, True)
        events, data = core.take_events(), core.take_market_data()
        self.beside.see(commands, events, data)
        market.gate.hold(core.seq, events, data, taken_ns)

    def apply_all(self) -> None:
        """Apply what is on disk, now."""
        while self._pieces and self._pieces[0][0] <= self.mirror.durable_seq:
            self._apply_some()

    # ------------------------------------------------------------ comparing states

    def _hash(self, seq: int) -> None:
        state = self.core.snapshot()

        async def work() -> None:
            digest = await asyncio.to_thread(hashlib.blake2b, state, digest_size=HASH_BYTES)
            self._hashes[seq] = digest.hexdigest()
            while len(self._hashes) > MARKS:
                del self._hashes[min(self._hashes)]
            self._compare(seq)

        task = self._loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _compare(self, seq: int) -> None:
        ours, theirs = self._hashes.get(seq), self._told_hashes.get(seq)
        if ours is None or theirs is None:
            return
        del self._hashes[seq], self._told_hashes[seq]
        if ours == theirs:
            self.compared_seq = max(self.compared_seq, seq)
            return
        gone = [one for one in snapshots.listed(self._data) if one.seq > self.compared_seq]
        for one in gone:  # they may have what is wrong in them
            files.unlink(one.path)
        self._stop(
            f"the state after seq {seq} is {ours} here and {theirs} at the primary, and the journals are the same: one "
            "of the two computed wrongly (another release? a fault of its memory?). Do not promote this standby. "
            "`openbell journal verify --replay` tells what the journal gives; then start the standby again: it replays "
            f"from before seq {self.compared_seq + 1}"
        )

    async def close(self) -> None:
        """Write what was given, apply it, close the journal. Raises JournalError."""
        self._loop.remove_reader(self.mirror.fileno())
        self.mirror.close()
        self.apply_all()
