"""Plans of known days of two exchanges, beside what these exchanges published; and days that cannot be.

Sources:
* NYSE: "NYSE Group Announces 2023, 2024 and 2025 Holiday and Early Closings Calendar", Business Wire, 21 December 2022:
  closed on 19 June (Juneteenth), 4 July, 27 November (Thanksgiving), 25 December 2025; "Each market will close early at
  1:00 p.m." on 3 July, 28 November and 24 December 2025. Core session 9:30 to 16:00 Eastern: NYSE Rule 7.34(a)(2).
* LSE: "Business days" on londonstockexchange.com: 24 and 31 December 2025 are half days, "markets closing process
  commences from 12:30 London time"; closed on 25 and 26 December. Continuous trading 8:00 to 16:30, closing call to
  16:35: MIT201 - Guide to the Trading System, section 5.
* Summer time: Energy Policy Act of 2005, section 110: from 9 March to 2 November 2025 in New York.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sessions.calendar import ALWAYS, Calendar, CalendarError, EveryDay, Exchange, Hours, calendar_of
from engine.sessions.plan import Phase, PlanError, Template, plan

ROOT = Path(__file__).resolve().parents[3]
NEW_YORK, LONDON, TOKYO = Exchange("XNYS"), Exchange("XLON"), Exchange("XTKS")
LSE = Template(close=dt.time(16, 35))  # the closing call comes after 16:30, which is the calendar's close


def planned(calendar: Calendar, date: str, template: Template | None = None) -> list[str]:
    """The phases of a day in local time."""
    made = plan(calendar, template or Template(), dt.date.fromisoformat(date))
    for earlier, later in pairwise(made):
        assert earlier.until_ns == later.ts_ns > earlier.ts_ns
    assert {dt.datetime.fromtimestamp(one.ts_ns // 10**9, calendar.zone).date().isoformat() for one in made} <= {date}
    return [f"{dt.datetime.fromtimestamp(one.ts_ns // 10**9, calendar.zone):%H:%M:%S} {one.phase}" for one in made]


def opens_utc(date: str) -> str:
    (found,) = [one for one in plan(NEW_YORK, Template(), dt.date.fromisoformat(date)) if one.phase == Phase.CONTINUOUS]
    return f"{dt.datetime.fromtimestamp(found.ts_ns // 10**9, dt.UTC):%H:%M}"


NORMAL = ["09:20:00 pre-open", "09:30:00 continuous", "15:55:00 closing", "16:00:00 post", "16:15:00 closed"]
EARLY = ["09:20:00 pre-open", "09:30:00 continuous", "12:55:00 closing", "13:00:00 post", "13:15:00 closed"]


@pytest.mark.parametrize("date", ["2025-07-02", "2025-03-10", "2025-10-31", "2025-11-03", "2025-12-23"])
def test_a_day_in_new_york(date: str) -> None:
    assert planned(NEW_YORK, date) == NORMAL


@pytest.mark.parametrize("date", ["2025-07-03", "2025-11-28", "2025-12-24"])
def test_early_closes_in_new_york(date: str) -> None:
    assert planned(NEW_YORK, date) == EARLY


@pytest.mark.parametrize("date", ["2025-06-19", "2025-07-04", "2025-11-27", "2025-12-25", "2025-07-05", "2025-07-06"])
def test_holidays_and_weekends_in_new_york(date: str) -> None:
    assert planned(NEW_YORK, date) == []


def test_summer_time() -> None:
    assert [opens_utc(date) for date in ("2025-03-07", "2025-03-10")] == ["14:30", "13:30"]
    assert [opens_utc(date) for date in ("2025-10-31", "2025-11-03")] == ["13:30", "14:30"]


def test_days_in_london() -> None:
    start = ["07:50:00 pre-open", "08:00:00 continuous"]
    assert planned(LONDON, "2025-12-23", LSE) == [*start, "16:30:00 closing", "16:35:00 post", "16:50:00 closed"]
    for half_day in ("2025-12-24", "2025-12-31"):
        assert planned(LONDON, half_day, LSE) == [*start, "12:30:00 closing", "12:35:00 post", "12:50:00 closed"]
    for holiday in ("2025-12-25", "2025-12-26"):
        assert planned(LONDON, holiday, LSE) == []


def test_a_lunch_break() -> None:
    """Tokyo, 11:30 to 12:30, and to 15:30 since 5 November 2024 (JPX: Overview of Trading Rules, Trading Hours)."""
    assert planned(TOKYO, "2025-05-01") == [
        "08:50:00 pre-open", "09:00:00 continuous", "11:30:00 break", "12:30:00 continuous",
        "15:25:00 closing", "15:30:00 post", "15:45:00 closed",
    ]  # fmt: skip
    assert planned(TOKYO, "2024-11-01")[-3:] == ["14:55:00 closing", "15:00:00 post", "15:15:00 closed"]


def test_without_calls() -> None:
    template = Template(opening_call_s=0, closing_call_s=0, post_s=1)
    assert planned(NEW_YORK, "2025-07-02", template) == ["09:30:00 continuous", "16:00:00 post", "16:00:01 closed"]


class ExamDay(EveryDay):
    """Seoul on the day of the College Scholastic Ability Test: 10:00 to 16:30 instead of 9:00 to 15:30 (Yonhap, 2
    November 2023: "Financial markets to open 1 hour later on Nov. 16"). exchange_calendars does not have it."""

    def hours(self, date: dt.date) -> Hours:
        times = [dt.datetime.combine(date, time, self.zone) for time in (dt.time(10), dt.time(16, 30))]
        return Hours(*times, late=dt.timedelta(hours=1), early=dt.timedelta(hours=-1))


def test_a_late_day_moves_everything() -> None:
    seoul = ExamDay("Asia/Seoul")
    times = ["09:50:00 pre-open", "10:00:00 continuous", "16:25:00 closing", "16:30:00 post", "16:45:00 closed"]
    assert planned(seoul, "2023-11-16") == times
    assert planned(seoul, "2023-11-16", Template(dt.time(9), dt.time(15, 30))) == times


def test_every_day_of_a_zone() -> None:
    template = Template(dt.time(10), dt.time(10, 0, 30), opening_call_s=5, closing_call_s=7, post_s=2)
    assert planned(EveryDay("Asia/Kolkata"), "2025-12-25", template) == [
        "09:59:55 pre-open", "10:00:00 continuous", "10:00:23 closing", "10:00:30 post", "10:00:32 closed",
    ]  # fmt: skip


def test_what_does_not_fit_names_field_limit_and_day() -> None:
    with pytest.raises(PlanError, match="closing_call_s: expected at most 12599 on 2025-07-03, got 12600"):
        planned(NEW_YORK, "2025-07-03", Template(closing_call_s=12_600))
    assert planned(NEW_YORK, "2025-07-03", Template(closing_call_s=12_599))[2] == "09:30:01 closing"
    with pytest.raises(PlanError, match="close: it is not after the open on 2025-07-02"):
        planned(NEW_YORK, "2025-07-02", Template(open=dt.time(16), closing_call_s=0))


def test_names_that_are_not_known() -> None:
    with pytest.raises(CalendarError, match=r"no calendar 'XNYZ'; did you mean .*XNYS"):
        calendar_of("XNYZ")
    with pytest.raises(CalendarError, match="no time zone 'Europe/Atlantis'"):
        calendar_of(ALWAYS, "Europe/Atlantis")


def test_a_calendar_that_ends() -> None:
    """Shanghai's holidays are announced for one year at a time."""
    shanghai = Exchange("XSHG")
    assert shanghai.known_to is not None
    assert shanghai.hours(shanghai.known_to + dt.timedelta(days=1)) is None
    assert any(shanghai.hours(shanghai.known_to - dt.timedelta(days=days)) for days in range(14))


