"""The short-sale price test of 17 CFR 242.201 (Rule 201 of Regulation SHO): when it begins and ends. Sans I/O.

What a restricted instrument takes is checked in the core: docs/bands.md.
"""

from __future__ import annotations

from typing import Final

FALL_PERCENT: Final = 10
DAYS: Final = 2  # the rest of the day, and the next one: 242.201(b)(1)(ii)


class ShortSales:
    """Of one instrument."""

    def __init__(self, days_left: int = 0) -> None:
        self.days_left = days_left

    @property
    def is_restricted(self) -> bool:
        """Whether it is now."""
        return self.days_left > 0

    def traded(self, price: int, previous_close: int) -> bool:
        """A trade of regular hours; whether it changes anything. A further fall on the second day begins anew."""
        if not previous_close or 100 * price > (100 - FALL_PERCENT) * previous_close:
            return False
        changes, self.days_left = not self.is_restricted, DAYS
        return changes

    def day_ended(self) -> bool:
        """Whether the restriction ends with this day."""
        if not self.days_left:
            return False
        self.days_left -= 1
        return not self.days_left
