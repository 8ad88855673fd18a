"""One-minute bars out of fills."""

from __future__ import annotations

import numpy as np
from openbell import wire

from engine.projector.batch import Records, Row, timestamp

MINUTE_NS = 60_000_000_000


class Bars:
    """Collects the bars of one batch; where a bar was begun before, the database adds to it."""

    def __init__(self) -> None:
        self._bars: dict[tuple[int, int], list[int]] = {}

    def add(self, events: Records) -> None:
        """Take up the fills among Event records: one of the two of each trade."""
        fills = events[(events["kind"] == wire.EventKind.FILL) & (events["flags"] & wire.EventFlag.MAKER == 0)]
        if not len(fills):
            return
        minutes = fills["ts_ns"] // MINUTE_NS
        order = np.lexsort((minutes, fills["instrument"]))  # stable: trades of a bar stay in their order
        fills, minutes = fills[order], minutes[order]
        starts = np.flatnonzero(np.diff(fills["instrument"], prepend=-1) | np.diff(minutes, prepend=-1))
        ends = np.append(starts[1:], len(fills)) - 1
        price, qty = fills["price"], fills["qty"].astype(np.int64)
        columns = (
            fills["instrument"][starts], minutes[starts], price[starts], np.maximum.reduceat(price, starts),
            np.minimum.reduceat(price, starts), price[ends], np.add.reduceat(qty, starts),
            np.add.reduceat(price * qty, starts), ends - starts + 1,
        )  # fmt: skip
        for instrument, minute, *found in zip(*(column.tolist() for column in columns), strict=True):
            bar = self._bars.setdefault((instrument, minute), found)
            if bar is not found:
                bar[1] = max(bar[1], found[1])
                bar[2] = min(bar[2], found[2])
                bar[3] = found[3]
                bar[4:] = [old + new for old, new in zip(bar[4:], found[4:], strict=True)]

    def rows(self) -> list[Row]:
        """Rows for the table of bars."""
        return [(instrument, timestamp(minute * MINUTE_NS), *bar) for (instrument, minute), bar in self._bars.items()]
