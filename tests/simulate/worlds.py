"""A simulated machine for tests: processes on it, and code run in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from engine.simulate.world.network import Network
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine, SimulatedProcess
from engine.simulate.world.timeline import Timeline

T = TypeVar("T")


class World:
    """One machine, and what is around it."""

    def __init__(self, seed: int = 1) -> None:
        self.timeline = Timeline(seed)
        self.network = Network(self.timeline)
        self.office = Office(self.network)
        self.machine = Machine(self.timeline, "one")

    def process(self, name: str = "a") -> SimulatedProcess:
        return self.office.start(self.machine, name)

    def do(self, process: SimulatedProcess, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in a process to its end."""
        made: list[asyncio.Task[T]] = []
        process.loop.call_soon(lambda: made.append(process.loop.create_task(work)))
        self.timeline.run(lambda: bool(made) and made[0].done())
        return made[0].result()

    def call(self, process: SimulatedProcess, what: Callable[[], T]) -> T:
        """Call it as this process would, at once."""
        with process.entered():
            return what()
        raise AssertionError("the process was killed")
