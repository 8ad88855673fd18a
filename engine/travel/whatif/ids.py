"""Client order ids where an order is inserted: a free one for it, and room for that where there is none.

An account's ids ascend, and an id far above the others would make all below it too old once its generation is dropped
(docs/core.md, "Duplicate ids"). So the inserted order gets the number after the account's last one before it; where
that is used later, that one and all above it are one higher in the changed replay, wherever commands name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.errors import InvalidInput
from openbell.wire import CommandKind

from engine.journal.commands import Records, split
from engine.travel.past import Past
from engine.travel.which import NEW

NAMING: Final = (*NEW, CommandKind.CANCEL, CommandKind.REPLACE)
INSERTED: Final = (1 << 64) - 1  # in what is compared: the id of the order that is inserted


@dataclass(frozen=True, slots=True)
class Ids:
    """Of the account whose order is inserted: `new` is that order's; with `shift` others from it on are one higher."""

    account: int
    new: int
    shift: bool

    def rewrite(self, run: Records) -> None:
        """Make room in a run of commands, in place."""
        if not self.shift:
            return
        if run.dtype == wire.AMEND_COMMAND:
            for side in ("buyer", "seller"):
                name = f"{side}_client_order_id"
                of = run["account" if side == "buyer" else "seller"] == self.account
                run[name][of & (run[name] >= self.new)] += np.uint64(1)
        elif run.dtype in (wire.ORDER_COMMAND, wire.SPECIAL_COMMAND):
            mine = (run["account"] == self.account) & np.isin(run["kind"], NAMING)
            for name in ("client_order_id", "link_id"):
                if name in (run.dtype.names or ()):
                    run[name][mine & (run[name] >= self.new)] += np.uint64(1)

    def recorded(self, events: Records) -> Records:
        """Events of the changed replay with the ids as recorded; INSERTED for the order that was not."""
        mine = events["account"] == self.account
        ids = events["client_order_id"]
        inserted, higher = mine & (ids == self.new), mine & (ids > self.new)
        if not inserted.any() and not (self.shift and higher.any()):
            return events
        made = events.copy()
        if self.shift:
            made["client_order_id"][higher] -= np.uint64(1)
        made["client_order_id"][inserted] = INSERTED
        return made


def ids_for(past: Past, account: int, after_seq: int, last_accepted: int) -> Ids:
    """The id of an order that is inserted after that command. last_accepted: the account's largest one by then."""
    before, later = last_accepted, set[int]()
    for run in _runs(past):
        mine = (run["account"] == account) & np.isin(run["kind"], NAMING)
        for name in ("client_order_id", "link_id"):
            if name in (run.dtype.names or ()):
                is_before = mine & (run["seq"] <= after_seq) & np.isin(run["kind"], NEW)
                before = max(before, int(run[name][is_before].max(initial=0)))
                later.update(run[name][mine & (run["seq"] > after_seq)].tolist())
    if before >= INSERTED - 1 or INSERTED in later:
        text = f"insert: the account uses client order ids up to {INSERTED}, the largest: there is none for another"
        raise InvalidInput(text, field="insert", limit=INSERTED)
    return Ids(account, before + 1, before + 1 in later)


def _runs(past: Past) -> Any:
    _, reader = past.before(past.first)
    with reader:
        while commands := reader.read(past.last):
            yield from (run for run in split(commands) if run.dtype in (wire.ORDER_COMMAND, wire.SPECIAL_COMMAND))
