"""Floor of durability: write 4 KiB at the next place of a file that is already there, and fdatasync."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter_ns

BLOCK_BYTES = 4096


def write_and_sync(count: int, folder: Path) -> list[int]:
    """Times of `count` writes with fdatasync in ns, on the disk that `folder` is on."""
    folder.mkdir(parents=True, exist_ok=True)
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        descriptor = file.fileno()
        zeros = b"\0" * (1 << 20)
        for _ in range(-(-count * BLOCK_BYTES // len(zeros))):
            file.write(zeros)
        os.fsync(descriptor)
        block = b"\1" * BLOCK_BYTES
        for index in range(count):
            start = perf_counter_ns()
            os.pwrite(descriptor, block, index * BLOCK_BYTES)
            os.fdatasync(descriptor)
            times.append(perf_counter_ns() - start)
    return times
