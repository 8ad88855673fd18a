"""A model of the market data publisher: plain books, and the frames and snapshots that tell of their changes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from openbell import wire
from openbell.records import HEADER, MARKET_DATA_HEADER, frame
from openbell.wire import BookKind, Channel, FrameType, Side

SYMBOLS = {1: "ACME", 2: "BOLT", 5: "CORE"}
Queue = dict[int, int]  # order_id -> leaves, first in front
DTYPES = {
    Channel.BOOK: wire.MARKET_DATA,
    Channel.DEPTH: wire.DEPTH,
    Channel.TOP: wire.TOP,
    Channel.TRADES: wire.TRADE,
    Channel.STATUS: wire.MARKET_DATA,
    Channel.AUCTION: wire.MARKET_DATA,
    Channel.STATISTICS: wire.STATISTICS,
    Channel.BARS: wire.BAR,
}
ONCE = (Channel.TRADES, Channel.BARS)


def record(dtype: np.dtype[Any], **fields: Any) -> bytes:
    """One record's bytes."""
    made = np.zeros(1, dtype)
    for name, value in fields.items():
        made[name] = value
    return made.tobytes()


class Publisher:
    """Change the books with add, take, reduce, delete and state; then `flush` gives the frames."""

    def __init__(self) -> None:
        self.books: dict[int, tuple[dict[int, Queue], dict[int, Queue]]] = {one: ({}, {}) for one in SYMBOLS}
        self.states = dict.fromkeys(SYMBOLS, 1)
        self.places: dict[int, tuple[int, int, int]] = {}  # order_id -> instrument, side, price
        self.sequences = dict.fromkeys(DTYPES, 0)
        self.trades: list[bytes] = []
        self.bars: list[bytes] = []
        self.last: dict[tuple[Channel, int], bytes] = {}  # of channels AUCTION and STATISTICS
        self.kept_trades = 1000
        self.seq = 0
        self._next_order = 1
        self._pending: list[tuple[Channel, bytes]] = []

    # ------------------------------------------------------------ changes

    def add(self, instrument: int, side: int, price: int, qty: int) -> int:
        """An order rests."""
        order_id, self._next_order = self._next_order, self._next_order + 1
        self.books[instrument][side].setdefault(price, {})[order_id] = qty
        self.places[order_id] = instrument, side, price
        self._changed(BookKind.ADD, order_id, qty, qty)
        return order_id

    def take(self, order_id: int, qty: int) -> None:
        """A resting order trades."""
        instrument, side, price = self.places[order_id]
        self._shrink(BookKind.EXECUTE, order_id, min(qty, self.books[instrument][side][price][order_id]))

    def reduce(self, order_id: int, qty: int) -> None:
        """A resting order becomes smaller; nothing happens when it would be gone."""
        instrument, side, price = self.places[order_id]
        if qty < self.books[instrument][side][price][order_id]:
            self._shrink(BookKind.REDUCE, order_id, qty)

    def delete(self, order_id: int) -> None:
        """A resting order leaves."""
        instrument, side, price = self.places[order_id]
        self._shrink(BookKind.DELETE, order_id, self.books[instrument][side][price][order_id])

    def state(self, instrument: int, state: int) -> None:
        """An instrument's trading state."""
        self.seq += 1
        self.states[instrument] = state
        self._pending.append((Channel.STATUS, self._status(instrument)))

    def tell(self, channel: Channel, instrument: int, number: int) -> None:
        """Something on channel AUCTION, STATISTICS or BARS, that `number` tells from others."""
        self.seq += 1
        same = {"seq": self.seq, "instrument": instrument}
        if channel == Channel.BARS:
            made = record(wire.BAR, period_s=(1, 60)[number % 2], open=number, **same)
            self.bars.append(made)
        elif channel == Channel.STATISTICS:
            made = self.last[channel, instrument] = record(wire.STATISTICS, volume=number, **same)
        else:
            kind = (BookKind.INDICATIVE, BookKind.CROSS)[number % 2]
            made = self.last[channel, instrument] = record(wire.MARKET_DATA, kind=kind, level_qty=number, **same)
        self._pending.append((channel, made))

    def _shrink(self, kind: BookKind, order_id: int, qty: int) -> None:
        instrument, side, price = self.places[order_id]
        queue = self.books[instrument][side][price]
        queue[order_id] -= qty
        leaves = queue[order_id]
        if not leaves:
            del queue[order_id]
        self._changed(kind, order_id, qty, leaves)
        if not leaves:
            del self.places[order_id]
            if not queue:
                del self.books[instrument][side][price]

    def _changed(self, kind: BookKind, order_id: int, qty: int, leaves: int) -> None:
        self.seq += 1
        instrument, side, price = self.places[order_id]
        queue = self.books[instrument][side][price]
        level = {"level_qty": sum(queue.values()), "level_orders": len(queue)}
        same = {"seq": self.seq, "instrument": instrument, "side": side, "price": price, **level}
        change = record(wire.MARKET_DATA, kind=kind, order_id=order_id, qty=qty, leaves=leaves, **same)
        self._pending.append((Channel.BOOK, change))
        self._pending.append((Channel.DEPTH, record(wire.DEPTH, **same)))
        self._pending.append((Channel.TOP, self._top(instrument)))
        if kind == BookKind.EXECUTE:
            number = len(self.trades) + 1
            fields = {"aggressor": 1 - side, "price": price, "qty": qty, "trade_id": number, "seq": self.seq}
            self.trades.append(record(wire.TRADE, instrument=instrument, **fields))
            self._pending.append((Channel.TRADES, self.trades[-1]))

    def _top(self, instrument: int) -> bytes:
        fields: dict[str, int] = {}
        for side, name, best in ((0, "bid", max), (1, "ask", min)):
            prices = [price for price, queue in self.books[instrument][side].items() if queue]
            if prices:
                queue = self.books[instrument][side][best(prices)]
                fields |= {f"{name}_price": best(prices), f"{name}_qty": sum(queue.values())}
                fields[f"{name}_orders"] = len(queue)
        return record(wire.TOP, seq=self.seq, kind=BookKind.TOP, instrument=instrument, **fields)

    def _status(self, instrument: int) -> bytes:
        state = self.states[instrument]
        return record(wire.MARKET_DATA, seq=self.seq, kind=BookKind.STATUS, instrument=instrument, state=state)

    # ------------------------------------------------------------ frames

    def flush(self) -> list[bytes]:
        """The frames of what changed since the last call, one for each channel that has any."""
        frames = []
        for channel, dtype in DTYPES.items():
            records = [data for of, data in self._pending if of == channel]
            if records:
                first = self.sequences[channel] + 1
                head = MARKET_DATA_HEADER.pack(channel, wire.VERSION, dtype.itemsize, len(records), first)
                self.sequences[channel] += len(records)
                frames.append(head + b"".join(records))
        self._pending.clear()
        return frames

    def heartbeat(self) -> bytes:
        """A HEARTBEAT frame as of the last flush."""
        names = {Channel.BOOK: "book", Channel.DEPTH: "depth", Channel.TOP: "top", Channel.TRADES: "trades"}
        names |= {Channel.STATUS: "status", Channel.AUCTION: "auction", Channel.BARS: "bars"}
        names[Channel.STATISTICS] = "statistics"
        shown = {name: self.sequences[channel] for channel, name in names.items()}
        head = MARKET_DATA_HEADER.pack(Channel.HEARTBEAT, wire.VERSION, wire.HEARTBEAT.itemsize, 1, 0)
        return head + record(wire.HEARTBEAT, seq=self.seq, **shown)

    # ------------------------------------------------------------ snapshots

    def answer(self, question: bytes) -> list[bytes]:
        """The parts that answer a QUERY of the snapshots port. Changes must have been flushed."""
        _, _, kind, _, number = HEADER.unpack_from(question)
        assert kind == FrameType.QUERY
        asked = json.loads(question[HEADER.size :])
        if asked["channel"] == "I":
            rows = [
                record(wire.INSTRUMENT_ROW, instrument=one, symbol=symbol.encode(), currency=b"USD", tick_size=1)
                for one, symbol in SYMBOLS.items()
            ]
            return self._parts(number, "I", 0, None, rows, wire.INSTRUMENT_ROW.itemsize)
        channel = Channel(ord(asked["channel"]))
        only = asked.get("instrument")
        instruments = list(SYMBOLS) if only is None else [only]
        if asked.get("period_s"):
            rows = [row for row in self.bars if np.frombuffer(row, wire.BAR)["period_s"] == asked["period_s"]]
            rows = [row for row in rows if np.frombuffer(row, wire.BAR)["instrument"] == only][-asked["last"] :]
        elif channel in ONCE:
            kept = self.trades if channel == Channel.TRADES else self.bars
            first = max(asked["from"], len(kept) - self.kept_trades + 1)
            rows = kept[first - 1 :]
        else:
            rows = [row for instrument in instruments for row in self._state_of(channel, instrument)]
        return self._parts(number, chr(channel), self.sequences[channel], only, rows, DTYPES[channel].itemsize)

    def _state_of(self, channel: Channel, instrument: int) -> list[bytes]:
        if channel in (Channel.AUCTION, Channel.STATISTICS):
            return [self.last[channel, instrument]] if (channel, instrument) in self.last else []
        if channel == Channel.TOP:
            return [self._top(instrument)]
        if channel == Channel.STATUS:
            return [self._status(instrument)]
        rows = []
        for side in (Side.BUY, Side.SELL):
            levels = self.books[instrument][side]
            for price in sorted(levels, reverse=side == Side.BUY):
                same = {"instrument": instrument, "side": side, "price": price}
                level = {"level_qty": sum(levels[price].values()), "level_orders": len(levels[price])}
                if channel == Channel.DEPTH:
                    rows.append(record(wire.DEPTH, **same, **level))
                    continue
                for order_id, leaves in levels[price].items():
                    fields = {"order_id": order_id, "qty": leaves, "leaves": leaves, **same, **level}
                    rows.append(record(wire.MARKET_DATA, kind=BookKind.ADD, **fields))
        return rows

    def _parts(
        self, number: int, letter: str, sequence: int, instrument: int | None, rows: list[bytes], size: int
    ) -> list[bytes]:
        body = {
            "channel": letter,
            "sequence": sequence,
            "seq": self.seq,
            "instrument": instrument,
            "record_size": size,
            "count": len(rows),
        }
        return [frame(FrameType.REPLY, number, json.dumps(body).encode()), b"".join(rows)]

    # ------------------------------------------------------------ what a subscriber has to know

    def orders(self, instrument: int, side: int) -> list[tuple[int, int, int]]:
        """(order_id, price, leaves) in priority order."""
        levels = self.books[instrument][side]
        return [
            (order_id, price, leaves)
            for price in sorted(levels, reverse=side == Side.BUY)
            for order_id, leaves in levels[price].items()
        ]

    def levels(self, instrument: int, side: int) -> list[tuple[int, int, int]]:
        """(price, qty, orders), best first."""
        levels = self.books[instrument][side]
        return [
            (price, sum(levels[price].values()), len(levels[price]))
            for price in sorted(levels, reverse=side == Side.BUY)
        ]
