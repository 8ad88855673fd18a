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
}
ORDER = list(DTYPES)
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
    trades = [0, 2**32 - 2, 2**32 + 7]
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
    trades = [0, 2**32 - 2, 2**32 + 7]
    last: tuple[int, ...] | None = None
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
                told[wire.Channel.TRADES].append(
                    (seq, ts_ns, instrument, aggressor, price, trades[instrument], int(record["qty"]), 0)
                )
    return told


def instruments() -> bytes:
    made = np.zeros(3, wire.INSTRUMENT_ROW)
    made["instrument"] = [0, 1, 2]
    made["trades"] = [0, 2**32 - 2, 2**32 + 7]
    return made.tobytes()


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
    feed.settle(instruments())
    frames = [frame for part in split_by_command(made, cuts) for frame in feed.add(part.tobytes())]
    expected = expected_of(made)
    for channel, parts in unpack(frames).items():
        told: list[tuple[int, ...]] = []
        for first, records in parts:
            assert first == len(told) + 1
            assert len(records) <= frame_records
            told += records
        assert told == expected[channel]
    assert feed.sequences == tuple(len(expected[channel]) for channel in ORDER)


@settings(max_examples=100)
@given(st.lists(rows, max_size=60), st.integers(1, 7), st.integers(0, 70))
def test_the_last_trades_are_kept(given: list, kept: int, wanted: int) -> None:
    made = records_of(given)
    feed = Feed(trades=kept)
    feed.settle(instruments())
    feed.add(made.tobytes())
    trades = expected_of(made)[wire.Channel.TRADES]
    first, records = feed.trades(wanted)
    oldest = max(1, len(trades) - kept + 1)
    assert first == min(max(wanted, oldest), len(trades) + 1)
    assert np.frombuffer(records, wire.TRADE).tolist() == trades[first - 1 :]


@settings(max_examples=100)
@given(st.lists(rows, max_size=60), st.integers(0, 60), st.integers(1, 7))
def test_a_replay_of_the_tail_goes_on_with_the_numbers_of_a_snapshot(given: list, cut: int, kept: int) -> None:
    made = records_of(given)
    parts = split_by_command(made, {cut})
    if len(parts) < 2:
        return
    whole = Feed(trades=kept)
    whole.settle(instruments())
    whole.add(parts[0].tobytes())
    snapshot = whole.sequences
    whole.add(parts[1].tobytes())
    after = np.zeros(3, wire.INSTRUMENT_ROW)
    after["instrument"] = [0, 1, 2]
    executions = made[made["kind"] == wire.BookKind.EXECUTE]
    after["trades"] = [
        base + int((executions["instrument"] == place).sum()) for place, base in enumerate([0, 2**32 - 2, 2**32 + 7])
    ]
    tail = Feed(trades=kept)
    tail.add(parts[1].tobytes())
    tail.advance(snapshot)
    tail.settle(after.tobytes())
    assert tail.sequences == whole.sequences
    first, records = tail.trades(0)
    assert (first, records) == whole.trades(first)
    more = np.zeros(1, wire.MARKET_DATA)
    more["kind"], more["seq"], more["instrument"] = wire.BookKind.EXECUTE, 10**6, 1
    more["trade_no"] = (int(after["trades"][1]) + 1) % 2**32
    assert tail.add(more.tobytes()) == whole.add(more.tobytes())


def test_channels_that_nobody_wants_are_numbered_all_the_same() -> None:
    made = np.zeros(3, wire.MARKET_DATA)
    made["kind"] = [wire.BookKind.ADD, wire.BookKind.TOP, wire.BookKind.STATUS]
    made["seq"] = [1, 1, 2]
    feed = Feed(trades=10)
    feed.want(b"T")
    assert [frame[:1] for frame in feed.add(made.tobytes())] == [b"T"]
    assert feed.sequences == (1, 1, 1, 0, 1)
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
    with pytest.raises(ValueError, match="rows of 160 bytes"):
        feed.settle(bytes(1))
    with pytest.raises(ValueError, match="5 numbers"):
        feed.advance([1, 2])
    with pytest.raises(ValueError, match="at least 1"):
        Feed(trades=0)
    assert feed.sequences == (0, 0, 0, 0, 0)
