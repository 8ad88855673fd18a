"""Where the rest of dead processes is put: what their remains do when they are taken down has no effect on anybody."""

from __future__ import annotations

import gc
import sys
from typing import Any

from engine.simulate.world.process import DOORS, Machine
from engine.world import here


class Nothing:
    """Every call does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments, **options: 0


def bury(*machines: Machine) -> None:
    """Take down all processes of these machines."""
    before, hook = [getattr(here, name) for name in DOORS], sys.unraisablehook
    sys.unraisablehook = lambda what: None  # coroutines that were cut off say so
    for name in DOORS:
        setattr(here, name, Nothing())
    try:
        for machine in machines:
            for process in machine.all_processes:
                process.is_dead = True
                process.abandon()
            machine.all_processes.clear()
        gc.collect()
    finally:
        sys.unraisablehook = hook
        for name, door in zip(DOORS, before, strict=True):
            setattr(here, name, door)
