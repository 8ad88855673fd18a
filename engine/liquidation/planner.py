"""The plan of a liquidation: what is done next with an account, and all that would follow. Numbers in, steps out.

docs/liquidation.md, "The plan", has the table that `next_step` goes through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from openbell import wire
from openbell.wire import AccountState, Side

from engine.liquidation.slices import Passed, Slice, Why, after_trade, slice_of
from engine.liquidation.standing import Displayed, Holding, Quote, Standing, Terms, Tried, is_restored, worth

MAX_STEPS: Final = 10_000  # of a plan that is told in advance


@dataclass(frozen=True, slots=True)
class Step:
    """What is done. passed: positions of more relief that are passed over."""

    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Restored(Step):
    """It has enough again."""


@dataclass(frozen=True, slots=True)
class Close(Step):
    """No new positions from now on."""


@dataclass(frozen=True, slots=True)
class Exhausted(Step):
    """Nothing is left to reduce, and it has not enough."""


@dataclass(frozen=True, slots=True)
class Wait(Step):
    """Nothing can be done now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(Step):
    """A slice. cancel: the instrument whose orders of its own are in the way and go first; ANY: all of its orders."""

    slice: Slice
    cancel: int | None = None


def by_relief(holdings: tuple[Holding, ...]) -> list[Holding]:
    """Those of the most maintenance first, of equal ones the lower id."""
    return sorted(holdings, key=lambda one: (-one.maintenance, one.instrument))


def next_step(
    standing: Standing,
    terms: Terms,
    quotes: Mapping[int, Quote],
    displayed: Displayed,
    tried: Mapping[int, Tried],
) -> Step:
    """What is done now. tried: what slices came to nothing lately, by instrument."""
    if standing.state == AccountState.BLOCKED:
        return Wait((Passed(wire.ANY, Why.BLOCKED),))
    if is_restored(standing.equity, standing.maintenance, terms.restore):
        return Restored()
    if standing.state != AccountState.CLOSE_ONLY:
        return Close()
    if not standing.holdings:
        return Exhausted()
    passed: list[Passed] = []
    for holding in by_relief(standing.holdings):
        quote = quotes[holding.instrument]
        found = slice_of(standing, holding, quote, terms, displayed)
        if isinstance(found, Passed):
            passed.append(found)
            continue
        before = tried.get(holding.instrument)
        if before is not None and before.key == quote.key:
            passed.append(Passed(holding.instrument, Why(before.why), found.price, before.detail))
            continue
        return Reduce(tuple(passed), slice=found, cancel=_in_the_way(standing, found))
    return Wait(tuple(passed))


def _in_the_way(standing: Standing, found: Slice) -> int | None:
    """Whose orders have to go before a slice: of an instrument, or all (ANY); None: it can be made as it is."""
    if 0 < standing.max_open_orders <= standing.open_orders:
        return wire.ANY
    holding = found.holding
    own = holding.open_sell if found.side == Side.SELL else holding.open_buy
    return holding.instrument if found.lots > abs(holding.qty) - own else None


def whole_plan(
    standing: Standing, terms: Terms, quotes: Mapping[int, Quote], displayed: Displayed, tried: Mapping[int, Tried]
) -> Iterator[tuple[Step, Standing]]:
    """Step by step what would be done, and the account after each, if slices traded whole and at their prices."""
    for _ in range(MAX_STEPS):
        step = next_step(standing, terms, quotes, displayed, tried)
        standing = _done(step, standing, quotes)
        yield step, standing
        if isinstance(step, Restored | Exhausted | Wait):
            return


def _done(step: Step, standing: Standing, quotes: Mapping[int, Quote]) -> Standing:
    """The account after a step; a slice trades whole and at its price."""
    if isinstance(step, Close):
        kept = tuple(_closing(one) for one in standing.holdings)
        return replace(standing, state=AccountState.CLOSE_ONLY, holdings=kept)
    if not isinstance(step, Reduce):
        return standing
    found = step.slice
    holding = found.holding
    if step.cancel is not None:
        standing = _freed(standing, step.cancel)
        holding = replace(holding, open_buy=0, open_sell=0)
    quote = quotes[holding.instrument]
    equity, maintenance = after_trade(standing, holding, quote, found.lots, found.price)
    qty = holding.qty - (found.lots if holding.qty > 0 else -found.lots)
    smaller = replace(
        holding,
        qty=qty,
        maintenance=holding.maintenance + maintenance - standing.maintenance,
        value=_value(qty, holding, quote),
    )
    others = tuple(one for one in standing.holdings if one.instrument != holding.instrument)
    return replace(
        standing,
        equity=equity,
        maintenance=maintenance,
        holdings=(*others, smaller) if qty else others,
        last_client_order_id=standing.last_client_order_id + 1,
    )


def _freed(standing: Standing, instrument: int) -> Standing:
    """Without its orders in an instrument, or in any."""
    freed = tuple(
        replace(one, open_buy=0, open_sell=0) if instrument in (wire.ANY, one.instrument) else one
        for one in standing.holdings
    )
    return replace(standing, holdings=freed, open_orders=0 if instrument == wire.ANY else standing.open_orders)


def _closing(one: Holding) -> Holding:
    """Without the orders that could open a position."""
    if one.qty > 0:
        return replace(one, open_buy=0, open_sell=min(one.open_sell, one.qty))
    return replace(one, open_sell=0, open_buy=min(one.open_buy, -one.qty))


def _value(qty: int, holding: Holding, quote: Quote) -> int:
    worth_of = worth(qty, holding.mark, quote.lot_size)
    return worth_of if qty > 0 else -worth_of
