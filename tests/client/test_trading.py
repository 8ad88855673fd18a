"""Trading against the real engine: fills, replaces, rejects in words, retries, queries, batches; both clients."""

from __future__ import annotations

import asyncio

import numpy as np
import openbell
import pytest
from openbell import wire
from openbell.orders import OrderState
from openbell.wire import Check, EventKind

from tests.client.conftest import Engine


def test_login_tells_what_is_traded(alice: openbell.Client) -> None:
    assert alice.info["market"] == "test"
    assert set(alice.instruments_by_symbol) == {"ACME", "BOLT"}
    assert alice.instruments_by_symbol["ACME"].tick_size == 100
    assert list(alice.accounts_by_name) == ["alice"]
    (acme, bolt) = alice.instruments()
    assert (acme.symbol, acme.last_price, bolt.tick_size) == ("ACME", openbell.to_decimal(acme.reference_price), 1)


def test_a_trade(alice: openbell.Client, bob: openbell.Client) -> None:
    cash = alice.account().cash
    bid = alice.buy("ACME", 100, "101.25").wait_accepted()
    assert alice.account().hold == 10_125 * wire.CASH_SCALE
    ask = bob.sell("ACME", 60, "101.20").wait_filled()
    alice.wait_until(lambda: bid.filled == 60, 10, "the fill")
    assert bid.state is OrderState.PARTLY_FILLED
    assert (bid.fills[0].price, bid.fills[0].is_maker) == (1_012_500, True)
    assert (ask.fills[0].price, ask.fills[0].is_maker) == (1_012_500, False)
    assert bid.fills[0].trade_id == ask.fills[0].trade_id
    assert cash - alice.account().cash == 6_075 * wire.CASH_SCALE
    (row,) = alice.orders()
    assert (row.order_id, row.leaves, row.filled, row.symbol) == (bid.order_id, 40, 60, "ACME")
    assert alice.fills()[-1].trade_id == bid.fills[0].trade_id
    position = next(row for row in alice.positions() if row.symbol == "ACME")
    assert position.open_buy == 40
    bid.cancel().wait_done()
    assert str(bid) == "buy 100 ACME @ 101.25: canceled 60 at 101.25 in 1 fill (USER)"
    kinds = [event.kind for event in alice.stream(timeout_s=0.1)]
    assert kinds == [EventKind.ACCEPTED, EventKind.FILL, EventKind.CANCELED]


def test_replaces(alice: openbell.Client) -> None:
    order = alice.buy("ACME", 100, "100.00", tif="GTC").wait_accepted()
    order.replace("100.50").wait_answered()
    assert (order.price_text, order.leaves) == ("100.50", 100)
    order.replace(qty=60).wait_answered()
    assert order.leaves == 60
    order.replace(open_qty=20).wait_answered()
    assert order.leaves == 20
    with pytest.raises(openbell.RequestRejected, match="PRICE_COLLAR") as caught:
        order.replace("150.00").wait_answered()
    assert caught.value.reject is not None
    assert order.is_open
    order.replace("100.60")
    order.replace("100.70")
    order.cancel()
    order.wait_done()
    assert order.state is OrderState.CANCELED
    assert order.price_text == "100.70"


REJECTS: list[tuple[str, int, str, Check, str]] = [
    ("ACME", 1_000_000, "101.25", Check.BUYING_POWER, "needs 101,250,000.00, free"),
    ("ACME", 10, "120.00", Check.PRICE_COLLAR, "price 120.00 is beyond the collar's bound of"),
    ("ACME", 2**31 - 1, "101.25", Check.ORDER_NOTIONAL, "the limit is"),
]


@pytest.mark.parametrize(("symbol", "qty", "price", "check", "said"), REJECTS)
def test_rejects_in_words(alice: openbell.Client, symbol: str, qty: int, price: str, check: Check, said: str) -> None:
    order = alice.buy(symbol, qty, price)
    with pytest.raises(openbell.OrderRejected, match=said) as caught:
        order.wait_accepted()
    assert caught.value.code == check.name
    assert order.state is OrderState.REJECTED


