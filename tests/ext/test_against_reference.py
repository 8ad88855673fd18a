"""The core against the model of tests/reference/, driven by Hypothesis: whatever is asked in whatever order, both say
and are the same, and what must always hold does. A failing run is shrunk to the few commands that it takes.
"""

from __future__ import annotations

from itertools import cycle
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from openbell import wire
from openbell.wire import OrderType, Side, TimeInForce

from ext.core import Core
from tests.reference import amending, paying, risking
from tests.reference import commands as ask
from tests.reference.books import Order
from tests.reference.commands import Command
from tests.reference.compare import Pair, Step
from tests.reference.desk import START_NS, Desk
from tests.reference.market import Market
from tests.reference.records import ACCOUNT_ROW, POSITION_ROW, events_of

ACCOUNTS, INSTRUMENTS = 3, 2
LISTS = (0, 0, 1, 6)  # of securities, as bits
DAY_NS = 86_400_000_000_000
accounts = st.integers(0, ACCOUNTS - 1)
instruments = st.integers(0, INSTRUMENTS - 1)
sides = st.sampled_from([Side.BUY, Side.SELL])
modes = st.integers(0, 3)
# Few prices, so that orders meet; some lie a page, a window or the whole range away.
prices = st.sampled_from([100, 101, 99, 102, 100, 101, 99, 98, 64, 127, 128, 300, 10_000, 1 << 20])
qtys = st.integers(1, 6)
limits = st.sampled_from([-1, 0, 0, -1, 3, 50])


def booked(random: Random, model: Market, account: int, instrument: int, what: str, is_wrong: bool) -> Command:
    """A command of docs/ledger.md, called as `paying` calls it."""
    if what == "fee":
        return paying.fee(random, is_wrong, 0.1)
    if what == "plan":
        return paying.plan(random, account, model.state.accounts.get(account), is_wrong)
    if what == "charge":
        return paying.charge(random, model, account, instrument, is_wrong)
    if what == "hold_cash":
        return paying.hold_cash(random, model, account, is_wrong)
    if what == "end_withdrawal":
        return paying.end_withdrawal(random, model, account, is_wrong)
    if what == "coin":
        return paying.coin(random, INSTRUMENTS)
    return paying.settle(random, model, is_wrong) if what == "settle" else paying.ledger(random, model, is_wrong)


def watched(random: Random, model: Market, account: int, instrument: int, what: str, is_wrong: bool) -> Command | None:
    """A command of docs/risk.md; None where there is nothing to be moved to a level."""
    if what == "margin":
        return risking.margin(random, instrument, model.state.instruments[instrument], LISTS, is_wrong)
    if what == "account_risk":
        return risking.account_risk(random, account, (2,), LISTS, is_wrong)
    if what == "shock":
        return risking.shock(random, instrument, model.state.instruments[instrument])
    return risking.to_level(random, model) if what == "to_level" else risking.risk(random, (0, 1, 2, 3, 99), is_wrong)


