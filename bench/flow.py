"""Deterministic order flow for matching engines, and the totals that price-time priority must give for it.

A flow is an array of `RECORD`, 16 bytes each, little endian, as a file without header:

    op      u8   1 add: a limit order good till cancelled; crosses, trades, and its remainder rests
                 2 cancel
                 3 replace: same id, new price and quantity, loses time priority, never crosses
    side    u8   0 buy, 1 sell; that of the order on every op
    symbol  u16  0-based
    qty     u32  1 to 500 shares; 0 on a cancel
    oid     u32  order id: dense, ascending from 1 over all symbols
    price   i32  ticks, around 100,000; on a cancel the price of the order

The first depth x symbols records are passive adds, so the book stands before the mix starts: 45 % adds, 45 % cancels,
8 % crossing orders and 2 % replaces, with adds favoured while fewer than `depth` orders of the symbol are live and
cancels while more are. Beside FILE.bin stands FILE.json with the `Totals` of a plain book. Files of the same two forms
from other generators are read by `load`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RECORD = np.dtype([("op", "u1"), ("side", "u1"), ("symbol", "<u2"), ("qty", "<u4"), ("oid", "<u4"), ("price", "<i4")])
ADD, CANCEL, REPLACE = 1, 2, 3
START_PRICE = 100_000
MAX_QTY = 500
MEAN_OFFSET = 25  # ticks from the middle to a passive order
CROSSING, REPLACING, ADDING = 0.08, 0.02, 0.45
MIDDLE_STEP_EVERY = 10  # events between two steps of a symbol's middle, up or down a tick
MAX_EVENTS, MAX_SYMBOLS = 1 << 28, 1 << 16


@dataclass(frozen=True)
class Totals:
    """What a correct price-time book gives for a flow.

    `notional` is the sum of price x qty in ticks; `fifo` the sum of ((maker_oid x 31 + taker_oid x 17) mod 1,000,003)
    x qty, modulo 2^64, which changes when two makers of a level are filled in the wrong order.
    """

    fills: int
    volume: int
    notional: int
    fifo: int
    live: int


@dataclass(frozen=True)
class Flow:
    """Records and the totals that they must give."""

    records: NDArray[Any]
    totals: Totals
    symbols: int


class _Side:
    """One side of one book: levels {price: {oid: qty}} in order of arrival, and its best price (None when empty)."""

    __slots__ = ("best", "levels", "step")

    def __init__(self, step: int) -> None:
        self.levels: dict[int, dict[int, int]] = {}
        self.best: int | None = None
        self.step = step  # from a better price to a worse one: -1 for bids, 1 for asks

    def append(self, oid: int, price: int, qty: int) -> None:
        level = self.levels.get(price)
        if level is None:
            self.levels[price] = {oid: qty}
            if self.best is None or (self.best - price) * self.step > 0:
                self.best = price
        else:
            level[oid] = qty

    def remove(self, oid: int, price: int) -> None:
        level = self.levels[price]
        del level[oid]
        if level:
            return
        del self.levels[price]
        if price != self.best:
            return
        if not self.levels:
            self.best = None
            return
        price += self.step
        while price not in self.levels:
            price += self.step
        self.best = price


class _Book:
    """One symbol: two sides, the live orders for drawing one at random, and the middle that new prices follow."""

    __slots__ = ("live", "middle", "sides")

    def __init__(self) -> None:
        self.sides = (_Side(-1), _Side(1))
        self.live: list[int] = []
        self.middle = START_PRICE

    def passive_price(self, side: int, offset: int) -> int:
        """A price `offset` ticks behind the middle that does not cross."""
        other = self.sides[1 - side].best
        if side == 0:
            price = self.middle - offset
            return price if other is None or price < other else other - 1
        price = self.middle + offset
        return price if other is None or price > other else other + 1


class _Generator:
    """The books of a flow while it is made, its rows, and the totals so far."""

    def __init__(self, events: int, symbols: int, depth: int, seed: int) -> None:
        self.depth = depth
        self.books = [_Book() for _ in range(symbols)]
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        # By order id, ids start at 1: side, price, and the order's place in its book's list of live orders.
        self.side, self.price, self.place = [0], [0], [0]
        self.fills = self.volume = self.notional = self.fifo = 0
        random = np.random.Generator(np.random.PCG64(seed))
        self.choice: list[float] = random.random(events).tolist()
        self.pick: list[float] = random.random(events).tolist()
        self.buy: list[float] = random.random(events).tolist()
        self.qty: list[int] = random.integers(1, MAX_QTY + 1, events).tolist()
        self.offset: list[int] = random.geometric(1 / MEAN_OFFSET, events).tolist()
        self.reach: list[int] = random.integers(0, 3, events).tolist()
        self.symbol: list[int] = random.integers(0, symbols, events).tolist()
        self.step: list[int] = (random.integers(0, 2, events) * 2 - 1).tolist()

    def warm(self, index: int) -> None:
        symbol = index % len(self.books)
        self._step(index, self.books[symbol])
        self._add_passive(index, symbol, self.books[symbol])

    def next(self, index: int) -> None:
        symbol = self.symbol[index]
        book = self.books[symbol]
        self._step(index, book)
        live = len(book.live)
        choice = self.choice[index]
        lean = (self.depth - live) / 500
        adding = CROSSING + REPLACING + ADDING + (0.2 if lean > 0.2 else -0.2 if lean < -0.2 else lean)
        if live < 20 or CROSSING + REPLACING <= choice < adding:
            self._add_passive(index, symbol, book)
        elif choice < CROSSING:
            self._cross(index, symbol, book)
        else:
            oid = book.live[int(self.pick[index] * live)]
            side, price = self.side[oid], self.price[oid]
            book.sides[side].remove(oid, price)
            if choice < CROSSING + REPLACING:
                qty = self.qty[index]
                price = self.price[oid] = book.passive_price(side, self.offset[index])
                book.sides[side].append(oid, price, qty)
                self.rows.append((REPLACE, side, symbol, qty, oid, price))
            else:
                self._forget(book, oid)
                self.rows.append((CANCEL, side, symbol, 0, oid, price))

    def totals(self) -> Totals:
        live = sum(len(book.live) for book in self.books)
        return Totals(self.fills, self.volume, self.notional, self.fifo % 2**64, live)

    def _step(self, index: int, book: _Book) -> None:
        if index % MIDDLE_STEP_EVERY == 0:
            book.middle += self.step[index]

    def _new(self, side: int, price: int) -> int:
        self.side.append(side)
        self.price.append(price)
        self.place.append(-1)
        return len(self.side) - 1

    def _rest(self, book: _Book, oid: int, side: int, price: int, qty: int) -> None:
        book.sides[side].append(oid, price, qty)
        self.place[oid] = len(book.live)
        book.live.append(oid)

    def _forget(self, book: _Book, oid: int) -> None:
        last, place = book.live.pop(), self.place[oid]
        if last != oid:
            book.live[place] = last
            self.place[last] = place

    def _add_passive(self, index: int, symbol: int, book: _Book) -> None:
        side = 0 if self.buy[index] < 0.5 else 1
        qty, price = self.qty[index], book.passive_price(side, self.offset[index])
        oid = self._new(side, price)
        self._rest(book, oid, side, price, qty)
        self.rows.append((ADD, side, symbol, qty, oid, price))

    def _cross(self, index: int, symbol: int, book: _Book) -> None:
        bid, ask = book.sides[0].best, book.sides[1].best
        if bid is None or ask is None:
            self._add_passive(index, symbol, book)
            return
        # Takers lean towards the middle, so the book follows its random walk.
        off = 2 * book.middle - bid - ask
        side = 0 if self.buy[index] < (0.8 if off > 0 else 0.2 if off < 0 else 0.5) else 1
        price = ask + self.reach[index] if side == 0 else bid - self.reach[index]
        left = self.qty[index]
        taker = self._new(side, price)
        self.rows.append((ADD, side, symbol, left, taker, price))
        other = book.sides[1 - side]
        while left and other.best is not None and (other.best <= price if side == 0 else other.best >= price):
            best = other.best
            level = other.levels[best]
            maker = next(iter(level))
            resting = level[maker]
            traded = left if left < resting else resting
            left -= traded
            self.fills += 1
            self.volume += traded
            self.notional += best * traded
            self.fifo += ((maker * 31 + taker * 17) % 1000003) * traded
            if traded < resting:
                level[maker] = resting - traded
            else:
                other.remove(maker, best)
                self._forget(book, maker)
        if left:
            self._rest(book, taker, side, price, left)


def generate(events: int, symbols: int = 1, depth: int = 1000, seed: int = 7) -> Flow:
    """Make a flow; equal arguments give equal bytes. `depth` is the aim for live orders per symbol.

    Raises ValueError for numbers outside 1..2^28 events, 1..65,536 symbols or a depth below 1.
    """
    for name, value, limit in (
        ("events", events, MAX_EVENTS),
        ("symbols", symbols, MAX_SYMBOLS),
        ("depth", depth, MAX_EVENTS),
    ):
        if not 1 <= value <= limit:
            raise ValueError(f"{name} must be 1..{limit}, got {value}")
    maker = _Generator(events, symbols, depth, seed)
    warming = min(events, depth * symbols)
    for index in range(warming):
        maker.warm(index)
    for index in range(warming, events):
        maker.next(index)
    return Flow(np.array(maker.rows, RECORD), maker.totals(), symbols)


def save(flow: Flow, path: Path) -> None:
    """Write `path`.bin and `path`.json; the .bin last, so that a file that exists is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    described = {"events": len(flow.records), "symbols": flow.symbols, **asdict(flow.totals)}
    path.with_suffix(".json").write_text(json.dumps(described, indent=1) + "\n")
    part = path.with_suffix(".part")
    flow.records.tofile(part)
    part.rename(path.with_suffix(".bin"))


def load(path: Path) -> Flow:
    """Read FILE.bin with FILE.json beside it. Raises ValueError when the two are not a flow."""
    size = path.stat().st_size
    if size == 0 or size % RECORD.itemsize:
        raise ValueError(f"{path}: {size} bytes is not a whole number of {RECORD.itemsize}-byte records")
    described = json.loads(path.with_suffix(".json").read_text())
    missing = [field.name for field in fields(Totals) if field.name not in described]
    if missing:
        raise ValueError(f"{path.with_suffix('.json')}: lacks {', '.join(missing)}")
    records = np.fromfile(path, RECORD)
    totals = Totals(**{field.name: int(described[field.name]) for field in fields(Totals)})
    return Flow(records, totals, int(records["symbol"].max()) + 1)


def cached(folder: Path, events: int, symbols: int = 1, depth: int = 1000, seed: int = 7) -> Path:
    """The path of a flow's .bin under `folder`, made on first use."""
    path = folder / f"flow-{events}-{symbols}-{depth}-{seed}"
    if not path.with_suffix(".bin").exists():
        save(generate(events, symbols, depth, seed), path)
    return path.with_suffix(".bin")
