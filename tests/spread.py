"""How `./openbell test` spreads the tests over processes.

Most of the time that the tests take is spent waiting: for a process to start, a timer to fire, a database to be there.
So tools/checks.py asks pytest-xdist for more workers than there are cores, and the tests go to them like this:

- A file is one piece of work: what its module set up (a market, a server) is set up once.
- Files that wait come first, those that compute last: what waits has the cores while most others wait as well, and the
  end is made of many short pieces, so that all workers end at once.
- A worker that has come to computing is nice from then on: where others wait still, theirs are timers of real seconds.
- Files that are very long are cut where that can be, and of those that compute they are the first.
- All workers have the seed that is printed at the head.

With paths, `-k`, `-s`, `--pdb` or `-n 0` everything runs in one process, as pytest does by itself.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders and files whose tests wait, the longest first.
WAITING = (
    "tests/launcher",
    "tests/engine/cli/test_run.py",
    "tests/engine/projector/test_service.py",
    "tests/chaos",
    "tests/engine/process",
    "tests/engine/projector",
    "tests/engine/cli",
    "tests/engine/demo",
    "tests/engine/store",
    "tests/engine/supervisor",
    "tests/client",
    "tests/engine/ports",
    "tests/engine/journal",
    "tests/bench",
)
# Files that compute for long, the longest first. The others follow in pytest's order.
COMPUTING = (
    "tests/prove",
    "tests/reference/test_swarm.py",
    "tests/ext/test_random_flow.py",
    "tests/tools",
    "tests/ext/test_against_reference.py",
    "tests/engine/volatility/test_breakers.py",
    "tests/engine/sessions/test_plan.py",
)
NICE = 5  # of a worker that computes
# Where to cut, since a whole file would be the last that runs: all tests of a file that share nothing, or one test.
# What adds up what its tests have met (test_swarm.py, test_random_flow.py) shares that.
CUT = (
    "tests/engine/cli/test_run.py",
    "tests/launcher/test_launcher.py::test_the_compiler_from_pypi",
)


def piece(nodeid: str) -> str:
    """What `nodeid` is run together with."""
    path = nodeid.partition("::")[0]
    return nodeid if path in CUT or nodeid in CUT else path


def rank(nodeid: str) -> int:
    """The place of a test's piece: lower is earlier."""
    path = nodeid.partition("::")[0]
    for place, start in enumerate((*WAITING, *COMPUTING)):
        if path == start or path.startswith(f"{start}/"):
            return place
    return len(WAITING) + len(COMPUTING)


def be_nice(item: pytest.Item) -> None:
    """Called before each test of a worker."""
    if rank(item.nodeid) >= len(WAITING) and os.nice(0) < NICE:
        os.nice(NICE - os.nice(0))


class Spread(LoadScopeScheduling):
    """Gives whole pieces to workers, in the order of their ranks."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        config.option.loadscopereorder = False  # not by number of tests
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return piece(nodeid)
