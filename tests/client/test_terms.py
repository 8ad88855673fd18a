"""Orders of all kinds: what a call says, as it goes over the wire, and how their handles follow them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from openbell import wire
from openbell.errors import ConnectionLost, InvalidInput, OrderRejected
from openbell.orders import Order, OrderState
from openbell.records import HEADER, json_frame
from openbell.terms import OrderTerms, time_units
from openbell.wire import (
    CancelReason,
    Check,
    CommandKind,
    EventFlag,
    EventKind,
    FrameType,
    MassFlag,
    OrderFlag,
    OrderType,
    Place,
    RestateReason,
    Rule,
    TimeInForce,
)

from tests.client.test_desk import Table, command

END = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
END_NS = 1_772_465_400 * 10**9


def special(data: bytes | None) -> Any:
    """The one command of a SPECIALS frame."""
    assert data is not None
    _, _, kind, count, _ = HEADER.unpack_from(data)
    assert (kind, count, len(data)) == (FrameType.SPECIALS, 1, HEADER.size + 128)
    return np.frombuffer(data, wire.SPECIAL_COMMAND, 1, HEADER.size)[0]


# What a call says: price and terms -> the fields that are not those of a plain GTC order.
SPECIALS: list[tuple[str | None, dict[str, Any], dict[str, int]]] = [
    (None, {"stop": "99.00"}, {"order_type": OrderType.STOP, "stop_price": 990_000}),
    ("98.50", {"stop": "99.00"}, {"order_type": OrderType.STOP_LIMIT, "stop_price": 990_000, "price": 985_000}),
    (None, {"trail": "0.2501"}, {"order_type": OrderType.TRAILING_STOP, "offset": 2501}),
    (None, {"trail_percent": "2.5"}, {"order_type": OrderType.TRAILING_STOP, "offset": 250, "modes": 1}),
    (None, {"trail_percent": 2}, {"order_type": OrderType.TRAILING_STOP, "offset": 200, "modes": 1}),
    (None, {"trail_percent": Decimal("0.01")}, {"order_type": OrderType.TRAILING_STOP, "offset": 1, "modes": 1}),
    (None, {"peg": "midpoint"}, {"order_type": OrderType.PEGGED, "peg": wire.Peg.MIDPOINT}),
    (
        "98.00", {"peg": wire.Peg.MARKET, "peg_offset": "-0.01"},
        {"order_type": OrderType.PEGGED, "peg": wire.Peg.MARKET, "offset": -100, "price": 980_000},
    ),
    ("98.00", {"display_qty": 10}, {"price": 980_000, "display_qty": 10}),
    ("98.00", {"discretion": "0.05"}, {"price": 980_000, "discretion": 500}),
    ("98.00", {"hidden": True, "min_qty": 7}, {"price": 980_000, "min_qty": 7, "flags": OrderFlag.HIDDEN}),
    ("98.00", {"expire": END, "tif": None}, {"price": 980_000, "tif": TimeInForce.GTD, "expire_ns": END_NS}),
    ("98.00", {"expire": END_NS + 1, "tif": "gtd"},
     {"price": 980_000, "tif": TimeInForce.GTD, "expire_ns": END_NS + 1}),
    ("98.00", {"imbalance_only": True, "tif": "AT_OPEN"}, {"price": 980_000, "tif": TimeInForce.AT_OPEN, "modes": 2}),
    ("98.00", {"group": 2**32 - 1, "self_trade_group": 8, "self_trade": "decrement"},
     {"price": 980_000, "group": 2**32 - 1, "self_trade_group": 8, "self_trade": wire.SelfTrade.DECREMENT}),
]  # fmt: skip


@pytest.mark.parametrize(("price", "terms", "fields"), SPECIALS)
def test_what_needs_further_fields_goes_as_a_special_command(
    price: str | None, terms: dict[str, Any], fields: dict[str, int]
) -> None:
    order, data = Table().desk.order("buy", "ACME", 100, price, **{"tif": "GTC", **terms})
    sent = special(data)
    plain = {
        "kind": CommandKind.NEW_SPECIAL, "side": 0, "order_type": OrderType.LIMIT, "tif": TimeInForce.GTC,
        "account": order.account, "instrument": 1, "client_order_id": order.client_order_id, "qty": 100,
    }  # fmt: skip
    expected = {**dict.fromkeys(sent.dtype.names, 0), **plain, **fields}
    assert {name: int(sent[name]) for name in sent.dtype.names} == expected
    assert order.further is not None
    assert order.data == data


# What a NEW_ORDER of 64 bytes can say.
PLAIN: list[tuple[str | None, dict[str, Any], dict[str, int]]] = [
    ("98.00", {"hidden": True}, {"flags": OrderFlag.HIDDEN}),
    ("98.00", {"slide": True}, {"flags": OrderFlag.POST_ONLY | OrderFlag.SLIDE}),
    ("98.00", {"post_only": True, "reduce_only": True}, {"flags": OrderFlag.POST_ONLY | OrderFlag.REDUCE_ONLY}),
    ("98.00", {"do_not_route": True}, {"flags": OrderFlag.DO_NOT_ROUTE}),
    ("98.00", {"all_or_none": True, "tif": "IOC"}, {"flags": OrderFlag.ALL_OR_NONE, "tif": TimeInForce.IOC}),
    ("98.00", {"hidden": False, "stop": None, "display_qty": None}, {}),
    ("98.00", {"market_to_limit": 0, "imbalance_only": 0, "hidden": np.False_, "slide": ""}, {}),
    ("98.00", {"hidden": np.True_}, {"flags": OrderFlag.HIDDEN}),
    ("98.00", {"group": 0}, {}),
    ("98.00", {"tif": "AUCTION"}, {"tif": TimeInForce.AUCTION}),
    (None, {"tif": "AT_CLOSE"}, {"tif": TimeInForce.AT_CLOSE, "order_type": OrderType.MARKET}),
    (None, {"market_to_limit": True}, {"order_type": OrderType.MARKET_TO_LIMIT}),
    ("98.00", {"self_trade": "DECREMENT"}, {"self_trade": wire.SelfTrade.DECREMENT}),
]


@pytest.mark.parametrize(("price", "terms", "fields"), PLAIN)
def test_what_needs_none_stays_a_plain_command(
    price: str | None, terms: dict[str, Any], fields: dict[str, int]
) -> None:
    order, data = Table().desk.order("buy", "ACME", 100, price, **{"tif": "GTC", **terms})
    sent = command(data)
    expected = {"order_type": OrderType.LIMIT, "tif": TimeInForce.GTC, "flags": 0, "self_trade": 0, **fields}
    assert {name: int(sent[name]) for name in expected} == expected
    assert (int(sent["price"]), int(sent["kind"])) == (0 if price is None else 980_000, CommandKind.NEW_ORDER)
    assert order.further is None


WRONG: list[tuple[str | None, dict[str, Any], str, str]] = [
    (None, {"stop": "99.00", "trail": "1"}, "trail", "stop and trail exclude each other"),
    (None, {"trail": "1", "trail_percent": "1"}, "trail_percent", "exclude each other"),
    (None, {"market_to_limit": True, "peg": "PRIMARY"}, "peg", "exclude each other"),
    ("98.00", {"trail": "1"}, "price", "has no price"),
    ("98.00", {"market_to_limit": True}, "price", "takes its price from the market"),
    (None, {"stop": "99.005"}, "stop", "off the tick"),
    (None, {"stop": False}, "stop", "bool is no price"),
    ("98.00", {"display_qty": 0}, "display_qty", "1 to 100"),
    (None, {"stop": "0"}, "stop", "out of range"),
    (None, {"trail": "-1"}, "trail", "out of range"),
    (None, {"trail_percent": "100"}, "trail_percent", "0.01 to 99.99"),
    (None, {"trail_percent": "1.005"}, "trail_percent", "decimal places"),
    (None, {"trail_percent": 1.5}, "trail_percent", "float"),
    (None, {"peg": "middle"}, "peg", "NONE, PRIMARY, MARKET, MIDPOINT"),
    ("98.00", {"peg_offset": "0.01"}, "peg_offset", "needs peg"),
    (None, {"peg": "PRIMARY", "peg_offset": str(wire.MAX_PRICE)}, "peg_offset", "beyond"),
    ("98.00", {"display_qty": 101}, "display_qty", "1 to 100"),
    ("98.00", {"min_qty": 0}, "min_qty", "1 to 100"),
    ("98.00", {"group": 2**32}, "group", "0 to 4,294,967,295"),
    ("98.00", {"self_trade_group": -1}, "self_trade_group", "0 to"),
    ("98.00", {"discretion": "0.055"}, "discretion", "off the tick"),
    ("98.00", {"expire": END, "tif": "GTC"}, "expire", "GTD, not GTC"),
    ("98.00", {"expire": END.replace(tzinfo=None)}, "expire", "needs a time zone"),
    ("98.00", {"expire": 0}, "expire", "out of range"),
    ("98.00", {"slide": True, "tif": "IOC"}, "post_only", "DAY, GTC or GTD"),
    (None, {"slide": True}, "post_only", "limit order"),
]


@pytest.mark.parametrize(("price", "terms", "field", "said"), WRONG)
def test_what_is_wrong_at_first_sight(price: str | None, terms: dict[str, Any], field: str, said: str) -> None:
    table = Table()
    with pytest.raises(InvalidInput, match=said) as refused:
        table.desk.order("buy", "ACME", 100, price, **terms)
    assert refused.value.field == field
    assert not table.desk.orders


def test_an_unknown_term_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(TypeError, match="no term 'stopp'; did you mean stop"):
        Table().desk.order("buy", "ACME", 100, "98.00", stopp="1")  # type: ignore[call-arg]


def test_times() -> None:
    assert time_units(END, "expire") == END_NS
    assert time_units(END.astimezone(timezone(timedelta(hours=-5))), "expire") == END_NS
    assert time_units(END + timedelta(microseconds=1), "expire") == END_NS + 1000
    assert time_units(5, "expire") == 5


def test_every_term_is_one_of_these_tests() -> None:
    used = {name for _, terms, _ in SPECIALS + PLAIN for name in terms}
    assert set(OrderTerms.__annotations__) <= used


# ------------------------------------------------------------ handles


def test_a_stop_follows_its_trigger() -> None:
    table = Table()
    order, _ = table.desk.order("sell", "ACME", 100, stop="99.00", tif="GTC")
    assert (order.price, order.is_stop, order.is_triggered) == (990_000, True, False)
    assert str(order) == "sell 100 ACME stop 99.00: sent"
    same = {"client_order_id": order.client_order_id, "order_id": 7}
    table.tell(kind=EventKind.ACCEPTED, price=990_000, qty=100, leaves=100, **same)
    assert str(order) == "sell 100 ACME stop 99.00: accepted, waits for its trigger"
    table.tell(kind=EventKind.TRIGGERED, price=950_000, qty=100, leaves=100, **same)
    assert (order.price, order.is_triggered, order.state, order.leaves) == (950_000, True, OrderState.ACCEPTED, 100)
    assert str(order) == "sell 100 ACME stop 99.00 @ 95.00: accepted, triggered"
    table.tell(kind=EventKind.FILL, price=985_000, qty=60, leaves=40, filled=60, trade_id=3, **same)
    table.tell(kind=EventKind.CANCELED, reason=CancelReason.IOC, qty=40, filled=60, price=950_000, **same)
    assert (order.state, order.filled, order.cancel_reason) == (OrderState.CANCELED, 60, CancelReason.IOC)


@pytest.mark.parametrize(
    ("price", "terms", "said"),
    [
        ("98.50", {"stop": "99.00"}, "buy 100 ACME stop 99.00 @ 98.50: sent"),
        (None, {"trail": "0.25"}, "buy 100 ACME trailing stop by 0.25: sent"),
        (None, {"trail_percent": "2.5"}, "buy 100 ACME trailing stop by 2.5 %: sent"),
        (None, {"peg": "MIDPOINT"}, "buy 100 ACME pegged to midpoint: sent"),
        ("98.00", {"peg": "PRIMARY", "peg_offset": "-0.01"}, "buy 100 ACME pegged to primary -0.01 @ 98.00: sent"),
        (None, {"market_to_limit": True}, "buy 100 ACME market to limit: sent"),
        ("98.00", {"display_qty": 5}, "buy 100 ACME @ 98.00: sent"),
        (None, {"group": 5}, "buy 100 ACME: sent"),
    ],
)
def test_orders_in_words(price: str | None, terms: dict[str, Any], said: str) -> None:
    order, _ = Table().desk.order("buy", "ACME", 100, price, **terms)
    assert str(order) == said


def test_what_the_market_takes_from_an_order_is_followed() -> None:
    table = Table()
    order = table.accepted(100, self_trade="DECREMENT")
    same = {"client_order_id": order.client_order_id, "order_id": 77, "price": order.price}
    table.tell(kind=EventKind.RESTATED, reason=RestateReason.SELF_TRADE, qty=70, leaves=70, **same)
    assert (order.qty, order.leaves, order.filled, order.state) == (70, 70, 0, OrderState.ACCEPTED)
    fill = {"qty": 70, "leaves": 0, "filled": 70, "trade_id": 1, "flags": EventFlag.CROSS}
    table.tell(kind=EventKind.FILL, **fill, **same)
    assert order.state is OrderState.FILLED
    assert [(fill.is_maker, fill.is_auction) for fill in order.fills] == [(False, True)]


def test_an_icebergs_leaves_are_all_that_is_open() -> None:
    table = Table()
    order = table.accepted(100, display_qty=10)
    same = {"client_order_id": order.client_order_id, "order_id": 77, "price": order.price}
    for filled in (10, 20):
        table.tell(kind=EventKind.FILL, qty=10, leaves=100 - filled, filled=filled, trade_id=filled, **same)
    assert (order.filled, order.leaves, order.qty, order.state) == (20, 80, 100, OrderState.PARTLY_FILLED)


def test_a_pegs_cap_is_kept_where_only_its_quantity_changes() -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, peg="PRIMARY")
    same = {"client_order_id": order.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.ACCEPTED, price=2_000_000, qty=100, leaves=100, **same)  # what it holds cash for
    sent = command(table.desk.replace(order, qty=50))
    assert (sent["price"], sent["qty"]) == (0, 50)
    table.tell(kind=EventKind.REPLACED, price=2_000_000, qty=50, leaves=50, **same)
    assert (order.price, order.asked_price) == (2_000_000, 0)
    assert command(table.desk.replace(order, "99.00"))["price"] == 990_000
    table.tell(kind=EventKind.REPLACED, price=990_000, qty=50, leaves=50, **same)
    assert command(table.desk.replace(order, open_qty=20))["price"] == 990_000
    assert command(table.desk.replace(order, 0))["price"] == 0
    assert command(table.desk.replace(order, "0.00"))["price"] == 0


def test_replacing_stops_and_orders_of_auctions() -> None:
    table = Table()
    stop, _ = table.desk.order("buy", "ACME", 100, stop="110.00")
    assert command(table.desk.replace(stop, qty=50))["price"] == 1_100_000
    same = {"client_order_id": stop.client_order_id, "order_id": 77}
    table.tell(kind=EventKind.REPLACED, price=1_150_000, qty=50, leaves=50, **same)
    assert str(stop).startswith("buy 50 ACME stop 115.00: ")
    trailing, _ = table.desk.order("buy", "ACME", 100, trail="1.00")
    with pytest.raises(InvalidInput, match="its distance stays"):
        table.desk.replace(trailing, "110.00")
    assert command(table.desk.replace(trailing, qty=50))["qty"] == 50
    closing, _ = table.desk.order("buy", "ACME", 100, tif="AT_CLOSE")
    assert command(table.desk.replace(closing, qty=50))["qty"] == 50


# ------------------------------------------------------------ refusals, retries, mass cancels


def rejected(table: Table, order: Order, check: Check, limit: int, value: int) -> OrderRejected:
    table.reject(EventKind.REJECTED, order, check, limit, value)
    error = order.error()
    assert isinstance(error, OrderRejected)
    return error


@pytest.mark.parametrize(
    ("check", "limit", "value", "field", "said"),
    [
        (Check.COMBINATION, Rule.TIF, TimeInForce.FOK, "tif", "COMBINATION: tif: not one that .* \\(given: FOK\\)"),
        (Check.COMBINATION, Rule.EXPIRE, 5, "expire_ns", "GTD needs a time to come.*given: 1970-01-01 00:00:00 UTC"),
        (Check.COMBINATION, Rule.EXPIRE, END_NS, "expire_ns", "given: 2026-03-02 15:30:00 UTC"),
        (Check.COMBINATION, Rule.EXPIRE, 0, "expire_ns", "given: 0"),
        (Check.COMBINATION, Rule.STOP_PRICE, 990_000, "stop_price", "given: 99.00"),
        (Check.COMBINATION, Rule.POST, 17, "flags", "POST_ONLY needs LIMIT .*given: POST_ONLY\\|HIDDEN"),
        (Check.COMBINATION, 99, 17, None, "COMBINATION: rule 99 \\(given: 17\\)"),
        (Check.STOP_SIDE, 1_000_000, 990_000, "stop_price", "stop price 99.00 is met already by .* 100.00"),
        (Check.TICK_SIZE, 100, 990_000, "stop_price", "TICK_SIZE: 99.00 is off the tick of 0.01"),
        (Check.REDUCE_ONLY, 10, 100, "qty", "wants 100 lots, to reduce are 10 lots"),
        (Check.NO_PRICE, 0, 0, None, "no displayed price on the other side"),
        (Check.MODES, 3, 4, "modes", "bits other than 3"),
        (Check.PEG, 3, 9, "peg", "peg 9 is none"),
    ],
)
def test_refusals_name_field_and_rule(check: Check, limit: int, value: int, field: str | None, said: str) -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, stop="99.00")
    error = rejected(table, order, check, limit, value)
    assert error.field == field
    with pytest.raises(OrderRejected, match=said):
        raise error


@pytest.mark.parametrize(
    ("terms", "check", "limit", "value", "field", "said"),
    [
        ({"trail": "1.00"}, Check.STOP_SIDE, 1, 0, "offset", "stop price would be 0.00: it needs a reference price"),
        ({"trail": "1.00"}, Check.STOP_SIDE, 1, -7000, "offset", "stop price would be -0.70: .* a distance that fits"),
        ({"trail": "1.00"}, Check.STOP_SIDE, wire.MAX_PRICE, wire.MAX_PRICE + 1, "offset", "stop price would be"),
        ({"peg": "PRIMARY", "peg_offset": "-0.005"}, Check.TICK_SIZE, 100, -50, "offset", "-0.005 is off the tick"),
        ({"price": "99.00", "discretion": "0.05"}, Check.TICK_SIZE, 1000, 500, "discretion", "0.05 is off the tick"),
        ({"price": "99.00", "discretion": "0.05"}, Check.TICK_SIZE, 100_000, 990_000, "price", "99.00 is off the tick"),
        ({"price": "0.05", "discretion": "0.05"}, Check.TICK_SIZE, 1000, 500, "price", "0.05 is off the tick"),
    ],
)
def test_refusals_name_the_field_whose_value_it_is(
    terms: dict[str, Any], check: Check, limit: int, value: int, field: str, said: str
) -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, **terms)
    error = rejected(table, order, check, limit, value)
    assert error.field == field
    with pytest.raises(OrderRejected, match=said):
        raise error


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_has_words_and_a_field(rule: Rule) -> None:
    table = Table()
    order, _ = table.desk.order("buy", "ACME", 100, "99.00")
    error = rejected(table, order, Check.COMBINATION, rule, 1)
    assert error.field in {*wire.SPECIAL_COMMAND.fields}
    assert str(error).startswith(f"COMBINATION: {error.field}: ")


def test_an_unanswered_special_goes_out_again_as_it_was() -> None:
    table = Table()
    order, data = table.desk.order("buy", "ACME", 100, stop="110.00", tif="GTC")
    table.desk.take_outgoing()
    table.log_in()
    table.desk.receive(json_frame(FrameType.RESUMED, 0, {"account": order.account, "from_seq": 1, "next_seq": 1}))
    assert data in table.desk.take_outgoing()
    same = {"client_order_id": order.client_order_id, "order_id": 5, "price": 0, "qty": 100}
    table.tell(kind=EventKind.ACCEPTED, flags=EventFlag.DUPLICATE, **same)
    assert order.price == 1_100_000  # as it was sent: a retry's answer does not tell
    row = {"client_order_id": order.client_order_id, "order_id": 5, "price": 1_200_000, "leaves": 90, "filled": 10}
    table.answer([], [{**row, "place": Place.BOOK}])
    assert (order.is_triggered, order.price, order.leaves) == (True, 1_200_000, 90)


def test_what_lost_events_said_of_a_stop_is_asked_for() -> None:
    table = Table()
    stop, _ = table.desk.order("buy", "ACME", 100, stop="110.00", tif="GTC")
    limit, _ = table.desk.order("buy", "ACME", 100, "111.00", stop="110.00", tif="GTC")
    rows = []
    for order, price, place, stop_price in (
        (stop, 1_150_000, Place.STOP, 1_150_000), (limit, 1_120_000, Place.BOOK, 0)
    ):  # fmt: skip
        same = {"client_order_id": order.client_order_id, "order_id": 5 + len(rows)}
        table.tell(kind=EventKind.ACCEPTED, flags=EventFlag.DUPLICATE, **same)
        rows.append({**same, "price": price, "leaves": 90, "filled": 10, "place": place, "stop_price": stop_price})
    table.answer([], rows)
    assert str(stop) == "buy 100 ACME stop 115.00: partly filled, waits for its trigger"
    assert (limit.is_triggered, limit.further and limit.further.stop_price) == (True, 1_100_000)


def test_a_mass_cancel_of_a_login_is_not_sent_in_another_one() -> None:
    table = Table()
    (ours, _), (all_, data) = table.desk.mass_cancel(session_only=True), table.desk.mass_cancel()
    table.desk.take_outgoing()
    table.log_in()
    resumed = json_frame(FrameType.RESUMED, 0, {"account": all_.account, "from_seq": 1, "next_seq": 1})
    asked, _ = table.desk.mass_cancel(session_only=True)  # before the stream is whole
    table.desk.receive(resumed)
    assert table.desk.take_outgoing() == [data, asked.data]
    with pytest.raises(ConnectionLost, match="the login that the orders are of") as lost:
        ours.result()
    assert (ours.is_answered, lost.value.code, asked.is_answered) == (True, "session_ended", False)


def test_a_mass_cancel_of_a_login_is_answered_by_what_comes_after_it() -> None:
    table = Table()
    ours, _ = table.desk.mass_cancel(session_only=True)
    table.log_in()
    table.tell(kind=EventKind.MASS_CANCELED, client_order_id=ours.client_order_id, qty=3)
    resumed = {"account": ours.account, "from_seq": 1, "next_seq": table.seq + 1}
    table.desk.receive(json_frame(FrameType.RESUMED, 0, resumed))
    assert ours.result() == 3


def test_a_batch_of_specials() -> None:
    table = Table()
    commands = np.zeros(3, wire.SPECIAL_COMMAND)
    commands["kind"] = CommandKind.NEW_SPECIAL
    number, data = table.desk.batch(commands)
    assert data is not None
    assert HEADER.unpack_from(data)[2:] == (FrameType.SPECIALS, 3, number)
    assert data[HEADER.size :] == commands.tobytes()
    _, frames = table.desk.batches(commands, 2)
    assert [HEADER.unpack_from(one)[2:4] for one in frames] == [(FrameType.SPECIALS, 2), (FrameType.SPECIALS, 1)]
    assert b"".join(one[HEADER.size :] for one in frames) == commands.tobytes()


@pytest.mark.parametrize(
    ("asked", "flags", "qty"),
    [
        ({}, 0, 0),
        ({"group": 7}, MassFlag.BY_GROUP, 7),
        ({"group": 0}, MassFlag.BY_GROUP, 0),
        ({"session_only": True}, MassFlag.BY_SESSION, 0),
        ({"session_only": True, "group": 9, "symbol": "ACME"}, MassFlag.BY_SESSION | MassFlag.BY_GROUP, 9),
    ],
)
def test_mass_cancels_by_session_and_group(asked: dict[str, Any], flags: int, qty: int) -> None:
    _, data = Table().desk.mass_cancel(**asked)
    sent = command(data)
    assert (sent["kind"], sent["flags"], sent["qty"]) == (CommandKind.MASS_CANCEL, flags, qty)
