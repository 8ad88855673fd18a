"""Business days: which dates are some, and when each ends."""

from __future__ import annotations

import datetime as dt
from itertools import islice

import pytest
from openbell.ledger import date_number

from engine.config import Session
from engine.sessions.keeper import session_of
from engine.sessions.schedule import Timeline
from engine.settlement.days import (
    BusinessDays,
    TradingDays,
    Weekdays,
    date_of,
    from_date,
    next_day,
)
from tests.engine.sessions.station import at

FRIDAY = dt.date(2026, 11, 27)


def listed(days: BusinessDays, first: dt.date, count: int) -> list[tuple[str, int]]:
    return [(str(day.date), day.end_ns) for day in islice(from_date(days, first), count)]


def trading_days(**sessions: Session) -> TradingDays:
    made = [session_of(name, session) for name, session in sessions.items()]
    return TradingDays(Timeline([one for one in made if one is not None]))


@pytest.mark.parametrize(
    ("day_end", "ends"),
    [
        ("00:00", ["2026-11-28T00:00", "2026-12-01T00:00", "2026-12-02T00:00"]),
        ("11:59", ["2026-11-28T11:59", "2026-12-01T11:59", "2026-12-02T11:59"]),
        ("12:00", ["2026-11-27T12:00", "2026-11-30T12:00", "2026-12-01T12:00"]),
        ("21:15", ["2026-11-27T21:15", "2026-11-30T21:15", "2026-12-01T21:15"]),
    ],
)
def test_weekdays_have_the_date_of_twelve_hours_before(day_end: str, ends: list[str]) -> None:
    days = Weekdays(dt.time.fromisoformat(day_end))
    dates = ["2026-11-27", "2026-11-30", "2026-12-01"]
    assert listed(days, FRIDAY, 3) == [(date, at(end)) for date, end in zip(dates, ends, strict=True)]


def test_an_exchange_has_holidays_and_half_days() -> None:
    days = trading_days(us=Session(calendar="XNYS"))
    assert listed(days, dt.date(2025, 11, 26), 3) == [
        ("2025-11-26", at("2025-11-26T21:15")),
        ("2025-11-28", at("2025-11-28T18:15")),  # after Thanksgiving, a half day
        ("2025-12-01", at("2025-12-01T21:15")),
    ]


def test_a_market_that_trades_every_day_settles_on_weekdays() -> None:
    always = Session(open="09:00", close="17:00")
    days = trading_days(always=always)
    assert listed(days, FRIDAY, 2) == [("2026-11-27", at("2026-11-27T17:15")), ("2026-11-30", at("2026-11-30T17:15"))]
    with_an_exchange = trading_days(always=always, us=Session(calendar="XNYS"))
    dates = [date for date, _ in listed(with_an_exchange, dt.date(2025, 11, 26), 2)]
    assert dates == ["2025-11-26", "2025-11-28"]


def test_what_comes_after_the_one_that_was_settled() -> None:
    days = Weekdays(dt.time())
    assert next_day(days, 20261126, 0) == (FRIDAY, at("2026-11-28T00:00"))
    assert next_day(days, 20261127, at("2030-01-01T00:00")) == (dt.date(2026, 11, 30), at("2026-12-01T00:00"))


def test_where_none_was_settled_it_is_the_first_that_ends() -> None:
    days = Weekdays(dt.time())
    assert next_day(days, 0, at("2026-11-28T00:00") - 1) == (FRIDAY, at("2026-11-28T00:00"))
    assert next_day(days, 0, at("2026-11-28T00:00")) == (dt.date(2026, 11, 30), at("2026-12-01T00:00"))


def test_a_calendar_that_has_ended_has_none() -> None:
    days = trading_days(us=Session(calendar="XKRX"))  # of which holidays are known for some years only
    assert next_day(days, 20990101, 0) is None


@pytest.mark.parametrize("number", [0, -1, 20261301, 20261131, 1969_12_31, 99999999])
def test_what_is_no_date(number: int) -> None:
    assert date_of(number) is None


def test_dates_as_numbers() -> None:
    assert (date_number(FRIDAY), date_of(20261127)) == (20261127, FRIDAY)
