"""Prices that positions count at, and the sweep that takes them. docs/risk.md, "Marks"."""

from __future__ import annotations

import pytest
from openbell import wire
from openbell.wire import AuctionKind, EventKind, InstrumentState, MarkBy

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import AnyMarket, Desk
from tests.reference.records import EXPOSURE_ROW, MARGIN_ROW

DAY_NS = 86_400_000_000_000
SHORT = wire.AccountFlag.SHORT_ALLOWED


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    """Instrument 0, open, at 1000; three accounts."""
    return Desk(market).open(accounts=3, flags=SHORT, reference_price=1000)


def reference(price: int, number: int = 0) -> Command:
    """The reference price is set to this."""
    keep = wire.KEEP
    return ask.instrument(number, keep, keep, price, keep, keep, keep, keep, keep, name=b"")


def marks(desk: Desk) -> list[int]:
    """Of all positions, in the order in which they were created."""
    return [row.mark for row in EXPOSURE_ROW.rows(desk.market.exposures())]


def instrument_marks(desk: Desk) -> list[int]:
    return [row.mark for row in MARGIN_ROW.rows(desk.market.margins())]


def test_what_is_new_counts_at_its_reference_price(desk: Desk) -> None:
    assert desk.margin().mark == 1000
    desk.do(ask.shares(0, 0, 5), reference(1200), ask.shares(1, 0, 5))
    assert marks(desk) == [1000, 1000]
    assert desk.margin().mark == 1000


def test_of_a_new_instrument_all_of_it_is_needed(desk: Desk) -> None:
    row = desk.margin()
    rates = row.initial_long, row.maintenance_long, row.initial_short, row.maintenance_short
    assert (rates, row.least_low, row.least, row.mark_by, row.close) == ((10_000,) * 4, 0, 0, MarkBy.LAST, 0)
    event = desk.one(ask.margin(0, 5000, 2500, 5001, 3000, 25_000, 50_000, MarkBy.MID, request=7))
    assert (event.kind, event.instrument, event.reason, event.qty) == (EventKind.MARGIN_SET, 0, MarkBy.MID, 7)
    row = desk.margin()
    rates = row.initial_long, row.maintenance_long, row.initial_short, row.maintenance_short
    assert (rates, row.least_low, row.least, row.mark_by) == ((5000, 2500, 5001, 3000), 25_000, 50_000, MarkBy.MID)


def test_without_marks_to_take_nothing_is_marked(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), reference(1200))
    assert not desk.market.sweeping
    assert tuple(desk.market.risk_settings) == (0, 0, 0)
    assert desk.do(ask.tick()) == []
    assert (marks(desk), instrument_marks(desk), desk.market.sweeping) == ([1000], [1000], False)
    event = desk.one(ask.risk(9, 12_000, 5_000, request=3))
    assert (event.kind, event.qty) == (EventKind.RISK_SET, 3)
    assert (event.price, event.order_id, event.client_order_id) == (9, 12_000, 5_000)
    assert tuple(desk.market.risk_settings) == (9, 12_000, 5_000)
    assert marks(desk) == [1000]
    assert desk.do(ask.tick()) == []
    assert (marks(desk), instrument_marks(desk), desk.market.sweeping) == ([1200], [1200], False)


def test_a_trade_is_a_price_and_only_a_tick_marks(desk: Desk) -> None:
    desk.do(ask.risk(9), ask.buy(0, 1, 900, 2), ask.sell(1, 1, 900, 2))
    assert marks(desk) == [1000, 1000]
    desk.do(ask.note(), ask.tick())
    assert (marks(desk), instrument_marks(desk)) == ([900, 900], [900])


def three(desk: Desk) -> None:
    """Ids 0, 2 and 3; three positions in 0, one in 2, none in 3. All prices move by 100."""
    for number in (2, 3):
        desk.do(ask.instrument(number, reference_price=1000))
    desk.do(*(ask.shares(account, 0, 5) for account in (2, 0, 1)), ask.shares(0, 2, 5))
    desk.do(*(reference(1100, number) for number in (0, 2, 3)))


