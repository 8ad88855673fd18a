"""Watches over the prices of a running market: what happened comes in, commands that follow from it are journaled.

It stands beside the sequencer as engine/sessions does: `see` takes the market data of all that was applied, batch by
batch, and changes nothing but what is known; from `start` on decisions follow, right after a batch, or as a duty of the
sequencer at their own time. What is known comes from market data and their times alone, so a market that is brought
back by its journal knows the same. docs/bands.md has the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.wire import AuctionKind, BookKind, DataFlag, HaltReason, InstrumentState

from engine.gate import Data
from engine.market import Market
from engine.sequencer import NEVER_NS, Duty, Sequencer, refused
from engine.snapshots import unpacked
from engine.volatility import orders
from engine.volatility.bands import Bands
from engine.volatility.breakers import Breakers, Halt, fall, is_near
from engine.volatility.hours import RegularHours
from engine.volatility.luld import Decision, Following, Hours, Luld
from engine.volatility.orders import Order
from engine.volatility.reference import SECOND_NS
from engine.volatility.shorts import ShortSales, floor_of
from engine.volatility.table import grown, table_of
from engine.volatility.wanted import Wanted
from ext.core import Core
from ext.feed import Feed
from ext.sieve import BANDED, FALL, FLOORED, INDEXED, LUMP, Sieve

OPEN: Final = int(InstrumentState.OPEN)
WATCH: Final = "watch"  # in what is saved with a snapshot
Told = Callable[[str], None]
Note = tuple[int, int, int, int, int, int, int]


class Kept(msgspec.Struct, frozen=True):
    """What is saved with a snapshot. table: packed."""

    table: str
    bands: dict[int, Following]
    shorts: dict[int, ShortSales]
    breakers: Breakers
    day_ns: int


class Watch:
    """`attach` before anything is replayed, `see` what is, `start` when the market is there."""

    def __init__(self, wanted: Wanted, hours: RegularHours, told: Told) -> None:
        self.wanted = wanted
        self.breakers = Breakers()
        self._hours = hours
        self._told = told
        self._sieve = Sieve()
        self._table = grown(table_of(b""), 64)
        self._notes: list[Note] = []
        self._symbols: dict[int, str] = {}  # of all instruments that were looked up
        self._index: dict[int, str] = {}  # of those in the index, in the order of ids
        self._bands: dict[int, Luld] = {}
        self._kept: dict[int, Following] = {}  # of those that no one has asked for yet
        self._shorts: dict[int, ShortSales] = {}
        self._crossed: dict[int, tuple[int, int]] = {}  # seq and price of an auction
        self._paused: set[int] = set()  # of those with bands: in a call for volatility
        self._touched: set[int] = set()  # to be looked at after this batch
        self._refused: set[int] = set()  # not asked again before they change
        self._index_moved = False
        self._core: Core
        self._sequencer: Sequencer
        self._duty: Duty
        self._due_ns = NEVER_NS
        self._day_ns = 0  # when the last day ended
        self._is_halting = False  # commands of the breakers are on their way

    # ------------------------------------------------------------ whom to watch

    def attach(self, core: Core, feed: Feed) -> None:
        """Watch this core's instruments. feed: as far as the core is."""
        self._core = core
        rows = self._rows()
        if len(rows):
            self._table = grown(self._table, int(rows["instrument"].max()) + 1)
        for row in rows:
            self._follow(row, feed)

    def _learn(self, number: int) -> None:
        """Take in one that was made in what is seen now: the core is ahead of that."""
        rows = self._rows()
        place = int(np.searchsorted(rows["instrument"], number))
        self._table = grown(self._table, number + 1)
        self._follow(rows[place], None)

    def _rows(self) -> Any:
        return np.frombuffer(self._core.instruments(), wire.INSTRUMENT_ROW)

    def _follow(self, instrument: Any, feed: Feed | None) -> None:
        """feed: what it is was so when all that is known was."""
        number, symbol = int(instrument["instrument"]), instrument["symbol"].decode()
        self._symbols[number] = symbol
        wanted, row = self.wanted, self._table[number]
        what = FLOORED * wanted.rule201 | INDEXED * (symbol in wanted.index) | BANDED * (symbol in wanted.tiers)
        before, row["what"], row["tick"] = int(row["what"]), what, instrument["tick_size"]
        if symbol in wanted.index:
            self._index[number] = symbol
        if what and not before and feed is not None:  # nothing was seen of it
            self._begin(number, instrument, feed)
        if what & FLOORED and not before & FLOORED:
            row["floor"] = floor_of(int(row["close"]))
        if symbol in wanted.tiers:
            self._bands[number] = one = Luld(wanted.tiers[symbol], int(instrument["tick_size"]))
            if number in self._kept:
                one.load(self._kept.pop(number))
                self._bound(number, one)
            elif feed is not None and instrument["state"] == OPEN:
                row["bid"], row["ask"] = instrument["bid_price"], instrument["ask_price"]
                self._open(number, one, self._core.ts_ns, 0, int(instrument["reference_price"]))
            self._called(number, int(instrument["state"]), int(instrument["auction_kind"]))
        self._touched.add(number)

    def _begin(self, number: int, instrument: Any, feed: Feed) -> None:
        """With what the tape knows of it."""
        row = self._table[number]
        row["round_lot"] = instrument["round_lot"]
        for day in np.frombuffer(feed.statistics(number), wire.STATISTICS):
            is_over = day["flags"] & wire.StatisticsFlag.FINAL
            row["last"], row["close"] = (0, day["close"] or day["previous_close"]) if is_over else (
                day["close"], day["previous_close"]
            )  # fmt: skip
        for status in np.frombuffer(feed.statuses(number), wire.MARKET_DATA):
            if status["kind"] == BookKind.STATUS and status["flags"] & DataFlag.SHORT_RESTRICTED:
                self._shorts[number] = ShortSales(is_restricted=True, by_hand=True)

    def _session_of(self, number: int) -> str | None:
        return self.wanted.sessions.get(self._symbols.get(number, ""))

    def _hours_of(self, number: int, ts_ns: int) -> Hours:
        return self._hours.at(self._session_of(number), ts_ns)

    # ------------------------------------------------------------ what happens

    def see(self, data: Data) -> None:
        """Market data of commands that were applied, in their order."""
        offset, size, notes, moved = 0, len(data), self._notes, False
        while offset < size:
            offset = self._sieve.sift(data, self._table, offset, notes)
            if notes:
                self._take_notes()
                moved = True
        if moved or self._sieve.has_trades:  # these are taken when their second is over
            self._due_ns = min(self._due_ns, _next_second(self._core.ts_ns))

    def _take_notes(self) -> None:
        for note in self._notes:
            self._take(note)
        self._notes.clear()

    def _take_trades(self) -> None:
        """Those that were added up by now."""
        self._sieve.tell(self._table, self._notes)
        self._take_notes()

    def _take(self, note: Note) -> None:
        kind, number, seq, ts_ns, x, y, z = note
        one = self._bands.get(number)
        if kind == LUMP:
            self._index_moved |= number in self._index
            if one is not None:
                one.traded(ts_ns, x, y)
        elif kind == BookKind.TOP:
            if one is not None:
                one.quoted(ts_ns, x, y)
                self._touched.add(number)
        elif kind == FALL:
            if self._hours_of(number, ts_ns).has(ts_ns):
                self._short_sales(number).fell()
                self._table[number]["floor"] = 0  # for today
        elif kind == BookKind.CROSS:
            self._crossed[number] = seq, x
            self._index_moved |= number in self._index
        elif kind == BookKind.BANDS:
            if one is not None:
                one.banded(ts_ns, Bands(x, y, z))
                self._bound(number, one)
        elif kind == BookKind.STATUS:
            self._state(number, seq, ts_ns, x, y, z)
        else:
            self._end_day(ts_ns)

    def _state(self, number: int, seq: int, ts_ns: int, state: int, flags: int, price: int) -> None:
        """An instrument is in a state, or was made."""
        if number not in self._symbols:
            self._learn(number)
        self._touched.add(number)
        self._refused.discard(number)
        is_restricted = bool(flags & DataFlag.SHORT_RESTRICTED)
        if self.wanted.rule201 and (is_restricted or number in self._shorts):
            self._short_sales(number).told(is_restricted)
        one = self._bands.get(number)
        reason = flags & ~int(DataFlag.SHORT_RESTRICTED)
        if one is not None:
            self._called(number, state, reason)
        if one is not None and state != OPEN:
            one.left()
        elif one is not None and not one.is_open:
            crossed_seq, cross = self._crossed.pop(number, (0, 0))
            self._open(number, one, ts_ns, cross if crossed_seq == seq else 0, price)
        elif one is not None:  # its ticks may be others
            self._bound(number, one)
            one.quoted(ts_ns, int(self._table[number]["bid"]), int(self._table[number]["ask"]))
        if state == InstrumentState.HALTED and reason == HaltReason.MARKET_WIDE:
            self._halted(number, ts_ns)
        else:
            self.breakers.lets_go(number)

    def _called(self, number: int, state: int, kind: int) -> None:
        if state == InstrumentState.CALL and kind == AuctionKind.VOLATILITY:
            self._paused.add(number)
        else:
            self._paused.discard(number)

    def _open(self, number: int, one: Luld, ts_ns: int, cross: int, price: int) -> None:
        self._bound(number, one)
        one.opened(ts_ns, cross, self._hours_of(number, ts_ns), int(self._table[number]["close"]), price)

    def _bound(self, number: int, one: Luld) -> None:
        """By the ticks that are in force now."""
        row = self._table[number]
        row["tick"] = self._core.tick_size(number)
        one.has_ticks(self._core.ticks(number) or [(0, int(row["tick"]))])
        lower, upper = row["lower"], row["upper"] = one.bounds
        row["at_limit"] = upper != 0 and (row["bid"] >= upper or 0 < row["ask"] <= lower)

    def _halted(self, number: int, ts_ns: int) -> None:
        """With the whole market: by a breaker, where the index says so; else by an operator."""
        halt = self._breaker(ts_ns, *self._fall()) if self._index else None
        if halt is not None:
            self.breakers.begin(ts_ns, halt)
        if self.breakers.level:
            self.breakers.holds(number)

    def _short_sales(self, number: int) -> ShortSales:
        self._touched.add(number)
        return self._shorts.setdefault(number, ShortSales())

    def _end_day(self, ts_ns: int) -> None:
        """The market's days end on holidays, too: those of a session that had no regular hours do not count for it."""
        self.breakers.day_ended()
        for number, one in self._bands.items():
            one.day_ended(int(self._table[number]["close"]))
        for number, sales in self._shorts.items():
            if not self._day_ns or self._hours_of(number, self._day_ns).close_ns <= ts_ns:
                sales.day_ended()
                self._touched.add(number)
        self._day_ns = ts_ns
        floored = self._table["what"] & FLOORED != 0
        self._table["floor"] = np.where(floored, floor_of(self._table["close"]), 0)

    # ------------------------------------------------------------ what follows

    def start(self, market: Market) -> None:
        """Have decisions follow from now on, the first ones when the sequencer does what is due."""
        self._sequencer = sequencer = market.sequencer
        self._duty = sequencer.duty(self._on_time)
        self._index_moved = True
        sequencer.follow = self._after
        if self._core.seq:
            sequencer.set_due(self._duty, self._core.ts_ns)

    def _after(self, data: Data) -> None:
        """A batch was applied."""
        self.see(data)
        ts_ns = self._core.ts_ns
        if self.breakers.level and not self._is_halting:
            self._go_on_with_halt(ts_ns)
        if self._touched:
            self._do(self.look(ts_ns), ts_ns)
        if self._due_ns < self._duty.due_ns:
            self._sequencer.set_due(self._duty, self._due_ns)

    def _on_time(self, ts_ns: int) -> int:
        """What time brings; when to look again."""
        self._take_trades()
        self._due_ns = NEVER_NS
        self._do(self.look(ts_ns, everywhere=True), ts_ns)
        if self._index_moved and self._index and not ts_ns % SECOND_NS:
            self._index_moved = False
            self._do(self._broken(ts_ns), ts_ns)
        if self.breakers.level:
            self._go_on_with_halt(ts_ns)
        if self.breakers.level and 0 < self.breakers.until_ns <= ts_ns:
            self._do(self._reopened(ts_ns), ts_ns)
        if self._index_moved and self._index:
            self._due_ns = min(self._due_ns, _next_second(ts_ns))
        if self.breakers.level and self.breakers.until_ns > ts_ns:
            self._due_ns = min(self._due_ns, self.breakers.until_ns)
        return self._due_ns if self._due_ns > ts_ns else _next_second(ts_ns)

    def _do(self, made: Sequence[Order], ts_ns: int) -> None:
        """Have it journaled. What is refused is not asked again before that instrument's state changes."""
        if not made:
            return
        answers = self._sequencer.execute_at([order.command for order in made], ts_ns)
        for order, error in zip(made, refused(answers), strict=True):
            if error is not None:
                self._refused.add(order.instrument)
                self._told(f"{self._symbols[order.instrument]}: what the watch over prices wants was refused: {error}")

    def look(self, ts_ns: int, *, everywhere: bool = False) -> list[Order]:
        """What follows for the instruments that something happened to, or for all that have bands."""
        if everywhere:
            self._touched.update(self._bands)
        made = []
        for number in sorted(self._touched - self._refused):
            one, sales = self._bands.get(number), self._shorts.get(number)
            if one is not None and one.is_open:
                made += self._banded(number, one, ts_ns)
            elif one is not None and number in self._paused:
                made += self._put_off(number, one, ts_ns)
            wanted = None if sales is None else sales.wanted
            if wanted is not None:
                made.append(orders.short_sale(number, int(self._table[number]["close"]), restricted=wanted))
        self._touched.clear()
        return made

    def _banded(self, number: int, one: Luld, ts_ns: int) -> list[Order]:
        one.hours = self._hours_of(number, ts_ns)
        if not one.reference.price:
            row = self._table[number]
            one.quoted(ts_ns, int(row["bid"]), int(row["ask"]))
        decision = one.look(ts_ns)
        if decision is None:
            self._due_ns = min(self._due_ns, one.due_ns(ts_ns))
            return []
        return [self._order(number, decision)]

    def _put_off(self, number: int, one: Luld, ts_ns: int) -> list[Order]:
        """What becomes of a pause whose auction was put off."""
        one.hours = self._hours_of(number, ts_ns)
        rows = self._rows()
        row = rows[int(np.searchsorted(rows["instrument"], number))]
        decision = one.put_off(int(row["auction_ns"])) if row["extensions"] else None
        return [] if decision is None else [self._order(number, decision)]

    def _order(self, number: int, decision: Decision) -> Order:
        after = InstrumentState.OPEN if self._hours.trades_after(self._session_of(number)) else InstrumentState.CLOSED
        return orders.of_luld(number, decision, after)

    # ------------------------------------------------------------ the whole market

    def _fall(self) -> tuple[int, int]:
        """How far the index has fallen; (0, 1) where that is less than a level by far."""
        rows = self._table[list(self._index)]
        closes = dict(zip(self._index, rows["close"].tolist(), strict=True))
        prices = {
            number: last or closes[number] for number, last in zip(self._index, rows["last"].tolist(), strict=True)
        }
        return fall(prices, closes) if is_near(prices, closes) else (0, 1)

    def _breaker(self, ts_ns: int, part: int, whole: int) -> Halt | None:
        """The halt that is to begin. The hours are those of the index."""
        if not self._index or self.breakers.level:
            return None
        return self.breakers.look(ts_ns, part, whole, self._hours_of(next(iter(self._index)), ts_ns))

    def _go_on_with_halt(self, ts_ns: int) -> None:
        """Have all be in a halt that has just begun, and end one that lasted to the end of the day."""
        self._is_halting = True
        try:
            self._do(self._reopened(ts_ns) if self.breakers.is_over_with_day else self._broken(ts_ns), ts_ns)
        finally:
            self._is_halting = False

    def _broken(self, ts_ns: int) -> list[Order]:
        """All that trade or are called are halted, where a breaker says so, or just did."""
        if self.breakers.level and self.breakers.beginning(ts_ns) is None:
            return []
        part, whole = self._fall()
        found = self.breakers.beginning(ts_ns) or self._breaker(ts_ns, part, whole)
        if found is None:
            return []
        rows = self._rows()
        numbers = rows["instrument"][(rows["state"] == OPEN) | (rows["state"] == InstrumentState.CALL)]
        return [orders.halt(number, found, part, whole) for number in numbers.tolist()]

    def _reopened(self, ts_ns: int) -> list[Order]:
        """What a breaker held goes on as its session has it."""
        made = []
        for number in sorted(self.breakers.halted - self._refused):
            name = self._session_of(number)
            phase = self._hours.phase(name, ts_ns)
            made.append(
                orders.reopen(
                    number, self.breakers.level, ts_ns, self.wanted.reopening_call_s, phase,
                    trades=self._hours.trades(name, ts_ns), post_trading=self._hours.trades_after(name),
                )
            )  # fmt: skip
        return made

    # ------------------------------------------------------------ state

    def state(self) -> dict[str, Any]:
        """What is known, as of the core, for a snapshot."""
        self._take_trades()
        bands = {number: one.state(self._core.ts_ns) for number, one in self._bands.items()}
        kept = Kept("", bands, self._shorts, self.breakers, self._day_ns)
        return {**msgspec.to_builtins(kept, str_keys=True), "table": self._table.tobytes()}

    def load(self, extra: dict[str, Any]) -> None:
        """What `state` gave, out of a snapshot; nothing where it had none, or one of another version: trading goes on
        with what the tape knows then, and people are told."""
        if WATCH not in extra:
            return
        try:
            kept = msgspec.convert(extra[WATCH], Kept, str_keys=True)
            table = table_of(unpacked(kept.table))
        except (msgspec.ValidationError, ValueError) as error:
            self._told(
                f"the watch over prices was kept by another version ({error}): what it knew beyond the tape is lost: "
                "the trades of five minutes, limit states, halts that are on, how long short sales are restricted"
            )
            return
        self._table = grown(table, len(self._table))
        self._kept, self._shorts, self.breakers, self._day_ns = kept.bands, kept.shorts, kept.breakers, kept.day_ns


def _next_second(ts_ns: int) -> int:
    return (ts_ns // SECOND_NS + 1) * SECOND_NS
