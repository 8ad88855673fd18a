"""What is fuzzed: each decoder as a function of bytes, and the inputs to begin with.

A function takes any bytes. It returns where they were taken, or refused with the error that its decoder documents; all
else that it raises is a finding, and so is an AssertionError of its own checks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

One = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A decoder. module: in this folder, with `start_NAME() -> One` and `seeds_NAME() -> list[bytes]`.

    is_compiled: it runs in the core that is built with instrumentation, under AddressSanitizer. watched: Python modules
    (and those below them) that are instrumented; it takes a while for each.
    """

    name: str
    summary: str
    module: str
    is_compiled: bool = False
    watched: tuple[str, ...] = ()
    most_bytes: int = 4096
    timeout_s: int = 10  # of one input: longer is a hang

    def start(self) -> One:
        """The function; it may take a while to make."""
        return getattr(importlib.import_module(f"tests.fuzz.targets.{self.module}"), f"start_{self.name}")()

    def seeds(self) -> list[bytes]:
        """Inputs that are in order, or nearly."""
        return getattr(importlib.import_module(f"tests.fuzz.targets.{self.module}"), f"seeds_{self.name}")()


_PORTS = ("engine.ports", "engine.sequencer", "engine.refusals")
_SDK = (
    "openbell.catchup", "openbell.desk", "openbell.ended", "openbell.events", "openbell.guards", "openbell.market",
    "openbell.orders", "openbell.records", "openbell.session",
)  # fmt: skip
TARGETS = {
    one.name: one
    for one in (
        Target("records", "journal records in a buffer (ext/record)", "journal", True),
        Target("segment", "a journal's files: heads, records, chain", "journal", watched=("engine.journal",)),
        Target("head", "a published head of the chain", "journal", False, ("engine.journal.published",), 1024),
        Target("commands", "commands of traders and operators, applied", "core", True),
        Target("restore", "the core's bytes of a snapshot", "core", True, (), 1 << 14),
        Target("snapshot", "a snapshot's file, the feed's state in it", "core", True, ("engine.snapshots",), 1 << 14),
        Target("intake", "frames of commands off a ZeroMQ socket", "ports", True),
        Target("orders", "frames of the orders port: JSON and records", "ports", watched=_PORTS),
        Target("control", "frames of the control port", "ports", watched=_PORTS),
        Target("snapshots", "frames of the snapshots port", "ports", False, _PORTS, 1024),
        Target("configuration", "configuration in TOML", "files", watched=("engine.config", "engine.units", "tomllib")),
        Target("lobster", "LOBSTER message and orderbook files", "files", watched=("engine.replay",)),
        Target("itch", "ITCH 5.0 files: the scanner", "itch", True),
        Target("translate", "ITCH 5.0 into books and commands", "itch", True),
        Target("flow", "flow files of `openbell match`", "files", False, ("engine.cli.match",), 1024),
        Target("session", "what the SDK gets from the orders port", "sdk", watched=_SDK),
        Target("feed", "what the SDK gets of market data and snapshots", "sdk", watched=_SDK),
        Target(
            "answers", "what the SDK gets from the control port", "sdk", watched=("openbell.requests", "openbell.rows")
        ),
    )
}
# With a bug in them: what finding one looks like.
PLANTED = {
    name: Target(name, "a planted bug", "planted", False, ("tests.fuzz.targets.planted",), 64, timeout_s=1)
    for name in ("crash", "hang", "growth")
}
