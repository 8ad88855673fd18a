"""What is really on a simulated disk of the journal: read from its sectors, by nobody's leave."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from engine.journal.commands import split
from engine.simulate.world.disk import Disk, File, Folder
from ext import record

MAGIC: Final = b"OBJOURN1"
SUFFIX: Final = ".obj"
_HEAD: Final = struct.Struct("<8sIIQ")


class JournalTruth:
    """Follows the segments in a folder of a disk. `on_disk_seq`: the last command that the disk itself has, with all
    before it."""

    def __init__(self, disk: Disk, *folders: str) -> None:
        self._disk, self._folders = disk, folders
        self.on_disk_seq = 0
        self.sees_memory = False  # the disk lies: what it should have is in the kernel's memory alone
        self._commands: dict[int, bytes] = {}
        self._at: dict[File, tuple[int, int]] = {}  # where each file was read to, and the number that comes next

    def segments(self) -> Iterator[tuple[str, File]]:
        """Name and file of the segments, in their order."""
        entry: File | Folder | None = self._disk.root
        for name in self._folders:
            entry = entry.names.get(name) if isinstance(entry, Folder) else None
        if isinstance(entry, Folder):
            for name, file in sorted(entry.names.items()):
                if name.endswith(SUFFIX) and isinstance(file, File):
                    yield name, file

    def synced(self, file: File) -> None:
        """A file of the journal was synced, or changed on the disk."""
        kept = file.data if self.sees_memory else file.kept
        at = self._at.get(file)
        if at is None:
            if len(kept) < _HEAD.size or not kept.startswith(MAGIC):
                return
            _, _, size, first_seq = _HEAD.unpack_from(kept)
            at = size, first_seq
            if not self._at:
                self.on_disk_seq = max(self.on_disk_seq, first_seq - 1)  # what was before is in a snapshot
        offset, next_seq = at
        if not 0 < offset <= len(kept):
            return
        while True:
            part = bytes(kept[offset : offset + 4096])
            commands, end, next_seq, _ = record.scan(part, 0, next_seq)
            self._take(commands)
            offset += end
            if not commands:
                break
        self._at[file] = offset, next_seq

    def _take(self, commands: bytes) -> None:
        for run in split(commands):
            size = run.dtype.itemsize
            data = run.tobytes()
            for index, seq in enumerate(run["seq"].tolist()):
                self._commands[seq] = data[index * size : (index + 1) * size]
        while self.on_disk_seq + 1 in self._commands:
            self.on_disk_seq += 1

    def refresh(self) -> None:
        """Look at all files again: what was not whole may be."""
        for _, file in self.segments():
            self.synced(file)

    def rebuild(self, acked_seq: int) -> int | None:
        """Read all of it anew; the first command up to `acked_seq` that is not what it was, or None."""
        before = self._commands
        self._commands, self._at, self.on_disk_seq = {}, {}, 0
        for _, file in self.segments():
            self.synced(file)
        for seq in range(1, acked_seq + 1):
            if seq in before and before[seq] != self._commands.get(seq):
                return seq
        return None

    def commands(self, first_seq: int, last_seq: int) -> bytes | None:
        """The commands from one number to another; None where they are not all there."""
        found = [self._commands.get(seq) for seq in range(first_seq, last_seq + 1)]
        return None if None in found else b"".join(one for one in found if one is not None)

    def command(self, seq: int) -> bytes | None:
        """One of them; None: it is not there."""
        return self._commands.get(seq)

    def known(self) -> dict[int, bytes]:
        """All that were found, by their numbers."""
        return self._commands

    def end_of_last_commit(self, file: File) -> int:
        """Where the last record ends."""
        return self._at.get(file, (0, 0))[0]
