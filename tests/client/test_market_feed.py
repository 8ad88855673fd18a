"""Local market data against a model: whatever is lost, repeated or late, the books are exact again by themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import openbell
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.market import BarUpdate, MarketFeed, Recovered, Stale, StatusUpdate, TradeUpdate, Update, UpdateQueue
from openbell.market.feed import SILENT_NS
from openbell.market.updates import FORMATS, Note
from openbell.records import HEADER, MARKET_DATA_HEADER, json_frame
from openbell.wire import AuctionKind, BookKind, Channel, ExtensionReason, FrameType, HaltReason, InstrumentState

from tests.client.publisher import DTYPES, SYMBOLS, Publisher, record

SECOND_NS = 1_000_000_000


class Clock:
    """Time as a test wants it."""

    def __init__(self) -> None:
        self.now_ns = 1_700_000_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns


class Line:
    """A publisher, a feed, and the lines between, which a test may cut."""

    def __init__(self, channels: str = "BDTXSAVC", symbols: list[str] | None = None, **options: Any) -> None:
        self.clock = Clock()
        self.publisher = Publisher()
        self.feed = MarketFeed(channels, symbols, clock_ns=self.clock, **options)
        self.questions: list[bytes] = []

    def publish(self, through: Callable[[list[bytes]], list[bytes]] = list) -> None:
        """What changed, through a line that may lose and repeat."""
        for message in through(self.publisher.flush()):
            self.feed.receive(message)

    def pass_time(self, seconds: float = 0.2) -> None:
        self.clock.now_ns += int(seconds * SECOND_NS)
        self.feed.tick()

    def beat(self) -> None:
        self.feed.receive(self.publisher.heartbeat())

    def answer(self) -> None:
        """The snapshots port answers everything asked so far."""
        self.publish()
        self.questions += self.feed.take_outgoing()
        for question in self.questions:
            self.feed.reply(self.publisher.answer(question))
        self.questions.clear()

    def settle(self) -> None:
        """A healthy line for as long as a feed may need."""
        for _ in range(4):
            self.pass_time()
            self.publish()
            self.beat()
            self.answer()

    def check(self) -> None:
        """The feed knows what the model knows."""
        assert self.feed.is_live, [chr(channel) for channel in DATA if not self.feed.channel_is_live(channel)]
        for instrument, symbol in SYMBOLS.items():
            if not self.feed.is_wanted(instrument):
                continue
            if self.feed.order_books:
                orders = self.feed.order_books.get(instrument)
                for side in (0, 1):
                    told = [] if orders is None else orders.orders(side)
                    assert [tuple(one) for one in told] == self.publisher.orders(instrument, side)
            for books in (self.feed.order_books, self.feed.depth_books[Channel.DEPTH]):
                book = books.get(instrument)
                if book is not None:
                    assert book.symbol == symbol
                    assert [tuple(one) for one in book.bids()] == self.publisher.levels(instrument, 0)
                    assert [tuple(one) for one in book.asks()] == self.publisher.levels(instrument, 1)
            if instrument in self.feed.tops:
                bids, asks = self.publisher.levels(instrument, 0), self.publisher.levels(instrument, 1)
                top = self.feed.tops[instrument]
                assert (top.bid_price, top.bid_qty, top.bid_orders) == (bids[0] if bids else (0, 0, 0))
                assert (top.ask_price, top.ask_qty, top.ask_orders) == (asks[0] if asks else (0, 0, 0))
            if instrument in self.feed.statuses:
                assert self.feed.statuses[instrument].state == self.publisher.states[instrument]
        for channel, held in ((Channel.AUCTION, self.feed.auctions), (Channel.STATISTICS, self.feed.statistics)):
            if self.feed.channel_is_live(channel):
                told = {of: row for (about, of), row in self.publisher.last.items() if about == channel}
                packed = {of: FORMATS[channel][0].pack(*one) for of, one in held.items()}
                assert {of: row for of, row in packed.items() if self.feed.is_wanted(of)} == {
                    of: row for of, row in told.items() if self.feed.is_wanted(of)
                }


def drained(queue: UpdateQueue) -> list[Update]:
    return list(iter(queue.pop, None))


DATA = list(DTYPES)

CHANGES = st.tuples(
    st.sampled_from(
        ["add", "add", "add", "take", "take", "reduce", "delete", "state", "auction", "statistics", "bars"]
    ),
    st.sampled_from(list(SYMBOLS)),
    st.integers(0, 1),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(0, 10**6),
)
# What the line does to the frames of a change; "batch" leaves them to be sent with those of the next one.
FAULTS = st.sampled_from(["", "", "", "batch", "drop", "drop", "first", "repeat", "swap", "late"])
EVENTS = st.sampled_from(["beat", "beat", "beat", "ask", "snap", "snap", "answer", "time", "cut", "lost"])
STEPS = st.one_of(*[st.tuples(CHANGES, FAULTS)] * 2, EVENTS)


def change(publisher: Publisher, step: tuple[Any, ...]) -> None:
    """One change of the market."""
    what, instrument, side, price, qty, pick = step
    live = list(publisher.places)
    if what == "add":
        publisher.add(instrument, side, price if side else -price + 20, qty)
    elif what in ("auction", "statistics", "bars"):
        publisher.tell(Channel[what.upper()], instrument, pick)
    elif what == "state":
        publisher.state(instrument, pick % 3)
    elif live:
        order_id = live[pick % len(live)]
        if what == "delete":
            publisher.delete(order_id)
        else:
            getattr(publisher, what)(order_id, qty)


@given(
    steps=st.lists(STEPS, min_size=40, max_size=120),
    live_first=st.booleans(),
    channels=st.sampled_from(["BDTXSAVC", "BD", "B", "D", "TX", "AVC"]),
    symbols=st.sampled_from([None, ["ACME"], ["BOLT", "CORE"]]),
)
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_the_line_does_the_books_become_exact(
    steps: list[Any], live_first: bool, channels: str, symbols: list[str] | None
) -> None:
    line = Line(channels, symbols)
    late: list[bytes] = []
    answers: list[list[bytes]] = []  # snapshots that were taken and are on their way
    if live_first:
        line.settle()
        line.check()
    for step in steps:
        line.questions += line.feed.take_outgoing()
        if isinstance(step, tuple):
            change(line.publisher, step[0])
            if step[1] != "batch":
                line.publish(partial(spoiled, step[1], late))
        elif step == "beat":
            line.publish()
            line.beat()
            if line.feed.is_live:  # whatever happened before: it must not say so when it is not exact
                line.check()
        elif step == "snap":
            line.publish()
            if line.questions:  # one at a time: each may show another moment
                answers.append(line.publisher.answer(line.questions.pop(0)))
        elif step == "answer" and answers:
            line.feed.reply(answers.pop(0))
        elif step == "time":
            line.pass_time(0.7)
        elif step == "cut":
            line.feed.disconnected()
            line.questions.clear()
        elif step == "lost":
            line.questions.clear()
            answers.clear()
    line.pass_time(3)  # lost answers are asked for again
    line.settle()
    line.check()


def spoiled(how: str, late: list[bytes], frames: list[bytes]) -> list[bytes]:
    """What the line makes of frames; `late` keeps those that come with a later change."""
    if how == "drop":
        return []
    if how == "first":
        return frames[:1]
    if how == "repeat":
        return [message for message in frames for _ in (0, 1)]
    if how == "late":
        late.extend(frames)
        return []
    if how == "swap":
        mixed = [*frames, *late]
        late.clear()
        return mixed
    return frames


def test_bars_that_were_missed_come_later_and_the_last_ones_can_be_asked_for() -> None:
    line = Line("C")
    line.publisher.tell(Channel.BARS, 1, 0)  # before the subscription
    line.publish()
    line.settle()
    queue = line.feed.updates(100)
    for number in (1, 2, 3, 4):
        line.publisher.tell(Channel.BARS, 1, number)
        line.publish((lambda frames: []) if number in (2, 3) else list)
    line.settle()
    assert [one.open for one in drained(queue) if isinstance(one, BarUpdate)] == [1, 2, 3, 4]
    assert (line.feed.bars[1, 1].open, line.feed.bars[1, 60].open) == (4, 3)
    number = line.feed.ask_bars("ACME", 1, 2)
    line.feed.take_outgoing()  # this question is lost
    assert line.feed.is_asking
    line.pass_time(3)
    assert line.feed.take_bars(number) is None
    line.answer()
    assert line.feed.has_bars(number)
    bars = line.feed.take_bars(number)
    assert bars is not None
    assert bars["open"].tolist() == [2, 4]
    assert not line.feed.is_asking
    number = line.feed.ask_bars("ACME", 60, 9)
    line.feed.reply([json_frame(FrameType.ERROR, number, {"code": "overloaded", "text": "later"})])
    with pytest.raises(openbell.OpenBellError, match="later"):
        line.feed.take_bars(number)
    for period_s, last, field in ((2, 1, "period_s"), (1, 0, "last")):
        with pytest.raises(openbell.InvalidInput) as caught:
            line.feed.ask_bars("ACME", period_s, last)
        assert caught.value.field == field


def test_it_starts_with_the_first_heartbeat() -> None:
    line = Line()
    order = line.publisher.add(1, 0, 10, 5)
    line.publish()
    assert line.feed.take_outgoing() == []
    line.beat()
    line.answer()
    line.check()
    assert line.feed.order_books[1].best_bid == (10, 5, 1)
    line.publisher.take(order, 2)
    line.publish()
    line.check()
    assert line.feed.recoveries == 0


def test_a_gap_is_noticed_by_the_next_record_and_by_a_heartbeat() -> None:
    for by_heartbeat in (False, True):
        line = Line("B")
        line.settle()
        queue = line.feed.updates(100)
        line.publisher.add(1, 1, 30, 4)
        line.publish(lambda frames: [])
        assert line.feed.is_live  # it cannot know yet
        if by_heartbeat:
            line.beat()
        else:
            line.publisher.add(1, 1, 31, 4)
            line.publish()
        assert line.feed.stale_since_ns == line.clock.now_ns
        line.answer()
        line.check()
        assert line.feed.recoveries == 1
        notes = [queue.pop() for _ in range(2)]
        assert notes == [Stale(Channel.BOOK, line.clock.now_ns), Recovered(Channel.BOOK, 1 if by_heartbeat else 2, 0)]


def test_records_above_a_snapshot_are_applied_and_those_below_are_not() -> None:
    line = Line("B")
    line.settle()
    line.publisher.add(1, 0, 10, 1)
    line.publish(lambda frames: [])
    line.publisher.add(1, 0, 10, 2)
    line.publish()
    questions = line.feed.take_outgoing()
    answers = [line.publisher.answer(question) for question in questions]  # covers both
    line.publisher.add(1, 0, 10, 4)
    line.publish()
    for parts in answers:
        line.feed.reply(parts)
    line.check()
    assert [one.leaves for one in line.feed.order_books[1].orders(0)] == [1, 2, 4]


def test_a_snapshot_older_than_what_a_heartbeat_showed_is_not_enough() -> None:
    line = Line("D")
    line.settle()
    line.publisher.add(1, 0, 10, 1)
    line.publish(lambda frames: [])
    line.beat()
    answers = [line.publisher.answer(question) for question in line.feed.take_outgoing()]
    line.publisher.add(1, 0, 10, 2)
    line.publish(lambda frames: [])
    line.beat()
    for parts in answers:
        line.feed.reply(parts)
    assert not line.feed.is_live
    line.pass_time()
    line.answer()
    line.check()


def test_a_gap_among_what_was_held_asks_again() -> None:
    line = Line("D")
    line.settle()
    line.publisher.add(1, 0, 10, 1)
    line.publish(lambda frames: [])
    line.beat()
    answers = [line.publisher.answer(question) for question in line.feed.take_outgoing()]
    line.publisher.add(1, 0, 11, 2)
    line.publish(lambda frames: [])
    line.publisher.add(1, 0, 12, 2)
    line.publish()
    for parts in answers:
        line.feed.reply(parts)
    assert not line.feed.is_live
    line.pass_time()
    line.answer()
    line.check()


@pytest.mark.parametrize("channel", ["B", "D", "T"])
def test_snapshots_of_several_symbols_may_show_several_moments(channel: str) -> None:
    line = Line(channel, ["ACME", "BOLT"])
    line.settle()
    line.publisher.add(1, 0, 10, 1)
    line.publisher.add(2, 0, 10, 1)
    line.publish(lambda frames: [])
    line.beat()
    acme, bolt = line.feed.take_outgoing()
    answers = [line.publisher.answer(acme)]
    orders = [line.publisher.add(instrument, 0, price, 2) for instrument in (1, 2) for price in (10, 11)]
    line.publish()
    answers.append(line.publisher.answer(bolt))
    line.publisher.take(orders[0], 1)
    line.publisher.take(orders[2], 1)
    line.publish()
    for parts in answers:
        line.feed.reply(parts)
    line.check()
    assert line.feed.recoveries == 1
    line.publisher.delete(orders[2])
    line.publish()
    line.check()
    assert line.feed.take_outgoing() == []


def test_where_all_instruments_are_too_much_they_are_asked_for_one_by_one() -> None:
    line = Line("BD")
    line.publisher.add(1, 0, 10, 1)
    line.publisher.add(5, 1, 12, 1)
    line.publish()
    line.beat()
    refused = {"code": "too_many", "text": "this would be too much"}
    for question in line.feed.take_outgoing():
        number = HEADER.unpack_from(question)[4]
        if b'"I"' in question:
            line.feed.reply(line.publisher.answer(question))
        else:
            line.feed.reply([json_frame(FrameType.ERROR, number, refused)])
    questions = line.feed.take_outgoing()
    assert [b"instrument" in question for question in questions] == [True] * 6
    line.publisher.add(1, 0, 10, 1)
    line.publish()
    for question in questions:
        line.feed.reply(line.publisher.answer(question))
    line.check()


def test_a_refused_snapshot_is_asked_for_again_later() -> None:
    line = Line("B")
    line.beat()
    for question in line.feed.take_outgoing():
        refused = {"code": "stopping", "text": "later"}
        line.feed.reply([json_frame(FrameType.ERROR, HEADER.unpack_from(question)[4], refused)])
    assert line.feed.take_outgoing() == []
    line.pass_time(5)
    line.settle()
    line.check()
    line.feed.receive(line.publisher.heartbeat())
    assert line.feed.failure is None


def test_what_comes_twice_is_taken_once() -> None:
    line = Line()
    line.settle()
    line.publisher.add(1, 0, 10, 1)
    line.publish(lambda frames: frames * 2)
    line.publisher.add(1, 0, 10, 1)
    frames = line.publisher.flush()
    for message in frames:
        line.feed.receive(message)
    line.publisher.add(1, 0, 10, 1)
    line.publish(lambda later: later + frames + later)
    line.beat()
    line.check()
    assert line.feed.recoveries == 0


def test_a_silent_feed_is_stale_and_goes_on_without_a_snapshot() -> None:
    line = Line("BT")
    line.settle()
    line.pass_time(SILENT_NS / SECOND_NS + 0.1)
    assert line.feed.stale_since_ns == line.clock.now_ns
    line.beat()
    assert line.feed.is_live
    assert line.feed.take_outgoing() == []


def test_missed_trades_come_later_in_order_and_those_not_kept_are_counted() -> None:
    line = Line("X")
    line.settle()
    queue = line.feed.updates(100)
    order = line.publisher.add(1, 0, 10, 100)
    for _ in range(5):
        line.publisher.take(order, 1)
    line.publish(lambda frames: [])
    line.publisher.kept_trades = 3
    line.beat()
    line.answer()
    assert line.feed.is_live
    updates = drained(queue)
    assert [update.trade_id for update in updates if isinstance(update, TradeUpdate)] == [3, 4, 5]
    assert updates[-1] == Recovered(Channel.TRADES, 5, 2)


def test_trades_from_a_sequence_on() -> None:
    line = Line("X", trades_from=2)
    order = line.publisher.add(1, 0, 10, 100)
    for _ in range(3):
        line.publisher.take(order, 1)
    line.publisher.flush()
    queue = line.feed.updates(100)
    line.settle()
    trades = [update.trade_id for update in drained(queue) if isinstance(update, TradeUpdate)]
    assert trades == [2, 3]


def test_a_market_that_went_back_is_taken_as_it_is() -> None:
    line = Line("BX")
    order = line.publisher.add(1, 0, 10, 100)
    line.publisher.take(order, 1)
    line.settle()
    line.check()
    line.publisher = Publisher()  # lost its journal
    line.publisher.add(2, 1, 12, 3)
    line.settle()
    line.check()
    assert line.feed.sequence(Channel.BOOK) == 1


def test_a_record_that_does_not_fit_the_book_starts_a_recovery() -> None:
    line = Line("B")
    line.publisher.add(1, 0, 10, 5)
    line.settle()
    line.feed.order_books[1].add(0, 999, 10, 1)  # as a bit that tipped over
    line.publisher.add(1, 0, 10, 5)
    line.publish()
    assert not line.feed.is_live
    line.settle()
    line.check()


def test_symbols_that_are_not_subscribed_cost_nothing_and_are_refused() -> None:
    line = Line("BDT", ["BOLT"])
    line.publisher.add(1, 0, 10, 5)
    line.publisher.add(2, 0, 10, 5)
    line.settle()
    line.publisher.add(1, 0, 11, 5)
    queue = line.feed.updates(100)
    line.publisher.add(2, 0, 11, 5)
    line.publish()
    line.check()
    assert set(line.feed.order_books) == set(line.feed.depth_books[Channel.DEPTH]) == {2}
    assert {update.instrument for update in drained(queue) if not isinstance(update, Note)} == {2}
    with pytest.raises(openbell.InvalidInput, match="not among the symbols subscribed"):
        line.feed.book("ACME")
    with pytest.raises(openbell.InvalidInput, match="not traded here; there are: ACME, BOLT"):
        line.feed.book("NONE")


def test_depth_alone_keeps_no_orders() -> None:
    line = Line("D")
    line.publisher.add(1, 0, 10, 5)
    line.settle()
    assert not line.feed.order_books
    book = line.feed.book("ACME")
    assert book.best_bid == (10, 5, 1)
    assert book.level(0, 10).qty == 5
    assert book.level(0, 11).qty == 0
    with pytest.raises(openbell.InvalidInput, match="channel B"):
        book.orders(0)


@pytest.mark.parametrize(("channels", "symbols"), [("", None), ("Q", None), ("B", [])])
def test_what_cannot_be_subscribed_is_refused(channels: str, symbols: list[str] | None) -> None:
    with pytest.raises(openbell.InvalidInput):
        MarketFeed(channels, symbols)


def test_one_symbol_may_be_given_as_text() -> None:
    assert MarketFeed("B", "BOLT").symbols_wanted == ["BOLT"]


def test_an_unknown_symbol_is_named() -> None:
    line = Line("B", ["NONE"])
    line.settle()
    assert isinstance(line.feed.failure, openbell.InvalidInput)
    assert "NONE" in str(line.feed.failure)
    assert "ACME" in str(line.feed.failure)


def test_updates_beyond_the_limit_are_dropped_and_told() -> None:
    line = Line("B")
    line.settle()
    queue = line.feed.updates(3)
    for _ in range(3):
        line.publisher.add(1, 0, 10, 5)
        line.publisher.add(1, 0, 10, 5)
        line.publish()
    with pytest.raises(openbell.Overrun) as caught:
        queue.pop()
    assert (caught.value.limit, caught.value.value) == (3, 4)
    assert len(drained(queue)) == 2


@given(st.binary(max_size=200))
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    line = Line()
    line.settle()
    for take in (line.feed.receive, lambda one: line.feed.reply([one])):
        try:
            take(data)
        except openbell.OpenBellError as error:
            assert error.code == "protocol"
    line.settle()
    line.check()


def test_arrays_without_an_object_a_record() -> None:
    line = Line("B")
    line.settle()
    seen: list[int] = []
    line.feed.listeners.append(
        lambda channel, what: seen.extend(np.frombuffer(what, wire.MARKET_DATA)["price"].tolist())  # type: ignore[arg-type]
    )
    line.publisher.add(1, 0, 10, 5)
    line.publisher.add(1, 0, 11, 5)
    line.publish()
    assert seen == [10, 11]


def test_states_bands_and_extensions() -> None:
    line = Line(channels="S")
    line.settle()

    def told(**fields: int) -> StatusUpdate | None:
        due = line.feed.sequence(Channel.STATUS) + 1
        head = MARKET_DATA_HEADER.pack(Channel.STATUS, wire.VERSION, wire.MARKET_DATA.itemsize, 1, due)
        line.feed.receive(head + record(wire.MARKET_DATA, instrument=2, **fields))
        return line.feed.bands.get(2)

    bands = told(kind=BookKind.BANDS, price=9_0000, order_id=11_0000)
    assert str(bands) == "bands 9.00 to 11.00"
    assert told(kind=BookKind.STATUS, state=InstrumentState.HALTED, flags=HaltReason.NEWS) == bands
    assert str(line.feed.statuses[2]) == "HALTED (NEWS), reference 0.00"
    assert told(kind=BookKind.BANDS) is None
    noon_ns = 1_751_457_600 * 10**9
    called = {"kind": BookKind.STATUS, "state": InstrumentState.CALL, "flags": AuctionKind.CLOSING, "price": 100_0000}
    told(**called, level_qty=noon_ns)
    status = line.feed.statuses[2]
    assert (status.auction_ns, status.extensions, status.extension_reason) == (noon_ns, 0, None)
    assert str(status) == "CALL (CLOSING), auction 12:00:00 UTC, reference 100.00"
    told(**called, level_qty=noon_ns + 120 * 10**9, level_orders=1, trade_no=ExtensionReason.PRICE)
    status = line.feed.statuses[2]
    assert (status.auction_ns - noon_ns, status.extensions) == (120 * 10**9, 1)
    assert status.extension_reason is ExtensionReason.PRICE
    assert str(status) == "CALL (CLOSING), auction 12:02:00 UTC, extension 1: PRICE, reference 100.00"
