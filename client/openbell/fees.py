"""Plans of fees: their components as typed rows, and in words. What is charged: docs/ledger.md, "Fees"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final, NamedTuple

from openbell.prices import format_cash
from openbell.wire import FeeBits, HouseAccount

SIDES: Final = FeeBits.BUY | FeeBits.SELL
FILLS: Final = FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
# Fields of a component that are value0 to value7 of SET_FEE.
FEE_VALUES: Final = (
    "per_share", "of_notional", "per_order", "minimum", "maximum", "most_of_notional", "rounding", "bits",
)  # fmt: skip
_WHO = {
    FeeBits.BUY: "buyers",
    FeeBits.SELL: "sellers",
    FeeBits.MAKER: "makers",
    FeeBits.TAKER: "takers",
    FeeBits.AUCTION: "auctions",
}


def house_name(number: int) -> str:
    """A HouseAccount in small letters, as people give it: "commission"."""
    return HouseAccount(number).name.lower() if number in HouseAccount._value2member_map_ else f"house {number}"


def plain_number(value: int, places: int) -> str:
    """An integer of 10**-places as decimal text without zeros at its end: 5000000, 9 -> "0.005"."""
    text = f"{Decimal(value).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class FeeInfo:
    """A component of a plan: the fields of wire.FEE_ROW. str() says it in words.

    per_share: 1e-9 of the currency; of_notional, most_of_notional: 1e-9 of the notional; per_order (of a component
    whose unit is the fill: per fill), minimum, maximum, rounding: cash of 1e-6; reserve: 1e-6 of the notional; house:
    wire.HouseAccount; bits: wire.FeeBits.
    """

    plan: int = 0
    component: int = 0
    house: int = 0
    bits: int = 0
    per_share: int = 0
    of_notional: int = 0
    per_order: int = 0
    minimum: int = 0
    maximum: int = 0
    most_of_notional: int = 0
    rounding: int = 0
    reserve: int = 0

    @property
    def unit(self) -> str:
        """What it is charged for: "fill" or "order"."""
        return "fill" if self.bits & FeeBits.PER_FILL else "order"

    def __str__(self) -> str:
        article = "a" if self.unit == "fill" else "an"
        amounts = [
            f"{plain_number(self.per_share, 9)} a share" if self.per_share else "",
            f"{plain_number(self.of_notional, 7)} % of the value" if self.of_notional else "",
            f"{format_cash(self.per_order)} {article} {self.unit}" if self.per_order else "",
        ]
        parts = [
            " + ".join(filter(None, amounts)) or "0",
            f"at least {format_cash(self.minimum)}" if self.minimum else "",
            f"at most {format_cash(self.maximum)}" if self.maximum else "",
            f"at most {plain_number(self.most_of_notional, 7)} % of the value" if self.most_of_notional else "",
            f"by {self.unit}",
            self._who(SIDES),
            self._who(FILLS),
            self._rounded(),
        ]
        return f"{house_name(self.house)} {', '.join(filter(None, parts))}"

    def _who(self, mask: int) -> str:
        """Who pays, where that is not everybody."""
        if self.bits & mask == mask:
            return ""
        return " and ".join(text for bit, text in _WHO.items() if bit & mask & self.bits)

    def _rounded(self) -> str:
        how = " up" if self.bits & FeeBits.UP else " down" if self.bits & FeeBits.DOWN else ""
        return f"rounded{how} to {plain_number(max(1, self.rounding), 6)}" if how or self.rounding > 1 else ""


class FeePlan(NamedTuple):
    """A plan of fees. number 0: none; name: as the market's configuration calls it, empty: it does not; accounts: how
    many have it."""

    number: int
    name: str
    components: tuple[FeeInfo, ...]
    accounts: int = 0

    def __str__(self) -> str:
        return self.name or (f"plan {self.number}" if self.number else "none")


def fee_of(row: Mapping[str, Any]) -> FeeInfo:
    """A component of a row of JSON."""
    return FeeInfo(**{one.name: int(row[one.name]) for one in fields(FeeInfo) if one.name in row})


def plan_of(number: int, name: str, rows: Iterable[Mapping[str, Any]], accounts: int = 0) -> FeePlan:
    """A plan of rows of JSON."""
    return FeePlan(number, name, tuple(map(fee_of, rows)), accounts)
