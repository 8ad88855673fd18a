"""A real engine whose clock a test sets: `python -m tests.engine.process.clock FILE ARGUMENTS OF engine.process`.

The file holds what time it is, and it stays so until the test says otherwise. Nothing else is different: the engine's
clocks (time.time, time.time_ns) are that one before it is imported.
"""

from __future__ import annotations

import datetime as dt
import mmap
import struct
import sys
import time
from pathlib import Path

from tests.engine.process.running import Running

NOW = struct.Struct("<q")
SECOND_NS = 10**9


def run(file: str, arguments: list[str]) -> int:
    """The engine, with that clock."""
    with Path(file).open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), NOW.size, prot=mmap.PROT_READ)

    def time_ns() -> int:
        return int(NOW.unpack_from(shared)[0])

    time.time_ns, time.time = time_ns, lambda: time_ns() / SECOND_NS
    from engine.process import main

    return main(arguments)


class Clocked(Running):
    """`set` the time while it is not up, `pass_to` a later one while it is."""

    def __init__(self, folder: Path, now: str, more: str, *arguments: str) -> None:
        super().__init__(folder, more, *arguments)
        self._clock = folder / "clock"
        self._clock.write_bytes(bytes(NOW.size))
        self.set(now)

    def set(self, now: str) -> None:
        """The engine's time is this, in UTC."""
        moment = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
        with self._clock.open("r+b") as opened:
            opened.write(NOW.pack(round(moment.timestamp() * 1000) * 10**6))

    def pass_to(self, now: str) -> None:
        """It is this time now, and all that is due by then was done."""
        self.set(now)
        with self.operator() as operator:
            operator.ask("tick", {}, reason="time passes")

    def command(self) -> list[str]:
        python, dash, module, *rest = super().command()
        assert module == "engine.process"
        return [python, dash, __name__, str(self._clock), *rest]


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], sys.argv[2:]))
