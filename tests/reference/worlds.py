"""Kinds of markets for random flow: each is short of something else, so that all limits are met."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from openbell import wire
from openbell.wire import AccountFlag, CashRule, DayTradeRule, MarkBy, RiskType

from tests.reference import asking, nesting, paying, risking
from tests.reference import commands as ask
from tests.reference.commands import Command
from tests.reference.daytrading import flow
from tests.reference.mixtures import ACTIONS, CASH, DAYS, DESKS, MARGIN, SPECIAL

RICH = wire.MAX_CASH - wire.MAX_NOTIONAL - 50_000
SOME = 10**9


@dataclass(frozen=True)
class World:
    """Capacities, instruments, accounts; and where prices lie, in ticks around `centre`."""

    name: str
    accounts: int = 4
    instruments: int = 2
    orders: int = 64
    pages: int = 256
    positions: int = 64
    id_window: int = 512
    guards: int = 5
    window_pages: tuple[int, ...] = (2, 4, 64, 128, 4096)
    amendments: int = 60
    withdrawals: int = 4
    spare: int = 0  # instruments for which there is room
    currencies: tuple[int, ...] = (0,)  # of accounts
    watched: tuple[int, ...] = (RiskType.NONE,)  # accounts, how
    rules: tuple[int, ...] = ()  # of CASH accounts without flags; none: nobody does anything about docs/cash.md
    day_trades: bool = False  # MARGIN accounts have the rule; else nobody does anything about docs/daytrading.md
    desks: int = 0  # that there may be; 0: nobody does anything about desks
    limited: int = 0  # accounts that may have limits
    marks: tuple[int, ...] = (0, 1, 3, 1000)  # that a TICK may take
    jumps: bool = False  # reference prices do, now and then
    unpriced: bool = False  # instruments have no reference price at first
    traded_in: tuple[int, ...] = (paying.USD,)
    has_plans: bool = False  # from its beginning; else operators come to set some
    absurd_fees: float = 0.03
    is_absurd: bool = False  # inventories, dividends and splits may be of any size
    hard: float = 0.4  # how often an instrument is made hard to borrow
    ticks: tuple[int, ...] = (1, 5)
    lots: tuple[int, ...] = (1, 10)
    centre: int = 1000
    drift: int = 0  # ticks that the centre may move at once
    grows: bool = False  # operators double what there is, and set up what then has room
    commands: int = 1700  # of one swarm
    spread: int = 6
    far: tuple[int, ...] = (1, 2, 63, 64, 500, 1500, 4095, 70_000, 1 << 20)
    far_share: float = 0.05
    qty: int = 9
    cash: int = SOME
    shares: int = 100
    flags: tuple[int, ...] = (AccountFlag.SHORT_ALLOWED, 0, AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED)
    collar_bps: int = 0
    limits: dict[str, int] = field(default_factory=dict)  # of accounts
    weights: dict[str, float] = field(default_factory=dict)  # of kinds of commands, beside the usual ones
    mistakes: float = 1.0  # times as many as usual
    kinds: tuple[str, ...] = asking.KINDS  # of special orders
    swarms: int = 2  # of the model alone
    share: int = 0  # of a proof's sessions; 0: as there are swarms
    special_share: float = 0.6  # of these, among special orders and stops

    def opening(self, random: Random) -> list[Command]:
        """The commands that open it."""
        commands = [
            ask.configure(
                self.accounts,
                self.instruments + self.spare,
                self.orders,
                self.pages,
                self.positions,
                self.id_window,
                random.choice(self.window_pages),
                self.amendments,
            ),
            ask.timers(self.guards),
            ask.ledger(self.withdrawals),
        ]
        if self.has_plans:
            commands += [paying.fee(random, False, self.absurd_fees) for _ in range(9)]
        for number in range(self.instruments):
            tick, lot = self.ticks[number % len(self.ticks)], self.lots[number % len(self.lots)]
            currency = self.traded_in[number % len(self.traded_in)]
            price = 0 if self.unpriced else self.centre * tick
            made = ask.instrument(number, tick, lot, price, self.collar_bps, currency=currency)
            commands += [made, ask.instrument_state(number, wire.InstrumentState.OPEN)]
        for number in range(self.accounts):
            more = {"flags": self.flags[number % len(self.flags)]}
            more |= {"currency": self.currencies[number % len(self.currencies)]}
            more |= {"plan": random.choice(paying.PLANS) if self.has_plans else 0}
            commands.append(ask.account(number, **more, **self.limits))
            commands += [ask.deposit(number, self.cash)] * (self.cash != 0)
            commands += [ask.shares(number, number % self.instruments, self.shares, 10_000)] * (self.shares != 0)
        return commands + self.lending() + self.watching(random)

    def lending(self) -> list[Command]:
        """What there is to be lent, where most is hard to borrow."""
        if self.hard < 0.5:
            return []
        return [ask.borrow(number, wire.Borrow.HARD, 300_000, 1000) for number in range(self.instruments)]

    def watching(self, random: Random) -> list[Command]:
        """What accounts must keep, where any is watched."""
        if not any(self.watched):
            return []
        places = {"desks": self.desks, "limited": self.limited}
        cash = tuple(map(random.choice, ((1, 2, 3, 8), (0, 0, 5, 90), (5, 90)))) if self.rules else (0, 0, 0)
        commands = [risking.risk(random, self.marks, False, cash=cash, **places)]
        for number in range(self.instruments):
            rates, mark_by = random.choice(risking.RATES), random.choice(list(MarkBy))
            known = {"average_volume": random.choice(nesting.VOLUMES), "lists": random.choice(self.lists())}
            commands.append(ask.margin(number, *rates, mark_by=mark_by, **known))
        for number in range(self.accounts):
            risk_type = self.watched[number % len(self.watched)]
            is_held = self.rules and risk_type == RiskType.CASH and not self.flags[number % len(self.flags)]
            rule = self.rules[number % len(self.rules)] if is_held else CashRule.NONE
            has_days = self.day_trades and risk_type == RiskType.MARGIN
            days = DayTradeRule.PATTERN if has_days else DayTradeRule.NONE
            commands.append(ask.account_risk(number, risk_type, rule=rule, day_trades=days))
        commands += [flow.settings(random, self.cash)] * self.day_trades
        return commands + (nesting.opening(self.accounts) if self.desks else [])

    def lists(self) -> tuple[int, ...]:
        """Of instruments and accounts: what they may be."""
        return nesting.LISTS if self.desks else (0,)

    def price(self, random: Random, centre: int, tick: int) -> int:
        """A price, mostly near `centre` (ticks)."""
        if random.random() < self.far_share:
            ticks = random.choice(self.far) + random.choice((0, 0, 1, -1))
        else:
            ticks = centre + random.randint(-self.spread, self.spread)
        return ticks * tick + (random.random() < 0.01)


WORLDS = (
    World("plain"),
    World("crowd", accounts=6, spread=3, orders=300, far_share=0.0, qty=30, flags=(AccountFlag.SHORT_ALLOWED,)),
    World("deep", orders=300, spread=40, far_share=0.3, far=tuple(range(1, 5000, 61)), weights={"cancel": 0.5}),
    World("windows", orders=200, pages=4096, far_share=0.6, far=tuple(1 << bit for bit in range(21))),
    World(
        "drift",
        instruments=1,
        orders=400,
        pages=400,
        spread=20,
        drift=200,
        commands=7000,
        flags=(3,),
        shares=0,
        window_pages=(2, 2, 4, 16),
        far=(1, 300, 9000),
        weights={
            "operator": 0.0,
            "mass": 0.3,
            "cancel": 0.5,
            "account": 0.0,
            "account_state": 0.0,
            "instrument_state": 0,
            "call": 0,
            "halt": 0,
            "errand": 0.0,
        },
    ),
    World(
        "growing",
        accounts=2,
        instruments=1,
        orders=4,
        pages=2,
        positions=2,
        amendments=1,
        grows=True,
        far_share=0.2,
        weights={"configure": 5, "account": 3, "instrument": 4, "instrument_state": 4},
    ),
    World("pages", pages=4, orders=40, far_share=0.5, far=tuple(range(900, 1400, 17))),
    World(  # orders that waited need more pages than there are
        "reopening",
        instruments=1,
        pages=2,
        far_share=0.6,
        far=tuple(range(900, 1400, 17)),
        weights={"call": 5, "run_auction": 3, "operator": 6, "special": 0.5, "configure": 0, "bands": 0},
        share=6,
    ),
    World("slots", orders=7, amendments=3),
    World("positions", positions=4, accounts=5, instruments=3, shares=0, weights={"configure": 0.0}),
    World("ids", id_window=4, weights={"again": 5}),
    World("one id", id_window=1, weights={"again": 5}),
    World("poor", cash=3_000_000, shares=6, flags=(0, AccountFlag.SHORT_ALLOWED), weights={"deposit": 3}),
    World(
        "rich",
        cash=RICH,
        flags=(AccountFlag.SHORT_ALLOWED, 0, AccountFlag.CREDIT_UNLIMITED),
        weights={"deposit": 2, "fee": 4, "plan": 3},
        absurd_fees=0.6,
        swarms=5,
    ),
    World(  # as deep in debt as anybody may be
        "owing",
        cash=-RICH,
        flags=(AccountFlag.CREDIT_UNLIMITED, 3),
        weights={"deposit": 4, "fee": 4, "plan": 3, "shares": 0.5, "charge": 0.3, "special": 0.5},
        has_plans=True,
        absurd_fees=0.5,
        swarms=4,
    ),
    World(
        "paying",
        accounts=6,
        qty=20,
        cash=10**10,
        withdrawals=3,
        spare=1,
        currencies=(paying.USD, paying.CURRENCIES[1], paying.USD, 0),
        traded_in=(paying.USD, paying.CURRENCIES[1]),
        flags=(AccountFlag.SHORT_ALLOWED, 0, AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED),
        weights=dict.fromkeys(paying.USUAL, 3)
        | {"coin": 6}
        | {
            "call": 1.5,
            "run_auction": 3,
            "halt": 0.2,
            "instrument_state": 0.2,
            "account_state": 0.2,
            "special": 0.5,
            "shares": 2,
        },
        has_plans=True,
        swarms=4,
    ),
    World(
        "limited",
        limits={
            "max_order_qty": 14,
            "max_order_notional": 12_000_000,
            "max_position": 25,
            "max_open_orders": 7,
            "max_messages": 40,
        },
    ),
    World("collared", collar_bps=30, spread=9, weights={"instrument": 0.5, "special": 3}),
    World(
        "mistaken",
        mistakes=5,
        weights={
            **dict.fromkeys(("borrow", "locate", "rates", "accrue", "dividend", "pay_dividend", "split"), 8),
            "instrument": 6,
            "account": 3,
            "configure": 8,
            "ticks": 20,
            "extension": 15,
            "bands": 4,
            "mass": 3,
            "mistake": 5,
            "instrument_state": 2,
            "account_state": 2,
        },
        swarms=3,
    ),
    World(
        "dear",
        ticks=(1 << 20, 1 << 10),
        lots=(1 << 10, 1 << 20),
        centre=(wire.MAX_PRICE >> 20) // 1000,
        far=(1, 1 << 10, wire.MAX_PRICE >> 20, wire.MAX_PRICE >> 10, (wire.MAX_PRICE >> 10) - 7),
        far_share=0.3,
        qty=3,
        cash=1 << 60,
    ),
    World(
        "auctions",
        accounts=6,
        orders=200,
        qty=20,
        spread=4,
        collar_bps=200,
        flags=(AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED, AccountFlag.SHORT_ALLOWED),
        weights={
            "special": 2,
            "tied": 3,
            "call": 4,
            "run_auction": 2,
            "extension": 2,
            "tick": 2,
            "instrument_state": 0.5,
            "account": 0.3,
        },
        swarms=3,
    ),
    World(  # auctions that come to their time, and are looked at
        "extended",
        accounts=6,
        orders=200,
        qty=20,
        spread=8,
        collar_bps=200,
        flags=(AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED, AccountFlag.SHORT_ALLOWED),
        weights={
            "special": 3,
            "call": 12,
            "run_auction": 0.3,
            "extension": 20,
            "tick": 16,
            "instrument_state": 0.2,
            "halt": 0.3,
            "mass": 0.3,
            "operator": 0.1,
            "bands": 0.2,
            "account": 0.2,
            "account_state": 0.2,
        },
        swarms=5,
    ),
    World("large", centre=2, spread=1, qty=(1 << 31) - 1, cash=1 << 60, shares=1 << 36, far_share=0.01, ticks=(1,)),
    World(
        "dark",
        accounts=5,
        instruments=1,
        spread=4,
        far_share=0.01,
        collar_bps=2000,
        flags=(AccountFlag.SHORT_ALLOWED,),
        weights=SPECIAL,
        kinds=("hidden", "min_qty", "pegs", "pegs", "discretion"),
        special_share=0.9,
        swarms=8,
    ),
    World(
        "dark and thin",
        instruments=1,
        ticks=(5,),
        spread=8,
        far_share=0.02,
        collar_bps=2000,
        flags=(AccountFlag.SHORT_ALLOWED,),
        weights=SPECIAL | {"new": 0.25, "cancel": 1, "replace": 1.5},
        kinds=("hidden", "min_qty", "min_qty", "pegs", "discretion"),
        special_share=0.9,
        swarms=8,
    ),
    World(  # calls that find unseen orders which may not be replaced then
        "dark and called",
        qty=12,
        spread=5,
        far_share=0.01,
        weights={"special": 6, "call": 4, "run_auction": 2, "replace": 1.5, "operator": 0.3, "mass": 0.3, "halt": 0.3},
        kinds=("min_qty", "min_qty", "hidden", "pegs", "discretion"),
        special_share=0.9,
    ),
    World(
        "reducing",
        accounts=3,
        instruments=1,
        spread=5,
        shares=6,
        far_share=0.01,
        flags=(AccountFlag.SHORT_ALLOWED,),
        weights=SPECIAL | {"new": 1, "cancel": 0.3, "shares": 0.3},
        kinds=("reduce_only", "reduce_only", "icebergs", "slide", "hidden"),
        special_share=0.8,
        swarms=16,
    ),
    World(  # orders that are tied to others, until a ring is full
        "tied",
        accounts=2,
        instruments=1,
        orders=200,
        spread=20,
        far_share=0.01,
        flags=(AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED),
        weights=SPECIAL | {"tied": 12, "special": 0.5, "mass": 0.2, "operator": 0.1, "cancel": 0.1, "configure": 0.0},
    ),
    World(  # accounts that owe, and prices that jump
        "margin",
        accounts=6,
        spread=15,
        orders=150,
        cash=60_000_000,
        flags=(AccountFlag.SHORT_ALLOWED,),
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.MARGIN, RiskType.CASH, RiskType.MARGIN, RiskType.NONE),
        marks=(1, 5, 20, 1000),
        jumps=True,
        weights=MARGIN,
        swarms=8,
    ),
    World(  # so many positions that marks of few are taken with a TICK
        "swept",
        accounts=12,
        instruments=3,
        spare=2,
        ticks=(1, 5, 2),
        lots=(1, 10, 3),
        cash=200_000_000,
        flags=(AccountFlag.SHORT_ALLOWED, 0),
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.CASH, RiskType.NONE),
        marks=(1, 2, 2, 3, 7),
        jumps=True,
        weights=MARGIN | {"tick": 12, "special": 0.6, "coin": 0},
        swarms=6,
    ),
    World(  # nothing has a price that it could be marked by
        "unpriced",
        accounts=5,
        shares=8,
        flags=(AccountFlag.SHORT_ALLOWED,),
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.NONE),
        marks=(0, 0, 0, 0, 1),
        unpriced=True,
        weights=MARGIN | {"instrument": 0.2, "tick": 1, "replace": 2},
    ),
    World(  # accounts that may only make their positions smaller
        "closing",
        accounts=3,
        instruments=1,
        spread=9,
        shares=12,
        far_share=0.01,
        flags=(AccountFlag.SHORT_ALLOWED,),
        watched=(RiskType.NONE, RiskType.MARGIN),
        weights=SPECIAL | {"account_state": 5, "new": 1, "tied": 8, "special": 1, "tick": 1, "mass": 0.2},
        kinds=("reduce_only", "icebergs", "hidden", "slide"),
        swarms=6,
    ),
    World(  # desks in trees, limits that are felt, losses of days
        "desks",
        accounts=8,
        orders=150,
        spread=9,
        far_share=0.01,
        cash=10**12,
        flags=(AccountFlag.SHORT_ALLOWED,),
        watched=(RiskType.CASH, RiskType.MARGIN, RiskType.CASH, RiskType.CASH, RiskType.MARGIN, RiskType.NONE),
        desks=7,
        limited=5,
        marks=(5, 20, 1000),
        jumps=True,
        weights=DESKS,
        swarms=4,
        share=24,
    ),
    World(  # orders that are tied, and stopped by their desks
        "desks, tied",
        accounts=4,
        instruments=1,
        orders=150,
        spread=12,
        far_share=0.01,
        cash=10**12,
        flags=(AccountFlag.SHORT_ALLOWED,),
        watched=(RiskType.CASH, RiskType.CASH, RiskType.MARGIN, RiskType.NONE),
        desks=6,
        limited=4,
        marks=(5, 1000),
        jumps=True,
        weights=DESKS | {"tied": 12, "special": 1.5, "shares": 2},
        swarms=3,
        share=6,
    ),
    World(  # cash that has not settled, and what it buys
        "cash",
        accounts=6,
        instruments=3,
        spread=4,
        far_share=0.01,
        lots=(1, 10, 1),
        ticks=(1, 5, 2),
        cash=30_000_000,
        shares=60,
        flags=(0, 0, AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED) * 2,
        watched=(RiskType.CASH, RiskType.CASH, RiskType.NONE, RiskType.CASH, RiskType.CASH, RiskType.NONE),
        rules=(CashRule.COUNT, CashRule.REFUSE, CashRule.NONE, CashRule.COUNT, CashRule.REFUSE),
        marks=(20, 1000),
        jumps=True,
        weights=CASH,
        swarms=4,
        share=20,
    ),
    World(  # the same, where accounts pay fees, and few lots are dear
        "cash and fees",
        accounts=5,
        spread=4,
        far_share=0.01,
        lots=(1, 1000),
        ticks=(5, 1),
        qty=6,
        cash=300_000_000,
        shares=40,
        flags=(0, 0, AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED, 0),
        watched=(RiskType.CASH, RiskType.CASH, RiskType.NONE, RiskType.CASH),
        rules=(CashRule.COUNT, CashRule.COUNT, CashRule.NONE, CashRule.REFUSE),
        marks=(20, 1000),
        jumps=True,
        has_plans=True,
        weights=CASH | {"fee": 1, "plan": 1},
        swarms=3,
        share=8,
    ),
    World(  # what is bought and sold on the same day
        "days",
        accounts=6,
        spread=4,
        far_share=0.01,
        cash=10**10,
        shares=20,
        flags=(AccountFlag.SHORT_ALLOWED, AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED | 1) * 2,
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.NONE),
        day_trades=True,
        jumps=True,
        hard=0.0,
        weights=DAYS,
        swarms=4,
        share=20,
    ),
    World(  # the same, with fees, and few lots
        "days and fees",
        accounts=5,
        instruments=1,
        spread=6,
        far_share=0.01,
        lots=(1000,),
        qty=4,
        cash=10**12,
        shares=0,
        flags=(AccountFlag.SHORT_ALLOWED,) * 3 + (AccountFlag.CREDIT_UNLIMITED | 1,) * 2,
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.MARGIN, RiskType.NONE, RiskType.NONE),
        day_trades=True,
        jumps=True,
        hard=0.0,
        has_plans=True,
        weights=DAYS | {"fee": 1, "plan": 1, "new": 1.5},
        swarms=2,
        share=6,
    ),
    World(  # shares that are lent, days that cost something, dividends, splits
        "lending",
        accounts=6,
        orders=150,
        spare=1,
        positions=11,
        spread=5,
        far_share=0.01,
        shares=20,
        cash=10**10,
        currencies=(0, paying.USD, 0),
        flags=(AccountFlag.SHORT_ALLOWED,) * 4 + (AccountFlag.CREDIT_UNLIMITED | AccountFlag.SHORT_ALLOWED, 0),
        watched=(RiskType.NONE, RiskType.MARGIN, RiskType.CASH, RiskType.NONE, RiskType.NONE, RiskType.NONE),
        marks=(20, 1000),
        jumps=True,
        hard=0.8,
        weights=ACTIONS,
        swarms=8,
    ),
    World(  # claims, charges and lots at the bounds of numbers
        "actions, immense",
        accounts=4,
        lots=(1, 1 << 20),
        qty=1 << 20,
        cash=RICH,
        shares=1 << 40,
        flags=(AccountFlag.SHORT_ALLOWED, AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED, 0),
        watched=(RiskType.MARGIN, RiskType.NONE, RiskType.NONE, RiskType.CASH),
        marks=(20, 1000),
        jumps=True,
        is_absurd=True,
        hard=0.8,
        weights=ACTIONS | {"deposit": 4, "hold_cash": 3, "shares": 3},
        swarms=4,
    ),
    World(  # positions and sums at the bounds of numbers
        "immense",
        accounts=4,
        instruments=3,
        ticks=(1 << 20, 1 << 10, 1),
        lots=(1 << 10, 1 << 20, 1 << 20),
        centre=(wire.MAX_PRICE >> 20) // 1000,
        far=(1, 1 << 10, wire.MAX_PRICE >> 20, wire.MAX_PRICE >> 10),
        qty=3,
        cash=RICH,
        shares=1 << 36,
        flags=(AccountFlag.SHORT_ALLOWED, 0, AccountFlag.SHORT_ALLOWED, AccountFlag.CREDIT_UNLIMITED),
        watched=(RiskType.MARGIN, RiskType.MARGIN, RiskType.CASH, RiskType.NONE),
        desks=6,
        limited=4,
        marks=(3, 1000),
        jumps=True,
        weights=MARGIN | {"deposit": 4, "hold_cash": 8, "shares": 3, "new": 0.6},
    ),
)
