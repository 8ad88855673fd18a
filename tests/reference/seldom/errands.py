"""What random flow seldom comes to, brought about on purpose: a few commands that belong together, and now and then one
that is wrong in one field. Each maker takes the swarm that it is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.reference.commands import Command
from tests.reference.seldom import levels, money, orders, splits, states, wrong
from tests.reference.seldom.choosing import Errand

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

USUAL = {"errand": 1.2, "mistake": 0.8}
ERRANDS: dict[Errand, float] = {
    money.rebate: 1.0,
    money.currencies: 5.0,
    money.fee_of_a_debtor: 1.0,
    money.fee_beyond: 1.0,
    splits.to_the_largest_price: 0.4,
    splits.beyond_all_lots: 0.4,
    levels.by_release: 1.5,
    levels.by_interest: 1.5,
    levels.by_amendment: 1.5,
    levels.by_replace: 1.5,
    states.of_an_account: 0.7,
    states.of_a_desk: 4.0,
    states.child_that_wakes: 1.0,
    orders.beyond_the_collar: 1.0,
    orders.wakes_elsewhere: 4.0,
    orders.too_many_parts: 1.0,
    orders.beyond_the_position: 1.0,
    orders.ring_too_large: 0.4,
    orders.nothing_to_reduce: 1.0,
    orders.replaced_in_a_call: 1.0,
    orders.put_off: 1.0,
    orders.without_a_mark: 6.0,
}


def make_errand(swarm: Swarm) -> Command:
    """The first one of a few that can be done now."""
    if swarm.due:  # another is under way
        return swarm.make_new()
    for errand in swarm.random.choices(list(ERRANDS), list(ERRANDS.values()), k=6):
        steps = errand(swarm)
        if steps:
            swarm.due = steps[1:]
            return steps[0]().command
    return swarm.make_new()


def make_mistake(swarm: Swarm) -> Command:
    return wrong.mistake(swarm)


MAKERS: dict[str, Callable[[Swarm], Command]] = {"errand": make_errand, "mistake": make_mistake}
