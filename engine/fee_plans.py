"""The ledger's part of a configuration: [ledger], [[fee_plan]]; what is checked, and what it is in commands.

What is charged by a component: docs/ledger.md, "Fees". It is written in the units of people here, and in those of
SET_FEE there.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from openbell.fees import FEE_VALUES, FILLS, SIDES
from openbell.wire import FeeBits, HouseAccount

from engine.units import FeeCash, FeeFixed, FeePercent, FeePerShare, FeeReserve, FeeShare, FeeStep

MAX_PLAN: Final = 255
COMPONENTS: Final = 8  # of a plan
NAME_BYTES: Final = 32
# What SET_FEE has, in the order of the index of its rejects (docs/ledger.md), by the names that fields have here.
FEE_FIELDS: Final = (
    "per_share", "percent", "fixed", "minimum", "maximum", "max_percent", "round_to", "fills", "house", "number",
    "component", "reserve_percent",
)  # fmt: skip
HOUSES: Final = {one.name.lower(): one for one in HouseAccount if one >= HouseAccount.COMMISSION}
ROUNDING: Final = {"nearest": 0, "up": int(FeeBits.UP), "down": int(FeeBits.DOWN)}
CHOICES: Final = {
    "house": ", ".join(HOUSES),
    "sides": "buy, sell",
    "fills": "maker, taker, auction",
    "unit": "order, fill",
    "round": ", ".join(ROUNDING),
    "business_days": "auto, manual",
}
FillKind = Literal["maker", "taker", "auction"]


class Table(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A table of a file."""


class Ledger(Table, frozen=True):
    """[ledger]. withdrawals: how many may be on their way. settlement_days: business days after that of the trade.
    business_days: "auto": the engine ends them as the market's days end; "manual": operators do."""

    withdrawals: Annotated[int, Meta(ge=0, le=65_536)] = 4_096
    settlement_days: Annotated[int, Meta(ge=0, le=4)] = 1
    business_days: Literal["auto", "manual"] = "auto"


class FeeComponent(Table, frozen=True):
    """A [[fee_plan.component]]: who gets it, of what it is, who pays it. fixed: for each unit; percent, max_percent,
    reserve_percent: of the value. reserve_percent None: what percent or max_percent says."""

    house: Literal["commission", "venue", "sec", "taf", "interest", "borrow", "dividend", "tax", "correction", "other"]
    per_share: FeePerShare = FeePerShare(0)
    percent: FeePercent = FeePercent(0)
    fixed: FeeFixed = FeeFixed(0)
    minimum: FeeCash = FeeCash(0)
    maximum: FeeCash = FeeCash(0)
    max_percent: FeeShare = FeeShare(0)
    round_to: FeeStep = FeeStep(0)
    round: Literal["nearest", "up", "down"] = "nearest"
    sides: Annotated[tuple[Literal["buy", "sell"], ...], Meta(min_length=1)] = ("buy", "sell")
    fills: Annotated[tuple[FillKind, ...], Meta(min_length=1)] = ("maker", "taker", "auction")
    unit: Literal["order", "fill"] = "order"
    reserve_percent: FeeReserve | None = None


class FeePlan(Table, frozen=True):
    """A [[fee_plan]]. number: as the journal has it."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_BYTES)]
    number: Annotated[int, Meta(ge=1, le=MAX_PLAN)]
    component: Annotated[list[FeeComponent], Meta(max_length=COMPONENTS)] = []


def fields_at(path: str) -> list[str] | None:
    """The fields of the table at a path of the file; None where it is none of these."""
    kinds: dict[str, type[Table]] = {"ledger": Ledger, "fee_plan": FeePlan, "component": FeeComponent}
    kind = kinds.get(path.rpartition(".")[2].partition("[")[0])
    return None if kind is None else [one.name for one in msgspec.structs.fields(kind)]


def no_plan(where: str, plan: FeePlan) -> str | None:
    """What is wrong with a plan beyond single fields."""
    if len(plan.name.encode()) > NAME_BYTES:
        return f"{where}.name: expected at most {NAME_BYTES} bytes, got {len(plan.name.encode())}"
    for index, one in enumerate(plan.component):
        at = f"{where}.component[{index}]"
        if one.unit == "order" and bits_of(one) & FILLS != FILLS:
            return f'{at}.fills: expected all of them, or unit = "fill"'
        if not (one.per_share or one.percent or one.fixed or one.minimum):
            return f"{at}: it charges nothing: give per_share, percent, fixed or minimum"
        if one.maximum and one.maximum < one.minimum:
            return f"{at}.maximum: expected at least minimum"
    return None


def bits_of(one: FeeComponent) -> int:
    """FeeBits."""
    bits = ROUNDING[one.round] | (FeeBits.PER_FILL if one.unit == "fill" else 0)
    for name in (*one.sides, *one.fills):
        bits |= FeeBits[name.upper()]
    return int(bits)


def reserve_of(one: FeeComponent) -> int:
    """What is kept back of buy orders for it, 1e-6 of the notional, rounded up."""
    if one.reserve_percent is not None:
        return int(one.reserve_percent)
    bits = bits_of(one)
    part = (one.max_percent or max(0, one.percent)) if bits & SIDES & FeeBits.BUY else 0
    return -(-part // 1000)


def row_of(plan: FeePlan, index: int) -> dict[str, int]:
    """A component with the names of FeeRow."""
    one = plan.component[index]
    return {
        "plan": plan.number,
        "component": index,
        "house": int(HOUSES[one.house]),
        "bits": bits_of(one),
        "per_share": int(one.per_share),
        "of_notional": int(one.percent),
        "per_order": int(one.fixed),
        "minimum": int(one.minimum),
        "maximum": int(one.maximum),
        "most_of_notional": int(one.max_percent),
        "rounding": int(one.round_to),
        "reserve": reserve_of(one),
    }


def command_fields(row: dict[str, int]) -> dict[str, Any]:
    """What SET_FEE has of such a row."""
    return {
        "account": row["plan"],
        "state": row["component"],
        "flags": row["house"],
        "instrument": row["reserve"],
        "values": [row[name] for name in FEE_VALUES],
    }


def changes(plans: list[FeePlan], present: list[dict[str, int]]) -> list[tuple[int, int, dict[str, Any]]]:
    """The SET_FEEs that make the components of these plans what they are to be: place of the plan, number of the
    component, fields. present: rows of Core.fees(). Other plans stay."""
    now = {(row["plan"], row["component"]): row for row in present}
    found = []
    for place, plan in enumerate(plans):
        for index in range(COMPONENTS):
            known = now.get((plan.number, index))
            if index < len(plan.component):
                row = row_of(plan, index)
                if row != known:
                    found.append((place, index, command_fields(row)))
            elif known is not None:
                found.append((place, index, {"account": plan.number, "state": index}))
    return found
