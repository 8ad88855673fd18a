"""Which dates are business days, and when each of them ends. Pure: calendars in, dates and times out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from openbell.ledger import date_number

from engine.sessions.calendar import ALWAYS
from engine.sessions.plan import SECOND_NS
from engine.sessions.schedule import DAYS_AROUND, DAYS_WITHOUT, Timeline

MAX_DAYS: Final = 4  # to settle: docs/ledger.md, SETTLE
DAY: Final = dt.timedelta(days=1)
NOON: Final = dt.time(12)
SATURDAY: Final = 5
FIRST_YEAR: Final = 1970


class BusinessDay(NamedTuple):
    """A date, and when its day ends (ns since 1970 UTC)."""

    date: dt.date
    end_ns: int

    @property
    def number(self) -> int:
        """The date as YYYYMMDD."""
        return date_number(self.date)


def date_of(number: int) -> dt.date | None:
    """The date of YYYYMMDD; None where there is none."""
    try:
        return dt.date(number // 10_000, number // 100 % 100, number % 100) if number >= FIRST_YEAR * 10_000 else None
    except ValueError:
        return None


class BusinessDays(Protocol):
    """A market's business days."""

    def day(self, date: dt.date) -> BusinessDay | None:
        """The business day of that date; None where it is none. Raises PlanError."""


class Weekdays:
    """Monday to Friday, of a market whose days end at one time, UTC. A day has the date that was 12 hours before its
    end: what ends on Tuesday at 00:00 is Monday, and so is what ends on Monday at 21:00."""

    def __init__(self, day_end: dt.time) -> None:
        self._time = day_end

    def day(self, date: dt.date) -> BusinessDay | None:
        """As BusinessDays."""
        if date.weekday() >= SATURDAY:
            return None
        on = date if self._time >= NOON else date + DAY
        end = dt.datetime.combine(on, self._time, dt.UTC)
        return BusinessDay(date, int(end.timestamp()) * SECOND_NS)


class TradingDays:
    """Days of a market's sessions. Of exchanges' calendars those on which one of them trades; where all calendars are
    "always", Monday to Friday. A day ends when its last session does."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._exchanges = [one.calendar for one in timeline.sessions if one.calendar.name != ALWAYS]

    def day(self, date: dt.date) -> BusinessDay | None:
        """As BusinessDays."""
        if self._exchanges:
            is_one = any(calendar.hours(date) is not None for calendar in self._exchanges)
        else:
            is_one = date.weekday() < SATURDAY
        turns = self._timeline.day(date) if is_one else []
        return BusinessDay(date, turns[-1].ts_ns) if turns else None


def from_date(days: BusinessDays, date: dt.date) -> Iterator[BusinessDay]:
    """The business days of that date and later, in order, to the end of the calendars. Raises PlanError."""
    without = 0
    while without < DAYS_WITHOUT:
        found = days.day(date)
        without = 0 if found else without + 1
        if found is not None:
            yield found
        date += DAY


def next_day(days: BusinessDays, settled: int, from_ns: int) -> BusinessDay | None:
    """The first business day after the one that was settled (YYYYMMDD); where none was (0), the first one that ends
    after from_ns. None: the calendars have ended. Raises PlanError."""
    last = date_of(settled)
    if last is not None:
        return next(from_date(days, last + DAY), None)
    first = dt.datetime.fromtimestamp(from_ns // SECOND_NS, dt.UTC).date() - DAYS_AROUND * DAY
    return next((day for day in from_date(days, first) if day.end_ns > from_ns), None)
