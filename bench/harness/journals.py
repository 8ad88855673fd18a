"""Journals made of flows: the commands of a market and its orders, written as the engine writes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from openbell import wire

from bench import flow
from bench.harness import commands
from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch

BATCH = 256
PENDING_BYTES = 32 << 20
BATCH_NS = 50_000  # of market time between two batches
ACCOUNTS = np.arange(commands.ACCOUNTS, dtype="<u4").tobytes()


def write(directory: Path, path: Path, symbols: int, resting: int = 0) -> int:
    """Write the journal of the flow at `path` to `directory`; the number of commands.

    `resting`: how many orders there must be room for, where that is more than usual.
    """
    records = flow.load(path).records
    room = commands.Capacity()
    capacity = replace(room, instruments=max(symbols, room.instruments), orders=max(2 * resting, room.orders))
    batch = CommandBatch(1)
    writer = JournalWriter(directory, next_seq=1, durability="memory", market_id=bytes(16))

    def commit(number: int) -> None:
        batch.seal(commands.START_NS + number * BATCH_NS)
        writer.submit(batch.records, batch.last_seq)
        batch.clear()
        if writer.pending_bytes > PENDING_BYTES:
            writer.wait(batch.next_seq - 1, timeout_s=60)

    for command in commands.market(symbols, capacity):
        batch.add_admin(command)
    commit(0)
    data = commands.orders(records).tobytes()
    size = wire.ORDER_COMMAND.itemsize * BATCH
    for number, start in enumerate(range(0, len(data), size), 1):
        batch.add_orders(data[start : start + size], 0, 1, ACCOUNTS)
        commit(number)
    writer.close()
    return batch.next_seq - 1
