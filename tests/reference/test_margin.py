"""What accounts are worth, what they must have behind it, and what MARGIN accounts may do. docs/risk.md."""

from __future__ import annotations

from typing import Any

import pytest
from openbell import wire
from openbell.wire import (
    AccountFlag,
    Check,
    EventKind,
    FeeBits,
    OrderFlag,
    OrderType,
    RiskType,
    Role,
    Side,
)

from tests.reference import commands as ask
from tests.reference.both import said
from tests.reference.commands import Command
from tests.reference.desk import AnyMarket, Desk
from tests.reference.records import EXPOSURE_ROW, RISK_ROW

DOLLAR = 1_000_000  # cash
CENT_OF_PRICE = 100
TEN, TWENTY = 100_000, 200_000  # prices
SHORT = AccountFlag.SHORT_ALLOWED
HOUSE_RATES = (5000, 2500, 5000, 3000)  # 50 and 25 percent long, 50 (of 150, the proceeds being there) and 30 short
LEASTS = (25_000, 50_000)  # of FINRA Rule 4210(c): 2.50 and 5.00 a share
LARGEST = (1 << 63) - 1
STOP = {"order_type": OrderType.STOP}


@pytest.fixture
def desk(market: AnyMarket) -> Desk:
    """Instrument 0 at 10 dollars, a lot a share; account 0 has 1,000 dollars on margin, 1 to 3 have plenty."""
    return on_margin(market)


def on_margin(market: AnyMarket, price: int = TEN, cash: int = 1000 * DOLLAR) -> Desk:
    desk = Desk(market)
    desk.do(ask.configure(), ask.instrument(0, reference_price=price), ask.instrument_state(0, 1))
    desk.do(ask.account(0, flags=SHORT), ask.deposit(0, cash), ask.account_risk(0), ask.margin(0, *HOUSE_RATES))
    for number in (1, 2, 3):
        desk.do(ask.account(number, flags=SHORT), ask.deposit(number, 10**15))
    desk.do(ask.risk(100))
    return desk


def moves_to(desk: Desk, price: int) -> list[Any]:
    """The price is another one, and a TICK marks."""
    keep = wire.KEEP
    desk.do(ask.instrument(0, keep, keep, price, keep, keep, keep, keep, keep, name=b""))
    return desk.do(ask.tick())


def trades(desk: Desk, qty: int, price: int = TEN, number: int = 900) -> None:
    """Account 0 buys of account 1 (a negative qty: sells to it)."""
    ours, theirs = (ask.buy, ask.sell) if qty > 0 else (ask.sell, ask.buy)
    desk.do(theirs(1, number, price, abs(qty)), ours(0, number, price, abs(qty)))


def refused(limit: float, value: float) -> list[str]:
    """MARGIN, of account 0, in dollars."""
    return [f"REJECTED 0 MARGIN {round(limit * DOLLAR)} {round(value * DOLLAR)}"]


# What positions need


@pytest.mark.parametrize(
    ("price", "lots", "value", "maintenance", "initial"),
    [
        (TWENTY, 100, 2000, 500, 1000),
        (TWENTY, -100, -2000, 600, 1000),
        (TEN, -100, -1000, 500, 500),  # 30 percent are less than 5 dollars a share
        (50_000, -100, -500, 500, 500),
        (49_900, -100, -499, 499, 499),  # all of it
        (40_000, -100, -400, 400, 400),
        (25_000, -100, -250, 250, 250),
        (20_000, -100, -200, 250, 250),  # 2.50 a share
        (10, -100, -0.1, 250, 250),
        (160_000, -100, -1600, 500, 800),
        (10_000_000, 1, 1000, 250, 500),
    ],
)
def test_what_a_position_needs(
    market: AnyMarket, price: int, lots: int, value: float, maintenance: int, initial: int
) -> None:
    desk = on_margin(market, price, 10_000 * DOLLAR)
    desk.do(ask.margin(0, *HOUSE_RATES, *LEASTS))
    trades(desk, lots, price)
    row = desk.exposure(0)
    assert (row.qty, row.mark, row.unrealized) == (lots, price, 0)
    assert (row.value, row.maintenance, row.initial) == (value * DOLLAR, maintenance * DOLLAR, initial * DOLLAR)


