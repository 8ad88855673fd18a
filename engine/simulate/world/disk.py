"""A disk that keeps what was synced, and of all else what the seed lets it keep.

Of each file there is what processes see (`data`) and what is on the disk (`kept`); between them the writes that were
not synced. A power cut keeps any of their sectors, and loses any. Names are kept in the order in which they were given.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from engine.simulate.world.timeline import US, Timeline

SECTOR: Final = 512
CAPACITY_BYTES: Final = 64 << 20
WRITE_NS, SYNC_NS, READ_NS, OTHER_NS = 12 * US, 90 * US, 4 * US, 3 * US


class File:
    """A file's bytes. What the kernel holds of it outlives every process, and not the power."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.kept = bytearray()
        self.unsynced: list[tuple[int, bytes]] = []  # writes, in their order

    def write(self, offset: int, data: bytes) -> None:
        """As processes see it from now on."""
        if not data:
            return
        end = offset + len(data)
        if end > len(self.data):
            self.data.extend(bytes(end - len(self.data)))
        self.data[offset:end] = data
        self.unsynced.append((offset, data))

    def grow(self, size: int) -> None:
        """Zeros up to that size."""
        if size > len(self.data):
            self.write(len(self.data), bytes(size - len(self.data)))

    def truncate(self, size: int) -> None:
        """Cut it off, or add zeros. A cut is taken as synced, as nothing that matters is cut so."""
        self.grow(size)
        del self.data[size:]
        del self.kept[size:]
        self.unsynced = [(at, data) for at, data in self.unsynced if at + len(data) <= size]

    def sync(self, count: int) -> None:
        """The first `count` writes that were not synced are on the disk now."""
        for offset, data in self.unsynced[:count]:
            self._keep(offset, data)
        del self.unsynced[:count]

    def drop(self, count: int) -> None:
        """The kernel gave up on them: they can be read, and are nowhere else."""
        del self.unsynced[:count]

    def cut_power(self, generator: random.Random, share: float) -> None:
        """Each sector that was not synced is kept with that probability."""
        for offset, data in self.unsynced:
            at, end = offset, offset + len(data)
            while at < end:
                after = min(end, (at // SECTOR + 1) * SECTOR)
                if share >= 1 or (share > 0 and generator.random() < share):
                    self._keep(at, data[at - offset : after - offset])
                at = after
        self.unsynced = []
        self.data = bytearray(self.kept)

    def _keep(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if end > len(self.kept):
            self.kept.extend(bytes(end - len(self.kept)))
        self.kept[offset:end] = data


@dataclass(slots=True)
class Folder:
    """Names. `unsynced`: what was done to them since the folder was synced: name, and what it stands for (or None); or
    a name that was given in another folder instead of this one, which is on the disk in both or in neither."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    kept: dict[str, File | Folder] = field(default_factory=dict)
    unsynced: list[list[tuple[str, File | Folder | None]] | Move] = field(default_factory=list)

    def change(self, *changes: tuple[str, File | Folder | None]) -> None:
        """All of these at once."""
        self._do(self.names, changes)
        self.unsynced.append(list(changes))

    def move(self, name: str, other: Folder, new_name: str) -> None:
        """The name goes to another folder."""
        made = Move(self, name, other, new_name, self.names[name])
        del self.names[name]
        other.names[new_name] = made.entry
        for folder in (self, other):
            folder.unsynced.append(made)

    def sync(self, count: int) -> None:
        """The first `count` changes that were not synced are on the disk now."""
        for changes in self.unsynced[:count]:
            if isinstance(changes, Move):
                changes.keep()
            else:
                self._do(self.kept, changes)
        del self.unsynced[:count]

    def cut_power(self, generator: random.Random, share: float) -> None:
        """Some of the last changes are lost; so is all that has no name then."""
        count = len(self.unsynced)
        self.sync(count if share >= 1 else 0 if share <= 0 else generator.randint(0, count))
        self.unsynced.clear()
        self.names = dict(self.kept)
        for one in self.names.values():
            one.cut_power(generator, share)

    @staticmethod
    def _do(
        names: dict[str, File | Folder],
        changes: tuple[tuple[str, File | Folder | None], ...] | list[tuple[str, File | Folder | None]],
    ) -> None:
        for name, entry in changes:
            if entry is None:
                names.pop(name, None)
            else:
                names[name] = entry


@dataclass(slots=True)
class Move:
    """A rename from one folder to another."""

    source: Folder
    name: str
    target: Folder
    new_name: str
    entry: File | Folder
    is_kept: bool = False

    def keep(self) -> None:
        """It is on the disk now."""
        if not self.is_kept:
            self.is_kept = True
            self.source.kept.pop(self.name, None)
            self.target.kept[self.new_name] = self.entry


class Disk:
    """One disk of one machine. `root`: its folders; `slowness`: how many times longer everything takes."""

    def __init__(self, timeline: Timeline, name: str) -> None:
        self.timeline = timeline
        self.name = name
        self.root = Folder()
        self.slowness = 1.0
        self.taken_bytes = 0  # by somebody else
        self.generator = timeline.random(f"disk {name}")
        self.on_synced: Callable[[str, File], None] = lambda path, file: None
        self.cuts = 0
        self.locks: dict[Any, Any] = {}  # of flock: who holds a file

    def pause_ns(self, base_ns: int) -> int:
        """How long a call takes."""
        return round(base_ns * (0.6 + 0.8 * self.generator.random()) * self.slowness)

    def cut_power(self, generator: random.Random) -> None:
        """The power goes and comes again."""
        self.cuts += 1
        share = generator.choice((0.0, 1.0, 0.5, 0.9, 0.1, generator.random()))
        self.root.cut_power(generator, share)
        self.slowness = 1.0

    def files(self, folder: Folder | None = None, before: str = "") -> Iterator[tuple[str, File]]:
        """All files with their paths, in the order of their names."""
        for name, entry in sorted((folder or self.root).names.items()):
            path = f"{before}/{name}"
            if isinstance(entry, File):
                yield path, entry
            else:
                yield from self.files(entry, path)

    def used_bytes(self) -> int:
        return sum(len(file.data) for _, file in self.files())

    def free_bytes(self) -> int:
        return max(0, CAPACITY_BYTES - self.taken_bytes - self.used_bytes())
