"""What swarms bring about on purpose comes about: each errand by itself, on the model alone."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from openbell.wire import AuctionKind, CancelReason, Check, CommandKind, ExtensionReason, Rule

from tests.prove.actions import Accrued, Divided
from tests.prove.coverage import Coverage
from tests.prove.documented import Booked, Closing, Key, Margined, Paid, name
from tests.reference import solvent
from tests.reference.compare import Step
from tests.reference.desk import START_NS
from tests.reference.market import Market
from tests.reference.records import events_of, market_data_of
from tests.reference.seldom import levels, money, orders, splits, states
from tests.reference.seldom.choosing import Errand
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS

BY_NAME = {world.name: world for world in WORLDS}
COMMANDS = 700
SESSIONS = 8
AUCTIONS = [("extended auction", kind) for kind in AuctionKind]
FOUND: list[tuple[Errand, str, list[Key]]] = [
    (money.rebate, "plain", [("fee", Paid.REBATE_CUT)]),
    (money.fee_of_a_debtor, "crowd", [("fee", Paid.CUT)]),
    (money.fee_beyond, "crowd", [("accrued", Accrued.FEE_CUT)]),
    (money.currencies, "paying", [("booked", Booked.CURRENCIES_FULL)]),
    (splits.to_the_largest_price, "plain", [("divided", Divided.LARGEST_PRICE)]),
    (splits.beyond_all_lots, "plain", [("divided", Divided.INVENTORY_REFUSED)]),
    (levels.by_release, "margin", [("level changed by", CommandKind.RELEASE_CASH)]),
    (levels.by_interest, "margin", [("level changed by", CommandKind.ACCRUE)]),
    (levels.by_amendment, "margin", [("level changed by", CommandKind.BUST_TRADE)]),
    (levels.by_amendment, "margin", [("level changed by", CommandKind.CORRECT_TRADE)]),
    (levels.by_replace, "margin", [("level changed by", CommandKind.REPLACE)]),
    (states.of_an_account, "plain", [("account state change", 2, 3), ("account state change", 1, 2)]),
    (states.of_a_desk, "desks", [("desk state change", 2, 3), ("desk state change", 1, 1)]),
    (states.child_that_wakes, "closing", [("closing", Closing.CHILD_WOKE)]),
    (orders.beyond_the_collar, "plain", [("cancel reason", CancelReason.PRICE_COLLAR)]),
    (orders.wakes_elsewhere, "plain", [("place change", 4, 3)]),
    (orders.too_many_parts, "plain", [("rule of REPLACE_REJECTED", Rule.DISPLAY)]),
    (orders.beyond_the_position, "plain", [("check of REPLACE_REJECTED", Check.POSITION_LIMIT)]),
    (orders.ring_too_large, "plain", [("check of REJECTED", Check.RING_SIZE)]),
    (orders.nothing_to_reduce, "crowd", [("cancel reason", CancelReason.REDUCE_ONLY)]),
    (orders.replaced_in_a_call, "plain", [("rule of REPLACE_REJECTED", Rule.DARK)]),
    (orders.put_off, "crowd", [("extended for", ExtensionReason.MARKET_ORDERS), *AUCTIONS]),
    (orders.put_off, "crowd", [("extended for", ExtensionReason.PRICE)]),
    (orders.without_a_mark, "unpriced", [("margin", Margined.REPLACE_WITHOUT_A_MARK)]),
]


class Flow:
    """A swarm of a world against the model, and what it meets."""

    def __init__(self, seed: str, world: str) -> None:
        self.world = BY_NAME[world]
        self.random = Random(seed)
        self.model, self.coverage = Market(), Coverage()
        self.swarm = Swarm(self.random, self.world, self.model)
        self.seq, self.ts_ns = 0, START_NS

    def give(self, step: Step, place: int) -> None:
        command, model, coverage = step.command, self.model, self.coverage
        self.ts_ns += step.after_ns
        before = solvent.risk_of(model, command)
        self.seq += model.apply(command.encode(self.seq + 1, self.ts_ns), True)
        events, market_data = events_of(model.take_events()), market_data_of(model.take_market_data())
        coverage.step(command, events, market_data)
        coverage.watched.order(before, events)
        coverage.acted.acted(model, command.fields, events)
        if place % 20 == 0:
            coverage.rows(model.orders())

    def run(self, make: Any, share: float) -> set[Key]:
        """All keys that were met; make: what is asked for so often, beside what the swarm does."""
        opening = [Step(command) for command in self.world.opening(self.random)]
        for place in range(COMMANDS):
            step = opening[place] if place < len(opening) else self.next(make, share)
            try:
                self.give(step, place)
            except ValueError:
                continue  # no command that there is
        return set(self.coverage.met)

    def next(self, make: Any, share: float) -> Step:
        if not self.swarm.due and self.random.random() < share:
            self.swarm.due = make(self.swarm)
        return self.swarm.next()


@pytest.mark.parametrize(
    ("errand", "world", "keys"), FOUND, ids=[f"{errand.__name__} {name(keys[0])}" for errand, _, keys in FOUND]
)
def test_an_errand_does_what_it_is_for(errand: Errand, world: str, keys: list[Key], seed: int) -> None:
    missing = set(keys)
    for number in range(SESSIONS):
        missing -= Flow(f"{seed} {errand.__name__} {number}", world).run(errand, 0.15)
        if not missing:
            return
    raise AssertionError(f"seed {seed}: never {[name(key) for key in missing]}")
