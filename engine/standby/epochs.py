"""Epochs: how often the market has had a new primary, as its journal tells it.

Whoever becomes the primary journals a NOTE before everything else, named "epoch" and with the number as its first
value. The number itself comes from the lease (engine/standby/lease), which gives each one once; without a lease it is
one more than the last one. Everything in the journal from that NOTE on is of that primary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from openbell import wire
from openbell.wire import CommandKind

from engine.journal.commands import split
from engine.sequencer import OPERATOR_BYTES, REASON_BYTES, admin_command

NAME: Final = "epoch"
EPOCHS: Final = "epochs"  # in what is saved with a snapshot
OPERATOR: Final = "standby"  # in whose name it is journaled where nobody asked for it
KEPT: Final = 64  # of the latest
_NAME: Final = NAME.encode()


@dataclass(slots=True)
class Epochs:
    """The latest epochs of a journal: number, and seq of the NOTE that began it, ascending."""

    begun: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last(self) -> int:
        """The number of the present one; 0: there was none yet."""
        return self.begun[-1][0] if self.begun else 0

    def see(self, commands: bytes) -> None:
        """Commands that were applied."""
        if _NAME not in commands:
            return
        for rows in split(commands):
            if rows.dtype != wire.ADMIN_COMMAND:
                continue
            for row in rows:
                if row["kind"] == CommandKind.NOTE and bytes(row["name"]) == _NAME:
                    self.begun.append((int(row["value0"]), int(row["seq"])))
        del self.begun[:-KEPT]

    def first_seq_after(self, epoch: int) -> int | None:
        """Where the first epoch after that one began; None: there is none, as far as is known."""
        return next((seq for number, seq in self.begun if number > epoch), None)

    def first_seq_unknown_to(self, epoch: int) -> int | None:
        """Where the first epoch began of which a client does not know that was here in that one last (0: nobody knows);
        None: there is none, as far as is known."""
        return self.first_seq_after(epoch) if epoch else None

    def state(self) -> list[list[int]]:
        """For a snapshot."""
        return [list(one) for one in self.begun]

    def load(self, extra: dict[str, Any]) -> None:
        """What `state` gave, out of a snapshot; nothing where it had none."""
        self.begun = [(int(number), int(seq)) for number, seq in extra.get(EPOCHS, [])]


def command(epoch: int, operator: str, reason: str) -> bytes:
    """The NOTE that begins an epoch. What does not fit of the texts is cut off."""
    return admin_command(
        CommandKind.NOTE, operator=_cut(operator, OPERATOR_BYTES), reason=_cut(reason, REASON_BYTES), name=NAME,
        values=[epoch],
    )  # fmt: skip


def note(what: str, operator: str, reason: str) -> bytes:
    """A NOTE about a standby."""
    return admin_command(
        CommandKind.NOTE, operator=_cut(operator, OPERATOR_BYTES), reason=_cut(reason, REASON_BYTES), name=what
    )


def _cut(text: str, limit: int) -> str:
    return text.replace("\0", " ").encode()[:limit].decode("utf-8", "ignore")
