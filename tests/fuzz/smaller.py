"""An input that ends the process, made as small as it goes: piece after piece is taken out while the end is the same.

libFuzzer does that too, but starts a process for each try, which takes seconds for a market with instrumented modules;
here each try is a fork of one process that is ready.
"""

from __future__ import annotations

import os
import time

from tests.fuzz.targets import One

RAISED = 77
SILENT = os.open(os.devnull, os.O_WRONLY)


def end_of(one: One, data: bytes) -> int:
    """How a process ends that runs this input: 0, RAISED, or as AddressSanitizer and signals have it."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    os.dup2(SILENT, 1)
    os.dup2(SILENT, 2)
    try:
        one(data)
    except BaseException:
        os._exit(RAISED)
    os._exit(0)


def smaller(one: One, data: bytes, seconds: float) -> bytes:
    """The smallest input found in that time; `data` itself where it does nothing."""
    wanted, until_s = end_of(one, data), time.monotonic() + seconds
    size = max(1, len(data) // 2)
    while wanted and size and time.monotonic() < until_s:
        at, before = 0, len(data)
        while at < len(data) and time.monotonic() < until_s:
            less = data[:at] + data[at + size :]
            if end_of(one, less) == wanted:
                data = less
            else:
                at += size
        if size > 1 or len(data) == before:
            size //= 2
    return data
