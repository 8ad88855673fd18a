"""The schedule: the same commands whatever time does, each once and in order; what operators did stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.wire import AuctionKind, CommandKind, InstrumentState

from engine.sequencer import NEVER_NS
from engine.sessions.calendar import EveryDay, Exchange
from engine.sessions.plan import SECOND_NS, Phase, PlanError, Template
from engine.sessions.schedule import Schedule, Session, Timeline

CLOSED, OPEN, HALTED, CALL = 0, 1, 2, 3
DAY_NS = 86_400 * SECOND_NS
US = Session("us", Exchange("XNYS"), Template(post_s=3600))
LSE = Session("lse", Exchange("XLON"), Template(close=dt.time(16, 35)))
MEMBERS = {"us": [1, 3], "lse": [2]}


def at(text: str) -> int:
    """ns of a time in UTC."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * SECOND_NS


class Market:
    """What the core does of states and auctions, nothing else: docs/auctions.md. Keeps what it was told, and when."""

    def __init__(self, instruments: list[int]) -> None:
        self.states = dict.fromkeys(instruments, CLOSED)
        self.calls: dict[int, tuple[int, int]] = {}  # time of the auction, state after it
        self.closing: set[int] = set()  # called for a closing auction
        self.day_end_ns = 0
        self.log: list[tuple[int, str]] = []
        self.ts_ns = 0

    def tick(self, ts_ns: int) -> None:
        assert ts_ns >= self.ts_ns
        self.ts_ns = ts_ns
        if self.day_end_ns and ts_ns >= self.day_end_ns:
            self.log.append((ts_ns, "day end"))
            self.day_end_ns = 0
        for instrument, (auction_ns, after) in sorted(self.calls.items()):
            if ts_ns >= auction_ns:
                self.log.append((ts_ns, f"{instrument}: auction"))
                self.states[instrument] = after
                self.closing.discard(instrument)
                del self.calls[instrument]

    def apply(self, ts_ns: int, command: bytes) -> None:
        (row,) = np.frombuffer(command, wire.ADMIN_COMMAND)
        assert ts_ns >= self.ts_ns
        self.ts_ns = ts_ns
        if row["kind"] == CommandKind.SET_SCHEDULE:
            assert row["value0"] > ts_ns
            self.day_end_ns = int(row["value0"])
        else:
            assert row["kind"] == CommandKind.SET_INSTRUMENT_STATE
            self.set(int(row["instrument"]), int(row["state"]), *(int(row[f"value{index}"]) for index in range(3)))
        self.log.append((ts_ns, f"{row['reason'].decode()} {row['instrument']} {InstrumentState(row['state']).name}"))

    def set(self, instrument: int, state: int, kind: int = 0, auction_ns: int = 0, after: int = 0) -> None:
        self.calls.pop(instrument, None)
        self.states[instrument] = state
        self.closing.discard(instrument)
        if state == CALL:
            if kind == AuctionKind.CLOSING:
                self.closing.add(instrument)
            assert kind in list(AuctionKind)
            if auction_ns:
                assert auction_ns > self.ts_ns
                self.calls[instrument] = (auction_ns, after)


def pass_time(schedule: Schedule, market: Market, now_ns: int) -> Iterator[int]:
    """As engine/sessions/keeper.py does it; gives the time of each turn when it is done."""
    while (ts_ns := schedule.next_ns) <= now_ns:
        market.tick(ts_ns)
        for command in schedule.turn(market.states, market.closing):
            market.apply(ts_ns, command)
        market.tick(ts_ns + 1)
        yield ts_ns
    market.tick(max(now_ns, market.ts_ns))


def started(market: Market, sessions: list[Session], last_ns: int) -> Schedule:
    schedule = Schedule(Timeline(sessions), last_ns)
    schedule.members = {session.name: MEMBERS[session.name] for session in sessions}
    market.ts_ns = max(market.ts_ns, last_ns)
    return schedule


def run(sessions: list[Session], start: str, end: str) -> Market:
    """A market from start to end, in one jump."""
    market = Market([1, 2, 3])
    list(pass_time(started(market, sessions, at(start)), market, at(end)))
    return market


def test_a_day() -> None:
    market = run([US], "2025-07-03T00:00", "2025-07-04T00:00")
    assert [(f"{dt.datetime.fromtimestamp(ts_ns // SECOND_NS, dt.UTC):%H:%M}", what) for ts_ns, what in market.log] == [
        ("13:20", "end of the day 2025-07-03 0 CLOSED"),
        ("13:20", "us: pre-open 1 CALL"),
        ("13:20", "us: pre-open 3 CALL"),
        ("13:30", "1: auction"),
        ("13:30", "3: auction"),
        ("16:55", "us: closing 1 CALL"),
        ("16:55", "us: closing 3 CALL"),
        ("17:00", "1: auction"),
        ("17:00", "3: auction"),
        ("18:00", "day end"),
    ]  # fmt: skip
    assert market.states == {1: CLOSED, 2: CLOSED, 3: CLOSED}


