"""What goes between an engine and the process that saves beside it: one JSON object a line."""

from __future__ import annotations

import os
import pickle
from typing import Any, Final

import msgspec

from engine.config import Config
from engine.config.storage import NO_POSTGRES, History, Postgres

LEAST_EVENTS: Final = 1 << 10


class Request(msgspec.Struct, frozen=True):
    """Save the state after `seq`, whose command has the time ts_ns.

    sequences: of the last record of each channel of market data; counts: of the events of each kind: what the engine
    had told by then. Where the journal gives others nothing is saved.
    """

    data: str
    seq: int
    ts_ns: int
    sequences: list[int]
    counts: list[int]


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of the worker's, or the one that tells its end. at: it is there; failed: why nothing was saved; path: of
    the snapshot, from_seq: of what it began with; ended: its exit code, said: its last words."""

    at: int | None = None
    warning: str | None = None
    failed: str | None = None
    path: str | None = None
    from_seq: int = 0
    seconds: float = 0.0
    ended: int | None = None
    said: str = ""


def config_file(config: Config) -> int:
    """A descriptor of a file without a name that has what a worker needs of the configuration: no secrets, and no more
    room for histories than must be."""
    history = History(events=LEAST_EVENTS, trades=1, bars=1, bars_of_each=config.history.bars_of_each)
    needed = msgspec.structs.replace(
        config, history=history, postgres=Postgres(dsn=NO_POSTGRES), account=[], operator=[]
    )
    descriptor = os.memfd_create("configuration")
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(pickle.dumps(needed))
    return descriptor


def read_config(descriptor: int) -> Config:
    """What `config_file` has written."""
    config: Config = pickle.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    return config


def words(answer: Any) -> bytes:
    """One line."""
    return msgspec.json.encode(answer) + b"\n"
