"""What a swarm does about docs/desks.md: operators who move desks and accounts, stop them, and set limits; and limits
set just where the next orders feel them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any, NamedTuple

from openbell import wire
from openbell.limits import ACCOUNT_LIMITS
from openbell.wire import AccountState, CommandKind, InstrumentState, Limit, Place, RiskType, Role, Side, TimeInForce

from tests.reference import commands as ask
from tests.reference.accounts import SECOND_NS, Account
from tests.reference.books import Instrument, Order
from tests.reference.commands import Command
from tests.reference.compare import Step
from tests.reference.desks import limits, measures, tree
from tests.reference.desks.measures import Holder
from tests.reference.desks.tree import Desk
from tests.reference.market import Market
from tests.reference.paying import spoilt

USUAL = {"desk": 0.2, "member": 0.3, "desk_state": 0.3, "limit": 0.5, "probe": 1.5}
LISTS = (0, 0, 0, 0, 1, 1, 2, 3)
VOLUMES = (0, 7, 100, 100, 1000)
LARGEST_BITS = 1 << 53
Due = list[Callable[[], Step]]  # each made when its turn comes
COUNTED = (Limit.OPEN_ORDERS, Limit.REPEATS, Limit.MESSAGES)
OF_ONE_ORDER = (Limit.ORDER_NOTIONAL, Limit.ORDER_VOLUME)


class Probe(NamedTuple):
    """A limit that the next orders of an account in an instrument feel."""

    command: Command
    undone: Command
    limit: int  # 0: lists
    account: int
    instrument: int
    side: int
    holder: Holder | None = None  # of the limit


def opening(accounts: int) -> list[Command]:
    """A firm of four desks one below the other, with one beside them; a firm that is a desk alone; and who is in them.

    The first accounts are in the lowest desk, so that all of its limits are four up at most.
    """
    commands = [ask.desk(1), ask.desk(2, 1), ask.desk(3, 2), ask.desk(4, 3), ask.desk(5, 1), ask.desk(6)]
    desks = (4, 4, 3, 4, 5, 2, 6, 0)
    return commands + [ask.member(number, desks[number % len(desks)]) for number in range(accounts)]


def desk(random: Random, model: Market, bad: bool, **fields: Any) -> Command:
    """A new one, or one that moves, or stays."""
    known, most = model.state.desks, model.state.desk_capacity
    number = random.choice((*range(1, most + 1), 1))
    stopped = [each.number for each in known.values() if each.state]
    parent = random.choice((0, *known))
    if stopped and random.random() < 0.2:
        parent = random.choice(stopped)
    elif random.random() < 0.3:  # as deep as may be
        parent = max(known, key=lambda each: (len(tree.from_on(model.state, each)) % tree.MOST_ABOVE, each), default=0)
    elif number in known and random.random() < 0.5:
        parent = known[number].parent
    names = {"name": b""} if number in known and random.random() < 0.5 else {}
    made = ask.desk(number, parent, **names | fields)
    if not bad:
        return made
    if random.random() < 0.4:
        return Command(made.fields | {"name": random.choice((b"", b"desk 1", b"desk 4"))})
    return spoilt(random, made, {"account": (0, most + 1, wire.ANY), "value0": (number, most + 1, -1, 1 << 40)})


def member(random: Random, model: Market, account: int, bad: bool, **fields: Any) -> Command:
    """Into the lowest of all, or any, or out."""
    known = model.state.desks
    lowest = max(known, key=lambda number: len(tree.from_on(model.state, number)), default=0)
    number = lowest if random.random() < 0.5 else random.choice((0, *known))
    if bad:
        number = random.choice((-1, model.state.desk_capacity + 1, 1 << 40))
    return ask.member(account, number, **fields)


def desk_state(random: Random, model: Market, reopen: float, bad: bool, **fields: Any) -> Command:
    """Mostly open again."""
    known = model.state.desks
    stopped = [each.number for each in known.values() if each.state]
    number = random.choice(list(known)) if known else 1
    if stopped and random.random() < reopen:
        number = random.choice(stopped)
    state = AccountState.ACTIVE if random.random() < reopen - 0.3 else random.choice(list(AccountState))
    reducing = [each.desk for each in model.state.accounts.values() if each.state > AccountState.BLOCKED and each.desk]
    if reducing and random.random() < 0.3:
        number, state = random.choice(reducing), random.choice((AccountState.BLOCKED, AccountState.CLOSE_ONLY))
    made = ask.desk_state(number, state, flags=random.choice((0, 0, 0, 1, 2)), **fields)
    return spoilt(random, made, {"state": (4, 255), "account": (0, 1 << 20, wire.ANY)}) if bad else made


def set_by(holder: Holder, kind: int, hard: int, soft: int, **fields: Any) -> Command:
    make = ask.desk_limit if isinstance(holder, Desk) else ask.limit
    return make(holder.number, kind, hard, soft, **fields)


def limit(random: Random, model: Market, account: int, bad: bool, **fields: Any) -> Command:
    """Mostly one that there is goes; else any, of any size."""
    state = model.state
    holders: list[Holder] = [*state.accounts.values(), *state.desks.values()]
    there = [(holder, kind) for holder in holders for kind, bounds in holder.limits.items() if any(bounds)]
    kind = random.choice(ACCOUNT_LIMITS)
    if there and not bad and random.random() < 0.75:
        holder, kind = random.choice(there)
        return set_by(holder, kind, 0, 0, **fields)
    most = limits.MOST[kind]
    hard = random.choice((0, most, random.randrange(most), random.randrange(most)))
    if random.random() < 0.1:  # hardly anything is left
        hard = random.choice((1, 10))
    soft = random.choice((0, hard // 2, hard, most if hard == 0 else hard))
    made = set_by(random.choice(list(state.desks.values())), kind, hard, soft, **fields) if state.desks else None
    if made is None or random.random() < 0.5:
        made = ask.limit(account, kind, hard, soft, **fields)
    wrong: dict[str, tuple[int, ...]] = {
        "state": (0, Limit.MESSAGES + 1, 255),
        "value0": (-1, most + 1, -(1 << 63), (1 << 63) - 1),
        "value1": (-1, most + 1, hard + 1),
        "account": (1 << 20, wire.ANY),
    }
    return spoilt(random, made, wrong) if bad else made


def able_to_trade(model: Market) -> list[Account]:
    """Who is watched and may."""
    return [
        account
        for account in model.state.accounts_ascending()
        if measures.is_watched(account) and tree.in_force(model.state, account) == AccountState.ACTIVE
    ]


def open_instruments(model: Market) -> list[Instrument]:
    return [each for each in model.state.instruments.values() if each.state == InstrumentState.OPEN]


def probe(random: Random, model: Market, **fields: Any) -> Probe | None:
    """A limit near what is measured now. None where nobody is watched who may trade."""
    state = model.state
    able, trading = able_to_trade(model), open_instruments(model)
    if not able or not trading:
        return None
    deep = max(able, key=lambda account: (len(tree.above(state, account)), random.random()))
    account = deep if random.random() < 0.7 else random.choice(able)
    holders = measures.holders(state, account)
    holder = random.choice((*holders, holders[-1]))
    kind = random.choice(ACCOUNT_LIMITS)
    if kind == Limit.ORDER_VOLUME:
        trading = [each for each in trading if each.margin.average_volume] or trading
    instrument = random.choice(trading)
    side = opening_side(random, model, account, holder, kind, instrument)
    if random.random() < 0.1:
        return restricting(random, account, instrument, side, **fields)
    if kind == Limit.ORDER_VOLUME and not instrument.margin.average_volume:
        kind = Limit.NET
    now = measured(model, account, holder, kind, instrument, side)
    step = instrument.notional(instrument.mark or 1000, 1)
    if kind in COUNTED or kind == Limit.ORDER_VOLUME:
        step = 1
    near = now + step * random.choice((0, 0, 0, 1, 2)) - random.choice((0, 0, 1))
    near = max(1, min(limits.MOST[kind], near))
    far = min(near + 9 * step, limits.MOST[kind])
    hard, soft = random.choice(((near, 0), (near, near), (near, near), (0, near), (far, near)))
    made, undone = set_by(holder, kind, hard, soft, **fields), set_by(holder, kind, 0, 0, **fields)
    return Probe(made, undone, kind, account.number, instrument.number, side, holder)


def opening_side(
    random: Random, model: Market, account: Account, holder: Holder, kind: int, instrument: Instrument
) -> int:
    """Mostly the one that makes its measure larger."""
    position = account.positions.get(instrument.number)
    long = position.qty if position else 0
    if kind == Limit.NET:
        long = measures.net(measures.every_held(model.state, holder), random.choice(list(Side)))
    if long == 0 or random.random() < 0.2:
        return random.choice(list(Side))
    return Side.BUY if long > 0 else Side.SELL


def taking(random: Random, model: Market, parent: Order) -> Command:
    """Somebody else trades with all that is as good as an order in the book, and with it."""
    queues = parent.instrument.book.levels(parent.side)
    worse = (lambda price: price < parent.price) if parent.side == Side.BUY else (lambda price: price > parent.price)
    lots = sum(order.leaves for price, queue in queues if not worse(price) for order in queue)
    others = [each for each in model.state.accounts_ascending() if each is not parent.account]
    free = [each for each in others if not measures.is_watched(each) and not tree.in_force(model.state, each)]
    return ask.order(
        random.choice(free or others).number,
        (1 << 40) + random.randrange(1 << 20),
        1 - parent.side,
        parent.price,
        min(lots, wire.MAX_QTY),
        instrument=parent.instrument.number,
        tif=TimeInForce.IOC,
    )


def restricting(random: Random, account: Account, instrument: Instrument, side: int, **fields: Any) -> Probe:
    """A list that the instrument is on mostly, and that the account may not trade for a while."""
    bits = instrument.margin.lists or 1
    made = ask.account_risk(account.number, account.risk_type, random.choice((bits, bits, 1, 3)), **fields)
    undone = ask.account_risk(account.number, account.risk_type, 0, **fields)
    return Probe(made, undone, 0, account.number, instrument.number, side)


def losing(random: Random, model: Market, found: Probe) -> Iterator[tuple[Command, int]]:
    """A loss before orders feel its limit, with the time before each command."""
    state = model.state
    instrument = state.instruments[found.instrument]
    if random.random() < 0.5:  # what was gained before counts no more
        yield ask.schedule(model.ts_ns + 1), 0
        yield ask.tick(), 1
    every = measures.every_held(state, found.holder or state.accounts[found.account])
    is_long = sum(each.qty for each in every if each.instrument is instrument) > 0
    factor = random.choice((70, 90, 97)) if is_long else random.choice((103, 110, 140))
    price = min(wire.MAX_PRICE, max(instrument.tick_size, instrument.reference_price * factor // 100))
    keep = wire.KEEP
    yield ask.instrument(instrument.number, keep, keep, price, keep, keep, keep, keep, keep, name=b""), 0
    yield ask.tick(), 0


def measured(model: Market, account: Account, holder: Holder, kind: int, instrument: Instrument, side: int) -> int:
    """What a limit measures now; of one order what such a one has."""
    state = model.state
    if kind == Limit.POSITION:
        return measures.lots_measure(kind, measures.held(state, account), side, instrument)
    if kind == Limit.NET:
        return abs(measures.net(measures.every_held(state, holder), side))
    if kind == Limit.ORDER_NOTIONAL:
        return instrument.notional(instrument.reference_price or 1000, 3)
    if kind == Limit.ORDER_VOLUME:
        return 3 * measures.VOLUME // instrument.margin.average_volume
    return measures.of_row(state, holder, kind)


class Probing:
    """Limits just where the next orders feel them, and these orders: what belongs together, a step after the other.

    client_order_id and qty: what gives a new order its id and its lots.
    """

    def __init__(
        self, random: Random, model: Market, client_order_id: Callable[[], int], qty: Callable[[], int]
    ) -> None:
        self.random = random
        self.model = model
        self.client_order_id = client_order_id
        self.qty = qty

    def steps(self, request: int) -> Due:
        """None where nobody is watched who may trade."""
        kind = self.random.random()
        if kind < 0.4:
            return self.bracket() if kind < 0.15 else self.ladder(request)
        found = probe(self.random, self.model, request=request)
        if found is None:
            return []
        steps: Due = [partial(Step, found.command)]
        if found.limit == Limit.DAY_LOSS:
            steps += [partial(Step, *step) for step in losing(self.random, self.model, found)]
        many = {Limit.REPEATS: 9, Limit.MESSAGES: 4}.get(Limit(found.limit) if found.limit else None, 2)
        if found.limit == Limit.REPEATS and self.random.random() < 0.3:
            steps += self.again(found)
        steps += [partial(self.feeling, found)] * many
        if found.limit == Limit.REPEATS and self.random.random() < 0.3:  # what was remembered goes
            account = self.model.state.accounts[found.account]
            types = (RiskType.NONE, account.risk_type)
            steps[6:6] = [partial(Step, ask.account_risk(account.number, each, account.lists)) for each in types]
        if self.random.random() < 0.92:
            steps.append(partial(Step, found.undone))
        return steps

    def ladder(self, request: int) -> Due:
        """A soft limit of one kind of an account and of each desk above it: one order warns of all of them."""
        random, state = self.random, self.model.state
        able, trading = able_to_trade(self.model), open_instruments(self.model)
        if not able or not trading:
            return []
        account = max(able, key=lambda each: (len(tree.above(state, each)), random.random()))
        kind = random.choice([each for each in ACCOUNT_LIMITS if each != Limit.DAY_LOSS])
        if kind == Limit.ORDER_VOLUME:
            known = [each for each in trading if each.margin.average_volume]
            kind, trading = (kind, known) if known else (Limit.NET, trading)
        instrument, holders = random.choice(trading), measures.holders(state, account)
        side = opening_side(random, self.model, account, account, kind, instrument)
        commands, ends = [], []
        for holder in holders:
            now = measured(self.model, account, holder, kind, instrument, side)
            if kind in OF_ONE_ORDER:
                now //= 3  # any order of two lots has more
            soft = max(1, min(limits.MOST[kind], now))
            commands.append(set_by(holder, kind, 0, soft, request=request))
            ends.append(set_by(holder, kind, 0, 0, request=request))
        found = Probe(commands[0], ends[0], kind, account.number, instrument.number, side)
        feels = self.again(found) if kind == Limit.REPEATS else [partial(self.feeling, found)] * 3
        return [*(partial(Step, each) for each in commands), *feels, *(partial(Step, each) for each in ends)]

    def again(self, found: Probe) -> Due:
        """One order a few times, by other ids."""
        instrument = self.model.state.instruments[found.instrument]
        tick = instrument.tick_size
        price = (instrument.reference_price or 1000 * tick) // tick * tick
        price = min(max(tick, price), wire.MAX_PRICE // tick * tick)
        said = {"instrument": found.instrument}
        return [
            partial(Step, ask.order(found.account, self.client_order_id(), found.side, price, 1, **said))
            for _ in range(4)
        ]

    def feeling(self, found: Probe) -> Step:
        after_ns = 0
        if found.limit in (Limit.REPEATS, Limit.MESSAGES):
            after_ns = self.random.choice((0, 0, 0, 0, 1, SECOND_NS // 2, SECOND_NS - 1, SECOND_NS))
        return Step(self.order(found), after_ns)

    def order(self, found: Probe) -> Command:
        """Mostly a new one that rests near the market, of the same side; or a larger one instead of one that rests."""
        random, state, qty = self.random, self.model.state, self.qty()
        account, instrument = state.accounts[found.account], state.instruments[found.instrument]
        own = [each for each in account.orders if each.instrument is instrument and each.side == found.side]
        if own and found.limit not in (Limit.OPEN_ORDERS, Limit.REPEATS) and random.random() < 0.45:
            chosen = random.choice(own)
            total = chosen.leaves + chosen.filled + random.randint(0, qty)
            names = {"account": account.number, "order_id": chosen.order_id}
            return ask.command(CommandKind.REPLACE, **names, price=chosen.price, qty=min(total, wire.MAX_QTY))
        tick = instrument.tick_size
        price = instrument.book.best(found.side) or instrument.reference_price or 1000 * tick
        if found.limit == Limit.REPEATS:  # of few that are the same, at a price that stays
            price, qty = instrument.reference_price or 1000 * tick, random.choice((1, 1, 1, 2, 2, 3, 4, 5))
        else:
            price += random.choice((-2, -1, 0, 0, 1, 3)) * tick
        price = min(max(tick, price // tick * tick), wire.MAX_PRICE // tick * tick)
        return ask.order(account.number, self.client_order_id(), found.side, price, qty, instrument=instrument.number)

    def bracket(self) -> Due:
        """A child, and a parent of the same side (children that close have no limits) that rests near the market; then
        a limit for the child, and the parent is traded."""
        random, able, trading = self.random, able_to_trade(self.model), open_instruments(self.model)
        if not able or not trading:
            return []
        account, instrument = random.choice(able), random.choice(trading)
        position, side = account.positions.get(instrument.number), random.choice(list(Side))
        if position is not None and position.qty:
            side = Side.BUY if position.qty > 0 else Side.SELL
        tick = instrument.tick_size
        price = (instrument.book.best(side) or instrument.reference_price or 1000 * tick) // tick * tick or tick
        said = {"instrument": instrument.number, "price": price}
        first, second, qty = self.client_order_id(), self.client_order_id(), self.qty()
        child = ask.special(account.number, first, side, qty, role=Role.CHILD, **said)
        parent = ask.special(account.number, second, side, qty, role=Role.PARENT, link_id=first, **said)
        made, undone = self.for_a_child(account, instrument, side)
        taken = partial(self.taken, second)
        return [partial(Step, child), partial(Step, parent), made, taken, partial(Step, undone)]

    def for_a_child(self, account: Account, instrument: Instrument, side: int) -> tuple[Callable[[], Step], Command]:
        """A list, or a limit (one that it has: where it is now, else as low as may be); and the end of it."""
        if self.random.random() < 0.2:
            found = restricting(self.random, account, instrument, side)
            return partial(Step, found.command), found.undone
        holder = self.random.choice(measures.holders(self.model.state, account))
        kind = self.random.choice(ACCOUNT_LIMITS)
        if self.random.random() < 0.6:
            kind = self.random.choice((Limit.POSITION, Limit.GROSS, Limit.NET, Limit.OPEN_NOTIONAL))

        def made() -> Step:
            now = measured(self.model, account, holder, kind, instrument, side) if kind in limits.OF_THE_AWAKE else 1
            return Step(set_by(holder, kind, max(1, min(limits.MOST[kind], now)), 0))

        return made, set_by(holder, kind, 0, 0)

    def taken(self, client_order_id: int) -> Step:
        """Somebody trades with the parent; time alone passes where it is live no more."""
        orders = self.model.state.orders.values()
        parents = [order for order in orders if order.client_order_id == client_order_id and order.children]
        resting = [order for order in parents if order.place == Place.BOOK]
        return Step(taking(self.random, self.model, resting[0]) if resting else ask.tick())