def test_without_a_least_only_the_rate_counts(desk: Desk) -> None:
    desk.do(ask.margin(0, *HOUSE_RATES, 25_000, 0))  # the lower one counts for nothing
    trades(desk, -100)
    assert desk.exposure(0).maintenance == 300 * DOLLAR
    desk.do(ask.margin(0, *HOUSE_RATES, 0, 200_000))  # below the least all of it, and no lower one
    assert (desk.exposure(0).maintenance, desk.exposure(0).initial) == (1000 * DOLLAR, 1000 * DOLLAR)


def test_least_and_rate_are_of_all_lots_that_would_be_short(desk: Desk) -> None:
    """100 short, 50 more to sell, 260 to buy: 150 short, or 160 long."""
    desk.do(ask.deposit(0, 9000 * DOLLAR), ask.margin(0, *HOUSE_RATES, 0, TEN))
    trades(desk, -100)
    desk.do(ask.sell(0, 1, TEN, 50))
    assert (desk.exposure(0).maintenance, desk.exposure(0).initial) == (1000 * DOLLAR, 1500 * DOLLAR)
    desk.do(ask.buy(0, 2, TEN - 1, 400))
    assert desk.exposure(0).initial == 1500 * DOLLAR  # 300 long: 50 percent of them
    desk.do(ask.buy(0, 3, TEN - 1, 100))
    assert desk.exposure(0).initial == 2000 * DOLLAR


def test_with_open_orders_the_side_that_needs_more(desk: Desk) -> None:
    desk.do(ask.deposit(0, 9000 * DOLLAR))
    trades(desk, 100)
    assert desk.exposure(0).initial == 500 * DOLLAR
    desk.do(ask.buy(0, 1, TEN - 5, 50))
    assert desk.exposure(0).initial == 750 * DOLLAR
    desk.do(ask.sell(0, 2, TEN + 5, 250))  # 150 short
    assert desk.exposure(0).initial == 750 * DOLLAR
    desk.do(ask.sell(0, 3, TEN + 5, 50))
    assert desk.exposure(0).initial == 1000 * DOLLAR
    assert (desk.exposure(0).value, desk.exposure(0).maintenance) == (1000 * DOLLAR, 250 * DOLLAR)


def test_initial_is_at_least_maintenance(desk: Desk) -> None:
    trades(desk, 100)
    desk.do(ask.margin(0, 1000, 2500, 1000, 3000))
    assert desk.exposure(0).initial == 250 * DOLLAR
    desk.do(ask.sell(0, 1, TEN, 100))
    assert desk.exposure(0).initial == 250 * DOLLAR


def test_a_part_of_a_unit_does_not_count(market: AnyMarket) -> None:
    desk = on_margin(market, 1)
    desk.do(ask.margin(0, 2533, 99, 0, 0))
    trades(desk, 1, 1)
    assert (desk.exposure(0).value, desk.exposure(0).initial, desk.exposure(0).maintenance) == (100, 25, 0)


def test_lots_are_of_their_size(desk: Desk) -> None:
    desk.do(ask.shares(0, 0, 7, 10 * DOLLAR))
    assert (desk.exposure(0).value, desk.exposure(0).maintenance) == (70 * DOLLAR, 17_500_000)
    desk.do(ask.instrument(0, 1, 100, TEN))
    assert (desk.exposure(0).value, desk.exposure(0).maintenance) == (7000 * DOLLAR, 1750 * DOLLAR)
    assert desk.risk(0).value == 7000 * DOLLAR


