"""Orders and handles without I/O: what is sent, and how handles follow."""

from __future__ import annotations

import gc
from decimal import Decimal
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.desk import Desk
from openbell.orders import Order, OrderState
from openbell.records import HEADER, frame, json_body, json_frame
from openbell.session import Session
from openbell.wire import CommandKind, EventKind, FrameType, OrderFlag, OrderType, Side, TimeInForce

from tests.client.peer import ACCOUNT, INSTRUMENTS, event

NOW_NS = 1_700_000_000_000_000_000


class Table:
    """A desk and the market's answers, by hand."""

    def __init__(self, accounts: tuple[str, ...] = ("alice",), account: str | None = None) -> None:
        self.desk = Desk(Session("key", "test"), Order, account, lambda: NOW_NS)
        self.accounts = accounts
        self.seq = 0
        self.log_in()

    def log_in(self) -> None:
        self.desk.connect()
        rows = [
            {"id": ACCOUNT + at, "name": name, "next_seq": self.seq + 1 if not at else 1, "last_client_order_id": 7}
            for at, name in enumerate(self.accounts)
        ]
        body = {"accounts": rows, "instruments": INSTRUMENTS}
        self.desk.receive(json_frame(FrameType.LOGGED_IN, self.desk.session.login_number, body))

    def tell(self, **fields: Any) -> None:
        """One event of the first account; an ACCEPTED says what the order was, where nothing else is said."""
        order = self.desk.orders.get(fields.get("client_order_id", 0))
        if fields["kind"] == EventKind.ACCEPTED and order is not None:
            asked = {name: getattr(order, name) for name in ("instrument", "side", "qty", "price")}
            fields = asked | fields
        self.seq += 1
        made = event(account=ACCOUNT, account_seq=self.seq, **fields).tobytes()
        self.desk.receive(frame(FrameType.EVENTS, 0, made, 1))

    def reject(self, kind: EventKind, order: Order, check: int, limit: int, value: int) -> None:
        self.seq += 1
        made = np.zeros(1, wire.REJECT)
        fields = {"account": ACCOUNT, "account_seq": self.seq, "kind": kind, "check": check, "limit": limit}
        for name, number in {**fields, "value": value, "client_order_id": order.client_order_id}.items():
            made[name] = number
        self.desk.receive(frame(FrameType.EVENTS, 0, made.tobytes(), 1))

    def refuse(self, number: int, **body: Any) -> None:
        self.desk.receive(json_frame(FrameType.ERROR, number, body))

    def asked(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """What the desk asks for by itself, and with which number; RESUMEs are answered: nothing is kept."""
        found = {}
        for data in self.desk.take_outgoing():
            _, _, kind, _, number = HEADER.unpack_from(data)
            body = json_body(data)
            if kind == FrameType.RESUME:
                self.seq = body["from_seq"] - 1
                self.desk.receive(json_frame(FrameType.RESUMED, number, {**body, "next_seq": body["from_seq"]}))
            else:
                found[body.pop("what")] = number, body
        return found

    def answer(
        self, fills: list[dict[str, int]], orders: list[dict[str, int]], amendments: list[dict[str, int]] | None = None
    ) -> None:
        """The answers to what the desk asks for by itself."""
        asked = self.asked()
        assert list(asked) == ["fills", "amendments", "orders"]
        for rows, (number, body) in zip((fills, amendments or [], orders), asked.values(), strict=True):
            assert body == {"account": ACCOUNT} | ({"as_made": True} if rows is fills else {})
            self.desk.receive(json_frame(FrameType.REPLY, number, {"seq": 1, "total": len(rows), "rows": rows}))

    def is_online(self) -> bool:
        return self.desk.online

    def accepted(self, qty: int = 100, price: str | None = "101.25", **options: Any) -> Order:
        """An order that rests."""
        order, _ = self.desk.order("buy", "ACME", qty, price, **options)
        same = {"client_order_id": order.client_order_id, "price": order.price}
        self.tell(kind=EventKind.ACCEPTED, order_id=77, qty=qty, leaves=qty, **same)
        return order


def command(data: bytes | None) -> Any:
    """The one command of an ORDERS frame."""
    assert data is not None
    _, _, kind, count, _ = HEADER.unpack_from(data)
    assert (kind, count) == (FrameType.ORDERS, 1)
    return np.frombuffer(data, wire.ORDER_COMMAND, 1, HEADER.size)[0]


def fill_of(order: Order, qty: int, trade_id: int = 9, filled: int = 0) -> dict[str, int]:
    """A row of the query "fills". filled: up to then, with it; 0: it is the first one."""
    filled = filled or qty
    return {
        "client_order_id": order.client_order_id, "qty": qty, "price": 1_010_000, "ts_ns": 5, "trade_id": trade_id,
        "flags": 0, "filled": filled, "leaves": order.qty - filled,
    }  # fmt: skip


def amended(trade_id: int, price: int, qty: int, instrument: int = 1) -> dict[str, int]:
    """A row of the query "amendments"."""
    return {"instrument": instrument, "trade_id": trade_id, "price": price, "qty": qty, "changes": 1}


def test_an_order_as_it_is_sent() -> None:
    table = Table()
    order, data = table.desk.order(Side.SELL, "ACME", 100, "101.25", "GTC", True, "cancel_oldest")
    sent = command(data)
    assert sent["kind"] == CommandKind.NEW_ORDER
    assert (sent["side"], sent["order_type"], sent["tif"]) == (Side.SELL, OrderType.LIMIT, TimeInForce.GTC)
    assert (sent["flags"], sent["self_trade"]) == (OrderFlag.POST_ONLY, wire.SelfTrade.CANCEL_OLDEST)
    assert (sent["account"], sent["instrument"], sent["price"], sent["qty"]) == (ACCOUNT, 1, 1_012_500, 100)
    assert sent["client_order_id"] == order.client_order_id == NOW_NS // 1000
    assert (sent["seq"], sent["ts_ns"], sent["session"], sent["order_id"]) == (0, 0, 0, 0)
    following, data = table.desk.order("buy", "ACME", 1)
    assert following.client_order_id == order.client_order_id + 1
    sent = command(data)
    assert (sent["order_type"], sent["tif"], sent["price"]) == (OrderType.MARKET, TimeInForce.IOC, 0)


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"symbol": "NONE"}, "symbol", "NONE"),
    ({"symbol": None}, "symbol", "symbol None is not traded here"),
    ({"symbol": 5}, "symbol", "symbol 5 is not traded here"),
    ({"qty": 0}, "qty", "1 to 2,147,483,647"),
    ({"qty": 2**31}, "qty", "out of range"),
    ({"qty": 1.5}, "qty", "not a whole number"),
    ({"price": "101.255"}, "price", "off the tick"),
    ({"price": 101.25}, "price", "float"),
    ({"side": "hold"}, "side", "BUY, SELL"),
    ({"tif": "GTX"}, "tif", "DAY, GTC, IOC, FOK"),
    ({"tif": 9}, "tif", "DAY, GTC, IOC, FOK"),
    ({"self_trade": "no"}, "self_trade", "CANCEL_NEWEST"),
    ({"post_only": True, "tif": "IOC"}, "post_only", "DAY, GTC or GTD"),
    ({"post_only": True, "price": None}, "post_only", "limit order"),
    ({"account": "bob"}, "account", "may use alice"),
    ({"client_order_id": 0}, "client_order_id", "out of range"),
    ({"client_order_id": 2**64}, "client_order_id", "out of range"),
]


