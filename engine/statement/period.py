"""The days that a statement is of. Days are those of UTC, as all times of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from openbell.errors import InvalidInput

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on, to before `until`."""

    since: datetime
    until: datetime


def period(first: str | None, last: str | None) -> Period:
    """From the day `first` to the day `last`, both included; None: the first there is, the last there is.

    Raises InvalidInput, which names the field: `from` or `to`.
    """
    since = BEGINNING if first is None else _midnight(_day(first, "from"))
    until = END if last is None else _midnight(_day(last, "to")) + timedelta(days=1)
    if since >= until:
        raise InvalidInput(f"from: {first} is after to: {last}", field="from", limit=last, value=first)
    return Period(since, until)


def _day(text: str, field: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{field}: {text!r} is not a day such as 2026-11-30", field=field, value=text) from None
    if not BEGINNING.date() <= day < END.date():
        raise InvalidInput(
            f"{field}: {text} is not within {BEGINNING:%Y-%m-%d} and 9998-12-31", field=field, value=text
        )
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
