"""What a swarm does about docs/cash.md: accounts that are held to a rule, buy with what has not settled and sell it
again; debits that come between; operators who restrict and lift, now and then wrongly.

Each maker takes the swarm that it is for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from openbell import wire
from openbell.wire import CashRule, EventFlag, InstrumentState, OrderType, Place, RiskType, Role, Side, TimeInForce

from tests.reference import amending, nesting, paying
from tests.reference import commands as ask
from tests.reference.accounts import Account, Position
from tests.reference.books import Instrument
from tests.reference.cash import rules, trades
from tests.reference.commands import Command
from tests.reference.output import Filled
from tests.reference.paying import spoilt
from tests.reference.seldom.choosing import (
    Due,
    able,
    at_once,
    later,
    middle,
    on_a_tick,
    resting,
    steps,
    trading,
)
from tests.reference.seldom.orders import in_part

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

Maker = Callable[["Swarm"], Command]
USUAL = {
    "rule": 1.0,
    "cash_settings": 0.5,
    "lift": 1.0,
    "round_trip": 3.0,
    "spree": 0.2,
    "ride": 2.0,
    "pay_in": 1.0,
    "undo": 1.0,
}
NOBODY = (1 << 20, wire.ANY)
BELOW_ALL = -(1 << 63)
MOST = (0, 0, 1, 2, 3, rules.MOST_VIOLATIONS)
DAYS = (0, 0, 1, 5, 90, 90, rules.MOST_DAYS)
RATIOS = ((2, 1), (1, 2), (3, 2), (1, 50), (1, 50), (1, 50), (1, 50))


def bad(swarm: Swarm, times: int = 10) -> bool:
    return swarm.chance(swarm.bad_share * times)


def ruled(swarm: Swarm) -> list[Account]:
    return [each for each in swarm.model.state.accounts_ascending() if each.ruled is not None]


def rule_of(account: Account | None) -> int:
    """That it has now."""
    return account.ruled.rule if account is not None and account.ruled is not None else CashRule.NONE


def make_rule(swarm: Swarm) -> Command:
    """Mostly of those whom the world has for it; seldom none any more."""
    random, state = swarm.random, swarm.model.state
    plain = [each for each in state.accounts_ascending() if not each.flags]
    account = random.choice(plain) if plain and swarm.chance(0.9) else state.accounts.get(swarm.account())
    if account is None:
        return swarm.make_new()
    rule = random.choice((CashRule.COUNT, CashRule.COUNT, CashRule.REFUSE, CashRule.REFUSE, CashRule.NONE))
    if account.ruled is not None and rule == CashRule.NONE and swarm.chance(0.5):
        rule = CashRule.COUNT
    made = ask.account_risk(account.number, RiskType.CASH, account.lists, rule, request=swarm.request())
    if account.ruled is not None and account.unsettled() and swarm.chance(0.4):  # it begins anew
        none = ask.account_risk(account.number, RiskType.CASH, account.lists, CashRule.NONE)
        swarm.due = steps(made)
        return none
    wrong = {"value1": (-1, max(CashRule) + 1, 255, BELOW_ALL), "state": (RiskType.NONE, RiskType.MARGIN, 3)}
    return spoilt(random, made, wrong) if bad(swarm) else made


def make_cash_settings(swarm: Swarm) -> Command:
    random, state = swarm.random, swarm.model.state
    risk, days = state.risk, (random.choice(DAYS), random.choice(DAYS))
    made = ask.risk(
        risk.marks,
        risk.alert,
        risk.liquidation,
        state.desk_capacity,
        state.limited_capacity,
        (random.choice(MOST), *days),
        request=swarm.request(),
    )
    wrong = {f"value{index}": (-1, most + 1, BELOW_ALL) for index, most in rules.SETTINGS}
    return spoilt(random, made, wrong) if bad(swarm) else made


def make_lift(swarm: Swarm) -> Command:
    """Mostly what there is."""
    random = swarm.random
    held = [each for each in ruled(swarm) if each.ruled and (each.ruled.violations or each.ruled.is_restricted)]
    free = [each for each in ruled(swarm) if not is_restricted(each)]
    if free and swarm.chance(0.25):
        return ask.lift_cash(random.choice(free).number, 0, request=swarm.request())
    if not held or swarm.chance(0.1):
        number = swarm.account() if not held else random.choice(held).number
        account = random.choice((number, number, number, *NOBODY))
        return ask.lift_cash(account, random.choice((0, 1, 99, -1, BELOW_ALL)), request=swarm.request())
    account = random.choice(held)
    assert account.ruled
    numbers = [each.number for each in account.ruled.violations] + [0] * 5 * account.ruled.is_restricted
    return ask.lift_cash(account.number, random.choice(numbers), request=swarm.request())


# Trades that belong together


def plainly(swarm: Swarm) -> tuple[Account, list[Instrument]] | None:
    """One with a rule who may trade, and all that he may."""
    instruments = trading(swarm)
    who = [each for each in ruled(swarm) if any(each in able(swarm, one) for one in instruments)]
    if not who:
        return None
    account = swarm.random.choice(who)
    return account, [each for each in instruments if account.currency in (0, each.currency)]


def counterparty(swarm: Swarm, account: Account, instrument: Instrument, side: int) -> Account | None:
    """Somebody without a rule who may take that side."""
    others = [each for each in able(swarm, instrument) if each is not account and not has_rule(each)]
    if side == Side.SELL:
        others = [each for each in others if each.may_short() or has_left(each, instrument)]
    return swarm.random.choice(others) if others else None


def has_rule(account: Account) -> bool:
    return account.ruled is not None or account.trader is not None


def has_left(account: Account, instrument: Instrument) -> int:
    """Lots that it may sell yet, as far as an order may have them."""
    position = account.positions.get(instrument.number) or Position(account.number, instrument.number)
    return max(0, min(wire.MAX_QTY, position.qty - account.open_qty(instrument.number, Side.SELL)))


def deal(swarm: Swarm, account: Account, instrument: Instrument, side: int, lots: Callable[[], int]) -> Due:
    """Somebody offers what the account takes at once; both orders are made when their turn comes."""

    def offered() -> Command:
        other, wanted = counterparty(swarm, account, instrument, 1 - side), lots()
        if other is None or not wanted:
            return ask.note()
        said = {"instrument": instrument.number, "tif": TimeInForce.DAY}
        price = on_a_tick(instrument, middle(swarm, instrument, 1 - side))
        return ask.order(other.number, swarm.client_order_id(), 1 - side, price, wanted, **said)

    def taken() -> Command:
        wanted = lots()
        return at_once(swarm, account, instrument, side, wanted) if wanted else ask.note()

    return [later(offered), later(taken)]


def affordable(swarm: Swarm, account: Account, instrument: Instrument, share: float) -> int:
    """Lots that a part of what is free buys."""
    price = on_a_tick(instrument, middle(swarm, instrument, Side.SELL))
    lots = int(max(0, account.free()) * share) // instrument.notional(price, 1)
    return min(lots, wire.MAX_QTY)


def some(swarm: Swarm, most: int) -> int:
    """Of so many; 0 where there are none."""
    wanted = swarm.random.choice((most, most, most // 2, most // 3, most - 1))
    return max(min(1, most), min(wire.MAX_QTY, wanted))


def most_of(swarm: Swarm, account: Account, instrument: Instrument) -> int:
    """Lots that it may sell: mostly all, at times just those that are paid for, or one more."""
    left = has_left(account, instrument)
    paid = max(0, left - unpaid(account, instrument))
    if swarm.chance(0.7):
        return min(left, wire.MAX_QTY)
    return max(0, min(left, wire.MAX_QTY, paid + swarm.random.choice((0, 1, 1, 2))))


def unpaid(account: Account, instrument: Instrument) -> int:
    position = account.positions.get(instrument.number)
    return position.unpaid.all_lots() if position else 0


def is_restricted(account: Account) -> bool:
    return account.ruled is not None and account.ruled.is_restricted


def is_refused(account: Account) -> bool:
    return account.ruled is not None and account.ruled.rule == CashRule.REFUSE


def make_round_trip(swarm: Swarm) -> Command:
    """Sells one, buys another with what that brought, and often sells that again; days may pass between."""
    found = plainly(swarm)
    if found is None:
        return swarm.make_new()
    random, (account, instruments) = swarm.random, found
    owned = [each for each in instruments if has_left(account, each)] or instruments
    first, second = random.choice(owned), random.choice(instruments)
    if swarm.chance(0.7):  # lots that are paid for go first: where there are few of them
        second = min(instruments, key=lambda each: has_left(account, each) - unpaid(account, each))
    share = random.choice((0.99, 0.99, 0.7, 0.4))
    sold = deal(swarm, account, first, Side.SELL, lambda: some(swarm, has_left(account, first)))
    bought = deal(swarm, account, second, Side.BUY, lambda: affordable(swarm, account, second, share))
    again = deal(swarm, account, second, Side.SELL, lambda: most_of(swarm, account, second))
    day = [later(lambda: paying.settle(random, swarm.model, False))]
    if is_restricted(account) and swarm.chance(0.55):
        again = random.choice((replaced, woken, woken))(swarm, account, second)
    elif swarm.chance(0.85 if is_refused(account) else 0.7):
        again = random.choice(WAYS_REFUSED if is_refused(account) else WAYS)(swarm, account, second)
    parts = [sold, day * swarm.chance(0.25), bought, bought * swarm.chance(0.3), day * swarm.chance(0.25)]
    parts += [again, again * swarm.chance(0.3)] if swarm.chance(0.85) else []
    swarm.due = [step for part in parts for step in part]
    return swarm.due.pop(0)().command


def stopped(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """A stop that sells what it may when it comes; then it is met."""

    tick, number = instrument.tick_size, swarm.client_order_id()
    stop_price = max(tick, on_a_tick(instrument, instrument.reference_price) - swarm.random.randint(1, 4) * tick)
    bidder = counterparty(swarm, account, instrument, Side.BUY)

    def made() -> Command:
        fields = {"instrument": instrument.number, "order_type": OrderType.STOP, "tif": TimeInForce.GTC}
        lots = max(1, most_of(swarm, account, instrument))
        return ask.special(account.number, swarm.client_order_id(), Side.SELL, lots, stop_price=stop_price, **fields)

    def bid() -> Command:
        lots = max(50, min(2 * has_left(account, instrument), wire.MAX_QTY))
        said = {"instrument": instrument.number, "tif": TimeInForce.DAY}
        return ask.buy(bidder.number, number, stop_price, lots, **said) if bidder else ask.note()

    bought = deal(swarm, account, instrument, Side.BUY, lambda: affordable(swarm, account, instrument, 0.9))

    def traded() -> Command:
        seller = counterparty(swarm, bidder, instrument, Side.SELL) if bidder else None
        return in_part(swarm, resting(bidder, number), seller) if bidder and seller else ask.note()

    met = later(traded)
    first = [later(made), *bought] if swarm.chance(0.5) else [*bought, later(made)]
    return [*first, later(bid), met]


def in_an_auction(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """What rests is sold in an auction."""
    deals = deal(swarm, account, instrument, Side.SELL, lambda: has_left(account, instrument))

    def sells() -> Command:
        price, lots = instrument.tick_size, max(1, most_of(swarm, account, instrument))
        said = {"instrument": instrument.number, "tif": TimeInForce.DAY}
        return ask.sell(account.number, swarm.client_order_id(), price, lots, **said)

    open_again = ask.instrument_state(instrument.number, InstrumentState.OPEN)
    called, held = steps(ask.call(instrument.number), ask.run_auction(instrument.number))
    return [called, deals[0], later(sells), held, *steps(open_again)]


def delivered(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """Shares that are taken out."""

    def made() -> Command:
        lots = max(1, most_of(swarm, account, instrument))
        return ask.shares(account.number, instrument.number, -min(lots, 1 << 40))

    return [later(made)]


def rested(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """What it sells waits for somebody who buys it."""
    number = swarm.client_order_id()

    def offered() -> Command:
        lots, said = most_of(swarm, account, instrument), {"instrument": instrument.number, "tif": TimeInForce.DAY}
        price = on_a_tick(instrument, middle(swarm, instrument, Side.SELL))
        return ask.sell(account.number, number, price, lots, **said) if lots else ask.note()

    return [later(offered), later(partial(taken, swarm, account, number))]


def taken(swarm: Swarm, account: Account, number: int) -> Command:
    """Somebody trades with all of an order that rests."""
    order = resting(account, number)
    is_there = order is not None and order.resting and order.place == Place.BOOK
    return nesting.taking(swarm.random, swarm.model, order) if order and is_there else ask.note()


def undone(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """One of its last purchases, at times the cheapest, never was, or was another one."""

    def made() -> Command:
        bought = purchases(swarm, account, instrument)
        if not bought:
            return ask.note()
        one = min(bought, key=lambda each: each.price) if swarm.chance(0.5) else bought[-1]
        if swarm.chance(0.7):
            return amended(swarm, one)
        new_qty = max(1, one.qty + swarm.random.choice((-9, -3, 0, 2)))
        return amended(swarm, one, new_qty=min(new_qty, wire.MAX_QTY))

    return [later(made)]


def purchases(swarm: Swarm, account: Account, instrument: Instrument) -> list[Filled]:
    """Its fills that are remembered, oldest first."""
    key = account.number, instrument.number, Side.BUY
    return [each for each in swarm.model.state.output.fills if (each.account, each.instrument, each.side) == key]


def amended(swarm: Swarm, bought: Filled, **new: int) -> Command:
    """A bust of that trade, or a correction to something new; nothing where its seller's fill is not remembered."""
    fills = [each for each in swarm.model.state.output.fills if each.instrument == bought.instrument]
    seller = next((each for each in fills if each.trade_id == bought.trade_id and each.side == Side.SELL), None)
    if seller is None:
        return ask.note()
    facts = (bought.trade_id, bought.account, seller.account, bought.price, bought.qty)
    said = {"instrument": bought.instrument, "flags": int(bool(bought.flags & EventFlag.CROSS))}
    return ask.correct(*facts, **said | new) if new else ask.bust(*facts, **said)


