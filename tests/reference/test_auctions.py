"""The price of an auction: against every tick tried one by one, and what must hold whatever the orders are."""

from __future__ import annotations

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.reference.auctions import NOTHING, Crossing, Interest, at, crossing

MOST = 60


@st.composite
def books(draw: st.DrawFn) -> tuple[list[Interest], list[Interest], int, int]:
    """Buys, sells, tick, reference."""
    tick = draw(st.sampled_from([1, 1, 2, 5]))
    prices = st.integers(1, MOST // tick).map(lambda ticks: ticks * tick)
    interest = st.builds(Interest, prices, st.integers(1, 6), st.sampled_from([True, True, True, False]))
    sides = draw(st.lists(interest, max_size=6)), draw(st.lists(interest, max_size=6))
    return *sides, tick, draw(st.integers(0, MOST + 10))


def tried(buys: list[Interest], sells: list[Interest], tick: int, reference: int) -> Crossing:
    """Every price there is, one criterion after the other, as the rules say it."""
    limits = [order.price for order in buys + sells if order.priced]
    prices = set(range(min(limits), max(limits) + 1, tick)) if limits else set()
    if reference >= tick:
        prices.add(reference - reference % tick)
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
@example(([Interest(100, 5, False)], [Interest(10, 5, False)], 5, 52))  # no price but the reference
@example(([Interest(50, 5, False)], [Interest(10, 5, False), Interest(40, 1)], 10, 25))  # a gap beside the reference
def test_it_is_the_best_of_all_prices(book: tuple[list[Interest], list[Interest], int, int]) -> None:
    assert crossing(*book) == tried(*book)


@given(books())
def test_both_sides_are_treated_alike(book: tuple[list[Interest], list[Interest], int, int]) -> None:
    """Mirrored prices give the mirrored auction, as near to the reference, where no rounding makes a difference."""
    buys, sells, tick, reference = book
    top = (MOST + 20) // tick * tick
    assume(reference and reference % tick == 0)
    mirror = [[Interest(top - order.price, order.qty, order.priced) for order in side] for side in (sells, buys)]
    one, other = crossing(*book), crossing(*mirror, tick, top - reference)
    assert (one.volume, abs(one.imbalance)) == (other.volume, abs(other.imbalance))
    assert one.price == other.price == 0 or abs(one.price - reference) == abs(top - other.price - reference)
