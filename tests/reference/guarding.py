"""What a swarm does about docs/disconnect.md: traders who arm and disarm, sessions that end, a table that fills."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell.wire import ArmFlag

from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.guards import LEAST_NS, MOST_GUARDS, MOST_NS
from tests.reference.market import Market

USUAL = {"arm": 1.6, "disconnect": 0.5, "timers": 0.1}
TIMEOUTS_NS = (0, LEAST_NS, LEAST_NS, LEAST_NS + 1, 5 * LEAST_NS, MOST_NS)
WRONG_NS = (1, -1, LEAST_NS - 1, MOST_NS + 1, -(1 << 63), (1 << 63) - 1)


def arm(random: Random, model: Market, account: int, bad: bool) -> Command:
    """Mostly something new; often one that is there, anew or no more."""
    keys = list(model.state.guards)
    session, flags = random.randrange(3), random.choice((0, 0, ArmFlag.KEEP_GTC, ArmFlag.KEEP_AUCTION, 12))
    if keys and random.random() < 0.4:
        account, session = random.choice(keys)
    if random.random() < (0.6 if session == 0 else 0.2):
        flags |= ArmFlag.OF_ACCOUNT
    elif random.random() < 0.5:
        flags |= ArmFlag.ON_DISCONNECT
    timeout_ns = random.choice(TIMEOUTS_NS)
    if bad:
        timeout_ns = random.choice((*WRONG_NS, 0, LEAST_NS))
        flags = random.choice((flags, 3, 7, 16, 255))
    return ask.arm(account, timeout_ns, flags, session, client_order_id=random.randrange(99))


def disconnect(random: Random, model: Market, account: int) -> Command:
    """The end of a session, mostly of one with a guard."""
    keys = [key for key in model.state.guards if key[1]]
    if keys and random.random() < 0.8:
        return ask.disconnect(*random.choice(keys))
    return ask.disconnect(account, random.randrange(4))


def timers(random: Random, model: Market, bad: bool) -> Command:
    more: Any = random.choice((0, 0, 1, 2))
    if bad:
        more = random.choice((-1, -100, MOST_GUARDS + 1, -(1 << 62)))
    return ask.timers(model.state.guard_capacity + more)
