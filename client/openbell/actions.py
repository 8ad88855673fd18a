"""Dividends and splits that are planned for a day (docs/actions.md, "By schedule"): an operator's verbs, and rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from openbell.bounds import Ref
from openbell.ledger import date_number
from openbell.prices import PriceLike, cash_units, checked_int, price_units
from openbell.rows import rows_of

MAX_SIDE: Final = 10_000  # of a split
_I64_MAX: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """kind: "dividend", "pay-dividend" or "split"; date: YYYYMMDD, the business day as which begins it is done;
    due_ts_ns: when that is, 0: not by itself; price: of a split, -1: the reference price then; failed: why the market
    refused it, "": it was not tried yet."""

    number: int = 0
    kind: str = ""
    instrument: int = 0
    symbol: str = ""
    date: int = 0
    due_ts_ns: int = 0
    amount: int = 0
    reference: int = 0
    new: int = 0
    old: int = 0
    price: int = 0
    operator: str = ""
    reason: str = ""
    failed: str = ""


class ActionVerbs(ABC):
    """A part of `Operator`."""

    @abstractmethod
    def instrument_id(self, instrument: Ref) -> int:
        """The id of a symbol."""

    @abstractmethod
    def ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The `result` of a verb."""

    @abstractmethod
    def _change(self, verb: str, arguments: Mapping[str, Any], reason: str) -> dict[str, Any]:
        """A verb that changes the market."""

    def planned_actions(self) -> list[PlannedAction]:
        """What is planned, and what of it the market refused, by date."""
        return _planned(self.ask("actions"))

    def plan_dividend(
        self, instrument: Ref, amount: PriceLike, *, ex: date, pay: date | None = None, reference: int = 0, reason: str
    ) -> list[PlannedAction]:
        """Have whoever holds its shares as the business day `ex` begins get a claim for an amount a share, and have it
        paid as the day `pay` begins."""
        given = {"amount": cash_units(amount), "pay": None if pay is None else date_number(pay)}
        return self._plan(
            "dividend", instrument, ex, reason, reference=checked_int(reference, "reference", 0, _I64_MAX), **given
        )

    def plan_payment(self, instrument: Ref, *, on: date, reference: int = 0, reason: str) -> list[PlannedAction]:
        """Have what is due of its dividends paid as the business day `on` begins."""
        return self._plan(
            "pay-dividend", instrument, on, reason, reference=checked_int(reference, "reference", 0, _I64_MAX)
        )

    def plan_split(
        self, instrument: Ref, new: int, old: int, *, on: date, price: PriceLike | None = None, reason: str
    ) -> list[PlannedAction]:
        """Have `new` lots made of each `old` ones before the business day `on` opens. price: of a share of before, for
        fractions; default: the reference price then."""
        sides = {"new": checked_int(new, "new", 1, MAX_SIDE), "old": checked_int(old, "old", 1, MAX_SIDE)}
        worth = None if price is None else price_units(price)
        return self._plan("split", instrument, on, reason, price=worth, **sides)

    def remove_action(self, number: int, *, reason: str) -> PlannedAction:
        """Take one back that was not done yet."""
        arguments = {"number": checked_int(number, "number", 1, (1 << 31) - 1)}
        return _planned(self._change("actions-remove", arguments, reason))[0]

    def _plan(self, kind: str, instrument: Ref, on: date, reason: str, **given: int | None) -> list[PlannedAction]:
        arguments = {"kind": kind, "instrument": self.instrument_id(instrument), "date": date_number(on), **given}
        return _planned(self._change("actions-add", arguments, reason))


def _planned(answer: Mapping[str, Any]) -> list[PlannedAction]:
    return rows_of(PlannedAction, answer["rows"], {})
