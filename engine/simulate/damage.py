"""A disk that lies or forgets: bits that rot, writes that are lost or land elsewhere. A market never goes on from it.

Each is made so that it can be found: of the very last commit nobody can tell what was meant to be there
(docs/decisions/0004). Found means that a start is refused with the file's name, or that `verify` names it where a start
does not read it. Then the file comes back as from a copy, and the market has to go on with all that it had told.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from engine.journal.errors import JournalDamaged
from engine.journal.verify import verify
from engine.simulate.claims import DAMAGE, Claims
from engine.simulate.house import DATA
from engine.simulate.journal_truth import JournalTruth
from engine.simulate.schedule import Fault
from engine.simulate.world.disk import Disk, File
from engine.simulate.world.office import Office
from engine.simulate.world.process import Machine
from engine.simulate.world.system import WRITES, Call, Effect
from ext import record

HEAD_BYTES: Final = 128
CHECKED_HEAD_BYTES: Final = 108
COMMIT_START: Final = 1 << 31
_LENGTH: Final = struct.Struct("<I")
SNAPSHOTS: Final = "/snapshots/"


@dataclass(slots=True)
class Wound:
    """Bytes of a file on the disk that are not what they should be."""

    name: str
    file: File
    offset: int
    right: bytes

    @property
    def is_healed(self) -> bool:
        """The disk has what it should."""
        return self.file.kept[self.offset : self.offset + len(self.right)] == self.right

    def heal(self) -> None:
        """As from a copy."""
        for data in (self.file.kept, self.file.data):
            data[self.offset : self.offset + len(self.right)] = self.right


@dataclass(slots=True)
class Lie:
    """A write that the disk says it has done."""

    wounds: list[Wound] = field(default_factory=list)
    is_ripe: bool = False


class Damage:
    """Of one run. `cut_power` and `note` are those of the faults."""

    def __init__(
        self, office: Office, machine: Machine, truth: JournalTruth, claims: Claims, generator: random.Random
    ) -> None:
        self.office, self.machine, self.truth, self.claims, self.generator = office, machine, truth, claims, generator
        self.disk: Disk = machine.disk
        self.cut_power: Callable[[], None] = lambda: None
        self.note: Callable[[Fault], None] = lambda fault: None
        self._wounds: list[Wound] = []  # that the next start has to find
        self._lie: Lie | None = None
        self._wish: Fault | None = None  # to lie with the next commit

    @property
    def has_been(self) -> bool:
        """Something was wrong on the disk, once."""
        return self.claims.checked[DAMAGE] > 0 or self.is_there

    @property
    def is_there(self) -> bool:
        """Something is wrong on the disk now."""
        return bool(self._wounds) or self._lie is not None

    # ------------------------------------------------------------ bits that rot

    def rot(self, fault: Fault) -> None:
        """While the machine is off, some bits of a file change."""
        if self.is_there:
            return
        self.cut_power()
        of_snapshot = fault.arguments["of"] == "snapshot"
        found = self._of_snapshots() if of_snapshot else self._of_journal()
        if found is None:
            return
        self.note(fault)
        name, file, offset, end = found
        size = min(self.generator.choice((1, 1, 8, 512)), end - offset)
        right = bytes(file.kept[offset : offset + size])
        wrong = bytes(byte ^ self.generator.randint(1, 255) for byte in right)
        wound = Wound(name, file, offset, right)
        for data in (file.kept, file.data):
            data[offset : offset + size] = wrong
        self._wounds.append(wound)

    def _of_journal(self) -> tuple[str, File, int, int] | None:
        """A place in a segment that is checked, and where the last commit begins: that is spared."""
        segments = list(self.truth.segments())
        if not segments:
            return None
        name, file = self.generator.choice(segments)
        end = last_commit_of(file) if file is segments[-1][1] else end_of(file)
        if end <= HEAD_BYTES:
            return None
        at = self.generator.randrange(end - (HEAD_BYTES - CHECKED_HEAD_BYTES))
        return name, file, at if at < CHECKED_HEAD_BYTES else at + HEAD_BYTES - CHECKED_HEAD_BYTES, end

    def _of_snapshots(self) -> tuple[str, File, int, int] | None:
        files = [one for one in self.disk.files() if SNAPSHOTS in one[0] and one[0].endswith(".obs") and one[1].kept]
        if not files:
            return None
        path, file = self.generator.choice(files)
        return path.rpartition("/")[2], file, self.generator.randrange(len(file.kept)), len(file.kept)

    # ------------------------------------------------------------ a disk that lies

    def lie(self, fault: Fault) -> None:
        """The next commit goes nowhere, or elsewhere."""
        if not self.is_there and self._wish is None:
            self._wish = fault

    def meddle(self, call: Call) -> Effect | None:
        """What becomes of a call of the system."""
        if self._lie is not None or self._wish is None or call.name not in WRITES or not call.is_of_records:
            return None
        fault, self._wish = self._wish, None
        self.note(fault)
        self.claims.trusts_disk, self.truth.sees_memory = False, True
        self._lie = Lie()
        return Effect(lies=lambda file, offset, data: self._lied(fault, file, offset, data))

    def _lied(self, fault: Fault, file: File, offset: int, data: bytes) -> None:
        assert self._lie is not None
        name = next((name for name, one in self.truth.segments() if one is file), "?")
        self._lie.wounds.append(Wound(name, file, offset, data))
        if fault.kind == "misdirected write":
            others = [one for one in self.truth.segments() if last_commit_of(one[1]) > HEAD_BYTES]
            if others:
                other_name, other = self.generator.choice(others)
                at = self.generator.randrange(HEAD_BYTES, min(last_commit_of(other), len(other.kept) - 8))
                size = min(len(data), len(other.kept) - at)
                if other is file and at + size > offset:
                    size = offset - at
                if size > 0 and other.kept[at : at + size] != data[:size]:
                    self._lie.wounds.insert(0, Wound(other_name, other, at, bytes(other.kept[at : at + size])))
                    other.kept[at : at + size] = data[:size]

    def synced(self) -> None:
        """A file of the journal was synced: where a later commit is on the disk now, the power goes."""
        lie = self._lie
        if lie is not None and lie.wounds and not lie.is_ripe and self._has_later_commit(lie.wounds[-1]):
            lie.is_ripe = True
            self.machine.timeline.after(0, self._ripe)

    def _has_later_commit(self, lost: Wound) -> bool:
        """Whether a whole record that begins a commit was written after what was lost."""
        files = [file for _, file in self.truth.segments()]
        if lost.file not in files:
            return False
        later = files[files.index(lost.file) :]
        for file in later:
            at = (lost.offset + len(lost.right) + 7) // 8 * 8 if file is lost.file else HEAD_BYTES
            if at < len(file.kept) and record.find_commit(bytes(file.kept), at, 1) is not None:
                return True
        return False

    def _ripe(self) -> None:
        lie, self._lie = self._lie, None
        if lie is None:
            return  # it was put right meanwhile
        self.truth.sees_memory = False
        self.cut_power()
        # What an engine has written again since, as after a failed sync, is right.
        self._wounds += [wound for wound in lie.wounds if not wound.is_healed]

    def before_power_cut(self) -> None:
        """What nobody could find is put right before it is lost."""
        if self._lie is not None:
            for wound in reversed(self._lie.wounds):
                _put_right(wound)
            self._lie = None
            self.truth.sees_memory = False

    # ------------------------------------------------------------ found, or not

    def refused(self, error: Exception) -> bool:
        """A start was refused. Whether that was for the damage, which is healed then: a full disk, or an error of a
        read, may keep it from getting so far."""
        if not self._wounds or not isinstance(error, JournalDamaged):
            return False
        self.claims.checked[DAMAGE] += 1
        if not any(wound.name in str(error) for wound in self._wounds):
            names = ", ".join(wound.name for wound in self._wounds)
            self.claims.violated(DAMAGE, f"{names} was damaged, and the refused start says: {error}")
        self.heal()
        return True

    def went_on(self) -> None:
        """A market is live: where there is damage it has not read it, and `verify` must find it."""
        if not self._wounds:
            return
        self.claims.checked[DAMAGE] += 1
        process = self.office.start(self.machine, "auditor")
        with process.entered():
            found = verify(DATA)
        self.office.end(process)
        said = f"{found.error} {[one['problem'] for one in found.snapshots]}"
        if not any(wound.name in said for wound in self._wounds):
            names = ", ".join(f"{wound.name} at {wound.offset}" for wound in self._wounds)
            self.claims.violated(DAMAGE, f"{names} was damaged, the market went on, and verify says: {said}")
        self.heal()

    def heal(self) -> None:
        """All files are as they should be."""
        self.before_power_cut()
        self._wish = None
        for wound in reversed(self._wounds):
            wound.heal()
        self._wounds = []


def _put_right(wound: Wound) -> None:
    """On the disk alone: what processes see was never wrong."""
    wound.file.kept[wound.offset : wound.offset + len(wound.right)] = wound.right


def _walk(file: File) -> tuple[int, int]:
    """Where the last commit begins, and where the records end, as far as they are whole."""
    kept, at, last = file.kept, HEAD_BYTES, HEAD_BYTES
    while at + 8 <= len(kept):
        (word,) = _LENGTH.unpack_from(kept, at)
        size = word & ~COMMIT_START
        if size not in (64, 128, 256) or at + 8 + size > len(kept):
            break
        try:
            record.commit_start(bytes(kept[at : at + 8 + size]))  # for its checks
        except ValueError:
            break
        if word & COMMIT_START:
            last = at
        at += 8 + size
    return last, at


def last_commit_of(file: File) -> int:
    return _walk(file)[0]


def end_of(file: File) -> int:
    return _walk(file)[1]
