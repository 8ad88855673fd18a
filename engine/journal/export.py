"""A range of the journal for others: as NDJSON, as CSV, or as segments that are a journal themselves."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from openbell import wire

from engine.journal import segment
from engine.journal.commands import as_dict, split
from engine.journal.errors import JournalError
from engine.journal.reader import NO_LAST, JournalReader
from engine.journal.segment import sync_directory

NDJSON, CSV, RAW = "ndjson", "csv", "raw"
FORMATS: Final = (NDJSON, CSV, RAW)
PIECE_BYTES: Final = 1 << 20


def columns() -> list[str]:
    """Of CSV: the fields of all kinds of commands, each once, in the order in which the wire has them."""
    found: dict[str, None] = {}
    for dtype in (wire.ORDER_COMMAND, wire.SPECIAL_COMMAND, wire.ADMIN_COMMAND, wire.AMEND_COMMAND):
        found.update(dict.fromkeys(name for name in dtype.names or () if not name.startswith("reserved")))
    return list(found)


def rows(directory: Path, first_seq: int, last_seq: int, end_seq: int) -> Iterator[dict[str, Any]]:
    """Commands from `first_seq` to `last_seq` as JSON has them. `end_seq`: what is durable. Raises JournalError."""
    last_seq = min(last_seq, end_seq)
    with JournalReader(directory, first_seq) as reader:
        while reader.next_seq <= last_seq and (commands := reader.read(end_seq)):
            for run in split(commands):
                for command in run[run["seq"] <= np.uint64(min(last_seq, NO_LAST))]:
                    yield as_dict(command)


def write_ndjson(given: Iterator[dict[str, Any]], out: TextIO) -> int:
    """One object a line; how many."""
    count = 0
    for row in given:
        out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count


def write_csv(given: Iterator[dict[str, Any]], out: TextIO) -> int:
    """A head and a line each; fields that a command does not have are empty. How many commands."""
    writer = csv.DictWriter(out, columns(), restval="", lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in given:
        writer.writerow(row)
        count += 1
    return count


def copy_segments(directory: Path, first_seq: int, last_seq: int, end_seq: int, target: Path) -> list[Path]:
    """Copy the segments that have the range into the folder `target`, which they make a journal of; the newest one as
    far as it is durable. Raises JournalError, OSError; leaves no half file under a segment's name."""
    found = segment.segments(directory)
    last_seq = min(last_seq, end_seq)
    wanted = [
        (one, following)
        for one, following in zip(found, [*found[1:], None], strict=True)
        if one.first_seq <= last_seq and (following is None or following.first_seq > first_seq)
    ]
    if not wanted:
        raise JournalError(f"{directory}: the journal has nothing from seq {first_seq:,} to {last_seq:,}")
    target.mkdir(parents=True, exist_ok=True)
    there = [one.path for one, _ in wanted if (target / one.path.name).exists()]
    if there:
        raise JournalError(f"{target / there[0].name} is there already: choose an empty folder")
    made = []
    for one, following in wanted:
        with JournalReader(directory, one.first_seq) as reader:  # what is copied is whole
            end = reader.offset
            stop = end_seq if following is None else following.first_seq - 1
            while reader.next_seq <= stop and reader.read(stop):
                end = reader.offset
        made.append(_copy(one.path, one.path.stat().st_size if following is not None else end, target))
    sync_directory(target)
    return made


def _copy(path: Path, size: int, target: Path) -> Path:
    temporary = target / f"{path.name}.tmp"
    source = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with temporary.open("wb") as out:
            at = 0
            while at < size and (piece := os.pread(source, min(PIECE_BYTES, size - at), at)):
                out.write(piece)
                at += len(piece)
            out.flush()
            os.fsync(out.fileno())
        temporary.rename(target / path.name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(source)
    return target / path.name
