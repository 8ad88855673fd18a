"""Threads of a simulated process: greenlets that run the real code, and give way where it waits or calls the system."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import greenlet

from engine.simulate.world.timeline import US

if TYPE_CHECKING:
    from engine.simulate.world.process import SimulatedProcess

WAKE_NS = 20 * US  # until a thread that waited runs
START_NS = 50 * US


class SimulatedThread:
    """As threading.Thread."""

    def __init__(self, process: SimulatedProcess, run: Callable[[], None], name: str) -> None:
        self._process = process
        self._run = run
        self.name = name
        self.is_over = False
        self._is_started = False
        self._greenlet = greenlet.greenlet(self._main, process.hub)
        self._joining: list[SimulatedThread] = []

    def start(self) -> None:
        self._is_started = True
        self.wake_in(START_NS)

    def join(self) -> None:
        me = self._process.thread()
        if me is None:
            self._process.block_until(lambda: self.is_over)
        elif not self.is_over:
            self._joining.append(me)
            me.give_way()

    def is_alive(self) -> bool:
        return self._is_started and not self.is_over

    def _main(self) -> None:
        try:
            self._run()
        except Exception as error:
            self._process.troubles.append({"message": f"thread {self.name}", "exception": error})
        self.is_over = True
        for one in self._joining:
            one.wake_in(WAKE_NS)

    def wake_in(self, pause_ns: int) -> None:
        """Have it go on that much later."""
        self._process.timeline.after(pause_ns, self._go_on)

    def _go_on(self) -> None:
        process = self._process
        if process.is_dead or self.is_over:
            return
        if process.stalled_until_ns > process.timeline.now_ns:
            process.timeline.at(process.stalled_until_ns, self._go_on)
            return
        with process.entered(self):
            self._greenlet.switch()

    def give_way(self) -> None:
        """Let the others run until somebody wakes it."""
        self._process.hub.switch()

    def wait(self, longest_ns: int) -> Callable[[], None]:
        """What wakes it when it has given way, which time does at the latest: once."""
        is_over = False

        def go_on() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self._go_on()

        timeline = self._process.timeline
        timeline.after(longest_ns, go_on)
        return lambda: timeline.after(WAKE_NS, go_on)

    def pass_time(self, pause_ns: int) -> None:
        """Be in the system for so long."""
        self.wake_in(pause_ns)
        self.give_way()


class SimulatedLock:
    """As threading.Lock."""

    def __init__(self, process: SimulatedProcess) -> None:
        self._process = process
        self._is_taken = False
        self._waiting: deque[SimulatedThread] = deque()

    def __enter__(self) -> bool:
        me = self._process.thread()
        while self._is_taken:
            if me is None:
                self._process.block_until(lambda: not self._is_taken)
            else:
                self._waiting.append(me)
                me.give_way()
        self._is_taken = True
        return True

    def __exit__(self, *error: Any) -> None:
        self._is_taken = False
        if self._waiting:
            self._waiting.popleft().wake_in(WAKE_NS)


class SimulatedFlag:
    """As threading.Event, without waiting."""

    def __init__(self) -> None:
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set


class SimulatedQueue:
    """As queue.SimpleQueue."""

    def __init__(self, process: SimulatedProcess) -> None:
        self._process = process
        self._items: deque[Any] = deque()
        self._waiting: deque[SimulatedThread] = deque()

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting:
            self._waiting.popleft().wake_in(WAKE_NS)

    def get(self) -> Any:
        me = self._process.thread()
        while not self._items:
            if me is None:
                raise RuntimeError("the loop's thread would wait for ever")
            self._waiting.append(me)
            me.give_way()
        return self._items.popleft()

    def qsize(self) -> int:
        return len(self._items)


class SimulatedThreads:
    """As engine/world/doors.Threads."""

    def __init__(self, process: SimulatedProcess) -> None:
        self._process = process

    def thread(self, run: Callable[[], None], name: str) -> SimulatedThread:
        made = SimulatedThread(self._process, run, name)
        self._process.keep(made)
        return made

    def lock(self) -> SimulatedLock:
        return SimulatedLock(self._process)

    def flag(self) -> SimulatedFlag:
        return SimulatedFlag()

    def queue(self) -> SimulatedQueue:
        return SimulatedQueue(self._process)
