"""What has changed between two looks at a book, against dictionaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openbell import wire
from openbell.market import DepthBook

from ext.levels import level_changes

SIDES = st.dictionaries(st.integers(1, 9), st.tuples(st.integers(1, 2), st.integers(1, 2)), max_size=7)
Side = dict[int, tuple[int, int]]  # lots and orders by price


def depth(seq: int, bids: Side, asks: Side) -> np.ndarray:
    """As Core.depth gives it."""
    levels = [(0, price, *bids[price]) for price in sorted(bids, reverse=True)]
    levels += [(1, price, *asks[price]) for price in sorted(asks)]
    made = np.zeros(len(levels), wire.DEPTH)
    made["seq"], made["ts_ns"], made["instrument"] = seq, seq * 10, 3
    for record, level in zip(made, levels, strict=True):
        record["side"], record["price"], record["level_qty"], record["level_orders"] = level
    return made


@given(SIDES, SIDES, SIDES, SIDES)
def test_the_changes_make_one_of_the_other(bids: Side, asks: Side, new_bids: Side, new_asks: Side) -> None:
    before, after = depth(1, bids, asks), depth(2, new_bids, new_asks)
    changes = np.frombuffer(level_changes(before.tobytes(), after.tobytes()), wire.DEPTH)
    book, wanted = DepthBook(), DepthBook()
    for made, records in ((book, [*before, *changes]), (wanted, [*after])):
        for one in records:
            made.set_level(*(int(one[name]) for name in ("side", "price", "level_qty", "level_orders")))
    assert (book.bids(), book.asks()) == (wanted.bids(), wanted.asks())
    same = sum(
        old.get(price) == level for old, new in ((bids, new_bids), (asks, new_asks)) for price, level in new.items()
    )
    gone = sum(price not in new for old, new in ((bids, new_bids), (asks, new_asks)) for price in old)
    assert len(changes) == len(after) - same + gone  # nothing is told that has not changed
    assert set(changes["seq"].tolist()) <= {2 if len(after) else 1}
    assert set(changes["instrument"].tolist()) <= {3}
    assert not changes["level_orders"][changes["level_qty"] == 0].any()


def test_no_whole_records() -> None:
    with pytest.raises(ValueError, match="48 bytes expected, got 0 and 47"):
        level_changes(b"", bytes(47))
