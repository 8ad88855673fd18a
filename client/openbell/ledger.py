"""An operator's verbs about the ledger: plans of fees, charges, withdrawals, business days (docs/ledger.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from openbell.bounds import Ref
from openbell.errors import InvalidInput, near
from openbell.fees import FeePlan, plan_of
from openbell.prices import PriceLike, cash_units, checked_int
from openbell.rows import AccountInfo, WithdrawalInfo, rows_of
from openbell.terms import choice
from openbell.wire import HouseAccount

NO_PLAN = "none"  # the name that no plan has
_I64_MAX = (1 << 63) - 1


class HouseBalance(NamedTuple):
    """What an account of the house has, cash of 1e-6 in a currency (empty: of accounts without one)."""

    currency: str
    house: HouseAccount
    balance: int


class House(NamedTuple):
    """The house's balances, and by currency what all accounts have together. The sum of all of it is 0."""

    balances: tuple[HouseBalance, ...]
    accounts: Mapping[str, int]


class SettledDay(NamedTuple):
    """A business day that is over (YYYYMMDD), in how many days its trades settle, how many accounts had some settled
    now."""

    date: int
    days: int
    accounts: int


def date_number(day: date) -> int:
    """A date as YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


class LedgerVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def account_id(self, account: Ref) -> int:
        """The id of an account's name."""

    @abstractmethod
    def instrument_id(self, instrument: Ref) -> int:
        """The id of a symbol."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    # ------------------------------------------------------------ fees

    def fees(self) -> list[FeePlan]:
        """All plans of fees, numbers ascending."""
        return [
            plan_of(int(row["plan"]), str(row["name"]), row["components"], int(row["accounts"]))
            for row in self.ask("fees")["plans"]
        ]

    def plan_number(self, plan: Ref) -> int:
        """The number of a plan's name ("none": 0); numbers are passed through. Raises InvalidInput."""
        if isinstance(plan, int):
            return plan
        plans = self.fees()
        known = {one.name: one.number for one in plans if one.name}
        if plan in known:
            return known[plan]
        if plan == NO_PLAN:
            return 0
        if plan.isascii() and plan.isdigit() and int(plan) in [0, *(one.number for one in plans)]:
            return int(plan)
        hint = near(plan, [*known, NO_PLAN])
        raise InvalidInput(f"there is no plan of fees {plan!r}{hint}", field="fee_plan", value=plan)

    def fee_plan(self, account: Ref, plan: Ref, *, reason: str) -> AccountInfo:
        """Give an account a plan of fees, by name or number; "none" or 0: none. The account afterwards."""
        arguments = {"account": self.account_id(account), "plan": self.plan_number(plan)}
        return self._account(self._change("fee-plan", arguments, reason))

    def charge(
        self,
        account: Ref,
        amount: PriceLike,
        house: HouseAccount | str,
        *,
        instrument: Ref | None = None,
        reference: int = 0,
        reason: str,
    ) -> AccountInfo:
        """Charge an account an amount (below 0: give it that much); the account afterwards.

        house: what for: "INTEREST", "BORROW", "DIVIDEND", "TAX", "CORRECTION", "OTHER", "COMMISSION", ...; instrument:
        of which one, where it is of one; reference: a number of yours, 0 or more.
        """
        arguments = {
            "account": self.account_id(account),
            "amount": cash_units(amount),
            "house": int(choice(house, HouseAccount, "house")),
            "instrument": None if instrument is None else self.instrument_id(instrument),
            "reference": checked_int(reference, "reference", 0, _I64_MAX),
        }
        return self._account(self._change("charge", arguments, reason))

    # ------------------------------------------------------------ withdrawals

    def withdrawals(self, account: Ref | None = None) -> list[WithdrawalInfo]:
        """Withdrawals that are on their way, of one account or of all."""
        where = {} if account is None else {"account": self.account_id(account)}
        return rows_of(WithdrawalInfo, self.ask("withdrawals", where)["rows"], {})

    def hold_withdrawal(self, account: Ref, number: int, amount: PriceLike, *, reason: str) -> AccountInfo:
        """Keep cash back for a withdrawal that begins; the account afterwards. number: yours, 1 or more, of no other
        withdrawal of the account that is on its way."""
        arguments = {**self._withdrawal(account, number), "amount": cash_units(amount)}
        return self._account(self._change("withdraw-hold", arguments, reason))

    def post_withdrawal(self, account: Ref, number: int, *, reason: str) -> tuple[int, AccountInfo]:
        """A withdrawal went out: how much that was, and the account afterwards."""
        answer = self._change("withdraw-post", self._withdrawal(account, number), reason)
        return int(answer["amount"]), self._account(answer)

    def release_withdrawal(self, account: Ref, number: int, *, reason: str) -> tuple[int, AccountInfo]:
        """A withdrawal will not go out: how much is free again, and the account afterwards."""
        answer = self._change("withdraw-release", self._withdrawal(account, number), reason)
        return int(answer["amount"]), self._account(answer)

    def _withdrawal(self, account: Ref, number: int) -> dict[str, int]:
        return {"account": self.account_id(account), "number": checked_int(number, "number", 1, _I64_MAX)}

    # ------------------------------------------------------------ the house, business days

    def house(self) -> House:
        """Balances of the house, by currency and account."""
        answer = self.ask("house")
        balances = tuple(
            HouseBalance(str(row["currency"]), HouseAccount(int(row["house"])), int(row["balance"]))
            for row in answer["rows"]
        )
        return House(balances, {str(row["currency"]): int(row["cash"]) for row in answer["accounts"]})

    def settle(self, day: date | int, *, days: int | None = None, reason: str) -> SettledDay:
        """End a business day (a date, or YYYYMMDD): what is due settles. days: in which its trades settle; default: as
        the market's configuration says."""
        number = date_number(day) if isinstance(day, date) else day
        answer = self._change("settle", {"date": number, "days": days}, reason)
        return SettledDay(*(int(answer[name]) for name in SettledDay._fields))

    @staticmethod
    def _account(row: Mapping[str, Any]) -> AccountInfo:
        return rows_of(AccountInfo, [row], {})[0]