def test_post_only_and_self_trade(alice: openbell.Client, bob: openbell.Client) -> None:
    bid = alice.buy("ACME", 10, "101.00").wait_accepted()
    with pytest.raises(openbell.OrderRejected, match=r"POST_ONLY: price 100.90 would trade at once, .* 101.00"):
        bob.sell("ACME", 10, "100.90", post_only=True).wait_accepted()
    own = alice.sell("ACME", 10, "101.00", self_trade="cancel_newest").wait_done()
    assert own.cancel_reason is wire.CancelReason.SELF_TRADE
    assert bid.is_open
    with pytest.raises(openbell.OrderCanceled, match="FOK"):
        bob.sell("ACME", 20, "101.00", tif="FOK").wait_filled()


def test_sending_twice_does_nothing_twice(engine: Engine, alice: openbell.Client, bob: openbell.Client) -> None:
    number = alice.reserve_ids(2)
    first = alice.buy("ACME", 10, "101.00", client_order_id=number).wait_accepted()
    with openbell.connect(engine.data, account="alice") as other:
        again = other.buy("ACME", 10, "101.00", client_order_id=number).wait_accepted()
        other.wait_until(lambda: again.leaves == 10, 10, "the look-up")
        assert again.order_id == first.order_id
        assert len(other.orders()) == 1
        bob.sell("ACME", 10, "101.00").wait_filled()
        assert again.wait_filled().filled == 10
    with openbell.connect(engine.data, account="alice") as third:
        late = third.buy("ACME", 10, "101.00", client_order_id=number).wait_filled()
        assert late.fills == first.wait_filled().fills
        with pytest.raises(openbell.OrderRejected, match="DUPLICATE_ID"):
            third.buy("ACME", 11, "101.00", client_order_id=number).wait_accepted()
    assert len([event for event in alice.stream(timeout_s=0.2) if event.kind == EventKind.FILL]) == 1


def test_a_market_order(alice: openbell.Client, bob: openbell.Client) -> None:
    bob.sell("ACME", 5, "101.30").wait_accepted()
    order = alice.buy("ACME", 8).wait_done()
    assert (order.filled, order.state) == (5, OrderState.CANCELED)
    assert order.average_price == openbell.to_decimal(1_013_000)


def test_a_call_as_its_orders_see_it(engine: Engine, alice: openbell.Client, bob: openbell.Client) -> None:
    """A market order says in words what no call takes; a market-to-limit order becomes one at the auction's price."""
    with openbell.Operator(engine.data, name="ann") as operator:
        operator.call_auction("ACME", kind="HALT", reason="a test")
        with pytest.raises(openbell.OrderRejected, match="the instrument is in a call") as caught:
            alice.buy("ACME", 5).wait_accepted()
        assert (caught.value.code, caught.value.field) == ("COMBINATION", "tif")
        assert str(caught.value).endswith(
            "which a market order is without a tif; tif DAY, GTC or AUCTION takes part in it"
        )
        with pytest.raises(openbell.OrderRejected, match="nothing is FOK there; tif DAY"):
            alice.buy("ACME", 5, "101.00", tif="FOK").wait_accepted()
        with pytest.raises(openbell.OrderRejected, match="no call takes IOC and FOK") as caught:
            alice.buy("ACME", 5, stop="105.00", tif="IOC").wait_accepted()
        assert "in a call, where" not in str(caught.value), "no state takes that"
        order = alice.sell("ACME", 8, market_to_limit=True).wait_accepted()
        at_first = order.price
        bob.buy("ACME", 5, "101.30").wait_accepted()
        (held,) = operator.run_auction("ACME", reason="a test")
        alice.wait_until(lambda: order.price != at_first, 10, "RESTATED{PRICED}")
        assert (order.price, order.filled, order.leaves) == (held.price, 5, 3)
        (row,) = alice.orders()
        assert (row.price, row.leaves, row.order_type) == (held.price, 3, wire.OrderType.LIMIT)
        order.replace(qty=6).wait_answered()
        assert order.leaves == 1


