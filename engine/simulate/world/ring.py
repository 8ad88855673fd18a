"""The express lane of a simulated machine: as engine/journal/ring.Ring, on its disk."""

from __future__ import annotations

from engine.simulate.world.process import SimulatedProcess
from engine.simulate.world.system import SimulatedSystem
from engine.simulate.world.threads import SimulatedThread


class SimulatedRing:
    """One durable write at a time, done by a thread of the kernel."""

    def __init__(self, process: SimulatedProcess, system: SimulatedSystem, event: int, capacity: int) -> None:
        self._process, self._system, self._event = process, system, event
        self.capacity = capacity
        self._worker: SimulatedThread | None = None
        self._result = 0

    def begin(self, descriptor: int, offset: int, data: bytes) -> bool:
        """Begin to write."""
        if self._worker is not None or len(data) > self.capacity:
            raise ValueError("one write at a time, of at most the ring's capacity")

        def write() -> None:
            try:
                self._result = self._system.write_durably(descriptor, data, offset)
            except OSError as error:
                self._result = -(error.errno or 0)
            self._system.eventfd_write(self._event, 1)

        self._worker = self._process.threads.thread(write, "io_uring")
        self._worker.start()
        return True

    def is_done(self) -> bool:
        """Whether the write that was begun is complete."""
        return self._worker is not None and self._worker.is_over

    def take(self) -> int | None:
        """How many bytes are on disk, or the negative errno; None while it is not complete, or none was begun."""
        if not self.is_done():
            return None
        self._worker = None
        return self._result

    def wait(self) -> None:
        """Until it is complete."""
        if self._worker is not None:
            self._worker.join()

    def close(self) -> None:
        """Free it."""
