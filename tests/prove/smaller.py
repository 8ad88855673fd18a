"""Fewer commands that still make core and model part: for a person to look at."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ext.core import Core
from tests.reference.compare import Pair, Step

LONGEST_S = 60.0
ROWS_EVERY = 20


def parts(steps: Sequence[Step], core: Callable[[], Any] = Core) -> tuple[int, str]:
    """How many commands until the two sides part, and how; (0, "") when they do not."""
    pair = Pair(core)
    for place, step in enumerate(steps, 1):
        try:
            pair.step(step)
            if place % ROWS_EVERY == 0 or place == len(steps):
                pair.compare_rows()
        except AssertionError as error:
            return place, str(error)
    return 0, ""


def smaller(steps: list[Step], seconds: float = LONGEST_S, core: Callable[[], Any] = Core) -> tuple[list[Step], str]:
    """The commands that are left, and how the two sides part with them; "" when they do not without what else the
    session did (snapshots, batches).

    Leaves out parts of halving size for as long as the sides still part without them (delta debugging, Zeller and
    Hildebrandt 2002).
    """
    until_s = time.monotonic() + seconds
    place, text = parts(steps, core)
    if not text:
        return steps, ""
    steps = steps[:place]
    size = len(steps) // 2
    while size and time.monotonic() < until_s:
        at = 0
        while at < len(steps) and time.monotonic() < until_s:
            fewer = steps[:at] + steps[at + size :]
            place, found = parts(fewer, core)
            if found:
                steps, text = fewer[:place], found
            else:
                at += size
        size //= 2
    return steps, text