def test_one_at_a_time(desk: Desk) -> None:
    three(desk)
    desk.do(ask.risk(1))
    told = []
    for _ in range(8):
        desk.do(ask.tick())
        assert desk.market.sweeping
        told.append(([mark - 1000 for mark in instrument_marks(desk)], [mark - 1000 for mark in marks(desk)]))
    assert told == [
        ([100, 0, 0], [0, 0, 0, 0]),
        ([100, 0, 0], [100, 0, 0, 0]),
        ([100, 0, 0], [100, 100, 0, 0]),
        ([100, 0, 0], [100, 100, 100, 0]),
        ([100, 0, 0], [100, 100, 100, 0]),  # 1 is not set up
        ([100, 100, 0], [100, 100, 100, 0]),
        ([100, 100, 0], [100, 100, 100, 100]),
        ([100, 100, 100], [100, 100, 100, 100]),
    ]
    assert [row.account for row in EXPOSURE_ROW.rows(desk.market.exposures())] == [2, 0, 1, 0]


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        # 0 and its three; 1, 2, its one, 3; then four looks, which is all that there is to be had.
        (4, [([100, 0, 0], [100, 100, 100, 0], True), ([100] * 3, [100] * 4, True), ([100] * 3, [100] * 4, True)]),
        # 0, its three, 1; 2, its one, 3, 0, 1; then 2, 3, 0, 1 and no more.
        (5, [([100, 0, 0], [100, 100, 100, 0], True), ([100] * 3, [100] * 4, True), ([100] * 3, [100] * 4, False)]),
        (2, [([100, 0, 0], [100, 0, 0, 0], True), ([100, 0, 0], [100, 100, 100, 0], True)]),
        (8, [([100] * 3, [100] * 4, True), ([100] * 3, [100] * 4, False)]),
        (9, [([100] * 3, [100] * 4, False)]),
    ],
)
def test_so_many_with_each_tick(desk: Desk, budget: int, told: list[tuple[list[int], list[int], bool]]) -> None:
    three(desk)
    desk.do(ask.risk(budget))
    for instruments, positions, sweeping in told:
        desk.do(ask.tick())
        assert [mark - 1000 for mark in instrument_marks(desk)] == instruments
        assert [mark - 1000 for mark in marks(desk)] == positions
        assert desk.market.sweeping is sweeping


def test_looking_goes_on_where_it_was_left(desk: Desk) -> None:
    """Each TICK looks at most once at each id, from the one after the last."""
    three(desk)
    desk.do(ask.risk(9), ask.tick(), ask.risk(2), ask.tick())  # 0, 1 were looked at
    desk.do(reference(1500), reference(1500, 2), ask.tick())
    assert instrument_marks(desk) == [1100, 1500, 1100]
    desk.do(ask.configure(instruments=8), ask.instrument(5, reference_price=7), reference(8, 5), ask.tick())  # 3, 4
    assert instrument_marks(desk) == [1100, 1500, 1100, 7]
    desk.do(ask.tick())  # 5, 0
    assert instrument_marks(desk) == [1500, 1500, 1100, 8]
    assert marks(desk) == [1100, 1100, 1100, 1500]


def test_a_position_that_comes_while_others_are_marked_is_one_more(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), ask.shares(1, 0, 5), ask.risk(1), reference(1200), ask.tick(), ask.tick())
    assert marks(desk) == [1200, 1000]
    desk.do(ask.shares(2, 0, 5), reference(1300))
    assert marks(desk) == [1200, 1000, 1200]
    desk.do(ask.tick())
    assert (marks(desk), instrument_marks(desk)) == ([1200, 1200, 1200], [1200])
    desk.do(ask.tick())  # the third
    assert instrument_marks(desk) == [1200]
    desk.do(ask.tick())
    assert (marks(desk), instrument_marks(desk)) == ([1200, 1200, 1200], [1300])


def test_one_that_comes_when_the_last_was_marked_is_none(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), ask.shares(1, 0, 5), ask.risk(3), reference(1200), ask.tick())
    assert (marks(desk), desk.market.sweeping) == ([1200, 1200], True)
    desk.do(ask.shares(2, 0, 5), reference(1300), ask.risk(1), ask.tick())
    assert instrument_marks(desk) == [1300]


def test_a_new_price_while_positions_are_marked_waits_for_its_turn(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), ask.shares(1, 0, 5), ask.risk(2), reference(1200), ask.tick(), reference(1300))
    assert marks(desk) == [1200, 1000]
    desk.do(ask.tick())  # the second, and a look
    assert (marks(desk), instrument_marks(desk)) == ([1200, 1200], [1300])
    desk.do(ask.tick())
    assert marks(desk) == [1300, 1300]


def test_marks_that_are_taken_no_more_stay_where_they_are(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 5), ask.shares(1, 0, 5), ask.risk(2), reference(1200), ask.tick(), ask.risk(0))
    assert desk.market.sweeping
    desk.do(ask.tick(), ask.tick())
    assert (marks(desk), desk.market.sweeping) == ([1200, 1000], False)
    desk.do(ask.risk(1), ask.tick())
    assert marks(desk) == [1200, 1200]


def test_without_a_price_there_is_no_mark(market: AnyMarket) -> None:
    desk = Desk(market).open(accounts=2)
    desk.do(ask.risk(9), ask.shares(0, 0, 5), ask.tick())
    assert (marks(desk), desk.margin().mark) == ([0], 0)
    desk.do(ask.sell(0, 1, 70, 1), ask.buy(1, 1, 70, 1))
    assert (marks(desk), desk.margin().mark) == ([0, 0], 0)
    desk.do(ask.tick(), reference(0), ask.tick())
    assert (marks(desk), desk.margin().mark) == ([70, 70], 70)


# What it is marked by


