"""API keys (docs/session-limits.md): which there are, and what all sessions of one may do together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from openbell.bounds import Ref
from openbell.desks import LimitInfo, limit_units
from openbell.errors import InvalidInput
from openbell.prices import PriceLike
from openbell.rows import rows_of
from openbell.status import Key
from openbell.terms import choice
from openbell.wire import Limit

MAX_NAME: Final = 32  # bytes


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An API key, never its secret. key: its number in the core, 0: it has, and had, no limits, and nothing is counted;
    name: what operators call it; accounts: ids of those that it may use; sessions: logged in with it now.

    messages: in the second that began last; open_orders, open_notional: what it has in the market, cash of 1e-6.
    """

    key: int = 0
    name: str = ""
    accounts: list[int] = field(default_factory=list)
    sessions: int = 0
    messages: int = 0
    open_orders: int = 0
    open_notional: int = 0


class KeyReport(NamedTuple):
    """All API keys by name, and all limits of keys by number."""

    keys: list[KeyInfo]
    limits: list[LimitInfo]


class KeyVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def keys(self) -> KeyReport:
        """All API keys, what those with limits have in the market, and these limits."""
        answer = self.ask("keys")
        return KeyReport(rows_of(KeyInfo, answer["keys"], {}), rows_of(LimitInfo, answer["limits"], {}))

    def session_limit(
        self,
        key: str,
        limit: Limit | str,
        *,
        hard: PriceLike | None = None,
        soft: PriceLike | None = None,
        reason: str,
    ) -> list[LimitInfo]:
        """Change a limit of an API key, of all sessions that log in with it together, in cash, numbers, lots, or
        percent of the average volume; what is None stays, 0: none. key: its name. The key's limits afterwards."""
        which = choice(limit, Limit, "limit")
        arguments = {
            "key": key,
            "limit": int(which),
            "hard": None if hard is None else limit_units(Limit(which), hard, "hard"),
            "soft": None if soft is None else limit_units(Limit(which), soft, "soft"),
        }
        return rows_of(LimitInfo, self._change("session-limit", arguments, reason)["limits"], {})

    def add_key(
        self,
        account: Ref | None = None,
        *,
        reason: str,
        api_key: str | None = None,
        key_name: str | None = None,
        operator: str | None = None,
        role: str | None = None,
    ) -> Key:
        """Make an API key for an account, or a token for an operator; the market keeps it in its directory.

        api_key: the key of another account, which may then use this one, too: one login trades for both. key_name: what
        a new API key is called; left out: as its account, with a number. Keys of one name have their limits together.
        """
        if (account is None) == (operator is None):
            raise InvalidInput("a key is of an account or of an operator: give one of them", field="account")
        for named, text in (("operator", operator), ("key_name", key_name)):
            if text is not None and not 1 <= len(text.strip().encode()) <= len(text.encode()) <= MAX_NAME:
                raise InvalidInput(f"{named} must have 1 to {MAX_NAME} bytes", field=named, limit=MAX_NAME, value=text)
        arguments = {
            "account": None if account is None else self.account_id(account),
            "operator": operator,
            "role": role,
            "api_key": api_key,
            "key": key_name,
        }
        answer = self._change("add-key", arguments, reason)
        return Key(str(answer.get("api_key") or answer.get("token")), str(answer.get("path", "")))
