"""What holds of any split, dividend and day, whatever positions there are: on random ones. docs/actions.md,
docs/borrow.md."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell.wire import AccountFlag, Borrow, EventKind, InstrumentState

from tests.reference import commands as ask
from tests.reference.both import MARKETS
from tests.reference.desk import Desk
from tests.reference.invariants import Watch
from tests.reference.records import POSITION_ROW, events_of, market_data_of

ACCOUNTS = 4
PRICE = 10_000
LOT_CASH = 100  # of a lot of one share at price 1
HOLDINGS = st.lists(st.integers(-50, 50), min_size=ACCOUNTS - 1, max_size=ACCOUNTS - 1)
RATIOS = st.tuples(st.integers(1, 40), st.integers(1, 40)).filter(lambda pair: pair[0] != pair[1])
on_both = pytest.mark.parametrize("market", MARKETS, ids=["model", "core"])


class Heard(Desk):
    """A desk whose market is watched: all that must hold is looked at after each `do`."""

    def __init__(self, market: Any) -> None:
        super().__init__(market)
        self.watch = Watch()

    def do(self, *commands: ask.Command, after_ns: int = 0) -> list[Any]:
        said = []
        for command in commands:
            self.seq += 1
            self.ts_ns += after_ns
            self.market.apply(command.encode(self.seq, self.ts_ns), True)
            events = events_of(self.market.take_events())
            self.watch.hear(command, events, market_data_of(self.market.take_market_data()))
            said += events
        self.watch.check(self.market)
        return said

    def positions(self) -> dict[int, Any]:
        return {row.account: row for row in POSITION_ROW.rows(self.market.positions())}


def holding(market: Any, holdings: list[int]) -> Heard:
    """Accounts that bought, or sold short, so many lots; the last one was on the other side of all of them."""
    desk = Heard(market)
    desk.open(10**12, accounts=ACCOUNTS, flags=AccountFlag.SHORT_ALLOWED, reference_price=PRICE)
    for number, lots in enumerate(holdings):
        if lots:
            maker, taker = (ask.buy, ask.sell) if lots > 0 else (ask.sell, ask.buy)
            price = PRICE + 7 * number
            desk.do(maker(number, 1, price, abs(lots)), taker(ACCOUNTS - 1, number + 1, price, abs(lots)))
    desk.do(ask.instrument_state(0, InstrumentState.CLOSED))
    return desk


@on_both
@given(holdings=HOLDINGS, ratio=RATIOS, worth=st.integers(0, 2 * PRICE))
def test_a_split_changes_nobodys_share_of_the_whole(
    market: Any, holdings: list[int], ratio: tuple[int, int], worth: int
) -> None:
    """Lots and what is paid for are exactly new / old of what was; cash less cost less profit stays."""
    new, old = ratio
    desk = holding(market(), holdings)
    before, cash = desk.positions(), {number: desk.account(number).cash for number in range(ACCOUNTS)}
    events = desk.do(ask.split(0, new, old, worth))
    paid = {event.account: event.price for event in events if event.kind == EventKind.CHARGED}
    for number, row in desk.positions().items():
        was = before[number]
        rest = Fraction(abs(was.qty) * new, old) - abs(row.qty)
        assert 0 <= rest < 1
        assert row.qty * was.qty >= 0
        in_lieu = int(rest * old / new * worth * LOT_CASH)
        assert paid.get(number, 0) == (-in_lieu if was.qty > 0 else in_lieu)
        assert desk.account(number).cash == cash[number] - paid.get(number, 0)
        realized = row.realized_pnl - was.realized_pnl
        assert abs(row.cost) <= abs(was.cost)
        assert realized == -paid.get(number, 0) + row.cost - was.cost
        assert bool(row.qty) or not row.cost


@on_both
@given(holdings=HOLDINGS, ratio=RATIOS)
def test_where_nothing_is_lost_the_way_back_is_the_way_there(
    market: Any, holdings: list[int], ratio: tuple[int, int]
) -> None:
    new, old = ratio
    desk = holding(market(), [lots * old for lots in holdings])
    before = desk.positions()
    desk.do(ask.split(0, new, old, PRICE), ask.split(0, old, new, PRICE))
    assert desk.positions() == before


@on_both
@given(holdings=HOLDINGS, a_share=st.integers(1, 10**7), sold=st.integers(0, 60))
def test_dividends_are_neither_more_nor_less_than_the_shares(
    market: Any, holdings: list[int], a_share: int, sold: int
) -> None:
    """Nobody deposited any: what the long get the short pay, whoever has the shares at last."""
    desk = holding(market(), holdings)
    cash = {number: desk.account(number).cash for number in range(ACCOUNTS)}
    lots = {number: row.qty for number, row in desk.positions().items()}
    desk.do(ask.dividend(0, a_share), ask.instrument_state(0, InstrumentState.OPEN))
    if sold:
        desk.do(ask.sell(0, 9, PRICE, sold), ask.buy(1, 9, PRICE, sold))
        cash[0], cash[1] = desk.account(0).cash, desk.account(1).cash
    desk.do(ask.pay_dividend(0))
    for number in range(ACCOUNTS):
        assert desk.account(number).cash == cash[number] + lots.get(number, 0) * a_share
    assert sum(lots.values()) == 0
    assert desk.dues() == []


@on_both
@given(
    holdings=HOLDINGS,
    rates=st.tuples(*[st.integers(0, 10**7)] * 3),
    days=st.integers(1, 31),
    year=st.sampled_from((360, 365)),
)
def test_a_day_costs_at_most_one_unit_more_than_it_does(
    market: Any, holdings: list[int], rates: tuple[int, int, int], days: int, year: int
) -> None:
    """Rounded against the account, never by a whole unit."""
    debit, credit, fee = rates
    desk = holding(market(), holdings)
    desk.do(ask.charge(0, 3 * 10**12), ask.rates(0, debit, credit, year), ask.borrow(0, Borrow.EASY, fee, 0))
    cash = {number: desk.account(number) for number in range(ACCOUNTS)}
    desk.do(ask.accrue(20_261_130, days))
    lots = {number: row.qty for number, row in desk.positions().items()}
    for number, row in cash.items():
        base = row.cash - row.short_proceeds
        exact = Fraction(-base * (debit if base < 0 else credit) * days, 10**6 * year)
        owed = max(0, -lots.get(number, 0)) * PRICE * LOT_CASH
        exact += Fraction(owed * fee * days, 10**6 * 360)
        assert exact <= row.cash - desk.account(number).cash < exact + 2


@on_both
@given(
    data=st.data(),
    lendable=st.integers(0, 40),
    wanted=st.lists(st.tuples(st.integers(0, 2), st.integers(-20, 20).filter(bool)), max_size=12),
)
def test_nobody_sells_short_beyond_what_was_located_and_nothing_is_lent_twice(
    market: Any, data: Any, lendable: int, wanted: list[tuple[int, int]]
) -> None:
    desk = holding(market(), [0, 5, 0])
    desk.do(ask.borrow(0, Borrow.HARD, 0, lendable), ask.instrument_state(0, InstrumentState.OPEN))
    for place, (number, lots) in enumerate(wanted):
        desk.do(ask.locate(number, 0, lots))
        desk.do(ask.sell(number, place + 10, PRICE, data.draw(st.integers(1, 30))))
        if data.draw(st.booleans()):
            desk.do(ask.buy(ACCOUNTS - 1, place + 10, PRICE, data.draw(st.integers(1, 10))))
    row = desk.borrow()
    assert row.lent <= row.inventory == lendable
    located = {row.account: row.located for row in desk.locates()}
    for number, position in desk.positions().items():
        if number < ACCOUNTS - 1:
            assert max(0, position.open_sell - position.qty) <= located.get(number, 0)
    desk.do(ask.schedule(desk.ts_ns + 1))
    desk.do(ask.tick(), after_ns=1)
    assert all(row.located == row.short for row in desk.locates())
