"""What the rows of orders and instruments tell beside prices and lots: ties, stops that are not awake, caps, states."""

from __future__ import annotations

from types import SimpleNamespace

from openbell import wire
from openbell.wire import AuctionKind, CommandKind, HaltReason, InstrumentState, OrderType, Peg, Place, Role

from tests.ext.market import BUY, A, B, C, Market, plain

NONE, PEER, CHILD, PARENT = Role
STOP, STOP_LIMIT, TRAIL = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP


def market() -> Market:
    """A has shares of instrument 0; the last trade was at 500."""
    m = Market()
    m.admin(CommandKind.DEPOSIT_SHARES, 100, account=A, instrument=0)
    m.sell(B, 500, 1)
    m.buy(C, 500, 1)
    return m


def ties(m: Market) -> dict[int, tuple[Role, int, int]]:
    """Of A's orders by client order id: what they are, the order that they name, the one that they wait for."""
    again = type(m.core).restore(m.core.snapshot())
    assert again.orders() == m.core.orders()
    return {row.client_order_id: (Role(row.role), row.link_id, row.parent_id) for row in m.orders(account=A)}


def instrument(m: Market) -> SimpleNamespace:
    (row, *_) = plain(m.core.instruments(), wire.INSTRUMENT_ROW)
    return row


def test_orders_by_themselves_are_tied_to_nothing() -> None:
    m = market()
    m.sell(A, 550, 10)
    m.sell(A, 0, 10, order_type=STOP, stop_price=450)
    assert ties(m) == {1: (NONE, 0, 0), 2: (NONE, 0, 0)}


def test_each_of_a_ring_names_the_next_one() -> None:
    m = market()
    m.sell(A, 550, 10)
    m.sell(A, 0, 10, order_type=STOP, stop_price=450, role=PEER, link_id=1)
    assert ties(m) == {1: (PEER, 2, 0), 2: (PEER, 1, 0)}
    m.sell(A, 0, 10, order_type=STOP, stop_price=440, role=PEER, link_id=1)
    assert ties(m) == {1: (PEER, 2, 0), 2: (PEER, 3, 0), 3: (PEER, 1, 0)}
    m.cancel(A, client_order_id=3)
    assert ties(m) == {}


def test_children_name_their_parent_once_there_is_one() -> None:
    m = market()
    m.sell(A, 550, 10, role=CHILD)
    assert ties(m) == {1: (CHILD, 0, 0)}
    m.sell(A, 0, 10, order_type=STOP, stop_price=450, role=CHILD, link_id=1)
    assert ties(m) == {1: (CHILD, 2, 0), 2: (CHILD, 1, 0)}
    m.buy(A, 490, 10, role=PARENT, link_id=2)
    assert ties(m) == {1: (CHILD, 2, 3), 2: (CHILD, 1, 3), 3: (PARENT, 2, 0)}
    m.sell(B, 490, 10)
    assert ties(m) == {1: (PEER, 2, 0), 2: (PEER, 1, 0)}


def test_a_parent_without_children_is_an_order_by_itself() -> None:
    m = market()
    m.sell(A, 550, 10, role=CHILD)
    m.buy(A, 490, 10, role=PARENT, link_id=1)
    m.cancel(A, client_order_id=1)
    assert ties(m) == {2: (NONE, 0, 0)}


def test_stops_that_wait_for_a_parent_tell_their_price() -> None:
    m = market()
    m.sell(A, 550, 10, role=CHILD)
    m.sell(A, 0, 10, order_type=STOP, stop_price=450, role=CHILD, link_id=1)
    m.sell(A, 430, 10, order_type=STOP_LIMIT, stop_price=440, role=CHILD)
    m.sell(A, 0, 10, order_type=TRAIL, offset=20, role=CHILD)
    rows = {row.client_order_id: row for row in m.orders(account=A)}
    assert {row.place for row in rows.values()} == {Place.WAIT}
    assert [rows[number].stop_price for number in (1, 2, 3, 4)] == [0, 450, 440, 0]
    m.replace(A, rows[2].order_id, 455, 10)
    assert next(row.stop_price for row in m.orders(account=A) if row.client_order_id == 2) == 455


def test_a_peg_tells_the_cap_that_was_asked_for() -> None:
    m = market()
    m.instrument(0, -1, -1, 500, 1000)
    m.new(A, BUY, 0, 10, order_type=OrderType.PEGGED, peg=Peg.PRIMARY)
    (row,) = m.orders(account=A)
    assert (row.price, row.cap) == (550, 0)  # as far as the collar goes, and it named none
    for price, qty, cap in ((550, 10, 550), (495, 9, 495), (0, 9, 0)):
        m.replace(A, row.order_id, price, qty)
        (now,) = m.orders(account=A)
        assert (now.price, now.cap) == (price or 550, cap)
    m.buy(A, 490, 1)
    assert m.orders(account=A)[0].cap == 0
    assert ties(m).keys() == {1, 2}


def test_an_instrument_tells_why_it_is_halted_and_what_is_called() -> None:
    m = market()
    row = instrument(m)
    assert (row.state, row.halt_reason, row.auction_kind, row.auction_ns) == (InstrumentState.OPEN, 0, 0, 0)
    m.state(InstrumentState.HALTED, HaltReason.NEWS)
    row = instrument(m)
    assert (row.state, row.halt_reason, row.auction_kind) == (InstrumentState.HALTED, HaltReason.NEWS, 0)
    m.state(InstrumentState.CALL, AuctionKind.HALT, 5_000_000_000, InstrumentState.OPEN)
    row = instrument(m)
    assert (row.halt_reason, row.auction_kind, row.auction_ns) == (0, AuctionKind.HALT, 5_000_000_000)
    assert type(m.core).restore(m.core.snapshot()).instruments() == m.core.instruments()
    m.auction()
    row = instrument(m)
    assert (row.state, row.halt_reason, row.auction_kind, row.auction_ns) == (InstrumentState.OPEN, 0, 0, 0)


def test_an_instrument_tells_its_bands_and_that_short_sales_are_restricted() -> None:
    m = market()
    assert (instrument(m).band_lower, instrument(m).band_upper, instrument(m).short_restricted) == (0, 0, 0)
    m.admin(CommandKind.SET_BANDS, 452, 548, 500, instrument=0)
    m.admin(CommandKind.SET_SHORT_SALE, 1, instrument=0)
    assert (instrument(m).band_lower, instrument(m).band_upper, instrument(m).short_restricted) == (452, 548, 1)
    m.state(InstrumentState.HALTED)
    assert (instrument(m).band_lower, instrument(m).band_upper, instrument(m).short_restricted) == (0, 0, 1)
