"""Batches of commands for journals, and a journal that keeps what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from openbell import wire

from engine.journal.reader import JournalReader
from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch

MARKET = bytes(range(16))
ALLOWED = np.arange(8, dtype="<u4").tobytes()
ORDER_RECORD, ADMIN_RECORD = 72, 264


def orders(count: int, first_id: int = 1) -> bytes:
    commands = np.zeros(count, wire.ORDER_COMMAND)
    commands["kind"] = wire.CommandKind.NEW_ORDER
    commands["account"] = np.arange(count) % 8
    commands["client_order_id"] = np.arange(first_id, first_id + count)
    commands["price"] = 1_000_000
    commands["qty"] = 5
    return commands.tobytes()


def note(text: str = "a reason") -> bytes:
    command = np.zeros((), wire.ADMIN_COMMAND)
    command["kind"] = wire.CommandKind.NOTE
    command["reason"] = text.encode()
    return command.tobytes()


@dataclass
class Journal:
    """A writer and what was given to it."""

    writer: JournalWriter
    batch: CommandBatch
    commands: bytes = b""
    batches: list[int] = field(default_factory=list)  # last seq of each

    def fill(self, count: int, notes: int = 0) -> None:
        """Submit one batch."""
        for _ in range(notes):
            self.batch.add_admin(note())
        self.batch.add_orders(orders(count, self.batch.next_seq), 0, 1, ALLOWED)
        self.batch.seal(1_000_000 + self.batch.next_seq)
        self.writer.submit(self.batch.records, self.batch.last_seq)
        self.commands += self.batch.commands
        self.batches.append(self.batch.last_seq)
        self.batch.clear()

    def write(self, count: int, notes: int = 0) -> None:
        """Submit one batch and wait until it is durable: one commit."""
        self.fill(count, notes)
        self.writer.wait(self.batch.next_seq - 1)


def contents(directory: Path, from_seq: int = 1) -> bytes:
    """All commands of a journal that is whole."""
    with JournalReader(directory, from_seq) as reader:
        parts = []
        while commands := reader.read():
            parts.append(commands)
        assert reader.torn is None
        return b"".join(parts)
