"""An operator's verbs about borrowing and interest, dividends and splits (docs/borrow.md, docs/actions.md), and rows.

Cash in 1e-6 of the currency, prices in 1e-4, quantities in lots, yearly rates in 1e-6 (30,000 is 3 percent).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from openbell.bounds import Ref
from openbell.ledger import date_number
from openbell.prices import PriceLike, cash_units, checked_int, percent_units, price_units
from openbell.rows import rows_of
from openbell.terms import choice
from openbell.wire import Borrow

MAX_YEARLY: Final = 10_000_000  # 1,000 percent a year
MAX_LOTS: Final = 1 << 40
MAX_HELD: Final = 1 << 61  # lots of a position
MAX_SIDE: Final = 10_000  # of a split
_I64_MAX: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class BorrowInfo:
    """What of an instrument can be lent. borrow: wire.Borrow; fee: a year; inventory: lots that can be lent in all;
    lent: lots that were located."""

    instrument: int = 0
    borrow: int = 0
    fee: int = 0
    inventory: int = 0
    lent: int = 0
    symbol: str = ""

    @property
    def available(self) -> int:
        """Lots that can still be located; below 0: so many were recalled."""
        return self.inventory - self.lent


@dataclass(frozen=True, slots=True)
class LocateInfo:
    """Lots that were located for an account; short: of these, what it owes or would if its open sells traded."""

    account: int = 0
    instrument: int = 0
    located: int = 0
    short: int = 0
    account_name: str = ""
    symbol: str = ""

    @property
    def free(self) -> int:
        """Lots that nothing was sold short with."""
        return max(0, self.located - self.short)


@dataclass(frozen=True, slots=True)
class DueInfo:
    """A claim for dividends; below 0: owed."""

    account: int = 0
    instrument: int = 0
    due: int = 0
    account_name: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class RateInfo:
    """Interest of a currency: what who owes cash pays, what who has it gets, a year of so many days."""

    currency: str = ""
    debit: int = 0
    credit: int = 0
    days: int = 360


class Rates(NamedTuple):
    """Interest of all currencies, and the last day that was charged (YYYYMMDD; 0: none)."""

    rates: tuple[RateInfo, ...]
    accrue_date: int


class Accrued(NamedTuple):
    """A day's interest and fees: the day (YYYYMMDD), days that it stands for, charges."""

    date: int
    days: int
    charges: int


class SplitDone(NamedTuple):
    """Positions that changed, orders that ended, the price that fractions were paid at."""

    positions: int
    orders: int
    price: int


@dataclass(frozen=True, slots=True)
class BuyIn:
    """A buy-in. short: lots that the account owes; located: for it; recalled: lots of the instrument that were lent and
    are not there any more; mark, price: what its position counts at, and the worst price; displayed: lots offered there
    or better; qty: lots of the order; bound: what kept it to fewer than were asked for ("": nothing did); cancels: its
    own orders in the instrument go first.

    Of one that was done: bought, cost (cash, without fees), canceled: orders, given_back: located lots, left: what it
    still owes.
    """

    account: int = 0
    instrument: int = 0
    symbol: str = ""
    account_name: str = ""
    short: int = 0
    located: int = 0
    recalled: int = 0
    mark: int = 0
    price: int = 0
    displayed: int = 0
    bound: str = ""
    qty: int = 0
    cancels: bool = False
    bought: int = 0
    cost: int = 0
    canceled: int = 0
    given_back: int = 0
    left: int = 0


def _yearly(percent: PriceLike | None, field: str) -> int | None:
    """Percent a year, to four decimals, as units of 1e-6."""
    return None if percent is None else percent_units(percent, field=field, most=MAX_YEARLY, places=4)


