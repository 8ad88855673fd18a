"""What one transaction writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from ext import projection, transfers

Records = np.ndarray[Any, Any]
Row = tuple[Any, ...]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Tables that grow, and the columns of their rows, which come as bytes for COPY.
HISTORIES = {
    "fills": projection.FILL_COLUMNS,
    "closed_orders": projection.CLOSED_ORDER_COLUMNS,
    "rejects": projection.REJECT_COLUMNS,
    "order_events": projection.ORDER_EVENT_COLUMNS,
    "transfers": transfers.TRANSFER_COLUMNS,
}


@dataclass(slots=True)
class Change:
    """What is to be done to a table of the present whose rows come and go."""

    afresh: bool = False  # all that was there before goes
    gone: list[Row] = field(default_factory=list)  # keys
    rows: list[Row] = field(default_factory=list)  # new ones, and what others are now


@dataclass(slots=True)
class Batch:
    """All that follows from the commands after `before_seq` up to `last_seq`."""

    before_seq: int
    last_seq: int = 0
    ts_ns: int = 0
    events: int = 0
    histories: dict[str, list[bytes]] = field(default_factory=lambda: {name: [] for name in HISTORIES})
    gone_orders: bytes = b""  # ids of orders that were open before and are not now
    changed_orders: bytes = b""
    new_orders: bytes = b""
    instruments: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    positions: list[Row] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)
    operations: list[Row] = field(default_factory=list)
    auctions: list[Row] = field(default_factory=list)
    states: list[Row] = field(default_factory=list)
    amendments: list[Row] = field(default_factory=list)
    settlements: list[Row] = field(default_factory=list)
    risk_levels: list[Row] = field(default_factory=list)
    limit_warnings: list[Row] = field(default_factory=list)
    cash_violations: list[Row] = field(default_factory=list)
    cash_restrictions: list[Row] = field(default_factory=list)
    day_trades: list[Row] = field(default_factory=list)
    day_trader_lifts: list[Row] = field(default_factory=list)
    changes: dict[str, Change] = field(default_factory=dict)  # by table
    bars: bytes = b""


def timestamp(ts_ns: int) -> datetime:
    """A time for asyncpg: to the microsecond, toward the past."""
    return EPOCH + timedelta(microseconds=ts_ns // 1000)


def signed(number: int) -> int:
    """An unsigned number of 64 bits as PostgreSQL's bigint has it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def text(data: bytes) -> str:
    """Text of a wire record for PostgreSQL, which takes no NUL and nothing that is not UTF-8."""
    return data.decode("utf-8", "replace").replace("\0", "")
