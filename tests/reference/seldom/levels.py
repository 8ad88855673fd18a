"""Levels of risk that change by what changes them seldom: an account comes just to where one begins first.
docs/risk.md, "Levels"."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import CommandKind, Side, TimeInForce

from tests.reference import amending, margin, worth
from tests.reference import commands as ask
from tests.reference.accounts import Account
from tests.reference.actions import accruing
from tests.reference.commands import Command
from tests.reference.paying import FIRST_DAY, PAID
from tests.reference.seldom.choosing import Due, later, middle, on_a_tick, sign, steps, traders

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

HELD = 1_000_000
NUMBER = 77  # of a withdrawal


def margined(swarm: Swarm) -> list[Account]:
    return [each for each in traders(swarm) if each.has_margin()]


def just_at(swarm: Swarm, account: Account, offset: int) -> Command:
    """A CHARGE that leaves it with so much more equity than it has to keep: below 0 it is called."""
    equity, needed = worth.held(swarm.model.state, account)
    amount = min(wire.MAX_CASH, max(-wire.MAX_CASH, equity - needed - offset))
    return ask.charge(account.number, amount or 1, swarm.random.choice(PAID))


def by_release(swarm: Swarm) -> Due:
    """A withdrawal that does not go out after all."""
    accounts = margined(swarm)
    if not accounts:
        return []
    account, first = swarm.random.choice(accounts), []
    number = next(iter(account.withdrawals), NUMBER)
    if number == NUMBER and NUMBER not in account.withdrawals:
        if margin.withdrawable(swarm.model.state, account) < HELD:
            first = steps(ask.charge(account.number, -1000 * HELD))
        first += steps(ask.hold_cash(account.number, HELD, number))
    return [*first, later(lambda: just_at(swarm, account, -1)), *steps(ask.release_cash(account.number, number))]


def by_interest(swarm: Swarm) -> Due:
    """A day that costs more, or gives more, than there is to spare."""
    accounts = margined(swarm)
    if not accounts:
        return []
    account, day = swarm.random.choice(accounts), (swarm.model.state.accrue_date or FIRST_DAY) + 1
    rates = ask.rates(account.currency, accruing.MOST_RATE, accruing.MOST_RATE)

    def near() -> Command:
        equity, needed = worth.held(swarm.model.state, account)
        base = account.settled() - account.short_proceeds() - (equity - needed)
        return just_at(swarm, account, -1 if base > 0 else 0)

    return [*steps(rates), later(near), *steps(ask.accrue(day, 31), ask.rates(account.currency))]


def by_amendment(swarm: Swarm) -> Due:
    """A bust or a correction of one of its trades."""
    state, random = swarm.model.state, swarm.random
    for _ in range(9):
        found = amending.facts(random, swarm.model)
        if found is None:
            return []
        parties = [state.accounts[found[name]] for name in ("account", "seller")]
        watched = [each for each in parties if each.has_margin()]
        if not watched or found["trade_id"] <= state.instruments[found["instrument"]].trades_before:
            continue
        made = ask.command(CommandKind.BUST_TRADE, **found)
        if random.random() < 0.5:
            new = {"new_price": found["price"], "new_qty": found["qty"]}
            new["new_price"] = max(1, found["price"] + random.choice((-30, 30)))
            made = ask.command(CommandKind.CORRECT_TRADE, **found, **new)
        near = partial(just_at, swarm, random.choice(watched), random.choice((0, -1)))
        return [later(near), *steps(made)]
    return []


def by_replace(swarm: Swarm) -> Due:
    """An order that closes and rests comes to another price, where it trades."""
    state, random = swarm.model.state, swarm.random
    found = []
    for account in margined(swarm):
        for number, position in account.positions.items():
            side = Side.SELL if position.qty > 0 else Side.BUY
            room = abs(position.qty) - account.open_qty(number, side)
            if room > 0 and state.instruments[number].book.best(1 - side):
                found.append((account, state.instruments[number], side, room))
    if not found:
        return []
    account, instrument, side, room = random.choice(found)
    number, qty = swarm.client_order_id(), min(room, swarm.world.qty)
    aside = on_a_tick(instrument, middle(swarm, instrument, side) - sign(side) * 2 * instrument.tick_size)
    said = {"instrument": instrument.number, "tif": TimeInForce.GTC}
    resting = ask.order(account.number, number, side, aside, qty, **said)

    def meeting() -> Command:
        price = on_a_tick(instrument, middle(swarm, instrument, 1 - side))
        return ask.replace(account.number, number, price, qty)

    return [*steps(resting), later(lambda: just_at(swarm, account, -1)), later(meeting)]
