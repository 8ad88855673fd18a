"""What clients of the order port send as JSON, and what is known of one that is logged in."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from engine.ports.guards import Spared
from ext.intake import Sender

MAX_ROWS: Final = 10_000  # of one reply
QUERY_ROWS: Final = 50_000  # that one session may ask for at once


class Login(msgspec.Struct):
    """LOGIN."""

    api_key: str
    client: str = ""
    resume: dict[str, int] = {}
    cancel_on_disconnect: bool | Spared = False


class Resume(msgspec.Struct):
    """RESUME."""

    account: int
    from_seq: int


class Query(msgspec.Struct, forbid_unknown_fields=True):
    """QUERY."""

    what: str
    account: int | None = None
    instrument: int | None = None
    limit: int = MAX_ROWS
    offset: int = 0


class Session:
    """A logged-in client."""

    __slots__ = (
        "account_ids",
        "accounts",
        "client",
        "errors",
        "frames",
        "guarded",
        "identity",
        "key",
        "number",
        "paid_s",
        "probed_s",
        "rows",
        "seen_s",
        "sender",
        "since_s",
        "slot",
    )

    def __init__(
        self, slot: int, number: int, identity: bytes, key: bytes, accounts: list[int], client: str, now_s: float
    ) -> None:
        """key: the digest of its API key."""
        self.slot, self.number, self.identity, self.key = slot, number, identity, key
        self.account_ids = accounts
        self.accounts = np.array(accounts, "<u4").tobytes()
        self.sender = Sender(number, self.accounts)
        self.frames = 0  # of the sender, when it was looked at last
        self.client = client
        self.since_s = self.seen_s = self.paid_s = self.probed_s = now_s
        self.guarded: set[int] = set()  # accounts with a guard of this session
        self.rows: float = QUERY_ROWS  # that it may ask for now
        self.errors = 0
