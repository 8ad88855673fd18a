"""Fees of fills, worked out by hand. docs/ledger.md, "Fees". Amounts in units of cash: a cent is 10,000."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    AuctionKind,
    CancelReason,
    Check,
    EventFlag,
    EventKind,
    FeeBits,
    HouseAccount,
    InstrumentState,
    OrderFlag,
    OrderType,
    RestateReason,
    Role,
)

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.desk import Desk
from tests.reference.fees import rounded
from tests.reference.records import FEE_ROW, HOUSE_ROW, balance_of

CASH = 10**13
CENT = 10_000
DOLLAR = 100 * CENT
KEEP = wire.KEEP
SHORT, CREDIT = AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED
BUY, SELL = int(FeeBits.BUY), int(FeeBits.SELL)
BOTH = BUY | SELL
MAKER, TAKER, AUCTION = int(FeeBits.MAKER), int(FeeBits.TAKER), int(FeeBits.AUCTION)
ORDER = MAKER | TAKER | AUCTION  # the unit is the order
FILL = int(FeeBits.PER_FILL) | ORDER
UP, DOWN = int(FeeBits.UP), int(FeeBits.DOWN)


@pytest.fixture
def desk(market: Any) -> Desk:
    """Prices in units of 0.0001: 25.00 is 250,000. A lot is a share."""
    return Desk(market).open(CASH, SHORT, accounts=4)


def on_plan(account: int, plan: int) -> Command:
    return ask.account(account, *(KEEP,) * 5, KEEP, plan, flags=255, name=b"")


def set_up(desk: Desk, bits: int, account: int = 0, **rates: int) -> None:
    """The account is on a plan of one component."""
    desk.do(ask.fee(1, 0, bits, **rates), on_plan(account, 1))


def charged(events: Sequence[Any]) -> list[tuple[int, int, int]]:
    """Account, component and amount of each fee."""
    return [(event.account, event.leaves, event.price) for event in events if event.kind == EventKind.CHARGED]


def sold(desk: Desk, price: int, *parts: int, number: int = 1) -> list[int]:
    """Account 0 sells the sum of the parts in one order, each part to another one; the fee of each part."""
    desk.do(ask.sell(0, number, price, sum(parts)))
    found = []
    for place, part in enumerate(parts):
        fees = charged(desk.do(ask.buy(1, number * 100 + place, price, part)))
        found.append(sum(fee for _, _, fee in fees))
    return found


def house(desk: Desk) -> dict[int, int]:
    """Balances of accounts without a currency."""
    return {row.house: balance_of(row) for row in HOUSE_ROW.rows(desk.market.house())}


# f


@pytest.mark.parametrize(
    ("rates", "bits", "price", "shares", "fee"),
    [
        ({"per_share": 5_000_000}, 0, 250_000, 100, 50 * CENT),
        ({"of_notional": 27_800}, 0, 1_000_000, 100, 278_000),  # 10,000 dollars
        ({"of_notional": 27_800, "rounding": CENT}, 0, 1_000_000, 100, 28 * CENT),
        ({"of_notional": 27_800, "rounding": CENT}, UP, 1_000_000, 100, 28 * CENT),
        ({"of_notional": 27_800, "rounding": CENT}, DOWN, 1_000_000, 100, 27 * CENT),
        ({"of_notional": 27_300, "rounding": CENT}, 0, 1_000_000, 100, 27 * CENT),
        ({"of_notional": 27_500, "rounding": CENT}, 0, 1_000_000, 100, 28 * CENT),  # half away from zero
        ({"of_notional": -27_500, "rounding": CENT}, 0, 1_000_000, 100, -28 * CENT),
        ({"of_notional": -27_100, "rounding": CENT}, UP, 1_000_000, 100, -28 * CENT),
        ({"of_notional": -27_900, "rounding": CENT}, DOWN, 1_000_000, 100, -27 * CENT),
        ({"of_notional": -27_900, "rounding": 0}, DOWN, 1_000_000, 100, -279_000),
        ({"per_order": DOLLAR}, 0, 250_000, 3, DOLLAR),
        ({"per_order": DOLLAR, "per_share": 5_000_000, "of_notional": 1000}, 0, 250_000, 100, 1_502_500),
        ({"per_share": 5_000_000, "minimum": DOLLAR}, 0, 250_000, 100, DOLLAR),
        ({"per_share": 5_000_000, "minimum": DOLLAR}, 0, 250_000, 300, 150 * CENT),
        ({"per_share": 166_000, "maximum": 830 * CENT}, 0, 10_000, 100_000, 830 * CENT),
        ({"per_share": 5_000_000, "most_of_notional": 10_000_000}, 0, 2_500, 1_000, 250 * CENT),
        # 10 shares of 25 cents: 5 cents, but at least a dollar, but at most a hundredth of 2.50.
        ({"per_share": 5_000_000, "minimum": DOLLAR, "most_of_notional": 10_000_000}, 0, 2_500, 10, 25_000),
        ({"per_share": 5_000_000, "minimum": DOLLAR, "maximum": 70 * CENT}, 0, 250_000, 10, 70 * CENT),
        ({"minimum": 35 * CENT}, 0, 250_000, 10, 35 * CENT),  # nothing is not a rebate
        (
            {"per_share": -2_000_000, "minimum": DOLLAR, "maximum": 1, "most_of_notional": 1},
            0,
            250_000,
            100,
            -20 * CENT,
        ),
        # A bound is looked at before the rounding: 8.304 is more than 8.30, and 8.304 rounded is not.
        ({"per_share": 8_304_000_000, "maximum": 830 * CENT, "rounding": CENT}, UP, 250_000, 1, 830 * CENT),
        ({"per_order": 1, "minimum": 15_000, "rounding": CENT}, 0, 250_000, 1, 2 * CENT),
        ({"per_share": 500}, 0, 250_000, 1, 1),  # half a unit of cash
        ({"per_share": 500}, UP, 250_000, 1, 1),
        ({"per_share": -500}, 0, 250_000, 1, -1),
        ({"per_share": 499}, 0, 250_000, 3, 1),  # 1.497
        ({"per_share": 1, "of_notional": 1}, UP, 250_000, 1, 1),  # 0.001 + 0.025
        ({"per_share": 10**12, "of_notional": 10**9}, 0, wire.MAX_PRICE // 1_000_000, 1, 10**9 + 439_804_600),
    ],
)
def test_what_a_fill_costs(desk: Desk, rates: dict[str, int], bits: int, price: int, shares: int, fee: int) -> None:
    set_up(desk, SELL | FILL | bits, **rates)
    assert sold(desk, price, shares) == [fee]
    cash = CASH + price * shares * 100
    assert (desk.account(0).cash, desk.account(0).fees) == (cash - fee, fee)
    assert house(desk) == {HouseAccount.BANK: -4 * CASH, HouseAccount.COMMISSION: fee}


@pytest.mark.parametrize(("rates", "bits"), [({"per_share": 499}, 0), ({"per_share": 999}, DOWN), ({}, UP)])
def test_nothing_is_no_event(desk: Desk, rates: dict[str, int], bits: int) -> None:
    set_up(desk, SELL | FILL | bits, **rates)
    assert sold(desk, 250_000, 1) == [0]
    assert house(desk) == {HouseAccount.BANK: -4 * CASH}


@pytest.mark.parametrize(
    ("exact", "step", "nearest", "up", "down"),
    [
        (Fraction(5, 2), 1, 3, 3, 2),
        (Fraction(-5, 2), 1, -3, -3, -2),
        (Fraction(7, 3), 1, 2, 3, 2),
        (Fraction(-7, 3), 1, -2, -3, -2),
        (Fraction(4), 1, 4, 4, 4),
        (Fraction(14), 10, 10, 20, 10),
        (Fraction(15), 10, 20, 20, 10),
        (Fraction(-15), 10, -20, -20, -10),
        (Fraction(1, 1000), 10, 0, 10, 0),
        (Fraction(0), 10, 0, 0, 0),
    ],
)
def test_rounding(exact: Fraction, step: int, nearest: int, up: int, down: int) -> None:
    assert [rounded(exact, step, bits) for bits in (0, UP, DOWN)] == [nearest, up, down]


def test_shares_are_lots_by_their_size(market: Any) -> None:
    desk = Desk(market).open(CASH, SHORT, lot_size=100)
    set_up(desk, SELL | FILL, per_share=5_000_000, of_notional=1000)
    assert sold(desk, 250_000, 3) == [150 * CENT + 7_500]


# The unit


def test_partial_fills_of_an_order_cost_together_what_one_would(desk: Desk) -> None:
    set_up(desk, SELL | ORDER, per_share=5_000_000, minimum=DOLLAR)
    # 0.50, 1.00 and 1.50, but at least 1.00: the second part costs nothing more.
    assert sold(desk, 250_000, 100, 100, 100) == [DOLLAR, 0, 50 * CENT]
    assert sold(desk, 250_000, 300, number=2) == [150 * CENT]
    desk.do(ask.fee(1, 0, SELL | FILL, per_share=5_000_000, minimum=DOLLAR))
    assert sold(desk, 250_000, 100, 100, 100, number=3) == [DOLLAR] * 3


def test_rounding_of_parts_comes_out_even(desk: Desk) -> None:
    set_up(desk, SELL | ORDER | UP, per_share=166_000, rounding=CENT)
    # 0.0166, 0.0332, 0.0498: 2, 4 and 5 cents in all.
    assert sold(desk, 250_000, 100, 100, 100) == [2 * CENT, 2 * CENT, CENT]
    desk.do(ask.fee(1, 0, SELL | FILL | UP, per_share=166_000, rounding=CENT))
    assert sold(desk, 250_000, 100, 100, 100, number=2) == [2 * CENT] * 3


def test_a_cap_of_an_order_may_give_some_of_it_back(desk: Desk) -> None:
    set_up(desk, SELL | ORDER, per_order=DOLLAR, per_share=-5_000_000)
    # 1 - 0.50, 1 - 1.00, 1 - 1.50.
    assert sold(desk, 250_000, 100, 100, 100) == [50 * CENT, -50 * CENT, -50 * CENT]


def test_a_maximum_of_an_order_counts_all_its_fills(desk: Desk) -> None:
    set_up(desk, SELL | ORDER, per_share=5_000_000, maximum=80 * CENT, most_of_notional=10**9)
    assert sold(desk, 250_000, 100, 50, 50) == [50 * CENT, 25 * CENT, 5 * CENT]


def test_prices_of_fills_add_up(desk: Desk) -> None:
    set_up(desk, BUY | ORDER, of_notional=1_000_000)  # a thousandth
    desk.do(ask.sell(1, 1, 100_000, 10), ask.sell(1, 2, 110_000, 10))
    # 100 dollars, then 110: 10 cents, then 11.
    assert charged(desk.do(ask.buy(0, 1, 110_000, 20))) == [(0, 0, 10 * CENT), (0, 0, 11 * CENT)]


def test_a_replace_does_not_begin_anew(desk: Desk) -> None:
    set_up(desk, SELL | ORDER, minimum=DOLLAR)
    desk.do(ask.sell(0, 1, 250_000, 100))
    assert charged(desk.do(ask.buy(1, 1, 250_000, 50))) == [(0, 0, DOLLAR)]
    desk.do(ask.replace(0, 1, 260_000, 90))
    assert charged(desk.do(ask.buy(1, 2, 260_000, 40))) == []


def test_the_rates_are_those_of_now(desk: Desk) -> None:
    set_up(desk, SELL | ORDER, per_share=5_000_000)
    desk.do(ask.sell(0, 1, 250_000, 300))
    assert charged(desk.do(ask.buy(1, 1, 250_000, 100))) == [(0, 0, 50 * CENT)]
    desk.do(ask.fee(1, 0, SELL | ORDER, per_share=10_000_000, minimum=150 * CENT))
    # 200 shares cost 2.00 by now; the first 100 would have cost 1.50.
    assert charged(desk.do(ask.buy(1, 2, 250_000, 100))) == [(0, 0, 50 * CENT)]
    desk.do(ask.fee(1, 0, 0))
    assert charged(desk.do(ask.buy(1, 3, 250_000, 100))) == []


def test_fills_without_a_plan_do_not_count(desk: Desk) -> None:
    desk.do(ask.fee(1, 0, SELL | ORDER, per_share=5_000_000, minimum=DOLLAR), ask.sell(0, 1, 250_000, 500))
    assert charged(desk.do(ask.buy(1, 1, 250_000, 100))) == []
    desk.do(on_plan(0, 1))
    assert charged(desk.do(ask.buy(1, 2, 250_000, 100))) == [(0, 0, DOLLAR)]  # its first
    desk.do(on_plan(0, 0))
    assert charged(desk.do(ask.buy(1, 3, 250_000, 100))) == []
    desk.do(on_plan(0, 2))  # without a component
    assert charged(desk.do(ask.buy(1, 4, 250_000, 100))) == []
    desk.do(on_plan(0, 1))
    # 300 shares under a plan: 1.50, less the 1.00 of the 200 before.
    assert charged(desk.do(ask.buy(1, 5, 250_000, 100))) == [(0, 0, 50 * CENT)]


# Who pays


def test_makers_and_takers_after_both_fills(desk: Desk) -> None:
    """The maker of plan 1 has a rebate, both pay a commission; component after component, the maker first."""
    desk.do(
        ask.fee(1, 3, BOTH | int(FeeBits.PER_FILL) | MAKER, per_share=-2_000_000, house=HouseAccount.VENUE),
        ask.fee(1, 5, BOTH | int(FeeBits.PER_FILL) | TAKER, per_share=3_000_000, house=HouseAccount.VENUE),
        ask.fee(1, 0, BOTH | ORDER, per_order=35 * CENT),
        on_plan(0, 1),
        on_plan(1, 1),
        ask.sell(0, 7, 250_000, 100),
    )
    events = desk.do(ask.buy(1, 8, 250_000, 60))
    kinds = [EventKind(event.kind).name for event in events]
    assert kinds == ["ACCEPTED", "FILL", "FILL", "CHARGED", "CHARGED", "CHARGED", "CHARGED"]
    assert charged(events) == [(0, 0, 35 * CENT), (0, 3, -12 * CENT), (1, 0, 35 * CENT), (1, 5, 18 * CENT)]
    maker, taker = (
        next(event for event in events if event.kind == EventKind.FILL and event.account == n) for n in (0, 1)
    )
    for event, fill in zip(events[3:], (maker, maker, taker, taker), strict=True):
        same = ("account", "instrument", "side", "flags", "qty", "order_id", "client_order_id", "trade_id", "seq")
        assert [getattr(event, name) for name in same] == [getattr(fill, name) for name in same]
        assert event.filled == 0
    assert [event.reason for event in events[3:]] == [3, 4, 3, 4]
    assert [event.account_seq for event in events if event.account == 1][-3:] == [5, 6, 7]
    assert maker.flags == EventFlag.MAKER
    assert house(desk) == {1: -4 * CASH, HouseAccount.COMMISSION: 70 * CENT, HouseAccount.VENUE: 6 * CENT}
    assert (desk.account(0).fees, desk.account(1).fees) == (23 * CENT, 53 * CENT)
    assert desk.account(0).realized_pnl == 0
    assert (desk.position(1).cost, desk.position(0).cost) == (60 * 250_000 * 100, -60 * 250_000 * 100)


@pytest.mark.parametrize(("sides", "paid"), [(BUY, [1]), (SELL, [0]), (BOTH, [0, 1]), (0, [])])
def test_sides(desk: Desk, sides: int, paid: list[int]) -> None:
    set_up(desk, sides | FILL, per_order=DOLLAR)
    desk.do(on_plan(1, 1), ask.sell(0, 1, 250_000, 5))
    assert charged(desk.do(ask.buy(1, 1, 250_000, 5))) == [(account, 0, DOLLAR) for account in paid]


@pytest.mark.parametrize(
    ("kinds", "fees"), [(MAKER, [2]), (TAKER, [3]), (AUCTION, []), (0, []), (MAKER | TAKER, [2, 3])]
)
def test_kinds_of_fills(desk: Desk, kinds: int, fees: list[int]) -> None:
    set_up(desk, BOTH | int(FeeBits.PER_FILL) | kinds, account=2, per_order=DOLLAR)
    desk.do(on_plan(3, 1), ask.sell(2, 1, 250_000, 5))
    assert [account for account, _, _ in charged(desk.do(ask.buy(3, 1, 250_000, 5)))] == fees


def test_an_auction_is_neither(desk: Desk) -> None:
    """The buyer pays first; a component of makers and takers is of no use."""
    per_fill = BOTH | int(FeeBits.PER_FILL)
    desk.do(
        ask.fee(1, 0, per_fill | MAKER | TAKER, per_order=9),
        ask.fee(1, 1, per_fill | AUCTION, per_order=DOLLAR, house=HouseAccount.VENUE),
        ask.fee(1, 2, BOTH | ORDER, per_order=5 * CENT),
        *(on_plan(account, 1) for account in range(3)),
        ask.call(0, AuctionKind.OPENING, 0, InstrumentState.OPEN),
        ask.sell(0, 1, 250_000, 10),
        ask.buy(1, 1, 250_000, 4),
        ask.buy(2, 1, 250_000, 6),
    )
    events = [event for event in desk.do(ask.run_auction(0)) if event.kind in (EventKind.FILL, EventKind.CHARGED)]
    assert [(event.kind == EventKind.FILL, event.account, event.leaves) for event in events] == [
        *((True, 1, 0), (True, 0, 6), (False, 1, 1), (False, 1, 2), (False, 0, 1), (False, 0, 2)),
        *((True, 2, 0), (True, 0, 0), (False, 2, 1), (False, 2, 2), (False, 0, 1)),
    ]
    assert {event.flags for event in events} == {EventFlag.CROSS}


def test_dark_orders_that_meet_later(desk: Desk) -> None:
    """A hidden buy rests; the sell that comes to it pays as taker, the buy as maker."""
    desk.do(ask.fee(1, 0, BOTH | int(FeeBits.PER_FILL) | TAKER, per_order=DOLLAR), on_plan(0, 1), on_plan(1, 1))
    desk.do(ask.special(0, 1, 0, 10, price=250_000, flags=OrderFlag.HIDDEN, min_qty=10))
    desk.do(ask.special(1, 1, 1, 4, price=250_000, flags=OrderFlag.HIDDEN))
    events = desk.do(ask.special(1, 2, 1, 20, price=250_000, flags=OrderFlag.HIDDEN))
    assert charged(events) == [(1, 0, DOLLAR)]
    # The 4 that were too few stay; the recheck finds another buy for them.
    assert charged(desk.do(ask.special(0, 2, 0, 30, price=250_000, flags=OrderFlag.HIDDEN))) == [(0, 0, DOLLAR)] * 2


def test_who_trades_with_itself_pays_twice(desk: Desk) -> None:
    set_up(desk, BOTH | FILL, per_order=DOLLAR)
    desk.do(ask.sell(0, 1, 250_000, 5))
    assert charged(desk.do(ask.buy(0, 2, 250_000, 5))) == [(0, 0, DOLLAR)] * 2
    assert (desk.account(0).cash, house(desk)[HouseAccount.COMMISSION]) == (CASH - 2 * DOLLAR, 2 * DOLLAR)


def test_fees_come_before_what_follows_for_linked_orders(desk: Desk) -> None:
    set_up(desk, SELL | FILL, per_order=DOLLAR)
    desk.do(
        ask.instrument(0, KEEP, KEEP, 250_000, KEEP, KEEP, KEEP, KEEP, KEEP, name=b""),
        ask.shares(0, 0, 10, 1),
        ask.sell(0, 1, 260_000, 10),
        ask.special(0, 2, 1, 10, stop_price=240_000, order_type=OrderType.STOP, role=Role.PEER, link_id=1),
    )
    kinds = [EventKind(event.kind).name for event in desk.do(ask.buy(1, 1, 260_000, 10))]
    assert kinds == ["ACCEPTED", "FILL", "FILL", "CHARGED", "CANCELED"]


def test_a_bust_keeps_the_fees(desk: Desk) -> None:
    set_up(desk, SELL | FILL, per_order=DOLLAR)
    sold(desk, 250_000, 5)
    desk.do(ask.bust(1, 1, 0, 250_000, 5))
    assert (desk.account(0).cash, desk.account(0).fees) == (CASH - DOLLAR, DOLLAR)
    desk.do(ask.charge(0, -DOLLAR, HouseAccount.COMMISSION))
    assert (desk.account(0).cash, desk.account(0).fees) == (CASH, DOLLAR)
    assert house(desk) == {HouseAccount.BANK: -4 * CASH}


# Bounds


def test_a_fee_is_charged_as_far_as_there_is_room(desk: Desk) -> None:
    """Room is down to -(MAX_CASH - MAX_NOTIONAL), less what open orders hold."""
    set_up(desk, BOTH | FILL, per_order=10**12)
    room, deal, hold = 3 * 10**12, 250_000 * 100, 200_000 * 4 * 100
    deepest = -(wire.MAX_CASH - wire.MAX_NOTIONAL)
    desk.do(ask.account(0, plan=1, flags=CREDIT | SHORT), ask.deposit(0, deepest + room + hold - CASH))
    desk.do(ask.buy(0, 1, 200_000, 4), *(ask.sell(1, number, 250_000, 1) for number in range(1, 6)))
    paid = [charged(desk.do(ask.buy(0, number, 250_000, 1))) for number in range(2, 7)]
    # Each deal takes 2,500 cents of the room, too.
    assert paid == [[(0, 0, 10**12)], [(0, 0, 10**12)], [(0, 0, 10**12 - 3 * deal)], [], []]
    row = desk.account(0)
    assert row.cash - row.hold == deepest - 2 * deal


def test_a_rebate_is_given_as_far_as_there_is_room(desk: Desk) -> None:
    set_up(desk, BUY | FILL, per_order=-(10**12))
    desk.do(ask.deposit(0, wire.MAX_CASH - CASH), ask.sell(1, 1, 250_000, 2))
    assert charged(desk.do(ask.buy(0, 1, 250_000, 1))) == [(0, 0, -25_000_000)]  # what it paid for the share
    assert desk.account(0).cash == wire.MAX_CASH


def test_one_fee_is_at_most_the_largest_notional(desk: Desk) -> None:
    set_up(desk, SELL | FILL, per_share=10**12)
    desk.do(ask.deposit(0, 10**17))
    # 2^31 - 1 shares at 1,000 dollars each would be more.
    assert sold(desk, 1, wire.MAX_QTY) == [wire.MAX_NOTIONAL]
    assert desk.account(0).fees == wire.MAX_NOTIONAL


# What is kept back


def kept(desk: Desk, command: Command) -> tuple[int, int, int]:
    """Limit, value and headroom of a refusal for want of cash."""
    event = desk.one(command)
    assert event.check == Check.BUYING_POWER
    return event.limit, event.value, event.headroom


def test_free_cash_is_less_by_what_fees_may_cost(market: Any) -> None:
    desk = Desk(market).open(1_000_000, accounts=2)
    desk.do(
        ask.fee(1, 0, BUY | ORDER, per_order=30, minimum=1_000, reserve=20_000),  # a fiftieth
        ask.fee(1, 1, SELL | ORDER, per_order=77_777, reserve=5_000),  # sellers' is not a part of P, but of R
        ask.fee(1, 2, BUY | FILL, per_order=88_888),
        ask.fee(1, 3, BUY | ORDER, per_order=-5),
        on_plan(0, 1),
    )
    # A lot at price 1 is 100. 9,747: 974,700 x 0.025 = 24,367.5, and 1,000 for the order.
    assert kept(desk, ask.buy(0, 1, 9_747, 1)) == (1_000_000 - 24_367 - 1_000, 974_700, 974_633)
    desk.do(ask.buy(0, 2, 9_746, 1))  # 974,600 + 24,365 + 1,000
    assert (desk.account(0).hold, desk.account(0).open_orders) == (974_600, 1)
    assert kept(desk, ask.buy(0, 3, 1, 1)) == (0, 100, 0)  # 974,600 + 24,367 + 2,000 is more than there is
    # A REPLACE has its own hold free, and is no further order.
    assert kept(desk, ask.replace(0, 2, 9_747, 1)) == (974_633, 974_700, 974_633)
    assert desk.one(ask.replace(0, 2, 9_000, 1)).kind == EventKind.REPLACED


def test_open_orders_of_both_sides_and_withdrawals_count(market: Any) -> None:
    desk = Desk(market).open(1_000_000, SHORT, accounts=2)
    desk.do(ask.fee(1, 0, BUY | ORDER, minimum=1_000, reserve=10**6), ask.fee(1, 1, BUY | FILL, reserve=10**6))
    desk.do(on_plan(0, 1), ask.ledger(1), ask.hold_cash(0, 100_000, 1), ask.sell(0, 1, 9_000, 1))
    # R is 1: 900,000 are free, 100,000 + 500,000 + 2 x 1,000 kept back.
    assert kept(desk, ask.buy(0, 2, 5_000, 1)) == (298_000, 500_000, 298_000)
    assert desk.one(ask.buy(0, 3, 3_990, 1)).kind == EventKind.ACCEPTED  # 399,000 twice, 100,000, 2,000


def test_unlimited_credit_keeps_nothing_back(market: Any) -> None:
    desk = Desk(market).open(1_000_000, CREDIT, accounts=1)
    desk.do(ask.fee(1, 0, BUY | ORDER, minimum=10**12, reserve=10**6), on_plan(0, 1))
    assert desk.one(ask.buy(0, 1, 10_000, 9)).kind == EventKind.ACCEPTED


@pytest.mark.parametrize(("minimum", "reason"), [(10_000, CancelReason.IOC), (10_001, CancelReason.BUYING_POWER)])
def test_a_stop_that_is_served_has_to_have_it(market: Any, minimum: int, reason: int) -> None:
    """At 6,600, the collar's bound: 660,000, half of that, and what an order costs; its own hold is free."""
    desk = Desk(market).open(1_000_000, SHORT, accounts=3, reference_price=5_000, collar_bps=1000)
    desk.do(ask.special(0, 1, 0, 1, stop_price=6_000, order_type=OrderType.STOP))
    desk.do(ask.fee(1, 0, BUY | ORDER, minimum=minimum, reserve=500_000), on_plan(0, 1))
    desk.do(ask.instrument(0, KEEP, KEEP, 6_000, KEEP, KEEP, KEEP, KEEP, KEEP, name=b""), ask.sell(1, 1, 6_000, 1))
    events = desk.do(ask.buy(2, 1, 6_000, 1))
    assert [EventKind(event.kind).name for event in events[3:]] == ["TRIGGERED", "CANCELED"]
    assert (events[-1].price, events[-1].reason) == (6_600, reason)


