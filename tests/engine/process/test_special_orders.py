"""Orders of all kinds from the SDK through a real engine and back: triggers, icebergs, restarts, retries, refusals."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openbell import Client, wire
from openbell.errors import OrderRejected
from openbell.events import Event, Reject, decode
from openbell.orders import OrderState
from openbell.wire import CancelReason, EventFlag, EventKind, Place

from engine.journal.verify import verify
from tests.engine.process.running import Running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("special")) as made:
        yield made


def trade(alice: Client, bob: Client, price: str) -> None:
    """One lot at this price: it is the reference price from now on."""
    bob.buy("AAA", 1, price).wait_accepted()
    alice.sell("AAA", 1, price, tif="IOC").wait_filled()


def test_a_stop_that_triggers(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    stop = alice.sell("AAA", 10, stop="98.00", tif="GTC").wait_accepted()
    assert (stop.price, stop.is_triggered, stop.leaves) == (98_0000, False, 10)
    (row,) = alice.orders()
    assert (row.order_type, row.place, row.leaves) == (wire.OrderType.STOP, Place.STOP, 10)
    resting = bob.buy("AAA", 6, "97.50").wait_accepted()
    trade(alice, bob, "98.00")
    stop.wait_done()
    assert stop.is_triggered
    assert (stop.state, stop.filled, stop.cancel_reason) == (OrderState.CANCELED, 6, CancelReason.IOC)
    assert [(fill.qty, fill.price, fill.is_maker) for fill in stop.fills] == [(6, 97_5000, False)]
    assert resting.wait_filled().fills[0].is_maker
    kinds = [event.kind for event in decode(alice.events().tobytes()) if event.order_id == stop.order_id]
    assert kinds == [EventKind.ACCEPTED, EventKind.TRIGGERED, EventKind.FILL, EventKind.CANCELED]


def test_a_stop_limit_rests_where_its_limit_is(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    stop = bob.buy("AAA", 5, "102.50", stop="102.00", tif="GTC").wait_accepted()
    trade(alice, bob, "102.00")
    bob.wait_until(lambda: stop.is_triggered, 5)
    assert (stop.state, stop.price, stop.leaves) == (OrderState.ACCEPTED, 102_5000, 5)
    (row,) = [row for row in bob.orders() if row.order_id == stop.order_id]
    assert row.place == Place.BOOK


def test_a_trailing_stop_follows_and_triggers(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    stop = alice.sell("AAA", 3, trail_percent="1", tif="GTC").wait_accepted()
    assert stop.price == 99_0000
    trade(alice, bob, "104.00")
    bob.buy("AAA", 3, "102.00").wait_accepted()
    trade(alice, bob, "103.00")
    assert not stop.is_triggered
    trade(alice, bob, "102.95")  # 104.00 - 1 % is 102.96
    stop.wait_filled()
    assert stop.is_triggered


def test_market_to_limit(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    with pytest.raises(OrderRejected, match="NO_PRICE: there is no displayed price"):
        bob.buy("AAA", 5, market_to_limit=True).wait_accepted()
    alice.sell("AAA", 2, "100.50").wait_accepted()
    order = bob.buy("AAA", 5, market_to_limit=True).wait_accepted()
    bob.wait_until(lambda: order.filled == 2, 5)
    assert (order.price, order.leaves, order.state) == (100_5000, 3, OrderState.PARTLY_FILLED)


def test_refusals_of_the_market_name_field_and_rule(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"stop": "101.00", "tif": "FOK"}, "tif", "COMBINATION: tif: .* \\(given: FOK\\)"),
        ({"stop": "99.00"}, "stop_price", "STOP_SIDE: stop price 99.00 is met already"),
        ({"price": "99.00", "expire": 1}, "expire_ns", "COMBINATION: expire_ns: GTD needs a time to come"),
        ({"price": "99.00", "tif": "GTD"}, "expire_ns", "COMBINATION: expire_ns"),
    ]
    for terms, field, said in cases:
        with pytest.raises(OrderRejected, match=said) as refused:
            bob.buy("AAA", 5, **terms).wait_accepted()
        assert refused.value.field == field, terms
    assert not bob.orders()


def test_a_special_that_is_sent_again_is_accepted_once(alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    number = alice.reserve_ids(1)
    first = alice.sell("AAA", 10, stop="95.00", tif="GTC", group=3, client_order_id=number).wait_accepted()
    command = np.frombuffer(first.data, wire.SPECIAL_COMMAND, 1, 16).copy()
    alice.events()
    alice.send_batch(command)
    event = next(alice.stream(5))
    assert isinstance(event, Event)
    assert (event.kind, event.flags & EventFlag.DUPLICATE, event.order_id) == (
        EventKind.ACCEPTED, EventFlag.DUPLICATE, first.order_id,
    )  # fmt: skip
    command["stop_price"] = 94_0000
    alice.send_batch(command)
    event = next(alice.stream(5))
    assert isinstance(event, Reject)
    assert (event.kind, event.check) == (EventKind.REJECTED, wire.Check.DUPLICATE_ID)
    assert [row.order_id for row in alice.orders()] == [first.order_id]


def test_another_client_repeats_a_special(engine: Running, alice: Client, bob: Client) -> None:
    """Its handle knows what became of the first one: it waits, it was triggered and rests, it is gone."""
    trade(alice, bob, "100.00")
    number = alice.reserve_ids(1)

    def again(client: Client, qty: int = 10) -> Any:
        return client.sell("AAA", qty, "94.00", stop="95.00", tif="GTC", client_order_id=number).wait_accepted()

    first = again(alice)
    with engine.client("alice") as other:
        repeated = again(other)
        other.wait_until(lambda: repeated.leaves == 10 and repeated.price == 94_0000, 5)
        assert (repeated.order_id, repeated.is_triggered) == (first.order_id, False)
    used = r"DUPLICATE_ID: client_order_id \d+ was used for another order"
    with engine.client("alice") as other, pytest.raises(OrderRejected, match=used):
        other.sell("AAA", 10, "94.00", stop="94.50", tif="GTC", client_order_id=number).wait_accepted()
    trade(alice, bob, "95.00")
    alice.wait_until(lambda: first.is_triggered, 5)
    with engine.client("alice") as other:
        repeated = again(other)
        other.wait_until(lambda: repeated.is_triggered, 5)
        assert (repeated.state, repeated.price, repeated.leaves) == (OrderState.ACCEPTED, 94_0000, 10)
        repeated.cancel().wait_done(5)
    first.wait_done(5)
    with engine.client("alice") as other:
        assert again(other).wait_done(5).state is OrderState.UNKNOWN


def test_mass_cancels_by_group_and_session(engine: Running, alice: Client, bob: Client) -> None:
    trade(alice, bob, "100.00")
    with engine.client("alice") as other:
        theirs = other.buy("AAA", 1, "90.00").wait_accepted()
        for group in (1, 1, 2, None):
            alice.buy("AAA", 1, "90.00", group=group).wait_accepted()
        alice.sell("AAA", 1, stop="89.00", group=2).wait_accepted()
        assert alice.cancel_all(group=2) == 2
        assert alice.cancel_all(group=0, session_only=True) == 1
        assert alice.cancel_all(session_only=True) == 2
        assert [row.order_id for row in alice.orders()] == [theirs.order_id]
        assert alice.cancel_all() == 1


def test_a_session_after_a_restart_is_another_one(tmp_path: Path) -> None:
    with Running(tmp_path) as engine:
        with engine.client("alice") as alice:
            before = alice.buy("AAA", 1, "90.00").wait_accepted()
            stop = alice.sell("AAA", 1, stop="80.00").wait_accepted()
        engine.kill()
        engine.start()
        with engine.client("alice") as alice:
            after = alice.buy("AAA", 1, "91.00").wait_accepted()
            assert alice.cancel_all(session_only=True) == 1
            assert {row.order_id for row in alice.orders()} == {before.order_id, stop.order_id}
            assert after.wait_done(5).state is OrderState.CANCELED
            assert len({row.session for row in alice.orders()}) == 1
        assert engine.stop() == 0


def test_what_is_not_done_survives_a_restart(tmp_path: Path) -> None:
    """A GTD order, which expires afterwards by the market's clock; a stop, which triggers then; a whole journal."""
    with Running(tmp_path) as engine:
        with engine.client("alice") as alice, engine.client("bob") as bob:
            trade(alice, bob, "100.00")
            until = datetime.now(UTC) + timedelta(seconds=4)
            dated = alice.buy("AAA", 5, "99.00", expire=until).wait_accepted()
            stop = alice.sell("AAA", 4, stop="98.00", tif="GTC").wait_accepted()
        engine.kill()
        engine.start()
        with engine.client("alice") as alice, engine.client("bob") as bob:
            rows = {row.order_id: row for row in alice.orders()}
            assert set(rows) == {dated.order_id, stop.order_id}
            assert rows[dated.order_id].tif == wire.TimeInForce.GTD
            assert rows[stop.order_id].place == Place.STOP
            with engine.operator() as operator:
                operator.ask("tick", reason="not yet")
                assert len(alice.orders()) == 2
                time.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()))
                operator.ask("tick", reason="time passes")  # else there is one each minute
            (event,) = decode(alice.events(5).tobytes())
            assert isinstance(event, Event)
            assert (event.order_id, event.kind, event.reason) == (
                dated.order_id, EventKind.CANCELED, CancelReason.EXPIRED,
            )  # fmt: skip
            bob.buy("AAA", 9, "97.00").wait_accepted()
            trade(alice, bob, "98.00")
            assert not alice.orders()
            filled = [event for event in decode(alice.events(1).tobytes()) if event.order_id == stop.order_id]
            assert [event.kind for event in filled] == [EventKind.TRIGGERED, EventKind.FILL]
        assert engine.stop() == 0
    found = verify(engine.data, replay=True)
    assert found.error is None
    assert found.kinds["NEW_SPECIAL"] == 2