@pytest.mark.parametrize(("wrong", "field", "said"), WRONG)
def test_what_is_wrong_is_named_and_not_sent(wrong: dict[str, Any], field: str, said: str) -> None:
    table = Table()
    order = {"side": "buy", "symbol": "ACME", "qty": 100, "price": "101.25", **wrong}
    with pytest.raises(openbell.InvalidInput, match=said) as caught:
        table.desk.order(**order)
    assert caught.value.field == field
    assert not table.desk.orders
    assert not table.desk.take_outgoing()


def test_a_replace_of_nothing_is_refused() -> None:
    table = Table()
    order = table.accepted()
    with pytest.raises(openbell.InvalidInput, match="give price, qty, open_qty or requeue") as caught:
        table.desk.replace(order)
    assert (caught.value.code, caught.value.field) == ("bad_input", "price")
    assert table.desk.replace(order, requeue=True)


def test_which_account() -> None:
    both = Table(("alice", "bob"))
    with pytest.raises(openbell.InvalidInput, match="must be given: this key may use alice, bob"):
        both.desk.order("buy", "ACME", 1)
    assert command(both.desk.order("buy", "ACME", 1, account="bob")[1])["account"] == ACCOUNT + 1
    assert command(both.desk.order("buy", "ACME", 1, account=ACCOUNT)[1])["account"] == ACCOUNT
    assert Table(("alice", "bob"), "bob").desk.account_id() == ACCOUNT + 1