@pytest.mark.parametrize(("minimum", "wakes"), [(100_000, True), (100_001, False)])
def test_a_child_that_wakes_has_to_have_it(market: Any, minimum: int, wakes: bool) -> None:
    """400,000 for the child, 400,000 of its parent's proceeds are locked: it is short."""
    desk = Desk(market).open(900_000, SHORT, accounts=2)
    desk.do(
        ask.special(0, 1, 0, 1, price=4_000, role=Role.CHILD),
        ask.special(0, 2, 1, 1, price=5_000, role=Role.PARENT, link_id=1),
        ask.fee(1, 0, BUY | ORDER, minimum=minimum, reserve=10**6),
        on_plan(0, 1),
    )
    events = desk.do(ask.buy(1, 1, 5_000, 1))
    # Cash is 1,400,000, of which 500,000 are locked: 900,000 are free.
    assert [row.place for row in desk.orders(0)] == ([0] if wakes else [])
    assert events[-1].reason == (RestateReason.ACTIVE if wakes else CancelReason.EXPOSURE)


def test_a_fee_without_reserve_is_owed(market: Any) -> None:
    desk = Desk(market).open(1_000_000, accounts=2)
    desk.do(ask.shares(1, 0, 9, 1), ask.fee(1, 0, BUY | FILL, per_order=500), on_plan(0, 1))
    desk.do(ask.sell(1, 1, 10_000, 1))
    assert charged(desk.do(ask.buy(0, 1, 10_000, 1))) == [(0, 0, 500)]
    assert (desk.account(0).cash, desk.account(0).withdrawable) == (-500, 0)
    assert kept(desk, ask.buy(0, 2, 1, 1)) == (0, 100, 0)


