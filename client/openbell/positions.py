"""Following positions by private events alone, without asking: each event that moves lots, and how many."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from openbell.wire import EventKind, Side

_BROUGHT: Final = (EventKind.SHARES, EventKind.SPLIT_SHARES)  # price is the change
_MOVING: Final = (EventKind.FILL, EventKind.TRADE_BUSTED, EventKind.TRADE_CORRECTED, *_BROUGHT)


def moves(events: np.ndarray[Any, np.dtype[Any]]) -> tuple[np.ndarray[Any, np.dtype[Any]], np.ndarray[Any, Any]]:
    """Those of `wire.EVENT` records that change a position of their account, and by how many lots (int64).

    A bust takes back what its fill brought; a correction, which comes after one, brings what counts instead.
    """
    moving = events[np.isin(events["kind"], _MOVING)]
    lots = moving["qty"].astype(np.int64)
    lots[(moving["side"] == Side.SELL) ^ (moving["kind"] == EventKind.TRADE_BUSTED)] *= -1
    brought = np.isin(moving["kind"], _BROUGHT)
    lots[brought] = moving["price"][brought]
    return moving, lots
