"""Sessions of a real market on disk: what is journaled and when, over restarts and changes of the configuration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from openbell import wire
from openbell.wire import CommandKind, EventFlag, InstrumentState, TimeInForce

from engine.config import ConfigError
from engine.sessions.calendar import Exchange
from tests.engine.sessions.station import SECOND_NS, Make, Station, at, stations

CALLS = '[sessions.us]\ncalendar = "XNYS"\n'
US = '[sessions.us]\ncalendar = "XNYS"\nopening_call_s = 0\nclosing_call_s = 0\n'


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with stations(tmp_path, US) as start:
        yield start


def by_schedule(station: Station) -> list[tuple[int, str]]:
    """The schedule's commands in the journal."""
    return [
        (ts_ns, reason) for ts_ns, _, reason in station.journaled() if reason.startswith(("us: ", "end of the day"))
    ]


def test_a_new_instrument_begins_in_the_present_phase(make: Make) -> None:
    station = make("2025-07-02T15:00")
    assert station.states() == {"AAA": "OPEN", "BBB": "OPEN"}
    assert station.keeper.warnings() == []
    assert by_schedule(station) == [
        (at("2025-07-02T15:00"), "end of the day 2025-07-02"), (at("2025-07-02T15:00"), "us: continuous"),
    ]  # fmt: skip
    assert station.at("2025-07-02T20:00") == {"AAA": "CLOSED", "BBB": "OPEN"}
    assert station.told == []


def test_a_new_instrument_at_night_waits(make: Make) -> None:
    station = make("2025-07-04T15:00")
    assert station.states() == {"AAA": "CLOSED", "BBB": "OPEN"}
    assert station.at("2025-07-07T13:29")["AAA"] == "CLOSED"
    assert station.at("2025-07-07T13:30")["AAA"] == "OPEN"


def test_a_turn_has_its_own_time_and_what_came_before_it_goes_before_it(make: Make) -> None:
    station = make("2025-07-02T13:00")
    seq, open_ns = station.market.core.seq, at("2025-07-02T13:30")
    station.order(1, flush=False)
    station.now_ns = open_ns + 3 * SECOND_NS  # the engine was busy
    station.market.sequencer.flush(0)
    station.order(0)
    assert station.journaled(seq + 1) == [
        (open_ns - 1, CommandKind.NEW_ORDER, ""),
        (open_ns, CommandKind.TICK, ""),
        (open_ns, CommandKind.SET_SCHEDULE, "end of the day 2025-07-02"),
        (open_ns, CommandKind.SET_INSTRUMENT_STATE, "us: continuous"),
        (open_ns + 1, CommandKind.TICK, ""),
        (open_ns + 3 * SECOND_NS, CommandKind.NEW_ORDER, ""),
    ]
    assert station.live_orders() == [(0, TimeInForce.DAY), (1, TimeInForce.DAY)]


def test_what_an_operator_does_first_is_before_the_turn_and_what_he_does_after_it_after(make: Make) -> None:
    station = make("2025-07-02T13:00")
    station.now_ns = at("2025-07-02T13:30")  # nobody has looked at the clock since
    station.operator(0, InstrumentState.HALTED)
    assert station.states()["AAA"] == "HALTED"
    assert [reason for _, reason in by_schedule(station)][-1] == "us: continuous"
    assert station.at("2025-07-02T20:00")["AAA"] == "HALTED"
    assert station.at("2025-07-03T14:00")["AAA"] == "HALTED"
    station.operator(0, InstrumentState.OPEN)
    assert station.at("2025-07-03T17:00")["AAA"] == "CLOSED"


def test_day_orders_end_with_the_last_phase_and_others_stay(make: Make) -> None:
    station = make("2025-07-02T15:00")
    for instrument in (0, 1):
        station.order(instrument)
        station.order(instrument, tif=TimeInForce.GTC)
    station.at("2025-07-02T20:14:59")
    assert len(station.live_orders()) == 4
    station.at("2025-07-02T20:15")
    assert station.live_orders() == [(0, TimeInForce.GTC), (1, TimeInForce.GTC)]
    station.order(1)
    station.at("2025-07-03T17:15")  # the half day's end
    assert station.live_orders() == [(0, TimeInForce.GTC), (1, TimeInForce.GTC)]


