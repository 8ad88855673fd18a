"""Numbers of orders that somebody else was quicker to use: the house in a liquidation, or another login."""

from __future__ import annotations

from typing import Any

import openbell
import pytest
from openbell.orders import Order, OrderState
from openbell.wire import CancelReason, Check, EventKind, Side, TimeInForce

from tests.client.test_desk import NOW_NS, Table

LIMIT = {"side": Side.SELL, "qty": 20, "price": 99_0000}


def house(table: Table, number: int, **fields: Any) -> None:
    """The house sells 20 at 99.00, of which 5 trade."""
    one = {"client_order_id": number, "order_id": 500, "instrument": 1, **LIMIT, **fields}
    table.tell(kind=EventKind.ACCEPTED, leaves=20, **one)
    table.tell(kind=EventKind.FILL, **{**one, "qty": 5}, leaves=15, filled=5, trade_id=3)
    table.tell(kind=EventKind.CANCELED, **{**one, "qty": 15}, reason=CancelReason.IOC, filled=5)


def sent(table: Table, side: str = "buy", qty: int = 10, price: str | None = "100.00", **more: Any) -> Order:
    order, _ = table.desk.order(side, "ACME", qty, price, **more)
    return order


@pytest.fixture
def table() -> Table:
    return Table()


def test_the_next_number_is_above_what_the_house_took(table: Table) -> None:
    first = sent(table)
    house(table, first.client_order_id + 1)
    assert sent(table).client_order_id == first.client_order_id + 2
    house(table, NOW_NS)  # far ahead: those after it have to go on from there
    assert sent(table).client_order_id == NOW_NS + 1


@pytest.mark.parametrize(
    ("side", "qty", "price"),
    [("buy", 20, "99.00"), ("sell", 21, "99.00"), ("sell", 20, "99.01"), ("buy", 10, None)],
)
def test_an_order_is_not_taken_for_the_one_that_was_quicker(
    table: Table, side: str, qty: int, price: str | None
) -> None:
    order = sent(table, side, qty, price)
    number = order.client_order_id
    house(table, number)
    assert (order.state, order.filled, order.fills, order.order_id) == (OrderState.SENT, 0, [], 0)
    table.reject(EventKind.REJECTED, order, Check.DUPLICATE_ID, 0, number)
    assert order.state is OrderState.REJECTED
    error = order.error()
    assert isinstance(error, openbell.OrderRejected)
    assert (error.code, error.field, error.value) == ("DUPLICATE_ID", "client_order_id", number)
    assert not table.desk.orders

    again = sent(table, side, qty, price)
    assert again.client_order_id > number
    at = 99_0000 if price is None else openbell.prices.price_units(price)
    table.tell(kind=EventKind.ACCEPTED, client_order_id=again.client_order_id, order_id=501, instrument=1,
               side=again.side, qty=qty, price=at, leaves=qty)  # fmt: skip
    assert (again.state, again.leaves) == (OrderState.ACCEPTED, qty)


def test_an_order_that_was_answered_stays_what_it_is(table: Table) -> None:
    order = sent(table, "sell", 20, "99.00", tif=TimeInForce.GTC)
    one = {"client_order_id": order.client_order_id, "order_id": 400, "instrument": 1, **LIMIT}
    table.tell(kind=EventKind.ACCEPTED, leaves=20, **one)
    table.tell(kind=EventKind.FILL, **{**one, "qty": 5}, leaves=15, filled=5, trade_id=3)
    assert (order.state, order.filled, order.leaves) == (OrderState.PARTLY_FILLED, 5, 15)


def test_a_post_only_order_that_slid_is_its_own(table: Table) -> None:
    order = sent(table, "sell", 20, "99.00", tif="GTC", post_only=True, slide=True)
    table.tell(kind=EventKind.ACCEPTED, client_order_id=order.client_order_id, order_id=400, instrument=1,
               side=Side.SELL, qty=20, price=100_0000, leaves=20)  # fmt: skip
    assert (order.state, order.price) == (OrderState.ACCEPTED, 100_0000)
