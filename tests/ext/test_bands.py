"""Price bands, restricted short sales, tick tables: docs/bands.md, "In the core"."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openbell import wire
from openbell.wire import BookKind, CancelReason, Check, CommandKind, EventKind, InstrumentState, OrderType

from tests.ext.market import REJECTS, A, B, C, Market

MARKET, STOP, STOP_LIMIT = OrderType.MARKET, OrderType.STOP, OrderType.STOP_LIMIT


def say(event: SimpleNamespace) -> str:
    kind = EventKind(event.kind)
    if kind == EventKind.ADMIN_REJECTED:
        return f"ADMIN_REJECTED {Check(event.check).name} {event.client_order_id} {event.limit} {event.value}"
    if kind in REJECTS:
        return f"{kind.name} {Check(event.check).name} {event.limit} {event.value}"
    if kind == EventKind.CANCELED:
        return f"CANCELED {event.account}/{event.client_order_id} {CancelReason(event.reason).name}"
    return f"{kind.name} {event.account}/{event.client_order_id} {event.qty}@{event.price}"


def said(events: list[SimpleNamespace]) -> list[str]:
    return [say(event) for event in events if event.kind != EventKind.ACCEPTED]


def market() -> Market:
    m = Market()
    m.want_data = True
    m.admin(CommandKind.DEPOSIT_SHARES, 100, account=A, instrument=0)
    return m


def bands(m: Market, lower: int, upper: int, reference: int = 500) -> list[str]:
    return said(m.admin(CommandKind.SET_BANDS, lower, upper, reference, instrument=0, request=7))


def survives(m: Market) -> None:
    again = type(m.core).restore(m.core.snapshot())
    assert again.snapshot() == m.core.snapshot()
    assert again.instruments() == m.core.instruments()


# Bands


def test_prices_beyond_the_bands_are_refused() -> None:
    m = market()
    assert bands(m, 452, 548) == ["BANDS_SET 0/500 7@452"]
    record = m.data[0]
    assert (record.kind, record.price, record.order_id, record.level_qty) == (BookKind.BANDS, 452, 548, 500)
    assert said(m.buy(B, 550, 1)) == ["REJECTED PRICE_BAND 545 550"]
    assert said(m.sell(B, 450, 1)) == ["REJECTED PRICE_BAND 455 450"]
    assert said(m.buy(B, 545, 1)) == []
    assert said(m.buy(B, 5, 1)) == []
    survives(m)


def test_the_collar_speaks_first() -> None:
    m = market()
    m.instrument(0, -1, -1, 500, 1000)  # 450 to 550
    bands(m, 400, 520)
    assert said(m.buy(B, 555, 1)) == ["REJECTED PRICE_COLLAR 550 555"]
    assert said(m.buy(B, 525, 1)) == ["REJECTED PRICE_BAND 520 525"]
    assert said(m.sell(B, 445, 1)) == ["REJECTED PRICE_COLLAR 450 445"]


def test_a_market_order_goes_as_far_as_the_band() -> None:
    m = market()
    m.sell(A, 520, 1)
    m.sell(A, 530, 1)
    bands(m, 480, 528)
    accepted, *rest = m.buy(B, 0, 2, order_type=MARKET)
    assert accepted.price == 525
    assert said(rest) == ["FILL 1/1 1@520", "FILL 2/1 1@520", "CANCELED 2/1 IOC"]


def test_bands_that_move_cancel_what_is_beyond_them() -> None:
    m = market()
    for price in (500, 520, 515, 520):
        m.buy(B, price, 1)
    m.sell(A, 600, 1)
    assert bands(m, 490, 512) == [
        "BANDS_SET 0/500 7@490", "CANCELED 2/2 PRICE_BAND", "CANCELED 2/4 PRICE_BAND", "CANCELED 2/3 PRICE_BAND",
    ]  # fmt: skip
    assert bands(m, 601, 700) == ["BANDS_SET 0/500 7@601", "CANCELED 1/1 PRICE_BAND"]
    assert [row.client_order_id for row in m.orders(instrument=0)] == [1]
    survives(m)


def test_leaving_open_takes_the_bands_away() -> None:
    m = market()
    bands(m, 490, 510)
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.HALTED)
    assert [record.kind for record in m.data] == [BookKind.STATUS, BookKind.BANDS]
    assert (m.data[1].price, m.data[1].order_id) == (0, 0)
    assert bands(m, 490, 510) == ["ADMIN_REJECTED INSTRUMENT_STATE 0 1 2"]
    assert bands(m, 0, 0) == ["BANDS_SET 0/500 7@0"]
    m.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=0, state=InstrumentState.OPEN)
    assert said(m.buy(B, 600, 1)) == []


def test_a_stop_limit_beyond_the_band_ends_when_it_is_served() -> None:
    m = market()
    m.sell(A, 500, 2)
    m.buy(B, 500, 1)
    m.buy(C, 560, 1, order_type=STOP_LIMIT, stop_price=505)
    m.sell(A, 510, 1)
    bands(m, 450, 550)
    m.buy(B, 510, 1)
    assert said(m.buy(B, 510, 1))[-2:] == ["TRIGGERED 3/1 1@560", "CANCELED 3/1 PRICE_BAND"]


@pytest.mark.parametrize(
    ("values", "reject"),
    [
        ((-1, 500, 0), "ADMIN_REJECTED VALUE 0 1 -1"),
        ((wire.MAX_PRICE + 1, 500, 0), f"ADMIN_REJECTED VALUE 0 {wire.MAX_PRICE} {wire.MAX_PRICE + 1}"),
        ((500, 499, 0), "ADMIN_REJECTED VALUE 1 500 499"),
        ((1, 500, -1), "ADMIN_REJECTED VALUE 2 0 -1"),
    ],
)
def test_bands_that_are_refused(values: tuple[int, int, int], reject: str) -> None:
    m = market()
    assert bands(m, *values) == [reject]
    assert said(m.admin(CommandKind.SET_BANDS, 1, 10, instrument=5)) == ["ADMIN_REJECTED INSTRUMENT 0 0 5"]


# Short sales


def restricted() -> Market:
    """B may sell short, A has 100; the best bid is 500."""
    m = market()
    m.buy(C, 500, 50)
    events = m.admin(CommandKind.SET_SHORT_SALE, 1, instrument=0, request=3)
    assert [(e.kind, e.reason, e.qty) for e in events] == [(EventKind.SHORT_SALE_SET, 1, 3)]
    assert [(d.kind, d.flags) for d in m.data] == [(BookKind.STATUS, 128)]
    return m


@pytest.mark.parametrize(
    ("price", "fields", "reject"),
    [
        (500, {}, ["REJECTED SHORT_PRICE 505 500"]),
        (490, {}, ["REJECTED SHORT_PRICE 505 490"]),
        (505, {}, []),
        (0, {"order_type": MARKET}, ["REJECTED SHORT_PRICE 0 5"]),
        (0, {"order_type": STOP, "stop_price": 450}, ["REJECTED SHORT_PRICE 0 450"]),
    ],
)
def test_short_sales_must_be_above_the_bid(price: int, fields: dict[str, Any], reject: list[str]) -> None:
    m = restricted()
    assert said(m.sell(B, price, 1, **fields)) == reject
    survives(m)


def test_who_has_shares_may_sell_them() -> None:
    m = restricted()
    m.limits(A, flags=wire.AccountFlag.SHORT_ALLOWED)
    assert said(m.sell(A, 500, 40)) == ["FILL 3/1 40@500", "FILL 1/1 40@500"]
    assert said(m.sell(A, 500, 61)) == ["REJECTED SHORT_PRICE 505 500"]


def test_a_replace_is_looked_at_too() -> None:
    m = restricted()
    (accepted,) = m.sell(B, 520, 5)
    assert said(m.replace(B, accepted.order_id, 500, 5)) == ["REPLACE_REJECTED SHORT_PRICE 505 500"]
    assert said(m.replace(B, accepted.order_id, 510, 5)) == ["REPLACED 2/1 5@510"]


def test_a_peer_sells_what_its_ring_has_left() -> None:
    m = restricted()
    m.sell(A, 550, 100)
    m.buy(C, 550, 40)
    accepted, restated = m.sell(A, 0, 100, order_type=STOP, stop_price=450, role=wire.Role.PEER, link_id=1)
    assert (accepted.kind, restated.leaves) == (EventKind.ACCEPTED, 60)


def test_free_again() -> None:
    m = restricted()
    m.admin(CommandKind.SET_SHORT_SALE, 0, instrument=0)
    assert [(d.kind, d.flags) for d in m.data] == [(BookKind.STATUS, 0)]
    assert len(m.sell(B, 500, 1)) == 3
    assert said(m.admin(CommandKind.SET_SHORT_SALE, 2, instrument=0)) == ["ADMIN_REJECTED VALUE 0 1 2"]


def test_without_a_bid_there_is_nothing_to_check() -> None:
    m = market()
    m.admin(CommandKind.SET_SHORT_SALE, 1, instrument=0)
    assert said(m.sell(B, 500, 1)) == []


# Tick tables


def ticks(m: Market, *values: int) -> list[str]:
    return said(m.admin(CommandKind.SET_TICKS, *values, instrument=0, request=4))


def test_ticks_by_price() -> None:
    m = market()
    assert ticks(m, 0, 5, 100, 10, 1000, 50) == ["TICKS_SET 0/0 4@3"]
    for price, tick in ((95, 0), (100, 0), (105, 10), (990, 0), (995, 10), (1000, 0), (1010, 50), (1050, 0)):
        assert said(m.buy(B, price, 1)) == ([f"REJECTED TICK_SIZE {tick} {price}"] if tick else [])
    assert said(m.buy(B, 0, 1, order_type=STOP, stop_price=105)) == ["REJECTED TICK_SIZE 10 105"]
    survives(m)
    assert ticks(m) == ["TICKS_SET 0/0 4@0"]
    assert said(m.buy(B, 105, 1)) == []


def test_a_replace_goes_to_a_price_of_the_table() -> None:
    m = market()
    (accepted,) = m.buy(B, 105, 1)
    ticks(m, 0, 10)
    assert said(m.replace(B, accepted.order_id, 115, 1)) == ["REPLACE_REJECTED TICK_SIZE 10 115"]
    assert said(m.replace(B, accepted.order_id, 120, 1)) == ["REPLACED 2/1 1@120"]


def test_sliding_orders_go_to_a_price_of_the_table() -> None:
    m = market()
    m.sell(A, 505, 1)
    ticks(m, 0, 10)
    (accepted,) = m.buy(B, 510, 1, flags=wire.OrderFlag.POST_ONLY | wire.OrderFlag.SLIDE)
    assert accepted.price == 500


@pytest.mark.parametrize(
    ("values", "reject"),
    [
        ((5, 5), "0 0 5"),
        ((0, 7), "1 5 7"),
        ((0, -5), "1 5 -5"),
        ((0, 5, 0, 10), "2 1 0"),
        ((0, 5, 101, 10), "2 5 101"),
        ((0, 20, 110, 10), "2 20 110"),
        ((0, 5, 100, 0), "3 5 0"),
        ((0, 5, 0, 0, 100, 10), "2 1 0"),
    ],
)
def test_tables_that_are_refused(values: tuple[int, ...], reject: str) -> None:
    m = market()
    assert ticks(m, *values) == [f"ADMIN_REJECTED VALUE {reject}"]
    assert said(m.buy(B, 105, 1)) == []
