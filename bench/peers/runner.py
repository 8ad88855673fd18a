"""Run one peer over the head of a flow file and print JSON: `python -m bench.peers.runner NAME FILE.bin EVENTS PASSES`.

It runs in the benchmarks' own environment and imports nothing of ours but the adapter, so it needs no NumPy.
"""

from __future__ import annotations

import gc
import importlib
import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.peers.contract import Adapter, Row

RECORD = struct.Struct("<BBHIIi")


def read_rows(path: Path, events: int) -> list[Row]:
    """The first `events` records of a flow file as tuples."""
    with path.open("rb") as file:
        data = file.read(events * RECORD.size)
    return list(RECORD.iter_unpack(data))


def main(arguments: Sequence[str]) -> int:
    name, path, events, passes = arguments[0], Path(arguments[1]), int(arguments[2]), int(arguments[3])
    run: Adapter = importlib.import_module(f"bench.peers.{name}").run
    rows = read_rows(path, events)
    gc.freeze()
    outcomes = sorted((run(rows) for _ in range(passes)), key=lambda outcome: outcome.seconds)
    middle = outcomes[len(outcomes) // 2]
    answer = {
        "ns_per_event": middle.seconds * 1e9 / len(rows),
        "events": len(rows),
        "fills": middle.fills,
        "volume": middle.volume,
        "notional": middle.notional,
    }
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
