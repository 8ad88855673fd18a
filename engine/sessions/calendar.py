"""Trading days and hours: of real exchanges (PyPI's exchange_calendars), or of every day.

exchange_calendars stands on pandas, whose import takes as long as the whole start of a market: it is imported when a
calendar of an exchange is made, and not before.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openbell.errors import near

ALWAYS: Final = "always"
BEHIND_DAYS, AHEAD_DAYS = 40, 800  # of a day that is asked for: what is loaded at once
MIDNIGHT: Final = dt.time()
NO_SHIFT: Final = dt.timedelta()


class CalendarError(Exception):
    """A calendar or a time zone that is not known, in words."""


@dataclass(frozen=True, slots=True)
class Hours:
    """One trading day, in local time with its zone. pause: of the lunch break, its two ends.

    late, early: how much later than usual it opens, how much earlier than usual it closes (half days).
    """

    open: dt.datetime
    close: dt.datetime
    pause: tuple[dt.datetime, dt.datetime] | None = None
    late: dt.timedelta = NO_SHIFT
    early: dt.timedelta = NO_SHIFT


class Calendar(Protocol):
    """What a session needs to know of days. known_to: the last day that the calendar knows, None: it has no end."""

    name: str
    zone: ZoneInfo

    @property
    def known_to(self) -> dt.date | None:
        """The last day that it knows."""

    def hours(self, date: dt.date) -> Hours | None:
        """Of that day; None where it is no trading day."""


def zone_of(name: str) -> ZoneInfo:
    """A time zone by name. Raises CalendarError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarError(f"there is no time zone {name!r}; such as Europe/London, America/New_York, UTC") from None


class EveryDay:
    """The calendar `always`: every day is one, from midnight to midnight of its zone."""

    name = ALWAYS
    known_to: dt.date | None = None

    def __init__(self, zone: str = "UTC") -> None:
        """Raises CalendarError for a zone that is not known."""
        self.zone = zone_of(zone)

    def hours(self, date: dt.date) -> Hours:
        """From midnight to midnight."""
        first = dt.datetime.combine(date, MIDNIGHT, self.zone)
        return Hours(first, dt.datetime.combine(date + dt.timedelta(days=1), MIDNIGHT, self.zone))


class Exchange:
    """The calendar of an exchange by its code (MIC), for example XNYS or XLON, as exchange_calendars has it."""

    def __init__(self, code: str) -> None:
        """Raises CalendarError for a code that is not known."""
        import exchange_calendars

        known = exchange_calendars.get_calendar_names()
        if code not in known:
            raise CalendarError(f"exchange_calendars knows no calendar {code!r}{near(code, [*known, ALWAYS])}")
        self.name = code
        self._load: Any = functools.partial(exchange_calendars.get_calendar, code)
        whole = self._load()
        self.zone = zone_of(str(whole.tz))
        self._bounds = [None if bound is None else bound.date() for bound in (whole.bound_min(), whole.bound_max())]
        self._days: dict[dt.date, Hours] = {}
        self._loaded: tuple[dt.date, dt.date] | None = None

    @property
    def known_to(self) -> dt.date | None:
        """Holidays of some exchanges are set for a year or so at a time: a newer exchange_calendars knows more."""
        return self._bounds[1]

    def hours(self, date: dt.date) -> Hours | None:
        """As exchange_calendars has them: holidays, early closes and late opens counted."""
        first, last = self._bounds
        if (first is not None and date < first) or (last is not None and date > last):
            return None
        if self._loaded is None or not self._loaded[0] <= date <= self._loaded[1]:
            self._read(date)
        return self._days.get(date)

    def _read(self, date: dt.date) -> None:
        """Load the days around `date`."""
        first, last = date - dt.timedelta(days=BEHIND_DAYS), date + dt.timedelta(days=AHEAD_DAYS)
        first, last = max(first, self._bounds[0] or first), min(last, self._bounds[1] or last)
        loaded = self._load(start=first.isoformat(), end=last.isoformat())
        opens, closes = _usual(loaded.open_times), _usual(loaded.close_times)
        table = loaded.schedule
        for label, row in zip(table.index, table.to_numpy(dtype="datetime64[ns]").tolist(), strict=True):
            day = label.date()
            start, pause_start, pause_end, end = (None if ns is None else self._local(ns) for ns in row)
            assert start is not None and end is not None
            late = _wall(start) - dt.datetime.combine(start.date(), _at(opens, day))
            early = dt.datetime.combine(end.date(), _at(closes, day)) - _wall(end)
            pause = None if pause_start is None or pause_end is None else (pause_start, pause_end)
            self._days[day] = Hours(start, end, pause, late, early)
        self._loaded = (first, last)

    def _local(self, ts_ns: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(ts_ns // 10**9, self.zone)


Times = list[tuple[dt.date, dt.time]]


def _usual(times: Any) -> Times:
    """From when on which time of day was the usual one."""
    return [(dt.date.min if since is None else since.date(), time) for since, time in times]


def _at(times: Times, day: dt.date) -> dt.time:
    """The usual time on that day."""
    return [time for since, time in times if since <= day][-1]


def _wall(time: dt.datetime) -> dt.datetime:
    """What the clock on the wall says."""
    return time.replace(tzinfo=None)


def calendar_of(name: str, zone: str = "UTC") -> Calendar:
    """A calendar by the name that a configuration has for it. zone: of `always`. Raises CalendarError."""
    return EveryDay(zone) if name == ALWAYS else Exchange(name)
