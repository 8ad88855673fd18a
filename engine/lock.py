"""One engine a directory: a lock on run/lock that the system gives back when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from engine.world import files, here

FILE: Final = Path("run", "lock")  # in a market's directory
PATIENCE_S = 0.3  # somebody who only looks (`holder`) has it for microseconds


class InUse(Exception):
    """Another process has the market's directory; the message names it."""


class MarketLock:
    """The lock of the market in `data`, held until `release` or the end of the process. Raises InUse, OSError."""

    def __init__(self, data: Path) -> None:
        path = data / FILE
        files.make_folders(path.parent)
        self._descriptor = here.system.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline_s = here.clock.monotonic() + PATIENCE_S
        while True:
            try:
                here.locking.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if here.clock.monotonic() > deadline_s:
                    pid = _read_pid(self._descriptor)
                    here.system.close(self._descriptor)
                    raise InUse(f"{data} is in use by another engine (process {pid or '?'})") from None
                here.clock.sleep(0.01)
        here.system.ftruncate(self._descriptor, 0)
        here.system.pwrite(self._descriptor, str(here.system.getpid()).encode(), 0)

    def release(self) -> None:
        """Give the directory free."""
        if self._descriptor >= 0:
            here.system.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(data: Path) -> int | None:
    """Process id of the engine that runs the market in `data` (0 where it did not tell yet); None when none does."""
    try:
        descriptor = here.system.open(data / FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        here.locking.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_pid(descriptor)
    finally:
        here.system.close(descriptor)
    return None


def _read_pid(descriptor: int) -> int:
    text = here.system.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else 0
