"""The snapshots port: a state and the channel sequence that it is of, while the market goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.records import HEADER, MARKET_DATA_HEADER, frame, json_body
from openbell.wire import BookKind, Channel, FrameType, HaltReason, InstrumentState

from engine.ports.snapshots import MAX_UNREAD_BYTES, SnapshotProtocol
from tests.engine.trading import Trading, command, json_frame, orders_frame

A, B = b"\0aaaa", b"\0bbbb"
DTYPES = {
    "B": wire.MARKET_DATA, "D": wire.DEPTH, "T": wire.TOP, "X": wire.TRADE, "S": wire.MARKET_DATA,
    "A": wire.MARKET_DATA, "V": wire.STATISTICS, "C": wire.BAR, "1": wire.DEPTH, "2": wire.DEPTH,
    "I": wire.INSTRUMENT_ROW,
}  # fmt: skip


class Asking:
    """The protocol, and what it sent."""

    def __init__(self, trading: Trading) -> None:
        self.sent: list[tuple[bytes, ...]] = []
        self.unread_bytes = 0
        self.protocol = SnapshotProtocol(trading.market, self._send, self._send, lambda: self.unread_bytes)

    def _send(self, identity: bytes, *parts: bytes) -> bool:
        self.sent.append(parts)
        return True

    def ask(self, **query: Any) -> None:
        self.protocol.receive(A, json_frame(FrameType.QUERY, query, 7))

    def answer(self) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
        ((head, records),) = self.sent
        self.sent.clear()
        assert HEADER.unpack_from(head)[2:5:2] == (FrameType.REPLY, 7)
        body = json_body(head)
        array = np.frombuffer(records, DTYPES[body["channel"]])
        assert (body["record_size"], body["count"]) == (array.dtype.itemsize, len(array))
        return body, array

    def error(self) -> dict[str, Any]:
        ((message,),) = self.sent
        self.sent.clear()
        assert HEADER.unpack_from(message)[2] == FrameType.ERROR
        return json_body(message)


def some_trading(trading: Trading) -> None:
    trading.login(A, "both")
    trading.put(A, orders_frame([command(client_order_id=n, qty=n, price=(90 + n) * 10000) for n in (1, 2, 3)]))
    trading.put(A, orders_frame([command(client_order_id=4, qty=4, price=93_0000)]))
    trading.put(A, orders_frame([command(account=2, side=1, qty=2, price=93_0000)]))
    trading.put(A, orders_frame([command(account=2, side=1, client_order_id=2, qty=5, price=95_0000)]))


async def test_every_channel(trading: Trading) -> None:
    some_trading(trading)
    asking = Asking(trading)
    asking.ask(channel="B")
    body, book = asking.answer()
    assert (body["sequence"], body["seq"], body["instrument"]) == (
        trading.feed.sequences[0],
        trading.market.core.seq,
        None,
    )
    assert book["price"].tolist() == [93_0000, 93_0000, 92_0000, 91_0000, 95_0000]
    assert book["leaves"].tolist() == [1, 4, 2, 1, 5]
    asking.ask(channel="D", instrument=0)
    body, depth = asking.answer()
    assert body["sequence"] == trading.feed.sequences[1]
    assert depth["level_qty"].tolist() == [5, 2, 1, 5]
    asking.ask(channel="T")
    body, tops = asking.answer()
    assert body["sequence"] == trading.feed.sequences[2]
    fields = ["instrument", "bid_price", "bid_qty", "bid_orders", "ask_price", "ask_qty", "ask_orders", "state"]
    assert tops[fields].tolist() == [(0, 93_0000, 5, 2, 95_0000, 5, 1, 1), (1, 0, 0, 0, 0, 0, 0, 0)]
    asking.ask(channel="S")
    body, statuses = asking.answer()
    assert statuses[["instrument", "state", "price"]].tolist() == [(0, 1, 93_0000), (1, 0, 50_0000)]
    asking.ask(channel="I")
    assert asking.answer()[1]["symbol"].tolist() == [b"AAA", b"BBB"]


async def test_classes_of_depth(trading: Trading) -> None:
    some_trading(trading)
    asking = Asking(trading)
    for letter, levels, interval_ms in (("1", 10, 100), ("2", 5, 1000)):
        asking.ask(channel=letter, instrument=0)
        body, depth = asking.answer()
        assert (body["levels"], body["interval_ms"], body["instrument"]) == (levels, interval_ms, 0)
        assert body["sequence"] == trading.market.depths.sequences[int(letter) - 1]
        assert depth["level_qty"].tolist() == [5, 2, 1, 5]
    asking.ask(channel="1")
    assert len(asking.answer()[1]) == 4


async def test_states_as_they_were_told(trading: Trading) -> None:
    some_trading(trading)
    made = np.zeros(2, wire.MARKET_DATA)
    made["kind"], made["instrument"] = [BookKind.STATUS, BookKind.BANDS], [0, 1]
    made["state"], made["flags"], made["qty"] = InstrumentState.HALTED, HaltReason.NEWS, 100
    made["price"], made["order_id"] = 90_0000, [0, 95_0000]
    trading.feed.add(made.tobytes())
    asking = Asking(trading)
    fields = ["kind", "instrument", "state", "flags", "price", "order_id"]
    asking.ask(channel="S")
    halted, closed, bands = asking.answer()[1][fields].tolist()
    assert halted == (BookKind.STATUS, 0, InstrumentState.HALTED, HaltReason.NEWS, 93_0000, 0)
    assert closed == (BookKind.STATUS, 1, InstrumentState.CLOSED, 0, 50_0000, 0)
    assert bands[:2] + bands[4:] == (BookKind.BANDS, 1, 90_0000, 95_0000)
    asking.ask(channel="S", instrument=0)
    assert asking.answer()[1][fields].tolist() == [halted]


async def test_trades_from(trading: Trading) -> None:
    some_trading(trading)
    trading.put(A, orders_frame([command(account=2, side=1, client_order_id=3, qty=2, price=93_0000)]))
    asking = Asking(trading)
    for wanted, numbers in ((1, [1, 2, 3]), (2, [2, 3]), (4, []), (99, []), (-5, [1, 2, 3]), (2**70, [])):
        asking.ask(channel="X", **{"from": wanted})
        body, trades = asking.answer()
        assert trades["trade_id"].tolist() == numbers
        assert body["sequence"] == 3
        assert body["from"] + len(trades) == 4


async def test_statistics_bars_and_auctions(trading: Trading) -> None:
    some_trading(trading)
    asking = Asking(trading)
    first_ns = trading.market.core.ts_ns
    made = np.zeros(3, wire.MARKET_DATA)
    made["ts_ns"] = [first_ns, first_ns, first_ns + 3_600_000_000_000]
    made["kind"] = [BookKind.INDICATIVE, BookKind.INDICATIVE, BookKind.TIME]
    made["instrument"], made["qty"] = [0, 1, 0], [7, 8, 0]
    trading.feed.add(made.tobytes())
    asking.ask(channel="V")
    body, statistics = asking.answer()
    assert body["sequence"] == trading.feed.sequences[6] == 1
    assert statistics[["instrument", "volume", "turnover", "trades"]].tolist() == [(0, 2, 2 * 93_0000, 1)]
    asking.ask(channel="C", **{"from": 2})
    body, bars = asking.answer()
    assert (body["from"], body["sequence"]) == (2, trading.feed.sequences[7])
    assert bars["period_s"].tolist() == [60, 300, 3600]
    for instrument in (0, None):
        asking.ask(channel="C", instrument=instrument, period_s=60, last=5)
        body, bars = asking.answer()
        assert body["period_s"] == 60
        assert bars[["instrument", "volume"]].tolist() == [(0, 2)]
    asking.ask(channel="A", instrument=1)
    body, auctions = asking.answer()
    assert (body["sequence"], auctions["qty"].tolist()) == (2, [8])
    asking.ask(channel="A")
    assert asking.answer()[1]["qty"].tolist() == [7, 8]


async def test_the_sequence_is_that_of_the_state(synced: Trading) -> None:
    """While answers wait for the disk the market goes on: the snapshot is still of one moment."""
    some_trading(synced)
    asking = Asking(synced)
    asking.ask(channel="B")
    synced.put(A, orders_frame([command(client_order_id=10, price=80_0000)]))
    asking.ask(channel="B")
    assert asking.sent == []
    synced.feed.want(b"B")
    synced.durable()
    (first, first_records), (second, second_records) = asking.sent
    assert json_body(second)["sequence"] == json_body(first)["sequence"] + 1
    assert len(second_records) == len(first_records) + 64
    last = synced.data[-1]
    letter, _, _, count, sequence = MARKET_DATA_HEADER.unpack_from(last)
    assert (letter, sequence + count - 1) == (Channel.BOOK, json_body(second)["sequence"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"channel": "Q"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"channel": 3}, "channel"),
        ({}, "channel"),
        ({"channel": "B", "instrument": 5}, "instrument"),
        ({"channel": "B", "instrument": -1}, "instrument"),
        ({"channel": "B", "instrument": 2**80}, "instrument"),
        ({"channel": "X", "from": "x"}, "from"),
        ({"channel": "B", "depth": 1}, "depth"),
        ({"channel": "C", "period_s": 2}, "period_s"),
        ({"channel": "C", "period_s": 60, "last": 0}, "last"),
        ({"channel": "V", "instrument": 5}, "instrument"),
        ({"channel": "3"}, "channel"),
        ({"channel": "1", "instrument": 5}, "instrument"),
    ],
)
async def test_bad_questions(trading: Trading, query: dict[str, Any], field: str) -> None:
    asking = Asking(trading)
    asking.ask(**query)
    body = asking.error()
    assert (body["code"], body["field"]) == ("bad_query", field)


@pytest.mark.parametrize("message", [b"", b"x" * 15, frame(FrameType.LOGIN, 1, b"{}"), frame(FrameType.QUERY, 1, b"[")])
async def test_no_questions(trading: Trading, message: bytes) -> None:
    asking = Asking(trading)
    asking.protocol.receive(A, message)
    assert asking.error()["code"] in ("bad_frame", "bad_query")
    asking.protocol.receive(A, frame(FrameType.HEARTBEAT, 4))
    assert asking.sent == [(frame(FrameType.HEARTBEAT, 4),)]


async def test_nothing_is_answered_while_too_much_waits_for_clients_that_do_not_read(trading: Trading) -> None:
    asking = Asking(trading)
    asking.unread_bytes = MAX_UNREAD_BYTES + 1
    asking.ask(channel="B")
    (refused,) = asking.sent.pop()
    body = json_body(refused)
    assert (body["code"], body["limit"], body["value"]) == ("overloaded", MAX_UNREAD_BYTES, MAX_UNREAD_BYTES + 1)
    asking.unread_bytes = MAX_UNREAD_BYTES
    asking.ask(channel="B")
    assert len(asking.sent.pop()) == 2
