"""The simulated disk: what processes see is what a real one shows them; what is left after a power cut is what was
synced, and of all else any part."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.simulate.world.disk import SECTOR, File
from engine.simulate.world.system import Call, Effect
from engine.world import files, here
from engine.world.doors import System
from tests.simulate.worlds import World

NAMES = ["a", "b", "c", "sub/d", "sub/e", "none/f"]
FLAGS = [
    os.O_RDONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDWR | os.O_CREAT | os.O_EXCL,
    os.O_RDWR | os.O_CREAT | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_APPEND,
]  # fmt: skip


def steps(generator: random.Random, count: int) -> Iterator[tuple[Any, ...]]:
    """Calls of the system, the same ones for both."""
    for _ in range(count):
        name = generator.choice(NAMES)
        kind = generator.choice(
            [
                "write",
                "write",
                "append",
                "read",
                "rename",
                "unlink",
                "mkdir",
                "list",
                "size",
                "allocate",
                "cut",
                "flags",
            ]
        )
        yield (
            kind,
            name,
            generator.choice(NAMES),
            generator.randrange(3000),
            generator.randbytes(generator.randrange(900)),
            (generator.choice(FLAGS)),
        )


def take(system: System, root: str, step: tuple[Any, ...]) -> Any:
    """One call's result, or its error."""
    kind, name, other, at, data, flags = step
    path = f"{root}/{name}"
    try:
        if kind == "rename":
            return system.rename(path, f"{root}/{other}") if name.count("/") == other.count("/") else None
        if kind == "unlink":
            return system.unlink(path)
        if kind == "mkdir":
            return system.mkdir(f"{root}/sub")
        if kind == "list":
            return sorted(system.listdir(root))
        if kind == "size":
            return system.stat(path).st_size
        descriptor = system.open(path, flags if kind == "flags" else os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if kind == "write":
                return system.pwrite(descriptor, data, at), system.fstat(descriptor).st_size
            if kind == "append":
                return system.pwritev(descriptor, [data[:10], memoryview(data)[10:]], at)
            if kind == "read":
                return system.pread(descriptor, at, at // 2)
            if kind == "allocate":
                system.posix_fallocate(descriptor, 0, at + 1)
            elif kind == "cut":
                system.ftruncate(descriptor, at)
            return system.fstat(descriptor).st_size
        finally:
            system.close(descriptor)
    except OSError as error:
        return error.errno


@pytest.mark.parametrize("number", range(10))
def test_processes_see_what_a_real_disk_shows(tmp_path: Path, seed: int, number: int) -> None:
    world = World()
    process = world.process()
    ours: System = process.doors["system"]
    world.call(process, lambda: ours.mkdir("/root"))
    (tmp_path / "root").mkdir()
    for step in steps(random.Random(f"{seed} {number}"), 300):
        real = take(os, str(tmp_path / "root"), step)
        simulated = world.call(process, partial(take, ours, "/root", step))
        assert simulated == real, step


def written(world: World, synced: bytes, unsynced: bytes) -> File:
    """A file with a part that was synced and one that was not; its name is on the disk."""
    process = world.process()

    def write() -> None:
        descriptor = here.system.open("/file", os.O_RDWR | os.O_CREAT)
        here.system.pwrite(descriptor, synced, 0)
        here.system.fsync(descriptor)
        here.system.pwrite(descriptor, unsynced, len(synced))
        folder = here.system.open("/", os.O_RDONLY | os.O_DIRECTORY)
        here.system.fsync(folder)

    world.call(process, write)
    found = world.machine.disk.root.names["file"]
    assert isinstance(found, File)
    assert found.data == synced + unsynced
    return found


def test_a_power_cut_keeps_what_was_synced_and_any_sectors_of_the_rest() -> None:
    kinds = set()
    for seed in range(60):
        world = World(seed)
        file = written(world, b"s" * 1000, b"u" * 3 * SECTOR)
        world.office.cut_power(world.machine, random.Random(seed))
        assert file.data[:1000] == b"s" * 1000
        rest = bytes(file.data[1000:]).ljust(3 * SECTOR, b"\0")
        edges = [1000, *range(2 * SECTOR, 1000 + 3 * SECTOR, SECTOR), 1000 + 3 * SECTOR]
        sectors = [rest[begin - 1000 : end - 1000] for begin, end in pairwise(edges)]
        assert all(set(one) in ({0}, {ord("u")}) for one in sectors)  # each whole, or not at all
        kinds.add(tuple(one[0] > 0 for one in sectors))
    assert len(kinds) > 8  # also those without the first and with the last


def test_kill_leaves_everything_to_the_next_process() -> None:
    world = World()
    file = written(world, b"s" * 100, b"u" * 100)
    world.machine.processes[0].kill()
    assert world.call(world.process("b"), lambda: files.read(Path("/file"))) == b"s" * 100 + b"u" * 100
    assert file.data == b"s" * 100 + b"u" * 100


def test_a_failed_sync_drops_the_pages() -> None:
    world = World()
    file = written(world, b"", b"lost")
    process = world.process("b")
    armed = [Effect(error=errno.EIO, loses_pages=True)]
    process.doors["system"].meddle = lambda call: armed.pop() if armed and call.name == "fsync" else None

    def sync() -> bytes:
        descriptor = here.system.open("/file", os.O_RDWR)
        with pytest.raises(OSError, match="Input/output"):
            here.system.fsync(descriptor)
        here.system.fsync(descriptor)  # says that all is well
        return here.system.pread(descriptor, 10, 0)

    assert world.call(process, sync) == b"lost"
    assert file.kept == b""


def test_names_are_lost_with_a_folder_that_was_not_synced() -> None:
    outcomes = set()
    for seed in range(20):
        world = World(seed)
        process = world.process()
        for name in "abc":
            world.call(process, partial(files.make, Path(f"/{name}"), b""))
        world.office.cut_power(world.machine, random.Random(seed))
        outcomes.add("".join(sorted(name for name in world.machine.disk.root.names if name in "abc")))
    assert outcomes == {"", "a", "ab", "abc"}


def test_a_call_that_a_fault_is_armed_for_is_the_last_one() -> None:
    world = World()
    process = world.process()
    done = []

    def meddle(call: Call) -> Effect | None:
        return Effect(crash_before=lambda: world.office.end(process)) if call.name == "unlink" else None

    process.doors["system"].meddle = meddle

    def work() -> None:
        files.make(Path("/a"), b"1")
        done.append("made")
        files.unlink(Path("/a"))
        done.append("never")

    with process.entered():
        work()
    assert done == ["made"]
    assert process.is_dead
    assert "a" in world.machine.disk.root.names


def test_a_reader_gets_all_though_each_call_gives_a_part() -> None:
    world = World()
    process = world.process()
    process.doors["system"].meddle = lambda call: Effect(share=0.3) if call.name == "pread" else None
    world.call(process, lambda: files.make(Path("/long"), bytes(range(250))))
    assert world.call(process, lambda: files.read(Path("/long"))) == bytes(range(250))
