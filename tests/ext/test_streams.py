"""The accounts' private streams, against the same in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.records import HEADER, MAGIC

from ext.streams import Streams

CHUNK = 32
accounts = st.integers(0, 5)
batches = st.lists(st.lists(accounts, max_size=40), max_size=12)


class Maker:
    """Numbers the events of accounts as the core does it."""

    def __init__(self, last: dict[int, int] | None = None) -> None:
        self.last = dict(last or {})
        self.seq = 0

    def events(self, of: list[int]) -> np.ndarray:
        made = np.zeros(len(of), wire.EVENT)
        for event, account in zip(made, of, strict=True):
            self.seq += 1
            self.last[account] = self.last.get(account, 0) + 1
            event["seq"], event["account"], event["account_seq"] = self.seq, account, self.last[account]
            event["kind"] = wire.EventKind.FILL if self.seq % 3 == 0 else wire.EventKind.ACCEPTED
        return made


def unpack(frame: bytes) -> list[tuple[int, ...]]:
    magic, version, kind, count, number = HEADER.unpack_from(frame)
    assert (magic, version, kind, number) == (MAGIC, wire.VERSION, wire.FrameType.EVENTS, 0)
    assert len(frame) == HEADER.size + count * wire.EVENT.itemsize
    assert count > 0
    records: list[tuple[int, ...]] = np.frombuffer(frame, wire.EVENT, count, HEADER.size).tolist()
    return records


@settings(max_examples=150)
@given(batches, st.sets(st.tuples(st.integers(0, 4), accounts)), st.integers(1, 17))
def test_each_session_gets_the_events_of_its_accounts(
    given: list[list[int]], listeners: set[tuple[int, int]], frame_events: int
) -> None:
    streams = Streams(events=10_000, frame_events=frame_events)
    for slot, account in listeners:
        streams.listen(slot, account)
        streams.listen(slot, account)  # again: nothing changes
    maker = Maker()
    got: dict[int, list[tuple[int, ...]]] = {slot: [] for slot in range(5)}
    want: dict[int, list[tuple[int, ...]]] = {slot: [] for slot in range(5)}
    for batch in given:
        events = maker.events(batch)
        for slot, frame in streams.route(events.tobytes()):
            assert HEADER.unpack_from(frame)[3] <= frame_events
            got[slot] += unpack(frame)
        for event in events.tolist():
            for slot in range(5):
                if (slot, event[7]) in listeners:
                    want[slot].append(event)
    assert got == want


@settings(max_examples=150)
@given(batches, st.integers(CHUNK, 6 * CHUNK), st.integers(1, 40), accounts, st.integers(0, 200))
def test_what_is_kept_is_the_end_of_the_stream(
    given: list[list[int]], kept: int, frame_events: int, account: int, from_seq: int
) -> None:
    streams = Streams(events=kept)
    maker = Maker()
    whole: list[tuple[int, ...]] = []
    for batch in given:
        events = maker.events(batch)
        streams.record(events.tobytes())
        whole += events.tolist()
    own = [event for event in whole if event[7] == account]
    first, last = streams.range(account)
    assert last == len(own)
    assert 1 <= first <= last + 1
    told = [event for frame in streams.frames(account, from_seq, frame_events) for event in unpack(frame)]
    assert told == own[max(first, from_seq, 1) - 1 :]
    fills = [event for event in own[first - 1 :] if event[3] == wire.EventKind.FILL]
    for limit in (1000, 2, 0):
        assert (
            np.frombuffer(streams.fills(account, limit), wire.EVENT).tolist()
            == fills[len(fills) - min(limit, len(fills)) :]
        )
    total = sum(last + 1 - first for first, last in map(streams.range, range(6)))
    assert total <= kept
    if len(whole) + 6 * CHUNK <= kept:
        assert total == len(whole)


def test_a_quiet_account_keeps_its_last_events_beside_a_noisy_one() -> None:
    streams = Streams(events=8 * CHUNK)
    maker = Maker()
    streams.record(maker.events([1] * 5))
    for _ in range(100):
        streams.record(maker.events([2] * 50))
    assert streams.range(1) == (1, 5)
    first, last = streams.range(2)
    assert last == 5000
    assert last - first >= 6 * CHUNK


def test_more_accounts_than_chunks() -> None:
    streams = Streams(events=4 * CHUNK)
    maker = Maker()
    for account in range(300):
        streams.record(maker.events([account]))
    assert sum(last + 1 - first for first, last in map(streams.range, range(300))) == 4
    assert streams.range(299) == (1, 1)
    streams.record(maker.events([0]))
    assert streams.range(0) == (2, 2)
    assert [event[2] for frame in streams.frames(0, 1) for event in unpack(frame)] == [2]


def test_a_replay_that_begins_in_the_middle() -> None:
    streams = Streams(events=1000)
    maker = Maker({1: 50, 2: 7})
    streams.record(maker.events([1, 1, 1]))
    rows = np.zeros(3, wire.ACCOUNT_ROW)
    rows["account"], rows["account_seq"] = [1, 2, 3], [53, 7, 0]
    streams.settle(rows.tobytes())
    assert [streams.range(account) for account in (1, 2, 3, 99)] == [(51, 53), (8, 7), (1, 0), (1, 0)]
    streams.record(maker.events([2, 1]))
    assert [streams.range(account) for account in (1, 2)] == [(51, 54), (8, 8)]
    rows["account_seq"] = [60, 8, 0]  # not what was seen: what is kept does not reach up to it
    streams.settle(rows.tobytes())
    assert streams.range(1) == (61, 60)
    assert streams.frames(1, 1) == []
    assert streams.fills(1, 10) == b""
    maker.last[1] = 60
    streams.record(maker.events([1]))
    assert [event[2] for frame in streams.frames(1, 1) for event in unpack(frame)] == [61]


def test_leaving() -> None:
    streams = Streams(events=1000)
    maker = Maker()
    for slot in range(200):
        streams.listen(slot, 1)
    for slot in range(0, 200, 2):
        streams.leave(slot, 1)
    streams.leave(0, 1)
    streams.leave(5, 99)
    assert sorted(slot for slot, _ in streams.route(maker.events([1]))) == list(range(1, 200, 2))
    assert streams.route(maker.events([2])) == []


def test_events_are_counted_by_kind() -> None:
    streams = Streams(events=1000)
    events = np.zeros(5, wire.EVENT)
    events["kind"] = [wire.EventKind.ACCEPTED, wire.EventKind.ACCEPTED, wire.EventKind.NOTED, 200, wire.EventKind.FILL]
    events["flags"][1] = wire.EventFlag.DUPLICATE
    streams.record(events)
    streams.add_counts([0, 10])
    assert streams.counts[:3] == [1, 11, 1]
    assert streams.counts[wire.EventKind.NOTED] == 1
    assert sum(streams.counts) == 14


def test_events_of_the_market_go_to_nobody() -> None:
    streams = Streams(events=1000)
    streams.listen(0, wire.ANY & 0xFFFF)
    events = np.zeros(1, wire.EVENT)
    events["account"] = wire.ANY
    assert streams.route(events.tobytes()) == []


def test_memory_that_is_taken_at_once_changes_nothing() -> None:
    streams = Streams(events=10_000)
    streams.route(Maker().events([1, 2, 1]).tobytes())
    before = [streams.frames(account, 1) for account in range(4)]
    assert streams.touch_memory() >= 10_000 // CHUNK * CHUNK * wire.EVENT.itemsize
    assert [streams.frames(account, 1) for account in range(4)] == before


def test_wrong_input_is_refused() -> None:
    streams = Streams(events=1000)
    with pytest.raises(ValueError, match="records of 80 bytes expected, got 81"):
        streams.route(bytes(81))
    with pytest.raises(ValueError, match="records of 80 bytes"):
        streams.record(bytes(1))
    with pytest.raises(ValueError, match="rows of 184 bytes"):
        streams.settle(bytes(1))
    with pytest.raises(ValueError, match=r"below 2\*\*24"):
        streams.listen(1 << 24, 1)
    with pytest.raises(ValueError, match="32 to"):
        Streams(events=31)


@settings(max_examples=150)
@given(batches, st.integers(CHUNK, 6 * CHUNK), accounts, st.integers(0, 200))
def test_the_first_event_after_a_command_is_found(given: list[list[int]], kept: int, account: int, seq: int) -> None:
    streams = Streams(events=kept)
    maker = Maker()
    for batch in given:
        streams.record(maker.events(batch).tobytes())
    first, last = streams.range(account)
    there = [event for frame in streams.frames(account, first) for event in unpack(frame)]
    later = [number for number, event in enumerate(there, first) if event[0] > seq]
    assert streams.first_after(account, seq) == (later[0] if later else last + 1)