def dearer(swarm: Swarm, account: Account, first: Instrument, second: Instrument) -> Due:
    """Buys with what it sold for, then dearer with nothing; then the former purchase never was: of what leaves, some
    was owed for."""
    number, noted = swarm.client_order_id(), list[Filled]()
    said = {"instrument": second.number, "tif": TimeInForce.DAY}

    def drained() -> Command:
        funds = min(trades.funds(account), wire.MAX_CASH)
        return ask.charge(account.number, funds) if funds > 0 else ask.note()

    def given() -> Command:
        noted.extend(purchases(swarm, account, second)[-1:])
        price = on_a_tick(second, middle(swarm, second, Side.BUY))
        lots = max(1, noted[0].qty // 3) if noted else 1
        return ask.charge(account.number, -min(second.notional(price, lots), wire.MAX_CASH))

    def rests() -> Command:
        price = on_a_tick(second, middle(swarm, second, Side.BUY))
        return ask.buy(account.number, number, price, max(1, affordable(swarm, account, second, 1.0)), **said)

    def corrected() -> Command:
        last = purchases(swarm, account, second)[-1:]
        if not last or last == noted:
            return ask.note()
        return amended(swarm, last[0], new_price=min(2 * last[0].price, wire.MAX_PRICE))

    sold = deal(swarm, account, first, Side.SELL, lambda: has_left(account, first))
    bought = deal(swarm, account, second, Side.BUY, lambda: affordable(swarm, account, second, 0.9))
    busted = later(lambda: amended(swarm, noted[0]) if noted else ask.note())
    met = later(partial(taken, swarm, account, number))
    return [*sold, later(drained), *bought, later(given), later(rests), later(drained), met, later(corrected), busted]


def divided(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """A split of what is not paid for, and back again."""
    (new, old), number, price = swarm.random.choice(RATIOS), instrument.number, instrument.reference_price
    closed, opened = (ask.instrument_state(number, each) for each in (InstrumentState.CLOSED, InstrumentState.OPEN))
    return steps(closed, ask.split(number, new, old, price), ask.split(number, old, new, price), opened)


def replaced(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """An order that rests becomes larger than what it may sell, or buy."""
    side, number = swarm.random.choice(list(Side)), swarm.client_order_id()
    side = Side.BUY if is_restricted(account) and swarm.chance(0.7) else side
    away = 9 * instrument.tick_size * (1 if side == Side.SELL else -1)
    price = on_a_tick(instrument, middle(swarm, instrument, side) + away)
    said = {"instrument": instrument.number, "tif": TimeInForce.DAY}

    def larger() -> Command:
        order = resting(account, number)
        lots = has_left(account, instrument) if side == Side.SELL else affordable(swarm, account, instrument, 0.99)
        total = order.filled + order.leaves + some(swarm, lots) if order else 2
        return ask.replace(account.number, number, price, max(2, min(total, wire.MAX_QTY)))

    return [*steps(ask.order(account.number, number, side, price, 1, **said)), later(larger)]


def woken(swarm: Swarm, account: Account, instrument: Instrument) -> Due:
    """A child that sells, or buys, more than it may by then."""
    side, first, second = swarm.random.choice(list(Side)), swarm.client_order_id(), swarm.client_order_id()
    side = Side.BUY if is_restricted(account) and swarm.chance(0.7) else Side.SELL if is_refused(account) else side
    price = on_a_tick(instrument, middle(swarm, instrument, Side.BUY))
    said = {"instrument": instrument.number, "price": price, "tif": TimeInForce.GTC}

    def made(role: int) -> Command:
        if side == Side.SELL:  # what is paid for goes with the parent
            missing = unpaid(account, instrument)
            lots = {Role.PARENT: has_left(account, instrument) - missing, Role.CHILD: missing}
        else:  # likewise what has settled
            pending = account.ruled.pending() if account.ruled else 0
            share = max(0.0, 1 - pending / max(1, account.free())) if is_restricted(account) else 0.45
            shares = {Role.PARENT: share, Role.CHILD: 1 - share}
            lots = {each: affordable(swarm, account, instrument, part) for each, part in shares.items()}
        qty = min(lots.values()) if role == Role.CHILD else lots[Role.PARENT]
        number, link = (first, 0) if role == Role.CHILD else (second, first)
        kind = {"side": side, "qty": max(1, min(qty, wire.MAX_QTY)), "role": role, "link_id": link}
        return ask.special(account.number, number, **kind, **said)

    met = later(partial(taken, swarm, account, second))
    return [later(lambda: made(Role.CHILD)), later(lambda: made(Role.PARENT)), met]


def make_spree(swarm: Swarm) -> Command:
    """The same again day after day, until there are more violations than are kept."""
    found = plainly(swarm)
    if found is None:
        return swarm.make_new()
    account, instruments = found
    risk, state = swarm.model.state.risk, swarm.model.state
    places = (state.desk_capacity, state.limited_capacity)
    keeps = ask.risk(risk.marks, risk.alert, risk.liquidation, *places, (swarm.random.choice(MOST), 0, 0))
    held = ask.account_risk(account.number, RiskType.CASH, account.lists, CashRule.COUNT)
    day = later(lambda: paying.settle(swarm.random, swarm.model, False))
    swarm.due = [*steps(held)]
    for place in range(9):
        first, second = (instruments[(place + more) % len(instruments)] for more in (0, 1))
        swarm.due += deal(swarm, account, first, Side.SELL, partial(has_left, account, first))
        swarm.due += deal(swarm, account, second, Side.BUY, partial(affordable, swarm, account, second, 0.95))
        swarm.due += [*deal(swarm, account, second, Side.SELL, partial(has_left, account, second)), day]
    return keeps


WAYS_REFUSED = (stopped, stopped, delivered, replaced, replaced, woken, woken, rested, undone)
WAYS = (stopped, stopped, in_an_auction, delivered, replaced, woken, rested, rested, undone, divided, divided)


def make_ride(swarm: Swarm) -> Command:
    """Buys rest, a debit comes, they trade: there is nothing to pay with. Then what was bought is sold, or the debt is
    paid."""
    found = plainly(swarm)
    if found is None:
        return swarm.make_new()
    random, (account, instruments) = swarm.random, found
    instrument, number = random.choice(instruments), swarm.client_order_id()
    said = {"instrument": instrument.number, "tif": TimeInForce.DAY}
    owned = [each for each in instruments if has_left(account, each)]
    if owned and swarm.chance(0.2):
        swarm.due = dearer(swarm, account, random.choice(owned), instrument)
        return swarm.due.pop(0)().command

    def rests() -> Command:
        price = on_a_tick(instrument, middle(swarm, instrument, Side.BUY))
        lots = affordable(swarm, account, instrument, random.choice((0.9, 0.5)))
        return ask.buy(account.number, number, price, max(1, min(lots, 3 * swarm.world.qty)), **said)

    charged = [1]

    def debit() -> Command:
        amount = max(1, account.cash - account.withdrawn()) + random.choice((-1, 0, 1, 10**6))
        charged[0] = min(max(1, amount - random.choice((0, 0, 10_000, 500_000))), wire.MAX_CASH)
        return ask.charge(account.number, charged[0])

    sold = deal(swarm, account, instrument, Side.SELL, lambda: most_of(swarm, account, instrument))
    day = [later(lambda: paying.settle(random, swarm.model, False))]
    pays = [later(lambda: paid_in(swarm, account))]
    before = [each for each in instruments if has_left(account, each)]
    if before and swarm.chance(0.5):  # there is something to pay with, but not enough
        first = random.choice(before)
        parts = [deal(swarm, account, first, Side.SELL, lambda: some(swarm, has_left(account, first)))]
    else:
        parts = []
    parts += [[later(rests), later(debit), later(partial(taken, swarm, account, number))]]
    parts += [undone(swarm, account, instrument)] * swarm.chance(0.25)
    parts += [random.choice(([], [], day)), random.choice(([], [], pays))]
    back = [later(lambda: ask.charge(account.number, -charged[0]))] * swarm.chance(0.9)
    swarm.due = [step for part in (*parts, sold, random.choice((day, pays, [])), back) for step in part]
    return swarm.due.pop(0)().command


def paid_in(swarm: Swarm, account: Account) -> Command:
    """A deposit of what is missing, more or less."""
    own = account.positions.values()
    money = sum(sum(each.unpaid.money.values()) for each in own)
    missing = max(0, -trades.funds(account))
    amount = swarm.random.choice((missing, missing + money, missing + money // 2, missing + money // 7, money, 1))
    return ask.deposit(account.number, max(1, min(amount + swarm.random.choice((0, 0, 1, -1)), wire.MAX_CASH)))


def make_pay_in(swarm: Swarm) -> Command:
    """Of somebody who has not paid for all, where there is one. Who has nothing more to trade with is given some."""
    poor = [each for each in ruled(swarm) if each.free() < swarm.world.cash // 20]
    if poor and swarm.chance(0.6):
        return ask.charge(swarm.random.choice(poor).number, -swarm.world.cash // 2)
    bare = [each for each in ruled(swarm) if all(own.qty <= 0 for own in each.positions.values())]
    if bare and swarm.chance(0.6):
        return ask.shares(swarm.random.choice(bare).number, swarm.instrument(), swarm.world.shares, 1000)
    held = [each for each in ruled(swarm) if any(own.unpaid.all_lots() for own in each.positions.values())]
    return paid_in(swarm, swarm.random.choice(held)) if held else swarm.make_new()


def make_undo(swarm: Swarm) -> Command:
    """A bust or a correction of a trade of such an account."""
    numbers = {each.number for each in ruled(swarm)}
    for _ in range(9):
        found = amending.facts(swarm.random, swarm.model)
        if found and numbers & {found["account"], found["seller"]}:
            if swarm.chance(0.5):
                return ask.command(wire.CommandKind.BUST_TRADE, **found)
            new_qty = max(1, found["qty"] + swarm.random.choice((-9, -3, -1, 0, 1, 4)))
            new_price = max(1, found["price"] + swarm.random.choice((0, -30, 30)))
            return ask.command(wire.CommandKind.CORRECT_TRADE, **found, new_price=new_price, new_qty=new_qty)
    return swarm.make_new()


MAKERS: dict[str, Maker] = {name: globals()[f"make_{name}"] for name in USUAL}
