"""What must hold of day traders notices a market that does something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openbell.wire import AccountFlag, DayTradeRule, InstrumentState, RiskType

from tests.reference import commands as ask
from tests.reference.books import Order
from tests.reference.daytrading import checks, counting, invariants, rules
from tests.reference.daytrading.kept import DayTrader
from tests.reference.desk import START_NS
from tests.reference.invariants import Watch
from tests.reference.market import Market
from tests.reference.output import Failure
from tests.reference.records import events_of, market_data_of

OPENING = [
    ask.configure(),
    ask.instrument(0, reference_price=1000),
    ask.instrument_state(0, InstrumentState.OPEN),
    *(ask.account(number, flags=int(AccountFlag.SHORT_ALLOWED)) for number in range(2)),
    *(ask.deposit(number, 10**9) for number in range(2)),
    ask.account_risk(0, RiskType.MARGIN, day_trades=DayTradeRule.PATTERN),
    ask.day_trades(2, 2, 600, 0),
    ask.shares(1, 0, 100, 1),
]
FLOW = [
    *(ask.sell(1, 1, 1000, 5), ask.buy(0, 1, 1000, 5)),
    *(ask.buy(1, 2, 1000, 4), ask.sell(0, 2, 1000, 2), ask.sell(0, 3, 1000, 2)),
    ask.settle(20_261_130),
    *(ask.buy(1, 3, 1000, 1), ask.sell(0, 4, 1000, 1)),
    *(ask.sell(1, 4, 1000, 6), ask.buy(0, 5, 1000, 6)),
    ask.bust(5, 0, 1, 1000, 6),
    *(ask.sell(1, 5, 1000, 3), ask.buy(0, 6, 1000, 3), ask.buy(1, 6, 1000, 2), ask.sell(0, 7, 1000, 2)),
    ask.day_trades(2, 2, 600, 10**9 + 500),
    ask.buy(0, 8, 900, 1),
    ask.deposit(0, 700),
    ask.settle(20_261_201),
    ask.lift_day_trader(0),
]


def play() -> None:
    """Raises AssertionError for what does not hold."""
    model, watch = Market(), Watch()
    for seq, command in enumerate((*OPENING, *FLOW), 1):
        watch.counted.look(model, command)
        model.apply(command.encode(seq, START_NS), True)
        events = events_of(model.take_events())
        watch.hear(command, events, market_data_of(model.take_market_data()))
        watch.check(model)
        invariants.check_order(model, command, events)


def nothing_counts(state: Any, trader: DayTrader, order: Order, qty: int) -> None:
    pass


def each_fill_counts(state: Any, trader: DayTrader, order: Order, qty: int) -> None:
    order.account.positions[0].opened.run = None
    counting_filled(state, trader, order, qty)


def all_is_of_today(state: Any, trader: DayTrader, order: Order, qty: int) -> None:
    order.account.positions[0].opened.lots = 1
    counting_filled(state, trader, order, qty)


def makes_a_pattern_at_once(state: Any, trader: DayTrader) -> tuple[int, int]:
    return 9, 9


def nothing_is_over(state: Any) -> None:
    pass


def stays_for_a_day(trader: DayTrader) -> None:
    counting_another_day(trader)
    trader.kept = [0, 0, 0]


def all_stays(state: Any, account: Any, amount: int) -> None:
    if account.trader is not None:
        account.trader.kept[0] += amount


def nothing_stays(account: Any) -> int:
    return 0


def all_may_open(state: Any, asked: Any) -> Iterator[Failure]:
    return iter(())


counting_filled, counting_another_day = counting.filled, counting.another_day
WRONG: list[tuple[Any, str, Callable[..., Any]]] = [
    (counting, "filled", nothing_counts),
    (counting, "filled", each_fill_counts),
    (counting, "filled", all_is_of_today),
    (counting, "counted", makes_a_pattern_at_once),
    (counting, "day_over", nothing_is_over),
    (counting, "another_day", stays_for_a_day),
    (rules, "deposits", all_stays),
    (rules, "kept", nothing_stays),
    (checks, "failures", all_may_open),
]


def test_all_holds() -> None:
    play()


@pytest.mark.parametrize(("module", "name", "wrong"), WRONG, ids=[wrong.__name__ for _, _, wrong in WRONG])
def test_what_is_wrong_is_noticed(
    module: Any, name: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, wrong)
    with pytest.raises(AssertionError):
        play()