def test_a_handle_follows_its_fills() -> None:
    table = Table()
    order = table.accepted()
    assert (order.state, order.order_id, order.leaves) == (OrderState.ACCEPTED, 77, 100)
    same = {"kind": EventKind.FILL, "client_order_id": order.client_order_id, "order_id": 77}
    table.tell(qty=40, price=1_012_500, leaves=60, filled=40, trade_id=1, flags=2, **same)
    assert (order.state, order.filled, order.leaves) == (OrderState.PARTLY_FILLED, 40, 60)
    assert order.fills[0].is_maker
    table.tell(qty=60, price=1_010_000, leaves=0, filled=100, trade_id=2, **same)
    assert order.state is OrderState.FILLED
    assert order.error() is None
    assert str(order) == "buy 100 ACME @ 101.25: filled 100 at 101.10 in 2 fills"
    assert not table.desk.orders


def test_events_of_others_are_not_followed() -> None:
    table = Table(("alice", "bob"), "bob")
    order, _ = table.desk.order("buy", "ACME", 100, "101.25")
    table.tell(kind=EventKind.ACCEPTED, client_order_id=order.client_order_id)  # of alice, who has the same id in use
    assert order.state is OrderState.SENT


def test_a_reject_in_words() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, "101.25")
    table.reject(EventKind.REJECTED, order, wire.Check.BUYING_POWER, 5_000_000, 10_125_000_000)
    assert order.state is OrderState.REJECTED
    error = order.error()
    assert isinstance(error, openbell.OrderRejected)
    assert str(error) == "BUYING_POWER: needs 10,125.00, free 5.00 (headroom 0.00)"
    assert (error.code, error.limit, error.value) == ("BUYING_POWER", 5_000_000, 10_125_000_000)
    assert "rejected, BUYING_POWER" in str(order)


def test_a_cancel() -> None:
    table = Table()
    order = table.accepted()
    sent = command(table.desk.cancel(order))
    assert (sent["kind"], sent["order_id"], sent["client_order_id"]) == (CommandKind.CANCEL, 77, order.client_order_id)
    assert not order.is_answered
    table.tell(kind=EventKind.CANCELED, client_order_id=order.client_order_id, reason=1, filled=0)
    assert (order.state, order.leaves, order.is_answered) == (OrderState.CANCELED, 0, True)
    assert isinstance(order.error(), openbell.OrderCanceled)
    assert table.desk.cancel(order) is None


def test_replaces_build_on_each_other() -> None:
    table = Table()
    order = table.accepted()
    first = command(table.desk.replace(order, "101.50"))
    second = command(table.desk.replace(order, qty=60))
    third = command(table.desk.replace(order, open_qty=30))
    fourth = command(table.desk.replace(order, "101.60", requeue=True))
    assert [(one["price"], one["qty"], one["flags"]) for one in (first, second, third, fourth)] == [
        (1_015_000, 100, 0),
        (1_015_000, 60, 0),
        (1_015_000, 30, OrderFlag.QTY_IS_LEAVES),
        (1_016_000, 30, OrderFlag.QTY_IS_LEAVES | OrderFlag.REQUEUE),
    ]
    same = {"client_order_id": order.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.REPLACED, price=1_015_000, qty=100, leaves=100, **same)
    assert (order.price, order.qty, len(order.requests)) == (1_015_000, 100, 3)
    table.reject(EventKind.REPLACE_REJECTED, order, wire.Check.PRICE_COLLAR, 1, 2)
    assert isinstance(order.request_error(), openbell.RequestRejected)
    assert order.is_open


