"""Splits, by hand. docs/actions.md, "Splits"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    BookKind,
    Borrow,
    CancelReason,
    Check,
    EventKind,
    HouseAccount,
    InstrumentState,
    OrderFlag,
    OrderType,
    Role,
    Side,
    TimeInForce,
)

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.records import HOUSE_ROW, as_i64, balance_of

SHORT = AccountFlag.SHORT_ALLOWED
CLOSED, HALTED, OPEN, CALL = (
    InstrumentState.CLOSED,
    InstrumentState.HALTED,
    InstrumentState.OPEN,
    InstrumentState.CALL,
)
CASH = 10**12
MOST = 1 << 61


@pytest.fixture
def desk(market: Any) -> Desk:
    """Account 0 holds 15 lots of one share that cost 1,500.00, 1 is 13 short for 1,170.00; the price is 100.00."""
    desk = Desk(market).open(CASH, accounts=4, flags=SHORT, reference_price=1_000_000)
    desk.do(ask.shares(0, 0, 2, 165_000_000), ask.buy(0, 1, 900_000, 13), ask.sell(1, 1, 900_000, 13))
    desk.do(ask.instrument(0, *[wire.KEEP] * 2, 1_000_000, *[wire.KEEP] * 5))
    assert [(row.qty, row.cost) for row in (desk.position(0), desk.position(1))] == [
        (15, 1_500_000_000),
        (-13, -1_170_000_000),
    ]
    return desk


def close(desk: Desk, state: int = CLOSED) -> None:
    desk.do(ask.instrument_state(0, state))


def refusal(desk: Desk, command: Command) -> tuple[int, int, int, int]:
    """Check, index, limit and value."""
    event = desk.one(command)
    assert (event.kind, event.account_seq, event.headroom) == (EventKind.ADMIN_REJECTED, 0, 0)
    return event.check, event.client_order_id, event.limit, event.value


def changes(events: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Account, change, lots after it; the last event says how many of them there are."""
    own = [event for event in events if event.kind == EventKind.SPLIT_SHARES]
    assert (events[-1].kind, events[-1].leaves, events[-1].account_seq) == (EventKind.SPLIT_DONE, len(own), 0)
    return [(event.account, event.price, as_i64(event.trade_id)) for event in own]


def lieu(events: Sequence[Any]) -> list[tuple[int, int]]:
    """Account and what it pays."""
    return [(event.account, event.price) for event in events if event.kind == EventKind.CHARGED]


def test_four_for_one(desk: Desk) -> None:
    """As Apple's shares were split on 2020-08-31: what is held costs the same, each share a quarter."""
    close(desk)
    events = desk.do(ask.split(0, 4, 1, request=9))
    assert changes(events) == [(0, 45, 60), (1, -39, -52)]
    assert lieu(events) == []
    assert all(event.qty == 9 for event in events)
    last = events[-1]
    assert (last.instrument, last.price, last.order_id, last.client_order_id) == (0, 4, 1, 0)
    assert [(row.qty, row.cost, row.realized_pnl) for row in (desk.position(0), desk.position(1))] == [
        (60, 1_500_000_000, 0),
        (-52, -1_170_000_000, 0),
    ]
    row = desk.instrument()
    assert (row.reference_price, row.volume, row.trades, row.tick_size, row.lot_size) == (250_000, 13, 1, 1, 1)
    assert row.state == CLOSED
    (record,) = desk.market_data
    assert (record.kind, record.instrument, record.state, record.price) == (BookKind.STATUS, 0, CLOSED, 250_000)


