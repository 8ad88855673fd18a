"""What the demo's participants decide, on a desk scripted by the test."""

from __future__ import annotations

from random import Random

import pytest
from openbell.wire import Side, TimeInForce

from engine.demo.cast import SYMBOLS, participants
from engine.demo.roles import maker, momentum, seller
from engine.demo.roles.casting import strategy
from engine.demo.roles.maker import Maker
from engine.demo.roles.momentum import Momentum
from engine.demo.roles.noise import Noise
from engine.demo.roles.seller import Seller
from tests.engine.demo.scripted import ScriptedDesk

PRICE = 100_0000
START_S = 1_700_000_000.0


@pytest.mark.parametrize("participant", participants(), ids=lambda one: one.name)
def test_everybody_keeps_to_the_rules_for_a_while(participant, seed: int) -> None:
    """The scripted desk asserts ticks, prices and quantities; nobody may be stuck, nor flood the market."""
    desk = ScriptedDesk(SYMBOLS, PRICE)
    if participant.shares:
        desk.positions = dict.fromkeys(SYMBOLS, participant.shares)
    random, mind, now_s = Random(seed), strategy(participant, seed), START_S
    for _ in range(300):
        pause_s = mind.wake(desk, now_s)
        assert pause_s >= 0
        now_s += pause_s
        symbol = random.choice(participant.symbols)
        desk.values[symbol] *= 1 + random.gauss(0, 0.0003)
        middle = round(desk.values[symbol] / 100) * 100
        quote = desk.quotes[symbol]
        quote.bid, quote.ask, quote.last = middle - 100, middle + 100, middle
        for order in desk.resting:
            if random.random() < 0.05:
                desk.fill(order, random.randint(1, order.leaves))
        assert len(desk.resting) <= participant.max_open_orders
        if not participant.short_allowed:
            assert all(lots >= 0 for lots in desk.positions.values())
    assert desk.placed, "it does something"


def test_the_same_seed_decides_the_same() -> None:
    lines = []
    for _ in range(2):
        desk = ScriptedDesk(SYMBOLS, PRICE)
        mind = strategy(participants()[20], 5)
        for step in range(200):
            mind.wake(desk, START_S + step)
        lines.append([(order.symbol, order.side, order.qty, order.price) for order in desk.placed])
    assert lines[0] == lines[1]
    assert lines[0]


def test_a_maker_quotes_both_sides_around_the_value() -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    Maker(("AAA",), Random(1)).wake(desk, START_S)
    bids = [order.price for order in desk.resting if order.side == Side.BUY]
    asks = [order.price for order in desk.resting if order.side == Side.SELL]
    assert len(bids) == len(asks) == maker.LEVELS
    assert max(bids) < PRICE < min(asks)


def test_a_maker_follows_the_value_and_leaves_what_is_near() -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    mind = Maker(("AAA",), Random(1))
    mind.wake(desk, START_S)
    mind.wake(desk, START_S + 1)
    assert len(desk.placed) == 2 * maker.LEVELS, "what stands where it should be stays"
    before = {order: order.price for order in desk.resting}
    desk.values["AAA"] = PRICE * 1.01
    mind.wake(desk, START_S + 2)
    assert len(desk.placed) == 2 * maker.LEVELS, "it replaces, it does not add"
    assert all(order.price > price for order, price in before.items())


def test_a_maker_full_of_it_stops_buying() -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    mind = Maker(("AAA",), Random(1))
    mind.wake(desk, START_S)
    desk.positions["AAA"] = maker.FULL_LOTS
    mind.wake(desk, START_S + 1)
    assert {order.side for order in desk.resting} == {Side.SELL}


def test_a_maker_that_holds_much_leans_down() -> None:
    tops = []
    for held in (0, maker.FULL_LOTS // 2):
        desk = ScriptedDesk(("AAA",), PRICE)
        desk.positions["AAA"] = held
        Maker(("AAA",), Random(1)).wake(desk, START_S)
        tops.append(min(order.price for order in desk.resting if order.side == Side.SELL))
    assert tops[1] < tops[0]


def test_a_maker_makes_a_filled_quote_anew() -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    mind = Maker(("AAA",), Random(1))
    mind.wake(desk, START_S)
    gone = desk.resting[0]
    desk.fill(gone, gone.leaves)
    mind.wake(desk, START_S + 1)
    assert len(desk.resting) == 2 * maker.LEVELS
    assert gone not in desk.resting


def test_nobody_minds_a_lost_connection() -> None:
    desk = ScriptedDesk(SYMBOLS, PRICE)
    desk.connected = False
    for participant in participants():
        mind = strategy(participant, 3)
        for step in range(20):
            mind.wake(desk, START_S + step)
    assert desk.placed == []


def test_noise_never_sells_what_it_does_not_hold() -> None:
    desk = ScriptedDesk(SYMBOLS, PRICE)
    mind = Noise(SYMBOLS, Random(2))
    for step in range(200):
        mind.wake(desk, START_S + step)
    assert {order.side for order in desk.placed} == {Side.BUY}


def test_noise_waits_only_so_long() -> None:
    desk = ScriptedDesk(SYMBOLS, PRICE)
    mind = Noise(SYMBOLS, Random(2))
    while not desk.resting:
        mind.wake(desk, START_S)
    waiting = desk.resting[0]
    mind.wake(desk, START_S + 60)
    assert waiting.is_done


@pytest.mark.parametrize(("drift", "side"), [(1.002, Side.BUY), (0.998, Side.SELL)])
def test_momentum_goes_with_the_move(drift: float, side: Side) -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    mind = Momentum(("AAA",), Random(4))
    price = float(PRICE)
    for step in range(40):
        mind.wake(desk, START_S + step)
        price *= drift
        quote = desk.quotes["AAA"]
        quote.bid, quote.ask = int(price) // 100 * 100, int(price) // 100 * 100 + 100
    assert desk.placed
    assert {order.side for order in desk.placed} == {side}
    assert {order.tif for order in desk.placed} == {TimeInForce.IOC}
    assert max(order.qty for order in desk.placed) <= momentum.SLICE_LOTS


def test_momentum_gets_out_when_the_move_is_over() -> None:
    desk = ScriptedDesk(("AAA",), PRICE)
    desk.positions["AAA"] = 1000
    mind = Momentum(("AAA",), Random(4))
    for step in range(20):
        mind.wake(desk, START_S + step)
    assert {order.side for order in desk.placed} == {Side.SELL}


def test_the_seller_sells_in_slices_and_then_rests() -> None:
    desk = ScriptedDesk(SYMBOLS, PRICE)
    desk.positions = dict.fromkeys(SYMBOLS, seller.START_LOTS)
    mind = Seller(SYMBOLS, Random(6))
    rested = False
    for step in range(400):
        before = len(desk.placed)
        pause_s = mind.wake(desk, START_S + step)
        for order in desk.placed[before:]:
            if order.side == Side.SELL:
                assert order.qty <= seller.SLICE_LOTS[1]
                if order.tif == TimeInForce.IOC:
                    desk.positions[order.symbol] -= order.qty  # as if it had hit the bid
                else:
                    desk.fill(order, order.leaves)
        if pause_s == seller.REST_S:
            rested = True
            break
    assert rested
    sold = {symbol: seller.START_LOTS - lots for symbol, lots in desk.positions.items() if lots != seller.START_LOTS}
    assert list(sold.values()) == [seller.PARENT_LOTS]
