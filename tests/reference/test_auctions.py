"""The price of an auction: against every tick tried one by one, and what must hold whatever the orders are."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.reference.auctions import NOTHING, Crossing, Interest, at, crossing
from tests.reference.ticks import Ticks, every

MOST = 60


@st.composite
def books(draw: st.DrawFn, tables: bool = True) -> tuple[list[Interest], list[Interest], Ticks, int]:
    """Buys, sells, ticks, reference. With tables some orders are at prices that are not valid."""
    tick = draw(st.sampled_from([1, 1, 2, 5]))
    table = Ticks(((0, tick), (4 * tick, 2 * tick), (20 * tick, 10 * tick)))
    prices = st.integers(1, MOST // tick).map(lambda ticks: ticks * tick)
    interest = st.builds(Interest, prices, st.integers(1, 6), st.sampled_from([True, True, True, False]))
    sides = draw(st.lists(interest, max_size=6)), draw(st.lists(interest, max_size=6))
    return *sides, table if tables and draw(st.booleans()) else every(tick), draw(st.integers(0, MOST + 10))


def tried(buys: list[Interest], sells: list[Interest], ticks: Ticks, reference: int) -> Crossing:
    """Every price there is, one criterion after the other, as the rules say it."""
    limits = [order.price for order in buys + sells if order.priced]
    prices = set(range(min(limits), max(limits) + 1)) if limits else set()
    prices = {price for price in prices if price % ticks.at(price) == 0}
    if reference >= ticks.at(reference):
        prices.add(reference - reference % ticks.at(reference))
    found = [at(buys, sells, price) for price in sorted(prices)]
    for measure in (lambda each: -each.volume, lambda each: abs(each.imbalance)):
        best = min(map(measure, found), default=0)
        found = [each for each in found if measure(each) == best]
    if not found or found[0].volume == 0:
        return NOTHING
    if found[0].imbalance > 0 and found[-1].imbalance > 0:
        return found[-1]
    if found[0].imbalance < 0 and found[-1].imbalance < 0:
        return found[0]
    target = reference if reference else (found[0].price + found[-1].price) // 2
    distance = min(abs(each.price - target) for each in found)
    return max((each for each in found if abs(each.price - target) == distance), key=lambda each: each.price)


@given(books())
@example(([Interest(100, 5, False)], [Interest(10, 5, False)], every(5), 52))  # no price but the reference
@example(
    ([Interest(50, 5, False)], [Interest(10, 5, False), Interest(40, 1)], every(10), 25)
)  # a gap beside the reference
def test_it_is_the_best_of_all_prices(book: tuple[list[Interest], list[Interest], Ticks, int]) -> None:
    assert crossing(*book) == tried(*book)


@given(books(tables=False))
def test_both_sides_are_treated_alike(book: tuple[list[Interest], list[Interest], Ticks, int]) -> None:
    """Mirrored prices give the mirrored auction, as near to the reference, where no rounding makes a difference."""
    buys, sells, ticks, reference = book
    tick = ticks.at(0)
    top = (MOST + 20) // tick * tick
    assume(reference and reference % tick == 0)
    mirror = [[Interest(top - order.price, order.qty, order.priced) for order in side] for side in (sells, buys)]
    one = crossing(*book)
    other = crossing(*mirror, ticks, top - reference)
    assert (one.volume, abs(one.imbalance)) == (other.volume, abs(other.imbalance))
    assert one.price == other.price == 0 or abs(one.price - reference) == abs(top - other.price - reference)


def orders(*pairs: tuple[int, int]) -> list[Interest]:
    """(lots, price) of limit orders."""
    return [Interest(price, qty) for qty, price in pairs]


AT_MARKET = [Interest(150, 10, False)], [Interest(50, 10, False)]


@pytest.mark.parametrize(
    ("buys", "sells", "tick", "reference", "expected"),
    [
        # Most lots, first of all: 99 trades 10, 100 and 101 trade 20, 102 trades 10.
        (orders((10, 102), (10, 101), (10, 100)), orders((10, 99), (10, 100), (10, 101)), 1, 99, (100, 20, 10)),
        (orders((10, 102), (10, 101), (10, 100)), orders((10, 99), (10, 100), (10, 101)), 1, 105, (101, 20, -10)),
        (orders((10, 102), (10, 101), (10, 100)), orders((10, 99), (10, 100), (10, 101)), 1, 0, (100, 20, 10)),
        # Then the least imbalance: 100 and 101 leave 5 lots of buys, 102 leaves none.
        (orders((20, 102), (5, 101)), orders((20, 100)), 1, 100, (102, 20, 0)),
        # Then the side that has more: its buyers pay most, or its sellers take least, whatever the reference says.
        (orders((30, 102)), orders((20, 100)), 1, 100, (102, 20, 10)),
        (orders((20, 102)), orders((30, 100)), 1, 102, (100, 20, -10)),
        # Then the reference, or the nearest to it; a tick as near above as below: above.
        (orders((10, 105)), orders((10, 100)), 1, 103, (103, 10, 0)),
        (orders((10, 105)), orders((10, 100)), 1, 90, (100, 10, 0)),
        (orders((10, 105)), orders((10, 100)), 1, 200, (105, 10, 0)),
        (orders((10, 105)), orders((10, 100)), 1, 0, (102, 10, 0)),
        (orders((10, 105)), orders((10, 100)), 5, 102, (100, 10, 0)),
        (orders((10, 104)), orders((10, 100)), 2, 101, (102, 10, 0)),
        # Market orders bring no price: there is that of the limit orders, and the reference rounded down to a tick.
        (*AT_MARKET, 1, 100, (100, 10, 0)),
        (*AT_MARKET, 5, 104, (100, 10, 0)),
        (*AT_MARKET, 1, 0, (0, 0, 0)),
        (*AT_MARKET, 5, 4, (0, 0, 0)),
        (AT_MARKET[0], orders((10, 100)), 1, 103, (103, 10, 0)),
        (AT_MARKET[0], orders((10, 100)), 1, 98, (100, 10, 0)),
        # A market order has its own bound all the same.
        (AT_MARKET[0], orders((10, 151)), 1, 0, (0, 0, 0)),
        (orders((10, 99)), orders((10, 100)), 1, 100, (0, 0, 0)),
        (orders((10, 99)), [], 1, 100, (0, 0, 0)),
    ],
)
def test_prices_worked_out_by_hand(
    buys: list[Interest], sells: list[Interest], tick: int, reference: int, expected: tuple[int, int, int]
) -> None:
    assert crossing(buys, sells, every(tick), reference) == expected == tried(buys, sells, every(tick), reference)


def test_prices_by_a_table() -> None:
    """Below 100 each price, from 100 on each fifth, from 200 on each tenth; some orders came before the table."""
    ticks = Ticks(((0, 1), (100, 5), (200, 10)))
    assert [ticks.down(price) for price in (0, 99, 100, 104, 199, 209)] == [0, 99, 100, 100, 195, 200]
    assert [ticks.up(price) for price in (1, 99, 101, 196, 200, 201)] == [1, 99, 105, 200, 200, 210]
    assert crossing(orders((10, 110)), orders((10, 98)), ticks, 103) == (105, 10, 0)  # as near as 100 is, and higher
    assert crossing(orders((10, 110)), orders((10, 98)), ticks, 97) == (98, 10, 0)
    assert crossing(orders((20, 104)), orders((10, 98)), ticks, 98) == (100, 10, 10)  # the highest up to 104
    assert crossing(orders((10, 205)), orders((20, 196)), ticks, 205) == (200, 10, -10)
    assert crossing(orders((10, 104)), orders((10, 101)), ticks, 102) == NOTHING
