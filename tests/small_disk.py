"""A file system of some MB that is full when a test says so."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """In memory, in a namespace of its own: nobody else sees it, and it goes with the process that holds it.

    inside: its path for programs that are started with `prefix`; path: the same, for all others.
    Skips the test where none can be mounted.
    """

    def __init__(self, inside: Path, size_mb: int) -> None:
        if shutil.which("unshare") is None or shutil.which("nsenter") is None or os.geteuid() != 0:
            pytest.skip("a small file system cannot be mounted here: this takes root, unshare and nsenter")
        inside.mkdir()
        self.inside = inside
        mount = f"mount -t tmpfs -o size={size_mb}m openbell-test '{inside}' && echo mounted && exec sleep infinity"
        self._keeper = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c", mount],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._keeper.stdout is not None
        if self._keeper.stdout.readline() != b"mounted\n":
            self.close()
            pytest.skip("a small file system cannot be mounted here: this takes root in a namespace of its own")
        self.path = Path(f"/proc/{self._keeper.pid}/root{inside}")

    @property
    def prefix(self) -> list[str]:
        """What a command line begins with whose program is to see it."""
        return ["nsenter", "-t", str(self._keeper.pid), "-m", "--"]

    @property
    def free_bytes(self) -> int:
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int) -> None:
        """Take all but so much of what is free, as another program would."""
        with (self.path / "filler").open("ab") as file:
            while (taken := self.free_bytes - leave_bytes) > 0:
                try:
                    os.posix_fallocate(file.fileno(), file.tell(), taken)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                else:
                    return
                # Who writes there has taken some of it meanwhile: what is left is looked at again.

    def empty(self) -> None:
        """Give back what was taken."""
        (self.path / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        self._keeper.kill()
        self._keeper.wait(10)
        assert self._keeper.stdout is not None
        self._keeper.stdout.close()
