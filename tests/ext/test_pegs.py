"""Pegs: docs/orders.md, "Pegs", by hand, and against plain arithmetic where there are many."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import Check, CommandKind, EventKind, OrderFlag, OrderType, Peg, Rule

from ext.core import Core
from tests.ext.market import BUY, GTC, IOC, SELL, A, B, C, Market
from tests.ext.terse import resting, said, shown

PRIMARY, MARKET, MIDPOINT = Peg.PRIMARY, Peg.MARKET, Peg.MIDPOINT
CAP = {BUY: 1000, SELL: 5}  # as far as the collar goes


def market(**capacity: int) -> Market:
    m = Market(**capacity)
    m.want_data = True
    m.instrument(0, -1, -1, 500, 10000)
    return m


def pegged(m: Market, account: int, side: int, peg: Peg, offset: int = 0, qty: int = 1, price: int = 0) -> int:
    """Enter a peg that meets nobody; its order id."""
    [accepted] = m.new(account, side, price, qty, order_type=OrderType.PEGGED, peg=peg, offset=offset)
    assert accepted.kind == EventKind.ACCEPTED
    return int(accepted.order_id)


def quote(m: Market, bid: int, ask: int) -> None:
    m.buy(A, bid, 9)
    m.sell(B, ask, 9)


def price_met(m: Market, side: int) -> int:
    """The price at which an order that takes what there is first trades."""
    events = m.new(C, 1 - side, CAP[1 - side], 1, tif=IOC)
    return int(events[1].price) if len(events) > 1 else 0


@pytest.mark.parametrize(
    ("side", "peg", "offset", "price", "expected"),
    [
        (BUY, MIDPOINT, 0, 0, 507),  # (500 + 515) / 2
        (SELL, MIDPOINT, 0, 0, 508),
        (BUY, MIDPOINT, -3, 0, 504),
        (SELL, MIDPOINT, 3, 0, 511),
        (BUY, MARKET, -5, 0, 510),
        (SELL, MARKET, 5, 0, 505),
        (BUY, MARKET, -5, 505, 505),  # capped
        (SELL, MARKET, 5, 510, 510),
        (BUY, MIDPOINT, 0, 510, 507),
        (SELL, MIDPOINT, 0, 505, 508),
        (BUY, PRIMARY, 0, 0, 500),  # after the displayed order at 500
        (SELL, PRIMARY, 5, 0, 515),
    ],
)
def test_effective_prices(side: int, peg: Peg, offset: int, price: int, expected: int) -> None:
    m = market()
    quote(m, 500, 515)
    pegged(m, B, side, peg, offset, 1, price)
    assert price_met(m, side) == expected


def test_a_primary_peg_is_met_at_the_price_that_it_had() -> None:
    m = market()
    m.buy(A, 500, 2)
    m.buy(A, 490, 9)
    pegged(m, B, BUY, PRIMARY, 0, 3)
    pegged(m, C, BUY, PRIMARY, -5, 3)
    assert said(m.sell(C, 490, 9, tif=IOC)) == [
        "FILL A+ 2@500 left 0",
        "FILL C 2@500 left 7",
        "FILL B+ 3@500 left 0",
        "FILL C 3@500 left 4",
        "FILL C+ 3@495 left 0",
        "FILL C 3@495 left 1",
        "FILL A+ 1@490 left 8",
        "FILL C 1@490 left 0",
    ]
    assert shown(m) == ["EXECUTE B 2@500", "HIDDEN_TRADE B 3@500", "HIDDEN_TRADE B 3@495", "EXECUTE B 1@490"]


def test_without_a_reference_nobody_is_met() -> None:
    m = market()
    pegged(m, B, SELL, PRIMARY)
    pegged(m, B, SELL, MIDPOINT)
    pegged(m, B, SELL, MARKET, 5)
    assert said(m.buy(A, 600, 1, tif=IOC)) == ["CANCELED A 1@600 left 0 IOC"]
    order = m.sell(C, 700, 1)[0]  # now PRIMARY has one
    assert said(m.buy(A, 600, 1, tif=IOC)) == ["CANCELED A 1@600 left 0 IOC"]
    m.cancel(C, order.order_id)
    m.buy(C, 400, 1)
    assert said(m.buy(A, 600, 1, tif=IOC))[0] == "FILL B+ 1@405 left 0"
    assert len(m.orders()) == 3


def test_below_one_there_is_no_price() -> None:
    m = market()
    m.buy(A, 10, 9)
    first = pegged(m, B, BUY, PRIMARY, -10, 5)
    pegged(m, B, BUY, PRIMARY, -15, 5)
    assert said(m.sell(C, 5, 20, tif=IOC))[-1] == "CANCELED C 11@5 left 0 IOC"
    m.buy(A, 15, 1)
    assert said(m.sell(C, 5, 2, tif=IOC)) == [
        "FILL A+ 1@15 left 0",
        "FILL C 1@15 left 1",
        "FILL B+ 1@5 left 4",
        "FILL C 1@5 left 0",
    ]
    assert m.orders()[0].order_id == first


def test_pegs_follow_silently_and_keep_their_rank() -> None:
    m = market()
    quote(m, 500, 520)
    early = pegged(m, A, BUY, MIDPOINT)
    pegged(m, B, BUY, MIDPOINT)
    rows = resting(m)
    bid = m.buy(C, 510, 1)[0]
    assert [d.kind for d in m.data] == [wire.BookKind.ADD, wire.BookKind.TOP]
    assert resting(m) == ["BOOK C B 1@510", *rows]
    m.cancel(C, bid.order_id)
    events = m.sell(C, 510, 2)
    assert said(events)[::2] == ["FILL A+ 1@510 left 0", "FILL B+ 1@510 left 0"]
    assert events[1].order_id == early


def test_a_cap_of_zero_is_the_price_of_a_market_order() -> None:
    m = Market()
    m.instrument(0, -1, -1, 500, 1000)
    quote(m, 500, 515)
    pegged(m, A, BUY, MIDPOINT, 0, 4)
    [row] = [row for row in m.orders() if row.peg]
    assert (row.price, row.hold, row.place, row.shown) == (550, 220_000, wire.Place.DARK, 0)
    m.sell(C, 505, 3)
    assert m.account(A).hold == 450_000 + 55_000
    # 507 for three: what a lot holds beyond that comes back.
    assert m.account(A).cash == 10**15 - 3 * 50_700


def test_a_peg_as_it_comes() -> None:
    m = market()
    quote(m, 500, 520)
    m.sell(C, 510, 2, flags=OrderFlag.HIDDEN)
    m.sell(C, 515, 2, flags=OrderFlag.HIDDEN)
    new = {"order_type": OrderType.PEGGED, "peg": MIDPOINT}
    assert said(m.buy(A, 0, 5, **new)) == ["FILL C+ 2@510 left 0", "FILL A 2@510 left 3"]
    assert [line for line in resting(m) if line.startswith("DARK A")] == ["DARK A B 3@1000"]
    assert said(m.buy(B, 0, 2, peg=MARKET, offset=-5, order_type=OrderType.PEGGED))[0] == "FILL C+ 2@515 left 0"
    assert said(m.sell(B, 505, 1, tif=IOC))[0] == "FILL A+ 1@510 left 2"


def test_replace_of_a_peg() -> None:
    m = market()
    quote(m, 500, 520)
    first, second = pegged(m, A, BUY, MIDPOINT, 0, 5, 505), pegged(m, B, BUY, MIDPOINT, 0, 5, 505)
    assert said(m.replace(A, first, 505, 3)) == ["REPLACED A 3@505 left 3"]
    assert said(m.sell(C, 505, 1))[0] == "FILL A+ 1@505 left 2"
    assert said(m.replace(A, first, 507, 3)) == ["REPLACE_REJECTED A TICK_SIZE limit 5 value 507"]
    assert said(m.replace(A, first, 0, 3)) == ["REPLACED A 3@1010 left 2"]
    assert said(m.sell(C, 505, 3))[::2] == ["FILL A+ 2@510 left 0", "FILL B+ 1@505 left 4"]
    m.replace(B, second, 495, 5)
    assert said(m.sell(C, 495, 10, tif=IOC))[::2] == ["FILL A+ 9@500 left 0", "FILL B+ 1@495 left 3"]


@pytest.mark.parametrize(
    ("fields", "check", "limit", "value"),
    [
        ({"peg": 4}, Check.PEG, 3, 4),
        ({"peg": 0}, Check.COMBINATION, Rule.PEG_KIND, 0),
        ({"order_type": OrderType.LIMIT, "price": 500}, Check.COMBINATION, Rule.PEG_KIND, 3),
        ({"offset": 5}, Check.COMBINATION, Rule.OFFSET, 5),
        ({"side": SELL, "account": B, "offset": -5}, Check.COMBINATION, Rule.OFFSET, -5),
        ({"peg": MARKET}, Check.COMBINATION, Rule.OFFSET, 0),
        ({"tif": IOC}, Check.COMBINATION, Rule.TIF, IOC),
        ({"min_qty": 1}, Check.COMBINATION, Rule.MIN_QTY, 1),
        ({"discretion": 5}, Check.COMBINATION, Rule.DISCRETION, 5),
        ({"flags": OrderFlag.HIDDEN}, Check.COMBINATION, Rule.DARK, OrderFlag.HIDDEN),
        ({"peg": PRIMARY, "offset": -7}, Check.TICK_SIZE, 5, -7),
        ({"peg": PRIMARY, "offset": -7, "price": 501}, Check.TICK_SIZE, 5, 501),
        ({"peg": PRIMARY, "offset": -7, "price": 600}, Check.TICK_SIZE, 5, -7),
        ({"price": 600}, Check.PRICE_COLLAR, 550, 600),
        ({"price": -1}, Check.PRICE, wire.MAX_PRICE, -1),
        ({"qty": 10_000_000_000 // 55_000 + 1}, Check.BUYING_POWER, 10**10, (10**10 // 55_000 + 1) * 55_000),
    ],
)
def test_refused(fields: dict[str, Any], check: Check, limit: int, value: int) -> None:
    m = Market()
    m.instrument(0, -1, -1, 500, 1000)
    m.admin(CommandKind.DEPOSIT, 10**10 - m.account(A).cash, account=A)
    named: dict[str, Any] = {"account": A, "side": BUY, "price": 0, "qty": 10, "order_type": OrderType.PEGGED}
    [reject] = m.new(**(named | {"peg": MIDPOINT, "tif": GTC} | fields))
    assert (Check(reject.check), reject.limit, reject.value) == (check, limit, value)


# Many


class Asked:
    """A peg as it was entered."""

    def __init__(self, random: Random, side: int) -> None:
        self.side = side
        self.peg = random.choice((PRIMARY, MARKET, MIDPOINT))
        away = 5 * random.randrange(self.peg == MARKET, 12)
        self.offset = -away if side == BUY else away
        self.cap = random.choice((0, 5 * random.randrange(80, 120)))
        self.order_id = 0

    def price_at(self, bid: int, ask: int, band: int) -> int:
        """The effective price by the best displayed prices (0: none) and its side's price band (0: none), as
        docs/orders.md and docs/bands.md say it; 0: none."""
        own, other = (bid, ask) if self.side == BUY else (ask, bid)
        reference = {PRIMARY: own, MARKET: other, MIDPOINT: 0}[self.peg]
        if self.peg == MIDPOINT and bid and ask:
            reference = (bid + ask) // 2 if self.side == BUY else -(-(bid + ask) // 2)
        if reference == 0:
            return 0
        price = reference + self.offset
        if self.cap:
            price = min(price, self.cap) if self.side == BUY else max(price, self.cap)
        if band and (price > band if self.side == BUY else price < band):
            return 0
        return max(price, 0)


@pytest.mark.parametrize("with_bands", [False, True])
@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize("number", range(12))
def test_many_pegs_are_met_in_the_order_of_their_prices(side: int, number: int, with_bands: bool) -> None:
    """The market moves, pegs come and go, snapshots are taken; each price and place is what plain arithmetic says."""
    random = Random(f"{number} {side}")
    band = 0
    m = market(orders=512, pages=64)
    m.want_data = False
    pegs: list[Asked] = []
    quotes: list[tuple[int, int]] = []
    for _ in range(12):
        for account, order_id in quotes:
            m.cancel(account, order_id)
        m.admin(CommandKind.SET_BANDS, 0, 0, 0, instrument=0)
        middle = 5 * random.randrange(90, 110)
        for one in random.sample(pegs, len(pegs) // 4):
            m.cancel(C, one.order_id)
            pegs.remove(one)
        for _ in range(15):
            one = Asked(random, side)
            one.order_id = pegged(m, C, side, one.peg, one.offset, 1, one.cap)
            pegs.append(one)
        bid, ask = middle - 5 * random.randrange(1, 8), middle + 5 * random.randrange(0, 8)
        bid, ask = random.choice(((bid, ask), (bid, ask), (bid, ask), (bid, 0), (0, ask)))
        if with_bands:
            band = middle + 5 * random.randrange(-12, 12)
            m.admin(CommandKind.SET_BANDS, *((5, band, 0) if side == BUY else (band, 2000, 0)), instrument=0)
            bid, ask = (min(bid, band), ask) if side == BUY else (bid, max(ask, band) if ask else 0)
        quotes = [(A, m.buy(A, bid, 1)[0].order_id)] if bid else []
        quotes += [(B, m.sell(B, ask, 1)[0].order_id)] if ask else []
        if random.random() < 0.3:
            m.core = Core.restore(m.core.snapshot())
        limit = middle + random.randrange(-8, 8) * 5
        sign = -1 if side == BUY else 1
        priced = [(sign * price, rank, one) for rank, one in enumerate(pegs) if (price := one.price_at(bid, ask, band))]
        due = [(sign * key, one) for key, _, one in sorted(priced, key=lambda each: each[:2]) if key <= sign * limit]
        events = m.new(B, 1 - side, limit, 30, tif=IOC)
        makers = [e for e in events if e.flags & wire.EventFlag.MAKER and e.account == C]
        expected = [(price, one.order_id) for price, one in due]
        assert [(e.price, e.order_id) for e in makers] == expected[: len(makers)]
        met = sum(e.qty for e in events if e.flags & wire.EventFlag.MAKER)
        assert met == 30 or len(makers) == len(due)
        pegs = [one for one in pegs if one.order_id not in {e.order_id for e in makers}]
        quotes = [each for each in quotes if each[1] in {row.order_id for row in m.orders()}]


def crowd(m: Market, count: int, caps: list[int], offsets: list[int]) -> None:
    """So many buys that follow the middle, each of one lot, in one call."""
    made = np.zeros(count, wire.SPECIAL_COMMAND)
    turn = np.arange(count)
    made["kind"], made["order_type"], made["peg"] = CommandKind.NEW_SPECIAL, OrderType.PEGGED, MIDPOINT
    made["account"], made["client_order_id"], made["side"], made["qty"] = C, 1_000_000 + turn, BUY, 1
    made["tif"] = GTC
    made["price"], made["offset"] = np.resize(caps, count), np.resize(offsets, count)
    made["seq"], made["ts_ns"] = m.core.seq + 1 + turn, m.core.ts_ns
    m.core.apply(made.tobytes())
    events = np.frombuffer(m.core.take_events(), wire.EVENT)
    assert (events["kind"] == EventKind.ACCEPTED).all()


@pytest.mark.parametrize(
    ("caps", "offsets"),
    [([600], [0]), ([600], list(range(0, -500, -5))), (list(range(400, 800, 5)), list(range(0, -500, -5)))],
    ids=["one cap", "one cap, many offsets", "many of both"],
)
def test_a_reference_that_passes_the_caps_of_a_crowd_moves_nobody(caps: list[int], offsets: list[int]) -> None:
    """What it costs: the crowds of `openbell bench core`."""
    count = 4_000
    m = market(orders=count + 16, pages=64, ids=2 * count)
    quote(m, 300, 320)
    crowd(m, count, caps, offsets)
    for _ in range(2):
        for bid, ask in ((900, 920), (300, 320)):
            m.mass_cancel(A)
            m.mass_cancel(B)
            quote(m, bid, ask)
            assert m.core.stats()["orders"]["used"] == count + 2
            before = m.core.state_hash()
            m.core = Core.restore(m.core.snapshot())
            assert m.core.state_hash() == before
    best = min(max(caps), 310 + max(offsets))
    events = m.sell(B, best - best % 5, 1, tif=IOC)  # meets the first of those with the best price, at that price
    assert [event.price for event in events if event.kind == EventKind.FILL] == [best] * 2
