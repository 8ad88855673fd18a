"""[[desk]], the `limits` of accounts and desks, lists of securities: what is applied are commands (docs/desks.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AccountState, Limit

from engine.config.table import NAME_BYTES, Count, Name, Section
from engine.units import AlertPercent, Cash

MOST_DESKS: Final = 65_535
MOST_PLACES: Final = 1 << 24
MOST_ABOVE: Final = 4  # desks above an account
MOST_LISTS: Final = 53
MOST_VOLUME: Final = 1 << 53  # lots
STATES: Final = {one.name.lower(): one for one in AccountState}

ListNumber = Annotated[int, Meta(ge=1, le=MOST_LISTS)]
Lists = Annotated[list[ListNumber], Meta(max_length=MOST_LISTS)]
State = Literal["active", "blocked", "reduce_only", "close_only"]


class Limits(Section, frozen=True):
    """What an account, or all accounts below a desk, may do: hard limits, and soft ones that only warn. 0: none.
    order_volume: percent of an instrument's average volume."""

    position: Cash = Cash(0)
    position_soft: Cash = Cash(0)
    gross: Cash = Cash(0)
    gross_soft: Cash = Cash(0)
    net: Cash = Cash(0)
    net_soft: Cash = Cash(0)
    open_notional: Cash = Cash(0)
    open_notional_soft: Cash = Cash(0)
    open_orders: Count = 0
    open_orders_soft: Count = 0
    day_loss: Cash = Cash(0)
    day_loss_soft: Cash = Cash(0)
    order_notional: Cash = Cash(0)
    order_notional_soft: Cash = Cash(0)
    order_volume: AlertPercent = AlertPercent(0)
    order_volume_soft: AlertPercent = AlertPercent(0)
    repeats: Count = 0
    repeats_soft: Count = 0
    messages: Count = 0
    messages_soft: Count = 0


class Desk(Section, frozen=True):
    """A [[desk]]. parent: the name of the desk above it; without one it is a firm. state: once, when it is made."""

    name: Name
    id: Annotated[int, Meta(ge=1, le=MOST_DESKS)] | None = None
    parent: str | None = None
    state: State = "active"
    limits: Limits = msgspec.field(default_factory=Limits)


def bits_of(lists: Sequence[int]) -> int:
    """Numbers of lists as the wire has them."""
    return sum(1 << (number - 1) for number in set(lists))


def numbers_of(bits: int) -> list[int]:
    """And back."""
    return [number for number in range(1, MOST_LISTS + 1) if bits >> (number - 1) & 1]


def limit_fields(limits: Section, of: Sequence[Limit] = ACCOUNT_LIMITS) -> dict[str, list[int]]:
    """What is applied of limits: hard and soft by name, of those that have either. of: the Limits that there are."""
    pairs = {one.name.lower(): one for one in of}
    found = {name: [int(getattr(limits, name)), int(getattr(limits, f"{name}_soft"))] for name in pairs}
    return {name: values for name, values in found.items() if any(values)}


def no_limits(where: str, limits: Section, of: Sequence[Limit] = ACCOUNT_LIMITS) -> str | None:
    """What is wrong with limits beyond single fields."""
    for name, (hard, soft) in limit_fields(limits, of).items():
        if hard and soft > hard:
            unit = type(getattr(limits, name))
            places = getattr(unit, "places", 0)
            shown = [f"{value / 10**places:,.10g}" for value in (hard, soft)]
            return f"{where}.limits.{name}_soft: expected at most {name}, {shown[0]}, got {shown[1]}"
    return None


def no_desks(desks: Sequence[Desk]) -> str | None:
    """What is wrong with desks of one file beyond names and ids."""
    for index, one in enumerate(desks):
        where = f"desk[{index}] ({one.name})"
        if len(one.name.encode()) > NAME_BYTES:
            return f"{where}.name: expected at most {NAME_BYTES} bytes, got {len(one.name.encode())}"
        if found := no_limits(where, one.limits):
            return found
    return None


def no_chain(desks: Sequence[Desk]) -> str | None:
    """A desk whose parent there is not, or that is below itself, or too far below its firm: of all files together."""
    by_name = {one.name: one for one in desks}
    for index, one in enumerate(desks):
        where, above, at = f"desk[{index}] ({one.name}).parent", [one.name], one
        while at.parent is not None:
            if at.parent not in by_name:
                return f"{where}: there is no [[desk]] named {at.parent!r}" if at is one else None
            if at.parent in above:
                return f"{where}: {' is below '.join([*above, at.parent])}"
            at = by_name[at.parent]
            above.append(at.name)
        if len(above) > MOST_ABOVE:
            return f"{where}: {' is below '.join(above)}: expected at most {MOST_ABOVE} desks above an account"
    return None


def ordered(desks: Sequence[Desk]) -> list[Desk]:
    """Parents first."""
    by_name: Mapping[str, Desk] = {one.name: one for one in desks}
    done: dict[str, Desk] = {}

    def take(one: Desk) -> None:
        if one.name not in done:
            if one.parent is not None:
                take(by_name[one.parent])
            done[one.name] = one

    for one in desks:
        take(one)
    return list(done.values())


def limits_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """LimitRows of one holder as `limit_fields` has them."""
    return {Limit(row["limit"]).name.lower(): [int(row["hard"]), int(row["soft"])] for row in rows}