def test_figures_stop_at_bounds_and_sums_are_exact(market: AnyMarket) -> None:
    """Two positions of more than MAX_CASH each; ten times that would be needed of each, and MAX_CASH is."""
    desk = Desk(market)
    desk.do(ask.configure(), ask.account(0), ask.deposit(0, -5 + 10), ask.account_risk(0))
    for number in range(2):
        desk.do(ask.instrument(number, 1, 1 << 20, wire.MAX_PRICE), ask.margin(number, 100_000, 20_000))
        desk.do(ask.shares(0, number, 1 << 40))
    row = desk.exposure(0)
    assert (row.value, row.unrealized) == (wire.MAX_CASH, wire.MAX_CASH)
    assert (row.maintenance, row.initial) == (wire.MAX_CASH, wire.MAX_CASH)
    whole = desk.risk(0)
    assert (whole.value, whole.unrealized, whole.equity) == (LARGEST, LARGEST, LARGEST)
    assert (whole.maintenance, whole.initial, whole.excess) == (LARGEST, LARGEST, 5)
    assert desk.account(0).withdrawable == 5
    for number in range(2):
        desk.do(ask.margin(number, 5000, 2500))
    whole = desk.risk(0)
    assert (whole.maintenance, whole.initial) == (wire.MAX_CASH // 2, wire.MAX_CASH)
    assert whole.excess == wire.MAX_CASH + 5
    assert desk.account(0).withdrawable == wire.MAX_CASH + 5


# What accounts are worth


def test_who_is_watched(desk: Desk) -> None:
    trades(desk, 60)
    event = desk.one(ask.account_risk(1, RiskType.CASH, request=5))
    assert (event.kind, event.account, event.reason, event.qty) == (EventKind.ACCOUNT_RISK, 1, RiskType.CASH, 5)
    assert event.account_seq == desk.account(1).account_seq
    rows = RISK_ROW.rows(desk.market.risk())
    assert [(row.account, row.risk_type, row.level) for row in rows] == [(0, RiskType.MARGIN, 0), (1, RiskType.CASH, 0)]
    assert [desk.account(number).risk_type for number in range(4)] == [2, 1, 0, 0]
    assert (rows[0].equity, rows[0].value, rows[0].excess) == (1000 * DOLLAR, 600 * DOLLAR, 700 * DOLLAR)
    assert (rows[1].value, rows[1].equity) == (-600 * DOLLAR, 10**15)
    assert (rows[1].maintenance, rows[1].initial) == (180 * DOLLAR, 300 * DOLLAR)
    desk.do(ask.account_risk(0, RiskType.NONE))
    assert [row.account for row in RISK_ROW.rows(desk.market.risk())] == [1]


def test_exposures_are_of_all_accounts_or_of_one(desk: Desk) -> None:
    trades(desk, 60)
    rows = EXPOSURE_ROW.rows(desk.market.exposures())
    assert [(row.account, row.qty) for row in rows] == [(1, -60), (0, 60)]
    assert EXPOSURE_ROW.rows(desk.market.exposures(0)) == rows[1:]
    assert desk.market.exposures(3) == b""
    with pytest.raises(ValueError):
        desk.market.exposures(7)


def test_equity_is_cash_and_what_positions_are_worth(desk: Desk) -> None:
    trades(desk, 60)
    assert desk.account(0).cash == 400 * DOLLAR
    moves_to(desk, 105_000)
    row = desk.risk(0)
    assert (row.equity, row.value, row.unrealized) == (1030 * DOLLAR, 630 * DOLLAR, 30 * DOLLAR)
    assert (row.maintenance, row.initial, row.excess) == (157_500_000, 315 * DOLLAR, 715 * DOLLAR)
    desk.do(ask.ledger(1), ask.hold_cash(0, 15 * DOLLAR, 1))
    row = desk.risk(0)
    assert (row.equity, row.excess) == (1015 * DOLLAR, 700 * DOLLAR)
    desk.do(ask.buy(0, 1, TEN, 10))  # held, and still there
    row = desk.risk(0)
    assert (row.equity, row.initial, row.excess) == (1015 * DOLLAR, 367_500_000, 647_500_000)


def test_of_a_short_position_the_value_is_owed(desk: Desk) -> None:
    trades(desk, -60)
    moves_to(desk, 90_000)
    row = desk.risk(0)
    assert (row.equity, row.value, row.unrealized) == (1060 * DOLLAR, -540 * DOLLAR, 60 * DOLLAR)
    assert (row.maintenance, row.initial, row.excess) == (162 * DOLLAR, 270 * DOLLAR, 790 * DOLLAR)


# What an order needs


def test_half_of_a_purchase(desk: Desk) -> None:
    assert said(desk.do(ask.buy(0, 1, TEN, 201))) == refused(1000, 1005)
    assert said(desk.do(ask.buy(0, 1, TEN, 200))) == []
    event = desk.one(ask.buy(0, 2, TEN, 1))
    assert (event.check, event.limit, event.value, event.headroom) == (Check.MARGIN, 0, 5 * DOLLAR, 0)
    desk.do(ask.sell(1, 1, TEN, 200))
    assert desk.account(0).cash == -1000 * DOLLAR
    assert (desk.risk(0).equity, desk.risk(0).excess) == (1000 * DOLLAR, 0)


def test_what_it_would_lose_at_once(desk: Desk) -> None:
    assert said(desk.do(ask.buy(0, 1, 105_000, 190))) == refused(1000, 950 + 95)
    assert said(desk.do(ask.sell(0, 1, 95_000, 190))) == refused(1000, 950 + 95)
    assert said(desk.do(ask.buy(0, 1, 105_000, 182))) == refused(1000, 910 + 91)
    assert said(desk.do(ask.buy(0, 1, 95_000, 200))) == []  # better than the mark is no gain
    desk.do(ask.cancel(0, 1))
    assert said(desk.do(ask.buy(0, 2, 105_000, 181))) == []
    desk.do(ask.cancel(0, 2))
    assert said(desk.do(ask.sell(0, 3, 95_000, 181))) == []


def test_discretion_is_part_of_what_a_buy_may_pay(desk: Desk) -> None:
    fields = {"price": TEN, "discretion": 5000}
    assert said(desk.do(ask.special(0, 1, Side.BUY, 182, **fields))) == refused(1000, 910 + 91)
    assert said(desk.do(ask.special(0, 1, Side.SELL, 201, **fields))) == refused(1000, 1005)
    assert said(desk.do(ask.special(0, 1, Side.BUY, 181, **fields))) == []


def test_orders_of_both_sides_do_not_add_up(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 99_000, 180))
    assert desk.risk(0).excess == 100 * DOLLAR
    assert said(desk.do(ask.sell(0, 2, 101_000, 201))) == refused(100, 105)
    assert said(desk.do(ask.sell(0, 2, 101_000, 200))) == []
    assert desk.risk(0).excess == 0
    assert said(desk.do(ask.buy(0, 3, 99_000, 20))) == []  # 200 long need no more than 200 short
    assert said(desk.do(ask.buy(0, 4, 99_000, 1))) == refused(0, 5)


