"""A whole trading day, 500 instruments, from pre-open to close, in journaled time: the core alone, real schedule."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from openbell import wire
from openbell.wire import (
    AuctionKind,
    BookKind,
    CancelReason,
    Check,
    CommandKind,
    EventKind,
    InstrumentState,
    TimeInForce,
)

from engine.sessions.calendar import Exchange
from engine.sessions.plan import Phase, Template, plan
from engine.sessions.schedule import Session
from tests.engine.sessions.trading_day import SECOND_NS, Array, TradingDay, crossed, expected_market_left

INSTRUMENTS, ACCOUNTS = 500, 50
US = Session("us", Exchange("XNYS"), Template(opening_call_s=40, closing_call_s=20, post_s=900))
DATE = dt.date(2025, 11, 28)  # the day after Thanksgiving: it ends at 13:00


@pytest.mark.slow
def test_a_whole_day() -> None:
    phases = {one.phase: one for one in plan(US.calendar, US.template, DATE)}
    pre_open, continuous, closing = phases[Phase.PRE_OPEN], phases[Phase.CONTINUOUS], phases[Phase.CLOSING]
    day = TradingDay(US, pre_open.ts_ns - 3600 * SECOND_NS, INSTRUMENTS, ACCOUNTS, seed=20251128)
    assert_states(day, InstrumentState.CLOSED)

    last = collect(day, pre_open.ts_ns, pre_open.until_ns, "pre-open", 60_000)
    assert_states(day, InstrumentState.CALL)
    hold_auction(day, AuctionKind.OPENING, pre_open.until_ns, last)
    assert_states(day, InstrumentState.OPEN)
    gone(day, TimeInForce.AT_OPEN, TimeInForce.AUCTION, TimeInForce.IOC)
    day.check_books()

    for ts_ns in (
        np.linspace(continuous.ts_ns + SECOND_NS, continuous.until_ns - SECOND_NS, 60).astype(np.int64).tolist()
    ):
        day.until(ts_ns)
        day.trade("continuous", 3_000)
        day.check_books()
    events, _ = day.take()
    assert np.count_nonzero(events["kind"] == EventKind.FILL) > 50_000
    assert len(crossed(events)) == 0
    gone(day, TimeInForce.IOC, TimeInForce.FOK)

    last = collect(day, closing.ts_ns, closing.until_ns, "closing", 40_000)
    assert_states(day, InstrumentState.CALL)
    hold_auction(day, AuctionKind.CLOSING, closing.until_ns, last)
    assert_states(day, InstrumentState.CLOSED)
    gone(day, TimeInForce.AT_CLOSE, TimeInForce.AUCTION)
    day.check_books()

    after_the_close(day, phases[Phase.POST].ts_ns)
    end_the_day(day, phases[Phase.CLOSED].ts_ns)
    assert day.commands > 280_000

    monday = plan(US.calendar, US.template, dt.date(2025, 12, 1))[0]
    lasting = day.orders()
    day.until(monday.ts_ns + SECOND_NS)  # the weekend in one jump
    assert_states(day, InstrumentState.CALL)
    assert (day.orders()["order_id"] == lasting["order_id"]).all()
    day.check_books()


EXTENSION_NS, MOST = 30 * SECOND_NS, 3
LOTS_BPS, PRICE_BPS, WIDEN_BPS = 1500, 4, 4


@pytest.mark.slow
def test_a_day_whose_auctions_are_put_off() -> None:
    """Which auctions are, and why, is what the books say at that moment, found by trying every price."""
    phases = {one.phase: one for one in plan(US.calendar, US.template, DATE)}
    day = TradingDay(US, phases[Phase.PRE_OPEN].ts_ns - SECOND_NS, 100, 20, seed=20261130)
    for kind in (AuctionKind.OPENING, AuctionKind.CLOSING):
        flags = wire.ExtensionFlag.MARKET_ORDERS
        day.extend(kind, EXTENSION_NS, MOST, 0, LOTS_BPS, PRICE_BPS, WIDEN_BPS, flags=flags)
    reasons: set[tuple[int, int]] = set()
    for phase, flow, kind, tif in (
        (Phase.PRE_OPEN, "pre-open", AuctionKind.OPENING, TimeInForce.AT_OPEN),
        (Phase.CLOSING, "closing", AuctionKind.CLOSING, TimeInForce.AT_CLOSE),
    ):
        begin = phases[phase]
        day.until(begin.ts_ns + SECOND_NS)
        day.trade(flow, 6_000)
        day.sell_much(range(0, day.count, 7), tif)
        calling = set(range(day.count))
        for number in range(MOST + 1):
            expected = {one: why for one, why in expected_extensions(day, kind, number).items() if one in calling}
            day.take()
            at_ns = begin.until_ns + number * EXTENSION_NS
            assert day.core.call_ends_ns == at_ns
            day.until(at_ns)
            events, data = day.take()
            extended = events[events["kind"] == EventKind.AUCTION_EXTENDED]
            assert dict(extended[["instrument", "reason"]].tolist()) == (expected if number < MOST else {})
            assert (extended["qty"] == number + 1).all() and (extended["trade_id"] == at_ns + EXTENSION_NS).all()
            told = data[(data["kind"] == BookKind.STATUS) & (data["state"] == InstrumentState.CALL)]
            assert told[["instrument", "level_orders", "trade_no"]].tolist() == [
                (one, number + 1, why) for one, why in extended[["instrument", "reason"]].tolist()
            ]
            held = events["instrument"][events["kind"] == EventKind.AUCTION].tolist()
            assert set(held) | set(extended["instrument"].tolist()) == calling
            calling -= set(held)
            reasons |= {(int(kind), why) for why in extended["reason"].tolist()}
            day.trade(flow, 500)
        assert not calling
        day.check_books()
    assert len(reasons) == 2 * len(wire.ExtensionReason)
    assert_states(day, InstrumentState.CLOSED)


def expected_extensions(day: TradingDay, kind: AuctionKind, number: int) -> dict[int, int]:
    """Instruments whose auction, were it now, would be put off, and why."""
    rows, references = day.orders(), day.instruments()["reference_price"].tolist()
    found = {}
    for instrument, (price, lots, imbalance) in enumerate(day.expected_auctions(kind)):
        reference = references[instrument]
        if expected_market_left(rows[rows["instrument"] == instrument], kind, price, lots):
            found[instrument] = wire.ExtensionReason.MARKET_ORDERS
        elif abs(imbalance) > lots * LOTS_BPS // 10_000:
            found[instrument] = wire.ExtensionReason.IMBALANCE
        elif price and abs(price - reference) > reference * (PRICE_BPS + number * WIDEN_BPS) // 10_000:
            found[instrument] = wire.ExtensionReason.PRICE
    return {instrument: int(why) for instrument, why in found.items()}


def assert_states(day: TradingDay, state: InstrumentState) -> None:
    assert (day.instruments()["state"] == state).all()


def gone(day: TradingDay, *tifs: TimeInForce) -> None:
    """No order of these times in force is left."""
    assert not np.isin(day.orders()["tif"], tifs).any()


def collect(day: TradingDay, begin_ns: int, end_ns: int, phase: str, count: int) -> Array:
    """Orders for an auction, with a TICK a second, and none in the last second; the last INDICATIVE of each."""
    seconds = (end_ns - begin_ns) // SECOND_NS
    for second in range(1, seconds):
        day.until(begin_ns + second * SECOND_NS)
        if second < seconds - 1:
            day.trade(phase, count // (seconds - 2))
        day.tick(begin_ns + second * SECOND_NS + 2)
    events, data = day.take()
    assert not (events["kind"] == EventKind.FILL).any(), "nothing trades in a call"
    indicative = data[data["kind"] == BookKind.INDICATIVE]
    assert (np.bincount(indicative["instrument"], minlength=INSTRUMENTS) == seconds).all(), "one a second"
    return indicative[-INSTRUMENTS:]


def hold_auction(day: TradingDay, kind: AuctionKind, at_ns: int, last: Array) -> None:
    """Time comes to the auction: its price, lots and imbalance are those of a search over all prices."""
    expected = day.expected_auctions(kind)
    before = day.orders()
    assert last["instrument"].tolist() == list(range(INSTRUMENTS))
    signed = np.where(last["side"] == wire.Side.SELL, -1, 1) * last["leaves"].astype(np.int64)
    assert list(zip(last["price"].tolist(), last["qty"].tolist(), signed.tolist(), strict=True)) == expected

    day.until(at_ns)
    events, _ = day.take()
    auctions = events[events["kind"] == EventKind.AUCTION]
    assert (auctions["ts_ns"] == at_ns).all()
    assert (auctions["reason"] == kind).all()
    assert auctions["instrument"].tolist() == list(range(INSTRUMENTS))
    signed = np.where(auctions["side"] == wire.Side.SELL, -1, 1) * auctions["leaves"].astype(np.int64)
    assert list(zip(auctions["price"].tolist(), auctions["qty"].tolist(), signed.tolist(), strict=True)) == expected
    assert np.count_nonzero(auctions["qty"]) > INSTRUMENTS * 0.9

    fills = crossed(events)
    for side in (wire.Side.BUY, wire.Side.SELL):
        lots = np.bincount(
            fills["instrument"][fills["side"] == side], fills["qty"][fills["side"] == side], INSTRUMENTS
        )  # fmt: skip
        assert (lots == auctions["qty"]).all()
    assert (fills["price"] == auctions["price"][fills["instrument"]]).all()
    assert (day.instruments()["reference_price"] == np.where(
        auctions["price"] > 0, auctions["price"], day.instruments()["reference_price"]
    )).all()  # fmt: skip
    ended = events[(events["kind"] == EventKind.CANCELED) & (events["reason"] == CancelReason.AUCTION_END)]
    live = np.isin(before["order_id"], day.orders()["order_id"])
    assert not (before["order_type"][live] == wire.OrderType.MARKET)[before["tif"][live] != TimeInForce.AT_CLOSE].any()
    assert len(ended) > 0


def after_the_close(day: TradingDay, post_ns: int) -> None:
    """In post nothing is taken but cancels."""
    day.until(post_ns + 60 * SECOND_NS)
    rows = day.orders()
    day.send_all(CommandKind.NEW_ORDER, rows[:100])
    day.send_all(CommandKind.CANCEL, rows[:200])
    events, _ = day.take()
    refused = events[events["kind"] == EventKind.REJECTED]
    assert len(refused) == 100
    assert (refused["reason"] == Check.INSTRUMENT_STATE).all()
    assert np.count_nonzero(events["kind"] == EventKind.CANCELED) == 200
    assert len(day.orders()) == len(rows) - 200


def end_the_day(day: TradingDay, end_ns: int) -> None:
    """DAY orders end, GTC orders stay."""
    before = day.orders()
    day.until(end_ns - 1)
    assert len(day.orders()) == len(before)
    day.until(end_ns)
    events, _ = day.take()
    (ended,) = events[events["kind"] == EventKind.DAY_ENDED]
    canceled = events[events["kind"] == EventKind.CANCELED]
    assert (canceled["reason"] == CancelReason.DAY_END).all()
    assert len(canceled) == ended["qty"] == np.count_nonzero(before["tif"] == TimeInForce.DAY) > 1_000
    assert set(day.orders()["tif"].tolist()) == {TimeInForce.GTC}
    assert_states(day, InstrumentState.CLOSED)
    day.check_books()
