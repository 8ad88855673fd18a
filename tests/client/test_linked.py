"""Linked orders from Python: what goes over the wire, and both clients against the real engine."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import openbell
import pytest
from openbell import Leg, wire
from openbell.composing import MAX_ORDERS_A_FRAME
from openbell.linked import Entry, Ring, cancels, drafts, exits, legs_of
from openbell.orders import OrderState
from openbell.records import HEADER, json_frame
from openbell.wire import CancelReason, EventKind, FrameType, OrderType, Role, Side, TimeInForce

from tests.client.conftest import Engine
from tests.client.peer import ACCOUNT
from tests.client.test_desk import Table

HALF = (Side.BUY, "ACME", 100, "101.25")


def sent(data: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """The commands of a SPECIALS frame."""
    _, _, kind, count, _ = HEADER.unpack_from(data)
    assert kind == FrameType.SPECIALS
    return np.frombuffer(data, wire.SPECIAL_COMMAND, count, HEADER.size)


# ------------------------------------------------------------ what is sent


def test_a_bracket_is_one_frame_of_three() -> None:
    table = Table()
    entry = Entry(*HALF, "GTC", False, {"group": 7})
    legs = exits("110.00", Leg("94.50", stop="95.00"))
    made = drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, legs), "ALLOW", None, None)
    assert len({(draft.frame, draft.data) for draft in made}) == 1
    commands = sent(made[0].data)
    ids = [draft.client_order_id for draft in made]
    assert ids == list(range(ids[0], ids[0] + 3)) == commands["client_order_id"].tolist()
    assert commands["role"].tolist() == [Role.CHILD, Role.CHILD, Role.PARENT]
    assert commands["link_id"].tolist() == [0, ids[0], ids[0]]
    assert commands["side"].tolist() == [Side.SELL, Side.SELL, Side.BUY]
    assert commands["order_type"].tolist() == [OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT]
    assert commands["price"].tolist() == [1_100_000, 945_000, 1_012_500]
    assert commands["stop_price"].tolist() == [0, 950_000, 0]
    assert set(commands["qty"].tolist()) == {100}
    assert set(commands["group"].tolist()) == {7}, "the entry's group is that of all"
    assert set(commands["tif"].tolist()) == {TimeInForce.GTC}, "legs live as long as their entry"


@pytest.mark.parametrize(
    ("tif", "terms", "leg", "lasts"),
    [
        (None, {}, Leg("110.00"), TimeInForce.DAY),
        ("GTC", {}, Leg("110.00"), TimeInForce.GTC),
        (TimeInForce.GTC, {}, Leg("110.00"), TimeInForce.GTC),
        ("IOC", {}, Leg("110.00"), TimeInForce.DAY),
        ("GTC", {}, Leg("110.00", tif="DAY"), TimeInForce.DAY),
        (None, {"expire": 1 << 60}, Leg("110.00"), TimeInForce.GTD),
        (None, {"expire": 1 << 60}, Leg("110.00", tif="GTC"), TimeInForce.GTC),
        ("GTC", {}, Leg("110.00", expire=1 << 61), TimeInForce.GTD),
    ],
)
def test_how_long_a_leg_lives(tif: Any, terms: dict[str, Any], leg: Leg, lasts: TimeInForce) -> None:
    table = Table()
    entry = Entry(*HALF, tif, False, terms)
    first, _ = drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, [leg]), "ALLOW", None, None)
    assert sent(first.data)[0]["tif"] == lasts
    assert bool(sent(first.data)[0]["expire_ns"]) == (lasts == TimeInForce.GTD)


def test_one_cancels_the_other_is_an_order_and_its_peers() -> None:
    table = Table()
    legs = legs_of(["110.00", Leg(stop="95.00"), Leg(trail_percent="2.5", do_not_route=True)], "legs")
    made = drafts(table.desk, None, Ring("sell", "ACME", 5, legs), "DECREMENT", None, 40)
    commands = sent(made[0].data)
    assert commands["client_order_id"].tolist() == [40, 41, 42]
    assert commands["role"].tolist() == [Role.NONE, Role.PEER, Role.PEER]
    assert commands["link_id"].tolist() == [0, 40, 40]
    assert commands["order_type"].tolist() == [OrderType.LIMIT, OrderType.STOP, OrderType.TRAILING_STOP]
    assert (commands["offset"][2], commands["modes"][2]) == (250, wire.ModeFlag.TRAIL_PERCENT)
    assert commands["flags"].tolist() == [0, 0, wire.OrderFlag.DO_NOT_ROUTE]
    assert set(commands["self_trade"].tolist()) == {wire.SelfTrade.DECREMENT}
    again = drafts(table.desk, None, Ring("sell", "ACME", 5, legs), "DECREMENT", None, 40)
    assert again[0].data[HEADER.size :] == made[0].data[HEADER.size :], "the same call gives the same bytes"


@pytest.mark.parametrize(
    ("make", "field", "said"),
    [
        (lambda: exits(Leg(stop="95.00"), "95.00"), "take_profit", "a limit order"),
        (lambda: exits("110.00", Leg("95.00")), "stop_loss", "stop, trail or trail_percent"),
        (lambda: exits(Leg(), "95.00"), "take_profit", "needs a price"),
        (lambda: legs_of([], "then"), "then", "names no order"),
        (lambda: legs_of([Leg("110.00", tif="IOC")], "then"), "tif", "none of DAY, GTC and GTD"),
        (lambda: legs_of(Leg(stop="95.00", tif=TimeInForce.AT_CLOSE), "then"), "tif", "then: tif .* is none of"),
        (lambda: legs_of(Leg("110.00", tif="NEVER"), "then"), "tif", "is none of DAY"),
        (lambda: legs_of(Leg(stop="95.00", post_only=True), "then"), "post_only", "needs a limit order"),
        (lambda: legs_of(["110.00", "111.00"], "legs"), "legs", "more than one limit order"),
        (lambda: legs_of([Leg(stop="95.00")] * 17, "then"), "then", "then has 17 orders .* the limit is 16"),
        (lambda: legs_of([Leg(stop="95.00")] * 5000, "legs"), "legs", "legs has 5000 orders .* the limit is 16"),
    ],
)
def test_what_means_no_linked_orders(make: Any, field: str, said: str) -> None:
    with pytest.raises(openbell.InvalidInput, match=said) as caught:
        make()
    assert caught.value.field == field


def test_as_many_legs_as_a_ring_may_have_fit_into_a_frame() -> None:
    legs = legs_of([Leg(stop="95.00")] * wire.MAX_LEGS, "then")
    assert len(legs) + 1 <= MAX_ORDERS_A_FRAME
    with pytest.raises(openbell.InvalidInput) as caught:
        legs_of([*legs, Leg(stop="95.00")], "then")
    assert (caught.value.field, caught.value.limit, caught.value.value) == ("then", 16, 17)


def test_a_wrong_leg_sends_nothing() -> None:
    table = Table()
    entry = Entry(*HALF, None, False, {})
    with pytest.raises(openbell.InvalidInput, match="off the tick") as caught:
        drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, exits("110.00", "95.005")), "ALLOW", None, None)
    assert caught.value.field == "stop"
    assert not table.desk.orders
    assert not table.desk.take_outgoing()


def test_what_is_unanswered_goes_out_again_once() -> None:
    """After a reconnect: one frame, not one for each order that it carried."""
    table = Table()
    entry = Entry(*HALF, None, False, {})
    made = drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, exits("110.00", "95.00")), "ALLOW", None, None)
    for draft in made:
        table.desk.placed(draft)
    table.tell(kind=EventKind.ACCEPTED, client_order_id=made[0].client_order_id, order_id=1, qty=100, leaves=100)
    table.log_in()
    resumed = {"account": ACCOUNT, "from_seq": 2, "next_seq": 2}
    table.desk.receive(json_frame(FrameType.RESUMED, 0, resumed))
    assert table.desk.take_outgoing() == [made[0].data]


def test_a_cancel_of_all_is_one_frame_that_begins_with_the_entry() -> None:
    """An entry whose legs are gone may still trade; nothing comes between the cancels of one frame."""
    table = Table()
    entry = Entry(*HALF, None, False, {})
    made = drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, exits("110.00", "95.00")), "ALLOW", None, None)
    orders = [table.desk.placed(draft) for draft in made]
    linked = openbell.Linked(orders[2], orders[:2])
    data = cancels(table.desk, linked.to_cancel())
    assert data is not None
    _, _, kind, count, number = HEADER.unpack_from(data)
    assert (kind, count) == (FrameType.ORDERS, 2)
    commands = np.frombuffer(data, wire.ORDER_COMMAND, count, HEADER.size)
    assert commands["client_order_id"].tolist() == [orders[2].client_order_id, orders[0].client_order_id]
    assert set(commands["kind"].tolist()) == {wire.CommandKind.CANCEL}
    asked = [order.requests[-1] for order in (orders[2], orders[0])]
    assert [(request.frame, request.data) for request in asked] == [(number, data)] * 2, "sent again as it was, once"
    for order in orders:
        reason = CancelReason.USER if order is orders[2] else CancelReason.LINKED
        table.tell(kind=EventKind.CANCELED, client_order_id=order.client_order_id, order_id=1, qty=100, reason=reason)
    assert cancels(table.desk, linked.to_cancel()) is None, "nothing is left to cancel"


def test_a_refused_frame_refuses_all_of_it() -> None:
    table = Table()
    entry = Entry(*HALF, None, False, {})
    made = drafts(table.desk, entry, Ring(Side.SELL, "ACME", 100, exits("110.00", "95.00")), "ALLOW", None, None)
    orders = [table.desk.placed(draft) for draft in made]
    table.refuse(made[0].frame, code="overloaded", text="too much")
    assert {order.state for order in orders} == {OrderState.REJECTED}
    assert not table.desk.orders
    linked = openbell.Linked(orders[2], orders[:2])
    assert isinstance(linked.error(), openbell.Refused)


# ------------------------------------------------------------ against the engine


@pytest.fixture
def bob(bob: openbell.Client) -> openbell.Client:
    """Bob, who has just traded with himself at 101.25."""
    last_at(bob, "101.25")
    return bob


def last_at(client: openbell.Client, price: str) -> None:
    """A trade with oneself: the reference price, and what meets stops."""
    client.sell("ACME", 1, price).wait_accepted()
    client.buy("ACME", 1, price).wait_filled()


def states(linked: openbell.Linked[Any]) -> list[str]:
    return [order.state.value for order in linked.orders]


def test_a_bracket_from_its_begin_to_its_end(alice: openbell.Client, bob: openbell.Client) -> None:
    linked = alice.bracket("buy", "ACME", 100, "101.00", take_profit="103.00", stop_loss="99.00", tif="GTC")
    linked.wait_accepted()
    profit, loss, entry = linked.take_profit, linked.stop_loss, linked.entry
    assert profit is not None
    assert loss is not None
    assert entry is not None
    assert (profit.is_waiting, loss.is_waiting, entry.is_waiting) == (True, True, False)
    assert str(loss) == "sell 100 ACME stop 99.00: accepted, waits for the end of another order"
    assert not loss.is_triggered
    rows = {row.client_order_id: row for row in alice.orders()}
    assert {row.place for row in rows.values()} == {wire.Place.WAIT, wire.Place.BOOK}
    assert rows[loss.client_order_id].stop_price == 990_000
    assert rows[loss.client_order_id].parent_id == entry.client_order_id
    bob.sell("ACME", 60, "101.00").wait_filled()
    entry.cancel().wait_done()
    alice.wait_until(lambda: not profit.is_waiting and not loss.is_waiting, 10, "the legs to wake")
    assert (profit.leaves, loss.leaves, profit.qty) == (60, 60, 60)
    assert str(loss) == "sell 60 ACME stop 99.00: accepted, waits for its trigger"
    bob.buy("ACME", 25, "103.00").wait_filled()
    alice.wait_until(lambda: loss.leaves == 35, 10, "RESTATED{LINKED}")
    assert (profit.state, profit.leaves, loss.qty) == (OrderState.PARTLY_FILLED, 35, 35)
    assert [order.client_order_id for order in alice.open_orders] == [profit.client_order_id, loss.client_order_id]
    bob.buy("ACME", 35, "103.00").wait_filled()
    linked.wait_done()
    assert (profit.state, loss.cancel_reason) == (OrderState.FILLED, CancelReason.LINKED)
    assert (profit.filled, entry.filled) == (60, 60)
    assert alice.open_orders == []
    assert alice.orders() == []


def test_the_loss_is_stopped_and_the_profit_is_not_taken(alice: openbell.Client, bob: openbell.Client) -> None:
    bob.sell("ACME", 50, "101.30").wait_accepted()
    linked = alice.bracket(
        "buy", "ACME", 50, take_profit="105.00", stop_loss=Leg("98.50", stop="99.00")
    ).wait_accepted()
    profit, loss = linked.legs
    alice.wait_until(lambda: not loss.is_waiting, 10, "the legs to wake: the entry has traded at once")
    bob.buy("ACME", 50, "98.80").wait_accepted()
    last_at(bob, "98.90")
    linked.wait_done()
    assert loss.is_triggered
    assert (loss.state, loss.fills[0].price) == (OrderState.FILLED, 988_000)
    assert (profit.cancel_reason, profit.filled) == (CancelReason.LINKED, 0)


def test_an_entry_that_never_trades_takes_its_legs_along(alice: openbell.Client) -> None:
    linked = alice.bracket("buy", "ACME", 10, "100.00", take_profit="105.00", stop_loss="99.00").wait_accepted()
    linked.cancel().wait_done()
    assert states(linked) == ["canceled"] * 3
    reasons = [order.cancel_reason for order in linked]
    assert reasons == [CancelReason.LINKED, CancelReason.LINKED, CancelReason.USER]
    assert alice.orders() == []
    at_once = alice.bracket("buy", "ACME", 10, tif="IOC", take_profit="105.00", stop_loss="99.00").wait_done()
    assert [order.cancel_reason for order in at_once] == [CancelReason.LINKED, CancelReason.LINKED, CancelReason.IOC]


def test_a_cancel_of_an_entry_that_has_traded_in_part_ends_all(alice: openbell.Client, bob: openbell.Client) -> None:
    """Its legs wake with what it traded, and the second cancel of the frame ends them."""
    linked = alice.bracket("buy", "ACME", 10, "101.00", take_profit="105.00", stop_loss="99.00").wait_accepted()
    bob.sell("ACME", 4, "101.00").wait_filled()
    linked.cancel().wait_done()
    assert linked.entry is not None
    assert (linked.entry.filled, linked.entry.cancel_reason) == (4, CancelReason.USER)
    assert [order.cancel_reason for order in linked.legs] == [CancelReason.USER, CancelReason.LINKED]
    assert [order.leaves for order in linked] == [0, 0, 0]
    assert alice.orders() == []


def test_one_cancels_the_other(alice: openbell.Client, bob: openbell.Client) -> None:
    linked = alice.oco("sell", "ACME", 40, "104.00", Leg(stop="99.50"), Leg(trail="3.00")).wait_accepted()
    assert (linked.entry, len(linked.legs)) == (None, 3)
    assert states(linked) == ["accepted"] * 3
    (position,) = [row for row in alice.positions() if row.symbol == "ACME"]
    assert position.open_sell == 40, "their lots count once"
    bob.buy("ACME", 15, "104.00").wait_filled()
    alice.wait_until(lambda: {order.leaves for order in linked} == {25}, 10, "RESTATED{LINKED}")
    linked.legs[1].cancel()
    linked.wait_done()
    reasons = [order.cancel_reason for order in linked]
    assert reasons == [CancelReason.LINKED, CancelReason.USER, CancelReason.LINKED]


def test_an_order_that_triggers_another_one(alice: openbell.Client, bob: openbell.Client) -> None:
    linked = alice.oto(
        "sell", "ACME", 20, "101.40", then=Leg("0.5000", tif="GTC"), then_symbol="BOLT", then_side="buy", then_qty=500
    ).wait_accepted()
    (child,) = linked.legs
    assert (child.symbol, child.side, child.is_waiting, child.leaves) == ("BOLT", Side.BUY, True, 500)
    bob.buy("ACME", 20, "101.40").wait_filled()
    alice.wait_until(lambda: not child.is_waiting, 10, "the child to wake")
    assert child.leaves == 20, "never more than its parent has traded"
    linked.cancel().wait_done()


def test_a_refusal_tells_of_each(alice: openbell.Client, bob: openbell.Client) -> None:
    with pytest.raises(openbell.LinkRejected) as caught:
        alice.bracket("buy", "ACME", 10, "150.00", take_profit="160.00", stop_loss="99.00").wait_accepted()
    error = caught.value
    assert (error.code, error.field) == ("PRICE_COLLAR", "price")
    lines = str(error).splitlines()
    assert lines[0].startswith("entry: PRICE_COLLAR: price 150.00 is beyond the collar's bound of")
    assert lines[1].startswith("entry: buy 10 ACME @ 150.00: rejected, PRICE_COLLAR")
    assert lines[2:] == [
        "leg 1: sell 10 ACME @ 160.00: canceled (LINKED)", "leg 2: sell 10 ACME stop 99.00: canceled (LINKED)",
    ]  # fmt: skip
    assert [order.is_done for order in error.linked] == [True] * 3
    bob.buy("ACME", 10, "101.00").wait_accepted()
    with pytest.raises(openbell.LinkRejected, match=r"leg 2: LINK: client_order_id .* is of no live order") as caught:
        alice.oco("sell", "ACME", 10, "101.00", Leg(stop="99.00")).wait_accepted()
    assert caught.value.linked[0].state is OrderState.FILLED, "the first one has traded whole"
    assert alice.orders() == []
    with pytest.raises(openbell.LinkRejected, match="leg 2: COMBINATION: expire_ns") as caught:
        alice.bracket(
            "buy", "ACME", 5, "101.00", take_profit="103.00", stop_loss=Leg(stop="99.00", expire=5)
        ).wait_accepted()
    assert (caught.value.field, alice.orders()) == ("expire_ns", []), "of a bracket there is all or nothing"


def test_sent_again_it_is_answered_as_the_first_time(
    engine: Engine, alice: openbell.Client, bob: openbell.Client
) -> None:
    def send(client: openbell.Client, first: int | None = None) -> openbell.BlockingLinked:
        return client.bracket(
            "buy", "ACME", 30, "101.10", take_profit="103.00", stop_loss="99.00", first_client_order_id=first
        )

    first = send(alice).wait_accepted()
    numbers = [order.order_id for order in first]
    with openbell.connect(engine.data, account="alice") as other:
        again = send(other, first.first_client_order_id).wait_accepted()
        assert [order.order_id for order in again] == numbers
        other.wait_until(lambda: all(order.leaves == 30 for order in again), 10, "the look-up")
        assert [order.is_waiting for order in again] == [True, True, False]
        assert not again.legs[1].is_triggered
        assert len(other.orders()) == 3
        bob.sell("ACME", 30, "101.10").wait_filled()
        other.wait_until(lambda: not again.legs[1].is_waiting, 10, "the legs to wake")
        first.cancel().wait_done()
        again.wait_done()
    with openbell.connect(engine.data, account="alice") as third:
        late = send(third, first.first_client_order_id).wait_accepted()
        late.wait_done()
        assert [order.order_id for order in late] == numbers
        assert late.entry is not None
        assert (late.entry.state, late.entry.filled) == (OrderState.FILLED, 30)
        with pytest.raises(openbell.LinkRejected, match="DUPLICATE_ID"):
            third.bracket(
                "buy", "ACME", 31, "101.10", take_profit="103.00", stop_loss="99.00",
                first_client_order_id=first.first_client_order_id,
            ).wait_accepted()  # fmt: skip
        assert third.orders() == []
    assert len([event for event in alice.stream(timeout_s=0.2) if event.kind == EventKind.FILL]) == 1


def test_a_refused_bracket_that_is_sent_again_says_that_its_legs_have_ended(alice: openbell.Client) -> None:
    """The market keeps no id of what it refused: the legs are known, and gone; the entry names nobody."""
    with pytest.raises(openbell.LinkRejected, match="entry: PRICE_COLLAR") as caught:
        alice.bracket("buy", "ACME", 10, "150.00", take_profit="160.00", stop_loss="99.00").wait_accepted()
    assert "legs have ended" not in str(caught.value)
    first = caught.value.linked[0].client_order_id
    with pytest.raises(openbell.LinkRejected) as caught:
        alice.bracket(
            "buy", "ACME", 10, "150.00", take_profit="160.00", stop_loss="99.00", first_client_order_id=first
        ).wait_accepted()
    line = str(caught.value).splitlines()[0]
    assert line.startswith("entry: LINK: client_order_id ")
    assert "; its legs have ended: if this was sent again, the entry was refused or ended the first time" in line
    assert (caught.value.code, caught.value.field) == ("LINK", "link_id")
    assert alice.orders() == []


def test_linked_orders_survive_a_killed_engine(own_engine: Engine) -> None:
    with openbell.connect(own_engine.data, account="alice") as client:
        linked = client.bracket("buy", "ACME", 10, "101.00", take_profit="103.00", stop_loss="99.00").wait_accepted()
        own_engine.kill()
        sent_meanwhile = client.oco("sell", "ACME", 10, "104.00", Leg(stop="98.00"))
        own_engine.start()
        sent_meanwhile.wait_accepted(30)
        assert [row.role for row in client.orders()] == [
            Role.PEER, Role.PEER, Role.PARENT, Role.CHILD, Role.CHILD,
        ]  # fmt: skip
        assert [order.is_waiting for order in linked] == [True, True, False]
        linked.cancel().wait_done()
        sent_meanwhile.cancel().wait_done()


def test_asynchronously(engine: Engine, bob: openbell.Client) -> None:
    async def trade() -> None:
        async with openbell.connect_async(engine.data, account="alice") as client:
            linked = client.bracket("buy", "ACME", 10, "101.00", take_profit="103.00", stop_loss="99.00")
            await linked.wait_accepted()
            assert [order.is_waiting for order in linked] == [True, True, False]
            with pytest.raises(openbell.LinkRejected, match="PRICE_COLLAR"):
                await client.oco("sell", "ACME", 10, "10.00", Leg(stop="99.00")).wait_accepted()
            await asyncio.to_thread(lambda: bob.sell("ACME", 10, "101.00").wait_filled())
            assert linked.entry is not None
            await linked.entry.wait_filled()
            await client.wait_until(lambda: not linked.legs[0].is_waiting, 10, "the legs to wake")
            linked.cancel()
            await linked.wait_done()
            assert [order.cancel_reason for order in linked.legs] == [CancelReason.USER, CancelReason.LINKED]
            triggered = client.oto("buy", "ACME", 5, "100.00", then="103.00")
            await triggered.wait_accepted()
            await triggered.cancel().wait_done()

    asyncio.run(trade())
