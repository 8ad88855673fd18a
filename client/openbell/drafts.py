"""What the desk knows of instruments and accounts, and an order between its check and its handle."""

from __future__ import annotations

from typing import NamedTuple

from openbell.terms import Further
from openbell.wire import OrderType, Side, TimeInForce


class Instrument(NamedTuple):
    """What can be traded. tick_size in 1e-4 of the currency, lot_size in shares."""

    id: int
    symbol: str
    tick_size: int
    lot_size: int
    currency: str


class Account(NamedTuple):
    """An account of this login."""

    id: int
    name: str


class Draft(NamedTuple):
    """An order's frame, and what its handle is made of."""

    data: bytes
    frame: int
    symbol: str
    account: int
    instrument: int
    side: Side
    qty: int
    price: int
    order_type: OrderType
    tif: TimeInForce
    client_order_id: int
    further: Further | None
