"""The facts of a trade, from the journal: who bought, who sold, how much and at what price, by which orders.

A core is brought to where the trade was not made yet, from the newest snapshot that is so early, and what follows is
applied until the trade happens. It blocks, and may take as long as a replay of the whole journal: see `finder`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.wire import EventFlag, EventKind, Side

from engine import snapshots
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.reader import JournalReader
from ext.core import Core

NOT_DURABLE: Final = "not_durable"
NOT_FOUND: Final = "not_found"


class Party(msgspec.Struct, frozen=True):
    """One side of a trade."""

    account: int
    order_id: int
    client_order_id: int


class Facts(msgspec.Struct, frozen=True):
    """A trade as it was made. price: 1e-4; qty: lots; seq, ts_ns: of the command that made it; aggressor: Side of the
    incoming order, SIDE_BOTH in an auction."""

    instrument: int
    trade_id: int
    price: int
    qty: int
    seq: int
    ts_ns: int
    is_auction: bool
    aggressor: int
    buyer: Party
    seller: Party


class TradeNotFound(Exception):
    """The journal does not tell of the trade: `code` NOT_DURABLE, or NOT_FOUND."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def find(data: Path, instrument: int, trade_id: int, last_seq: int) -> Facts:
    """The facts of a trade that was made by the command `last_seq` or before. Raises TradeNotFound, JournalError,
    OSError."""
    core, first_seq = _core_before(data, instrument, trade_id), segment.segments(data / "journal")[0].first_seq
    if core.seq + 1 < first_seq:
        raise TradeNotFound(
            NOT_FOUND,
            f"trade {trade_id} was made before command {first_seq:,}, with which the journal begins now, and "
            "there is no earlier snapshot",
        )
    with JournalReader(data / "journal", core.seq + 1) as reader:
        while core.seq < last_seq and (commands := reader.read(last_seq)):
            core.apply(commands)
            found = facts_in(np.frombuffer(core.take_events(), wire.EVENT), instrument, trade_id)
            if found is not None:
                return found
    raise TradeNotFound(
        NOT_DURABLE,
        f"trade {trade_id} is not in the journal up to command {last_seq:,}, the last one on disk: try again",
    )


def facts_in(events: np.ndarray[Any, Any], instrument: int, trade_id: int) -> Facts | None:
    """Of a trade whose two FILLs are among the events."""
    fills = events[(events["kind"] == EventKind.FILL) & (events["instrument"] == instrument)]
    fills = fills[fills["trade_id"] == trade_id]
    if len(fills) != 2:
        return None
    fills = fills[np.argsort(fills["side"], kind="stable")]  # the buyer's first
    parties = [Party(*(int(fill[name]) for name in ("account", "order_id", "client_order_id"))) for fill in fills]
    buyer = fills[0]
    is_auction = bool(buyer["flags"] & EventFlag.CROSS)
    taker = Side.SELL if buyer["flags"] & EventFlag.MAKER else Side.BUY
    price, qty, seq, ts_ns = (int(buyer[name]) for name in ("price", "qty", "seq", "ts_ns"))
    return Facts(
        instrument, trade_id, price, qty, seq, ts_ns, is_auction, wire.SIDE_BOTH if is_auction else int(taker), *parties
    )


def _core_before(data: Path, instrument: int, trade_id: int) -> Core:
    """A core in which the trade was not made yet, as late as a snapshot has one; else one at the beginning."""
    market_id = segment.market_id_of(data / "journal")
    if market_id is None:
        raise JournalError(f"{data / 'journal'}: there is no journal")
    for saved in reversed(snapshots.listed(data)):
        try:
            core, snapshot = snapshots.restore(saved.path)
        except (snapshots.SnapshotError, OSError):
            continue  # an earlier one serves as well
        if snapshot.market_id in (market_id, bytes(16)) and _trades(core, instrument) < trade_id:
            return core
    return Core()


def _trades(core: Core, instrument: int) -> int:
    rows = np.frombuffer(core.instruments(), wire.INSTRUMENT_ROW)
    rows = rows[rows["instrument"] == instrument]
    return int(rows["trades"][0]) if len(rows) else 0