@pytest.mark.parametrize(
    "stops", [(), ("2025-07-02T19:59:59",), ("2025-07-02T13:30", "2025-07-03T17:00", "2025-07-07T20:01")]
)
def test_the_journal_does_not_tell_when_the_engine_was_down(make: Make, stops: tuple[str, ...]) -> None:
    """Up all the time or not, in one jump or in steps: the same commands of the schedule at the same times."""
    station = make("2025-07-02T12:00")
    for now in stops:
        station.at(now)
        station.stop()
        station.now_ns += 3600 * SECOND_NS
        station.start()
    assert station.at("2025-07-08T12:00") == {"AAA": "CLOSED", "BBB": "OPEN"}
    assert by_schedule(station) == [
        (at("2025-07-02T12:00"), "end of the day 2025-07-02"),
        (at("2025-07-02T13:30"), "end of the day 2025-07-02"),
        (at("2025-07-02T13:30"), "us: continuous"),
        (at("2025-07-02T20:00"), "us: post"),
        (at("2025-07-03T13:30"), "end of the day 2025-07-03"),
        (at("2025-07-03T13:30"), "us: continuous"),
        (at("2025-07-03T17:00"), "us: post"),
        (at("2025-07-07T13:30"), "end of the day 2025-07-07"),
        (at("2025-07-07T13:30"), "us: continuous"),
        (at("2025-07-07T20:00"), "us: post"),
    ]
    assert station.told == []


def test_a_session_that_was_changed_is_in_force_from_the_start_on(make: Make) -> None:
    station = make("2025-07-02T15:00")
    station.stop()
    station.now_ns = at("2025-07-02T19:00")
    station.configure(US + 'close = "14:00"\n')
    station.start()
    assert station.states() == {"AAA": "CLOSED", "BBB": "OPEN"}  # it is 15:00 in New York
    station.stop()
    station.configure(US)
    station.start()
    assert station.states() == {"AAA": "OPEN", "BBB": "OPEN"}


def test_an_instrument_that_has_no_session_any_more_stays_as_it_is(make: Make) -> None:
    station = make("2025-07-02T15:00")
    station.stop()
    station.configure(US)
    station.config = station.config.__class__(
        capacity=station.config.capacity, account=station.config.account, instrument=station.config.instrument[1:]
    )
    station.start()
    assert station.told == ["AAA has no session any more: it stays as it is until an operator changes that"]
    assert station.at("2025-07-02T23:00") == {"AAA": "OPEN", "BBB": "OPEN"}
    assert [reason for _, kind, reason in station.journaled() if kind == CommandKind.SET_SCHEDULE][-1] == (
        "day_end 00:00 of the configuration"
    )


@pytest.mark.parametrize(("state", "first", "later"), [("halted", "HALTED", "HALTED"), ("closed", "CLOSED", "OPEN")])
def test_a_new_instrument_may_begin_otherwise(make: Make, state: str, first: str, later: str) -> None:
    station = make("2025-07-02T15:00", f'{US}[[instrument]]\nsymbol = "CCC"\nsession = "us"\nstate = "{state}"\n')
    assert station.states() == {"AAA": "OPEN", "BBB": "OPEN", "CCC": first}
    assert station.at("2025-07-03T15:00")["CCC"] == later


def crossed(station: Station) -> list[tuple[int, int]]:
    """Time and lots of alice's fills in auctions."""
    fills = station.fills()
    assert (fills["flags"] == EventFlag.CROSS).all()
    found: list[tuple[int, int]] = fills[["ts_ns", "qty"]].tolist()
    return found


