"""Read one file with one reader and print JSON: `python -m bench.peers.itch.runner NAME FILE SYMBOLS [best]`.

It runs in the benchmarks' own environment and imports nothing of ours but the adapter.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.peers.itch import digest


def main(arguments: Sequence[str]) -> int:
    name, path, symbols = arguments[0], Path(arguments[1]), int(arguments[2])
    adapter = importlib.import_module(f"bench.peers.itch.{name}")
    answer = asdict(adapter.read(path, symbols))
    answer["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if "best" in arguments[3:]:
        answer["best"] = digest(adapter.best(path, symbols))
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
