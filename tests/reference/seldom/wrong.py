"""One field of a command that is wrong, and no other: each that is looked at as often as any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AuctionKind, CashRule, CommandKind, InstrumentState, Limit, RiskType

from tests.reference import amending
from tests.reference import commands as ask
from tests.reference.books import Instrument
from tests.reference.cash import rules
from tests.reference.commands import Command
from tests.reference.seldom.choosing import KEEP, kept

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

Wrong = dict[str, tuple[Any, ...]]
BELOW_ALL = -(1 << 63)
NOBODY = (1 << 20, wire.ANY)


def mistake(swarm: Swarm) -> Command:
    """Of any command that has one here."""
    random = swarm.random
    known = swarm.model.state.instruments
    instrument = random.choice(list(known.values())) if known else None
    if instrument is None:
        return swarm.make_new()
    makers = (*ANYWHERE, *OF_DESKS * bool(swarm.world.desks), *OF_CASH * bool(swarm.world.rules))
    found = random.choice(makers)(swarm, instrument)
    if found is None:
        return swarm.make_new()
    made, wrong = found
    name = random.choice(list(wrong))
    return Command(made.fields | {name: random.choice(wrong[name])})


def ticks(swarm: Swarm, instrument: Instrument) -> tuple[Command, Wrong]:
    """Four steps."""
    tick = instrument.tick_size
    values = [each for place in range(4) for each in (tick * 10 * place, tick)]
    wrong: Wrong = {f"value{place}": (-1, BELOW_ALL) for place in range(8)}
    wrong |= {f"value{place}": (-1, 0, (1 << 20) * tick + tick) for place in (1, 3, 5)}
    return ask.ticks(*values, instrument=instrument.number), wrong


def instrument(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    values = dict.fromkeys((f"value{place}" for place in range(8)), KEEP)
    wrong: Wrong = {name: (-2, 1 << 60) for name in values if name != "value6"}
    if any(each.instrument == known.number for each in swarm.model.state.positions):
        wrong["value6"] = (known.currency + 1,)
    return ask.command(CommandKind.SET_INSTRUMENT, instrument=known.number, **values), wrong


def state(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    made = ask.call(known.number, AuctionKind.OPENING, swarm.model.ts_ns + 1, InstrumentState.OPEN)
    return made, {"value0": (0, 9), "value1": (1, -1), "value2": (3, -1), "state": (4, 255)}


def bands(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    if known.state != InstrumentState.OPEN:
        return None
    price = known.reference_price or 1000
    made = ask.bands(price, price, price, instrument=known.number)
    most = wire.MAX_PRICE
    return made, {"value0": (0, -1, most + 1), "value1": (0, -1, most + 1), "value2": (-1, most + 1)}


def extension(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    values = (1, 1, 1, 1, 1, 1, 1, 1)
    made = ask.extension(known.number, swarm.random.choice(list(AuctionKind)), *values, flags=1)
    wrong: Wrong = {f"value{place}": (-1, 1 << 62) for place in range(7)}
    wrong |= {"value7": (-1, BELOW_ALL), "flags": (4, 255), "state": (0, max(AuctionKind) + 1)}
    return made, wrong


def of_an_account(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    accounts = list(swarm.model.state.accounts.values())
    if not accounts:
        return None
    account = swarm.random.choice(accounts)
    wrong: Wrong = {f"value{place}": (-2, 1 << 60) for place in (0, 1, 2, 3, 4, 6)}
    if account.currency or account.positions or account.cash:
        wrong["value5"] = (account.currency + 1,)
    return kept(account), wrong | {"flags": (4, 254)}


def of_capacity(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    values = swarm.model.state.capacity.values()
    wrong: Wrong = {f"value{place}": (-1, value - 1, 1 << 40) for place, value in enumerate(values)}
    return ask.configure(*values), wrong


def of_a_trade(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    random = swarm.random
    found = amending.facts(random, swarm.model)
    if found is None:
        return None
    wrong: Wrong = {"price": (0, -1, wire.MAX_PRICE + 1), "qty": (0, wire.MAX_QTY + 1), "flags": (2, 255)}
    if random.random() < 0.4:
        return ask.command(CommandKind.BUST_TRADE, **found), wrong
    new = {"new_price": found["price"], "new_qty": found["qty"]}
    if random.random() < 0.3:  # too much of it
        return ask.command(CommandKind.CORRECT_TRADE, **found, new_price=wire.MAX_PRICE, new_qty=1), {
            "new_qty": (wire.MAX_QTY,)
        }
    wrong |= {"new_price": (0, -1, wire.MAX_PRICE + 1), "new_qty": (0, wire.MAX_QTY + 1)}
    return ask.command(CommandKind.CORRECT_TRADE, **found, **new), wrong


def of_an_order(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    """What no NEW_SPECIAL may have."""
    accounts = list(swarm.model.state.accounts)
    if not accounts:
        return None
    made = ask.special(swarm.random.choice(accounts), swarm.client_order_id(), 0, 1, price=known.tick_size)
    made = Command(made.fields | {"instrument": known.number})
    high = (9, 255)
    return made, {"role": high, "peg": high, "modes": (4, 255), "order_type": high, "self_trade": high, "tif": high}


def risk(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    state = swarm.model.state
    levels = (state.risk.marks, state.risk.alert, state.risk.liquidation)
    made = ask.risk(*levels, state.desk_capacity, state.limited_capacity, tuple(state.cash))
    wrong: Wrong = {
        "value0": (-1, (1 << 20) + 1),
        "value1": (-1, 1, 1_000_001),
        "value2": (-1, 10_001),
        "value3": (-1, 1 << 16),
        "value4": (-1, (1 << 24) + 1),
    }
    return made, wrong | {f"value{index}": (-1, most + 1) for index, most in rules.SETTINGS}


def account_risk(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    accounts = list(swarm.model.state.accounts.values())
    if not accounts:
        return None
    account = swarm.random.choice(accounts)
    wrong: Wrong = {
        "state": (max(RiskType) + 1, 255),
        "value0": (-1, (1 << 53) + 1),
        "value1": (-1, 3, 255),
        "value2": (-1, 1, 2),
    }
    if account.flags:
        wrong["value1"] = (*CashRule,)[1:]
    if account.has_credit():
        wrong["state"] = (RiskType.MARGIN,)
    return ask.account_risk(account.number, RiskType.CASH, account.lists), wrong


def day_trades(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong]:
    wrong: Wrong = {f"value{index}": bounds for index, bounds in enumerate(((-1, 256), (0, 9), (-1, 10_001)))}
    return ask.day_trades(4, 5, 600, 10**9), wrong | {"value3": (-1, wire.MAX_CASH + 1)}


def day_trader(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    """One that is none."""
    accounts = swarm.model.state.accounts.values()
    plain = tuple(each.number for each in accounts if each.trader is None or not each.trader.is_pattern)
    return (ask.lift_day_trader(plain[0]), {"account": plain}) if plain else None


# Of worlds with desks


def desk(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    state = swarm.model.state
    names = tuple(each.name for each in state.desks.values())
    most = state.desk_capacity
    if most < 1:
        return None
    number = swarm.random.randint(1, most)
    taken = tuple(name for name in names if number not in state.desks or name != state.desks[number].name)
    wrong: Wrong = {"account": (0, most + 1, wire.ANY), "value0": (-1, most + 1, 1 << 40)}
    if number not in state.desks or taken:
        wrong["name"] = taken or (b"",)
    return ask.desk(number), wrong


def desk_state(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    desks = list(swarm.model.state.desks)
    return (ask.desk_state(desks[0], 0), {"state": (4, 255), "account": NOBODY}) if desks else None


def member(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    accounts, most = list(swarm.model.state.accounts), swarm.model.state.desk_capacity
    return (ask.member(accounts[0], 0), {"value0": (-1, most + 1, 1 << 40)}) if accounts else None


def limit(swarm: Swarm, known: Instrument) -> tuple[Command, Wrong] | None:
    state, random = swarm.model.state, swarm.random
    make, holders = random.choice(((ask.desk_limit, list(state.desks)), (ask.limit, list(state.accounts))))
    if not holders:
        return None
    made = make(random.choice(holders), random.choice(ACCOUNT_LIMITS), 5, 5)
    states = (0, Limit.MESSAGES + 1)
    wrong: Wrong = {"value0": (-1, BELOW_ALL, 4), "value1": (-1, 6), "state": states, "account": NOBODY}
    return made, wrong


OF_INSTRUMENTS = (ticks, ticks, instrument, state, bands, extension)
OF_DAYS = (day_trades, day_trader)
ANYWHERE = (*OF_INSTRUMENTS, of_an_account, of_capacity, of_a_trade, of_an_order, risk, account_risk, *OF_DAYS)
OF_CASH = (risk, risk, account_risk, account_risk)
OF_DESKS = (desk, desk_state, member, limit)
