"""What the engine needs of the world, as protocols, and what is there by default: the system itself."""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.journal.ring import Ring
from engine.world.zeromq import ZeroMQ

if TYPE_CHECKING:
    from openbell.connection import SocketSettings
    from openbell.discovery import Market
    from openbell.status import Status

StrPath = str | Path
Bytes = bytes | bytearray | memoryview


class Stat(Protocol):
    """Of os.stat."""

    @property
    def st_mode(self) -> int: ...
    @property
    def st_size(self) -> int: ...
    @property
    def st_dev(self) -> int: ...
    @property
    def st_ino(self) -> int: ...
    @property
    def st_blocks(self) -> int: ...


class Room(Protocol):
    """Of os.statvfs."""

    @property
    def f_bavail(self) -> int: ...
    @property
    def f_frsize(self) -> int: ...


class Host(Protocol):
    """Of os.uname."""

    @property
    def nodename(self) -> str: ...


class System(Protocol):
    """The calls of `os` that are used on a market's files and descriptors. All raise OSError."""

    def open(self, path: StrPath, flags: int, mode: int = ...) -> int: ...
    def close(self, fd: int) -> None: ...
    def read(self, fd: int, length: int, /) -> bytes: ...
    def write(self, fd: int, data: Bytes, /) -> int: ...
    def pread(self, fd: int, length: int, offset: int, /) -> bytes: ...
    def pwrite(self, fd: int, data: Bytes, offset: int, /) -> int: ...
    def pwritev(self, fd: int, buffers: Sequence[Bytes], offset: int, /) -> int: ...
    def fsync(self, fd: int) -> None: ...
    def fdatasync(self, fd: int) -> None: ...
    def posix_fallocate(self, fd: int, offset: int, length: int, /) -> None: ...
    def posix_fadvise(self, fd: int, offset: int, length: int, advice: int, /) -> None: ...
    def ftruncate(self, fd: int, length: int, /) -> None: ...
    def fstat(self, fd: int) -> Stat: ...
    def stat(self, path: StrPath) -> Stat: ...
    def statvfs(self, path: StrPath) -> Room: ...
    def listdir(self, path: StrPath) -> list[str]: ...
    def mkdir(self, path: StrPath, mode: int = ...) -> None: ...
    def rmdir(self, path: StrPath) -> None: ...
    def chmod(self, path: StrPath, mode: int) -> None: ...
    def unlink(self, path: StrPath) -> None: ...
    def rename(self, src: StrPath, dst: StrPath) -> None: ...
    def eventfd(self, initval: int, flags: int = ...) -> int: ...
    def eventfd_read(self, fd: int) -> int: ...
    def eventfd_write(self, fd: int, value: int) -> None: ...
    def urandom(self, size: int, /) -> bytes: ...
    def getpid(self) -> int: ...
    def uname(self) -> Host: ...
    def sched_yield(self) -> None: ...
    def sched_getaffinity(self, pid: int, /) -> set[int]: ...


class Locking(Protocol):
    """Of `fcntl`."""

    def flock(self, fd: int, operation: int, /) -> None: ...


class Map(Protocol):
    """Memory that several processes share."""

    def __buffer__(self, flags: int, /) -> memoryview: ...
    def close(self) -> None: ...


class Clock(Protocol):
    """Of `time`."""

    def time(self) -> float: ...
    def time_ns(self) -> int: ...
    def monotonic(self) -> float: ...
    def perf_counter_ns(self) -> int: ...
    def clock_gettime_ns(self, clk_id: int, /) -> int: ...
    def sleep(self, seconds: float, /) -> None: ...


class Thread(Protocol):
    """Of `threading.Thread`."""

    def start(self) -> None: ...
    def join(self) -> None: ...
    def is_alive(self) -> bool: ...


class Lock(Protocol):
    """Of `threading.Lock`."""

    def __enter__(self) -> Any: ...
    def __exit__(self, *error: Any) -> Any: ...


class Flag(Protocol):
    """Of `threading.Event`."""

    def set(self) -> None: ...
    def is_set(self) -> bool: ...


class Queue(Protocol):
    """Of `queue.SimpleQueue`."""

    def put(self, item: Any) -> None: ...
    def get(self) -> Any: ...
    def qsize(self) -> int: ...


class Threads:
    """Threads, and what they wait for each other with."""

    def thread(self, run: Callable[[], None], name: str) -> Thread:
        """A thread that does not keep the process from ending; not started."""
        return threading.Thread(target=run, name=name, daemon=True)

    def lock(self) -> Lock:
        return threading.Lock()

    def flag(self) -> Flag:
        return threading.Event()

    def queue(self) -> Queue:
        """Without a limit."""
        return queue.SimpleQueue()


class Secrets(Protocol):
    """Of `secrets`."""

    def token_urlsafe(self, nbytes: int) -> str: ...
    def token_hex(self, nbytes: int) -> str: ...
    def randbits(self, k: int) -> int: ...


class Network(Protocol):
    """ZeroMQ as the ports use it."""

    def context(self) -> Any:
        """A zmq.Context for the sockets of the ports."""

    def dial(self, endpoint: str, settings: SocketSettings, market: Market) -> Any:
        """A DEALER socket that connects to another market's port. Raises OpenBellError."""

    def watch(self, socket: Any) -> Any:
        """What tells whether the connection of such a socket was lost (openbell.connection.Watch)."""

    def status(self, of: str, token: str, settings: SocketSettings, timeout_s: float) -> Status:
        """What the market at this address answers to an operator's `status`. Blocks. Raises OpenBellError."""

    def plain_send(self, socket: Any) -> Callable[[bytes, int], object]:
        """The socket's send without what pyzmq puts around it for sockets of other kinds."""

    def functions(self) -> tuple[int, ...] | None:
        """The addresses of the functions that an Intake needs, in its order; None where they cannot be had."""


class Memory:
    """The process' memory."""

    def settle(self) -> None:
        """What lives by now lives to the end: the collector need not look at it again and again."""
        gc.collect()
        gc.freeze()


def _map(descriptor: int, size: int) -> Map:
    return mmap.mmap(descriptor, size)


async def _connect(dsn: str, **options: Any) -> Any:
    import asyncpg  # not before it is needed

    return await asyncpg.connect(dsn, **options)


class Here:
    """The world that this process lives in; see the protocols. `ring`: makes an engine/world/ring Ring, or None."""

    __slots__ = ("clock", "connect", "locking", "map", "memory", "network", "ring", "secrets", "system", "threads")

    def __init__(self) -> None:
        self.system: System = os
        self.locking: Locking = fcntl
        self.map: Callable[[int, int], Map] = _map
        self.clock: Clock = time
        self.threads = Threads()
        self.secrets: Secrets = secrets
        self.network: Network = ZeroMQ()
        self.ring: Callable[[int, int], Any] = Ring.make
        self.connect: Callable[..., Any] = _connect
        self.memory = Memory()
