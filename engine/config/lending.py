"""An instrument's `borrow`, and [[rates]]: what is applied of them are commands (docs/borrow.md)."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Annotated, Any, Final, Literal

from msgspec import Meta
from openbell.wire import Borrow as State

from engine.config.table import CURRENCY_BYTES, Section
from engine.units import YearlyPercent

MAX_INVENTORY: Final = 1 << 40
STATES: Final = {one.name.lower(): one for one in State}
BORROW_FIELDS: Final = ("state", "fee_percent", "inventory")  # in the order of the index of SET_BORROW's rejects
RATE_FIELDS: Final = ("currency", "debit_percent", "credit_percent", "days")  # likewise of SET_RATES


class Borrow(Section, frozen=True):
    """An instrument's `borrow`: whether it may be sold short, percent a year that who owes it pays, lots that can be
    lent."""

    state: Literal["easy", "hard", "none"] = "easy"
    fee_percent: YearlyPercent = YearlyPercent(0)
    inventory: Annotated[int, Meta(ge=0, le=MAX_INVENTORY)] = 0


class Rates(Section, frozen=True, kw_only=True):
    """A [[rates]]: interest on cash of a currency ("": of accounts without one), percent a year of so many days."""

    currency: Annotated[str, Meta(max_length=CURRENCY_BYTES)]
    debit_percent: YearlyPercent = YearlyPercent(0)
    credit_percent: YearlyPercent = YearlyPercent(0)
    days: Literal[360, 365] = 360


def borrow_fields(borrow: Borrow) -> dict[str, int]:
    """What is applied of a borrow."""
    return {"state": int(STATES[borrow.state]), "fee_percent": int(borrow.fee_percent), "inventory": borrow.inventory}


def rate_fields(rates: Rates) -> dict[str, int]:
    """What is applied of a [[rates]]."""
    return {name: int(getattr(rates, name)) for name in RATE_FIELDS[1:]}


def no_rates(rates: Sequence[Rates], currencies: Set[str | None]) -> str | None:
    """What is wrong with all [[rates]] together. currencies: of the file's instruments and accounts."""
    for index, one in enumerate(rates):
        where = f"rates[{index}] ({one.currency})"
        if one.currency in [other.currency for other in rates[:index]]:
            return f"{where}.currency: it has a [[rates]] before"
        if one.currency and one.currency not in currencies:
            return f"{where}.currency: no instrument and no account has it"
    return None


def kept(rates: Sequence[Rates]) -> dict[str, Any]:
    """What is remembered of [[rates]]."""
    return {one.currency: rate_fields(one) for one in rates}
