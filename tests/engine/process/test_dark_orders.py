"""Icebergs, hidden, pegged and discretionary orders from the SDK through a real engine and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openbell import Client, wire
from openbell.errors import OrderRejected
from openbell.orders import OrderState
from openbell.wire import CancelReason, OrderType, Place

from tests.engine.process.running import Running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("dark")) as made:
        yield made


def test_an_iceberg_shows_its_parts_and_tells_of_all_of_it(engine: Running, alice: Client, bob: Client) -> None:
    iceberg = alice.sell("AAA", 100, "101.00", display_qty=10).wait_accepted()
    behind = alice.sell("AAA", 5, "101.00").wait_accepted()
    assert iceberg.leaves == 100
    with engine.operator() as operator:
        assert operator.book("AAA").asks[0][1:] == (15, 2)
        bob.buy("AAA", 12, "101.00", tif="IOC").wait_filled()
        alice.wait_until(lambda: iceberg.filled == 10 and behind.filled == 2, 5)
        assert operator.book("AAA").asks[0][1:] == (13, 2)
    assert (iceberg.leaves, iceberg.state) == (90, OrderState.PARTLY_FILLED)
    (row,) = [row for row in alice.orders() if row.order_id == iceberg.order_id]
    assert (row.leaves, row.shown, row.level_qty_ahead) == (90, 10, 3)
    bob.buy("AAA", 93, "101.00", tif="IOC").wait_filled()
    iceberg.wait_filled()
    assert sum(fill.qty for fill in iceberg.fills) == 100
    assert all(fill.is_maker for fill in iceberg.fills)


def test_hidden_and_minimum_quantity(engine: Running, alice: Client, bob: Client) -> None:
    hidden = alice.sell("AAA", 50, "101.00", hidden=True, min_qty=20).wait_accepted()
    (row,) = alice.orders()
    assert (row.place, row.shown) == (Place.DARK, 0)
    with engine.operator() as operator:
        assert operator.book("AAA").asks == ()
    small = bob.buy("AAA", 10, "101.00", tif="IOC").wait_done()
    assert (small.filled, small.cancel_reason) == (0, CancelReason.IOC)
    bob.buy("AAA", 30, "101.00", tif="IOC").wait_filled()
    alice.wait_until(lambda: hidden.filled == 30, 5)
    whole = bob.buy("AAA", 25, "101.00", tif="IOC", all_or_none=True).wait_done()
    assert (whole.filled, whole.cancel_reason) == (0, CancelReason.MIN_QTY)


def test_a_peg_follows_and_keeps_its_cap(alice: Client, bob: Client) -> None:
    alice.sell("AAA", 5, "102.00").wait_accepted()
    bob.buy("AAA", 5, "100.00").wait_accepted()
    peg = alice.sell("AAA", 10, peg="MIDPOINT").wait_accepted()
    peg.replace(qty=8).wait_answered()
    (row,) = [row for row in alice.orders() if row.order_id == peg.order_id]
    assert (row.order_type, row.place, row.leaves) == (OrderType.PEGGED, Place.DARK, 8)
    bob.buy("AAA", 3, "101.00", tif="IOC").wait_filled()
    alice.wait_until(lambda: peg.filled == 3, 5)
    assert peg.fills[0].price == 101_0000
    assert peg.replace("101.50").wait_answered().asked_price == 101_5000
    assert bob.buy("AAA", 3, "101.00", tif="IOC").wait_done().filled == 0


def test_discretion_and_slide(alice: Client, bob: Client) -> None:
    generous = bob.buy("AAA", 10, "100.00", discretion="0.50").wait_accepted()
    sold = alice.sell("AAA", 4, "100.40", tif="IOC").wait_filled()
    assert sold.fills[0].price == 100_4000
    bob.wait_until(lambda: generous.filled == 4, 5)
    slid = alice.sell("AAA", 5, "99.00", slide=True).wait_accepted()
    assert slid.price == 100_0100
    with pytest.raises(OrderRejected, match=r"POST_ONLY: price 99\.00 would trade at once"):
        alice.sell("AAA", 5, "99.00", post_only=True).wait_accepted()


def test_reduce_only_and_what_self_trade_prevention_takes(engine: Running, alice: Client, bob: Client) -> None:
    with engine.client("eve") as eve:
        with pytest.raises(OrderRejected, match="REDUCE_ONLY: wants 5 lots, to reduce are 0 lots") as refused:
            eve.buy("AAA", 5, "99.00", reduce_only=True).wait_accepted()
        assert refused.value.field == "qty"
    resting = bob.buy("AAA", 10, "100.00").wait_accepted()
    own = bob.sell("AAA", 4, "100.00", self_trade="DECREMENT").wait_done()
    assert (own.state, own.cancel_reason, own.filled) == (OrderState.CANCELED, CancelReason.SELF_TRADE, 0)
    bob.wait_until(lambda: resting.qty == 6, 5)
    assert (resting.leaves, resting.state) == (6, OrderState.ACCEPTED)


CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"peg": "PRIMARY", "peg_offset": "0.01"}, "offset", "COMBINATION: offset: .* \\(given: 0.01\\)"),
    ({"price": "99.00", "hidden": True, "post_only": True}, "flags", "COMBINATION: flags: HIDDEN"),
    ({"price": "99.00", "min_qty": 2}, "min_qty", "COMBINATION: min_qty"),
    ({"price": "99.00", "hidden": True, "display_qty": 2}, "display_qty", "COMBINATION: display_qty"),
    ({"price": "99.00", "imbalance_only": True}, "modes", "COMBINATION: modes"),
]


@pytest.mark.parametrize(("terms", "field", "said"), CASES)
def test_refusals_name_field_and_rule(bob: Client, terms: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(OrderRejected, match=said) as refused:
        bob.buy("AAA", 5, **terms).wait_accepted()
    assert refused.value.field == field
    assert refused.value.code == "COMBINATION"


def test_an_icebergs_reserve_survives_a_restart(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as alice:
            alice.sell("AAA", 100, "101.00", display_qty=10, tif="GTC").wait_accepted()
            alice.sell("AAA", 7, "100.50", hidden=True, tif="GTC").wait_accepted()
        engine.kill()
        engine.start()
        with engine.client("alice") as alice, engine.client("bob") as bob:
            rows = {row.leaves: row for row in alice.orders()}
            assert (rows[100].shown, rows[100].place, rows[7].place) == (10, Place.BOOK, Place.DARK)
            taken = bob.buy("AAA", 107, "101.00", tif=wire.TimeInForce.FOK).wait_filled()
            assert [fill.price for fill in taken.fills] == [100_5000, *[101_0000] * 10]
        assert engine.stop() == 0
