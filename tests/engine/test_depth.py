"""Classes of depth: when they are looked at, what they tell, and what their snapshots show."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from openbell import wire
from openbell.market import DepthBook
from openbell.records import MARKET_DATA_HEADER
from openbell.wire import CommandKind, InstrumentState

from engine import depth
from engine.config import Depth, DepthClass
from engine.depth import DepthClasses
from ext.feed import Feed
from tests.ext.market import A, B, Market

ONE, TWO, FOUR = ord("1"), ord("2"), ord("4")
KINDS = Depth(class_1=DepthClass(levels=2, interval_ms=100), class_2=DepthClass(levels=1, interval_ms=1000))


class Bench(Market):
    """A market behind a gate that can be shut, its classes of depth, and what a subscriber of class 1 holds."""

    def __init__(self) -> None:
        self.feed = Feed(10)
        self.now_s = 5.0
        self.shut = False
        self.waiting: list[Callable[[], object]] = []
        self.frames: list[bytes] = []
        self.books: dict[int, DepthBook] = {}
        super().__init__()
        self.depths = DepthClasses(KINDS, self.core, self.feed, self.later, lambda: self.now_s)
        self.first = self.depths.sequences[0] + 1

    def apply(self, command: bytes) -> list[SimpleNamespace]:
        assert self.core.apply(command, True) == 1
        self.core.take_events()
        data = self.core.take_market_data()
        self.later(lambda: self.feed.add(data))
        return []

    def later(self, action: Callable[[], object]) -> None:
        if self.shut:
            self.waiting.append(action)
        else:
            action()

    def open(self) -> None:
        self.shut = False
        for action in self.waiting:
            action()
        self.waiting.clear()

    def look(self, letter: int = ONE, after_s: float = 0.1) -> float | None:
        """Look at a class when so much time has passed."""
        self.now_s += after_s
        return self.depths.look(letter, self.frames.extend)

    def told(self) -> list[tuple[int, ...]]:
        """Instrument, side, price, lots, orders of what was told of class 1, which is applied; numbers have no gap."""
        rows: list[tuple[int, ...]] = []
        for frame in self.frames:
            letter, _, size, count, first = MARKET_DATA_HEADER.unpack_from(frame)
            assert (letter, size, first) == (ONE, wire.DEPTH.itemsize, self.first)
            self.first += count
            for one in np.frombuffer(frame, wire.DEPTH, count, MARKET_DATA_HEADER.size):
                rows.append(
                    tuple(int(one[name]) for name in ("instrument", "side", "price", "level_qty", "level_orders"))
                )
        self.frames.clear()
        for instrument, *level in rows:
            self.books.setdefault(instrument, DepthBook()).set_level(*level)
        return rows


def test_what_happens_between_two_looks_is_told_as_one_change() -> None:
    bench = Bench()
    bench.buy(A, 100, 5)
    assert bench.depths.want(b"X1") == [ONE]
    assert bench.look(after_s=0) == pytest.approx(0.1)
    assert bench.told() == [(0, 0, 100, 5, 1)]
    bench.buy(A, 105, 1)
    bench.buy(A, 110, 2)  # the two best ones are shown
    bench.buy(A, 110, 3)
    bench.sell(B, 120, 4)
    assert bench.look(after_s=0.04) == pytest.approx(0.06)  # too early
    assert bench.told() == []
    assert bench.look(after_s=0.06) == pytest.approx(0.1)
    assert bench.told() == [(0, 0, 110, 5, 2), (0, 0, 105, 1, 1), (0, 0, 100, 0, 0), (0, 1, 120, 4, 1)]
    bench.mass_cancel(A)
    bench.buy(A, 110, 5)  # and back, but for the orders
    bench.buy(A, 105, 1)
    bench.look()
    assert bench.told() == [(0, 0, 110, 5, 1)]
    bench.sell(B, 110, 1)
    bench.buy(A, 110, 1)
    bench.mass_cancel(A)
    bench.look()
    assert [tuple(one) for one in bench.books[0].asks()] == [(120, 4, 1)]
    bench.told()
    assert bench.books[0].bids() == []
    bench.look()
    assert bench.told() == []


def test_nobodys_wish_costs_nothing_and_a_new_one_begins_with_everything() -> None:
    bench = Bench()
    bench.buy(A, 100, 5)
    assert bench.feed.take_changed() == []
    assert bench.look() is None
    assert bench.depths.want(b"1") == [ONE]
    assert bench.depths.want(b"12") == [TWO]
    bench.look()
    assert bench.told() == [(0, 0, 100, 5, 1)]
    assert bench.look(TWO) == 1.0
    assert len(bench.frames) == 1
    bench.frames.clear()
    bench.buy(A, 105, 5)
    bench.depths.want(b"2")
    assert bench.look() is None
    bench.buy(A, 100, 1)
    assert bench.depths.want(b"1") == [ONE]
    bench.look()
    assert bench.told() == [(0, 0, 105, 5, 1), (0, 0, 100, 6, 2)]
    bench.depths.want(b"")
    bench.buy(A, 100, 1)
    assert bench.feed.take_changed() == []


def test_changes_that_one_class_has_seen_are_told_to_the_others() -> None:
    bench = Bench()
    bench.depths.want(b"12")
    bench.look(TWO)
    bench.look()
    bench.buy(A, 100, 5)
    bench.look(TWO)
    bench.look()
    assert bench.told() == [(0, 0, 100, 5, 1)]


def test_nothing_is_told_before_it_is_durable() -> None:
    bench = Bench()
    bench.depths.want(b"1")
    bench.look()
    bench.buy(A, 100, 5)
    bench.shut = True
    bench.buy(A, 100, 2)
    bench.look()
    shown = bench.depths.snapshot(ONE, [0])
    replied: list[tuple[int, bytes]] = []
    bench.later(lambda: replied.append(shown()))
    bench.buy(A, 100, 1)
    assert bench.told() == []
    bench.open()
    assert bench.told() == [(0, 0, 100, 7, 2)]
    ((sequence, records),) = replied
    assert sequence == bench.first - 1
    assert np.frombuffer(records, wire.DEPTH)["level_qty"].tolist() == [7]
    bench.look()
    assert bench.told() == [(0, 0, 100, 8, 3)]


def test_a_snapshot_and_what_follows_it_make_the_book() -> None:
    bench = Bench()
    assert bench.depths.snapshot(ONE, [0, 1])()[1] == b""
    bench.buy(A, 100, 5)
    sequence, records = bench.depths.snapshot(ONE, [0])()
    assert len(records) == wire.DEPTH.itemsize  # nobody subscribes: as it is
    bench.first = sequence + 1
    bench.depths.want(b"1")
    bench.look()
    assert bench.told() == []
    bench.buy(A, 105, 1)
    sequence, records = bench.depths.snapshot(ONE, [0])()
    assert sequence == bench.first - 1
    # What it shows is what the numbers up to `sequence` have told, not what has changed since.
    assert np.frombuffer(records, wire.DEPTH)["price"].tolist() == [100]
    bench.look()
    assert bench.told() == [(0, 0, 105, 1, 1)]


def test_what_was_in_a_snapshot_alone_is_taken_back() -> None:
    bench = Bench()
    bench.depths.want(b"1")
    bench.buy(A, 100, 5)
    assert len(bench.depths.snapshot(ONE, [0])()[1]) == wire.DEPTH.itemsize  # before the first look
    bench.mass_cancel(A)
    bench.look()
    assert bench.told() == [(0, 0, 100, 0, 0)]


def test_whoever_comes_back_is_told_what_has_gone_meanwhile() -> None:
    bench = Bench()
    bench.depths.want(b"1")
    bench.buy(A, 100, 5)
    bench.look()
    bench.told()
    bench.depths.want(b"")
    bench.mass_cancel(A)
    bench.depths.want(b"1")
    bench.look()
    assert bench.told() == [(0, 0, 100, 0, 0)]
    bench.depths.want(b"")
    bench.buy(A, 105, 5)
    sequence, records = bench.depths.snapshot(ONE, [0])()
    assert np.frombuffer(records, wire.DEPTH)["price"].tolist() == [105]
    assert sequence == bench.first  # a number that was not heard
    bench.depths.want(b"1")
    bench.look()
    assert bench.frames == []


def test_many_instruments_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth, "LOOK_INSTRUMENTS", 2)
    monkeypatch.setattr(depth, "FRAME_RECORDS", 3)
    bench = Bench()
    for instrument in (2, 3, 4):
        bench.admin(CommandKind.SET_INSTRUMENT, 5, 1, instrument=instrument, name=b"I%d" % instrument)
        bench.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=instrument, state=InstrumentState.OPEN)
    bench.depths.want(b"1")
    for instrument in (4, 3, 2, 0):
        for price in (5, 10):
            bench.buy(A, price, 1, instrument=instrument)
    assert bench.look() == 0.0
    assert bench.look(after_s=0) == 0.0
    assert bench.look(after_s=0) == pytest.approx(0.1)
    counts = [MARKET_DATA_HEADER.unpack_from(frame)[3] for frame in bench.frames]
    assert counts == [2, 3, 1, 2]
    assert [row[0] for row in bench.told()] == [0, 0, 2, 2, 3, 3, 4, 4]


def test_classes_are_those_of_the_configuration() -> None:
    bench = Bench()
    assert bench.depths.kind(ONE) == DepthClass(levels=2, interval_ms=100)
    assert bench.depths.kind(FOUR) is None
    assert bench.depths.want(b"34") == []
    first, second, *others = bench.depths.sequences
    assert first == second > 10**15  # microseconds since 1970: a later run's are higher
    assert others == [0, 0]