# SET_FEE


@pytest.mark.parametrize(
    ("spoilt", "index", "limit"),
    [
        ({"account": 0}, 9, 1),
        ({"account": 256}, 9, 255),
        ({"state": 8}, 10, 7),
        ({"value0": 10**12 + 1}, 0, 10**12),
        ({"value0": -(10**12) - 1}, 0, -(10**12)),
        ({"value1": 10**9 + 1}, 1, 10**9),
        ({"value1": -(10**9) - 1}, 1, -(10**9)),
        ({"value2": 10**12 + 1}, 2, 10**12),
        ({"value2": -(1 << 63)}, 2, -(10**12)),
        ({"value3": -1}, 3, 0),
        ({"value3": 10**12 + 1}, 3, 10**12),
        ({"value4": -1}, 4, 0),
        ({"value4": 10**12 + 1}, 4, 10**12),
        ({"value5": -1}, 5, 0),
        ({"value5": 10**9 + 1}, 5, 10**9),
        ({"value6": -1}, 6, 0),
        ({"value6": 10**9 + 1}, 6, 10**9),
        ({"value7": -1}, 7, 255),
        ({"value7": 256}, 7, 255),
        ({"value7": UP | DOWN | ORDER}, 7, 255),
        ({"flags": HouseAccount.DEPOSITORY}, 8, HouseAccount.COMMISSION),
        ({"flags": max(HouseAccount) + 1}, 8, max(HouseAccount)),
        ({"instrument": 10**6 + 1}, 11, 10**6),
        ({"instrument": wire.ANY}, 11, 10**6),
        ({"value7": BUY | MAKER | TAKER}, 7, ORDER),
        # The first that fails counts; that an order has all kinds of fills is looked at last.
        ({"account": 0, "state": 9, "value0": 10**13}, 9, 1),
        ({"state": 9, "value0": 10**13}, 10, 7),
        ({"value6": -1, "value7": 256, "flags": 0}, 6, 0),
        ({"value7": 256, "flags": 0}, 7, 255),
        ({"value7": BUY | MAKER, "instrument": wire.ANY}, 11, 10**6),
        ({"value7": BUY | MAKER, "flags": 0}, 8, HouseAccount.COMMISSION),
        ({"value7": 0, "account": 0, "value0": 10**13}, 9, 1),
    ],
)
def test_what_set_fee_refuses(desk: Desk, spoilt: dict[str, int], index: int, limit: int) -> None:
    good = ask.fee(1, 0, BUY | ORDER, per_share=5, request=9)
    event = desk.one(Command(good.fields | spoilt))
    sent = {"account": 9, "state": 10, "flags": 8, "instrument": 11} | {f"value{place}": place for place in range(8)}
    name = next(name for name, place in sent.items() if place == index)
    value = spoilt[name]
    assert (event.kind, event.check) == (EventKind.ADMIN_REJECTED, Check.VALUE)
    assert (event.client_order_id, event.limit, event.value, event.qty, event.headroom) == (index, limit, value, 9, 0)
    assert desk.market.fees() == b""


