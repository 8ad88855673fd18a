"""`openbell sessions show`, and what `ctl status` says of sessions."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from openbell.status import Status

from engine.cli.__main__ import guarded
from engine.cli.operating.look import schedule_text

SECOND_NS = 10**9


def phases(day: dict[str, Any]) -> list[str]:
    return [f"{one['local'][11:16]} {one['phase']}" for one in day["phases"]]


def show(*arguments: str, code: int = 0) -> str:
    """What the verb prints, after a look at its exit code."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        assert guarded(["sessions", "show", *arguments]) == code, said.getvalue()
    return said.getvalue()


def test_the_week_of_thanksgiving() -> None:
    (told,) = json.loads(show("--calendar", "XNYS", "--date", "2025-11-26", "--days", "3", "--json"))["sessions"]
    assert (told["session"], told["time_zone"], told["known_to"]) == ("XNYS", "America/New_York", None)
    assert [(day["date"], day["early_close"]) for day in told["days"]] == [
        ("2025-11-26", False), ("2025-11-28", True), ("2025-12-01", False),
    ]  # fmt: skip
    assert phases(told["days"][1]) == [
        "09:20 pre-open", "09:30 continuous", "12:55 closing", "13:00 post", "13:15 closed",
    ]  # fmt: skip
    assert told["days"][0]["phases"][1]["utc"] == "2025-11-26T14:30:00"
    table = show("--calendar", "XNYS", "--date", "2025-11-26", "--days", "2")
    assert "Fri 2025-11-28" in table
    assert "12:55:00   2025-11-28 17:55:00   closes early" in table


def test_the_sessions_of_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "market.toml"
    path.write_text(
        '[sessions.lse]\ncalendar = "XLON"\nclose = "16:35"\n[sessions.plain]\n'
        '[sessions.daily]\nopen = "10:00"\nclose = "11:00"\ntime_zone = "Asia/Tokyo"\nopening_call_s = 0\n',
        "utf-8",
    )
    told = json.loads(show("--config", str(path), "--date", "2025-12-24", "--days", "1", "--json"))["sessions"]
    assert [one["session"] for one in told] == ["lse", "daily"]
    assert phases(told[0]["days"][0])[2:] == ["12:30 closing", "12:35 post", "12:50 closed"]
    assert phases(told[1]["days"][0])[:2] == ["10:00 continuous", "10:55 closing"]
    only = json.loads(show("--config", str(path), "--session", "daily", "--json"))["sessions"]
    assert len(only) == 1
    assert len(only[0]["days"]) == 5
    path.write_text('[sessions.us]\ncalendar = "XNYS"\nclosing_call_s = 20000\n', "utf-8")
    words = show("--config", str(path), "--date", "2025-11-28", "--days", "1", code=2)
    assert "sessions.us.closing_call_s: expected at most 12599 on 2025-11-28, got 20000" in words


def test_when_auctions_are_put_off_is_said(tmp_path: Path) -> None:
    path = tmp_path / "market.toml"
    path.write_text(
        '[sessions.lse]\ncalendar = "XLON"\n[sessions.lse.extensions.closing]\nprice_percent = 5\nextension_s = 300\n'
        "random_end_s = 30\n",
        "utf-8",
    )
    words = (
        "put off by 300 s, at most 2 times, while the price is more than 5% from the reference; random end within 30 s"
    )
    assert json.loads(show("--config", str(path), "--json"))["sessions"][0]["extensions"] == {"closing": words}
    assert f"closing auctions: {words}" in " ".join(show("--config", str(path)).split())


def test_without_sessions() -> None:
    assert show().startswith("no sessions: every instrument is open every minute")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--calendar", "XNYZ"), "--calendar: exchange_calendars knows no calendar 'XNYZ'; did you mean"),
        (("--session", "us"), "--session: there is no [sessions.us] in "),
        (("--config", "nowhere.toml"), "--config nowhere.toml: there is no such file"),
        (("--date", "24.12.2025"), "--date: expected a date such as 2025-12-24, got '24.12.2025'"),
        (("--days", "1001"), "--days: expected 1 to 1000, got '1001'"),
    ],
)
def test_what_cannot_be_shown(arguments: tuple[str, ...], words: str) -> None:
    assert words in show(*arguments, code=2)
    assert words in json.loads(show(*arguments, "--json", code=2))["error"]["text"]


def test_status_says_what_comes_next() -> None:
    one = {
        "session": "us",
        "phase": "continuous",
        "next_phase": "closing",
        "next_ts_ns": 65 * SECOND_NS,
        "instruments": 2,
    }
    ended = {"session": "sse", "phase": "closed", "next_phase": "", "next_ts_ns": 0, "instruments": 1}
    text = str(schedule_text(Status(ts_ns=0, raw={"schedule": [one, ended]})))
    assert text.startswith("us: continuous, closing in 1 min 5 s (")
    assert text.endswith(" here), 2 instruments\nsse: closed, 1 instrument")
