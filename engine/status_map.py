"""The 64 bytes that the engine and the projector share: run/status.map (docs/architecture.md).

Each number has one writer and is 8 bytes at an address divisible by 8, which the processor reads and writes whole.
"""

from __future__ import annotations

import os
from enum import IntEnum
from pathlib import Path
from typing import Final

from engine.world import files, here

STATUS_BYTES: Final = 64
FILE: Final = Path("run", "status.map")  # in a market's directory


class ProjectorState(IntEnum):
    """What the projector is doing."""

    ABSENT = 0  # not started
    STARTING = 1  # catching its core up with the watermark
    CATCHING_UP = 2  # more than a batch behind
    LIVE = 3  # follows the journal
    WAITING = 4  # Postgres does not answer; it tries again
    FAILED = 5  # ended with an error
    STOPPED = 6  # ended as asked


class _Number:
    """One of the numbers, as an attribute."""

    def __init__(self, index: int, signed: bool = False) -> None:
        self.index = index
        self.signed = signed

    def __get__(self, owner: StatusMap, kind: type[StatusMap]) -> int:
        return (owner._signed if self.signed else owner._unsigned)[self.index]

    def __set__(self, owner: StatusMap, value: int) -> None:
        (owner._signed if self.signed else owner._unsigned)[self.index] = value


class StatusMap:
    """The map of one market: `create` for the engine, `open` for all others. `projector_state` is a ProjectorState."""

    durable_seq = _Number(0)
    applied_seq = _Number(1)
    projected_seq = _Number(2)
    projected_ts_ns = _Number(3, signed=True)  # time of the last command projected
    engine_pid = _Number(4)
    projector_pid = _Number(5)
    projector_state = _Number(6)

    def __init__(self, descriptor: int) -> None:
        self._map = here.map(descriptor, STATUS_BYTES)
        self._view = memoryview(self._map)
        self._unsigned = self._view.cast("Q")
        self._signed = self._view.cast("q")

    def tell_durable(self, seq: int) -> None:
        """The engine's: all up to this command is in the journal."""
        self._unsigned[0] = seq

    @classmethod
    def create(cls, path: Path) -> StatusMap:
        """Make the file, or take it over: all numbers are 0. Who has it open sees the new ones."""
        files.make_folders(path.parent)
        descriptor = here.system.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A map into a hole would end the process on a full disk.
            here.system.posix_fallocate(descriptor, 0, STATUS_BYTES)
            status = cls(descriptor)
        finally:
            here.system.close(descriptor)
        for index in range(STATUS_BYTES // 8):
            status._unsigned[index] = 0
        return status

    @classmethod
    def open(cls, path: Path) -> StatusMap:
        """The map of a market that runs or ran. Raises FileNotFoundError, and ValueError for a file that is not one."""
        descriptor = here.system.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = here.system.fstat(descriptor).st_size
            if size != STATUS_BYTES:
                raise ValueError(f"{path} has {size} bytes, a status map has {STATUS_BYTES}")
            return cls(descriptor)
        finally:
            here.system.close(descriptor)

    def close(self) -> None:
        """Let go of the map."""
        self._unsigned.release()
        self._signed.release()
        self._view.release()
        self._map.close()