def test_two_sessions_have_one_end_of_the_day() -> None:
    market = run([US, LSE], "2025-07-03T00:00", "2025-07-03T23:00")
    ends = [(ts_ns, what) for ts_ns, what in market.log if "day" in what]
    assert ends == [
        (at("2025-07-03T06:50"), "end of the day 2025-07-03 0 CLOSED"), (at("2025-07-03T18:00"), "day end")
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 40 * 3600 * SECOND_NS), max_size=12),
    st.lists(st.booleans(), min_size=13, max_size=13),
    st.integers(0, 20),
)
def test_time_jumps_and_restarts_change_nothing(jumps_ns: list[int], restarts: list[bool], torn: int) -> None:
    """Thanksgiving week 2025: whatever time does, and whenever the engine begins anew, the commands are the same."""
    start, end = at("2025-11-24T00:00"), at("2025-12-01T12:00")
    whole = run([US, LSE], "2025-11-24T00:00", "2025-12-01T12:00").log
    market = Market([1, 2, 3])
    schedule = started(market, [US, LSE], start)
    times = [start]
    for jump_ns in jumps_ns:
        times.append(min(times[-1] + jump_ns, end))
    turns: list[int] = []
    for now_ns, restart in zip([*times, end], [*restarts, True], strict=False):
        for ts_ns in pass_time(schedule, market, now_ns):
            turns.append(ts_ns)
            if len(turns) == torn:  # killed right after it
                break
        if restart or len(turns) == torn:
            schedule = started(market, [US, LSE], market.ts_ns)
    list(pass_time(schedule, market, end))
    assert market.log == whole
    assert turns == sorted(set(turns))


@pytest.mark.parametrize("done", range(4))
def test_a_turn_that_the_journal_has_in_part_is_finished(done: int) -> None:
    """The engine is killed after `done` of the three commands that make the opening call."""
    whole = Market([1, 2, 3])
    schedule = started(whole, [US], at("2025-07-03T00:00"))
    commands = schedule.turn(whole.states, whole.closing)
    assert len(commands) == 3
    market, opening_ns = Market([1, 2, 3]), at("2025-07-03T13:20")
    market.tick(opening_ns)
    for command in commands[:done]:
        market.apply(opening_ns, command)
    again = started(market, [US], market.ts_ns)
    assert again.next_ns == opening_ns
    list(pass_time(again, market, opening_ns))
    assert market.states == {1: CALL, 2: CLOSED, 3: CALL}
    told = [what for _, what in market.log if what.startswith("us")]
    assert told == ["us: pre-open 1 CALL", "us: pre-open 3 CALL"]
    assert started(market, [US], market.ts_ns).next_ns == at("2025-07-03T13:30")


def test_what_an_operator_halted_stays_halted_until_he_reopens_it() -> None:
    market = Market([1, 2, 3])
    schedule = started(market, [US], at("2025-07-02T00:00"))

    def until(text: str) -> dict[int, int]:
        list(pass_time(schedule, market, at(text)))
        return market.states

    assert until("2025-07-02T13:25") == {1: CALL, 2: CLOSED, 3: CALL}
    market.set(1, HALTED)
    for text in ("2025-07-02T13:30", "2025-07-02T19:57", "2025-07-02T20:00", "2025-07-03T13:25", "2025-07-03T13:30"):
        assert until(text)[1] == HALTED
    assert market.states[3] == OPEN
    market.set(1, OPEN)
    assert until("2025-07-03T16:55") == {1: CALL, 2: CLOSED, 3: CALL}
    assert until("2025-07-03T17:00") == {1: CLOSED, 2: CLOSED, 3: CLOSED}


def test_what_an_operator_closed_stays_closed_until_the_next_opening() -> None:
    market = Market([1, 2, 3])
    schedule = started(market, [US], at("2025-07-02T00:00"))
    list(pass_time(schedule, market, at("2025-07-02T15:00")))
    market.set(1, CLOSED)
    list(pass_time(schedule, market, at("2025-07-02T19:58")))
    assert market.states == {1: CLOSED, 2: CLOSED, 3: CALL}
    list(pass_time(schedule, market, at("2025-07-03T14:00")))
    assert market.states == {1: OPEN, 2: CLOSED, 3: OPEN}


