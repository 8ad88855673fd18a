"""A simulated machine and its processes: each with a loop, threads, descriptors, and the world as it sees it."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from operator import attrgetter
from types import TracebackType
from typing import Any, Final

import greenlet

from engine.simulate.world.disk import Disk, File, Folder
from engine.simulate.world.loop import Bell, SimulatedLoop
from engine.simulate.world.threads import SimulatedThread, SimulatedThreads
from engine.simulate.world.timeline import START_NS, Timeline
from engine.world import here

DOORS: Final = tuple(here.__slots__)
FIRST_DESCRIPTOR: Final = 1000
_standing: Final = attrgetter(*DOORS)


class Killed(BaseException):
    """The process this is raised in has ended: nothing of it runs any more."""


class Machine:
    """A computer: a disk, a clock that may be wrong, and what runs on it."""

    def __init__(self, timeline: Timeline, name: str) -> None:
        self.timeline = timeline
        self.name = name
        self.disk = Disk(timeline, name)
        self.skew_ns = 0  # its clock shows so much more than the time
        self.processes: list[SimulatedProcess] = []  # that live
        self.all_processes: list[SimulatedProcess] = []
        self._boots = 0
        self._boot()

    def _boot(self) -> None:
        """It is started: Linux tells by an id which time that was."""
        self._boots += 1
        folder = self.disk.root
        for name in ("proc", "sys", "kernel", "random"):
            below = folder.names.setdefault(name, Folder())
            assert isinstance(below, Folder)
            folder = below
        file = folder.names["boot_id"] = File()
        file.data += f"{self.name}-{self._boots}\n".encode()

    def start(self, name: str) -> SimulatedProcess:
        """A new process."""
        made = SimulatedProcess(self, name)
        self.processes.append(made)
        self.all_processes.append(made)
        return made

    def cut_power(self, generator: random.Random) -> None:
        """All processes end at once, and the disk has what it has."""
        for process in self.processes:
            process.is_dead = True
        self.processes = []
        self.disk.cut_power(generator)
        self._boot()


class SimulatedProcess:
    """One process. `here` is its world while something of it runs."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.timeline = machine.timeline
        self.name = name
        self.is_dead = False
        self.is_blocked = False  # the loop's thread waits for another one
        self.busy_until_ns = self.stalled_until_ns = 0
        self.troubles: list[dict[str, Any]] = []  # errors that nobody caught
        self.hub = greenlet.getcurrent()
        self.threads = SimulatedThreads(self)
        self.loop = SimulatedLoop(self)
        self.descriptors: dict[int, Any] = {}
        self.doors: dict[str, Any] = {"clock": Clock(self), "threads": self.threads, "memory": _Memory()}
        self._standing: tuple[Any, ...] | None = None  # all doors, in the order of DOORS
        self._next_descriptor = FIRST_DESCRIPTOR
        self._elapsed_ns = 0
        self._thread: SimulatedThread | None = None
        self._kept: list[object] = []
        self.links: list[Any] = []  # connections that it has made

    # ------------------------------------------------------------ whose turn it is

    def entered(self, thread: SimulatedThread | None = None) -> _Entered:
        """While something of this process runs: in this thread, or on the loop's."""
        return _Entered(self, thread)

    def standing(self) -> tuple[Any, ...]:
        """Its doors, in the order of DOORS."""
        if self._standing is None:
            self._standing = tuple(self.doors[name] if name in self.doors else getattr(here, name) for name in DOORS)
        return self._standing

    def thread(self) -> SimulatedThread | None:
        """The thread that runs now; None for the loop's."""
        return self._thread

    def block_until(self, done: Callable[[], bool]) -> None:
        """The loop's thread waits: everybody else goes on."""
        if self.is_dead:
            raise Killed
        if done():
            return
        was_blocked, self.is_blocked = self.is_blocked, True
        self.busy_until_ns = self.timeline.now_ns + self.take_elapsed()
        try:
            self.timeline.run(lambda: self.is_dead or done())
        finally:
            self.is_blocked = was_blocked
        if self.is_dead:
            raise Killed

    def take_time(self, pause_ns: int) -> None:
        """A call of the system that takes so long, in the thread that runs now."""
        if self._thread is not None:
            self._thread.pass_time(pause_ns)
        else:
            self._elapsed_ns += pause_ns
        if self.is_dead:
            self.leave()

    def leave(self) -> None:
        """It is dead: never come back."""
        if self._thread is not None:
            self._thread.give_way()
        raise Killed

    def take_elapsed(self) -> int:
        """How long the calls took that the loop's thread made in this turn."""
        elapsed_ns, self._elapsed_ns = self._elapsed_ns, 0
        return elapsed_ns

    def stall(self, pause_ns: int) -> None:
        """Nothing of it runs for so long, as after SIGSTOP: it knows nothing of that."""
        self.stalled_until_ns = self.timeline.now_ns + pause_ns
        self.busy_until_ns = max(self.busy_until_ns, self.stalled_until_ns)

    def kill(self) -> None:
        """As kill -9: it ends where it is. Its files are as it has written them, for everybody else."""
        self.is_dead = True
        if self in self.machine.processes:
            self.machine.processes.remove(self)

    def keep(self, made: object) -> None:
        """Let it live as long as the simulation, so that it is not taken down in the middle of another one's turn."""
        self._kept.append(made)

    def abandon(self) -> None:
        """Let go of all that it kept."""
        self._kept.clear()
        self.links.clear()
        self.descriptors.clear()
        self.doors.clear()
        self._standing = None

    # ------------------------------------------------------------ time and descriptors

    def monotonic_ns(self) -> int:
        return self.timeline.now_ns + self._elapsed_ns

    def wall_ns(self) -> int:
        return START_NS + self.timeline.now_ns + self._elapsed_ns + self.machine.skew_ns

    def descriptor(self, what: object) -> int:
        """A new descriptor for it."""
        self._next_descriptor += 1
        self.descriptors[self._next_descriptor] = what
        return self._next_descriptor

    def described(self, number: int) -> Any:
        """What a descriptor stands for. Raises OSError."""
        found = self.descriptors.get(number)
        if found is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return found

    def bell(self, number: int) -> Bell:
        """Of a descriptor that a loop may wait for."""
        found = self.described(number)
        bell: Bell = found if isinstance(found, Bell) else found.bell
        return bell

    def start(self, work: Any) -> None:
        """Run a coroutine on its loop."""
        self.loop.call_soon(lambda: self.loop.create_task(work))


