"""Limit Up-Limit Down of one instrument: bands that follow the market, limit states, pauses. Sans I/O: what happened
and the time in, what is to be done out. Sections are those of the Plan: see bands.py.

What is in force is what the market's records say, not what was decided here: so a market that is brought back by its
records goes on as the one that was cut off would have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec
from openbell.prices import format_price

from engine.sequencer import NEVER_NS
from engine.volatility.bands import NONE, Bands, Tier, bands, bounds, doubles
from engine.volatility.reference import HOLDS_NS, SECOND_NS, Reference

LIMIT_STATE_NS: Final = 15 * SECOND_NS  # section VI(B)(3) and VII(A)(1)
PAUSE_NS: Final = 300 * SECOND_NS  # section VII(B)(1)
DOUBLED_NS: Final = 25 * 60 * SECOND_NS  # before the close: section V(A)(1)
LAST_NS: Final = 10 * 60 * SECOND_NS  # before the close nothing reopens: section VII(C)(1)


class Hours(NamedTuple):
    """Regular hours of a day, ns. close_ns 0: the instrument has no end."""

    open_ns: int
    close_ns: int

    def has(self, ts_ns: int) -> bool:
        """Whether it is within them."""
        return ts_ns >= self.open_ns and (not self.close_ns or ts_ns < self.close_ns)


ALWAYS: Final = Hours(0, 0)


@dataclass(frozen=True, slots=True)
class SetBands:
    """Have these bands, or none. why: for people."""

    bands: Bands
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Pause:
    """Call an auction for until_ns: to_close: that of the close, else one that reopens. up: at the upper band."""

    until_ns: int
    to_close: bool
    up: bool
    why: str = field(default="", compare=False)


Decision = SetBands | Pause


class Following(msgspec.Struct, frozen=True, array_like=True):
    """What a Luld knows, for a snapshot. lumps: trades of a second: second, sum of prices, number."""

    is_open: bool
    limit_since_ns: int
    exited: bool
    reopens: bool
    last: int
    bid: int
    ask: int
    bands: Bands
    previous_close: int
    reference: int
    since_ns: int
    lumps: list[tuple[int, int, int]]


class Luld:
    """Follows one instrument.

    Call `opened` when it comes to be OPEN, `left` when it leaves that, `banded`, `traded` and `quoted` with what
    happens, `look` after those of a moment and when `due_ns` says so: it says what is to be done.
    """

    def __init__(self, tier: Tier, tick_size: int) -> None:
        self.tier, self.ticks = tier, [(0, tick_size)]
        self.previous_close = 0  # 0: the reference price stands for it
        self.hours = ALWAYS
        self.reference = Reference()
        self.bands = NONE
        self.bounds = (0, 0)  # the lowest and the highest valid price within the bands
        self.is_open = False
        self.limit_since_ns = 0  # 0: in no limit state
        self._exited = False  # a limit state is over: the mean counts at once
        self._reopens = False  # it had bands today
        self._last = 0  # a price to begin with where there is none better
        self._bid = self._ask = 0

    # ------------------------------------------------------------ what happens

    def opened(self, ts_ns: int, cross: int, hours: Hours = ALWAYS, previous_close: int = 0, last: int = 0) -> None:
        """It is OPEN from now on. cross: price of the auction that opened it, 0: none did. last: some known price."""
        self.is_open, self.hours, self.previous_close = True, hours, previous_close
        self.bands, self.limit_since_ns, self._exited = NONE, 0, False
        self._last = self.reference.price or last
        self.reference.begin(ts_ns, cross)
        if cross:
            self.reference.add(ts_ns, cross, 1)  # section V(B)(1): it counts among the trades

    def left(self) -> None:
        """It is not OPEN any more: the core has taken the bands away."""
        self.is_open, self.bands, self.limit_since_ns, self._exited = False, NONE, 0, False

    def banded(self, ts_ns: int, found: Bands) -> None:
        """These bands are in force; `quoted` follows."""
        self.bands, self._exited = found, False
        self.bounds = bounds(found, self.ticks)
        if found != NONE:
            self.reference.take(ts_ns, found.reference)
            self._reopens = True

    def has_ticks(self, ticks: list[tuple[int, int]]) -> None:
        """These ticks are in force; `quoted` follows."""
        self.ticks = ticks
        self.bounds = bounds(self.bands, ticks)

    def traded(self, ts_ns: int, price_sum: int, count: int) -> None:
        """Trades of one moment; no crosses."""
        if self.is_open:
            self.reference.add(ts_ns, price_sum, count)

    def quoted(self, ts_ns: int, bid: int, ask: int) -> None:
        """The best displayed prices are these now; 0: none. Section VI(B)(1): a limit state is one in which the best
        bid is the upper band, or the best offer the lower one; they cannot cross here."""
        self._bid, self._ask = bid, ask
        at_limit = self.bands != NONE and (bid >= self.bounds[1] or 0 < ask <= self.bounds[0])
        if not at_limit:
            self._exited |= self.limit_since_ns != 0
            self.limit_since_ns = 0
        elif not self.limit_since_ns:
            self.limit_since_ns = ts_ns

    def day_ended(self, close: int) -> None:
        """With this price; 0: there is none."""
        self.previous_close, self._reopens = close, False

    # ------------------------------------------------------------ what to do

    def due_ns(self, ts_ns: int) -> int:
        """When to look at the latest, if nothing happens; NEVER_NS: not before something does."""
        open_ns, close_ns = self.hours
        if not self.is_open or (close_ns and ts_ns >= close_ns):
            return NEVER_NS
        if ts_ns < open_ns:
            return open_ns
        if self.limit_since_ns:
            return min(self.limit_since_ns + LIMIT_STATE_NS, close_ns or NEVER_NS)
        due = close_ns or NEVER_NS
        if close_ns and ts_ns < close_ns - DOUBLED_NS:
            due = close_ns - DOUBLED_NS
        if self.reference.is_moving:
            next_second = (ts_ns // SECOND_NS + 1) * SECOND_NS
            due = min(due, max(next_second, self.reference.since_ns + HOLDS_NS if self.reference.price else 0))
        return due

    def look(self, ts_ns: int) -> Decision | None:
        """What is due. bands and pauses come to be in force by what happens then, not by this."""
        if not self.is_open:
            return None
        if not self.hours.has(ts_ns):
            return SetBands(NONE, "no regular hours") if self.bands != NONE else None
        if self.limit_since_ns:
            # no new reference price in a limit state: section VI(B)(2)
            return None if ts_ns - self.limit_since_ns < LIMIT_STATE_NS else self._pause(ts_ns)
        return self._follow(ts_ns)

    def _follow(self, ts_ns: int) -> Decision | None:
        """New bands, where the reference price or the hour asks for them."""
        if not self.reference.price:
            self.reference.take(ts_ns, self._first())
        price = self.reference.due(ts_ns, at_once=self._exited)  # section VI(B)(4)
        exited, self._exited = self._exited, False
        if not price:
            return None
        is_doubled = self._is_late(ts_ns) and doubles(self.tier, price)
        coarsest = max(tick for _, tick in self.ticks)
        found = bands(price, self.tier, self.previous_close or price, coarsest, doubled=is_doubled)
        if found == self.bands:
            return None
        if self.bands == NONE:
            why = "opened"
        elif price != self.bands.reference:
            why = "limit state over" if exited else "mean of five minutes moved"
        else:
            why = "last 25 minutes" if is_doubled else "percentage of the day"
        return SetBands(found, f"tier {int(self.tier)}: {why}, reference {format_price(price)}")

    def _first(self) -> int:
        """The first reference price without a cross: of a day the close before (section V(B)), of a reopening the
        middle of the best prices (section V(C)), or the last one in force."""
        if not self._reopens:
            return self.previous_close or self._last
        return (self._bid + self._ask) // 2 if self._bid and self._ask else self._last

    def _pause(self, ts_ns: int) -> Pause:
        up = self._bid >= self.bounds[1]
        until_ns = ts_ns + PAUSE_NS
        at = f"bid {format_price(self._bid)} at the upper" if up else f"offer {format_price(self._ask)} at the lower"
        why = f"tier {int(self.tier)}: best {at} band for 15 s"
        return self._to_close(until_ns, up, f"{why}; to the close") or Pause(until_ns, False, up, why)

    def put_off(self, until_ns: int) -> Pause | None:
        """The auction of a pause was put off to that time. None: it may be held then."""
        why = f"tier {int(self.tier)}: put off into the last ten minutes; to the close"
        return self._to_close(until_ns, False, why)

    def _to_close(self, until_ns: int, up: bool, why: str) -> Pause | None:
        """Where an auction at that time would be in the last ten minutes: nothing reopens then."""
        close_ns = self.hours.close_ns
        return Pause(close_ns, True, up, why) if close_ns and until_ns > close_ns - LAST_NS else None

    def _is_late(self, ts_ns: int) -> bool:
        return self.hours.close_ns != 0 and ts_ns >= self.hours.close_ns - DOUBLED_NS

    # ------------------------------------------------------------ state

    def state(self, ts_ns: int) -> Following:
        """What happened, for a snapshot."""
        return Following(
            self.is_open, self.limit_since_ns, self._exited, self._reopens, self._last, self._bid, self._ask,
            self.bands, self.previous_close, self.reference.price, self.reference.since_ns, self.reference.lumps(ts_ns),
        )  # fmt: skip

    def load(self, state: Following) -> None:
        """What `state` gave."""
        self.is_open, self._exited, self._reopens = state.is_open, state.exited, state.reopens
        self.limit_since_ns, self._last, self._bid, self._ask = state.limit_since_ns, state.last, state.bid, state.ask
        self.bands, self.previous_close = state.bands, state.previous_close
        self.reference.begin(state.since_ns, state.reference)
        self.bounds = bounds(self.bands, self.ticks)
        for second, price_sum, count in state.lumps:
            self.reference.add(second * SECOND_NS, price_sum, count)