def test_between_bid_and_offer(desk: Desk) -> None:
    desk.do(ask.risk(9), ask.margin(0, mark_by=MarkBy.MID), ask.shares(0, 0, 5), ask.buy(1, 1, 990, 2), ask.tick())
    assert marks(desk) == [1000, 1000]  # there is no offer
    desk.do(ask.sell(0, 1, 1003, 2), ask.tick())
    assert marks(desk) == [996, 996]  # 996.5
    desk.do(ask.sell(0, 2, 993, 1, flags=wire.OrderFlag.POST_ONLY), ask.tick())
    assert marks(desk) == [991, 991]
    desk.do(ask.instrument_state(0, InstrumentState.HALTED), ask.tick())
    assert marks(desk) == [1000, 1000]
    desk.do(ask.call(0), ask.tick())
    assert marks(desk) == [1000, 1000]


def test_hidden_orders_make_no_price_between(desk: Desk) -> None:
    hidden = wire.OrderFlag.HIDDEN
    desk.do(ask.risk(9), ask.margin(0, mark_by=MarkBy.MID), ask.shares(0, 0, 5))
    desk.do(ask.buy(1, 1, 990, 2), ask.special(0, 1, wire.Side.SELL, 2, price=1002, flags=hidden), ask.tick())
    assert marks(desk) == [1000, 1000]


def test_at_the_price_that_the_day_ended_with(desk: Desk) -> None:
    desk.do(ask.risk(9), ask.margin(0, mark_by=MarkBy.CLOSE), ask.shares(0, 0, 9), reference(1010), ask.tick())
    assert (marks(desk), desk.margin().close) == ([1010], 0)  # no day has ended
    desk.do(ask.schedule(desk.ts_ns + DAY_NS), ask.tick(), after_ns=1)
    assert desk.margin().close == 0
    desk.do(reference(1020), ask.tick(), after_ns=DAY_NS // 2)
    desk.do(ask.tick(), after_ns=DAY_NS // 2)
    assert (marks(desk), desk.margin().close) == ([1020], 1020)
    desk.do(reference(1030), ask.sell(0, 1, 1040, 1), ask.buy(1, 1, 1040, 1), ask.tick())
    assert (marks(desk), desk.margin().close) == ([1020, 1020], 1020)
    desk.do(ask.margin(0, mark_by=MarkBy.LAST))
    assert marks(desk) == [1020, 1020]
    desk.do(ask.tick())
    assert (marks(desk), desk.margin().close) == ([1040, 1040], 1020)


def test_an_auction_with_the_end_of_the_day_comes_after_it(desk: Desk) -> None:
    """One TICK: the day ends, then the auction is held, then all is marked."""
    desk.do(
        ask.risk(9), ask.margin(0, mark_by=MarkBy.CLOSE), ask.instrument(1, reference_price=50), ask.shares(0, 0, 9)
    )
    at_ns = desk.ts_ns + DAY_NS
    desk.do(ask.schedule(at_ns), ask.call(0, AuctionKind.CLOSING, at_ns))
    desk.do(ask.sell(0, 1, 1040, 1), ask.buy(1, 1, 1040, 1))
    events = desk.do(ask.tick(), after_ns=DAY_NS)
    assert [event.kind for event in events if event.kind in (EventKind.DAY_ENDED, EventKind.AUCTION)] == [
        EventKind.DAY_ENDED,
        EventKind.AUCTION,
    ]
    assert (marks(desk), desk.margin().close, desk.margin(1).close) == ([1000, 1000], 1000, 50)
    desk.do(ask.margin(0), ask.tick())
    assert marks(desk) == [1040, 1040]


def test_a_day_that_ends_without_a_price_leaves_the_last(market: AnyMarket) -> None:
    desk = Desk(market).open(accounts=2)
    desk.do(ask.risk(9), ask.margin(0, mark_by=MarkBy.CLOSE), ask.shares(0, 0, 9), ask.schedule(desk.ts_ns + DAY_NS))
    desk.do(ask.tick(), after_ns=DAY_NS)
    desk.do(ask.sell(0, 1, 70, 1), ask.buy(1, 1, 70, 1), ask.tick())
    assert (marks(desk), desk.margin().close) == ([70, 70], 0)


def test_stops_that_a_tick_sets_off_come_before_its_marks(desk: Desk) -> None:
    """An auction of a TICK meets a stop, which trades at another price: that is the price that is marked."""
    stop = {"order_type": wire.OrderType.STOP, "stop_price": 1040}
    desk.do(ask.risk(9), ask.special(2, 1, wire.Side.BUY, 1, **stop))
    desk.do(ask.call(0, AuctionKind.CLOSING, desk.ts_ns + 5))
    desk.do(ask.sell(0, 1, 1040, 1), ask.buy(1, 1, 1040, 1), ask.sell(0, 2, 1060, 1))
    events = desk.do(ask.tick(), after_ns=5)
    assert [event.price for event in events if event.kind == EventKind.FILL] == [1040, 1040, 1060, 1060]
    assert instrument_marks(desk) == [1060]
