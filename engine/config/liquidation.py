"""[liquidation]: when margin accounts are liquidated, and how (docs/liquidation.md)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from engine.config.table import Section
from engine.units import AlertPercent, Percent

LEAST_RESTORE: Final = 10_000  # 100 %: below it an account would be called at once
MOST_RESTORE: Final = 100_000


class Liquidation(Section, frozen=True):
    """[liquidation]. call_s: so long an account may be called before; 0: a call alone never leads to one.
    restore_percent: of what it must keep, when it is enough again; slice_percent: of a position, at most at once;
    protection_percent: from the mark, at worst; interval_ms: between two slices of an account; after: what the account
    may do then."""

    call_s: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 0
    restore_percent: AlertPercent = AlertPercent(11_000)
    slice_percent: Percent = Percent(2_500)
    protection_percent: Percent = Percent(300)
    interval_ms: Annotated[int, Meta(ge=10, le=3_600_000)] = 500
    after: Literal["active", "reduce_only", "close_only"] = "reduce_only"


def no_liquidation(wanted: Liquidation) -> str | None:
    """What is wrong with [liquidation] beyond single fields."""
    if not LEAST_RESTORE <= wanted.restore_percent <= MOST_RESTORE:
        return f"liquidation.restore_percent: expected 100 to 1000, got {wanted.restore_percent / 100:g}"
    if not wanted.slice_percent:
        return "liquidation.slice_percent: expected more than 0 to 100, got 0"
    return None
