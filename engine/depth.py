"""Depth for those who want less of it: the best levels of a book, at most once an interval. No I/O.

A class is a channel, "1" to "4", with levels and an interval of its own ([depth] in the configuration). Nobody's wish
costs nothing. Its records are those of channel D: a level's new totals, 0 where it is none of the best ones any more;
who applies them to a snapshot holds just these levels. What happened between two looks is told as their difference.

A look is at what has been applied; it is told when the gate has let that out. The numbers of its records are of this
run of the engine: they begin with its time in microseconds, so that those of a later run are higher.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from openbell import wire
from openbell.records import MARKET_DATA_HEADER
from openbell.wire import Channel

from engine.config import Depth, DepthClass
from engine.world import here
from ext.core import Core
from ext.feed import Feed
from ext.levels import level_changes

CHANNELS: Final = (Channel.DEPTH_1, Channel.DEPTH_2, Channel.DEPTH_3, Channel.DEPTH_4)
RECORD_BYTES: Final = wire.DEPTH.itemsize
FRAME_RECORDS: Final = 512
LOOK_INSTRUMENTS: Final = 64  # at once; the others have their turn when the orders that came have had theirs
Tell = Callable[[list[bytes]], None]
Levels = list[tuple[int, bytes]]  # an instrument and its Depth records


class _Class:
    """One channel. shown: Depth records by instrument, as they were told last."""

    def __init__(self, channel: Channel, kind: DepthClass, sequence: int) -> None:
        self.channel = channel
        self.kind = kind
        self.sequence = sequence
        self.wanted = False
        self.changed: set[int] = set()
        self.shown: dict[int, bytes] = {}
        self.due_s = 0.0


class DepthClasses:
    """Whoever sends says what is `want`ed, and takes a `look` at each channel when that is due."""

    def __init__(
        self,
        depth: Depth,
        core: Core,
        feed: Feed,
        later: Callable[[Callable[[], None]], None],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """later: calls an action when all that was applied by now is durable and sent."""
        kinds = (depth.class_1, depth.class_2, depth.class_3, depth.class_4)
        first = here.clock.time_ns() // 1_000
        self._classes = {
            int(channel): _Class(channel, kind, first)
            for channel, kind in zip(CHANNELS, kinds, strict=True)
            if kind is not None
        }
        self._core, self._feed, self._later, self._clock_s = core, feed, later, clock_s

    @property
    def sequences(self) -> list[int]:
        """The sequence of the last record of each of CHANNELS; 0: there is no such class."""
        return [self._classes[channel].sequence if channel in self._classes else 0 for channel in CHANNELS]

    def kind(self, letter: int) -> DepthClass | None:
        """Levels and interval of a channel; None: there is no such class."""
        found = self._classes.get(letter)
        return None if found is None else found.kind

    def want(self, letters: bytes) -> list[int]:
        """Tell of these channels only. Those that nobody wanted before: they are to be looked at."""
        begun = []
        for letter, one in self._classes.items():
            wanted = letter in letters
            if wanted and not one.wanted:
                one.changed.update(np.frombuffer(self._core.instruments(), wire.INSTRUMENT_ROW)["instrument"].tolist())
                one.due_s = 0.0
                begun.append(letter)
            elif one.wanted and not wanted:
                one.changed.clear()
            one.wanted = wanted
        self._feed.watch(any(one.wanted for one in self._classes.values()))
        return begun

    def look(self, letter: int, tell: Tell) -> float | None:
        """Have what has changed told. When to look again, in seconds; None: nobody wants it."""
        one = self._classes[letter]
        if not one.wanted:
            return None
        changed = self._feed.take_changed()
        for each in self._classes.values():
            if each.wanted:
                each.changed.update(changed)
        now_s = self._clock_s()
        if now_s < one.due_s:
            return one.due_s - now_s
        seen = self._levels(one, sorted(one.changed)[:LOOK_INSTRUMENTS])
        one.changed.difference_update(instrument for instrument, _ in seen)
        if seen:
            self._later(lambda: tell(self._frames(one, seen)))
        if one.changed:
            return 0.0
        one.due_s = now_s + one.kind.interval_ms / 1_000
        return one.kind.interval_ms / 1_000

    def _levels(self, one: _Class, instruments: Iterable[int]) -> Levels:
        return [(instrument, self._core.depth(instrument, one.kind.levels)) for instrument in instruments]

    def _frames(self, one: _Class, seen: Levels) -> list[bytes]:
        """What has changed since it was told last: it is told now."""
        changes = [level_changes(one.shown.get(instrument, b""), levels) for instrument, levels in seen]
        one.shown.update(seen)
        records = b"".join(changes)
        frames = []
        for begin in range(0, len(records), FRAME_RECORDS * RECORD_BYTES):
            part = records[begin : begin + FRAME_RECORDS * RECORD_BYTES]
            count = len(part) // RECORD_BYTES
            frames.append(
                MARKET_DATA_HEADER.pack(one.channel, wire.VERSION, RECORD_BYTES, count, one.sequence + 1) + part
            )
            one.sequence += count
        return frames

    def snapshot(self, letter: int, instruments: Iterable[int]) -> Callable[[], tuple[int, bytes]]:
        """What the channel shows of these instruments: to be called by `later`; the sequence, and Depth records."""
        one = self._classes[letter]
        seen = self._levels(one, instruments)

        def shown() -> tuple[int, bytes]:
            if not one.wanted:
                self._frames(one, seen)  # nobody hears them, but whoever did before sees that their numbers are missing
            # What was told is what the next records change; what was not is from now on as if it had been.
            return one.sequence, b"".join([one.shown.setdefault(*levels) for levels in seen])

        return shown
