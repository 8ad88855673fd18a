"""What the SDK's protocol machines get from a market that is broken, hostile, or of another release."""

from __future__ import annotations

import json

import numpy as np
from openbell import wire
from openbell.desk import Desk
from openbell.errors import OpenBellError
from openbell.market.feed import DTYPES, MarketFeed
from openbell.orders import Order
from openbell.records import HEADER, MARKET_DATA_HEADER, frame, json_frame
from openbell.requests import answer_of
from openbell.rows import AccountInfo, InstrumentInfo, OrderInfo, rows_of
from openbell.session import Session
from openbell.status import book_of, sessions_of, status_of
from openbell.wire import BookKind, Channel, EventKind, FrameType

from tests.engine.trading import NOW_NS
from tests.fuzz.targets import One
from tests.fuzz.targets.parts import joined, parted

AS_IT_IS = 8
KINDS = (
    FrameType.LOGGED_IN,
    FrameType.EVENTS,
    FrameType.ERROR,
    FrameType.REPLY,
    FrameType.RESUMED,
    FrameType.HEARTBEAT,
)
NUMBERS = 7  # bits of the byte before a frame that are its number
LOGGED_IN = {
    "session": 4,
    "accounts": [{"id": 1, "name": "alice", "next_seq": 5, "last_client_order_id": 0}],
    "instruments": [{"id": 0, "symbol": "AAA", "tick_size": 100, "lot_size": 1, "currency": "USD", "state": 1}],
    "durability": "fsync", "ts_ns": NOW_NS, "heartbeat_s": 5, "cancel_on_disconnect": False, "market": "test",
}  # fmt: skip


# ---------------------------------------------------------------- session


def start_session() -> One:
    """The first frame is always a login that is in order; orders, a mass cancel and a query wait for answers then."""
    first = json_frame(FrameType.LOGGED_IN, 1, LOGGED_IN)

    def one(data: bytes) -> None:
        desk: Desk[Order] = Desk(Session("key", "fuzz", {1: 5}), Order, clock_ns=lambda: NOW_NS)
        desk.connect()
        parts = list(parted(data))
        is_logged_in = not (parts and parts[0][0] == 0xFF)
        if is_logged_in:
            desk.receive(first)
            desk.receive(json_frame(FrameType.RESUMED, 1, {"account": 1, "next_seq": 5}))
            for side in ("buy", "sell"):
                desk.order(side, "AAA", 10, "98.00")
            desk.mass_cancel()
            desk.query("orders")
        for choice, body in parts:
            kind = KINDS[(choice >> 4) % len(KINDS)]
            message = body
            if not choice & AS_IT_IS:
                size = wire.EVENT.itemsize
                count = len(body) // size if kind == FrameType.EVENTS else None
                message = frame(kind, choice & NUMBERS, body[: count * size] if count is not None else body, count)
            try:
                desk.receive(message)
            except OpenBellError:
                pass
            desk.take_outgoing()

    return one


def seeds_session() -> list[bytes]:
    events = np.zeros(3, wire.EVENT)
    events["kind"] = [EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELED]
    events["account"], events["account_seq"], events["client_order_id"] = 1, [5, 6, 7], 1
    events["qty"], events["price"], events["leaves"], events["filled"] = 10, 98_0000, [10, 6, 0], [0, 4, 4]
    rows = [{"order_id": 7, "client_order_id": 1, "price": 5}]
    bodies = [
        (1, 1, events.tobytes()), (1, 1, (events[:1].repeat(20)).tobytes()), (5, 3, b""),
        (2, 2, json.dumps({"code": "too_many", "text": "no", "field": "rows", "limit": 5}).encode()),
        (2, 1, json.dumps({"code": "resume_too_old", "text": "no", "limit": 9, "account": 1}).encode()),
        (2, 5, json.dumps({"code": "not_logged_in", "text": "the session has ended"}).encode()),
        (3, 5, json.dumps({"seq": 9, "total": 1, "rows": rows}).encode()),
        (4, 1, json.dumps({"account": 1, "from_seq": 1, "next_seq": 9}).encode()),
        (0, 1, json.dumps(LOGGED_IN).encode()),
    ]  # fmt: skip
    made = [joined([(kind << 4 | number, body)]) for kind, number, body in bodies]
    made.append(joined([(kind << 4 | number, body) for kind, number, body in bodies[:4]]))
    made.append(joined([(AS_IT_IS, frame(KINDS[kind], number, body)) for kind, number, body in bodies[2:5]]))
    made.append(joined([(0xFF, b""), (1, json.dumps(LOGGED_IN).encode()), (1 << 4, events.tobytes())]))
    return made


# ---------------------------------------------------------------- feed

LETTERS = "BDTXSAVC1H"


