"""What runs in a simulation touches the world through engine/world alone: a clock read past it would not be simulated,
and a run of the same seed another one."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path

import pytest

from engine.world import here

ROOT = Path(__file__).resolve().parents[2] / "engine"
# Calls of these modules go through a door; what is no call (os.O_RDONLY, a default argument) may be named.
MODULES = {"os", "time", "threading", "secrets", "random", "fcntl", "mmap"}
FREE = {"strerror", "fspath", "fsencode", "strftime", "gmtime"}  # they touch nothing
FOLDERS = [
    "journal",
    "ports",
    "ports/verbs",
    "projector",
    "risk",
    "liquidation",
    "sessions",
    "settlement",
    "volatility",
    "standby",
]
# Of other processes, or of tools that no simulation runs.
NOT_SIMULATED = {
    "journal/compact.py", "journal/export.py", "journal/ring.py", "projector/launch.py",
    "projector/__main__.py", "system.py",
}  # fmt: skip


def simulated() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.py"))] + sorted(ROOT.glob("*.py"))
    return [path for path in found if str(path.relative_to(ROOT)) not in NOT_SIMULATED]


@pytest.mark.parametrize("path", simulated(), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_world_is_behind_doors(path: Path) -> None:
    wrong = []
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    named = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id in MODULES & named and node.func.attr not in FREE:
            wrong.append(f"line {node.lineno}: {owner.id}.{node.func.attr}()")
    assert wrong == [], "use engine.world.here"


def test_behind_the_doors_is_the_system_itself() -> None:
    """No call of ours between: a door costs a look-up."""
    assert here.system is os
    assert here.clock is time
    assert here.system.pwritev is os.pwritev
    assert here.clock.time_ns is time.time_ns
