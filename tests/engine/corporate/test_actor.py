"""Planned dividends and splits of a real market on disk: each once, at the beginning of its day, also when missed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import CommandKind

from engine.corporate.actor import NotADay
from engine.corporate.planned import NAME, PLANNED, REFERENCE_PRICE, Entry
from engine.sequencer import admin_command
from tests.engine.sessions.station import Make, Station, at, stations

US = '[sessions.us]\ncalendar = "XNYS"\n'
PLAIN = '[sessions.us]\n[market]\nday_end = "21:00"\n'
MANUAL = PLAIN + '[ledger]\nbusiness_days = "manual"\n'
CASH = 1_000_000
DIVIDEND, PAY, SPLIT = CommandKind.DIVIDEND, CommandKind.PAY_DIVIDEND, CommandKind.SPLIT


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with stations(tmp_path, PLAIN) as start:
        yield start


def plan(station: Station, kind: int, date: int, *values: int, instrument: int = 0) -> int:
    """Its number."""
    station.actor.check(date)
    given = (*values, 0, 0, 0)[:3]
    (entry,) = station.actor.add([Entry(0, int(kind), instrument, date, given, "ann", "as told")])
    return entry.number


def done(station: Station) -> list[tuple[int, str, int]]:
    """Time, kind and number of all that was journaled for plans, but the plans."""
    rows = [np.frombuffer(one, wire.ADMIN_COMMAND)[0] for one in station.commands() if len(one) == 256]
    ours = [row for row in rows if row["name"] == NAME.encode() and row["kind"] != CommandKind.NOTE]
    return [(int(row["ts_ns"]), CommandKind(int(row["kind"])).name, int(row["request"])) for row in ours]


def again(station: Station, now: str, text: str | None = None) -> None:
    """Down, and up at another time."""
    station.stop()
    station.now_ns = at(now)
    if text is not None:
        station.configure(text)
    station.start()


def position(station: Station, instrument: int = 0) -> Any:
    rows = station.market.positions(1)
    return rows[rows["instrument"] == instrument][0]


def cash(station: Station) -> int:
    return int(station.market.account(1)["cash"][0])


def test_each_at_the_beginning_of_its_day(make: Make) -> None:
    station = make("2026-11-27T12:00")  # a Friday
    before = cash(station)
    assert plan(station, DIVIDEND, 20261130, CASH // 2, 7) == 1
    assert plan(station, PAY, 20261202, 0, 7) == 2
    station.at("2026-11-27T20:59:59")
    assert done(station) == []
    station.at("2026-11-27T21:00")  # Friday is over, and Monday's holders are those
    assert done(station) == [(at("2026-11-27T21:00"), "DIVIDEND", 1)]
    kinds = [kind for ts_ns, kind, _ in station.journaled() if ts_ns == at("2026-11-27T21:00")]
    assert kinds == [CommandKind.TICK, CommandKind.SETTLE, CommandKind.DIVIDEND]  # the day before is settled
    station.at("2026-12-01T20:00")
    assert (len(station.actor.planned), cash(station)) == (1, before)
    station.at("2026-12-01T21:00")
    assert done(station)[1:] == [(at("2026-12-01T21:00"), "PAY_DIVIDEND", 2)]
    assert cash(station) == before + 1000 * CASH // 2
    assert len(station.actor.planned) == 0
    reasons = [reason for _, kind, reason in station.journaled() if kind in (DIVIDEND, PAY)]
    assert reasons == ["planned by ann: as told"] * 2
    assert station.told == []


def test_a_split_of_a_market_that_never_closes(make: Make) -> None:
    """It is halted for it, and opened again; its orders end."""
    station = make("2026-11-27T12:00")
    assert station.states()["BBB"] == "OPEN"
    station.order(1, tif=wire.TimeInForce.GTC)
    number = plan(station, SPLIT, 20261130, 3, 2, REFERENCE_PRICE, instrument=1)
    station.at("2026-11-28T12:00")
    kinds = ["SET_INSTRUMENT_STATE", "SPLIT", "SET_INSTRUMENT_STATE"]
    assert done(station) == [(at("2026-11-27T21:00"), kind, number) for kind in kinds]
    assert station.states()["BBB"] == "OPEN"
    assert position(station, 1)["qty"] == 1500
    assert station.live_orders() == []


def test_a_split_before_the_open_of_an_exchange(make: Make) -> None:
    station = make("2026-11-25T15:00", US)
    number = plan(station, SPLIT, 20261127, 2, 1, REFERENCE_PRICE)  # Thursday is Thanksgiving
    station.at("2026-11-25T21:15")
    ((ts_ns, *what),) = done(station)
    assert what == ["SPLIT", number]
    assert ts_ns - at("2026-11-25T21:15") in (0, 1)  # after all that the end of a session brings
    assert station.states()["AAA"] == "CLOSED"
    assert position(station)["qty"] == 2000
    assert station.at("2026-11-27T15:00")["AAA"] == "OPEN"


@pytest.mark.parametrize("saves", [False, True])
def test_what_was_missed_is_made_up_in_order_and_once(make: Make, saves: bool) -> None:
    station = make("2026-11-24T12:00")
    plan(station, SPLIT, 20261127, 2, 1, 500_000)
    plan(station, DIVIDEND, 20261126, CASH)
    plan(station, DIVIDEND, 20261127, CASH)
    plan(station, PAY, 20261130)
    plan(station, PAY, 20261211)
    if saves:
        station.save(**{PLANNED: station.actor.planned.state()})
    before = cash(station)
    again(station, "2026-12-01T12:00")
    expected = [
        (at("2026-11-25T21:00"), "DIVIDEND", 2),
        (at("2026-11-26T21:00"), "SET_INSTRUMENT_STATE", 1), (at("2026-11-26T21:00"), "SPLIT", 1),
        (at("2026-11-26T21:00"), "SET_INSTRUMENT_STATE", 1), (at("2026-11-26T21:00"), "DIVIDEND", 3),
        (at("2026-11-27T21:00"), "PAY_DIVIDEND", 4),
    ]  # fmt: skip
    assert done(station) == expected
    assert cash(station) == before + 1000 * CASH + 2000 * CASH
    dates = [row for row in station.journaled() if row[1] == CommandKind.SETTLE]
    assert [ts_ns for ts_ns, _, _ in dates][:4] == [at(f"2026-11-{day}T21:00") for day in (24, 25, 26, 27)]
    for now in ("2026-12-01T12:00:01", "2026-12-01T12:00:02"):
        again(station, now)
        assert done(station) == expected
        assert [entry.number for entry in station.actor.planned] == [5]


def test_what_is_cut_off_amid_a_split_goes_on(make: Make) -> None:
    """The halt is on disk, the split is not."""
    station = make("2026-11-27T12:00")
    plan(station, SPLIT, 20261130, 2, 1, 500_000, instrument=1)
    entry = station.actor.planned.get(1)
    assert entry is not None
    station.now_ns = at("2026-11-27T21:00") - 1
    commands = station.actor._commands(entry)
    station.actor._take(commands[:1], station.market.sequencer.execute(commands[:1]))
    again(station, "2026-11-27T22:00")
    assert [kind for _, kind, _ in done(station)] == ["SET_INSTRUMENT_STATE", "SPLIT", "SET_INSTRUMENT_STATE"]
    assert station.states()["BBB"] == "OPEN"
    assert position(station, 1)["qty"] == 2000


def test_one_that_is_removed_is_not_done(make: Make) -> None:
    station = make("2026-11-27T12:00")
    for _ in range(2):
        plan(station, DIVIDEND, 20261130, CASH)
    first = station.actor.planned.get(1)
    assert first is not None
    station.actor.remove(first, "ben", "not declared after all")
    again(station, "2026-11-30T12:00")
    assert [number for _, _, number in done(station)] == [2]
    assert plan(station, DIVIDEND, 20261201, CASH) == 3  # a number comes once


def test_one_that_the_core_refuses_is_told_and_kept(make: Make) -> None:
    station = make("2026-11-27T12:00")
    commands = [
        admin_command(CommandKind.DEPOSIT_SHARES, operator="ann", reason="r", account=1, values=(1 << 40, 0))
        for _ in range(1 << 8)
    ]
    station.market.sequencer.execute(commands)
    number = plan(station, SPLIT, 20261130, 10_000, 1, 0)  # more lots than a position may have
    after = plan(station, DIVIDEND, 20261130, 1)
    station.at("2026-11-27T21:00")
    (told,) = station.told
    assert told.startswith(f"planned action {number} was refused: VALUE: limit {1 << 61:,}, value ")
    assert [(entry.number, bool(entry.failed)) for entry in station.actor.planned] == [(number, True)]
    assert [one for one in done(station) if one[2] == after]  # others go on
    assert station.states()["AAA"] == "OPEN"
    again(station, "2026-12-01T12:00")
    assert [kind for _, kind, one in done(station) if one == number].count("SPLIT") == 1  # it is not tried again
    assert station.actor.planned.get(number) is not None


def test_days_that_are_none_or_have_begun(make: Make) -> None:
    station = make("2026-11-27T12:00")
    for date, limit, words in (
        (20261127, 20261130, "has begun"), (20261126, 20261130, "has begun"), (20261128, 20261130, "no business day"),
        (20261131, None, "no day"),
    ):  # fmt: skip
        with pytest.raises(NotADay, match=words) as refused:
            station.actor.check(date)
        assert refused.value.limit == limit
    station.actor.check(20261130)
    again(station, "2026-11-27T12:01", MANUAL)
    with pytest.raises(NotADay, match="operators end"):
        station.actor.check(20261130)


def test_states_of_before_are_taken_up_and_others_refused(make: Make) -> None:
    station = make("2026-11-27T12:00")
    planned = station.actor.planned
    plan(station, DIVIDEND, 20261130, CASH)
    state = planned.state()
    planned.load({PLANNED: state})
    assert planned.state() == state
    planned.load({})
    assert (len(planned), planned.last) == (0, 0)
    with pytest.raises(ValueError, match="int"):
        planned.load({PLANNED: {"last": "x", "entries": []}})