def test_one_for_eight_and_cash_for_fractions(desk: Desk) -> None:
    """As GE's shares were on 2021-08-02; the worth of a share of before is 100.00 here."""
    close(desk, HALTED)
    events = desk.do(ask.split(0, 1, 8, 1_000_000, request=9))
    assert changes(events) == [(0, -14, 1), (1, 12, -1)]
    # 7 of 8 old shares are left of 15, 5 of 13
    assert lieu(events) == [(0, -700_000_000), (1, 500_000_000)]
    kinds = [EventKind.SPLIT_SHARES, EventKind.CHARGED] * 2 + [EventKind.SPLIT_DONE]
    assert [event.kind for event in events] == kinds
    charged = events[1]
    assert (charged.account, charged.instrument, charged.side, charged.reason) == (0, 0, 2, HouseAccount.OTHER)
    assert (charged.trade_id, charged.order_id, charged.qty, charged.account_seq > 0) == (0, 0, 9, True)
    # 7 of 15 of the cost go, and are realized: 700.00 - 700.00; of the short 5 of 13 of 1,170.00 = 450.00 for 500.00
    assert [(row.qty, row.cost, row.realized_pnl) for row in (desk.position(0), desk.position(1))] == [
        (1, 800_000_000, 0),
        (-1, -720_000_000, -50_000_000),
    ]
    assert desk.account(1).realized_pnl == -50_000_000
    assert desk.instrument().reference_price == 8_000_000
    (row,) = (row for row in HOUSE_ROW.rows(desk.market.house()) if row.house == HouseAccount.OTHER)
    assert balance_of(row) == -200_000_000


def test_three_for_two_leaves_a_half_of_odd_numbers(desk: Desk) -> None:
    close(desk)
    desk.do(ask.shares(2, 0, 1, 7), ask.shares(3, 0, 4, 1))
    events = desk.do(ask.split(0, 3, 2, 999_999))
    assert changes(events) == [(0, 7, 22), (1, -6, -19), (3, 2, 6)]  # 2 keeps its one, and is paid for a half
    # a half of a new share is a third of an old one: 33.3333 is rounded down
    assert lieu(events) == [(0, -33_333_300), (1, 33_333_300), (2, -33_333_300)]
    # 1/3 of 15, of 13, of 1: parts of the cost, truncated
    assert [desk.position(number).cost for number in range(4)] == [
        1_500_000_000 - 33_333_333,
        -1_170_000_000 + 30_000_000,
        7 - 2,
        4,
    ]
    assert [desk.position(number).realized_pnl for number in range(4)] == [-33, -3_333_300, 33_333_298, 0]


def test_of_a_position_with_no_whole_lot_nothing_is_left(desk: Desk) -> None:
    close(desk)
    desk.do(ask.shares(2, 0, 3, 1000))
    events = desk.do(ask.split(0, 1, 20, 0))
    assert changes(events) == [(0, -15, 0), (1, 13, 0), (2, -3, 0)]
    assert lieu(events) == []  # worth nothing, they are told
    rows = [desk.position(number) for number in range(3)]
    assert [(row.qty, row.cost, row.realized_pnl) for row in rows] == [
        (0, 0, -1_500_000_000),
        (0, 0, 1_170_000_000),
        (0, 0, -3000),
    ]


def test_all_orders_end(desk: Desk) -> None:
    """Whatever they are, and wherever: bids from the best, offers from the best, then those that do not show."""
    desk.do(
        ask.buy(2, 1, 990_000, 1),
        ask.sell(2, 2, 1_020_000, 1),
        ask.buy(3, 3, 995_000, 1, tif=TimeInForce.DAY),
        ask.special(3, 4, Side.SELL, 5, price=1_010_000, display_qty=1),
        ask.special(3, 5, Side.BUY, 1, order_type=OrderType.STOP, stop_price=1_050_000),
        ask.special(2, 6, Side.SELL, 1, price=1_030_000, flags=int(OrderFlag.HIDDEN)),
        ask.special(2, 7, Side.SELL, 1, price=1_040_000, role=Role.CHILD),
        ask.special(2, 8, Side.BUY, 1, price=980_000, role=Role.PARENT, link_id=7),
        ask.instrument_state(0, HALTED),
    )
    events = desk.do(ask.split(0, 2, 1))
    ended = [event for event in events if event.kind == EventKind.CANCELED]
    assert [event.client_order_id for event in ended] == [3, 1, 8, 4, 2, 5, 6, 7]
    assert {event.reason for event in ended} == {CancelReason.CORPORATE_ACTION}
    assert events[-1].client_order_id == 8
    assert events[8].kind == EventKind.SPLIT_SHARES
    assert desk.orders() == []
    assert [desk.account(number).hold for number in (2, 3)] == [0, 0]