def test_what_cannot_be_replaced() -> None:
    table = Table()
    order = table.accepted()
    with pytest.raises(openbell.InvalidInput, match="exclude each other"):
        table.desk.replace(order, qty=5, open_qty=5)
    with pytest.raises(openbell.InvalidInput, match="off the tick"):
        table.desk.replace(order, "101.255")
    market, _ = table.desk.order("buy", "ACME", 1)
    with pytest.raises(openbell.InvalidInput, match="market order"):
        table.desk.replace(market, "1")
    table.tell(kind=EventKind.CANCELED, client_order_id=order.client_order_id, reason=1)
    with pytest.raises(openbell.InvalidInput, match="done"):
        table.desk.replace(order, "101.50")


def test_a_mass_cancel() -> None:
    table = Table()
    order = table.accepted()
    mass, data = table.desk.mass_cancel("ACME", "sell")
    sent = command(data)
    assert (sent["kind"], sent["instrument"], sent["side"]) == (CommandKind.MASS_CANCEL, 1, Side.SELL)
    assert command(table.desk.mass_cancel()[1])["instrument"] == wire.ANY
    table.tell(kind=EventKind.CANCELED, client_order_id=order.client_order_id, reason=2)
    table.tell(kind=EventKind.MASS_CANCELED, client_order_id=mass.client_order_id, qty=1)
    assert mass.result() == 1
    assert order.state is OrderState.CANCELED


def test_a_refused_frame_belongs_to_whatever_sent_it() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 1, "1")
    table.refuse(order.frame, code="overloaded", text="too much")
    assert order.state is OrderState.REJECTED
    assert isinstance(order.error(), openbell.Refused)
    resting = table.accepted()
    table.desk.cancel(resting)
    table.refuse(resting.requests[0].frame, code="overloaded", text="too much")
    assert isinstance(resting.request_error(), openbell.Refused)
    assert resting.is_open
    mass, _ = table.desk.mass_cancel()
    table.refuse(mass.frame, code="overloaded", text="too much")
    with pytest.raises(openbell.Refused, match="too much"):
        mass.result()
    query, _ = table.desk.query("fills")
    table.refuse(query.frame, code="bad_query", text="no")
    with pytest.raises(openbell.Refused, match="bad_query"):
        query.result()
    assert not table.desk.complaints
    number, _ = table.desk.batch(np.zeros(2, wire.ORDER_COMMAND))
    table.refuse(number, code="bad_command", text="no", index=1)
    (complaint,) = table.desk.complaints
    assert isinstance(complaint, openbell.Refused)
    assert (complaint.frame, complaint.index) == (number, 1)


def test_batches_that_came_without_a_login_are_told() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 5, "1.00")
    number, frames = table.desk.batches(np.zeros(10, wire.ORDER_COMMAND), 4)
    last, _ = table.desk.batch(np.zeros(1, wire.ORDER_COMMAND))
    assert len(frames) == 3
    for refused in (order.frame, number + 1, last, last + 1):
        table.refuse(refused, code="not_logged_in", text="log in first")
    assert not table.desk.online
    # The order goes out again by itself; batches do not.
    told = [complaint.frame for complaint in table.desk.complaints if isinstance(complaint, openbell.Refused)]
    assert told == [number + 1, last]
    assert len(table.desk.complaints) == 2


def test_batches_are_looked_at() -> None:
    desk = Table().desk
    for commands in (np.zeros(0, wire.ORDER_COMMAND), np.zeros(4097, wire.ORDER_COMMAND)):
        with pytest.raises(openbell.InvalidInput, match="1 to 4096"):
            desk.batch(commands)
    with pytest.raises(openbell.InvalidInput, match="dtype"):
        desk.batch(np.zeros(1, wire.EVENT))
    for per_frame in (0, 4097):
        with pytest.raises(openbell.InvalidInput, match="per_frame"):
            desk.batches(np.zeros(1, wire.ORDER_COMMAND), per_frame)
    with pytest.raises(openbell.InvalidInput, match="dtype"):
        desk.batches(np.zeros(1, wire.EVENT), 1)
    with pytest.raises(openbell.InvalidInput, match="at least 1"):
        desk.batches(np.zeros(0, wire.ORDER_COMMAND), 1)
    first = desk.reserve_ids(10)
    assert desk.next_id() == first + 10


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (4, [4]), (5, [4, 1]), (11, [4, 4, 3])])
def test_many_commands_go_out_in_frames(count: int, sizes: list[int]) -> None:
    table = Table()
    table.accepted()
    commands = np.zeros(count, wire.ORDER_COMMAND)
    commands["client_order_id"] = np.arange(count)
    number, frames = table.desk.batches(commands, 4)
    assert [HEADER.unpack_from(data)[3] for data in frames] == sizes
    assert [HEADER.unpack_from(data)[4] for data in frames] == list(range(number, number + len(sizes)))
    assert b"".join(data[HEADER.size :] for data in frames) == commands.tobytes()
    assert table.desk.batch(commands[:1])[0] == number + len(sizes)
    table.desk.connect()
    assert table.desk.batches(commands, 4)[1] == []  # held until the next login