def test_an_auction_under_way_becomes_part_of_the_close() -> None:
    market = Market([1, 2, 3])
    schedule = started(market, [US], at("2025-07-02T00:00"))
    list(pass_time(schedule, market, at("2025-07-02T19:53")))
    market.set(1, CALL, AuctionKind.VOLATILITY, at("2025-07-02T19:58"), OPEN)
    list(pass_time(schedule, market, at("2025-07-02T19:59")))
    assert market.states == {1: CALL, 2: CLOSED, 3: CALL}
    list(pass_time(schedule, market, at("2025-07-02T20:00")))
    assert market.states == {1: CLOSED, 2: CLOSED, 3: CLOSED}


def test_trading_goes_on_after_the_close_where_that_is_wanted() -> None:
    session = Session("us", US.calendar, Template(closing_call_s=0, opening_call_s=0, post_s=3600, post_trading=True))
    market = Market([1, 2, 3])
    schedule = started(market, [session], at("2025-07-02T00:00"))
    for text, state in (("13:29", CLOSED), ("13:30", OPEN), ("20:30", OPEN), ("21:00", CLOSED)):
        list(pass_time(schedule, market, at(f"2025-07-02T{text}")))
        assert market.states[1] == state, text
    with_call = Session("us", US.calendar, Template(post_s=3600, post_trading=True))
    market = run([with_call], "2025-07-02T00:00", "2025-07-02T20:30")
    assert market.states == {1: OPEN, 2: CLOSED, 3: OPEN}


def test_a_lunch_break_closes_and_opens() -> None:
    tokyo = Session("us", Exchange("XTKS"), Template())
    market = Market([1, 2, 3])
    schedule = started(market, [tokyo], at("2025-05-01T00:00") - DAY_NS)
    for text, state in (
        ("00:00", OPEN),
        ("02:29", OPEN),
        ("02:30", CLOSED),
        ("03:30", OPEN),
        ("06:25", CALL),
        ("06:30", CLOSED),
    ):
        list(pass_time(schedule, market, at(f"2025-05-01T{text}")))
        assert market.states[1] == state, text


@pytest.mark.parametrize(
    ("time", "state", "halted"),
    [
        ("2025-07-02T10:00", CLOSED, False), ("2025-07-02T13:25", CALL, False), ("2025-07-02T15:00", OPEN, False),
        ("2025-07-02T15:00", HALTED, True), ("2025-07-02T19:57", CALL, False), ("2025-07-02T20:10", CLOSED, False),
        ("2025-07-05T15:00", CLOSED, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("before", [CLOSED, OPEN, CALL])
def test_a_new_instrument_enters_the_present_phase(time: str, state: int, halted: bool, before: int) -> None:
    market = Market([1, 2, 3])
    market.states[1] = HALTED if halted else before
    schedule = started(market, [US], at(time))
    market.ts_ns = at(time)
    commands = schedule.place(at(time), {"us": [1]}, market.states)
    for command in commands:
        market.apply(at(time), command)
    assert market.states[1] == state
    assert len(commands) == (state == CALL or (before != state and not halted))


def test_the_end_of_the_day_that_is_on_or_comes_next() -> None:
    for time, end in (
        ("2025-07-03T15:00", "2025-07-03T18:00"), ("2025-07-03T18:00", "2025-07-07T21:00"),
        ("2025-07-05T12:00", "2025-07-07T21:00"),
    ):  # fmt: skip
        (command,) = started(Market([]), [US], at(time)).day_end(at(time))
        assert np.frombuffer(command, wire.ADMIN_COMMAND)["value0"] == at(end)


def test_phases_to_show() -> None:
    timeline = Timeline([US])
    present, following = timeline.phase(US, at("2025-07-05T12:00"))
    assert following is not None
    assert (present.phase, present.ts_ns) == (Phase.CLOSED, at("2025-07-03T18:00"))
    assert (following.phase, following.ts_ns) == (Phase.PRE_OPEN, at("2025-07-07T13:20"))


def test_days_that_overlap_are_refused() -> None:
    night = Template(post_s=8 * 3600)
    with pytest.raises(
        PlanError, match=r"sessions\.tokyo: 2025-.* begins .* s before the end of the day before in sessions\.us"
    ):
        Timeline([Session("us", US.calendar, night), Session("tokyo", Exchange("XTKS"), Template())]).check(
            at("2025-07-01T00:00"), 30
        )
    with pytest.raises(PlanError, match=r"sessions\.all: .* opening_call_s or post_s shorter"):
        Timeline([Session("all", EveryDay(), Template())]).check(at("2025-07-01T00:00"), 10)
    Timeline([US, LSE]).check(at("2025-07-01T00:00"), 800)


def test_a_calendar_that_has_ended() -> None:
    shanghai = Exchange("XSHG")
    assert shanghai.known_to is not None
    schedule = Schedule(Timeline([Session("sse", shanghai, Template())]), at(f"{shanghai.known_to}T23:00"))
    assert schedule.next_ns == NEVER_NS
    assert schedule.turn({}, ()) == []
    assert Schedule(Timeline([]), 0).next_ns == NEVER_NS
