"""What the engine's process asks of the system and of Python at its start."""

from __future__ import annotations

import ctypes
import gc
import resource
from typing import Final

MOST_FILES: Final = 1 << 16
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt(3)


def allow_files() -> None:
    """Let the process have many files open: each client is one, and where they run out the journal gets none either."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def keep_memory() -> None:
    """Have the C library keep what was freed: batches come again and again, and fresh pages cost more than their use.

    Collect cyclic garbage less often: on the way of an order there is none.
    """
    gc.set_threshold(50_000, 20, 50)
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return  # another C library
    for parameter, value in (_MMAP_THRESHOLD, 64 << 20), (_TRIM_THRESHOLD, 1 << 30), (_TOP_PAD, 4 << 20):
        mallopt(parameter, value)