def test_what_closes_is_always_taken(desk: Desk) -> None:
    trades(desk, 200)
    moves_to(desk, 30_000)
    assert (desk.risk(0).equity, desk.risk(0).excess) == (-400 * DOLLAR, -700 * DOLLAR)
    assert said(desk.do(ask.buy(0, 1, 30_000, 1))) == refused(0, 1.5)
    assert said(desk.do(ask.sell(0, 1, 1, 401))) == refused(0, 1.5 + 401 * 2.9999)
    assert said(desk.do(ask.sell(0, 1, 30_000, 150))) == []
    assert said(desk.do(ask.sell(0, 2, 30_000, 250))) == []  # 200 short need what 200 long do
    assert said(desk.do(ask.sell(0, 3, 30_000, 1))) == refused(0, 1.5)


def test_what_closes_a_short_position_is_always_taken(desk: Desk) -> None:
    trades(desk, -200)
    moves_to(desk, 300_000)
    assert desk.risk(0).excess == -6000 * DOLLAR
    assert said(desk.do(ask.sell(0, 1, 300_000, 1))) == refused(0, 15)
    assert said(desk.do(ask.buy(0, 1, 400_000, 400))) == []
    assert said(desk.do(ask.buy(0, 2, 300_000, 1))) == refused(0, 15)


