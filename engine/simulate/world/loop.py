"""An asyncio event loop for each simulated process. It never sleeps: its timers are on the timeline."""

from __future__ import annotations

import asyncio
import contextvars
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, TypeVarTuple

from engine.simulate.world.timeline import US

if TYPE_CHECKING:
    from engine.simulate.world.process import SimulatedProcess

Ts = TypeVarTuple("Ts")
TURN_NS = 4 * US  # what a turn of the loop takes at least: who looks again and again gets somewhere


class Bell:
    """A descriptor that a loop waits for: readable, or not."""

    __slots__ = ("is_readable", "loop")

    def __init__(self) -> None:
        self.is_readable = False
        self.loop: SimulatedLoop | None = None

    def ring(self) -> None:
        """It is readable now."""
        if not self.is_readable:
            self.is_readable = True
            if self.loop is not None:
                self.loop.wake()


class SimulatedLoop(asyncio.BaseEventLoop):
    """The part of a loop that the engine, the projector and asyncio itself use; all else raises NotImplementedError."""

    def __init__(self, process: SimulatedProcess) -> None:
        # Nothing of the base's is used but its name: it has a selector and pipes, and sleeps.
        self._process = process
        self._timeline = process.timeline
        self._ready: deque[asyncio.Handle] = deque()
        self._readers: dict[int, tuple[Bell, asyncio.Handle]] = {}
        self._is_due = False
        self._handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None = None

    # ------------------------------------------------------------ turns

    def wake(self) -> None:
        """Have a turn now."""
        self._have_turn(self._timeline.now_ns)

    def _have_turn(self, when_ns: int) -> None:
        if not self._is_due and not self._process.is_dead:
            self._is_due = True
            self._timeline.at(max(when_ns, self._process.busy_until_ns), self._turn)

    def _turn(self) -> None:
        self._is_due = False
        process = self._process
        if self.is_closed():
            return
        if process.is_blocked or self._timeline.now_ns < process.busy_until_ns:
            self._have_turn(max(process.busy_until_ns, self._timeline.now_ns + TURN_NS))
            return
        ready = self._ready
        for bell, handle in self._readers.values():
            if bell.is_readable:
                ready.append(handle)
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            with process.entered():
                for _ in range(len(ready)):
                    handle = ready.popleft()
                    if not handle._cancelled:
                        handle._run()
                    if process.is_dead:
                        return
        finally:
            events._set_running_loop(before)
        process.busy_until_ns = max(process.busy_until_ns, self._timeline.now_ns + TURN_NS + process.take_elapsed())
        if ready:
            self._have_turn(process.busy_until_ns)
            return
        for bell, _ in self._readers.values():
            if bell.is_readable:
                self._have_turn(process.busy_until_ns)
                return

    # ------------------------------------------------------------ asyncio's side

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self._process.is_dead

    def time(self) -> float:
        return self._process.monotonic_ns() / 1e9

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        self.wake()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)

        def due() -> None:
            if not handle._cancelled and not self._process.is_dead:
                self._ready.append(handle)
                self.wake()

        self._timeline.at(round(when * 1e9), due)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Asked by a timer that is cancelled: it is passed over when it is due."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self, **options)
        self._process.keep(task)
        return task

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], Any], *args: *Ts) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except BaseException as error:
                self.call_soon(self._settle, future, None, error)
            else:
                self.call_soon(self._settle, future, result, None)

        self._process.threads.thread(work, "executor").start()
        return future

    @staticmethod
    def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def add_reader(self, fd: Any, callback: Callable[[*Ts], Any], *args: *Ts) -> None:
        bell = self._process.bell(fd)
        bell.loop = self
        self._readers[fd] = bell, asyncio.Handle(callback, args, self)
        if bell.is_readable:
            self.wake()

    def remove_reader(self, fd: Any) -> bool:
        found = self._readers.pop(fd, None)
        if found is not None:
            found[0].loop = None
        return found is not None

    def set_exception_handler(
        self, handler: Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object] | None
    ) -> None:
        self._handler = handler

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if self._process.is_dead:
            return  # what its end left behind
        self._process.troubles.append(context)
        if self._handler is not None:
            self._handler(self, context)
