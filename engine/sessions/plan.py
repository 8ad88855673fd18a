"""The plan of one trading day: which phase begins when. A pure function of date, hours and template.

    pre-open     orders are collected; ends with the opening auction
    continuous   trading
    break        of exchanges with a lunch break
    closing      orders are collected once more; ends with the closing auction
    post         after the close: orders can be cancelled, and with `post_trading` trading goes on
    closed       to the next trading day; as it begins DAY orders end

Why so: docs/decisions/0011-sessions.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from engine.sessions.calendar import Calendar

SECOND_NS: Final = 10**9


class Phase(StrEnum):
    """What an instrument does at a time of its day."""

    PRE_OPEN = "pre-open"
    CONTINUOUS = "continuous"
    BREAK = "break"
    CLOSING = "closing"
    POST = "post"
    CLOSED = "closed"


class PlanError(Exception):
    """The phases of a day do not fit into it; the message names field, limit and day."""


@dataclass(frozen=True, slots=True)
class Template:
    """What a session is like on every day, beside its calendar.

    open, close: in local time, instead of the calendar's. Calls of 0 s: there is no such auction.
    """

    open: dt.time | None = None
    close: dt.time | None = None
    opening_call_s: int = 600
    closing_call_s: int = 300
    post_s: int = 900
    post_trading: bool = False


@dataclass(frozen=True, slots=True)
class Boundary:
    """From ts_ns to until_ns the instrument is in `phase`; until_ns of `closed` is 0: that the next day's plan says."""

    ts_ns: int
    phase: Phase
    until_ns: int


def plan(calendar: Calendar, template: Template, date: dt.date) -> tuple[Boundary, ...]:
    """The phases of that trading day in the order of time, empty where it is none. Raises PlanError.

    Where a day opens late or closes early, `open` and `close` move as much as the calendar's own times: the closing
    call comes before the early close, and what follows the close comes after it.
    """
    hours = calendar.hours(date)
    if hours is None:
        return ()
    last = hours.close - dt.timedelta(seconds=1)  # a close at midnight is one of the day before
    open_ns = _ns(_moved(hours.open, hours.open.date(), template.open, hours.late))
    close_ns = _ns(_moved(hours.close, last.date(), template.close, -hours.early))
    begins: list[tuple[int, Phase]] = []
    if template.opening_call_s:
        begins.append((open_ns - template.opening_call_s * SECOND_NS, Phase.PRE_OPEN))
    begins.append((open_ns, Phase.CONTINUOUS))
    if hours.pause is not None:
        pauses = [_ns(time) for time in hours.pause]
        if open_ns < pauses[0] and pauses[1] < close_ns:
            begins += [(pauses[0], Phase.BREAK), (pauses[1], Phase.CONTINUOUS)]
    if template.closing_call_s:
        begins.append((close_ns - template.closing_call_s * SECOND_NS, Phase.CLOSING))
    begins.append((close_ns, Phase.POST))
    begins.append((close_ns + template.post_s * SECOND_NS, Phase.CLOSED))
    _check(date, begins, template)
    ends = [ts_ns for ts_ns, _ in begins[1:]] + [0]
    return tuple(Boundary(ts_ns, phase, end_ns) for (ts_ns, phase), end_ns in zip(begins, ends, strict=True))


def _moved(usual: dt.datetime, date: dt.date, wanted: dt.time | None, shift: dt.timedelta) -> dt.datetime:
    """The time of the template on that day, moved as the calendar's is; the calendar's where there is none."""
    if wanted is None:
        return usual
    return dt.datetime.combine(date, wanted, usual.tzinfo) + shift


def _ns(time: dt.datetime) -> int:
    return int(time.timestamp()) * SECOND_NS


def _check(date: dt.date, begins: list[tuple[int, Phase]], template: Template) -> None:
    """That every phase begins before the next one. Raises PlanError."""
    for (ts_ns, _), (next_ns, following) in pairwise(begins):
        if next_ns > ts_ns:
            continue
        if following is Phase.CLOSING:
            last_ns = begins[begins.index((next_ns, following)) + 1][0]
            most = (last_ns - ts_ns) // SECOND_NS - 1
            raise PlanError(f"closing_call_s: expected at most {most} on {date}, got {template.closing_call_s}")
        raise PlanError(f"close: it is not after the open on {date}")