def test_what_is_kept_back_for_fees(desk: Desk) -> None:
    """A dollar an order, and a hundredth of what is held: (1,960 of this order) + 1 for it."""
    bits = FeeBits.BUY | FeeBits.MAKER | FeeBits.TAKER | FeeBits.AUCTION
    desk.do(ask.fee(1, 0, bits, per_order=DOLLAR, reserve=10_000))
    keep = wire.KEEP
    desk.do(ask.account(0, keep, keep, keep, keep, keep, keep, 1, flags=255, name=b""))
    assert said(desk.do(ask.buy(0, 1, TEN, 196))) == refused(979.4, 980)
    assert said(desk.do(ask.sell(0, 1, TEN, 200))) == refused(999, 1000)  # its own notional does not count
    assert said(desk.do(ask.buy(0, 1, TEN, 100))) == []
    assert said(desk.do(ask.sell(0, 2, 101_000, 198))) == refused(500 - 10 - 2, 490)
    assert said(desk.do(ask.sell(0, 2, 101_000, 197))) == []
    # Of 15 that are left 19.80 of its new self, and 2 for both: its own hold and number are not counted twice.
    assert said(desk.do(ask.replace(0, 1, TEN, 198))) == [f"REPLACE_REJECTED 0 MARGIN 0 {5 * DOLLAR}"]
    desk.do(ask.deposit(0, 11 * DOLLAR + 799_999))
    assert said(desk.do(ask.replace(0, 1, TEN, 198))) == [f"REPLACE_REJECTED 0 MARGIN 4999999 {5 * DOLLAR}"]
    desk.do(ask.deposit(0, 1))
    assert said(desk.do(ask.replace(0, 1, TEN, 198))) == ["REPLACED 0 198@100000 left 198"]


def test_numbers_have_a_bound_of_their_own(market: AnyMarket) -> None:
    """Rates of 0 ask for nothing: what is left is that cash - hold never leaves its range."""
    desk = Desk(market)
    credit = AccountFlag.CREDIT_UNLIMITED
    desk.do(ask.configure(), ask.instrument(0, 1, 1, TEN), ask.instrument_state(0, 1), ask.margin(0, 0, 0, 0, 0))
    desk.do(ask.account(0, flags=credit), ask.deposit(0, 100 * DOLLAR - wire.MAX_CASH))
    desk.do(ask.account(0, flags=SHORT), ask.account_risk(0))
    assert said(desk.do(ask.buy(0, 1, TEN, 11))) == [f"REJECTED 0 BUYING_POWER {100 * DOLLAR} {110 * DOLLAR}"]
    assert said(desk.do(ask.sell(0, 1, TEN, 11))) == []
    assert said(desk.do(ask.buy(0, 2, TEN - 1, 10))) == []
    assert said(desk.do(ask.replace(0, 2, TEN, 11))) == [
        f"REPLACE_REJECTED 0 BUYING_POWER {100 * DOLLAR} {110 * DOLLAR}"
    ]


def test_short_proceeds_are_equity_and_no_more_locked(desk: Desk) -> None:
    trades(desk, -100)
    assert desk.account(0).short_proceeds == 1000 * DOLLAR
    # Of 2,000 in cash 1,000 are owed; 500 are needed, and 400 long need 1,500 more.
    assert said(desk.do(ask.buy(0, 1, TEN, 301))) == refused(500, 505)
    assert said(desk.do(ask.buy(0, 1, TEN, 300))) == []


def test_without_a_mark_only_what_closes_is_taken(market: AnyMarket) -> None:
    desk = on_margin(market, 0)
    assert said(desk.do(ask.buy(0, 1, TEN, 1))) == ["REJECTED 0 NO_PRICE 0 0"]
    assert said(desk.do(ask.sell(0, 1, TEN, 1))) == ["REJECTED 0 NO_PRICE 0 0"]
    desk.do(ask.shares(0, 0, 5))
    assert said(desk.do(ask.sell(0, 1, TEN, 6))) == ["REJECTED 0 NO_PRICE 0 0"]
    assert said(desk.do(ask.sell(0, 1, TEN, 4))) == []
    assert said(desk.do(ask.sell(0, 2, TEN, 2))) == ["REJECTED 0 NO_PRICE 0 0"]
    assert said(desk.do(ask.replace(0, 1, TEN, 6))) == ["REPLACE_REJECTED 0 NO_PRICE 0 0"]
    assert said(desk.do(ask.replace(0, 1, TEN, 5))) == ["REPLACED 0 5@100000 left 5"]
    trades_of_others = (ask.sell(1, 1, TEN, 1), ask.buy(2, 1, TEN, 1))
    desk.do(ask.cancel(0, 1), *trades_of_others)
    assert said(desk.do(ask.buy(0, 2, TEN, 1))) == ["REJECTED 0 NO_PRICE 0 0"]  # it is not marked yet
    desk.do(ask.tick())
    assert said(desk.do(ask.buy(0, 2, TEN, 1))) == []


