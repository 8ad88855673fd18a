"""Tax lots beside an obvious reference: by hand, by Hypothesis, and over what generated sessions of the core say."""

from __future__ import annotations

from random import Random
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from openbell import wire
from openbell.wire import EventKind, LotFlag, Side

from ext.taxlots.asked import lots_of, pairs_of, realized_of
from ext.taxlots.machine import TaxLots
from ext.taxlots.saved import load, state_of
from tests.reference.compare import Pair, Step
from tests.reference.lots import Lots, Open, joined
from tests.reference.records import events_of
from tests.reference.swarm import Swarm
from tests.reference.worlds import WORLDS, World

A, STOCK = 3, 2
LOT_SIZE = 10
EACH = LOT_SIZE * 100  # cash of a lot at a price of 1e-4
BUY, SELL = Side.BUY, Side.SELL
DAY_NS = 86_400 * 10**9


class Shelf:
    """The machine and the reference, told the same. Trades are numbered from 1."""

    def __init__(self, most_paired: int | None = None) -> None:
        self.machine = TaxLots() if most_paired is None else TaxLots(most_paired)
        self.reference = Lots(lambda instrument: LOT_SIZE)
        self.seq = self.trade_id = 0
        self.forgets = most_paired is not None
        self.trades: dict[int, tuple[Side, int, int]] = {}  # that stand, since the last split

    def say(self, kind: EventKind, **fields: int) -> None:
        event = np.zeros(1, wire.EVENT)
        self.seq += fields.pop("is_new", 1)
        event["seq"], event["ts_ns"], event["kind"] = self.seq, self.seq * 1000, kind
        event["account"], event["instrument"] = A, STOCK
        for name, value in fields.items():
            event[name] = np.array(value).astype(event.dtype[name])
        self.machine.apply(event.tobytes(), self.rows)
        if not self.forgets:
            for one in events_of(event.tobytes()):
                self.reference.hear(one)

    @staticmethod
    def rows() -> bytes:
        row = np.zeros(1, wire.INSTRUMENT_ROW)
        row["instrument"], row["lot_size"] = STOCK, LOT_SIZE
        return row.tobytes()

    def trade(self, side: Side, qty: int, price: int) -> int:
        self.trade_id += 1
        self.trades[self.trade_id] = side, qty, price
        self.say(EventKind.FILL, side=side, qty=qty, price=price, trade_id=self.trade_id)
        return self.trade_id

    def bust(self, trade_id: int, *instead: int) -> None:
        side, qty, price = self.trades.pop(trade_id)
        self.say(EventKind.TRADE_BUSTED, side=side, qty=qty, price=price, trade_id=trade_id, reason=len(instead) > 0)
        if instead:
            qty, price = instead
            self.trades[trade_id] = side, qty, price
            fields = {"side": side, "qty": qty, "price": price, "trade_id": trade_id}
            self.say(EventKind.TRADE_CORRECTED, is_new=0, **fields)

    def shares(self, qty: int, cost: int = 0) -> None:
        self.say(EventKind.SHARES, price=qty, order_id=cost)

    def split(self, new: int, old: int, price: int = 0) -> None:
        self.trades.clear()
        self.say(EventKind.SPLIT_DONE, price=new, order_id=old, trade_id=price)

    @property
    def lots(self) -> list[Any]:
        position = np.zeros(1, wire.POSITION_ROW)
        position["account"], position["instrument"] = A, STOCK
        rows = np.frombuffer(lots_of(self.machine, position.tobytes()), wire.LOT_ROW)
        return joined([Open(*row) for row in rows[list(Open._fields)].tolist()])

    @property
    def flags(self) -> list[int]:
        position = np.zeros(1, wire.POSITION_ROW)
        position["account"], position["instrument"] = A, STOCK
        return np.frombuffer(lots_of(self.machine, position.tobytes()), wire.LOT_ROW)["flags"].tolist()

    @property
    def realized(self) -> int:
        return realized_of(self.machine, A, STOCK)

    @property
    def short(self) -> list[tuple[int, int]]:
        """Lots and the price of each, where that is whole."""
        return [(lot.qty, lot.cost // lot.qty // EACH) for lot in self.lots]

    def check(self, most_off: int = 0) -> None:
        """The same, but for `most_off` units of cash that were truncated elsewhere."""
        ours, theirs = self.lots, self.reference.lots(A, STOCK)
        assert [lot[:4] for lot in ours] == [lot[:4] for lot in theirs]
        for mine, other in zip(ours, theirs, strict=True):
            assert abs(mine.cost - other.cost) <= most_off
        assert abs(self.realized - self.reference.realized(A, STOCK)[0]) <= most_off


# ------------------------------------------------------------ by hand


def test_the_earliest_lot_is_sold_first() -> None:
    shelf = Shelf()
    shelf.trade(BUY, 10, 100)
    shelf.trade(BUY, 10, 200)
    shelf.trade(SELL, 15, 300)
    assert shelf.short == [(5, 200)]
    assert shelf.lots[0].trade_id == 2
    assert shelf.lots[0].ts_ns == 2000  # since when it is held
    assert shelf.realized == (10 * 200 + 5 * 100) * EACH
    bought, sold = pairs_of(shelf.machine, A, STOCK)[1][:2]
    assert (bought[2], sold[2], bought[3]) == (2, 3, 5 * 200 * EACH)


def test_what_was_sold_short_first_is_bought_back_first() -> None:
    shelf = Shelf()
    shelf.trade(SELL, 10, 300)
    shelf.trade(SELL, 10, 200)
    shelf.trade(BUY, 15, 100)
    assert shelf.short == [(-5, 200)]
    assert shelf.realized == (10 * 200 + 5 * 100) * EACH
    shelf.trade(BUY, 9, 150)  # through 0: the rest is long
    assert shelf.short == [(4, 150)]
    assert shelf.realized == (10 * 200 + 5 * 100 + 5 * 50) * EACH


def test_shares_that_come_and_go() -> None:
    shelf = Shelf()
    shelf.shares(7, 123_457)
    shelf.trade(BUY, 5, 200)
    shelf.shares(-9)
    assert [(lot.qty, lot.cost) for lot in shelf.lots] == [(3, 3 * 200 * EACH)]
    assert shelf.realized == 0  # gone at cost
    shelf.check()


@pytest.mark.parametrize("sold", [0, 4, 12, 20])
def test_a_bust_is_as_if_it_had_never_been(sold: int) -> None:
    """Of what is open, of what was sold in part, of what was sold whole."""
    shelf, without = Shelf(), Shelf()
    first = shelf.trade(BUY, 10, 100)
    for one in (shelf, without):
        one.trade_id, one.seq = 1, 1
        one.trade(BUY, 10, 200)
        one.trade(BUY, 10, 250)
        if sold:
            one.trade(SELL, sold, 300)
    shelf.bust(first)
    assert shelf.lots == without.lots
    assert shelf.realized == without.realized


def test_a_bust_of_a_sale_gives_back_what_was_sold_last() -> None:
    shelf = Shelf()
    shelf.trade(BUY, 10, 100)
    shelf.trade(BUY, 10, 200)
    first = shelf.trade(SELL, 8, 300)
    shelf.trade(SELL, 8, 310)
    assert shelf.short == [(4, 200)]
    shelf.bust(first)
    assert shelf.short == [(2, 100), (10, 200)]  # the second sale sold of the first lot, as there was no other
    assert [lot.ts_ns for lot in shelf.lots] == [1000, 2000]
    assert shelf.realized == 8 * 210 * EACH
    shelf.check()


def test_a_bust_turns_a_position() -> None:
    shelf = Shelf()
    first = shelf.trade(BUY, 10, 100)
    shelf.trade(SELL, 10, 200)
    shelf.trade(BUY, 5, 150)
    shelf.bust(first)
    assert shelf.short == [(-5, 200)]  # of ten that were sold the later five were bought back by nobody
    assert shelf.realized == 5 * 50 * EACH
    shelf.check()


def test_a_correction_takes_the_place_of_what_it_was() -> None:
    shelf = Shelf()
    first = shelf.trade(BUY, 10, 100)
    shelf.trade(BUY, 10, 200)
    shelf.trade(SELL, 12, 300)
    shelf.bust(first, 14, 110)
    assert shelf.short == [(2, 110), (10, 200)]
    assert shelf.realized == 12 * 190 * EACH
    assert [lot.ts_ns for lot in shelf.lots] == [1000, 2000]
    shelf.bust(first, 3, 110)
    assert shelf.short == [(1, 200)]
    assert shelf.realized == (3 * 190 + 9 * 100) * EACH
    shelf.bust(first)
    assert shelf.short == [(-2, 300)]
    shelf.check()


def test_a_split_keeps_cost_and_time() -> None:
    shelf = Shelf()
    shelf.trade(BUY, 3, 100)
    shelf.trade(BUY, 4, 300)
    before = shelf.lots
    shelf.split(2, 1)
    assert [(lot.qty, lot.cost, lot.ts_ns) for lot in shelf.lots] == [
        (2 * lot.qty, lot.cost, lot.ts_ns) for lot in before
    ]
    assert shelf.realized == 0
    shelf.trade(SELL, 8, 200)  # six of the first lot at 50, two of the second at 150
    assert shelf.realized == (6 * 150 + 2 * 50) * EACH
    shelf.check()


def test_the_fraction_is_of_the_earliest_lots() -> None:
    shelf = Shelf()
    for price in (100, 200, 400):
        shelf.trade(BUY, 1, price)
    shelf.trade(BUY, 4, 500)
    shelf.split(1, 3, price=600)  # of seven two and a third: the third is the first lot's
    assert shelf.realized == 600 * EACH - 100 * EACH
    assert [(lot.qty, lot.trade_id) for lot in shelf.lots] == [(1, 2), (1, 4)]
    assert [lot.cost for lot in shelf.lots] == [(200 + 400) * EACH, 4 * 500 * EACH]
    shelf.check()


def test_a_short_position_pays_for_its_fraction() -> None:
    shelf = Shelf()
    shelf.trade(SELL, 5, 100)
    shelf.split(1, 2, price=90)
    assert shelf.lots[0][3:] == (-2, -4 * 100 * EACH)
    assert shelf.realized == (100 - 90) * EACH
    shelf.check()


def test_all_of_it_may_be_a_fraction() -> None:
    shelf = Shelf()
    shelf.trade(BUY, 2, 100)
    shelf.trade(BUY, 3, 200)
    shelf.split(1, 10, price=300)
    assert shelf.lots == []
    assert shelf.realized == (5 * 300 - 2 * 100 - 3 * 200) * EACH
    shelf.check()


def test_today_begins_when_a_day_ended() -> None:
    shelf = Shelf()
    shelf.trade(BUY, 10, 100)
    first = shelf.trade(SELL, 2, 150)
    shelf.say(EventKind.DAY_ENDED)
    assert shelf.reference.realized(A, STOCK) == (2 * 50 * EACH, 0)
    shelf.trade(SELL, 1, 170)
    shelf.bust(first)
    assert gains(shelf) == (70 * EACH, -30 * EACH)  # what a bust takes of yesterday's is lost today
    assert shelf.reference.realized(A, STOCK) == (70 * EACH, -30 * EACH)


def gains(shelf: Shelf) -> tuple[int, int]:
    from ext.taxlots.asked import gains_of

    position, exposure = np.zeros(1, wire.POSITION_ROW), np.zeros(1, wire.EXPOSURE_ROW)
    for row in (position, exposure):
        row["account"], row["instrument"] = A, STOCK
    found = np.frombuffer(gains_of(shelf.machine, position.tobytes(), exposure.tobytes()), wire.GAIN_ROW)[0]
    return int(found["realized_fifo"]), int(found["today_fifo"])


def test_what_is_forgotten_comes_back_at_the_price_of_the_bust() -> None:
    shelf = Shelf(most_paired=4)
    shelf.trade(BUY, 100, 100)
    trades = [shelf.trade(SELL, 1, 200 + place) for place in range(8)]
    shelf.trade(SELL, 92, 300)
    whole = shelf.realized
    shelf.bust(trades[0])
    assert shelf.short == [(1, 100)]  # of what was sold last
    assert shelf.realized == whole - 100 * EACH
    shelf = Shelf(most_paired=0)
    shelf.trade(BUY, 2, 100)
    first = shelf.trade(SELL, 2, 200)
    shelf.bust(first)
    assert shelf.short == [(2, 200)]
    assert shelf.flags == [LotFlag.RESTATED]
    assert shelf.realized - 2 * 200 * EACH == -2 * 100 * EACH  # realized less cost is what was paid


def test_a_lot_that_went_elsewhere_is_one_lot_again() -> None:
    """Two busts have both halves of it owed. Found by a proof of ten million events."""
    shelf = Shelf()
    bought = [shelf.trade(BUY, 10, 100), shelf.trade(BUY, 10, 100)]
    shelf.trade(BUY, 20, 99)
    shelf.trade(SELL, 20, 100)
    shelf.shares(-20)
    for trade_id in bought:
        shelf.bust(trade_id)
    assert shelf.short == [(-20, 99)]
    shelf.split(1, 3, 300)
    shelf.trade(BUY, 2, 300)
    shelf.check()


def test_lots_that_went_elsewhere_at_once_keep_their_own_costs() -> None:
    shelf = Shelf()
    bought = [shelf.trade(BUY, 10, 100), shelf.trade(BUY, 10, 200)]
    shelf.shares(-20)
    for trade_id in bought:
        shelf.bust(trade_id)
    shelf.trade(BUY, 10, 300)
    assert shelf.short == [(-10, 200)]
    shelf.check()


def test_a_lot_is_what_its_instrument_says_at_that_time() -> None:
    """Whatever is looked up: that is of after the batch."""
    shelf = Shelf()
    said = np.zeros(3, wire.EVENT)
    said["seq"], said["account"], said["instrument"] = range(1, 4), A, STOCK
    said["kind"] = EventKind.INSTRUMENT_SET, EventKind.FILL, EventKind.INSTRUMENT_SET
    said["price"], said["qty"], said["trade_id"] = (7, 100, 9), (0, 2, 0), (0, 1, 0)
    shelf.machine.apply(said.tobytes(), shelf.rows)
    assert [lot.cost for lot in shelf.lots] == [2 * 100 * 7 * 100]
    said["seq"], said["trade_id"] = 4, 2
    shelf.machine.apply(said[1:2].tobytes(), bytes)
    assert [lot.cost for lot in shelf.lots] == [2 * 100 * 7 * 100, 2 * 100 * 9 * 100]


def test_bad_bytes_are_refused() -> None:
    machine = TaxLots()
    with pytest.raises(ValueError, match="not whole events"):
        machine.apply(b"abc", bytes)
    event = np.zeros(1, wire.EVENT)
    event["kind"] = EventKind.FILL
    with pytest.raises(ValueError, match="instrument 0 of an event is not set up"):
        machine.apply(event.tobytes(), bytes)
    for state in (b"", bytes(32), state_of(machine) + b"x", state_of(machine)[:-1]):
        with pytest.raises(ValueError, match="tax lots"):
            load(TaxLots(), state)


# ------------------------------------------------------------ by Hypothesis


@st.composite
def acts(draw: st.DrawFn) -> tuple[Any, ...]:
    kind = draw(st.sampled_from("ttttttttbbcciosd"))
    return kind, draw(st.integers(0, 2**16)), draw(st.integers(1, 9)), draw(st.integers(1, 40))


def do(shelf: Shelf, act: tuple[Any, ...], splits: bool) -> None:
    kind, pick, qty, price = act
    held = sum(lot.qty for lot in shelf.lots)
    if kind == "t":
        shelf.trade(Side(pick % 2), qty, price)
    elif kind in "bc" and shelf.trades:
        trade_id = sorted(shelf.trades)[pick % len(shelf.trades)]
        shelf.bust(trade_id, *([qty, price] if kind == "c" else []))
    elif kind == "i" and held >= 0:
        shelf.shares(qty, price * 333)
    elif kind == "o" and held > 0:
        shelf.shares(-min(qty, held))
    elif kind == "d":
        shelf.say(EventKind.DAY_ENDED)
    elif kind == "s" and splits:
        new, old = (pick % 5) + 1, (pick // 5 % 5) + 1
        if new != old:
            shelf.split(new, old, price)


def again(shelf: Shelf) -> TaxLots:
    """One made of its state, which is the same again."""
    state = state_of(shelf.machine)
    machine = TaxLots()
    load(machine, state)
    assert state_of(machine) == state
    return machine


@settings(max_examples=400, deadline=None)
@given(st.lists(acts(), max_size=60), st.integers(0, 59))
def test_without_splits_it_is_the_reference(steps: list[tuple[Any, ...]], restart: int) -> None:
    shelf = Shelf()
    for place, act in enumerate(steps):
        do(shelf, act, splits=False)
        if place == restart:
            shelf.machine = again(shelf)
        shelf.check()
        assert gains(shelf) == shelf.reference.realized(A, STOCK)
    again(shelf)


@settings(max_examples=400, deadline=None)
@given(st.lists(acts(), max_size=60))
def test_with_splits_it_is_the_reference_but_for_what_is_truncated(steps: list[tuple[Any, ...]]) -> None:
    """Parts of a lot whose cost is no whole number a share: once a bust moved the seam they are cut elsewhere."""
    shelf, amended = Shelf(), 0
    for act in steps:
        amended += act[0] in "bc"
        do(shelf, act, splits=True)
        shelf.check(most_off=2 * len(steps) if amended else 0)


@settings(max_examples=200, deadline=None)
@given(st.lists(acts(), max_size=60), st.integers(0, 12))
def test_whatever_is_forgotten_realized_less_cost_is_what_was_paid(steps: list[tuple[Any, ...]], most: int) -> None:
    shelf = Shelf(most_paired=most)
    paid = 0
    for act in (one for one in steps if one[0] in "tb"):
        before = dict(shelf.trades)
        do(shelf, act, splits=False)
        for trade_id in before.keys() ^ shelf.trades.keys():
            side, qty, price = (before | shelf.trades)[trade_id]
            paid += (1 if side == BUY else -1) * (1 if trade_id in shelf.trades else -1) * qty * price * EACH
        assert sum(lot.cost for lot in shelf.lots) - shelf.realized == paid
        assert sum(lot.qty for lot in shelf.lots) == sum(
            qty if side == BUY else -qty for side, qty, _ in shelf.trades.values()
        )
    machine = TaxLots(most)
    load(machine, state_of(shelf.machine))
    assert state_of(machine) == state_of(shelf.machine)


# ------------------------------------------------------------ what the core says


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_over_generated_sessions_it_is_the_reference(world: World, seed: int) -> None:
    """`Pair` compares both after each twentieth command."""
    random = Random(seed)
    pair = Pair()
    swarm = Swarm(random, world, pair.model)
    opening = [Step(command) for command in world.opening(random)]
    for place in range(900):
        pair.step(opening[place] if place < len(opening) else swarm.next())
        if place % 20 == 0:
            pair.compare_rows()
    pair.compare_rows()
