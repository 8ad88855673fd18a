"""Rules of cash accounts (docs/cash.md): rows, and an operator's verbs about them.

Cash in 1e-6 of the currency, quantities in lots.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openbell.bounds import Ref
from openbell.prices import checked_int
from openbell.rows import rows_of

_NUMBERS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class CashInfo:
    """An account with a rule. rule: wire.CashRule; violations: those that count; since: YYYYMMDD of the violation that
    restricted it, 0: of the business day that is not over; funds: settled cash that has paid for nothing yet; unused1
    to unused4: proceeds that settle with the next SETTLEs, unused_today: those since the last one, that paid for
    nothing yet."""

    account: int = 0
    rule: int = 0
    restricted: int = 0
    violations: int = 0
    since: int = 0
    funds: int = 0
    unused1: int = 0
    unused2: int = 0
    unused3: int = 0
    unused4: int = 0
    unused_today: int = 0
    account_name: str = ""

    @property
    def unsettled(self) -> int:
        """Proceeds that have not settled and paid for nothing yet."""
        return self.unused1 + self.unused2 + self.unused3 + self.unused4 + self.unused_today


@dataclass(frozen=True, slots=True)
class UnpaidInfo:
    """Lots of a position that are not paid for, by when they are: with the next SETTLEs, with those of today's trades,
    or (owed) when nothing is owed any more; and what they cost."""

    account: int = 0
    instrument: int = 0
    lots1: int = 0
    lots2: int = 0
    lots3: int = 0
    lots4: int = 0
    lots_today: int = 0
    lots_owed: int = 0
    money1: int = 0
    money2: int = 0
    money3: int = 0
    money4: int = 0
    money_today: int = 0
    money_owed: int = 0
    account_name: str = ""
    symbol: str = ""

    @property
    def lots(self) -> int:
        """All of them: to sell one of these is a violation."""
        return self.lots1 + self.lots2 + self.lots3 + self.lots4 + self.lots_today + self.lots_owed

    @property
    def money(self) -> int:
        """What they cost."""
        return self.money1 + self.money2 + self.money3 + self.money4 + self.money_today + self.money_owed


@dataclass(frozen=True, slots=True)
class ViolationInfo:
    """A violation that counts. number: within the account, from 1; kind: wire.CashViolation; date: YYYYMMDD, 0: of the
    business day that is not over."""

    account: int = 0
    number: int = 0
    instrument: int = 0
    date: int = 0
    kind: int = 0
    account_name: str = ""
    symbol: str = ""


class CashVerbs(ABC):
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

    def cash_accounts(self, account: Ref | None = None) -> list[CashInfo]:
        """Accounts with a rule, or one, if it has one."""
        return rows_of(CashInfo, self.ask("cash", self._account_or_all(account))["rows"], {})

    def unpaid(self, account: Ref | None = None) -> list[UnpaidInfo]:
        """Positions with lots that are not paid for."""
        return rows_of(UnpaidInfo, self.ask("unpaid", self._account_or_all(account))["rows"], {})

    def violations(self, account: Ref | None = None) -> list[ViolationInfo]:
        """Violations that count, by account, oldest first."""
        return rows_of(ViolationInfo, self.ask("violations", self._account_or_all(account))["rows"], {})

    def lift_cash(self, account: Ref, violation: int | None = None, *, reason: str) -> CashInfo:
        """Have a violation not count any more, by its number; None: end the account's restriction to settled cash. The
        account afterwards."""
        number = 0 if violation is None else checked_int(violation, "violation", 1, _NUMBERS - 1)
        arguments = {"account": self.account_id(account), "violation": number}
        return rows_of(CashInfo, self._change("lift-cash", arguments, reason)["rows"], {})[0]

    def _account_or_all(self, account: Ref | None) -> dict[str, int]:
        return {} if account is None else {"account": self.account_id(account)}