def test_what_was_unanswered_goes_out_again_in_its_order() -> None:
    table = Table()
    resting = table.accepted()
    sent, first = table.desk.order("buy", "ACME", 5, "1.00")
    cancel = table.desk.cancel(resting)
    _, query = table.desk.query("fills")
    table.desk.connect()
    held, nothing = table.desk.order("buy", "ACME", 6, "1.00")
    assert nothing is None
    assert table.desk.batch(np.zeros(1, wire.ORDER_COMMAND))[1] is None
    table.log_in()
    assert not table.is_online()
    table.desk.receive(json_frame(FrameType.RESUMED, 0, {"account": ACCOUNT, "from_seq": 2, "next_seq": 2}))
    assert table.is_online()
    outgoing = table.desk.take_outgoing()
    assert outgoing[:4] == [first, cancel, query, held.data]
    assert HEADER.unpack_from(outgoing[4])[3] == 1
    assert (sent.state, held.state) == (OrderState.SENT, OrderState.SENT)


def test_after_a_loss_handles_are_brought_up_to_date() -> None:
    table = Table()
    stays, goes, filled = table.accepted(), table.accepted(), table.accepted()
    table.desk.connect()
    table.seq = 50
    table.log_in()
    refused = {"code": "resume_too_old", "text": "", "limit": 40, "value": 4, "account": ACCOUNT}
    table.refuse(table.desk.session.login_number, **refused)
    (complaint,) = table.desk.complaints
    assert isinstance(complaint, openbell.ResumeTooOld)
    assert (complaint.account, complaint.limit) == (ACCOUNT, 40)
    assert not table.desk.online
    row = {"client_order_id": stays.client_order_id, "order_id": 77, "price": 5, "leaves": 30, "filled": 70}
    table.answer([fill_of(goes, 40), fill_of(filled, 100)], [row])
    assert (stays.state, stays.filled, stays.leaves, stays.price) == (OrderState.PARTLY_FILLED, 70, 30, 5)
    assert (goes.state, goes.filled) == (OrderState.UNKNOWN, 40)
    assert "40 of 100" in str(goes.error())
    assert (filled.state, filled.average_price) == (OrderState.FILLED, Decimal(101))
    assert [order.is_done for order in (stays, goes, filled)] == [False, True, True]
    assert table.is_online()
    assert list(table.desk.orders.values()) == [stays]


def lose(table: Table) -> None:
    """The connection, and the events up to number 40."""
    table.desk.connect()
    table.seq = 50
    table.log_in()
    refused = {"code": "resume_too_old", "text": "", "limit": 40, "value": 4, "account": ACCOUNT}
    table.refuse(table.desk.session.login_number, **refused)


