"""Moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from openbell.errors import InvalidInput

from engine.travel.moment import Moment, moment

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=timezone(timedelta(hours=1)))


def ns(year: int, month: int, day: int, *clock: int, plus_ns: int = 0) -> int:
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 10**9 + plus_ns


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("812344", 812_344),
        ("812,344", 812_344),
        ("0", 0),
    ],
)
def test_numbers(text: str, expected: int) -> None:
    assert moment(text, NOW) == Moment(text, seq=expected)


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("2026-11-30T10:31:05.25Z", ns(2026, 11, 30, 10, 31, 5, plus_ns=250_000_000)),
        ("2026-11-30 10:31:05.123456789 UTC", ns(2026, 11, 30, 10, 31, 5, plus_ns=123_456_789)),
        ("2026-11-30T10:31:05+01:00", ns(2026, 11, 30, 9, 31, 5)),
        ("2026-11-30T00:31-0530", ns(2026, 11, 30, 6, 1)),
        ("10:31:05.25", ns(2026, 11, 30, 9, 31, 5, plus_ns=250_000_000)),  # today, in the zone of now
        ("9:05", ns(2026, 11, 30, 8, 5)),
        ("09:05Z", ns(2026, 11, 30, 9, 5)),
        ("-5m", ns(2026, 11, 30, 10, 55)),
        ("now-90s", ns(2026, 11, 30, 10, 58, 30)),
        ("-0.25s", ns(2026, 11, 30, 10, 59, 59, plus_ns=750_000_000)),
        ("-2h", ns(2026, 11, 30, 9)),
        ("-1d", ns(2026, 11, 29, 11)),
    ],
)
def test_times(text: str, expected_ns: int) -> None:
    assert moment(text, NOW) == Moment(text, ts_ns=expected_ns)


def test_a_day_without_a_zone_is_this_machines() -> None:
    local = datetime(2026, 3, 2, 15, 30).astimezone()
    assert moment("2026-03-02T15:30").ts_ns == int(local.timestamp()) * 10**9
    assert moment("2026-03-02").ts_ns == int(datetime(2026, 3, 2).astimezone().timestamp()) * 10**9


@pytest.mark.parametrize(
    "text", ["", "noon", "25:00", "2026-13-01", "10:31:05.1234567890", "-5", "5m", "-5y", "+5m", "Z"]
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no moment such as 812,344") as told:
        moment(text, NOW)
    assert (told.value.field, told.value.value) == ("when", text)
