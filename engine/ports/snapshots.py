"""The snapshots port's protocol: the state as of a channel sequence, for subscribers that saw a gap. No I/O.

`send(identity, frame)` hands an error to the socket, `send_two(identity, head, records)` the two parts of an answer.
Anybody may ask; a reply shows applied state and passes the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
from openbell import wire
from openbell.records import frame
from openbell.wire import BookKind, FrameType, Side

from engine import depth
from engine.market import CHANNELS, Market
from engine.ports.frames import FrameError, body_of, error_frame, head_of, json_frame, number_of

MAX_FRAME_BYTES: Final = 1 << 12
MAX_REPLY_BYTES: Final = 1 << 25
MAX_UNREAD_BYTES: Final = 1 << 27  # of all clients: anybody may ask
ALL_LEVELS: Final = 1 << 30
INSTRUMENTS: Final = "I"
TOLD: Final = "XAVCS"  # channels whose records the feed keeps
CLASSES: Final = {chr(channel): int(channel) for channel in depth.CHANNELS}
PERIODS_S: Final = (1, 60, 300, 3600, 86400)
_SIZES: Final = {
    "B": wire.MARKET_DATA.itemsize,
    "D": wire.DEPTH.itemsize,
    "T": wire.TOP.itemsize,
    "X": wire.TRADE.itemsize,
    "S": wire.MARKET_DATA.itemsize,
    "A": wire.MARKET_DATA.itemsize,
    "V": wire.STATISTICS.itemsize,
    "C": wire.BAR.itemsize,
    **dict.fromkeys(CLASSES, wire.DEPTH.itemsize),
    INSTRUMENTS: wire.INSTRUMENT_ROW.itemsize,
}


def _check_size(records: bytes) -> None:
    """Raises FrameError for more than an answer may hold."""
    if len(records) > MAX_REPLY_BYTES:
        raise FrameError(
            "too_many", f"this would be {len(records)} bytes: ask for one instrument after the other",
            field="instrument", limit=MAX_REPLY_BYTES, value=len(records),
        )  # fmt: skip


class Query(msgspec.Struct, forbid_unknown_fields=True):
    """QUERY of the snapshots port. from: of channels X and C. period_s, last: of C, the last bars of an instrument."""

    channel: str
    instrument: int | None = None
    from_: int = msgspec.field(default=1, name="from")
    period_s: int | None = None
    last: int = 1


class SnapshotProtocol:
    """Answers questions for state."""

    def __init__(
        self,
        market: Market,
        send: Callable[[bytes, bytes], bool],
        send_two: Callable[[bytes, bytes, bytes], bool],
        unread_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        """unread_bytes: of answers that wait for clients to read them."""
        self._unread_bytes = unread_bytes
        self._not_durable_bytes = 0  # of answers that wait until their state is durable
        self._market = market
        self._send = send
        self._send_two = send_two

    def receive(self, identity: bytes, message: bytes) -> None:
        """Take a frame."""
        number = number_of(message)
        try:
            kind, _, number = head_of(message)
            if kind == FrameType.HEARTBEAT:
                self._send(identity, frame(FrameType.HEARTBEAT, number))  # not what else was in it
            elif kind == FrameType.QUERY:
                self._answer(identity, number, body_of(message, Query, "bad_query"))
            else:
                raise FrameError("bad_frame", f"type {kind} means nothing here, QUERY does", field="type", value=kind)
        except FrameError as error:
            self._send(identity, error_frame(number, error))

    def _answer(self, identity: bytes, number: int, query: Query) -> None:
        """Take the state now, send it when it is durable. Raises FrameError."""
        market, channel = self._market, query.channel
        if channel not in _SIZES:
            raise FrameError(
                "bad_query", f"channel must be one of {', '.join(_SIZES)}, got {channel[:20]!r}",
                field="channel", limit="".join(_SIZES), value=channel[:20],
            )  # fmt: skip
        unread_bytes = self._unread_bytes() + self._not_durable_bytes
        if unread_bytes > MAX_UNREAD_BYTES:
            raise FrameError(
                "overloaded", f"answers of {unread_bytes} bytes wait for clients that do not read them; try again",
                limit=MAX_UNREAD_BYTES, value=unread_bytes,
            )  # fmt: skip
        instruments = market.instruments()
        if query.instrument is not None:
            instruments = instruments[instruments["instrument"] == query.instrument]
            if not len(instruments):
                raise FrameError(
                    "bad_query",
                    f"instrument {query.instrument} is not set up",
                    field="instrument",
                    value=query.instrument,
                )
        if query.period_s is not None and query.period_s not in PERIODS_S:
            raise FrameError(
                "bad_query", f"period_s must be one of {', '.join(map(str, PERIODS_S))}, got {query.period_s}",
                field="period_s", value=query.period_s,
            )  # fmt: skip
        if query.last < 1:
            raise FrameError("bad_query", "last must be at least 1", field="last", limit=1, value=query.last)
        if channel in CLASSES:
            self._answer_class(identity, number, query, instruments["instrument"].tolist())
            return
        records = b"" if channel in TOLD else self._state(channel, instruments)
        _check_size(records)
        seq = market.core.seq
        self._not_durable_bytes += len(records)

        def reply() -> None:
            self._not_durable_bytes -= len(records)
            # The gate has let out just what `records` show: the channel's sequence is that of this state.
            body: dict[str, Any] = {"channel": channel, "seq": seq, "instrument": query.instrument}
            shown = records
            if channel in TOLD:
                shown = self._told(query, body, instruments)
            if channel != INSTRUMENTS:
                body["sequence"] = market.feed.sequences[CHANNELS.index(channel)]
            self._reply(identity, number, body, shown)

        market.later(reply)

    def _answer_class(self, identity: bytes, number: int, query: Query, instruments: list[int]) -> None:
        """A class of depth. Raises FrameError."""
        market, letter = self._market, CLASSES[query.channel]
        kind = market.depths.kind(letter)
        if kind is None:
            raise FrameError(
                "bad_query", f"there is no class {query.channel} of depth here", field="channel", value=query.channel
            )
        seq = market.core.seq
        shown = market.depths.snapshot(letter, instruments)

        def reply() -> None:
            sequence, records = shown()
            body = {"channel": query.channel, "seq": seq, "instrument": query.instrument, "sequence": sequence}
            self._reply(identity, number, {**body, "levels": kind.levels, "interval_ms": kind.interval_ms}, records)

        market.later(reply)

    def _reply(self, identity: bytes, number: int, body: dict[str, Any], records: bytes) -> None:
        """The two parts of an answer."""
        try:
            _check_size(records)
        except FrameError as error:
            self._send(identity, error_frame(number, error))
            return
        size = _SIZES[body["channel"]]
        body |= {"record_size": size, "count": len(records) // size}
        self._send_two(identity, json_frame(FrameType.REPLY, number, body), records)

    def _told(self, query: Query, body: dict[str, Any], instruments: np.ndarray[Any, Any]) -> bytes:
        """What the feed itself keeps, as of what it has told."""
        feed = self._market.feed
        if query.channel == "S":
            return self._statuses(feed.statuses(query.instrument), instruments)
        if query.channel == "A":
            return feed.auctions(query.instrument)
        if query.channel == "V":
            return feed.statistics(query.instrument)
        if query.period_s is not None and query.channel == "C":
            body["period_s"] = query.period_s
            return feed.last_bars(query.instrument, query.period_s, query.last)
        body["from"], records = (feed.trades if query.channel == "X" else feed.bars)(max(0, query.from_))
        return records

    def _state(self, channel: str, instruments: np.ndarray[Any, Any]) -> bytes:
        """The records of a channel as of now."""
        core = self._market.core
        ids = instruments["instrument"].tolist()
        if channel == "B":
            return b"".join(core.book(one) for one in ids)
        if channel == "D":
            return b"".join(core.depth(one, ALL_LEVELS) for one in ids)
        if channel == "T":
            return self._tops(instruments)
        return instruments.tobytes()

    def _tops(self, instruments: np.ndarray[Any, Any]) -> bytes:
        """One Top an instrument."""
        tops = np.zeros(len(instruments), wire.TOP)
        tops["seq"], tops["ts_ns"], tops["kind"] = self._market.core.seq, self._market.core.ts_ns, BookKind.TOP
        for name in ("state", "instrument", "bid_price", "ask_price", "bid_qty", "ask_qty"):
            tops[name] = instruments[name]
        for index, one in enumerate(instruments["instrument"].tolist()):
            for level in self._market.depth(one, 1):
                side = "bid_orders" if level["side"] == Side.BUY else "ask_orders"
                tops[side][index] = level["level_orders"]
        return tops.tobytes()

    def _statuses(self, told: bytes, instruments: np.ndarray[Any, Any]) -> bytes:
        """A STATUS of each instrument, as told last but for the reference price of now; the BANDS that were told."""
        records = np.frombuffer(told, wire.MARKET_DATA)
        statuses = np.zeros(len(instruments), wire.MARKET_DATA)
        statuses["seq"], statuses["ts_ns"] = self._market.core.seq, self._market.core.ts_ns
        statuses["kind"], statuses["qty"] = BookKind.STATUS, instruments["round_lot"]
        for name in ("state", "instrument"):
            statuses[name] = instruments[name]
        is_status = records["kind"] == BookKind.STATUS
        places = {instrument: place for place, instrument in enumerate(instruments["instrument"].tolist())}
        for record in records[is_status]:
            statuses[places[int(record["instrument"])]] = record
        statuses["price"] = instruments["reference_price"]
        return b"".join([statuses.tobytes(), records[~is_status].tobytes()])
