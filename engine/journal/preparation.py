"""The next segment of a journal, made before it is needed."""

from __future__ import annotations

import contextlib
from pathlib import Path

from engine.journal import segment
from engine.world import files, here


class Preparation:
    """The next segment's file, made in a thread of its own."""

    def __init__(self, directory: Path, size_bytes: int) -> None:
        self._directory = directory
        self._size_bytes = size_bytes
        self._hurry = here.threads.flag()
        self._descriptor = -1
        self._thread = here.threads.thread(self._run, "journal-next")
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            self._descriptor = segment.prepare(self._directory, self._size_bytes, self._hurry.is_set)

    @property
    def has_failed(self) -> bool:
        """It is over, and there is no file."""
        return not self._thread.is_alive() and self._descriptor < 0

    def take(self) -> int:
        """The file's descriptor; where it is not done yet, as it is. -1 when it could not be made then: now it may be
        possible, and if not, that says why."""
        self._hurry.set()
        self._thread.join()
        return self._descriptor

    def discard(self) -> None:
        """Remove the file."""
        self._hurry.set()
        self._thread.join()
        if self._descriptor >= 0:
            here.system.close(self._descriptor)
            files.unlink(self._directory / segment.TEMPORARY, missing_ok=True)