def start_feed() -> One:
    """A part is a frame of the publisher, or an answer of the snapshots port: JSON, a NUL, records."""
    clock_ns = NOW_NS

    def one(data: bytes) -> None:
        nonlocal clock_ns
        feed = MarketFeed("BDTXSAVC1", clock_ns=lambda: clock_ns)
        for choice, body in parted(data):
            clock_ns += 100_000_000
            try:
                if choice & 1:
                    head, _, records = body.partition(b"\0")
                    kind = FrameType.ERROR if choice & 2 else FrameType.REPLY
                    parts = [frame(kind, choice >> 4, head), records]
                    feed.reply([body] if choice & AS_IT_IS else parts[:1] if choice & 4 else parts)
                else:
                    feed.receive(body if choice & AS_IT_IS else _made(choice, body))
            except OpenBellError:
                pass
            feed.tick()
            feed.take_outgoing()

    return one


def _made(choice: int, body: bytes) -> bytes:
    """A frame of a channel: its first sequence is the first byte of `body`."""
    letter = Channel(ord(LETTERS[(choice >> 4) % len(LETTERS)]))
    size = wire.HEARTBEAT.itemsize if letter == Channel.HEARTBEAT else DTYPES[letter].itemsize
    records = body[1:]
    count = len(records) // size
    return MARKET_DATA_HEADER.pack(letter, wire.VERSION, size, count, body[0] if body else 0) + records[: count * size]


def seeds_feed() -> list[bytes]:
    heartbeat = np.zeros((), wire.HEARTBEAT)
    heartbeat["book"] = heartbeat["trades"] = 3
    beat = (LETTERS.index("H") << 4, b"\0" + heartbeat.tobytes())
    rows = np.zeros(1, wire.INSTRUMENT_ROW)
    rows["symbol"], rows["tick_size"] = b"AAA", 100
    book = np.zeros(2, wire.MARKET_DATA)
    book["kind"], book["order_id"], book["qty"], book["leaves"], book["level_qty"] = BookKind.ADD, [1, 2], 5, 5, 5
    book["price"], book["level_orders"] = 98_0000, 1
    parts = [
        beat,
        (1 | 1 << 4, _answer("I", 1, rows)),
        (0, b"\4" + book.tobytes()),
        (1 | 2 << 4, _answer("B", 3, book)),
    ]
    made = [joined(parts)]
    for place, letter in enumerate(LETTERS[:-1]):
        dtype = DTYPES[Channel(ord(letter))]
        one = np.zeros(1, dtype)
        number = 2 + place
        made.append(joined([beat, (place << 4, b"\1" + one.tobytes()), (1 | number << 4, _answer(letter, 0, one[:0]))]))
    error = json.dumps({"code": "too_many", "text": "no"}).encode()
    made.append(joined([beat, (3 | 2 << 4, error), (5 | 2 << 4, error), (AS_IT_IS, b"BB"), (AS_IT_IS | 1, b"OB")]))
    return made


def _answer(letter: str, sequence: int, records: np.ndarray) -> bytes:
    body = {"channel": letter, "seq": 9, "instrument": None, "sequence": sequence}
    body |= {"record_size": records.dtype.itemsize, "count": len(records)}
    return json.dumps(body).encode() + b"\0" + records.tobytes()


# ---------------------------------------------------------------- answers


def start_answers() -> One:
    """The frame has to be an answer, or be refused; a result that is none may give a Python error where it is used."""

    def one(data: bytes) -> None:
        message = frame(FrameType.REPLY, 1, data[1:]) if data[:1] == b"\1" else data[1:]
        try:
            answer = answer_of(message, 1, "tcp://127.0.0.1:1")
        except OpenBellError:
            return
        if answer is None:
            return
        for work in (status_of, book_of, sessions_of):
            try:
                work(answer.result)
            except (LookupError, TypeError, ValueError, AttributeError):
                pass
        for kind in (OrderInfo, AccountInfo, InstrumentInfo):
            try:
                rows_of(kind, answer.result.get("rows", []), {})
            except (LookupError, TypeError, ValueError, AttributeError):
                pass

    return one


def seeds_answers() -> list[bytes]:
    row = {"order_id": 1, "price": 5, "symbol": "AAA"}
    results = [
        {}, {"rows": [row]}, {"instrument": 1, "bids": [[5, 1, 1]], "asks": []},
        {"sessions": [{"session": 1}], "timers": [], "ts_ns": 1}, {"capacity": {"orders": [1, 2]}, "warnings": ["w"]},
    ]  # fmt: skip
    bodies = [json.dumps({"ok": True, "seq": 1, "result": result}).encode() for result in results]
    made = [b"\1" + body for body in bodies]
    made.append(b"\0" + json_frame(FrameType.ERROR, 1, {"code": "rejected", "text": "no", "limit": 5}))
    return [*made, b"\0" + json_frame(FrameType.REPLY, 2, {}), b"\0" + bytes(HEADER.size)]
