"""The calls of the system, as a simulated process makes them: descriptors, files, folders, on its machine's disk.

A call that a fault is armed for fails, does something else, or is the last thing that happens (engine/simulate/faults).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from zlib import crc32

import numpy as np

from engine.simulate.world.disk import OTHER_NS, READ_NS, SECTOR, SYNC_NS, WRITE_NS, File, Folder
from engine.simulate.world.loop import Bell
from engine.simulate.world.process import SimulatedProcess
from engine.world.doors import Bytes, StrPath

WRITES: Final = ("pwrite", "pwritev", "write")
SYNCS: Final = ("fsync", "fdatasync")


class Status(NamedTuple):
    """Of a file."""

    st_mode: int
    st_size: int
    st_dev: int = 0
    st_ino: int = 0
    st_blocks: int = 0


class Named(NamedTuple):
    """Of a machine."""

    nodename: str


class Space(NamedTuple):
    """Of a disk."""

    f_bavail: int
    f_frsize: int


@dataclass(slots=True)
class Opened:
    """What a descriptor of a file or folder stands for."""

    path: str
    entry: File | Folder
    at: int = 0
    appends: bool = False


@dataclass(slots=True, eq=False)
class Call:
    """A call to which a fault may happen."""

    process: SimulatedProcess
    name: str
    path: str
    size: int = 0
    is_of_records: bool = False  # a commit of the journal


@dataclass(slots=True)
class Effect:
    """What a fault makes of a call. error: errno; share: that much of it is written or read; lies: gets a write of
    which the disk says that it was done. crash: called before or after it, and does not come back."""

    error: int = 0
    loses_pages: bool = False
    share: float | None = None
    lies: Callable[[File, int, bytes], None] | None = None
    crash_before: Callable[[], None] | None = None
    crash_after: Callable[[], None] | None = None


class EventCounter:
    """As an eventfd."""

    def __init__(self, count: int) -> None:
        self.bell = Bell()
        self.count = count


class SimulatedSystem:
    """As `os`, in what engine/world/doors.System asks for. `meddle`: asked about each call what a fault makes of it."""

    def __init__(self, process: SimulatedProcess, pid: int, cores: int) -> None:
        self._process = process
        self._disk = process.machine.disk
        self._pid, self._cores = pid, cores
        self._generator = process.timeline.random(f"system {pid}")
        self.meddle: Callable[[Call], Effect | None] = lambda call: None

    # ------------------------------------------------------------ paths

    def _find(self, path: StrPath) -> File | Folder:
        entry: File | Folder = self._disk.root
        for name in _parts(path):
            if not isinstance(entry, Folder):
                raise _error(errno.ENOTDIR, path)
            found = entry.names.get(name)
            if found is None:
                raise _error(errno.ENOENT, path)
            entry = found
        return entry

    def _parent(self, path: StrPath) -> tuple[Folder, str]:
        *above, name = _parts(path)
        parent = self._find("/".join(above))
        if not isinstance(parent, Folder):
            raise _error(errno.ENOTDIR, path)
        return parent, name

    def _begin(self, name: str, path: StrPath, base_ns: int, size: int = 0, is_of_records: bool = False) -> Effect:
        """A call begins: what becomes of it. Takes its time."""
        process = self._process
        if process.is_dead:
            process.leave()
        effect = self.meddle(Call(process, name, str(path), size, is_of_records)) or Effect()
        if effect.crash_before is not None:
            effect.crash_before()
            process.leave()
        process.take_time(self._disk.pause_ns(base_ns))
        return effect

    def _end(self, effect: Effect) -> None:
        if effect.crash_after is not None:
            effect.crash_after()
            self._process.leave()

    # ------------------------------------------------------------ descriptors

    def open(self, path: StrPath, flags: int, mode: int = 0o777) -> int:
        effect = self._begin("open", path, OTHER_NS)
        if effect.error:
            raise _error(effect.error, path)
        entry: File | Folder | None = self._disk.root
        parent, name = self._disk.root, ""
        if _parts(path):
            parent, name = self._parent(path)
            entry = parent.names.get(name)
        if entry is None:
            if not flags & os.O_CREAT:
                raise _error(errno.ENOENT, path)
            entry = File()
            parent.change((name, entry))
            self._trace("create", str(path))
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise _error(errno.EEXIST, path)
        if flags & os.O_DIRECTORY and not isinstance(entry, Folder):
            raise _error(errno.ENOTDIR, path)
        if flags & os.O_TRUNC and isinstance(entry, File):
            entry.truncate(0)
        self._end(effect)
        return self._process.descriptor(Opened(str(path), entry, appends=bool(flags & os.O_APPEND)))

    def close(self, fd: int) -> None:
        self._process.described(fd)
        del self._process.descriptors[fd]

    def _opened(self, fd: int) -> Opened:
        found = self._process.described(fd)
        if not isinstance(found, Opened):
            raise _error(errno.EINVAL)
        return found

    def _file(self, fd: int) -> tuple[Opened, File]:
        opened = self._opened(fd)
        if not isinstance(opened.entry, File):
            raise _error(errno.EISDIR, opened.path)
        return opened, opened.entry

    # ------------------------------------------------------------ bytes

    def read(self, fd: int, length: int, /) -> bytes:
        opened = self._opened(fd)
        data = self.pread(fd, length, opened.at)
        opened.at += len(data)
        return data

    def pread(self, fd: int, length: int, offset: int, /) -> bytes:
        opened, file = self._file(fd)
        effect = self._begin("pread", opened.path, READ_NS, length)
        if effect.error:
            raise _error(effect.error, opened.path)
        data = bytes(file.data[offset : offset + length])
        return data if effect.share is None else data[: _part(data, effect.share)]

    def write(self, fd: int, data: Bytes, /) -> int:
        opened, file = self._file(fd)
        at = len(file.data) if opened.appends else opened.at
        done = self._write("write", fd, bytes(data), at)
        opened.at = at + done
        return done

    def pwrite(self, fd: int, data: Bytes, offset: int, /) -> int:
        return self._write("pwrite", fd, bytes(data), offset)

    def pwritev(self, fd: int, buffers: Sequence[Bytes], offset: int, /) -> int:
        return self._write("pwritev", fd, b"".join(buffers), offset)

    def _write(self, name: str, fd: int, data: bytes, offset: int) -> int:
        opened, file = self._file(fd)
        effect = self._begin(name, opened.path, WRITE_NS, len(data), name == "pwritev")
        if effect.error:
            raise _error(effect.error, opened.path)
        if effect.share is not None:
            data = data[: _part(data, effect.share)]
        self._check_room(max(0, offset + len(data) - len(file.data)), opened.path)
        self._put(file, offset, data, effect)
        self._trace_data(f"{name} {opened.path} {offset}", data)
        self._end(effect)
        return len(data)

    @staticmethod
    def _put(file: File, offset: int, data: bytes, effect: Effect) -> None:
        if effect.lies is None:
            file.write(offset, data)
        else:  # the kernel has it in memory, the disk does not
            file.data[offset : offset + len(data)] = data
            effect.lies(file, offset, data)

    def write_durably(self, fd: int, data: bytes, offset: int) -> int:
        """A write that is complete when it is on the disk (RWF_DSYNC); raises OSError."""
        opened, file = self._file(fd)
        effect = self._begin("pwritev", opened.path, WRITE_NS, len(data), True)
        if effect.error:
            raise _error(effect.error, opened.path)
        if effect.share is not None:
            data = data[: _part(data, effect.share)]
        self._put(file, offset, data, effect)
        self._trace_data(f"express {opened.path} {offset}", data)
        self._end(effect)
        self.fdatasync(fd)
        return len(data)

    # ------------------------------------------------------------ syncing

    def fsync(self, fd: int) -> None:
        self._sync("fsync", fd)

    def fdatasync(self, fd: int) -> None:
        self._sync("fdatasync", fd)

    def _sync(self, name: str, fd: int) -> None:
        opened = self._opened(fd)
        count = len(opened.entry.unsynced)
        effect = self._begin(name, opened.path, SYNC_NS)
        if effect.error:
            if effect.loses_pages and isinstance(opened.entry, File):
                opened.entry.drop(count)
            raise _error(effect.error, opened.path)
        opened.entry.sync(count)
        if isinstance(opened.entry, File):
            self._disk.on_synced(opened.path, opened.entry)
        self._trace(name, opened.path)
        self._end(effect)

    # ------------------------------------------------------------ files and folders

    def posix_fallocate(self, fd: int, offset: int, length: int, /) -> None:
        opened, file = self._file(fd)
        effect = self._begin("posix_fallocate", opened.path, OTHER_NS, length)
        if effect.error:
            raise _error(effect.error, opened.path)
        self._check_room(max(0, offset + length - len(file.data)), opened.path)
        file.grow(offset + length)
        self._end(effect)

    def posix_fadvise(self, fd: int, offset: int, length: int, advice: int, /) -> None:
        self._opened(fd)

    def ftruncate(self, fd: int, length: int, /) -> None:
        _, file = self._file(fd)
        file.truncate(length)

    def fstat(self, fd: int) -> Status:
        return _status(self._opened(fd).entry)

    def stat(self, path: StrPath) -> Status:
        status = _status(self._find(path))
        return status._replace(st_dev=crc32(self._process.machine.name.encode()), st_ino=crc32(str(path).encode()))

    def statvfs(self, path: StrPath) -> Space:
        self._find(path)
        return Space(self._disk.free_bytes() // SECTOR, SECTOR)

    def listdir(self, path: StrPath) -> list[str]:
        entry = self._find(path)
        if not isinstance(entry, Folder):
            raise _error(errno.ENOTDIR, path)
        names = sorted(entry.names)
        self._generator.shuffle(names)  # no order is promised
        return names

    def mkdir(self, path: StrPath, mode: int = 0o777) -> None:
        effect = self._begin("mkdir", path, OTHER_NS)
        parent, name = self._parent(path) if _parts(path) else (self._disk.root, "")
        if not name or name in parent.names:
            raise _error(errno.EEXIST, path)
        parent.change((name, Folder()))
        self._trace("mkdir", str(path))
        self._end(effect)

    def chmod(self, path: StrPath, mode: int) -> None:
        self._find(path)

    def unlink(self, path: StrPath) -> None:
        effect = self._begin("unlink", path, OTHER_NS)
        parent, name = self._parent(path)
        if not isinstance(parent.names.get(name), File):
            raise _error(errno.ENOENT if name not in parent.names else errno.EISDIR, path)
        parent.change((name, None))
        self._trace("unlink", str(path))
        self._end(effect)

    def rmdir(self, path: StrPath) -> None:
        effect = self._begin("rmdir", path, OTHER_NS)
        parent, name = self._parent(path)
        found = self._find(path)
        if not isinstance(found, Folder):
            raise _error(errno.ENOTDIR, path)
        if found.names:
            raise _error(errno.ENOTEMPTY, path)
        parent.change((name, None))
        self._trace("rmdir", str(path))
        self._end(effect)

    def rename(self, src: StrPath, dst: StrPath) -> None:
        effect = self._begin("rename", dst, OTHER_NS)
        parent, name = self._parent(src)
        other, new_name = self._parent(dst)
        entry = parent.names.get(name)
        if entry is None:
            raise _error(errno.ENOENT, src)
        if other is parent:
            parent.change((name, None), (new_name, entry))
        else:
            parent.move(name, other, new_name)
        self._trace("rename", str(dst))
        self._end(effect)

    def _check_room(self, growth: int, path: StrPath) -> None:
        if growth > 0 and growth > self._disk.free_bytes():
            raise _error(errno.ENOSPC, path)

    # ------------------------------------------------------------ all else

    def eventfd(self, initval: int, flags: int = 0) -> int:
        return self._process.descriptor(EventCounter(initval))

    def eventfd_read(self, fd: int) -> int:
        counter: EventCounter = self._process.described(fd)
        if not counter.count:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        count, counter.count = counter.count, 0
        counter.bell.is_readable = False
        return count

    def eventfd_write(self, fd: int, value: int) -> None:
        counter: EventCounter = self._process.described(fd)
        counter.count += value
        counter.bell.ring()

    def urandom(self, size: int, /) -> bytes:
        return self._generator.randbytes(size)

    def getpid(self) -> int:
        return self._pid

    def uname(self) -> Named:
        return Named(self._process.machine.name)

    def sched_yield(self) -> None:
        pass

    def sched_getaffinity(self, pid: int, /) -> set[int]:
        return set(range(self._cores))

    def flock(self, fd: int, operation: int, /) -> None:
        """As fcntl.flock, without waiting."""
        opened, file = self._file(fd)
        holders: dict[File, tuple[SimulatedProcess, int]] = self._disk.locks
        holder = holders.get(file)
        if holder is not None and not holder[0].is_dead and holder[1] in holder[0].descriptors and holder[1] != fd:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), opened.path)
        if operation & fcntl.LOCK_EX:
            holders[file] = self._process, fd

    def map(self, descriptor: int, size: int) -> Any:
        """As mmap.mmap: memory that all who map the file share."""
        _, file = self._file(descriptor)
        return np.frombuffer(file.data, np.uint8, size).view(_Shared)

    def token_urlsafe(self, nbytes: int) -> str:
        return self._generator.randbytes(nbytes).hex()

    def token_hex(self, nbytes: int) -> str:
        return self._generator.randbytes(nbytes).hex()

    def randbits(self, k: int) -> int:
        return self._generator.getrandbits(k)

    def _trace(self, name: str, path: str) -> None:
        self._process.timeline.trace(f"{self._process.name} {name} {path}")

    def _trace_data(self, what: str, data: bytes) -> None:
        self._process.timeline.trace_data(f"{self._process.name} {what}", data)


class _Shared(np.ndarray[Any, Any]):
    """Memory of a file."""

    def close(self) -> None:
        pass


def _part(data: bytes, share: float) -> int:
    """A part of it, at least one byte."""
    return max(1, int(len(data) * share))


def _parts(path: StrPath) -> list[str]:
    return [part for part in str(path).split("/") if part]


def _status(entry: File | Folder) -> Status:
    if isinstance(entry, File):
        return Status(stat.S_IFREG | 0o600, len(entry.data), st_blocks=-(-len(entry.data) // SECTOR))
    return Status(stat.S_IFDIR | 0o700, 0)


def _error(number: int, path: StrPath = "") -> OSError:
    return OSError(number, os.strerror(number), str(path))
