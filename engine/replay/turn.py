"""Replays into one market at the same time: each needs accounts of its own, since client order ids are an account's.

The first takes the accounts "replay" and "replay-counterparty", one beside it "replay-2" and "replay-2-counterparty".
Which are taken is known by a lock that the system gives back when a replay ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from openbell.discovery import Market

from engine.replay.errors import ReplayError

MOST: Final = 100  # replays at the same time


class Turn:
    """The lowest number that no other replay into `market` has on this machine. Raises ReplayError, OSError."""

    def __init__(self, market: Market) -> None:
        stem = f"openbell-replay-{os.getuid()}-{re.sub(r'[^0-9A-Za-z]+', '-', market.orders)}"
        for number in range(1, MOST + 1):
            path = Path(tempfile.gettempdir(), f"{stem}-{number}.lock")
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._descriptor)
                continue
            self.number = number
            return
        raise ReplayError(f"{MOST} replays into {market.orders} run already: wait for one of them")

    @property
    def accounts(self) -> tuple[str, str]:
        """The names of the account of the record, and of its counterparty."""
        name = "replay" if self.number == 1 else f"replay-{self.number}"
        return name, f"{name}-counterparty"

    def close(self) -> None:
        """Let another one have it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
