"""Trailing stops in numbers: the core's tides (ext/tides.pyx) against the model, which moves each order by itself."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountFlag, EventKind, InstrumentState, ModeFlag, OrderType, TimeInForce

from ext.core import Core
from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.compare import Pair, Step
from tests.reference.desk import Desk

BUY, SELL = 0, 1
TRADER, OTHER = 0, 1
PERCENT = {"modes": ModeFlag.TRAIL_PERCENT}


class Flow:
    """Trailing stops of both sides come and go while trades walk up and down."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.price = random.choice((60, 1000, 20_000))
        self.step = random.choice((1, 1, self.price // 20))
        self.number = 0
        self.waiting: list[int] = []

    def opening(self) -> list[Command]:
        short = AccountFlag.SHORT_ALLOWED | AccountFlag.CREDIT_UNLIMITED
        return [
            ask.configure(2, 1, 512, 256, 8, 1 << 14),
            ask.instrument(0, tick_size=1, reference_price=self.price),
            ask.instrument_state(0, InstrumentState.OPEN),
            ask.account(TRADER, flags=short),
            ask.account(OTHER, flags=short),
        ]

    def next(self) -> list[Command]:
        random = self.random
        act = random.random()
        if act < 0.45:
            return [self.trailing()]
        if act < 0.55 and self.waiting:
            return [ask.cancel(TRADER, self.waiting.pop(random.randrange(len(self.waiting))))]
        if act < 0.62 and self.waiting:
            return [ask.replace(TRADER, random.choice(self.waiting), 1, random.randint(1, 9))]
        return self.trade()

    def trailing(self) -> Command:
        random = self.random
        fields: dict[str, Any] = {"offset": random.randint(1, 4) * self.step}
        if random.random() < 0.5:
            fields = PERCENT | {"offset": random.choice((1, 2, 90, 100, 110, 500, 1000))}
        self.number += 1
        self.waiting.append(self.number)
        return ask.special(
            TRADER, self.number, random.randrange(2), random.randint(1, 5), order_type=OrderType.TRAILING_STOP, **fields
        )

    def trade(self) -> list[Command]:
        """One lot at a price near the last one's."""
        self.price = max(40, self.price + self.random.randint(-3, 3) * self.step)
        self.number += 2
        rests = ask.sell(OTHER, self.number - 1, self.price, 1)
        return [rests, ask.buy(OTHER, self.number, self.price, 1, tif=TimeInForce.IOC)]


@pytest.mark.parametrize("number", range(12))
def test_they_move_and_are_met_as_the_model_says(seed: int, number: int) -> None:
    random = Random(seed * 100 + number)
    flow, pair = Flow(random), Pair()
    met = 0
    for command in flow.opening():
        pair.step(Step(command, 0))
    for count in range(250):
        for command in flow.next():
            events, _ = pair.step(Step(command, random.choice((0, 1))))
            met += sum(event["kind"] == EventKind.TRIGGERED for event in np.frombuffer(events, wire.EVENT))
        if count % 10 == 0:
            pair.compare_rows()
        if count % 50 == 0:
            pair.restart()
    pair.compare_rows()
    pair.compare_books()
    pair.replay(iter(lambda: random.randint(1, 40), 0), iter(lambda: random.random() < 0.2, None))
    assert met, "no stop was met"


def test_percents_that_are_rounded_to_one_price_are_met_by_rank() -> None:
    desk = Desk(Core()).open(accounts=3, flags=AccountFlag.SHORT_ALLOWED, reference_price=50)
    for number, basis_points in enumerate((150, 100, 120, 199), 1):  # all of them 1 at 50 and at 55
        desk.do(ask.special(0, number, SELL, 1, order_type=OrderType.TRAILING_STOP, offset=basis_points, **PERCENT))
    desk.do(ask.sell(1, 1, 55, 1), ask.buy(2, 1, 55, 1))
    desk.do(ask.buy(2, 2, 54, 1), ask.buy(2, 3, 53, 9))
    events = desk.do(ask.sell(1, 2, 54, 1))
    assert [event.client_order_id for event in events if event.kind == EventKind.TRIGGERED] == [1, 2, 3, 4]


def test_a_buy_holds_what_it_came_with() -> None:
    desk = Desk(Core()).open(accounts=3, flags=AccountFlag.SHORT_ALLOWED, reference_price=100)
    desk.do(ask.special(0, 1, BUY, 2, order_type=OrderType.TRAILING_STOP, offset=10))
    held = desk.account(0).hold
    desk.do(ask.sell(1, 1, 80, 1), ask.buy(2, 1, 80, 1))
    [row] = [row for row in desk.orders() if row.account == 0]
    assert (row.price, row.stop_price, desk.account(0).hold) == (110, 90, held)
    desk.do(ask.cancel(0, 1))
    assert desk.account(0).hold == 0