class _Entered:
    """Puts the doors of a process in place, and those of before again. A process that was killed is left quietly."""

    __slots__ = ("_before", "_process", "_thread")

    def __init__(self, process: SimulatedProcess, thread: SimulatedThread | None) -> None:
        self._process, self._thread = process, thread
        self._before: tuple[tuple[Any, ...], SimulatedThread | None]

    def __enter__(self) -> None:
        process = self._process
        self._before = _standing(here), process._thread
        process._thread = self._thread
        _stand(process.standing())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        doors, self._process._thread = self._before
        _stand(doors)
        return kind is Killed


def _stand(doors: tuple[Any, ...]) -> None:
    """Put these in place. It is done at each turn of each process, so names are written out."""
    (
        here.clock, here.connect, here.locking, here.map, here.memory, here.network, here.ring, here.secrets,
        here.system, here.threads,
    ) = doors  # fmt: skip


class Clock:
    """As `time`."""

    def __init__(self, process: SimulatedProcess) -> None:
        self._process = process

    def time(self) -> float:
        return self._process.wall_ns() / 1e9

    def time_ns(self) -> int:
        return self._process.wall_ns()

    def monotonic(self) -> float:
        return self._process.monotonic_ns() / 1e9

    def perf_counter_ns(self) -> int:
        return self._process.monotonic_ns()

    def clock_gettime_ns(self, clk_id: int, /) -> int:
        """Since the machine was started, or as good as that: nobody sets it."""
        return self._process.monotonic_ns()

    def sleep(self, seconds: float, /) -> None:
        self._process.take_time(round(seconds * 1e9))


class _Memory:
    """The collector is left alone: many lives go by in one process."""

    def settle(self) -> None:
        pass
