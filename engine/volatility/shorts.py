"""The short-sale price test of 17 CFR 242.201 (Rule 201 of Regulation SHO): when it begins and ends. Sans I/O.

What a restricted instrument takes is checked in the core: docs/bands.md.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
import numpy as np

FALL_PERCENT: Final = 10
DAYS: Final = 2  # the rest of the day, and the next one: 242.201(b)(1)(ii)


PriceT = TypeVar("PriceT", int, np.ndarray[Any, Any])


def floor_of(previous_close: PriceT) -> PriceT:
    """The highest price that is 10 % or more below the close of the day before; 0: none is. Of one or of an array."""
    return (100 - FALL_PERCENT) * previous_close // 100


class ShortSales(msgspec.Struct, array_like=True):
    """Of one instrument. days_left: as the rule has it, this day counted. is_restricted: as the market's records say;
    by_hand: by an operator, who then has to end it."""

    days_left: int = 0
    is_restricted: bool = False
    by_hand: bool = False

    @property
    def wanted(self) -> bool | None:
        """What is to be set: restricted or free; None: nothing."""
        if self.days_left and not self.is_restricted:
            return True
        if not self.days_left and self.is_restricted and not self.by_hand:
            return False
        return None

    def fell(self) -> None:
        """A trade of regular hours was 10 % or more below the close before. One on the second day begins anew."""
        self.days_left = DAYS

    def told(self, is_restricted: bool) -> None:
        """The market says so now. An operator who ends what the rule began has the last word."""
        if is_restricted and not self.is_restricted:
            self.by_hand = not self.days_left
        elif self.is_restricted and not is_restricted:
            self.days_left, self.by_hand = 0, False
        self.is_restricted = is_restricted

    def day_ended(self) -> None:
        """One day less."""
        self.days_left = max(0, self.days_left - 1)
