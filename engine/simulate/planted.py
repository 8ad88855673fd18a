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
from engine.ports.orders import OrderProtocol
from engine.ports.socket import Router
from engine.projector.sink import Sink
from engine.sequencer import Sequencer
from engine.simulate.claims import CAUSE, DAMAGE, DURABLE, ENDS, GAPLESS, ONCE, PRIMARY, REPLAY
from engine.simulate.world.disk import File
from engine.simulate.world.system import SimulatedSystem
from engine.standby.lease import Seen
from engine.standby.primary import PrimarySide
from ext import record


class Plant(NamedTuple):
    """A bug, and the claims of which one is named when it is met."""

    what: str
    breaks: tuple[str, ...]
    put: Callable[[ExitStack], None]
    kinds: tuple[str, ...] | None = None  # of faults that it takes; None: all
    is_of_rivals: bool = False  # it takes two machines


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
    "fence-ignored": Plant("answers leave without the lease", (PRIMARY,), _fence_ignored, None, True),
    "lease-not-awaited": Plant("a lease is taken over that is good", (PRIMARY,), _lease_not_awaited, None, True),
    "watermark-outside": Plant("the watermark is not in the transaction", (ONCE, ENDS), _watermark_outside),
}


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """While this bug is there. Raises KeyError."""
    with ExitStack() as stack:
        if name is not None:
            PLANTS[name].put(stack)
        yield