def test_an_auction_that_was_missed_is_held_at_its_own_time(make: Make) -> None:
    """Among the orders that were there then: those for the opening, the day's, and none that came later."""
    station = make("2025-07-02T13:25", CALLS)
    assert station.states() == {"AAA": "CALL", "BBB": "OPEN"}
    for side in wire.Side:
        station.order(0, side=side, price=100_0000, tif=TimeInForce.AT_OPEN)
        station.order(0, side=side, price=101_0000, tif=TimeInForce.AT_CLOSE, qty=3)
    station.order(0, price=90_0000, tif=TimeInForce.GTC)
    station.stop()
    station.now_ns = at("2025-07-02T19:57")
    station.start()
    assert station.states() == {"AAA": "CALL", "BBB": "OPEN"}
    assert crossed(station) == [(at("2025-07-02T13:30"), 10)] * 2
    station.stop()
    station.now_ns = at("2025-07-03T13:21")  # of the next day's call
    station.start()
    assert crossed(station)[2:] == [(at("2025-07-02T20:00"), 3)] * 2
    assert station.states() == {"AAA": "CALL", "BBB": "OPEN"}
    assert station.live_orders() == [(0, TimeInForce.GTC)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_halt_in_a_call_ends_it_until_the_operator_reopens(make: Make, restart: bool) -> None:
    station = make("2025-07-02T13:25", CALLS)
    for side in wire.Side:
        station.order(0, side=side, price=100_0000)
        station.order(0, side=side, price=100_0000, tif=TimeInForce.AT_OPEN)
    station.operator(0, InstrumentState.HALTED)
    if restart:
        station.stop()
        station.start()
    assert station.at("2025-07-02T15:00")["AAA"] == "HALTED"
    assert (len(station.live_orders()), crossed(station)) == (4, [])
    station.operator(0, InstrumentState.OPEN)
    fills = station.fills()
    assert fills["qty"].tolist() == [10, 10]  # the day's, as they come into the book; the opening is over
    assert station.live_orders() == []
    assert station.at("2025-07-02T19:55")["AAA"] == "CALL"
    assert station.at("2025-07-02T20:00")["AAA"] == "CLOSED"


def test_whose_session_does_not_trade_now(make: Make) -> None:
    station = make("2025-07-02T13:00")
    for now, asleep in (
        ("2025-07-02T13:29:59", {0}), ("2025-07-02T13:30", set()), ("2025-07-02T19:59:59", set()),
        ("2025-07-02T20:00", {0}), ("2025-07-02T20:15", {0}), ("2025-07-04T15:00", {0}),
    ):  # fmt: skip
        station.at(now)
        assert station.market.asleep() == asleep, now
    station.stop()
    station.configure(US + "post_trading = true\n")
    station.now_ns = at("2025-07-07T20:14:59")
    station.start()
    assert station.market.asleep() == set()
    station.at("2025-07-07T20:15")
    assert station.market.asleep() == {0}


def test_a_calendar_that_ends_is_told_of(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exchange, "known_to", dt.date(2025, 7, 3))
    usual = Exchange.hours
    monkeypatch.setattr(Exchange, "hours", lambda self, day: None if day > self.known_to else usual(self, day))
    station = make("2025-05-05T12:00")
    words = (
        "sessions.us: calendar XNYS knows no day after 2025-07-03: its instruments stay then as they are; "
        "a newer exchange_calendars may know more"
    )
    assert station.keeper.warnings() == [words]
    assert station.told == [words]
    assert station.at("2025-07-03T17:14") == {"AAA": "CLOSED", "BBB": "OPEN"}
    assert station.told == [words]
    station.at("2025-07-03T17:15")
    assert station.told == [words, "the schedule has ended: its calendars know no later day"]
    station.stop()
    station.now_ns = at("2025-07-07T15:00")
    station.start()
    assert station.told[2:] == ["the schedule has ended: its calendars know no later day", words]
    assert station.states() == {"AAA": "CLOSED", "BBB": "OPEN"}


def test_status(make: Make) -> None:
    station = make("2025-07-03T16:30")
    assert station.keeper.status() == [
        {
            "session": "us", "calendar": "XNYS", "time_zone": "America/New_York", "instruments": 1,
            "phase": "continuous", "since_ts_ns": at("2025-07-03T13:30"),
            "next_phase": "post", "next_ts_ns": at("2025-07-03T17:00"),
        }
    ]  # fmt: skip


def test_what_cannot_be_is_refused_before_anything_happened(tmp_path: Path) -> None:
    for text, words in (
        (US.replace("XNYS", "XNYZ"), "sessions.us.calendar: exchange_calendars knows no calendar 'XNYZ'; did you mean"),
        (
            US.replace("closing_call_s = 0", "closing_call_s = 20000"),
            "sessions.us.closing_call_s: expected at most 12599 on 2025",
        ),
        (
            US.replace('"XNYS"', '"always"\ntime_zone = "Mars"\nopen = "10:00"\nclose = "11:00"'),
            "sessions.us.time_zone: there is no",
        ),
    ):
        with pytest.raises(ConfigError) as caught:
            Station(tmp_path, text, "2025-07-01T12:00")
        assert words in str(caught.value)
        assert not (tmp_path / "configuration.json").exists()
