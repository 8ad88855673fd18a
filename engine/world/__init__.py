"""The doors to the world: everything through which the engine touches time, files, threads, sockets and the database.

`here` has one attribute for each. What stands behind them is the system itself (the modules `os`, `time`, `threading`
as they are, so that a call costs what it costs without a door), or the simulated world of engine/simulate.
"""

from __future__ import annotations

from engine.world.doors import Here

here = Here()

__all__ = ["here"]
