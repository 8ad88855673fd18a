"""`openbell ctl actions` from end to end: what it asks, shows, refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.engine.cli.running import Running
from tests.engine.cli.test_ctl import at_a_terminal
from tests.engine.cli.test_money import refused, shown

DAY = dt.timedelta(days=1)
FILE = """
[market]
name = "test"
day_end = "23:59"
"""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("actions")
    (folder / "m.toml").write_text(FILE)
    running = Running(folder / "m", "--no-demo", "--no-postgres", "--config", str(folder / "m.toml"))
    try:
        running.live()
        running.ctl("set-instrument", "ACME", "--new", "--price", "100", "--open")
        yield running
    finally:
        running.kill()


def weekday(days: int) -> dt.date:
    """The first Monday to Friday at least so many days from now."""
    day = dt.datetime.now(dt.UTC).date() + days * DAY
    return day if day.weekday() < 5 else day + (7 - day.weekday()) * DAY


def test_they_are_planned_listed_and_removed(market: Running) -> None:
    assert shown(market, "actions") == "nothing is planned\n"
    ex, pay = weekday(3), weekday(20)
    words = ("actions", "add", "dividend", "ACME", "0.25", "--ex", str(ex), "--pay", str(pay))
    said = at_a_terminal(market, "n\n", "ctl", *words, "--reason", "of the quarter")
    assert said.returncode == 1
    asked = f"Before {ex} opens: give who holds ACME a claim of 0.25 a share, and pay it before {pay} opens?"
    assert asked in said.stderr
    assert market.json("ctl", "actions")["rows"] == []
    done = market.cli("ctl", *words, "--reason", "of the quarter", "--yes")
    assert done.stdout.splitlines() == [
        f"planned: 1, ACME, dividend of 0.25 a share, before {ex} opens",
        f"planned: 2, ACME, pay what is due, before {pay} opens",
    ]
    rows = market.ctl("actions", "add", "split", "ACME", "3", "2", "--on", str(pay), "--price", "90", "--yes")["rows"]
    assert [(row["number"], row["new"], row["old"], row["price"]) for row in rows] == [(3, 3, 2, 900_000)]
    table = shown(market, "actions")
    assert "dividend of 0.25 a share" in table and "split 3 for 2, fractions at 90.00" in table
    assert "of the quarter" in table
    market.ctl("actions", "remove", "2", "--yes")
    assert [row["number"] for row in market.json("ctl", "actions")["rows"]] == [1, 3]


def test_mistakes_are_told_before_anything_is_asked(market: Running) -> None:
    day = str(weekday(4))
    for words, text in (
        (("add",), "needs one of dividend, pay-dividend, split"),
        (("add", "bonus", "ACME"), "needs one of dividend, pay-dividend, split, got 'bonus'"),
        (("add", "dividend", "ACME", "--ex", day), "actions add dividend needs SYM AMOUNT"),
        (("add", "dividend", "ACME", "1"), "actions add dividend needs --ex DATE"),
        (("add", "dividend", "ACME", "1", "--ex", day, "--price", "3"), "--price is nothing that a dividend has"),
        (("add", "split", "ACME", "2", "x", "--on", day), "NEW and OLD"),
        (("remove",), "needs the number of one"),
        (("remove", "x"), "needs the number of one"),
        (("list", "x"), "takes nothing more"),
    ):
        assert text in refused(market, "actions", *words, code=2), words
    assert "no action 99 is planned" in refused(market, "actions", "remove", "99")
    assert "is no day" in refused(market, "actions", "add", "split", "ACME", "2", "1", "--on", "tomorrow", code=2)
    past = str(dt.datetime.now(dt.UTC).date() - DAY)
    assert "date: the business day" in refused(market, "actions", "add", "split", "ACME", "2", "1", "--on", past)
