"""Slices and plans of any accounts: never more than there is or may be, and always to an end that says why."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openbell import wire
from openbell.wire import AccountState, Side

from engine.liquidation.planner import Close, Exhausted, Reduce, Restored, Wait, next_step
from engine.liquidation.slices import Passed, Slice, fewest_lots, slice_of
from engine.liquidation.standing import (
    WHOLE,
    Holding,
    Needs,
    Quote,
    Standing,
    Terms,
    Tried,
    is_restored,
    needed,
    worth,
)
from tests.engine.liquidation.made import plenty

MOST_LOTS = 1 << 40
ticks = st.sampled_from([1, 100, 500, 10_000])


@st.composite
def needs(draw: st.DrawFn) -> Needs:
    rates = st.integers(0, 100_000) | st.sampled_from([2_500, 3_000, 10_000])
    least = draw(st.just(0) | st.integers(1, 100_000))
    return Needs(draw(rates), draw(rates), draw(st.integers(0, least)), least)


@st.composite
def quotes(draw: st.DrawFn, instrument: int = 0) -> Quote:
    tick = draw(ticks)
    steps: tuple[tuple[int, int], ...] = ((0, tick),)
    if draw(st.booleans()):
        times = draw(st.integers(1, 10))
        steps = ((0, tick), (tick * times * draw(st.integers(1, 10_000)), tick * times))
    bound = st.just(0) | st.integers(1, 10**8)
    lower, upper = sorted((draw(bound), draw(bound)))
    return Quote(
        instrument, f"S{instrument}", draw(st.integers(0, 9)) > 0, draw(st.sampled_from([1, 10, 100])), steps,
        draw(needs()), draw(bound), draw(bound), lower and upper and lower, upper and lower and upper,
        draw(st.just(0) | st.integers(1, wire.MAX_QTY)), draw(st.just(0) | st.integers(1, wire.MAX_NOTIONAL)),
    )  # fmt: skip


def held(quote: Quote, qty: int, mark: int, own: int = 0) -> Holding:
    value = worth(qty, mark, quote.lot_size) * (1 if qty > 0 else -1)
    return Holding(quote.instrument, qty, mark, needed(qty, mark, quote.lot_size, quote.needs), value, own, own)


@st.composite
def holdings(draw: st.DrawFn, quote: Quote, most: int = MOST_LOTS) -> Holding:
    qty = draw(st.integers(1, most)) * draw(st.sampled_from([1, -1]))
    return held(quote, qty, draw(st.just(0) | st.integers(1, 10**8)), draw(st.integers(0, 10)))


@st.composite
def accounts(draw: st.DrawFn, most: int = MOST_LOTS, instruments: int = 3) -> tuple[Standing, dict[int, Quote]]:
    known = {one: draw(quotes(one)) for one in range(draw(st.integers(1, instruments)))}
    positions = tuple(draw(holdings(one, most)) for one in known.values())
    maintenance = min(sum(one.maintenance for one in positions), (1 << 63) - 1)
    share = draw(st.integers(-10_000, 12_000))
    limit = st.just(0) | st.integers(1, wire.MAX_QTY)
    standing = Standing(
        1, draw(st.sampled_from([AccountState.ACTIVE, AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY])),
        maintenance * share // WHOLE, maintenance, positions, draw(st.integers(0, 3)), draw(st.integers(0, 3)),
        draw(limit), draw(st.just(0) | st.integers(1, wire.MAX_NOTIONAL)),
    )  # fmt: skip
    return standing, known


terms = st.builds(
    Terms,
    restore=st.integers(10_000, 30_000),
    slice=st.integers(1, 10_000),
    protection=st.integers(0, 10_000),
)


@given(accounts(instruments=1), terms)
@settings(max_examples=100)
def test_a_slice_is_within_all_limits(made: tuple[Standing, dict[int, Quote]], terms: Terms) -> None:
    standing, known = made
    quote, holding = known[0], standing.holdings[0]
    found = slice_of(standing, holding, quote, terms, plenty)
    if isinstance(found, Passed):
        return
    assert found.side == (Side.SELL if holding.qty > 0 else Side.BUY)
    assert 1 <= found.lots <= abs(holding.qty)
    assert found.lots <= max(1, abs(holding.qty) * terms.slice // WHOLE)
    for limit in (standing.max_order_qty, quote.max_order_qty, wire.MAX_QTY):
        assert not limit or found.lots <= limit
    notional = found.lots * found.price * quote.lot_size * 100
    for limit in (standing.max_order_notional, quote.max_order_notional, wire.MAX_NOTIONAL):
        assert not limit or notional <= limit
    assert 1 <= found.price <= wire.MAX_PRICE
    tick = next(tick for start, tick in reversed(quote.steps) if found.price >= start)
    assert found.price % tick == 0
    if found.side == Side.SELL:
        assert found.price >= max(quote.collar_lower, quote.band_lower)
        assert found.price * WHOLE >= holding.mark * (WHOLE - terms.protection)
    else:
        assert all(found.price <= bound for bound in (quote.collar_upper, quote.band_upper) if bound)
        assert found.price * WHOLE <= holding.mark * (WHOLE + terms.protection)


@given(accounts(instruments=1), terms, st.integers(1, 10**8))
@settings(max_examples=100)
def test_fewest_is_enough_and_one_less_is_not(
    made: tuple[Standing, dict[int, Quote]], terms: Terms, price: int
) -> None:
    standing, known = made
    quote, holding = known[0], standing.holdings[0]
    assume(holding.mark and not is_restored(standing.equity, standing.maintenance, terms.restore))
    lots, is_enough = fewest_lots(standing, holding, quote, price, terms.restore)

    def would(lots: int) -> bool:
        """By the formulas of docs/risk.md, not those of the planner."""
        sign = 1 if holding.qty > 0 else -1
        left = holding.qty - sign * lots
        at = min(abs(left) * holding.mark * quote.lot_size * 100, wire.MAX_CASH)
        equity = standing.equity - holding.value + sign * lots * price * quote.lot_size * 100 + sign * at
        rest = standing.maintenance - holding.maintenance
        rest += needed(left, holding.mark, quote.lot_size, quote.needs)
        return equity * WHOLE >= rest * terms.restore

    assert would(lots) == is_enough
    assert 1 <= lots <= abs(holding.qty)
    if is_enough and lots > 1:
        assert not would(lots - 1)
    if not is_enough:
        assert lots == abs(holding.qty)


@given(accounts(most=60), terms, st.data())
@settings(max_examples=60, deadline=None)
def test_every_plan_comes_to_an_end_that_says_why(
    made: tuple[Standing, dict[int, Quote]], terms: Terms, data: st.DataObject
) -> None:
    """A market fills as much of each slice as it likes, at any price that is as good."""
    standing, known = made
    tried: dict[int, Tried] = {}
    for _ in range(500):
        step = next_step(standing, terms, known, plenty, tried)
        if isinstance(step, Restored):
            assert is_restored(standing.equity, standing.maintenance, terms.restore)
            return
        if isinstance(step, Exhausted):
            assert not standing.holdings and standing.equity < 0
            return
        if isinstance(step, Wait):
            assert {one.instrument for one in step.passed} == {one.instrument for one in standing.holdings}
            return
        if isinstance(step, Close):
            standing = replace(standing, state=AccountState.CLOSE_ONLY)
        else:
            assert isinstance(step, Reduce)
            found = step.slice
            if step.cancel is not None:
                gone = known if step.cancel == wire.ANY else (step.cancel,)
                freed = [
                    replace(one, open_buy=0, open_sell=0) if one.instrument in gone else one
                    for one in standing.holdings
                ]
                standing = replace(standing, holdings=tuple(freed), open_orders=0)
                found = found._replace(holding=replace(found.holding, open_buy=0, open_sell=0))
            standing = _traded(standing, found, known, tried, data)
    raise AssertionError(f"no end after 500 steps: {standing}")


def _traded(
    standing: Standing, found: Slice, known: dict[int, Quote], tried: dict[int, Tried], data: st.DataObject
) -> Standing:
    holding = found.holding
    quote = known[holding.instrument]
    own = holding.open_sell if found.side == Side.SELL else holding.open_buy
    assert found.lots <= abs(holding.qty) - own, "no more than the room of check 24a"
    filled = data.draw(st.integers(0, found.lots))
    if not filled:
        tried[holding.instrument] = Tried(7, 0, quote.key)
        return standing
    sign = 1 if holding.qty > 0 else -1
    price = found.price + sign * data.draw(st.integers(0, min(50, found.price - 1 if sign < 0 else 50)))
    left = held(quote, holding.qty - sign * filled, holding.mark) if abs(holding.qty) > filled else None
    cash = sign * filled * price * quote.lot_size * 100
    others = tuple(one for one in standing.holdings if one.instrument != holding.instrument)
    return replace(
        standing,
        equity=standing.equity + cash - holding.value + (left.value if left else 0),
        maintenance=standing.maintenance - holding.maintenance + (left.maintenance if left else 0),
        holdings=(*others, left) if left else others,
    )
