"""What a swarm does about docs/risk.md: operators who watch accounts, set what they must keep, and are sometimes wrong;
and prices that jump."""

from __future__ import annotations

from random import Random
from typing import Any

from openbell import wire
from openbell.wire import AccountState, MarkBy, RiskType

from tests.reference import commands as ask
from tests.reference import nesting, worth
from tests.reference.books import Instrument
from tests.reference.commands import Command
from tests.reference.market import Market
from tests.reference.paying import PAID, spoilt

USUAL = {"risk": 0.4, "margin": 0.5, "account_risk": 0.7, "shock": 0.5, "to_level": 0.3}
KEEP = wire.KEEP
ALERTS = (0, 10_000, 12_000, 20_000, 20_000, 1_000_000)
LIQUIDATIONS = (0, 3_000, 5_000, 9_000, 10_000)
RATES = (
    (5_000, 2_500, 5_000, 3_000),
    (5_000, 2_500, 5_000, 3_000),
    (1_000, 500, 1_200, 600),
    (2_000, 1_500, 3_333, 1_234),
    (1_000, 2_500, 900, 3_000),  # less at first than later
    (10_000, 10_000, 10_000, 10_000),
    (0, 0, 0, 0),
)
EXTREMES = (100_000, 1, 99_999)
JUMPS = (50, 70, 85, 95, 105, 115, 140, 200)  # percent
WRONG_RISK = {"value0": (-1, (1 << 20) + 1), "value1": (-1, 1, 9_999, 1_000_001), "value2": (-1, 10_001, 1 << 40)}
WRONG_RISK |= {"value3": (-1, 1 << 16, 0), "value4": (-1, (1 << 24) + 1, 0)}
WRONG_MARGIN = {f"value{index}": (-1, 100_001, 1 << 62) for index in range(4)}
WRONG_MARGIN |= {f"value{index}": (-1, wire.MAX_PRICE + 1) for index in (4, 5)}
WRONG_MARGIN |= {f"value{index}": (-1, (1 << 53) + 1) for index in (6, 7)}
WRONG_MARGIN |= {"state": (max(MarkBy) + 1, 255), "instrument": (1 << 20, wire.ANY)}


def risk(random: Random, marks: tuple[int, ...], bad: bool, **fields: Any) -> Command:
    """How much is marked, and where levels begin."""
    made = ask.risk(random.choice(marks), random.choice(ALERTS), random.choice(LIQUIDATIONS), **fields)
    return spoilt(random, made, WRONG_RISK) if bad else made


def margin(
    random: Random, number: int, known: Instrument | None, lists: tuple[int, ...], bad: bool, **fields: Any
) -> Command:
    """Rates as they are in use, now and then absurd ones; leasts near the price, or none; lists that it may be on."""
    price = (known.reference_price if known else 0) or 1000
    rates = list(random.choice(RATES))
    if random.random() < 0.05:
        rates[random.randrange(4)] = random.choice(EXTREMES)
    least = random.choice((0, 0, 0, price // 3, price, price + 1, price * 2))
    least = min(wire.MAX_PRICE, wire.MAX_PRICE if random.random() < 0.01 else least)
    low = random.choice((0, least // 2, least // 2, price))
    volume = random.choice(nesting.VOLUMES) if random.random() < 0.98 else nesting.LARGEST_BITS
    mark_by = random.choice(list(MarkBy))
    made = ask.margin(number, *rates, low, least, mark_by, volume, random.choice(lists), **fields)
    return spoilt(random, made, WRONG_MARGIN) if bad else made


def account_risk(
    random: Random, number: int, types: tuple[int, ...], lists: tuple[int, ...], bad: bool, **fields: Any
) -> Command:
    """As the world has it, or otherwise; lists that it may not trade."""
    usual = types[number % len(types)]
    risk_type = usual if random.random() < 0.6 else random.choice(list(RiskType))
    made = ask.account_risk(number, risk_type, random.choice(lists), **fields)
    return spoilt(random, made, {"state": (3, 255), "value0": (-1, (1 << 53) + 1)}) if bad else made


def shock(random: Random, number: int, known: Instrument, **fields: Any) -> Command:
    """The reference price jumps."""
    price = known.reference_price * random.choice(JUMPS) // 100
    price = min(wire.MAX_PRICE, max(known.tick_size, price))
    return ask.instrument(number, KEEP, KEEP, price, KEEP, KEEP, KEEP, KEEP, KEEP, name=b"", **fields)


def to_level(random: Random, model: Market, **fields: Any) -> Command | None:
    """A CHARGE that brings a MARGIN account just to where a level begins. None where none has to keep anything."""
    state = model.state
    known = [(account, *worth.held(state, account)) for account in state.accounts.values() if account.has_margin()]
    known = [(account, equity, kept) for account, equity, kept in known if kept]
    if not known:
        return None
    account, equity, kept = random.choice(known)
    bound = random.choice((worth.WHOLE, worth.WHOLE, state.risk.alert, state.risk.liquidation))
    amount = equity - kept * bound // worth.WHOLE + random.choice((0, 0, 1, -1, -10_000))
    amount = min(wire.MAX_CASH, max(-wire.MAX_CASH, amount)) or 1
    return ask.charge(account.number, amount, random.choice(PAID), **fields)


def account_state(random: Random, model: Market, number: int, reopen: float, **fields: Any) -> Command:
    """Mostly open again, else any state; where orders are tied to others often one that these feel."""
    tied = [each.number for each in model.state.accounts.values() if any(order.ring for order in each.orders)]
    if tied and random.random() < 0.3:
        state = random.choice((AccountState.REDUCE_ONLY, AccountState.CLOSE_ONLY))
        return ask.account_state(random.choice(tied), state, **fields)
    restricted = [each.number for each in model.state.accounts.values() if each.state]
    if restricted and random.random() < reopen:
        number = random.choice(restricted)
    state = AccountState.ACTIVE if random.random() < reopen - 0.2 else random.choice(list(AccountState))
    return ask.account_state(number, state, **fields)
