"""What two replays are compared by: fills, and how orders ended, each by account and client_order_id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from openbell import wire
from openbell.wire import EventKind

from engine.journal.commands import Records

Key = tuple[int, int]  # account, client_order_id (ids.INSERTED: of the order that was inserted)
FILL: Final = np.dtype(
    [("account", "<u4"), ("client_order_id", "<u8"), ("instrument", "<u4"), ("side", "u1"), ("flags", "u1"),
     ("price", "<i8"), ("qty", "<u4"), ("ts_ns", "<i8"), ("other_account", "<u4"), ("other_client_order_id", "<u8"),
     ("seq", "<u8"), ("trade_id", "<u8"), ("order_id", "<u8")]
)  # fmt: skip
END: Final = np.dtype(
    [("account", "<u4"), ("client_order_id", "<u8"), ("kind", "u1"), ("reason", "u1"), ("qty", "<u4"),
     ("filled", "<u4"), ("instrument", "<u4"), ("side", "u1")]
)  # fmt: skip
# Numbers of commands and trades, and order ids, are others wherever something came before: they are not compared.
FILL_COMPARED: Final = FILL.names[:10] if FILL.names else ()
END_COMPARED: Final = ("account", "client_order_id", "kind", "reason", "qty", "filled")
ENDS: Final = (EventKind.REJECTED, EventKind.CANCELED)


class Collected:
    """Fills and ends of one replay, as they come."""

    def __init__(self) -> None:
        self._fills: list[Records] = []
        self._ends: list[Records] = []

    def add(self, events: Records) -> None:
        """Take what there is among these events."""
        fills = events[events["kind"] == EventKind.FILL]
        if len(fills):
            others = fills.reshape(-1, 2)[:, ::-1].ravel()  # the two sides of a trade follow each other
            made = np.zeros(len(fills), FILL)
            for name in FILL.names or ():
                made[name] = others[name[6:]] if name.startswith("other_") else fills[name]
            self._fills.append(made)
        ends = events[np.isin(events["kind"], ENDS) & (events["client_order_id"] != 0)]
        if len(ends):
            made = np.zeros(len(ends), END)
            for name in END.names or ():
                made[name] = ends[name]
            made["filled"][made["kind"] == EventKind.REJECTED] = 0  # a Reject has other fields there
            self._ends.append(made)

    @property
    def fills(self) -> Records:
        """FILL records, in their order; the two of a trade follow each other."""
        return np.concatenate(self._fills) if self._fills else np.zeros(0, FILL)

    @property
    def ends(self) -> Records:
        """END records: refusals of orders, and cancels of what was left of them."""
        return np.concatenate(self._ends) if self._ends else np.zeros(0, END)


def differing(one: Records, other: Records, columns: Sequence[str]) -> set[Key]:
    """The orders whose records are not the same in both, in number, order or one of `columns`.

    The first two columns are account and client_order_id.
    """
    shorter = min(len(one), len(other))
    same = np.logical_and.reduce([one[name][:shorter] == other[name][:shorter] for name in columns])
    start = shorter if same.all() else int(np.argmin(same))
    before, after = (_by_order(records[start:], columns) for records in (one, other))
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def of_order(records: Records, key: Key) -> Records:
    """Those of one order."""
    found: Records = records[(records["account"] == key[0]) & (records["client_order_id"] == key[1])]
    return found


def _by_order(records: Records, columns: Sequence[str]) -> dict[Key, list[tuple[Any, ...]]]:
    rows: dict[Key, list[tuple[Any, ...]]] = defaultdict(list)
    for row in zip(*(records[name].tolist() for name in columns), strict=True):
        rows[row[0], row[1]].append(row[2:])
    return rows


def accepted(events: Records) -> list[tuple[Key, int]]:
    """Orders that were accepted, not for the second time, with their order_id."""
    mask = (events["kind"] == EventKind.ACCEPTED) & (events["flags"] & wire.EventFlag.DUPLICATE == 0)
    columns = (events[name][mask].tolist() for name in ("account", "client_order_id", "order_id"))
    return [((account, client_id), order_id) for account, client_id, order_id in zip(*columns, strict=True)]
