"""What clients of the order port send as JSON, and what is known of one that is logged in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from engine.ports.budget import Budget
from engine.ports.guards import Spared
from ext.intake import Sender
from ext.streams import Streams

MAX_ROWS: Final = 10_000  # of one reply


class Login(msgspec.Struct):
    """LOGIN."""

    api_key: str
    client: str = ""
    resume: dict[str, int] = {}
    cancel_on_disconnect: bool | Spared = False
    epoch: int = 0  # in which the events before those of `resume` were seen; 0: it is not known


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
    as_made: bool = False  # fills that were busted or corrected, too, as they were
    command: bytes | None = None  # preview: the OrderCommand or SpecialCommand, base64


class KeyUse:
    """What all sessions of one API key have together."""

    __slots__ = ("_logins", "budget", "key", "name", "sessions")

    def __init__(self, now_s: float, name: str | None) -> None:
        """name: what operators call the key."""
        self.budget = Budget(now_s)
        self.name = name or ""
        self.key = 0  # its number in the core, where it has limits: docs/session-limits.md
        self._logins = Budget(now_s)  # its own: who has asked for too much may log in again still
        self.sessions: set[Session] = set()

    def log_in(self, now_s: float, instruments: int, streams: Streams, resume: Mapping[int, int]) -> None:
        """Charge a login for the rows that answer it, and what it resumes. Raises FrameError (overloaded: the SDK tries
        again after a while)."""
        self._logins.check(now_s, "overloaded")
        found = 0
        for account, from_seq in resume.items():
            first, last = streams.range(account)
            found += max(0, last + 1 - max(first, from_seq))
        self._logins.charge(instruments, found)

    def mark(self, numbers: Mapping[str, int]) -> None:
        """Have the commands of its sessions say from now on which key they come from. numbers: of keys by name."""
        self.key = numbers.get(self.name, 0)
        for session in self.sessions:
            session.sender.key = self.key

    def guards(self, watched: set[int], accounts: list[int], without: Session | None = None) -> int:
        """Guards of orders of its sessions (but one), and those of whole accounts (`watched`) among its accounts."""
        of_sessions = sum(len(one.guarded) for one in self.sessions if one is not without)
        return of_sessions + len(watched.intersection(accounts))


class Session:
    """A logged-in client."""

    __slots__ = (
        "account_ids",
        "accounts",
        "client",
        "epoch",
        "errors",
        "frames",
        "guarded",
        "identity",
        "number",
        "probed_s",
        "seen_s",
        "sender",
        "since_s",
        "slot",
        "use",
    )

    def __init__(
        self, slot: int, number: int, identity: bytes, use: KeyUse, accounts: list[int], login: Login, now_s: float
    ) -> None:
        """use: of its API key."""
        self.slot, self.number, self.identity, self.use = slot, number, identity, use
        self.account_ids = accounts
        self.accounts = np.array(accounts, "<u4").tobytes()
        self.sender = Sender(number, self.accounts)
        self.sender.key = use.key
        self.frames = 0  # of the sender, when it was looked at last
        self.client, self.epoch = login.client, login.epoch
        self.since_s = self.seen_s = self.probed_s = now_s
        self.guarded: set[int] = set()  # accounts with a guard of this session
        self.errors = 0