def test_the_mark_of_the_position_counts_not_that_of_its_instrument(desk: Desk) -> None:
    """One mark a TICK: the instrument's is 20 dollars, the position's still 10."""
    trades(desk, 10)
    keep = wire.KEEP
    desk.do(ask.risk(1), ask.instrument(0, keep, keep, TWENTY, keep, keep, keep, keep, keep, name=b""), ask.tick())
    assert (desk.margin().mark, desk.exposure(0).mark) == (TWENTY, TEN)
    assert said(desk.do(ask.buy(0, 1, TEN, 191))) == refused(950, 955)
    desk.do(ask.account_risk(2, RiskType.MARGIN))
    event = desk.one(ask.sell(2, 1, TEN, 100_000_000))  # a new position: 50 percent of 20, and 10 lost
    assert (event.check, event.value) == (Check.MARGIN, 2_000_000_000 * DOLLAR)


# Orders that change, and those that are tied to others


def test_replace_asks_with_its_own_lots_taken_out(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, TEN, 150))
    assert said(desk.do(ask.replace(0, 1, TEN, 201))) == [f"REPLACE_REJECTED 0 MARGIN {250 * DOLLAR} {255 * DOLLAR}"]
    assert said(desk.do(ask.replace(0, 1, 110_000, 180))) == [
        f"REPLACE_REJECTED 0 MARGIN {250 * DOLLAR} {(150 + 180) * DOLLAR}"
    ]
    assert said(desk.do(ask.replace(0, 1, 110_000, 150))) == ["REPLACED 0 150@110000 left 150"]  # it needs no more
    assert said(desk.do(ask.replace(0, 1, TEN, 200))) == ["REPLACED 0 200@100000 left 200"]
    desk.do(ask.charge(0, 900 * DOLLAR))
    assert desk.risk(0).excess == -900 * DOLLAR
    assert said(desk.do(ask.replace(0, 1, TEN, 201))) == [f"REPLACE_REJECTED 0 MARGIN 0 {5 * DOLLAR}"]
    assert said(desk.do(ask.replace(0, 1, TEN, 199))) == ["REPLACED 0 199@100000 left 199"]


def test_an_order_that_joins_a_ring_needs_nothing(desk: Desk) -> None:
    desk.do(ask.buy(0, 1, 90_000, 150))
    tied: dict[str, Any] = {"stop_price": 110_000, **STOP}
    assert said(desk.do(ask.special(0, 2, Side.BUY, 150, **tied))) == refused(250, 750 + 150)
    tied |= {"role": Role.PEER, "link_id": 1}
    assert said(desk.do(ask.special(0, 2, Side.BUY, 150, **tied))) == []
    assert (desk.risk(0).initial, desk.account(0).open_orders) == (750 * DOLLAR, 2)


def bracket(desk: Desk, side: Side, qty: int, stop_price: int) -> list[Any]:
    """A parent that buys, and a child that buys or sells when it has."""
    child = {"stop_price": stop_price, "role": Role.CHILD, **STOP}
    parent = {"price": TEN, "role": Role.PARENT, "link_id": 1}
    return desk.do(ask.special(0, 1, side, qty, **child), ask.special(0, 2, Side.BUY, qty, **parent))


def test_a_child_needs_nothing_until_it_wakes(desk: Desk) -> None:
    assert said(bracket(desk, Side.SELL, 150, 90_000)) == []
    assert desk.risk(0).initial == 750 * DOLLAR
    assert said(desk.do(ask.sell(1, 1, TEN, 150))) == [
        "FILL 0 150@100000 left 0",
        "FILL 1 150@100000 left 0",
        "RESTATED 0 150@90000 left 150 ACTIVE",
    ]
    assert (desk.risk(0).initial, desk.risk(0).excess) == (750 * DOLLAR, 250 * DOLLAR)


def test_a_child_that_wakes_needs_as_any_other(desk: Desk) -> None:
    assert said(bracket(desk, Side.BUY, 150, 110_000)) == []
    assert said(desk.do(ask.sell(1, 1, TEN, 150)))[2:] == [
        "RESTATED 0 150@110000 left 150 ACTIVE",
        "CANCELED 0 150@110000 left 0 EXPOSURE",
    ]
    assert said(bracket_again(desk)) == []
    assert said(desk.do(ask.sell(1, 2, TEN, 10)))[2:] == ["RESTATED 0 10@110000 left 10 ACTIVE"]