def test_busts_that_nobody_heard_of_are_found_out() -> None:
    """Of a live order, of one that had ended before, of one that ended meanwhile: filled counts them, fills do not."""
    table = Table()
    live, ended, gone = table.accepted(), table.accepted(), table.accepted()
    for order, lots, trade in ((live, 40, 1), (live, 20, 2), (ended, 100, 3), (gone, 60, 4)):
        done = order.filled + lots
        same = {"client_order_id": order.client_order_id, "order_id": 77, "price": 1_010_000, "flags": 2}
        table.tell(kind=EventKind.FILL, qty=lots, trade_id=trade, filled=done, leaves=100 - done, **same)
    assert ended.is_done
    lose(table)
    row = {"client_order_id": live.client_order_id, "order_id": 77, "price": 1_012_500, "leaves": 30, "filled": 70}
    made = [fill_of(live, 10, 5, 70), fill_of(gone, 40, 6, 100)]
    other = amended(1, 5, 0, instrument=2)  # of the same number
    changes = [other, *(amended(trade, 990_000, lots) for trade, lots in ((2, 0), (3, 80), (4, 0), (6, 0)))]
    table.answer(made, [row], changes)
    assert (live.state, live.filled, live.leaves) == (OrderState.PARTLY_FILLED, 70, 30)
    assert [(fill.trade_id, fill.qty) for fill in live.fills] == [(1, 40), (5, 10)]
    assert [fill.trade_id for fill in live.busted] == [2]
    assert live.average_price == 101
    assert (ended.state, ended.filled, [fill.trade_id for fill in ended.busted]) == (OrderState.FILLED, 100, [3])
    assert [(fill.trade_id, fill.qty, fill.price) for fill in ended.fills] == [(3, 80, 990_000)]
    assert ended.average_price == 99
    assert (gone.state, gone.filled, gone.leaves, gone.fills) == (OrderState.FILLED, 100, 0, [])
    assert sorted(fill.trade_id for fill in gone.busted) == [4, 6]
    same = {"client_order_id": gone.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.TRADE_BUSTED, reason=1, qty=80, price=990_000, trade_id=3, **same)
    same["client_order_id"] = ended.client_order_id
    table.tell(kind=EventKind.TRADE_BUSTED, qty=80, price=990_000, trade_id=3, **same)
    assert ended.fills == [] and ended.average_price is None  # it goes on


def test_what_was_asked_for_after_a_loss_is_asked_for_until_it_is_answered() -> None:
    """Refused as too many; the connection lost once more; more amendments than an answer has."""
    table = Table()
    order = table.accepted()
    same = {"client_order_id": order.client_order_id, "order_id": 77, "price": 1_010_000, "flags": 2}
    table.tell(kind=EventKind.FILL, qty=40, trade_id=1, filled=40, leaves=60, **same)
    lose(table)
    asked = table.asked()
    table.refuse(asked["fills"][0], code="too_many", text="", field="rows", limit=10_000)
    table.refuse(asked["orders"][0], code="too_many", text="", field="rows", limit=10_000)
    assert not table.is_online() and table.desk.due(1.0) == []
    assert [json_body(data)["what"] for data in table.desk.due(2.0)] == ["fills", "amendments", "orders"]
    table.desk.connect()
    table.log_in()
    table.desk.session.resuming.clear()
    asked = table.asked()
    row = {"client_order_id": order.client_order_id, "order_id": 77, "price": 1_012_500, "leaves": 60, "filled": 40}
    for what, rows, total in (("fills", [], 0), ("orders", [row], 1), ("amendments", [amended(7, 1, 0)], 2)):
        assert not table.is_online()
        answer = {"seq": 1, "total": total, "rows": rows}
        table.desk.receive(json_frame(FrameType.REPLY, asked[what][0], answer))
    assert not table.is_online()
    number, body = table.asked()["amendments"]
    assert body == {"account": ACCOUNT, "offset": 1}
    answer = {"seq": 1, "total": 2, "rows": [amended(1, 1_010_000, 0)]}
    table.desk.receive(json_frame(FrameType.REPLY, number, answer))
    assert table.is_online()
    assert (order.fills, order.filled, order.leaves) == ([], 40, 60)
    assert [type(one) for one in table.desk.complaints] == [openbell.ResumeTooOld]


