"""Who and what an errand is about, and how its commands are kept until their turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import AccountState, InstrumentState, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference.accounts import Account
from tests.reference.books import Instrument, Order
from tests.reference.commands import Command
from tests.reference.compare import Step
from tests.reference.desks import tree

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

Due = list[Callable[[], Step]]  # each made when its turn comes
Errand = Callable[["Swarm"], Due]  # nothing where it cannot be done now
KEEP = wire.KEEP


def steps(*commands: Command) -> Due:
    return [partial(Step, command) for command in commands]


def later(make: Callable[[], Command]) -> Callable[[], Step]:
    """A command that is made of what there is by then."""
    return lambda: Step(make())


def traders(swarm: Swarm) -> list[Account]:
    """All who may trade."""
    state = swarm.model.state
    return [each for each in state.accounts_ascending() if tree.in_force(state, each) == AccountState.ACTIVE]


def able(swarm: Swarm, instrument: Instrument) -> list[Account]:
    """Those who may trade in it."""
    return [each for each in traders(swarm) if each.currency in (0, instrument.currency)]


def trading(swarm: Swarm) -> list[Instrument]:
    return [each for each in swarm.model.state.instruments_ascending() if each.state == InstrumentState.OPEN]


def somebody(swarm: Swarm) -> tuple[Account, Instrument] | None:
    """Who trades, and what."""
    instruments = trading(swarm)
    instrument = swarm.random.choice(instruments) if instruments else None
    accounts = able(swarm, instrument) if instrument else []
    return (swarm.random.choice(accounts), instrument) if accounts and instrument else None


def on_a_tick(instrument: Instrument, price: int) -> int:
    """A price near this one that an order may have."""
    tick = instrument.ticks().at(min(max(1, price), wire.MAX_PRICE))
    return min(max(tick, price // tick * tick), wire.MAX_PRICE // tick * tick)


def middle(swarm: Swarm, instrument: Instrument, side: int) -> int:
    """Where a side of the book begins, or would."""
    found = instrument.book.best(side) or instrument.reference_price
    return found or instrument.book.best(1 - side) or swarm.world.centre * instrument.tick_size


def at_once(swarm: Swarm, account: Account, instrument: Instrument, side: int, qty: int = 1) -> Command:
    """An order that takes so much of the best of the other side; it meets nobody where there is none."""
    price = on_a_tick(instrument, middle(swarm, instrument, 1 - side))
    said = {"instrument": instrument.number, "tif": TimeInForce.IOC}
    return ask.order(account.number, swarm.client_order_id(), side, price, qty, **said)


def another(swarm: Swarm, account: Account, instrument: Instrument) -> Account:
    """Somebody else who may trade in it; the same where there is nobody."""
    others = [each for each in able(swarm, instrument) if each is not account]
    return swarm.random.choice(others or [account])


def resting(account: Account, client_order_id: int) -> Order | None:
    """The account's live order of that id."""
    return next((each for each in account.orders if each.client_order_id == client_order_id), None)


def sign(side: int) -> int:
    """Which way a side's prices get better for the other one."""
    return 1 if side == Side.BUY else -1


def kept(account: Account, **values: int) -> Command:
    """SET_ACCOUNT that changes only these."""
    names = ("max_order_qty", "max_order_notional", "max_position", "max_open_orders", "max_messages")
    said = dict.fromkeys((*names, "currency", "plan"), KEEP) | values
    return ask.account(account.number, **said, flags=255, name=b"")
