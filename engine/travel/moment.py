"""A moment of the past as people write it: the number of a command, a time, or how long ago."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from openbell.errors import InvalidInput

SPANS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SECOND_NS: Final = 1_000_000_000
_SEQ = re.compile(r"[0-9][0-9,_]*")
_SPAN = re.compile(r"(?:now)?-([0-9]{1,9})(?:\.([0-9]{1,9}))?([smhd])")
_TIME = re.compile(
    r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]|$))?(?:([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))?)?"
    r"\s?(Z|[+-][0-9]{2}:?[0-9]{2}|UTC)?"
)
EXAMPLES: Final = '812,344 (a command), 2026-11-30T10:31:05.25, "10:31:05.25" (today) or -5m'


@dataclass(frozen=True, slots=True)
class Moment:
    """Either `seq`, the number of a command, or `ts_ns`, a time in ns since 1970 UTC; `text`: as it was written."""

    text: str
    seq: int | None = None
    ts_ns: int | None = None


def moment(text: str, now: datetime | None = None, *, field: str = "when") -> Moment:
    """Read it. A time without a zone is this machine's; a time of day is today's. Raises InvalidInput.

    now: what -5m counts back from, and whose day is today.
    """
    written = text.strip()
    if _SEQ.fullmatch(written):
        return Moment(text, seq=int(re.sub("[,_]", "", written)))
    now = datetime.now(UTC).astimezone() if now is None else now
    span = _SPAN.fullmatch(written)
    try:
        if span is not None:
            return Moment(text, ts_ns=_since_1970(now) - _span_ns(span))
        found = _TIME.fullmatch(written)
        if found is not None and (found[1] or found[2]):
            return Moment(text, ts_ns=_time_ns(found, now))
    except (ValueError, OverflowError):
        pass  # no such day, or no such time of day
    raise InvalidInput(f"{field}: {text!r} is no moment such as {EXAMPLES}", field=field, limit=EXAMPLES, value=text)


def _span_ns(span: re.Match[str]) -> int:
    whole, fraction, unit = span[1], span[2] or "", span[3]
    return (int(whole) * SECOND_NS + int(fraction.ljust(9, "0") or 0)) * SPANS[unit]


def _time_ns(found: re.Match[str], now: datetime) -> int:
    """To the nanosecond, which a datetime does not have."""
    day, clock, fraction, zone = found.groups()
    time = datetime.fromisoformat(f"{day or f'{now:%Y-%m-%d}'}T{(clock or '00:00').zfill(5)}")
    if zone in ("Z", "UTC"):
        time = time.replace(tzinfo=UTC)
    elif zone is not None:
        sign = -1 if zone[0] == "-" else 1
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        time = time.replace(tzinfo=UTC) - sign * timedelta(hours=hours, minutes=minutes)
    elif now.tzinfo is not None and day is None:
        time = time.replace(tzinfo=now.tzinfo)
    return _since_1970(time.astimezone(UTC)) + int((fraction or "").ljust(9, "0"))


def _since_1970(time: datetime) -> int:
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
