"""Accounts and desks that go through one state after the other; orders that find them so. docs/risk.md and
docs/desks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openbell.wire import AccountState, Role, TimeInForce

from tests.reference import commands as ask
from tests.reference import nesting
from tests.reference.commands import Command
from tests.reference.seldom.choosing import Due, later, middle, on_a_tick, resting, somebody, steps

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm


def of_an_account(swarm: Swarm) -> Due:
    states = [*swarm.random.choices(list(AccountState), k=5), AccountState.ACTIVE]
    accounts = list(swarm.model.state.accounts)
    if not accounts:
        return []
    number = swarm.random.choice(accounts)
    return steps(*(ask.account_state(number, state) for state in states))


def of_a_desk(swarm: Swarm) -> Due:
    states = [*swarm.random.choices(list(AccountState), k=5), AccountState.ACTIVE]
    desks = list(swarm.model.state.desks)
    if not desks:
        return []
    number = swarm.random.choice(desks)
    return steps(*(ask.desk_state(number, state) for state in states))


def child_that_wakes(swarm: Swarm) -> Due:
    """Its account may only make positions smaller by then."""
    found = somebody(swarm)
    if found is None:
        return []
    account, instrument = found
    side, qty = swarm.random.randrange(2), swarm.qty()
    first, second = swarm.client_order_id(), swarm.client_order_id()
    price = on_a_tick(instrument, middle(swarm, instrument, side))
    said = {"instrument": instrument.number, "price": price, "tif": TimeInForce.GTC}
    child = ask.special(account.number, first, side, qty, role=Role.CHILD, **said)
    parent = ask.special(account.number, second, side, qty, role=Role.PARENT, link_id=first, **said)

    def taken() -> Command:
        order = resting(account, second)
        is_there = order is not None and order.children and order.resting
        return nesting.taking(swarm.random, swarm.model, order) if order and is_there else ask.tick()

    closing, active = (
        ask.account_state(account.number, state) for state in (AccountState.REDUCE_ONLY, AccountState.ACTIVE)
    )
    return [*steps(child, parent, closing), later(taken), *steps(active)]