def test_what_is_counted_in_lots_and_prices_follows(desk: Desk) -> None:
    desk.do(ask.borrow(0, Borrow.HARD, 5, 100), ask.locate(1, 0, 31), ask.locate(2, 0, 3))
    desk.do(ask.margin(average_volume=1001), ask.schedule(desk.ts_ns + 1), ask.risk(100))
    desk.do(ask.tick(), after_ns=1)
    desk.do(ask.locate(2, 0, 3), ask.dividend(0, 10))
    close(desk)
    due = [(row.account, row.due) for row in desk.dues()]
    desk.do(ask.split(0, 2, 3, 7))
    margin = desk.margin()
    assert (margin.mark, margin.close, margin.average_volume) == (1_500_000, 1_500_000, 667)
    assert [desk.exposure(number).mark for number in range(3)] == [1_500_000] * 3
    borrow = desk.borrow()
    # 13 of the 31 stayed located over the day's end
    assert (borrow.borrow, borrow.fee, borrow.inventory, borrow.lent) == (Borrow.HARD, 5, 66, 10)
    assert [(row.account, row.located, row.short) for row in desk.locates()] == [(1, 8, 8), (2, 2, 0)]
    assert [(row.account, row.due) for row in desk.dues()] == due == [(0, 150), (1, -130)]