def bracket_again(desk: Desk) -> list[Any]:
    child = {"stop_price": 110_000, "role": Role.CHILD, **STOP}
    parent = {"price": TEN, "role": Role.PARENT, "link_id": 3}
    return desk.do(ask.special(0, 3, Side.BUY, 10, **child), ask.special(0, 4, Side.BUY, 10, **parent))


def test_a_child_that_wakes_without_a_mark_ends(market: AnyMarket) -> None:
    """The parent closes, which needs no mark; the child would open."""
    desk = on_margin(market, 0)
    desk.do(ask.shares(0, 0, 5))
    child = {"price": 90_000, "role": Role.CHILD}
    parent = {"price": TEN, "role": Role.PARENT, "link_id": 1}
    events = desk.do(ask.special(0, 1, Side.BUY, 5, **child), ask.special(0, 2, Side.SELL, 5, **parent))
    assert said(events) == []
    assert said(desk.do(ask.buy(1, 1, TEN, 5)))[2:] == [
        "RESTATED 0 5@90000 left 5 ACTIVE",
        "CANCELED 0 5@90000 left 0 EXPOSURE",
    ]


def test_a_stop_that_is_served_has_what_it_needs_already(desk: Desk) -> None:
    assert said(desk.do(ask.special(0, 1, Side.BUY, 150, stop_price=117_000, **STOP))) == refused(1000, 750 + 255)
    desk.do(ask.special(0, 1, Side.BUY, 150, stop_price=110_000, **STOP))
    desk.do(ask.charge(0, 900 * DOLLAR), ask.sell(1, 1, 110_000, 1), ask.sell(1, 2, 120_000, 200))
    assert desk.risk(0).excess == -650 * DOLLAR
    events = said(desk.do(ask.buy(2, 1, 110_000, 1)))
    assert events[2:] == [
        f"TRIGGERED 0 150@{wire.MAX_PRICE} left 150",
        "CANCELED 0 150@4398046511103 left 0 ORDER_NOTIONAL",
    ]
    desk.do(ask.instrument(0, 1, 1, 110_000, 2000))  # a collar of 20 percent
    desk.do(ask.deposit(0, 2000 * DOLLAR), ask.special(0, 2, Side.BUY, 150, stop_price=115_000, **STOP))
    desk.do(ask.charge(0, 2000 * DOLLAR), ask.sell(1, 3, 115_000, 1))
    assert said(desk.do(ask.buy(2, 2, 115_000, 1)))[2:4] == [
        "TRIGGERED 0 150@138000 left 150",
        "FILL 1 150@120000 left 50",
    ]
    assert desk.position(0).qty == 150


# What may be taken out


def test_what_is_neither_owed_nor_needed_may_go(desk: Desk) -> None:
    assert desk.account(0).withdrawable == 1000 * DOLLAR
    trades(desk, 100)
    assert (desk.account(0).cash, desk.account(0).withdrawable) == (0, 500 * DOLLAR)
    event = desk.one(ask.deposit(0, -500 * DOLLAR - 1))
    assert (event.check, event.limit, event.headroom) == (Check.CASH_RANGE, 500 * DOLLAR, 500 * DOLLAR)
    desk.do(ask.buy(0, 1, 90_000, 20))
    assert desk.account(0).withdrawable == 400 * DOLLAR
    desk.do(ask.ledger(2))
    event = desk.one(ask.hold_cash(0, 400 * DOLLAR + 1, 1))
    assert (event.check, event.limit) == (Check.CASH_RANGE, 400 * DOLLAR)
    assert desk.one(ask.hold_cash(0, 150 * DOLLAR, 1)).kind == EventKind.CASH_HELD
    assert (desk.account(0).withdrawable, desk.risk(0).equity) == (250 * DOLLAR, 850 * DOLLAR)
    assert desk.one(ask.deposit(0, -250 * DOLLAR)).kind == EventKind.CASH
    assert (desk.account(0).cash, desk.account(0).withdrawable) == (-250 * DOLLAR, 0)
    desk.do(ask.charge(0, 10 * DOLLAR))
    assert desk.account(0).withdrawable == 0


