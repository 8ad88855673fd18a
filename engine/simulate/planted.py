"""Bugs that are put into the engine to see that they are found, each through a door or part that the engine really has.

`openbell simulate --plant NAME`; tests/simulate/test_planted.py proves that each is named by the claim it breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple
from unittest import mock

from engine import recovery
from engine.gate import OPEN, Gate
from engine.journal import doubtful
from engine.journal.writer import JournalWriter
from engine.market import Market
from engine.ports import orders
from engine.ports.orders import OrderProtocol
from engine.ports.socket import Router
from engine.projector.sink import Sink
from engine.sequencer import Sequencer
from engine.simulate.claims import (
    BOTH,
    CAUSE,
    DAMAGE,
    DURABLE,
    ENDS,
    GAPLESS,
    LOST,
    ONCE,
    PRIMARY,
    REPLAY,
    STATE,
)  # fmt: skip
from engine.simulate.world.disk import File
from engine.simulate.world.system import SimulatedSystem
from engine.standby.following import Following
from engine.standby.gate import GuardedGate
from engine.standby.lease import Seen
from engine.standby.mirror import Mirror
from engine.standby.primary import PrimarySide
from engine.standby.promotion import Promotion
from engine.standby.source import Chunk
from engine.standby.sync import Sync
from engine.world import here
from ext import record

RIVALS: Final = "rivals"
PAIR: Final = "pair"


class Plant(NamedTuple):
    """A bug, and the claims of which one is named when it is met."""

    what: str
    breaks: tuple[str, ...]
    put: Callable[[ExitStack], None]
    kinds: tuple[str, ...] | None = None  # of faults that it takes; None: all
    of: str = ""  # runs that it takes: RIVALS, PAIR; "": of one machine


def _replace(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    stack.enter_context(mock.patch.object(owner, name, value))


# ------------------------------------------------------------ the disk


def _no_gate(stack: ExitStack) -> None:
    """Everything leaves at once."""
    real = Gate.__init__
    _replace(stack, Gate, "__init__", lambda self, release, durable_seq: real(self, release, OPEN))


def _no_sync(stack: ExitStack) -> None:
    """A commit is called durable without a sync."""
    _replace(stack, SimulatedSystem, "fdatasync", lambda self, fd: None)


def _no_sync_of_folders(stack: ExitStack) -> None:
    """Names of new files are left to the system."""
    real = SimulatedSystem.fsync

    def fsync(self: SimulatedSystem, fd: int) -> None:
        if isinstance(self._opened(fd).entry, File):
            real(self, fd)

    _replace(stack, SimulatedSystem, "fsync", fsync)


def _sync_error_is_tried_again(stack: ExitStack) -> None:
    """An error of fdatasync is taken for a passing one."""
    real = SimulatedSystem.fdatasync

    def fdatasync(self: SimulatedSystem, fd: int) -> None:
        try:
            real(self, fd)
        except OSError:
            real(self, fd)

    _replace(stack, SimulatedSystem, "fdatasync", fdatasync)


def _doubtful_is_believed(stack: ExitStack) -> None:
    """What a failed commit has left is read at the next start, and not written again."""
    _replace(stack, doubtful, "write_again", lambda *arguments: None)


def _early_durable(stack: ExitStack) -> None:
    """A commit is told when it was written, and not when it was synced."""
    real = JournalWriter._write

    def write(self: JournalWriter, parts: list[bytes], size: int, last_seq: int) -> None:
        self.durable_seq = last_seq
        real(self, parts, size, last_seq)

    _replace(stack, JournalWriter, "_write", write)


def _damage_is_torn(stack: ExitStack) -> None:
    """Whatever cannot be read is taken for the end, and cut off."""
    _replace(stack, record, "find_commit", lambda *arguments: None)


def _torn_is_kept(stack: ExitStack) -> None:
    """A torn end is not cut off."""
    _replace(stack, recovery, "cut_off", lambda torn, why="": None)


# ------------------------------------------------------------ the market


def _another_command(stack: ExitStack) -> None:
    """What is applied is not always what is journaled: an order for one lot more."""
    real = Sequencer._apply

    def apply(self: Sequencer, commands: memoryview) -> None:
        changed = bytearray(commands)
        if len(changed) == 64 and changed[16] == 1 and self.core.seq % 50 == 0:
            changed[56] ^= 1  # of qty
        real(self, memoryview(bytes(changed)))

    _replace(stack, Sequencer, "_apply", apply)


def _lost_frame(stack: ExitStack) -> None:
    """Now and then events are not sent, and not kept either."""
    real = Market._release

    def release(self: Market, events: bytes, data: Any, taken_ns: int) -> None:
        if self.core.seq % 40 == 0:
            events = b""
        real(self, events, data, taken_ns)

    _replace(stack, Market, "_release", release)


def _resume_one_later(stack: ExitStack) -> None:
    """A resume begins one event too late."""
    real = OrderProtocol._resume

    def resume(self: OrderProtocol, session: Any, number: int, account: int, from_seq: int) -> None:
        real(self, session, number, account, from_seq + 1)

    _replace(stack, OrderProtocol, "_resume", resume)


def _swallowed_signal(stack: ExitStack) -> None:
    """After sends nobody looks whether a frame came meanwhile."""
    _replace(stack, Router, "look_again", lambda self: None)


# ------------------------------------------------------------ two machines


def _fence_ignored(stack: ExitStack) -> None:
    """Answers leave whatever the lease says."""
    _replace(stack, PrimarySide, "gate", Gate)


def _lease_not_awaited(stack: ExitStack) -> None:
    """Another one's lease is taken over at once."""
    _replace(stack, Seen, "left_ms", 0.0)


