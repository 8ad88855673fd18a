"""What a client has seen of an account, and the market does not have: a standby became the primary without it.

The events that came instead have the same numbers: a client that only says how far it is would take what follows for
the next of its own. So it also says of which epoch (engine/standby/epochs) that was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from openbell import wire
from openbell.records import HEADER

from ext.streams import Streams


def rewind(streams: Streams, accounts: list[dict[str, Any]], resume: dict[int, int], note_seq: int | None) -> None:
    """Have a client go on with the events that it does not know, and not with the next ones: `rewind` in the account's
    row of LOGGED_IN tells it. note_seq: the command that began the first epoch of which it did not know; None: none."""
    for row in accounts if note_seq is not None else ():
        wanted = resume.get(row["id"], 0)
        found = rewound(streams, row["id"], wanted, note_seq or 0)
        if found < wanted:
            row["rewind"] = resume[row["id"]] = found


def rewound(streams: Streams, account: int, from_seq: int, note_seq: int) -> int:
    """Where a client has to go on that wants the account's events from account_seq `from_seq` on: there, or where the
    events begin that followed the command `note_seq`, which began an epoch of which the client did not know."""
    first, last = streams.range(account)
    if from_seq <= first or (from_seq - 1 <= last and _seq_of(streams, account, from_seq - 1) < note_seq):
        return from_seq
    step, high = 1, last + 1  # what `high` and all after it are is known: they followed
    while high > first and _seq_of(streams, account, max(first, high - step)) > note_seq:
        high = max(first, high - step)
        step *= 2
    low = max(first, high - step)
    while low < high:
        middle = (low + high) // 2
        if _seq_of(streams, account, middle) > note_seq:
            high = middle
        else:
            low = middle + 1
    return min(from_seq, high)


def _seq_of(streams: Streams, account: int, account_seq: int) -> int:
    """The command that an event, which is kept, came of."""
    frame = streams.frames(account, account_seq)[0]
    return int(np.frombuffer(frame, wire.EVENT, 1, HEADER.size)["seq"][0])
