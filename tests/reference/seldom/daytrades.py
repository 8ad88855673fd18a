"""Days of somebody with a rule of day trades: what is bought and sold again, patterns of that, what a pattern day
trader with less than the least equity is refused, and cash that stays. docs/daytrading.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from openbell import wire
from openbell.wire import DayTradeRule, InstrumentState, OrderType, Role, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference import margin, paying, worth
from tests.reference.accounts import Account
from tests.reference.books import Instrument
from tests.reference.cash.ruling import (
    amended,
    deal,
    delivered,
    divided,
    has_left,
    in_an_auction,
    purchases,
    rested,
    taken,
    undone,
)
from tests.reference.commands import Command
from tests.reference.daytrading import rules
from tests.reference.seldom.choosing import Due, able, later, middle, on_a_tick, resting, steps, trading

if TYPE_CHECKING:
    from tests.reference.swarm import Swarm

BUY, SELL = Side.BUY, Side.SELL
FEW = 9  # lots
MOST_OLD = 10_000  # of a split
SIX_PERCENT = 600
TRADES_OF_ONE = 17  # with so many trades one day trade is less than six percent


class Day(NamedTuple):
    """Who trades, and what."""

    swarm: Swarm
    account: Account
    instrument: Instrument
    other: Instrument

    def position(self) -> int:
        own = self.account.positions.get(self.instrument.number)
        return own.qty if own else 0

    def deal(self, side: int, lots: int | Callable[[], int], instrument: Instrument | None = None) -> Due:
        """It trades so much at once."""
        wanted = lots if callable(lots) else lambda: lots
        return deal(self.swarm, self.account, instrument or self.instrument, side, wanted)

    def some(self) -> int:
        return self.swarm.random.randint(1, FEW)

    def opens(self) -> int:
        """The side that makes the position larger."""
        return SELL if self.position() < 0 or (not self.position() and self.swarm.chance(0.4)) else BUY

    def round_trip(self) -> Due:
        """Opened, perhaps in parts, and closed, perhaps in parts."""
        side, lots = self.opens(), self.some() + 1
        first, last = (self.swarm.random.choice((lots, 1)) for _ in range(2))
        parts = [(side, first), (side, lots - first), (1 - side, last), (1 - side, lots - last)]
        return [step for way, qty in parts if qty for step in self.deal(way, qty)]

    def over(self) -> Due:
        """The day."""
        return [later(lambda: paying.settle(self.swarm.random, self.swarm.model, False))]

    def settings(self, **values: int) -> Command:
        return ask.day_trades(**self.swarm.model.state.day_trades._asdict() | values)

    def equity(self) -> int:
        return worth.held(self.swarm.model.state, self.account)[0]

    def enough(self) -> Due:
        """What keeps the account from trading goes: a least equity, want of cash."""
        trader, state, cash = self.account.trader, self.swarm.model.state, self.swarm.world.cash
        is_short = trader is not None and trader.is_pattern and self.equity() < state.day_trades.equity
        free = [later(lambda: self.settings(equity=0))] if is_short and self.swarm.chance(0.9) else []
        is_poor = worth.excess(state, self.account) < cash // 2
        return free + [later(lambda: ask.charge(self.account.number, -cash))] * is_poor

    def least(self, above: int) -> Command:
        """The least equity becomes what it has and so much more."""
        return self.settings(equity=max(0, min(wire.MAX_CASH, self.equity() + above)))

    def aside(self, side: int) -> int:
        """A price at which nobody trades."""
        away = FEW * self.instrument.tick_size * (1 if side == SELL else -1)
        return on_a_tick(self.instrument, middle(self.swarm, self.instrument, side) + away)

    def order(self, side: int, lots: int, number: int, **fields: int) -> Command:
        said = {"instrument": self.instrument.number, "price": self.aside(side), "tif": TimeInForce.GTC}
        return ask.special(self.account.number, number, side, max(1, min(lots, wire.MAX_QTY)), **said | fields)


Story = Callable[[Day], Due]
# FINRA Regulatory Notice 21-13: side, lots, and which of two shares.
EXAMPLES = (
    ((BUY, 250, 0), (BUY, 250, 0), (SELL, 500, 0)),
    ((BUY, 100, 0), (SELL, 100, 0), (BUY, 100, 0), (SELL, 100, 0)),
    ((BUY, 500, 0), (SELL, 100, 0), (SELL, 100, 0), (SELL, 300, 0)),
    ((BUY, 250, 0), (BUY, 300, 0), (BUY, 100, 0), (SELL, 150, 0), (SELL, 175, 0)),
    ((BUY, 199, 0), (BUY, 142, 0), (SELL, 1, 0), (BUY, 45, 0), (SELL, 100, 0), (SELL, 200, 0)),
    ((BUY, 200, 0), (BUY, 100, 1), (SELL, 100, 0), (SELL, 100, 1)),
)


def in_turn(*parts: Due) -> Due:
    return [step for part in parts for step in part]


def example(day: Day) -> Due:
    parts = day.swarm.random.choice((*EXAMPLES, EXAMPLES[1], EXAMPLES[-1]))
    shares = (day.instrument, day.other)
    return in_turn(*(day.deal(side, lots, shares[which]) for side, lots, which in parts))


def overnight(day: Day) -> Due:
    """Held over a night, or some of it; then sold, bought again and sold."""
    side, lots = day.opens(), day.some() + 2
    part = day.swarm.random.choice((1, lots - 1, lots))
    bought = [day.deal(side, lots), day.over(), day.deal(side, day.some()) if day.swarm.chance(0.4) else []]
    return in_turn(*bought, day.deal(1 - side, part), day.deal(1 - side, lots), *[day.round_trip()] * 2)


def across(day: Day) -> Due:
    """Through nothing to the other side, and back."""
    side, lots = day.opens(), day.some()
    twice = day.deal(1 - side, lambda: min(wire.MAX_QTY, abs(day.position()) + lots))
    night = day.over() if day.swarm.chance(0.3) else []
    return in_turn(day.deal(side, lots), night, twice, day.deal(side, day.swarm.random.choice((lots, 1, 2 * lots))))


def days(day: Day) -> Due:
    """Day after day, so that some that counted do not any more."""
    random = day.swarm.random
    settings = later(lambda: day.settings(most=random.choice((0, 0, 4, 255)), days=random.randint(1, 8)))
    parts = [in_turn(day.round_trip(), day.over() * day.swarm.random.choice((1, 1, 2))) for _ in range(5)]
    return in_turn([settings], *parts)


def pattern(day: Day) -> Due:
    """As many day trades as make one."""
    most, share = day.swarm.random.choice((1, 2, 4, 4)), day.swarm.random.choice((0, SIX_PERCENT, SIX_PERCENT))
    settings = later(lambda: day.settings(most=most, days=day.swarm.random.randint(1, 8), share=share))
    return in_turn([settings], *(day.round_trip() for _ in range(most)))


def barred(day: Day) -> Due:
    """Enough of them, but no more than their share of all trades: just so much, or less."""
    settings = later(lambda: day.settings(most=1, days=1, share=5000))
    return in_turn(lifted(day), day.over(), [settings], day.deal(BUY, 2), day.deal(SELL, 2))


def few_of_many(day: Day) -> Due:
    """Six percent are not exceeded by one of 17."""
    settings = later(lambda: day.settings(most=1, days=1, share=SIX_PERCENT))
    side, number = day.opens(), TRADES_OF_ONE - day.swarm.random.choice((0, 0, 0, 1))
    opened = [day.deal(side, 1) for _ in range(number - 1)]
    return in_turn(lifted(day), day.over(), [settings], *opened, day.deal(1 - side, 1))


def lifted(day: Day) -> Due:
    return [later(lambda: ask.lift_day_trader(day.account.number))]


def lifted_again(day: Day) -> Due:
    return in_turn(made(day), lifted(day), pattern(day), lifted(day))


def made(day: Day) -> Due:
    """It has a pattern; nothing where it has one."""
    trader = day.account.trader
    if trader is None or trader.is_pattern:
        return []
    settings = later(lambda: day.settings(most=1, share=0))
    return in_turn([settings], day.deal(BUY, 1), day.deal(SELL, 1), day.deal(BUY, 1), day.deal(SELL, 1))


# Less than the least equity


def below(day: Day) -> Due:
    """Just too little, or just enough: opening is tried, and closing."""
    above = day.swarm.random.choice((1, 1, 1000, 10**6, 0, -1))
    held = day.deal(day.opens(), day.some())
    acts = [opening(day), *day.swarm.random.sample([opening(day), closing(day), closing(day), beyond(day)], 3)]
    return in_turn(made(day), held, [later(lambda: day.least(above))], *acts)


def opening(day: Day) -> Due:
    return [later(lambda: day.order(day.opens(), day.some(), day.swarm.client_order_id()))]


def closing(day: Day) -> Due:
    def lots() -> int:
        held = abs(day.position())
        return min(held, wire.MAX_QTY, day.swarm.random.choice((held, day.some())))

    return [later(lambda: day.order(1 - day.opens(), lots(), day.swarm.client_order_id())), *day.deal(SELL, lots)]


def beyond(day: Day) -> Due:
    """One lot more than there is to close."""
    return [later(lambda: day.order(1 - day.opens(), abs(day.position()) + 1, day.swarm.client_order_id()))]


def replaced(day: Day) -> Due:
    """An order of before becomes larger, smaller or cheaper."""
    number, side = day.swarm.client_order_id(), day.swarm.random.choice(list(Side))

    def other() -> Command:
        order = resting(day.account, number)
        qty = order.filled + order.leaves if order else 2
        room = max(0, day.position() if side == SELL else -day.position())
        qty = max(1, day.swarm.random.choice((qty + 1, qty - 1, qty, room, room + 1)))
        return ask.replace(day.account.number, number, day.aside(side), min(qty, wire.MAX_QTY))

    first = [later(lambda: day.order(side, day.some() + 1, number))]
    return in_turn(made(day), first, [later(lambda: day.least(1)), later(other), later(other)])


def woken(day: Day) -> Due:
    """A child that waited."""
    side, child, parent = day.opens(), *(day.swarm.client_order_id() for _ in range(2))
    here = {"price": on_a_tick(day.instrument, middle(day.swarm, day.instrument, side))}
    sent = [
        later(lambda: day.order(side, day.some(), child, role=Role.CHILD, **here)),
        later(lambda: day.order(side, day.some(), parent, role=Role.PARENT, link_id=child, **here)),
    ]
    met = later(partial(taken, day.swarm, day.account, parent))
    return in_turn(made(day), sent, [later(lambda: day.least(10**9)), met])


def peer(day: Day) -> Due:
    """Another one for the same lots as one that rests."""
    side, first, second = day.opens(), *(day.swarm.client_order_id() for _ in range(2))
    one = later(lambda: day.order(side, day.some(), first))

    def again() -> Command:
        order = resting(day.account, first)
        stop = {"order_type": OrderType.STOP, "stop_price": day.aside(1 - side), "price": 0}
        return day.order(side, order.leaves if order else 1, second, role=Role.PEER, link_id=first, **stop)

    return in_turn(made(day), [one], [later(lambda: day.least(day.swarm.random.choice((1, 0))))], [later(again)])


# Cash that stays


def paid_in(day: Day) -> Due:
    """What is missing, less or more; who takes it out again finds it free some days later."""
    random, swarm, number = day.swarm.random, day.swarm, day.account.number
    missing = random.choice((1, 10_000, 10**6, 10**8))
    amount = random.choice((missing, missing, 2 * missing, max(1, missing // 2)))

    def out() -> Command:
        most = margin.withdrawable(swarm.model.state, day.account)
        wanted = most + random.choice((0, 1, 1, rules.kept(day.account), rules.kept(day.account)))
        return ask.deposit(number, -max(1, min(wire.MAX_CASH, wanted)))

    back = later(lambda: ask.deposit(number, max(1, amount // 2)))
    acts = [[later(out)], day.over(), [later(out)], day.over(), [back], day.over(), [later(out)], day.over()]
    rule = ask.account_risk(number, lists=day.account.lists)
    ends = random.choice(([], [], [], lifted(day), steps(rule)))
    pays = later(lambda: ask.deposit(number, amount))
    return in_turn(made(day), [later(lambda: day.least(missing)), pays], *acts[: random.randint(1, 8)], ends)


def all_of_it(day: Day) -> Due:
    """As much as may ever stay, three days long; what came in is charged again."""
    number, amount = day.account.number, wire.MAX_CASH // 2 + 1
    pays = [later(lambda: ask.deposit(number, amount)), later(lambda: ask.charge(number, amount))]
    parts = [in_turn(pays, pays, day.over()) for _ in range(day.swarm.random.choice((1, 3)))]
    least = [later(lambda: day.settings(equity=wire.MAX_CASH))]
    return in_turn(made(day), least, *parts, [later(lambda: ask.deposit(number, -1))], lifted(day))


# What else moves lots


def moved(day: Day) -> Due:
    """Bought today; then not all of it was, or goes elsewhere, or becomes more or fewer; then sold."""
    way = day.swarm.random.choice((undone, undone, delivered, divided))
    lots, bought = partial(has_left, day.account, day.instrument), day.some() + 1
    first = (
        day.deal(SELL, lots) if day.swarm.chance(0.5) and day.position() > 0 else []
    )  # so that less is left of before
    if way is divided and day.swarm.chance(0.6):  # few beside many
        first, bought = steps(ask.shares(day.account.number, day.instrument.number, 500, 1)), 1
        if day.swarm.chance(0.6):  # some of the day went before
            first += in_turn(day.deal(BUY, 3), day.deal(SELL, 3))
    return in_turn(first, day.deal(BUY, bought), way(day.swarm, day.account, day.instrument), day.deal(SELL, lots))


def weighed(day: Day, side: int) -> Due:
    """Just how many lots were opened that day and still are: one is opened, a split leaves one of all, or none, and
    that is closed."""
    old, instrument = list[int](), day.instrument.number

    def opened() -> int:
        own = day.account.positions.get(instrument)
        return own.opened.lots if own else 0

    def enough() -> Command:
        """So that something is left after the split."""
        lots = max(2, opened() + day.swarm.random.choice((0, 1)))
        old.append(min(lots, MOST_OLD))
        missing = old[0] - day.position()
        return ask.shares(day.account.number, instrument, missing, 1) if 0 < missing <= old[0] else ask.note()

    def fewer() -> Command:
        return ask.split(instrument, 1, old[0], day.instrument.reference_price)

    def again() -> Command:
        return ask.split(instrument, old[0], 1, day.instrument.reference_price)

    states = (ask.instrument_state(instrument, state) for state in (InstrumentState.CLOSED, InstrumentState.OPEN))
    closed, reopened = map(steps, states)
    parts = [day.deal(side, 1), [later(enough)], closed, [later(fewer), later(again)], reopened]
    return in_turn(*parts, day.deal(1 - side, 1))


def measured(day: Day) -> Due:
    side = day.opens()
    before = day.swarm.random.choice((overnight, round_trip, across))
    first = in_turn(day.deal(side, day.some() + 2), before(day))
    return in_turn(first, weighed(day, side if before is not across else day.swarm.random.choice(list(Side))))


def busted(day: Day, **new: int) -> Command:
    """The last purchase; new: what it was instead."""
    bought = purchases(day.swarm, day.account, day.instrument)
    return amended(day.swarm, bought[-1], **new) if bought else ask.note()


def lowered(day: Day) -> Due:
    """More was opened than is there, once a purchase never was, or lots went elsewhere."""

    def some() -> int:
        return max(0, has_left(day.account, day.instrument) - 2)

    gone = ask.shares(day.account.number, day.instrument.number, -4)
    corrected, bust = partial(busted, day, new_qty=1), partial(busted, day)
    way = day.swarm.random.choice(([later(bust)], [later(corrected)], steps(gone)))
    bought = day.deal(BUY, 2), day.deal(SELL, some), day.over(), day.deal(BUY, 6)
    return in_turn(*bought, way, weighed(day, BUY))


def turned(day: Day) -> Due:
    """A purchase of which some was sold never was: what is short then was opened by nothing of the day."""
    lots, bust = partial(has_left, day.account, day.instrument), [later(partial(busted, day))]
    return in_turn(day.deal(SELL, lots), day.deal(BUY, 4), day.deal(SELL, 2), bust, day.deal(BUY, 1))


def ruled_again(day: Day) -> Due:
    """What was bought before the rule counts as held overnight."""
    account = day.account
    none = ask.account_risk(account.number, lists=account.lists)
    rule = ask.account_risk(account.number, lists=account.lists, day_trades=DayTradeRule.PATTERN)
    side = day.opens()
    return in_turn(day.deal(side, 3), steps(none, rule), day.deal(1 - side, 2))


def round_trip(day: Day) -> Due:
    return day.round_trip()


def sold(day: Day) -> Due:
    """Bought today, and sold by an order that rests, or in an auction."""
    way = day.swarm.random.choice((rested, in_an_auction))
    return in_turn(day.deal(BUY, day.some()), way(day.swarm, day.account, day.instrument))


STORIES: dict[Story, float] = {
    example: 8.0,
    overnight: 2.0,
    across: 2.0,
    days: 1.0,
    pattern: 2.0,
    barred: 1.0,
    few_of_many: 1.5,
    lifted_again: 1.0,
    below: 3.0,
    replaced: 2.0,
    woken: 2.0,
    peer: 1.5,
    paid_in: 3.0,
    all_of_it: 0.4,
    moved: 4.0,
    measured: 3.0,
    lowered: 3.0,
    turned: 1.5,
    ruled_again: 1.0,
    sold: 2.0,
}


def told(swarm: Swarm) -> Due:
    """Any of them, of somebody with a rule who may trade; nothing where there is nobody."""
    instruments = trading(swarm)
    who = [each for each in swarm.model.state.accounts_ascending() if each.trader is not None]
    who = [each for each in who if instruments and all(each in able(swarm, one) for one in instruments)]
    if not who:
        return []
    random = swarm.random
    (story,) = random.choices(list(STORIES), list(STORIES.values()))
    first = random.choice(instruments)
    others = [each for each in instruments if each is not first] or [first]
    day = Day(swarm, random.choice(who), first, random.choice(others))
    return in_turn(day.enough(), story(day))
