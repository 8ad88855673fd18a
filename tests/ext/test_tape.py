"""Conditions of trades, statistics and bars, against the same in plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.records import MARKET_DATA_HEADER
from openbell.wire import AuctionKind, BookKind, Channel, DataFlag, TradeFlag

from ext.feed import Feed
from tests.reference import tape

SECOND = tape.SECOND_NS
BEGIN_NS = 1_700_000_000 * SECOND - 3 * SECOND  # some hours before an end of all periods
PAUSES_NS = [0, 0, 0, 1, SECOND // 3, SECOND, 7 * SECOND, 59 * SECOND, 61 * SECOND, 3 * 60 * SECOND, 3600 * SECOND]
ROUND_LOTS = {0: 100, 1: 0, 2: 5}
CROSSES = {
    AuctionKind.OPENING: TradeFlag.OPENING,
    AuctionKind.CLOSING: TradeFlag.CLOSING,
    AuctionKind.HALT: TradeFlag.REOPENING,
    AuctionKind.VOLATILITY: TradeFlag.REOPENING,
}
PRICED = ("execute", "hidden", "cross", "crossing")
STEPS = st.tuples(
    st.sampled_from(
        [*PRICED, "execute", "execute", "add", "time", "day", "indicative", "no cross", "bust", "correct", "correct"]
    ),
    st.sampled_from(PAUSES_NS),
    st.integers(0, 2),  # instrument
    st.integers(1, 9),  # price
    st.sampled_from([1, 4, 5, 99, 100, 2**31]),
    st.sampled_from(list(AuctionKind)),
)


def trade_flags(kind: str, qty: int, instrument: int, auction: AuctionKind) -> int:
    """The conditions of a trade but FIRST, from the rules."""
    if kind == "cross":
        return TradeFlag.CROSS | CROSSES[auction]
    odd = TradeFlag.ODD_LOT if qty < ROUND_LOTS[instrument] else 0
    return odd | (TradeFlag.HIDDEN if kind == "hidden" else 0)


class Told:
    """Records as the core tells them, and the trades that they are."""

    def __init__(self, steps: list[tuple[Any, ...]], price_scale: int = 1) -> None:
        self.trades: list[tape.Trade] = []
        self.amendments: list[tape.Amendment] = []
        self.standing: list[tape.Trade] = []
        self.told: list[tuple[int, ...]] = []  # on the channel of trades
        self.flags: list[int] = []
        self.day_ends: list[int] = []
        self.auctions: list[tuple[int, ...]] = []
        self.now_ns = BEGIN_NS
        rows = [
            {"kind": BookKind.STATUS, "instrument": one, "qty": lot, "state": 1, "seq": 1, "ts_ns": BEGIN_NS}
            for one, lot in ROUND_LOTS.items()
        ]
        for number, (kind, pause_ns, instrument, price, qty, auction) in enumerate(steps):
            self.now_ns += pause_ns
            row = {"seq": number + 2, "ts_ns": self.now_ns, "instrument": instrument, "side": number % 2}
            if kind == "time" or (kind in ("bust", "correct") and not self.standing):
                row |= {"kind": BookKind.TIME, "instrument": 0}
            elif kind == "day":
                row |= {"kind": BookKind.TIME, "instrument": 0, "flags": DataFlag.DAY_END}
                self.day_ends.append(self.now_ns)
            elif kind in ("bust", "correct"):
                trade = self.standing[-1 - auction % len(self.standing)]
                row |= self.amend(kind, number + 2, trade, price_scale * price, qty)
            elif kind in ("indicative", "no cross"):
                row |= {"kind": BookKind.INDICATIVE if kind == "indicative" else BookKind.CROSS, "state": auction}
            else:
                row |= {"price": price * price_scale, "qty": qty % 2**32, "trade_no": number + 1, "level_qty": 7}
                row["kind"] = {"add": BookKind.ADD, "hidden": BookKind.HIDDEN_TRADE}.get(kind, BookKind.EXECUTE)
                if kind == "crossing":
                    row["flags"] = DataFlag.CROSS
                if kind == "cross":
                    row |= {"kind": BookKind.CROSS, "state": auction, "level_qty": qty}
                if kind in ("execute", "hidden", "cross"):
                    flags = trade_flags(kind, qty, instrument, auction)
                    day = len(self.day_ends)
                    made = (number + 2, self.now_ns, instrument, flags, price * price_scale, qty)
                    if tape.is_first(tape.Trade(*made, day, number + 1), self.trades, self.amendments):
                        made = (*made[:3], flags | TradeFlag.FIRST, *made[4:])
                    self.trades.append(tape.Trade(*made, day, number + 1))
                    self.standing.append(self.trades[-1])
                    self.told.append(made)
            rows.append(row)
        self.pack(rows)

    def amend(self, kind: str, seq: int, trade: tape.Trade, price: int, qty: int) -> dict[str, int]:
        """The record, after what is to come of it was noted."""
        is_bust, is_cross = kind == "bust", bool(trade.flags & TradeFlag.CROSS)
        self.standing.remove(trade)
        if not is_bust:
            self.standing.append(trade._replace(price=price, qty=qty))
        flags = (TradeFlag.BUST if is_bust else TradeFlag.CORRECTION) | (TradeFlag.CROSS if is_cross else 0)
        now = (trade.price, trade.qty) if is_bust else (price, qty)
        if trade.day == len(self.day_ends):
            of_instrument = [one.trade_id for one in self.trades if one.instrument == trade.instrument]
            self.amendments.append(
                tape.Amendment(
                    seq, self.now_ns, trade.instrument, flags, trade.price, trade.qty, *now, trade.day,
                    makes_price=not is_bust and (is_cross or qty >= ROUND_LOTS[trade.instrument]),
                    is_last=trade.trade_id == of_instrument[-1],
                )
            )  # fmt: skip
        self.told.append((seq, self.now_ns, trade.instrument, flags, *now))
        return {
            "kind": BookKind.BUST if is_bust else BookKind.CORRECTION,
            "flags": DataFlag.CROSS if is_cross else 0,
            "instrument": trade.instrument,
            "side": 0,
            "order_id": trade.trade_id,
            "price": now[0],
            "qty": now[1],
            "leaves": 0 if is_bust else trade.qty,
            "level_qty": 0 if is_bust else trade.price,
        }

    def pack(self, rows: list[dict[str, int]]) -> None:
        self.records = np.zeros(len(rows), wire.MARKET_DATA)
        for record, row in zip(self.records, rows, strict=True):
            for name, value in row.items():
                record[name] = value
        crosses = self.records[np.isin(self.records["kind"], [BookKind.CROSS, BookKind.INDICATIVE])]
        self.auctions = crosses.tolist()


DTYPES = {
    Channel.TRADES: wire.TRADE,
    Channel.AUCTION: wire.MARKET_DATA,
    Channel.STATISTICS: wire.STATISTICS,
    Channel.BARS: wire.BAR,
}


def unpacked(frames: list[bytes], channel: Channel) -> list[tuple[int, ...]]:
    """All records of a channel; checks that their numbers have no gap."""
    told: list[tuple[int, ...]] = []
    due = None
    for frame in frames:
        letter, _, size, count, first = MARKET_DATA_HEADER.unpack_from(frame)
        if letter == channel:
            assert size == DTYPES[channel].itemsize
            assert due in (None, first)
            told += np.frombuffer(frame, DTYPES[channel], count, MARKET_DATA_HEADER.size).tolist()
            due = first + count
    return told


def batches(records: np.ndarray, cuts: set[int]) -> list[bytes]:
    return [part.tobytes() for part in np.split(records, sorted(cut for cut in cuts if cut < len(records)))]


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=80), st.sets(st.integers(0, 80)), st.booleans())
def test_trades_statistics_and_bars(steps: list[Any], cuts: set[int], large: bool) -> None:
    told = Told(steps, 2**33 if large else 1)
    feed = Feed(1000, bars_of_each=1000)
    frames = [frame for part in batches(told.records, cuts) for frame in feed.add(part)]
    trades = unpacked(frames, Channel.TRADES)
    assert [(*row[:3], row[5], row[6], row[8]) for row in trades] == told.told
    assert {row[3] for row in trades if row[5] & TradeFlag.CROSS} <= {wire.SIDE_BOTH}
    bars = tape.bars(told.trades, told.day_ends, told.now_ns, told.amendments)
    assert unpacked(frames, Channel.BARS) == bars
    assert feed.sequences[7] == len(bars)
    statistics = tape.statistics(told.trades, told.day_ends, told.now_ns, told.amendments)
    assert unpacked(frames, Channel.STATISTICS) == statistics
    assert unpacked(frames, Channel.AUCTION) == told.auctions
    for instrument in range(3):
        for period_s in (*tape.PERIODS_S, tape.DAY_S):
            own = [bar for bar in bars if bar[2:4] == (instrument, period_s)]
            got = np.frombuffer(feed.last_bars(instrument, period_s, 3), wire.BAR).tolist()
            assert got == own[-3:]
        last = [one for one in statistics if one[2] == instrument][-1:]
        assert np.frombuffer(feed.statistics(instrument), wire.STATISTICS).tolist() == last
        auction = [one for one in told.auctions if one[6] == instrument][-1:]
        assert np.frombuffer(feed.auctions(instrument), wire.MARKET_DATA).tolist() == auction


@settings(max_examples=150)
@given(st.lists(STEPS, max_size=80), st.integers(0, 80), st.integers(1, 5))
def test_a_feed_goes_on_from_a_state(steps: list[Any], cut: int, kept: int) -> None:
    records = Told(steps).records
    whole = Feed(3, bars=3, bars_of_each=kept)
    whole.add(records[:cut].tobytes())
    after = Feed(3, bars=3, bars_of_each=kept)
    after.load(whole.state())
    assert after.sequences == whole.sequences
    assert after.state() == whole.state()
    assert after.due_ns == whole.due_ns
    assert after.add(records[cut:].tobytes()) == whole.add(records[cut:].tobytes())
    assert after.state() == whole.state()
    for period_s in (*tape.PERIODS_S, tape.DAY_S):
        assert after.last_bars(None, period_s, 9) == whole.last_bars(None, period_s, 9)
    assert after.statistics() == whole.statistics()
    assert after.auctions() == whole.auctions()


@settings(max_examples=100)
@given(st.lists(STEPS, min_size=1, max_size=30), st.data())
def test_a_damaged_state_is_refused_and_changes_nothing(steps: list[Any], data: st.DataObject) -> None:
    feed = Feed(3, bars_of_each=3)
    feed.add(Told(steps).records.tobytes())
    state = feed.state()
    other = Feed(3, bars_of_each=3)
    before = other.state()
    cut = data.draw(st.integers(0, len(state) - 1))
    with pytest.raises(ValueError, match="state of"):
        other.load(state[:cut])
    with pytest.raises(ValueError, match="behind its end"):
        other.load(state + b"x")
    assert other.state() == before
    with pytest.raises(ValueError, match="before anything else"):
        feed.load(state)


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=40))
def test_due_is_when_the_next_bar_closes(steps: list[Any]) -> None:
    told = Told(steps)
    feed = Feed(10, bars_of_each=1)
    feed.add(told.records.tobytes())
    due_ns, before = feed.due_ns, feed.sequences
    time = np.zeros(1, wire.MARKET_DATA)
    time["kind"] = BookKind.TIME
    if not due_ns:
        time["ts_ns"] = told.now_ns + 10**15
        feed.add(time.tobytes())
        assert feed.sequences == before
        return
    assert due_ns > told.now_ns
    time["ts_ns"] = due_ns - 1
    feed.add(time.tobytes())
    assert feed.sequences == before
    time["ts_ns"] = due_ns
    feed.add(time.tobytes())
    assert feed.sequences[6:] > before[6:]  # statistics, and bars unless trades were only amended


def test_bars_are_kept_to_a_bound() -> None:
    steps = [("execute", SECOND, 0, 5, 100, AuctionKind.OPENING)] * 50
    feed = Feed(5, bars=7, bars_of_each=4)
    feed.add(Told(steps).records.tobytes())
    last = feed.sequences[7]
    first, records = feed.bars(0)
    assert (first, len(records) // wire.BAR.itemsize) == (last - 6, 7)
    assert feed.bars(last)[1] == records[-wire.BAR.itemsize :]
    assert feed.bars(last + 9) == (last + 1, b"")
    assert len(feed.last_bars(0, 1, 100)) == 4 * wire.BAR.itemsize
    assert feed.last_bars(99, 1, 100) == b""
    with pytest.raises(ValueError, match="period_s must be 1, 60"):
        feed.last_bars(0, 2, 1)
    with pytest.raises(ValueError, match="at least 1"):
        Feed(5, bars=0)
    with pytest.raises(ValueError, match="at least 0"):
        feed.last_bars(0, 1, -1)


def test_after_a_day_without_a_trade_left_the_next_one_is_the_first_again() -> None:
    """FIRST is the trade whose price is the open of the statistics: whoever follows it has their open."""
    auction = AuctionKind.OPENING
    steps = [
        ("execute", 0, 0, 5, 100, auction), ("bust", SECOND, 0, 0, 0, auction), ("execute", SECOND, 0, 7, 100, auction),
        ("execute", SECOND, 0, 8, 100, auction), ("time", SECOND, 0, 0, 0, auction),
    ]  # fmt: skip
    feed = Feed(100)
    frames = feed.add(Told(steps).records.tobytes())
    trades = unpacked(frames, Channel.TRADES)
    assert [row[5] for row in trades] == [TradeFlag.FIRST, TradeFlag.BUST, TradeFlag.FIRST, 0]
    opens = [row[6] for row in unpacked(frames, Channel.STATISTICS)]
    assert opens == [5, 0, 7, 7]


def test_a_price_that_a_correction_made_is_the_open() -> None:
    """An odd lot that is none any more: no trade is FIRST after it."""
    auction = AuctionKind.OPENING
    steps = [
        ("execute", 0, 0, 5, 1, auction), ("correct", SECOND, 0, 6, 100, AuctionKind(1)),
        ("execute", SECOND, 0, 7, 100, auction), ("time", SECOND, 0, 0, 0, auction),
    ]  # fmt: skip
    feed = Feed(100)
    frames = feed.add(Told(steps).records.tobytes())
    assert [row[5] for row in unpacked(frames, Channel.TRADES)] == [TradeFlag.ODD_LOT, TradeFlag.CORRECTION, 0]
    assert [row[6] for row in unpacked(frames, Channel.STATISTICS)] == [0, 6, 6]
