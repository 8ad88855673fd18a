"""What the engine's process asks of the system and of Python at its start."""

from __future__ import annotations

import ctypes
import gc
import resource
from typing import Final

MOST_FILES: Final = 1 << 16
RESERVED_FILES: Final = 256  # of these, at most an eighth: for the journal, when clients have all others
MORE_FILES: Final = 16  # of them at a time
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # of mallopt(3)


def allow_files() -> None:
    """Let the process have many files open: each client is one. Some are kept back for the journal (`more_files`)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most - min(RESERVED_FILES, most // 8), hard))


def more_files() -> bool:
    """Let the process have some of the files that are kept back; False when there are none any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = soft + MORE_FILES if hard == resource.RLIM_INFINITY else min(hard, soft + MORE_FILES)
    if most == soft:
        return False
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return True


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
