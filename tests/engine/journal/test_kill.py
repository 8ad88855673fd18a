"""A writer that is killed at any moment: what was durable is there, nothing else is wrong."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.journal.reader import JournalReader, cut_off

WRITER = """
import random, sys
from pathlib import Path
from engine.journal.writer import JournalWriter
from ext.sequence import CommandBatch
from tests.engine.journal.batches import MARKET, Journal
directory, next_seq, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
writer = JournalWriter(directory, next_seq=next_seq, durability="fsync", market_id=MARKET, segment_bytes=1 << 16)
journal = Journal(writer, CommandBatch(next_seq))
sizes = random.Random(seed)
while True:
    for _ in range(sizes.randrange(1, 20)):
        journal.fill(sizes.randrange(1, 40), notes=sizes.randrange(2))
    journal.commands = b""
    print(writer.collect(), flush=True)
"""


def killed(directory: Path, next_seq: int, seed: int, after_s: float) -> int:
    """Run a writer and kill it; the last number that it said was durable."""
    command = [sys.executable, "-c", WRITER, str(directory), str(next_seq), str(seed)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        said = first + process.stdout.read()
    return max([next_seq - 1, *map(int, said.rpartition(b"\n")[0].split())])


@pytest.mark.slow
def test_killed_writers_lose_nothing_that_was_durable(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    next_seq, before = 1, b""
    for _ in range(12):
        durable = killed(tmp_path, next_seq, rng.randrange(1 << 30), rng.random() * 0.1)
        with JournalReader(tmp_path) as reader:
            parts = []
            while commands := reader.read():
                parts.append(commands)
            if reader.torn is not None:
                cut_off(reader.torn)
            next_seq = reader.next_seq
        everything = b"".join(parts)
        assert next_seq > durable
        assert everything.startswith(before)
        before = everything
    assert next_seq > 1000