class Markets(RuleBasedStateMachine):
    """Core and model, given the same commands."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.agree = True
        self.next_id = 0
        self.sent: list[Command] = []

    def do(self, command: Command, after_ns: int = 0) -> None:
        self.agree = False  # until both have said the same
        self.pair.step(Step(command, after_ns))
        self.agree = True

    def new(self, command: Command) -> None:
        self.sent.append(command)
        self.do(command)

    def live(self, place: int) -> Order | None:
        """One of the live orders."""
        orders = list(self.pair.model.state.orders.values())
        return orders[place % len(orders)] if orders else None

    def some(self) -> bool:
        return bool(self.pair.model.state.orders)

    @initialize(
        orders=st.sampled_from([30, 12, 30, 4]),
        pages=st.sampled_from([50, 3, 50, 50]),
        positions=st.sampled_from([6, 6, 6, 3]),
        id_window=st.sampled_from([50, 1, 50, 3, 50]),
        window_pages=st.sampled_from([2, 4]),
        amendments=st.sampled_from([8, 8, 1]),
        ticks=st.sampled_from([(1, 1), (1, 4)]),
        lot=st.sampled_from([1, 7]),
        flags=st.tuples(*[st.sampled_from([1, 1, 0, 3])] * ACCOUNTS),
        cash=st.sampled_from([10**9, 10**9, 200_000, wire.MAX_CASH - wire.MAX_NOTIONAL]),
        collar_bps=st.sampled_from([0, 0, 150]),
        types=st.tuples(*[st.sampled_from([0, 2, 1, 2])] * ACCOUNTS),
        marks=st.sampled_from([0, 1, 3, 50]),
    )
    def open(
        self,
        ticks: tuple[int, ...],
        lot: int,
        flags: tuple[int, ...],
        cash: int,
        collar_bps: int,
        types: tuple[int, ...],
        marks: int,
        **sizes: int,
    ) -> None:
        self.do(ask.configure(accounts=ACCOUNTS, instruments=INSTRUMENTS, **sizes))
        for number, tick in enumerate(ticks):
            self.do(ask.instrument(number, tick, lot, 100 * tick, collar_bps))
            self.do(ask.instrument_state(number, wire.InstrumentState.OPEN))
        for number in range(ACCOUNTS):
            self.do(ask.account(number, flags=flags[number]))
            if cash:
                self.do(ask.deposit(number, cash))
            self.do(ask.shares(number, 0, 9, 10_000))
            self.do(ask.account_risk(number, types[number]))
        self.do(ask.risk(marks, 12_000, 5_000))

    # Operators on trades

    @rule(
        seed=st.integers(0, 1 << 16),
        is_bust=st.booleans(),
        is_wrong=st.sampled_from([False, False, True]),
        change=st.fixed_dictionaries(
            {}, optional={"new_price": st.integers(1, 300), "new_qty": st.integers(1, 9), "flags": st.integers(0, 1)}
        ),
    )
    def amend(self, seed: int, is_bust: bool, is_wrong: bool, change: dict[str, int]) -> None:
        """A bust or correction; what it will do is said before, and is what it does."""
        make = amending.bust if is_bust else amending.correct
        made = make(Random(seed), self.pair.model, is_wrong)
        if made is None:
            return
        command, core = Command(made.fields | change), self.pair.core
        before = core.state_hash()
        events, rows, positions = core.preview(command.encode(self.pair.seq + 1, self.pair.ts_ns))
        assert core.state_hash() == before and not core.take_events() and not core.take_market_data()
        self.do(command)
        happened = self.pair.events[-1]
        assert [event[2:] for event in events_of(events)] == [event[2:] for event in events_of(happened)]
        parties = {command.fields["account"], command.fields["seller"]}
        expected = [row for row in ACCOUNT_ROW.rows(core.accounts()) if row.account in parties]
        assert sorted(ACCOUNT_ROW.rows(rows)) == expected
        held = [row for row in POSITION_ROW.rows(core.positions()) if row.account in parties]
        expected = [row for row in held if row.instrument == command.fields["instrument"]]
        assert sorted(POSITION_ROW.rows(positions)) == sorted(expected)

    # The ledger

    @rule(
        seed=st.integers(0, 1 << 16),
        account=accounts,
        instrument=instruments,
        what=st.sampled_from(list(paying.USUAL)),
        is_wrong=st.sampled_from([False, False, True]),
    )
    def book(self, seed: int, account: int, instrument: int, what: str, is_wrong: bool) -> None:
        self.do(booked(Random(seed), self.pair.model, account, instrument, what, is_wrong))

    # Risk

    @rule(
        seed=st.integers(0, 1 << 16),
        account=accounts,
        instrument=instruments,
        what=st.sampled_from(list(risking.USUAL)),
        is_wrong=st.sampled_from([False, False, False, True]),
    )
    def watch(self, seed: int, account: int, instrument: int, what: str, is_wrong: bool) -> None:
        made = watched(Random(seed), self.pair.model, account, instrument, what, is_wrong)
        if made is not None:
            self.do(made)

    # Traders

    @rule(account=accounts, instrument=instruments, side=sides, price=prices, qty=qtys, mode=modes)
    def order(self, account: int, instrument: int, side: int, price: int, qty: int, mode: int) -> None:
        self.next_id += 1
        self.new(ask.order(account, self.next_id, side, price, qty, instrument=instrument, self_trade=mode))

    @rule(
        account=accounts,
        side=sides,
        price=prices,
        qty=qtys,
        mode=modes,
        tif=st.sampled_from(list(TimeInForce)),
        order_type=st.sampled_from(list(OrderType)),
        flags=st.integers(0, 1),
    )
    def odd_order(self, account: int, side: int, price: int, qty: int, mode: int, **fields: Any) -> None:
        self.next_id += 1
        self.new(ask.order(account, self.next_id, side, price, qty, self_trade=mode, **fields))

    @rule(
        change=st.fixed_dictionaries(
            {},
            optional={
                "account": st.sampled_from([3, wire.ANY]),
                "instrument": st.sampled_from([2, wire.ANY]),
                "side": st.integers(0, 255),
                "tif": st.integers(0, 255),
                "order_type": st.integers(0, 255),
                "flags": st.integers(0, 255),
                "self_trade": st.integers(0, 255),
                "client_order_id": st.integers(0, (1 << 64) - 1),
                "price": st.integers(-(1 << 63), (1 << 63) - 1),
                "qty": st.integers(0, (1 << 32) - 1),
            },
        )
    )
    def wild_order(self, change: dict[str, int]) -> None:
        self.next_id += 1
        self.new(Command(ask.buy(0, self.next_id, 100, 1).fields | change))

    @precondition(lambda self: self.sent)
    @rule(
        place=st.integers(0, 9),
        change=st.fixed_dictionaries({}, optional={"qty": qtys, "price": prices, "side": sides}),
    )
    def again(self, place: int, change: dict[str, int]) -> None:
        self.do(Command(self.sent[-1 - place % len(self.sent)].fields | change))

    @precondition(some)
    @rule(place=st.integers(0, 9), by_client=st.booleans(), stranger=st.just(False) | st.booleans())
    def cancel(self, place: int, by_client: bool, stranger: bool) -> None:
        order = self.live(place)
        assert order is not None
        account = (order.account.number + stranger) % ACCOUNTS
        if by_client:
            self.do(ask.cancel(account, order.client_order_id))
        else:
            self.do(ask.cancel(account, order_id=order.order_id))

    @rule(account=accounts, slot=st.integers(0, 13), generation=st.integers(0, 3), client_order_id=st.integers(0, 9))
    def cancel_of_any_id(self, account: int, slot: int, generation: int, client_order_id: int) -> None:
        self.do(ask.cancel(account, client_order_id, order_id=generation << 32 | slot))

    @precondition(some)
    @rule(
        place=st.integers(0, 9),
        price=st.none() | prices,
        qty=st.integers(-2, 2) | st.integers(1, 12),
        relative=st.booleans(),
        flags=st.sampled_from([0, 0, 2, 4, 6, 1]),
    )
    def replace(self, place: int, price: int | None, qty: int, relative: bool, flags: int) -> None:
        order = self.live(place)
        assert order is not None
        total = max(0, order.leaves + order.filled + qty if relative else abs(qty))
        chosen = order.price if price is None else price * order.instrument.tick_size
        self.do(ask.replace(order.account.number, 0, chosen, total, order_id=order.order_id, flags=flags))

    @rule(account=accounts, instrument=instruments | st.just(wire.ANY), side=st.integers(0, 2))
    def mass_cancel(self, account: int, instrument: int, side: int) -> None:
        self.do(ask.mass_cancel(account, instrument, side))

    @rule(after_ns=st.sampled_from([0, 1, 999_999_999, 10**9, DAY_NS]))
    def tick(self, after_ns: int) -> None:
        self.do(ask.tick(), after_ns)

    # Operators

    @rule(instrument=instruments, state=st.sampled_from([1, 1, 1, 0, 2]))
    def halt_or_open(self, instrument: int, state: int) -> None:
        self.do(ask.instrument_state(instrument, state))

    @rule(account=accounts, state=st.sampled_from([0, 0, 0, 1, 2, 3]), flags=st.integers(0, 1))
    def block_or_activate(self, account: int, state: int, flags: int) -> None:
        self.do(ask.account_state(account, state, flags=flags))

    @rule(account=accounts, values=st.tuples(*[limits] * 5), flags=st.sampled_from([255, 0, 1, 2]))
    def limit(self, account: int, values: tuple[int, ...], flags: int) -> None:
        qty, notional, position, open_orders, messages = values
        notional = notional * 10_000 if notional > 0 else notional
        self.do(ask.account(account, qty, notional, position, open_orders, messages, flags=flags, name=b""))

    @rule(
        instrument=instruments,
        tick=st.sampled_from([-1, 1, 2]),
        lot=st.sampled_from([-1, 3]),
        reference=st.sampled_from([-1, 0, 100, 10_000]),
        collar_bps=st.sampled_from([-1, 0, 100]),
        qty=limits,
        name=st.sampled_from([b"", b"NEW"]),
    )
    def change(
        self, instrument: int, tick: int, lot: int, reference: int, collar_bps: int, qty: int, name: bytes
    ) -> None:
        self.do(ask.instrument(instrument, tick, lot, reference, collar_bps, qty, -1, -1, name=name))

    @rule(account=accounts, amount=st.sampled_from([100_000, 10**10, -100, -50_000, -(10**9), wire.MAX_CASH]))
    def deposit(self, account: int, amount: int) -> None:
        self.do(ask.deposit(account, amount))

    @rule(account=accounts, instrument=instruments, lots=st.sampled_from([1, 7, -1, -5]), cost=st.integers(0, 20_000))
    def shares(self, account: int, instrument: int, lots: int, cost: int) -> None:
        self.do(ask.shares(account, instrument, lots, cost))

    @rule(account=accounts | st.just(wire.ANY), instrument=instruments | st.just(wire.ANY))
    def operator_cancel(self, account: int, instrument: int) -> None:
        self.do(ask.operator_cancel(account, instrument))

    @rule(after_ns=st.sampled_from([0, 1, 1, 10**9]))
    def schedule(self, after_ns: int) -> None:
        self.do(ask.schedule(self.pair.ts_ns + after_ns))

    @rule(place=st.integers(0, 6), more=st.sampled_from([1, 2, -1, 0, 40]))
    def reconfigure(self, place: int, more: int) -> None:
        values = self.pair.model.state.capacity.values()
        values[place] += more
        self.do(ask.configure(*values))

    @rule()
    def restart(self) -> None:
        self.pair.restart()

    # What is compared

    @invariant()
    def same(self) -> None:
        self.pair.compare_rows()
        self.pair.compare_books()
        self.pair.check_invariants()

    def teardown(self) -> None:
        if self.agree:
            self.pair.replay(cycle([1, 3, 2, 50]), cycle([False, True, False]))


Markets.TestCase.settings = settings(max_examples=100, stateful_step_count=50)
TestMarkets = pytest.mark.timeout(600)(Markets.TestCase)


def market_of(*commands: Command) -> Pair:
    """A market with three rich accounts after these commands."""
    pair = Pair()
    opening = [ask.configure(), ask.instrument(0), ask.instrument_state(0, 1)]
    for number in range(ACCOUNTS):
        opening += [ask.account(number, flags=1), ask.deposit(number, 10**9)]
    for command in [*opening, *commands]:
        pair.step(Step(command))
    return pair


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Equal levels, other queues; another price, account, mode, flag, id, time in force.
        ([ask.buy(0, 1, 10, 5), ask.buy(1, 1, 10, 5)], [ask.buy(1, 1, 10, 5), ask.buy(0, 1, 10, 5)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(0, 1, 11, 5)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(1, 1, 10, 5)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(0, 1, 10, 5, self_trade=1)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(0, 1, 10, 5, flags=1)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(0, 2, 10, 5)]),
        ([ask.buy(0, 1, 10, 5)], [ask.buy(0, 1, 10, 5, tif=0)]),
        # What no row shows: free slots in another order, a message counted, a day that ends later.
        (
            [ask.buy(0, 1, 10, 5), ask.buy(0, 2, 10, 5), ask.cancel(0, 1), ask.cancel(0, 2)],
            [ask.buy(0, 1, 10, 5), ask.buy(0, 2, 10, 5), ask.cancel(0, 2), ask.cancel(0, 1)],
        ),
        ([ask.buy(0, 1, 0, 5)], [ask.order(0, 1, 2, 1, 5)]),
        ([ask.schedule(START_NS + 5)], [ask.schedule(START_NS + 6)]),
        # How far marks were taken.
        (
            [ask.instrument(1), ask.risk(1), ask.tick(), ask.tick()],
            [ask.instrument(1), ask.risk(1), ask.tick(), ask.note()],
        ),
        # A correction that moves nothing: the trade cannot be corrected from anything else any more.
        (
            [ask.sell(0, 1, 10, 5), ask.buy(1, 1, 10, 5), ask.note(account=1)],
            [ask.sell(0, 1, 10, 5), ask.buy(1, 1, 10, 5), ask.bust(1, 1, 0, 10, 5)],
        ),
    ],
)
def test_the_hash_covers_what_decides_the_future(one: list[Command], other: list[Command]) -> None:
    hashes = {market_of(*commands).core.state_hash() for commands in (one, other)}
    assert len(hashes) == 2
    assert market_of(*one).core.state_hash() in hashes


@pytest.mark.parametrize("number", range(4))
def test_prices_and_ticks_of_any_size(number: int, seed: int) -> None:
    """A price is taken when it is a multiple of the tick, and kept as it is, whatever their sizes."""
    random = Random(f"{seed} {number}")
    pair = market_of(ask.account(0, flags=3))
    edges = [1, 2, 3, 64, (1 << 20) - 1, 1 << 20, (1 << 19) + 1]
    for _ in range(150):
        tick = random.choice([*edges, random.randint(1, 1 << 20), random.randint(1, 1 << random.randint(1, 20))])
        pair.step(Step(ask.instrument(0, tick_size=tick)))
        most = wire.MAX_PRICE // tick
        for ticks in (1, most, most + 1, random.randint(1, most), random.randint(1, min(most, 5000))):
            for price in (ticks * tick, ticks * tick + 1, ticks * tick - 1):
                client_order_id = pair.seq
                events, _ = pair.step(Step(ask.buy(0, client_order_id, price, 1)))
                taken = 0 < price <= wire.MAX_PRICE and price % tick == 0
                assert (events_of(events)[0].kind == wire.EventKind.ACCEPTED) == taken
                if taken:
                    pair.compare_rows()
                    pair.compare_books()
                    pair.step(Step(ask.cancel(0, client_order_id)))


def test_proceeds_near_64_bits_do_not_open_the_short_way() -> None:
    """Two shorts at the limit of cost, cash at its lowest: unlimited credit is used up, whatever the sum says."""
    answers = []
    for market in (Core(), Market()):
        desk = Desk(market)
        desk.do(ask.configure(accounts=2, instruments=3, orders=64, pages=64, positions=32, id_window=1 << 14))
        for number in range(3):
            desk.do(ask.instrument(number, lot_size=1 << 20))
            desk.do(ask.instrument_state(number, wire.InstrumentState.OPEN))
        desk.do(ask.account(0, flags=3), ask.account(1, flags=3), ask.shares(0, 2, 5, 0))
        notional_of_one = 100 << 20
        price = wire.MAX_NOTIONAL // notional_of_one
        for client_order_id in range(1, 1025):
            instrument = client_order_id // 513
            trade = (client_order_id, price, 1)
            desk.do(ask.buy(1, *trade, instrument=instrument), ask.sell(0, *trade, instrument=instrument))
            if client_order_id % 128 == 0:
                moved = 128 * price * notional_of_one
                desk.do(ask.deposit(0, -moved), ask.deposit(1, moved))
        desk.do(ask.sell(0, 1025, price, 1, instrument=2))  # makes the page of prices that the short way asks for
        desk.do(ask.deposit(0, -wire.MAX_CASH))
        assert desk.account(0).short_proceeds > 2**63 - 2**55
        answers.append(desk.one(ask.buy(0, 1026, price - 1, 1, instrument=2)))
    assert answers[0] == answers[1]
    assert (answers[0].kind, answers[0].check) == (wire.EventKind.REJECTED, wire.Check.BUYING_POWER)
