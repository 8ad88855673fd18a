"""Auctions of sessions that are put off: a real market on disk, its clock set by the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    AuctionKind,
    CommandKind,
    EventKind,
    ExtensionReason,
    InstrumentState,
    OrderType,
    Side,
    TimeInForce,
)

from engine.journal.commands import Names, words
from engine.sequencer import admin_command, tick_command
from ext.core import Core
from tests.engine.sessions.station import SECOND_NS, Station, at

US = '[sessions.us]\ncalendar = "XNYS"\n'
CLOSING = "[sessions.us.extensions.closing]\nmarket_orders = true\nextension_s = 120\nmax_extensions = 2\n"
OPENING = "[sessions.us.extensions.opening]\nprice_percent = 5\nextension_s = 60\nmax_extensions = 3\n"
HALT = "[sessions.us.extensions.halt]\nmarket_orders = true\nextension_s = 60\n"
CLOSE_NS = at("2025-07-02T20:00")
MARKET: dict[str, Any] = {
    "side": Side.SELL, "order_type": OrderType.MARKET, "tif": TimeInForce.AT_CLOSE, "price": 0,
}  # fmt: skip


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path, US + CLOSING + OPENING + HALT, "2025-07-02T12:00")
    yield made
    made.stop()


def told(station: Station) -> list[tuple[int, int, int, int]]:
    """What a replay of the journal says: extensions (time, number, reason, time they go to), auctions (time, 0, lots,
    price)."""
    station.journal.wait(station.market.core.seq)
    core, found = Core(), []
    for command in station.commands():
        core.apply(command)
    for event in np.frombuffer(core.take_events(), wire.EVENT):
        if event["kind"] == EventKind.AUCTION_EXTENDED:
            found.append(tuple(int(event[name]) for name in ("ts_ns", "qty", "reason", "trade_id")))
        elif event["kind"] == EventKind.AUCTION:
            found.append((int(event["ts_ns"]), 0, int(event["qty"]), int(event["price"])))
    assert core.state_hash() == station.market.core.state_hash()
    return found


def seconds(station: Station, now: str, count: int) -> None:
    """Full seconds pass, each with a TICK, as the engine gives while something is called."""
    station.at(now)
    for _ in range(count):
        station.now_ns += SECOND_NS
        station.market.sequencer.execute([tick_command()])


def test_the_configuration_is_journaled_once(station: Station) -> None:
    of_session = [reason for _, kind, reason in station.journaled() if kind == CommandKind.SET_EXTENSION]
    assert of_session == ["extensions of session us"] * 3
    seq = station.market.core.seq
    station.stop()
    station.start()
    assert [kind for _, kind, _ in station.journaled(seq + 1)] == [CommandKind.TICK]
    station.stop()
    station.configure(US + OPENING + HALT.replace("60", "90"))
    station.start()
    changed = [np.frombuffer(one, wire.ADMIN_COMMAND)[0] for one in station.commands() if len(one) == 256]
    last = [row for row in changed if row["kind"] == CommandKind.SET_EXTENSION][3:]
    assert [(row["state"], row["value0"], row["flags"]) for row in last] == [
        (AuctionKind.CLOSING, 0, 0), (AuctionKind.HALT, 90 * SECOND_NS, 1),
    ]  # fmt: skip
    assert "us: closing" not in {reason for _, _, reason in station.journaled(seq + 1)}, "the session is the same"


def test_a_closing_auction_that_would_leave_market_orders(station: Station) -> None:
    station.at("2025-07-02T19:56")
    station.order(**MARKET)
    seconds(station, "2025-07-02T20:00", 1)
    row = station.market.instrument(0)[0]
    assert (row["state"], row["auction_kind"], row["auction_ns"]) == (
        InstrumentState.CALL, AuctionKind.CLOSING, CLOSE_NS + 120 * SECOND_NS,
    )  # fmt: skip
    assert (row["extensions"], row["extension_reason"]) == (1, ExtensionReason.MARKET_ORDERS)
    seconds(station, "2025-07-02T20:01:59", 1)
    assert station.market.instrument(0)[0]["extensions"] == 2
    station.order(price=99_0000, tif=TimeInForce.AT_CLOSE)
    seconds(station, "2025-07-02T20:03:59", 1)
    assert station.states()["AAA"] == "CLOSED"
    one, two = ExtensionReason.MARKET_ORDERS, 120 * SECOND_NS
    assert told(station) == [
        (at("2025-07-02T13:30"), 0, 0, 0),
        (CLOSE_NS, 1, one, CLOSE_NS + two),
        (CLOSE_NS + two, 2, one, CLOSE_NS + 2 * two),
        (CLOSE_NS + 2 * two, 0, 10, 99_0000),
    ]
    assert station.at("2025-07-02T20:15")["AAA"] == "CLOSED"


def test_an_opening_auction_goes_on_into_the_hours_of_trading(station: Station) -> None:
    open_ns = at("2025-07-02T13:30")
    station.at("2025-07-02T13:25")
    station.order(price=110_0000)
    station.order(side=Side.SELL, price=110_0000)
    seconds(station, "2025-07-02T13:30", 30)
    assert station.states()["AAA"] == "CALL"
    for minute in ("31", "32"):
        seconds(station, f"2025-07-02T13:{minute}", 0)
        station.market.sequencer.execute([tick_command()])
    seconds(station, "2025-07-02T13:32:30", 0)
    station.order(price=104_0000)
    station.order(side=Side.SELL, price=103_0000, qty=20)
    seconds(station, "2025-07-02T13:33", 1)
    assert station.states()["AAA"] == "OPEN"
    reason = ExtensionReason.PRICE
    minute_ns = 60 * SECOND_NS
    assert [one[:3] for one in told(station)][:3] == [
        (open_ns + number * minute_ns, number + 1, reason) for number in range(3)
    ]
    assert told(station)[3][2:] == (20, 103_0000)


def test_whoever_calls_it_an_auction_is_put_off(station: Station) -> None:
    """Operators and what watches volatility know nothing of extensions: the kind of the auction decides."""
    station.at("2025-07-02T15:00")
    until_ns = at("2025-07-02T15:05")
    call = admin_command(
        CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL,
        values=(AuctionKind.HALT, until_ns, InstrumentState.OPEN),
    )  # fmt: skip
    station.market.sequencer.admin(call)
    station.order(**MARKET | {"tif": TimeInForce.AUCTION})
    seconds(station, "2025-07-02T15:05", 1)
    assert station.market.instrument(0)[0]["auction_ns"] == until_ns + 60 * SECOND_NS
    assert station.states()["AAA"] == "CALL"


def test_an_extension_that_reaches_the_closing_call_becomes_part_of_the_close(station: Station) -> None:
    station.at("2025-07-02T19:50")
    call = admin_command(
        CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL,
        values=(AuctionKind.HALT, at("2025-07-02T19:54:30"), InstrumentState.OPEN),
    )  # fmt: skip
    station.market.sequencer.admin(call)
    station.order(**MARKET | {"tif": TimeInForce.AUCTION})
    seconds(station, "2025-07-02T19:54:30", 1)
    assert station.market.instrument(0)[0]["auction_ns"] == at("2025-07-02T19:55:30")
    seconds(station, "2025-07-02T19:55", 40)
    row = station.market.instrument(0)[0]
    assert (row["auction_kind"], row["auction_ns"], row["extensions"]) == (AuctionKind.CLOSING, CLOSE_NS, 0)


def test_the_seed_of_a_random_end_is_new_each_time_and_in_the_journal(tmp_path: Path) -> None:
    text = US + "[sessions.us.extensions.closing]\nrandom_end_s = 30\n"
    seeds = set()
    for number in range(2):
        station = Station(tmp_path / str(number), text, "2025-07-02T12:00")
        try:
            rows = [np.frombuffer(one, wire.ADMIN_COMMAND)[0] for one in station.commands() if len(one) == 256]
            (row,) = [row for row in rows if row["kind"] == CommandKind.SET_EXTENSION]
            assert (row["value0"], row["value6"]) == (0, 30 * SECOND_NS)
            seeds.add(int(row["value7"]))
            assert str(row["value7"]) not in words(row, Names())
            assert "CLOSING never extended, random end within 30 s" in words(row, Names())
            station.at("2025-07-02T19:56")
            seconds(station, "2025-07-02T19:59:58", 33)
            assert station.states()["AAA"] == "CLOSED"
            ((when_ns, *_),) = told(station)[1:]
            assert CLOSE_NS < when_ns <= CLOSE_NS + 31 * SECOND_NS
        finally:
            station.stop()
    assert len(seeds) == 2 and 0 not in seeds


@pytest.mark.parametrize("kind", [AuctionKind.HALT, AuctionKind.VOLATILITY, AuctionKind.OPENING])
@pytest.mark.parametrize("call_s", [0, 300])
def test_a_call_that_reaches_past_the_close_becomes_the_close(tmp_path: Path, kind: AuctionKind, call_s: int) -> None:
    """It is put off twice, or called for later during the closing call: nothing opens when the day is over."""
    put_off = f"[sessions.us.extensions.{kind.name.lower()}]\nmarket_orders = true\nextension_s = 120\n"
    text = US + f"closing_call_s = {call_s}\npost_s = 900\n" + CLOSING + put_off
    station = Station(tmp_path, text, "2025-07-02T19:58")
    try:
        tif = TimeInForce.AT_OPEN if kind is AuctionKind.OPENING else TimeInForce.AUCTION
        values = (kind, at("2025-07-02T19:59:30"), InstrumentState.OPEN)
        call = admin_command(
            CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL, values=values
        )
        station.market.sequencer.admin(call)
        station.order(side=Side.SELL, order_type=OrderType.MARKET, price=0, tif=tif)
        station.order(**MARKET)
        station.at("2025-07-02T19:59:59")
        row = station.market.instrument(0)[0]
        assert (row["state"], row["auction_kind"], row["extensions"]) == (InstrumentState.CALL, kind, 1)
        for minute in range(15):
            station.at(f"2025-07-02T20:{minute:02}")
            station.tick()
            if not minute:
                station.order(price=99_0000, qty=20)
            assert row_is_closing(station), "it is in another call, or open"
        lots = 10 if kind is AuctionKind.OPENING else 20  # the order for the opening has no part in the close
        put_off_ns = CLOSE_NS + 1 + 120 * SECOND_NS
        assert told(station)[-2:] == [
            (CLOSE_NS + 1, 1, ExtensionReason.MARKET_ORDERS, put_off_ns), (put_off_ns, 0, lots, 99_0000),
        ]  # fmt: skip
        assert station.states()["AAA"] == "CLOSED"
        assert station.at("2025-07-02T20:15")["AAA"] == "CLOSED"
    finally:
        station.stop()


def row_is_closing(station: Station) -> bool:
    row = station.market.instrument(0)[0]
    return bool(row["state"] == InstrumentState.CLOSED or row["auction_kind"] == AuctionKind.CLOSING)


def test_a_call_goes_on_where_trading_does(tmp_path: Path) -> None:
    text = US + "closing_call_s = 0\npost_trading = true\n" + HALT
    station = Station(tmp_path, text, "2025-07-02T19:58")
    try:
        values = (AuctionKind.HALT, CLOSE_NS + SECOND_NS, InstrumentState.OPEN)
        call = admin_command(
            CommandKind.SET_INSTRUMENT_STATE, operator="ann", reason="r", state=InstrumentState.CALL, values=values
        )
        station.market.sequencer.admin(call)
        assert station.at("2025-07-02T20:00")["AAA"] == "CALL"
        assert station.market.instrument(0)[0]["auction_kind"] == AuctionKind.HALT
        assert station.at("2025-07-02T20:01")["AAA"] == "OPEN"
    finally:
        station.stop()