def test_components_are_set_changed_and_removed(desk: Desk) -> None:
    event = desk.one(ask.fee(2, 7, SELL | ORDER, house=HouseAccount.TAX, reserve=3, per_share=-1, minimum=4, request=6))
    assert (event.kind, event.account, event.account_seq, event.reason, event.qty) == (EventKind.FEE_SET, 2, 0, 7, 6)
    most = {"per_order": 10**12, "maximum": 10**12, "most_of_notional": 10**9, "rounding": 10**9, "reserve": 10**6}
    desk.do(ask.fee(255, 0, 255 - UP, per_share=10**12, of_notional=-(10**9), minimum=10**12, **most))
    desk.do(ask.fee(2, 1, BUY | ORDER, per_share=1), ask.fee(2, 1, BUY | FILL, of_notional=2))
    rows = FEE_ROW.rows(desk.market.fees())
    assert [(row.plan, row.component, row.bits, row.house, row.reserve) for row in rows] == [
        (2, 1, BUY | FILL, HouseAccount.COMMISSION, 0),
        (2, 7, SELL | ORDER, HouseAccount.TAX, 3),
        (255, 0, 255 - UP, HouseAccount.COMMISSION, 10**6),
    ]
    assert rows[0][:7] == (0, 2, 0, 0, 0, 0, 0)
    assert rows[1][:7] == (-1, 0, 0, 4, 0, 0, 0)
    assert rows[2][:7] == (10**12, -(10**9), 10**12, 10**12, 10**12, 10**9, 10**9)
    # Without bits nothing but plan and component is looked at; there need not have been one.
    wrong = {"value0": -(1 << 63), "value6": -1, "flags": 0, "instrument": wire.ANY}
    assert desk.one(Command(ask.fee(2, 7, 0).fields | wrong)).kind == EventKind.FEE_SET
    assert desk.one(ask.fee(2, 6, 0)).kind == EventKind.FEE_SET
    assert [(row.plan, row.component) for row in FEE_ROW.rows(desk.market.fees())] == [(2, 1), (255, 0)]


def test_an_account_has_a_plan(desk: Desk) -> None:
    desk.do(on_plan(0, 255))
    assert desk.account(0).plan == 255
    desk.do(on_plan(0, KEEP))
    assert desk.account(0).plan == 255
    for plan, limit in ((256, 255), (-2, 0)):
        event = desk.one(on_plan(0, plan))
        assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 6, limit, plan)
    event = desk.one(ask.account(5, plan=KEEP))  # a new one has none to keep
    assert (event.check, event.client_order_id, event.limit) == (Check.VALUE, 6, 0)
    assert desk.account(0).plan == 255
