"""Business days of a real market on disk: each is settled once, at its own time, also those that were missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind, TimeInForce

from engine.sequencer import admin_command
from tests.engine.sessions.station import Make, Station, at, stations

US = '[sessions.us]\ncalendar = "XNYS"\n'
PLAIN = '[sessions.us]\n[market]\nday_end = "21:00"\n'
MANUAL = PLAIN + '[ledger]\nbusiness_days = "manual"\n'


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with stations(tmp_path, PLAIN) as start:
        yield start


def settled(station: Station) -> list[tuple[int, int, int]]:
    """Time, date and days of every SETTLE in the journal."""
    rows = [np.frombuffer(one, wire.ADMIN_COMMAND)[0] for one in station.commands() if len(one) == 256]
    return [
        (int(row["ts_ns"]), int(row["value0"]), int(row["value1"])) for row in rows if row["kind"] == CommandKind.SETTLE
    ]


def again(station: Station, now: str, text: str | None = None) -> None:
    """Down, and up at another time."""
    station.stop()
    station.now_ns = at(now)
    if text is not None:
        station.configure(text)
    station.start()


def test_each_day_at_its_end_and_no_weekend(make: Make) -> None:
    station = make("2026-11-27T12:00")  # a Friday
    station.at("2026-11-27T20:59:59")
    assert (settled(station), station.settler.status()["next_date"]) == ([], 20261127)
    for now in ("2026-11-27T21:00", "2026-11-28T21:00", "2026-11-29T21:00", "2026-11-30T20:00", "2026-11-30T21:30"):
        station.at(now)
    assert settled(station) == [(at("2026-11-27T21:00"), 20261127, 1), (at("2026-11-30T21:00"), 20261130, 1)]
    assert station.market.core.settle_date == 20261130
    assert station.settler.status() == {
        "last_date": 20261130, "days": 1, "next_date": 20261201, "next_ts_ns": at("2026-12-01T21:00")
    }  # fmt: skip
    assert station.told == []


def test_orders_of_the_day_end_before_it_is_settled(make: Make) -> None:
    station = make("2026-11-27T12:00")
    station.order(1)
    station.order(1, tif=TimeInForce.GTC)
    station.at("2026-11-27T21:00")
    assert station.live_orders() == [(1, TimeInForce.GTC)]
    kinds = [kind for ts_ns, kind, _ in station.journaled() if ts_ns == at("2026-11-27T21:00")]
    assert kinds == [CommandKind.TICK, CommandKind.SETTLE]


def accrued(station: Station) -> list[tuple[int, int, int]]:
    """Time, date and days of every ACCRUE in the journal."""
    rows = [np.frombuffer(one, wire.ADMIN_COMMAND)[0] for one in station.commands() if len(one) == 256]
    return [
        (int(row["ts_ns"]), int(row["value0"]), int(row["value1"])) for row in rows if row["kind"] == CommandKind.ACCRUE
    ]


def test_interest_is_charged_before_a_day_settles_for_all_days_to_the_next(make: Make) -> None:
    rates = '[[rates]]\ncurrency = ""\ncredit_percent = 3.6\n'
    station = make("2026-11-26T12:00", PLAIN + rates)  # a Thursday
    station.at("2026-11-26T21:00")
    kinds = [kind for ts_ns, kind, _ in station.journaled() if ts_ns == at("2026-11-26T21:00")]
    assert kinds == [CommandKind.TICK, CommandKind.ACCRUE, CommandKind.SETTLE]
    before = int(station.market.account(1)["cash"][0])
    station.at("2026-11-27T21:00")
    assert accrued(station)[0][1:] == (20261126, 1)
    assert accrued(station)[1:] == [(at("2026-11-27T21:00"), 20261127, 3)]
    assert int(station.market.account(1)["cash"][0]) == before + before * 3 // 10_000
    assert station.market.core.accrue_date == 20261127
    again(station, "2026-12-01T12:00")  # a day that was missed
    assert accrued(station)[2:] == [(at("2026-11-30T21:00"), 20261130, 1)]
    assert station.told == []


def test_an_operator_may_be_quicker_and_without_rates_nobody_is_charged(make: Make) -> None:
    station = make("2026-11-27T12:00")
    station.at("2026-11-27T21:00")
    assert accrued(station) == []
    fee = admin_command(CommandKind.SET_BORROW, operator="o", reason="r", instrument=0, values=(5, 0))
    by_hand = admin_command(CommandKind.ACCRUE, operator="o", reason="r", values=(20261130, 9))
    for command in (fee, by_hand):
        station.market.sequencer.admin(command)
    station.at("2026-11-30T21:00")
    assert [row[1:] for row in accrued(station)] == [(20261130, 9)]
    station.at("2026-12-01T21:00")
    assert [row[1:] for row in accrued(station)] == [(20261130, 9), (20261201, 1)]


def test_days_of_a_calendar(make: Make) -> None:
    station = make("2025-11-26T12:00", US)
    for now in ("2025-11-26T21:15", "2025-11-27T22:00", "2025-11-28T18:14:59", "2025-11-28T18:15"):
        station.at(now)
    assert settled(station) == [(at("2025-11-26T21:15") + 1, 20251126, 1), (at("2025-11-28T18:15") + 1, 20251128, 1)]


@pytest.mark.parametrize("text", [PLAIN, US])
def test_days_that_were_missed_are_made_up_in_order(make: Make, text: str) -> None:
    station = make("2026-11-24T12:00", text)
    station.at("2026-11-24T22:00")
    again(station, "2026-12-01T12:00")
    dates = [date for _, date, _ in settled(station)]
    holiday = [] if text == US else [20261126]  # Thanksgiving
    assert dates == [20261124, 20261125, *holiday, 20261127, 20261130]
    times = [ts_ns for ts_ns, _, _ in settled(station)]
    assert times == sorted(times) and times[-1] < at("2026-12-01T12:00")
    again(station, "2026-12-01T12:00:01")
    again(station, "2026-12-01T12:00:02")
    assert [date for _, date, _ in settled(station)] == dates


def test_a_day_that_ended_before_the_first_one_was_settled_is_made_up(make: Make) -> None:
    station = make("2026-11-27T12:00")
    again(station, "2026-11-30T12:00")
    assert settled(station) == [(at("2026-11-27T21:00"), 20261127, 1)]


def test_a_day_whose_end_was_cut_off_is_ended_by_the_next_start(make: Make) -> None:
    """The TICK of its end is in the journal, its SETTLE is not."""
    station = make("2026-11-27T12:00", MANUAL)
    station.now_ns = at("2026-11-27T21:00:00")
    station.tick()
    again(station, "2026-11-27T21:10", PLAIN)
    assert [date for _, date, _ in settled(station)] == []
    again(station, "2026-11-30T21:10", PLAIN)
    assert [date for _, date, _ in settled(station)] == [20261130]


def test_an_operator_may_be_quicker(make: Make) -> None:
    station = make("2026-11-27T12:00")
    for date in (20261127, 20261130):
        station.market.sequencer.admin(admin_command(CommandKind.SETTLE, operator="ann", reason="r", values=(date, 2)))
    station.at("2026-11-27T21:00")
    station.at("2026-11-30T21:00")
    station.at("2026-12-01T21:00")
    assert [(date, days) for _, date, days in settled(station)] == [(20261127, 2), (20261130, 2), (20261201, 1)]
    assert station.told == []


@pytest.mark.parametrize("text", [MANUAL, '[sessions.us]\n[market]\nday_end = "never"\n'])
def test_where_operators_end_them_none_ends_by_itself(make: Make, text: str) -> None:
    station = make("2026-11-27T12:00", text)
    station.at("2026-12-05T00:00")
    assert settled(station) == []
    assert station.settler.status()["next_date"] == 0


def test_days_to_settle_are_those_of_the_configuration(make: Make) -> None:
    station = make("2026-11-27T12:00", PLAIN + "[ledger]\nsettlement_days = 2\n")
    station.at("2026-11-27T21:00")
    assert settled(station) == [(at("2026-11-27T21:00"), 20261127, 2)]
