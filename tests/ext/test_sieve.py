"""What is sieved out of market data for those who watch over prices, against the same in plain Python."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.wire import BookKind, DataFlag

from engine.volatility.table import FOLLOWED, Table
from ext.sieve import BANDED, FALL, FLOORED, INDEXED, LUMP, NOBODY, Sieve

Note = tuple[int, int, int, int, int, int, int]
SECOND_NS = 10**9


def record(kind: int, instrument: int = 0, ts_ns: int = 5 * SECOND_NS, seq: int = 1, **fields: int) -> bytes:
    made = np.zeros(1, wire.TOP if kind == BookKind.TOP else wire.MARKET_DATA)
    for name, value in {"kind": kind, "instrument": instrument, "ts_ns": ts_ns, "seq": seq, **fields}.items():
        made[name] = value
    return made.tobytes()


def table(*what: int, **fields: int) -> Table:
    made = np.zeros(len(what), FOLLOWED)
    made["what"], made["tick"] = what, 100
    for name, value in fields.items():
        made[name] = value
    return made


def sifted(rows: Table, *records: bytes) -> list[Note]:
    """All of it, however often it stops."""
    data, notes, offset = b"".join(records), list[Note](), 0
    sieve = Sieve()
    while offset < len(data):
        after = sieve.sift(data, rows, offset, notes)
        assert after > offset
        offset = after
    before, had_trades = len(notes), sieve.has_trades
    sieve.tell(rows, notes)
    assert (len(notes) > before, sieve.has_trades) == (had_trades, False)
    return notes


def test_trades_of_a_second_are_added_up() -> None:
    rows = table(BANDED, INDEXED, 0)
    data = [record(BookKind.EXECUTE, number, price=10 * (number + 1), qty=1, seq=number + 7) for number in (0, 1, 2, 0)]
    data.append(record(BookKind.HIDDEN_TRADE, 0, 6 * SECOND_NS, price=70, qty=1))
    notes = sifted(rows, *data)
    first = [note for note in notes if note[3] == 5 * SECOND_NS]
    assert sorted((note[0], note[1], note[4], note[5]) for note in first) == [(LUMP, 0, 20, 2), (LUMP, 1, 20, 1)]
    assert notes[-1] == (LUMP, 0, 1, 6 * SECOND_NS, 70, 1, 0)
    assert rows["last"].tolist() == [70, 20, 0]


def test_odd_lots_and_pairs_of_a_cross_are_no_trades() -> None:
    rows = table(BANDED, round_lot=100)
    notes = sifted(
        rows,
        record(BookKind.EXECUTE, price=10, qty=99),
        record(BookKind.HIDDEN_TRADE, price=10, qty=99),
        record(BookKind.EXECUTE, price=10, qty=100, flags=DataFlag.CROSS),
        record(BookKind.CROSS, price=0),
        record(BookKind.CROSS, price=12, state=3, qty=5),
    )
    assert notes == [(BookKind.CROSS, 0, 1, 5 * SECOND_NS, 12, 3, 0)]
    assert rows["last"][0] == 12


def test_trades_are_told_before_what_comes_after_them() -> None:
    trade = record(BookKind.EXECUTE, price=10, qty=1)
    for kind in (BookKind.STATUS, BookKind.BANDS, BookKind.TIME):
        notes = sifted(table(BANDED), trade, record(kind, flags=DataFlag.DAY_END), trade)
        assert [note[0] for note in notes if note[0] != BookKind.TOP] == [LUMP, kind, LUMP]


@pytest.mark.parametrize(
    ("bid", "ask", "is_told"), [(104, 106, False), (105, 0, True), (0, 95, True), (94, 96, False), (0, 0, False)]
)
def test_best_prices_are_told_at_a_band_and_when_they_leave_it(bid: int, ask: int, is_told: bool) -> None:
    rows = table(BANDED)
    tops = [record(BookKind.TOP, bid_price=bid * 100, ask_price=ask * 100), record(BookKind.TOP, bid_price=9_900)]
    notes = sifted(rows, record(BookKind.BANDS, price=9_420, order_id=10_580, level_qty=10_000), *tops, tops[1])
    assert (rows["lower"][0], rows["upper"][0]) == (9_500, 10_500)  # on ticks, within
    told = [note[4:6] for note in notes if note[0] == BookKind.TOP]
    assert told == [(0, 0), *([(bid * 100, ask * 100), (9_900, 0)] if is_told else [])]
    assert (rows["bid"][0], rows["ask"][0]) == (9_900, 0)


def test_falls_are_told_one_by_one() -> None:
    rows = table(FLOORED, FLOORED | BANDED, floor=90)
    data = [record(BookKind.EXECUTE, number, price=price, qty=1) for number in (0, 1) for price in (91, 90, 89)]
    notes = sifted(rows, *data, record(BookKind.CROSS, 0, price=80))
    assert [(note[1], note[4]) for note in notes if note[0] == FALL] == [(0, 90), (0, 89), (1, 90), (1, 89), (0, 80)]


def test_a_day_has_a_close_where_there_was_a_trade() -> None:
    rows = table(BANDED, BANDED, 0, close=50)
    end = record(BookKind.TIME, 9, flags=DataFlag.DAY_END)
    notes = sifted(rows, record(BookKind.EXECUTE, 1, price=60, qty=1), record(BookKind.TIME), end, end)
    assert rows["close"].tolist() == [50, 60, 50]
    assert rows["last"].tolist() == [0, 0, 0]
    assert [note[:2] for note in notes[1:]] == [(BookKind.TIME, NOBODY)] * 2


def test_states_of_those_that_nobody_knows_are_told() -> None:
    rows = table(0)
    notes = sifted(rows, record(BookKind.STATUS, 0, state=1, flags=3, price=9, qty=10), record(BookKind.STATUS, 77))
    assert [note[1:] for note in notes] == [(0, 1, 5 * SECOND_NS, 1, 3, 9), (77, 1, 5 * SECOND_NS, 0, 0, 0)]
    assert rows["round_lot"][0] == 10
    assert sifted(rows, record(BookKind.EXECUTE, 0, price=1, qty=1), record(BookKind.BANDS, 5, price=1)) == []


def test_what_is_no_record_is_refused() -> None:
    for data, offset in ((bytes(63), 0), (bytes(128), 1)):
        with pytest.raises(ValueError, match="records of 64 bytes"):
            Sieve().sift(data, table(BANDED), offset, [])


class Plain:
    """The same, slowly: what lumps come to, and the table."""

    def __init__(self, rows: Table) -> None:
        self.rows = rows.copy()
        self.lumps: dict[tuple[int, int], list[int]] = {}
        self.falls: list[tuple[int, int]] = []

    def take(self, one: Any) -> None:
        number, kind = int(one["instrument"]), int(one["kind"])
        if kind == BookKind.STATUS and number < len(self.rows):
            self.rows[number]["round_lot"] = one["qty"]
        if kind == BookKind.TIME and one["flags"] & DataFlag.DAY_END:
            traded = (self.rows["last"] != 0) & (self.rows["what"] != 0)
            self.rows["close"] = np.where(traded, self.rows["last"], self.rows["close"])
            self.rows["last"] = np.where(traded, 0, self.rows["last"])
        if number >= len(self.rows) or not self.rows[number]["what"]:
            return
        row, price = self.rows[number], int(one["price"])
        is_trade = kind == BookKind.HIDDEN_TRADE or (kind == BookKind.EXECUTE and not one["flags"] & DataFlag.CROSS)
        if is_trade and one["qty"] >= row["round_lot"]:
            row["last"] = price
            if row["what"] & (BANDED | INDEXED):
                self.lumps.setdefault((number, int(one["ts_ns"]) // SECOND_NS), []).append(price)
        elif kind == BookKind.CROSS and price:
            row["last"] = price
        else:
            return
        if row["what"] & FLOORED and price <= row["floor"]:
            self.falls.append((number, price))


@pytest.mark.parametrize("pieces", [1, 7, 300])
def test_against_the_same_in_plain_python(seed: int, pieces: int) -> None:
    random, now_ns, data = Random(seed), SECOND_NS, []
    kinds = [BookKind.EXECUTE] * 8 + [BookKind.HIDDEN_TRADE, BookKind.CROSS, BookKind.STATUS, BookKind.TIME]
    for _ in range(600):
        now_ns += random.choice([0, 0, 0, SECOND_NS // 3])
        data.append(
            record(
                random.choice(kinds), random.randrange(7), now_ns, price=random.randrange(0, 100),
                qty=random.randrange(0, 5), flags=random.choice([0, 0, 0, 1, 2]),
            )
        )  # fmt: skip
    rows = table(*[random.randrange(8) for _ in range(5)], floor=30, round_lot=2)
    plain, notes, size = Plain(rows), list[Note](), -(-len(data) // pieces)
    for place in range(0, len(data), size):
        notes += sifted(rows, *data[place : place + size])
    for one in np.frombuffer(b"".join(data), wire.MARKET_DATA):
        plain.take(one)
    lumps: dict[tuple[int, int], tuple[int, int]] = {}
    for note in notes:
        if note[0] == LUMP:
            before = lumps.get((note[1], note[3] // SECOND_NS), (0, 0))
            lumps[note[1], note[3] // SECOND_NS] = before[0] + note[4], before[1] + note[5]
    assert lumps == {place: (sum(prices), len(prices)) for place, prices in plain.lumps.items()}
    assert [(note[1], note[4]) for note in notes if note[0] == FALL] == plain.falls
    for name in ("last", "close", "round_lot", "count", "price_sum"):
        assert rows[name].tolist() == plain.rows[name].tolist(), name