def test_what_has_not_settled_counts(desk: Desk) -> None:
    desk.do(ask.settle(20_240_528))
    trades(desk, -50)
    assert (desk.account(0).unsettled, desk.account(0).withdrawable) == (500 * DOLLAR, 750 * DOLLAR)
    desk.do(ask.account_risk(0, RiskType.CASH))
    assert desk.account(0).withdrawable == 1000 * DOLLAR


def test_no_more_than_the_range_of_cash_may_go(market: AnyMarket) -> None:
    desk = Desk(market)
    desk.do(ask.configure(), ask.instrument(0, 1, 1 << 20, wire.MAX_PRICE), ask.margin(0, 0, 0, 0, 0))
    desk.do(ask.account(0), ask.account_risk(0), ask.shares(0, 0, 1 << 40))
    assert desk.account(0).withdrawable == wire.MAX_CASH
    desk.do(ask.deposit(0, -7))
    assert desk.account(0).withdrawable == wire.MAX_CASH - 7


def test_what_is_held_stays_a_number(market: AnyMarket) -> None:
    """With MAX_CASH and shares of as much 2^63 could go, which no record can show."""
    desk = Desk(market)
    desk.do(ask.configure(), ask.instrument(0, 1, 1 << 20, wire.MAX_PRICE), ask.margin(0, 0, 0, 0, 0))
    desk.do(ask.account(0), ask.account_risk(0), ask.shares(0, 0, 1 << 40), ask.deposit(0, wire.MAX_CASH))
    desk.do(ask.ledger(3))
    assert desk.account(0).withdrawable == LARGEST
    assert desk.one(ask.hold_cash(0, wire.MAX_CASH, 1)).kind == EventKind.CASH_HELD
    assert desk.account(0).withdrawable == wire.MAX_CASH - 1
    event = desk.one(ask.hold_cash(0, wire.MAX_CASH, 2))
    assert (event.check, event.limit) == (Check.CASH_RANGE, wire.MAX_CASH - 1)
    assert desk.one(ask.hold_cash(0, wire.MAX_CASH - 1, 2)).kind == EventKind.CASH_HELD
    assert (desk.account(0).hold, desk.account(0).withdrawable) == (LARGEST, 0)


# Who may have margin


def test_margin_and_unlimited_credit_exclude_each_other(desk: Desk) -> None:
    event = desk.one(ask.account(0, flags=AccountFlag.CREDIT_UNLIMITED, request=4))
    assert (event.kind, event.check, event.client_order_id) == (EventKind.ADMIN_REJECTED, Check.VALUE, 8)
    assert (event.limit, event.value, event.qty) == (1, 2, 4)
    event = desk.one(ask.account(0, flags=3))
    assert (event.limit, event.value) == (1, 3)
    event = desk.one(ask.account(0, flags=4))
    assert (event.limit, event.value) == (3, 4)
    desk.do(ask.account(1, flags=3))
    event = desk.one(ask.account_risk(1))
    assert (event.check, event.client_order_id, event.limit, event.value) == (Check.VALUE, 1, 0, 2)
    assert desk.one(ask.account_risk(1, RiskType.CASH)).kind == EventKind.ACCOUNT_RISK
    desk.do(ask.account_risk(0, RiskType.CASH))
    assert desk.one(ask.account(0, flags=3)).kind == EventKind.ACCOUNT_SET


def test_reduce_only_comes_after(desk: Desk) -> None:
    reduces: dict[str, Any] = {"flags": OrderFlag.REDUCE_ONLY}
    assert said(desk.do(ask.buy(0, 1, TEN, 201, **reduces))) == refused(1000, 1005)
    assert said(desk.do(ask.buy(0, 1, TEN, 200, **reduces))) == ["REJECTED 0 REDUCE_ONLY 0 200"]


def of_cash(account: int) -> Command:
    return ask.account_risk(account, RiskType.CASH)


def test_cash_accounts_are_as_they_were(desk: Desk) -> None:
    desk.do(of_cash(0))
    assert said(desk.do(ask.buy(0, 1, TEN, 101))) == [f"REJECTED 0 BUYING_POWER {1000 * DOLLAR} {1010 * DOLLAR}"]
    assert said(desk.do(ask.buy(0, 1, TEN, 100))) == []