# ------------------------------------------------------------ a primary and its standby


def _standby_not_awaited(stack: ExitStack) -> None:
    """Answers leave when the primary's own disk has them, whatever the standby has."""
    real = GuardedGate.open

    def open_all(self: GuardedGate, durable_seq: int) -> None:
        self.confirmed_seq = OPEN
        real(self, durable_seq)

    _replace(stack, GuardedGate, "open", open_all)


def _confirmed_early(stack: ExitStack) -> None:
    """The standby confirms what has come, and is not on its disk yet."""
    real = Mirror.write

    def write(self: Mirror, chunk: Chunk) -> None:
        real(self, chunk)
        self.durable_seq = chunk.last_seq
        here.system.eventfd_write(self.fileno(), 1)

    _replace(stack, Mirror, "write", write)


def _heir_early(stack: ExitStack) -> None:
    """A standby that was away is the heir as soon as it confirms anything."""

    def join_when_due(self: Sync) -> None:
        there = self._there
        if there is not None and not self._is_changing and there[0] != self._heir:
            self._is_changing = True
            self._spawn(self._join(there[0]))

    async def has_all(self: Sync, heir: str) -> bool:
        return True

    _replace(stack, Sync, "_join_when_due", join_when_due)
    _replace(stack, Sync, "_has_all_that_left", has_all)


def _heir_ignored(stack: ExitStack) -> None:
    """A standby becomes the primary whatever it lacks."""
    _replace(stack, Promotion, "_check_epoch", lambda self: None)


def _states_not_compared(stack: ExitStack) -> None:
    """The standby takes its own state for the primary's."""

    def compare(self: Following, seq: int) -> None:
        self.compared_seq = max(self.compared_seq, seq)

    _replace(stack, Following, "_compare", compare)


def _not_rewound(stack: ExitStack) -> None:
    """Who has seen what a failover has lost goes on as if nothing was."""
    _replace(stack, orders, "rewind", lambda *arguments: None)


# ------------------------------------------------------------ the database


