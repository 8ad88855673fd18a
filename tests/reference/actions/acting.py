"""What a swarm does about docs/borrow.md and docs/actions.md: lots that are located and short sales that need them,
days that cost interest and fees, dividends, splits; now and then wrongly.

Each maker takes the swarm that it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import Borrow, InstrumentState, OrderType, Place, Role, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference import nesting, risking
from tests.reference.accounts import Account, Position
from tests.reference.actions import accruing, borrow, dividends, locates, splits
from tests.reference.books import Instrument, Order
from tests.reference.commands import Command
from tests.reference.compare import Step
from tests.reference.paying import CURRENCIES, FIRST_DAY, spoilt
from tests.reference.state import State

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

Maker = Callable[["Swarm"], Command]
USUAL = {
    "borrow": 0.25,
    "locate": 0.6,
    "short": 0.4,
    "child_short": 0.2,
    "rates": 0.1,
    "accrue": 0.3,
    "dividend": 0.3,
    "pay_dividend": 0.4,
    "split": 0.2,
    "old_trade": 0.05,
    "brink": 0.02,
}
FEES = (0, 2_500, 300_000, 300_000, borrow.MOST_FEE)
RATES = (0, 0, 15_000, 58_300, 58_300, accruing.MOST_RATE)
A_SHARE = (1, 10_000, 240_000, 820_000)
RATIOS = ((2, 1), (1, 2), (3, 2), (2, 3), (4, 1), (1, 8), (7, 1), (1, 10), (20, 1), (11, 10))
NEAR = 3  # times the price around which the world trades: farther away splits go back to it
LARGE = (10_000, 1)
BELOW_ALL = -(1 << 63)


def bad(swarm: Swarm, times: int = 10) -> bool:
    return swarm.chance(swarm.bad_share * times)


def known(swarm: Swarm) -> tuple[int, Instrument | None]:
    number = swarm.instrument()
    return number, swarm.model.state.instruments.get(number)


# Locates


def make_borrow(swarm: Swarm) -> Command:
    """Mostly one that is hard to borrow; of which less is there than was lent, now and then."""
    random = swarm.random
    number, instrument = known(swarm)
    lent = locates.lent(swarm.model.state, instrument) if instrument else 0
    usual = (Borrow.EASY,) if random.random() > swarm.world.hard else (Borrow.HARD,) * 5 + (Borrow.NONE,)
    inventory = random.choice((0, lent // 2, lent, lent + 5, lent + 10 * swarm.world.qty, lent + 1000, lent + 1000))
    if swarm.chance(0.3 if swarm.world.is_absurd else 0.02):
        inventory = borrow.MOST_LOTS
    inventory = min(inventory, borrow.MOST_LOTS)
    made = ask.borrow(number, random.choice(usual), random.choice(FEES), inventory, request=swarm.request())
    wrong = {
        "instrument": (1 << 20, wire.ANY),
        "state": (max(Borrow) + 1, 255),
        "value0": (-1, borrow.MOST_FEE + 1, BELOW_ALL),
        "value1": (-1, borrow.MOST_LOTS + 1, BELOW_ALL),
    }
    return spoilt(random, made, wrong) if bad(swarm) else made


def make_locate(swarm: Swarm) -> Command:
    """Some of what is available, or more; or what is free, or a lot more, given back."""
    random, state = swarm.random, swarm.model.state
    number, instrument = known(swarm)
    account = swarm.account()
    lendable = [each for each in state.instruments_ascending() if locates.available(state, each) > 0]
    if lendable and swarm.chance(0.8):
        instrument = random.choice(lendable)
        number = instrument.number
    located = [each for each in state.positions if each.located]
    lots = random.choice((1, 3, swarm.world.qty, 5 * swarm.world.qty))
    if instrument is not None and swarm.chance(0.2):
        lots = max(1, locates.available(state, instrument) + random.choice((0, 0, 0, 1, -1)))
    if located and swarm.chance(0.3):
        position = random.choice(located)
        account, number, most = position.account, position.instrument, locates.free(state, position)
        lots = -max(1, random.choice((1, most, most, most + 1, most // 2)))
    made = ask.locate(account, number, max(-borrow.MOST_LOTS, min(borrow.MOST_LOTS, lots)), request=swarm.request())
    most = borrow.MOST_LOTS
    wrong = {
        "account": (1 << 20, wire.ANY),
        "instrument": (1 << 20, wire.ANY),
        "value0": (0, most, most + 1, -most, -most - 1, BELOW_ALL),
    }
    return spoilt(random, made, wrong) if bad(swarm) else made


def hard(state: State) -> list[Instrument]:
    """Those that not everybody may sell short."""
    return [each for each in state.instruments_ascending() if each.borrow != Borrow.EASY]


def shorts(account: Account) -> bool:
    return account.may_short() and account.state == wire.AccountState.ACTIVE


def left(account: Account, instrument: Instrument) -> int:
    """Lots that it may sell yet."""
    position = account.positions.get(instrument.number) or Position(account.number, instrument.number)
    return position.qty - account.open_qty(instrument.number, Side.SELL) + position.located


def lots(wanted: int) -> int:
    """So many, as far as an order may have them."""
    return max(1, min(wanted, wire.MAX_QTY))


def near(instrument: Instrument, random: Random, least: int = 0) -> int:
    """A price that a sell rests at, mostly."""
    tick = instrument.tick_size
    best = instrument.book.best(Side.SELL) or instrument.reference_price or 1000 * tick
    return min(max(tick, best // tick * tick + random.randint(least, 3) * tick), wire.MAX_PRICE // tick * tick)


def seller(swarm: Swarm) -> tuple[Account, Instrument] | None:
    """Who may sell short, and what is hard to borrow."""
    state = swarm.model.state
    able, found = [each for each in state.accounts_ascending() if shorts(each)], hard(state)
    return (swarm.random.choice(able), swarm.random.choice(found)) if able and found else None


def make_short(swarm: Swarm) -> Command:
    """Sells all that was located, or one more; or makes so much of one that rests."""
    random = swarm.random
    who = seller(swarm)
    if who is None:
        return swarm.make_new()
    account, instrument = who
    rest = left(account, instrument)
    qty = lots(rest + random.choice((0, 0, 1, 1, -1)))
    own = [each for each in account.orders if sells(each, instrument) and not each.ring]
    if own and swarm.chance(0.4):
        order = random.choice(own)
        names = {"account": account.number, "order_id": order.order_id, "price": order.price}
        total = lots(order.filled + order.leaves + rest + random.choice((0, 1, 1, -1)))
        return ask.command(wire.CommandKind.REPLACE, **names, qty=total)
    fields = {"instrument": instrument.number, "tif": random.choice((TimeInForce.DAY, TimeInForce.GTC))}
    return ask.sell(account.number, swarm.client_order_id(), near(instrument, random), qty, **fields)


def sells(order: Order, instrument: Instrument) -> bool:
    return order.instrument is instrument and order.side == Side.SELL and order.place == Place.BOOK


def make_child_short(swarm: Swarm) -> Command:
    """A child that sells what was located, or more by when it wakes: its parent sells, too, and somebody buys that."""
    random = swarm.random
    who = seller(swarm)
    if who is None:
        return swarm.make_new()
    account, instrument = who
    child_id, parent_id, peer_id = (swarm.client_order_id() for _ in range(3))
    rest = left(account, instrument)
    said = {"instrument": instrument.number, "price": near(instrument, random), "tif": TimeInForce.GTC}
    qty = lots(random.choice((rest, rest, rest // 2)))
    child = ask.special(account.number, child_id, Side.SELL, lots(qty // 2), role=Role.CHILD, **said)
    parent = ask.special(account.number, parent_id, Side.SELL, qty, role=Role.PARENT, link_id=child_id, **said)
    resting = ask.special(account.number, parent_id, Side.SELL, qty, **said)
    stop = {"order_type": OrderType.STOP, "stop_price": instrument.tick_size}
    peer = ask.special(
        account.number, peer_id, Side.SELL, qty, role=Role.PEER, link_id=parent_id, **said | stop | {"price": 0}
    )
    none = ask.borrow(instrument.number, Borrow.NONE, 0, instrument.inventory)
    if swarm.chance(0.3):
        swarm.due = [partial(Step, each) for each in ([none] * swarm.chance(0.5) + [peer])]
        return resting
    swarm.due = [partial(Step, parent), *[partial(Step, none)] * swarm.chance(0.2)]
    swarm.due.append(lambda: Step(meeting(swarm, account, parent_id)))
    return child


def meeting(swarm: Swarm, account: Account, parent_id: int) -> Command:
    """Somebody who takes all of the parent, where it rests."""
    parents = [order for order in account.orders if order.client_order_id == parent_id and order.place == Place.BOOK]
    return nesting.taking(swarm.random, swarm.model, parents[0]) if parents else swarm.make_new()


# Interest and fees


def make_rates(swarm: Swarm) -> Command:
    random = swarm.random
    currency = random.choice(swarm.model.state.currencies)
    debit, credit = random.choice(RATES), random.choice(RATES)
    made = ask.rates(currency, debit, credit, random.choice((360, 365)), request=swarm.request())
    is_bad = bad(swarm, 20)
    others = tuple(each for each in CURRENCIES if each not in swarm.model.state.currencies)
    wrong = {
        "value0": (*others, -1, 1),
        "value1": (-1, accruing.MOST_RATE + 1),
        "value2": (-1, accruing.MOST_RATE + 1),
        "value3": (0, 359, 361, 364, 366, -1),
    }
    return spoilt(random, made, wrong) if is_bad else made


def make_accrue(swarm: Swarm) -> Command:
    """Mostly the next day."""
    random, last = swarm.random, swarm.model.state.accrue_date
    day = last + random.choice((1, 1, 3)) if last else FIRST_DAY
    made = ask.accrue(day, random.choice((1, 1, 1, 3, 31)), request=swarm.request())
    wrong = {"value0": (0, -1, last, last - 1, accruing.LAST_DAY + 1, BELOW_ALL), "value1": (0, -1, 32, 1 << 40)}
    return spoilt(random, made, wrong) if bad(swarm) else made


# Dividends


def make_dividend(swarm: Swarm) -> Command:
    random = swarm.random
    number, most = swarm.instrument(), dividends.MOST_A_SHARE
    if swarm.world.spare and swarm.chance(0.1):  # one that nobody has shares of
        number = swarm.world.instruments
    a_share = random.choice((*A_SHARE, most) if swarm.world.is_absurd else A_SHARE)
    made = ask.dividend(number, a_share, random.choice((0, 7, (1 << 63) - 1)), request=swarm.request())
    wrong = {
        "instrument": (1 << 20, wire.ANY),
        "value0": (0, -1, most + 1, BELOW_ALL),
        "value1": (-1, BELOW_ALL),
    }
    return spoilt(random, made, wrong) if bad(swarm) else made


def make_pay_dividend(swarm: Swarm) -> Command:
    random = swarm.random
    number = swarm.instrument()
    due = [each.instrument for each in swarm.model.state.positions if each.due]
    if due and swarm.chance(0.6):
        number = random.choice(due)
    made = ask.pay_dividend(number, random.choice((0, 7, (1 << 63) - 1)), request=swarm.request())
    wrong = {"instrument": (1 << 20, wire.ANY), "value1": (-1, BELOW_ALL)}
    return spoilt(random, made, wrong) if bad(swarm) else made


# Bounds


def make_brink(swarm: Swarm) -> Command:
    """Charges that leave an account (nearly) as deep in debt, or as rich, as anybody may be; then what asks for more;
    then the way back."""
    random, state = swarm.random, swarm.model.state
    able = [each for each in state.accounts_ascending() if not each.has_credit() and each.positions]
    owing = [each for each in able if any(position.qty < 0 for position in each.positions.values())]
    able = owing if owing and swarm.chance(0.5) else able
    if not able:
        return swarm.make_new()
    account = random.choice(able)
    position = min(account.positions.values(), key=lambda each: (each.qty >= 0, random.random()))
    is_rich = random.random() < 0.4
    room = wire.MAX_CASH - account.cash if is_rich else account.cash - account.hold() + wire.MAX_CASH
    room = max(1, room - random.choice((0, 1, 1000, 10**7)))
    steps = [min(room, wire.MAX_CASH), room - min(room, wire.MAX_CASH)]
    way = -1 if is_rich else 1
    charges = [ask.charge(account.number, way * amount) for amount in steps if amount]
    back = [ask.charge(account.number, -way * amount) for amount in steps if amount]
    day = (state.accrue_date or FIRST_DAY) + 1
    rates = ask.rates(account.currency, accruing.MOST_RATE, accruing.MOST_RATE, random.choice((360, 365)))
    number = position.instrument
    acts = [
        [rates, ask.accrue(day, 31)],
        [ask.rates(account.currency), ask.borrow(number, Borrow.EASY, borrow.MOST_FEE, 0), ask.accrue(day, 31)],
        [ask.dividend(number, dividends.MOST_A_SHARE), ask.pay_dividend(number)],
        closed(number, ask.split(number, 3, 2, wire.MAX_PRICE)),
    ]
    swarm.due = [partial(Step, each) for each in (*charges[1:], *random.choice(acts), *back)]
    return charges[0]


def closed(number: int, command: Command) -> list[Command]:
    """While it is closed."""
    before, after = (ask.instrument_state(number, state) for state in (InstrumentState.CLOSED, InstrumentState.OPEN))
    return [before, command, after]


# Splits


def make_split(swarm: Swarm) -> Command:
    """It closes or halts first, and mostly opens again then."""
    random = swarm.random
    number, instrument = known(swarm)
    new, old = ratio(random, swarm, instrument)
    worth = instrument.reference_price if instrument and swarm.chance(0.8) else random.choice((0, 1, wire.MAX_PRICE))
    made = ask.split(number, new, old, worth, request=swarm.request())
    if bad(swarm, 20):
        wrong = {
            "instrument": (1 << 20, wire.ANY),
            "value0": (0, -1, splits.MOST + 1),
            "value1": (0, -1, splits.MOST + 1, new),
            "value2": (-1, wire.MAX_PRICE + 1),
        }
        made = spoilt(random, made, wrong)
    if instrument is None or instrument.state in (InstrumentState.CLOSED, InstrumentState.HALTED) or bad(swarm, 3):
        return made
    level = risking.to_level(random, swarm.model) if swarm.chance(0.5) else None
    commands = [level] * (level is not None) + [made]
    if (new, old) == LARGE and swarm.world.is_absurd:
        inventory = ask.borrow(number, Borrow.EASY, 0, random.choice((0, borrow.MOST_LOTS)))
        commands = random.choice(([*commands, made, inventory, made, made], [inventory, *commands, made, made]))
    elif (new, old) == LARGE[::-1] and swarm.world.is_absurd and swarm.chance(0.8):
        commands += [made, made, ask.split(number, *LARGE)]
    commands += [ask.instrument_state(number, InstrumentState.OPEN)] * swarm.chance(0.9)
    swarm.due = [partial(Step, each) for each in commands if each is not None]
    return ask.instrument_state(number, random.choice((InstrumentState.CLOSED, InstrumentState.HALTED)))


def ratio(random: Random, swarm: Swarm, instrument: Instrument | None) -> tuple[int, int]:
    """Any, but back toward the prices of its world where they are far."""
    usual, here = swarm.world.centre * (instrument.tick_size if instrument else 1), 0
    here = instrument.reference_price if instrument else 0
    new, old = random.choice(RATIOS)
    if random.random() < (0.5 if swarm.world.is_absurd else 0.03):
        return LARGE if random.random() < 0.5 else LARGE[::-1]
    goes_away = (here > NEAR * usual and new < old) or (0 < here * NEAR < usual and new > old)
    return (old, new) if goes_away else (new, old)


def make_old_trade(swarm: Swarm) -> Command:
    """A bust of a trade of before a split."""
    split = [each for each in swarm.model.state.instruments_ascending() if each.trades_before]
    if not split or not swarm.model.state.accounts:
        return swarm.make_new()
    instrument, account = swarm.random.choice(split), min(swarm.model.state.accounts)
    trade_id = swarm.random.choice((instrument.trades_before, 1))
    return ask.bust(trade_id, account, account, 1, 1, instrument=instrument.number, request=swarm.request())


MAKERS: dict[str, Maker] = {name: globals()[f"make_{name}"] for name in USUAL}
