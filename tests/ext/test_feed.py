"""Market data by channel, against the same in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.records import MARKET_DATA_HEADER

from ext.feed import Feed

BOOK_KINDS = (wire.BookKind.ADD, wire.BookKind.EXECUTE, wire.BookKind.REDUCE, wire.BookKind.DELETE)
DTYPES = {
    wire.Channel.BOOK: wire.MARKET_DATA,
    wire.Channel.DEPTH: wire.DEPTH,
    wire.Channel.TOP: wire.TOP,
    wire.Channel.TRADES: wire.TRADE,
    wire.Channel.STATUS: wire.MARKET_DATA,
    wire.Channel.AUCTION: wire.MARKET_DATA,
    wire.Channel.STATISTICS: wire.STATISTICS,
    wire.Channel.BARS: wire.BAR,
}
ORDER = list(DTYPES)
OF_BOOKS = ORDER[:5]  # test_tape.py looks at the others
TRADES = [0, 2**32 - 3, 7]  # before the records
rows = st.tuples(
    st.sampled_from([*BOOK_KINDS, wire.BookKind.TOP, wire.BookKind.STATUS]),
    st.integers(0, 1),  # side
    st.integers(0, 2),  # instrument
    st.integers(1, 3),  # price
    st.booleans(),  # a new command
)


def records_of(given: list[tuple[wire.BookKind, int, int, int, bool]]) -> np.ndarray:
    """MarketData records; trade_no goes on within the instrument, as the core does it."""
    made = np.zeros(len(given), wire.MARKET_DATA)
    trades = list(TRADES)
    seq = 1
    for record, (kind, side, instrument, price, fresh) in zip(made, given, strict=True):
        seq += fresh
        record["seq"], record["ts_ns"], record["kind"], record["side"] = seq, seq * 1000, kind, side
        record["instrument"], record["price"] = instrument, price
        record["level_qty"], record["level_orders"], record["qty"] = seq * 7 + price, seq % 5, seq % 90 + 1
        if kind == wire.BookKind.EXECUTE:
            trades[instrument] += 1
            record["trade_no"] = trades[instrument] % 2**32
    return made


def expected_of(made: np.ndarray) -> dict[wire.Channel, list[tuple[int, ...]]]:
    """What each channel says of the records, in plain Python."""
    told: dict[wire.Channel, list[tuple[int, ...]]] = {channel: [] for channel in ORDER}
    trades = list(TRADES)
    last: tuple[int, ...] | None = None
    priced: set[int] = set()
    for record in made:
        kind = record["kind"]
        if kind == wire.BookKind.TOP:
            told[wire.Channel.TOP].append(record.view(wire.TOP).item())
        elif kind == wire.BookKind.STATUS:
            told[wire.Channel.STATUS].append(record.item())
        else:
            told[wire.Channel.BOOK].append(record.item())
            seq, ts_ns, instrument, side, price, qty, orders = (
                int(record[name])
                for name in ("seq", "ts_ns", "instrument", "side", "price", "level_qty", "level_orders")
            )
            depth = told[wire.Channel.DEPTH]
            if last == (seq, instrument, side, price):
                depth.pop()
            depth.append((seq, ts_ns, instrument, side, price, qty, orders, 0))
            last = (seq, instrument, side, price)
            if kind == wire.BookKind.EXECUTE:
                trades[instrument] += 1
                aggressor = 1 - side
                flags = 0 if instrument in priced else wire.TradeFlag.FIRST
                priced.add(instrument)
                told[wire.Channel.TRADES].append(
                    (seq, ts_ns, instrument, aggressor, 0, flags, price, trades[instrument], int(record["qty"]))
                )
    return told


def unpack(frames: list[bytes]) -> dict[wire.Channel, list[tuple[int, list[tuple[int, ...]]]]]:
    """First sequence and records of each frame, by channel."""
    told: dict[wire.Channel, list[tuple[int, list[tuple[int, ...]]]]] = {channel: [] for channel in ORDER}
    for frame in frames:
        letter, version, size, count, first = MARKET_DATA_HEADER.unpack_from(frame)
        channel = wire.Channel(letter)
        assert version == wire.VERSION
        assert size == DTYPES[channel].itemsize
        assert len(frame) == MARKET_DATA_HEADER.size + size * count
        records = np.frombuffer(frame, DTYPES[channel], count, MARKET_DATA_HEADER.size)
        told[channel].append((first, records.tolist()))
    return told


def split_by_command(made: np.ndarray, cuts: set[int]) -> list[np.ndarray]:
    """Batches: cut only between commands."""
    places = [place for place in sorted(cuts) if 0 < place < len(made) and made["seq"][place] != made["seq"][place - 1]]
    return [np.asarray(part) for part in np.split(made, places)]


@settings(max_examples=200)
@given(st.lists(rows, max_size=60), st.sets(st.integers(0, 60)), st.integers(1, 9))
def test_every_channel_gets_its_records_in_order(given: list, cuts: set[int], frame_records: int) -> None:
    made = records_of(given)
    feed = Feed(trades=1000, frame_records=frame_records)
    frames = [frame for part in split_by_command(made, cuts) for frame in feed.add(part.tobytes())]
    expected = expected_of(made)
    for channel, parts in unpack(frames).items():
        told: list[tuple[int, ...]] = []
        for first, records in parts:
            assert first == len(told) + 1
            assert len(records) <= frame_records
            told += records
        if channel in OF_BOOKS:
            assert told == expected[channel]
    assert feed.sequences[:5] == tuple(len(expected[channel]) for channel in OF_BOOKS)


@settings(max_examples=100)
@given(st.lists(rows, max_size=60), st.integers(1, 7), st.integers(0, 70))
def test_the_last_trades_are_kept(given: list, kept: int, wanted: int) -> None:
    made = records_of(given)
    feed = Feed(trades=kept)
    feed.add(made.tobytes())
    trades = expected_of(made)[wire.Channel.TRADES]
    first, records = feed.trades(wanted)
    oldest = max(1, len(trades) - kept + 1)
    assert first == min(max(wanted, oldest), len(trades) + 1)
    assert np.frombuffer(records, wire.TRADE).tolist() == trades[first - 1 :]


def test_channels_that_nobody_wants_are_numbered_all_the_same() -> None:
    made = np.zeros(3, wire.MARKET_DATA)
    made["kind"] = [wire.BookKind.ADD, wire.BookKind.TOP, wire.BookKind.STATUS]
    made["seq"] = [1, 1, 2]
    feed = Feed(trades=10)
    feed.want(b"T")
    assert [frame[:1] for frame in feed.add(made.tobytes())] == [b"T"]
    assert feed.sequences == (1, 1, 1, 0, 1, 0, 0, 0)
    feed.want(b"")
    assert feed.add(made.tobytes()) == []
    feed.want(b"BS")
    assert [(frame[:1], MARKET_DATA_HEADER.unpack_from(frame)[4]) for frame in feed.add(made.tobytes())] == [
        (b"B", 3),
        (b"S", 3),
    ]


def test_wrong_input_is_refused() -> None:
    feed = Feed(trades=10)
    with pytest.raises(ValueError, match="records of 64 bytes expected, got 65"):
        feed.add(bytes(65))
    with pytest.raises(ValueError, match="at least 1"):
        Feed(trades=0)
    assert feed.sequences == (0,) * 8


def test_the_last_states_and_bands_are_kept() -> None:
    made = np.zeros(7, wire.MARKET_DATA)
    status, bands = wire.BookKind.STATUS, wire.BookKind.BANDS
    made["seq"] = range(1, 8)
    made["kind"] = [status, bands, status, bands, status, bands, bands]
    made["instrument"] = [2, 2, 2, 0, 70, 70, 70]
    made["order_id"] = [0, 5, 0, 6, 0, 7, 0]  # the last one takes them away
    made["flags"] = wire.HaltReason.NEWS
    feed = Feed(1)
    told = unpack(feed.add(made.tobytes()))[wire.Channel.STATUS]
    assert [record for _, records in told for record in records] == made.tolist()
    again = Feed(1)
    again.load(feed.state())
    for one in (feed, again):
        assert one.statuses(2) == made[[2, 1]].tobytes()
        assert one.statuses(1) == one.statuses(10**6) == b""
        assert one.statuses() == made[[3, 2, 1, 4]].tobytes()


def test_instruments_whose_depth_changes_are_noted() -> None:
    def told(feed: Feed, *changes: tuple[wire.BookKind, int]) -> None:
        made = np.zeros(len(changes), wire.MARKET_DATA)
        for record, (kind, instrument) in zip(made, changes, strict=True):
            record["seq"], record["kind"], record["instrument"] = feed.sequences[0] + 1, kind, instrument
        feed.add(made.tobytes())

    feed = Feed(1)
    told(feed, (wire.BookKind.ADD, 1))
    assert feed.take_changed() == []
    feed.watch(True)
    told(feed, (wire.BookKind.ADD, 3), (wire.BookKind.DELETE, 300), (wire.BookKind.TOP, 4))
    told(feed, (wire.BookKind.REDUCE, 3), (wire.BookKind.STATUS, 5), (wire.BookKind.HIDDEN_TRADE, 6))
    assert feed.take_changed() == [3, 300]
    assert feed.take_changed() == []
    told(feed, (wire.BookKind.EXECUTE, 3))
    feed.watch(False)
    assert feed.take_changed() == []
    feed.watch(True)
    told(feed, (wire.BookKind.EXECUTE, 3))
    assert feed.take_changed() == [3]
