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
        """One event of the first account."""
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

    def answer(self, fills: list[dict[str, int]], orders: list[dict[str, int]]) -> None:
        """The answers to what the desk asks for by itself."""
        for asked, rows in zip(self.desk.take_outgoing(), (fills, orders), strict=True):
            what = "fills" if rows is fills else "orders"
            assert json_body(asked) == {"what": what, "account": ACCOUNT}
            self.desk.receive(json_frame(FrameType.REPLY, HEADER.unpack_from(asked)[4], {"seq": 1, "rows": rows}))

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


def fill_of(order: Order, qty: int) -> dict[str, int]:
    """A row of the query "fills"."""
    return {
        "client_order_id": order.client_order_id, "qty": qty, "price": 1_010_000, "ts_ns": 5, "trade_id": 9, "flags": 0,
    }  # fmt: skip


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


def test_an_order_sent_again_by_another_process_is_looked_up() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, "101.25", client_order_id=5)
    table.tell(kind=EventKind.ACCEPTED, client_order_id=5, order_id=77, flags=1, leaves=0)
    row = {"client_order_id": 5, "order_id": 77, "price": 1_012_500, "leaves": 100, "filled": 0}
    table.answer([], [row])
    assert (order.state, order.leaves) == (OrderState.ACCEPTED, 100)
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
