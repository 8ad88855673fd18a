"""`python -m bench.harness.restart replay|apply|save|load DIR`: one step of a restart in a fresh process, as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from engine import recovery, snapshots
from engine.journal.reader import JournalReader
from ext.core import Core


def replay(data: Path) -> dict[str, float]:
    """A restart without a snapshot."""
    found = recovery.recover(data)
    return {"commands": found.replayed, "seconds": found.seconds}


def apply(data: Path) -> dict[str, float]:
    """The same commands out of memory into the core, nothing else: what a replay cannot beat."""
    with JournalReader(data / "journal") as reader:
        chunks = []
        while commands := reader.read():
            chunks.append(commands)
    core = Core()
    began_s = time.perf_counter()
    for commands in chunks:
        core.apply(commands)
        core.take_events()
    return {"commands": core.seq, "seconds": time.perf_counter() - began_s}


def save(data: Path) -> dict[str, float]:
    """A snapshot from the running core to the disk, and the same bytes written and synced and no more."""
    core = recovery.recover(data).core
    began_s = time.perf_counter()
    path = snapshots.save(data, core, {})
    seconds = time.perf_counter() - began_s
    content = path.read_bytes()
    copy = data / "copy"
    began_s = time.perf_counter()
    snapshots.write_file(copy, [content])
    floor_s = time.perf_counter() - began_s
    copy.unlink()
    orders = core.stats()["orders"]["used"]
    return {"seconds": seconds, "floor_seconds": floor_s, "bytes": len(content), "orders": orders}


def load(data: Path) -> dict[str, float]:
    """The newest snapshot from the disk to a core that goes on, and the file read and no more."""
    path = snapshots.listed(data)[-1].path
    began_s = time.perf_counter()
    path.read_bytes()
    floor_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    core, _ = snapshots.restore(path)
    return {
        "seconds": time.perf_counter() - began_s,
        "floor_seconds": floor_s,
        "orders": core.stats()["orders"]["used"],
    }


if __name__ == "__main__":
    steps = {"replay": replay, "apply": apply, "save": save, "load": load}
    print(json.dumps(steps[sys.argv[1]](Path(sys.argv[2]))))