def test_answers_that_overtake_a_resume_wait_for_it() -> None:
    """Else fills would be there twice: of the answer, and of the event that comes again."""
    table = Table()
    order = table.accepted()
    lose(table)
    resume, *queries = table.desk.take_outgoing()
    assert json_body(resume) == {"account": ACCOUNT, "from_seq": 40}
    row = {"client_order_id": order.client_order_id, "order_id": 77, "price": 1_012_500, "leaves": 60, "filled": 40}

    def answer(queries: list[bytes]) -> None:
        for asked, rows in zip(queries, ([fill_of(order, 40, 1)], [], [row]), strict=True):
            number = HEADER.unpack_from(asked)[4]
            table.desk.receive(json_frame(FrameType.REPLY, number, {"seq": 1, "total": len(rows), "rows": rows}))

    answer(queries)
    assert not table.is_online() and order.filled == 0
    table.seq = 39
    same = {"client_order_id": order.client_order_id, "order_id": 77, "price": 1_010_000, "flags": 2}
    table.tell(kind=EventKind.FILL, qty=40, trade_id=1, filled=40, leaves=60, **same)
    number = table.desk.session.resuming[ACCOUNT]
    table.desk.receive(json_frame(FrameType.RESUMED, number, {"account": ACCOUNT, "from_seq": 40, "next_seq": 41}))
    assert not table.is_online() and table.desk.due(1.0) == []
    answer(table.desk.due(2.0))
    assert table.is_online()
    assert (len(order.fills), order.filled, order.leaves, order.average_price) == (1, 40, 60, 101)


def test_an_order_sent_again_by_another_process_is_looked_up() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, "101.25", client_order_id=5)
    table.tell(kind=EventKind.ACCEPTED, client_order_id=5, order_id=77, flags=1, leaves=0)
    row = {"client_order_id": 5, "order_id": 77, "price": 1_012_500, "leaves": 60, "filled": 40}
    table.answer([fill_of(order, 40)], [row], [amended(9, 1_010_000, 0)])
    assert (order.state, order.leaves, order.filled, order.fills) == (OrderState.PARTLY_FILLED, 60, 40, [])
    assert [fill.qty for fill in order.busted] == [40]
    with pytest.raises(openbell.InvalidInput, match="in use"):
        table.desk.order("buy", "ACME", 100, "101.25", client_order_id=5)


def test_a_refused_login() -> None:
    desk = Desk(Session("key", "test"), Order)
    desk.connect()
    desk.receive(json_frame(FrameType.ERROR, desk.session.login_number, {"code": "stopping", "text": "later"}))
    assert desk.failure is None
    desk.receive(json_frame(FrameType.ERROR, desk.session.login_number, {"code": "bad_api_key", "text": "no"}))
    assert isinstance(desk.failure, openbell.LoginRefused)


def test_busts_and_corrections_reach_orders_that_have_ended_too() -> None:
    table = Table()
    order = table.accepted()
    same = {"client_order_id": order.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.FILL, qty=40, price=1_012_500, leaves=60, filled=40, trade_id=1, flags=2, **same)
    table.tell(kind=EventKind.TRADE_BUSTED, qty=40, price=1_012_500, trade_id=1, **same)
    assert (order.state, order.filled, order.leaves, order.fills) == (OrderState.PARTLY_FILLED, 40, 60, [])
    assert order.average_price is None and [fill.trade_id for fill in order.busted] == [1]
    table.tell(kind=EventKind.FILL, qty=60, price=1_010_000, leaves=0, filled=100, trade_id=2, **same)
    assert order.is_done and not table.desk.orders
    table.tell(kind=EventKind.TRADE_BUSTED, reason=1, qty=60, price=1_010_000, trade_id=2, **same)
    table.tell(kind=EventKind.TRADE_CORRECTED, qty=50, price=1_000_000, trade_id=2, **same)
    assert [(fill.qty, fill.price, fill.trade_id) for fill in order.fills] == [(50, 1_000_000, 2)]
    assert order.average_price == 100
    said = "buy 100 ACME @ 101.25: filled 50 at 100.00 in 1 fill, 2 of its trades busted or corrected"
    assert str(order) == said
    before = (order.fills, order.busted)
    table.tell(kind=EventKind.TRADE_BUSTED, qty=60, price=1, trade_id=99, **same)  # of before this process
    assert (order.fills, order.busted) == before


def test_nobody_remembers_an_order_whose_handle_is_gone() -> None:
    table = Table()
    order = table.accepted()
    same = {"client_order_id": order.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.FILL, qty=100, price=1_012_500, leaves=0, filled=100, trade_id=1, **same)
    del order
    gc.collect()
    assert not table.desk._ended
    table.tell(kind=EventKind.TRADE_BUSTED, qty=100, price=1_012_500, trade_id=1, **same)