class _MarkFirst:
    """A connection on which the watermark is committed before the rows."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def execute(self, statement: str, *values: Any) -> Any:
        result = await self._connection.execute(statement, *values)
        if statement.startswith("UPDATE watermark"):
            self._connection.commit()
            self._connection.undo = []
        return result


def _watermark_outside(stack: ExitStack) -> None:
    """The watermark moves in a transaction of its own, before that of the rows."""
    real = Sink.__init__
    _replace(stack, Sink, "__init__", lambda self, connection: real(self, _MarkFirst(connection)))


_ERRORS: Final = ("fsync error", "write error", "crash")
_DAMAGE: Final = ("bit rot", "lost write", "crash")
_APART: Final = ("machine cut off", "crash")
_AWAY: Final = ("slow disk", "crash", "process stalls", "machine cut off")
_WRONG: Final = ("standby computes wrongly", "standby's connection lost")
_CRASHES: Final = ("crash", "crash at a call")

PLANTS: Final = {
    "gate-removed": Plant("everything leaves before it is durable", (CAUSE, DURABLE), _no_gate),
    "sync-skipped": Plant("commits are not synced", (CAUSE, DURABLE), _no_sync),
    "durable-early": Plant("a commit is told before its sync", (CAUSE, DURABLE), _early_durable),
    "folder-not-synced": Plant("names of new files are not synced", (DURABLE,), _no_sync_of_folders),
    "sync-tried-again": Plant("an error of a sync passes", (CAUSE, DURABLE), _sync_error_is_tried_again, _ERRORS),
    "doubtful-believed": Plant(
        "what a failed commit left is believed", (CAUSE, DURABLE), _doubtful_is_believed, _ERRORS
    ),
    "damage-skipped": Plant("damage is taken for a torn end", (DURABLE, DAMAGE, CAUSE), _damage_is_torn, _DAMAGE),
    "torn-kept": Plant("a torn end is not cut off", (ENDS, DAMAGE, DURABLE, CAUSE), _torn_is_kept, _CRASHES),
    "other-command": Plant("another command is applied than journaled", (REPLAY,), _another_command),
    "frame-lost": Plant("a frame of events is not sent", (GAPLESS, REPLAY, ENDS), _lost_frame),
    "resume-late": Plant("a resume begins one event too late", (GAPLESS, ENDS), _resume_one_later),
    "signal-swallowed": Plant("a frame that came is not looked for", (ENDS,), _swallowed_signal),
    "fence-ignored": Plant("answers leave without the lease", (PRIMARY,), _fence_ignored, None, RIVALS),
    "lease-not-awaited": Plant("a lease is taken over that is good", (PRIMARY,), _lease_not_awaited, None, RIVALS),
    "standby-unfenced": Plant(
        "a standby takes over from a primary whose lease is good", (PRIMARY, LOST), _lease_not_awaited, _APART, PAIR
    ),
    "standby-not-awaited": Plant("answers do not wait for the standby", (BOTH, LOST), _standby_not_awaited, None, PAIR),
    "confirmed-early": Plant(
        "a standby confirms what is not on its disk", (BOTH, LOST, CAUSE), _confirmed_early, None, PAIR
    ),
    "heir-early": Plant("a standby is the heir before it has everything", (BOTH, LOST), _heir_early, _AWAY, PAIR),
    "heir-ignored": Plant("a standby takes over that is not the heir", (LOST,), _heir_ignored, _AWAY, PAIR),
    "states-not-compared": Plant(
        "a standby does not compare its state", (STATE, ENDS), _states_not_compared, _WRONG, PAIR
    ),
    "not-rewound": Plant("clients keep what a failover has lost", (GAPLESS,), _not_rewound, _APART, PAIR),
    "watermark-outside": Plant("the watermark is not in the transaction", (ONCE, ENDS), _watermark_outside),
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """While this bug is there. Raises KeyError."""
    with ExitStack() as stack:
        if name is not None:
            PLANTS[name].put(stack)
        yield