def test_prices_stay_prices(market: Any) -> None:
    """At least 1 where there was one, at most MAX_PRICE; none stays none."""
    desk = Desk(market).open(0, reference_price=0)
    close(desk)
    desk.do(ask.split(0, 10_000, 1))
    assert (desk.instrument().reference_price, desk.margin().mark, desk.margin().close) == (0, 0, 0)
    desk.do(ask.instrument(0, *[wire.KEEP] * 2, 3, *[wire.KEEP] * 5), ask.split(0, 10_000, 1))
    assert desk.instrument().reference_price == 1
    desk.do(ask.instrument(0, *[wire.KEEP] * 2, wire.MAX_PRICE // 3, *[wire.KEEP] * 5), ask.split(0, 1, 4))
    assert desk.instrument().reference_price == wire.MAX_PRICE


def test_average_volume_stays_in_its_range(market: Any) -> None:
    desk = Desk(market).open(0)
    desk.do(ask.margin(average_volume=1 << 53), ask.instrument_state(0, CLOSED), ask.split(0, 3, 2))
    assert desk.margin().average_volume == 1 << 53


def test_trades_of_before_stand(desk: Desk) -> None:
    close(desk)
    desk.do(ask.split(0, 4, 1), ask.instrument_state(0, OPEN))
    desk.do(ask.buy(2, 1, 250_000, 1), ask.sell(0, 2, 250_000, 1))
    assert refusal(desk, ask.bust(1, 0, 1, 900_000, 13)) == (Check.TRADE, 0, 2, 1)
    assert refusal(desk, ask.correct(1, 0, 1, 900_000, 13)) == (Check.TRADE, 0, 2, 1)
    assert refusal(desk, ask.bust(3, 2, 0, 250_000, 1)) == (Check.TRADE, 0, 2, 3)
    assert desk.do(ask.bust(2, 2, 0, 250_000, 1))[0].kind == EventKind.TRADE_BUSTED


@pytest.mark.parametrize(
    ("state", "command", "said"),
    [
        (CLOSED, ask.split(9, 0, 0, -1), (Check.INSTRUMENT, 0, 0, 9)),
        (OPEN, ask.split(0, 0, 0, -1), (Check.INSTRUMENT_STATE, 0, CLOSED, OPEN)),
        (CALL, ask.split(0, 0, 0, -1), (Check.INSTRUMENT_STATE, 0, CLOSED, CALL)),
        (CLOSED, ask.split(0, 0, 0, -1), (Check.VALUE, 0, 1, 0)),
        (CLOSED, ask.split(0, 10_001, 0, -1), (Check.VALUE, 0, 10_000, 10_001)),
        (CLOSED, ask.split(0, 1, 0, -1), (Check.VALUE, 1, 1, 0)),
        (CLOSED, ask.split(0, 1, 10_001, -1), (Check.VALUE, 1, 10_000, 10_001)),
        (CLOSED, ask.split(0, 3, 3, -1), (Check.VALUE, 1, 3, 3)),
        (HALTED, ask.split(0, 3, 1, -1), (Check.VALUE, 2, 0, -1)),
        (HALTED, ask.split(0, 3, 1, wire.MAX_PRICE + 1), (Check.VALUE, 2, wire.MAX_PRICE, wire.MAX_PRICE + 1)),
    ],
)
def test_refusals(desk: Desk, state: int, command: Command, said: tuple[int, ...]) -> None:
    desk.do(ask.buy(2, 1, 900_000, 1))
    desk.do(ask.call() if state == CALL else ask.instrument_state(0, state))
    assert refusal(desk, command) == said
    assert len(desk.orders()) == 1


def test_lots_stay_within_their_bounds(market: Any) -> None:
    """What can be lent, what is, then positions; the bound itself may be reached."""
    desk = Desk(market).open(0, accounts=3, flags=SHORT)
    desk.do(ask.instrument_state(0, CLOSED), ask.borrow(0, Borrow.HARD, 0, 1 << 40))
    desk.do(ask.locate(0, 0, 1 << 39), ask.split(0, 8192, 1))  # 2^53, and 2^52 located
    assert refusal(desk, ask.split(0, 8192, 1)) == (Check.VALUE, 3, MOST, (1 << 63) - 1)
    assert refusal(desk, ask.split(0, 257, 1)) == (Check.VALUE, 3, MOST, 257 << 53)
    desk.do(ask.borrow(0, Borrow.HARD, 0, 1))
    assert refusal(desk, ask.split(0, 513, 1)) == (Check.VALUE, 3, MOST, 513 << 52)
    desk.do(ask.locate(0, 0, -(1 << 40)), ask.shares(1, 0, 1 << 40))
    assert desk.do(ask.split(0, 512, 1))[-1].kind == EventKind.SPLIT_DONE
    assert desk.borrow().lent == MOST - (1 << 49)
    desk = Desk(type(market)()).open(0, accounts=3)
    desk.do(ask.instrument_state(0, CLOSED), ask.shares(1, 0, 1 << 40), ask.split(0, 8192, 1))
    assert refusal(desk, ask.split(0, 513, 2)) == (Check.VALUE, 3, MOST, (513 << 53) // 2)
    assert changes(desk.do(ask.split(0, 256, 1))) == [(1, MOST - (1 << 53), MOST)]


def test_what_is_in_lieu_is_paid_as_far_as_there_is_room(market: Any) -> None:
    """All of it is realized."""
    desk = Desk(market).open(0, accounts=2, flags=SHORT)
    desk.do(ask.deposit(0, wire.MAX_CASH), ask.sell(1, 1, 1, 3), ask.buy(0, 1, 1, 3), ask.instrument_state(0, CLOSED))
    desk.do(ask.charge(1, wire.MAX_CASH))
    events = desk.do(ask.split(0, 1, 2, 10_000))
    assert lieu(events) == [(1, 300), (0, -300)]  # what they had room for, of 1,000,000
    assert [desk.position(number).realized_pnl for number in (0, 1)] == [999_900, -999_900]
    assert (desk.account(0).cash, desk.account(1).cash) == (wire.MAX_CASH, -wire.MAX_CASH)
    assert lieu(desk.do(ask.split(0, 1, 2, 10_000))) == []
