"""The plan of a liquidation, by numbers that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from openbell import wire
from openbell.wire import AccountState, Check, Side

from engine.liquidation.planner import Close, Exhausted, Reduce, Restored, Step, Wait, next_step, whole_plan
from engine.liquidation.slices import Passed, Why, protected_price, valid_price
from engine.liquidation.standing import Needs, Quote, Standing, Terms, Tried
from tests.engine.liquidation.made import TERMS, cash, holding, plenty, price, quote, standing

A, B, C = quote(0), quote(1), quote(2)
SELL, BUY = Side.SELL, Side.BUY


def step_of(
    account: Standing, *quotes: Quote, terms: Terms = TERMS, tried: Any = None, displayed: Any = plenty
) -> Step:
    return next_step(account, terms, {one.instrument: one for one in quotes}, displayed, tried or {})


def told(step: Step) -> tuple[int, Side, int, int, str]:
    """Instrument, side, lots, price and bound of a slice."""
    assert isinstance(step, Reduce), step
    return (step.slice.holding.instrument, step.slice.side, step.slice.lots, step.slice.price, step.slice.bound)


def cancels(step: Step) -> int | None:
    """Whose orders go first."""
    assert isinstance(step, Reduce), step
    return step.cancel


# ------------------------------------------------------------ which line of the table


def test_a_killed_account_is_an_operators() -> None:
    account = standing(100, holding(A, 100, 100), state=AccountState.BLOCKED)
    assert step_of(account, A) == Wait((Passed(wire.ANY, Why.BLOCKED),))


@pytest.mark.parametrize(("equity", "is_restored"), [(2750, True), ("2749.999999", False)])
def test_restored_is_110_percent_to_the_last_unit(equity: float | str, is_restored: bool) -> None:
    step = step_of(standing(equity, holding(A, 100, 100)), A)  # it must keep 2,500.00
    assert isinstance(step, Restored) == is_restored


def test_restored_comes_before_closing() -> None:
    account = standing(3000, holding(A, 100, 100), state=AccountState.ACTIVE)
    assert step_of(account, A) == Restored()


@pytest.mark.parametrize("state", [AccountState.ACTIVE, AccountState.REDUCE_ONLY])
def test_no_new_positions_first_of_all(state: AccountState) -> None:
    assert step_of(standing(2000, holding(A, 100, 100), state=state), A) == Close()


def test_without_positions_it_is_exhausted_or_restored() -> None:
    assert step_of(standing("-0.000001")) == Exhausted()
    assert step_of(standing(0)) == Restored()


# ------------------------------------------------------------ lots


def test_the_fewest_lots_that_restore() -> None:
    # 2,000 - 3n >= 1.1 x (2,500 - 25n): 24.5n >= 750: 31 lots; sliced to 25 of 100.
    account = standing(2000, holding(A, 100, 100))
    step = step_of(account, A)
    assert told(step) == (0, SELL, 25, price(97), "slice")
    assert isinstance(step, Reduce) and (step.slice.fewest, step.slice.is_enough) == (31, True)
    assert told(step_of(account, A, terms=replace(TERMS, slice=10_000))) == (0, SELL, 31, price(97), "")


def test_a_short_position_is_bought_back() -> None:
    # 2,500 - 3n >= 1.1 x (3,000 - 30n): 30n >= 800: 27 lots.
    account = standing(2500, holding(A, -100, 100))
    assert told(step_of(account, A, terms=replace(TERMS, slice=10_000))) == (0, BUY, 27, price(103), "")


def test_the_least_of_a_cheap_short_counts() -> None:
    # Below 5.00 all of the price, 4.00 a share: 300 - 0.12n >= 1.1 x (400 - 4n): 4.28n >= 140: 33 lots.
    account = standing(300, holding(A, -100, 4))
    assert told(step_of(account, A, terms=replace(TERMS, slice=10_000))) == (0, BUY, 33, price("4.12"), "")


def test_lots_of_many_shares() -> None:
    large = quote(0, lot_size=100)
    # 200,000 - 300n >= 1.1 x (250,000 - 2,500n): the same 31 lots.
    account = standing(200_000, holding(large, 100, 100))
    assert told(step_of(account, large, terms=replace(TERMS, slice=10_000))) == (0, SELL, 31, price(97), "")


def test_all_of_it_where_that_is_not_enough() -> None:
    step = step_of(standing(-500, holding(A, 3, 100)), A)
    assert told(step) == (0, SELL, 1, price(97), "slice")  # 25 % of 3 lots is less than one
    assert isinstance(step, Reduce) and (step.slice.fewest, step.slice.is_enough) == (3, False)


def test_a_position_that_needs_less_than_protection_costs_is_sold_all_the_same() -> None:
    thin = quote(0, needs=Needs(100, 100))  # 1 %: each lot sold at 97 costs more than it relieves
    step = step_of(standing(50, holding(thin, 100, 100)), thin)
    assert told(step) == (0, SELL, 25, price(97), "slice")
    assert isinstance(step, Reduce) and not step.slice.is_enough


@pytest.mark.parametrize(
    ("of_account", "of_instrument", "lots", "bound"),
    [
        ({"max_order_qty": 10}, {}, 10, "max_order_qty"),
        ({"max_order_qty": 10}, {"max_order_qty": 4}, 4, "max_order_qty"),
        ({}, {"max_order_qty": 20}, 20, "max_order_qty"),
        ({"max_order_notional": cash(970)}, {}, 10, "max_order_notional"),
        ({"max_order_notional": cash("969.99")}, {"max_order_notional": cash(5000)}, 9, "max_order_notional"),
        ({"max_order_qty": 40}, {"max_order_qty": 30}, 25, "slice"),
    ],
)
def test_limits_bound_a_slice(of_account: Any, of_instrument: Any, lots: int, bound: str) -> None:
    of = quote(0, **of_instrument)
    account = standing(2000, holding(of, 100, 100), **of_account)
    assert told(step_of(account, of)) == (0, SELL, lots, price(97), bound)


# ------------------------------------------------------------ price

TABLE = ((0, 100), (price(100), 500))  # 0.01, from 100 on 0.05


@pytest.mark.parametrize(
    ("mark", "fields", "side", "wanted"),
    [
        ("100.00", {}, SELL, "97.00"),
        ("100.01", {}, SELL, "97.01"),  # 97.0097, up
        ("100.01", {}, BUY, "103.01"),  # 103.0103, down
        ("0.01", {}, SELL, "0.01"),
        ("0.01", {}, BUY, "0.01"),
        ("0.0099", {}, BUY, "0.01"),  # 0.010197, down
        ("0.0096", {}, BUY, None),  # 0.009888: less than a tick
        ("100.00", {"collar_lower": price("98.505")}, SELL, "98.51"),
        ("100.00", {"band_lower": price("97.50")}, SELL, "97.50"),
        ("100.00", {"band_lower": price("97.50"), "collar_lower": price(99)}, SELL, "99.00"),
        ("100.00", {"collar_upper": price("101.999"), "band_upper": price(105)}, BUY, "101.99"),
        ("100.00", {"band_upper": price("0.009")}, BUY, None),
        ("103.10", {"steps": TABLE}, SELL, "100.05"),  # 100.007, up to the step's ticks
        ("97.09", {"steps": TABLE}, BUY, "100.00"),  # 100.0027, down
        ("103.08", {"steps": TABLE}, SELL, "99.99"),  # 99.9876, below the step
    ],
)
def test_the_protected_price(mark: str, fields: Any, side: Side, wanted: str | None) -> None:
    found = protected_price(price(mark), quote(0, **fields), side, TERMS.protection)
    assert found == (0 if wanted is None else price(wanted))


def test_a_valid_price_is_never_beyond_the_largest() -> None:
    steps = ((0, 1 << 20),)
    assert valid_price(wire.MAX_PRICE, steps, SELL) == 0
    assert valid_price(wire.MAX_PRICE, steps, BUY) == wire.MAX_PRICE // (1 << 20) * (1 << 20)


def test_a_price_of_protection_100_is_one_tick() -> None:
    assert protected_price(price(100), A, SELL, 10_000) == 100


# ------------------------------------------------------------ which position


def test_the_largest_relief_first_and_the_lower_id_of_equal_ones() -> None:
    account = standing(3000, holding(B, 100, 100), holding(A, 100, 100), holding(C, 40, 300))
    assert told(step_of(account, A, B, C))[0] == 2  # 3,000.00 of relief
    assert told(step_of(replace(account, holdings=account.holdings[:2], maintenance=cash(5000)), A, B, C))[0] == 0


@pytest.mark.parametrize(
    ("fields", "mark", "why"),
    [
        ({"is_open": False}, 100, Passed(0, Why.STATE)),
        ({}, 0, Passed(0, Why.NO_MARK)),
        ({"band_lower": wire.MAX_PRICE, "steps": ((0, 1 << 20),)}, 100, Passed(0, Why.NO_PRICE)),
        ({"max_order_notional": cash(50)}, 100, Passed(0, Why.NOTIONAL, price(97))),
    ],
)
def test_what_cannot_be_traded_is_passed_over(fields: Any, mark: float, why: Passed) -> None:
    first = replace(holding(A, 100, 100), mark=price(mark))
    step = step_of(standing(2000, first, holding(B, 10, 100)), quote(0, **fields), B)
    assert step.passed == (why,)
    assert told(step)[0] == 1
    assert step_of(standing(2000, first), quote(0, **fields)) == Wait((why,))


@pytest.mark.parametrize(("qty", "why", "at"), [(100, Why.NO_BID, 97), (-100, Why.NO_OFFER, 103)])
def test_nobody_there(qty: int, why: Why, at: int) -> None:
    account = standing(2000, holding(A, qty, 100), holding(B, 10, 100))

    def displayed(instrument: int, side: int, worst: int) -> int:
        assert worst == (price(at) if instrument == 0 else price(97))
        return 0 if instrument == 0 else 1

    step = step_of(account, A, B, displayed=displayed)
    assert (step.passed, told(step)[0]) == ((Passed(0, why, price(at)),), 1)


def test_what_came_to_nothing_is_tried_again_when_the_instrument_is_another_one() -> None:
    account = standing(2000, holding(A, 100, 100))
    tried = {0: Tried(Why.REFUSED, Check.ORDER_CAPACITY, A.key)}
    assert step_of(account, A, tried=tried) == Wait((Passed(0, Why.REFUSED, price(97), Check.ORDER_CAPACITY),))
    assert told(step_of(account, replace(A, key=(1, 2)), tried=tried))[0] == 0


# ------------------------------------------------------------ orders in the way


@pytest.mark.parametrize(("open_sell", "is_in_the_way"), [(0, False), (75, False), (76, True), (100, True)])
def test_own_orders_are_cancelled_where_they_take_the_lots(open_sell: int, is_in_the_way: bool) -> None:
    step = step_of(standing(2000, holding(A, 100, 100, open_sell=open_sell)), A)
    assert told(step) == (0, SELL, 25, price(97), "slice")
    assert cancels(step) == (0 if is_in_the_way else None)


def test_own_bids_are_in_the_way_of_buying_back() -> None:
    assert cancels(step_of(standing(2500, holding(A, -100, 100, open_buy=76)), A)) == 0
    assert cancels(step_of(standing(2500, holding(A, -100, 100, open_sell=76)), A)) is None


def test_all_orders_go_where_it_may_have_none_more() -> None:
    account = standing(2000, holding(A, 100, 100), open_orders=3, max_open_orders=3)
    assert cancels(step_of(account, A)) == wire.ANY
    assert cancels(step_of(replace(account, open_orders=2), A)) is None


# ------------------------------------------------------------ the whole of it


def test_the_whole_plan_of_one_position() -> None:
    account = standing(2000, holding(A, 100, 100, open_buy=5, open_sell=90), state=AccountState.ACTIVE)
    steps = list(whole_plan(account, TERMS, {0: A}, plenty, {}))
    assert [type(step) for step, _ in steps] == [Close, Reduce, Reduce, Restored]
    assert [cancels(step) for step, _ in steps[1:3]] == [0, None]
    # 25 lots at 97.00: 1,925.00 of 1,875.00; then 1,925 - 3n >= 1.1 x (1,875 - 25n): 6 lots: 1,907.00 of 1,725.00.
    assert [told(step)[2] for step, _ in steps if isinstance(step, Reduce)] == [25, 6]
    after = [(one.equity, one.maintenance) for _, one in steps]
    assert after[1:] == [
        (cash(1925), cash(1875)), (cash(1907), cash(1725)), (cash(1907), cash(1725)),
    ]  # fmt: skip
    assert steps[-1][1].holdings[0].qty == 69


def test_the_whole_plan_to_the_last_lot() -> None:
    account = standing(-1000, holding(A, 2, 100), holding(B, -1, 50))
    steps = list(whole_plan(account, TERMS, {0: A, 1: B}, plenty, {}))
    assert [told(step)[:3] for step, _ in steps[:-1]] == [(0, SELL, 1), (0, SELL, 1), (1, BUY, 1)]
    assert isinstance(steps[-1][0], Exhausted)
    assert steps[-1][1].equity == cash(-1000 - 3 - 3 - 1.5)
    assert (steps[-1][1].maintenance, steps[-1][1].holdings) == (0, ())


def test_the_whole_plan_ends_where_it_waits() -> None:
    account = standing(2000, holding(A, 100, 100), holding(B, 4, 10))
    steps = list(whole_plan(account, TERMS, {0: replace(A, is_open=False), 1: B}, plenty, {}))
    assert [type(step) for step, _ in steps] == [Reduce] * 4 + [Wait]
    assert steps[-1][0].passed == (Passed(0, Why.STATE),)
