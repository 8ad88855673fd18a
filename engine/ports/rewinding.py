"""What a client has seen of an account, and the market does not have: a standby became the primary without it.

The events that came instead have the same numbers: a client that only says how far it is would take what follows for
the next of its own. So it also says of which epoch (engine/standby/epochs) that was.
"""

from __future__ import annotations

from typing import Any

from ext.streams import Streams


def rewind(streams: Streams, accounts: list[dict[str, Any]], resume: dict[int, int], note_seq: int | None) -> None:
    """Have a client go on with the events that it does not know, and not with the next ones: `rewind` in the account's
    row of LOGGED_IN tells it. note_seq: the command that began the first epoch of which it did not know; None: none."""
    if note_seq is None:
        return
    for row in accounts:
        found = streams.first_after(row["id"], note_seq)
        if found < resume.get(row["id"], 0):
            row["rewind"] = resume[row["id"]] = found
