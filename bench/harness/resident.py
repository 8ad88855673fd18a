"""Resident bytes that the core takes for one more thing, in a process of its own that has done nothing else.

`python -m bench.harness.resident WHAT NUMBER` prints JSON; WHAT is orders, accounts or instruments. The core allocates
its pools at the start, but the system hands out pages only when they are touched: what is resident is what is used.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openbell import wire

from bench import flow
from bench.harness.commands import ACCOUNTS, CASH, Capacity, account, admin, market, number, orders, table

CHUNK = 4096


def resident_bytes() -> int:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def measure(what: str, count: int) -> dict[str, float]:
    """Bytes for each of `count` resting orders, funded accounts, or open instruments with a resting bid and offer."""
    core: Any = importlib.import_module("ext.core").Core()
    first = 1
    fill = {"orders": resting_orders, "accounts": funded_accounts, "instruments": open_instruments}[what]
    before, after = fill(count)
    for commands in before:
        first = apply(core, commands, first)
    gc.collect()
    base = resident_bytes()
    for commands in after:
        first = apply(core, commands, first)
    gc.collect()
    return {"count": count, "bytes_each": (resident_bytes() - base) / count}


def apply(core: Any, commands: NDArray[Any], first: int) -> int:
    """Apply in chunks, as the engine does; the next number. A reject is an error here."""
    number(commands, first)
    for start in range(0, len(commands), CHUNK):
        part = commands[start : start + CHUNK]
        if core.apply(part.tobytes()) != len(part):
            raise RuntimeError(f"the core stopped in the chunk from {first + start}")
        kinds = np.frombuffer(core.take_events(), wire.EVENT)["kind"]
        if (kinds == wire.EventKind.REJECTED).any() or (kinds == wire.EventKind.ADMIN_REJECTED).any():
            raise RuntimeError(f"the core refused a command in the chunk from {first + start}")
    return first + len(commands)


def resting_orders(count: int) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    room = 2 * count
    capacity = Capacity(orders=room, pages=1 << 12, id_window=max(room, 1 << 18))
    warm, rest = 20_000, flow.generate(count + 20_000, depth=count + 20_000).records
    # The first orders touch every account, position and level once: those bytes are not an order's.
    return [market(1, capacity), orders(rest[:warm])], [orders(rest[warm:])]


def funded_accounts(count: int) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    capacity = Capacity(accounts=count + ACCOUNTS)
    rows = []
    for one in range(ACCOUNTS, ACCOUNTS + count):
        rows += [account(one), admin(wire.CommandKind.DEPOSIT, CASH, account=one)]
    return [market(1, capacity)], [table(rows)]


def open_instruments(count: int) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """With one bid and one offer each: an instrument that nobody quotes would look too cheap."""
    capacity = Capacity(instruments=count + 1, pages=4 * count + 16, positions=1 << 20, id_window=1 << 20)
    both = market(count + 1, capacity)
    split = (both["kind"] == wire.CommandKind.SET_INSTRUMENT) | (both["kind"] == wire.CommandKind.SET_INSTRUMENT_STATE)
    later = split & (both["instrument"] > 0)
    quotes = np.zeros(2 * count, flow.RECORD)
    quotes["op"] = flow.ADD
    quotes["side"] = np.arange(2 * count) % 2
    quotes["symbol"] = 1 + np.arange(2 * count) // 2
    quotes["qty"] = 1
    quotes["oid"] = 1 + np.arange(2 * count)
    quotes["price"] = flow.START_PRICE - 1 + 2 * quotes["side"].astype("<i4")
    return [both[~later]], [both[later], orders(quotes)]


def main() -> int:
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
