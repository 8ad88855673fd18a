"""The market that a replay feeds, and one of its own: core, sequencer and journal in this process, without ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from openbell import wire

from engine.journal.errors import JournalError
from engine.journal.segment import SEGMENT_BYTES
from engine.journal.segment import segments as journal_segments
from engine.journal.writer import MEMORY, JournalWriter
from engine.replay.errors import ReplayError
from ext.core import Core
from ext.sequence import CommandBatch

MAKER, TAKER = 1, 2  # accounts: the owner of every recorded order, and the counterparty of every execution
FIRST_ORDERS, FIRST_PAGES = 1 << 18, 1 << 14
ID_WINDOW = 1 << 17  # client order ids kept: more than can be in flight
WINDOW_PAGES = 64
FULL = 0.7  # of a pool, where its capacity is doubled
ALL_LEVELS = 1 << 20
RECORD_BYTES = 96  # of an order in the journal, about
LEAST_SEGMENT_BYTES = 1 << 20
MOST_PENDING_BYTES = 64 << 20  # given to the journal and not written yet: then the replay waits for the disk
JOURNAL_TIMEOUT_S = 60.0
MARKET_ID = b"openbell-replay\0"

Queues = dict[
    tuple[int, int], list[tuple[int, int]]
]  # (side, price) -> (client order id, leaves), first in queue first
Levels = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


class Market(Protocol):
    """What a replay needs of a market, whether of its own or a running one."""

    maker: int
    taker: int
    first_client_id: int

    def add_instrument(self, symbol: str, tick_size: int) -> int:
        """Return the id of the instrument, made (closed) where it does not exist. tick_size in 1e-4."""

    def set_state(self, instrument: int, state: wire.InstrumentState, ts_ns: int) -> None:
        """Open, halt or close an instrument."""

    def send(self, commands: bytes, ts_ns: int) -> bytes:
        """Send OrderCommand records; return the Event records of both accounts that have come by now."""

    def settle(self) -> bytes:
        """Wait until every command sent is answered; return the rest of the events."""

    def levels(self, instrument: int, limit: int = ALL_LEVELS) -> Levels:
        """Return the best levels of bids and offers as Depth records, best first."""

    def queues(self, instrument: int) -> Queues | None:
        """Return every resting order; None where there are too many for the market to show."""

    def close(self) -> None:
        """Free what it holds."""


class OwnMarket:
    """A core of its own with a journal in `directory`: what is sent is sequenced, journaled, applied, in that order.

    Capacities grow with what comes; `messages` is about how many will, for the size of the journal's segments. The
    accounts may go short and have unlimited credit: the record decides who trades. Raises ReplayError.
    """

    def __init__(self, directory: Path, instruments: int, messages: int = 0) -> None:
        self.maker, self.taker, self.first_client_id = MAKER, TAKER, 1
        self.core = Core()
        self._batch = CommandBatch(1)
        self._allowed = np.array([MAKER, TAKER], "<u4").tobytes()
        self._journal = _journal(directory / "journal", messages)
        self._ts_ns = 0
        self._ids: dict[str, int] = {}
        self._capacity = {
            "accounts": 4,
            "instruments": max(instruments, 1),
            "orders": FIRST_ORDERS,
            "pages": max(FIRST_PAGES, 8 * instruments),
            "positions": 2 * max(instruments, 1) + 2,
        }
        self._configure()
        for account, name in ((MAKER, "recorded"), (TAKER, "counterparty")):
            flags = wire.AccountFlag.SHORT_ALLOWED | wire.AccountFlag.CREDIT_UNLIMITED
            self._admin(wire.CommandKind.SET_ACCOUNT, account=account, flags=flags, name=name)

    def _configure(self) -> None:
        values = [*self._capacity.values(), ID_WINDOW, WINDOW_PAGES]
        self._admin(wire.CommandKind.CONFIGURE, **{f"value{i}": value for i, value in enumerate(values)})

    def _admin(self, kind: wire.CommandKind, **fields: int | str) -> None:
        """Apply one AdminCommand. Raises ReplayError when the core refuses it."""
        command = np.zeros((), wire.ADMIN_COMMAND)
        command["kind"] = kind
        command["operator"] = b"replay"
        command["reason"] = b"replay of recorded order flow"
        for name, value in fields.items():
            command[name] = value.encode() if isinstance(value, str) else value
        self._batch.add_admin(command.tobytes())
        events = np.frombuffer(self._apply(self._ts_ns), wire.EVENT)
        refused = events[events["kind"] == wire.EventKind.ADMIN_REJECTED]
        if len(refused):
            reject = refused[:1].view(wire.REJECT)[0]
            raise ReplayError(
                f"the core refused {kind.name}: {wire.Check(int(reject['check'])).name}, "
                f"limit {reject['limit']}, value {reject['value']}"
            )

    def _apply(self, ts_ns: int) -> bytes:
        """Seal the batch, journal it, apply it; return the events."""
        self._ts_ns = max(self._ts_ns, ts_ns)
        self._batch.seal(self._ts_ns)
        self._journal.submit(self._batch.records, self._batch.last_seq)
        if self._journal.pending_bytes > MOST_PENDING_BYTES:
            self._flush()
        self.core.apply(self._batch.commands)
        self._batch.clear()
        events: bytes = self.core.take_events()
        return events

    def _flush(self) -> None:
        """Wait until the journal is written."""
        try:
            self._journal.wait(self._batch.last_seq, JOURNAL_TIMEOUT_S)
        except (JournalError, TimeoutError) as error:
            raise ReplayError(str(error)) from error

    def add_instrument(self, symbol: str, tick_size: int) -> int:
        """Return the id of the instrument, made (closed) where it does not exist. tick_size in 1e-4."""
        known = self._ids.get(symbol)
        if known is not None:
            return known
        instrument = len(self._ids)
        self._admin(
            wire.CommandKind.SET_INSTRUMENT,
            instrument=instrument,
            name=symbol,
            value0=tick_size,
            value1=1,
            value6=int.from_bytes(b"USD", "little"),
        )
        self._ids[symbol] = instrument
        return instrument

    def set_state(self, instrument: int, state: wire.InstrumentState, ts_ns: int) -> None:
        """Open, halt or close an instrument."""
        self._ts_ns = max(self._ts_ns, ts_ns)
        self._admin(wire.CommandKind.SET_INSTRUMENT_STATE, instrument=instrument, state=state)

    def send(self, commands: bytes, ts_ns: int) -> bytes:
        """Send OrderCommand records; return the events that followed. Raises ReplayError."""
        self._grow(len(commands) // wire.ORDER_COMMAND.itemsize)
        taken = self._batch.add_orders(commands, 0, 0, self._allowed)
        if taken < 0:
            raise ReplayError(f"the sequencer refused command {-taken - 1} of a batch of the replay")
        return self._apply(ts_ns)

    def settle(self) -> bytes:
        """Return nothing: every command was answered by `send`."""
        return b""

    def _grow(self, coming: int) -> None:
        """Double what is nearly full before `coming` more commands could fill it."""
        stats = self.core.stats()
        grown = False
        for pool in ("orders", "pages"):
            used, capacity = stats[pool]["used"], self._capacity[pool]
            if used + coming > FULL * capacity:
                self._capacity[pool] = 2 * (capacity + coming)
                grown = True
        if grown:
            self._configure()

    def levels(self, instrument: int, limit: int = ALL_LEVELS) -> Levels:
        """Return the best levels of bids and offers as Depth records, best first."""
        records = np.frombuffer(self.core.depth(instrument, limit), wire.DEPTH)
        offers = records["side"] == wire.Side.SELL
        return records[~offers], records[offers]

    def orders(self, instrument: int) -> np.ndarray[Any, Any]:
        """Return the resting orders as OrderRow records: bids best first, then offers, in the order of their queues."""
        return np.frombuffer(self.core.orders(instrument=instrument), wire.ORDER_ROW)

    def queues(self, instrument: int) -> Queues:
        """Return every resting order."""
        return queues_of(self.orders(instrument))

    def state_hash(self) -> str:
        """Return the hash of the core's state."""
        result: str = self.core.state_hash()
        return result

    def close(self) -> None:
        """Write the rest of the journal and close it. Raises ReplayError."""
        try:
            self._journal.close()
        except JournalError as error:
            raise ReplayError(str(error)) from error


def queues_of(rows: np.ndarray[Any, Any]) -> Queues:
    """Group OrderRow records, which are in the order of their queues, by side and price."""
    queues: Queues = {}
    names = ("side", "price", "client_order_id", "leaves")
    for side, price, client_id, leaves in zip(*(rows[name].tolist() for name in names), strict=True):
        queues.setdefault((side, price), []).append((client_id, leaves))
    return queues


def _journal(directory: Path, messages: int) -> JournalWriter:
    """The journal of a new market, in segments that fit so many messages. Raises ReplayError."""
    segment_bytes = min(max(messages * RECORD_BYTES, LEAST_SEGMENT_BYTES), SEGMENT_BYTES)
    try:
        if directory.exists() and journal_segments(directory):
            raise ReplayError(f"{directory} has the journal of a market already; a replay begins a new one")
        return JournalWriter(directory, next_seq=1, durability=MEMORY, market_id=MARKET_ID, segment_bytes=segment_bytes)
    except (JournalError, OSError) as error:
        raise ReplayError(str(error)) from error
