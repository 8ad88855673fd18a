"""Calls end at their own time, to the nanosecond, whenever the engine comes to it, and wherever it was killed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AuctionKind, CommandKind, EventKind, InstrumentState, OrderType, Side, TimeInForce

from engine.journal.cut import cut
from engine.sequencer import NEVER_NS, admin_command
from ext.core import Core
from tests.engine.sessions.station import SECOND_NS, Station, at

TEXT = """
[sessions.us]
calendar = "XNYS"
[sessions.us.extensions.closing]
market_orders = true
extension_s = 120
random_end_s = 30
[sessions.us.extensions.halt]
market_orders = true
extension_s = 60
"""
CLOSE_NS = at("2025-07-02T20:00")


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path / "market", TEXT, "2025-07-02T15:00")
    yield made
    made.stop()


def call(station: Station, until_ns: int, kind: AuctionKind = AuctionKind.HALT) -> None:
    """What `ctl call --at` does."""
    values = (kind, until_ns, InstrumentState.OPEN)
    command = admin_command(
        CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL, values=values
    )
    station.market.sequencer.admin(command)


def sell_at_market(station: Station, tif: TimeInForce) -> None:
    station.order(side=Side.SELL, order_type=OrderType.MARKET, price=0, tif=tif)


def told(station: Station) -> list[tuple[int, int, int]]:
    """Extensions and auctions in the journal: kind of event, its time, and when an extension goes to."""
    core = Core()
    for command in station.commands():
        core.apply(command)
    assert core.state_hash() == station.market.core.state_hash()
    events = np.frombuffer(core.take_events(), wire.EVENT)
    chosen = events[np.isin(events["kind"], (EventKind.AUCTION, EventKind.AUCTION_EXTENDED))]
    found: list[tuple[int, int, int]] = chosen[["kind", "ts_ns", "trade_id"]].tolist()
    return found


def ticks(station: Station, since_seq: int) -> list[int]:
    return [ts_ns for ts_ns, kind, _ in station.journaled(since_seq + 1) if kind == CommandKind.TICK]


def test_a_call_ends_at_its_own_time(station: Station) -> None:
    until_ns = at("2025-07-02T15:05") + 123_456_789
    call(station, until_ns)
    assert station.market.sequencer.due_ns == until_ns
    seq = station.market.core.seq
    station.order(flush=False)
    station.now_ns = until_ns + 3 * SECOND_NS  # the engine was busy
    station.market.sequencer.flush(0)
    station.order(1)
    assert [(ts_ns, kind) for ts_ns, kind, _ in station.journaled(seq + 1)] == [
        (until_ns - 1, CommandKind.NEW_ORDER),
        (until_ns, CommandKind.TICK),
        (until_ns + 3 * SECOND_NS, CommandKind.NEW_ORDER),
    ]
    assert station.states()["AAA"] == "OPEN"
    assert station.market.sequencer.due_ns == CLOSE_NS - 300 * SECOND_NS, "the closing call is next"


def test_a_call_that_is_over_is_not_waited_for(station: Station) -> None:
    call(station, at("2025-07-02T15:05"))
    station.operator(0, InstrumentState.HALTED)
    assert station.market.sequencer.due_ns == CLOSE_NS - 300 * SECOND_NS
    seq = station.market.core.seq
    station.at("2025-07-02T15:06")
    assert ticks(station, seq) == []


def test_each_extension_ends_at_its_own_time(station: Station) -> None:
    until_ns = at("2025-07-02T15:05") + 5
    call(station, until_ns)
    sell_at_market(station, TimeInForce.AUCTION)
    station.at("2025-07-02T15:10")
    minute_ns = 60 * SECOND_NS
    assert told(station) == [
        (EventKind.AUCTION_EXTENDED, until_ns, until_ns + minute_ns),
        (EventKind.AUCTION_EXTENDED, until_ns + minute_ns, until_ns + 2 * minute_ns),
        (EventKind.AUCTION, until_ns + 2 * minute_ns, 0),
    ]


def test_a_turn_of_the_schedule_at_the_end_of_a_call_is_one_turn(station: Station) -> None:
    station.at("2025-07-02T19:54")
    call(station, CLOSE_NS - 300 * SECOND_NS)
    seq = station.market.core.seq
    station.at("2025-07-02T19:56")
    begin_ns = CLOSE_NS - 300 * SECOND_NS
    assert [(ts_ns, kind) for ts_ns, kind, _ in station.journaled(seq + 1)] == [
        (begin_ns, CommandKind.TICK), (begin_ns, CommandKind.SET_INSTRUMENT_STATE), (begin_ns + 1, CommandKind.TICK),
    ]  # fmt: skip


def closed(station: Station) -> list[tuple[int, int, int]]:
    """A day whose closing auction is put off twice, to its end."""
    station.at("2025-07-02T19:56")
    sell_at_market(station, TimeInForce.AT_CLOSE)
    for now in ("2025-07-02T20:00:07", "2025-07-02T20:02:20", "2025-07-02T20:10"):
        station.at(now)
    assert station.states()["AAA"] == "CLOSED"
    return told(station)


def test_a_random_end_is_to_the_nanosecond(station: Station) -> None:
    one, two, last = closed(station)
    assert [event[0] for event in (one, two, last)] == [*[EventKind.AUCTION_EXTENDED] * 2, EventKind.AUCTION]
    step_ns = 120 * SECOND_NS
    for number, (_, ts_ns, _) in enumerate((one, two, last)):
        assert 0 <= ts_ns - CLOSE_NS - number * step_ns <= 30 * SECOND_NS
    assert (one[2], two[2]) == (CLOSE_NS + step_ns, CLOSE_NS + 2 * step_ns), "announced times are full ones"
    assert any(event[1] % SECOND_NS for event in (one, two, last))


def test_wherever_it_is_killed_the_next_start_goes_on_as_it_would_have(station: Station, tmp_path: Path) -> None:
    """The journal ends after any of the commands from the closing call on; the engine is up again at 20:10."""
    expected = closed(station)
    seqs = [number for number, (ts_ns, _, _) in enumerate(station.journaled(), 1) if ts_ns >= CLOSE_NS - SECOND_NS]
    station.stop()
    assert len(seqs) >= 4
    for seq in [seqs[0] - 1, *seqs]:
        folder = tmp_path / f"after {seq}"
        shutil.copytree(station.folder, folder)
        cut(folder, seq)
        again = Station(folder, TEXT, "2025-07-02T20:10")
        assert told(again) == expected, f"the journal ended with {seq}"
        assert again.states()["AAA"] == "CLOSED"
        again.stop()
    station.start()


def test_nothing_is_due_without_a_call(tmp_path: Path) -> None:
    station = Station(tmp_path, '[sessions.us]\n[ledger]\nbusiness_days = "manual"\n', "2025-07-02T15:00")
    assert station.market.core.call_ends_ns == station.market.sequencer.due_ns == NEVER_NS
    station.stop()