class LendingVerbs(ABC):
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

    # ------------------------------------------------------------ looking

    def borrows(self, instrument: Ref | None = None) -> list[BorrowInfo]:
        """What can be lent of all instruments, or of one."""
        where = {} if instrument is None else {"instrument": self.instrument_id(instrument)}
        return rows_of(BorrowInfo, self.ask("borrows", where)["rows"], {})

    def locates(self, account: Ref | None = None) -> list[LocateInfo]:
        """Lots that were located, for all accounts or for one."""
        return rows_of(LocateInfo, self.ask("locates", self._of_one(account))["rows"], {})

    def dues(self, account: Ref | None = None) -> list[DueInfo]:
        """Dividends that are due and not paid."""
        return rows_of(DueInfo, self.ask("dues", self._of_one(account))["rows"], {})

    def rates(self) -> Rates:
        """Interest of the currencies whose rates were set."""
        answer = self.ask("rates")
        return Rates(tuple(rows_of(RateInfo, answer["rows"], {})), int(answer["accrue_date"]))

    def _of_one(self, account: Ref | None) -> dict[str, int]:
        return {} if account is None else {"account": self.account_id(account)}

    # ------------------------------------------------------------ borrowing

    def set_borrow(
        self,
        instrument: Ref,
        borrow: Borrow | str | None = None,
        *,
        fee_percent: PriceLike | None = None,
        inventory: int | None = None,
        reason: str,
    ) -> BorrowInfo:
        """Say whether it may be sold short: "EASY": by anybody who may; "HARD": as far as lots were located; "NONE".
        fee_percent: what who owes it pays, a year; inventory: lots that can be lent. What is None stays."""
        arguments = {
            "instrument": self.instrument_id(instrument),
            "borrow": None if borrow is None else int(choice(borrow, Borrow, "borrow")),
            "fee": _yearly(fee_percent, "fee_percent"),
            "inventory": None if inventory is None else checked_int(inventory, "inventory", 0, MAX_LOTS),
        }
        return rows_of(BorrowInfo, self._change("borrow", arguments, reason)["rows"], {})[0]

    def locate(self, account: Ref, instrument: Ref, lots: int, *, reason: str) -> int:
        """Find lots that an account may sell short today (below 0: give them back); what is located for it then."""
        arguments = {
            "account": self.account_id(account),
            "instrument": self.instrument_id(instrument),
            "lots": checked_int(lots, "lots", -MAX_LOTS, MAX_LOTS),
        }
        return int(self._change("locate", arguments, reason)["located"])

    def buy_in(self, account: Ref, instrument: Ref, qty: int, *, price: PriceLike | None = None, reason: str) -> BuyIn:
        """Buy back lots that an account owes, by an order of the house in its name that takes what is offered at the
        protected price or better, or at `price` where that is lower. What does not trade stays owed."""
        return _buy_in(self._change("buy-in", self._bought_in(account, instrument, qty, price), reason))

    def buy_in_plan(self, account: Ref, instrument: Ref, qty: int, *, price: PriceLike | None = None) -> BuyIn:
        """What `buy_in` would do now. Nothing is done. Raises OperatorRefused where it would be refused."""
        return _buy_in(self.ask("buy-in-plan", self._bought_in(account, instrument, qty, price)))

    def _bought_in(self, account: Ref, instrument: Ref, qty: int, price: PriceLike | None) -> dict[str, Any]:
        return {
            "account": self.account_id(account),
            "instrument": self.instrument_id(instrument),
            "qty": checked_int(qty, "qty", 1, MAX_HELD),
            "price": None if price is None else price_units(price),
        }

    # ------------------------------------------------------------ interest

    def set_rates(
        self,
        currency: str,
        *,
        debit_percent: PriceLike | None = None,
        credit_percent: PriceLike | None = None,
        days: int | None = None,
        reason: str,
    ) -> RateInfo:
        """Set interest on cash of a currency ("": of accounts without one), in percent a year of 360 or 365 days. What
        is None stays."""
        arguments = {
            "currency": currency,
            "debit": _yearly(debit_percent, "debit_percent"),
            "credit": _yearly(credit_percent, "credit_percent"),
            "days": days,
        }
        return rows_of(RateInfo, [self._change("set-rates", arguments, reason)], {})[0]

    def accrue(self, day: date | int, *, days: int = 1, reason: str) -> Accrued:
        """Charge a day's interest and fees for borrowing (a date, or YYYYMMDD), once; days: that it stands for."""
        number = date_number(day) if isinstance(day, date) else day
        answer = self._change("accrue", {"date": number, "days": checked_int(days, "days", 1, 31)}, reason)
        return Accrued(*(int(answer[name]) for name in Accrued._fields))

    # ------------------------------------------------------------ dividends, splits

    def dividend(self, instrument: Ref, amount: PriceLike, *, reference: int = 0, reason: str) -> int:
        """Give who holds its shares now a claim for an amount a share, who owes them the debt; their number."""
        arguments = {
            "instrument": self.instrument_id(instrument),
            "amount": cash_units(amount),
            "reference": checked_int(reference, "reference", 0, _I64_MAX),
        }
        return int(self._change("dividend", arguments, reason)["positions"])

    def pay_dividend(self, instrument: Ref, *, reference: int = 0, reason: str) -> int:
        """Pay what is due of its dividends; the number of positions that were paid, or paid."""
        arguments = {
            "instrument": self.instrument_id(instrument),
            "reference": checked_int(reference, "reference", 0, _I64_MAX),
        }
        return int(self._change("pay-dividend", arguments, reason)["positions"])

    def split(self, instrument: Ref, new: int, old: int, *, price: PriceLike | None = None, reason: str) -> SplitDone:
        """Make `new` lots of each `old` ones; all its orders end. The market must be closed or halted. price: what a
        share of before is worth, for fractions; default: the reference price."""
        arguments = {
            "instrument": self.instrument_id(instrument),
            "new": checked_int(new, "new", 1, MAX_SIDE),
            "old": checked_int(old, "old", 1, MAX_SIDE),
            "price": None if price is None else price_units(price),
        }
        answer = self._change("split", arguments, reason)
        return SplitDone(*(int(answer[name]) for name in SplitDone._fields))


def _buy_in(answer: Mapping[str, Any]) -> BuyIn:
    return rows_of(BuyIn, [answer], {})[0]