@settings(max_examples=6, deadline=None)  # each loads a calendar anew
@given(st.dates(dt.date(2015, 1, 1), dt.date(2027, 12, 31)), st.sampled_from([NEW_YORK, LONDON, TOKYO]))
def test_every_day_has_an_order(date: dt.date, calendar: Exchange) -> None:
    """Far apart days in any order: the calendar loads what it needs, and gives the same for the same day."""
    made = plan(calendar, Template(), date)
    assert made == plan(Exchange(calendar.name), Template(), date)
    if date.weekday() >= 5:
        assert made == ()
    if made:
        assert [one.phase for one in made if one.phase != Phase.BREAK][:2] == [Phase.PRE_OPEN, Phase.CONTINUOUS]
        assert dt.datetime.fromtimestamp(made[0].ts_ns // 10**9, calendar.zone).date() == date


def test_pandas_is_not_imported_before_it_is_needed() -> None:
    code = (
        "import sys, engine.process, engine.sessions.keeper as keeper\n"
        "from engine.config import checked\n"
        "assert not keeper.timeline_of(checked({'sessions': {'a': {}}}, ''), 10**18).sessions\n"
        "assert 'pandas' not in sys.modules, 'pandas'\n"
        "import engine.sessions.calendar as calendar\n"
        "calendar.Exchange('XNYS')\n"
        "assert 'pandas' in sys.modules"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'client'}"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, timeout=60)