def batch(client: openbell.Client | openbell.AsyncClient, count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    commands = np.zeros(count, wire.ORDER_COMMAND)
    commands["kind"], commands["tif"], commands["qty"] = 1, openbell.TimeInForce.GTC, 1
    commands["price"] = openbell.price_units("100.00")
    commands["account"] = client.account_id()
    commands["instrument"] = client.instruments_by_symbol["ACME"].id
    commands["client_order_id"] = client.reserve_ids(count) + np.arange(count, dtype=np.uint64)
    return commands


def test_batches(alice: openbell.Client, bob: openbell.Client) -> None:
    for _ in range(5):
        alice.send_batch(batch(alice, 32))
    alice.send_batches(batch(alice, 160), per_frame=50)
    events = alice.events(5.0)
    while len(events) < 320:
        events = np.concatenate([events, alice.events(5.0)])
    assert set(events["kind"].tolist()) == {EventKind.ACCEPTED}
    assert np.array_equal(np.diff(events["account_seq"].astype(np.int64)), np.ones(319))
    assert alice.cancel_all("ACME") == 320
    wrong = batch(alice, 32)
    wrong["account"][7] = bob.account_id()
    alice.events()
    number = alice.send_batch(wrong)
    with pytest.raises(openbell.Refused, match="not_your_account") as caught:
        alice.events(5.0)
    assert (caught.value.frame, caught.value.index, caught.value.field) == (number, 7, "account")
    assert alice.orders() == []


def test_wrong_keys_and_queries(engine: Engine, alice: openbell.Client) -> None:
    with pytest.raises(openbell.LoginRefused, match="key"):
        openbell.connect(engine.data, api_key="x" * 20)
    with pytest.raises(openbell.LoginRefused, match="resume names account 60"):
        openbell.connect(engine.data, account="alice", resume={60: 1})
    with pytest.raises(openbell.Refused, match="bad_query") as caught:
        alice.query("weather")
    assert caught.value.field == "what"
    with pytest.raises(openbell.Refused, match="not_your_account"):
        alice.query("orders", account=60)


async def test_async_trade(engine: Engine) -> None:
    async with (
        openbell.connect_async(engine.data, account="alice") as alice,
        openbell.connect_async(engine.data, account="bob") as bob,
    ):
        stream = alice.stream()
        bid = await alice.buy("BOLT", 100, "5.0001").wait_accepted()
        await bid.replace("5.0002").wait_answered()
        await bob.buy("BOLT", 1, "4.0").wait_accepted()
        with pytest.raises(openbell.OrderRejected, match="SHORT_SALE: sells 50 lots, free to sell are 0 lots"):
            await bob.sell("BOLT", 50, "5.0").wait_accepted()
        async with openbell.connect_async(engine.data, account="maker") as maker:
            await maker.sell("BOLT", 30, "5.0").wait_filled()
        await alice.wait_until(lambda: bid.filled == 30)
        await bid.cancel().wait_done()
        kinds = [(await anext(stream)).kind for _ in range(4)]
        assert kinds == [EventKind.ACCEPTED, EventKind.REPLACED, EventKind.FILL, EventKind.CANCELED]
        alice.send_batch(batch(alice, 32))
        count = 0
        async for array in stream.arrays():
            count += len(array)
            if count == 32:
                break
        assert len(await alice.orders()) == 32
        assert await alice.cancel_all() == 32
        assert await bob.cancel_all("BOLT", "buy") == 1
        account = await alice.account()
        assert (account.name, account.hold) == ("alice", 0)


async def test_async_many_tasks(engine: Engine) -> None:
    async with openbell.connect_async(engine.data, account="maker") as maker:

        async def trade(number: int) -> int:
            order = await maker.sell("BOLT", 1 + number, 100_000 + number).wait_accepted()
            order.replace(200_000 + number)
            await order.wait_answered()
            order.cancel()
            await order.wait_done()
            return order.qty

        assert await asyncio.gather(*(trade(number) for number in range(100))) == list(range(1, 101))
        assert not maker.open_orders
