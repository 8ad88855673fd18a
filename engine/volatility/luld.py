"""Limit Up-Limit Down of one instrument: bands that follow the market, limit states, pauses. Sans I/O: what happened
and the time in, what is to be done out. Sections are those of the Plan: see bands.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.volatility.bands import NONE, Bands, Tier, bands, doubles
from engine.volatility.reference import SECOND_NS, Reference

LIMIT_STATE_NS: Final = 15 * SECOND_NS  # section VI(B)(1)
PAUSE_NS: Final = 300 * SECOND_NS  # section VII(A)
DOUBLED_NS: Final = 25 * 60 * SECOND_NS  # before the close: Appendix A
LAST_NS: Final = 10 * 60 * SECOND_NS  # before the close nothing reopens: section VII(C)


class Hours(NamedTuple):
    """Regular hours of a day, ns. close_ns 0: the instrument has no end."""

    open_ns: int
    close_ns: int


ALWAYS: Final = Hours(0, 0)


@dataclass(frozen=True, slots=True)
class SetBands:
    """Have these bands, or none."""

    bands: Bands


@dataclass(frozen=True, slots=True)
class Pause:
    """Call an auction for until_ns: to_close: that of the close, else one that reopens. up: at the upper band."""

    until_ns: int
    to_close: bool
    up: bool


Decision = SetBands | Pause


class Luld:
    """Follows one instrument.

    Call `opened` when it comes to be OPEN, `left` when it leaves that, `traded` and `quoted` with what happens, `look`
    after those of a moment and at least once a second: it says what is to be done.
    """

    def __init__(self, tier: Tier, tick_size: int) -> None:
        self.tier, self.tick_size = tier, tick_size
        self.previous_close = 0  # 0: the reference price stands for it
        self.hours = ALWAYS
        self.reference = Reference()
        self.bands = NONE
        self.is_open = False
        self.limit_since_ns = 0  # 0: in no limit state
        self._bid = self._ask = 0

    # ------------------------------------------------------------ what happens

    def opened(self, ts_ns: int, price: int, hours: Hours = ALWAYS, previous_close: int = 0) -> None:
        """It is OPEN from now on. price: of the auction that opened it, or the last one known; 0: none."""
        self.is_open, self.hours = True, hours
        self.previous_close = previous_close
        self.bands, self.limit_since_ns = NONE, 0
        self.reference.begin(ts_ns, price or previous_close)

    def left(self) -> None:
        """It is not OPEN any more: the core has taken the bands away."""
        self.is_open, self.bands, self.limit_since_ns = False, NONE, 0

    def traded(self, ts_ns: int, price_sum: int, count: int) -> None:
        """Trades of one moment; no crosses."""
        if self.is_open:
            self.reference.add(ts_ns, price_sum, count)

    def quoted(self, ts_ns: int, bid: int, ask: int) -> None:
        """The best displayed prices are these now; 0: none."""
        self._bid, self._ask = bid, ask
        self._see_limit(ts_ns)

    # ------------------------------------------------------------ what to do

    def look(self, ts_ns: int) -> Decision | None:
        """What is due. A decision is in force at once: the caller has it done."""
        if not self._is_regular(ts_ns):
            if self.bands != NONE:
                self.bands, self.limit_since_ns = NONE, 0
                return SetBands(NONE)
            return None
        if self.limit_since_ns:
            if ts_ns - self.limit_since_ns < LIMIT_STATE_NS:
                return None  # no new reference price in a limit state: section VI(B)(1)
            return self._pause(ts_ns)
        self.reference.follow(ts_ns)
        return self._follow(ts_ns)

    def _follow(self, ts_ns: int) -> Decision | None:
        """New bands, where the reference price or the hour asks for them."""
        reference = self.reference.price
        if not reference:
            return None
        doubled = self._is_late(ts_ns) and doubles(self.tier, reference)
        found = bands(reference, self.tier, self.previous_close or reference, self.tick_size, doubled=doubled)
        if found == self.bands:
            return None
        self.bands = found
        self._see_limit(ts_ns)
        return SetBands(found)

    def _pause(self, ts_ns: int) -> Pause:
        up = self._bid == self._upper
        until_ns, close_ns = ts_ns + PAUSE_NS, self.hours.close_ns
        self.left()
        if close_ns and until_ns > close_ns - LAST_NS:
            return Pause(close_ns, True, up)
        return Pause(until_ns, False, up)

    # ------------------------------------------------------------ states

    @property
    def _upper(self) -> int:
        """The highest price that a buy may have."""
        return self.bands.upper // self.tick_size * self.tick_size

    @property
    def _lower(self) -> int:
        """The lowest price that a sell may have."""
        return -(-self.bands.lower // self.tick_size) * self.tick_size

    def _see_limit(self, ts_ns: int) -> None:
        """Section VI(B)(1): the best bid is the upper band, or the best offer the lower one; they cannot cross here."""
        at_limit = self.bands != NONE and (self._bid == self._upper or self._ask == self._lower)
        if not at_limit:
            self.limit_since_ns = 0
        elif not self.limit_since_ns:
            self.limit_since_ns = ts_ns

    def _is_regular(self, ts_ns: int) -> bool:
        open_ns, close_ns = self.hours
        return self.is_open and ts_ns >= open_ns and (not close_ns or ts_ns < close_ns)

    def _is_late(self, ts_ns: int) -> bool:
        return self.hours.close_ns != 0 and ts_ns >= self.hours.close_ns - DOUBLED_NS
